"""A citizen shows something in person: a code on the screen, the question of whoever scanned it, and what goes back to them."""

import re

import pytest

from protocol.encoding import encode_base64url
from protocol.oid4vp.response import ErrorResponse
from tests.support.pki import make_pki
from tests.wallet.acting_in_person import ASKED, BIRTH, FAMILY, TOWN_HALL
from tests.wallet.meeting import LICENSED, asks, document, verified_claims
from tests.wallet.web.flows import follow, say
from tests.wallet.web.meeting.in_person import (
    MEET,
    asked_by_codes,
    enter,
    hold,
    outcomes,
    question_at,
    read_codes,
    scan,
    serve,
    show,
)
from tests.wallet.web.visitor import words_of
from wallet.service import meeting as meeting_service
from wallet.web.things import CodeOnScreen


def test_a_code_is_shown_to_whoever_has_something_to_show(served):
    visitor = served.visitor()
    visitor.unlock()
    assert "Show in person" not in words_of(visitor.get("/"))
    served.vault.write(put=[document()])
    assert "Show in person" in words_of(visitor.get("/"))
    place = show(visitor)
    page = visitor.get(place)
    assert "Let the other side scan this code" in words_of(page)
    assert f'data-live="{place}/events" data-state="waiting"' in page.text
    picture = visitor.get(f"{place}/code.svg")
    assert (picture.headers["content-type"], picture.headers["cache-control"]) == ("image/svg+xml", "no-store")
    assert show(visitor) != place


def test_over_the_relay_the_page_goes_on_to_the_question_and_the_answer_is_sent(served, holder):
    place = show(holder)
    assert holder.get(f"{place}/look").headers["location"] == place
    reader = scan(served, place, entry=LICENSED)
    reader.leave()
    question = question_at(holder, holder.get(f"{place}/look"))
    page = words_of(holder.get(question))
    assert "City library asks you for data" in page
    assert "They scanned the code on your screen." in page
    assert "What for, as they registered it: To make you a library card." in page
    assert "Family name Mustermann" in page
    assert "At least 18 Yes" in page
    assert "Erika" not in page
    assert "It goes only to whoever scanned your code." in page
    done = words_of(follow(holder, say(holder, question, "yes")))
    assert "The other side has your answer and can see it now." in done
    assert verified_claims(reader, reader.fetch())
    assert outcomes(served)[-1] == ("shared", "done")
    assert "You showed Driving licence to City library (in person)." in words_of(holder.get("/activity"))


def test_a_proof_and_the_papers_of_one_child_are_chosen_together_in_person(served, holder):
    """T187: the page asks for whom, offers what belongs together, and the activity says for whom it was."""
    served.vault.write(put=FAMILY)
    place = show(holder)
    reader = scan(served, place, *ASKED, entry=TOWN_HALL)
    reader.leave()
    question = question_at(holder, holder.get(f"{place}/look"))
    asked = holder.get(question)
    assert "For whom do you answer?" in words_of(asked)
    assert "They scanned the code on your screen." in words_of(asked)
    assert 'value="yes"' not in asked.text
    assert holder.post(f"{question}/for", page=question).status_code == 400
    [ben] = re.findall(r'name="whom" value="([^"]*)"> <span>For Ben', asked.text)
    question = holder.post(f"{question}/for", page=question, whom=ben).headers["location"]
    page = words_of(holder.get(question))
    assert "You act for Ben. What you say or ask for counts as if they did." in page
    assert "You act for Mia." not in page
    assert "Several fit." not in page
    done = words_of(follow(holder, say(holder, question, "yes")))
    assert "The other side has your answer and can see it now." in done
    claims = verified_claims(reader, reader.fetch())
    assert claims[BIRTH.replace(".", "-")] == ({BIRTH: {"given_name": "Ben"}},)
    assert "For Ben" in words_of(holder.get("/activity"))
    assert "Ben" not in repr(served.vault.log())


def test_without_a_network_codes_move_both_ways(tmp_path, monkeypatch):
    monkeypatch.setenv("HOHEIT_ENV", "test")
    served = serve(tmp_path / "wallet")
    served.world.offline = True
    holder = enter(served, "de")
    place = show(holder)
    assert "Danach zeigt Ihr Gegenüber einen bewegten Code" in words_of(holder.get(place))
    reader = scan(served, place, entry=LICENSED)
    assert "Den bewegten Code lesen" in words_of(holder.get(f"{place}/camera"))
    question = question_at(holder, hold(holder, place, reader.message))
    page = words_of(holder.get(question))
    assert "City library fragt Sie nach Daten" in page
    assert "Ohne Verbindung konnte Ihre Wallet nicht nachsehen, ob City library noch fragen darf." in page
    shown = say(holder, question, "yes")
    assert "Halten Sie das vor die andere Kamera" in words_of(follow(holder, shown))
    assert verified_claims(reader, read_codes(holder, place))
    assert outcomes(served)[-1] == ("sharing", "begun")
    done = words_of(follow(holder, say(holder, place, "yes", f"{place}/answered")))
    assert "Ihr Gegenüber hat Ihre Antwort und kann sie jetzt sehen." in done
    assert outcomes(served)[-1] == ("shared", "done")
    assert served.world.relay.seen == []
    served.door.close()


def test_an_answer_that_was_not_read_counts_as_seen(served, holder):
    _, question = asked_by_codes(served, holder)
    place = question.replace("/present", MEET)
    say(holder, question, "yes")
    page = words_of(follow(holder, say(holder, place, "no", f"{place}/answered")))
    assert "We do not know whether City library has your answer. Count it as seen." in page
    assert outcomes(served)[-1] == ("shared", "unknown")
    assert holder.get(f"{place}/codes").status_code == 404


@pytest.mark.parametrize("by_relay", [True, False])
def test_to_say_no_is_as_easy_and_the_reader_learns_no_more_than_that(served, holder, by_relay):
    """T168"""
    place = show(holder)
    reader = scan(served, place)
    if by_relay:
        reader.leave()
    first = holder.get(f"{place}/look") if by_relay else hold(holder, place, reader.message)
    page = follow(holder, say(holder, question_at(holder, first), "no"))
    if by_relay:
        message = reader.fetch()
    else:
        assert "You share nothing. This only tells their device so." in words_of(page)
        message = read_codes(holder, place)
        page = follow(holder, say(holder, place, "yes", f"{place}/answered"))
    assert "You shared nothing" in words_of(page)
    assert reader.read(message) == ErrorResponse("access_denied")
    assert outcomes(served)[-1] == ("declined", "refused")


def test_t179_a_second_reader_is_too_late(served, holder):
    place = show(holder)
    first, second = scan(served, place), scan(served, place, seed=31)
    token = holder.token(f"{place}/camera")
    assert hold(holder, place, first.message).status_code == 303
    form = {"form_token": token, "message": encode_base64url(second.message)}
    late = holder.client.post(f"{place}/message", data=form)
    assert late.status_code == 404
    assert "This page is not good any more" in words_of(late)
    second.leave()
    question = question_at(holder, holder.get(f"{place}/look"))
    assert question == place.replace(MEET, "/present")
    assert holder.get(f"{place}/camera").headers["location"] == place
    say(holder, question, "yes")
    assert verified_claims(first, read_codes(holder, place))


def test_who_nobody_vouches_for_is_somebody(served, holder):
    _, question = asked_by_codes(served, holder, signed=False)
    page = words_of(holder.get(question))
    assert "Somebody asks you for data" in page
    assert "We do not know who this is: nobody vouches for them. Look at the person in front of you." in page
    assert "Somebody does not show that they are registered to ask for data." in page
    holder.client.headers["accept-language"] = "de"
    again = holder.get(question)
    page = words_of(follow(holder, again))
    assert "Jemand fragt Sie nach Daten" in page
    assert "Wir wissen nicht, wer das ist" in page
    say(holder, again.headers["location"], "yes")
    assert "Sie haben Driving licence an" not in words_of(holder.get("/activity"))
    assert "jemand Unbekanntes (persönlich)" in words_of(holder.get("/activity"))


def test_the_question_in_another_language_is_still_the_same_meeting(served, holder):
    reader, question = asked_by_codes(served, holder)
    holder.client.headers["accept-language"] = "de"
    moved = holder.get(question).headers["location"]
    assert moved != question
    place = moved.replace("/present", MEET)
    say(holder, moved, "yes")
    assert verified_claims(reader, read_codes(holder, place))


def test_what_cannot_be_read_is_said_and_the_other_device_can_be_told(served, holder):
    place, other = show(holder), show(holder)
    page = words_of(follow(holder, hold(holder, place, scan(served, other).message)))
    assert "What they ask cannot be read" in page
    assert "Nothing was given away." in page
    assert read_codes(holder, place)
    assert outcomes(served)[-1][0] == "failed"
    # The other code is as good as before
    assert hold(holder, other, scan(served, other).message).status_code == 303


def test_what_cannot_be_read_is_told_over_the_relay(served, holder):
    place, other = show(holder), show(holder)
    wrong = scan(served, other)
    served.world.run(scan(served, place).relay.send(wrong.message))
    page = words_of(follow(holder, holder.get(f"{place}/look")))
    assert "What they ask cannot be read" in page
    assert "Let their device know" not in page
    assert scan(served, show(holder)).fetch() is None


def test_whose_authority_nobody_trusts_is_not_asked_about(served, holder):
    place = show(holder)
    page = words_of(follow(holder, hold(holder, place, scan(served, place, pki=make_pki()).message)))
    assert "It is not known who asks you" in page


def test_a_wallet_under_haip_does_not_deal_with_who_nobody_vouches_for(tmp_path, monkeypatch):
    monkeypatch.setenv("HOHEIT_ENV", "test")
    served = serve(tmp_path / "wallet", haip=True)
    holder = enter(served)
    place = show(holder)
    page = words_of(follow(holder, hold(holder, place, scan(served, place, signed=False).message)))
    assert "Nobody vouches for who asks you" in page
    served.door.close()


def test_a_code_is_good_for_five_minutes(served, holder):
    place = show(holder)
    reader = scan(served, place)
    served.world.now += 200
    assert "Let the other side scan this code" in words_of(holder.get(place))
    token = holder.token(f"{place}/camera")
    served.world.now += 100
    assert "This code is too old" in words_of(holder.get(place))
    reader.leave()
    assert holder.get(f"{place}/look").headers["location"] == place
    form = {"form_token": token, "message": encode_base64url(reader.message)}
    late = holder.client.post(f"{place}/message", data=form)
    assert "This page is not good any more" in words_of(late)
    assert served.vault.log() == ()


def test_a_code_can_be_put_away(served, holder):
    place = show(holder)
    scan(served, place).leave()
    assert holder.post(f"{place}/end", page=place).headers["location"] == "/"
    assert holder.get(place).status_code == 404
    assert served.world.relay.messages == {}


def test_the_page_says_when_the_relay_is_away_and_when_it_is_back(served, holder):
    place = show(holder)
    for away, said in ((True, "You have no connection."), (False, "This page goes on by itself when they ask.")):
        served.world.relay.away = away
        holder.get(f"{place}/look")
        assert said in words_of(holder.get(place))


@pytest.mark.parametrize("away", [True, False])
def test_a_code_that_is_put_away_while_the_relay_is_looked_at_does_not_come_back(served, holder, away):
    place = show(holder)
    respond = served.world.relay.respond

    def put_away_and_answer(request):
        served.door._visit.shelf.take(place.rpartition("/")[2], CodeOnScreen)
        served.world.relay.away = away
        return respond(request)

    reader = scan(served, place)
    reader.leave()
    served.world.relay.respond = put_away_and_answer
    holder.get(f"{place}/look")
    assert holder.get(place).status_code == 404
    assert served.vault.log() == ()


def test_an_answer_that_the_relay_does_not_take_is_shown_instead(served, holder):
    place = show(holder)
    reader = scan(served, place)
    reader.leave()
    question = question_at(holder, holder.get(f"{place}/look"))
    served.world.relay.away = True
    page = words_of(follow(holder, say(holder, question, "yes")))
    assert "Your answer could not be sent, or we do not know whether it was." in page
    assert verified_claims(reader, read_codes(holder, place))


def test_more_than_codes_can_carry_is_said_before_anything_is_used_up(served, holder, monkeypatch):
    _, question = asked_by_codes(served, holder)
    monkeypatch.setattr(meeting_service, "MAX_SHOWN", 3000)
    page = say(holder, question, "yes")
    assert page.status_code == 400
    assert "This is more than a moving code can carry." in words_of(page)
    assert all(not copy.used_at for held in served.vault.credentials() for copy in held.copies)


def test_who_asks_too_much_gets_nothing(served, holder):
    """T170"""
    _, question = asked_by_codes(served, holder, asks("family_name", "given_name"), entry=LICENSED)
    page = holder.get(question)
    assert "City library asks for more than they registered for: Given name." in words_of(page)
    assert 'value="yes"' not in page.text
