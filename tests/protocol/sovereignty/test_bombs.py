"""Rules, queries and catalogues that are made to last: what they cost stays bounded, and the answer is that nobody knows."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.errors import ProtocolError
from protocol.fields import Fields
from protocol.sovereignty.eligibility import Truth
from protocol.sovereignty.journey import Journey, plan_journey
from protocol.sovereignty.rules import MAX_NODES
from protocol.sovereignty.service import Service
from protocol.sovereignty.suggestions import suggest
from tests.protocol.sovereignty.held import condition, holding, wallet
from tests.protocol.sovereignty.services import LEAST, service
from tests.support.bounds import BOUNDED

TYPE = "urn:a"


def spent(call):
    began = time.process_time()
    found = call()
    return found, time.process_time() - began


@pytest.mark.parametrize(
    ("rule", "held"),
    [
        # Every name may mean every document
        (
            {"all": [condition("x", "equals", i, type_=TYPE, **{"as": f"n{i}"}) for i in range(MAX_NODES - 1)]},
            [holding(str(i), TYPE, {"x": i}) for i in range(200)],
        ),
        # As many values as a rule may compare, asked for again and again
        (
            {"all": [condition(["x", None], "equals", f"no {i}", type_=TYPE) for i in range(MAX_NODES - 1)]},
            [holding(str(i), TYPE, {"x": [f"{i} {j}" for j in range(1900)]}) for i in range(200)],
        ),
        # Arrays in arrays
        (
            {"all": [condition(["x", None, None, None], "exists", type_=TYPE) for _ in range(MAX_NODES - 1)]},
            [holding(str(i), TYPE, {"x": [[[0] * 60] * 60] * 60}) for i in range(50)],
        ),
    ],
    ids=["names", "values", "arrays"],
)
def test_a_bomb_is_unknown_and_soon(rule, held):
    services = [service(f"s{i}", eligible=rule) for i in range(20)]
    found, seconds = spent(lambda: suggest(services, wallet(*held)))
    assert {one.eligibility.truth for one in found} == {Truth.UNKNOWN}
    assert seconds < BOUNDED


def test_queries_for_many_values_are_answered_soon():
    claims = [{"path": ["x", None], "values": [f"v{i} {j}" for j in range(90)]} for i in range(20)]
    needs = {"credentials": [{"id": "q", "format": "dc+sd-jwt", "meta": {"vct_values": [TYPE]}, "claims": claims}]}
    held = [holding(str(i), TYPE, {"x": [f"{i} {j}" for j in range(1900)]}) for i in range(200)]
    asking = [Service.from_fields(Fields({**LEAST, "id": f"q{i}", "needs": needs}, "service")) for i in range(50)]
    found, seconds = spent(lambda: suggest(asking, wallet(*held)))
    assert len(found) == 50
    assert seconds < BOUNDED


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.lists(st.integers(0, 11), max_size=3, unique=True), st.lists(st.integers(0, 11), max_size=3, unique=True)
        ),
        min_size=1,
        max_size=24,
    ),
    st.integers(1, 8),
)
def test_services_that_need_each_other_are_planned_or_refused_and_soon(drawn, goals):
    services = [
        service(f"s{i}", needs=[f"urn:{n}" for n in needs], gives=[f"urn:{g}" for g in gives])
        for i, (needs, gives) in enumerate(drawn)
    ]
    wanted = tuple([one.id for one in services[:goals]])
    began = time.process_time()
    try:
        plan = plan_journey(Journey(wanted), services, wallet())
    except ProtocolError:
        plan = None
    assert time.process_time() - began < BOUNDED
    if plan is not None:
        # Whatever is fetched on the way comes from an earlier step
        place = {step.service.id: i for i, step in enumerate(plan.steps)}
        assert set(wanted) <= place.keys()
        for step in plan.steps:
            assert all(place[one.service_id] < place[step.service.id] for one in step.fetched)
