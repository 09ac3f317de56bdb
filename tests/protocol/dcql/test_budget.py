import time

import pytest

from protocol.dcql.match import check_answer, match_query
from protocol.errors import InvalidRequest
from tests.protocol.dcql.samples import answered, asked, found, held, read
from tests.support.bounds import BOUNDED


def wide(levels):
    value: object = 1
    for _ in range(levels):
        value = [value] * 10_000
    return value


def numbered(count, **members):
    return [{"id": f"c{i}", "path": [f"c{i}"], **members} for i in range(count)]


MANY = {f"c{i}": i for i in range(1000)}
FALSE_FRIENDS = [f"v{i}" for i in range(256)]
SIXTY_FOUR = [asked(query_id=f"q{i}") for i in range(64)]
ALL_IDS = [f"q{i}" for i in range(64)]


@pytest.mark.parametrize(
    ("query", "candidates"),
    [
        (read(asked(["a", None, None, None, None])), [held({"a": wide(4)})]),  # T198
        (read(asked(*[["a", None]] * 1000)), [held({"a": wide(1)})]),
        (read(asked(*numbered(1000))), [held(MANY)] * 60),
        (read(asked(*numbered(1000, values=[*range(256)]))), [held(MANY)]),
        (
            read(asked(*numbered(1000), claim_sets=[[f"c{i}" for i in range(1000)]] * 1000)),  # T201
            [held(dict.fromkeys(list(MANY)[:-1], 0))],
        ),
        (
            read(*[credential | {"meta": {"vct_values": [f"t{i}" for i in range(64)]}} for credential in SIXTY_FOUR]),
            [held(type_ancestry=("a", "b", "c"))] * 1000,
        ),
        (
            read(
                *[
                    credential | {"trusted_authorities": [{"type": "aki", "values": FALSE_FRIENDS}] * 16}
                    for credential in SIXTY_FOUR
                ]
            ),
            [held(authority_key_ids=(b"\1" * 20, b"\2" * 20))] * 100,
        ),
        (read(*SIXTY_FOUR, credential_sets=[{"options": [ALL_IDS] * 64}] * 64), [held()]),
    ],
    ids=["null⁴", "null often", "claims", "values", "claim sets", "types", "authorities", "sets"],
)
def test_the_budget_ends_what_would_never_end(query, candidates):
    began = time.process_time()
    with pytest.raises(InvalidRequest, match="too many steps"):
        match_query(query, candidates)
    assert time.process_time() - began < BOUNDED


@pytest.mark.parametrize("path", [["a", None, None], ["a", 9_999, 9_999], ["a", None, 9_999]], ids=str)
def test_the_budget_ends_what_an_answer_makes_long(path):  # T198
    query = read(asked(path))
    answer = held({"a": wide(2)})
    for evaluate in (
        lambda: check_answer(query, {"pid": [answer]}),
        lambda: answered(query.credentials[0], answer).selected(),
        lambda: answered(query.credentials[0], answer).surplus([]),
    ):
        began = time.process_time()
        with pytest.raises(InvalidRequest, match="too many steps"):
            evaluate()
        assert time.process_time() - began < BOUNDED


def test_a_thousand_claim_sets_that_cannot_be_met_are_no_match():  # T201
    query = read(asked(*numbered(2), claim_sets=[["c0", "c1"]] * 1000))
    assert found(query, held({"c0": 1})) == ()


def test_twenty_sets_of_twenty_options_of_twenty_are_answered():  # T200
    options = [[f"q{(i + j) % 64}" for j in range(20)] for i in range(20)]
    query = read(*SIXTY_FOUR, credential_sets=[{"options": options}] * 20)
    began = time.process_time()
    match = match_query(query, [held()])
    check_answer(query, {query_id: [held()] for query_id in match.default_choice()})
    assert time.process_time() - began < BOUNDED


def test_the_budget_is_one_for_the_whole_evaluation():
    query = read(asked(["name"]))
    match_query(query, [held()] * 10, steps=50)
    with pytest.raises(InvalidRequest):
        match_query(query, [held()] * 40, steps=50)
    with pytest.raises(InvalidRequest):
        check_answer(read(asked(["name"], multiple=True)), {"pid": [held()] * 40}, steps=50)
