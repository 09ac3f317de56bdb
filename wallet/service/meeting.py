"""Showing in person: the wallet shows a code, whoever reads it asks, and the answer goes back to them (ISO/IEC 18013-5).

Messages come and go over a relay, or without any network as codes from screen to camera; what is asked is considered like
any request. One meeting has one request and one answer; whoever keeps a stage keeps only the newest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from protocol.device_retrieval.answer import device_refusal, device_response
from protocol.device_retrieval.carriers import MAX_MESSAGE as MAX_RELAYED
from protocol.device_retrieval.carriers import Relay
from protocol.device_retrieval.meeting import AskedMeeting, HolderMeeting, refusal
from protocol.device_retrieval.question import VerifiedDeviceRequest, verify_device_request
from protocol.encoding import decode_base64url
from protocol.errors import Malformed, NotValidNow, ProtocolError, TooLarge, Unavailable, Unreachable, Unsupported
from protocol.exchange import Exchange
from protocol.formats import format_of
from protocol.keys import P256Key
from protocol.mdoc.frames import MAX_MESSAGE as MAX_SHOWN
from protocol.mdoc.transcript import ProximityHandover
from wallet.policy.asking import Lookup
from wallet.policy.haip import check_haip_reader
from wallet.policy.presenting import next_copy
from wallet.policy.showing import PartyShown, plain
from wallet.service.cockpit.disclosing import Disclosing
from wallet.service.context import WalletContext
from wallet.service.given import Begun
from wallet.service.presenting import Presenting
from wallet.service.seen import RequestSeen

LIFETIME = 300  # seconds: of the code until somebody asks, and of what they ask until it is answered

_SOMEBODY = PartyShown("", "", "", "", in_person=True)  # nobody is known before a request was read
_AROUND = 2048  # bytes at most of an answer that are no issuer's: signatures of the holder, encryption, types


class Way(StrEnum):
    """How messages travel."""

    RELAY = "relay"
    CODES = "codes"  # from screen to camera


class AnswerTooLarge(TooLarge):
    """It is more than this way carries; nothing was made."""


class MeetingOver(NotValidNow):
    """A meeting is too old; nothing was given away."""

    def __init__(self) -> None:
        super().__init__("this meeting is too old")


@dataclass(frozen=True, slots=True)
class CodeShown:
    """A code that nobody answered yet."""

    holder: HolderMeeting
    relay: Relay | None  # where a request may come too; None: nowhere
    ends_at: int  # epoch seconds

    @property
    def text(self) -> str:
        """What the code says."""
        return self.holder.engagement.to_text()

    def __repr__(self) -> str:
        """Never the key, and never where the channel is."""
        return "CodeShown()"


@dataclass(frozen=True, slots=True)
class Met:
    """Somebody who came and asked, and how they are answered."""

    asked: AskedMeeting
    relay: Relay | None  # None: by codes
    ends_at: int  # epoch seconds

    def __repr__(self) -> str:
        """Never keys, and never what was asked."""
        return "Met()"


@dataclass(frozen=True, slots=True)
class AskedInPerson:
    """A request that was verified and matched; nothing was given away yet."""

    met: Met
    seen: RequestSeen


@dataclass(frozen=True, slots=True)
class NotAsked:
    """What came is not answered. The meeting is over, nothing was given away, and the log says so."""

    error: ProtocolError
    message: bytes  # that tells the other side, and no more than that
    sent: bool  # False: it can still be shown


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that is made and encrypted for whoever asked, and counts as seen if it holds data."""

    message: bytes
    sent: bool  # the relay has it; False: it can still be shown
    begun: Begun | None  # None: nothing is given away

    def __repr__(self) -> str:
        """Never what is in it."""
        return f"Answer(sent={self.sent})"


@dataclass(frozen=True, slots=True)
class MeetingPresenting:
    """Everything between a code on the screen and an answer to whoever read it."""

    context: WalletContext
    presenting: Presenting

    def begin(self) -> CodeShown:
        """A meeting of its own: with a fresh key, and with a channel that nobody guesses where the wallet has a relay."""
        context = self.context
        relay = Relay.of_device(context.relay, context.new_secret()) if context.relay else None
        methods = (relay.method(),) if relay is not None else ()
        holder = HolderMeeting.begin(P256Key.generate(context.random_bytes), methods)
        return CodeShown(holder, relay, context.now() + LIFETIME)

    def is_good(self, shown: CodeShown) -> bool:
        """Whether a code can still be answered."""
        return shown.ends_at - LIFETIME <= self.context.now() < shown.ends_at

    def look(self, shown: CodeShown) -> Exchange[bytes | None]:
        """What somebody left at the relay; None: nothing yet, or there is no relay.

        Raises:
            MeetingOver: it is too late.
            Unreachable: nobody knows.
        """
        self._check_time(shown.ends_at)
        if shown.relay is None:
            return None
        return (yield from shown.relay.receive())

    def open(self, shown: CodeShown, message: bytes, way: Way) -> Exchange[AskedInPerson | NotAsked]:
        """Find out who asks for what with the first message of a meeting, and what is held that answers.

        Whatever comes of it, the code is used up: the next message that claims to be the first belongs to somebody else.

        Raises:
            MeetingOver: it is too late.
        """
        self._check_time(shown.ends_at)
        context = self.context
        relay = shown.relay if way is Way.RELAY else None
        try:
            asked = shown.holder.open(message)
        except ProtocolError as error:
            return (yield from self._not_asked(error, refusal(error), relay))
        met = Met(asked, relay, context.now() + LIFETIME)
        yield from context.renew_trust()
        try:
            verified = verify_device_request(
                asked.request, asked.handover, anchors=context.anchors(), now=context.now()
            )
            if context.haip:
                check_haip_reader(verified)
        except ProtocolError as error:
            unreadable = isinstance(error.__cause__, Malformed | Unsupported)
            message = refusal(error) if unreadable else asked.answer(device_refusal())
            return (yield from self._not_asked(error, message, relay))
        # Without a network nobody can be asked whether somebody still may ask; whoever came over the relay came over one
        lookup = Lookup.NEEDED if relay is not None else Lookup.WHERE_POSSIBLE
        try:
            return AskedInPerson(met, (yield from self.presenting.consider(verified, lookup)))
        except Unavailable:
            raise
        except ProtocolError as error:
            # The log says so already
            message = asked.answer(device_refusal())
            return NotAsked(error, message, (yield from self._send(relay, message)))

    def share(self, met: Met, seen: RequestSeen, choice: Mapping[str, Sequence[str]]) -> Exchange[Answer]:
        """Give away what was chosen; see `Presenting.share`. `settle` says what became of it where the relay did not.

        Raises:
            MeetingOver: it is too late; nothing was made.
            AnswerTooLarge: nothing was made.
            ProtocolError: as for `Presenting.begin`; nothing was made.
        """
        self._check_time(met.ends_at)
        question = _in_person(seen).request
        self._check_size(met, seen, choice)
        begun = yield from self.presenting.begin(seen, choice)
        try:
            response = device_response(question.dcql_query, begun.vp_token)
            yield from Disclosing(self.context).promise_in_person(seen, begun, met.asked, response)
            message = met.asked.answer(response)
        except ProtocolError as error:
            yield from self.presenting.fail(seen, begun, error)
            raise
        sent = yield from self._send(met.relay, message)
        if sent:
            yield from self.presenting.finish(seen, begun, "done")
        return Answer(message, sent, begun)

    def settle(self, seen: RequestSeen, answer: Answer, *, arrived: bool) -> Exchange[None]:
        """Note what the user says became of an answer that was shown: that the other side has it, or that it may have it."""
        if answer.begun is not None and not answer.sent:
            yield from self.presenting.finish(seen, answer.begun, "done" if arrived else "unknown")

    def decline(self, met: Met, seen: RequestSeen) -> Exchange[Answer]:
        """Nothing is given away, because the user says no or nothing fits: the other side cannot tell which (T168)."""
        _in_person(seen)
        yield from self.presenting.note_decline(seen)
        message = met.asked.answer(device_refusal())
        return Answer(message, (yield from self._send(met.relay, message)), None)

    def end(self, shown: CodeShown) -> Exchange[None]:
        """Have whatever lies at the relay erased: the code is not shown any more."""
        if shown.relay is not None:
            with suppress(Unreachable):
                yield from shown.relay.end()

    def _not_asked(self, error: ProtocolError, message: bytes, relay: Relay | None) -> Exchange[NotAsked]:
        note = self.context.entry("failed", _SOMEBODY, plain(error.description))
        yield from self.context.save(note=note)
        return NotAsked(error, message, (yield from self._send(relay, message)))

    def _send(self, relay: Relay | None, message: bytes) -> Exchange[bool]:
        """Whether the relay has it; if not, nobody knows, and it can be shown all the same: it is the same message."""
        if relay is None:
            return False
        try:
            yield from relay.send(message)
        except Unreachable:
            return False
        return True

    def _check_time(self, ends_at: int) -> None:
        if not ends_at - LIFETIME <= self.context.now() < ends_at:
            raise MeetingOver

    def _check_size(self, met: Met, seen: RequestSeen, choice: Mapping[str, Sequence[str]]) -> None:
        """Before any copy is used up: how large the answer can be at most is known from what the issuers signed."""
        held = {one.id: one for one in self.context.store.credentials()}
        size = _AROUND
        for items in seen.match.choose(choice).values():
            for found in items:
                copy = next_copy(held[found.candidate.id])
                bare = format_of(found.candidate.format).present(copy.raw, found.paths, None)
                size += len(decode_base64url(bare, "answer")) + _AROUND
        most = MAX_SHOWN if met.relay is None else MAX_RELAYED
        if size > most:
            raise AnswerTooLarge("answer", f"is larger than {most} bytes, which is all that can be carried")


def _in_person(seen: RequestSeen) -> VerifiedDeviceRequest:
    verified = seen.verified
    if not isinstance(verified, VerifiedDeviceRequest) or not isinstance(verified.request.handover, ProximityHandover):
        raise TypeError("what came by link or page is answered there")
    return verified
