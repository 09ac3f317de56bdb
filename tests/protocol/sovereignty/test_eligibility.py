from dataclasses import replace
from datetime import date

import pytest

from protocol.encoding import JsonValue
from protocol.fields import Fields
from protocol.sovereignty.comparing import Why, age
from protocol.sovereignty.eligibility import Gap, Truth, evaluate, merge_gaps
from protocol.sovereignty.rules import About, CredentialType, read_rule
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
    TODAY,
    TOM,
    child,
    condition,
    holding,
    wallet,
)
from tests.support.pki import DAY, NOW

MET, NOT_MET, UNKNOWN = Truth.MET, Truth.NOT_MET, Truth.UNKNOWN
SD = "dc+sd-jwt"
MAX_COPIES = 10


def judge(rule, *held, today=TODAY, now=NOW):
    return evaluate(read_rule(Fields({"eligible": rule}, "service"), "eligible"), wallet(*held, today=today, now=now))


def truth(rule, *held, **when):
    return judge(rule, *held, **when).truth


def says(value):
    """A credential that says one thing."""
    return holding("a", "urn:a", {"x": value})


def test_a_service_without_a_rule_is_for_everybody():
    assert evaluate(None, wallet()).truth is MET


@pytest.mark.parametrize(
    ("comparison", "wanted", "value", "expected"),
    [
        ("equals", "DE", "DE", MET),
        ("equals", "DE", "de", NOT_MET),
        ("equals", 1, 1.0, MET),
        ("equals", 1.5, 1.5, MET),
        ("equals", 1, True, UNKNOWN),
        ("equals", True, 1, UNKNOWN),
        ("equals", True, True, MET),
        ("equals", True, False, NOT_MET),
        ("equals", "1", 1, UNKNOWN),
        ("equals", "a", ["a"], UNKNOWN),
        ("equals", "a", {"a": "a"}, UNKNOWN),
        ("equals", "a", None, UNKNOWN),
        ("one_of", ["a", 1], "a", MET),
        ("one_of", ["a", 1], "b", NOT_MET),
        ("one_of", ["a", 1], 1.0, MET),
        ("one_of", ["a", 1], 2, NOT_MET),
        ("one_of", ["a", 1], True, UNKNOWN),
        ("at_least", 5, 5, MET),
        ("at_least", 5, 4.9, NOT_MET),
        ("at_least", 5, "5", UNKNOWN),
        ("at_least", 0, True, UNKNOWN),
        ("at_most", 5, 5, MET),
        ("at_most", 5, 5.1, NOT_MET),
        ("at_most", 5, None, UNKNOWN),
        ("before", "2020-02-01", "2020-01-31", MET),
        ("before", "2020-02-01", "2020-02-01", NOT_MET),
        ("after", "2020-02-01", "2020-02-02", MET),
        ("after", "2020-02-01", "2020-02-01", NOT_MET),
        ("after", "2020-02-01", "2020-02-02T00:00:00Z", UNKNOWN),
        ("before", "2020-02-01", 2019, UNKNOWN),
        ("age_at_least", 18, "2009-01-15", MET),
        ("age_at_least", 18, "2009-01-16", NOT_MET),
        ("age_at_least", 0, "2027-01-15", MET),
        ("age_at_least", 0, "2027-01-16", UNKNOWN),
        ("age_at_least", 18, "1980-00-00", UNKNOWN),
        ("age_at_least", 18, 20, UNKNOWN),
        ("age_below", 18, "2009-01-16", MET),
        ("age_below", 18, "2009-01-15", NOT_MET),
        ("age_below", 18, "2027-01-16", UNKNOWN),
        ("exists", None, "x", MET),
        ("exists", None, False, MET),
        ("exists", None, None, UNKNOWN),
    ],
)
def test_a_claim_is_compared_with_its_own_kind_only(comparison, wanted, value, expected):
    assert truth(condition("x", comparison, wanted, type_="urn:a"), says(value)) is expected


@pytest.mark.parametrize("comparison", ["equals", "one_of", "at_least", "at_most", "before", "age_below"])
def test_what_says_nothing_is_told_from_what_says_something_else(comparison):
    wanted = {"equals": 1, "one_of": [1], "before": "2020-01-01"}.get(comparison, 5)
    rule = condition("x", comparison, wanted, type_="urn:a")
    nothing: tuple[JsonValue, ...] = (None, [], {})
    assert [judge(rule, says(value)).reasons[0].why for value in nothing] == [
        Why.NOT_STATED,
        Why.NOT_COMPARABLE,
        Why.NOT_COMPARABLE,
    ]


@pytest.mark.parametrize(
    ("values", "why"),
    [
        (["a", 2], Why.NOT_COMPARABLE),
        ([2, "a"], Why.NOT_COMPARABLE),
        (["a", None, 2], Why.NOT_COMPARABLE),
        ([None, "a", 2], Why.NOT_COMPARABLE),
        ([None, 2], Why.NOT_STATED),
        ([2, None], Why.NOT_STATED),
        ([None, "a", 2, 1], Why.MET),
        ([2, 3], Why.FAILED),
    ],
)
def test_of_several_values_the_order_does_not_matter(values, why):
    assert judge(condition(["x", None], "equals", 1, type_="urn:a"), says(values)).reasons[0].why is why


@pytest.mark.parametrize(
    ("today", "years"),
    [
        (date(2024, 2, 28), 3),
        (date(2024, 2, 29), 4),
        (date(2025, 2, 28), 4),
        (date(2025, 3, 1), 5),
        (date(2100, 2, 28), 79),
        (date(2100, 3, 1), 80),
    ],
)
def test_who_was_born_on_29_february_is_a_year_older_on_1_march(today, years):
    assert age(date(2020, 2, 29), today) == years


def test_ages_count_by_the_date_where_the_citizen_is():
    rule = condition("birthdate", "age_at_least", 37)
    assert truth(rule, ERIKA, today=date(2027, 8, 11)) is NOT_MET
    assert truth(rule, ERIKA, today=date(2027, 8, 12)) is MET


def test_absence_proves_nothing():
    rule = condition("semester", "exists", type_=STUDENT)
    assert truth(rule) is UNKNOWN
    assert truth({"not": rule}) is UNKNOWN
    assert truth({"not": rule}, ENROLLED) is NOT_MET
    assert truth(condition("semester", "equals", 3, type_=STUDENT), holding("s", STUDENT, {})) is UNKNOWN


def test_one_document_of_several_is_enough_and_all_have_to_fail():
    rule = condition("x", "equals", 2, type_="urn:a")
    ones = [holding(str(i), "urn:a", {"x": i}) for i in (1, 2, 3)]
    assert truth(rule, *ones) is MET
    assert truth(rule, ones[0], ones[2]) is NOT_MET
    assert truth(rule, ones[0], holding("other", "urn:a", {"x": "2"})) is UNKNOWN
    assert truth(rule, ones[0], holding("silent", "urn:a", {})) is UNKNOWN


def test_the_copies_of_a_batch_are_one_document():
    copies = [holding("pid", PID, {"birthdate": "1990-08-12"}) for _ in range(MAX_COPIES)]
    rule = {"all": [condition("birthdate", "exists", **{"as": name}) for name in "abcd"]}
    assert truth(rule, *copies) is MET
    # As documents of their own they would be more than can be tried
    assert judge(rule, *[holding(str(i), PID, {"birthdate": "1990-08-12"}) for i in range(MAX_COPIES)]).too_many


def test_only_what_is_valid_now_counts():
    rule = condition("semester", "equals", 3, type_=STUDENT)
    said = {"semester": 3}
    assert truth(rule, holding("s", STUDENT, said, not_before=NOW, expires_at=NOW + 1)) is MET
    for times in ({"expires_at": NOW}, {"not_before": NOW + 1}, {"revoked": True}):
        found = judge(rule, holding("s", STUDENT, said, **times))
        assert found.truth is UNKNOWN
        assert [reason.why for reason in found.reasons] == [Why.ENDED if times.get("expires_at") else Why.NOT_HELD]


def test_what_has_not_begun_is_not_over():
    rule = condition("semester", "exists", type_=STUDENT)
    next_year = holding("s", STUDENT, {"semester": 4}, not_before=NOW + 1, expires_at=NOW + DAY)
    assert judge(rule, next_year).reasons[0].why is Why.NOT_HELD


def test_a_copy_that_is_over_does_not_hide_one_that_is_not():
    over = holding("student", STUDENT, {"semester": 2}, expires_at=NOW)
    assert truth(condition("semester", "equals", 3, type_=STUDENT), over, ENROLLED) is MET


def test_what_is_over_says_renew_it_only_where_nothing_valid_is_held():
    rule = condition("semester", "equals", 8, type_=STUDENT)
    assert judge(rule, EXMATRICULATED).gaps == (Gap((CredentialType(SD, STUDENT),), Why.ENDED),)
    assert truth(rule, EXMATRICULATED, ENROLLED) is NOT_MET
    revoked = holding("r", STUDENT, {"semester": 8}, expires_at=NOW, revoked=True)
    assert judge(rule, revoked).gaps[0].why is Why.NOT_HELD


def test_what_is_about_somebody_else_never_makes_me_eligible():
    mine = condition("birthdate", "exists", type_=BIRTH)
    found = judge(mine, MIA)
    assert found.truth is UNKNOWN
    assert found.reasons[0].why is Why.ABOUT_ANOTHER
    assert truth(condition("birthdate", "exists", type_=BIRTH, about="represented"), MIA) is MET
    assert truth(condition("birthdate", "exists", about="represented"), ERIKA) is UNKNOWN
    ended = holding("x", BIRTH, {}, about=About.REPRESENTED, expires_at=NOW)
    assert judge(mine, ended).reasons[0].why is Why.NOT_HELD


def test_a_null_in_a_path_means_any_element():
    assert truth(condition(["nationalities", None], "equals", "FR"), ERIKA) is MET
    assert truth(condition(["nationalities", None], "equals", "IT"), ERIKA) is NOT_MET
    assert truth(condition(["nationalities", 0], "equals", "FR"), ERIKA) is NOT_MET
    assert truth(condition(["nationalities", 7], "equals", "FR"), ERIKA) is UNKNOWN
    assert truth(condition(["x", None], "equals", 1, type_="urn:a"), says([])) is UNKNOWN
    assert truth(condition(["x", None], "equals", 1, type_="urn:a"), says([2, "1"])) is UNKNOWN
    privileges = ["org.iso.18013.5.1", "driving_privileges", None, "vehicle_category_code"]
    assert truth(condition(privileges, "equals", "B", type_=LICENCE), DRIVER) is MET
    assert truth(condition(privileges, "equals", "C", type_=LICENCE), DRIVER) is NOT_MET


def test_a_longer_array_than_we_walk_is_unknown():
    assert truth(condition(["x", None], "equals", 0, type_="urn:a"), says([0] * 5000)) is UNKNOWN


def test_a_claim_may_stand_in_one_of_several_places():
    rule = condition("birthdate", "age_at_least", 18)
    rule["claim"]["any"].append({"doctype": LICENCE, "path": ["org.iso.18013.5.1", "birth_date"]})
    rule["claim"]["any"].append({"vct": PID, "path": ["birth_date"]})
    assert truth(rule, DRIVER) is MET
    assert truth(rule, ERIKA) is MET
    assert truth(rule, holding("pid", PID, {"birth_date": "2020-01-01"})) is NOT_MET


def test_a_type_that_extends_another_is_good_for_it():
    assert truth(condition("x", "exists"), holding("a", "urn:pid:de:1", {"x": 1}, ancestry=(PID,))) is MET


def test_the_formats_have_no_types_in_common():
    rule = condition(["org.iso.18013.5.1", "birth_date"], "exists")
    rule["claim"]["any"] = [{"vct": LICENCE, "path": ["org.iso.18013.5.1", "birth_date"]}]
    assert truth(rule, DRIVER) is UNKNOWN


def test_conditions_with_one_name_speak_of_one_document():
    rule = {"all": [child("given_name", "equals", "Mia"), child("birthdate", "age_at_least", 5)]}
    assert truth(rule, MIA, TOM) is NOT_MET
    apart = {"all": [child("given_name", "equals", "Mia", "a"), child("birthdate", "age_at_least", 5, "b")]}
    assert truth(apart, MIA, TOM) is MET
    assert (
        truth({"all": [child("given_name", "equals", "Tom"), child("birthdate", "age_at_least", 5)]}, MIA, TOM) is MET
    )


def test_the_best_assignment_counts_for_the_whole_expression():
    # Some child is not called Tom, though one is
    assert truth({"not": child("given_name", "equals", "Tom")}, TOM, MIA) is MET
    assert truth({"not": child("given_name", "equals", "Tom")}, TOM) is NOT_MET
    assert (
        truth({"not": condition("given_name", "equals", "Tom", type_=BIRTH, about="represented")}, TOM, MIA) is NOT_MET
    )
    silent = holding("silent", BIRTH, {}, about=About.REPRESENTED)
    assert truth(child("given_name", "equals", "Ina"), TOM, silent) is UNKNOWN


def test_more_assignments_than_we_try_are_unknown():
    children = [holding(str(i), BIRTH, {"given_name": str(i)}, about=About.REPRESENTED) for i in range(10)]
    rule = {"any": [child("given_name", "exists", name=name) for name in "abc"]}
    assert truth(rule, *children) is MET
    more = judge({"any": [child("given_name", "exists", name=name) for name in "abcd"]}, *children)
    assert (more.truth, more.too_many, more.unclear) == (UNKNOWN, True, True)
    # Names that mean nothing add no assignment
    assert truth({"any": [*rule["any"], condition("x", "exists", **{"as": "nobody"})]}, *children) is MET


def test_more_values_than_we_compare_are_unknown():
    arrays = [holding(str(i), "urn:a", {"x": [1] * 900}) for i in range(112)]
    rule = condition(["x", None], "equals", 1, type_="urn:a")
    assert truth(rule, *arrays[:111]) is MET
    assert judge(rule, *arrays).too_many


@pytest.mark.parametrize("junction", ["all", "any"])
def test_three_answers_combine_as_kleene_has_it(junction):
    rules = {
        MET: condition("given_name", "exists"),
        NOT_MET: condition("given_name", "equals", "Karl"),
        UNKNOWN: condition("y", "exists"),
    }
    pick = min if junction == "all" else max
    for one, rule in rules.items():
        assert truth({"not": rule}, ERIKA) is Truth(2 - one)
        for other, second in rules.items():
            assert truth({junction: [rule, second]}, ERIKA) is pick(one, other)


def sentences(found):
    return [(reason.because[0].text, reason.truth, reason.negated, reason.why) for reason in found.reasons]


def test_the_reasons_are_those_that_decide():
    of_age = condition("birthdate", "age_at_least", 18, because="of age")
    karl = condition("given_name", "equals", "Karl", because="Karl")
    student = condition("semester", "exists", type_=STUDENT, because="student")
    assert sentences(judge({"all": [of_age, karl, student]}, ERIKA)) == [("Karl", NOT_MET, False, Why.FAILED)]
    assert sentences(judge({"all": [of_age, student]}, ERIKA)) == [("student", UNKNOWN, False, Why.NOT_HELD)]
    assert sentences(judge({"any": [of_age, student]}, ERIKA)) == [("of age", MET, False, Why.MET)]
    assert sentences(judge({"not": of_age}, ERIKA)) == [("of age", MET, True, Why.MET)]
    assert sentences(judge({"not": {"not": of_age}}, ERIKA)) == [("of age", MET, False, Why.MET)]
    own = {"not": of_age, "because": {"en": "under age"}}
    assert sentences(judge(own, ERIKA)) == [("under age", NOT_MET, False, None)]


def test_a_reason_speaks_of_the_assignment_that_counts():
    rule = {"all": [child("given_name", "equals", "Tom"), child("school", "exists")]}
    assert [reason.why for reason in judge(rule, MIA, TOM).reasons] == [Why.NOT_STATED]
    assert [reason.why for reason in judge({"all": [child("given_name", "equals", "Ina")]}, MIA, TOM).reasons] == [
        Why.FAILED
    ]


def gap(*types, why=Why.NOT_HELD):
    return Gap(tuple([CredentialType(SD, named) for named in types]), why)


def test_gaps_are_the_fewest_proofs_that_could_settle_it():
    a, b, c = (condition("x", "exists", type_=f"urn:{named}") for named in "abc")
    assert judge({"all": [a, b]}).gaps == (gap("urn:a"), gap("urn:b"))
    assert judge({"any": [{"all": [a, b]}, c]}).gaps == (gap("urn:c"),)
    assert judge({"not": a}).gaps == (gap("urn:a"),)
    assert judge({"all": [a, {**a, "is": "equals", "value": 1}]}).gaps == (gap("urn:a"),)
    assert judge({"all": [a, b]}, holding("a", "urn:a", {"x": 1})).gaps == (gap("urn:b"),)
    assert judge({"any": [a, b]}, holding("a", "urn:a", {"x": 1})).gaps == ()


def test_what_is_held_and_silent_is_no_gap_but_unclear():
    silent = holding("a", "urn:a", {})
    found = judge(condition("x", "exists", type_="urn:a"), silent)
    assert (found.truth, found.gaps, found.unclear) == (UNKNOWN, (), True)
    # What can be had comes before what cannot
    either = {"any": [condition("x", "exists", type_="urn:a"), condition("x", "exists", type_="urn:b")]}
    assert (judge(either, silent).gaps, judge(either, silent).unclear) == ((gap("urn:b"),), False)
    both = {"all": either["any"]}
    assert (judge(both, silent).gaps, judge(both, silent).unclear) == ((gap("urn:b"),), True)


def test_gaps_that_one_proof_fills_count_once():
    assert merge_gaps([gap("a", "b"), gap("c"), gap("b", "d")]) == (gap("b"), gap("c"))


def test_one_document_that_is_over_does_not_fill_the_gap_of_another_type():
    rule = {"all": [condition("semester", "exists", type_=STUDENT), condition("x", "exists", type_="urn:a")]}
    assert judge(rule, EXMATRICULATED).gaps == (gap(STUDENT, why=Why.ENDED), gap("urn:a"))


def test_a_day_later_it_may_be_another_answer():
    rule = condition("semester", "equals", 3, type_=STUDENT)
    assert truth(rule, ENROLLED, now=NOW + DAY) is UNKNOWN


def test_no_rule_looks_into_a_document_of_which_nobody_said_whom_it_is_about():
    rule = condition("birthdate", "age_below", 18, type_=BIRTH, about="represented")
    unsaid = judge(rule, replace(MIA, about=None))
    # Another one like it would be no help: it has to be said
    assert (unsaid.truth, unsaid.gaps, unsaid.unclear) == (Truth.UNKNOWN, (), True)
    assert judge(rule, MIA).truth is Truth.MET
    assert judge(rule).gaps != ()
