"""What an index of anchors says of the lists that an installation follows."""

import tomllib
from pathlib import Path

import pytest

from protocol.errors import Malformed
from protocol.fields import Fields
from protocol.trust.list_types import ListType
from runtime.trust_lists.configured import FollowedLists
from tests.support.pki import Template, make_pki

CERTIFICATE = make_pki(Template(common_name="Operator")).certificates[0]
URL = "https://trust.example/lists/one"


def read(kind, **members):
    """What an index with one entry says."""
    entry = {"url": URL, "signer": "operator.pem", **members}
    return FollowedLists.from_fields(Fields({kind: [entry]}, "anchors.toml"), lambda _: CERTIFICATE)


@pytest.mark.parametrize("name", ["pid-providers", str(ListType.PID_PROVIDERS)])
def test_a_type_has_a_short_name_and_its_own(name):
    [found] = read("list", type=name).lists
    assert found.type == ListType.PID_PROVIDERS


def test_a_list_of_lists_is_of_registrars_where_nothing_is_said_and_may_be_of_a_type_that_is_not_known_here():
    assert [one.type for one in read("list_of_lists").lists_of_lists] == [ListType.REGISTRARS]
    [found] = read("list_of_lists", type="https://trust.example/types/new").lists_of_lists
    assert found.type == "https://trust.example/types/new"


@pytest.mark.parametrize(
    ("kind", "name"),
    [("list", "https://trust.example/types/new"), ("list", "new"), ("list_of_lists", "new")],
)
def test_a_type_that_is_none_is_refused(kind, name):
    with pytest.raises(Malformed, match="type"):
        read(kind, type=name)


@pytest.mark.parametrize("file", ["../operator.pem", "/etc/operator.pem", "below/operator.pem"])
def test_who_signs_stands_in_the_same_folder(file):
    with pytest.raises(Malformed, match="same folder"):
        read("list", type="pid-providers", signer=["operator.pem", file])


def test_without_a_name_it_is_called_by_where_it_is():
    assert [one.name for one in read("list", type="pid-providers").lists] == ["trust.example"]
    assert [one.name for one in read("list", type="pid-providers", name="The state's").lists] == ["The state's"]


def test_the_example_in_the_documentation_can_be_read():
    text = (Path(__file__).parents[3] / "runtime/trust_lists/configured.py").read_text(encoding="utf-8")
    index = tomllib.loads(text.split('"""')[1].split("\n", 1)[1])
    found = FollowedLists.from_fields(Fields(index, "anchors.toml"), lambda _: CERTIFICATE)
    assert (len(found.lists), len(found.lists_of_lists)) == (1, 2)
