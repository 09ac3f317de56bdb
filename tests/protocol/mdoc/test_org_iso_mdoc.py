"""What travels as `org-iso-mdoc`: what others made is read, what we make is the same, and all else is refused."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.cbor import encode_cbor, read_cbor, read_cbor_map
from protocol.cose_key import write_cose_key
from protocol.encoding import decode_base64url, encode_base64url, sha256
from protocol.errors import InvalidRequest, Malformed, ProtocolError, TooLarge, Unsupported
from protocol.keys import P256Key
from protocol.mdoc.device_request import MAX_DEVICE_REQUEST, DeviceRequest
from protocol.mdoc.org_iso_mdoc import (
    MAX_ENCRYPTION_INFO,
    MAX_RESPONSE,
    MIN_NONCE,
    DocumentsRequest,
    EncryptionInfo,
    open_device_response,
    seal_device_response,
)
from protocol.mdoc.transcript import IsoDcApiHandover
from tests.support.cases import cases
from tests.support.keys import P256, P384
from tests.support.pki import seeded_key
from tests.support.strategies import almost, cbor_values, flip, json_values

KEY = seeded_key(30)
NONCE = bytes(range(16))
ORIGIN = "https://library.example"
INFO = EncryptionInfo.of(NONCE, KEY.public_key)
HANDOVER = INFO.handover(ORIGIN)
REQUEST = DocumentsRequest(b"a request", INFO)
ANSWER = seal_device_response(b"an answer", HANDOVER)
PARAMETERS: dict[Any, Any] = {"nonce": NONCE, "recipientPublicKey": write_cose_key(KEY.public_key)}


def text(value):
    return encode_base64url(encode_cbor(value))


def info(**changes):
    """Encryption information with other parameters; one that is `...` is left out."""
    members = {name: value for name, value in {**PARAMETERS, **changes}.items() if value is not ...}
    return text(["dcapi", members])


def envelope(data):
    """An answer as plain values, to be changed."""
    value: Any = read_cbor(decode_base64url(data["response"]), "test")
    return value


def answer_text(data: Any) -> str:
    """The text of an answer."""
    return str(data["response"])


def refusal(data, key=KEY, handover=HANDOVER):
    with pytest.raises(InvalidRequest) as refused:
        open_device_response(data, key, handover)
    return refused.value.description


# What others made


@cases("mdoc/org_iso_mdoc.json", "sealed")
def test_what_a_wallet_of_another_maker_encrypted_is_opened(case):
    key = P256Key.from_scalar(decode_base64url(case["key"]))
    encryption = EncryptionInfo.from_text(case["encryptionInfo"])
    assert encryption.recipient == key.public_key
    opened = open_device_response({"response": case["response"]}, key, encryption.handover(case["origin"]))
    assert sha256(opened).hex() == case["device_response_sha256"]
    # Its documents break RFC 9360 §2 (one certificate in an array), so nothing more is asked of them
    assert read_cbor_map(opened, "response").keys() == {"documents", "status", "version"}
    other = encryption.handover("https://evil.example")
    assert refusal({"response": case["response"]}, key, other) == "response: cannot be decrypted"


@cases("mdoc/org_iso_mdoc.json", "transcript")
def test_the_published_transcript_is_made_byte_for_byte(case):
    handover = EncryptionInfo.from_text(case["encryptionInfo"]).handover(case["origin"])
    assert handover.session_transcript().hex() == case["session_transcript"]


@cases("mdoc/org_iso_mdoc.json", "asked")
def test_what_pages_of_others_ask_is_read_and_written_byte_for_byte(case):
    request = DocumentsRequest.from_data(case["data"])
    assert len(request.encryption.nonce) == case["nonce_bytes"]
    (document,) = DeviceRequest.from_bytes(request.device_request).doc_requests
    assert {name: [*elements] for name, elements in document.items.elements.items()} == case["asked"]
    assert request.to_data() == case["data"]
    assert EncryptionInfo.of(request.encryption.nonce, request.encryption.recipient) == request.encryption


# What is asked


@given(st.binary(min_size=MIN_NONCE, max_size=64), st.binary(max_size=200))
def test_what_is_asked_is_read_as_it_was_written(nonce, device_request):
    request = DocumentsRequest(device_request or b"\xa0", EncryptionInfo.of(nonce, KEY.public_key))
    assert DocumentsRequest.from_data(request.to_data()) == request


def test_the_text_of_the_encryption_is_kept_as_it_came():
    """Others write other CBOR, and the transcript is over their text."""
    longer = encode_base64url(b"\x98\x02" + encode_cbor(["dcapi", PARAMETERS])[1:])
    read = EncryptionInfo.from_text(longer)
    assert (read.nonce, read.text) == (NONCE, longer)
    assert read.handover(ORIGIN) == IsoDcApiHandover(longer, ORIGIN) != HANDOVER


def test_parameters_that_are_not_known_are_ignored():
    assert EncryptionInfo.from_text(info(more=1)).recipient == KEY.public_key


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        pytest.param(info(nonce=bytes(15)), Malformed, id="T191 a nonce of 15 bytes"),
        pytest.param(info(nonce="0123456789abcdef"), Malformed, id="a nonce that is text"),
        pytest.param(info(nonce=...), Malformed, id="T161 no nonce"),
        pytest.param(info(recipientPublicKey=...), Malformed, id="T165 no key"),
        pytest.param(info(recipientPublicKey=write_cose_key(P384)), Unsupported, id="T165 a key on another curve"),
        pytest.param(info(recipientPublicKey={**write_cose_key(P256), -4: bytes(32)}), Malformed, id="a private key"),
        pytest.param(
            info(recipientPublicKey={**write_cose_key(P256), -3: bytes(32)}), Malformed, id="T060 off the curve"
        ),
        pytest.param(info(recipientPublicKey=encode_cbor(write_cose_key(P256))), Malformed, id="a key in bytes"),
        pytest.param(text(["DCAPI", PARAMETERS]), Malformed, id="another name"),
        pytest.param(text(["dcapi"]), Malformed, id="no parameters"),
        pytest.param(text(["dcapi", PARAMETERS, 1]), Malformed, id="one more"),
        pytest.param(text(["dcapi", [PARAMETERS]]), Malformed, id="no map"),
        pytest.param(text(PARAMETERS), Malformed, id="parameters alone"),
        pytest.param(INFO.text + "=", Malformed, id="T028 padding"),
        pytest.param(INFO.text + "AA", Malformed, id="trailing bytes"),
        pytest.param("", Malformed, id="nothing"),
        pytest.param(info(more=bytes(MAX_ENCRYPTION_INFO)), TooLarge, id="too much"),
    ],
)
def test_what_nothing_can_be_encrypted_to_is_refused(wrong, error):
    with pytest.raises(Malformed if error is Malformed else error) as refusal:
        EncryptionInfo.from_text(wrong)
    assert type(refusal.value) is error


def test_encryption_information_may_have_4096_characters_and_no_more():
    room = MAX_ENCRYPTION_INFO // 4 * 3 - len(decode_base64url(info(more=bytes(256)))) + 256
    longest = info(more=bytes(room))
    assert (len(longest), MAX_ENCRYPTION_INFO) == (4096, 4096)
    assert EncryptionInfo.from_text(longest).nonce == NONCE
    with pytest.raises(TooLarge):
        EncryptionInfo.from_text(longest + "A")


@pytest.mark.parametrize("name", ["deviceRequest", "encryptionInfo"])
@pytest.mark.parametrize("value", [..., None, 5, "", "ä", ["x"]])
def test_a_request_that_is_none_is_refused(name, value):
    data = {key: found for key, found in {**REQUEST.to_data(), name: value}.items() if found is not ...}
    with pytest.raises(Malformed):
        DocumentsRequest.from_data(data)


def test_a_request_that_is_too_large_is_refused_before_it_is_decoded():
    with pytest.raises(Malformed, match="deviceRequest"):
        DocumentsRequest.from_data({**REQUEST.to_data(), "deviceRequest": "A" * (MAX_DEVICE_REQUEST * 2)})


@given(json_values | almost(REQUEST.to_data()))
def test_no_request_escapes_the_error_family(data):
    with contextlib.suppress(ProtocolError):
        DocumentsRequest.from_data(data)


@given(cbor_values | st.builds(lambda value: ["dcapi", value], cbor_values))
def test_no_encryption_information_escapes_the_error_family(value):
    with contextlib.suppress(ProtocolError):
        EncryptionInfo.from_text(text(value))


@pytest.mark.parametrize(
    ("nonce", "key"), [pytest.param(bytes(15), P256, id="a short nonce"), pytest.param(NONCE, P384, id="another curve")]
)
def test_what_no_wallet_may_answer_to_is_our_mistake(nonce, key):
    """T191"""
    with pytest.raises(ValueError, match="128 bits"):
        EncryptionInfo.of(nonce, key)


# What is answered


@given(st.binary(max_size=2000))
def test_what_is_answered_is_read_as_it_was_written(response):
    assert open_device_response(seal_device_response(response, HANDOVER), KEY, HANDOVER) == response


def test_an_answer_has_the_form_of_the_annex():
    name, members = envelope(ANSWER)
    assert (name, sorted(members), len(members["enc"])) == ("dcapi", ["cipherText", "enc"], 65)
    assert ANSWER.keys() == {"response"}


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(INFO.handover("https://evil.example"), id="T167 another page"),
        pytest.param(INFO.handover("http://library.example"), id="T167 another scheme"),
        pytest.param(EncryptionInfo.of(NONCE[::-1], KEY.public_key).handover(ORIGIN), id="T059 another nonce"),
        pytest.param(
            EncryptionInfo.of(NONCE, seeded_key(31).public_key).handover(ORIGIN), id="T059 another key in the request"
        ),
    ],
)
def test_an_answer_to_another_request_cannot_be_opened(other):
    assert refusal(ANSWER, handover=other) == "response: cannot be decrypted"


def test_an_answer_to_another_key_cannot_be_opened():
    """T181"""
    assert refusal(ANSWER, key=seeded_key(31)) == "response: cannot be decrypted"


@given(st.integers(0))
def test_any_flipped_bit_of_an_answer_is_refused(bit):
    """T181"""
    flipped = encode_base64url(flip(decode_base64url(answer_text(ANSWER)), bit))
    refusal({"response": flipped})


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({}, id="nothing"),
        pytest.param(None, id="null"),
        pytest.param({"response": encode_base64url(b"an answer")}, id="T180 in clear"),
        pytest.param({"response": text(envelope(ANSWER)[1])}, id="no name"),
        pytest.param({"response": text(["other", envelope(ANSWER)[1]])}, id="another name"),
        pytest.param({"response": text(["dcapi", {**envelope(ANSWER)[1], "enc": "x"}])}, id="a text for a key"),
        pytest.param({"response": text(["dcapi", {**envelope(ANSWER)[1], "enc": b""}])}, id="no key"),
        pytest.param({"response": text(["dcapi", {"enc": envelope(ANSWER)[1]["enc"]}])}, id="no ciphertext"),
        pytest.param({"response": ANSWER["response"] + "="}, id="T028 padding"),
        pytest.param({"vp_token": {"pid": ["x"]}}, id="an answer in another protocol"),
        pytest.param({"error": "access_denied"}, id="an error in clear"),
    ],
)
def test_what_is_no_answer_is_refused(wrong):
    """T176"""
    refusal(wrong)


def test_an_answer_that_is_too_large_is_refused_before_it_is_decoded():
    with pytest.raises(ProtocolError, match="response"):
        open_device_response({"response": "A" * (MAX_RESPONSE + 1)}, KEY, HANDOVER)


@given(json_values | almost(ANSWER) | st.builds(lambda value: {"response": text(["dcapi", value])}, cbor_values))
def test_no_answer_escapes_the_error_family(data):
    with contextlib.suppress(ProtocolError):
        assert open_device_response(data, KEY, HANDOVER) == b"an answer"
