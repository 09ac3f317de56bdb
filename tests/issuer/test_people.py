"""A table of people is read as a whole or not at all, and what is wrong is named by row and column."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from issuer.app import SHIPPED_TYPES
from issuer.credential_types import read_type, read_types
from issuer.people import MAX_TABLE, read_people
from protocol.errors import Malformed, ProtocolError, TooLarge
from tests.support.cases import cases

TYPES = read_types(SHIPPED_TYPES).values()
WHOLE = '''subject,given_name,sex,address.locality,nationalities[0],nationalities[1],disability.companion,birthdate
m-1,"Erika, genannt ""Rika""",2,Seestadt,DE,FR,true,1988-08-12
m-2,Max,,,DE,,false,1986
'''
RECORDS = {
    "m-1": {
        "given_name": 'Erika, genannt "Rika"',
        "sex": 2,
        "address": {"locality": "Seestadt"},
        "nationalities": ["DE", "FR"],
        "disability": {"companion": True},
        "birthdate": "1988-08-12",
    },
    "m-2": {"given_name": "Max", "nationalities": ["DE"], "disability": {"companion": False}, "birthdate": "1986"},
}


def read(text):
    return read_people(text.encode(), TYPES)


def test_cells_go_where_their_columns_say_with_the_type_that_is_declared():
    assert read(WHOLE) == RECORDS


@pytest.mark.parametrize(
    "text",
    [
        WHOLE.replace(",", ";").replace("Erika;", "Erika,"),
        "\ufeff" + WHOLE,
        WHOLE.replace("\n", "\r\n"),
        WHOLE.removesuffix("\n"),
        WHOLE + "\n\n",
    ],
    ids=["semicolons", "byte order mark", "CR LF", "no line feed at the end", "empty lines"],
)
def test_the_spellings_of_spreadsheets_are_all_read(text):
    assert read(text) == RECORDS


def test_a_postal_code_keeps_its_zeros():
    assert read("subject,address.postal_code\na,00815\n") == {"a": {"address": {"postal_code": "00815"}}}


@cases("issuer/people.json", "refuse")
def test_what_is_wrong_is_named_by_row_and_column(case):
    with pytest.raises(Malformed) as refusal:
        read(case["csv"])
    assert refusal.value.at == case["at"]


def test_one_wrong_row_refuses_all():
    with pytest.raises(Malformed, match="row 4, birthdate"):
        read(WHOLE + "m-3,Mia,2,,DE,,false,yesterday\n")


def test_a_cell_must_keep_the_rules_of_every_type_that_draws_from_it():
    texts = "".join(
        f"[[claims]]\npath = {path}\ntype = {kind}\nlabel = {{ en = 'X' }}\n{more}\n"
        for path, kind, more in (
            ("['a']", "'text'", "from = ['x']"),
            ("['b']", "'text'", "from = ['x']\nmax_length = 2"),
        )
    )
    head = "id = 'card'\nvct = 'urn:example:card:1'\nvalidity_days = 30\n[name]\nen = 'Card'\n"
    kind = read_type(head + texts, "card.toml", SHIPPED_TYPES)[0]
    assert read_people(b"subject,x\na,ab\n", [kind]) == {"a": {"x": "ab"}}
    with pytest.raises(Malformed, match="row 2, x: must have at most 2"):
        read_people(b"subject,x\na,abc\n", [kind])


def test_a_cell_of_ten_megabytes_is_refused():
    """T145."""
    with pytest.raises(Malformed, match="after row 2"):
        read("subject,given_name\na,b\nc," + "x" * 10_000_000 + "\n")


def test_a_table_that_is_too_large_is_not_looked_at():
    with pytest.raises(TooLarge):
        read_people(bytes(MAX_TABLE + 1), TYPES)


def test_a_table_in_another_encoding_is_refused():
    with pytest.raises(Malformed, match="UTF-8"):
        read_people("subject,given_name\na,Jürgen\n".encode("latin-1"), TYPES)


def test_no_value_is_repeated():
    """T259."""
    with pytest.raises(Malformed) as refusal:
        read("subject,birthdate\na,MARKER\n")
    assert "MARKER" not in str(refusal.value)


@given(st.text(st.sampled_from("subject,;\"'\n\r\0.[]01ab-") | st.characters(codec="utf-8"), max_size=60))
def test_no_table_leaves_the_error_family(text):
    with contextlib.suppress(ProtocolError):
        read("subject," + text)


@given(st.binary(max_size=60))
def test_no_bytes_leave_the_error_family(data):
    with contextlib.suppress(ProtocolError):
        read_people(data, TYPES)
