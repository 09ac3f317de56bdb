"""Verifying a credential: everything that is checked is checked, and nothing that was changed passes."""

import contextlib
import hashlib
import hmac
import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.credential import StatusReference
from protocol.encoding import decode_base64url, encode_base64url, encode_json
from protocol.errors import (
    Malformed,
    NotAuthentic,
    NotBound,
    NotTrusted,
    NotValidNow,
    ProtocolError,
    TooLarge,
    Unsupported,
)
from protocol.exchange import run
from protocol.jws import sign_jws
from protocol.keys import Ed25519Key, PublicKey
from protocol.sdjwt.issue import Frame
from protocol.sdjwt.issuer_key import IssuerKey, find_issuer_key
from protocol.sdjwt.key_binding import verify_key_binding
from protocol.sdjwt.token import SdJwt
from protocol.sdjwt.verify import CLOCK_SKEW, FORMAT, MAX_INDEX, verify_sd_jwt, verify_sd_jwt_vc
from protocol.trust.anchors import Role
from tests.protocol.sdjwt.samples import (
    CLAIMS,
    HEADER,
    HOLDER,
    ISSUER,
    PKI,
    STRANGER,
    VCT,
    digests,
    expected,
    hidden,
    issued,
    presented,
    read,
    signed,
)
from tests.support.pki import NOW, make_pki

PARTY = PKI.anchors.chain(PKI.certificates, role=Role.ISSUER, now=NOW, at="credential")
KEY = IssuerKey(ISSUER.public_key, PARTY)
ED25519 = Ed25519Key.from_seed(bytes(32))


def verify(text, *, key=KEY, now=NOW, **options):
    return verify_sd_jwt_vc(read(text), key, now=now, **options)


def refused(error, text, **options):
    with pytest.raises(ProtocolError) as refusal:
        verify(text, **options)
    assert type(refusal.value) is error
    return refusal.value.description


def verify_presentation(text):
    """The whole path of a verifier: find the key, verify, check the binding."""
    token = SdJwt.from_text(text)
    key = run(find_issuer_key(token, PKI.anchors, now=NOW), lambda effect: pytest.fail("nothing is fetched"))
    credential = verify_sd_jwt_vc(token, key, now=NOW)
    if credential.holder_key is None:
        raise NotBound("presentation: the credential is not bound to a key")
    verify_key_binding(token, credential.holder_key, expected())
    return credential


def test_a_verified_credential_says_what_its_issuer_said():
    text = issued()
    credential = verify(text)
    assert (credential.format, credential.type, credential.claims) == (FORMAT, VCT, CLAIMS)
    assert (credential.issuer, credential.issuer_key) == (PARTY, ISSUER.public_key)
    assert credential.holder_key == HOLDER.public_key
    assert (credential.issued_at, credential.not_before, credential.expires_at) == (NOW - 100, NOW - 50, NOW + 1000)
    assert credential.status == StatusReference("https://issuer.example/status/1", 7)
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
    assert (credential.holder_key, credential.status) == (None, None)


# Signature and type


def test_another_issuers_signature_is_refused():
    refused(NotAuthentic, issued(signer=STRANGER))
    refused(NotAuthentic, issued(), key=replace(KEY, key=STRANGER.public_key))


def test_a_signature_of_another_token_is_refused():
    one, other = issued().split("~", 1)[0], issued(given_name="Max").split("~", 1)[0]
    refused(NotAuthentic, one.rpartition(".")[0] + "." + other.rpartition(".")[2] + "~")


@pytest.mark.parametrize("alg", ["none", "None", "nOnE", "NONE", "", "ES256K", "RS256", "PS256", None, ["ES256"], 1])
def test_an_algorithm_outside_our_list_is_refused(alg):  # T001
    _, payload, signature = issued().split("~")[0].split(".")
    head = encode_base64url(encode_json({**HEADER, "alg": alg}))
    for token in (f"{head}.{payload}.{signature}~", f"{head}.{payload}.~"):
        with pytest.raises((Malformed, Unsupported)):
            read(token)


def test_a_token_without_a_signature_is_refused():  # T001
    head, payload, _ = issued().split("~")[0].split(".")
    with pytest.raises(Malformed):
        read(f"{head}.{payload}.~")


def secrets():
    """What an attacker knows of a public key and could take for a secret."""
    key = ISSUER.public_key
    jwk = encode_json(key.to_jwk())
    return [key.to_spki(), jwk, key.point, PKI.leaf.pem, PKI.leaf.der, b""]


@pytest.mark.parametrize("secret", range(6))
def test_a_public_key_is_no_secret(secret):  # T002
    payload = issued().split("~")[0].split(".")[1]
    signing_input = encode_base64url(encode_json({**HEADER, "alg": "HS256"})) + "." + payload
    mac = hmac.digest(secrets()[secret], signing_input.encode(), hashlib.sha256)
    with pytest.raises(Unsupported):
        read(f"{signing_input}.{encode_base64url(mac)}~")


@pytest.mark.parametrize("crit", [["x"], [], "x", ["x", "x"], ["alg"], ["exp"], None, [1], {}])
def test_a_token_with_critical_extensions_is_refused(crit):  # T003
    with pytest.raises(Unsupported):
        read(issued(header={**HEADER, "crit": crit}))


@pytest.mark.parametrize("header", [{"b64": False, "crit": ["b64"]}, {"b64": False}, {"b64": True}, {"zip": "DEF"}])
def test_an_unencoded_payload_is_refused(header):  # T004
    with pytest.raises(Unsupported):
        read(issued(header={**HEADER, **header}))


def test_a_detached_payload_is_refused():  # T004
    head, _, signature = issued().split("~")[0].split(".")
    refused(NotAuthentic, f"{head}..{signature}~")


@pytest.mark.parametrize("typ", ["JWT", "vc+sd-jwt", "statuslist+jwt", "kb+jwt", "dc+sd-jwt2", "sd-jwt", ...])
def test_a_token_of_another_type_is_refused(typ):  # T007, T045
    header = {name: value for name, value in {**HEADER, "typ": typ}.items() if value is not ...}
    assert "type" in refused(NotAuthentic, issued(header=header))


@pytest.mark.parametrize("typ", ["DC+SD-JWT", "application/dc+sd-jwt"])
def test_the_type_is_a_media_type(typ):  # T007
    assert verify(issued(header={**HEADER, "typ": typ}))


def test_the_old_type_is_taken_where_it_is_switched_on():  # T045
    old = issued(header={**HEADER, "typ": "vc+sd-jwt"})
    assert verify(old, legacy=True).type == VCT
    assert verify(issued(), legacy=True).type == VCT
    refused(NotAuthentic, issued(header={**HEADER, "typ": "JWT"}), legacy=True)


def test_an_algorithm_that_does_not_fit_the_key_is_refused():  # T008
    refused(NotAuthentic, issued(signer=ED25519))
    refused(NotAuthentic, issued(), key=replace(KEY, key=ED25519.public_key))
    for alg in ("ES384", "ES512", "EdDSA"):
        _, payload, signature = issued().split("~")[0].split(".")
        head = encode_base64url(encode_json({**HEADER, "alg": alg}))
        message = refused(NotAuthentic, f"{head}.{payload}.{signature}~")
        assert ISSUER.public_key.to_jwk()["x"] not in message


def test_ed25519_issuers_are_verified():
    assert verify(issued(signer=ED25519), key=replace(KEY, key=ED25519.public_key)).type == VCT


@pytest.mark.parametrize(
    "payload", [b"", b"[]", b"null", b'"x"', b"{", b'{"vct":"a","vct":"b"}', b'\xef\xbb\xbf{"vct":"a"}']
)
def test_a_payload_that_is_no_object_is_refused(payload):  # T016
    refused(Malformed, sign_jws(HEADER, payload, ISSUER) + "~")


@pytest.mark.parametrize(
    "value",
    [b"[" * 10_000 + b"]" * 10_000, b"NaN", b"Infinity", b"1e400", b"9" * 50_000, b'"\\ud800"', b'"\\udc00\\ud800"'],
    ids=["deep", "NaN", "Infinity", "1e400", "digits", "surrogate", "surrogates"],
)
def test_json_that_breaks_readers_is_refused(value):  # T016
    payload = b'{"vct":"urn:eudi:pid:1","x":' + value + b"}"
    with pytest.raises((Malformed, TooLarge)):
        verify(sign_jws(HEADER, payload, ISSUER) + "~")


def test_a_header_over_its_cap_is_refused():  # T018
    with pytest.raises(TooLarge):
        read(issued(header={**HEADER, "kid": "k" * 9000}))


def test_disclosures_that_do_not_fit_are_refused():  # T032
    refused(NotAuthentic, issued() + hidden("email", "x@example.org") + "~")
    with pytest.raises(NotAuthentic):
        verify_sd_jwt(read(issued() + hidden("x", 1) + "~"), ISSUER.public_key, typ="dc+sd-jwt")


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
    entitled = replace(KEY, party=replace(PARTY, types=frozenset({VCT})))
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


# Whatever is changed is refused


def flip(text, position, bit):
    return text[:position] + chr(ord(text[position]) ^ bit) + text[position + 1 :]


def parts(text):
    """Where the issuer's token, each disclosure and the key binding begin and end."""
    found, begin = [], 0
    for part in text.split("~"):
        found.append(range(begin, begin + len(part)))
        begin += len(part) + 1
    return found


def test_no_flipped_bit_of_a_presentation_passes():
    text = presented(("given_name",), ("nationalities", 0))
    assert verify_presentation(text)
    chance = random.Random(5)
    for part in parts(text):
        for position in chance.sample(part, 40):
            with pytest.raises(ProtocolError):
                verify_presentation(flip(text, position, 1 << chance.randrange(8)))


@pytest.mark.parametrize("bit", [1, 2, 4, 8, 16, 32, 64, 128])
def test_no_flipped_bit_of_a_short_token_passes(bit):
    frame = Frame.of([("a",)])
    text = issued({"vct": VCT, "a": 1}, frame, header={"typ": "dc+sd-jwt"}, signer=ED25519)
    key = replace(KEY, key=ED25519.public_key)
    assert verify(text, key=key).claims == {"vct": VCT, "a": 1}
    for position in range(len(text)):
        with pytest.raises(ProtocolError):
            verify(flip(text, position, bit), key=key)


def test_no_other_character_of_a_short_token_passes():
    text = issued({"vct": VCT}, Frame(), header={"typ": "dc+sd-jwt"})
    for position in range(len(text)):
        for character in ("A", "_", "=", ".", "~", " ", "\n", "\0", ""):
            changed = text[:position] + character + text[position + 1 :]
            if changed != text:
                with pytest.raises(ProtocolError):
                    verify(changed)


def test_no_flipped_bit_of_what_was_signed_passes():
    head, payload, signature = issued().split("~")[0].split(".")
    data = decode_base64url(payload)
    for position in range(0, len(data), 3):
        broken = data[:position] + bytes((data[position] ^ 1,)) + data[position + 1 :]
        refused(NotAuthentic, f"{head}.{encode_base64url(broken)}.{signature}~")


def test_parts_of_two_presentations_do_not_mix():
    one, other = presented(("given_name",)), presented(("given_name",), nonce="another")
    jwt, text, tail = one.split("~")
    for mixed in (
        f"{jwt}~{text}~{other.rpartition('~')[2]}",
        f"{other.split('~')[0]}~{text}~{tail}",
        f"{jwt}~{read(issued()).disclosures[1].text}~{tail}",
    ):
        with pytest.raises(ProtocolError):
            verify_presentation(mixed)


PRESENTATION = presented(("given_name",))


@settings(max_examples=200)
@given(
    st.lists(
        st.tuples(st.integers(0, len(PRESENTATION)), st.text(max_size=4), st.integers(0, 9)), min_size=1, max_size=4
    )
)
def test_no_text_escapes_the_error_family(edits):
    text = PRESENTATION
    for position, new, dropped in edits:
        text = text[:position] + new + text[position + dropped :]
    with contextlib.suppress(ProtocolError):
        verify_presentation(text)
        assert text == PRESENTATION


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["jwk", "status_list", "uri", "idx", "_sd", "...", "kty"]), inner, max_size=3)
    ),
    max_leaves=6,
)
registered = st.sampled_from(["iss", "vct", "iat", "nbf", "exp", "cnf", "status", "_sd", "_sd_alg", "..."])


@given(st.dictionaries(registered, json_values, max_size=4))
def test_no_signed_claims_escape_the_error_family(changes):
    text = signed({"vct": VCT, **changes})
    with contextlib.suppress(ProtocolError):
        verify_presentation(text)
    with contextlib.suppress(ProtocolError):
        verify(text)


def test_a_chain_of_another_authority_does_not_verify():
    stranger = make_pki()
    text = issued(header={"typ": "dc+sd-jwt", "x5c": list(stranger.x5c)}, signer=stranger.signer)
    with pytest.raises(NotTrusted):
        verify_presentation(text)


def test_a_trusted_chain_before_a_strangers_signature_does_not_verify():
    with pytest.raises(NotAuthentic):
        verify_presentation(issued(signer=STRANGER))


def test_every_curve_of_ours_signs_credentials():
    assert PublicKey.from_jwk(HOLDER.public_key.to_jwk()).alg == ISSUER.public_key.alg == "ES256"
