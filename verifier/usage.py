"""What a verifier writes about its own use of an answer, into the log that the citizen reads (docs/sovereignty/usage.md)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from capabilities.usage_log.portions import portions, read_portion, write_portion
from capabilities.usage_log.records import Used
from protocol.encoding import encode_json
from protocol.sovereignty.claims import ClaimsByQuery
from protocol.sovereignty.usage import Action, Addressee, Use
from protocol.sovereignty.wording import Wording
from protocol.trust.localized import Localized

Records = tuple[Used, ...]

MAX_PURPOSE = 9 * 1024  # bytes, in all languages: room for the longest text, with four for each character

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

ON_DEMAND = (
    Localized("de", "Wer die Daten gegeben hat, hat es verlangt."),
    Localized("en", "Whoever gave the data asked for it."),
)
TOLD_OF_CHANGE = (
    Localized("de", "Wir haben mitgeteilt, was mit den Daten geschehen soll."),
    Localized("en", "We told them what shall happen to the data."),
)


class By(StrEnum):
    """Who uses an answer: a place or a system, never an employee."""

    SERVICE = "service"  # ours, by itself
    PROGRAM = "program"  # of the partner, by the API
    PAGE = "page"  # of ours, in the browser that began
    COUNTER = "counter"
    CLERK = "clerk"  # who works on the cases of services


_NAMES = {
    "de": {
        By.SERVICE: "Prüfdienst, automatisch",
        By.PROGRAM: "Programm, über die Schnittstelle",
        By.PAGE: "Seite des Prüfdienstes",
        By.COUNTER: "Schalter",
        By.CLERK: "Sachbearbeitung",
    },
    "en": {
        By.SERVICE: "checking service, automatically",
        By.PROGRAM: "program, through the interface",
        By.PAGE: "page of the checking service",
        By.COUNTER: "counter",
        By.CLERK: "clerk",
    },
}


@dataclass(frozen=True, slots=True)
class Logged:
    """What the uses of one answer are written with, for as long as the answer is here."""

    receipt: str  # its jti
    log_until: int  # epoch seconds
    # JSON: query id → paths, as the receipt has them, never values; in portions, as a receipt may name more than an entry can
    claims: tuple[str, ...]
    purpose: tuple[
        tuple[str, str], ...
    ]  # language → text, as the receipt has it; the first ones that an entry has room for
    language: str = "en"  # the partner's own

    @classmethod
    def of(cls, receipt: str, log_until: int, claims: ClaimsByQuery, purpose: Wording, language: str) -> Self:
        """From the parts of a receipt, by a partner who speaks this language."""
        texts = tuple([write_portion(portion) for portion in portions(claims)])
        room = MAX_PURPOSE
        said = []
        for each in purpose:
            room -= len(encode_json(each.text))
            if room >= 0:
                said.append((each.language, each.text))
        return cls(receipt, log_until, texts, tuple(said), language)

    def use(self, action: Action, by: By, *, now: int, why: Wording = (), to: Addressee | None = None) -> Records:
        """A use of all of the answer; without another reason it is what the citizen gave it for."""
        reason = why or tuple([Localized(language, text) for language, text in self.purpose])
        who = _NAMES.get(self.language, _NAMES["en"])[by]
        return tuple(
            [
                Used(self.receipt, self.log_until, Use(now, action, read_portion(text), who, reason, to))
                for text in self.claims
            ]
        )

    def told(self, to: Addressee, by: By, *, now: int) -> Records:
        """Somebody who got the data was told that it is wrong, gone, or not to be used (GDPR Art. 19)."""
        return self.use(Action.RECIPIENT_TOLD, by, now=now, why=TOLD_OF_CHANGE, to=to)


def is_elsewhere(by: str) -> bool:
    """Whether this name in a log is none of this service's own places: a program of the partner, or another system."""
    return not any(by == names[place] for names in _NAMES.values() for place in By if place is not By.PROGRAM)


def received(logged: Logged | None, *, accepted: bool, now: int) -> Records:
    """What came; of what failed a check nothing is kept, and the log says both."""
    if logged is None:
        return ()
    came = logged.use(Action.RECEIVED, By.SERVICE, now=now)
    return came if accepted else (*came, *logged.use(Action.ERASED, By.SERVICE, now=now, why=NOT_KEPT))


def erased(logged: Logged | None, *, now: int, why: Wording = EARLIER) -> Records:
    """All of it is gone."""
    return () if logged is None else logged.use(Action.ERASED, By.SERVICE, now=now, why=why)


def stands_elsewhere(uses: Iterable[Use]) -> bool:
    """Whether the partner's own systems have the data of a receipt, by its log: they used them, and did not erase them."""
    elsewhere = False
    for use in uses:
        if is_elsewhere(use.by):
            elsewhere = use.action is not Action.ERASED
    return elsewhere


@dataclass(frozen=True, slots=True)
class Gone:
    """An answer is here no more, before or when its time is over. Whether it is gone everywhere, its log knows."""

    logged: Logged
    until: int | None  # epoch seconds: when it is gone everywhere, by its receipt; 0: now; None: an event decides
    at: int  # epoch seconds
    why: Wording = EARLIER

    def uses(self, past: Iterable[Use]) -> Records:
        """What its log says now; `past` is what it said so far.

        Nothing yet where the partner's own systems have the data and may keep them for longer: only they know when it is gone.
        """
        over = self.until is not None and self.at >= self.until
        return erased(self.logged, now=self.at, why=self.why) if over or not stands_elsewhere(past) else ()
