"""Rights in a browser: every one is offered, asked, followed and answered; and where the wallet cannot ask, it writes."""

import json
from dataclasses import replace
from urllib.parse import unquote

import pytest

from protocol.errors import Unreachable
from protocol.exchange import HttpResponse
from protocol.oid4vp.request import ClientMetadata
from protocol.sovereignty.due_dates import first_due
from protocol.sovereignty.rights import Right
from protocol.sovereignty.rights_status import Kept, State
from tests.support.partners import both
from tests.support.pki import DAY, NOW
from tests.wallet.counterparts import dcql
from tests.wallet.registrar import ENTRY
from tests.wallet.rights import LETTER, REMEDY, WHY
from tests.wallet.web.citizens_rights import ask, asked, give, later, open_with_document, serve
from tests.wallet.web.flows import follow, say
from tests.wallet.web.visitor import words_of


@pytest.fixture
def served(tmp_path, monkeypatch):
    monkeypatch.setenv("HOHEIT_ENV", "test")
    served = serve(tmp_path)
    yield served
    served.door.close()


@pytest.fixture
def citizen(served):
    return open_with_document(served)


def test_every_right_is_offered_in_its_own_words(served, citizen):
    number = give(served, citizen)
    assert f"/activity/entry/{number}/rights" in citizen.get(f"/activity/entry/{number}").text
    assert f"/activity/entry/{number}/rights" in citizen.get(f"/activity/with/{number}").text
    page = citizen.get(f"/activity/entry/{number}/rights")
    places = [page.text.index(f'/rights/{right}"') for right in Right]
    assert places[0] == min(places)  # consent is what they stand on
    assert len(set(places)) == len(Right)
    for right in Right:
        text = words_of(citizen.get(f"/activity/entry/{number}/rights/{right}"))
        assert "GDPR" in text
        assert "Send it to City library" in text


@pytest.mark.parametrize("right", [*Right], ids=str)
def test_what_was_asked_is_followed_and_stands_in_the_activity(served, citizen, right):
    number = give(served, citizen)
    text = citizen.done(ask(citizen, number, right, text="Please do it"))
    assert "City library got what you asked." in text
    assert "Please do it" in text
    activity = words_of(citizen.get("/activity"))
    assert "City library got what you asked." in activity
    assert "Please do it" not in activity
    assert served.world.partner.desk.case.request.says.right is right
    later(served, citizen, DAY)
    served.world.partner.desk.go(State.REFUSED, why=WHY, remedy=REMEDY)
    text = words_of(citizen.get(asked(served)))
    assert "City library refused what you asked." in text
    assert "The fiscal code, section 147, wants it." in text
    assert "The authority and the court in Köln." in text


def test_what_stays_is_named_with_its_law(served, citizen):
    number = give(served, citizen)
    ask(citizen, number, Right.ERASURE)
    later(served, citizen, DAY)
    served.world.partner.desk.go(State.DONE, kept=(Kept({"pid": (("given_name",),)}, WHY),), remedy=REMEDY)
    text = words_of(citizen.get(asked(served)))
    assert "City library did a part of what you asked" in text
    assert "Personal ID: Given name The fiscal code" in text


def test_only_some_of_the_data_can_be_meant(served, citizen):
    served.world.partner.query = {"credentials": [dcql(("given_name",), ("address",))]}
    number = give(served, citizen)
    page = f"/activity/entry/{number}/rights/erasure"
    refused = ask(citizen, number, Right.ERASURE, which="some")
    assert refused.status_code == 400
    assert "You chose none of your data." in words_of(refused)
    assert served.world.partner.calls == []
    assert "Given name" in words_of(citizen.get(page))
    text = citizen.done(ask(citizen, number, Right.ERASURE, which="some", data_1="yes"))
    [(query_id, [path])] = served.world.partner.desk.case.request.says.claims.items()
    assert (query_id, len(path)) == ("pid", 1)
    assert ("Address" in text) == (path == ("address",))


def test_too_many_words_are_kept_in_the_form(served, citizen):
    number = give(served, citizen)
    refused = ask(citizen, number, Right.OBJECTION, text="x" * 4001)
    assert refused.status_code == 400
    assert "You wrote too much" in words_of(refused)
    assert "x" * 4001 in refused.text
    assert served.vault.disclosures()[-1].rights == ()


def test_a_partner_that_is_away_gets_it_later(served, citizen):
    number = give(served, citizen)
    served.world.partner.say = Unreachable("away")
    assert "There is no answer yet." in citizen.done(ask(citizen, number, Right.ERASURE))
    served.world.partner.say = None
    later(served, citizen, 61)
    assert "City library got what you asked." in words_of(citizen.get(asked(served)))


def test_a_date_that_passed_is_said_everywhere(served, citizen):
    number = give(served, citizen)
    ask(citizen, number, Right.ERASURE)
    later(served, citizen, first_due(NOW) - NOW + 1)
    assert "The answer was due by" in words_of(citizen.get(asked(served)))
    assert "City library had to answer what you asked by" in words_of(citizen.get("/activity"))
    assert "City library had to answer what you asked by" in words_of(citizen.get(f"/activity/with/{number}"))


def test_an_answer_that_cannot_be_believed_is_told(served, citizen):
    number = give(served, citizen)
    ask(citizen, number, Right.ERASURE)
    later(served, citizen, DAY)
    served.world.partner.desk.spoil = lambda status: replace(status, right=Right.ACCESS)
    text = words_of(citizen.get(asked(served)))
    assert "What City library answered cannot be believed." in text
    assert "What you see is from before, and nothing of it is lost. Please look again later, or complain." in text
    assert "City library got what you asked." in text


def test_a_question_that_is_not_taken_names_the_clock_and_stays(served, citizen):
    number = give(served, citizen)
    ask(citizen, number, Right.ERASURE)
    before = served.vault.disclosures()[-1].rights
    later(served, citizen, DAY)
    served.world.partner.say = HttpResponse(401, (("www-authenticate", 'DPoP error="invalid_dpop_proof"'),), b"")
    text = words_of(citizen.get(asked(served)))
    assert "City library did not take the question of your wallet." in text
    assert "please check day and time" in text
    assert "believed" not in text
    assert served.vault.disclosures()[-1].rights == before


def test_the_data_are_shown_again_and_no_more(served, citizen):
    number = give(served, citizen)
    ask(citizen, number, Right.ACCESS)
    served.world.partner.desk.present_again()
    later(served, citizen, 61)
    page = asked(served)
    assert "wants to see your data once more" in words_of(citizen.get(page))
    consent = citizen.post(f"{page}/present", page=page)
    assert consent.headers["location"].startswith("/present/")
    answers = len(served.world.partner.answers)
    done = follow(citizen, say(citizen, consent.headers["location"], "yes"))
    assert f'href="{page}"' in done.text
    assert len(served.world.partner.answers) == answers + 1
    served.world.partner.query = {"credentials": [dcql(("given_name",), ("family_name",))]}
    refused = citizen.post(f"{page}/present", page=page)
    assert refused.headers["location"] == page
    assert "Your wallet shows nothing." in words_of(citizen.get(page))


@pytest.fixture
def answered(served, citizen):
    """A library that handed out what it has; the page of the answer."""
    number = give(served, citizen)
    ask(citizen, number, Right.ACCESS)
    served.world.partner.desk.hand_out({"pid": {"given_name": "Erika", "note": "<b>late</b>"}})
    later(served, citizen, 61)
    page = asked(served)
    assert "City library has an answer for you." in words_of(citizen.get(page))
    opened = citizen.post(f"{page}/answer", page=page)
    assert opened.status_code == 303
    return opened.headers["location"]


def test_each_document_of_an_answer_is_shown_with_its_labels(served, citizen):
    """A partner hands out what answered a query: one document, or more, as they came."""
    number = give(served, citizen)
    ask(citizen, number, Right.ACCESS)
    served.world.partner.desk.hand_out({"pid": [{"given_name": "Erika"}, {"given_name": "Mia"}]})
    later(served, citizen, 61)
    page = asked(served)
    text = words_of(citizen.get(citizen.post(f"{page}/answer", page=page).headers["location"]))
    assert "Personal ID Given name Erika Personal ID Given name Mia" in text


def test_an_answer_is_opened_and_shown_with_its_information(served, citizen, answered):
    page = citizen.get(answered)
    text = words_of(page)
    assert "Given name Erika" in text
    assert "<b>late</b>" not in page.text
    assert "letter.txt 10 bytes" in text
    assert "Where it came from You yourself." in text
    assert page.headers["cache-control"] == "no-store"


def test_an_answer_is_saved_with_its_signature_and_its_files_as_files(served, citizen, answered):
    saved = json.loads(citizen.get(f"{answered}/answer.json").content)
    assert saved["data"]["pid"]["given_name"] == "Erika"
    assert saved["answer"].count(".") == 2
    assert len(saved["statuses"]) == 2
    file = citizen.get(f"{answered}/file/0")
    assert file.content == LETTER[2]
    assert file.headers["content-disposition"] == "attachment; filename*=UTF-8''letter.txt"
    assert file.headers["content-type"] == "application/octet-stream"
    assert citizen.get(f"{answered}/file/1").status_code == 404


def test_a_part_is_opened_and_the_rest_is_waited_for(served, citizen):
    number = give(served, citizen)
    ask(citizen, number, Right.ACCESS)
    desk = served.world.partner.desk
    why = both("Das Archiv braucht länger.", "The archive takes longer.")
    desk.hand_out({"pid": {"given_name": "Erika"}}, part=why)
    later(served, citizen, 61)
    page = asked(served)
    text = words_of(citizen.get(page))
    assert "has a part of the answer for you" in text
    assert "The archive takes longer." in text
    assert "The rest follows by" in text
    opened = words_of(citizen.get(citizen.post(f"{page}/answer", page=page).headers["location"]))
    assert "This is a part." in opened
    desk.hand_out({"pid": {"given_name": "Erika", "family_name": "Mustermann"}})
    later(served, citizen, 61)
    assert "has an answer for you" in words_of(citizen.get(page))
    opened = words_of(citizen.get(citizen.post(f"{page}/answer", page=page).headers["location"]))
    assert "This is a part." not in opened
    assert "Mustermann" in opened


@pytest.mark.parametrize(
    "problem",
    [
        (HttpResponse(503, (), b""), "Nothing is lost", 502),
        (HttpResponse(404, (), b""), "does not have this file for you any more", 404),
        (HttpResponse(200, (), b"a.b.c.d.e"), "is not the file that City library signed", 400),
    ],
    ids=["away", "gone", "other"],
)
def test_a_file_that_cannot_be_had_is_told_beside_the_answer(served, citizen, answered, problem):
    say, said, status = problem
    served.world.partner.desk.say = say
    page = citizen.get(f"{answered}/file/0")
    assert said in words_of(page)
    assert "letter.txt" in page.text
    assert page.status_code == status


def test_statuses_are_among_what_was_signed_and_words_are_not(served, citizen):
    number = give(served, citizen)
    ask(citizen, number, Right.OBJECTION, text="something private")
    signed = json.loads(citizen.get(f"/activity/entry/{number}/signed.json").content)
    assert len(signed["rights_statuses"]) == 1
    request = served.vault.disclosures()[-1].rights[-1].token
    assert request not in str(signed)


def test_before_the_entry_or_the_key_goes_one_is_told_what_goes_with_it(served, citizen):
    number = give(served, citizen)
    pages = {
        f"/activity/entry/{number}/delete": "What you asked them",
        f"/activity/entry/{number}/key": "How it goes on",
    }
    for page, sentence in pages.items():
        assert sentence not in words_of(citizen.get(page))
    ask(citizen, number, Right.ERASURE)
    for page, sentence in pages.items():
        assert sentence in words_of(citizen.get(page))
    page = f"/activity/entry/{number}/key"
    citizen.post(page, page=page)
    text = words_of(citizen.get(asked(served)))
    assert "You gave up the key for this" in text
    assert "Ask how it stands now" not in text


# Letters


def test_who_has_no_cockpit_is_written_to(served, citizen):
    served.world.partner.changes = {**served.world.partner.changes, "client_metadata": ClientMetadata()}
    number = give(served, citizen)
    assert "cannot be asked by your wallet" in words_of(citizen.get(f"/activity/entry/{number}/rights"))
    assert f'href="/activity/entry/{number}/rights"' in citizen.get(f"/activity/with/{number}").text
    page = f"/activity/entry/{number}/rights/erasure"
    assert "Send it to" not in words_of(citizen.get(page))
    assert citizen.post(page, page=page).status_code == 404
    text = citizen.done(citizen.post(f"/activity/entry/{number}/letter/erasure", page=page))
    assert "Erasure of my data under Article 17 GDPR" in text
    assert "This is about: Given name" in text
    assert "Erika" not in text
    assert "You prepared a letter to City library." in words_of(citizen.get("/activity"))


def test_whoever_has_no_cockpit_is_reached_as_the_register_says(served, citizen):
    """EUDI TS7: whoever got data, whether they have such an address or not."""
    served.world.registering(replace(ENTRY, support_uri="help@library.example"))
    served.world.partner.changes = {**served.world.partner.changes, "client_metadata": ClientMetadata()}
    number = give(served, citizen)
    page = f"/activity/entry/{number}/rights/erasure"
    written = citizen.post(f"/activity/entry/{number}/letter/erasure", page=page)
    assert 'href="mailto:help@library.example?subject=' in citizen.get(written.headers["location"]).text
    assert f"/activity/entry/{number}/complaint" in citizen.get(f"/activity/entry/{number}").text


def test_a_letter_is_a_draft_to_the_contact_in_the_register(served, citizen):
    served.world.registering(replace(ENTRY, support_uri="help@library.example"))
    number = give(served, citizen)
    page = f"/activity/entry/{number}/rights/access"
    written = citizen.post(f"/activity/entry/{number}/letter/access", page=page)
    shown = citizen.get(written.headers["location"]).text
    [link] = [part.partition('"')[0] for part in shown.split('href="')[1:] if part.startswith("mailto:")]
    assert link.startswith("mailto:help@library.example?subject=")
    assert "Article 15 GDPR" in unquote(link)
    assert served.world.partner.calls == []


@pytest.mark.parametrize("path", ["rights/nothing", "asked/nothing", "letter"])
def test_what_is_not_there_is_not_found(served, citizen, path):
    number = give(served, citizen)
    assert citizen.get(f"/activity/entry/{number}/{path}").status_code in (404, 405)


def test_where_nothing_was_given_nothing_can_be_asked(served, citizen):
    [number] = [entry.number for entry in served.vault.log() if entry.action == "received"]
    assert citizen.get(f"/activity/entry/{number}/rights").status_code == 404
    assert "/rights" not in citizen.get(f"/activity/with/{number}").text
