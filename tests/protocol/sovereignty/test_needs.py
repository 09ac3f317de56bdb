import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.dcql.match import match_query
from protocol.dcql.query import DcqlQuery
from protocol.sovereignty.comparing import Why
from protocol.sovereignty.eligibility import Gap
from protocol.sovereignty.needs import Readiness, Want, check_needs
from protocol.sovereignty.rules import About, CredentialType
from tests.protocol.sovereignty.held import (
    BIRTH,
    DRIVER,
    ENROLLED,
    ERIKA,
    EXMATRICULATED,
    LICENCE,
    MIA,
    PID,
    STUDENT,
    holding,
    wallet,
)

SD = "dc+sd-jwt"


def asked(id_, *types, **members):
    if types == (LICENCE,):
        return {"id": id_, "format": "mso_mdoc", "meta": {"doctype_value": LICENCE}, **members}
    return {"id": id_, "format": SD, "meta": {"vct_values": list(types)} if types else {}, **members}


def query(*credentials, sets=()):
    wire = {"credentials": list(credentials)}
    if sets:
        wire["credential_sets"] = [{"options": options, "required": required} for options, required in sets]
    return DcqlQuery.from_dict(wire)


def want(id_, *types, why=Why.NOT_HELD, held_format=SD):
    return Want(id_, Gap(tuple([CredentialType(held_format, named) for named in types]), why))


def test_who_asks_for_nothing_is_ready():
    assert check_needs(None, wallet()) == Readiness()


def test_what_is_held_is_at_hand_and_the_rest_is_wanted():
    needs = query(asked("pid", PID), asked("birth", BIRTH), asked("licence", LICENCE))
    assert check_needs(needs, wallet(ERIKA, MIA, DRIVER)) == Readiness(("pid", "birth", "licence"), ())
    found = check_needs(needs, wallet(ERIKA))
    assert found.at_hand == ("pid",)
    assert found.lacking == (((want("birth", BIRTH), want("licence", LICENCE, held_format="mso_mdoc")),),)


@pytest.mark.parametrize(
    ("held", "credential", "expected"),
    [
        ([], asked("q", STUDENT, BIRTH), want("q", STUDENT, BIRTH)),
        ([EXMATRICULATED], asked("q", STUDENT), want("q", STUDENT, why=Why.ENDED)),
        # What is held and does not answer will not answer once more
        ([ENROLLED], asked("q", STUDENT, claims=[{"path": ["name"]}]), want("q", why=Why.NOT_STATED)),
        ([ENROLLED], asked("q", STUDENT, BIRTH, claims=[{"path": ["name"]}]), want("q", BIRTH)),
        ([], asked("q"), want("q")),
        ([], {"id": "q", "format": "jwt_vc_json", "meta": {"vct_values": [PID]}}, want("q")),
        (
            [ERIKA],
            {"id": "q", "format": SD, "meta": {"vct_values": [PID], "more": 1}, "claims": [{"path": ["x"]}]},
            want("q"),
        ),
    ],
)
def test_what_would_help_is_said(held, credential, expected):
    assert check_needs(query(credential), wallet(*held)).lacking == (((expected,),),)


def test_a_query_for_any_type_is_answered_by_any():
    assert check_needs(query(asked("q")), wallet(ERIKA)).at_hand == ("q",)
    assert check_needs(query(asked("q")), wallet(DRIVER)).lacking


def test_a_type_that_extends_the_one_asked_is_good_for_it():
    extended = holding("pid", "urn:eudi:pid:de:1", {}, ancestry=(PID,))
    assert check_needs(query(asked("q", PID)), wallet(extended)).at_hand == ("q",)


def test_of_each_set_the_option_counts_that_wants_the_least():
    needs = query(
        asked("a", "urn:a"),
        asked("b", "urn:b"),
        asked("c", "urn:c"),
        asked("any"),
        sets=[([["a", "b"], ["c"]], True), ([["any"], ["a"]], True), ([["b"]], False)],
    )
    found = check_needs(needs, wallet())
    assert len(found.lacking) == 2
    # What nothing is known to help with comes last
    assert found.fewest == (want("c", "urn:c"), want("a", "urn:a"))
    assert len(check_needs(needs, wallet(holding("c", "urn:c", {}))).lacking) == 0


def test_where_all_sets_are_optional_one_has_to_be_answered():
    needs = query(asked("a", "urn:a"), asked("b", "urn:b"), sets=[([["a"]], False), ([["b"]], False)])
    assert check_needs(needs, wallet()).lacking == (((want("a", "urn:a"),), (want("b", "urn:b"),)),)
    assert check_needs(needs, wallet(holding("b", "urn:b", {}))).lacking == ()


def test_a_query_that_takes_too_many_steps_is_answered_by_nothing():
    array = holding("x", "urn:x", {"x": [0] * 30_000})
    needs = query(asked("q", "urn:x", claims=[{"path": ["x", None]}, {"path": ["x", None]}]))
    assert check_needs(needs, wallet(array)).lacking == (((want("q", why=Why.NOT_STATED),),),)


sets = st.lists(
    st.tuples(
        st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=3, unique=True), min_size=1, max_size=3),
        st.booleans(),
    ),
    max_size=3,
)


@given(sets, st.sets(st.sampled_from("abc")))
def test_ready_is_what_a_query_calls_satisfied(drawn, held):
    needs = query(*[asked(id_, f"urn:{id_}") for id_ in "abc"], sets=drawn)
    documents = [holding(id_, f"urn:{id_}", {}) for id_ in sorted(held)]
    found = check_needs(needs, wallet(*documents))
    assert (not found.lacking) is match_query(needs, [one.candidate for one in documents]).satisfied
    # And whatever makes it ready has one option of each set
    for chosen in itertools.product(*found.lacking):
        more = {wanted.query_id for option in chosen for wanted in option}
        fetched = [holding(id_, f"urn:{id_}", {}) for id_ in sorted(more)]
        assert not check_needs(needs, wallet(*documents, *fetched)).lacking


pieces = st.fixed_dictionaries(
    {"path": st.sampled_from([["x"], ["y"], ["z", None], ["z", 0]])},
    optional={"values": st.lists(st.sampled_from([1, 2, "a", True]), min_size=1, max_size=2)},
)
said = st.fixed_dictionaries(
    {},
    optional={
        "x": st.sampled_from([1, 1.0, True, "a", None]),
        "y": st.sampled_from([2, "a"]),
        "z": st.lists(st.sampled_from([1, "a"]), max_size=2),
    },
)


@given(
    st.lists(pieces, min_size=1, max_size=3),
    st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=2, unique=True), max_size=2),
    st.booleans(),
    st.sampled_from([("urn:a",), ("urn:a", "urn:b"), ()]),
    st.lists(st.tuples(st.sampled_from(["urn:a", "urn:b"]), said, st.booleans()), max_size=4),
)
def test_what_is_at_hand_is_what_a_request_finds(claims, options, binding, types, drawn):
    claims = [{**claim, "id": f"c{i}"} for i, claim in enumerate(claims)]
    sets_of_claims = [[f"c{i}" for i in one if i < len(claims)] for one in options]
    members = {"claims": claims, "require_cryptographic_holder_binding": binding}
    if sets_of_claims and all(sets_of_claims):
        members["claim_sets"] = sets_of_claims
    needs = query(asked("q", *types, **members))
    held = []
    for i, (type_, about_it, bound) in enumerate(drawn):
        one = holding(str(i), type_, about_it, about=About.REPRESENTED if i % 2 else About.SELF)
        held.append(replace(one, candidate=replace(one.candidate, holder_bound=bound)))
    found = match_query(needs, [one.candidate for one in held]).matches["q"]
    assert (check_needs(needs, wallet(*held)).at_hand == ("q",)) is bool(found)
