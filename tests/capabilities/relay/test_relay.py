"""The relay, on both databases: it keeps what it is left for some seconds, in order, and knows nothing about it."""

import pytest
from fastapi import Request
from sqlalchemy import func, select

from capabilities.relay.database import CHANNEL_SECONDS, KEEP_SECONDS, MAX_NUMBER, WaitingMessage
from capabilities.relay.web import CHANNEL_AT_ONCE, LOOKS_AT_ONCE, MESSAGES_AT_ONCE, _caller, relay_endpoints
from protocol.device_retrieval.carriers import MAX_MESSAGE, MEDIA_TYPE, Relay, Side
from protocol.errors import Conflict, TooLarge, Unavailable, Unreachable
from protocol.exchange import HttpRequest, HttpResponse
from protocol.trust.anchors import TrustAnchors
from runtime.routes import add_routes
from tests.support.verifier import IDENTIFIER, make_verifier
from verifier.database.tables import relay_messages

CHANNEL = "abcdefghijklmnopqrstuv"
BASE = f"{IDENTIFIER}/relay"
HEADERS = {"content-type": MEDIA_TYPE}


@pytest.fixture
def counter(database_url):
    made = make_verifier(database_url, TrustAnchors([]))
    add_routes(made.app, relay_endpoints("/relay", made.store.relay, made.driver, made.clock))
    yield made
    made.close()


@pytest.fixture
def relay(counter):
    return counter.store.relay


def post(counter, body, address="reader/0", channel=CHANNEL, headers=HEADERS):
    return counter.http("POST", f"/relay/{channel}/{address}", content=body, headers=headers)


def get(counter, address="reader/0", channel=CHANNEL):
    return counter.http("GET", f"/relay/{channel}/{address}")


def message(**changes):
    what = {"channel": "c", "side": "reader", "number": 0, "body": b"x"}
    return WaitingMessage(**{**what, **changes})


def waiting(counter):
    with counter.store.database.reading() as connection:
        return connection.execute(select(func.count()).select_from(relay_messages)).scalar_one()


class Wire:
    """Hands what a carrier sends to the web application."""

    def __init__(self, counter):
        self.counter = counter

    def run(self, exchange):
        try:
            request = next(exchange)
            while True:
                request = exchange.send(self.answer(request))
        except StopIteration as end:
            return end.value

    def answer(self, request):
        assert isinstance(request, HttpRequest)
        path = request.url.removeprefix(IDENTIFIER)
        found = self.counter.http(request.method, path, content=request.body, headers=dict(request.headers))
        return HttpResponse(found.status_code, tuple(found.headers.items()), found.content)


def test_both_sides_find_what_the_other_left(counter):
    wire = Wire(counter)
    device = Relay.of_device(BASE, CHANNEL)
    reader = Relay.of_reader([device.method()])
    assert wire.run(device.receive()) is None
    wire.run(reader.send(b"question"))
    assert wire.run(device.receive()) == b"question"
    assert wire.run(reader.receive()) is None
    wire.run(device.send(b"answer"))
    wire.run(device.send(b"farewell", 1))
    assert [wire.run(reader.receive(number)) for number in (0, 1, 2)] == [b"answer", b"farewell", None]
    wire.run(device.end())
    assert wire.run(reader.receive()) is None
    assert waiting(counter) == 0


def test_the_same_again_changes_nothing_and_another_in_its_place_is_refused(counter):
    """A relay that is used twice hands out what was there first."""
    assert [post(counter, body).status_code for body in (b"one", b"one", b"two")] == [204, 204, 409]
    assert get(counter).content == b"one"
    with pytest.raises(Unreachable):
        Wire(counter).run(Relay(f"{BASE}/{CHANNEL}", Side.READER).send(b"two"))


def test_messages_come_in_their_order_and_there_are_not_many(counter):
    assert post(counter, b"x", "reader/1").status_code == 409
    for number in range(MAX_NUMBER):
        assert post(counter, b"x", f"device/{number}").status_code == 204
    assert post(counter, b"x", f"device/{MAX_NUMBER}").status_code == 404


def bodies(counter):
    with counter.store.database.reading() as connection:
        return [bytes(body) for body in connection.execute(select(relay_messages.c.body)).scalars()]


def test_what_nobody_fetches_is_gone_after_some_seconds(counter):
    post(counter, b"x")
    counter.clock.forward(KEEP_SECONDS - 1)
    assert get(counter).content == b"x"
    counter.clock.forward(1)
    assert get(counter).status_code == 204
    assert counter.store.sweep(now=counter.clock.now, limit=100) == 1
    assert bodies(counter) == [b""]
    assert counter.store.sweep(now=counter.clock.now, limit=100) == 0


def test_what_was_left_once_is_not_left_anew_after_it_is_gone(counter):
    """A question that nobody fetched stays the first one: its number is taken as long as the channel stands."""
    post(counter, b"x")
    counter.clock.forward(KEEP_SECONDS)
    counter.store.sweep(now=counter.clock.now, limit=100)
    assert [post(counter, body).status_code for body in (b"x", b"y")] == [204, 409]
    assert get(counter).status_code == 204
    assert post(counter, b"y", "reader/1").status_code == 204
    assert get(counter, "reader/1").content == b"y"


def test_a_channel_ends_some_minutes_after_its_first_message(counter):
    post(counter, b"x")
    counter.clock.forward(CHANNEL_SECONDS - 1)
    post(counter, b"y", "device/0")
    assert get(counter, "device/0").content == b"y"
    counter.clock.forward(1)
    assert get(counter, "device/0").status_code == 204
    assert counter.store.sweep(now=counter.clock.now, limit=100) == 2
    assert waiting(counter) == 0


def test_what_is_over_and_not_swept_yet_makes_room(counter):
    post(counter, b"x")
    counter.clock.forward(CHANNEL_SECONDS)
    assert post(counter, b"y").status_code == 204
    assert get(counter).content == b"y"


def test_a_sweep_erases_no_more_than_it_may(counter, relay):
    for channel in "abc":
        relay.leave(message(channel=channel), now=counter.clock.now)
    assert counter.store.sweep(now=counter.clock.now + KEEP_SECONDS, limit=2) == 2
    assert sorted(bodies(counter)) == [b"", b"", b"x"]
    assert counter.store.sweep(now=counter.clock.now + CHANNEL_SECONDS, limit=2) == 2
    assert waiting(counter) == 1


def test_two_workers_that_get_the_same_message_at_once_keep_one(counter, relay, monkeypatch):
    """Each found nothing in its way, and only one of them writes."""
    relay.leave(message(), now=counter.clock.now)
    look = relay._channel
    for body, refused in ((b"x", False), (b"y", True)):
        looks = iter([lambda *_: [], look])
        monkeypatch.setattr(relay, "_channel", lambda *given, looks=looks: next(looks)(*given))
        if refused:
            with pytest.raises(Conflict):
                relay.leave(message(body=body), now=counter.clock.now)
        else:
            relay.leave(message(body=body), now=counter.clock.now)
    assert relay.look("c", "reader", 0, now=counter.clock.now) == b"x"
    assert waiting(counter) == 1


def test_t244_all_of_it_together_is_bounded(counter, relay, monkeypatch):
    monkeypatch.setattr("capabilities.relay.database.MAX_MESSAGES", 3)
    for channel in "abc":
        relay.leave(message(channel=channel), now=counter.clock.now)
    with pytest.raises(Unavailable):
        relay.leave(message(channel="d"), now=counter.clock.now)
    # What is over does not count
    relay.leave(message(channel="d"), now=counter.clock.now + CHANNEL_SECONDS)


def test_t244_all_of_its_bytes_are_bounded(counter, relay, monkeypatch):
    monkeypatch.setattr("capabilities.relay.database.MAX_BYTES", 10)
    relay.leave(message(body=bytes(10)), now=counter.clock.now)
    with pytest.raises(Unavailable):
        relay.leave(message(channel="d"), now=counter.clock.now)


def test_another_number_is_refused_in_the_store(counter, relay):
    with pytest.raises(Conflict):
        relay.leave(message(number=1), now=counter.clock.now)
    for number in range(MAX_NUMBER):
        relay.leave(message(number=number), now=counter.clock.now)
    with pytest.raises(Conflict):
        relay.leave(message(number=MAX_NUMBER), now=counter.clock.now)


def test_a_message_over_its_cap_is_refused_on_both_ends(counter):
    assert post(counter, bytes(MAX_MESSAGE)).status_code == 204
    assert post(counter, bytes(MAX_MESSAGE + 1), "reader/1").status_code == 413
    with pytest.raises(TooLarge):
        Wire(counter).run(Relay(BASE, Side.READER).send(bytes(MAX_MESSAGE + 1)))


@pytest.mark.parametrize(
    ("channel", "address"),
    [
        ("a" * 21, "reader/0"),
        ("a" * 87, "reader/0"),
        ("a" * 21 + ".", "reader/0"),
        (CHANNEL, "issuer/0"),
        (CHANNEL, "reader/8"),
        (CHANNEL, "reader/-1"),
        (CHANNEL, "reader/00"),
        (CHANNEL, "reader/x"),
    ],
)
def test_there_is_nothing_else(counter, channel, address):
    assert get(counter, address, channel).status_code == 404
    assert post(counter, b"x", address, channel).status_code == 404


def test_another_media_type_is_refused(counter):
    assert post(counter, b"x", headers={"content-type": "text/plain"}).status_code == 415
    assert post(counter, b"x", headers={}).status_code == 415


def test_who_asks_too_often_waits(counter):
    channels = [f"{number:022}" for number in range(LOOKS_AT_ONCE + 1)]
    assert [get(counter, channel=channel).status_code for channel in channels] == [204] * LOOKS_AT_ONCE + [429]
    # What is looked at does not take from what may be left
    assert post(counter, b"x").status_code == 204
    counter.clock.forward(60)
    assert get(counter).content == b""


def test_who_leaves_too_much_waits(counter):
    channels = [f"{number:022}" for number in range(MESSAGES_AT_ONCE + 1)]
    answers = [post(counter, b"x", channel=channel).status_code for channel in channels]
    assert answers == [204] * MESSAGES_AT_ONCE + [429]
    assert counter.http("DELETE", f"/relay/{CHANNEL}").status_code == 429
    assert waiting(counter) == MESSAGES_AT_ONCE


def test_a_channel_that_is_looked_at_too_often_has_to_wait(counter):
    assert [get(counter).status_code for _ in range(CHANNEL_AT_ONCE + 1)] == [204] * CHANNEL_AT_ONCE + [429]
    assert post(counter, b"x").status_code == 429
    assert get(counter, channel=CHANNEL[::-1]).status_code == 204


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
    ],
)
def test_of_ipv6_a_whole_network_has_one_limit(one, other, same):
    callers = {_caller(Request({"type": "http", "client": (host, 1), "headers": []})) for host in (one, other)}
    assert len(callers) == (1 if same else 2)


def test_t258_the_store_does_not_know_a_channel_by_its_name(counter):
    post(counter, b"x")
    with counter.store.database.reading() as connection:
        rows = str([tuple(row) for row in connection.execute(select(relay_messages))])
    assert CHANNEL not in rows


def test_t260_no_log_has_a_channels_name(counter, capfd):
    post(counter, b"x")
    get(counter)
    counter.http("DELETE", f"/relay/{CHANNEL}")
    assert CHANNEL not in "".join(capfd.readouterr())
