"""Finding services by what people type."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.sovereignty.service import LifeEvent
from tests.protocol.sovereignty.services import service
from wallet.policy.services.finding import MAX_FOUND, find_services

EVENTS = {LifeEvent.BIRTH: ("A child is born", "Ein Kind wird geboren")}
SERVICES = (
    service("benefit", name={"de": "Kindergeld", "en": "Child benefit"}, summary={"de": "Geld für Ihr Kind"}),
    service("street", name={"de": "Straßenfest anmelden"}, summary={"en": "Close a street"}),
    service("other", name={"en": "Something"}, summary={"de": "Für Mankind und Menschen"}, life_events=["birth"]),
)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("kindergeld", ["benefit"]),
        ("KINDERGELD", ["benefit"]),
        ("geld", ["benefit"]),  # also within a name
        ("kind", ["benefit", "other"]),  # a name before a life event
        ("fur", ["benefit", "other"]),  # nobody has to type an umlaut
        ("strassenfest", ["street"]),
        ("Straße", ["street"]),
        ("geboren", ["other"]),
        ("family office", ["benefit", "street", "other"]),
        ("kind nothing", []),
        ("mank", ["other"]),
        ("ankind", []),  # of other texts only the beginning of words
        ("?!", []),
        ("", []),
    ],
)
def test_what_people_type_is_found(typed, found):
    assert [one.id for one in find_services(SERVICES, typed, EVENTS)] == found


def test_only_so_many_are_shown():
    many = [service(f"s{i}") for i in range(MAX_FOUND + 5)]
    assert len(find_services(many, "child", {})) == MAX_FOUND


@given(st.text(max_size=300))
def test_whatever_is_typed_is_looked_for(typed):
    assert set(find_services(SERVICES, typed, EVENTS)) <= set(SERVICES)
