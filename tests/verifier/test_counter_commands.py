"""`hoheit verifier counter …`: each command does one thing and says so; what is wrong ends it with one line and status 1."""

import json
import os
import re

import pytest

from runtime.driver import drive
from runtime.http import NoSender
from tests.verifier.test_cli import INIT, done, refused
from verifier.app import open_store, open_verifier
from verifier.config import VerifierSettings


@pytest.fixture(autouse=True)
def _demo(monkeypatch):
    for name in [name for name in os.environ if name.startswith("HOHEIT_VERIFIER_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOHEIT_ENV", "demo")


@pytest.fixture
def library(tmp_path):
    """A verifier that was set up."""
    done(tmp_path / "verifier", *INIT)
    return tmp_path / "verifier"


def counter(data, command, *arguments):
    return done(data, f"counter {command}", *arguments)


def browsers(data, id_):
    settings = VerifierSettings.read(data)
    store = open_store(settings)
    try:
        return len(drive(open_verifier(settings, store).counters.standing(id_), store, NoSender()).browsers)
    finally:
        store.database.dispose()


def pair(data, said):
    """Use the link that a command told."""
    id_, code = re.search(r"/counters/([0-9a-f]{16})/pair#code=([A-Z2-9-]{19})\n", said).groups()
    settings = VerifierSettings.read(data)
    store = open_store(settings)
    try:
        drive(open_verifier(settings, store).counters.pair(id_, code), store, NoSender())
    finally:
        store.database.dispose()
    return id_


def test_a_counter_is_added_listed_paired_unpaired_and_removed(library):
    said = counter(library, "add", "Entrance", "--use-case", "over-18")
    assert "within 15 minutes" in said
    id_ = pair(library, said)
    assert f"print http://library.localhost:8000/counters/{id_}/code/over-18" in said
    assert f"Entrance ({id_})" in counter(library, "list")
    pair(library, counter(library, "pair", "Entrance"))
    assert browsers(library, id_) == 2
    assert "No browser" in counter(library, "unpair", id_)
    assert browsers(library, id_) == 0
    assert "Removed: Entrance" in counter(library, "remove", "Entrance")
    assert counter(library, "list") == ""


def test_programs_read_the_same(library):
    added = json.loads(counter(library, "add", "Entrance", "--use-case", "over-18", "--json"))
    assert [code["use_case"] for code in added["codes"]] == ["over-18"]
    assert json.loads(counter(library, "list", "--json")) == added
    offer = json.loads(counter(library, "pair", "Entrance", "--json"))
    assert offer["url"] == f"{added['page']}/pair#code={offer['code']}"


@pytest.mark.parametrize("command", ["remove", "pair", "unpair"])
def test_a_counter_that_is_not_there_is_one_clear_line(library, command):
    assert "there is no counter of this name" in refused(library, f"counter {command}", "Exit")


def test_a_question_that_is_not_there_is_one_clear_line(library):
    assert "there is none of this name" in refused(library, "counter add", "Entrance", "--use-case", "medicine")
    assert counter(library, "list") == ""
