"""The evaluation of rules, held against one that tries every assignment by itself."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from protocol.sovereignty.eligibility import MAX_ASSIGNMENTS, Truth, evaluate
from protocol.sovereignty.holdings import HeldCredential
from protocol.sovereignty.rules import (
    About,
    Claim,
    Combination,
    Comparison,
    Condition,
    CredentialType,
    Junction,
    Source,
)
from protocol.trust.localized import Localized
from tests.protocol.sovereignty.held import holding, wallet

TYPES = ("urn:a", "urn:b")
BECAUSE = (Localized("en", "because"),)

conditions = st.builds(
    lambda name, about, types, path, value: Condition(
        Claim(tuple([Source(CredentialType("dc+sd-jwt", type_), path) for type_ in types]), name, about),
        Comparison.EQUALS,
        value,
        BECAUSE,
    ),
    st.sampled_from([None, "p", "q", "r"]),
    st.sampled_from(About),
    st.lists(st.sampled_from(TYPES), min_size=1, max_size=2, unique=True),
    st.sampled_from([("x",), ("y",), ("z", None)]),
    st.sampled_from([1, 2, "a"]),
)
rules = st.recursive(
    conditions,
    lambda below: st.one_of(
        st.builds(
            lambda junction, rules: Combination(junction, tuple(rules)),
            st.sampled_from([Junction.ALL, Junction.ANY]),
            st.lists(below, min_size=1, max_size=4),
        ),
        st.builds(lambda rule: Combination(Junction.NOT, (rule,)), below),
    ),
    max_leaves=8,
)
claims = st.fixed_dictionaries(
    {},
    optional={
        "x": st.sampled_from([1, 2, "a", None]),
        "y": st.sampled_from([1, 2, "a"]),
        "z": st.lists(st.sampled_from([1, 2, "a"]), max_size=3),
    },
)
wallets = st.lists(st.tuples(st.sampled_from(TYPES), claims, st.sampled_from(About)), max_size=6).map(
    lambda drawn: [holding(str(i), type_, said, about=about) for i, (type_, said, about) in enumerate(drawn)]
)


def leaves(rule):
    return [rule] if isinstance(rule, Condition) else [leaf for one in rule.rules for leaf in leaves(one)]


def looks_at(condition, held):
    return held.about is condition.claim.about and held.candidate.type in [
        source.type.name for source in condition.claim.any
    ]


def kind(value):
    return "number" if isinstance(value, int) else "text" if isinstance(value, str) else None


def ask(condition, held):
    """What one document says, 0 to 2."""
    path = condition.claim.any[0].path
    said = held.candidate.claims.get(path[0]) if looks_at(condition, held) else None
    values = said if isinstance(said, list) else [said]
    answers = [(2 if one == condition.value else 0) if kind(one) == kind(condition.value) else 1 for one in values]
    return max(answers, default=1)


def weigh(rule, held, assignment):
    if isinstance(rule, Condition):
        name = rule.claim.name
        if name is not None:
            return ask(rule, assignment[name]) if name in assignment else 1
        return max([ask(rule, one) for one in held if looks_at(rule, one)], default=1)
    below = [weigh(one, held, assignment) for one in rule.rules]
    return {Junction.ALL: min, Junction.ANY: max, Junction.NOT: lambda found: 2 - found[0]}[rule.junction](below)


def try_all(rule, held):
    """The best that any assignment comes to."""
    named: dict[str, list[HeldCredential]] = {}
    for leaf in leaves(rule):
        if leaf.claim.name is not None:
            found = [one for one in held if looks_at(leaf, one)]
            known = named.setdefault(leaf.claim.name, [])
            known += [one for one in found if one not in known]
    named = {name: found for name, found in named.items() if found}
    return max(
        weigh(rule, held, dict(zip(named, chosen, strict=True))) for chosen in itertools.product(*named.values())
    )


@given(rules, wallets)
def test_every_assignment_at_once_is_as_good_as_one_after_the_other(rule, held):
    # Three names and six documents are far below the cap
    assert MAX_ASSIGNMENTS > 6**3
    assert evaluate(rule, wallet(*held)).truth == try_all(rule, held)


@given(rules, wallets)
def test_the_reasons_stand_as_the_whole_does(rule, held):
    found = evaluate(rule, wallet(*held))
    assert found.reasons
    for reason in found.reasons:
        assert (Truth(2 - reason.truth) if reason.negated else reason.truth) is found.truth
    assert (found.truth is Truth.UNKNOWN) is bool(found.gaps or found.unclear)


@given(rules, wallets, st.integers(0, 5))
def test_the_order_in_a_wallet_changes_nothing(rule, held, turn):
    turned = [*held[turn:], *held[:turn]]
    assert evaluate(rule, wallet(*held)).truth is evaluate(rule, wallet(*turned)).truth
