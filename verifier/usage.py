"""What a verifier writes about its own use of an answer, into the log that the citizen reads (docs/sovereignty/usage.md)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from capabilities.usage_log.records import Used
from protocol.encoding import encode_json, read_json_object
from protocol.fields import Fields
from protocol.sovereignty.claims import ClaimsByQuery, read_claims_by_query, write_claims_by_query
from protocol.sovereignty.usage import Action, Use
from protocol.sovereignty.wording import Wording
from protocol.trust.localized import Localized

Records = tuple[Used, ...]

OVER = (
    Localized("de", "Die Zeit ist vorbei, für die wir die Daten behalten."),
    Localized("en", "The time for which we keep the data is over."),
)
EARLIER = (
    Localized("de", "Wir brauchen die Daten nicht länger."),
    Localized("en", "We do not need the data any longer."),
)
NOT_KEPT = (
    Localized("de", "Eine Prüfung ist gescheitert. Wir haben die Daten nicht behalten."),
    Localized("en", "A check failed. We did not keep the data."),
)


class By(StrEnum):
    """Who uses an answer: a place or a system, never an employee."""

    SERVICE = "service"  # ours, by itself
    PROGRAM = "program"  # of the partner, by the API
    PAGE = "page"  # of ours, in the browser that began
    COUNTER = "counter"


_NAMES = {
    "de": {
        By.SERVICE: "Prüfdienst, automatisch",
        By.PROGRAM: "Programm, über die Schnittstelle",
        By.PAGE: "Seite des Prüfdienstes",
        By.COUNTER: "Schalter",
    },
    "en": {
        By.SERVICE: "checking service, automatically",
        By.PROGRAM: "program, through the interface",
        By.PAGE: "page of the checking service",
        By.COUNTER: "counter",
    },
}


@dataclass(frozen=True, slots=True)
class Logged:
    """What the uses of one answer are written with, for as long as the answer is here."""

    receipt: str  # its jti
    log_until: int  # epoch seconds
    claims: str  # JSON: query id → paths, as the receipt has them; never values
    purpose: tuple[tuple[str, str], ...]  # language → text, as the receipt has it
    language: str = "en"  # the partner's own

    @classmethod
    def of(cls, receipt: str, log_until: int, claims: ClaimsByQuery, purpose: Wording, language: str) -> Logged:
        """From the parts of a receipt."""
        text = encode_json(write_claims_by_query(claims)).decode()
        return cls(receipt, log_until, text, tuple([(each.language, each.text) for each in purpose]), language)

    @property
    def claims_by_query(self) -> ClaimsByQuery:
        """The claims of the receipt."""
        members = read_json_object(self.claims.encode(), "claims")
        return read_claims_by_query(Fields({"claims": members}, "receipt"), "claims")

    def use(self, action: Action, by: By, *, now: int, why: Wording = ()) -> Used:
        """A use of all of the answer; without another reason it is what the citizen gave it for."""
        purpose = tuple([Localized(language, text) for language, text in self.purpose])
        by_name = _NAMES.get(self.language, _NAMES["en"])[by]
        return Used(self.receipt, self.log_until, Use(now, action, self.claims_by_query, by_name, why or purpose))


def received(logged: Logged | None, *, accepted: bool, now: int) -> Records:
    """What came; of what failed a check nothing is kept, and the log says both."""
    if logged is None:
        return ()
    came = logged.use(Action.RECEIVED, By.SERVICE, now=now)
    gone = () if accepted else (logged.use(Action.ERASED, By.SERVICE, now=now, why=NOT_KEPT),)
    return (came, *gone)


def erased(logged: Logged | None, *, now: int, why: Wording = EARLIER) -> Records:
    """All of it is gone."""
    return () if logged is None else (logged.use(Action.ERASED, By.SERVICE, now=now, why=why),)
