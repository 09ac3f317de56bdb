"""Asking in person from the counter's pages: a code is read, its wallet asked by relay or moving codes; one large verdict."""

import re

import pytest
from fastapi import FastAPI

from capabilities.relay.web import relay_endpoints
from protocol.device_retrieval.answer import device_refusal, device_response
from protocol.device_retrieval.carriers import Relay
from protocol.device_retrieval.meeting import HolderMeeting
from protocol.device_retrieval.question import verify_device_request
from protocol.encoding import decode_base64url, encode_base64url
from protocol.errors import Unreachable
from protocol.mdoc.frames import FrameDecoder
from runtime.http import InProcessSender
from runtime.routes import add_routes
from tests.protocol.device_retrieval.samples import ISSUER, Holder
from tests.protocol.mdoc.samples import issued
from tests.support.moving_codes import drawn_from, seen
from tests.support.pki import NOW, seeded_key
from tests.support.verifier import HOST, IDENTIFIER, Addresses, make_verifier, wallet_drive
from tests.verifier.service.test_meetings import NEVER, USE_CASE
from tests.verifier.web.people import Browser
from verifier.service.meetings import Meetings

LICENCE = issued(pki=ISSUER, status=None)
CHANNEL = "abcdefghijklmnopqrstuv"
RELAY = f"{IDENTIFIER}/relay"


class Network(Addresses):
    """The verifier's own relay can be had, while there is a network, and nothing else."""

    app: FastAPI | None = None
    away: bool = False

    async def send(self, request):
        if self.app is None or self.away:
            raise Unreachable("nobody is there")
        return await InProcessSender({HOST: self.app}).send(request)


@pytest.fixture
def counter(tmp_path):
    network = Network()
    made = make_verifier(
        f"sqlite:///{tmp_path}/verifier.db", ISSUER.anchors, use_cases=(USE_CASE, NEVER), network=network
    )
    add_routes(made.app, relay_endpoints("/relay", made.store.relay, made.driver, made.clock))
    network.app = made.app
    yield made
    made.close()


@pytest.fixture
def browser(counter):
    made = Browser(counter)
    made.get("/")
    return made


class Phone:
    """A wallet that shows its code, and a person who decides."""

    def __init__(self, counter, *, relayed=False, seed=20, held=(LICENCE,)):
        self.counter = counter
        self.held = held
        self.relay = Relay.of_device(RELAY, CHANNEL)
        self.holder = HolderMeeting.begin(seeded_key(seed), (self.relay.method(),) if relayed else ())

    @property
    def code(self):
        return self.holder.engagement.to_text()

    def answer(self, message, *, no=False):
        meeting = self.holder.open(message)
        if no:
            return meeting.answer(device_refusal())
        asked = verify_device_request(
            meeting.request, meeting.handover, anchors=self.counter.wallet_anchors, now=NOW
        ).request
        return meeting.answer(device_response(asked.dcql_query, Holder(self.held).present(asked)))

    def answer_by_relay(self, *, no=False):
        apps = {HOST: self.counter.app}
        message = wallet_drive(self.relay.receive(), apps)
        wallet_drive(self.relay.send(self.answer(message, no=no)), apps)


def begun(browser):
    browser.press("/in-person", use_case="licence")
    return re.search(r"/in-person/([0-9a-f]{32})", browser.address())[1]


def scan(browser, request_id, phone):
    return browser.press(f"/in-person/{request_id}/meet", link=phone.code)


def moving(browser, request_id):
    """What a camera reads off the page's moving code."""
    page = browser.page
    codes = browser.go("GET", f"/in-person/{request_id}/codes").json()
    browser.page = page
    decoder = FrameDecoder()
    for text in seen(drawn_from(codes)):
        message = decoder.add(text)
        if message is not None:
            return message
    raise AssertionError("not all of it was there")


def test_over_a_relay_the_page_waits_and_shows_the_verdict(counter, browser):
    request_id = begun(browser)
    assert "Scan the code on their phone" in browser.page.text
    phone = Phone(counter, relayed=True)
    page = scan(browser, request_id, phone)
    assert "We have asked their wallet" in page.text
    # The other option cannot be asked here, and is no alternative
    assert "From a document in your wallet" in page.text
    assert "Or from" not in page.text
    assert browser.state() == (f"/in-person/{request_id}/events", "requested-relayed")
    phone.answer_by_relay()
    page = browser.get(f"/in-person/{request_id}")
    assert 'class="large good"' in page.text
    assert "Mustermann" in page.text
    # The channel was erased
    assert wallet_drive(Relay.of_reader([phone.relay.method()]).receive(), {HOST: counter.app}) is None


def test_what_is_no_answer_ends_the_waiting_at_the_relay_and_leaves_the_other_ways(counter, browser):
    request_id = begun(browser)
    phone = Phone(counter, relayed=True)
    scan(browser, request_id, phone)
    apps = {HOST: counter.app}
    answer = phone.answer(wallet_drive(phone.relay.receive(), apps))
    wallet_drive(phone.relay.send(b"rubbish"), apps)
    assert "Show each other moving codes" in browser.get(f"/in-person/{request_id}").text
    # Nobody looks there any more, whatever comes
    wallet_drive(Relay.of_reader([phone.relay.method()]).end(), apps)
    wallet_drive(phone.relay.send(answer), apps)
    assert 'class="large good"' not in browser.get(f"/in-person/{request_id}").text
    page = browser.press(f"/in-person/{request_id}/answer", message=encode_base64url(answer))
    assert 'class="large good"' in page.text


def test_without_a_network_both_show_each_other_moving_codes(counter, browser):
    counter.network.away = True
    request_id = begun(browser)
    phone = Phone(counter, relayed=True)
    page = scan(browser, request_id, phone)
    assert "We have asked their wallet" not in page.text
    assert "Show each other moving codes" in page.text
    message = encode_base64url(phone.answer(moving(browser, request_id)))
    page = browser.press(f"/in-person/{request_id}/answer", message=message)
    assert 'class="large good"' in page.text
    assert "Mustermann" in page.text


def test_somebody_who_says_no_has_shared_nothing(counter, browser):
    request_id = begun(browser)
    phone = Phone(counter, relayed=True)
    scan(browser, request_id, phone)
    phone.answer_by_relay(no=True)
    page = browser.get(f"/in-person/{request_id}")
    assert "Nothing was shared" in page.text
    assert "Mustermann" not in page.text


def test_another_code_is_told_and_the_camera_is_there_again(counter, browser):
    request_id = begun(browser)
    page = browser.press(f"/in-person/{request_id}/meet", link="https://shop.example")
    assert "This is no code of a wallet" in page.text
    assert "data-camera" in page.text
    assert scan(browser, request_id, Phone(counter)).status_code == 200


def test_t059_what_is_no_answer_is_told_and_the_question_stays_open(counter, browser):
    request_id = begun(browser)
    phone, stranger = Phone(counter), Phone(counter, seed=30)
    scan(browser, request_id, phone)
    message = moving(browser, request_id)
    with pytest.raises(Exception, match="does not belong"):
        stranger.answer(message)
    for wrong in ("AAAA", "?", encode_base64url(message)):
        page = browser.press(f"/in-person/{request_id}/answer", message=wrong)
        assert "no answer to this question" in page.text
    page = browser.press(f"/in-person/{request_id}/answer", message=encode_base64url(phone.answer(message)))
    assert 'class="large good"' in page.text


def test_a_relay_that_makes_messages_up_is_left_for_the_codes(counter, browser):
    request_id = begun(browser)
    phone = Phone(counter, relayed=True)
    scan(browser, request_id, phone)
    wallet_drive(phone.relay.send(b"made up"), {HOST: counter.app})
    page = browser.get(f"/in-person/{request_id}")
    assert "Show each other moving codes" in page.text
    assert 'class="large good"' not in browser.get(f"/in-person/{request_id}").text
    page = browser.press(
        f"/in-person/{request_id}/answer", message=encode_base64url(phone.answer(moving(browser, request_id)))
    )
    assert 'class="large good"' in page.text


def test_the_first_code_can_be_scanned_again(counter, browser):
    request_id = begun(browser)
    scan(browser, request_id, Phone(counter))
    assert "data-camera" in browser.get(f"/in-person/{request_id}/again").text
    phone = Phone(counter, seed=40)
    scan(browser, request_id, phone)
    page = browser.press(
        f"/in-person/{request_id}/answer", message=encode_base64url(phone.answer(moving(browser, request_id)))
    )
    assert 'class="large good"' in page.text


def test_the_next_person_finds_nothing_of_the_one_before(counter, browser):
    """T261"""
    request_id = begun(browser)
    phone = Phone(counter, relayed=True)
    scan(browser, request_id, phone)
    phone.answer_by_relay()
    assert "Nothing of it is kept" in browser.get(f"/in-person/{request_id}").text
    browser.press("/in-person", use_case="licence", before=request_id)
    assert "Scan the code on their phone" in browser.page.text
    page = browser.get(f"/in-person/{request_id}")
    assert "erased everything" in page.text
    assert "Mustermann" not in page.text
    # Once more changes nothing
    browser.get("/")
    assert browser.press("/in-person", use_case="licence", before=request_id).status_code == 200


def test_t261_an_answer_in_person_is_gone_after_a_minute(counter, browser):
    request_id = begun(browser)
    phone = Phone(counter, relayed=True)
    scan(browser, request_id, phone)
    phone.answer_by_relay()
    assert "Mustermann" in browser.get(f"/in-person/{request_id}").text
    counter.clock.forward(60)
    assert browser.get(f"/in-person/{request_id}").status_code == 404


def test_t237_another_browser_sees_nothing(counter, browser):
    request_id = begun(browser)
    scan(browser, request_id, Phone(counter))
    other = Browser(counter)
    other.get("/")
    for path in ("", "/events", "/codes", "/again"):
        assert other.go("GET", f"/in-person/{request_id}{path}").status_code in (400, 404)
    other.get("/")
    assert other.press(f"/in-person/{request_id}/meet", link=Phone(counter).code).status_code == 404
    other.get("/")
    assert other.press(f"/in-person/{request_id}/answer", message="AAAA").status_code == 400
    assert counter.run(counter.verifier.meetings.met(request_id, Meetings.in_browser(browser_of(browser)))) is not None


def browser_of(browser):
    """The secret that a browser is known by."""
    (secret,) = browser.cookies.values()
    return secret


def test_what_cannot_be_asked_in_person_has_no_button(counter, browser):
    page = browser.get("/")
    assert page.text.count('action="/in-person"') == 1
    assert "Scan their code" in page.text
    page = browser.press("/in-person", use_case="never")
    page = scan(browser, re.search(r"/in-person/([0-9a-f]{32})", browser.address())[1], Phone(counter))
    assert "no code of a wallet" in page.text


def test_german_words(counter):
    browser = Browser(counter, "de")
    browser.get("/")
    request_id = begun(browser)
    assert "Scannen Sie den Code auf dem Handy" in browser.page.text
    assert "Zeigen Sie diesen bewegten Code" in scan(browser, request_id, Phone(counter)).text


# By a partner's own program, whose scanner reads the codes


def test_a_program_asks_in_person_over_a_relay(counter):
    made = counter.api("POST", "/api/requests", json={"use_case": "licence"}).json()
    phone = Phone(counter, relayed=True)
    met = counter.api("POST", f"/api/requests/{made['id']}/meeting", json={"code": phone.code})
    assert met.json()["relayed"] is True
    assert counter.api("GET", f"/api/requests/{made['id']}").json()["state"] == "requested"
    phone.answer_by_relay()
    found = counter.api("GET", f"/api/requests/{made['id']}").json()
    assert found["state"] == "accepted"
    assert found["claims"] == {"licence": [{"org.iso.18013.5.1": {"family_name": "Mustermann", "age_over_18": True}}]}


def test_a_program_carries_the_messages_itself(counter):
    counter.network.away = True
    made = counter.api("POST", "/api/requests", json={"use_case": "licence"}).json()
    phone = Phone(counter, relayed=True)
    met = counter.api("POST", f"/api/requests/{made['id']}/meeting", json={"code": phone.code}).json()
    assert met["relayed"] is False
    answer = encode_base64url(phone.answer(decode_base64url(met["message"])))
    where = f"/api/requests/{made['id']}/meeting/answer"
    for wrong in ("AAAA", "?"):
        assert counter.api("POST", where, json={"message": wrong}).status_code == 400
    assert counter.api("POST", where, json={"message": answer}).status_code == 204
    assert counter.api("GET", f"/api/requests/{made['id']}").json()["state"] == "accepted"
    # T179
    assert counter.api("POST", where, json={"message": answer}).status_code == 400


def test_t184_another_program_meets_nobody(counter):
    made = counter.api("POST", "/api/requests", json={"use_case": "licence"}).json()
    headers = {"authorization": f"Bearer {counter.new_api_key('other')}"}
    phone = Phone(counter)
    where = f"/api/requests/{made['id']}/meeting"
    assert counter.http("POST", where, json={"code": phone.code}, headers=headers).status_code == 404
    assert counter.http("POST", where, json={"code": phone.code}).status_code == 401
    assert counter.api("POST", where, json={"code": phone.code}).status_code == 200
    assert counter.http("POST", f"{where}/answer", json={"message": "AAAA"}, headers=headers).status_code == 400
    assert counter.api("GET", f"/api/requests/{made['id']}").json()["state"] == "requested"
    assert counter.api("POST", where, json={"code": "mdoc:x"}).status_code == 400
