"""What a partner holds now, by its own receipts and by what it says that it did: claims, what for, until when, and who else.

Nobody but the partner can know, so it is told as "according to the partner".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from protocol.credential import ClaimPath
from protocol.sovereignty.claims import are_covered
from protocol.sovereignty.receipt import Receipt
from protocol.sovereignty.usage import Action, UsageEntry
from wallet.disclosure_records import DisclosedDocument, Disclosure
from wallet.policy.cockpit.disclosed import entries_of, matches, read_claims, receipt_of


class Until(StrEnum):
    """Until when data are kept."""

    TIME = "time"
    EVENT = "event"  # some time after something that has not happened yet, as far as is known
    NOT_KEPT = "not_kept"
    UNKNOWN = "unknown"  # there is no receipt that counts


@dataclass(frozen=True, slots=True)
class HeldByPartner:
    """The data of one answer that a partner still has."""

    disclosure: Disclosure
    documents: tuple[tuple[DisclosedDocument, tuple[ClaimPath, ...]], ...]  # with the claims that are left
    receipt: Receipt | None  # None: what was sent is all that is known
    until: Until
    gone_at: int  # epoch seconds; 0: an event decides, or nobody said
    overdue: bool  # it should be gone, and is not
    recipients: tuple[str, ...]  # who else may get it, by the receipt
    shared_with: tuple[str, ...]  # who got it, by what the partner says


def held_by_partner(disclosures: Iterable[Disclosure], now: int) -> tuple[HeldByPartner, ...]:
    """What is still there of each answer, newest first."""
    found = [_held(disclosure, now) for disclosure in disclosures]
    return tuple(sorted((one for one in found if one is not None), key=lambda one: -one.disclosure.sent.at))


def _held(disclosure: Disclosure, now: int) -> HeldByPartner | None:
    if disclosure.sent.issued:
        return None  # nothing was given: it was in the register before
    receipt = receipt_of(disclosure) if matches(disclosure) else None
    entries = entries_of(disclosure)
    left = _left(disclosure, entries)
    if not left:
        return None
    until, gone_at = _until(receipt)
    if until is Until.NOT_KEPT:
        return None
    told = [use.use.to.name for use in entries if use.use.action is Action.FORWARDED and use.use.to is not None]
    return HeldByPartner(
        disclosure=disclosure,
        documents=left,
        receipt=receipt,
        until=until,
        gone_at=gone_at,
        overdue=bool(gone_at) and now > gone_at,
        recipients=tuple([one.name for one in receipt.recipients]) if receipt is not None else (),
        shared_with=tuple(dict.fromkeys(told)),
    )


def _left(
    disclosure: Disclosure, entries: Iterable[UsageEntry]
) -> tuple[tuple[DisclosedDocument, tuple[ClaimPath, ...]], ...]:
    """What was given and not erased since; a document without claims of its own is there as a whole or not at all."""
    erased: dict[str, list[ClaimPath]] = {}
    whole: set[str] = set()
    for entry in entries:
        if entry.use.action is Action.ERASED:
            for query_id, paths in entry.use.claims.items():
                erased.setdefault(query_id, []).extend(paths)
                whole.add(query_id)
    claims = read_claims(disclosure.sent.claims)
    left = []
    for document in disclosure.sent.documents:
        paths = claims.get(document.query_id, ())
        kept = tuple([path for path in paths if not are_covered((path,), erased.get(document.query_id, ()))])
        if kept or (not paths and document.query_id not in whole):
            left.append((document, kept))
    return tuple(left)


def _until(receipt: Receipt | None) -> tuple[Until, int]:
    if receipt is None:
        return Until.UNKNOWN, 0
    if receipt.retention.lasts is None:
        return Until.NOT_KEPT, receipt.issued_at
    gone_at = receipt.retention.ends(receipt.issued_at)
    return (Until.EVENT, 0) if gone_at is None else (Until.TIME, gone_at)
