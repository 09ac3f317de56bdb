"""A partner with a cockpit, by hand: it gives receipts and says what it did, and lies where a test wants it to."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from protocol.encoding import encode_base64url, read_json, read_json_object, sha256
from protocol.errors import ProtocolError
from protocol.exchange import HttpRequest, HttpResponse, run
from protocol.fields import Fields
from protocol.formats import format_of
from protocol.holder_binding import ExpectedBinding
from protocol.jws import Jws
from protocol.oid4vp.request import ClientMetadata
from protocol.sovereignty.calls import verify_call
from protocol.sovereignty.cockpit import read_key_field
from protocol.sovereignty.durations import Retention
from protocol.sovereignty.in_person import hash_claim, read_claim
from protocol.sovereignty.partner_directory import PartnerDirectory, Witnessed, WitnessedPartner
from protocol.sovereignty.receipt import TYP as RECEIPT_TYP
from protocol.sovereignty.receipt import LegalBasis, Outcome, Receipt
from protocol.sovereignty.receipt_evidence import evidence_in_person, evidence_of_answer
from protocol.sovereignty.receipt_parties import Controller, Recipient
from protocol.sovereignty.signing import Organisation, sign_as_organisation
from protocol.sovereignty.usage import Action, Addressee, Use
from protocol.sovereignty.usage_report import TYP as REPORT_TYP
from protocol.sovereignty.usage_report import News, UsageReport, UsageRequest
from protocol.trust.anchors import Role, TrustAnchors
from tests.protocol.sovereignty.logs import Log
from tests.support.partners import BANK, both
from tests.support.pki import DAY, NOW, Pki, Template, make_pki, seeded_key
from tests.wallet.counterpart_agency import answer
from tests.wallet.counterparts import PARTNER, Partner
from tests.wallet.meeting import MeetingWorld
from tests.wallet.registrar import ENTRY, LIBRARY
from tests.wallet.rights import RightsDesk
from wallet.service import Wallet

COCKPIT = f"{PARTNER}/cockpit"
WHY = both("Antrag auf einen Ausweis", "Application for a card")
NONCE = "nonce-of-the-cockpit-1"
Lie = Callable[[Receipt], Receipt]


def use(action=Action.RECEIVED, at=NOW, to=None, claims=None, **changes):
    """Something that the partner did."""
    members = {"at": at, "action": action, "claims": claims or {"pid": (("given_name",),)}, "by": "front desk"}
    return Use(**{**members, "why": WHY, "to": to, **changes})


TO_BANK = Addressee("Bank", BANK.identifier)


@dataclass
class CockpitPartner(Partner):
    """The library with a cockpit."""

    now: Callable[[], int] = lambda: NOW
    endpoint: str = COCKPIT
    inline: bool = True  # the receipt comes with the answer
    lie: Lie | None = None
    retention: str = "P1Y"
    recipients: tuple[Recipient, ...] = (Recipient("Bank", BANK.identifier, WHY),)
    receipts: dict[str, str] = field(default_factory=dict)  # thumbprint → receipt
    claims: dict[str, Receipt] = field(default_factory=dict)  # hash → receipt without a key
    bound: dict[str, str] = field(default_factory=dict)  # hash → thumbprint
    log: Log | None = None
    calls: list[HttpRequest] = field(default_factory=list)
    proofs: set[str] = field(default_factory=set)
    spoil_report: Callable[[UsageReport], UsageReport] | None = None
    sign_with: Pki | None = None  # somebody else's keys
    say: HttpResponse | ProtocolError | None = None  # instead of anything at the cockpit
    later: int = 0  # seconds after which the receipt is there
    news: tuple[News, ...] = ()
    known_anchors: Callable[[], TrustAnchors] = lambda: TrustAnchors([])

    def __post_init__(self):
        if self.endpoint:
            self.changes = {"client_metadata": ClientMetadata(cockpit_endpoint=self.endpoint), **self.changes}
        self.texts: list[str] = []
        self.desk = RightsDesk(self)

    def respond(self, request):
        """Answer one request."""
        path = urlsplit(request.url).path
        if path.startswith("/cockpit"):
            return self._cockpit(request, path)
        found = super().respond(request)
        if path == "/request":
            self.texts.append(found.body.decode())
            return found
        form = self.answers[-1]
        key = read_key_field(form)
        if "vp_token" not in form or key is None:
            return found
        receipt = self.receipt(form, key.key.thumbprint())
        self.receipts[key.key.thumbprint()] = receipt
        return answer({"receipt": receipt}) if self.inline else found

    def receipt(self, form, thumbprint):
        """The receipt for an answer by link, or what it lies."""
        query = self.request().dcql_query
        vp_token: Any = read_json_object(form["vp_token"].encode(), "vp_token")
        shown = {id_: [self._shown(one) for one in items] for id_, items in vp_token.items()}
        return self.sign(self.made(evidence_of_answer(self.texts[-1], query, vp_token, shown), thumbprint))

    def made(self, evidence, thumbprint, issuer=None):
        """What a receipt says."""
        purpose = ENTRY.purpose
        return Receipt(
            issuer=issuer or str(self.client_id),
            id=encode_base64url(sha256(repr((evidence, thumbprint)).encode())[:16]),
            issued_at=self.now(),
            request=evidence.request,
            presentations=evidence.presentations,
            claims=evidence.claims,
            outcome=Outcome.ACCEPTED,
            purpose=purpose,
            legal_basis=LegalBasis.CONSENT,
            retention=Retention.from_fields(Fields({"r": self.retention}, "x"), "r"),
            log_until=self.now() + 600 * DAY,
            controller=Controller.from_registration(ENTRY),
            key=thumbprint,
            recipients=self.recipients,
            cockpit_endpoint=self.endpoint,
        )

    def sign(self, receipt):
        """Sign a receipt, or the lie that is wanted."""
        signing = self.sign_with or self.pki
        return sign_as_organisation(
            RECEIPT_TYP, (self.lie(receipt) if self.lie else receipt).to_claims(), signing.signer, signing.x5c
        )

    def meet(self, reader, message):
        """Keep what a session in person brought, to be collected."""
        device_request = reader.request
        evidence = evidence_in_person(device_request, reader.meeting.read_answer(message))
        self.claims[hash_claim(reader.meeting.claim)] = self.made(evidence, "", LIBRARY)

    def did(self, *uses):
        """Write into the usage log, whose hour is over then."""
        [receipt] = {self._id(text) for text in self.receipts.values()}
        if self.log is None:
            self.log = Log(receipt=receipt)
        self.log.add(*uses)
        self.log.hour()
        return self

    def _id(self, text):
        return Jws.from_compact(text, "receipt").peek_claims("receipt").text("jti")

    def _shown(self, presentation):
        request = self.request()
        expected = ExpectedBinding(audience=str(request.client_id), nonce=request.nonce, now=self.now())
        exchange = format_of("dc+sd-jwt").verify_presented(
            presentation, anchors=self.known_anchors(), expected=expected, now=self.now()
        )
        return run(exchange, _refuse).claims

    def _cockpit(self, request, path):
        self.calls.append(request)
        if isinstance(self.say, HttpResponse):
            return self.say
        if self.say is not None:
            raise self.say
        if path.endswith("/consistency"):
            asked = dict(parse_qsl(urlsplit(request.url).query))
            return answer(self.log.growth(int(asked["from"]), int(asked["to"])).to_dict())
        call = verify_call(dict(request.headers)["dpop"], method=request.method, url=request.url, now=self.now())
        assert call.replay_key not in self.proofs
        self.proofs.add(call.replay_key)
        if call.nonce != NONCE:
            challenge = (("www-authenticate", 'DPoP error="use_dpop_nonce"'), ("dpop-nonce", NONCE))
            return HttpResponse(401, challenge, b"")
        if path.startswith("/cockpit/rights"):
            return self.desk.respond(self.receipts.get(call.thumbprint), request, path)
        body = Fields(read_json(request.body, "body"), "body")
        if path.endswith("/receipt"):
            return self._receipt(call.thumbprint, body)
        return self._usage(call.thumbprint, UsageRequest.from_dict(dict(body.members)))

    def _receipt(self, thumbprint, body):
        claim = read_claim(body)
        if claim is not None:
            receipt = self.claims.get(hash_claim(claim))
            first = self.bound.setdefault(hash_claim(claim), thumbprint)
            if receipt is None or first != thumbprint:
                return HttpResponse(404, (), b"")
            self.receipts.setdefault(thumbprint, self.sign(replace(receipt, key=thumbprint)))
        if self.later:
            return HttpResponse(202, (("retry-after", str(self.later)),), b"")
        found = self.receipts.get(thumbprint)
        return HttpResponse(404, (), b"") if found is None else _token(found)

    def _usage(self, thumbprint, asked):
        receipt = self.receipts.get(thumbprint)
        if receipt is None:
            return HttpResponse(404, (), b"")
        log = self.log or Log(receipt=self._id(receipt)).hour()
        report = log.report(
            at=self.now(), after=-1 if asked.after is None else asked.after, seen=asked.seen and asked.seen.tree_size
        )
        signing = self.sign_with or self.pki
        report = replace(report, news=self.news)
        said = self.spoil_report(report) if self.spoil_report else report
        return _token(sign_as_organisation(REPORT_TYP, said.to_claims(), signing.signer, signing.x5c))


def _token(text):
    return HttpResponse(200, (("content-type", "application/jwt"),), text.encode())


def _refuse(effect):
    raise AssertionError(effect)


class CockpitWorld(MeetingWorld):
    """A wallet, and a registered library that has a cockpit."""

    partner: CockpitPartner

    def __init__(self, vault, *, directory=None, register=True, **changes):
        partner = changes.pop("partner", {})
        super().__init__(vault, **changes)
        library = Template(common_name="City library", country="DE", identifier=LIBRARY, dns_names=("library.example",))
        pki = make_pki(library, key=seeded_key(6), role=Role.VERIFIER)
        self.partner = CockpitPartner(**{"pki": pki, **partner})
        self.partner.now = lambda: self.now
        self.partner.known_anchors = self.anchors
        self.directory = directory
        if register:
            self.registering()
        if vault is not None:
            self.wallet = Wallet.of(replace(self.wallet.context, directory=lambda: self.directory))

    @property
    def disclosure(self):
        """The newest answer that is kept."""
        return self.vault.disclosures()[-1]

    def look(self, *, asked=False):
        """Open the newest answer, or say that the partner is to be asked."""
        cockpit = self.wallet.cockpit
        return self.run(cockpit.ask(self.disclosure) if asked else cockpit.open(self.disclosure))

    def later(self, seconds):
        """Let time pass."""
        self.now += seconds
        return self

    def witnessed(self, *heads, endpoint=COCKPIT, **changes):
        """A directory that has the library, as of now."""
        partner = WitnessedPartner(Organisation(LIBRARY, "DE"), (Witnessed(endpoint, heads, **changes),))
        self.directory = PartnerDirectory(1, self.now, self.now + DAY, (partner,))
        return self
