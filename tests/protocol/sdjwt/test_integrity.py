"""A document is what somebody vouched for, byte for byte, or it is refused (T048)."""

import base64
import contextlib
import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.errors import NotAuthentic, ProtocolError
from protocol.sdjwt.integrity import check_integrity
from tests.support.strategies import flip

DATA = b'{"vct":"urn:example:1"}\n'


def hashed(algorithm, data=DATA):
    return f"{algorithm}-{base64.b64encode(hashlib.new(algorithm, data).digest()).decode()}"


GOOD = hashed("sha256")
OTHER = hashed("sha256", b"other")


@pytest.mark.parametrize(
    "integrity",
    [
        GOOD,
        hashed("sha384"),
        hashed("sha512"),
        f"  {GOOD}\t",
        f"{OTHER} {GOOD}",
        f"{OTHER} {hashed('sha512')}",
        f"md5-abc sha1-abc {GOOD} nonsense sha256- sha512-!!",
        f"{GOOD}?type=x",
        GOOD.replace("sha256", "SHA256"),
        GOOD.rstrip("="),
        GOOD.translate(str.maketrans("+/", "-_")),
        hashed("sha512").translate(str.maketrans("+/", "-_")),
    ],
)
def test_a_document_that_fits_is_taken(integrity):
    check_integrity(DATA, integrity, "document")


@pytest.mark.parametrize(
    "integrity",
    [
        OTHER,
        f"{hashed('sha512', b'other')} {GOOD}",  # only the strongest counts
        f"sha512-AAAA {hashed('sha384')} {GOOD}",
        f"{hashed('sha384', b'other')} {GOOD}",
        f"sha256-{hashlib.sha256(DATA).hexdigest()}",
        hashlib.sha256(DATA).hexdigest(),
        GOOD.removeprefix("sha256-"),
        GOOD.replace("-", "_", 1),
        GOOD[:-4],
        GOOD[:-2] + "=",
        "sha256-9cLlJNXN+TsMk+PmKjZ5t0WRL5ca/xGgX3c1ULmXfh=",  # as printed in SD-JWT VC A.2: no base64
        "sha256-A",
        "sha256-" + "A" * 43,
        "sha1-" + base64.b64encode(hashlib.sha1(DATA, usedforsecurity=False).digest()).decode(),
        "sha512-",
        "",
        " ",
        f"{GOOD},{GOOD}",
        f"ſha256-{GOOD.removeprefix('sha256-')}",
    ],
)
def test_a_document_that_nothing_fits_is_refused(integrity):
    with pytest.raises(NotAuthentic):
        check_integrity(DATA, integrity, "document")


def test_a_line_break_more_is_another_document():
    with pytest.raises(NotAuthentic):
        check_integrity(DATA + b"\n", GOOD, "document")


@given(st.integers(0, len(DATA) * 8 - 1), st.sampled_from(["sha256", "sha384", "sha512"]))
@settings(max_examples=50)
def test_any_flipped_bit_is_noticed(bit, algorithm):
    with pytest.raises(NotAuthentic):
        check_integrity(flip(DATA, bit), hashed(algorithm), "document")


@given(st.text(max_size=100) | st.from_regex(r"(sha256|sha512)-[A-Za-z0-9+/_=-]{0,50}", fullmatch=True))
@settings(max_examples=100)
def test_no_metadata_escapes_the_error_family(integrity):
    with contextlib.suppress(ProtocolError):
        check_integrity(DATA, integrity, "document")
