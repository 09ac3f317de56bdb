"""A condition as a search in sorted values, held against one that looks at value after value."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.sovereignty.comparing import Column, Why, judge
from protocol.sovereignty.rules import Claim, Comparison, Condition, CredentialType, Source
from protocol.trust.localized import Localized
from tests.protocol.sovereignty.held import TODAY

CLAIM = Claim((Source(CredentialType("dc+sd-jwt", "urn:a"), ("x",)),))
BECAUSE = (Localized("en", "because"),)
DATES = ("1990-08-12", "2009-01-15", "2009-01-16", "2027-01-15", "2027-01-16", "2004-02-29", "2026-02-30", "1990-8-12")

numbers = st.sampled_from([0, 1, 1.0, 2, 17.5, 18, 150])
texts = st.sampled_from(["", "a", "1", *DATES])
scalars = st.one_of(numbers, texts, st.booleans())
values = st.one_of(scalars, st.sampled_from([None, [], {}, [1], {"x": 1}]))
days = st.sampled_from(["1990-08-12", "2009-01-16", "2027-01-15"])
wanted = st.one_of(
    st.tuples(st.just(Comparison.EXISTS), st.none()),
    st.tuples(st.just(Comparison.EQUALS), scalars),
    st.tuples(st.just(Comparison.ONE_OF), st.lists(scalars, min_size=1, max_size=4).map(tuple)),
    st.tuples(st.sampled_from([Comparison.AT_LEAST, Comparison.AT_MOST]), numbers),
    st.tuples(st.sampled_from([Comparison.BEFORE, Comparison.AFTER]), days),
    st.tuples(st.sampled_from([Comparison.AGE_AT_LEAST, Comparison.AGE_BELOW]), st.integers(0, 40)),
)
said = st.lists(st.lists(values, max_size=3).map(tuple), min_size=1, max_size=5)


def kind(value):
    if isinstance(value, bool):
        return "truth"
    return "number" if isinstance(value, int | float) else "text" if isinstance(value, str) else None


def day(value):
    try:
        return date.fromisoformat(value) if isinstance(value, str) and len(value) == 10 else None
    except ValueError:
        return None


def years(born):
    return TODAY.year - born.year - ((TODAY.month, TODAY.day) < (born.month, born.day))


def met(comparison, value, want):
    """What one value comes to: true, false, or None where it says nothing."""
    if comparison is Comparison.EXISTS:
        return None if value is None else True
    if comparison in (Comparison.EQUALS, Comparison.ONE_OF):
        options = want if isinstance(want, tuple) else (want,)
        alike = [one for one in options if kind(one) == kind(value)]
        return value in alike if alike else None
    if comparison in (Comparison.AT_LEAST, Comparison.AT_MOST):
        if kind(value) != "number":
            return None
        return value >= want if comparison is Comparison.AT_LEAST else value <= want
    found = day(value)
    if found is None:
        return None
    if comparison in (Comparison.BEFORE, Comparison.AFTER):
        limit = date.fromisoformat(want)
        return found < limit if comparison is Comparison.BEFORE else found > limit
    if found > TODAY:
        return None
    return (years(found) >= want) is (comparison is Comparison.AGE_AT_LEAST)


def expected(comparison, found, want):
    """What one document comes to."""
    come_to = [(value, met(comparison, value, want)) for value in found]
    if any(one is True for _, one in come_to):
        return Why.MET
    unknown = [value for value, one in come_to if one is None]
    if any(value is not None for value in unknown):
        return Why.NOT_COMPARABLE
    return Why.NOT_STATED if unknown or not come_to else Why.FAILED


def together(whys):
    for why in (Why.MET, Why.NOT_COMPARABLE, Why.NOT_STATED):
        if why in whys:
            return why
    return Why.FAILED


@pytest.mark.parametrize(
    ("comparison", "want", "meets", "fails"),
    [
        (Comparison.EQUALS, 18, (18, 18.0), (17.5, 19)),
        (Comparison.ONE_OF, ("a", 1), ("a", 1), ("b", 2)),
        (Comparison.AT_LEAST, 18, (18, 150), (17.5, 0)),
        (Comparison.AT_MOST, 18, (18, 0), (18.5, 150)),
        (Comparison.BEFORE, "2009-01-16", ("2009-01-15", "1990-08-12"), ("2009-01-16", "2027-01-15")),
        (Comparison.AFTER, "2009-01-15", ("2009-01-16", "2027-01-15"), ("2009-01-15", "1990-08-12")),
        (Comparison.AGE_AT_LEAST, 18, ("2009-01-15", "1990-08-12"), ("2009-01-16", "2027-01-15")),
        (Comparison.AGE_BELOW, 18, ("2009-01-16", "2027-01-15"), ("2009-01-15", "1990-08-12")),
    ],
    ids=str,
)
def test_every_comparison_holds_up_to_its_bound_and_no_further(comparison, want, meets, fails):
    condition = Condition(CLAIM, comparison, want, BECAUSE)
    judged = judge(condition, [Column(tuple(enumerate([(value,) for value in (*meets, *fails)])), TODAY)])
    found = [judged.why_in(i) for i in range(len(meets) + len(fails))]
    assert found == [Why.MET] * len(meets) + [Why.FAILED] * len(fails)


@given(wanted, said)
def test_a_search_finds_what_a_look_at_every_value_finds(asked, documents):
    comparison, want = asked
    condition = Condition(CLAIM, comparison, want, BECAUSE)
    # With gaps between their places, as documents of other types make them
    column = Column(tuple([(3 * i, found) for i, found in enumerate(documents)]), TODAY)
    judged = judge(condition, [column, Column((), TODAY)])
    whys = [expected(comparison, found, want) for found in documents]
    assert [judged.why_in(3 * i) for i in range(len(documents))] == whys
    assert judged.why is together(whys)
    assert judged.failed == sum([8**i for i, why in enumerate(whys) if why is Why.FAILED])


@given(wanted, said, said)
def test_what_stands_at_two_places_counts_together(asked, first, second):
    comparison, want = asked
    condition = Condition(CLAIM, comparison, want, BECAUSE)
    columns = [Column(tuple(enumerate(documents)), TODAY) for documents in (first, second)]
    both = [
        tuple([value for documents in (first, second) for value in (documents[i] if i < len(documents) else ())])
        for i in range(max(len(first), len(second)))
    ]
    judged = judge(condition, columns)
    assert [judged.why_in(i) for i in range(len(both))] == [expected(comparison, found, want) for found in both]


@given(said, st.one_of(st.integers(0, 2), texts, st.booleans()))
def test_a_query_wants_a_value_with_its_type(documents, value):
    column = Column(tuple(enumerate(documents)), TODAY)
    having = [i for i, found in enumerate(documents) if any(type(one) is type(value) and one == value for one in found)]
    assert column.saying(value) == sum([1 << i for i in having])
    assert column.stating == sum([1 << i for i, found in enumerate(documents) if found])
