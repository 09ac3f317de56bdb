"""Asking a partner for what the law gives: send it, follow it, show the data once more, and open what is handed out.

One call concerns one receipt, with that receipt's own key, as `collecting` does it. What was asked is kept before it leaves, so
that after a crash the same bytes can be sent again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum

from protocol.encoding import JsonObject
from protocol.errors import Conflict, Malformed, NotForThisRequest, NotFound, ProtocolError, Unavailable, Unreachable
from protocol.exchange import Exchange, HttpResponse
from protocol.jwe import MAX_JWE
from protocol.keys import P256Key
from protocol.sovereignty.calls import Caller, CallPath, call_url
from protocol.sovereignty.receipt import Receipt
from protocol.sovereignty.receipt_travel import MEDIA_TYPE
from protocol.sovereignty.rights_answer import AnsweredFile, VerifiedRightsAnswer, open_file, open_rights_answer
from protocol.sovereignty.rights_status import RightsStatus, verify_rights_status
from protocol.sovereignty.signing import MAX_OBJECT
from protocol.sovereignty.unlinkable import MustNotCall
from wallet.disclosure_records import Disclosure, RightsAsked
from wallet.policy.cockpit.disclosed import cockpit_key, is_identifying, receipt_of, requesters_of, sent_of
from wallet.policy.cockpit.rights import (
    ASKS_FOR_MORE,
    Wish,
    check_again,
    has_ended,
    link_to_present,
    make_request,
    sent_request,
    status_of,
    with_asked,
    with_status,
)
from wallet.service.cockpit.collecting import Collecting
from wallet.service.cockpit.signers import signer_status
from wallet.service.context import WalletContext
from wallet.service.presenting import Presenting
from wallet.service.seen import RequestSeen

LIVE_AFTER = 60  # seconds in which a page that is opened again does not ask again
SLOWEST = 256 * 1024  # bytes in a second, below which a file does not come
HEAD_OF_JWE = 4100  # characters beside the content
_AT = "rights request"


class ByLetter(StrEnum):
    """Why the wallet cannot ask by itself, so that a letter is what is left."""

    NO_COCKPIT = "no_cockpit"  # the partner has no such address
    NO_RECEIPT = "no_receipt"  # there is none, or none that counts: a request names its receipt
    KEY_DROPPED = "key_dropped"
    TOO_LATE = "too_late"  # the receipt says until when it is answered
    MUST_NOT_CALL = "must_not_call"  # the address is not to be called


@dataclass(frozen=True, slots=True)
class Followed:
    """What came of asking; what is kept is in the disclosure."""

    disclosure: Disclosure
    asked: RightsAsked
    error: ProtocolError | None = None  # it could not be reached, or answered what is no answer
    at_work: bool = False  # it is being asked just now


@dataclass(frozen=True, slots=True)
class Handed:
    """What a partner handed out, opened and checked; in memory alone."""

    disclosure: Disclosure
    asked: RightsAsked
    answer: VerifiedRightsAnswer


@dataclass(frozen=True, slots=True)
class Rights:
    """Everything between a wish of the user and what a partner makes of it."""

    context: WalletContext

    def by_letter(self, disclosure: Disclosure | None) -> ByLetter | None:
        """Why the partner can only be written to about something new; None: the wallet can ask."""
        receipt = receipt_of(disclosure) if disclosure is not None else None
        if (
            receipt is not None
            and disclosure is not None
            and disclosure.key
            and self.context.now() >= receipt.log_until
        ):
            return ByLetter.TOO_LATE
        return self.cut_off(disclosure)

    def cut_off(self, disclosure: Disclosure | None) -> ByLetter | None:
        """Why the partner cannot be asked about what it was asked; None: it can.

        Time is no reason: what came in time is answered, however long that takes.
        """
        if disclosure is None:
            return ByLetter.NO_COCKPIT
        if not disclosure.key:
            return ByLetter.KEY_DROPPED
        if receipt_of(disclosure) is None:
            return ByLetter.NO_RECEIPT
        try:
            Collecting(self.context).check(disclosure)
        except MustNotCall:
            return ByLetter.MUST_NOT_CALL
        return None

    def find(self, disclosure: Disclosure, id_: str) -> RightsAsked:
        """The request of this id.

        Raises:
            NotFound: there is none.
        """
        found = next((asked for asked in disclosure.rights if asked.id == id_), None)
        if found is None:
            raise NotFound("nothing of this id was asked")
        return found

    def ask(self, disclosure: Disclosure, wish: Wish) -> Exchange[Followed]:
        """Keep a request, send it, and keep what the partner says of it. To ask is to agree that one's address is seen.

        Raises:
            Conflict: it can only be written to, or is being asked just now; nothing was done.
            Malformed, TooLarge: it is about other data than the receipt's, or has too many words.
            Unavailable: it could not be kept, so it was not sent.
        """
        with self._busy(disclosure):
            disclosure = self._current(disclosure)
            if self.by_letter(disclosure) is ByLetter.TOO_LATE:
                raise Conflict("the partner does not have to answer any more")
            receipt, key = self._open(disclosure)
            context = self.context
            asked = make_request(
                disclosure,
                receipt,
                wish,
                key,
                endpoint=Collecting(context).check(disclosure),
                id_=context.new_id(),
                key=context.new_session_key(),
                now=context.now(),
            )
            agreed = disclosure.agreed or not is_identifying(disclosure.sent)
            disclosure = yield from self._keep(replace(with_asked(disclosure, asked), agreed=agreed))
            return (yield from self._follow(disclosure, asked))

    def open(self, disclosure: Disclosure, id_: str) -> Exchange[Followed]:
        """What the user sees who opens a request: how it stands now, unless it was asked just before or has ended.

        Raises:
            NotFound: there is none of this id.
            Unavailable: what came could not be kept.
        """
        asked = self.find(disclosure, id_)
        if has_ended(asked) or self.cut_off(disclosure) is not None:
            return Followed(disclosure, asked)
        if 0 <= self.context.now() - max(asked.looked_at, asked.at) < LIVE_AFTER:
            return Followed(disclosure, asked)
        return (yield from self.follow(disclosure, id_))

    def follow(self, disclosure: Disclosure, id_: str) -> Exchange[Followed]:
        """Ask how a request stands; one that was never answered is sent again, with the same bytes.

        Raises:
            NotFound: there is none of this id.
            Conflict: the partner can only be written to.
            Unavailable: what came could not be kept.
        """
        if disclosure.id in self.context.busy:
            return Followed(disclosure, self.find(disclosure, id_), at_work=True)
        with self._busy(disclosure):
            disclosure = self._current(disclosure)
            return (yield from self._follow(disclosure, self.find(disclosure, id_)))

    def present_again(self, disclosure: Disclosure, id_: str) -> Exchange[RequestSeen]:
        """Look at the request by which the partner wants to see the data once more. Nothing is given away.

        Raises:
            NotFound: there is none of this id.
            Conflict: the partner does not want it.
            NotForThisRequest: somebody else asks, or for more than they were shown; it is not answered.
            ProtocolError: see `Presenting.look`.
        """
        asked = self.find(disclosure, id_)
        status = status_of(asked)
        if status is None:
            raise Conflict("the partner has not answered yet")
        seen = yield from Presenting(self.context).look(link_to_present(status))
        verified = seen.verified
        try:
            check_again(disclosure, verified.request.dcql_query, requesters_of(verified.party))
        except NotForThisRequest:
            with self._busy(disclosure):
                disclosure = self._current(disclosure)
                problem = replace(self.find(disclosure, id_), problem=ASKS_FOR_MORE)
                yield from self._keep(with_asked(disclosure, problem))
            raise
        return seen

    def answer(self, disclosure: Disclosure, id_: str) -> Exchange[Handed]:
        """Fetch and open what the partner hands out. It is not kept.

        Raises:
            NotFound: there is none of this id.
            Conflict: nothing is handed out, or the key for it is gone.
            Unreachable: it cannot be had now.
            ProtocolError: it is not what the signed status names, or cannot be believed.
        """
        asked, context = self.find(disclosure, id_), self.context
        status, decrypter = _handed_out(asked)
        text = yield from self._fetch(disclosure, MAX_JWE, status.id, "answer")
        receipt, _ = self._open(disclosure)
        answer = open_rights_answer(
            text,
            decrypter,
            sent_request(asked, receipt, now=context.now()),
            status,
            receipt=receipt.id,
            partner=sent_of(disclosure).signers,
            anchors=context.anchors(),
            now=context.now(),
        )
        return Handed(disclosure, asked, answer)

    def file(self, handed: Handed, file: AnsweredFile) -> Exchange[bytes]:
        """Fetch and open a file of an answer. It is not kept.

        Raises:
            NotFound: what it belongs to was deleted.
            Conflict: the key for it is gone.
            Unreachable: it cannot be had now.
            ProtocolError: it is not the one that the signed answer names.
        """
        disclosure = self._current(handed.disclosure)
        status, decrypter = _handed_out(self.find(disclosure, handed.asked.id))
        limit = HEAD_OF_JWE + file.size * 4 // 3
        text = yield from self._fetch(disclosure, limit, status.id, "files", file.hash)
        return open_file(text, decrypter, file)

    def _fetch(self, disclosure: Disclosure, limit: int, *segments: str) -> Exchange[str]:
        """Something that is encrypted to the user, so that whatever carries it has to be nothing but that."""
        _, key = self._open(disclosure)
        url = call_url(Collecting(self.context).check(disclosure), CallPath.RIGHTS, *segments)
        # What the signed answer says is large may come slowly
        more = limit / SLOWEST
        response = yield from self._caller(key).call("GET", url, max_bytes=limit, more_seconds=more)
        return _text(_good(response, (200,)))

    def _follow(self, disclosure: Disclosure, asked: RightsAsked) -> Exchange[Followed]:
        receipt, key = self._open(disclosure)
        try:
            endpoint = Collecting(self.context).check(disclosure)
            text = yield from self._status(self._caller(key), endpoint, asked)
            asked = yield from self._learn(disclosure, receipt, asked, text)
        except Unavailable:
            raise
        except ProtocolError as error:
            if not isinstance(error, Unreachable):  # being away is no answer
                asked = replace(asked, problem=type(error).__name__)
                disclosure = yield from self._keep(with_asked(disclosure, asked))
            return Followed(disclosure, asked, error)
        kept = with_asked(disclosure, asked)
        if status_of(asked) != status_of(self.find(disclosure, asked.id)):
            # They did something: whoever looks at the answer next is not shown what was known before
            kept = replace(kept, asked_at=0)
        disclosure = yield from self._keep(kept)
        return Followed(disclosure, asked)

    def _status(self, caller: Caller, endpoint: str, asked: RightsAsked) -> Exchange[str]:
        status = status_of(asked)
        if status is None:
            url = call_url(endpoint, CallPath.RIGHTS)
            sent = asked.token.encode("ascii")
            response = yield from caller.call("POST", url, sent, max_bytes=MAX_OBJECT)
        else:
            url = call_url(endpoint, CallPath.RIGHTS, status.id)
            response = yield from caller.call("GET", url, max_bytes=MAX_OBJECT)
        good = _good(response, (200, 202))
        if good.media_type() != MEDIA_TYPE:
            raise Malformed(_AT, "is not an answer to that call")
        return _text(good)

    def _learn(self, disclosure: Disclosure, receipt: Receipt, asked: RightsAsked, text: str) -> Exchange[RightsAsked]:
        context, now = self.context, self.context.now()
        status = verify_rights_status(
            text,
            sent_request(asked, receipt, now=now),
            partner=sent_of(disclosure).signers,
            anchors=context.anchors(),
            now=now,
            before=status_of(asked),
        )
        signer = yield from signer_status(context, status.signed)
        return with_status(asked, status, signer_status=signer, now=now)

    def _open(self, disclosure: Disclosure) -> tuple[Receipt, P256Key]:
        """The receipt and the key by which the partner is asked.

        Raises:
            Conflict: it can only be written to.
        """
        key, receipt = cockpit_key(disclosure), receipt_of(disclosure)
        why = self.cut_off(disclosure)
        if why is not None or key is None or receipt is None:
            raise Conflict(f"the partner can only be written to ({why})")
        return receipt, key

    def _caller(self, key: P256Key) -> Caller:
        return Caller(key, self.context.random_bytes, self.context.now)

    def _current(self, disclosure: Disclosure) -> Disclosure:
        """As it is kept now.

        Raises:
            NotFound: it was deleted.
        """
        found = Collecting(self.context).current(disclosure)
        if found is None:
            raise NotFound("this was deleted meanwhile")
        return found

    def _keep(self, disclosure: Disclosure) -> Exchange[Disclosure]:
        yield from self.context.save(put=[disclosure])
        return disclosure

    @contextmanager
    def _busy(self, disclosure: Disclosure) -> Iterator[None]:
        """Nobody else asks about this answer meanwhile, and nobody destroys it: what came would bring it back.

        Raises:
            Conflict: somebody does already.
        """
        if disclosure.id in self.context.busy:
            raise Conflict("the partner is being asked just now; please try again")
        self.context.busy.add(disclosure.id)
        try:
            yield
        finally:
            self.context.busy.discard(disclosure.id)


def saved_answer(handed: Handed) -> JsonObject:
    """What is written where somebody keeps an answer: as the partner signed it, with what it answers, and readable."""
    says = handed.answer.says
    return {
        "answer": handed.answer.signed.raw,
        "request": handed.asked.token,
        "statuses": [kept.raw for kept in handed.asked.statuses],
        "data": dict(says.data),
        "information": says.information.to_dict() if says.information is not None else None,
    }


def _handed_out(asked: RightsAsked) -> tuple[RightsStatus, P256Key]:
    """The status that names an answer, and the key that opens it.

    Raises:
        Conflict: nothing is handed out, or the key is gone.
    """
    status = status_of(asked)
    if status is None or status.answer is None:
        raise Conflict("the partner has handed out nothing yet")
    if not asked.key:
        raise Conflict("the key that opens the answer was given up")
    return status, P256Key.from_scalar(bytes.fromhex(asked.key))


def _good(response: HttpResponse, statuses: tuple[int, ...]) -> HttpResponse:
    """An answer with one of these statuses.

    Raises:
        NotFound: the partner knows nothing of it.
        Conflict: it knows another request of this id.
        Unreachable: it is out of order.
        Malformed: none of the answers that the protocol knows.
    """
    if response.status in statuses:
        return response
    if response.status == 404:
        raise NotFound(f"{_AT}: the partner knows nothing of it")
    if response.status == 409:
        raise Conflict(f"{_AT}: the partner knows another one of this id")
    if response.status >= 500 or response.status == 429:
        raise Unreachable(f"{_AT}: answered with status {response.status}")
    raise Malformed(_AT, "is not an answer to that call")


def _text(response: HttpResponse) -> str:
    return response.body.decode("ascii", "replace")
