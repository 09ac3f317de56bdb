"""Forwarding on pages: picked, asked, shown by recipient, ticked, sent, and what became of each."""

import re

import pytest

from protocol.errors import Unreachable
from protocol.exchange import HttpResponse
from tests.wallet.counterpart_agency import answer
from tests.wallet.counterparts import dcql
from tests.wallet.forward_town import NAMES
from tests.wallet.service_town import BIRTH
from tests.wallet.web.flows import follow
from tests.wallet.web.forwarding import ServedForwardTown, boxes, picked, ticked
from tests.wallet.web.services.people import hold_pid
from tests.wallet.web.visitor import words_of


@pytest.fixture
def served(tmp_path, monkeypatch):
    monkeypatch.setenv("HOHEIT_ENV", "test")
    wallet = ServedForwardTown(tmp_path / "wallet")
    wallet.create()
    yield wallet
    wallet.door.close()


@pytest.fixture
def there(served, citizen):
    """The browser of somebody who holds an identity card, and whose wallet has the list of services."""
    served.fetch()
    hold_pid(served, citizen)
    return citizen


def answers(served):
    return {name: len(taker.answers) for name, taker in served.world.takers.items()}


def test_a_document_leads_to_those_who_take_it(served, there):
    card = there.get(f"/cards/{served.card}")
    assert f'href="/cards/{served.card}/forward"' in card.text
    page = there.get(f"/cards/{served.card}/forward")
    assert set(boxes(page)) == set(NAMES.values())
    assert "Nothing is sent before that." in words_of(page)
    assert not any(taker.seen for taker in served.world.takers.values())


def test_everybody_who_was_picked_gets_it_after_one_yes(served, there):
    consent = picked(served, there)
    page = there.get(consent)
    words = words_of(page)
    for name in NAMES.values():
        assert f"Send this to {name}" in words
    assert words.count("Given name") == words.count("They see nothing else.") == len(NAMES)
    assert ticked(page) == [0, 1, 2]
    assert answers(served) == dict.fromkeys(NAMES, 0)
    done = there.post(consent, page=consent, answer="yes", **{f"to-{place}": "yes" for place in ticked(page)})
    said = words_of(follow(there, done))
    assert "Everybody has it" in said
    assert "Town bank has it." in said
    assert answers(served) == dict.fromkeys(NAMES, 1)


def test_who_was_unticked_gets_nothing(served, there):
    consent = picked(served, there)
    said = words_of(follow(there, there.post(consent, page=consent, answer="yes", **{"to-1": "yes"})))
    assert "1 of them has it" in said
    assert "Town bank got nothing, as you decided." in said
    bank, insurer = served.world.takers["bank"], served.world.takers["insurer"]
    assert "vp_token" in insurer.answers[0]
    assert bank.answers[0]["error"] == "access_denied"


def test_saying_no_sends_nothing_to_anybody(served, there):
    consent = picked(served, there)
    said = words_of(follow(there, there.post(consent, page=consent, answer="no", **{"to-0": "yes"})))
    assert "Nothing was sent" in said
    assert all("vp_token" not in one.answers[0] for one in served.world.takers.values())


def test_one_who_fails_is_named_and_the_others_have_it(served, there):
    served.world.takers["bank"].down = True
    consent = picked(served, there)
    assert "Town bank cannot be reached right now." in words_of(there.get(consent))
    served.world.takers["insurer"].reply = Unreachable("gone")
    served.world.takers["school"].reply = answer({"redirect_uri": "https://school.example/cases/1"})
    done = there.post(consent, page=consent, answer="yes", **{"to-0": "yes", "to-1": "yes"})
    page = follow(there, done)
    said = words_of(page)
    assert "1 of them has it" in said
    assert "we do not know whether Good insurance has it" in said
    assert "Lindenau school has it." in said
    assert 'href="https://school.example/cases/1"' in page.text
    entries = re.findall(r'href="(/activity/entry/\d+)"', page.text)
    assert len(entries) == 2
    for entry in entries:
        assert there.get(entry).status_code == 200


def test_an_answer_is_sent_once_however_often_it_is_pressed(served, there):
    consent = picked(served, there, "bank")
    token = there.token(consent)
    form = {"form_token": token, "answer": "yes", "to-0": "yes"}
    assert there.client.post(consent, data=form).status_code == 303
    again = there.client.post(consent, data=form)
    assert again.status_code == 404
    assert answers(served)["bank"] == 1


def test_nobody_ticked_sends_nothing_and_says_so(served, there):
    consent = picked(served, there)
    refused = there.post(consent, page=consent, answer="yes")
    assert refused.status_code == 400
    assert "You have chosen nobody" in words_of(refused)
    assert ticked(refused) == []
    assert answers(served) == dict.fromkeys(NAMES, 0)


def test_picking_nobody_asks_nobody(served, there):
    address = f"/cards/{served.card}/forward"
    refused = there.post(address, page=address)
    assert refused.status_code == 400
    assert "You have chosen nobody yet." in words_of(refused)
    assert not any(taker.seen for taker in served.world.takers.values())


def test_a_form_that_names_somebody_else_is_refused(served, there):
    """T169."""
    served.world.takers["school"].query = {
        "credentials": [dcql(("age",), query_id="pid", vct=BIRTH), dcql(query_id="x")]
    }
    consent = picked(served, there)
    page = there.get(consent)
    assert "You do not have everything that they need." in words_of(page)
    assert "Send this to Lindenau school" not in words_of(page)
    refused = there.post(consent, page=consent, answer="yes", **{"to-0": "yes", "to-2": "yes"})
    assert refused.status_code == 400
    assert answers(served) == dict.fromkeys(NAMES, 0)


def test_who_asks_for_more_than_announced_is_not_ticked(served, there):
    served.world.takers["insurer"].query = {"credentials": [dcql(("given_name",), ("birthdate",))]}
    page = there.get(picked(served, there))
    assert "They ask for more than they announced: Date of birth" in words_of(page)
    assert ticked(page) == [0, 2]


def test_who_asks_for_more_than_they_registered_gets_nothing_and_the_others_do(served, there):
    """T170"""
    for name in NAMES:
        served.world.registering(name)
    served.world.takers["insurer"].query = {"credentials": [dcql(("given_name",), ("birthdate",))]}
    consent = picked(served, there)
    page = there.get(consent)
    words = words_of(page)
    assert f"{NAMES['insurer']} asks for more than they registered for: Date of birth." in words
    assert "It keeps what they asked, as proof. You find it in your activity, and can complain there." in words
    assert f"Send this to {NAMES['insurer']}" not in words
    assert ticked(page) == [0, 2]
    assert there.post(consent, page=consent, answer="yes", **{"to-1": "yes"}).status_code == 400
    there.post(consent, page=consent, answer="yes", **{"to-0": "yes", "to-2": "yes"})
    given = [one for one in served.world.takers["insurer"].answers if "vp_token" in one or "response" in one]
    assert given == []
    assert f"{NAMES['insurer']} asked for more than they registered for." in words_of(there.get("/activity"))


def test_where_there_are_several_ways_the_picked_document_is_chosen_and_what_is_open_is_asked(served, there):
    served.world.takers["bank"].query = {
        "credentials": [dcql(("given_name",), query_id="a"), dcql(("birthdate",), query_id="b")],
        "credential_sets": [{"options": [["b"], ["a"]]}],
    }
    consent = picked(served, there, "bank")
    page = there.get(consent)
    assert re.search(r'form="forward" name="0-way-0" value="0" checked', page.text)
    missing = there.post(consent, page=consent, answer="yes", **{"to-0": "yes"})
    assert missing.status_code == 400
    assert "Something is still open" in words_of(missing)
    assert ticked(missing) == [0]
    there.post(consent, page=consent, answer="yes", **{"to-0": "yes", "0-way-0": "1"})
    assert list(served.world.takers["bank"].presented("a"))


def test_it_is_said_again_in_the_readers_language(served, there):
    consent = picked(served, there)
    there.client.headers["accept-language"] = "de"
    page = follow(there, there.get(consent))
    assert "Was jede Stelle bekommen würde" in words_of(page)
    assert "Neue Anschrift: bank" in words_of(page)
    assert "Vorname" in words_of(page)
    assert there.get(consent).status_code == 404


def test_without_a_list_of_services_the_page_says_so(served, there):
    served.world.now += 100 * 86_400
    there.unlock()
    page = there.get(f"/cards/{served.card}/forward")
    assert "The list of services is too old to rely on." in words_of(page)
    address = f"/cards/{served.card}/forward"
    assert "too old" in words_of(there.post(address, page="/services"))


def test_what_nobody_takes_is_said(served, there):
    served.world.publisher.services, served.world.publisher.seq = served.world.publisher.services[:1], 8
    served.world.now += 4000
    there.unlock()
    served.fetch()
    assert "nobody takes this document" in words_of(there.get(f"/cards/{served.card}/forward"))


def test_an_unknown_document_and_an_old_page_are_not_there(there):
    assert there.get("/cards/none/forward").status_code == 404
    assert there.get("/forward/none").status_code == 404
    assert there.get("/forward/none/done").status_code == 404


def test_nobody_there_is_asked_at_a_register(served, there):
    consent = picked(served, there)
    assert there.post(f"{consent}/ask-register/9", page=consent).status_code == 404


def test_a_recipient_that_answers_nonsense_gets_nothing(served, there):
    served.world.takers["bank"].respond = lambda _: HttpResponse(200, (("content-type", "text/html"),), b"<html>")
    page = there.get(picked(served, there))
    assert "Town bank does not ask the way it should." in words_of(page)
