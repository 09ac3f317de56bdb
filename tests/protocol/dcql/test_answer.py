import pytest

from protocol.dcql.match import check_answer, match_query
from protocol.errors import InvalidRequest
from tests.protocol.dcql.samples import ERIKA, TWO, answered, asked, held, read, sets


def test_several_credentials_answer_only_where_they_may():  # T176
    people = [held(), held(candidate_id="max")]
    query = read(asked(["name"], multiple=True))
    match = match_query(query, people)
    assert match.default_choice() == {"pid": ("erika",)}
    assert len(match.choose({"pid": ["erika", "max"]})["pid"]) == 2
    check_answer(query, {"pid": people})
    with pytest.raises(InvalidRequest, match="one presentation"):
        check_answer(read(asked(["name"])), {"pid": people})


def test_each_of_several_presentations_has_to_fit():  # T188
    with pytest.raises(InvalidRequest):
        check_answer(read(asked(["name"], multiple=True)), {"pid": [held(), held({})]})


@pytest.mark.parametrize(
    "presented", [{}, {"pid": []}, {"other": [held()]}, {"pid": [held()], "other": [held()]}], ids=str
)
def test_an_answer_of_another_shape_is_refused(presented):  # T176
    with pytest.raises(InvalidRequest):
        check_answer(read(asked(["name"])), presented)


def test_an_answer_needs_every_required_set():  # T177
    query = read(*TWO, credential_sets=sets((["b"], ["a"], True), (["c"], False)))
    check_answer(query, {"a": [held()]})
    check_answer(query, {"a": [held()], "c": [held()]})
    with pytest.raises(InvalidRequest, match="required"):
        check_answer(query, {"c": [held()]})


def test_an_optional_query_answered_with_nothing_is_refused():  # T176
    query = read(*TWO, credential_sets=sets((["a"], True), (["c"], False)))
    with pytest.raises(InvalidRequest, match="no presentation"):
        check_answer(query, {"a": [held()], "c": []})


def test_an_answer_without_the_claims_is_refused():  # T188
    with pytest.raises(InvalidRequest, match="claims"):
        check_answer(read(asked(["name"], ["address", "city"])), {"pid": [held({"name": "Erika"})]})


def test_refusals_repeat_no_claim_value():
    query = read(asked({"path": ["name"], "values": ["secret-asked"]}))
    with pytest.raises(InvalidRequest) as refusal:
        check_answer(query, {"pid": [held({"name": "secret-shown"})]})
    assert "secret" not in refusal.value.description


def test_an_element_asked_by_index_moves_up_when_others_stay_hidden():
    query = read(asked(["nationalities", 1], ["degrees", 2, "type"]))
    shown = held({"nationalities": ["FR"], "degrees": [{"type": "PhD"}]})
    check_answer(query, {"pid": [shown]})
    assert answered(query.credentials[0], shown).selected() == shown.claims
    assert answered(query.credentials[0], shown).surplus([("nationalities", 0), ("degrees", 0, "type")]) == ()


def test_an_element_after_the_index_is_none_that_was_asked():
    query = read(asked(["nationalities", 0]))
    assert answered(query.credentials[0], held()).selected() == {"nationalities": ["DE"]}
    disclosed = [("nationalities", i) for i in range(3)]
    assert answered(query.credentials[0], held()).surplus(disclosed) == (("nationalities", 1), ("nationalities", 2))


def test_neighbours_of_another_kind_do_not_spoil_an_element_that_was_asked():
    mixed = held({"mixed": ["text", {"x": 1}]})
    check_answer(read(asked(["mixed", 0], ["mixed", 1, "x"])), {"pid": [mixed]})


def test_what_nobody_asked_is_surplus():  # T189
    query = read(asked(["name"], ["address", "city"], {"path": ["nationalities", None], "values": ["DE"]}))
    disclosed = [
        ("name",),
        ("address",),
        ("address", "street"),
        ("address", "city"),
        ("nationalities", 0),
        ("nationalities", 1),
        ("degrees",),
        ("degrees", 0),
        ("degrees", 0, "type"),
        ("null",),
    ]
    assert answered(query.credentials[0], held()).surplus(disclosed) == (
        ("address", "street"),
        ("nationalities", 1),
        ("degrees", 0, "type"),
        ("null",),
    )
    assert answered(query.credentials[0], held()).selected() == {
        "name": "Erika",
        "address": {"city": "Köln"},
        "nationalities": ["DE"],
    }


def test_what_is_inside_an_asked_claim_is_asked():
    query = read(asked(["address"], ["degrees", 0]))
    disclosed = [("address",), ("address", "city"), ("degrees", 0), ("degrees", 0, "type")]
    assert answered(query.credentials[0], held()).surplus(disclosed) == ()


def test_a_claim_is_kept_whole_when_it_was_asked_whole_and_in_part():
    for both in ([["address", "city"], ["address"]], [["address"], ["address", "city"]]):
        assert answered(read(asked(*both)).credentials[0], held()).selected() == {"address": ERIKA["address"]}


def test_of_claim_sets_only_the_one_that_was_answered_is_kept():  # T189
    claims = [{"id": name, "path": [name]} for name in ("age", "name", "address")]
    query = read(asked(*claims, claim_sets=[["age"], ["name"], ["address"]])).credentials[0]
    assert answered(query, held()).selected() == {"name": "Erika"}
    assert answered(query, held()).surplus([("name",), ("address",)]) == (("address",),)


def test_without_claims_everything_disclosed_is_surplus():  # T169, T189
    assert answered(read(asked()).credentials[0], held()).surplus([("name",)]) == (("name",),)
