"""A library that is not ours verifies the documents that we issue and present, and refuses what we refuse."""

import datetime
from dataclasses import replace

import pytest
from openvc.mdoc import MdocDeviceAuthError, MdocError, MdocTrustError, verify_device_response

from protocol.encoding import decode_base64url, encode_base64url
from protocol.mdoc.mso import DIGESTS
from protocol.mdoc.transcript import DcApiHandover
from tests.protocol.mdoc.samples import (
    CLAIMS,
    CONTENT,
    HANDOVER,
    MDL,
    NATIONAL,
    PKI,
    SPACE,
    STRANGER,
    issued,
    presented,
)
from tests.support.pki import NOW, make_pki
from tests.support.strategies import flip

AT = datetime.datetime.fromtimestamp(NOW, datetime.UTC)
ROOT = PKI.root.x509


def verify(raw, *, handover=HANDOVER, root=ROOT):
    (found,) = verify_device_response(
        decode_base64url(raw),
        trust_anchors=[root],
        session_transcript=handover.session_transcript(),
        now=AT,
        expected_doc_type=MDL,
    )
    return found


@pytest.mark.parametrize("algorithm", DIGESTS)
def test_openvc_verifies_what_we_issue_and_present(algorithm):
    found = verify(presented(raw=issued(digest_algorithm=algorithm)))
    assert found.device_signed
    assert found.elements(SPACE) == {
        "family_name": "Mustermann",
        "birth_date": "1984-01-17",
        "height": 170,
        "age_over_18": True,
    }
    assert found.elements(NATIONAL) == CLAIMS[NATIONAL]
    assert found.validity.valid_until == datetime.datetime.fromtimestamp(CONTENT.validity.valid_until, datetime.UTC)


def test_openvc_verifies_what_answers_the_browsers_api():
    handover = DcApiHandover("https://library.example", "nonce", None)
    assert verify(presented(handover=handover), handover=handover).doc_type == MDL


@pytest.mark.parametrize(
    "other",
    [replace(HANDOVER, nonce="another"), replace(HANDOVER, jwk_thumbprint=None), DcApiHandover("https://x", "n", None)],
)
def test_both_refuse_an_answer_to_another_request(other):
    with pytest.raises(MdocDeviceAuthError):
        verify(presented(), handover=other)


def test_both_refuse_another_holder_and_another_authority():
    with pytest.raises(MdocDeviceAuthError):
        verify(presented(signer=STRANGER))
    with pytest.raises(MdocTrustError):
        verify(presented(), root=make_pki().root.x509)


def test_both_refuse_what_was_altered():
    answer = decode_base64url(presented())
    place = answer.index(b"Mustermann")
    with pytest.raises(MdocError):
        verify(encode_base64url(flip(answer, place * 8)))
