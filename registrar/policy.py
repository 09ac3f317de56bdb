"""The registrar's pure decisions: how long things live, who is on which list, what certificates say, what a use covers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from capabilities.registration.party import OURS, WALLET_PROVIDER, Party, Seat, entitlement_uri
from capabilities.registration.uses import Use
from protocol.credential import ClaimPath, StatusReference
from protocol.trust.access import AccessContacts, AccessHolder, LegalPerson, NaturalPerson
from protocol.trust.anchors import PID, PID_MDOC
from protocol.trust.coverage import covers
from protocol.trust.list_types import PROFILES, ListType
from protocol.trust.lists import Address, PostalAddress, TrustedEntity, TrustedService
from protocol.trust.localized import Localized
from protocol.trust.registration import (
    Contact,
    Intermediary,
    RegisteredCredential,
    Registration,
)

DAY = 86_400  # seconds


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long what is given out and published is good, in seconds."""

    access_certificate: int = 365 * DAY
    registration_certificate: int = 365 * DAY  # twelve months at most (TS 119 475 GEN-5.2.4-08)
    trusted_list: int = 7 * DAY  # made anew after half of it
    revocation_list: int = DAY  # likewise; a revocation is on it at once
    catalogue: int = 7 * DAY  # likewise
    partner_directory: int = DAY  # likewise; a new one comes with every hour in which a log grew


USUAL_LIFETIMES = Lifetimes()

MAX_WAITING = 1000  # applications that nobody decided yet; more are not taken (T244)

MAX_ANNOUNCED = 10_000  # services in the catalogue
MAX_ANNOUNCED_BYTES = 11 << 20  # of their entries; with what wraps them, the document stays within its 16 MiB

MAX_GIVEN = 200  # certificates that one party gets in a day (T244)

# Which entitlement puts somebody on which list (TS 119 602 annexes D to H)
LIST_OF = {
    "PID_Provider": ListType.PID_PROVIDERS,
    "PUB_EAA_Provider": ListType.PUB_EAA_PROVIDERS,
    "Non_Q_EAA_Provider": ListType.SECTOR,
    WALLET_PROVIDER: ListType.WALLET_PROVIDERS,
}


def holder_of(party: Party) -> AccessHolder:
    """What an access certificate says of a party."""
    person = (
        LegalPerson(party.legal_name)
        if party.legal_name is not None
        else NaturalPerson(party.given_name, party.family_name)
    )
    return AccessHolder(
        identifier=party.identifier,
        person=person,
        trade_name=party.trade_name,
        country=party.country,
        contacts=AccessContacts((party.info_uri,), (party.email,), (party.phone,)),
        dns_names=party.hosts,
    )


def may_be_given(issued_at: Iterable[int], wanted: int, *, now: int) -> bool:
    """Whether somebody may get so many certificates more, by when they got the others."""
    return sum(moment > now - DAY for moment in issued_at) + wanted <= MAX_GIVEN


def uses_to_certify(party: Party) -> tuple[Use | None, ...]:
    """One registration certificate for each use (TS5 §2); who only issues, or only speaks for others, gets one without."""
    return party.uses or (None,)


def registration_of(
    party: Party, use: Use | None, *, registry_uri: str, issued_at: int, expires_at: int, status: StatusReference
) -> Registration:
    """What a registration certificate says (TS 119 475 §5.2.4)."""
    authority = party.supervisory_authority
    acts_for = party.intermediary
    return Registration(
        name=party.trade_name,
        identifier=party.identifier,
        country=party.country,
        registry_uri=registry_uri,
        entitlements=tuple(
            entitlement_uri(entitlement) for entitlement in party.entitlements if entitlement not in OURS
        ),
        privacy_policy=use.privacy_policy if use else party.info_uri,
        issued_at=issued_at,
        status=status,
        legal_name=party.legal_name,
        given_name=party.given_name,
        family_name=party.family_name,
        services=party.services,
        purpose=use.purpose if use else (),
        credentials=use.credentials if use else (),
        provides=party.provides,
        intended_use=use.id if use else None,
        info_uri=party.info_uri,
        support_uri=party.support_uri,
        supervisory_authority=Contact(authority.email, authority.phone, authority.uri),
        public_body=party.public_body,
        intermediary=Intermediary(acts_for.identifier, acts_for.name) if acts_for else None,
        expires_at=expires_at,
    )


def entity_of(party: Party, list_type: ListType) -> TrustedEntity:
    """A party as it stands on a list."""
    name = (Localized("en", party.name),)
    profile = PROFILES[list_type]
    return TrustedEntity(
        name=name,
        address=address_of(party.address, party.country, party.email, party.phone),
        information=(Localized("en", party.info_uri),),
        services=(
            TrustedService(
                type=profile.issuance,
                name=party.services[0],
                certificates=party.authorities,
                status=profile.notified,
                credential_types=_entitled(party, list_type),
            ),
        ),
        trade_name=(Localized("en", party.trade_name), Localized("en", party.identifier)),
    )


def _entitled(party: Party, list_type: ListType) -> tuple[str, ...]:
    """The types of documents that somebody may give as what the list is about; identity documents are on their own list."""
    if list_type is ListType.WALLET_PROVIDERS:
        return ()
    metas = [provided.meta for provided in party.provides]
    named = [kind for meta in metas for kind in (*meta.vct_values, meta.doctype_value) if kind]
    of_pid = list_type is ListType.PID_PROVIDERS
    return tuple([kind for kind in dict.fromkeys(named) if kind.startswith((PID, PID_MDOC)) is of_pid])


def address_of(seat: Seat, country: str, email: str, phone: str) -> Address:
    """Where somebody is reached, as lists write it."""
    postal = PostalAddress("en", seat.street, country, seat.locality, seat.postal_code)
    return Address((postal,), (Localized("en", f"mailto:{email}"), Localized("en", f"tel:{phone}")))


@dataclass(frozen=True, slots=True)
class UseQuestion:
    """Whether somebody registered to ask for something (TS5 §3.2.2); what is None does not matter."""

    use: str | None = None
    format: str | None = None
    types: tuple[str, ...] = ()  # each of them
    path: ClaimPath | None = None
    policy: str | None = None

    def fits(self, use: Use) -> bool:
        """Whether a use answers the question."""
        if self.use not in (None, use.id) or self.policy not in (None, use.privacy_policy):
            return False
        return any(self._fits_credential(credential) for credential in use.credentials)

    def _fits_credential(self, credential: RegisteredCredential) -> bool:
        if self.format not in (None, credential.format):
            return False
        registered = {*credential.meta.vct_values, credential.meta.doctype_value}
        if not registered.issuperset(self.types):
            return False
        return self.path is None or any(covers(claim, self.path) for claim in credential.claims)
