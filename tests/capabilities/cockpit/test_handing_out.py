"""What goes with data that are handed out: what is kept back of them, how long they stay, and what the law wants told."""

from dataclasses import replace

import pytest

from capabilities.cockpit.handing_out import Own, Usual, chosen, information, kept_until, names_of
from protocol.encoding import JsonObject
from protocol.errors import InvalidRequest
from protocol.fields import Fields
from protocol.sovereignty.durations import Retention
from protocol.sovereignty.rights import Right
from protocol.sovereignty.rights_status import Kept
from tests.issuer.service.asking import Citizen
from tests.protocol.sovereignty.disclosures import RECEIPT
from tests.support.partners import both
from tests.support.pki import NOW

NAME, STREET, TOWN = ("family_name",), ("address", "street"), ("address", "locality")
DATA: JsonObject = {
    "pid": [{"family_name": "Planted", "address": {"street": "Way 1", "locality": "Köln"}}],
    "card": [{"n": 1}],
}
WANTED = {"pid": (("address",), NAME), "card": (("n",),)}
WHOLE = replace(RECEIPT, claims=WANTED, represented=())
WHY = both("Andere wären betroffen.", "It would concern others.")
USUAL = Usual(both("Angaben", "Data"), both("Register", "Register"), both("Keine.", "None."))


def retention(value):
    return replace(RECEIPT, retention=Retention.from_fields(Fields({"retention": value}, "receipt"), "retention"))


def texts(wording):
    return {text.language: text.text for text in wording}


def test_what_is_kept_back_is_not_among_the_data():
    assert chosen(DATA, WANTED, WHOLE, ()) == DATA
    kept = (Kept({"pid": (("address",),)}, WHY),)
    assert chosen(DATA, WANTED, WHOLE, kept) == {"pid": [{"family_name": "Planted"}], "card": [{"n": 1}]}
    below = {"pid": (STREET, TOWN, NAME)}
    assert chosen(DATA, below, WHOLE, kept) == {"pid": [{"family_name": "Planted"}]}
    assert chosen(DATA, WANTED, WHOLE, (Kept({"pid": ()}, WHY),)) == {"card": [{"n": 1}]}
    assert chosen(DATA, {"card": (("n",),)}, WHOLE, ()) == {"card": [{"n": 1}]}


def test_nothing_is_kept_back_that_the_receipt_does_not_name():
    with pytest.raises(InvalidRequest, match="kept"):
        chosen(DATA, WANTED, WHOLE, (Kept({"pid": (("nationalities",),)}, WHY),))


def test_where_other_systems_have_the_data_somebody_says_what_machines_decide():
    with pytest.raises(InvalidRequest, match="machines decide"):
        information(RECEIPT, (), USUAL, Own(), has_others=True)
    said = both("Eine Punktzahl.", "A score.")
    for others in (True, False):
        assert (
            information(RECEIPT, (), USUAL, Own(automated_decisions=said), has_others=others).automated_decisions
            == said
        )
    assert information(RECEIPT, (), USUAL, Own(), has_others=False).automated_decisions == USUAL.automated_decisions


def test_it_is_said_how_long_data_stay_as_the_receipt_promises_it():
    assert NOW == 1_800_000_000  # 15 January 2027
    assert texts(kept_until(retention("P1D"))) == {"de": "Bis zum 16.01.2027.", "en": "Until 16 January 2027."}
    assert texts(kept_until(retention("none"))) == {"de": "Bis zum 15.01.2027.", "en": "Until 15 January 2027."}
    end = {"de": "Ende", "en": "The end"}
    assert texts(kept_until(retention({"from": end, "for": "P10Y"}))) == {"de": "Ende (P10Y)", "en": "The end (P10Y)"}
    assert "Ende" in texts(kept_until(retention({"from": end, "for": "P0D"})))["de"]
    assert "P0D" not in texts(kept_until(retention({"from": end, "for": "P0D"})))["de"]


def test_names_stand_once_each():
    assert names_of({"pid": (NAME, TOWN), "card": (NAME,)}, "en").lower().count("family name") == 1


def test_an_answer_that_cannot_be_written_is_none():
    citizen = Citizen()
    citizen.register.away = True
    asked = citizen.ask(Right.ACCESS)
    citizen.register.away = False
    twice = Own(files=(("a.txt", "text/plain", b"the same"), ("b.txt", "text/plain", b"the same")))
    with pytest.raises(InvalidRequest):
        citizen.run(citizen.desk.hand_out(asked.id, twice, sure=True, actor="Ada"))
    assert citizen.follow(asked).state == "done"  # without anybody
