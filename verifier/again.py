"""Showing the data once more, before it is handed out or changed (GDPR Art. 12(6)): what is asked, and whether it is the same.

The question is the first one over again, as far as the receipt names what came: never more (docs/sovereignty/rights.md).
What comes is compared and not kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from capabilities.cockpit.records import IssuedReceipt
from capabilities.usage_log.records import Written
from protocol.credential import ClaimPath
from protocol.dcql.query import ClaimsQuery, CredentialQuery, DcqlQuery
from protocol.encoding import JsonObject, JsonValue
from protocol.errors import NotAuthentic, ProtocolError
from protocol.sovereignty.claims import ClaimsByQuery
from protocol.sovereignty.present_again import check_equal_values
from protocol.sovereignty.receipt import LegalBasis
from protocol.trust.localized import Localized
from runtime.conversation import Change, Event, SessionKey
from verifier.given import Given
from verifier.receipt_names import asked_for
from verifier.receipts import NOTHING_KEPT, Handling
from verifier.represented import ActedFor
from verifier.session import Answered, Asked, Outcome, Session, Verdict, waiting
from verifier.usage import erased
from verifier.use_case import Texts, UseCase

PURPOSE = (
    ("de", "Wir prüfen, ob Sie es sind, bevor wir mit Ihren Daten tun, was Sie verlangt haben."),
    ("en", "We check that it is you before we do with your data what you asked for."),
)
COMPARED = (
    Localized("de", "Wir haben die Daten mit denen verglichen, die Sie früher gezeigt haben, und nicht behalten."),
    Localized("en", "We compared the data with what you showed before, and did not keep it."),
)
# The law wants to be sure who asks (Art. 12(6)); nothing of it stays
SHOWN_AGAIN = Handling(LegalBasis.LEGAL_OBLIGATION, NOTHING_KEPT)
NOT_THE_SAME = "what was shown is not what was shown before"


def purpose_of(asked: Asked, use_case: UseCase | None) -> Texts:
    """What an answer is for; empty: nobody said so."""
    if asked.again:
        return PURPOSE
    return use_case.purpose if use_case is not None else ()


def question_again(query: DcqlQuery, claims: ClaimsByQuery) -> DcqlQuery | None:
    """The question by which somebody shows once more what a receipt names; None: there is none that would be the same.

    None also where the receipt names nothing that could be compared.
    """
    if not any(claims.values()):
        return None
    again = [_again(asked_for(query, name), paths) for name, paths in claims.items() if paths]
    return None if None in again else DcqlQuery(tuple([each for each in again if each is not None]))


def _again(asked: CredentialQuery | None, paths: tuple[ClaimPath, ...]) -> CredentialQuery | None:
    # Of several documents nobody knows which is which; and wallets refuse what names no type
    if asked is None or asked.multiple or asked.meta.other or not asked.meta.types:
        return None
    return CredentialQuery(asked.id, asked.format, asked.meta, claims=tuple(map(ClaimsQuery, paths)))


def compare(
    session: Session, verdict: Verdict, *, references: tuple[SessionKey, ...], now: int, given: Given | None = None
) -> Outcome:
    """Record the one answer, and keep nothing of it; whether it is the same stands in the verdict.

    Raises:
        InvalidRequest: there was an answer before (T179), or it is too late.
    """
    asked = waiting(session, now=now).asked
    records: tuple[Written | IssuedReceipt | ActedFor, ...] = ()
    if given is not None:
        gone = erased(given.logged, now=now, why=COMPARED) if verdict.accepted else ()
        records = (*given.records(accepted=verdict.accepted, now=now), *gone)
    receipt = given.shown if given is not None else ""
    return Change(
        Answered(asked, now, verdict, "", "", False, now + asked.keep, receipt=receipt),
        drop=references,
        records=records,
        events=(Event("shown again" if verdict.accepted else "answer refused", asked.id),),
        expires_at=now + asked.keep,
    )


def objection_to_same(
    query: DcqlQuery, first: Mapping[str, JsonValue], again: Mapping[str, Sequence[JsonObject]]
) -> str:
    """Why what was shown once more is not what was shown first; empty: it is. Never a value."""
    try:
        for asked in query.credentials:
            check_equal_values(
                [claim.path for claim in asked.claims],
                only_one(first.get(asked.id)),
                only_one([*again.get(asked.id, ())]),
            )
    except ProtocolError:
        return NOT_THE_SAME
    return ""


def only_one(found: JsonValue) -> JsonValue:
    """The one credential that answered a query.

    Raises:
        NotAuthentic: none, or more.
    """
    if not isinstance(found, list) or len(found) != 1:
        raise NotAuthentic("present again: not one document on either side")
    return found[0]
