"""Signed messages: taken apart strictly, with the algorithm of our key, or refused; the published examples among them."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.cbor import CWT, SIGN1, Tagged, encode_cbor, read_cbor, read_wrapped
from protocol.cose import (
    ALG,
    CRIT,
    KID,
    MAX_HEADER,
    TYP,
    X5CHAIN,
    Sign1,
    check_typ,
    read_x5chain,
    sign1,
    sign1_detached,
    sign1_message,
    verify_sign1,
    write_x5chain,
)
from protocol.encoding import decode_base64url
from protocol.errors import Malformed, NotAuthentic, NotTrusted, ProtocolError, TooLarge, Unsupported
from protocol.keys import CURVES, Ed25519Key, PublicKey
from protocol.x509 import MAX_CERTIFICATES, Certificate
from tests.support.keys import EVERY_KIND
from tests.support.pki import INTERMEDIATE, make_pki, seeded_key
from tests.support.vectors import read_vector

AT = "message"
KEY = seeded_key(1)
PAYLOAD = b"This is the content."
PKI = make_pki()
DEEP = make_pki(intermediates=(INTERMEDIATE,))
DERS = [certificate.der for certificate in DEEP.certificates]


def message(protected=None, unprotected=None, *, payload=PAYLOAD, signer=KEY, head=None):
    """A message with any headers, signed over what it says; a protected label that is `...` is left out."""
    labels = {ALG: -7, **(protected or {})}
    head = encode_cbor({label: value for label, value in labels.items() if value is not ...}) if head is None else head
    signature = signer.sign(encode_cbor(["Signature1", head, b"", payload]))
    return encode_cbor(Tagged(SIGN1, [head, unprotected or {}, payload, signature]))


def read(data):
    return Sign1.from_bytes(data, AT)


def verify(data, key=KEY.public_key):
    return verify_sign1(read(data), key, at=AT)


def key_of(jwk):
    curve = CURVES[jwk["crv"]]
    point = b""
    for name in ("x", "y") if curve.kty == "EC" else ("x",):
        raw = bytes.fromhex(jwk[f"{name}_hex"]) if f"{name}_hex" in jwk else decode_base64url(jwk[name])
        point += raw.rjust(curve.size, b"\0")
    return PublicKey(curve.name, point)


@pytest.mark.parametrize(
    "name",
    [
        "sign1-tests/sign-pass-02",
        "sign1-tests/sign-pass-03",
        "ecdsa-examples/ecdsa-sig-01",
        "ecdsa-examples/ecdsa-sig-02",
        "ecdsa-examples/ecdsa-sig-03",
        "eddsa-examples/eddsa-sig-01",
        "RFC8152/Appendix_C_2_1",
        "CWT/A_3",
    ],
)
def test_published_messages_are_verified(name):
    case = read_vector(f"cose/{name}.json")
    sign = case["input"]["sign0"]
    found = read(bytes.fromhex(case["output"]["cbor"]))
    external = bytes.fromhex(sign.get("external", ""))
    payload = verify_sign1(found, key_of(sign["key"]), at=AT, external=external)
    plain = case["input"].get("plaintext")
    assert payload == (plain.encode() if plain else bytes.fromhex(case["input"]["plaintext_hex"]))
    signed = encode_cbor(["Signature1", found.protected, external, payload])
    assert signed.hex() == case["intermediates"]["ToBeSign_hex"].lower()


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("sign1-tests/sign-fail-01", Unsupported),  # another tag
        ("sign1-tests/sign-fail-02", NotAuthentic),  # another payload
        ("sign1-tests/sign-fail-03", Unsupported),  # an algorithm that nobody knows
        ("sign1-tests/sign-fail-04", Unsupported),  # an algorithm that is a text
        ("sign1-tests/sign-fail-06", NotAuthentic),  # a protected label more
        ("sign1-tests/sign-fail-07", NotAuthentic),  # a protected label less
        ("sign1-tests/sign-pass-01", Unsupported),  # T026: an algorithm that is not protected, which others take
        ("ecdsa-examples/ecdsa-sig-04", NotAuthentic),  # T026: ES512 with a key for ES256
    ],
)
def test_published_messages_are_refused(name, error):
    case = read_vector(f"cose/{name}.json")
    key = key_of(case["input"]["sign0"]["key"])
    with pytest.raises(error):
        verify_sign1(read(bytes.fromhex(case["output"]["cbor"])), key, at=AT)


def test_the_reader_and_the_issuer_of_iso_18013_5_annex_d_are_verified():
    found = read_vector("iso18013-5/annex-d/multipaz-testvectors.json")
    response = read_cbor(bytes.fromhex(found["device_response"]), AT)
    issuer = Sign1.from_value(response["documents"][0]["issuerSigned"]["issuerAuth"], AT)
    (certificate,) = read_x5chain(issuer.header, AT)
    assert certificate == Certificate.from_der(bytes.fromhex(found["ds_cert"]))
    payload = verify_sign1(issuer, certificate.public_key, at=AT)
    assert isinstance(read_cbor(payload, AT), Tagged)
    reader = read(bytes.fromhex(found["reader_auth"]))
    assert reader.payload is None
    (certificate,) = read_x5chain(reader.header, AT)
    transcript = read_cbor(bytes.fromhex(found["session_transcript_bytes"]), AT)
    inner, _ = read_wrapped(transcript, AT)
    items = Tagged(24, bytes.fromhex(found["items_request"]))
    detached = encode_cbor(Tagged(24, encode_cbor(["ReaderAuthentication", inner, items])))
    assert verify_sign1(reader, certificate.public_key, at=AT, payload=detached) == detached
    with pytest.raises(NotAuthentic):
        verify_sign1(reader, certificate.public_key, at=AT, payload=detached + b"\0")


@pytest.mark.parametrize("signer", [KEY, Ed25519Key.from_seed(bytes(32))])
def test_what_is_signed_is_verified(signer):
    data = sign1_message(PAYLOAD, signer, protected={TYP: "example+cwt"})
    found = read(data)
    assert verify_sign1(found, signer.public_key, at=AT) == PAYLOAD
    check_typ(found.header, "example+cwt", AT)
    assert data[:1] == b"\xd2"


def test_a_message_in_something_else_has_no_tag_and_may_bind_more():
    made = sign1(PAYLOAD, KEY, unprotected={KID: b"1"}, external=b"more")
    found = Sign1.from_value(made, AT)
    assert verify_sign1(found, KEY.public_key, at=AT, external=b"more") == PAYLOAD
    assert found.header.unprotected == {KID: b"1"}
    with pytest.raises(NotAuthentic):
        verify_sign1(found, KEY.public_key, at=AT)


def test_a_payload_stands_in_one_place():
    attached, detached = read(message()), Sign1.from_value([*sign1(PAYLOAD, KEY)[:2], None, sign1(PAYLOAD, KEY)[3]], AT)
    assert verify_sign1(detached, KEY.public_key, at=AT, payload=PAYLOAD) == PAYLOAD
    with pytest.raises(Malformed):
        verify_sign1(detached, KEY.public_key, at=AT)
    with pytest.raises(Malformed):
        verify_sign1(attached, KEY.public_key, at=AT, payload=PAYLOAD)


@pytest.mark.parametrize("alg", [-7, -9])
def test_the_algorithm_of_the_key_is_accepted(alg):
    assert verify(message({ALG: alg})) == PAYLOAD


@pytest.mark.parametrize("alg", [-35, -36, -8, -51, -52, -19])
def test_the_algorithm_of_another_key_is_refused(alg):  # T026
    with pytest.raises(NotAuthentic, match="does not fit"):
        verify(message({ALG: alg}))


@pytest.mark.parametrize("alg", [..., None, 5, -37, -257, 0, "ES256", True, -7.0, b"\x26", [-7]])
def test_an_algorithm_outside_our_list_is_refused(alg):  # T026
    with pytest.raises(Unsupported):
        read(message({ALG: alg}))


def test_an_algorithm_that_is_not_protected_decides_nothing():  # T026
    with pytest.raises(Unsupported):
        read(message({ALG: ...}, {ALG: -7}))
    for head in (b"", b"\xa0"):
        with pytest.raises(Unsupported):
            read(message(None, {ALG: -7}, head=head))


def test_a_label_stands_in_one_header():
    for label in (ALG, KID, "own"):
        with pytest.raises(Malformed, match="both headers"):
            read(message({label: -7}, {label: -7}))


def test_another_key_is_refused():  # T026
    with pytest.raises(NotAuthentic):
        verify(message(), seeded_key(2).public_key)
    for key in EVERY_KIND:
        if key.alg != "ES256":
            with pytest.raises(NotAuthentic):
                verify(message(), key)


@pytest.mark.parametrize("critical", [[TYP], [ALG, X5CHAIN, TYP]])
def test_critical_labels_that_are_understood_are_accepted(critical):  # T026
    assert verify(message({CRIT: critical, TYP: "x", X5CHAIN: PKI.leaf.der})) == PAYLOAD


@pytest.mark.parametrize(
    "critical", [[99], [TYP, 99], ["own"], [TYP, X5CHAIN], [True], [], None, 16, "x", {}], ids=repr
)
def test_critical_labels_that_are_not_understood_are_refused(critical):  # T026
    with pytest.raises((Malformed, Unsupported)):
        read(message({CRIT: critical, TYP: "x", 99: 1, "own": 1}))


def test_critical_labels_are_protected():  # T026
    with pytest.raises(Malformed):
        read(message({TYP: "x"}, {CRIT: [TYP]}))


@pytest.mark.parametrize("typ", ["example+cwt", "application/example+cwt", "Application/EXAMPLE+CWT"])
def test_the_type_is_what_was_expected(typ):
    check_typ(read(message({TYP: typ})).header, "example+cwt", AT)


@pytest.mark.parametrize(
    "typ", [..., "", "example+jwt", "application/application/example+cwt", 16, b"example+cwt", "example+\u212awt"]
)
def test_another_type_is_refused(typ):
    with pytest.raises(NotAuthentic):
        check_typ(read(message({TYP: typ})).header, "example+cwt", AT)


def test_a_type_that_is_not_protected_is_none():
    with pytest.raises(NotAuthentic):
        check_typ(read(message(None, {TYP: "example+cwt"})).header, "example+cwt", AT)


@pytest.mark.parametrize("pki", [PKI, DEEP])
@pytest.mark.parametrize("protected", [True, False])
def test_certificates_are_read_from_either_header(pki, protected):
    labels = {X5CHAIN: write_x5chain(pki.certificates)}
    found = read(message(labels) if protected else message(None, labels))
    assert read_x5chain(found.header, AT) == pki.certificates


def test_one_certificate_stands_by_itself():
    assert write_x5chain(PKI.certificates) == PKI.leaf.der
    assert write_x5chain(DEEP.certificates) == DERS


@pytest.mark.parametrize(
    "chain",
    [[], [DERS[0]], DERS * MAX_CERTIFICATES, [DERS[0], "text"], [DERS[0], [DERS[1]]], "text", {}, 1],
    ids=["none", "one in an array", "too many", "text in it", "array in it", "text", "map", "number"],
)
def test_certificates_in_another_shape_are_refused(chain):  # T027
    for protected in (True, False):
        with pytest.raises(Malformed):
            read(message({X5CHAIN: chain}) if protected else message(None, {X5CHAIN: chain}))


@pytest.mark.parametrize("chain", [[DERS[0], DERS[0]], b"no certificate", [DERS[0], DERS[1][:-1]]])
def test_certificates_that_cannot_be_read_are_refused(chain):  # T027
    with pytest.raises(Malformed):
        read_x5chain(read(message({X5CHAIN: chain})).header, AT)


def test_without_a_certificate_nobody_signed_it():  # T027
    with pytest.raises(NotTrusted):
        read_x5chain(read(message()).header, AT)


@pytest.mark.parametrize(
    "value",
    [
        {},
        [],
        b"",
        [b"\xa1\x01\x26", {}, PAYLOAD],
        [b"\xa1\x01\x26", {}, PAYLOAD, b"x", b"y"],
        [{ALG: -7}, {}, PAYLOAD, b"x"],
        [b"\xa1\x01\x26", b"", PAYLOAD, b"x"],
        [b"\xa1\x01\x26", {}, "text", b"x"],
        [b"\xa1\x01\x26", {}, PAYLOAD, b""],
        [b"\xa1\x01\x26", {}, PAYLOAD, None],
        [b"\x80", {}, PAYLOAD, b"x"],
        [b"\xa1\x01", {}, PAYLOAD, b"x"],
        [b"\xa2\x01\x26\x01\x26", {}, PAYLOAD, b"x"],
        Tagged(24, b"\x80"),
        Tagged(SIGN1, Tagged(SIGN1, [b"\xa1\x01\x26", {}, PAYLOAD, b"x"])),
    ],
)
def test_what_is_no_signed_message_is_refused(value):
    with pytest.raises(Malformed):
        read(encode_cbor(value))


def test_everything_has_a_cap():  # T018
    with pytest.raises(TooLarge):
        Sign1.from_bytes(message(), AT, max_bytes=10)
    with pytest.raises(TooLarge):
        read(message({TYP: "x" * MAX_HEADER}))


@pytest.mark.parametrize("length", [0, 63, 65])
def test_a_signature_of_another_length_is_refused(length):
    value: Any = read_cbor(message(), AT).value
    value[3] = value[3][:length] + bytes(max(0, length - 64)) if length else b"\0"
    with pytest.raises(NotAuthentic):
        verify(encode_cbor(value))


def test_the_bytes_that_came_were_signed_and_not_what_we_would_write():
    """A header that is written longer than needed is verified as it came."""
    long_head = bytes.fromhex("a1180126")
    assert verify(message(head=long_head)) == PAYLOAD


GOOD = message({TYP: "x"}, {KID: b"1"})


@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
def test_no_changed_byte_is_believed(place, change):
    changed = GOOD[:place] + bytes((GOOD[place] ^ change,)) + GOOD[place + 1 :]
    with contextlib.suppress(ProtocolError):
        assert verify(changed) == PAYLOAD
        # What is not protected may be changed by anybody, and nothing else
        assert read(changed).protected == read(GOOD).protected
        assert read(changed).header.unprotected != read(GOOD).header.unprotected


@given(st.binary(max_size=64))
def test_no_bytes_escape_the_error_family(data):
    with contextlib.suppress(ProtocolError):
        read(data)


def test_a_type_that_only_looks_alike_is_another():  # T026
    kelvin = "\u212a"  # becomes k in lower case
    assert kelvin.lower() == "k"
    found = read(message({TYP: f"{kelvin}b+cwt"}))
    with pytest.raises(NotAuthentic):
        check_typ(found.header, "kb+cwt", AT)


@pytest.mark.parametrize("signature", [7, "text", [b"x"], b"", None])
def test_a_signature_is_bytes(signature):
    head, unprotected, payload, _ = sign1(PAYLOAD, KEY)
    with pytest.raises(Malformed, match="no signature"):
        Sign1.from_value([head, unprotected, payload, signature], AT)


@pytest.mark.parametrize("tag", [0, CWT, 16, 17, 98])
def test_a_message_of_another_kind_is_none(tag):
    """A date, a token, encrypted, with a MAC, or signed by several (RFC 9052 table 1)."""
    with pytest.raises((Malformed, Unsupported)):
        read(encode_cbor(Tagged(tag, read_cbor(message(), AT).value)))


@pytest.mark.parametrize("payload", [PAYLOAD, None])
@pytest.mark.parametrize("unprotected", [{}, {X5CHAIN: DERS, KID: b"1"}], ids=["empty", "chain"])
@pytest.mark.parametrize("head", [b"\xa1\x01\x26", b"\xa1\x18\x01\x26"], ids=["short", "long"])
def test_a_message_in_something_else_is_written_as_it_was_read(payload, unprotected, head):
    read_one = Sign1.from_value([head, unprotected, payload, bytes(64)], AT)
    assert read_one.to_bytes() == encode_cbor([head, unprotected, payload, bytes(64)])


@pytest.mark.parametrize("key", [KEY, Ed25519Key.from_seed(bytes(32))], ids=["P-256", "Ed25519"])
def test_a_payload_may_stand_elsewhere(key):
    made = sign1_detached(PAYLOAD, key)
    assert (made.payload, dict(made.header.unprotected)) == (None, {})
    assert Sign1.from_bytes(made.to_bytes(), AT) == made
    assert verify_sign1(made, key.public_key, at=AT, payload=PAYLOAD) == PAYLOAD
    with pytest.raises(NotAuthentic):
        verify_sign1(made, key.public_key, at=AT, payload=b"another")
