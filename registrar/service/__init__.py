"""The registrar itself: one method for each thing it does. No framework, no SQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from capabilities.accounts.service import Accounts, ClerkService
from capabilities.status_publisher.service import StatusIndices, StatusLists
from registrar.service.answers import RegisterService
from registrar.service.certificates import CertificateService
from registrar.service.context import RegistrarContext
from registrar.service.parties import PartyService
from registrar.service.publications import PublicationService


@dataclass(frozen=True, slots=True)
class Registrar:
    """A registrar with all its services."""

    context: RegistrarContext
    parties: PartyService
    certificates: CertificateService
    register: RegisterService
    publications: PublicationService
    status_lists: StatusLists
    operators: ClerkService

    @classmethod
    def of(cls, context: RegistrarContext) -> Self:
        """Wire the services of one registrar."""
        return cls(
            context=context,
            parties=PartyService(context),
            certificates=CertificateService(context, StatusIndices(context.publisher)),
            register=RegisterService(context),
            publications=PublicationService(context),
            status_lists=StatusLists(context.publisher),
            operators=ClerkService.of(
                Accounts(context.store.operator_codes, context.accounts, context.now, context.random_bytes)
            ),
        )
