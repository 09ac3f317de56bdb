"""While a code is shown: the page is told what happens, a wallet that locks puts it away, and strangers change nothing."""

import re

import pytest

from protocol.encoding import encode_base64url
from runtime import live
from tests.wallet.web.flows import say
from tests.wallet.web.meeting.in_person import (
    MEET,
    asked_by_codes,
    outcomes,
    scan,
    show,
)
from tests.wallet.web.visitor import words_of


@pytest.fixture
def quick_events(monkeypatch):
    """Streams that end soon."""
    monkeypatch.setattr(live, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(live, "STREAM_SECONDS", 0.05)


def states(answer):
    return re.findall(r"data: (\w+)", answer.text)


@pytest.mark.usefixtures("quick_events")
def test_the_page_is_told_when_somebody_asks(served, holder):
    place = show(holder)
    assert states(holder.get(f"{place}/events")) == ["waiting"]
    scan(served, place).leave()
    assert states(holder.get(f"{place}/events")) == ["asked"]


@pytest.mark.usefixtures("quick_events")
def test_a_page_that_looks_by_itself_keeps_no_wallet_open(served, holder):
    place = show(holder)
    served.world.now += 299
    assert states(holder.get(f"{place}/events")) == ["waiting"]
    holder.get(f"{place}/code.svg")
    served.world.now += 1
    closed = holder.get(f"{place}/events")
    assert closed.status_code == 303
    assert closed.headers["location"].startswith("/unlock")


@pytest.mark.usefixtures("quick_events")
def test_a_page_that_looks_is_told_when_the_wallet_was_locked(served, holder, monkeypatch):
    monkeypatch.setattr(live, "STREAM_SECONDS", 20)  # it ends because the wallet was locked
    place = show(holder)
    respond, looks = served.world.relay.respond, []

    def lock_and_answer(request):
        looks.append(request)
        if len(looks) == 2:
            served.door.close()
        return respond(request)

    served.world.relay.respond = lock_and_answer
    assert states(holder.get(f"{place}/events")) == ["waiting", "gone"]
    assert len(looks) == 2


def test_what_is_open_is_gone_when_the_wallet_locks(served, holder):
    place = show(holder)
    reader = scan(served, place)
    token = holder.token(f"{place}/camera")
    served.door.close()
    form = {"form_token": token, "message": encode_base64url(reader.message)}
    told = holder.client.post(f"{place}/message", data=form)
    assert told.status_code == 401
    assert "Open your wallet and let the other side scan a new code." in words_of(told)
    holder.unlock()
    assert holder.get(place).status_code == 404


def test_a_locked_wallet_says_that_a_shown_answer_counts_as_seen(served, holder):
    _, question = asked_by_codes(served, holder)
    place = question.replace("/present", MEET)
    say(holder, question, "yes")
    token = holder.token(place)
    served.door.close()
    told = holder.client.post(f"{place}/answered", data={"form_token": token, "answer": "yes"})
    assert "Count it as seen." in words_of(told)
    holder.unlock()
    assert outcomes(served)[-1] == ("sharing", "begun")


@pytest.mark.parametrize("path", ["", "/message", "/end", "/answered"])
def test_a_form_of_another_site_does_nothing(served, holder, path):
    """T233"""
    place = show(holder) if path else ""
    target = f"{place}{path}" or MEET
    assert holder.client.post(target, data={"form_token": "0" * 64, "answer": "yes"}).status_code in (400, 403)
    if place:
        assert "Let the other side scan this code" in words_of(holder.get(place))


@pytest.mark.parametrize("message", ["", "!", "A" * 100_000])
def test_what_is_no_message_changes_nothing(served, holder, message):
    place = show(holder)
    refused = holder.post(f"{place}/message", page=f"{place}/camera", message=message)
    assert refused.status_code >= 400
    assert "Let the other side scan this code" in words_of(holder.get(place))


def test_codes_are_there_only_while_an_answer_is_shown(served, holder):
    place = show(holder)
    assert holder.get(f"{place}/codes").status_code == 404
