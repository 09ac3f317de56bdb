"""A reader who meets a wallet, by hand; a relay between them; and documents that are shown in person."""

from dataclasses import dataclass, field, replace

from protocol.dcql.query import MDOC, CredentialMeta, DcqlQuery
from protocol.device_retrieval.answer import read_device_response
from protocol.device_retrieval.carriers import MEDIA_TYPE, Relay
from protocol.device_retrieval.meeting import ReaderMeeting
from protocol.device_retrieval.question import DeviceQuestion, ask_reader_question
from protocol.encoding import encode_json
from protocol.errors import Unreachable
from protocol.exchange import HttpRequest, HttpResponse, run
from protocol.mdoc.engagement import DeviceEngagement
from protocol.oid4vci.metadata import ClaimDescription, CredentialConfiguration, Display
from protocol.oid4vp.response import AuthorizationResponse
from protocol.oid4vp.verify import VerificationPolicy, verify_response
from protocol.status.check import Status, StatusReport
from protocol.trust.anchors import TrustAnchors
from protocol.trust.registration import RegisteredCredential
from tests.protocol.mdoc.samples import CLAIMS, DESK, IACA, MDL, SPACE, issued
from tests.support.pki import NOW, make_pki, seeded_key
from tests.wallet.registrar import ENTRY, RegisteredWorld
from wallet.records import Copy, HeldCredential
from wallet.service import Wallet
from wallet.service.meeting import Way

RELAY = "https://relay.example/meet"
VEHICLE = "org.iso.7367.1.mVRC"
ISSUER = make_pki(DESK, root=IACA)  # entitled to every type
LABELS = tuple(
    ClaimDescription((SPACE, element), (Display(english, "en"), Display(german, "de")))
    for element, english, german in (
        ("family_name", "Family name", "Nachname"),
        ("given_name", "Given name", "Vorname"),
        ("age_over_18", "At least 18", "Mindestens 18"),
    )
)
NAMES = {MDL: ("Driving licence", "Führerschein"), VEHICLE: ("Vehicle papers", "Fahrzeugschein")}


def document(doc_type=MDL, record_id="", *, seed=70, copies=2, **changes):
    """A document as a wallet keeps it, each copy bound to a key of its own."""
    english, german = NAMES[doc_type]
    configuration = CredentialConfiguration(
        MDOC, doc_type, display=(Display(english, "en"), Display(german, "de")), claims=LABELS
    )
    keys = [seeded_key(seed + number) for number in range(copies)]
    raws = [
        issued(pki=ISSUER, random=seed + number, doc_type=doc_type, holder_key=key.public_key)
        for number, key in enumerate(keys)
    ]
    members = {
        "id": record_id or f"{seed:032x}",
        "format": MDOC,
        "type": doc_type,
        "configuration_id": doc_type,
        "credential_issuer": "https://agency.example",
        "issuer_name": "Licensing office",
        "vouched_by": "Licensing authority",
        "configuration": encode_json(configuration.to_dict()).decode(),
        "claims": encode_json(CLAIMS).decode(),
        "received_at": NOW,
        "expires_at": 0,
        "notification_id": "",
        "copies": tuple(Copy(raw, key.to_scalar().hex(), 0) for raw, key in zip(raws, keys, strict=True)),
    }
    return HeldCredential(**{**members, **changes})


def asks(*elements, doc_type=MDL, query_id="document0", **members):
    """What a reader asks of a document."""
    claims = [{"path": [SPACE, element], **members} for element in elements]
    return {"id": query_id, "format": MDOC, "meta": {"doctype_value": doc_type}, "claims": claims}


def registered(*elements, doc_type=MDL):
    """A kind of document with what may be asked of it."""
    return RegisteredCredential(
        MDOC, CredentialMeta.of_type(MDOC, doc_type), tuple((SPACE, element) for element in elements)
    )


LICENSED = replace(ENTRY, credentials=(registered("family_name", "age_over_18"),))


@dataclass
class RelayHost:
    """A relay that is what it should be; `messages` holds what lies there, and it can be out of reach."""

    messages: dict[str, bytes] = field(default_factory=dict)
    away: bool = False
    seen: list[HttpRequest] = field(default_factory=list)

    def respond(self, request: HttpRequest) -> HttpResponse:
        """Take, hand out, erase."""
        self.seen.append(request)
        if self.away:
            return HttpResponse(503, (), b"")
        if request.method == "POST":
            if self.messages.setdefault(request.url, request.body) != request.body:
                return HttpResponse(409, (), b"")
            return HttpResponse(204, (), b"")
        if request.method == "DELETE":
            for url in [url for url in self.messages if url.startswith(f"{request.url}/")]:
                del self.messages[url]
            return HttpResponse(204, (), b"")
        found = self.messages.get(request.url)
        if found is None:
            return HttpResponse(204, (), b"")
        return HttpResponse(200, (("content-type", MEDIA_TYPE),), found)


class MeetingWorld(RegisteredWorld):
    """The world with a relay, with documents to show, and with the library's reader."""

    def __init__(self, vault, *, relay=RELAY, **changes):
        self.relay = RelayHost()
        super().__init__(vault, **changes)
        self.more["https://relay.example"] = self.relay
        self.offline = False
        self.shown: list[str] = []  # codes, where a test looks over the shoulder
        if vault is not None:
            self.wallet = Wallet.of(replace(self.wallet.context, relay=relay))

    def anchors(self):
        """Whom the wallet trusts: whoever issues driving licences as well."""
        known = super().anchors()
        return TrustAnchors([*known.anchors, ISSUER.anchor])

    def send_now(self, request):
        """Bring a request to whom it is for, if there is a network."""
        if self.offline:
            raise Unreachable("there is no network")
        return super().send_now(request)

    def keep(self, *documents):
        """Put documents into the wallet."""
        self.vault.write(put=documents)
        return self

    def reader(self, shown, *asked, signed=True, seed=30, **changes):
        """Somebody who read a code that the wallet shows."""
        return Reader(
            self, shown.text, asked or (asks("family_name", "age_over_18"),), signed=signed, seed=seed, **changes
        )

    def open(self, shown, message, way=Way.CODES):
        """What the wallet makes of a message."""
        return self.run(self.wallet.meetings.open(shown, message, way))


class Reader:
    """The library's reader, which asks one thing of whoever's code it read."""

    def __init__(
        self, world, text, asked, *, signed=True, seed=30, entry=None, pki=None, chain=None, cockpit=None, **members
    ):
        self.world = world
        self.query = DcqlQuery.from_dict({"credentials": [*asked], **members})
        self.meeting = ReaderMeeting(DeviceEngagement.from_text(text), seeded_key(seed))
        signing = pki or world.partner.pki
        self.request = ask_reader_question(
            self.query,
            self.meeting.handover,
            signer=signing.signer if signed else None,
            chain=signing.certificates if signed else (),
            registration=world.registrar.certificate(entry) if entry is not None else None,
            cockpit_endpoint=cockpit,
        )
        self.message = self.meeting.ask(lambda _: self.request)

    @property
    def relay(self):
        """Where the code says that messages may be left."""
        return Relay.of_reader(self.meeting.engagement.methods)

    def leave(self):
        """Leave the request at the relay."""
        self.world.run(self.relay.send(self.message))

    def fetch(self):
        """What the wallet left there."""
        return self.world.run(self.relay.receive())

    def read(self, message):
        """What an answer says, unverified."""
        return read_device_response(self.meeting.read_answer(message), self.query)

    def judge(self, message):
        """What the reader finds out about an answer with data."""
        response = self.read(message)
        assert isinstance(response, AuthorizationResponse)
        question = DeviceQuestion(self.query, self.meeting.handover)
        exchange = verify_response(
            response, question, anchors=ISSUER.anchors, policy=VerificationPolicy(), status_of=_is_valid, now=NOW
        )
        return run(exchange, _refuse_all)


def _is_valid(credential):
    yield from ()
    return StatusReport(Status.VALID, 0, NOW, NOW + 60, "")


def _refuse_all(effect):
    raise AssertionError(effect)


def verified_claims(reader, message):
    """The data in an answer that holds."""
    verdict = reader.judge(message)
    assert verdict.accepted, verdict.checks
    return verdict.claims


def begin(world):
    """A code that the wallet shows."""
    return world.wallet.meetings.begin()


def asked(world, *queries, way=Way.CODES, **reader):
    """Somebody reads the code and asks."""
    shown = begin(world)
    who = world.reader(shown, *queries, **reader)
    if way is Way.RELAY:
        who.leave()
        message = world.run(world.wallet.meetings.look(shown))
    else:
        message = who.message
    return who, world.open(shown, message, way)


def share(world, found, choice=None):
    """Say yes, to the least that answers if nothing else is said."""
    return world.run(world.wallet.meetings.share(found.met, found.seen, choice or found.seen.default_choice()))


def decline(world, found):
    """Say no."""
    return world.run(world.wallet.meetings.decline(found.met, found.seen))
