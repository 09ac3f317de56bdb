import itertools
import random
import time

from hypothesis import given
from hypothesis import strategies as st

from protocol.sovereignty.comparing import Why
from protocol.sovereignty.eligibility import Truth
from protocol.sovereignty.suggestions import Rank, suggest
from tests.benchmarks.services import make_world, suggest_all
from tests.protocol.sovereignty.held import BIRTH, ERIKA, EXMATRICULATED, MIA, PID, STUDENT, holding, wallet
from tests.protocol.sovereignty.services import service
from tests.support.bounds import BOUNDED

QUESTION = {"x": {"type": "string", "title": {"en": "x"}}}


def rule(path, comparison, value=None, *, type_=PID):
    made = {"claim": {"any": [{"vct": type_, "path": [path]}]}, "is": comparison, "because": {"en": path}}
    return made if value is None else {**made, "value": value}


def ranks(services, *held, **options):
    return [(found.service.id, found.rank) for found in suggest(services, wallet(*held), **options)]


def test_what_is_at_hand_comes_first_then_one_proof_then_more():
    services = [
        service("more", needs=["urn:a", "urn:b"]),
        service("one", needs=[PID, BIRTH]),
        service("hand", needs=[PID]),
        service("free"),
    ]
    assert ranks(services, ERIKA) == [
        ("hand", Rank.AT_HAND),
        ("free", Rank.AT_HAND),
        ("one", Rank.ONE_MISSING),
        ("more", Rank.MORE),
    ]


def test_what_is_missing_comes_with_who_gives_it():
    office, other = service("office", gives=[BIRTH]), service("other", gives=["urn:a"])
    (found,) = [
        found
        for found in suggest([office, other, service("benefit", needs=[PID, BIRTH])], wallet(ERIKA))
        if found.service.id == "benefit"
    ]
    (proof,) = found.missing
    assert [named.name for named in proof.gap.types] == [BIRTH]
    assert proof.givers == (office,)


def test_nobody_is_their_own_giver():
    (found,) = suggest([service("renewal", needs=["urn:a"], gives=["urn:a"])], wallet())
    assert found.missing[0].givers == ()


def test_what_a_rule_excludes_is_neither_suggested_nor_a_giver():
    excluded = service("excluded", gives=[BIRTH], eligible=rule("given_name", "equals", "Karl"))
    found = suggest([excluded, service("benefit", needs=[BIRTH])], wallet(ERIKA))
    assert [one.service.id for one in found] == ["benefit"]
    assert found[0].missing[0].givers == ()


def test_what_the_citizen_hid_is_not_suggested_but_still_gives():
    office = service("office", gives=[BIRTH])
    found = suggest([office, service("benefit", needs=[BIRTH])], wallet(), hidden={"office"})
    assert [one.service.id for one in found] == ["benefit"]
    assert found[0].missing[0].givers == (office,)


def test_a_proof_that_rule_and_needs_both_want_counts_once():
    one = service("one", needs=[STUDENT], eligible=rule("semester", "exists", type_=STUDENT))
    (found,) = suggest([one], wallet())
    assert (found.rank, len(found.missing), found.eligibility.truth) == (Rank.ONE_MISSING, 1, Truth.UNKNOWN)
    (renewed,) = suggest([one], wallet(EXMATRICULATED))
    assert renewed.missing[0].gap.why is Why.ENDED


def test_what_cannot_be_told_is_never_near():
    unclear = service("unclear", eligible=rule("semester", "exists", type_=STUDENT))
    (found,) = suggest([unclear], wallet(holding("s", STUDENT, {})))
    assert (found.rank, found.missing, found.unclear) == (Rank.MORE, (), True)
    silent = service("silent", needs=["urn:a"], eligible=rule("given_name", "exists"))
    assert ranks([unclear, silent], holding("s", STUDENT, {})) == [("silent", Rank.MORE), ("unclear", Rank.MORE)]
    lacking = service("lacking", needs=[()])
    assert ranks([lacking], ERIKA) == [("lacking", Rank.AT_HAND)]
    assert suggest([lacking], wallet())[0].unclear


def test_of_equals_who_asks_less_comes_first_and_what_somebody_gives():
    services = [
        service("asks", asks=QUESTION),
        service("quiet", gives=["urn:b"]),
        service("nobody", needs=["urn:a"]),
        service("somebody", needs=["urn:b"]),
    ]
    assert [id_ for id_, _ in ranks(services)] == ["quiet", "asks", "somebody", "nobody"]


def test_a_suggestion_says_why():
    (found,) = suggest([service("x", eligible=rule("given_name", "equals", "Erika"))], wallet(ERIKA))
    assert [(reason.because[0].text, reason.truth) for reason in found.eligibility.reasons] == [
        ("given_name", Truth.MET)
    ]


@given(st.permutations(range(6)))
def test_nothing_but_distance_and_the_catalogue_orders(turned):
    services = [service(f"s{i}", needs=[f"urn:{n}" for n in range(i % 3)]) for i in turned]
    found = ranks(services, ERIKA, MIA)
    assert [rank for _, rank in found] == [0, 0, 1, 1, 2, 2]
    places = {one.id: place for place, one in enumerate(services)}
    for (first, rank), (second, other) in itertools.pairwise(found):
        assert rank < other or places[first] < places[second]


def test_a_country_of_services_is_ranked_in_time():
    services, held = make_world(random.Random(6))
    began = time.process_time()
    found = suggest_all(services, held)
    assert time.process_time() - began < BOUNDED
    # It is a world in which all of it happens
    assert {one.rank for one in found} == set(Rank)
    assert 100 < len(found) < len(services)
    assert {one.eligibility.truth for one in found} == {Truth.UNKNOWN, Truth.MET}
