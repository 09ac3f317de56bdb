"""A wallet with a licence and a reader with an access certificate, who meet."""

from dataclasses import dataclass, replace

from protocol.dcql.match import match_query
from protocol.dcql.query import DcqlQuery
from protocol.device_retrieval.answer import device_response, read_device_response
from protocol.device_retrieval.meeting import HolderMeeting, ReaderMeeting
from protocol.device_retrieval.question import answerable_part, ask_reader_question, verify_device_request
from protocol.exchange import run
from protocol.formats import format_of
from protocol.holder_binding import KeyBinding
from protocol.mdoc.engagement import DeviceEngagement
from protocol.oid4vp.response import AuthorizationResponse
from protocol.oid4vp.verify import VerificationPolicy, verify_response
from protocol.status.check import Status, StatusReport
from protocol.trust.anchors import Role, TrustAnchors
from tests.protocol.mdoc.samples import DESK, HOLDER, IACA, MDL, SPACE, issued
from tests.support.pki import LEAF, NOW, make_pki, seeded_key

READER_PKI = make_pki(replace(LEAF, common_name="Car hire", organization="Car hire"), role=Role.VERIFIER)
ANCHORS = TrustAnchors([READER_PKI.anchor])
OTHER = "org.iso.7367.1.mVRC"
ISSUER = make_pki(DESK, root=IACA)  # entitled to every type
LICENCE = issued(pki=ISSUER)
VEHICLE = issued(pki=ISSUER, doc_type=OTHER)


def query(*claims, doc_type=MDL, **members):
    """What is asked of a document."""
    asked = {"id": "licence", "format": "mso_mdoc", "meta": {"doctype_value": doc_type}, **members}
    return {**asked, "claims": [{"path": [space, name]} for space, name in claims]} if claims else asked


def dcql(*credentials, **members):
    return DcqlQuery.from_dict({"credentials": list(credentials), **members})


ASKED = dcql(query((SPACE, "family_name"), (SPACE, "age_over_18")))


@dataclass
class Holder:
    """A wallet with documents, each once, that are all signed for by one key."""

    raws: tuple[str, ...]

    def candidates(self):
        known = format_of("mso_mdoc")
        return [
            known.candidate(str(number), run(known.verify_issued(raw, anchors=ISSUER.anchors, now=NOW), refuse_all))
            for number, raw in enumerate(self.raws)
        ]

    def present(self, question):
        """By question, everything that is asked and held."""
        held = self.candidates()
        match = match_query(answerable_part(question.dcql_query, held), held)
        binding = KeyBinding(HOLDER, question.audience, question.nonce, NOW, handover=question.handover)
        return {
            query_id: tuple(
                format_of("mso_mdoc").present(self.raws[int(found.candidate.id)], found.paths, binding)
                for found in items
            )
            for query_id, items in match.choose(match.default_choice()).items()
        }


@dataclass
class Met:
    """All messages of a meeting."""

    holder: HolderMeeting
    reader: ReaderMeeting
    establishment: bytes


def meet(
    asked=ASKED, *, signer=READER_PKI.signer, chain=READER_PKI.certificates, registration=None, seed=20, cockpit=None
):
    """A holder shows a code, and a reader asks."""
    holder = HolderMeeting.begin(seeded_key(seed))
    reader = ReaderMeeting(DeviceEngagement.from_text(holder.engagement.to_text()), seeded_key(seed + 1))
    establishment = reader.ask(
        lambda handover: ask_reader_question(
            asked, handover, signer=signer, chain=chain, registration=registration, cockpit_endpoint=cockpit
        )
    )
    return Met(holder, reader, establishment)


def look(meeting, *, anchors=ANCHORS):
    """What the wallet finds out about a request."""
    return verify_device_request(meeting.request, meeting.handover, anchors=anchors, now=NOW)


def answered(met, wallet):
    """The message with everything that the wallet has."""
    meeting = met.holder.open(met.establishment)
    verified = look(meeting)
    return meeting.answer(device_response(verified.request.dcql_query, wallet.present(verified.request)))


def judge(met, question, message, *, reader_key=None):
    """What the reader finds out about an answer."""
    response = read_device_response(met.reader.read_answer(message), question.dcql_query)
    assert isinstance(response, AuthorizationResponse)
    exchange = verify_response(
        response,
        question,
        anchors=ISSUER.anchors,
        policy=VerificationPolicy(),
        status_of=is_valid,
        now=NOW,
        reader_key=reader_key,
    )
    return run(exchange, refuse_all)


def is_valid(credential):
    yield from ()
    return StatusReport(Status.VALID, 0, NOW, NOW + 60, "")


def refuse_all(effect):
    raise AssertionError(effect)


WALLET = Holder((LICENCE,))
