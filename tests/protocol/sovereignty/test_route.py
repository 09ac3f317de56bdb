import itertools
import time
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import Malformed, TooLarge
from protocol.sovereignty.route import MAX_STOPS, Giver, Kind, find_route
from tests.support.bounds import BOUNDED

A, B, C, D = (Giver(Kind.SERVICE, name) for name in "abcd")
X, Y = (Giver(Kind.ELSEWHERE, name) for name in "xy")
COMING = Giver(Kind.AWAITED, "z")


def route(goals, needs):
    """The ids on the way; `needs` has the requirements of those services that have any."""
    return [stop.id for stop in find_route(goals, lambda id_: needs.get(id_, ()))]


def every(*wants):
    """A requirement without alternatives."""
    return (tuple(wants),)


def test_what_needs_nothing_is_gone_through_as_it_was_named():
    assert route(["b", "a"], {}) == ["b", "a"]
    assert route([], {}) == []


def test_what_gives_comes_before_what_needs():
    needs = {"a": [every((B,))], "b": [every((C,), (D,))]}
    assert route(["a"], needs) == ["c", "d", "b", "a"]
    assert route(["d", "a", "b"], needs) == ["d", "c", "b", "a"]


def test_the_shortest_way_counts_and_not_the_first():
    assert route(["a"], {"a": [every((B, C))], "b": [every((D,))]}) == ["c", "a"]
    # One giver for two is better than one for each
    assert route(["a"], {"a": [every((B, D), (C, D))]}) == ["d", "a"]
    # What is a goal anyway costs nothing more
    assert route(["a", "c"], {"a": [every((B, C))]}) == ["c", "a"]


def test_of_a_requirement_one_option_is_enough():
    assert route(["a"], {"a": [(((B,), (C,)), ((D,),))]}) == ["d", "a"]
    assert route(["a"], {"a": [(((B,), (C,)), ((D,),)), every((B,), (C,))]}) == ["b", "c", "a"]


def test_what_is_on_its_way_costs_nothing():
    (stop,) = find_route(["a"], lambda id_: [every((COMING, B))])
    assert stop.taken[0].givers == (COMING,)


def test_what_is_found_elsewhere_is_the_last_resort():
    needs = {"a": [every((B, C))], "b": [every((X,))], "c": [every((D,))]}
    assert route(["a"], needs) == ["d", "c", "a"]
    (stop,) = find_route(["a"], lambda id_: [(((X,), (Y,)), ((Y,),))])
    assert (stop.taken[0].option, stop.taken[0].givers) == (1, (Y,))


def test_services_that_wait_for_each_other_are_refused():
    for needs in (
        {"a": [every((B,))], "b": [every((A,))]},
        {"a": [every((B,))], "b": [every((C,))], "c": [every((A,), (D,))]},
    ):
        with pytest.raises(Malformed) as refusal:
            route(["a"], needs)
        assert not isinstance(refusal.value, TooLarge)


def test_a_circle_is_left_where_somebody_else_gives():
    needs = {"a": [every((B,))], "b": [every((A, D))]}
    assert route(["a"], needs) == ["d", "b", "a"]
    assert route(["a", "b"], needs) == ["d", "b", "a"]


def test_many_wants_with_many_givers_are_no_bomb():
    wants = [tuple([Giver(Kind.SERVICE, f"{i}-{j}") for j in range(20)]) for i in range(30)]
    began = time.process_time()
    assert len(route(["a"], {"a": [every(*wants)]})) == 31
    assert time.process_time() - began < BOUNDED


def test_more_ways_than_we_try_are_refused_in_time():
    # Each has two wants with five givers each, and so have they, and each giver is another
    @cache
    def needs(id_):
        level = id_.count(".")
        return (
            [every(*[tuple([Giver(Kind.SERVICE, f"{id_}.{i}{j}") for j in range(5)]) for i in range(2)])]
            if level < 9
            else ()
        )

    began = time.process_time()
    with pytest.raises(TooLarge):
        find_route(["a"], needs)
    assert time.process_time() - began < BOUNDED


def test_a_way_has_a_longest():
    def needs(id_):
        return [every((Giver(Kind.SERVICE, str(int(id_) + 1)),))] if int(id_) < end else []

    end = MAX_STOPS
    assert len(find_route(["1"], needs)) == MAX_STOPS
    end += 1
    with pytest.raises(TooLarge):
        find_route(["1"], needs)


SERVICES = [Giver(Kind.SERVICE, name) for name in "abcde"]
OTHERS = [X, Y]
wants = st.lists(st.sampled_from([*SERVICES, *SERVICES, *OTHERS, COMING]), min_size=1, max_size=3, unique=True).map(
    tuple
)
options = st.lists(wants, min_size=1, max_size=2).map(tuple)
requirements = st.lists(st.lists(options, min_size=1, max_size=2).map(tuple), max_size=2)
worlds = st.fixed_dictionaries({giver.id: requirements for giver in SERVICES})


def met(requirement, reached):
    return any(
        all(any(one in reached or one.kind is Kind.AWAITED for one in want) for want in option)
        for option in requirement
    )


def goes(chosen, world):
    """Whether all of a choice can be gone through in some order."""
    reached = {one for one in chosen if one.kind is not Kind.SERVICE}
    for _ in chosen:
        reached |= {one for one in chosen if one in reached or all(met(need, reached) for need in world[one.id])}
    return reached == set(chosen)


def cheapest(goals, world):
    """The cost of the best choice, found by trying all of them; None if there is none."""
    start = {one for one in SERVICES if one.id in goals}
    rest = [one for one in [*SERVICES, *OTHERS] if one not in start]
    costs = [
        (sum(one in OTHERS for one in chosen), len(start) + sum(one not in OTHERS for one in chosen))
        for size in range(len(rest) + 1)
        for chosen in itertools.combinations(rest, size)
        if goes(start | set(chosen), world)
    ]
    return min(costs, default=None)


@given(worlds, st.lists(st.sampled_from("abcde"), max_size=3, unique=True))
def test_the_way_is_the_best_of_all_that_there_are(world, goals):
    best = cheapest(goals, world)
    try:
        stops = find_route(goals, world.__getitem__)
    except Malformed:
        assert best is None
        return
    taken = {giver for stop in stops for one in stop.taken for giver in one.givers}
    assert best is not None
    assert len(stops) == best[1]
    assert len(taken & set(OTHERS)) <= best[0]
    reached = set(OTHERS)
    for stop in stops:
        for need, one in zip(world[stop.id], stop.taken, strict=True):
            option = need[one.option]
            assert all(giver in want for giver, want in zip(one.givers, option, strict=True))
            assert all(giver.kind is Kind.AWAITED or giver in reached for giver in one.givers)
        reached.add(Giver(Kind.SERVICE, stop.id))
    assert set(goals) <= {stop.id for stop in stops}
