"""Taking in what citizens forward to a service: everything that is asked stands in their documents, and becomes a case."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from protocol.credential import ClaimPath
from protocol.encoding import JsonObject, encode_base64url
from protocol.errors import ProtocolError
from protocol.exchange import Exchange
from protocol.oid4vp.verify import VerifiedResponse
from runtime.conversation import SessionKey, advance
from verifier.acting import acted
from verifier.given import Given
from verifier.once_only.case import CASE_PAGE, Case, new_case_id
from verifier.once_only.description import ServiceDescription
from verifier.once_only.filling import Content, Shown, complete, take
from verifier.once_only.intake import IntakeOutcome, IntakeStage, take_in
from verifier.once_only.sent import Sent, sent_lines
from verifier.service.context import VerifierContext
from verifier.session import Asked, not_open
from verifier.usage import Logged

DAY = 86_400  # seconds
_Claims = Mapping[str, tuple[JsonObject, ...]]


@dataclass(frozen=True, slots=True)
class Intake:
    """From an answer that was verified to a case."""

    context: VerifierContext

    def objection(self, asked: Asked, claims: _Claims) -> str:
        """Why an answer that is good in itself makes no case; empty: it makes one, or is to make none. Never a value."""
        if not asked.forwarded:
            return ""
        service = self._service(asked)
        if service is None:
            return "the service takes nothing that is forwarded any more"
        try:
            content = take(service, Content(), _shown(claims, {}, {}, 0))
            content.sealable()
        except ProtocolError as error:
            return error.description
        return "" if complete(service, content) else "something that the service needs is empty"

    def take(
        self,
        key: SessionKey,
        asked: Asked,
        verified: VerifiedResponse,
        given: Given | None,
        references: Callable[[object], tuple[SessionKey, ...]],
    ) -> Exchange[str]:
        """Make the case of an accepted answer, and write it down together with its receipt; its id.

        Raises:
            InvalidRequest: answered before, or over.
        """
        shown = _shown(verified.claims, verified.issuers, verified.binary, self.context.now())
        service = self._service(asked)
        acting = acted(service.acting, verified.claims, verified.issuers) if service is not None else None
        case = self.case_of(asked, shown._replace(acting=acting), given.logged if given is not None else None)
        page = SessionKey.of(CASE_PAGE, self.context.case_secret(case.id))
        notify = self.is_told(asked)

        def step(stage: IntakeStage) -> IntakeOutcome:
            return take_in(stage, case, page, references=references(stage), given=given, notify=notify)

        yield from advance(key, step, not_open())
        return case.id

    def case_of(self, asked: Asked, shown: Shown, logged: Logged | None, id_: str = "") -> Case:
        """The case of what was shown; `id_` if it is to take the place of one."""
        service, context = self._service(asked), self.context
        if service is None:
            raise TypeError("an answer to a service that is not there was refused before")
        now, id_ = context.now(), id_ or new_case_id(context.random_bytes)
        content = take(service, Content(), shown)
        sealed = context.sealer.seal(Sent(sent_lines(service, content), shown.acting).to_bytes(), f"case {id_}")
        days = service.outcome.answer_days
        return Case(
            id=id_,
            service=service.id,
            sent_at=now,
            keep_until=now + service.retention_days * DAY,
            content=encode_base64url(sealed),
            shown=asked.id,
            due_at=now + days * DAY if days else 0,
            logged=logged,
            acting=shown.acting is not None,
        )

    def is_told(self, asked: Asked) -> bool:
        """Whether the agency's own system hears of cases of the service."""
        service = self._service(asked)
        return service is not None and bool(service.outcome.webhook)

    def _service(self, asked: Asked) -> ServiceDescription | None:
        """The service, as long as it takes what is forwarded."""
        service = self.context.services.get(asked.use_case)
        return service if service is not None and service.forwards else None


def _shown(
    claims: _Claims,
    issuers: Mapping[str, tuple[str, ...]],
    binary: Mapping[str, tuple[ClaimPath, ...]],
    at: int,
) -> Shown:
    return Shown({query_id: list(held) for query_id, held in claims.items()}, issuers, binary, at)
