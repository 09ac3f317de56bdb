"""Disclosures are put where they belong; everything that does not fit is refused."""

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.encoding import encode_json
from protocol.errors import Malformed, NotAuthentic, ProtocolError, TooLarge, Unsupported
from protocol.sdjwt.disclosure import digest_of
from protocol.sdjwt.issue import ALWAYS_VISIBLE
from protocol.sdjwt.process import MAX_DEPTH, process_claims
from protocol.sdjwt.token import MAX_DISCLOSURES
from tests.protocol.sdjwt.samples import CLAIMS, digests, disclosures, hidden, issued, read, signed
from tests.support.bounds import BOUNDED

NAME = hidden("given_name", "Erika")
ELEMENT = hidden(None, "DE")


def process(payload, *texts):
    return process_claims(payload, disclosures(*texts), "credential")


def refused(error, payload, *texts):
    with pytest.raises(error) as refusal:
        process(payload, *texts)
    assert type(refusal.value) is error
    return refusal.value


def test_what_is_disclosed_stands_where_its_digest_stood():
    inner = hidden("locality", "Köln")
    address = hidden("address", {"_sd": digests(inner), "country": "DE"})
    payload = {
        "_sd": digests(NAME, address),
        "_sd_alg": "sha-256",
        "nationalities": [{"...": digest_of(ELEMENT)}, "FR"],
    }
    processed = process(payload, address, ELEMENT, NAME, inner)
    assert processed.claims == {
        "nationalities": ["DE", "FR"],
        "given_name": "Erika",
        "address": {"country": "DE", "locality": "Köln"},
    }
    assert dict(zip(processed.disclosed, processed.positions, strict=True)) == {
        ("nationalities", 0): 1,
        ("given_name",): 2,
        ("address",): 0,
        ("address", "locality"): 3,
    }
    assert processed.disclosed.index(("address",)) < processed.disclosed.index(("address", "locality"))


def test_what_is_not_disclosed_leaves_nothing_behind():
    payload = {"_sd": digests(NAME), "list": [{"...": "decoy"}, "FR", {"...": digest_of(ELEMENT)}], "o": {"_sd": ["x"]}}
    assert process(payload).claims == {"list": ["FR"], "o": {}}
    shown = process(payload, ELEMENT)
    assert shown.claims["list"] == ["FR", "DE"]
    assert shown.disclosed == (("list", 1),)


@pytest.mark.parametrize("value", [None, False, 0, "", [], {}])
def test_values_that_mean_nothing_are_disclosed_like_any_other(value):
    texts = hidden("a", value), hidden(None, value)
    processed = process({"_sd": digests(texts[0]), "list": [{"...": digest_of(texts[1])}]}, *texts)
    assert processed.claims == {"a": value, "list": [value]}


def test_disclosures_inside_disclosed_elements_are_found():
    leaf = hidden("city", "Köln")
    inner = hidden(None, {"_sd": digests(leaf)})
    outer = hidden(None, [{"...": digest_of(inner)}])
    processed = process({"list": [{"...": digest_of(outer)}]}, leaf, inner, outer)
    assert processed.claims == {"list": [[{"city": "Köln"}]]}
    assert processed.disclosed == (("list", 0), ("list", 0, 0), ("list", 0, 0, "city"))


def test_the_payload_is_left_as_it_was():
    payload = {"_sd": digests(NAME), "_sd_alg": "sha-256", "list": [{"...": digest_of(ELEMENT)}]}
    before = repr(payload)
    process(payload, NAME, ELEMENT)
    assert repr(payload) == before


# What does not fit


@pytest.mark.parametrize("name", sorted(ALWAYS_VISIBLE))
def test_what_must_stay_in_sight_cannot_be_disclosed(name):  # T030
    text = hidden(name, "x")
    refusal = refused(Malformed, {"_sd": digests(text)}, text)
    assert "must stay in sight" in refusal.problem


@pytest.mark.parametrize("name", sorted(ALWAYS_VISIBLE))
def test_nothing_inside_what_must_stay_in_sight_can_be_disclosed(name):  # T030; SD-JWT VC §2.2.2.3
    member, element = hidden("inside", "x"), hidden(None, "x")
    for payload, text in (
        ({name: {"_sd": digests(member)}}, member),
        ({name: [{"...": digests(element)[0]}]}, element),
        ({name: {"deeper": [{"_sd": digests(member)}]}}, member),
    ):
        assert "must stay in sight" in refused(Malformed, payload, text).problem


def test_below_the_top_those_names_are_free():
    text = hidden("exp", 1)
    assert process({"passport": {"_sd": digests(text)}}, text).claims == {"passport": {"exp": 1}}


@pytest.mark.parametrize(
    "payload",
    [
        {"_sd": [digest_of(NAME), digest_of(NAME)]},
        {"_sd": digests(NAME), "a": {"_sd": digests(NAME)}},
        {"a": {"_sd": digests(NAME)}, "b": {"_sd": digests(NAME)}},
        {"_sd": ["decoy", "decoy"]},
        {"_sd": ["decoy"], "list": [{"...": "decoy"}]},
        {"list": [{"...": "decoy"}, {"...": "decoy"}]},
    ],
)
@pytest.mark.parametrize("texts", [(), (NAME,)])
def test_a_digest_that_stands_twice_is_refused(payload, texts):  # T031
    assert "twice" in refused(NotAuthentic, payload, *texts).description


def test_a_digest_that_a_disclosure_brings_again_is_refused():  # T031
    outer = hidden("outer", {"_sd": digests(NAME)})
    refused(NotAuthentic, {"_sd": digests(NAME, outer)}, NAME, outer)


@pytest.mark.parametrize(
    "payload", [{}, {"_sd": ["decoy"]}, {"given_name": digest_of(NAME)}, {"list": [digest_of(NAME)]}]
)
def test_a_disclosure_that_no_digest_refers_to_is_refused(payload):  # T032
    assert "does not belong" in refused(NotAuthentic, payload, NAME).description


def test_a_disclosure_without_its_parent_is_refused():  # T032
    address = hidden("address", {"_sd": digests(NAME)})
    refused(NotAuthentic, {"_sd": digests(address)}, NAME)
    assert process({"_sd": digests(address)}, address, NAME).claims == {"address": {"given_name": "Erika"}}


def test_one_disclosure_given_twice_is_refused():  # T032
    refused(NotAuthentic, {"_sd": digests(NAME)}, NAME, NAME)


@pytest.mark.parametrize("value", ["Erika", "Max", None])
def test_a_claim_that_is_there_already_is_refused(value):  # T033
    assert "already" in refused(Malformed, {"given_name": value, "_sd": digests(NAME)}, NAME).problem


def test_a_claim_disclosed_twice_is_refused():  # T033
    other = hidden("given_name", "Max")
    refused(Malformed, {"_sd": digests(NAME, other)}, NAME, other)


def test_a_claim_that_is_there_already_below_the_top_is_refused():  # T033
    refused(Malformed, {"a": {"_sd": digests(NAME), "given_name": 1}}, NAME)


@pytest.mark.parametrize(
    "placeholder",
    [
        {"...": digest_of(ELEMENT), "x": 1},
        {"...": "decoy", "x": 1},
        {"...": "decoy", "_sd": ["x"]},
        {"...": None},
        {"...": 1},
        {"...": [digest_of(ELEMENT)]},
        {"...": {"...": digest_of(ELEMENT)}},
    ],
)
def test_a_placeholder_of_another_shape_is_refused(placeholder):  # T034
    refused(Malformed, {"list": [placeholder]})


@pytest.mark.parametrize("payload", [{"...": "x"}, {"a": {"...": "x"}}, {"a": [{"b": {"...": digest_of(ELEMENT)}}]}])
def test_a_placeholder_outside_an_array_is_refused(payload):  # T034
    refused(Malformed, payload)


@pytest.mark.parametrize("value", [None, "x", digest_of(NAME), 1, {}, [1], [None], [[digest_of(NAME)]], [{"...": "x"}]])
@pytest.mark.parametrize("deeper", [False, True])
def test_digests_of_another_shape_are_refused(value, deeper):  # T034
    refused(Malformed, {"a": {"_sd": value}} if deeper else {"_sd": value})


def test_an_empty_list_of_digests_is_borne():  # RFC 9901 §4.2.4.1
    assert process({"_sd": [], "a": 1}).claims == {"a": 1}


def test_members_and_elements_are_not_exchanged():
    assert "element" in refused(Malformed, {"_sd": digests(ELEMENT)}, ELEMENT).problem
    assert "member" in refused(Malformed, {"list": [{"...": digest_of(NAME)}]}, NAME).problem


@pytest.mark.parametrize("name", ["md5", "sha-1", "sha-384", "SHA-256", "sha256", "", 256, None, True, ["sha-256"]])
def test_another_digest_algorithm_is_refused(name):  # T035
    refused(Unsupported, {"_sd_alg": name, "_sd": digests(NAME)}, NAME)


def test_an_absent_digest_algorithm_means_sha_256():  # T035
    assert process({"_sd": digests(NAME)}, NAME).claims == {"given_name": "Erika"}


def test_the_digest_algorithm_stands_at_the_top_only():
    refused(Malformed, {"a": {"_sd_alg": "sha-256"}})
    text = hidden("a", {"_sd_alg": "sha-256"})
    refused(Malformed, {"_sd": digests(text)}, text)
    refused(Malformed, {"list": [{"_sd_alg": "sha-256"}]})


@pytest.mark.parametrize("as_elements", [False, True])
def test_disclosures_nested_without_end_are_refused_quickly(as_elements):  # T036
    def wrap(text, depth):
        if as_elements:
            return hidden(None, [{"...": digest_of(text)}], salt=f"{depth:022}")
        return hidden("n", {"_sd": digests(text)}, salt=f"{depth:022}")

    def tower(height):
        texts = [hidden(None if as_elements else "n", 1)]
        for depth in range(height):
            texts.append(wrap(texts[-1], depth))
        top = texts[-1]
        return {"list": [{"...": digest_of(top)}]} if as_elements else {"_sd": digests(top)}, texts

    payload, texts = tower(MAX_DEPTH - 2)
    assert len(process(payload, *texts).disclosed) == MAX_DEPTH - 1
    payload, texts = tower(MAX_DEPTH + 1)
    refused(TooLarge, payload, *texts)
    payload, texts = tower(MAX_DISCLOSURES - 1)
    found = disclosures(*texts)
    started = time.process_time()
    with pytest.raises(TooLarge):
        process_claims(payload, found, "credential")
    assert time.process_time() - started < BOUNDED


def test_as_many_disclosures_as_allowed_are_processed_quickly():  # T036
    texts = [hidden(f"claim {i}", i) for i in range(MAX_DISCLOSURES)]
    text = signed({"_sd": digests(*texts)}, *texts)
    started = time.process_time()
    token = read(text)
    processed = process_claims(token.jws.peek_claims("credential").members, token.disclosures, "credential")
    assert time.process_time() - started < BOUNDED
    assert len(processed.claims) == MAX_DISCLOSURES


def test_a_refusal_repeats_no_claim():
    for payload, texts in [({"given_name": 1, "_sd": digests(NAME)}, [NAME]), ({}, [NAME])]:
        with pytest.raises(ProtocolError) as refusal:
            process(payload, *texts)
        assert "Erika" not in str(refusal.value)
        assert "given_name" not in str(refusal.value)


# Anything at all

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.sampled_from(digests(NAME, ELEMENT)),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["_sd", "...", "_sd_alg", "a", "given_name", "cnf"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(values, st.sampled_from([(), (NAME,), (ELEMENT,), (NAME, ELEMENT)]))
def test_no_payload_escapes_the_error_family(value, texts):
    with contextlib.suppress(ProtocolError):
        process({"top": value}, *texts)
    if isinstance(value, dict):
        with contextlib.suppress(ProtocolError):
            process(value, *texts)


@given(values)
def test_no_machinery_survives(value):
    with contextlib.suppress(ProtocolError):
        shown = encode_json(process({"top": value}, NAME, ELEMENT).claims)
        assert b'"_sd"' not in shown
        assert b'"..."' not in shown


def test_the_sample_is_what_it_says():
    token = read(issued())
    processed = process_claims(token.jws.peek_claims("credential").members, token.disclosures, "credential")
    assert processed.claims == CLAIMS
