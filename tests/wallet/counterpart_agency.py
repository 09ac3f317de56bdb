"""An agency that answers by hand, and the document that it gives."""

from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from protocol.encoding import JsonObject, JsonValue, encode_json, read_json
from protocol.errors import ProtocolError
from protocol.exchange import HttpRequest, HttpResponse
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
from protocol.sdjwt.issue import Frame
from tests.support.pki import NOW, Pki, Template, make_pki, seeded

VCT = "urn:eudi:pid:1"
AGENCY = "https://agency.example"
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
