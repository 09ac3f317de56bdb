"""Whose key signed: by certificate, by DID, by published keys — and never because the token says so."""

import binascii
import contextlib
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from protocol.did import did_jwk
from protocol.encoding import encode_base64url, encode_json
from protocol.errors import (
    Malformed,
    NotAuthentic,
    NotTrusted,
    NotValidNow,
    ProtocolError,
    Unreachable,
    Unsupported,
)
from protocol.exchange import HttpRequest, HttpResponse, run
from protocol.keys import Ed25519Key
from protocol.sdjwt.issuer_key import find_issuer_key
from protocol.trust.anchors import Entitlement, Role, TrustAnchors, TrustedIdentifier
from tests.protocol.sdjwt.samples import HOLDER, ISSUER, STRANGER, VCT, issued, read, signed
from tests.support.pki import INTERMEDIATE, LEAF, NOW, make_pki, self_signed

PKI = make_pki(
    replace(LEAF, organization="Bundesdruckerei", dns_names=("issuer.example",), uris=("urn:example:issuer",)),
    intermediates=(INTERMEDIATE,),
)
URL = "https://issuer.example/tenant/7"
METADATA_URL = "https://issuer.example/.well-known/jwt-vc-issuer/tenant/7"
JWKS_URL = "https://keys.example/jwks"
PUBLISHED = {**ISSUER.public_key.to_jwk(), "kid": "1"}
OTHER = {**STRANGER.public_key.to_jwk(), "kid": "2"}


def token(iss=..., *, x5c=PKI.x5c, **header):
    members = {"typ": "dc+sd-jwt", **header}
    if x5c is not None:
        members["x5c"] = list(x5c)
    return read(issued(header=members, iss=iss))


def identifiers(*names, role=Role.ISSUER):
    return TrustAnchors(identifiers=[TrustedIdentifier(name, role, "Registry", frozenset({VCT})) for name in names])


def find(sd_jwt, anchors=None, *, web=None, now=NOW):
    """The key that is found, with a web that has nothing but what it is given."""

    def perform(effect):
        assert isinstance(effect, HttpRequest)
        assert effect.method == "GET"
        answer = (web or {}).get(effect.url)
        if answer is None:
            raise Unreachable("nobody answers")
        return answer if isinstance(answer, HttpResponse) else served(answer)

    return run(find_issuer_key(sd_jwt, PKI.anchors if anchors is None else anchors, now=now), perform)


def served(value, *, status=200, media_type="application/json"):
    return HttpResponse(status, (("content-type", media_type),), encode_json(value))


def refused(error, *arguments, **options):
    with pytest.raises(ProtocolError) as refusal:
        find(*arguments, **options)
    assert type(refusal.value) is error
    return refusal.value.description


# By certificate


def test_the_leaf_certificate_is_the_issuer():
    found = find(token())
    assert found.key == PKI.public_key
    assert (found.party.name, found.party.vouched_by) == ("Bundesdruckerei", "Test authority")
    assert found.party.chain == PKI.certificates


@pytest.mark.parametrize("iss", ["https://issuer.example", "https://issuer.example/tenant/7", "urn:example:issuer"])
def test_iss_may_be_a_name_in_the_certificate(iss):  # T049
    assert find(token(iss)).key == PKI.public_key


@pytest.mark.parametrize(
    "iss",
    [
        "https://other.example",
        "https://issuer.example.evil",
        "https://sub.issuer.example",
        "http://issuer.example",
        "ftp://issuer.example",
        "issuer.example",
        "//issuer.example",
        "Bundesdruckerei",
        "urn:example:issuer:2",
        "did:web:issuer.example",
        "HTTPS://issuer.example",
    ],
)
def test_iss_of_somebody_else_is_refused(iss):  # T049
    assert "not a name in its certificate" in refused(NotAuthentic, token(iss))


@pytest.mark.parametrize(
    "iss",
    [
        "https://evil.example\\@issuer.example",
        "https://evil.example@issuer.example",
        "https://issuer.example#x",
        "https://[",
        "https://[::1",
        "https://issuer.example:99999",
        "https://issuer.example\n",
        "https://issuer。example",
        "https://" + "a" * 3000,
    ],
)
def test_iss_that_readers_understand_differently_is_refused(iss):  # T049
    refused(Malformed, token(iss))


@pytest.mark.parametrize("iss", ["", 1, ["https://issuer.example"], {}])
def test_iss_of_another_shape_is_refused(iss):
    refused(Malformed, token(iss))


def test_a_certificate_and_a_did_key_side_by_side_are_refused():  # T049
    assert "two ways" in refused(NotAuthentic, token(kid="did:jwk:abc#0"))


@pytest.mark.parametrize("kid", ["1", "../../etc/passwd", "' OR 1=1 --", "a\u0001b", "k" * 5000])
def test_beside_a_certificate_a_key_id_decides_nothing(kid):  # T006
    assert find(token(kid=kid)).key == PKI.public_key


def test_keys_that_the_token_brings_itself_are_neither_used_nor_fetched():  # T005
    offered = {"jwk": STRANGER.public_key.to_jwk(), "jku": "https://evil.example", "x5u": "https://evil.example"}
    assert find(token(**offered)).key == PKI.public_key
    assert "nowhere" in refused(NotAuthentic, token(x5c=None, **offered))
    refused(NotTrusted, token(URL, x5c=None, **offered))


def test_a_chain_that_leads_nowhere_is_refused():
    refused(NotTrusted, token(), make_pki().anchors)
    refused(NotTrusted, token(), TrustAnchors())
    refused(NotTrusted, token(x5c=PKI.x5c[:1]))


def test_a_self_signed_leaf_is_refused():  # T049, T083
    refused(NotTrusted, token(x5c=[self_signed(LEAF).certificate.to_x5c()]))


def test_an_authority_for_verifiers_is_none_for_issuers():  # T089
    verifiers = make_pki(role=Role.VERIFIER)
    refused(NotTrusted, token(x5c=verifiers.x5c), verifiers.anchors)


def test_a_chain_outside_its_time_is_refused():  # T081
    refused(NotValidNow, token(), now=NOW + 400 * 86_400)


@pytest.mark.parametrize("x5c", [[], ["QUJD"], ["!"], [1], ["x"] * 9, "QUJD", {}, None])
def test_a_chain_of_another_shape_is_refused(x5c):
    text = signed({"vct": VCT}, header={"typ": "dc+sd-jwt", "x5c": x5c})
    with pytest.raises(Malformed):
        find(read(text))


def test_a_chain_with_bytes_that_are_no_certificate_is_refused():
    refused(Malformed, token(x5c=[binascii.b2a_base64(b"\x30\x00", newline=False).decode()]))


def test_a_certificate_with_another_kind_of_key_is_refused():
    root = self_signed()
    leaf = root.issue(LEAF, rsa.generate_private_key(65537, 2048))
    refused(Unsupported, token(x5c=[leaf.certificate.to_x5c()]), replace(PKI, root=root).anchors)


# By DID


def test_a_trusted_did_signs_with_its_key():
    did = did_jwk(ISSUER.public_key)
    found = find(token(did, x5c=None, kid=f"{did}#0"), identifiers(did))
    assert (found.key, found.party.name, found.party.subject) == (ISSUER.public_key, "Registry", did)


def test_a_did_that_nobody_trusts_is_refused_before_it_is_resolved():
    did = did_jwk(ISSUER.public_key)
    refused(NotTrusted, token(did, x5c=None, kid=f"{did}#0"), identifiers(did_jwk(HOLDER.public_key)))
    refused(NotTrusted, token("did:web:evil.example", x5c=None), identifiers(did))


def test_a_trusted_did_in_another_role_is_refused():  # T089
    did = did_jwk(ISSUER.public_key)
    refused(NotTrusted, token(did, x5c=None, kid=f"{did}#0"), identifiers(did, role=Role.VERIFIER))


def test_a_key_of_another_did_is_refused():
    did, other = did_jwk(ISSUER.public_key), did_jwk(STRANGER.public_key)
    with pytest.raises(ProtocolError):
        find(token(did, x5c=None, kid=f"{other}#0"), identifiers(did))


def test_a_did_document_that_cannot_be_had_is_said():
    did = "did:web:issuer.example"
    refused(Unreachable, token(did, x5c=None, kid=f"{did}#1"), identifiers(did))


# By published keys


def published(**changes):
    members = {"issuer": URL, "jwks": {"keys": [PUBLISHED, OTHER]}, **changes}
    return {METADATA_URL: {name: value for name, value in members.items() if value is not ...}}


def test_a_trusted_issuer_publishes_its_keys():
    found = find(token(URL, x5c=None, kid="1"), identifiers(URL), web=published())
    assert (found.key, found.party.subject) == (ISSUER.public_key, URL)
    assert found.party.entitlements == (Entitlement(frozenset({VCT})),)


def test_a_single_key_needs_no_name():
    web = published(jwks={"keys": [PUBLISHED]})
    assert find(token(URL, x5c=None), identifiers(URL), web=web).key == ISSUER.public_key


def test_keys_may_stand_elsewhere():
    web = {**published(jwks=..., jwks_uri=JWKS_URL), JWKS_URL: {"keys": [OTHER, PUBLISHED]}}
    assert find(token(URL, x5c=None, kid="1"), identifiers(URL), web=web).key == ISSUER.public_key


@pytest.mark.parametrize(
    ("iss", "metadata_url"),
    [
        ("https://issuer.example", "https://issuer.example/.well-known/jwt-vc-issuer"),
        ("https://issuer.example/", "https://issuer.example/.well-known/jwt-vc-issuer"),
        ("https://issuer.example:8443/a/", "https://issuer.example:8443/.well-known/jwt-vc-issuer/a"),
    ],
)
def test_metadata_stands_between_host_and_path(iss, metadata_url):  # SD-JWT VC §4.1
    web = {metadata_url: {"issuer": iss, "jwks": {"keys": [PUBLISHED]}}}
    assert find(token(iss, x5c=None), identifiers(iss), web=web).key == ISSUER.public_key


def test_an_issuer_that_nobody_trusts_is_refused_before_anything_is_fetched():
    refused(NotTrusted, token(URL, x5c=None, kid="1"), identifiers("https://other.example"))


@pytest.mark.parametrize(
    "iss", ["http://issuer.example", "ftp://issuer.example", "issuer.example", "https://u@issuer.example"]
)
def test_a_trusted_name_that_is_no_address_is_refused(iss):
    refused(Malformed, token(iss, x5c=None), identifiers(iss))


def test_without_any_name_nobody_is_the_issuer():  # T049
    assert "nowhere" in refused(NotAuthentic, token(x5c=None))
    assert "nowhere" in refused(NotAuthentic, token(None, x5c=None))


@pytest.mark.parametrize("issuer", ["https://issuer.example", URL + "/", "https://evil.example/tenant/7"])
def test_metadata_of_another_issuer_is_refused(issuer):
    refused(NotAuthentic, token(URL, x5c=None, kid="1"), identifiers(URL), web=published(issuer=issuer))


@pytest.mark.parametrize(
    "kid", [..., "3", "../../etc/passwd", "1'", "' OR 1=1 --", "<script>", "\u0001", "1 ", "k" * 5000]
)
def test_a_key_id_that_names_no_published_key_is_refused(kid):  # T006
    header = {} if kid is ... else {"kid": kid}
    message = refused(NotAuthentic, token(URL, x5c=None, **header), identifiers(URL), web=published())
    assert message == "issuer's keys: does not say which key signed"


def test_a_key_id_that_names_two_keys_is_refused():
    web = published(jwks={"keys": [PUBLISHED, {**OTHER, "kid": "1"}]})
    refused(NotAuthentic, token(URL, x5c=None, kid="1"), identifiers(URL), web=web)


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": ...},
        {"issuer": 1},
        {"jwks": ...},
        {"jwks_uri": JWKS_URL},
        {"jwks": ..., "jwks_uri": "http://keys.example"},
        {"jwks": []},
        {"jwks": {}},
        {"jwks": {"keys": []}},
        {"jwks": {"keys": ["x"]}},
        {"jwks": {"keys": [{**PUBLISHED, "x": "AA"}]}},
    ],
)
def test_metadata_of_another_shape_is_refused(changes):
    refused(Malformed, token(URL, x5c=None, kid="1"), identifiers(URL), web=published(**changes))


def test_a_published_private_key_is_refused():  # T009
    private = {**PUBLISHED, "d": encode_base64url(ISSUER.to_scalar())}
    web = published(jwks={"keys": [private]})
    message = refused(Malformed, token(URL, x5c=None, kid="1"), identifiers(URL), web=web)
    assert private["d"] not in message


def test_another_kind_of_published_key_is_refused():
    web = published(jwks={"keys": [{"kty": "oct", "kid": "1"}]})
    refused(Unsupported, token(URL, x5c=None, kid="1"), identifiers(URL), web=web)


def test_a_published_ed25519_key_is_found():
    key = Ed25519Key.from_seed(bytes(32)).public_key
    web = published(jwks={"keys": [key.to_jwk()]})
    assert find(token(URL, x5c=None), identifiers(URL), web=web).key == key


@pytest.mark.parametrize(
    "answer", [served({}, status=404), served({}, status=302), served({"issuer": URL}, status=500)]
)
def test_an_issuer_that_answers_with_an_error_is_refused(answer):
    refused(NotAuthentic, token(URL, x5c=None), identifiers(URL), web={METADATA_URL: answer})


def test_keys_that_are_not_served_as_json_are_refused():
    web = {METADATA_URL: served(published()[METADATA_URL], media_type="text/html")}
    refused(Malformed, token(URL, x5c=None, kid="1"), identifiers(URL), web=web)


def test_keys_that_cannot_be_had_are_said():
    refused(Unreachable, token(URL, x5c=None), identifiers(URL))
    refused(Unreachable, token(URL, x5c=None), identifiers(URL), web=published(jwks=..., jwks_uri=JWKS_URL))


@given(
    st.text(max_size=30) | st.from_regex(r"https://[\[\]@:\\#?/a-z%.]{0,20}", fullmatch=True),
    st.booleans(),
    st.booleans(),
)
def test_no_issuer_escapes_the_error_family(iss, by_certificate, trusted):
    with contextlib.suppress(ProtocolError):
        anchors = identifiers(iss) if trusted and not by_certificate else None
        find(token(iss, x5c=PKI.x5c if by_certificate else None), anchors)
