"""A page that follows what happens: a state at first, and each other one after it."""

import asyncio
import socket
from typing import Any

import pytest
from fastapi import FastAPI

from protocol.errors import NotFound, Unavailable
from runtime import live, serve
from runtime.live import GONE, LiveStreams
from runtime.serve import Listen, running


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(live, "LOOK_SECONDS", 0.001)
    monkeypatch.setattr(live, "STREAM_SECONDS", 0.2)


def looking(*states):
    """A look that finds one after the other, then always the last; errors are raised."""
    left = list(states)

    async def look():
        found = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(found, Exception):
            raise found
        return found

    return look


def said(*states):
    async def read():
        answer: Any = await LiveStreams().events(looking(*states))
        assert answer.media_type == "text/event-stream"
        return b"".join([bytes(chunk) async for chunk in answer.body_iterator]).decode()

    text = asyncio.run(read())
    return [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: ")]


def test_the_state_is_said_at_once_and_then_each_other_one():
    assert said("requested", "requested", "opened", "opened", "accepted") == ["requested", "opened", "accepted"]


def test_a_store_that_is_away_for_a_moment_ends_nothing():
    assert said("requested", Unavailable("away"), "opened") == ["requested", "opened"]


def test_what_is_gone_ends_the_stream():
    assert said("requested", NotFound("no such request")) == ["requested", GONE]


def test_what_may_not_be_seen_is_no_stream():
    """T235"""
    with pytest.raises(NotFound):
        said(NotFound("no such request"))


def test_there_is_an_end_to_streams(monkeypatch):
    """T244"""
    monkeypatch.setattr(live, "MAX_STREAMS", 1)

    async def watch():
        streams = LiveStreams()
        first: Any = await streams.events(looking("requested"))
        reading = first.body_iterator
        await anext(reading)
        with pytest.raises(Unavailable):
            await streams.events(looking("requested"))
        async for _ in reading:
            pass
        await streams.events(looking("requested"))

    asyncio.run(watch())


def test_streams_end_in_good_order_when_the_server_ends(monkeypatch):
    """T251"""
    monkeypatch.setattr(live, "STREAM_SECONDS", 60)
    monkeypatch.setattr(serve, "SHUTDOWN_SECONDS", 2)
    streams, application = LiveStreams(), FastAPI()

    @application.get("/events")
    async def events():
        return await streams.events(looking("requested"))

    with running(application, Listen()) as listening:
        host, _, port = listening.partition(":")
        browser = socket.create_connection((host, int(port)), timeout=10)
        browser.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        received = browser.recv(65536)
        while b"requested" not in received:
            received += browser.recv(65536)
    with browser:
        while piece := browser.recv(65536):
            received += piece
    assert received.endswith(b"\r\n0\r\n\r\n")
