"""Documents come into a wallet that is served: what each page says and does, also when something comes in between."""

import re
from dataclasses import replace
from urllib.parse import quote

import pytest

from protocol.errors import Unreachable
from protocol.oid4vci.offer import TxCode
from tests.wallet.counterpart_agency import AGENCY, PID, answer
from tests.wallet.web.flows import ADD, follow, paste, receive, say
from tests.wallet.web.visitor import URL, words_of
from wallet.web.shelf import AtWork


def test_an_offer_says_who_and_what_and_asks_for_nothing(served, citizen):
    """T156"""
    page = words_of(citizen.get(paste(citizen, served.world.agency.offer())))
    assert "City of Köln offers you a document" in page
    assert "Checked: The ministry vouches for them." in page
    assert "Personal ID" in page
    assert "Family name" in page
    assert not [sent for sent in served.world.agency.seen if sent.url.endswith(("/token", "/credential"))]


def test_an_unknown_office_is_a_strong_warning_and_its_own_name_is_only_a_claim(served, citizen):
    """T157"""
    served.world.agency.signed = False
    page = citizen.get(paste(citizen, served.world.agency.offer()))
    assert "agency.example offers you a document" in words_of(page)
    assert '<div class="problem">' in page.text
    assert "WARNING: nobody whom you trust vouches for them." in words_of(page)
    assert "They call themselves: The very best agency (not checked)" in words_of(page)


def test_the_offer_is_shown_in_the_language_that_is_read_now(served, citizen):
    place = paste(citizen, served.world.agency.offer())
    assert "Personalausweis" in words_of(citizen.get(place, **{"accept-language": "de"}))


def test_what_came_is_seen_and_then_kept(served, citizen):
    arrived = receive(served, citizen)
    assert "Erika" in words_of(citizen.get(arrived))
    assert served.vault.credentials() == ()
    kept = follow(citizen, say(citizen, arrived, "yes"))
    assert "It is in your wallet now" in words_of(kept)
    [held] = served.vault.credentials()
    assert f'href="/cards/{held.id}"' in kept.text
    assert served.world.agency.notifications[-1]["event"] == "credential_accepted"


def test_what_came_can_be_given_back(served, citizen):
    page = follow(citizen, say(citizen, receive(served, citizen), "no"))
    assert "You have taken nothing from City of Köln." in words_of(page)
    assert (served.vault.credentials(), served.vault.pending()) == ((), ())
    assert served.world.agency.notifications[-1]["event"] == "credential_deleted"


def test_a_form_that_says_neither_yes_nor_no_does_nothing(served, citizen):
    arrived = receive(served, citizen)
    assert citizen.post(arrived, page=ADD).status_code == 400
    assert citizen.post(arrived, page=ADD, answer="maybe").status_code == 400
    assert "Erika" in words_of(citizen.get(arrived))


def test_a_no_tells_the_office_nothing(served, citizen):
    place = paste(citizen, served.world.agency.offer())
    before = len(served.world.agency.seen)
    assert "You said no" in words_of(follow(citizen, say(citizen, place, "no")))
    assert len(served.world.agency.seen) == before
    assert [entry.action for entry in served.vault.log()] == ["declined"]


def test_no_form_of_another_site_answers(served, citizen):
    """T233"""
    place = paste(citizen, served.world.agency.offer())
    for path in (ADD, place, f"{place}/code", f"{place}/arrived", "/login/x", "/login/x/again", "/from-page"):
        assert citizen.client.post(path, data={"answer": "yes"}).status_code == 403
        forged = {"form_token": citizen.token(ADD), "answer": "yes", "link": "x"}
        assert citizen.client.post(path, data=forged, headers={"origin": "https://evil.example"}).status_code == 403


def test_another_browser_sees_no_step_of_it(served, citizen):
    """T236"""
    place = paste(citizen, served.world.agency.offer())
    other = served.visitor()
    for path in (place, f"{place}/code", f"{place}/arrived", f"{place}/kept", ADD):
        assert other.get(path).headers["location"].startswith("/unlock")


def test_the_second_click_of_two_is_led_to_what_the_first_one_does(served, citizen):
    place = paste(citizen, served.world.agency.offer())
    token = citizen.token(place)
    number = place.rpartition("/")[2]
    served.door._visit.shelf.replace(number, AtWork(place))
    clicked = citizen.client.post(place, data={"form_token": token, "answer": "yes"})
    assert (clicked.status_code, clicked.headers["location"]) == (303, place)
    waiting = citizen.get(place)
    assert "One moment, please" in words_of(waiting)
    assert 'data-state="at work"' in waiting.text


def test_what_was_answered_is_gone_in_every_other_tab(served, citizen):
    place = paste(citizen, served.world.agency.offer())
    token = citizen.token(place)
    arrived = say(citizen, place, "yes").headers["location"]
    again = citizen.client.post(place, data={"form_token": token, "answer": "yes"})
    assert again.status_code == 404
    assert "You answered it already" in words_of(again)
    assert len([sent for sent in served.world.agency.seen if sent.url.endswith("/token")]) == 1
    say(citizen, arrived, "yes")
    assert citizen.client.post(arrived, data={"form_token": token, "answer": "yes"}).status_code == 404
    assert len(served.vault.credentials()) == 1
    assert citizen.get(place).headers["location"] == f"{place}/kept"


def test_the_code_page_says_what_to_type_and_where_it_goes(served, citizen):
    """T157"""
    served.world.agency.tx_code = "1234"
    offer = served.world.agency.offer(tx_code=TxCode(length=4, description="Look <b>into</b> the letter"))
    place = paste(citizen, offer)
    page = citizen.get(say(citizen, place, "yes").headers["location"])
    assert "4 digits. It goes to agency.example and to nobody else." in words_of(page)
    assert "Look <b>into</b> the letter" in words_of(page)
    assert "<b>" not in page.text
    assert 'inputmode="numeric"' in page.text
    letters = paste(citizen, served.world.agency.offer(tx_code=TxCode("text")))
    assert 'inputmode="numeric"' not in citizen.get(f"{letters}/code").text


def test_a_wrong_code_loses_nothing_and_after_some_tries_there_is_advice(served, citizen):
    served.world.agency.tx_code = "1234"
    place = paste(citizen, served.world.agency.offer())
    code = f"{place}/code"
    short = citizen.post(code, page=code, tx_code="12")
    assert "The code has 4 characters. Nothing was sent yet." in words_of(short)
    assert "The code has 4 characters." in words_of(citizen.post(code, page=code))
    assert not [sent for sent in served.world.agency.seen if sent.url.endswith("/token")]
    for _ in range(2):
        wrong = citizen.post(code, page=code, tx_code="9999")
        assert (wrong.status_code, "type it once more" in words_of(wrong)) == (400, True)
        assert "9999" not in wrong.text
    assert "ask the office for a new one" in words_of(citizen.post(code, page=code, tx_code="9999"))
    served.world.agency.refuse["/token"] = [Unreachable("away")]
    assert "cannot be reached right now" in words_of(citizen.post(code, page=code, tx_code="1234"))
    assert "Erika" in words_of(follow(citizen, citizen.post(code, page=code, tx_code="1234")))


def test_an_office_that_says_no_is_told_in_plain_words(served, citizen):
    agency = served.world.agency
    place = paste(citizen, agency.offer())
    agency.refuse["/token"] = [
        Unreachable("away"),
        answer({"error": "invalid_grant"}, 400),
        answer({"error": "x"}, 400),
    ]
    away = say(citizen, place, "yes")
    assert "The office cannot be reached" in words_of(away)
    assert f'href="{place}"' in away.text
    assert "This invitation cannot be used any more" in words_of(say(citizen, place, "yes"))
    assert "The office did not give the document" in words_of(say(citizen, place, "yes"))


def test_what_was_cut_off_goes_on_even_after_the_wallet_was_closed(served, citizen):
    """T158"""
    served.world.agency.refuse["/credential"] = Unreachable("away")
    cut = follow(citizen, say(citizen, paste(citizen, served.world.agency.offer()), "yes"))
    assert "The connection to the office broke. Nothing is lost" in words_of(cut)
    [pending] = served.vault.pending()
    assert "Go on" in words_of(citizen.get(f"/receive/pending/{pending.id}"))
    citizen.post("/lock", page=ADD)
    citizen.unlock()
    served.world.agency.refuse.clear()
    page = f"/receive/pending/{pending.id}"
    arrived = citizen.post(page, page=page)
    assert "Erika" in words_of(follow(citizen, arrived))
    # A second click does not fetch again, and nothing is kept twice
    fetched = len(served.world.agency.seen)
    assert citizen.post(page, page=ADD).headers["location"] == arrived.headers["location"]
    assert len(served.world.agency.seen) == fetched
    say(citizen, arrived.headers["location"], "yes")
    assert citizen.post(page, page=ADD).status_code == 404
    assert len(served.vault.credentials()) == 1


def test_what_is_being_fetched_is_not_fetched_by_a_second_click(served, citizen):
    served.world.agency.refuse["/credential"] = Unreachable("away")
    follow(citizen, say(citizen, paste(citizen, served.world.agency.offer()), "yes"))
    [pending] = served.vault.pending()
    number = served.door._visit.shelf.put(AtWork("/x", pending.id))
    page = f"/receive/pending/{pending.id}"
    assert citizen.post(page, page=ADD).headers["location"] == f"/receive/{number}"


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (answer({"transaction_id": "t", "interval": 60}, 202), "The office needs more time"),
        (answer({"error": "credential_request_denied"}, 400), "The office did not give this document."),
    ],
)
def test_what_does_not_come_is_told_in_plain_words(served, citizen, reply, told):
    """T155"""
    served.world.agency.refuse["/credential"] = reply
    page = words_of(citizen.get(receive(served, citizen)))
    assert "Nothing came that you could keep" in page
    assert told in page
    assert "Keep it" not in page


def test_what_came_and_is_not_good_was_thrown_away(served, citizen):
    served.world.agency.spoil = lambda issued: [raw[:-9] + "A" * 9 for raw in issued]
    assert "So it was thrown away." in words_of(citizen.get(receive(served, citizen)))
    assert served.vault.credentials() == ()


def login(served, citizen):
    """Begin a login: the page of the offer, and the state of the login."""
    offer = served.world.agency.offer(pre_authorized_code=None, authorization_code=True, issuer_state="s1")
    place = paste(citizen, offer)
    policy = citizen.get(place).headers["content-security-policy"]
    assert f"form-action 'self' {AGENCY}" in policy
    begun = say(citizen, place, "yes", f"/login/{place.rpartition('/')[2]}")
    assert begun.headers["location"].startswith(f"{AGENCY}/authorize?")
    [pushed] = [sent for sent in served.world.agency.seen if sent.url.endswith("/par")][-1:]
    assert f"redirect_uri={quote(URL + '/callback', safe='')}".encode() in pushed.body
    return place, re.search(rb"(?:^|&)state=([^&]+)", pushed.body).group(1).decode()


def back(citizen, state, extra="code=code-2", issuer=AGENCY):
    return citizen.get(f"/callback?{extra}&state={state}&iss={quote(issuer, safe='')}")


def test_a_login_comes_back_once_and_leaves_its_address_at_once(served, citizen):
    """T149, T260"""
    place, state = login(served, citizen)
    assert "You went to City of Köln" in words_of(citizen.get(place))
    came = back(citizen, state)
    assert (came.status_code, came.headers["location"]) == (303, f"{place}/arrived")
    assert "Erika" in words_of(follow(citizen, came))
    again = back(citizen, state)
    assert again.status_code == 404
    assert "You answered it already" in words_of(again)
    assert len([sent for sent in served.world.agency.seen if sent.url.endswith("/token")]) == 1


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda c, s: back(c, s, "error=access_denied"), "You stopped at the office"),
        (lambda c, s: back(c, s, "error=server_error"), "The office did not let you in"),
        (lambda c, s: back(c, s, issuer="https://other.example"), "The office did not let you in"),
        (lambda c, s: back(c, s, "code=a&error=access_denied"), "The office did not let you in"),
    ],
)
def test_a_login_that_brings_nothing_is_told_and_can_begin_again(served, citizen, spoil, told):
    """T149"""
    place, state = login(served, citizen)
    assert told in words_of(follow(citizen, spoil(citizen, state)))
    assert not [sent for sent in served.world.agency.seen if sent.url.endswith("/token")]
    assert back(citizen, state).status_code == 404
    again = citizen.post(f"/login/{place.rpartition('/')[2]}/again", page=place)
    assert again.headers["location"] == place
    assert "Yes, I want it" in words_of(citizen.get(place))


@pytest.mark.parametrize("state", ["", "x", "ä", "%00a"])
def test_a_login_that_nobody_began_is_nothing(served, citizen, state):
    """T149"""
    login(served, citizen)
    assert back(citizen, state).status_code in (400, 404)
    assert not [sent for sent in served.world.agency.seen if sent.url.endswith("/token")]


def test_an_office_that_breaks_down_after_the_login_is_told(served, citizen):
    _, state = login(served, citizen)
    served.world.agency.refuse["/token"] = Unreachable("away")
    assert "then the connection broke" in words_of(follow(citizen, back(citizen, state)))


def test_a_login_can_be_declined_and_fail_at_its_beginning(served, citizen):
    offer = served.world.agency.offer(pre_authorized_code=None, authorization_code=True)
    place = paste(citizen, offer)
    path = f"/login/{place.rpartition('/')[2]}"
    served.world.agency.refuse["/par"] = Unreachable("away")
    assert "The office cannot be reached" in words_of(say(citizen, place, "yes", path))
    assert "You said no" in words_of(follow(citizen, say(citizen, place, "no", path)))


def test_a_wallet_that_closed_meanwhile_says_so_when_the_login_comes_back(served, citizen):
    _, state = login(served, citizen)
    served.door.close()
    came = back(citizen, state)
    assert came.status_code == 401
    assert "Your wallet was locked meanwhile" in words_of(came)


def in_german(citizen, place):
    """The same page after the reader chose another language."""
    citizen.get(f"/language/de{place}")
    return words_of(citizen.get(place))


def test_what_came_and_what_did_not_is_read_in_the_language_of_the_reader(served, citizen):
    agency = served.world.agency
    agency.configurations = {"pid": PID, "other": replace(PID, type="urn:other", scope="other")}
    place = receive(served, citizen)
    assert "Personal ID" in words_of(citizen.get(place))
    assert "Nationality Germany (DE) Nationality France (FR)" in words_of(citizen.get(place))
    german = in_german(citizen, place)
    assert german.count("Personalausweis") == 2
    assert "Vorname Erika" in german
    assert "Geburtsdatum 7. März 1990" in german
    assert "Staatsangehörigkeit Deutschland (DE)" in german
    assert "Personal ID" not in german
    assert "Given name" not in german
