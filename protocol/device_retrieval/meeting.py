"""Wallet and reader meet: a code is shown, a session opened, one request asked and answered (ISO/IEC 18013-5 §6.3.2, §9.1.1).

Pure values and no state beside them: what a side has to remember is its own key and the engagement, so that either can be
anywhere between two messages. Whichever way the messages travel is for `carriers`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

from protocol.cbor import encode_wrapped
from protocol.errors import AccessDenied, Malformed, NotAuthentic, ProtocolError
from protocol.keys import P256Key
from protocol.mdoc.engagement import DeviceEngagement, RetrievalMethod
from protocol.mdoc.session import Session, SessionData, SessionEstablishment, Termination, reader_key_bytes
from protocol.mdoc.transcript import ProximityHandover
from protocol.sovereignty.in_person import derive_claim


@dataclass(frozen=True, slots=True)
class HolderMeeting:
    """The wallet's side before anybody came: what its code says, and the key for it."""

    engagement: DeviceEngagement
    own: P256Key

    @classmethod
    def begin(cls, own: P256Key, methods: tuple[RetrievalMethod, ...] = ()) -> Self:
        """A meeting of its own; `own` is a fresh key for it alone, `methods` say where messages may be left.

        Without a method there is still the way from screen to camera, which needs none.
        """
        return cls(DeviceEngagement.begin(own.public_key, methods), own)

    def open(self, message: bytes) -> AskedMeeting:
        """Open the session with a reader's first message. One meeting opens one session: a second reader is refused.

        That it is the first is the caller's to know. On a refusal the session ends with `refusal`.

        Raises:
            NotAuthentic: it was made for another engagement, or altered (T059).
            TooLarge, Malformed, Unsupported: see `SessionEstablishment.from_bytes`.
        """
        establishment = SessionEstablishment.from_bytes(message)
        handover = ProximityHandover(self.engagement.raw, establishment.reader_key_bytes)
        transcript = _transcript_bytes(handover)
        session = Session.of_device(self.own, establishment.reader_key, transcript)
        session, request = session.decrypt(establishment.data)
        claim = derive_claim(self.own.agree(establishment.reader_key), transcript)
        return AskedMeeting(handover, session, request, claim)


@dataclass(frozen=True, slots=True)
class AskedMeeting:
    """The wallet's side when a reader has asked."""

    handover: ProximityHandover
    session: Session
    request: bytes  # DeviceRequest, encoded
    claim: bytes = field(repr=False)  # by which a cockpit key is bound afterwards (docs/sovereignty/receipts.md)

    def answer(self, device_response: bytes) -> bytes:
        """The message with the answer, which ends the session: one request, one answer."""
        _, data = self.session.encrypt(device_response)
        return SessionData(data, Termination.TERMINATED).to_bytes()


@dataclass(frozen=True, slots=True)
class ReaderMeeting:
    """The reader's side: whose code it read, and its own key for this session."""

    engagement: DeviceEngagement
    own: P256Key

    @property
    def handover(self) -> ProximityHandover:
        """What both sides bind all that they sign to."""
        return ProximityHandover(self.engagement.raw, reader_key_bytes(self.own.public_key))

    @property
    def claim(self) -> bytes:
        """By which the wallet binds a cockpit key afterwards; the reader keeps its hash alone (`hash_claim`)."""
        return derive_claim(self.own.agree(self.engagement.device_key), _transcript_bytes(self.handover))

    def ask(self, request: Callable[[ProximityHandover], bytes]) -> bytes:
        """The first message, with the DeviceRequest that `request` makes and signs for this session."""
        _, data = self._session().encrypt(request(self.handover))
        return SessionEstablishment.begin(self.own.public_key, data).to_bytes()

    def read_answer(self, message: bytes) -> bytes:
        """The encoded DeviceResponse in the holder's message.

        Raises:
            AccessDenied: the holder ended the session without an answer.
            NotAuthentic: of another session, or altered (T059).
            TooLarge, Malformed: see `SessionData.from_bytes`.
        """
        data = SessionData.from_bytes(message)
        if data.data is None:
            if data.status in (Termination.ENCRYPTION_ERROR, Termination.DECODING_ERROR):
                raise Malformed("session data", "says that the wallet could not read the request")
            raise AccessDenied("the holder ended the session")
        # Of a fresh session: the answer is the first message of the other side, and the only one
        _, response = self._session().decrypt(data.data)
        return response

    def _session(self) -> Session:
        return Session.of_reader(self.own, self.engagement.device_key, _transcript_bytes(self.handover))


def refusal(error: ProtocolError) -> bytes:
    """The message that ends a session in which something could not be read (§9.1.1.4, table 20); it says nothing else."""
    reason = Termination.ENCRYPTION_ERROR if isinstance(error, NotAuthentic) else Termination.DECODING_ERROR
    return SessionData(None, reason).to_bytes()


def farewell() -> bytes:
    """The message that ends a session, from either side, with no answer."""
    return SessionData(None, Termination.TERMINATED).to_bytes()


def _transcript_bytes(handover: ProximityHandover) -> bytes:
    return encode_wrapped(handover.session_transcript())
