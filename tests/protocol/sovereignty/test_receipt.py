"""Receipts as they are made and read."""

import contextlib
from dataclasses import replace
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import Malformed, ProtocolError
from protocol.fields import Fields
from protocol.jws import Jws
from protocol.sovereignty.durations import Retention
from protocol.sovereignty.receipt import (
    LegalBasis,
    Outcome,
    Receipt,
    fresh_receipt_id,
    sign_receipt,
    sort_paths,
)
from protocol.sovereignty.receipt_parties import Controller
from protocol.trust.registration import Contact
from tests.protocol.sovereignty.disclosures import LEAST, RECEIPT, REGISTRATION, SECRET, forged, signed
from tests.support.keys import P384
from tests.support.partners import AGENCY, known_partners
from tests.support.pki import DAY, NOW, seeded
from tests.support.strategies import almost, json_values

HASH = RECEIPT.request


def read(text):
    return Receipt.from_fields(Jws.from_compact(text, "receipt").peek_claims("receipt"))


@pytest.mark.parametrize("receipt", [RECEIPT, LEAST])
def test_a_receipt_is_read_as_it_was_made(receipt):
    assert read(signed(receipt)) == receipt


@given(
    outcome=st.sampled_from(Outcome),
    basis=st.sampled_from(LegalBasis),
    claims=st.dictionaries(
        st.text(min_size=1, max_size=9),
        st.lists(
            st.lists(st.text(min_size=1, max_size=9) | st.none() | st.integers(0, 99), min_size=1, max_size=3).map(
                tuple
            )
        ).map(lambda paths: sort_paths(tuple(paths))),
        min_size=1,
        max_size=4,
    ),
    retention=st.sampled_from(["none", "P1D", "PT12H", {"from": {"de": "Ende"}, "for": "P10Y"}]),
)
def test_whatever_it_says_it_is_read_as_it_was_made(outcome, basis, claims, retention):
    claims = {id_: paths for id_, paths in claims.items() if "\0" not in repr((id_, paths))}
    read_retention = Retention.from_fields(Fields({"r": retention}, "x"), "r")
    receipt = replace(RECEIPT, outcome=outcome, legal_basis=basis, claims=claims or {"q": ()}, retention=read_retention)
    assert Receipt.from_fields(Fields(receipt.to_claims(), "receipt")) == receipt


def test_the_least_says_no_more_than_is_there():
    absent = {"key", "service", "recipients", "represented", "cockpit_endpoint"}
    assert absent.isdisjoint(LEAST.to_claims())


def test_a_receipt_has_no_value_of_a_claim():
    assert SECRET.encode() not in Jws.from_compact(signed(), "receipt").payload


@pytest.mark.parametrize(
    ("changes", "at"),
    [
        ({"iss": ...}, "receipt.iss"),
        ({"iat": ...}, "receipt.iat"),
        ({"jti": "AAECAwQFBgcICQoLDA0OD"}, "receipt.jti"),
        ({"jti": "../AECAwQFBgcICQoLDA0ODw"}, "receipt.jti"),
        ({"request": HASH[:-1]}, "receipt.request"),
        ({"request": HASH[:-1] + "="}, "receipt.request"),
        ({"key": "kid-1"}, "receipt.key"),
        ({"presentations": {}}, "receipt.presentations"),
        ({"presentations": {"pid": []}}, "receipt.presentations.pid"),
        ({"presentations": {"pid": [HASH, "x"]}}, "receipt.presentations.0[1]"),
        ({"presentations": {"": [HASH]}}, "receipt.presentations"),
        ({"presentations": {str(n): [HASH] for n in range(65)}}, "receipt.presentations"),
        ({"claims": {"pid": [["b"], ["a"]]}}, "receipt.claims"),
        ({"claims": {"pid": [["a"], ["a"]]}}, "receipt.claims.pid"),
        ({"claims": {"pid": [[True]]}}, "receipt.claims.pid[0].path[0]"),
        ({"outcome": "maybe"}, "receipt.outcome"),
        ({"purpose": "benefit"}, "receipt.purpose"),
        ({"purpose": {"en": "<script>"}}, "receipt.purpose.en"),
        ({"legal_basis": "because"}, "receipt.legal_basis"),
        ({"retention": "a while"}, "receipt.retention"),
        ({"retention": {"from": {"en": "the end"}}}, "receipt.retention.for"),
        ({"log_until": "2030"}, "receipt.log_until"),
        ({"controller": {"name": "x"}}, "receipt.controller.privacy_policy"),
        ({"recipients": [{"name": "x"}]}, "receipt.recipients[0].identifier"),
        ({"represented": ["other"]}, "receipt.represented"),
        ({"cockpit_endpoint": "http://agency.example/cockpit"}, "receipt.cockpit_endpoint"),
    ],
)
def test_a_broken_receipt_is_refused_by_name(changes, at):
    if "controller" in changes:
        changes = {"controller": {**RECEIPT.controller.to_dict(), "privacy_policy": None}}
    with pytest.raises(Malformed) as refusal:
        read(forged(**changes))
    assert refusal.value.at == at


@given(almost(RECEIPT.to_claims()) | json_values)
def test_no_input_leaves_the_error_family(value):
    with contextlib.suppress(ProtocolError):
        Receipt.from_fields(Fields(value, "receipt"))


@pytest.mark.parametrize(
    "receipt",
    [
        replace(RECEIPT, outcome=Outcome.REJECTED),
        replace(RECEIPT, log_until=NOW + 365 * DAY + 90 * DAY - 1),
        replace(RECEIPT, cockpit_endpoint=None),
        replace(RECEIPT, claims={"pid": (("b",), ("a",))}),
        replace(RECEIPT, represented=("other",)),
        replace(RECEIPT, id="guess me"),
        replace(RECEIPT, recipients=RECEIPT.recipients * 256, purpose=RECEIPT.purpose),
    ],
)
def test_a_receipt_that_would_be_found_wrong_is_not_made(receipt):
    pki = known_partners()[AGENCY]
    with pytest.raises(ValueError, match=r"\w"):
        sign_receipt(replace(receipt, recipients=receipt.recipients * 3), pki.signer, pki.x5c)


def test_a_receipt_is_not_made_that_would_be_too_long_to_read():
    recipient, pki = replace(RECEIPT.recipients[0], name="x" * 200), known_partners()[AGENCY]
    assert sign_receipt(replace(RECEIPT, recipients=(recipient,) * 64), pki.signer, pki.x5c)
    with pytest.raises(ValueError, match="64 KiB"):
        sign_receipt(replace(RECEIPT, recipients=(recipient,) * 250), pki.signer, pki.x5c)


def test_only_the_algorithms_of_all_our_objects_sign():
    with pytest.raises(ValueError, match="ES256"):
        sign_receipt(RECEIPT, SimpleNamespace(public_key=P384), known_partners()[AGENCY].x5c)


def test_rejected_data_stay_a_day_at_most_and_the_log_for_ninety_more():
    day = Retention.from_fields(Fields({"r": "P1D"}, "x"), "r")
    rejected = replace(RECEIPT, outcome=Outcome.REJECTED, retention=day, log_until=NOW + 91 * DAY)
    assert read(signed(rejected)) == rejected
    assert not rejected.keeps_rejected_too_long
    for longer in ("PT25H", "P1DT1S", "P1M", {"from": {"en": "the end"}, "for": "PT1S"}):
        kept = Retention.from_fields(Fields({"r": longer}, "x"), "r")
        assert replace(rejected, retention=kept).keeps_rejected_too_long
    assert replace(rejected, log_until=NOW + 91 * DAY - 1).answers_too_short


def test_an_id_is_128_random_bits():
    assert fresh_receipt_id(seeded(1)) == fresh_receipt_id(seeded(1)) != fresh_receipt_id(seeded(2))
    assert len(fresh_receipt_id(seeded(1))) == 22


def test_paths_stand_in_the_order_of_their_texts_each_once():
    paths = (("b",), ("a", None), ("a", 10), ("a", 9), ("a", "ü"), ("b",), ("a",))
    assert sort_paths(paths) == (("a", "ü"), ("a", 10), ("a", 9), ("a", None), ("a",), ("b",))


@pytest.mark.parametrize(
    ("support", "contact"),
    [
        (None, None),
        ("data@agency.example", Contact(email="data@agency.example")),
        ("mailto:data@agency.example", Contact(email="data@agency.example")),
        ("tel:+49123", Contact(phone="+49123")),
        ("https://agency.example/@data", Contact(uri="https://agency.example/@data")),
    ],
)
def test_the_contact_is_what_the_register_has(support, contact):
    assert Controller.from_registration(replace(REGISTRATION, support_uri=support)).contact == contact


def test_an_empty_contact_is_none():
    members = {**RECEIPT.controller.to_dict(), "dpo": {}}
    assert Controller.from_fields(Fields(members, "controller")).dpo is None
