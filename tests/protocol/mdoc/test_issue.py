"""Issuing: everything is signed, nothing tells more than it has to, and the bytes are the same for the same input."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.cbor import encode_cbor, encode_wrapped
from protocol.cose import X5CHAIN
from protocol.encoding import decode_base64url
from protocol.mdoc.issue import RANDOM_BYTES
from protocol.mdoc.mso import DIGESTS, KeyAuthorizations
from tests.protocol.mdoc.samples import (
    CLAIMS,
    CONTENT,
    ELEMENTS,
    HOLDER,
    MDL,
    NATIONAL,
    PKI,
    SPACE,
    desk,
    issued,
    mso_of,
    plain,
    plain_mso,
    read,
    verify,
)
from tests.support.keys import EVERY_KIND
from tests.support.pki import INTERMEDIATE, NOW, make_pki
from tests.support.strategies import cbor_values


def test_a_document_says_what_it_is_made_of():
    raw = issued()
    mso = plain_mso(raw)
    assert mso["version"] == "1.0"
    assert mso["docType"] == MDL
    assert mso["digestAlgorithm"] == "SHA-256"
    assert mso["status"] == {"status_list": {"idx": 7, "uri": "https://issuer.example/status/1"}}
    assert mso["validityInfo"]["signed"].value == "2027-01-15T07:58:20Z"
    assert {time.tag for time in mso["validityInfo"].values()} == {0}
    assert mso_of(raw).validity == CONTENT.validity
    assert mso_of(raw).device_key == HOLDER.public_key
    values = {name: {i.identifier: i.value for i in items} for name, items in read(raw).name_spaces.items()}
    assert values == ELEMENTS


def test_whatever_is_written_is_the_one_encoding_of_it():
    raw = issued(decoys=3, authorizations=KeyAuthorizations(frozenset({"b", "a"}), {"c": frozenset({"y", "x"})}))
    assert encode_cbor(plain(raw)) == decode_base64url(raw)
    assert mso_of(raw).to_bytes() == read(raw).issuer_auth.payload
    assert read(raw).to_bytes() == decode_base64url(raw)
    for items in read(raw).name_spaces.values():
        for item in items:
            value: Any = {
                "digestID": item.digest_id,
                "random": item.random,
                "elementIdentifier": item.identifier,
                "elementValue": item.value,
            }
            assert encode_wrapped(encode_cbor(value)) == item.wrapped


def test_the_certificates_stand_in_the_header_that_is_not_signed():
    auth = read(issued()).issuer_auth
    assert X5CHAIN not in auth.header.protected
    assert auth.header.unprotected == {X5CHAIN: PKI.certificates[0].der}
    deep = make_pki(intermediates=(INTERMEDIATE,))
    assert read(issued(pki=deep)).issuer_auth.header.x5chain == tuple(c.der for c in deep.certificates)


@pytest.mark.parametrize("algorithm", DIGESTS)
def test_every_digest_algorithm_of_the_standard_can_be_chosen(algorithm):
    raw = issued(digest_algorithm=algorithm)
    assert plain_mso(raw)["digestAlgorithm"] == algorithm
    assert verify(raw).claims == CLAIMS


@pytest.mark.parametrize("key", EVERY_KIND, ids=lambda key: key.crv)
def test_a_holder_may_have_any_kind_of_key(key):
    assert verify(issued(holder_key=key)).holder_key == key


def test_numbers_of_elements_tell_nothing_about_them():  # T050
    elements = {SPACE: {f"element_{n:02}": n for n in range(20)}}
    orders = set()
    for random in range(8):
        (items,) = read(issued(random=random, elements=elements)).name_spaces.values()
        numbers = [item.digest_id for item in items]
        assert sorted(numbers) == list(range(20))
        orders.add(tuple(numbers))
    assert len(orders) == 8
    assert tuple(range(20)) not in orders


def test_every_element_has_random_bytes_of_its_own():
    randoms = [item.random for items in read(issued()).name_spaces.values() for item in items]
    assert len(set(randoms)) == len(randoms) == sum(map(len, ELEMENTS.values()))
    assert {len(random) for random in randoms} == {RANDOM_BYTES}
    assert set(randoms).isdisjoint([i.random for items in read(issued(random=2)).name_spaces.values() for i in items])


def test_decoys_are_digests_of_nothing_in_every_namespace():
    raw = issued(decoys=5)
    digests = plain_mso(raw)["valueDigests"]
    assert {name: len(of) for name, of in digests.items()} == {SPACE: 7 + 5, NATIONAL: 1 + 5}
    assert {len(digest) for of in digests.values() for digest in of.values()} == {32}
    assert verify(raw).claims == CLAIMS


@pytest.mark.parametrize("elements", [{}, {SPACE: {}}, {SPACE: {"height": 170}, NATIONAL: {}}])
def test_a_document_without_elements_is_a_mistake(elements):
    with pytest.raises(ValueError, match="element"):
        issued(elements=elements)


def test_rounded_times_begin_with_the_signers_certificate_at_the_earliest():
    young = desk(not_before=NOW - 10)
    validity = CONTENT.validity._replace(signed=NOW - 3600, valid_from=NOW - 3600)
    assert mso_of(issued(pki=young, validity=validity)).validity[:3] == (NOW - 10, NOW - 10, NOW + 1000)
    later = CONTENT.validity._replace(signed=NOW - 3600, valid_from=NOW)
    assert mso_of(issued(pki=young, validity=later)).validity[:3] == (NOW - 10, NOW, NOW + 1000)
    assert verify(issued(pki=young, validity=validity), anchors=young.anchors)


@pytest.mark.parametrize("time", [-1, 10**12])
def test_a_time_that_no_date_can_say_is_a_mistake(time):
    with pytest.raises(ValueError, match="time"):
        issued(validity=replace_time(valid_until=time))


def replace_time(**changes):
    return CONTENT.validity._replace(**changes)


def test_the_same_input_gives_the_same_digests():
    assert plain_mso(issued()) == plain_mso(issued())
    assert plain_mso(issued()) != plain_mso(issued(random=2))
    assert replace(CONTENT) == CONTENT


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=40),
        st.dictionaries(st.text(min_size=1, max_size=40), cbor_values, min_size=1, max_size=4),
        min_size=1,
        max_size=3,
    )
)
def test_whatever_is_issued_is_read_again(elements):
    found = {
        name: {i.identifier: i.value for i in items}
        for name, items in read(issued(elements=elements)).name_spaces.items()
    }
    assert found == elements
