"""Who may give what: the registration that an issuer shows in its metadata, checked as that of whoever asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from protocol.errors import ProtocolError
from protocol.exchange import Exchange
from protocol.oid4vci.metadata import CredentialConfiguration
from protocol.oid4vci.obtain import IssuerContact
from protocol.trust.carried import carried_registration
from wallet.policy.asking import RegistrationProblem, WronglyRegistered
from wallet.policy.issuing import IssuerRegistered, MayNotIssue, check_entitled
from wallet.policy.showing import plain
from wallet.service.asking import Asking
from wallet.service.context import WalletContext


@dataclass(frozen=True, slots=True)
class Issuing:
    """Everything about whether somebody may give what they offer."""

    context: WalletContext

    def registered(
        self, contact: IssuerContact, configurations: Sequence[CredentialConfiguration], who: str
    ) -> Exchange[IssuerRegistered | None]:
        """What a register says about an issuer; None if it shows no registration.

        Raises:
            MayNotIssue: it may not give what it offers, or shows a registration that does not hold or is not its own.
        """
        asking = Asking(self.context)
        barred = None if contact.party is None else (yield from asking.barred(contact.party))
        if barred is not None:
            raise MayNotIssue(who, (), barred.problem, barred.detail)
        try:
            certificate = carried_registration(contact.issuer.issuer_info, "issuer_info")
        except ProtocolError as error:
            raise MayNotIssue(who, (), RegistrationProblem.UNREADABLE, plain(error.description)) from error
        if certificate is None:
            return None
        found = yield from asking.registration(certificate, contact.party)
        if isinstance(found, WronglyRegistered):
            raise MayNotIssue(who, (), found.problem, found.detail)
        return check_entitled(found, configurations, who, self.context.language)
