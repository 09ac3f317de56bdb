"""What a partner's own systems did with an answer: their programs write it into the log of its receipt."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from capabilities.usage_log.records import Used
from protocol.encoding import JsonObject
from protocol.errors import InvalidRequest, Malformed, raised_as
from protocol.exchange import Exchange
from protocol.fields import Fields
from protocol.sovereignty.claims import check_within
from protocol.sovereignty.usage import Action, UsageEntry
from runtime.conversation import SessionKey, load, slow
from verifier.service.context import VerifierContext
from verifier.session import REQUEST, Answered, no_request

_AT = "usage"


@dataclass(frozen=True, slots=True)
class Happened:
    """A use as a program tells it."""

    owner: str  # digest of the API key
    use: JsonObject  # the members of an entry but `receipt` and `n`; `at`, `claims` and `why` may be left out
    receipt: str = ""  # its jti, known to whoever got it with the answer
    request_id: str = ""  # instead, for the key that made the request and as long as the answer is here


@dataclass(frozen=True, slots=True)
class PartnerUsage:
    """Writing what happened elsewhere."""

    context: VerifierContext

    def log(self, happened: Happened) -> Exchange[None]:
        """Write a use; the same once more in its hour changes nothing.

        Raises:
            NotFound: no such receipt or request, somebody else's, or its log is over.
            InvalidRequest: it says too little or too much, speaks of data that the receipt does not have, or of the future.
        """
        receipt = happened.receipt
        if bool(receipt) == bool(happened.request_id):
            raise InvalidRequest("either receipt or request_id is needed")
        if happened.request_id:
            receipt = yield from self._receipt_of(happened.request_id, happened.owner)
        yield from slow(lambda: self._write(receipt, happened.use))

    def _receipt_of(self, request_id: str, owner: str) -> Exchange[str]:
        stage = yield from load(SessionKey.of(REQUEST, request_id), no_request(), Answered)
        if not hmac.compare_digest(stage.asked.owner, owner) or stage.logged is None:
            raise no_request()
        return stage.logged.receipt

    def _write(self, receipt: str, told: JsonObject) -> None:
        store, now = self.context.store.usage, self.context.now()
        known = store.receipt(receipt)
        first = store.entries(receipt, after=-1, limit=1)
        if known is None or now >= known.log_until or not first:
            raise no_request()
        # The first entry says that all of it came: with its claims, and for what it was given
        came = UsageEntry.from_fields(Fields(first[0].members, "usage entry"))
        defaults = {name: first[0].members[name] for name in ("claims", "why")}
        with raised_as(InvalidRequest):
            use = UsageEntry.from_fields(Fields({**defaults, "at": now, **told, "receipt": receipt, "n": 0}, _AT)).use
            check_within(use.claims, came.use.claims, f"{_AT}.claims")
            if use.action is Action.RECEIVED:
                raise Malformed(f"{_AT}.action", "is written when an answer comes, and by nobody else")
            if not came.use.at <= use.at <= now:
                raise Malformed(f"{_AT}.at", "must be after the data came, and not in the future")
            used = Used(receipt, known.log_until, use)
        store.record([used])
