"""Session transcripts: the published ones byte for byte, and another one for whatever differs."""

from typing import Any

import pytest

from protocol.cbor import encode_cbor, read_cbor, read_wrapped
from protocol.encoding import sha256
from protocol.keys import PublicKey
from protocol.mdoc.transcript import (
    NULL,
    DcApiHandover,
    Handover,
    IsoDcApiHandover,
    OpenId4VpHandover,
    ProximityHandover,
)
from tests.support.vectors import read_vector

THUMBPRINT = bytes(range(32))
REDIRECT = OpenId4VpHandover("x509_san_dns:example.com", "nonce", THUMBPRINT, "https://example.com/response")
API = DcApiHandover("https://example.com", "nonce", THUMBPRINT)


def test_the_published_transcript_of_a_redirect_is_made_byte_for_byte():
    case = read_vector("openid4vp/handover/redirects.json")
    client_id, nonce, _, response_uri = case["handover_info"]
    thumbprint = PublicKey.from_jwk(case["jwk"]).thumbprint_bytes()
    made = OpenId4VpHandover(client_id, nonce, thumbprint, response_uri).session_transcript()
    assert made.hex() == case["session_transcript_hex"]


def test_the_published_transcript_of_the_browsers_api_is_made_byte_for_byte():
    case = read_vector("openid4vp/handover/dc-api.json")
    origin, nonce, _ = case["handover_info"]
    thumbprint = PublicKey.from_jwk(case["jwk"]).thumbprint_bytes()
    assert DcApiHandover(origin, nonce, thumbprint).session_transcript().hex() == case["session_transcript_hex"]


def test_the_transcript_of_iso_18013_5_annex_d_is_made_byte_for_byte():
    found = read_vector("iso18013-5/annex-d/multipaz-testvectors.json")
    published: Any = read_cbor(bytes.fromhex(found["session_transcript_bytes"]), "transcript").value
    transcript: Any = read_cbor(published, "transcript")
    engagement, reader_key, handover = transcript
    made = ProximityHandover(engagement.value, reader_key.value, encode_cbor(handover))
    assert made.session_transcript() == published


def test_the_transcript_of_a_qr_code_has_no_handover():
    made: Any = read_cbor(ProximityHandover(b"\xa0", b"\xa1\x01\x02").session_transcript(), "transcript")
    assert [read_wrapped(made[0], "0")[0], read_wrapped(made[1], "1")[0], made[2]] == [{}, {1: 2}, None]
    assert encode_cbor(None) == NULL


def test_the_bytes_of_an_engagement_are_kept_as_they_came():
    longer = bytes.fromhex("b90001001800")  # {0: 0}, with longer heads than needed
    assert longer in ProximityHandover(longer, longer).session_transcript()


def test_the_transcript_of_iso_18013_7_annex_c_has_a_hash_of_what_was_asked():
    made = read_cbor(IsoDcApiHandover("gmVkY2FwaQ", "https://example.com").session_transcript(), "transcript")
    assert made == [None, None, ["dcapi", sha256(encode_cbor(["gmVkY2FwaQ", "https://example.com"]))]]


@pytest.mark.parametrize(
    "other",
    [
        OpenId4VpHandover("x509_san_dns:example.org", "nonce", THUMBPRINT, "https://example.com/response"),
        OpenId4VpHandover("x509_san_dns:example.com", "Nonce", THUMBPRINT, "https://example.com/response"),
        OpenId4VpHandover("x509_san_dns:example.com", "nonce", THUMBPRINT[::-1], "https://example.com/response"),
        OpenId4VpHandover("x509_san_dns:example.com", "nonce", None, "https://example.com/response"),  # T064
        OpenId4VpHandover("x509_san_dns:example.com", "nonce", THUMBPRINT, "https://example.com/response/"),
        DcApiHandover("https://example.com", "nonce", THUMBPRINT),
        DcApiHandover("https://example.org", "nonce", THUMBPRINT),
        DcApiHandover("https://example.com", "Nonce", THUMBPRINT),
        DcApiHandover("https://example.com", "nonce", None),  # T064
        IsoDcApiHandover("nonce", "https://example.com"),
        ProximityHandover(b"\xa0", b"\xa0"),
        ProximityHandover(b"\xa0", b"\xa0", b"\x80"),
        ProximityHandover(b"\xa0", b"\xa1\x01\x02"),
    ],
)
def test_another_request_has_another_transcript(other):  # T059
    everything: list[Handover] = [
        REDIRECT,
        API,
        ProximityHandover(b"\xa0", b"\xa1\x01\x03"),
        IsoDcApiHandover("n", "https://example.com"),
    ]
    assert other.session_transcript() not in [known.session_transcript() for known in everything if known != other]
    assert read_cbor(other.session_transcript(), "transcript")
