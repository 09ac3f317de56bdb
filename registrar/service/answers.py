"""The register as everybody may ask it (EUDI TS5 1.3 §3.2): answers are signed, and nobody is asked who they are."""

from __future__ import annotations

from dataclasses import dataclass

from capabilities.registration.party import OURS, Party, entitlement_uri
from protocol.encoding import JsonObject, JsonValue
from protocol.errors import NotFound
from protocol.exchange import Exchange
from protocol.trust.registrar_api import (
    IntendedUse,
    SupervisoryAuthority,
    UsedIntermediary,
    WalletRelyingParty,
    sign_answer,
)
from registrar.policy import UseQuestion
from registrar.records import PartyLine, PartyState
from registrar.service.context import RegistrarContext
from registrar.session import party_of
from registrar.store import PartyFilter
from runtime.conversation import slow, with_key

MAX_PAGE = 100  # parties in one answer
MAX_LOOKED_AT = 2000  # parties that one question may make us read

_NOBODY = NotFound("nobody is registered by this identifier")


@dataclass(frozen=True, slots=True)
class RegisterQuestion:
    """Who is looked for; what is None does not matter (TS5 §3.2.2)."""

    identifier: str | None = None
    legal_name: str | None = None
    trade_name: str | None = None
    policy: str | None = None
    entitlement: str | None = None
    provides: str | None = None  # a type
    intermediary: str | None = None  # identifier or name of who is used
    is_intermediary: bool | None = None
    use: UseQuestion | None = None

    def fits(self, party: Party) -> bool:
        """Whether somebody is looked for."""
        used = party.intermediary
        kinds = [
            kind for provided in party.provides for kind in (*provided.meta.vct_values, provided.meta.doctype_value)
        ]
        return (
            self.identifier in (None, party.identifier)
            and (self.legal_name is None or self.legal_name.casefold() in party.name.casefold())
            and (self.trade_name is None or self.trade_name.casefold() in party.trade_name.casefold())
            and (self.policy is None or any(use.privacy_policy == self.policy for use in party.uses))
            and (self.entitlement is None or self.entitlement in map(entitlement_uri, _public(party)))
            and (self.provides is None or self.provides in kinds)
            and (self.intermediary is None or (used is not None and self.intermediary in (used.identifier, used.name)))
            and self.is_intermediary in (None, party.is_intermediary)
            and (self.use is None or any(self.use.fits(use) for use in party.uses))
        )


@dataclass(frozen=True, slots=True)
class RegisterService:
    """Answers about who is registered now."""

    context: RegistrarContext

    def find(self, question: RegisterQuestion, *, limit: int, cursor: str) -> Exchange[str]:
        """Everybody who fits, a page at a time, in the order of their identifiers; the cursor is the last one seen."""
        found, more = yield from slow(lambda: self._find(question, min(limit, MAX_PAGE), cursor))
        pagination: JsonValue = {"has_next_page": bool(more), **({"next_cursor": more} if more else {})}
        data: list[JsonValue] = [self._entry(line).to_dict() for line in found]
        return (yield from self._sign(data, pagination=pagination))

    def one(self, identifier: str) -> Exchange[str]:
        """One party.

        Raises:
            NotFound: nobody is registered so now.
        """
        line = yield from self._registered(identifier)
        return (yield from self._sign(self._entry(line).to_dict()))

    def check(self, identifier: str, question: UseQuestion) -> Exchange[str]:
        """Whether somebody registered a use.

        Raises:
            NotFound: nobody is registered so now.
        """
        line = yield from self._registered(identifier)
        fits = any(question.fits(use) for use in party_of(line.document).uses)
        return (yield from self._sign({"isRegistered": fits}))

    def _registered(self, identifier: str) -> Exchange[PartyLine]:
        line = yield from slow(lambda: self.context.store.party(identifier))
        if line is None or line.state is not PartyState.REGISTERED or not _public(party_of(line.document)):
            raise _NOBODY.with_traceback(None)
        return line

    def _find(self, question: RegisterQuestion, limit: int, cursor: str) -> tuple[list[PartyLine], str]:
        """A page, and where the next one begins (empty: there is none)."""
        wanted = PartyFilter(states=(PartyState.REGISTERED,), words=question.legal_name or question.trade_name or "")
        found: list[PartyLine] = []
        looked = 0
        while looked < MAX_LOOKED_AT:
            lines = self.context.store.parties(wanted, limit=MAX_PAGE, after=cursor)
            for line in lines:
                if len(found) == limit:
                    return found, cursor
                cursor, looked = line.identifier, looked + 1
                party = party_of(line.document)
                if _public(party) and question.fits(party):
                    found.append(line)
            if len(lines) < MAX_PAGE:
                return found, ""
        return found, cursor

    def _entry(self, line: PartyLine) -> WalletRelyingParty:
        party = party_of(line.document)
        used = party.intermediary
        return WalletRelyingParty(
            identifier=party.identifier,
            country=party.country,
            trade_name=party.trade_name,
            entitlements=tuple(map(entitlement_uri, _public(party))),
            info_uri=party.info_uri,
            support_uri=party.support_uri,
            email=party.email,
            phone=party.phone,
            services=party.services,
            uses=tuple(
                IntendedUse(use.id, use.purpose, use.privacy_policy, line.changed_at, use.credentials)
                for use in party.uses
            ),
            provides=party.provides,
            supervisory_authority=SupervisoryAuthority(*party.supervisory_authority),
            registry_uri=self.context.endpoints.register,
            public_body=party.public_body,
            is_intermediary=party.is_intermediary,
            intermediaries=(UsedIntermediary(*used),) if used else (),
            legal_name=party.legal_name,
            given_name=party.given_name,
            family_name=party.family_name,
        )

    def _sign(self, data: JsonValue, **more: JsonValue) -> Exchange[str]:
        context = self.context
        claims: JsonObject = {"iss": context.endpoints.register, "iat": context.now(), "data": data, **more}
        signing = context.lists
        return with_key(signing.signer, lambda: sign_answer(claims, signing.signer, signing.x5c))


def _public(party: Party) -> tuple[str, ...]:
    """The entitlements that ETSI knows; who has none is no wallet-relying party, and stands on lists alone."""
    return tuple(entitlement for entitlement in party.entitlements if entitlement not in OURS)
