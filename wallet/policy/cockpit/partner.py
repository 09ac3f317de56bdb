"""One partner as a whole: what was given to it and what it gave, where an office both asks and issues.

Each answer and each document has a cockpit of its own kind: the one that holds what it is about. Rights are asked there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from protocol.sovereignty.partner_directory import WitnessedPartner
from protocol.trust.registration import Registration
from wallet.disclosure_records import Disclosure
from wallet.policy.cockpit.disclosed import registration_of
from wallet.policy.cockpit.timeline import Item, Kind


@dataclass(frozen=True, slots=True)
class RightsAt:
    """From which entries of the log a partner is asked for what the law gives; 0: there is none."""

    given: int  # of what the user gave: whoever asked holds it
    got: int  # of a document: the register that it was made from


def given_to(disclosures: Iterable[Disclosure]) -> tuple[Disclosure, ...]:
    """Answers, in the order of the log."""
    return tuple([one for one in disclosures if not one.sent.issued])


def documents_of(disclosures: Iterable[Disclosure]) -> tuple[Disclosure, ...]:
    """The newest receipt of each document that the partner gave, newest first: its log is the one that goes on."""
    newest: dict[str, Disclosure] = {}
    for one in disclosures:
        if one.sent.issued:
            kind = one.sent.documents[0].type if one.sent.documents else ""
            newest.pop(kind, None)
            newest[kind] = one
    return tuple(reversed(newest.values()))


def rights_at(items: Sequence[Item], got: Collection[int]) -> RightsAt:
    """The newest entries in which something was given, and in which a document came with a receipt (`got`)."""
    own = [item for item in items if item.what is None]
    return RightsAt(
        next((item.number for item in own if item.entry.action == "sharing"), 0),
        next((item.number for item in own if item.number in got), 0),
    )


def complaint_at(findings: Sequence[Item], disclosures: Sequence[Disclosure]) -> int:
    """The entry from which a complaint begins: of what was found last, else the newest; 0: nothing that was signed is kept.

    Of a document there is its receipt or nothing, since nothing was asked.
    """
    signed = [one.log_number for one in disclosures if not one.sent.issued or one.receipt is not None]
    found = next((item.number for item in findings if item.number in signed), 0)
    return found or (signed[-1] if signed else 0)


def registered_as(disclosures: Sequence[Disclosure]) -> Registration | None:
    """How a partner is registered, by what it showed last; what it asked rather than what it gave, which has no purpose."""
    asked_last = sorted(disclosures, key=lambda one: not one.sent.issued)
    return next((found for one in reversed(asked_last) if (found := registration_of(one.sent)) is not None), None)


def broken_elsewhere(partner: WitnessedPartner | None, disclosures: Iterable[Disclosure]) -> tuple[str, ...]:
    """Addresses of the partner whose logs changed their past, and of which nothing is held here that would say so."""
    known = {one.sent.announced for one in disclosures}
    cockpits = partner.cockpits if partner is not None else ()
    return tuple(
        [one.cockpit_endpoint for one in cockpits if one.broken_since is not None and one.cockpit_endpoint not in known]
    )


def findings_of(items: Iterable[Item]) -> tuple[Item, ...]:
    """Everything that is wrong, of whichever log."""
    return tuple([item for item in items if item.kind is Kind.WARNING and item.what is not None])
