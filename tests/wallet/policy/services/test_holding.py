"""What is held as rules see it: valid now, and about whom."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.encoding import encode_json
from protocol.sovereignty.eligibility import Truth, evaluate
from protocol.sovereignty.rules import About, CredentialType
from tests.protocol.sovereignty.held import condition
from tests.protocol.sovereignty.services import service
from tests.support.pki import NOW
from tests.wallet.counterpart_agency import VCT
from tests.wallet.counterparts import held
from wallet.policy.services.holding import holdings_of, seem_about_others, types_of

TODAY = date(2027, 1, 15)
BIRTH = "urn:town:birth:1"
SD = "dc+sd-jwt"


def one(record_id, claims, type_=BIRTH, **changes):
    return held(record_id, type=type_, claims=encode_json(claims).decode(), **changes)


PID = one("pid", {"given_name": "Erika", "birthdate": "1990-08-12"}, VCT)
CHILD = one("mia", {"birthdate": "2026-11-02"})


def holdings(*records, **marks):
    return holdings_of(records, marks, now=NOW, today=TODAY)


def truth(holdings, about="represented"):
    rule = condition("birthdate", "age_below", 18, type_=BIRTH, about=about)
    return evaluate(service("x", eligible=rule).eligible, holdings).truth


def test_a_childs_certificate_makes_nobody_a_child():
    # Nobody said yet whose it is
    assert truth(holdings(PID, CHILD)) is Truth.UNKNOWN
    assert truth(holdings(PID, CHILD), "self") is Truth.UNKNOWN
    assert truth(holdings(PID, CHILD, mia=About.REPRESENTED)) is Truth.MET
    assert truth(holdings(PID, CHILD, mia=About.REPRESENTED), "self") is Truth.UNKNOWN
    # What the citizen says wins over what it looks like
    assert truth(holdings(PID, CHILD, mia=About.SELF), "self") is Truth.MET


@pytest.mark.parametrize(
    ("claims", "seems"),
    [
        ({"birthdate": "2026-11-02"}, True),
        ({"birthdate": "1990-08-12"}, False),
        ({"child": {"birth_date": "2026-11-02"}}, True),
        ({"child": {"birthdate": "2026-11-02"}, "parent": {"birthdate": "1990-08-12"}}, False),
        ({"org.iso.18013.5.1": {"birth_date": "2026-11-02"}}, True),
        ({"name": "Mia"}, False),
        ({"birthdate": ["2026-11-02"]}, False),
        ({"birthdate": "2 November"}, False),
        ({"a": {"b": {"c": {"d": {"birthdate": "2026-11-02"}}}}}, False),
    ],
)
def test_who_was_born_on_another_day_is_somebody_else(claims, seems):
    assert seem_about_others([PID, one("other", claims)]) == (frozenset({"other"}) if seems else frozenset())


def test_without_an_identity_card_nothing_seems_to_be_about_others():
    assert seem_about_others([CHILD]) == frozenset()


def test_forms_of_one_document_are_about_the_same_person():
    other = one("form", {"birthdate": "2026-11-02"}, document="mia")
    assert seem_about_others([PID, CHILD, other]) == {"mia"}
    assert truth(holdings(PID, other, mia=About.REPRESENTED)) is Truth.MET


@pytest.mark.parametrize(
    ("changes", "counts", "ended"),
    [
        ({}, True, False),
        ({"expires_at": NOW}, False, True),
        ({"expires_at": NOW + 1}, True, False),
        ({"status": "invalid"}, False, False),
        ({"status": "suspended"}, False, False),
        ({"status": "unknown"}, True, False),
    ],
)
def test_only_what_is_valid_now_counts(changes, counts, ended):
    found = holdings(one("x", {"birthdate": "2026-11-02"}, **changes))
    named = CredentialType(SD, BIRTH)
    assert (found.has(named), found.has_ended(named)) == (counts, ended)


@pytest.mark.parametrize(("begins", "counts"), [(NOW, True), (NOW + 1, False), (True, True), ("soon", True)])
def test_what_has_not_begun_does_not_count(begins, counts):
    assert holdings(one("x", {"nbf": begins})).has(CredentialType(SD, BIRTH)) is counts


def test_a_document_is_good_for_the_types_that_it_names():
    record = one("x", {"aka_vcts": ["urn:wider:1", 7]})
    assert types_of(record) == (CredentialType(SD, BIRTH), CredentialType(SD, "urn:wider:1"))
    assert holdings(record).has(CredentialType(SD, "urn:wider:1"))


values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**53), 2**53),
        st.text(max_size=12),
        st.sampled_from(["2026-11-02", "1990-08-12"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["birthdate", "birth_date", "nbf", "aka_vcts", "x"]), inner, max_size=4),
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["birthdate", "nbf", "aka_vcts", "x"]), values, max_size=4))
def test_whatever_a_document_says_it_is_sorted(claims):
    record = one("x", claims)
    assert seem_about_others([PID, record]) <= {"x"}
    assert truth(holdings(PID, record)) in tuple(Truth)
