"""Every text that people read is there in German too, and the catalogues hold no other."""

import re

import pytest
from babel.messages.pofile import read_po

from tests.support.texts import texts_of
from tests.support.tree import ROOT
from wallet import words

COCKPIT = "capabilities/cockpit"
# Where a home's texts may stand besides: an application looks there behind its own (docs/decisions/0073)
BEHIND = {
    "runtime": (),
    COCKPIT: ("runtime",),
    "issuer": (COCKPIT, "runtime"),
    "wallet": ("runtime",),
    "verifier": (COCKPIT, "runtime"),
    "registrar": ("runtime",),
    "hoheit": ("runtime",),
}
HOMES = tuple(BEHIND)
ELSEWHERE = {"wallet": {text for _, text in words._IN_PLAIN_WORDS}}  # looked up by the kind of an error
VALUES = re.compile(r"%\((\w+)\)s")


def catalogue(home):
    """The German catalogue: text → translation, each with its plural."""
    file = ROOT / home / "locale" / "de.po"
    if not file.exists():
        return {}
    with file.open("rb") as opened:
        return {
            message.id if isinstance(message.id, tuple) else (message.id,): message.string
            if isinstance(message.string, tuple)
            else (message.string,)
            for message in read_po(opened, abort_invalid=True)
            if message.id
        }


@pytest.mark.parametrize("home", HOMES)
def test_every_text_is_there_in_german_and_no_other(home):
    translated = {text for id_ in catalogue(home) for text in id_}
    used = texts_of(ROOT / home) | ELSEWHERE.get(home, set())
    shared = {text for behind in BEHIND[home] for id_ in catalogue(behind) for text in id_}
    assert sorted(used - translated - shared) == []
    assert sorted(translated - used) == []
    assert sorted(translated & shared) == []


def test_every_room_with_pages_is_looked_at():
    folders = (folder for depth in ("*", "*/*") for folder in ROOT.glob(f"{depth}/locale"))
    assert {str(folder.parent.relative_to(ROOT)) for folder in folders} == set(HOMES)


@pytest.mark.parametrize("home", HOMES)
def test_a_translation_is_one_and_names_the_same_values(home):
    for id_, strings in catalogue(home).items():
        assert all(strings), id_
        assert {frozenset(VALUES.findall(text)) for text in (*id_, *strings)} == {frozenset(VALUES.findall(id_[0]))}, (
            id_
        )
