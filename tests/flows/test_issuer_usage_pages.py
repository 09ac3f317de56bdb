"""The same on the wallet's pages: what the agency did with its register stands with the document, in plain words."""

import json

import pytest

from protocol.encoding import encode_json, read_json_object
from protocol.exchange import HttpResponse
from runtime.anchors import write_anchor
from tests.flows.agency import SUBJECT, Town, agency
from tests.flows.test_lying_issuer import LIES, lie
from tests.support.issuer import IDENTIFIER
from tests.wallet.web.flows import paste, say
from tests.wallet.web.visitor import Served, words_of

pytestmark = pytest.mark.flow


@pytest.fixture
def served(tmp_path, monkeypatch):
    monkeypatch.setenv("HOHEIT_ENV", "test")
    with agency() as office:
        served = Served(tmp_path / "wallet", Town(None, more={IDENTIFIER: office}))
        for pki, name in ((office.pki, "office"), (office.access, "register")):
            write_anchor(served.settings.anchors_folder, f"{name}.pem", pki.root.pem, role=pki.role, name=f"The {name}")
        served.create()
        yield served
        served.door.close()


@pytest.fixture
def citizen(served):
    visitor = served.visitor()
    visitor.unlock()
    return visitor


def take(served, citizen):
    """Take a card; the number of the line."""
    arrived = say(citizen, paste(citizen, served.world.office.offer("card")), "yes").headers["location"]
    say(citizen, arrived, "yes")
    return served.vault.disclosures()[-1].log_number


def test_a_document_has_its_receipt_and_what_clerks_looked_at(served, citizen):
    number = take(served, citizen)
    desk = served.world.desk
    served.world.forward(200)
    desk.run(desk.issuer.desk.person(SUBJECT))
    text = words_of(citizen.get(f"/activity/entry/{number}"))
    assert (
        "City office confirmed what they took from their register for this document, and your wallet checked it."
        in text
    )
    assert "Giving you: Card" in text
    assert "It is part of a public task." in text
    assert "Until this happens: you are not in the register any more." in text
    assert "City office used what their register says about you." in text
    assert "City office looked at what their register says about you." in text
    assert "Data: First name" in text
    assert "By: clerk. Why: Your file was opened at the desk." in text
    assert "It names exactly the data that are in it." in text
    assert "What they still have" not in text
    assert "See what you can ask" in text
    timeline = words_of(citizen.get("/activity"))
    assert "City office gave you a receipt for the document." in timeline
    signed = json.loads(citizen.get(f"/activity/entry/{number}/signed.json").text)
    assert signed["receipt"].count(".") == 2
    assert len(signed["usage_reports"]) == 1
    standard = json.loads(citizen.get(f"/activity/entry/{number}/receipt-27560.json").text)
    assert standard["proof"]


def test_the_page_of_the_agency_says_that_nothing_was_given(served, citizen):
    number = take(served, citizen)
    text = words_of(citizen.get(f"/activity/with/{number}"))
    assert "You gave them nothing that is known here." in text
    assert "Nothing any more, according to the partner." not in text
    assert "without a witness" in text
    assert "See what you can ask" in text


@pytest.mark.parametrize("finding", ["claims_left_out", "claims_not_sent", "presentations", "request", "issuer"])
def test_each_lie_is_said_in_the_words_of_a_document_and_can_be_complained_about(served, citizen, finding):
    lie(served.world, LIES[finding])
    number = take(served, citizen)
    text = words_of(citizen.get(f"/activity/entry/{number}"))
    assert "The receipt does not match the document that you got." in text
    sentences = {
        "claims_left_out": "It leaves out data that are in your document.",
        "claims_not_sent": "It names data that are not in your document.",
        "presentations": "It is about another document than the one that you got.",
        "request": "It is about something else than your wallet asked for.",
        "issuer": "It names somebody else than who gave you the document.",
    }
    assert sentences[finding] in text
    page = f"/activity/entry/{number}/complaint"
    assert sentences[finding] in words_of(citizen.get(page))
    made = citizen.get(citizen.post(page, page=page, text="").headers["location"])
    assert made.status_code == 200


def test_where_no_receipt_came_there_is_nothing_to_complain_with(served, citizen):
    def spoil(path, found):
        if path == "/cockpit/receipt":
            return HttpResponse(404, (), b"")
        if path != "/credential" or found.status != 200:
            return found
        answer = read_json_object(found.body, "answer")
        return HttpResponse(
            200, found.headers, encode_json({name: answer[name] for name in answer if name != "receipt"})
        )

    served.world.office.spoil = spoil
    number = take(served, citizen)
    assert "The receipt is still to come." in words_of(citizen.get(f"/activity/entry/{number}"))
    served.world.now += 2 * 86_400
    visitor = served.visitor()
    visitor.unlock()
    assert "This partner promised a receipt and gave none." in words_of(visitor.get(f"/activity/entry/{number}"))
    assert visitor.get(f"/activity/entry/{number}/complaint").status_code == 404


def test_a_line_that_is_deleted_takes_its_key_with_it(served, citizen):
    number = take(served, citizen)
    page = f"/activity/entry/{number}/delete"
    assert citizen.post(page, page=page).status_code == 303
    assert served.vault.disclosures() == ()
    assert len(served.vault.credentials()) == 1
