"""What is set against our mdocs does the same work: what it makes holds, and what is altered it refuses."""

import pytest
from cryptography.exceptions import InvalidSignature

from protocol.encoding import decode_base64url, encode_base64url
from protocol.exchange import run
from protocol.formats import FORMATS
from tests.benchmarks.floor_mdoc import MdocFloor
from tests.benchmarks.samples import nothing_is_fetched
from tests.benchmarks.samples_mdoc import ELEMENTS, FIVE, SPACE, make_mdoc_sample, verify
from tests.support.pki import NOW
from tests.support.strategies import flip

SAMPLE = make_mdoc_sample()


def floor(key):
    """One whose signatures are by a key that somebody knows."""
    made = MdocFloor(SAMPLE)
    made._private = key._key
    return made


def test_what_it_issues_holds_and_is_as_long_as_ours():
    raw = floor(SAMPLE.pki.signer).issue()
    exchange = FORMATS["mso_mdoc"].verify_issued(raw, anchors=SAMPLE.anchors, now=NOW)
    assert run(exchange, nothing_is_fetched).claims == {SPACE: ELEMENTS}
    assert len(raw) == len(SAMPLE.credential)


def test_what_it_presents_holds_and_is_as_long_as_ours():
    raw = floor(SAMPLE.holder).present()
    verify(raw, SAMPLE.anchors)
    assert len(raw) == len(SAMPLE.presentation)


def test_it_verifies_what_we_present_and_refuses_what_was_altered():
    checker = MdocFloor(SAMPLE)
    assert checker.verify(SAMPLE.presentation) == {name: ELEMENTS[name] for _, name in FIVE}
    data = decode_base64url(SAMPLE.presentation)
    for found in (b"a value", b"\x6fdeviceSignature\x84\x43\xa1\x01\x26\xa0\xf6\x58\x40"):
        altered = flip(data, (data.index(found) + len(found)) * 8)
        with pytest.raises((ValueError, InvalidSignature)):
            checker.verify(encode_base64url(altered))
