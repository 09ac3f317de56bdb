"""What is written as TOML is read as it was."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.toml import write_toml
from tests.support.registrar import agency, cinema

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.booleans() | st.integers(-(2**63), 2**63 - 1) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(TEXTS, VALUES, max_size=5))
def test_whatever_is_written_is_read_back(members):
    assert tomllib.loads(write_toml(members)) == members


@pytest.mark.parametrize("party", [cinema(), agency()], ids=["partner", "agency"])
def test_a_registration_is_a_file_that_people_can_read(party):
    text = write_toml(party.to_dict())
    assert type(party).from_toml(text, "file") == party
    assert "\n[supervisory_authority]\n" in text
    assert ("\n[[uses]]\n" in text) == bool(party.uses)


def test_nothing_is_no_value():
    with pytest.raises(ValueError, match="null"):
        write_toml({"a": [None]})
