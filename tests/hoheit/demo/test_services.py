"""Each service of the town, played: for somebody who has everything, for somebody who lacks a proof, and for whom it is not."""

from typing import NamedTuple

import pytest

from hoheit.demo.catalogue import descriptions
from hoheit.demo.places import PROVIDING
from protocol.dcql.match import match_query
from protocol.dcql.path import EvaluationBudget, select_path
from protocol.sovereignty.eligibility import Truth, evaluate
from protocol.sovereignty.rules import CredentialType
from protocol.sovereignty.suggestions import Rank, suggest
from tests.hoheit.demo.citizens import BY_ID, CATALOGUE, TYPES, Paper, holdings, paper

PID = "pid"
BEN, MIA = paper("birth-certificate", "ben"), paper("birth-certificate", "mia")
GROWN_UP = paper("birth-certificate", "mia", birthdate="2008-05-03")
ELSEWHERE = {"address__locality": "Neustadt"}
MOVED_PID, MOVED = paper(PID, **ELSEWHERE), paper("residence", **ELSEWHERE)
JUST_MARRIED = paper("marriage-certificate", marriage__married_on="2026-12-20")


class Play(NamedTuple):
    """A service, and who comes to it with what."""

    ready: tuple[tuple[str | Paper, ...], ...]  # each: the citizen, and everything that is needed
    lacking: tuple[str | Paper, ...]  # the citizen, and what is there
    lacks: str  # id of a type; empty: nothing can lack
    givers: tuple[str, ...]  # services
    excluded: tuple[tuple[str | Paper, ...], ...]  # each: the citizen, and all that is asked, but it is not for them


def play(ready, lacking=(), lacks="", givers=(), excluded=(), *, also=(), too=()) -> Play:
    return Play((ready, *also), lacking, lacks, givers, (excluded, *too) if excluded else ())


ADDRESS, FAMILY = ("address-proof", "register-address"), ("birth-certificate",)
PLAYS = {
    # town hall
    "identity-card": play(("amina",)),
    "address-proof": play(("erika", PID), ("erika",), PID, ("identity-card",), ("erika", MOVED_PID)),
    "register-address": play(("erika", MOVED_PID), ("erika",), PID, ("identity-card",), ("mia", PID)),
    "birth-certificate": play(("max", PID), ("max",), PID, ("identity-card",), ("mia", PID)),
    "marriage": play(("lea", PID, "residence"), ("lea", PID), "residence", ADDRESS, ("jonas", PID, "residence")),
    "death-certificate": play(
        ("helga", PID, "marriage-certificate"), ("helga", PID), "marriage-certificate", ("marriage",), ("mia", PID)
    ),
    "resident-parking": play(("erika", "residence"), ("erika", PID), "residence", ADDRESS, ("erika", MOVED)),
    "disabled-parking": play(
        ("helga", "disability-card"), ("helga", PID), "disability-card", ("disability-card",), ("karl", "disability-card"),
        also=(("ilir", "disability-card"),),
    ),
    "disability-card": play(("sam", PID), ("sam",), PID, ("identity-card",), ("sam", MOVED_PID)),
    "housing-benefit": play(
        ("karl", "residence", "income"), ("karl", "residence"), "income", ("work-record",), ("max", "residence", "income"),
        also=(("helga", "residence", "pension"), ("sam", "residence", "unemployment-benefit")),
        too=(("karl", MOVED, "income"), ("helga", "residence", paper("pension", pension__monthly_amount=1701))),
    ),
    "register-business": play(
        ("karl", PID, "residence"), ("karl", PID), "residence", ADDRESS, ("jonas", PID, "residence")
    ),
    "licence-proof": play(("sam", PID), ("sam",), PID, ("identity-card",), ("mia", PID)),
    "renew-licence": play(("greta", "mdl"), ("greta", PID), "mdl", ("licence-proof",), ("erika", "mdl")),
    # family office
    "child-benefit": play(
        ("erika", PID, BEN), ("erika", PID), "birth-certificate", FAMILY, ("erika", PID, GROWN_UP),
        also=(("erika", PID, BEN, "bank-account"), ("max", PID, MIA)),
        too=(("erika", paper(PID, address__country="AT"), BEN),),
    ),
    "parental-allowance": play(
        ("erika", PID, BEN, "child-benefit", "income"), ("erika", PID, BEN, "child-benefit"), "income", ("work-record",),
        ("erika", PID, MIA, "child-benefit", "income"),
        too=(("erika", PID, BEN, "child-benefit", paper("income", income__taxable_yearly=175_001)),),
    ),
    "day-care": play(
        ("erika", BEN, "residence", "parental-allowance"), ("erika", BEN, "income"), "residence", ADDRESS,
        ("erika", MIA, "residence", "income"),
        also=(("max", BEN, "residence", "income"),), too=(("erika", BEN, MOVED, "income"),),
    ),
    # health insurance fund
    "family-insurance": play(
        ("erika", PID, BEN, "parental-allowance"), ("erika", PID, BEN), "income", ("work-record",),
        ("erika", PID, GROWN_UP, "income"), also=(("max", PID, MIA, "income"),),
    ),
    # work and pensions
    "work-record": play(("erika", PID), ("erika",), PID, ("identity-card",), ("mia", PID)),
    "unemployment-benefit": play(
        ("sam", PID, "employment"), ("sam", PID), "employment", ("work-record",), ("helga", PID),
        also=(("erika", PID, "employment"),),  # her work has no end yet
    ),
    "old-age-pension": play(("helga", PID), ("helga",), PID, ("identity-card",), ("erika", PID)),
    "survivors-pension": play(
        ("helga", PID, "marriage-certificate", paper("death-certificate", "gustav")),
        ("helga", PID, "marriage-certificate"), "death-certificate", ("death-certificate",),
        ("helga", PID, JUST_MARRIED, paper("death-certificate", "gustav")),
        also=(("helga", PID, "marriage-certificate", paper("death-certificate", "gustav"), "bank-account"),),
    ),
    # student services
    "enrolment-proof": play(("lea", PID), ("lea",), PID, ("identity-card",), ("mia", PID)),
    "student-aid": play(
        ("lea", PID, "enrolment"), ("lea", PID), "enrolment", ("enrolment-proof",), ("karl", PID),
        too=(("lea", PID, paper("enrolment", enrolment__semester=13)),),
    ),
    # bank, power, insurance, courses, sport, cars, cinema
    "open-account": play(("erika", PID), ("erika",), PID, ("identity-card",), ("jonas", PID)),
    "child-savings": play(
        ("erika", PID, BEN), ("erika", PID), "birth-certificate", FAMILY, ("erika", PID, GROWN_UP)
    ),
    "power-contract": play(("marek", "residence"), ("marek", PID), "residence", ADDRESS, ("marek", MOVED)),
    "new-address-bank": play(
        ("erika", "residence", "bank-account"), ("erika", PID, "bank-account"), "residence", ADDRESS,
        ("erika", "residence", paper("bank-account", account__bank="Bank im Moor")),
        also=(("erika", MOVED, "bank-account"),),
    ),
    "new-address-health": play(
        ("sam", "residence", "health-insurance"), ("sam", PID, "health-insurance"), "residence", ADDRESS,
        ("sam", "residence", paper("health-insurance", insurance__insurer="Kasse Nord")),
        also=(("sam", MOVED, "health-insurance"),),
    ),
    "new-address-power": play(("marek", "residence"), ("marek", PID), "residence", ADDRESS, ("marek", MOVED)),
    "social-tariff": play(
        ("sam", "residence", "unemployment-benefit"), ("sam", "residence"), "unemployment-benefit",
        ("unemployment-benefit",), ("sam", MOVED, "unemployment-benefit"),
        also=(("lea", "residence", "student-aid"), ("helga", "residence", "pension")),
        too=(("helga", "residence", paper("pension", pension__monthly_amount=1401)),),
    ),
    "business-liability": play(
        ("marek", "business-registration"), ("marek", PID), "business-registration", ("register-business",),
        ("marek", paper("business-registration", birthdate="2010-06-23")),
    ),
    "travel-insurance": play(("erika", PID), ("erika",), PID, ("identity-card",), ("helga", PID)),
    "new-profession": play(
        ("sam", "unemployment-benefit"), ("sam", PID), "unemployment-benefit", ("unemployment-benefit",),
        ("sam", paper("unemployment-benefit", birthdate="1961-02-28")),
    ),
    "back-to-work": play(
        ("erika", "parental-allowance"), ("erika", PID), "parental-allowance", ("parental-allowance",),
        ("erika", paper("parental-allowance", parental_allowance__child__birthdate="2023-11-02")),
    ),
    "join-club": play(("sam", PID), ("sam",), PID, ("identity-card",), ("sam", MOVED_PID)),
    "toddler-gym": play(("erika", BEN), ("erika", PID), "birth-certificate", FAMILY, ("erika", MIA)),
    "share-cars": play(
        ("erika", "mdl"), ("erika", PID), "mdl", ("licence-proof", "renew-licence"), ("sam", "mdl"),
        too=(("erika", paper("mdl", birthdate="2006-01-16")),),
    ),
    "companion-ticket": play(
        ("karl", "disability-card"), ("karl", PID), "disability-card", ("disability-card",), ("helga", "disability-card")
    ),
}  # fmt: skip

READY = [(id_, who) for id_, one in PLAYS.items() for who in one.ready]
EXCLUDED = [(id_, who) for id_, one in PLAYS.items() for who in one.excluded]
FOUND = {
    one.id: one for place in PROVIDING for one in descriptions(place.id, lambda id_: f"https://{id_}.town.example")
}


def named(case) -> str:
    id_, (citizen, *papers) = case
    return "-".join([id_, citizen, *[one if isinstance(one, str) else f"{one.type}:{one.subject}" for one in papers]])


def suggestion(id_: str, who):
    citizen, *papers = who
    found = suggest(CATALOGUE, holdings(citizen, *papers))
    return next((one for one in found if one.service.id == id_), None)


def test_every_service_is_played_and_only_one_is_for_everybody():
    assert set(PLAYS) == set(BY_ID)
    assert [id_ for id_, one in PLAYS.items() if not one.lacks or not one.excluded] == ["identity-card"]


@pytest.mark.parametrize(("id_", "who"), READY, ids=map(named, READY))
def test_who_has_everything_is_told_that_it_fits_and_why(id_, who):
    found = suggestion(id_, who)
    assert (found.rank, found.missing, found.unclear) == (Rank.AT_HAND, (), False)
    assert found.eligibility.truth is Truth.MET
    assert all(reason.truth is Truth.MET for reason in found.eligibility.reasons)
    assert bool(found.eligibility.reasons) == (id_ != "identity-card")


@pytest.mark.parametrize(
    ("id_", "one"), [item for item in PLAYS.items() if item[1].lacks], ids=lambda x: x if isinstance(x, str) else ""
)
def test_who_lacks_a_proof_is_told_which_and_who_gives_it(id_, one):
    found = suggestion(id_, one.lacking)
    kind = TYPES[one.lacks]
    assert found.rank is Rank.ONE_MISSING
    (proof,) = found.missing
    assert CredentialType(kind.format, kind.type) in proof.gap.types
    assert tuple(service.id for service in proof.givers) == one.givers


@pytest.mark.parametrize(("id_", "who"), EXCLUDED, ids=map(named, EXCLUDED))
def test_for_whom_it_is_not_it_is_not_suggested(id_, who):
    citizen, *papers = who
    eligibility = evaluate(BY_ID[id_].eligible, holdings(citizen, *papers))
    assert eligibility.truth is Truth.NOT_MET
    assert eligibility.reasons
    assert suggestion(id_, who) is None


@pytest.mark.parametrize(("id_", "who"), READY, ids=map(named, READY))
def test_what_the_documents_say_is_an_answer_to_every_field_that_comes_from_them(id_, who):
    """The form of the service takes what was issued: of the right kind, within its bounds."""
    citizen, *papers = who
    held = holdings(citizen, *papers)
    needs = BY_ID[id_].needs
    candidates = [one for asked in needs.credentials for one in held.of_format(asked.format)] if needs else []
    matches = match_query(needs, {one.id: one for one in candidates}.values()).matches if needs else {}
    shown = {query: found[0].candidate.claims for query, found in matches.items() if found}
    answered = set()
    for field in FOUND[id_].fields:
        for source in field.documents:
            if source.document not in shown:
                continue
            values = [value for _, value in select_path(shown[source.document], source.path, EvaluationBudget())]
            for value in values:
                field.question.check(value, field.name)
            answered |= {field.name} if values else set()
    # Nothing is left to the citizen but what the catalogue says
    asks = {one.name for one in BY_ID[id_].asks.fields} if BY_ID[id_].asks else set()
    assert {field.name for field in FOUND[id_].fields} - answered <= asks
