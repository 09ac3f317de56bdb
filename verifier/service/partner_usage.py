"""What a partner's own systems did with an answer: their programs write it into the log of its receipt."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass

from capabilities.usage_log.records import Used
from protocol.credential import ClaimPath
from protocol.encoding import JsonObject
from protocol.errors import InvalidRequest, Malformed, raised_as
from protocol.exchange import Exchange
from protocol.fields import Fields
from protocol.sovereignty.claims import ClaimsByQuery, check_within
from protocol.sovereignty.usage import Action, UsageEntry, Use
from runtime.conversation import SessionKey, load, slow
from verifier.service.context import VerifierContext
from verifier.session import REQUEST, Answered, no_request

MAX_PORTIONS = 64  # entries by which one answer was received; a receipt does not name more
_AT = "usage"


@dataclass(frozen=True, slots=True)
class Happened:
    """A use as a program tells it."""

    owner: str  # digest of the API key
    use: JsonObject  # the members of an entry but `receipt` and `n`; `at`, `claims` and `why` may be left out
    receipt_id: str = ""  # its jti, known to whoever got it with the answer
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
        receipt = happened.receipt_id
        if bool(receipt) == bool(happened.request_id):
            raise InvalidRequest("either receipt_id or request_id is needed")
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
        # The first entries say that all of it came: with its claims, and for what it was given
        first = store.entries(receipt, after=-1, limit=MAX_PORTIONS)
        came = [entry for entry in first if entry.members["action"] == Action.RECEIVED]
        if known is None or now >= known.log_until or not came:
            raise no_request()
        uses = [UsageEntry.from_fields(Fields(entry.members, "usage entry")).use for entry in came]
        with raised_as(InvalidRequest):
            told = {"at": now, "why": came[0].members["why"], **told, "receipt": receipt, "n": 0}
            parts = [told] if "claims" in told else [{**told, "claims": entry.members["claims"]} for entry in came]
            used = tuple([_use(receipt, known.log_until, part) for part in parts])
            for each in used:
                check_within(each.use.claims, _together(uses), f"{_AT}.claims")
                if each.use.action is Action.RECEIVED:
                    raise Malformed(f"{_AT}.action", "is written when an answer comes, and by nobody else")
                if not uses[0].at <= each.use.at <= now:
                    raise Malformed(f"{_AT}.at", "must be after the data came, and not in the future")
        store.record(used)


def _use(receipt: str, log_until: int, members: JsonObject) -> Used:
    return Used(receipt, log_until, UsageEntry.from_fields(Fields(members, _AT)).use)


def _together(uses: Sequence[Use]) -> ClaimsByQuery:
    claims: dict[str, tuple[ClaimPath, ...]] = {}
    for use in uses:
        for id_, paths in use.claims.items():
            claims[id_] = (*claims.get(id_, ()), *paths)
    return claims
