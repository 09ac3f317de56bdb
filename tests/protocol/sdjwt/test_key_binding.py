"""Key binding: this holder, this verifier, this request, this selection, now — or a refusal that says which."""

import contextlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.encoding import encode_json, read_json_object
from protocol.errors import NotBound, NotForThisRequest, ProtocolError, Unsupported
from protocol.holder_binding import MAX_AGE, ExpectedBinding
from protocol.jws import sign_jws
from protocol.keys import Ed25519Key
from protocol.sdjwt.disclosure import digest_of
from protocol.sdjwt.key_binding import MAX_AHEAD, sign_key_binding, verify_key_binding
from protocol.sdjwt.present import present_sd_jwt
from tests.protocol.sdjwt.samples import (
    AUDIENCE,
    HOLDER,
    NONCE,
    STRANGER,
    binding,
    expected,
    issued,
    kb_jwt,
    presented,
    read,
)
from tests.support.pki import NOW, seeded_key

BEFORE = present_sd_jwt(read(issued()), [("given_name",), ("nationalities", 1)], binding=None)
ED25519 = Ed25519Key.from_seed(bytes(32))


def verify(text, *, key=HOLDER.public_key, **changes):
    verify_key_binding(read(text), key, expected(**changes))


def refused(error, text, **changes):
    with pytest.raises(ProtocolError) as refusal:
        verify(text, **changes)
    assert type(refusal.value) is error
    return refusal.value.description


def test_what_the_holder_binds_is_what_the_verifier_expects():
    verify(presented(("given_name",)))
    verify(presented())
    verify(kb_jwt(BEFORE))


def test_a_binding_says_what_the_specification_asks():
    token = read(presented(("given_name",)))
    assert dict(token.kb_jwt.header.members) == {"alg": "ES256", "typ": "kb+jwt"}
    assert read_json_object(token.kb_jwt.payload, "kb") == {
        "iat": NOW,
        "aud": AUDIENCE,
        "nonce": NONCE,
        "sd_hash": digest_of(token.presented),
    }


def test_an_ed25519_holder_binds_too():
    text = BEFORE + sign_key_binding(BEFORE, binding(signer=ED25519))
    verify(text, key=ED25519.public_key)


@pytest.mark.parametrize("field", ["audience", "nonce"])
def test_expecting_nothing_is_the_callers_mistake(field):  # T038
    with pytest.raises(ValueError, match="expected for an audience and a nonce"):
        expected(**{field: ""})
    careless: Callable[..., ExpectedBinding] = ExpectedBinding
    with pytest.raises(TypeError):
        careless(**dict.fromkeys({"audience", "nonce"} - {field}, "x"), now=NOW)


def test_a_presentation_without_key_binding_is_refused():  # T037
    assert "missing" in refused(NotBound, BEFORE)


@pytest.mark.parametrize("signer", [STRANGER, seeded_key(77)])
def test_another_key_than_the_holders_is_refused(signer):  # T039
    refused(NotBound, kb_jwt(BEFORE, signer=signer))


def test_a_key_that_the_binding_brings_itself_is_not_used():  # T005, T039
    header = {"typ": "kb+jwt", "jwk": STRANGER.public_key.to_jwk(), "jku": "https://evil.example", "kid": "1"}
    refused(NotBound, kb_jwt(BEFORE, header=header, signer=STRANGER))
    verify(kb_jwt(BEFORE, header=header))


def test_an_algorithm_that_does_not_fit_the_key_is_refused():  # T008
    refused(NotBound, kb_jwt(BEFORE, signer=ED25519))
    refused(NotBound, kb_jwt(BEFORE), key=ED25519.public_key)


@pytest.mark.parametrize("alg", ["none", "None", "nOnE", "HS256", "ES256K", "RS256"])
def test_an_algorithm_outside_our_list_is_refused(alg):  # T001, T002
    with pytest.raises(Unsupported):
        read(kb_jwt(BEFORE, signer=Renamed(alg)))


class Renamed:
    """A signer whose key calls its algorithm something else."""

    def __init__(self, alg):
        self.public_key = type("Key", (), {"alg": alg})()

    def sign(self, data):
        return HOLDER.sign(data)


@pytest.mark.parametrize(
    "header",
    [{}, {"typ": "JWT"}, {"typ": "dc+sd-jwt"}, {"typ": "openid4vci-proof+jwt"}, {"typ": "kb+jwt2"}, {"typ": "kb"}],
)
def test_a_token_of_another_type_is_refused(header):  # T007, T042
    assert "type" in refused(NotBound, kb_jwt(BEFORE, header=header))


@pytest.mark.parametrize("typ", ["KB+JWT", "application/kb+jwt"])
def test_the_type_is_a_media_type(typ):  # T007
    verify(kb_jwt(BEFORE, header={"typ": typ}))


@pytest.mark.parametrize("payload", [b"", b"null", b"[]", b'"x"', b"{", b'{"aud":"a","aud":"a"}', b"\xff"])
def test_a_binding_that_is_no_object_is_refused(payload):  # T016
    refused(NotBound, BEFORE + sign_jws({"typ": "kb+jwt"}, payload, HOLDER))


@pytest.mark.parametrize(
    "nonce", [..., None, "", NONCE[:-1], NONCE + "x", NONCE.upper(), "earlier", [NONCE], 1, True, {}]
)
def test_another_nonce_is_refused(nonce):  # T040
    refused(NotForThisRequest, kb_jwt(BEFORE, nonce=nonce))


@pytest.mark.parametrize(
    "audience",
    [
        ...,
        None,
        "",
        "verifier.example",
        "x509_san_dns:other.example",
        "redirect_uri:verifier.example",
        AUDIENCE + "/",
        AUDIENCE[:-1],
        AUDIENCE.upper(),
        [AUDIENCE],
        [AUDIENCE, "https://other.example"],
        1,
    ],
)
def test_another_audience_is_refused(audience):  # T041
    refused(NotForThisRequest, kb_jwt(BEFORE, aud=audience))


@pytest.mark.parametrize("nonce", ["ünicode", "\U0001f511"])
def test_what_is_expected_may_be_any_text(nonce):
    verify(kb_jwt(BEFORE, nonce=nonce), nonce=nonce)
    refused(NotForThisRequest, kb_jwt(BEFORE, nonce=nonce))


@pytest.mark.parametrize("age", [0, -MAX_AHEAD, MAX_AGE])
def test_a_fresh_binding_holds(age):  # T043
    verify(kb_jwt(BEFORE, iat=NOW - age))


@pytest.mark.parametrize("age", [MAX_AGE + 1, -MAX_AHEAD - 1, 365 * 86_400, -365 * 86_400])
def test_a_binding_of_another_time_is_refused(age):  # T043
    assert "just now" in refused(NotForThisRequest, kb_jwt(BEFORE, iat=NOW - age, exp=NOW + 10**6))


def test_the_window_is_the_specified_one_and_the_callers():  # T043
    assert (MAX_AGE, MAX_AHEAD) == (300, 60)
    verify(kb_jwt(BEFORE, iat=NOW - 1000), max_age=1000)
    refused(NotForThisRequest, kb_jwt(BEFORE, iat=NOW - 11), max_age=10)


@pytest.mark.parametrize("issued_at", [..., None, str(NOW), True, -1, 10**18, [NOW], {}])
def test_a_time_that_is_no_number_is_refused(issued_at):  # T017
    refused(NotForThisRequest, kb_jwt(BEFORE, iat=issued_at))


@pytest.mark.parametrize(
    "select",
    [
        lambda texts: texts[:1],
        lambda texts: [],
        lambda texts: [*texts, read(issued()).disclosures[1].text],
        lambda texts: texts[::-1],
    ],
    ids=["fewer", "none", "more", "reordered"],
)
def test_a_binding_of_another_selection_is_refused(select):  # T044
    jwt, *texts, tail = kb_jwt(BEFORE).split("~")
    assert select(texts) != texts
    assert "selection" in refused(NotForThisRequest, "~".join((jwt, *select(texts), tail)))


def test_a_binding_of_another_presentation_is_refused():  # T044
    other = presented(("family_name",))
    refused(NotForThisRequest, BEFORE + other.rpartition("~")[2])


@pytest.mark.parametrize(
    "sd_hash",
    [
        ...,
        None,
        "",
        1,
        [digest_of(BEFORE)],
        digest_of(BEFORE[:-1]),
        digest_of(BEFORE.split("~")[0]),
        digest_of(BEFORE)[:-1],
    ],
    ids=["absent", "null", "empty", "number", "array", "no tilde", "issuer's token only", "cut off"],
)
def test_another_hash_is_refused(sd_hash):  # T044
    refused(NotForThisRequest, kb_jwt(BEFORE, sd_hash=sd_hash))


def test_transaction_data_is_bound_along():  # T190
    hashes = ("aGFzaDE", "aGFzaDI")
    for alg in (None, "sha-384"):
        text = presented(("given_name",), transaction_data_hashes=hashes, transaction_data_hashes_alg=alg)
        verify(text, transaction_data_hashes=hashes, transaction_data_hashes_alg=alg)


@pytest.mark.parametrize("found", [(), ("aGFzaDE",), ("aGFzaDI", "aGFzaDE"), ("aGFzaDE", "aGFzaDI", "aGFzaDM")])
def test_another_transaction_is_refused(found):  # T190
    text = presented(transaction_data_hashes=found)
    assert "transaction" in refused(NotForThisRequest, text, transaction_data_hashes=("aGFzaDE", "aGFzaDI"))


@pytest.mark.parametrize("found", ["aGFzaDE", [], {}, [1], [""], 1])
def test_transaction_data_of_another_shape_is_refused(found):  # T190
    refused(NotForThisRequest, kb_jwt(BEFORE, transaction_data_hashes=found), transaction_data_hashes=("aGFzaDE",))


def test_a_transaction_that_nobody_asked_for_is_refused():  # T190
    refused(NotForThisRequest, presented(transaction_data_hashes=("aGFzaDE",)))


@pytest.mark.parametrize(
    ("found", "asked"), [("sha-384", None), ("sha-512", "sha-384"), (..., "sha-384"), (..., "sha-256"), (1, "sha-256")]
)
def test_another_transaction_hash_algorithm_is_refused(found, asked):  # T190
    hashes = ["aGFzaDE"]
    text = kb_jwt(BEFORE, transaction_data_hashes=hashes, transaction_data_hashes_alg=found)
    refused(NotForThisRequest, text, transaction_data_hashes=tuple(hashes), transaction_data_hashes_alg=asked)


def test_sha_256_may_be_named_unasked():
    text = kb_jwt(BEFORE, transaction_data_hashes=["aGFzaDE"], transaction_data_hashes_alg="sha-256")
    verify(text, transaction_data_hashes=("aGFzaDE",))


def test_an_algorithm_without_any_transaction_says_nothing():
    verify(kb_jwt(BEFORE, transaction_data_hashes_alg="sha-384"))


@pytest.mark.parametrize(
    "header", [{"crit": ["x"], "x": 1}, {"crit": []}, {"b64": False, "crit": ["b64"]}, {"zip": "DEF"}]
)
def test_a_binding_with_extensions_is_refused(header):  # T003, T004
    with pytest.raises(Unsupported):
        read(kb_jwt(BEFORE, header={"typ": "kb+jwt", **header}))


def test_a_refusal_repeats_nothing_that_was_sent():
    for changes in ({"aud": "secret-value"}, {"nonce": "secret-value"}, {"sd_hash": "secret-value"}):
        assert "secret-value" not in refused(NotForThisRequest, kb_jwt(BEFORE, **changes))


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
members = st.sampled_from(["iat", "aud", "nonce", "sd_hash", "transaction_data_hashes", "transaction_data_hashes_alg"])


@given(st.dictionaries(members, json_values, max_size=4))
def test_no_claims_escape_the_error_family(changes):
    claims = {"iat": NOW, "aud": AUDIENCE, "nonce": NONCE, "sd_hash": digest_of(BEFORE), **changes}
    with contextlib.suppress(TypeError):  # an integer beyond 64 bits is not written
        payload = encode_json(claims)
        with contextlib.suppress(ProtocolError):
            verify(BEFORE + sign_jws({"typ": "kb+jwt"}, payload, HOLDER))
