"""The signed object: written in its one encoding, read strictly."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.cbor import Tagged, encode_cbor, encode_wrapped, read_cbor
from protocol.credential import IdentifierReference, StatusReference
from protocol.errors import Malformed, ProtocolError, Unsupported
from protocol.mdoc.mso import (
    DIGEST_SIZES,
    DIGESTS,
    KeyAuthorizations,
    MobileSecurityObject,
    MsoStatus,
    ValidityInfo,
)
from protocol.status.reference import MAX_INDEX
from tests.protocol.mdoc.samples import altered, plain_mso
from tests.support.keys import EVERY_KIND
from tests.support.strategies import cbor_values

GOOD = plain_mso()
names = st.text(min_size=1, max_size=40)
times = st.integers(0, 253_402_300_799)
uris = st.sampled_from(["https://issuer.example/1", "https://issuer.example/status/2"])
authorizations = st.builds(
    KeyAuthorizations,
    st.frozensets(names, max_size=3),
    st.none() | st.dictionaries(names, st.frozensets(names, max_size=3), min_size=1, max_size=3),
)


@st.composite
def objects(draw):
    algorithm = draw(st.sampled_from(sorted(DIGESTS)))
    digests = st.binary(min_size=DIGEST_SIZES[algorithm], max_size=DIGEST_SIZES[algorithm])
    by_number = st.dictionaries(st.integers(0, 2**64 - 1), digests, max_size=4)
    by_index = st.builds(StatusReference, uris, st.integers(0, MAX_INDEX))
    by_identifier = st.builds(IdentifierReference, uris, st.binary(min_size=1, max_size=64))
    return MobileSecurityObject(
        doc_type=draw(names),
        digest_algorithm=algorithm,
        value_digests=draw(st.dictionaries(names, by_number, min_size=1, max_size=3)),
        device_key=draw(st.sampled_from(EVERY_KIND)),
        validity=draw(st.builds(ValidityInfo, times, times, times, st.none() | times)),
        authorizations=draw(authorizations),
        status=draw(st.none() | st.builds(MsoStatus, st.none() | by_index, st.none() | by_identifier)),
    )


def read(mso):
    return MobileSecurityObject.from_bytes(encode_wrapped(encode_cbor(mso)))


@given(objects())
def test_an_object_is_read_as_it_was_written(mso):
    written = mso.to_bytes()
    assert MobileSecurityObject.from_bytes(written) == mso
    inner: Any = read_cbor(written, "mso")
    assert encode_cbor(read_cbor(inner.value, "mso")) == inner.value


@pytest.mark.parametrize("algorithm", DIGESTS)
def test_digests_have_the_sizes_that_their_algorithms_give(algorithm):
    assert len(DIGESTS[algorithm](b"x")) == DIGEST_SIZES[algorithm]


def test_what_the_device_may_sign_is_whole_namespaces_and_single_elements():
    allowed = KeyAuthorizations(frozenset({"a"}), {"b": frozenset({"x"})})
    assert [allowed.covers(*element) for element in [("a", "y"), ("b", "x"), ("b", "y"), ("c", "x"), ("x", "b")]] == [
        True,
        True,
        False,
        False,
        False,
    ]
    assert not KeyAuthorizations().covers("a", "x")


@pytest.mark.parametrize(
    "allowed",
    [
        None,
        [],
        {"nameSpaces": "a"},
        {"nameSpaces": [1]},
        {"nameSpaces": [""]},
        {"nameSpaces": None},
        {"dataElements": ["a"]},
        {"dataElements": {"a": "x"}},
        {"dataElements": {"a": [None]}},
        {"dataElements": {1: ["x"]}},
    ],
)
def test_what_the_device_may_sign_in_another_shape_is_refused(allowed):  # T024
    with pytest.raises(Malformed):
        read(altered(GOOD, ["deviceKeyInfo", "keyAuthorizations"], allowed))


@pytest.mark.parametrize(
    "status",
    [
        None,
        [],
        "x",
        {"status_list": None},
        {"status_list": []},
        {"status_list": {}},
        {"status_list": {"uri": "https://issuer.example/1"}},
        {"status_list": {"idx": 1}},
        {"status_list": {"uri": "http://issuer.example/1", "idx": 1}},
        {"status_list": {"uri": "https://issuer.example/1", "idx": -1}},
        {"status_list": {"uri": "https://issuer.example/1", "idx": True}},
        {"status_list": {"uri": "https://issuer.example/1", "idx": 1.0}},
        {"status_list": {"uri": "https://issuer.example/1", "idx": MAX_INDEX + 1}},
        {"identifier_list": None},
        {"identifier_list": {"uri": "https://issuer.example/1"}},
        {"identifier_list": {"id": b"7"}},
        {"identifier_list": {"uri": "https://issuer.example/1", "id": "7"}},
        {"identifier_list": {"uri": "https://issuer.example/1", "id": b""}},
        {"identifier_list": {"uri": "https://issuer.example/1", "id": bytes(65)}},
        {"identifier_list": {"uri": "file:///etc/passwd", "id": b"7"}},
    ],
)
def test_a_status_of_another_shape_is_refused(status):
    with pytest.raises(Malformed):
        read(altered(GOOD, ["status"], status))


def test_a_certificate_beside_a_status_is_read_by_nobody():
    entry = {"uri": "https://issuer.example/1", "idx": 7, "certificate": b"\x30\x00"}
    assert read(altered(GOOD, ["status"], {"status_list": entry})).status == MsoStatus(
        StatusReference("https://issuer.example/1", 7)
    )
    assert read(altered(GOOD, ["status"], {"later": 1})).status == MsoStatus()


def test_peers_may_have_large_numbers_and_say_more_of_their_keys():
    digests = {2867832405: bytes(32)}
    more = altered(altered(GOOD, ["valueDigests"], {"a": digests}), ["deviceKeyInfo", "deviceKey", 2], "kid")
    assert read(altered(more, ["deviceKeyInfo", "keyInfo"], {1: "x"})).value_digests == {"a": digests}


@given(st.dictionaries(st.sampled_from(sorted(GOOD)), cbor_values | st.just(...), min_size=1, max_size=2))
def test_no_object_leaves_the_family_of_errors(changes):
    with contextlib.suppress(ProtocolError):
        read({name: value for name, value in {**GOOD, **changes}.items() if value is not ...})


@pytest.mark.parametrize("value", [{}, Tagged(24, b"\xa0"), [], "x", 1])
def test_what_is_no_object_is_refused(value):
    with pytest.raises((Malformed, Unsupported)):
        MobileSecurityObject.from_bytes(encode_cbor(value))
