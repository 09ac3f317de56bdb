"""May they give this? What an issuer registered for, held against what it offers (ETSI TS 119 475 V1.2.1 table 8, T186)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from protocol.errors import NotTrusted
from protocol.oid4vci.metadata import CredentialConfiguration
from protocol.trust.entitlement import is_entitled
from protocol.trust.registration import VerifiedRegistration
from wallet.policy.asking import RegistrationProblem, contacts_of
from wallet.policy.showing import credential_name, plain


@dataclass(frozen=True, slots=True)
class IssuerRegistered:
    """What a register says about an issuer that may give what it offers."""

    name: str
    registered_by: str
    privacy_policy: str  # https
    authority: tuple[str, ...]  # how the supervisory authority is reached; empty: not known


class MayNotIssue(NotTrusted):
    """An issuer offers what it is not registered to give, or shows a registration that does not hold; nothing was asked for."""

    def __init__(self, who: str, documents: tuple[str, ...], problem: RegistrationProblem | None, detail: str) -> None:
        super().__init__(f"issuer_info: {detail}")
        self.who = who
        self.documents = documents  # that it may not give; empty: the registration itself is the problem
        self.problem = problem


def check_entitled(
    registration: VerifiedRegistration, configurations: Sequence[CredentialConfiguration], who: str, language: str
) -> IssuerRegistered:
    """Check that an issuer is registered for everything that it offers.

    Raises:
        MayNotIssue: it is not.
    """
    says = registration.says
    beyond = [one for one in configurations if not is_entitled(says, one.format, one.type or "")]
    if beyond:
        names = tuple(dict.fromkeys(credential_name(one, language) for one in beyond))
        raise MayNotIssue(who, names, None, "the issuer is not registered for what it offers")
    return IssuerRegistered(
        name=plain(says.name),
        registered_by=plain(registration.provider.name),
        privacy_policy=says.privacy_policy,
        authority=contacts_of(says.supervisory_authority),
    )
