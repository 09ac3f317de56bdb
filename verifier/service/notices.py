"""Notices: the agency's own system is told that a case is there or decided, until it says that it has heard; never a value.

    POST webhook   {"event": "case_sent", "case": id, "service": id, "state": "received", "at": time, "acting": false}
    hoheit-signature: t=1764345600,v1=HMAC-SHA-256(secret, "1764345600." body) in hex

`acting` says that somebody sent it for another; who for whom stands in the case.
What a system answers to `case_sent` may be the decision: `{"state": "granted", "text": …, "offer": …}`.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from protocol.encoding import JsonObject, encode_json
from protocol.errors import Conflict, Flaw, NotFound
from protocol.exchange import Exchange, HttpRequest, HttpResponse, send
from protocol.fields import Fields
from runtime.conversation import SessionKey, load, slow
from runtime.logs import get_logger
from verifier.once_only.case import CASE, Case, no_case
from verifier.once_only.sent import Decision
from verifier.service.cases import SYSTEM, Cases
from verifier.service.context import VerifierContext, webhook_secret
from verifier.store import DueNotice

AT_ONCE = 10  # notices of one round
LEASE_SECONDS = 300  # that nobody else takes them
FIRST_WAIT = 30  # seconds before the second attempt; each further one waits twice as long …
LONGEST_WAIT = 6 * 3600  # … up to this
MAX_ATTEMPTS = 16  # some two days
MAX_ANSWER = 64 * 1024  # bytes
SIGNATURE = "hoheit-signature"
_AT = "webhook's answer"


@dataclass(frozen=True, slots=True)
class Notices:
    """The notices that wait."""

    context: VerifierContext
    cases: Cases

    def deliver(self) -> Exchange[int]:
        """Deliver what is due; how many were heard.

        Raises:
            Unavailable: the store is away.
        """
        store, now = self.context.store.cases, self.context.now()
        due = yield from slow(lambda: store.claim_notices(now=now, until=now + LEASE_SECONDS, limit=AT_ONCE))
        heard = 0
        for notice in due:
            if (yield from self._deliver(notice)):
                heard += 1
        return heard

    def _deliver(self, notice: DueNotice) -> Exchange[bool]:
        store = self.context.store.cases
        url = self.cases.webhook(notice.service)
        response = (yield from self._post(url, notice)) if url else None
        if url and (response is None or not 200 <= response.status < 300):
            if notice.attempts < MAX_ATTEMPTS:
                later = self.context.now() + wait(notice.attempts)
                yield from slow(lambda: store.notice_later(notice.id, later))
                return False
            get_logger().warning("webhook", reason="given up", case=notice.case, service=notice.service)
            response = None
        # First what it says, then done: a decision that is lost in between comes again with the next attempt
        if response is not None and response.body and notice.event == "case_sent":
            yield from self._heed(notice, response)
        yield from slow(lambda: store.notice_done(notice.id))
        return response is not None

    def _post(self, url: str, notice: DueNotice) -> Exchange[HttpResponse | None]:
        body = encode_json(_members(notice, acting=(yield from self._is_for_another(notice.case))))
        headers = (
            ("content-type", "application/json"),
            (SIGNATURE, signature(webhook_secret(self.context.secret, notice.service), body, at=self.context.now())),
        )
        try:
            return (yield from send(HttpRequest("POST", url, headers, body, max_bytes=MAX_ANSWER)))
        except Flaw:  # unreachable, or an answer over the cap
            return None

    def _is_for_another(self, case: str) -> Exchange[bool]:
        """Whether somebody sent a case for another; of one that is erased meanwhile nothing is known."""
        try:
            return (yield from load(SessionKey.of(CASE, case), no_case(), Case)).acting
        except NotFound:
            return False

    def _heed(self, notice: DueNotice, response: HttpResponse) -> Exchange[None]:
        """Decide as the system says; what it says is not repeated in our log."""
        try:
            decision = Decision.from_fields(Fields(response.json(_AT, max_bytes=MAX_ANSWER), _AT))
            yield from self.cases.decide(notice.case, decision, actor=f"webhook {notice.service}", role=SYSTEM)
        except (Conflict, NotFound):
            return  # decided or erased meanwhile
        except Flaw as error:
            get_logger().warning("webhook", reason="no decision", case=notice.case, problem=str(error))


def wait(attempts: int) -> int:
    """How long after so many attempts the next one comes, in seconds."""
    return min(LONGEST_WAIT, FIRST_WAIT << min(attempts - 1, 20))


def signature(secret: str, body: bytes, *, at: int) -> str:
    """What a receiver checks: that it comes from us, and when it was sent."""
    digest = hmac.digest(secret.encode("ascii"), b"%d." % at + body, hashlib.sha256).hex()
    return f"t={at},v1={digest}"


def _members(notice: DueNotice, *, acting: bool) -> JsonObject:
    return {
        "event": notice.event,
        "case": notice.case,
        "service": notice.service,
        "state": notice.state,
        "at": notice.at,
        "acting": acting,
    }
