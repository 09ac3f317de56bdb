"""Answering with the data itself on the pages: what has to be otherwise is told there, and nothing went out."""

import asyncio
from dataclasses import dataclass, field, replace
from types import SimpleNamespace

import pytest
from starlette.requests import Request
from starlette.responses import Response

from capabilities.cockpit.attached import MAX_FILE
from capabilities.cockpit.attaching import NewFile
from capabilities.cockpit.web import RightsPages
from protocol.errors import Conflict, InvalidRequest, Malformed, TooLarge
from protocol.sovereignty.rights_status import State
from runtime.driver import Driver
from tests.capabilities.cockpit.test_answer_form import found
from tests.support.pki import NOW
from tests.support.verifier import Addresses

ID = "i" * 22
PDF = b"%PDF-1.7 what the archive has"


@dataclass
class Visit:
    """A clerk's form."""

    form: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    clerk: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(clerk="Frau Berg"))

    @property
    def request(self):
        """As it came."""
        return Request({"type": "http", "headers": [(b"accept-language", b"en")], "path_params": {"request": ID}})


class Door:
    """Lets everybody in; the handlers by the last part of their path."""

    home = "/desk"

    def __init__(self):
        self.handlers = {}

    def page(self, path):
        """See `capabilities.cockpit.web.Door`."""

        def add(handler):
            self.handlers[path.rpartition("/")[2]] = handler
            return handler

        return add

    deed = page

    def upload(self, path, *, max_bytes):
        """See `capabilities.cockpit.web.Door`."""
        assert max_bytes > MAX_FILE
        return self.page(path)


class Desk:
    """One request, what was done with it, and what is wrong with doing it."""

    def __init__(self):
        self.asked, self.done, self.wrong = found(), [], None

    def open(self, id_, *, actor):
        """The request."""
        assert (id_, actor) == (ID, "Frau Berg")
        yield from ()
        return self.asked

    def attach(self, id_, new, *, actor):
        """Add a file."""
        if self.wrong is not None:
            raise self.wrong
        self.done.append((id_, new, actor))
        yield from ()
        return self.asked.case

    def hand_out(self, id_, own, *, sure, actor):
        """Answer."""
        if self.wrong is not None:
            raise self.wrong
        self.done.append((id_, own.rest, sure, actor))
        yield from ()
        return self.asked.case


class Pages:
    """Pages of which the status and the problem are read."""

    def page(self, visit, template, *, status=200, **values):
        """A page."""
        assert (type(visit), template) == (Visit, "right.html")
        return Response(str(values["problem"]), status)

    def now(self):
        """Epoch seconds."""
        return NOW

    def data_name(self, id_, path, language):
        """What data are called."""
        return f"{id_} {path} in {language}"

    def values(self, visit, found):
        """Nothing besides."""
        assert (type(visit), found.case.id) == (Visit, ID)
        return {}

    def refusal(self, visit):
        """Nobody refuses here."""
        raise Malformed("form.why", f"is missing in {sorted(visit.form)}")


@pytest.fixture
def desk():
    return Desk()


@pytest.fixture
def send(desk):
    """Sends a form; where it leads, or what the page says."""
    door, driver = Door(), Driver(None, Addresses())
    RightsPages(driver, door, desk, Pages()).add()

    def sent(name, visit):
        answer = asyncio.run(door.handlers[name](visit))
        return answer.status_code, answer.headers.get("location") or answer.body.decode()

    yield sent
    driver.close()


def with_file(content, name="letter.pdf"):
    return Visit(files={"file": content}, names={"file": name})


THERE = (303, f"/desk/rights/{ID}")


def test_a_file_goes_with_the_answer(send, desk):
    whole = PDF.ljust(MAX_FILE, b".")
    assert send("file", with_file(whole)) == THERE
    assert desk.done == [(ID, NewFile("letter.pdf", whole), "Frau Berg")]


@pytest.mark.parametrize(
    ("visit", "problem"),
    [
        (Visit(), "file none"),
        (with_file(b""), "file none"),
        (with_file(PDF.ljust(MAX_FILE + 1, b".")), "file large"),
    ],
    ids=["none", "empty", "large"],
)
def test_no_file_and_one_that_is_too_large_are_told_on_the_page(send, desk, visit, problem):
    assert send("file", visit) == (400, problem)
    assert desk.done == []


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        (Malformed("file.name", "is none"), "file name"),
        (Malformed("file", "is something else"), "file kind"),
        (Conflict("there are too many"), "file full"),
    ],
    ids=["name", "kind", "full"],
)
def test_what_the_desk_does_not_take_is_told_on_the_page(send, desk, wrong, problem):
    desk.wrong = wrong
    assert send("file", with_file(PDF)) == (400, problem)


def test_where_the_request_has_ended_the_page_does_not_say_that_there_are_too_many_files(send, desk):
    case = desk.asked.case
    desk.asked = replace(desk.asked, case=replace(case, status=replace(case.status, state=State.REFUSED)))
    desk.wrong = Conflict("it has ended")
    with pytest.raises(Conflict, match="it has ended"):
        send("file", with_file(PDF))


def test_where_nobody_knows_who_asks_the_clerk_says_that_they_made_sure(send, desk):
    """GDPR Art. 12(6)."""
    desk.asked = replace(desk.asked, is_unknown=True)
    for sure in ({}, {"sure": "no"}):
        assert send("answer", Visit({"all": "yes", **sure})) == (400, "answer sure")
    assert desk.done == []
    assert send("answer", Visit({"all": "yes", "sure": "yes"})) == THERE
    assert desk.done == [(ID, None, True, "Frau Berg")]


def test_where_it_is_known_who_asks_nothing_more_is_needed(send, desk):
    assert send("answer", Visit({"all": "yes"})) == THERE
    assert desk.done == [(ID, None, False, "Frau Berg")]


def test_an_answer_that_says_too_little_or_is_too_large_is_told_on_the_page(send, desk):
    assert send("answer", Visit()) == (400, "answer all")
    for wrong in (InvalidRequest("it has too much"), TooLarge("answer", "is too large")):
        desk.wrong = wrong
        assert send("answer", Visit({"all": "yes"})) == (400, "answer large")
    assert desk.done == []
