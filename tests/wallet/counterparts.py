"""An agency and a partner who answer by hand, and a wallet between them that runs without a network."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import parse_qsl, urlsplit

from protocol.dcql.query import DcqlQuery
from protocol.encoding import JsonObject, JsonValue, encode_json, read_json, read_json_object
from protocol.errors import ProtocolError, Unreachable
from protocol.exchange import HttpRequest, HttpResponse, run
from protocol.formats import Issuance, IssuerSigner, format_of
from protocol.keys import P256Key
from protocol.oauth.metadata import AuthorizationServerMetadata
from protocol.oid4vci.credential import CredentialRequest, CredentialResponse
from protocol.oid4vci.metadata import (
    ClaimDescription,
    CredentialConfiguration,
    CredentialIssuerMetadata,
    Display,
    sign_metadata,
)
from protocol.oid4vci.offer import CredentialOffer, TxCode, offer_link
from protocol.oid4vci.proof import verify_proof
from protocol.oid4vp.answer import RequestPolicy
from protocol.oid4vp.client_id import ClientId, Prefix
from protocol.oid4vp.link import RequestByReference, RequestUriMethod
from protocol.oid4vp.request import DIRECT_POST, AuthorizationRequest
from protocol.oid4vp.request_object import MEDIA_TYPE, sign_request_object
from protocol.sdjwt.issue import Frame
from protocol.trust.anchors import Role, TrustAnchors
from runtime.conversation import Slow
from tests.support.pki import NOW, Pki, Template, make_pki, seeded
from wallet.keys import DeviceKeys, SealedKeys
from wallet.records import Copy, HeldCredential
from wallet.service import Wallet
from wallet.service.context import WalletContext
from wallet.vault.passphrase import KeyDerivation
from wallet.vault.vault import Vault

VCT = "urn:eudi:pid:1"
PASSPHRASE = "correct horse battery"
QUICK = KeyDerivation(2, 19 << 20)  # as weak as is allowed: tests open many vaults
AGENCY = "https://agency.example"
PARTNER = "https://library.example"
CLAIMS: JsonObject = {
    "given_name": "Erika",
    "family_name": "Mustermann",
    "birthdate": "1990-03-07",
    "address": {"locality": "Köln", "postal_code": "51147"},
    "nationalities": ["DE", "FR"],
}
FRAME = Frame.of([
    ("given_name",), ("family_name",), ("birthdate",), ("address",), ("address", "locality"), ("address", "postal_code"),
    ("nationalities", None),
])  # fmt: skip
DESCRIPTIONS = tuple(
    ClaimDescription(path, (Display(english, "en"), Display(german, "de")))
    for path, english, german in (
        (("family_name",), "Family name", "Nachname"),
        (("given_name",), "Given name", "Vorname"),
        (("birthdate",), "Date of birth", "Geburtsdatum"),
        (("address",), "Address", "Anschrift"),
        (("address", "locality"), "City", "Ort"),
        (("nationalities", None), "Nationality", "Staatsangehörigkeit"),
    )
)
PID = CredentialConfiguration(
    format="dc+sd-jwt",
    type=VCT,
    scope="pid",
    display=(Display("Personal ID", "en"), Display("Personalausweis", "de")),
    claims=DESCRIPTIONS,
)


Reply = HttpResponse | ProtocolError  # what is sent back, or how sending fails


class Host(Protocol):
    """Somebody who answers requests."""

    def respond(self, request: HttpRequest) -> HttpResponse:
        """Answer one request."""


def answer(value, status=200, *headers, media_type="application/json"):
    """An answer with a JSON body, or with text of another media type."""
    body = value.encode() if isinstance(value, str) else encode_json(value)
    return HttpResponse(status, (("content-type", media_type), *headers), body)


@dataclass
class Agency:
    """An issuer that does what it is told; `seen` holds every request that it got."""

    identifier: str = AGENCY
    pki: Pki = field(
        default_factory=lambda: make_pki(Template(common_name="City of Köln"), key=P256Key.generate(seeded(5)))
    )
    configurations: dict[str, CredentialConfiguration] = field(default_factory=lambda: {"pid": PID})
    batch_size: int | None = 3
    signed: bool = True
    tx_code: str | None = None
    claims: JsonObject = field(default_factory=lambda: dict(CLAIMS))
    seen: list[HttpRequest] = field(default_factory=list)
    notifications: list[JsonValue] = field(default_factory=list)
    refresh_token: str | None = None
    # What may go wrong
    metadata_changes: JsonObject = field(default_factory=dict)
    server_changes: JsonObject = field(default_factory=dict)
    token_changes: JsonObject = field(default_factory=dict)
    issued_changes: dict[str, object] = field(default_factory=dict)  # of Issuance
    spoil: Callable[[list[str]], list[str]] = list  # as they are
    refuse: dict[str, Reply | list[Reply]] = field(
        default_factory=dict
    )  # path → response, or a list of responses to be used up
    type: str = VCT
    status_uri: str | None = None

    def offer(self, **changes):
        """The link of an offer."""
        members = {
            "credential_issuer": self.identifier,
            "credential_configuration_ids": tuple(self.configurations),
            "pre_authorized_code": "code-1",
            "tx_code": TxCode(length=4) if self.tx_code else None,
        }
        return offer_link(CredentialOffer(**{**members, **changes}))

    @property
    def metadata(self):
        """Issuer metadata."""
        return CredentialIssuerMetadata(
            credential_issuer=self.identifier,
            credential_endpoint=f"{self.identifier}/credential",
            nonce_endpoint=f"{self.identifier}/nonce",
            notification_endpoint=f"{self.identifier}/notification",
            batch_size=self.batch_size,
            display=(Display("The very best agency"),),
            configurations=self.configurations,
        )

    @property
    def server(self):
        """Authorization server metadata."""
        return AuthorizationServerMetadata(
            issuer=self.identifier,
            token_endpoint=f"{self.identifier}/token",
            authorization_endpoint=f"{self.identifier}/authorize",
            pushed_authorization_request_endpoint=f"{self.identifier}/par",
            code_challenge_methods_supported=("S256",),
            grant_types_supported=(
                "authorization_code",
                "urn:ietf:params:oauth:grant-type:pre-authorized_code",
                "refresh_token",
            ),
            scopes_supported=("pid",),
            pre_authorized_grant_anonymous_access_supported=True,
        )

    def respond(self, request):
        """Answer one request."""
        self.seen.append(request)
        path = urlsplit(request.url).path
        refusal = self.refuse.get(path)
        if isinstance(refusal, list):
            refusal = refusal.pop(0) if refusal else None
        if isinstance(refusal, HttpResponse):
            return refusal
        if refusal is not None:
            raise refusal
        answers = {
            "/.well-known/openid-credential-issuer": lambda: self._metadata(request),
            "/.well-known/oauth-authorization-server": lambda: answer({**self.server.to_dict(), **self.server_changes}),
            "/token": lambda: self._token(dict(parse_qsl(request.body.decode()))),
            "/par": lambda: answer({"request_uri": "urn:ietf:params:oauth:request_uri:1", "expires_in": 60}, 201),
            "/nonce": lambda: answer({"c_nonce": "nonce-1"}),
            "/credential": lambda: self._credential(request),
            "/notification": lambda: self._notification(request),
        }
        return answers.get(path, lambda: HttpResponse(404, (), b""))()

    def _notification(self, request):
        self.notifications.append(read_json(request.body, "notification"))
        return HttpResponse(204, (), b"")

    def _metadata(self, request):
        if self.signed and "application/jwt" in dict(request.headers)["accept"]:
            text = sign_metadata(
                self.metadata, self.pki.signer, x5c=self.pki.x5c, issued_at=NOW - 10, expires_at=NOW + 1000
            )
            return answer(text, media_type="application/jwt")
        return answer({**self.metadata.to_dict(), **self.metadata_changes})

    def _token(self, form):
        if self.tx_code is not None and form.get("tx_code") != self.tx_code:
            return answer({"error": "invalid_grant"}, 400)
        tokens = {"access_token": "token-1", "token_type": "DPoP", "expires_in": 600}
        if self.refresh_token:
            tokens["refresh_token"] = self.refresh_token
        return answer({**tokens, **self.token_changes})

    def _credential(self, request):
        proofs = CredentialRequest.from_dict(read_json(request.body, "request")).proofs
        keys = [verify_proof(proof, audience=self.identifier, now=NOW).key for proof in proofs]
        issued = [self.issue(key, seed=20 + number) for number, key in enumerate(keys or [None])]
        response = CredentialResponse(tuple(self.spoil(issued)), "notification-1")
        return answer(response.to_dict())

    def issue(self, key, *, seed=20, **changes):
        """One credential for a key."""
        status = {"status_list": {"idx": seed, "uri": self.status_uri}} if self.status_uri else None
        members = {
            "type": self.type,
            "claims": self.claims,
            "frame": FRAME,
            "holder_key": key,
            "issued_at": NOW - 5,
            "expires_at": NOW + 100_000,
            "status": status,
            **self.issued_changes,
            **changes,
        }
        return format_of("dc+sd-jwt").issue(
            Issuance(**members), IssuerSigner(self.pki.signer, self.pki.x5c), seeded(seed)
        )


def dcql(*paths, query_id="pid", vct=VCT, **changes):
    """A query for some claims of one credential."""
    claims = {"claims": [{"path": list(path)} for path in paths]} if paths else {}
    return {"id": query_id, "format": "dc+sd-jwt", "meta": {"vct_values": [vct]}, **claims, **changes}


@dataclass
class Partner:
    """A verifier that asks one thing; `answers` holds the forms that it was posted."""

    pki: Pki = field(
        default_factory=lambda: make_pki(
            Template(common_name="City library", dns_names=("library.example",)),
            key=P256Key.generate(seeded(6)),
            role=Role.VERIFIER,
        )
    )
    query: JsonObject = field(default_factory=lambda: {"credentials": [dcql(("given_name",))]})
    reply: Reply = field(default_factory=lambda: answer({}))
    changes: dict[str, object] = field(default_factory=dict)  # of the request
    answers: list[dict[str, str]] = field(default_factory=list)
    seen: list[HttpRequest] = field(default_factory=list)
    signed_at: int = NOW

    @property
    def client_id(self):
        """Who it is."""
        return ClientId.of_certificate(self.pki.leaf.der)

    def link(self):
        """The link of its request."""
        return RequestByReference(self.client_id, f"{PARTNER}/request", RequestUriMethod.POST).to_link()

    def request(self, wallet_nonce=None):
        """What it asks."""
        members = {
            "client_id": self.client_id,
            "response_uri": f"{PARTNER}/response",
            "response_mode": DIRECT_POST,
            "nonce": "nonce-of-at-least-22-characters",
            "dcql_query": DcqlQuery.from_dict(self.query),
            "state": "state-of-at-least-22-characters",
            "wallet_nonce": wallet_nonce,
        }
        return AuthorizationRequest(**{**members, **self.changes})

    def respond(self, request):
        """Answer one request."""
        self.seen.append(request)
        form = dict(parse_qsl(request.body.decode()))
        if urlsplit(request.url).path == "/request":
            text = sign_request_object(
                self.request(form.get("wallet_nonce")),
                self.pki.signer,
                x5c=self.pki.x5c,
                issued_at=self.signed_at - 1,
                expires_at=self.signed_at + 300,
            )
            return answer(text, media_type=MEDIA_TYPE)
        self.answers.append(form)
        if isinstance(self.reply, HttpResponse):
            return self.reply
        raise self.reply

    def presented(self, query_id="pid"):
        """The presentations of its last answer."""
        return read_json_object(self.answers[-1]["vp_token"].encode(), "vp_token")[query_id]


@dataclass
class World:
    """A wallet with an agency and a partner, and a clock that stands still."""

    vault: Vault | None  # None: whoever is tested brings a wallet of their own
    agency: Agency = field(default_factory=Agency)
    partner: Partner = field(default_factory=Partner)
    language: str = "en"
    now: int = NOW
    trusted: bool = True
    prefixes: frozenset[Prefix] = RequestPolicy().prefixes
    more: dict[str, Host] = field(default_factory=dict)  # host → who answers there
    seed: int = 40
    provider_url: str = ""
    haip: bool = False
    keys: DeviceKeys | None = None  # None: in its records

    def __post_init__(self):
        self.random_bytes = seeded(self.seed)
        if self.vault is not None:
            self.wallet = Wallet.of(
                WalletContext(
                    store=self.vault,
                    keys=self.keys or SealedKeys(self.random_bytes),
                    anchors=self.anchors,
                    registers=self.registers,
                    now=lambda: self.now,
                    random_bytes=self.random_bytes,
                    client_id="test-wallet",
                    request_policy=RequestPolicy(prefixes=self.prefixes),
                    language=self.language,
                    haip=self.haip,
                    provider_url=self.provider_url,
                    version="1.0",
                )
            )

    def anchors(self):
        """Whom the wallet trusts."""
        return TrustAnchors([self.agency.pki.anchor, self.partner.pki.anchor] if self.trusted else [])

    def registers(self):
        """Which registers the wallet's lists have."""
        return ()

    def perform(self, effect):
        """Carry out what the wallet wants."""
        if isinstance(effect, Slow):
            return effect.call()
        assert isinstance(effect, HttpRequest)
        return self.send_now(effect)

    def send_now(self, request):
        """Bring a request to whom it is for."""
        people: dict[str, Host] = {AGENCY: self.agency, PARTNER: self.partner, **self.more}
        parts = urlsplit(request.url)
        who = people.get(f"{parts.scheme}://{parts.netloc}")
        if who is None:
            raise Unreachable("no such host")
        return who.respond(request)

    async def send(self, request):
        """The same as a `Sender`."""
        return self.send_now(request)

    def run(self, exchange):
        """Drive the wallet."""
        return run(exchange, self.perform)

    def receive(self, link=None, tx_code=None):
        """Everything from an offer to a kept credential, with a yes to all."""
        receiving = self.wallet.receiving
        seen = self.run(receiving.look(link or self.agency.offer()))
        pending = self.run(receiving.take(seen, tx_code))
        arrived = self.run(receiving.fetch(pending, seen.contact))
        return self.run(receiving.keep(arrived))

    def present(self):
        """Everything from a link to an answer, with the least that answers."""
        presenting = self.wallet.presenting
        seen = self.run(presenting.look(self.partner.link()))
        return self.run(presenting.share(seen, seen.default_choice()))

    def actions(self):
        """What the log says, shortly."""
        return [(entry.action, entry.outcome) for entry in self.vault.log()]


def held(record_id="one", *, name="Personal ID", copies=2, used=0, **changes):
    """A record as a wallet keeps it, whose copies nobody looks into."""
    configuration = CredentialConfiguration("dc+sd-jwt", VCT, display=(Display(name),), claims=DESCRIPTIONS)
    members = {
        "id": record_id,
        "format": "dc+sd-jwt",
        "type": VCT,
        "configuration_id": "pid",
        "credential_issuer": AGENCY,
        "issuer_name": "City of Köln",
        "vouched_by": "Test authority",
        "configuration": encode_json(configuration.to_dict()).decode(),
        "claims": encode_json(CLAIMS).decode(),
        "received_at": NOW,
        "expires_at": 0,
        "notification_id": "",
        "can_be_taken_back": False,
        "copies": tuple(Copy(f"raw-{record_id}-{i}", "11" * 32, NOW if i < used else 0) for i in range(copies)),
    }
    return HeldCredential(**{**members, **changes})


UNSIGNED = frozenset((Prefix.REDIRECT_URI,))
