"""Asking in person: we read the code that somebody's wallet shows, and ask that wallet alone (ISO/IEC 18013-5).

It is the same request as the one behind our own code, with a session of its own. Whichever is answered first counts, and the
store decides which that is. Messages travel by a relay that the wallet named, or from screen to camera both ways.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from protocol.dcql.query import DcqlQuery
from protocol.device_retrieval.answer import read_device_response
from protocol.device_retrieval.carriers import Relay
from protocol.device_retrieval.meeting import ReaderMeeting
from protocol.device_retrieval.question import DeviceQuestion, ask_reader_question, mdoc_part
from protocol.encoding import decode_base64url, encode_base64url
from protocol.errors import AccessDenied, InvalidRequest, NotFound, ProtocolError, raised_as
from protocol.exchange import Exchange
from protocol.keys import P256Key
from protocol.mdoc.engagement import DeviceEngagement
from protocol.mdoc.transcript import ProximityHandover
from protocol.oid4vp.response import AuthorizationResponse, ErrorResponse
from protocol.sovereignty.receipt_evidence import evidence_in_person
from protocol.trust.carried import REGISTRATION_CERT, Carried, carried_registration
from protocol.x509 import Certificate
from runtime.conversation import SessionKey, advance, load, with_key
from runtime.logs import get_logger
from verifier.other_ways import Asker, meet, note_relayed, waiting_in_meeting
from verifier.service.answers import Answers
from verifier.service.context import VerifierContext
from verifier.service.receipts import Way
from verifier.service.requests import BROWSER, Requests
from verifier.session import (
    AWAITED,
    REQUEST,
    Awaited,
    MeetingTerms,
    no_request,
    not_open,
    read_query,
)
from verifier.use_case import UseCase


@dataclass(frozen=True, slots=True)
class Meetings:
    """Asking somebody who stands before us, and being answered."""

    context: VerifierContext
    requests: Requests
    answers: Answers

    @staticmethod
    def in_browser(browser: str) -> Asker:
        """Whoever has this secret of a browser."""
        return Asker(browser=SessionKey.of(BROWSER, browser).digest)

    def can_ask(self, query: DcqlQuery) -> bool:
        """Whether a question can be asked in person: some answer to it has documents of ISO/IEC 18013-5 alone."""
        return mdoc_part(query) is not None

    def can_ask_for_another(self, use_case: UseCase) -> bool:
        """Whether somebody can be asked in person both for themselves and for another: by a proof that may be left out.

        A reader's request knows nothing that may be left out, so whoever asks says which it is.
        """
        terms = use_case.acting
        return (
            terms is not None and terms.leaves_open(use_case.query) and self.can_ask(terms.for_another(use_case.query))
        )

    def asked(self, request_id: str) -> Exchange[frozenset[str]]:
        """Ids of the queries that are asked in person; empty: no answer is awaited."""
        try:
            stage = yield from load(SessionKey.of(REQUEST, request_id), no_request(), AWAITED)
        except NotFound:
            return frozenset()
        part = mdoc_part(read_query(stage.terms.dcql_query))
        return frozenset([one.id for one in part.credentials]) if part is not None else frozenset()

    def begin(self, request_id: str, asker: Asker, code: str) -> Exchange[None]:
        """Ask the wallet whose code was read, in place of another one that was asked in person before.

        Where it names a relay, the message is left there. That the relay cannot be had is no error: a page shows the message.

        Raises:
            NotFound: unknown, somebody else's, answered, or over (T237).
            InvalidRequest: it is no wallet's code, or nobody can be asked this in person.
            Unavailable: the signing key is away; the request stays as it is.
        """
        context = self.context
        stage = yield from load(SessionKey.of(REQUEST, request_id), no_request(), AWAITED)
        with raised_as(InvalidRequest):
            engagement = DeviceEngagement.from_text(code.strip())
        own = P256Key.generate(context.random_bytes)
        # Made once and kept: the session's first message must never be encrypted twice with another content
        message, asked = yield from self._message(stage, ReaderMeeting(engagement, own))
        terms = MeetingTerms(
            encode_base64url(engagement.raw),
            encode_base64url(context.sealer.seal(own.to_scalar(), _sealed_for(request_id))),
            encode_base64url(message),
            request=encode_base64url(asked),
        )
        yield from advance(
            SessionKey.of(REQUEST, request_id),
            lambda session: meet(session, terms, asker, now=context.now()),
            no_request(),
        )
        relay = Relay.of_reader(engagement.methods)
        if relay is not None:
            try:
                yield from relay.send(message)
            except ProtocolError as error:
                get_logger().info("no relay", reason=error.description)
            else:
                yield from self._note_relayed(request_id, terms, relayed=True)

    def met(self, request_id: str, asker: Asker) -> Exchange[MeetingTerms | None]:
        """With which wallet it stands; None: with none, or no answer is awaited any more."""
        try:
            _, met = yield from self._waiting(request_id, asker)
        except InvalidRequest:
            return None
        return met

    def message(self, request_id: str, asker: Asker) -> Exchange[bytes]:
        """The message for the wallet that was met last, the same every time.

        Raises:
            InvalidRequest: unknown, somebody else's, nobody was met, over or answered before.
        """
        _, met = yield from self._waiting(request_id, asker)
        return decode_base64url(met.message)

    def look(self, request_id: str, asker: Asker) -> Exchange[None]:
        """Take the answer from the relay if it is there. Every look of the page that began does this.

        What lies there and is no answer ends the waiting there, and leaves the other ways.
        """
        met = yield from self.met(request_id, asker)
        if met is None or not met.relayed:
            return
        relay = Relay.of_reader(DeviceEngagement.from_bytes(decode_base64url(met.engagement)).methods)
        if relay is None:
            return
        try:
            message = yield from relay.receive()
        except ProtocolError:
            return  # the next look may find it
        if message is None:
            return
        try:
            yield from self.answer(request_id, asker, message)
        except ProtocolError as error:
            get_logger().info("no answer at the relay", reason=error.description)
            yield from self._note_relayed(request_id, met, relayed=False)
            return
        with suppress(ProtocolError):
            yield from relay.end()

    def answer(self, request_id: str, asker: Asker, message: bytes) -> Exchange[None]:
        """Take the message of the wallet that was met last, as `Answers.receive` takes what a wallet posts.

        The page shows what was found, good or bad, so that this is no error here.

        Raises:
            InvalidRequest: unknown, somebody else's, nobody was met, over or answered before (T178, T179); or no
                answer to what was asked in this session (T059): then the request stays open.
            TooLarge: over its cap.
        """
        stage, met = yield from self._waiting(request_id, asker)
        meeting = self._meeting(stage, met)
        question = self._question(stage, meeting.handover)
        response: AuthorizationResponse | ErrorResponse
        with raised_as(InvalidRequest):
            try:
                data = meeting.read_answer(message)
                response = read_device_response(data, question.dcql_query)
            except AccessDenied:
                data, response = b"", ErrorResponse(AccessDenied.code)
        key = SessionKey.of(REQUEST, request_id)
        # No response code: it is whoever asked that the answer came to (T183)
        way = self._way(met, meeting, data)
        yield from self.answers.judge(key, stage, question, response, "", way=way, reader_key=meeting.own)

    def _note_relayed(self, request_id: str, met: MeetingTerms, *, relayed: bool) -> Exchange[None]:
        yield from advance(
            SessionKey.of(REQUEST, request_id),
            lambda session: note_relayed(session, met, relayed=relayed),
            no_request(),
        )

    def _waiting(self, request_id: str, asker: Asker) -> Exchange[tuple[Awaited, MeetingTerms]]:
        found = yield from load(SessionKey.of(REQUEST, request_id), not_open(), AWAITED)
        return waiting_in_meeting(found, asker, now=self.context.now())

    def _way(self, met: MeetingTerms, meeting: ReaderMeeting, response: bytes) -> Way | None:
        """How the answer came, for its receipt: the wallet binds its key afterwards, by what only this session knows."""
        who = self.context.organisation
        if who is None or not met.request:
            return None
        request = decode_base64url(met.request)
        return Way(who.identifier, lambda _: evidence_in_person(request, response), claim=meeting.claim)

    def _message(self, stage: Awaited, meeting: ReaderMeeting) -> Exchange[tuple[bytes, bytes]]:
        """The session's first message, and the request in it."""
        context = self.context
        registration = self._registration(stage)
        question = self._question(stage, meeting.handover)
        chain = tuple(Certificate.from_x5c(text) for text in context.signing.x5c)
        request = partial(
            ask_reader_question,
            question.dcql_query,
            signer=context.signing.signer,
            chain=chain,
            registration=registration,
            cockpit_endpoint=self.requests.receipts.endpoint(stage),
        )
        asked = yield from with_key(context.signing.signer, lambda: request(meeting.handover))
        return meeting.ask(lambda _: asked), asked

    def _registration(self, stage: Awaited) -> str | None:
        """The registration certificate that requests show, if they show one."""
        infos = [info for info in self.requests.verifier_info(stage) if info.format == REGISTRATION_CERT]
        return carried_registration([Carried(info.format, info.data) for info in infos], "registration")

    def _question(self, stage: Awaited, handover: ProximityHandover) -> DeviceQuestion:
        part = mdoc_part(read_query(stage.terms.dcql_query))
        if part is None:
            raise InvalidRequest("dcql_query: cannot be asked in person")
        return DeviceQuestion(part, handover)

    def _meeting(self, stage: Awaited, met: MeetingTerms) -> ReaderMeeting:
        scalar = self.context.sealer.open(decode_base64url(met.key), _sealed_for(stage.asked.id))
        return ReaderMeeting(DeviceEngagement.from_bytes(decode_base64url(met.engagement)), P256Key.from_scalar(scalar))


def _sealed_for(request_id: str) -> str:
    return f"meeting key {request_id}"
