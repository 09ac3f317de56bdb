"""What follows from a registration, from none and from one that counts for nothing: what is given, said and kept (T170)."""

from dataclasses import replace

import pytest

from protocol.dcql.query import ClaimsQuery, CredentialMeta, CredentialQuery, DcqlQuery
from protocol.errors import (
    Malformed,
    NotAuthentic,
    NotFound,
    NotTrusted,
    NotValidNow,
    Revoked,
    Suspended,
    Unreachable,
)
from protocol.trust.coverage import Uncovered
from protocol.trust.register_asking import Register, RegisterQuestion
from protocol.trust.registration import Contact, RegisteredCredential
from tests.wallet.counterpart_agency import VCT
from tests.wallet.counterparts import held
from wallet.policy.asking import (
    AsksBeyond,
    Entry,
    Registered,
    RegistrationProblem,
    StandingShown,
    Unregistered,
    WronglyRegistered,
    action_of,
    contacts_of,
    is_unproven,
    logged_beyond,
    may_be_given,
    on_behalf_of,
    problem_of,
    problem_of_access,
    problem_of_answer,
    standing_of,
    things_shown,
)

ENTRY = Entry("Library", (), "https://library.example/privacy", (), None, "Registrar", through_intermediary=False)
NAME, ADDRESS = ("given_name",), ("address", "locality")
QUERY = DcqlQuery(
    (CredentialQuery("pid", "dc+sd-jwt", CredentialMeta((VCT,)), (ClaimsQuery(NAME), ClaimsQuery(ADDRESS))),)
)
BEYOND = AsksBeyond(ENTRY, (Uncovered("pid", ADDRESS), Uncovered("pid", None)), None)
QUESTION = RegisterQuestion(Register("https://register.example", (), "Register"), "VATDE-1", "card", ())


def wrong(problem):
    return WronglyRegistered(problem, "as it is")


def registered_for(*paths):
    return replace(ENTRY, credentials=(RegisteredCredential("dc+sd-jwt", CredentialMeta((VCT,)), paths),))


def test_whoever_asks_for_what_they_registered_may_and_for_more_only_what_is_left_of_it():
    assert standing_of(registered_for(NAME, ADDRESS), QUERY) == Registered(registered_for(NAME, ADDRESS))
    beyond = standing_of(registered_for(NAME), QUERY, unchecked=True)
    assert isinstance(beyond, AsksBeyond)
    assert (beyond.beyond, beyond.unchecked) == ((Uncovered("pid", ADDRESS),), True)
    assert may_be_given(beyond, QUERY) is None
    assert may_be_given(replace(beyond, rest=QUERY), QUERY) == QUERY


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (NotTrusted("x"), "unknown_provider"),
        (NotValidNow("x"), "expired"),
        (NotAuthentic("x"), "forged"),
        (Malformed("x", "y"), "unreadable"),
    ],
)
def test_why_a_certificate_counts_for_nothing_has_a_name(error, problem):
    assert problem_of(error) == problem


@pytest.mark.parametrize(
    ("error", "problem"),
    [(Suspended("x"), "barred_for_now"), (Revoked("x"), "barred"), (Unreachable("x"), "barred_unknown")],
)
def test_not_knowing_whether_somebody_was_barred_is_no_yes(error, problem):
    """T091"""
    assert problem_of_access(error) == problem
    assert is_unproven(wrong(problem_of_access(error)))


def test_a_register_that_has_nobody_is_not_one_that_cannot_be_relied_on():
    assert problem_of_answer(NotFound("x")) == "not_in_register"
    assert problem_of_answer(NotAuthentic("x")) == "register_unsound"


@pytest.mark.parametrize(
    ("standing", "action"),
    [
        (Registered(ENTRY), ""),
        (Unregistered(), ""),
        (Unregistered(refused=True), "not registered"),
        (Unregistered(refused=True, question=QUESTION), ""),
        (BEYOND, "overasked"),
        (replace(BEYOND, rest=QUERY), "overasked"),
        (wrong(RegistrationProblem.FORGED), "not registered"),
        (wrong(RegistrationProblem.BARRED), "barred"),
        (wrong(RegistrationProblem.BARRED_FOR_NOW), "barred"),
        (wrong(RegistrationProblem.BARRED_UNKNOWN), "not looked up"),
    ],
)
def test_the_log_calls_each_by_what_is_known(standing, action):
    assert action_of(standing, QUERY) == action


def test_whoever_shows_a_wrong_registration_is_still_whom_their_certificate_names():
    for standing in (Registered(ENTRY), Unregistered(), wrong(RegistrationProblem.FORGED)):
        assert not is_unproven(standing)


@pytest.mark.parametrize(
    ("shown", "odd"),
    [
        (StandingShown(), False),
        (StandingShown(unregistered=True), False),
        (StandingShown(problem=RegistrationProblem.REVOKED), True),
        (StandingShown(unchecked=True), True),
        (StandingShown(beyond=things_shown(BEYOND.beyond, QUERY, (), "en")), True),
    ],
    ids=["good", "unregistered", "problem", "unchecked", "beyond"],
)
def test_nobody_says_yes_to_what_is_odd_without_reading_it(shown, odd):
    assert shown.is_odd is odd


def test_somebody_is_spoken_for_only_by_an_intermediary():
    through = replace(ENTRY, through_intermediary=True)
    assert [on_behalf_of(one) for one in (Registered(ENTRY), Registered(through), Unregistered())] == [
        "",
        "Library",
        "",
    ]


def test_the_log_names_what_was_asked_beyond_and_nothing_of_others():
    [logged] = logged_beyond(BEYOND, QUERY, ())
    assert (logged.name, logged.type, logged.claims) == (VCT, VCT, ('["address","locality"]',))
    assert logged_beyond(Registered(ENTRY), QUERY, ()) == ()


def test_an_authority_is_reached_by_what_it_said():
    assert contacts_of(None) == ()
    assert contacts_of(Contact("a@b.example", None, "https://b.example")) == ("a@b.example", "https://b.example")


def test_what_is_asked_beyond_has_the_names_of_what_is_held():
    of_the_kind, other_type, other_format = held(), held(type="urn:other"), held(format="mso_mdoc")
    claim, whole = things_shown(BEYOND.beyond, QUERY, (other_type, other_format, of_the_kind), "en")
    assert (claim.path, claim.document, bool(claim.label)) == (ADDRESS, "Personal ID", True)
    assert (whole.path, whole.document, whole.label) == (None, "Personal ID", "")
    for stranger in (other_type, other_format):
        claim, whole = things_shown(BEYOND.beyond, QUERY, (stranger,), "en")
        assert (claim.label, claim.document, whole.document) == ("", "", "")
