"""What a citizen does with services, in tests of their pages."""

import re
from html import unescape

from protocol.encoding import JsonObject
from tests.wallet.counterparts import dcql
from tests.wallet.web.flows import follow, paste, receive, say
from tests.wallet.web.visitor import words_of

_LINK = re.compile(r'href="(/[^"]*)"[^>]*>(?:<strong>)?([^<]*)')
_FORM = re.compile(r'<form method="post" action="([^"]*)"[^>]*>(.*?)</form>', re.DOTALL)
_FIELD = re.compile(r'<(?:input|button)[^>]*name="([^"]*)"[^>]*value="([^"]*)"')
NEEDS_BIRTH: JsonObject = {"credentials": [dcql(("birthdate",), query_id="birth", vct="urn:town:birth:1")]}


def link(page, text):
    """Where a link of a page leads."""
    return next(unescape(href) for href, found in _LINK.findall(page.text) if unescape(found).strip() == text)


def forms(page):
    """The forms of a page: where each leads, and what is in it."""
    return [(unescape(action), body) for action, body in _FORM.findall(page.text)]


def submit(citizen, page, words, **more):
    """Press the button of the form that has these words in it; with what the form has hidden or ticked by the test."""
    for action, body in forms(page):
        if words in unescape(body):
            values = dict(_FIELD.findall(body))
            ticked = {
                name: value for name, value in values.items() if not name.startswith(("goal-", "suggest", "about"))
            }
            if 'type="hidden" name="goal-' in body:
                ticked = {**values}
            return citizen.client.post(action, data={**ticked, **more})
    raise AssertionError(f"no form says {words!r}: {words_of(page)}")


def tick(page, name):
    """The box of a service in a choice."""
    for box, body in re.findall(r'name="(goal-[0-9a-f]{32})"[^>]*>(.*?)</label>', page.text, re.DOTALL):
        if name in unescape(body):
            return {box: "yes"}
    raise AssertionError(f"no box for {name!r}")


def hold_pid(served, citizen):
    """An identity card comes into the wallet."""
    return say(citizen, receive(served, citizen, credential_configuration_ids=("pid",)), "yes")


def hold_child(served, citizen):
    """A birth certificate comes into the wallet; the last page of that."""
    served.world.speak_of_child()
    arrived = receive(served, citizen, credential_configuration_ids=("birth",))
    return follow(citizen, say(citizen, arrived, "yes"))


def asked_for_birth(served, citizen):
    """The library asks for a birth certificate; the page of that."""
    served.world.partner.query = NEEDS_BIRTH
    return paste(citizen, served.world.partner.link())


def begin_plan(citizen, typed, name):
    """Look for something, choose it and begin a plan; the page of the plan."""
    found = follow(citizen, citizen.post("/services/find", page="/services", typed=typed))
    preview = submit(citizen, found, "Show me the way there", **tick(found, name))
    return follow(citizen, submit(citizen, preview, "Begin this plan"))
