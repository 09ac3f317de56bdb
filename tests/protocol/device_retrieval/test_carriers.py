"""A relay as an engagement names it, and what is taken from one."""

import pytest

from protocol.device_retrieval.carriers import HTTP, MEDIA_TYPE, Relay, Side
from protocol.errors import Unreachable
from protocol.exchange import HttpResponse, run
from protocol.mdoc.engagement import BLE, DeviceEngagement, RetrievalMethod
from tests.support.pki import seeded_key

DEVICE = Relay.of_device("https://relay.example/relay/", "channel")
READER = Relay("https://relay.example/relay/channel", Side.READER)


def answering(status, body=b"", media_type=MEDIA_TYPE):
    return lambda _: HttpResponse(status, (("content-type", media_type),), body)


def test_an_engagement_says_where_messages_are_left():
    engagement = DeviceEngagement.begin(seeded_key(1).public_key, (DEVICE.method(),))
    assert Relay.of_reader(DeviceEngagement.from_text(engagement.to_text()).methods) == READER


@pytest.mark.parametrize(
    "method",
    [
        RetrievalMethod(BLE, 1, {0: "https://relay.example"}),
        RetrievalMethod(HTTP, 2, {0: "https://relay.example"}),
        RetrievalMethod(HTTP, 1, None),
        RetrievalMethod(HTTP, 1, {}),
        RetrievalMethod(HTTP, 1, {0: 5}),
        RetrievalMethod(HTTP, 1, {0: "http://relay.example"}),
        RetrievalMethod(HTTP, 1, {0: "https://user@relay.example"}),
        RetrievalMethod(HTTP, 1, {0: "file:///etc/passwd"}),
    ],
    ids=range(8),
)
def test_another_way_is_none_that_we_can_use(method):
    assert Relay.of_reader([method]) is None
    # The first that can be used is used
    assert Relay.of_reader([method, DEVICE.method()]) == READER


def test_each_side_sends_its_own_messages_and_looks_for_the_others():
    urls = []

    def note(request):
        urls.append((request.method, request.url))
        return HttpResponse(204, (), b"")

    for relay in (DEVICE, READER):
        run(relay.send(b"x", 1), note)
        run(relay.receive(1), note)
    run(DEVICE.end(), note)
    base = "https://relay.example/relay/channel"
    assert urls == [
        ("POST", f"{base}/device/1"),
        ("GET", f"{base}/reader/1"),
        ("POST", f"{base}/reader/1"),
        ("GET", f"{base}/device/1"),
        ("DELETE", base),
    ]


@pytest.mark.parametrize("answer", [answering(200), answering(404), answering(409), answering(302)], ids=range(4))
def test_what_was_not_taken_is_said(answer):
    with pytest.raises(Unreachable):
        run(READER.send(b"x"), answer)


@pytest.mark.parametrize(
    "answer", [answering(404), answering(302), answering(200, b"x", "text/html"), answering(500)], ids=range(4)
)
def test_another_answer_than_a_message_is_none(answer):
    with pytest.raises(Unreachable):
        run(READER.receive(), answer)
