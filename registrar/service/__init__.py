"""The registrar itself: one method for each thing it does. No framework, no SQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from capabilities.accounts.service import Accounts, ClerkService
from capabilities.status_publisher.service import StatusIndices, StatusLists
from registrar.service.answers import RegisterService
from registrar.service.certificates import CertificateService
from registrar.service.context import RegistrarContext
from registrar.service.documents import DocumentService
from registrar.service.numbered import Numbered
from registrar.service.offerings import OfferingService
from registrar.service.parties import PartyService
from registrar.service.publications import PublicationService
from registrar.service.witness import WitnessService


@dataclass(frozen=True, slots=True)
class Registrar:
    """A registrar with all its services."""

    context: RegistrarContext
    parties: PartyService
    certificates: CertificateService
    register: RegisterService
    publications: PublicationService
    offerings: OfferingService
    documents: DocumentService
    witness: WitnessService
    status_lists: StatusLists
    operators: ClerkService

    @classmethod
    def of(cls, context: RegistrarContext) -> Self:
        """Wire the services of one registrar."""
        numbered = Numbered(context)
        return cls(
            context=context,
            parties=PartyService(context),
            certificates=CertificateService(context, StatusIndices(context.publisher)),
            register=RegisterService(context),
            publications=PublicationService(context, numbered),
            offerings=OfferingService(context),
            documents=DocumentService(context, numbered),
            witness=WitnessService(context),
            status_lists=StatusLists(context.publisher),
            operators=ClerkService.of(
                Accounts(context.store.operator_codes, context.accounts, context.now, context.random_bytes)
            ),
        )
