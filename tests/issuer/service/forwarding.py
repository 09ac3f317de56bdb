"""An agency that takes mandates, and a recipient that a registrar lists: only the wallet and the network are not real."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import count
from urllib.parse import urlsplit

from protocol.encoding import JsonObject, encode_base64url
from protocol.errors import Unreachable, UseDpopNonceAtResource
from protocol.exchange import Exchange, HttpRequest, HttpResponse
from protocol.fields import Fields
from protocol.formats import IssuerSigner
from protocol.jws import Jws
from protocol.keys import P256Key
from protocol.oauth.dpop import sign_dpop_proof
from protocol.oid4vci.credential import CredentialRequest
from protocol.oid4vp.request import DIRECT_POST_JWT, ClientMetadata, EncryptionKey
from protocol.sovereignty.calls import CallPath, call_url
from protocol.sovereignty.forwarding import ForwardingMandate, Recipient, VerifiedMandate, sign_mandate, verify_mandate
from protocol.sovereignty.mandate_handover import sign_handover
from protocol.sovereignty.mandate_status import MandateStatus
from protocol.sovereignty.receipt import Receipt
from protocol.trust.anchors import TrustAnchors
from protocol.trust.registration import Registration
from tests.support.issuer import Desk, TestWallet, make_issuer
from tests.support.partners import BANK, COCKPIT_KEY, ENC_KEY, OTHER_KEY, TOWN, both, partner
from tests.support.pki import DAY, NOW, seeded
from tests.wallet.counterparts import Partner, dcql
from tests.wallet.registrar import ENTRY, REGISTRAR, Registrar, registered
from tests.wallet.service_town import Publisher

BANK_HOST = "https://bank.example"
SERVICE = "account"
MEMBER = "urn:test:member:1"
NAME = ("given_name",)
PURPOSE = both("Kontoführung", "Keeping your account")
REGISTRATION: Registration = replace(
    ENTRY,
    name="Bank",
    identifier=BANK.identifier,
    country=BANK.country,
    expires_at=NOW + 300 * DAY,
    purpose=PURPOSE,
    credentials=(registered(NAME, vct=MEMBER),),
)
_numbers = count(1)


@dataclass
class Bank:
    """A recipient; `changes` are of its request, `status` is what it answers to what is forwarded."""

    registrar: Registrar
    registration: Registration | None = REGISTRATION
    query: JsonObject = field(default_factory=lambda: {"credentials": [dcql(NAME, query_id="card", vct=MEMBER)]})
    changes: dict[str, object] = field(default_factory=dict)
    status: int = 200
    away: bool = False
    when_asked: Callable[[], object] = lambda: None  # while it says what it wants
    asked: int = 0
    got: list[HttpRequest] = field(default_factory=list)
    partner: Partner = field(default_factory=lambda: Partner(pki=partner(BANK, 7302)))

    @property
    def entry(self) -> JsonObject:
        """Its service in the list."""
        return {
            "id": SERVICE,
            "provider": {**BANK.to_dict(), "name": "Bank"},
            "name": {"de": "Konto", "en": "Account"},
            "summary": {"de": "Wir führen es.", "en": "We keep it."},
            "start": f"{BANK_HOST}/start",
            "forward": f"{BANK_HOST}/forward",
            "registration": "account",
        }

    def respond(self, request: HttpRequest) -> HttpResponse:
        """Answer one request."""
        if self.away:
            raise Unreachable("the bank is away")
        if urlsplit(request.url).path == "/response":
            self.got.append(request)
            return HttpResponse(self.status, (("content-type", "application/json"),), b"{}")
        self.asked += 1
        self.partner.signed_at = self.registrar.now()
        self.partner.query = self.query
        self.partner.changes = {
            "response_uri": f"{BANK_HOST}/response",
            "response_mode": DIRECT_POST_JWT,
            "client_metadata": ClientMetadata((EncryptionKey("1", ENC_KEY.public_key),)),
            "verifier_info": () if self.registration is None else (self.registrar.info(self.registration),),
            **self.changes,
        }
        response: HttpResponse = self.partner.respond(replace(request, url=f"{BANK_HOST}/request"))
        self.when_asked()
        return response


@dataclass
class Office:
    """The agency, whose citizen holds one document with a receipt."""

    registrar: Registrar = field(default_factory=Registrar)
    publisher: Publisher = field(init=False)
    bank: Bank = field(init=False)
    desk: Desk = field(init=False)
    trusts_registrar: bool = True
    receipt: Receipt = field(init=False)
    signed: dict[ForwardingMandate, VerifiedMandate] = field(
        default_factory=dict
    )  # each once: a signature is never the same

    def __post_init__(self) -> None:
        self.publisher, self.bank = Publisher(pki=self.registrar.pki), Bank(self.registrar)
        self.publisher.services = (self.bank.entry,)
        access = partner(TOWN, 7300)
        self.desk = make_issuer(outside=self._answer, anchors=self._anchors).with_context(
            access=IssuerSigner(access.signer, access.x5c),
            privacy_policy="https://agency.example/privacy",
            registrar_url=REGISTRAR,
        )
        self.registrar.now = self.desk.clock
        self.receipt = self.issue(COCKPIT_KEY)

    def _anchors(self) -> TrustAnchors:
        registrar = [self.registrar.pki.anchor] if self.trusts_registrar else []
        return TrustAnchors([*registrar, self.bank.partner.pki.anchor])

    def _answer(self, request: HttpRequest) -> HttpResponse:
        parts = urlsplit(request.url)
        if f"{parts.scheme}://{parts.netloc}" == BANK_HOST:
            return self.bank.respond(request)
        there = self.publisher if parts.path == "/catalogue" else self.registrar
        response: HttpResponse = there.respond(request)
        return response

    def issue(self, key: P256Key, configuration_id: str = "member", subject: str = "anna") -> Receipt:
        """The citizen takes a document; its receipt."""
        wallet = TestWallet(self.desk)
        tokens = wallet.redeem(self.desk.offer(configuration_id, subject=subject))
        request = CredentialRequest(configuration_id, None, tuple(wallet.proofs([wallet.new_key()])))
        wire = {**request.to_dict(), "cockpit_key": key.public_key.to_jwk()}
        answer = self.desk.run(
            self.desk.issuer.credentials.issue(
                CredentialRequest.from_dict(wire), f"DPoP {tokens.access_token}", wallet.resource_dpop(tokens)
            )
        )
        assert answer.notification_id is not None
        assert answer.receipt is not None
        wallet.notify(tokens, answer.notification_id, "credential_accepted")
        return Receipt.from_fields(Jws.from_compact(answer.receipt, "receipt").peek_claims("receipt"))

    def mandate(self) -> ForwardingMandate:
        """A mandate about the document, for the bank."""
        return ForwardingMandate(
            jti=f"mandate-{next(_numbers):016}",
            source=TOWN,
            recipient=Recipient(BANK, SERVICE),
            type=MEMBER,
            claims=(NAME,),
            purpose=PURPOSE,
            recipient_key=OTHER_KEY.public_key.thumbprint(),
            issued_at=NOW,
            expires_at=NOW + 30 * DAY,
            max_uses=3,
        )

    def give(self, mandate: ForwardingMandate, key: P256Key = COCKPIT_KEY, by: P256Key | None = None) -> MandateStatus:
        """Hand a mandate over, in a call by `key`; `by`: another key signs what is handed over."""
        if mandate not in self.signed:
            self.signed[mandate] = verify_mandate(sign_mandate(mandate, OTHER_KEY), now=self.desk.clock.now)
        token = sign_handover(self.signed[mandate], by or key, now=self.desk.clock.now)
        return self._call(lambda proof: self.desk.issuer.mandates.give(proof, token), "POST", key=key)

    def status(self, jti: str, key: P256Key = COCKPIT_KEY) -> MandateStatus:
        """How a mandate stands."""
        return self._call(lambda proof: self.desk.issuer.mandates.status(proof, jti), "GET", jti, key=key)

    def revoke(self, jti: str) -> MandateStatus:
        """End a mandate."""
        return self._call(
            lambda proof: self.desk.issuer.mandates.revoke(proof, jti), "POST", jti, "revoke", key=COCKPIT_KEY
        )

    def change(self, name: str, subject: str = "anna") -> None:
        """The register changes."""
        self.desk.run(self.desk.issuer.changes.patch(subject, {"given_name": name}, "clerk"))

    def deliver(self) -> int:
        """Forward what is due; how much went."""
        sent: int = self.desk.run(self.desk.issuer.mandates.deliver())
        return sent

    def log(self) -> list[str]:
        """What the document's log says was done for mandates."""
        found = self.desk.store.usage.entries(self.receipt.id, after=-1, limit=100)
        return [str(one.members["action"]) for one in found if "to" in one.members]

    def _call(self, ask: Callable[[str], Exchange[str]], method: str, *path: str, key: P256Key) -> MandateStatus:
        return MandateStatus.from_fields(self.call(ask, CallPath.MANDATES, method, *path, key=key))

    def call(
        self,
        ask: Callable[[str], Exchange[str]],
        to: CallPath,
        method: str,
        *path: str,
        key: P256Key = COCKPIT_KEY,
    ) -> Fields:
        """Call with a proof, and once more with the nonce that is asked for; what is said."""
        url = call_url(self.desk.issuer.context.endpoints.cockpit, to, *path)

        def proof(nonce: str | None) -> str:
            jti, now = encode_base64url(seeded(next(_numbers))(16)), self.desk.clock.now
            return sign_dpop_proof(key, method=method, url=url, jti=jti, issued_at=now, nonce=nonce)

        try:
            text = self.desk.run(ask(proof(None)))
        except UseDpopNonceAtResource as error:
            text = self.desk.run(ask(proof(error.nonce)))
        return Jws.from_compact(text, "answer").peek_claims("answer")
