"""Several services on one port."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from fastapi import FastAPI, Request

from runtime.hosts import HostSwitch
from runtime.serve import Listen, StartError, running
from tests.support.web import call


def service(name, events, *, fails=None):
    @asynccontextmanager
    async def lifespan(_):
        if fails == "start":
            raise KeyError("no")
        events.append(f"{name} starts")
        yield
        events.append(f"{name} stops")
        if fails == "stop":
            raise KeyError("no")

    application = FastAPI(lifespan=lifespan)

    @application.get("/who")
    async def who(request: Request):
        return {"name": name, "started": f"{name} starts" in events}

    return application


def ask(switch, *hosts):
    headers = [(b"host", host.encode()) for host in hosts]
    return asyncio.run(call(switch, "GET", "/who", headers=headers))


def test_the_host_name_picks_the_service():
    switch = HostSwitch({"a.localhost": service("a", []), "b.localhost": service("b", [])})
    for host in ["a.localhost", "a.localhost:8000", "A.LocalHost:8000"]:
        assert ask(switch, host).json()["name"] == "a"
    assert ask(switch, "b.localhost").json()["name"] == "b"


@pytest.mark.parametrize(
    "hosts",
    [
        (),
        ("c.localhost",),
        ("",),
        ("a.localhost", "b.localhost"),
        ("a.localhost", "a.localhost"),
        ("a.localhost.",),
        ("a.localhost:x",),
        ("a.localhost:80:80",),
        ("evil@a.localhost",),
        ("127.0.0.1:8000",),
        ("[::1]:8000",),
        ("\xffa.localhost",),
    ],
)
def test_another_host_is_nobody(hosts):
    """T239"""
    answer = ask(HostSwitch({"a.localhost": service("a", []), "b.localhost": service("b", [])}), *hosts)
    assert answer.status == 421
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["cache-control"] == "no-store"
    assert b"localhost" not in answer.body


def test_all_services_start_and_stop_with_the_switch():
    events: list[str] = []
    switch = HostSwitch({"a.localhost": service("a", events), "b.localhost": service("b", events)})
    with running(switch, Listen()):
        assert events == ["a starts", "b starts"]
        assert ask(switch, "a.localhost").json() == {"name": "a", "started": True}
    assert sorted(events[2:]) == ["a stops", "b stops"]


def test_a_service_that_cannot_start_stops_the_others():
    """T252: no half-started town."""
    events: list[str] = []
    services = {
        "a.localhost": service("a", events),
        "b.localhost": service("b", events, fails="start"),
        "c.localhost": service("c", events),
    }
    with pytest.raises(StartError), running(HostSwitch(services), Listen()):
        events.append("served")
    assert events == ["a starts", "a stops"]


def test_a_service_that_cannot_stop_lets_the_others_stop():
    """T251"""
    events: list[str] = []
    services = {"a.localhost": service("a", events), "b.localhost": service("b", events, fails="stop")}
    with running(HostSwitch(services), Listen()):
        pass
    assert sorted(events[2:]) == ["a stops", "b stops"]


def test_other_protocols_are_not_served():
    async def unused(*_):
        raise AssertionError("nothing is read or sent")

    with pytest.raises(ValueError, match="only http"):
        asyncio.run(HostSwitch({})({"type": "websocket", "headers": []}, unused, unused))
