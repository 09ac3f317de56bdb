"""A question is answered in a browser: what is shown first, what is chosen, and what becomes of it."""

import re

import pytest

from protocol.errors import Unreachable
from protocol.oid4vp.request import VerifierInfo
from tests.support.pki import NOW
from tests.wallet.counterpart_agency import answer
from tests.wallet.counterparts import dcql
from tests.wallet.web.flows import ADD, follow, paste, receive, say
from tests.wallet.web.visitor import words_of
from wallet.web.shelf import AtWork

BACK = "https://library.example/thanks?response_code=abc"


@pytest.fixture
def holder(served, citizen):
    """Somebody with a document."""
    say(citizen, receive(served, citizen), "yes")
    return citizen


def ask(served, holder, *queries, **query):
    """The page of a question."""
    if queries:
        served.world.partner.query = {"credentials": [*queries], **query}
    return paste(holder, served.world.partner.link())


def given(served):
    """How many answers the partner got."""
    return len(served.world.partner.answers)


def test_a_question_says_who_asks_and_what_they_would_see(served, holder):
    """T169"""
    page = words_of(holder.get(ask(served, holder)))
    assert "City library asks you for data" in page
    assert "Checked: The register vouches for them." in page
    assert "They do not say what for." in page
    assert "Given name Erika" in page
    assert "Mustermann" not in page
    assert "It goes to library.example." in page
    assert given(served) == 0


def test_the_purpose_is_shown_as_their_own_words_and_never_as_ours(served, holder):
    """T235"""
    info = VerifierInfo("x", {"purpose": [{"lang": "en", "value": "<b>To lend you books</b>"}]})
    served.world.partner.changes["verifier_info"] = (info,)
    page = holder.get(ask(served, holder))
    assert "What for, in their own words: <b>To lend you books</b>" in words_of(page)
    assert "<b>" not in page.text


def test_what_is_shared_is_what_was_shown(served, holder):
    page = follow(holder, say(holder, ask(served, holder), "yes"))
    assert "City library has your answer." in words_of(page)
    assert "Given name" in words_of(page)
    assert "Erika" not in words_of(page)
    assert given(served) == 1
    assert "vp_token" in served.world.partner.answers[0]


def test_nothing_optional_is_chosen_and_what_is_ticked_is_shared(served, holder):
    queries = dcql(("given_name",), query_id="a"), dcql(("birthdate",), query_id="b")
    sets = [{"options": [["a"]]}, {"options": [["b"]], "required": False}]
    place = ask(served, holder, *queries, credential_sets=sets)
    page = holder.get(place)
    assert "Show this too: Date of birth" in words_of(page)
    assert " checked" not in page.text
    say(holder, place, "yes")
    assert set(re.findall(r'"(\w)":\[', served.world.partner.answers[0]["vp_token"])) == {"a"}
    served.world.partner.changes["nonce"] = "another-nonce-of-at-least-22"
    say(holder, ask(served, holder), "yes", **{"way-1": "0"})
    assert set(re.findall(r'"(\w)":\[', served.world.partner.answers[1]["vp_token"])) == {"a", "b"}


def test_where_several_fit_nothing_is_chosen_for_anybody(served, holder):
    say(holder, receive(served, holder), "yes")
    place = ask(served, holder)
    page = holder.get(place)
    assert "Several fit. Which one do you want to show?" in words_of(page)
    assert " checked" not in page.text
    missing = say(holder, place, "yes")
    assert (missing.status_code, given(served)) == (400, 0)
    assert "please choose where there are several. Nothing was shared yet." in words_of(missing)
    assert "has your answer" in words_of(follow(holder, say(holder, place, "yes", **{"choice-0": "1"})))


def test_one_of_several_ways_is_enough_and_the_choice_stays_when_something_is_missing(served, holder):
    queries = dcql(("given_name",), query_id="a"), dcql(("birthdate",), query_id="b")
    sets = [{"options": [["a"], ["b"]], "required": False}]
    place = ask(served, holder, *queries, credential_sets=sets)
    assert "Nothing of this" in words_of(holder.get(place))
    nothing = say(holder, place, "yes")
    assert "You have chosen nothing, so nothing was shared." in words_of(nothing)
    say(holder, place, "yes", **{"way-0": "1"})
    assert '"b"' in served.world.partner.answers[0]["vp_token"]


@pytest.mark.parametrize("form", [{"way-0": "7"}, {"choice-0": "2"}, {"choice-0": "../x"}])
def test_nothing_can_be_chosen_that_is_not_on_the_page(served, holder, form):
    """T237"""
    say(holder, receive(served, holder), "yes")
    place = ask(served, holder, dcql(("given_name",)), credential_sets=[{"options": [["pid"]], "required": False}])
    refused = say(holder, place, "yes", **{"way-0": "0", **form})
    assert (refused.status_code, given(served)) == (400, 0)
    assert "Share" in words_of(holder.get(place))


def test_to_say_no_shares_nothing_and_leads_back_too(served, holder):
    """T168"""
    served.world.partner.reply = answer({"redirect_uri": BACK})
    page = follow(holder, say(holder, ask(served, holder), "no"))
    assert "You shared nothing" in words_of(page)
    assert "Go on at library.example" in words_of(page)
    assert "vp_token" not in served.world.partner.answers[0]
    assert served.world.partner.answers[0]["error"] == "access_denied"


def test_who_has_nothing_that_fits_is_told_and_can_only_say_no(served, citizen):
    """T168"""
    place = ask(served, citizen)
    page = citizen.get(place)
    assert "You do not have what they need" in words_of(page)
    assert 'value="yes"' not in page.text
    assert say(citizen, place, "yes").status_code == 400
    assert "vp_token" not in str(served.world.partner.answers)
    assert "You shared nothing" in words_of(follow(citizen, say(citizen, place, "no")))


def test_what_cannot_be_used_is_said_with_its_reason(served, citizen):
    """T174"""
    served.world.agency.issued_changes["expires_at"] = NOW + 50
    say(citizen, receive(served, citizen), "yes")
    served.world.now += 250
    page = words_of(citizen.get(ask(served, citizen)))
    assert "Personal ID has expired." in page
    assert "You do not have what they need" in page


def test_what_was_shown_before_is_said_before_it_is_shown_again(served, holder):
    """T171, T174"""
    page = ""
    for number in range(4):
        served.world.partner.changes["nonce"] = f"nonce-{number}-of-at-least-22-characters"
        place = ask(served, holder)
        page = words_of(holder.get(place))
        say(holder, place, "yes")
    assert "Personal ID was shown before" in page


def test_the_same_question_again_is_told_as_repeated(served, holder):
    """T175"""
    say(holder, ask(served, holder), "yes")
    again = words_of(holder.get(ask(served, holder)))
    assert "You answered this very request before." in again


def test_a_second_tab_and_a_double_click_share_once(served, holder):
    place = ask(served, holder)
    token = holder.token(place)
    form = {"form_token": token, "answer": "yes"}
    number = place.rpartition("/")[2]
    shelf = served.door._visit.shelf
    thing = shelf.look(number, object)
    shelf.replace(number, AtWork(place))
    assert holder.client.post(place, data=form).headers["location"] == place
    assert "One moment" in words_of(holder.get(place))
    shelf.replace(number, thing)
    assert holder.client.post(place, data=form).headers["location"] == f"{place}/done"
    assert holder.client.post(place, data=form).status_code == 404
    assert given(served) == 1
    assert holder.get(place).headers["location"] == f"{place}/done"


def test_an_answer_that_may_not_have_arrived_counts_as_seen(served, holder):
    """T172"""
    served.world.partner.reply = Unreachable("away")
    page = words_of(follow(holder, say(holder, ask(served, holder), "yes")))
    assert "We do not know whether City library has your answer. Count it as seen." in page


@pytest.mark.parametrize("address", ["javascript:alert(1)", "http://library.example/", "data:text/html,x", "/"])
def test_only_an_https_address_is_a_button_to_go_on(served, holder, address):
    """T172"""
    served.world.partner.reply = answer({"redirect_uri": address})
    page = follow(holder, say(holder, ask(served, holder), "yes"))
    assert "Go on at" not in words_of(page)
    assert f'href="{address}" rel' not in page.text


def test_the_address_to_go_on_at_is_a_button_and_says_where_it_leads(served, holder):
    """T172"""
    served.world.partner.reply = answer({"redirect_uri": BACK})
    across = follow(holder, say(holder, ask(served, holder), "yes"))
    assert f'<a class="deed" href="{BACK}" rel="noreferrer">Go on at library.example</a>' in across.text
    path = "/authorize?" + served.world.partner.link().partition("?")[2]
    link = "openid4vp://?" + path.partition("?")[2]
    place = holder.get(holder.post("/from-page", page=path, link=link).headers["location"]).headers["location"]
    same = follow(holder, say(holder, place, "yes"))
    assert f'<a class="deed" href="{BACK}" rel="noreferrer">' in same.text


def test_a_wallet_that_locked_itself_shares_nothing(served, holder):
    place = ask(served, holder)
    token = holder.token(place)
    served.world.now += 10_000
    locked = holder.client.post(place, data={"form_token": token, "answer": "yes"})
    assert "Your wallet was locked meanwhile Nothing was received, and nothing was given away." in words_of(locked)
    assert given(served) == 0
    assert holder.get(ADD).headers["location"] == "/unlock?to=/add"


def test_a_question_is_read_in_another_language_and_no_older_page_answers_it(served, holder):
    place = ask(served, holder)
    token = holder.token(place)
    moved = holder.get(place, **{"accept-language": "de"})
    assert moved.status_code == 303
    again = moved.headers["location"]
    assert "Vorname Erika" in words_of(holder.get(again, **{"accept-language": "de"}))
    assert holder.client.post(place, data={"form_token": token, "answer": "yes"}).status_code == 404
    assert given(served) == 0


def spoil_list(served):
    """What another program can do to the list of what happened."""
    served.vault._connection.execute("DELETE FROM records WHERE kind = 'log' AND id = '1'")


def test_with_a_damaged_list_everything_can_be_read_and_nothing_is_shared_until_there_is_a_new_one(served, holder):
    """T215: what could not be seen afterwards does not leave"""
    spoil_list(served)
    place = ask(served, holder)
    page = holder.get(place)
    assert "City library asks you for data" in words_of(page)
    assert "Given name Erika" in words_of(page)
    assert "because your activity is damaged" in words_of(page)
    assert "answered this very request" not in words_of(page)
    assert 'value="yes"' not in page.text
    refused = follow(holder, say(holder, place, "yes"))
    assert "because your activity is damaged" in words_of(refused)
    assert given(served) == 0
    assert holder.get("/").status_code == 200
    place = ask(served, holder)
    renewed = follow(holder, holder.post(f"{place}/new-list", page=place))
    assert "damaged" not in words_of(renewed)
    place = ask(served, holder)
    assert "has your answer" in words_of(follow(holder, say(holder, place, "yes")))
    assert [entry.action for entry in served.vault.log()] == ["log deleted", "sharing", "shared"]


def test_a_list_that_is_damaged_while_a_question_is_read_stops_the_answer(served, holder):
    """T215"""
    place = ask(served, holder)
    token = holder.token(place)
    spoil_list(served)
    answered = holder.client.post(place, data={"form_token": token, "answer": "yes"})
    assert "because your activity is damaged" in words_of(follow(holder, answered))
    assert given(served) == 0


def test_a_new_list_is_begun_only_in_place_of_a_damaged_one(served, holder):
    place = ask(served, holder)
    assert holder.post(f"{place}/new-list", page=place).headers["location"] == place
    assert "received" in [entry.action for entry in served.vault.log()]


def test_with_a_damaged_list_a_no_is_as_easy(served, holder):
    spoil_list(served)
    place = ask(served, holder)
    assert "You shared nothing" in words_of(follow(holder, say(holder, place, "no")))


def test_what_was_shared_is_read_in_the_language_of_the_reader(served, holder):
    place = ask(served, holder)
    done = say(holder, place, "yes").headers["location"]
    assert "Personal ID Given name" in words_of(holder.get(done))
    holder.get(f"/language/de{done}")
    german = words_of(holder.get(done))
    assert "Personalausweis Vorname" in german
    assert "Given name" not in german
