"""What is published for everybody: lists of trusted entities, the list that names them, and revoked access certificates.

Each is made when somebody asks and what it says has changed, or half its time is over; its number grows with every issue.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass

from capabilities.registration.party import SECTOR_PLATFORM, Party
from capabilities.status_publisher.records import EntryState
from protocol.crl import RevocationReason
from protocol.encoding import encode_json
from protocol.errors import NotFound
from protocol.exchange import Exchange
from protocol.trust.list_signature import sign_list
from protocol.trust.list_types import PROFILES, ListType
from protocol.trust.lists import ListPointer, TrustedEntity, TrustedList, TrustedService
from protocol.trust.localized import Localized
from protocol.x509 import Certificate
from registrar.policy import LIST_OF, address_of, entity_of
from registrar.records import PartyState
from registrar.service.context import RegistrarContext, digest
from registrar.service.numbered import Draft, Numbered
from registrar.session import party_of
from registrar.store import PartyFilter
from runtime.conversation import slow
from runtime.crl import RevokedCertificate, issue_crl

LISTS = {
    "pid-providers": ListType.PID_PROVIDERS,
    "wallet-providers": ListType.WALLET_PROVIDERS,
    "access-certificate-providers": ListType.ACCESS_CERTIFICATE_PROVIDERS,
    "registration-certificate-providers": ListType.REGISTRATION_CERTIFICATE_PROVIDERS,
    "pub-eaa-providers": ListType.PUB_EAA_PROVIDERS,
    "sector": ListType.SECTOR,
    "registrars": ListType.REGISTRARS,
}
MAX_ON_LIST = 20_000
PAGE = 1000


@dataclass(frozen=True, slots=True)
class PublicationService:
    """Lists and the list of revoked certificates, as they stand at each moment."""

    context: RegistrarContext
    numbered: Numbered

    def trusted_list(self, name: str) -> Exchange[str]:
        """A list of trusted entities as compact JAdES; who was removed before this call is not on it (T090).

        Raises:
            NotFound: no such list.
        """
        if name not in LISTS:
            raise NotFound("no such list")
        lifetime = self.context.lifetimes.trusted_list
        return (yield from slow(lambda: self.numbered.current(name, lifetime, lambda: self._draft_list(name)).content))

    def revocation_list(self) -> Exchange[bytes]:
        """The list of revoked access certificates, DER; what was revoked before this call is on it (T091)."""
        lifetime = self.context.lifetimes.revocation_list
        content = yield from slow(lambda: self.numbered.current("access.crl", lifetime, self._draft_crl).content)
        return base64.b64decode(content)

    def _draft_list(self, name: str) -> Draft:
        context, list_type = self.context, LISTS[name]
        entities = self._entities(list_type)
        pointers = self._pointers() if list_type is ListType.REGISTRARS else ()
        operator = context.operator

        def made(number: int, issued_at: int, next_update: int) -> TrustedList:
            return TrustedList(
                type=list_type,
                sequence_number=number,
                operator=_localized(operator.name),
                issued_at=issued_at,
                next_update=next_update,
                entities=entities,
                operator_address=address_of(operator.seat, operator.country, operator.email, operator.phone),
                name=(Localized("en", f"{operator.country}:{name.replace('-', ' ')}"),),
                information=(Localized("en", context.endpoints.practices),),
                territory=operator.country,
                pointers=pointers,
                distribution_points=(context.endpoints.trusted_list(name),),
            )

        def sign(number: int, issued_at: int, next_update: int) -> str:
            signing = context.lists
            return sign_list(made(number, issued_at, next_update), signing.signer, signing.x5c, signed_at=issued_at)

        return Draft(digest(encode_json(made(1, 0, 0).to_dict()).decode("utf-8"), *context.lists.x5c), sign)

    def _entities(self, list_type: ListType) -> tuple[TrustedEntity, ...]:
        context = self.context
        if list_type is ListType.ACCESS_CERTIFICATE_PROVIDERS:
            return (self._ourselves(list_type, Certificate.from_der(context.access_authority.to_der())),)
        if list_type is ListType.REGISTRATION_CERTIFICATE_PROVIDERS:
            return (self._ourselves(list_type, context.authority),)
        if list_type is ListType.REGISTRARS:
            return (self._ourselves(list_type, Certificate.from_x5c(context.lists.x5c[0])),)
        wanted = [entitlement for entitlement, of in LIST_OF.items() if of is list_type]
        entities = [entity_of(party, list_type) for party in self._registered(wanted[0])]
        if list_type is not ListType.SECTOR:
            return tuple(entities)
        # One list says all of a sector: who issues, and in whose word others ask
        access = Certificate.from_der(context.access_authority.to_der())
        return (
            self._ourselves(ListType.ACCESS_CERTIFICATE_PROVIDERS, access),
            self._ourselves(ListType.REGISTRATION_CERTIFICATE_PROVIDERS, context.authority),
            *[entity for entity in entities if entity.services[0].credential_types],
        )

    def _ourselves(self, list_type: ListType, certificate: Certificate) -> TrustedEntity:
        """This registrar with one of its services, of the kind that a list is about."""
        operator, endpoints = self.context.operator, self.context.endpoints
        profile, name = PROFILES[list_type], _localized(operator.name)
        service = TrustedService(
            type=profile.issuance,
            name=name,
            certificates=(certificate,),
            status=profile.notified,
            supply_points=(endpoints.register,) if list_type is ListType.REGISTRARS else (),
        )
        return TrustedEntity(
            name=name,
            address=address_of(operator.seat, operator.country, operator.email, operator.phone),
            information=(Localized("en", endpoints.practices),),
            services=(service,),
            trade_name=(Localized("en", operator.identifier),),
        )

    def _pointers(self) -> tuple[ListPointer, ...]:
        """Our other lists, and those of the sectors' platforms that are registered."""
        context = self.context
        own = Certificate.from_x5c(context.lists.x5c[0])
        ours = [
            ListPointer(
                location=context.endpoints.trusted_list(name),
                type=list_type,
                signers=(own,),
                operator=_localized(context.operator.name),
                territory=context.operator.country,
            )
            for name, list_type in LISTS.items()
            if list_type is not ListType.REGISTRARS
        ]
        theirs = [
            ListPointer(
                found.url, found.type, sector.authorities, (Localized("en", sector.name),), territory=sector.country
            )
            for sector in self._registered(SECTOR_PLATFORM)
            for found in sector.lists
        ]
        return (*ours, *theirs)

    def _registered(self, entitlement: str) -> list[Party]:
        """Everybody who is registered for something, now; the suspended and the removed are not."""
        wanted = PartyFilter(states=(PartyState.REGISTERED,), entitlement=entitlement)
        found: list[Party] = []
        after = ""
        while len(found) < MAX_ON_LIST:
            page = self.context.store.parties(wanted, limit=PAGE, after=after)
            found += [party_of(line.document) for line in page]
            if len(page) < PAGE:
                break
            after = page[-1].identifier
        return found

    def _draft_crl(self) -> Draft:
        context = self.context
        revoked = [
            RevokedCertificate(int(found.serial, 16), found.changed_at, _REASONS[found.state])
            for found in context.store.revoked_access(now=context.now())
        ]

        def sign(number: int, issued_at: int, next_update: int) -> str:
            der = issue_crl(
                context.access_authority, revoked, number=number, now=issued_at, lifetime=next_update - issued_at
            )
            return base64.b64encode(der).decode("ascii")

        return Draft(digest(*[f"{one.serial_number:x} {one.reason}" for one in revoked]), sign)


_REASONS = {
    EntryState.SUSPENDED: RevocationReason.CERTIFICATE_HOLD,
    EntryState.REVOKED: RevocationReason.PRIVILEGE_WITHDRAWN,
}


def _localized(name: tuple[tuple[str, str], ...]) -> tuple[Localized, ...]:
    return tuple(Localized(language, text) for language, text in name)
