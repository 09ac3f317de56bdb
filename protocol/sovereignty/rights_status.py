"""How a request about rights stands, in the partner's signed word: evidence for the citizen (GDPR Art. 12(3), (4)).

`rights-status+jwt` answers `POST {cockpit_endpoint}/rights` (202) and `GET {cockpit_endpoint}/rights/{id}`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple, Self

from protocol.encoding import JsonObject, JsonValue
from protocol.errors import Conflict, Flaw, Malformed, NotForThisRequest, NotValidNow, RolledBack, Unsupported
from protocol.fields import Fields
from protocol.keys import Signer
from protocol.sovereignty.canonical import read_hash
from protocol.sovereignty.claims import ClaimsByQuery, check_within, read_claims_by_query, write_claims_by_query
from protocol.sovereignty.due_dates import first_due, last_due
from protocol.sovereignty.rights import HANDS_OUT, Right, VerifiedRightsRequest, read_id, read_right
from protocol.sovereignty.signing import (
    MAX_AHEAD,
    Organisation,
    OrganisationObject,
    sign_as_organisation,
    verify_organisation_object,
)
from protocol.sovereignty.wording import Wording, read_optional_wording, read_wording, write_wording
from protocol.trust.anchors import TrustAnchors

TYP = "rights-status+jwt"
MAX_KEPT = 64
MAX_CLIENT_ID = 2048  # characters
_AT = "rights status"


class State(StrEnum):
    """How far a request has come."""

    RECEIVED = "received"
    PRESENT_AGAIN = "present_again"  # the data has to be presented once more before it goes on
    WORKING = "working"
    EXTENDED = "extended"
    DONE = "done"
    REFUSED = "refused"


STATES = frozenset(State)
FINAL = frozenset((State.DONE, State.REFUSED))
_FOLLOWS = {
    State.RECEIVED: STATES,
    State.PRESENT_AGAIN: STATES - {State.RECEIVED},
    State.WORKING: STATES - {State.RECEIVED},
    State.EXTENDED: STATES - {State.RECEIVED},
    State.DONE: frozenset((State.DONE,)),
    State.REFUSED: frozenset((State.REFUSED,)),
}


class Kept(NamedTuple):
    """Data that stays although its erasure was asked for, or that is not handed out."""

    claims: ClaimsByQuery
    why: Wording  # names the provision


class Presentation(NamedTuple):
    """The request by which the data is presented once more."""

    request_uri: str
    client_id: str


@dataclass(frozen=True, slots=True)
class RightsStatus:
    """What a partner says of a request."""

    id: str
    request: str  # hash of the compact rights-request+jwt
    right: Right
    state: State
    due: int  # epoch seconds
    issued_at: int  # epoch seconds
    why: Wording = ()  # of an extension or a refusal; stays as long as `due` is later than a month on
    remedy: Wording = ()  # the authority and the court that the citizen may turn to
    kept: tuple[Kept, ...] = ()
    answer: str | None = None  # hash of the encrypted rights-answer+jwt; of one that has not ended: of a part of it
    presentation: Presentation | None = None  # in `present_again` alone

    @classmethod
    def from_fields(cls, claims: Fields) -> Self:
        """Read the claims; unknown ones are ignored.

        Raises:
            Malformed: a member is missing where its state needs it, or has the wrong shape.
            Unsupported: a right or a state that we do not know.
        """
        right = read_right(claims, "right")
        state = _read_state(claims)
        kept = tuple(map(_read_kept, claims.optional_objects("kept", max_items=MAX_KEPT)))
        if kept and state is not State.DONE:
            raise Malformed(claims.path("kept"), "stands where something was done")
        needs_why = state in (State.EXTENDED, State.REFUSED)
        needs_remedy = state is State.REFUSED or kept
        return cls(
            id=read_id(claims, "id"),
            request=read_hash(claims, "request"),
            right=right,
            state=state,
            due=claims.time("due"),
            issued_at=claims.time("iat"),
            why=(read_wording if needs_why else read_optional_wording)(claims, "why"),
            remedy=(read_wording if needs_remedy else read_optional_wording)(claims, "remedy"),
            kept=kept,
            answer=_read_answer(claims, right, state),
            presentation=_read_presentation(claims) if state is State.PRESENT_AGAIN else None,
        )

    def to_claims(self) -> JsonObject:
        """The claims of the wire form."""
        members: JsonObject = {
            "id": self.id,
            "request": self.request,
            "right": self.right.value,
            "state": self.state.value,
            "due": self.due,
            "iat": self.issued_at,
        }
        if self.why:
            members["why"] = write_wording(self.why)
        if self.remedy:
            members["remedy"] = write_wording(self.remedy)
        if self.kept:
            members["kept"] = list[JsonValue](
                [{"claims": write_claims_by_query(kept.claims), "why": write_wording(kept.why)} for kept in self.kept]
            )
        if self.answer is not None:
            members["answer"] = self.answer
        if self.presentation is not None:
            members.update(self.presentation._asdict())
        return members

    def is_overdue(self, now: int) -> bool:
        """Whether the partner let its own date pass."""
        return self.state not in FINAL and now > self.due


@dataclass(frozen=True, slots=True)
class SentRequest:
    """What the citizen's side knows of a request that it sent."""

    hash: str  # of the compact token
    right: Right
    issued_at: int  # epoch seconds: its `iat`, so no answer is older
    answered_at: int  # epoch seconds, when the first answer came: the request had come by then
    claims: ClaimsByQuery  # of the receipt


@dataclass(frozen=True, slots=True)
class VerifiedRightsStatus:
    """A status of the partner that holds the data."""

    says: RightsStatus
    signed: OrganisationObject


def begin(request: VerifiedRightsRequest, *, id_: str, now: int) -> RightsStatus:
    """The first status of a request that has just come."""
    return RightsStatus(id_, request.hash, request.says.right, State.RECEIVED, first_due(now), now)


def proceed(before: RightsStatus, after: RightsStatus, *, received_at: int) -> RightsStatus:
    """Take the next step of a request, of our own: `after` is `before` with what changed.

    Raises:
        Conflict: the request has ended, or this cannot follow.
    """
    try:
        RightsStatus.from_fields(Fields(after.to_claims(), _AT))
        check_follows(before, after)
        _check_due(after, received_at)
    except Flaw as error:
        raise Conflict(error.description) from error
    if after.due != before.due and after.issued_at > before.due:
        # Art. 12(3): the citizen hears of an extension before the first date has passed
        raise Conflict(f"{_AT}.due: has passed and is not put off")
    return after


def extend(before: RightsStatus, why: Wording, *, due: int, received_at: int, now: int) -> RightsStatus:
    """Put the date off, by two months at most, and say why.

    Raises:
        Conflict: too late, for too long, or the request has ended.
    """
    later = replace(before, state=State.EXTENDED, why=why, due=due, issued_at=now, presentation=None)
    return proceed(before, later, received_at=received_at)


def sign_rights_status(status: RightsStatus, signer: Signer, x5c: tuple[str, ...]) -> str:
    """A status as it travels; one that says too little for its state is a ValueError."""
    claims = status.to_claims()
    try:
        RightsStatus.from_fields(Fields(claims, _AT))
    except Flaw as error:
        raise ValueError(error.description) from error
    return sign_as_organisation(TYP, claims, signer, x5c)


def verify_rights_status(
    text: str,
    sent: SentRequest,
    *,
    partner: Collection[Organisation],
    anchors: TrustAnchors,
    now: int,
    before: RightsStatus | None = None,
) -> VerifiedRightsStatus:
    """Check what a partner says of a request; `before` is the last status that is known.

    Raises:
        NotForThisRequest: about another request or right.
        NotValidNow: from before the request, or from the future.
        RolledBack: older than what is known, or the request had ended.
        Malformed: see `RightsStatus.from_fields`; or it is due later than allowed, or keeps what is not in the receipt.
        NotAuthentic, NotTrusted, TooLarge, Unsupported: see `verify_organisation_object`.
    """
    signed = verify_organisation_object(text, typ=TYP, signers=partner, anchors=anchors, now=now, at=_AT)
    says = RightsStatus.from_fields(signed.claims)
    if says.request != sent.hash:
        raise NotForThisRequest(f"{_AT}.request: is another request")
    if says.right is not sent.right:
        raise NotForThisRequest(f"{_AT}.right: is another right")
    if says.issued_at < sent.issued_at - MAX_AHEAD:
        raise NotValidNow(f"{_AT}: is from before the request")
    _check_due(says, sent.answered_at + MAX_AHEAD)
    for kept in says.kept:
        check_within(kept.claims, sent.claims, f"{_AT}.kept")
    if before is not None:
        check_follows(before, says)
    return VerifiedRightsStatus(says, signed)


def check_follows(before: RightsStatus, after: RightsStatus) -> None:
    """Check that one status can follow another of the same request.

    Raises:
        NotForThisRequest: of another request.
        RolledBack: older, or a step back; what has ended stays as it ended.
    """
    if (before.id, before.request, before.right) != (after.id, after.request, after.right):
        raise NotForThisRequest(f"{_AT}: is of another request")
    if after.issued_at < before.issued_at:
        raise RolledBack(f"{_AT}: is older than the one that is known")
    if after.state not in _FOLLOWS[before.state]:
        raise RolledBack(f"{_AT}.state: cannot follow the one that is known")
    if before.answer is not None and after.answer is None:
        raise RolledBack(f"{_AT}.answer: was handed out, and is named no more")
    if before.state in FINAL and replace(after, issued_at=before.issued_at) != before:
        raise RolledBack(f"{_AT}: differs from how the request had ended")


def _check_due(status: RightsStatus, received_at: int) -> None:
    if status.due > last_due(received_at):
        raise Malformed(f"{_AT}.due", "must be at most three months on")
    if status.due > first_due(received_at) and not status.why:
        raise Malformed(f"{_AT}.why", "must say why it takes longer than a month")


def _read_state(claims: Fields) -> State:
    state = claims.text("state", max_length=64)
    if state not in STATES:
        raise Unsupported(f"{claims.path('state')}: is no state that is known here")
    return State(state)


def _read_answer(claims: Fields, right: Right, state: State) -> str | None:
    """What is handed out: all of it at the end, and before that perhaps a part."""
    if right not in HANDS_OUT or (state is not State.DONE and "answer" not in claims.members):
        return None
    return read_hash(claims, "answer")


def _read_kept(kept: Fields) -> Kept:
    return Kept(read_claims_by_query(kept, "claims"), read_wording(kept, "why"))


def _read_presentation(claims: Fields) -> Presentation:
    return Presentation(claims.https_url("request_uri"), claims.text("client_id", max_length=MAX_CLIENT_ID))
