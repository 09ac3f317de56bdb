"""A receipt comes of every answer, by link, through the browser and in person; and then what was done with it."""

import pytest

from protocol.oid4vp.dc_api import PageRequest
from protocol.sovereignty.usage import HOUR
from tests.flows.founding import ASK_NAME, land
from tests.flows.land import LIBRARY
from wallet.policy.cockpit.disclosed import receipt_of
from wallet.service.meeting import Way

pytestmark = pytest.mark.flow

BROWSER = "cookie of the browser that began"
DOCTYPE = "eu.europa.ec.eudi.pid.1"
ASK_IN_PERSON = f"""\
id = "name-in-person"
legal_basis = "contract"
retention = "P30D"

[title]
en = "What is your name?"

[purpose]
en = "We write it on your card."

[query]
credentials = [
  {{ id = "pid", format = "mso_mdoc", meta = {{ doctype_value = "{DOCTYPE}" }}, claims = [
    {{ path = ["{DOCTYPE}", "given_name"] }},
    {{ path = ["{DOCTYPE}", "family_name"] }},
  ] }},
]
"""
NAMES = {"pid": (("family_name",), ("given_name",))}


@pytest.fixture(scope="module")
def country(tmp_path_factory):
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("HOHEIT_ENV", "test")
        with land(tmp_path_factory.mktemp("land"), use_cases=(ASK_NAME, ASK_IN_PERSON)) as found:
            yield found


@pytest.fixture
def erika(country, request):
    with country.citizen(folder=request.node.name) as found:
        found.follow()
        yield found


def by_link(country, citizen):
    citizen.receive()
    citizen.give(country.library)


def through_the_browser(protocol):
    def give(country, citizen):
        citizen.receive()
        library = country.library
        made = library.ask(owner="", browser=BROWSER)
        [data] = [
            one["data"]
            for one in library.run(library.verifier.page_requests.ask(made.id, BROWSER))
            if one["protocol"] == protocol
        ]
        seen = citizen.run(citizen.wallet.pages.look(PageRequest(protocol, data, LIBRARY)))
        handed = citizen.run(citizen.wallet.pages.share(seen, seen.default_choice()))
        library.run(library.verifier.page_requests.answer(made.id, BROWSER, protocol, handed))

    return give


def in_person(country, citizen):
    """From screen to camera: whoever stands there has no network."""
    citizen.receive("pid-mdoc")
    library, meetings, asker = (
        country.library,
        citizen.wallet.meetings,
        country.library.verifier.meetings.in_browser(BROWSER),
    )
    made = library.ask("name-in-person", owner="", browser=BROWSER)
    code = meetings.begin()
    library.run(library.verifier.meetings.begin(made.id, asker, code.text))
    message = library.run(library.verifier.meetings.message(made.id, asker))
    asked = citizen.run(meetings.open(code, message, Way.CODES))
    answer = citizen.run(meetings.share(asked.met, asked.seen, asked.seen.default_choice()))
    library.run(library.verifier.meetings.answer(made.id, asker, answer.message))
    citizen.run(meetings.settle(asked.seen, answer, arrived=True))


SIGNED, MULTISIGNED = "openid4vp-v1-signed", "openid4vp-v1-multisigned"
WAYS = {
    "link": (by_link, True, NAMES),
    "browser": (through_the_browser(SIGNED), False, NAMES),
    "browser, several signatures": (through_the_browser(MULTISIGNED), False, NAMES),
    "in person": (in_person, False, {DOCTYPE: ((DOCTYPE, "family_name"), (DOCTYPE, "given_name"))}),
}


@pytest.mark.parametrize(("give", "at_once", "claims"), WAYS.values(), ids=WAYS)
def test_every_answer_has_a_receipt_that_is_true_and_what_was_done_is_proven(country, erika, give, at_once, claims):
    give(country, erika)
    assert (erika.disclosure.receipt is not None) == at_once
    country.later(2 * HOUR).next_hour()
    erika.follow()
    looked = erika.look()
    assert looked.went_well, looked
    receipt = receipt_of(erika.disclosure)
    assert erika.receipt_sentences == []
    assert (dict(receipt.claims), receipt.key) == (claims, erika.disclosure.thumbprint)
    assert receipt.controller.organisation.identifier == "NTRDE-HRB 1"
    assert [(use.n, use.in_tree) for use in erika.disclosure.usage.uses] == [(0, True)]
    assert erika.rules == set()
