import pytest

from protocol.encoding import decode_base64url, encode_base64url, encode_json
from protocol.errors import Malformed, NotAuthentic, NotTrusted, NotValidNow, Unsupported
from protocol.jws import Jws, sign_jws, verify_jws
from protocol.oid4vci.metadata import CredentialIssuerMetadata, sign_metadata, verify_signed_metadata
from protocol.trust.anchors import Role, TrustAnchors
from protocol.x509 import read_x5c
from tests.protocol.oid4vci.samples import ISSUER, METADATA, PKI, STRANGER
from tests.support.pki import DAY, NOW, Template, make_pki, self_signed
from tests.support.vectors import vectors

HEADER = {"typ": "openidvci-issuer-metadata+jwt", "x5c": list(PKI.x5c)}
CLAIMS = {**METADATA.to_dict(), "iss": ISSUER, "sub": ISSUER, "iat": NOW, "exp": NOW + DAY}


def signed(*, header=HEADER, signer=PKI.signer, **changes):
    """Metadata as an honest issuer signs it, but for some changes; `...` leaves a claim out."""
    claims = {name: value for name, value in {**CLAIMS, **changes}.items() if value is not ...}
    return sign_jws(header, encode_json(claims), signer)


def verify(text, *, identifier=ISSUER, anchors=PKI.anchors, now=NOW):
    return verify_signed_metadata(text, identifier=identifier, anchors=anchors, now=now)


def test_what_we_sign_holds_and_says_who_signed():
    text = sign_metadata(METADATA, PKI.signer, x5c=PKI.x5c, issued_at=NOW, expires_at=NOW + DAY)
    metadata, party = verify(text)
    assert metadata == METADATA
    assert (party.name, party.vouched_by) == ("Issuing desk", "Test authority")
    jws = Jws.from_compact(text, "metadata")
    assert jws.header.members == {"alg": "ES256", **HEADER}
    assert jws.peek_claims("metadata").members == CLAIMS


@pytest.mark.parametrize(
    "changes", [{"exp": ...}, {"iss": ...}, {"iss": "did:web:elsewhere.example"}, {"iat": NOW + 60}]
)
def test_what_the_specification_leaves_open_is_accepted(changes):
    assert verify(signed(**changes))[0] == METADATA


def test_metadata_about_another_issuer_is_refused():
    """T148: `sub` and `credential_issuer` both, byte for byte."""
    for changes in (
        {"sub": "https://evil.example"},
        {"credential_issuer": "https://evil.example"},
        {"sub": ISSUER + "/"},
    ):
        with pytest.raises(NotAuthentic):
            verify(signed(**changes))
    with pytest.raises(NotAuthentic):
        verify(signed(), identifier="https://other.example")


@pytest.mark.parametrize("name", ["sub", "iat", "credential_issuer", "credential_endpoint"])
def test_a_claim_that_is_missing_is_refused_by_name(name):
    with pytest.raises(Malformed) as refusal:
        verify(signed(**{name: ...}))
    assert refusal.value.at == f"signed metadata.{name}"


@pytest.mark.parametrize("typ", [None, "JWT", "dc+sd-jwt", "openid4vci-proof+jwt", "statuslist+jwt"])
def test_another_type_of_token_is_refused(typ):
    """T007."""
    with pytest.raises(NotAuthentic, match="type"):
        verify(signed(header={**HEADER, "typ": typ}))


@pytest.mark.parametrize("changes", [{"exp": NOW}, {"exp": NOW - 1}, {"iat": NOW + 61}])
def test_metadata_outside_its_time_is_refused(changes):
    with pytest.raises(NotValidNow):
        verify(signed(**changes))


@pytest.mark.parametrize("changes", [{"exp": None}, {"exp": "tomorrow"}, {"iat": True}, {"iat": 10**18}])
def test_a_time_that_is_none_is_refused(changes):
    """T017."""
    with pytest.raises(Malformed):
        verify(signed(**changes))


def test_a_signature_of_somebody_else_is_refused():
    with pytest.raises(NotAuthentic):
        verify(signed(signer=STRANGER))


@pytest.mark.parametrize("part", [0, 1, 2])
def test_any_flipped_bit_is_refused(part):
    """In steps that are no multiple of eight, so that every position in a byte has its turn."""
    parts = signed().split(".")
    raw = decode_base64url(parts[part])
    for bit in range(0, len(raw) * 8, 4 * 8 + 3):
        flipped = bytearray(raw)
        flipped[bit // 8] ^= 1 << bit % 8
        text = ".".join([*parts[:part], encode_base64url(bytes(flipped)), *parts[part + 1 :]])
        with pytest.raises((NotAuthentic, NotTrusted, Malformed, Unsupported, NotValidNow)):
            verify(text)


def test_a_signer_without_certificate_is_nobody_that_we_trust():
    """T005: a key in the header is never used."""
    jwk = PKI.public_key.to_jwk()
    for header in ({"typ": HEADER["typ"]}, {"typ": HEADER["typ"], "jwk": jwk}, {"typ": HEADER["typ"], "kid": "1"}):
        with pytest.raises(NotTrusted):
            verify(signed(header=header))


def test_a_signer_below_another_authority_is_not_trusted():
    """T005, T083."""
    other = make_pki()
    with pytest.raises(NotTrusted):
        verify(signed(header={**HEADER, "x5c": list(other.x5c)}, signer=other.signer))
    alone = self_signed(Template())
    with pytest.raises(NotTrusted):
        verify(signed(header={**HEADER, "x5c": [alone.certificate.to_x5c()]}, signer=alone.signer))


@pytest.mark.parametrize("role", [Role.WALLET_PROVIDER, Role.REGISTRATION_PROVIDER])
def test_whoever_is_trusted_for_something_else_does_not_sign_for_issuers(role):
    """T089."""
    other = make_pki(role=role)
    with pytest.raises(NotTrusted):
        verify(signed(header={**HEADER, "x5c": list(other.x5c)}, signer=other.signer), anchors=other.anchors)


def test_an_access_certificate_says_who_signed():
    """TS 119 472-3: an issuer signs its metadata with its access certificate."""
    holder = make_pki(Template(common_name="City of Köln"), role=Role.VERIFIER)
    text = signed(header={**HEADER, "x5c": list(holder.x5c)}, signer=holder.signer)
    _, party = verify(text, anchors=holder.anchors)
    assert party.name == "City of Köln"
    # Beside anchors of issuers, who do not vouch for it
    _, party = verify(text, anchors=TrustAnchors([*PKI.anchors.anchors, *holder.anchors.anchors]))
    assert party.name == "City of Köln"


def test_a_certificate_outside_its_time_is_refused():
    """T081."""
    old = make_pki(Template(not_before=NOW - 2 * DAY, not_after=NOW - DAY))
    with pytest.raises(NotValidNow):
        verify(signed(header={**HEADER, "x5c": list(old.x5c)}, signer=old.signer), anchors=old.anchors)


def test_text_that_is_no_token_is_refused():
    for text in ("", "a.b.c", "{}", signed() + "."):
        with pytest.raises((Malformed, NotAuthentic)):
            verify(text)


def test_the_signed_metadata_of_the_specification_is_read_and_its_signature_holds():
    """Its certificate vouches for itself, which HAIP forbids: so it is read, and nobody is trusted for it."""
    text = vectors("openid4vci/examples-1.0/credential_issuer_metadata_sd_jwt_jwt.txt").read_text().replace("\n", "")
    jws = Jws.from_compact(text, "metadata")
    (certificate,) = read_x5c(jws.header.x5c)
    claims = verify_jws(jws, certificate.public_key, typ="openidvci-issuer-metadata+jwt", at="metadata")
    metadata = CredentialIssuerMetadata.from_dict(claims.members)
    assert metadata.configurations["SD_JWT_VC_example_in_OpenID4VCI"].scope == "SD_JWT_VC_example_in_OpenID4VCI"
    with pytest.raises(NotTrusted):
        verify(text, identifier="https://credential-issuer.example.com")
    with pytest.raises(NotTrusted):
        verify(text, identifier="https://credential-issuer.example.com", anchors=TrustAnchors())
