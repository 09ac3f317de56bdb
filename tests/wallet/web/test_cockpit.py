"""The Datencockpit in a browser: what a partner promised, gave, says that it did, and what is wrong, in plain words."""

import json

import pytest

from protocol.errors import Unavailable, Unreachable
from protocol.exchange import HttpResponse
from protocol.oid4vp.request import ClientMetadata
from protocol.sovereignty.usage import Action
from protocol.sovereignty.usage_report import News
from runtime.anchors import write_anchor
from tests.support.partners import both
from tests.support.pki import DAY, NOW
from tests.wallet.cockpit import TO_BANK, CockpitWorld, use
from tests.wallet.service.cockpit.test_receipts import LIES
from tests.wallet.web.flows import follow, paste, receive, say
from tests.wallet.web.visitor import Served, words_of
from wallet.service.published import Published, PublishedProblem


@pytest.fixture
def served(tmp_path, monkeypatch):
    monkeypatch.setenv("HOHEIT_ENV", "test")
    world = CockpitWorld(None)
    served = Served(tmp_path / "wallet", world)
    write_anchor(
        served.settings.anchors_folder,
        "registrar.pem",
        world.registrar.pki.root.pem,
        role=world.registrar.pki.role,
        name="The town register",
    )
    served.create()
    yield served
    served.door.close()


@pytest.fixture
def citizen(served):
    visitor = served.visitor()
    visitor.unlock()
    say(visitor, receive(served, visitor), "yes")
    return visitor


def give(served, citizen):
    """Show the document to the library; the number of the entry."""
    follow(citizen, say(citizen, paste(citizen, served.world.partner.link()), "yes"))
    return served.vault.disclosures()[-1].log_number


def test_a_line_says_whether_it_is_proven_and_can_be_asked_for_again(served, citizen):
    world = served.world
    number = give(served, citizen)
    page = f"/activity/entry/{number}"
    world.partner.did()
    world.partner.log.add(use())
    pending, proven = "They signed this.", "Your wallet checked that this stands in their record."
    text = words_of(citizen.get(page))
    assert pending in text
    assert proven not in text
    world.partner.log.hour()
    assert pending in words_of(citizen.get(page))  # within a minute nobody is asked by itself
    assert "Ask them again now" in text
    text = words_of(follow(citizen, citizen.post(f"{page}/ask", page=page)))
    assert proven in text
    assert pending not in text
    # The list of everything stays short
    assert proven not in words_of(citizen.get("/activity"))


def test_a_receipt_says_who_what_for_how_long_and_who_else(served, citizen):
    number = give(served, citizen)
    text = words_of(citizen.get(f"/activity/entry/{number}"))
    assert "City library confirmed what you gave, and your wallet checked it." in text
    assert "To make you a library card." in text
    assert "You agreed to it." in text
    assert "It is to be erased on" in text
    assert "Bank: Application for a card" in text
    assert "without a witness" in text
    assert "City library gave you a receipt." in words_of(citizen.get("/activity"))


@pytest.mark.parametrize("finding", sorted(LIES))
def test_each_lie_of_a_receipt_is_said_in_a_sentence(served, citizen, finding):
    served.world.partner.lie = LIES[finding]
    number = give(served, citizen)
    served.world.now += 200
    text = words_of(citizen.get(f"/activity/entry/{number}"))
    assert "The receipt does not match what you sent." in text
    assert "confirmed what you gave" not in text
    assert "Your wallet does not ask City library about this" in text
    assert served.world.partner.calls == []
    sentences = {
        "key_swapped": "another key than your wallet sent",
        "claims_not_sent": "data that you did not send",
        "controller": "somebody else as responsible",
        "request": "another question",
    }
    assert sentences.get(finding, "") in text
    assert "Your wallet keeps everything that they signed, as proof; nothing of it is lost." in text
    assert "You can ask them what is right, or complain. What you sent is with them all the same." in text
    assert f'href="/activity/entry/{number}/complaint"' in citizen.get(f"/activity/entry/{number}").text
    assert "does not match what you sent" in words_of(citizen.get("/activity"))


def test_a_receipt_that_was_promised_and_not_given_is_missed(served, citizen):
    served.world.partner.inline = False
    number = give(served, citizen)
    served.world.partner.receipts.clear()
    assert "still to come" in words_of(citizen.get(f"/activity/entry/{number}"))
    assert "promised a receipt" not in words_of(citizen.get("/activity"))
    served.door._visit.used_at = served.world.now = NOW + DAY
    citizen.unlock()
    assert "City library promised a receipt and gave none." in words_of(citizen.get("/activity"))
    text = words_of(citizen.get(f"/activity/entry/{number}"))
    assert "This partner promised a receipt and gave none." in text
    assert (
        "What you sent is with them all the same, and it stands in your activity. You can ask them, or complain."
        in text
    )


def test_who_gives_no_receipts_is_told(served, citizen):
    served.world.partner.changes = {**served.world.partner.changes, "client_metadata": ClientMetadata()}
    follow(citizen, say(citizen, paste(citizen, served.world.partner.link()), "yes"))
    number = next(entry.number for entry in served.vault.log() if entry.action == "sharing")
    assert "This partner gives no receipts." in words_of(citizen.get(f"/activity/entry/{number}"))
    assert "gives no receipts" in words_of(citizen.get(f"/activity/with/{number}"))


def test_opening_an_entry_asks_what_was_done_and_shows_it(served, citizen):
    number = give(served, citizen)
    served.world.partner.did(use(), use(Action.FORWARDED, NOW + 60, TO_BANK))
    assert served.world.partner.calls == []
    served.world.now += 200
    text = words_of(citizen.get(f"/activity/entry/{number}"))
    assert "City library gave your data to Bank. Data: Given name By: front desk. Why: Application for a card" in text
    assert "Your data arrived at City library." in text
    timeline = words_of(citizen.get("/activity"))
    assert timeline.index("gave your data to Bank") < timeline.index("You showed Personal ID")
    partner = words_of(citizen.get(f"/activity/with/{number}"))
    assert "Who else has it Bank" in partner
    assert "VATDE-111111111, DE" in partner


def test_what_is_erased_is_not_held_any_more(served, citizen):
    number = give(served, citizen)
    served.world.partner.did(use(), use(Action.ERASED, NOW + 60))
    served.world.now += 200
    text = words_of(citizen.get(f"/activity/with/{number}"))
    assert "Nothing any more, according to the partner." in text


def test_a_finding_is_a_sentence_on_every_page(served, citizen):
    number = give(served, citizen)
    served.world.partner.retention = "P1Y"
    served.world.partner.did(use(), use(Action.FORWARDED, NOW + 60, TO_BANK._replace(identifier="LEI-unknown")))
    served.world.now += 200
    for page in (f"/activity/entry/{number}", "/activity", f"/activity/with/{number}"):
        text = words_of(citizen.get(page))
        assert "gave your data to somebody whom the receipt does not name: LEI-unknown." in text
    text = words_of(citizen.get(f"/activity/entry/{number}"))
    assert "Something is wrong with what City library says. It stands in the lines below." in text
    assert "Your wallet keeps everything that they signed, as proof; nothing of it is lost." in text
    assert "You can ask them what is right, or complain." in text


def test_where_nothing_is_wrong_nothing_is_said_to_be(served, citizen):
    number = give(served, citizen)
    served.world.partner.did(use())
    served.world.now += 200
    text = words_of(citizen.get(f"/activity/entry/{number}"))
    assert "Your data arrived at City library." in text
    assert "Something is wrong" not in text
    assert "as proof" not in text


def test_a_question_that_is_not_taken_names_the_clock_and_accuses_nobody(served, citizen):
    number = give(served, citizen)
    known = served.vault.disclosures()[-1].usage
    served.world.partner.say = HttpResponse(401, (("www-authenticate", 'DPoP error="invalid_dpop_proof"'),), b"")
    served.world.now += 200
    text = words_of(citizen.get(f"/activity/entry/{number}"))
    assert "City library did not take the question of your wallet." in text
    assert "please check day and time, and open this page again." in text
    assert "What you see is from before, and nothing of it is lost." in text
    assert "believed" not in text
    assert served.vault.disclosures()[-1].usage == known


def test_who_lied_before_and_is_away_now_is_said_to_be_away(served, citizen):
    number = give(served, citizen)
    served.world.partner.sign_with = served.world.agency.pki
    served.world.now += 200
    citizen.get(f"/activity/entry/{number}")
    served.world.partner.say = Unreachable("away")
    served.world.now += 61
    text = words_of(citizen.get(f"/activity/entry/{number}"))
    assert "City library cannot be reached just now." in text
    assert "believed" not in text


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (PublishedProblem.ROLLED_BACK, "is older than the one you had, or another one."),
        (PublishedProblem.STRANGER, "was signed by nobody whom you trust with it. It was not taken."),
        (PublishedProblem.UNREADABLE, "cannot be read. It was not taken."),
        (PublishedProblem.AWAY, ""),
        (None, ""),
    ],
)
def test_a_list_of_partners_that_is_refused_is_said_where_the_register_is_spoken_of(
    served, citizen, monkeypatch, problem, words
):
    number = give(served, citizen)
    monkeypatch.setattr(Published, "partners_problem", problem)
    for page in (f"/activity/entry/{number}", f"/activity/with/{number}"):
        text = words_of(citizen.get(page))
        assert (f"The register's list of partners that came {words}" in text) == bool(words)
        assert ("asks again by itself. If this stays so for a day" in text) == bool(words)


def test_news_with_an_offer_lead_to_it(served, citizen):
    number = give(served, citizen)
    served.world.partner.did(use(), use(Action.DECIDED, NOW + 60))
    offer = served.world.agency.offer()
    served.world.partner.news = (News(NOW + 60, both("Bewilligt", "Granted"), offer),)
    served.world.now += 200
    page = citizen.get(f"/activity/entry/{number}")
    assert "City library says: Granted" in words_of(page)
    assert 'action="/add"' in page.text
    assert citizen.post("/add", page="/add", link=offer).status_code == 303


def test_a_partner_that_is_away_is_said_and_what_is_known_stays(served, citizen):
    number = give(served, citizen)
    served.world.partner.say = Unreachable("away")
    served.world.now += 200
    text = words_of(citizen.get(f"/activity/entry/{number}"))
    assert "City library cannot be reached just now." in text
    assert "confirmed what you gave" in text


def test_what_a_partner_answers_and_nobody_believes_is_said(served, citizen):
    number = give(served, citizen)
    served.world.partner.sign_with = served.world.agency.pki
    served.world.now += 200
    assert "cannot be believed" in words_of(citizen.get(f"/activity/entry/{number}"))


def test_several_answers_are_asked_about_at_once_only_if_the_user_says_so(served, citizen):
    give(served, citizen)
    served.world.partner.changes = {**served.world.partner.changes, "nonce": "another-nonce-of-22-characters"}
    number = give(served, citizen)
    served.world.now += 200
    page = citizen.get(f"/activity/with/{number}")
    assert served.world.partner.calls == []
    assert "they could guess that all of it is yours" in words_of(page)
    citizen.post(f"/activity/with/{number}/ask", page=f"/activity/with/{number}")
    assert len({dict(call.headers)["dpop"] for call in served.world.partner.calls}) >= 4


def test_the_signed_texts_can_be_had_and_hold_no_value(served, citizen):
    number = give(served, citizen)
    served.world.partner.did(use())
    served.world.now += 200
    citizen.get(f"/activity/entry/{number}")
    answer = citizen.get(f"/activity/entry/{number}/signed.json")
    assert answer.headers["cache-control"] == "no-store"
    signed = json.loads(answer.text)
    disclosure = served.vault.disclosures()[0]
    assert signed["receipt"] == disclosure.receipt.raw
    assert signed["request"] == disclosure.sent.request
    assert len(signed["usage_reports"]) == 1
    assert "Erika" not in answer.text
    assert disclosure.key not in answer.text
    standard = json.loads(citizen.get(f"/activity/entry/{number}/receipt-27560.json").text)
    assert standard["proof"] == disclosure.receipt.raw
    for name in ("signed.json", "receipt-27560.json", "proof.json"):
        assert citizen.get(f"/activity/entry/1/{name}").status_code == 404


def test_giving_up_a_key_says_what_it_costs_and_asks_nobody_any_more(served, citizen):
    number = give(served, citizen)
    asked = words_of(citizen.get(f"/activity/entry/{number}/key"))
    assert "take back that you agreed" in asked
    assert citizen.post(f"/activity/entry/{number}/key", page="/").status_code == 303
    assert served.vault.disclosures()[0].key == ""
    served.world.now += 200
    page = citizen.get(f"/activity/entry/{number}")
    assert "You gave up the key for this" in words_of(page)
    assert f'href="/activity/entry/{number}/key"' not in page.text
    assert served.world.partner.calls == []
    assert citizen.get("/activity/entry/1/key").status_code == 404


def test_deleting_an_entry_says_which_rights_it_costs(served, citizen):
    number = give(served, citizen)
    text = words_of(citizen.get(f"/activity/entry/{number}/delete"))
    assert "With it goes the only key by which City library knows that it is you who asks." in text
    citizen.post(f"/activity/entry/{number}/delete", page="/")
    assert served.vault.disclosures() == ()


def test_deleting_the_list_says_how_many_keys_go(served, citizen):
    give(served, citizen)
    assert "With it goes 1 key" in words_of(citizen.get("/activity/delete"))
    citizen.done(citizen.post("/activity/delete", page="/"))
    assert served.vault.disclosures() == ()


def test_asking_in_the_background_is_off_until_it_is_chosen(served, citizen):
    assert "checked" not in citizen.get("/settings").text.partition('name="refresh"')[2][:30]
    assert "Your choice is kept" in citizen.done(citizen.post("/settings/refresh", page="/settings", refresh="yes"))
    assert "checked" in citizen.get("/settings").text.partition('name="refresh"')[2][:30]
    assert served.vault.preferences().refresh
    citizen.done(citizen.post("/settings/refresh", page="/settings"))
    assert not served.vault.preferences().refresh


def test_a_form_of_another_site_does_nothing(served, citizen):
    """T233"""
    number = give(served, citizen)
    for path in (f"entry/{number}/delete", f"entry/{number}/key", f"entry/{number}/ask", f"with/{number}/ask", "find"):
        assert citizen.client.post(f"/activity/{path}", data={"form_token": "0" * 64}).status_code in (400, 403)
    assert len(served.vault.disclosures()) == 1


def test_in_german_everything_is_said_too(served):
    visitor = served.visitor("de")
    visitor.unlock()
    say(visitor, receive(served, visitor), "yes")
    number = give(served, visitor)
    served.world.partner.did(use(Action.VIEWED, NOW + 60))
    served.world.now += 200
    text = words_of(visitor.get(f"/activity/entry/{number}"))
    assert "City library hat Ihre Daten angesehen." in text
    assert "Antrag auf einen Ausweis" in text


NOT_KEPT = "What City library says now could not be kept, because the wallet file cannot be written."


@pytest.fixture
def full(served, monkeypatch):
    def write(*_, **__):
        raise Unavailable("the disk is full")

    return lambda: monkeypatch.setattr(served.vault, "write", write)


@pytest.mark.parametrize("way", ["entry", "with"], ids=["entry", "partner"])
def test_what_is_known_is_shown_and_that_nothing_new_was_kept_is_said(served, citizen, full, way):
    number = give(served, citizen)
    served.world.partner.did()
    served.world.partner.log.add(use())
    full()
    page = citizen.get(f"/activity/{way}/{number}")
    assert page.status_code == 200
    text = words_of(page)
    assert NOT_KEPT in text
    assert "Is the disk full? Make room, then open this page again." in text
    assert "To make you a library card." in text
    citizen.client.headers["accept-language"] = "de"
    assert "konnte nicht aufgehoben werden" in words_of(citizen.get(f"/activity/{way}/{number}"))


def test_asking_again_says_so_too(served, citizen, full):
    number = give(served, citizen)
    page = f"/activity/entry/{number}"
    citizen.get(page)
    full()
    asked = citizen.post(f"{page}/ask", page=page)
    assert asked.status_code == 200
    assert NOT_KEPT in words_of(asked)


def test_with_room_again_it_is_kept(served, citizen, full, monkeypatch):
    number = give(served, citizen)
    served.world.partner.did()
    served.world.partner.log.add(use())
    full()
    page = f"/activity/entry/{number}"
    assert NOT_KEPT in words_of(citizen.get(page))
    monkeypatch.undo()
    monkeypatch.setenv("HOHEIT_ENV", "test")
    text = words_of(follow(citizen, citizen.post(f"{page}/ask", page=page)))
    assert NOT_KEPT not in text
    assert "They signed this." in text


def test_a_wallet_that_was_locked_is_not_taken_for_a_full_disk(served, citizen):
    number = give(served, citizen)
    served.world.now += 3600
    served.door.close()
    page = citizen.get(f"/activity/entry/{number}")
    assert page.status_code == 303 or NOT_KEPT not in words_of(page)
