"""An issuer as its metadata describes it, and the parts of it that more than one test looks at."""

from protocol.oauth.metadata import AuthorizationServerMetadata
from protocol.oid4vci.metadata import ClaimDescription, CredentialConfiguration, CredentialIssuerMetadata, Display
from protocol.oid4vci.offer import CredentialOffer, TxCode
from tests.support.pki import make_pki, seeded_key

ISSUER = "https://agency.example"
VCT = "urn:eudi:pid:1"
PKI = make_pki()
HOLDER = seeded_key(2)
STRANGER = seeded_key(3)
DPOP = seeded_key(4)

PID = CredentialConfiguration(
    format="dc+sd-jwt",
    type=VCT,
    scope="pid",
    display=(
        Display("Person", "en", "Who you are", "https://agency.example/logo.png", "a bear", "#fff", "#000"),
        Display("Ausweis", "de-DE"),
    ),
    claims=(
        ClaimDescription(("family_name",), (Display("Name", "en"), Display("Nachname", "de")), mandatory=True),
        ClaimDescription(("address",)),
        ClaimDescription(("address", "locality")),
        ClaimDescription(("nationalities", None)),
    ),
)
METADATA = CredentialIssuerMetadata(
    credential_issuer=ISSUER,
    credential_endpoint=f"{ISSUER}/credential",
    nonce_endpoint=f"{ISSUER}/nonce",
    notification_endpoint=f"{ISSUER}/notification",
    batch_size=10,
    display=(Display("Agency", "en"), Display("Amt", "de")),
    configurations={"pid": PID},
)
SERVER = AuthorizationServerMetadata(
    issuer=ISSUER,
    token_endpoint=f"{ISSUER}/token",
    authorization_endpoint=f"{ISSUER}/authorize",
    pushed_authorization_request_endpoint=f"{ISSUER}/par",
    require_pushed_authorization_requests=True,
    code_challenge_methods_supported=("S256",),
    dpop_signing_alg_values_supported=("ES256",),
    grant_types_supported=("authorization_code", "urn:ietf:params:oauth:grant-type:pre-authorized_code"),
    scopes_supported=("pid",),
    authorization_response_iss_parameter_supported=True,
)
OFFER = CredentialOffer(ISSUER, ("pid",), "c0de", TxCode(length=6))
