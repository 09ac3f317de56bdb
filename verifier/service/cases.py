"""Cases: what was sent is listed, looked at, decided, and told to the citizen; then it is erased."""

from __future__ import annotations

from dataclasses import dataclass

from protocol.encoding import decode_base64url, encode_base64url
from protocol.exchange import Exchange
from runtime.conversation import SessionKey, advance, load, slow
from verifier.acting import Acting
from verifier.once_only.case import (
    CASE,
    CASE_PAGE,
    OPEN,
    Case,
    CaseListed,
    CaseState,
    Deciding,
    case_of,
    decide,
    erase,
    no_case,
    view,
)
from verifier.once_only.sent import Decision, Sent, SentLine, Told, read_told, write_told
from verifier.service.context import VerifierContext
from verifier.usage import By

PAGE = 50  # cases in one list
CLERK, SYSTEM = "clerk", "system"
_PLACES = {CLERK: By.CLERK, SYSTEM: By.PROGRAM}


@dataclass(frozen=True, slots=True)
class OpenCase:
    """A case with all that is in it."""

    case: Case
    lines: tuple[SentLine, ...]
    told: Told
    acting: Acting | None = None  # who sent it for whom; None: everybody for themselves


@dataclass(frozen=True, slots=True)
class OwnCase:
    """A case as its citizen sees it: how it stands, and nothing of what was sent, since an address may be passed on."""

    case: Case
    told: Told


@dataclass(frozen=True, slots=True)
class Cases:
    """Everything that comes after sending."""

    context: VerifierContext

    def listed(self, *, is_open: bool, service: str = "", before: str = "") -> Exchange[tuple[CaseListed, ...]]:
        """Cases that wait for a decision, or those that were decided; newest first, one more than `PAGE` if there are more."""
        states = [state.value for state in CaseState if (state in OPEN) == is_open]
        store = self.context.store
        return (yield from slow(lambda: store.cases.newest(states, service, before, PAGE + 1)))

    def open(self, id_: str, *, actor: str, role: str) -> Exchange[OpenCase]:
        """A case for somebody who works on it; that they look is written down first.

        Raises:
            NotFound: there is none.
        """
        key, now = SessionKey.of(CASE, id_), self.context.now()
        found = yield from load(key, no_case(), Case)
        by = self._role(role, found)
        stage = yield from advance(
            key, lambda stage: view(stage, actor=actor, by=by, place=_PLACES[role], now=now), no_case()
        )
        case = case_of(stage, now=now)
        sent = Sent.from_bytes(self._open(case.id, case.content))
        return OpenCase(case, sent.lines, self._told(case), sent.acting)

    def decide(self, id_: str, decision: Decision, *, actor: str, role: str) -> Exchange[Case]:
        """Say how a case ends, or what is missing: once, but for what is missing.

        Raises:
            NotFound: there is none.
            Conflict: it was decided before.
        """
        key, now = SessionKey.of(CASE, id_), self.context.now()
        found = yield from load(key, no_case(), Case)
        told = decision.told
        sealed = self.context.sealer.seal(write_told(told), f"outcome {found.id}")
        deciding = Deciding(
            state=decision.state,
            told=encode_base64url(sealed),
            text=told.text,
            offer=told.offer,
            by=self._role(role, found),
            place=_PLACES[role],
            notify=bool(self.webhook(found.service)),
            now=now,
        )
        stage = yield from advance(key, lambda stage: decide(stage, deciding, actor=actor), no_case())
        return case_of(stage, now=now)

    def erase(self, id_: str, *, actor: str, role: str) -> Exchange[None]:
        """Erase a case before its time, such as when it is kept elsewhere now.

        Raises:
            NotFound: there is none.
        """
        key, now = SessionKey.of(CASE, id_), self.context.now()
        found = yield from load(key, no_case(), Case)
        keys = (key, SessionKey.of(CASE_PAGE, self.context.case_secret(found.id)))
        by = self._role(role, found)
        yield from advance(key, lambda stage: erase(stage, keys, actor=actor, by=by, now=now), no_case())

    def own(self, secret: str) -> Exchange[OwnCase]:
        """A case for whoever has its address.

        Raises:
            NotFound: there is none, or its time is over.
        """
        case = case_of((yield from load(SessionKey.of(CASE_PAGE, secret), no_case(), Case)), now=self.context.now())
        return OwnCase(case, self._told(case))

    def own_page(self, id_: str) -> str:
        """The address of a case for its citizen."""
        return self.context.case_page(id_)

    def webhook(self, service: str) -> str:
        """Which address is told of the cases of a service; empty: none."""
        found = self.context.services.get(service)
        return found.outcome.webhook if found is not None else ""

    def _role(self, role: str, case: Case) -> str:
        """Who does something, as the citizen reads it: never a name of a person."""
        service = self.context.services.get(case.service)
        return f"{role}, {service.announced.provider.name}" if service is not None else role

    def _told(self, case: Case) -> Told:
        if not case.told:
            return Told()
        return read_told(self.context.sealer.open(decode_base64url(case.told), f"outcome {case.id}"))

    def _open(self, id_: str, sealed: str) -> bytes:
        return self.context.sealer.open(decode_base64url(sealed), f"case {id_}")


def check_found(cases: tuple[CaseListed, ...]) -> tuple[tuple[CaseListed, ...], str]:
    """A page of a list, and the id after which the next one begins; empty: there is none."""
    return cases[:PAGE], cases[PAGE - 1].id if len(cases) > PAGE else ""
