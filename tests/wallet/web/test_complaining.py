"""Complaining in a browser: what was found, what the user writes, the letter, and the file."""

import pytest

from protocol.sovereignty.complaint import read_complaint
from protocol.sovereignty.due_dates import first_due
from protocol.sovereignty.rights import Right
from tests.support.pki import NOW
from tests.wallet.counterparts import dcql
from tests.wallet.web.citizens_rights import ask, asked, give, later, open_with_document, serve
from tests.wallet.web.flows import paste, say
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


def complain(citizen, number, **form):
    """Fill in the form, and see what comes."""
    page = f"/activity/entry/{number}/complaint"
    return citizen.post(page, page=page, **form)


def test_a_date_that_passed_leads_to_a_complaint(served, citizen):
    number = give(served, citizen)
    ask(citizen, number, Right.ERASURE)
    later(served, citizen, first_due(NOW) - NOW + 1)
    assert f"/activity/entry/{number}/complaint" in citizen.get(asked(served)).text
    text = words_of(citizen.get(f"/activity/entry/{number}/complaint"))
    assert "City library had to answer what you asked by" in text
    made = complain(citizen, number, text="I waited for a month.")
    page = citizen.get(made.headers["location"])
    assert "I waited for a month." in page.text
    assert "mailto:watch@data.example?subject=" in page.text
    file = citizen.get(f"{made.headers['location']}/complaint.json")
    assert file.headers["content-disposition"] == 'attachment; filename="complaint.json"'
    letter = citizen.get(f"{made.headers['location']}/letter.txt")
    assert letter.headers["content-disposition"] == 'attachment; filename="letter.txt"'
    assert letter.headers["content-type"] == "text/plain; charset=utf-8"
    assert letter.text.partition("\n")[0] in words_of(citizen.get(made.headers["location"]))
    assert file.headers["cache-control"] == "no-store"
    complaint = read_complaint(file.content)
    assert "overdue" in [finding.rule for finding in complaint.findings]
    assert "Erika" not in file.text
    assert "You prepared a complaint about City library." in words_of(citizen.get("/activity"))


def test_where_nothing_is_wrong_the_user_says_what_is(served, citizen):
    number = give(served, citizen)
    assert "found nothing wrong here" in words_of(citizen.get(f"/activity/entry/{number}/complaint"))
    refused = complain(citizen, number)
    assert refused.status_code == 400
    assert "Please write what happened." in words_of(refused)
    refused = complain(citizen, number, text="x" * 4001)
    assert "You wrote too much" in words_of(refused)
    assert complain(citizen, number, text="They laughed.").status_code == 303


def test_only_answers_that_were_chosen_are_in_it(served, citizen):
    first, second = give(served, citizen), None
    served.world.partner.changes = {**served.world.partner.changes, "nonce": "another-nonce-of-22-characters"}
    second = give(served, citizen)
    assert first != second
    assert f'name="answer_{first}"' in citizen.get(f"/activity/entry/{second}/complaint").text
    for more, count in (({}, 1), ({f"answer_{first}": "yes"}, 2)):
        made = complain(citizen, second, text="Look.", **more)
        file = citizen.get(f"{made.headers['location']}/complaint.json")
        assert len(read_complaint(file.content).receipts) == count


def test_a_request_that_asked_for_too_much_can_be_complained_about(served, citizen):
    served.world.partner.query = {"credentials": [dcql(("birthdate",))]}
    say(citizen, paste(citizen, served.world.partner.link()), "no")
    number = next(entry.number for entry in served.vault.log() if entry.action == "overasked")
    assert f"/activity/entry/{number}/complaint" in citizen.get(f"/activity/entry/{number}").text
    made = complain(citizen, number)
    complaint = read_complaint(citizen.get(f"{made.headers['location']}/complaint.json").content)
    assert complaint.beyond == {"pid": (("birthdate",),)}


def test_where_nothing_signed_is_kept_there_is_no_complaint(served, citizen):
    assert citizen.get("/activity/entry/1/complaint").status_code == 404
    assert citizen.get("/activity/entry/99/complaint").status_code == 404


def test_a_request_that_was_refused_can_be_complained_about_in_own_words(served, citizen):
    """EUDI TS8: nothing is wrong with it that a wallet can find."""
    say(citizen, paste(citizen, served.world.partner.link()), "no")
    number = next(entry.number for entry in served.vault.log() if entry.action == "declined")
    page = citizen.get(f"/activity/entry/{number}")
    assert "Did this seem wrong to you?" in page.text
    assert f"/activity/entry/{number}/complaint" in page.text
    assert complain(citizen, number).status_code == 400
    made = complain(citizen, number, text="They stood at my door and pressed me.")
    opened = citizen.get(made.headers["location"])
    assert "mailto:watch@data.example?subject=" in opened.text
    complaint = read_complaint(citizen.get(f"{made.headers['location']}/complaint.json").content)
    assert "pressed me" in complaint.letter.body
    assert (complaint.receipts, complaint.findings) == ((), ())
    assert complaint.request
    assert "You will not be able to complain with it" in citizen.get(f"/activity/entry/{number}/delete").text
