"""A verdict for somebody who looks up from a counter: what stands in the large view, whichever way the answer came."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from protocol.credential import ClaimPath
from protocol.encoding import JsonObject
from verifier.acting import Acting, ActingTerms
from verifier.session import Line, Verdict
from verifier.use_case import AskedDocument
from verifier.web.acting_view import ActingShown, acting_shown
from verifier.web.told import ReceiptShown, receipt_text
from verifier.web.values import SharedDocument, shared_documents

OLD_SECONDS = 120  # a status that was looked up longer ago is told as such

Kind = Literal["good", "bad", "neutral"]


@dataclass(frozen=True, slots=True)
class LargeVerdict:
    """One outcome, for `templates/verdict_large.html`."""

    key: str  # of this answer: its tone is played once
    kind: Kind  # neutral: the wallet said no
    title: str  # what was asked, in words
    number: int = 0  # by which the person in front of us is told from others; 0: there is only one
    portrait: str = ""  # address of data; empty: none was shared
    shared: tuple[SharedDocument, ...] = ()  # the rest
    reasons: tuple[Line, ...] = ()  # the checks that said no
    as_of: int = 0  # epoch seconds: when the oldest status was looked up; 0: nothing could have been taken back
    is_old: bool = False  # so long ago that a clerk has to know
    kept_until: int = 0  # epoch seconds; 0: nothing of it is kept
    acting: ActingShown | None = None  # who acted for whom
    receipt: ReceiptShown | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was found, before it is put into words."""

    key: str
    title: str
    answered_at: int  # epoch seconds
    verdict: Verdict | None  # None: the wallet said no
    disclosed: JsonObject | None = None  # query id → list of claims
    binary: Mapping[str, tuple[ClaimPath, ...]] = field(default_factory=dict)  # query id → claims that are bytes
    number: int = 0
    kept_until: int = 0  # epoch seconds; 0: nothing of it is kept
    acting: Acting | None = None  # who acted for whom
    terms: ActingTerms | None = None  # by which they did: what is told as such is not told once more
    receipt: str = ""  # JSON; empty: there is none


def large_verdict(found: Outcome, asked: tuple[AskedDocument, ...], language: str) -> LargeVerdict:
    """An outcome in a language; `asked` are the use case's own words for what was asked."""
    if found.verdict is None:
        return LargeVerdict(found.key, "neutral", found.title, found.number)
    disclosed = found.disclosed or {}
    if found.acting is not None and found.terms is not None:
        disclosed = found.terms.beside(disclosed)
    portrait, shared = _without_portrait(shared_documents(asked, disclosed, found.binary, language))
    as_of = max((line.as_of for line in found.verdict.lines), default=0)
    return LargeVerdict(
        key=found.key,
        kind="good" if found.verdict.accepted else "bad",
        title=found.title,
        number=found.number,
        portrait=portrait,
        shared=shared,
        reasons=tuple(line for line in found.verdict.lines if line.passed is False),
        as_of=as_of,
        is_old=bool(as_of) and found.answered_at - as_of > OLD_SECONDS,
        kept_until=found.kept_until,
        acting=acting_shown(found.acting, language),
        receipt=receipt_text(found.receipt, language),
    )


def _without_portrait(shared: tuple[SharedDocument, ...]) -> tuple[str, tuple[SharedDocument, ...]]:
    """The first picture, which is shown large, and what else was shared."""
    for place, document in enumerate(shared):
        for value in document.values:
            if value.picture:
                rest = replace(document, values=tuple(other for other in document.values if other is not value))
                return value.picture, (*shared[:place], rest, *shared[place + 1 :])
    return "", shared
