"""What the register behind an issuer, or another system of the agency, did with somebody's data: written into their logs."""

from __future__ import annotations

from dataclasses import dataclass

from issuer.service.context import IssuerContext
from issuer.usage import claims_seen
from issuer.usage_records import OfPerson, What
from protocol.credential import ClaimPath
from protocol.encoding import JsonObject
from protocol.errors import InvalidRequest, Malformed, raised_as
from protocol.exchange import Exchange
from protocol.fields import Fields
from protocol.sovereignty.usage import Action, UsageEntry, Use
from runtime.conversation import slow

_AT = "usage"
_ANY = "0" * 22  # in the place of a receipt's id, which each log has its own of


@dataclass(frozen=True, slots=True)
class Told:
    """A use as a program tells it."""

    subject: str  # id in the register
    use: JsonObject  # the members of an entry but `receipt`, `n` and `claims`; `at` may be left out
    places: tuple[ClaimPath, ...] | None  # of the register; None: all that it has about this person


@dataclass(frozen=True, slots=True)
class ToldUses:
    """Writing what happened elsewhere."""

    context: IssuerContext

    def log(self, told: Told) -> Exchange[None]:
        """Write a use into the log of each document of a person whose data it was; once more in its hour, it changes nothing.

        Who has no document with a receipt has no log, and nothing is written.

        Raises:
            InvalidRequest: it says too little or too much, or speaks of the future.
            Unavailable: the store is away; nothing was written.
        """
        context, now = self.context, self.context.now()
        with raised_as(InvalidRequest):
            use = _read({"at": now, **told.use, "receipt": _ANY, "n": 0, "claims": {"0": []}})
            if use.action is Action.RECEIVED:
                raise Malformed(f"{_AT}.action", "is none of a register, which received nothing by a document")
            if use.at > now:
                raise Malformed(f"{_AT}.at", "must not be in the future")
            seen = None if told.places is None else claims_seen(context.types, told.places)
            what = What(use.action, use.by, use.why, seen, use.to, use.at, use.delayed)
            yield from slow(lambda: context.store.log([OfPerson(told.subject, what)]))


def _read(members: JsonObject) -> Use:
    return UsageEntry.from_fields(Fields(members, _AT)).use
