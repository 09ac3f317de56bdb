"""Rights over data that a partner holds, on the citizen's side: what is asked, how it stands, and when it is overdue.

What was asked lies with the disclosure that it is about, with every status that came, each as it was signed. What a partner
hands out is never kept: it has values, and whoever wants to keep it saves it (docs/decisions/0051).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from protocol.dcql.query import DcqlQuery
from protocol.errors import Conflict, Malformed, NotForThisRequest, TooLarge
from protocol.jws import Jws
from protocol.keys import P256Key, Signer
from protocol.oid4vp.client_id import ClientId
from protocol.oid4vp.link import RequestByReference
from protocol.sovereignty.claims import ClaimsByQuery, check_within
from protocol.sovereignty.present_again import Shown, check_asks_no_more
from protocol.sovereignty.receipt import Receipt
from protocol.sovereignty.rights import (
    HANDS_OUT,
    MAX_OWN_WORDS,
    Right,
    RightsRequest,
    order_rights,
    sign_rights_request,
)
from protocol.sovereignty.rights_status import (
    FINAL,
    RightsStatus,
    SentRequest,
    State,
    VerifiedRightsStatus,
)
from protocol.sovereignty.signing import Organisation, hash_text
from wallet.disclosure_records import Disclosure, KeptStatus, RightsAsked
from wallet.policy.cockpit.disclosed import read_claims, receipt_of, sent_of

MAX_ASKED = 32  # requests about one receipt
MAX_STATUSES = 16  # that are kept of one request; of more, those in the middle go
ASKS_FOR_MORE = "AsksForMore"  # beside the codes of errors: it wants to see what it was not shown, or another asks
_AT = "rights request"


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user wants of a partner."""

    right: Right
    claims: ClaimsByQuery | None = None  # None: all data of the receipt
    text: str = ""  # in their own words; empty: none


@dataclass(frozen=True, slots=True)
class Overdue:
    """That a partner let its own date pass."""

    asked: RightsAsked
    due: int  # epoch seconds


def rights_of(disclosure: Disclosure) -> tuple[Right, ...]:
    """Every right, those first that fit best; none is hidden, whatever a partner stands on."""
    receipt = receipt_of(disclosure)
    return order_rights(str(receipt.legal_basis) if receipt is not None else "")


def make_request(
    disclosure: Disclosure, receipt: Receipt, wish: Wish, signer: Signer, *, endpoint: str, id_: str, key: str, now: int
) -> RightsAsked:
    """What travels, signed by the key of the one answer that it is about. `key` is fresh, and used where values come back.

    Raises:
        Malformed: it is about data that is not in the receipt.
        TooLarge: too many words.
        Conflict: so much was asked about this already that nothing more is kept.
    """
    if len(disclosure.rights) >= MAX_ASKED:
        raise Conflict("too much was asked about this answer already")
    if len(wish.text) > MAX_OWN_WORDS:
        raise TooLarge(f"{_AT}.text", f"must have at most {MAX_OWN_WORDS} characters")
    if wish.claims is not None:
        if not wish.claims:
            raise Malformed(f"{_AT}.claims", "must name something")
        check_within(wish.claims, receipt.claims, f"{_AT}.claims")
    opens = key if wish.right in HANDS_OUT else ""
    request = RightsRequest(
        audience=endpoint,
        receipt=receipt.id,
        jti=id_,
        right=wish.right,
        issued_at=now,
        claims=wish.claims,
        text=wish.text or None,
        enc_key=P256Key.from_scalar(bytes.fromhex(opens)).public_key if opens else None,
    )
    return RightsAsked(id_, str(wish.right), now, sign_rights_request(request, signer), opens)


def request_of(asked: RightsAsked) -> RightsRequest:
    """What was asked, as it was signed. It is read anew each time: what the user wrote stays in no memory."""
    return RightsRequest.from_fields(Jws.from_compact(asked.token, _AT).peek_claims(_AT))


@lru_cache(maxsize=256)
def _read_status(raw: str) -> RightsStatus:
    return RightsStatus.from_fields(Jws.from_compact(raw, "rights status").peek_claims("rights status"))


def statuses_of(asked: RightsAsked) -> tuple[RightsStatus, ...]:
    """Everything that the partner said of a request and that was verified when it came, oldest first."""
    return tuple([_read_status(kept.raw) for kept in asked.statuses])


def status_of(asked: RightsAsked) -> RightsStatus | None:
    """How a request stands; None: the partner has not answered yet."""
    return _read_status(asked.statuses[-1].raw) if asked.statuses else None


def has_ended(asked: RightsAsked) -> bool:
    """Whether nothing comes any more."""
    status = status_of(asked)
    return status is not None and status.state in FINAL


def is_overdue(asked: RightsAsked, now: int) -> bool:
    """Whether the partner let its own date pass (GDPR Art. 12(3)); of one that never answered nothing proves that it got it."""
    status = status_of(asked)
    return status is not None and status.is_overdue(now)


def overdue_at(asked: RightsAsked) -> int:
    """From when on a request is overdue if nothing comes, in epoch seconds; 0: never."""
    status = status_of(asked)
    return 0 if status is None or status.state in FINAL else status.due + 1


def steps_of(asked: RightsAsked) -> tuple[RightsStatus, ...]:
    """What changed: of statuses that follow each other in one state, the first."""
    found: list[RightsStatus] = []
    for status in statuses_of(asked):
        if not found or _step(found[-1]) != _step(status):
            found.append(status)
    return tuple(found)


def _step(status: RightsStatus) -> tuple[State, int, str | None]:
    return status.state, status.due, status.answer


def sent_request(asked: RightsAsked, receipt: Receipt, *, now: int) -> SentRequest:
    """What a status is held against."""
    return SentRequest(
        hash=hash_text(asked.token),
        right=Right(asked.right),
        issued_at=asked.at,
        answered_at=asked.answered_at or now,
        claims=receipt.claims,
    )


def with_status(asked: RightsAsked, status: VerifiedRightsStatus, *, signer_status: str, now: int) -> RightsAsked:
    """Take a status in. One that says nothing new stands in the place of the last, because it says that later."""
    kept = KeptStatus(status.signed.raw, now, signer_status)
    before, statuses = status_of(asked), asked.statuses
    if before is not None and replace(before, issued_at=status.says.issued_at) == status.says:
        # The first stays whatever comes: it says when the request had come at the latest
        statuses = statuses[:-1] if len(statuses) > 1 else statuses
    statuses = (*statuses, kept)
    if len(statuses) > MAX_STATUSES:
        statuses = (statuses[0], *statuses[-(MAX_STATUSES - 1) :])
    return replace(asked, statuses=statuses, answered_at=asked.answered_at or now, looked_at=now, problem="")


def with_asked(disclosure: Disclosure, asked: RightsAsked) -> Disclosure:
    """The same disclosure with a request in the place of what was known of it, or a new one at the end."""
    if any(one.id == asked.id for one in disclosure.rights):
        return replace(
            disclosure, rights=tuple([asked if one.id == asked.id else one for one in disclosure.rights])
        )  # fmt: skip
    return replace(disclosure, rights=(*disclosure.rights, asked))


def link_to_present(status: RightsStatus) -> str:
    """How the partner wants the data once more.

    Raises:
        Conflict: it does not want that, or not any more.
        Malformed, Unsupported: whoever it says will ask cannot be one.
    """
    if status.state is not State.PRESENT_AGAIN or status.presentation is None:
        raise Conflict("the partner does not ask for these data again")
    wanted = status.presentation
    return RequestByReference(ClientId.from_text(wanted.client_id), wanted.request_uri).to_link()


def check_again(disclosure: Disclosure, query: DcqlQuery, asks: tuple[Organisation, ...]) -> None:
    """Check that what is asked again was shown this partner before, and that it is this partner who asks.

    Raises:
        NotForThisRequest: somebody else, or more than the receipt names.
    """
    if set(asks).isdisjoint(sent_of(disclosure).signers):
        raise NotForThisRequest("present again: somebody else asks")
    receipt = receipt_of(disclosure)
    claims = receipt.claims if receipt is not None else read_claims(disclosure.sent.claims)
    check_asks_no_more(
        query, [Shown(document.type, claims.get(document.query_id, ())) for document in disclosure.sent.documents]
    )
