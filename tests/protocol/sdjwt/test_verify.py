"""Verifying a credential: what its issuer said of its type, times, holder and status is read and checked."""

from dataclasses import replace

import pytest

from protocol.credential import StatusReference
from protocol.encoding import encode_base64url
from protocol.errors import Malformed, NotTrusted, NotValidNow, Unsupported
from protocol.sdjwt.verify import CLOCK_SKEW, FORMAT
from protocol.status.reference import MAX_INDEX
from protocol.trust.anchors import Entitlement
from tests.protocol.sdjwt.samples import CLAIMS, HOLDER, ISSUER, VCT, digests, hidden, issued, presented, signed
from tests.protocol.sdjwt.verifier_side import KEY, PARTY, refused, verify, verify_presentation
from tests.support.pki import NOW


def test_a_verified_credential_says_what_its_issuer_said():
    text = issued()
    credential = verify(text)
    assert (credential.format, credential.type, credential.claims) == (FORMAT, VCT, CLAIMS)
    assert (credential.issuer, credential.issuer_key) == (PARTY, ISSUER.public_key)
    assert credential.holder_key == HOLDER.public_key
    assert (credential.issued_at, credential.not_before, credential.expires_at) == (NOW - 100, NOW - 50, NOW + 1000)
    assert credential.status == (StatusReference("https://issuer.example/status/1", 7),)
    assert credential.raw == text
    assert ("given_name",) in credential.disclosed
    assert ("vct",) not in credential.disclosed


def test_a_verified_presentation_says_only_what_was_chosen():
    credential = verify_presentation(presented(("given_name",), ("nationalities", 1)))
    assert credential.claims["given_name"] == "Erika"
    assert credential.claims["nationalities"] == ["FR"]
    assert "family_name" not in credential.claims
    assert credential.disclosed == (("nationalities", 0), ("given_name",))


def test_what_a_credential_need_not_say_is_none():
    credential = verify(issued(iat=..., nbf=..., exp=..., cnf=..., status=...))
    assert (credential.issued_at, credential.not_before, credential.expires_at) == (None, None, None)
    assert (credential.holder_key, credential.status) == (None, ())


# Type


@pytest.mark.parametrize("vct", [..., None, "", 1, ["urn:eudi:pid:1"], {}])
def test_a_credential_without_a_type_is_refused(vct):  # T047
    refused(Malformed, issued(vct=vct))


def test_a_type_that_is_hidden_is_refused():  # T030, T047
    text = hidden("vct", VCT)
    refused(Malformed, signed({"_sd": digests(text)}, text))
    refused(Malformed, signed({"_sd": digests(text)}))


@pytest.mark.parametrize("names", [[], "urn:eudi:pid", [1], [""], None, {}, [VCT], ["urn:eudi:pid", VCT]])
def test_further_types_of_another_shape_are_refused(names):  # SD-JWT VC §2.2.2.2
    assert verify(issued(aka_vcts=["urn:eudi:pid"])).type == VCT
    refused(Malformed, issued(aka_vcts=names))


@pytest.mark.parametrize("vct", ["urn:eudi:diploma:1", VCT.upper(), VCT + " ", VCT + ":de"])
def test_an_issuer_that_is_not_entitled_to_the_type_is_refused(vct):  # T047, T186
    entitled = replace(KEY, party=replace(PARTY, entitlements=(Entitlement(frozenset({VCT})),)))
    assert verify(issued(), key=entitled).type == VCT
    refused(NotTrusted, issued(vct=vct), key=entitled)


# Times


def test_a_credential_holds_inside_its_time_and_a_little_skew():  # T046
    assert CLOCK_SKEW == 60
    for now in (NOW, NOW + 1000 + CLOCK_SKEW - 1, NOW - 50 - CLOCK_SKEW):
        assert verify(issued(iat=...), now=now)


def test_a_credential_that_says_when_it_begins_need_not_end():
    credential = verify(issued(exp=...))
    assert (credential.issued_at, credential.not_before, credential.expires_at) == (NOW - 100, NOW - 50, None)


@pytest.mark.parametrize("now", [NOW + 1000 + CLOCK_SKEW, NOW + 10**8])
def test_an_expired_credential_is_refused(now):  # T046
    assert "expired" in refused(NotValidNow, issued(), now=now)


@pytest.mark.parametrize("name", ["nbf", "iat"])
@pytest.mark.parametrize("ahead", [CLOCK_SKEW + 1, 500])
def test_a_credential_of_the_future_is_refused(name, ahead):  # T046
    assert "not valid yet" in refused(NotValidNow, issued(**{"iat": ..., "nbf": ..., name: NOW + ahead}))
    assert verify(issued(**{"iat": ..., "nbf": ..., name: NOW + CLOCK_SKEW}))


@pytest.mark.parametrize("name", ["nbf", "iat"])
@pytest.mark.parametrize("earlier", [0, 1])
def test_a_credential_that_ends_before_it_begins_is_refused(name, earlier):  # T046
    text = issued(**{"iat": ..., "nbf": ..., name: NOW + 10, "exp": NOW + 10 - earlier})
    assert "before" in refused(Malformed, text)


@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
@pytest.mark.parametrize("value", ["1800000000", True, False, -1, None, 10**18, [NOW], {}, "", -0.5])
def test_a_time_that_is_no_number_is_refused(name, value):  # T017
    refused(Malformed, issued(**{name: value}))


@pytest.mark.parametrize("name", ["exp", "nbf", "status", "cnf"])
def test_what_says_whether_it_holds_cannot_be_hidden(name):  # T030
    text = hidden(name, CLAIMS[name])
    refused(Malformed, signed({"vct": VCT, "_sd": digests(text)}, text))


# The holder's key


def test_a_holders_key_needs_its_required_members_only():  # T051
    jwk = HOLDER.public_key.to_jwk()
    assert set(jwk) == {"kty", "crv", "x", "y"}
    assert verify(issued(cnf={"jwk": jwk})).holder_key == HOLDER.public_key
    assert (
        verify(issued(cnf={"jwk": {**jwk, "kid": "1", "alg": "ES256", "use": "sig"}})).holder_key == HOLDER.public_key
    )


@pytest.mark.parametrize("cnf", [None, "x", [], 1, {"jwk": "x"}, {"jwk": []}])
def test_a_holders_key_of_another_shape_is_refused(cnf):  # T039
    refused(Malformed, issued(cnf=cnf))


@pytest.mark.parametrize("cnf", [{}, {"kid": "1"}, {"x5t#S256": "x"}, {"jwk": None}, {"jku": "https://evil.example"}])
def test_a_holders_key_that_cannot_be_known_is_refused(cnf):  # T039
    refused(Unsupported, issued(cnf=cnf))


def test_a_holders_key_off_its_curve_is_refused():
    jwk = HOLDER.public_key.to_jwk()
    refused(Malformed, issued(cnf={"jwk": {**jwk, "y": jwk["x"]}}))


@pytest.mark.parametrize("name", ["d", "k", "p", "q"])
def test_a_private_holders_key_is_refused_and_not_repeated(name):  # T009
    secret = encode_base64url(HOLDER.to_scalar())
    assert secret not in refused(Malformed, issued(cnf={"jwk": {**HOLDER.public_key.to_jwk(), name: secret}}))


def test_a_hidden_holders_key_is_none_that_we_know():  # T030, T039
    text = hidden("jwk", HOLDER.public_key.to_jwk())
    payload = {"vct": VCT, "cnf": {"_sd": digests(text)}}
    refused(Unsupported, signed(payload))


# Status


@pytest.mark.parametrize("status", [None, "x", [], 1, {"status_list": "x"}, {"status_list": {}}])
def test_a_status_of_another_shape_is_refused(status):
    refused(Malformed, issued(status=status))


@pytest.mark.parametrize("status", [{}, {"other": {}}, {"status_list": None}])
def test_a_status_that_cannot_be_looked_up_is_not_taken_for_none(status):
    refused(Unsupported, issued(status=status))


@pytest.mark.parametrize("idx", [..., None, -1, 1.0, True, "7", MAX_INDEX + 1])
def test_a_place_in_a_status_list_is_a_whole_number(idx):
    entry = {"uri": "https://issuer.example/1", "idx": idx}
    refused(Malformed, issued(status={"status_list": {n: v for n, v in entry.items() if v is not ...}}))


@pytest.mark.parametrize(
    "uri", [None, "", "http://issuer.example", "file:///etc/passwd", "https://u@issuer.example", 1]
)
def test_a_status_list_has_an_address(uri):
    refused(Malformed, issued(status={"status_list": {"uri": uri, "idx": 1}}))


def test_a_hidden_place_in_a_status_list_is_refused():  # T030
    text = hidden("status_list", CLAIMS["status"]["status_list"])
    refused(Unsupported, signed({"vct": VCT, "status": {"_sd": digests(text)}}))
