import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.encoding import JsonObject
from protocol.sovereignty.selected_data import hash_value, holds_only, select_data
from tests.support.strategies import json_values

CLAIMS: JsonObject = {
    "family_name": "Muster",
    "address": {"locality": "Köln", "street": "Ring", "empty": {}},
    "children": [{"name": "Mia", "age": 3}, {"age": 5}, "none"],
    "nationalities": ["DE", "FR"],
}


@pytest.mark.parametrize(
    ("paths", "selected"),
    [
        ([("family_name",)], {"family_name": "Muster"}),
        ([("address", "locality")], {"address": {"locality": "Köln"}}),
        ([("address",), ("address", "locality")], {"address": CLAIMS["address"]}),
        ([("address", "locality"), ("address", "street")], {"address": {"locality": "Köln", "street": "Ring"}}),
        ([("address", "empty")], {"address": {"empty": {}}}),
        ([("children", None, "name")], {"children": [{"name": "Mia"}]}),
        ([("nationalities", None)], {"nationalities": ["DE", "FR"]}),
        ([("nationalities",)], {"nationalities": ["DE", "FR"]}),
        ([("nationalities", 0)], {}),
        ([("family_name", "x")], {}),
        ([("family_name", None)], {}),
        ([("unknown",)], {}),
        ([], {}),
    ],
)
def test_what_paths_name_is_selected_and_nothing_beside_it(paths, selected):
    assert select_data(CLAIMS, paths) == selected
    assert holds_only(selected, paths)


@pytest.mark.parametrize(
    "data",
    [
        {"family_name": "Muster", "birthdate": "2000-01-01"},
        {"address": {"locality": "Köln", "street": "Ring"}},
        {"address": {}},
        {"address": "Köln"},
        {"children": [{"name": "Mia", "age": 3}]},
        {"children": []},
    ],
)
def test_data_with_anything_else_is_seen(data):
    assert not holds_only(data, [("family_name",), ("address", "locality"), ("children", None, "name")])


@given(st.dictionaries(st.text(max_size=5), json_values, max_size=4))
def test_whole_members_select_everything(claims):
    paths = [(name,) for name in claims]
    assert select_data(claims, paths) == claims
    assert holds_only(claims, paths)
    assert holds_only(select_data(claims, paths[:1]), paths)


def test_hashes_tell_true_from_one_and_not_the_order_of_members():
    assert hash_value(True) != hash_value(1)
    assert hash_value({"a": 1, "b": 2}) == hash_value({"b": 2, "a": 1})
