import pytest

from protocol.dcql.match import check_answer
from protocol.errors import InvalidRequest
from tests.protocol.dcql.samples import asked, found, held, paths, read


@pytest.mark.parametrize(
    ("path", "selected"),
    [
        (["name"], [("name",)]),
        (["null"], [("null",)]),
        (["address"], [("address",)]),
        (["address", "city"], [("address", "city")]),
        (["nationalities", 1], [("nationalities", 1)]),
        (["nationalities", None], [("nationalities", 0), ("nationalities", 1), ("nationalities", 2)]),
        (["degrees", None, "type"], [("degrees", 0, "type"), ("degrees", 1, "type"), ("degrees", 2, "type")]),
        (["degrees", 2, "type"], [("degrees", 2, "type")]),
    ],
    ids=str,
)
def test_a_path_selects_what_is_there(path, selected):
    assert paths(read(asked(path)), held()) == [tuple(selected)]


@pytest.mark.parametrize(
    "path",
    [
        ["Name"],
        ["name", "first"],
        ["name", 0],
        ["name", None],
        ["address", 0],
        ["address", None],
        ["address", "country"],
        ["nationalities", "0"],
        ["nationalities", None, "x"],
        ["degrees", None, "grade"],
        ["degrees", 0, "type", None],
        ["null", "x"],
    ],
    ids=str,
)
def test_a_path_that_leads_nowhere_matches_nothing(path):
    query = read(asked(path))
    assert paths(query, held()) == []
    with pytest.raises(InvalidRequest):
        check_answer(query, {"pid": [held()]})


def test_an_index_beyond_the_array_matches_nothing():
    assert paths(read(asked(["nationalities", 3])), held()) == []


def test_a_branch_without_the_member_is_dropped():
    claims = {"pets": [{"name": "Waldi"}, {"age": 3}, {"name": "Minka"}]}
    assert paths(read(asked(["pets", None, "name"])), held(claims)) == [(("pets", 0, "name"), ("pets", 2, "name"))]


def test_a_branch_of_another_kind_spoils_the_whole_path():
    claims = {"pets": [{"name": "Waldi"}, "Minka"], "codes": [[1, 2], {"a": 1}]}
    assert paths(read(asked(["pets", None, "name"])), held(claims)) == []
    assert paths(read(asked(["codes", None, 0])), held(claims)) == []
    assert paths(read(asked(["codes", None, None])), held(claims)) == []


def test_an_index_beyond_one_array_drops_only_that_array():
    claims = {"rows": [[1], [1, 2], []]}
    assert paths(read(asked(["rows", None, 1])), held(claims)) == [(("rows", 1, 1),)]


@pytest.mark.parametrize("name", ["_sd", "...", "_sd_alg", "cnf"])
@pytest.mark.parametrize("before", [[], ["a"], ["list", None], ["list", 0]], ids=str)
@pytest.mark.parametrize("after", [[], ["a"]], ids=str)
def test_technical_members_are_never_selected(name, before, after):  # T202
    inner = {name: {"a": 1}}
    query = read(asked([*before, name, *after]))
    candidate = held({**inner, "a": inner, "list": [inner]})
    assert paths(query, candidate) == []
    with pytest.raises(InvalidRequest):
        check_answer(query, {"pid": [candidate]})


@pytest.mark.parametrize(
    ("value", "wanted", "fits"),
    [
        ("a", ["b", "a"], True),
        ("a", ["A"], False),
        ("a", ["a "], False),
        ("1", [1], False),
        (1, ["1"], False),
        (1, [1], True),
        (1, [True], False),
        (True, [1], False),
        (True, [True], True),
        (0, [False], False),
        (False, [0], False),
        (1.0, [1], False),
        (1.0, [True], False),
        (None, ["null", False, 0], False),
        (["a"], ["a"], False),
        ({"a": "a"}, ["a"], False),
    ],
    ids=str,
)
def test_values_match_by_type_and_value(value, wanted, fits):  # T188
    query = read(asked({"path": ["claim"], "values": wanted}))
    assert bool(found(query, held({"claim": value}))) is fits
    if fits:
        check_answer(query, {"pid": [held({"claim": value})]})
    else:
        with pytest.raises(InvalidRequest):
            check_answer(query, {"pid": [held({"claim": value})]})


def test_of_several_elements_only_those_that_match_are_disclosed():
    query = read(asked({"path": ["nationalities", None], "values": ["AT", "DE", "IT"]}))
    assert paths(query, held()) == [(("nationalities", 0), ("nationalities", 2))]
    by_year = read(asked({"path": ["degrees", None, "year"], "values": [1]}))
    assert paths(by_year, held()) == [(("degrees", 0, "year"),)]


def test_an_mdoc_has_namespaces_and_elements():  # T203
    mdl = held({"ns": {"age_over_18": True, "codes": ["B"]}}, format="mso_mdoc", type="mDL")

    def query(*path):
        return read(asked([*path], format="mso_mdoc", meta={"doctype_value": "mDL"}))

    assert paths(query("ns", "age_over_18"), mdl) == [(("ns", "age_over_18"),)]
    assert paths(query("other", "age_over_18"), mdl) == []
    assert paths(query("ns", "age_over_21"), mdl) == []
