"""What the user writes to a partner that the wallet cannot ask: the letter, and how the partner is reached (EUDI TS7)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from protocol.sovereignty.contact import Letter, Way, read_ways
from protocol.sovereignty.letters import Occasion, rights_letter
from protocol.sovereignty.rights import Right
from protocol.trust.registration import Contact
from wallet.disclosure_records import Disclosure
from wallet.policy.cockpit.disclosed import matches, receipt_of, registration_of

MAX_NAMED = 30  # pieces of data; of more, the letter is about everything


@dataclass(frozen=True, slots=True)
class Written:
    """A letter that waits to be sent, by the user and not by the wallet."""

    number: int  # of the entry that it is about
    right: Right
    letter: Letter
    ways: tuple[Way, ...]  # best first; empty: the partner never said how it is reached


def write_letter(
    right: Right,
    disclosure: Disclosure | None,
    *,
    number: int,
    language: str,
    partner: str,
    day: str,
    data: Iterable[str],
) -> Written:
    """What a citizen writes; `data` are the names of what was given or got, as people read them."""
    named = tuple(data)
    is_document = disclosure is not None and disclosure.sent.issued
    letter = rights_letter(
        right,
        language=language,
        partner=partner,
        day=day,
        claims=named if len(named) <= MAX_NAMED else (),
        occasion=Occasion.DOCUMENT if is_document else Occasion.SHOWN,
    )
    return Written(number, right, letter, ways_to(disclosure) if disclosure is not None else ())


def ways_to(disclosure: Disclosure) -> tuple[Way, ...]:
    """How a partner is reached: as the register says, then as its receipt does, if that one is right."""
    registration = registration_of(disclosure.sent)
    receipt = receipt_of(disclosure) if matches(disclosure) else None
    contacts: list[str | None] = [registration.support_uri] if registration is not None else []
    if receipt is not None:
        for contact in (receipt.controller.contact, receipt.controller.dpo):
            contacts += contact or Contact()
    return read_ways(contacts)
