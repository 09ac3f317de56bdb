"""What a plan in the wallet was told comes into the form as a proposal: seen, changed, and sent by the citizen alone."""

import re
from urllib.parse import urlsplit

import pytest

from protocol.keys import P256Key
from protocol.oid4vp.answer import RequestPolicy, fetch_request, send_answer, wallet_metadata
from protocol.oid4vp.client_id import Prefix
from protocol.oid4vp.link import RequestByReference, RequestUriMethod
from protocol.oid4vp.request_object import ExpectedRequest, verify_request_object
from tests.support.pki import seeded
from tests.support.services import IBAN, service_verifier
from tests.support.verifier import HOST, IDENTIFIER, present, wallet_drive
from tests.verifier.web.people import Browser
from verifier.service.requests import RequestOrder

HOME = "/services/child-benefit"
TAKEN = ("child_name", "iban", "children", "speaks")
NOTE = "You noted this in your wallet. You can change it."


@pytest.fixture
def office(tmp_path, agency):
    made = service_verifier(f"sqlite:///{tmp_path}/verifier.db", agency.anchors)
    yield made
    made.close()


def began_with(office, held, answers):
    """The form that a wallet leads to, which brought answers along."""
    context = office.verifier.context
    address = f"{IDENTIFIER}{HOME}/start"
    link = RequestByReference(context.client_id(Prefix.X509_HASH, ""), address, RequestUriMethod.POST)
    prefixes = frozenset(Prefix)

    def wallet():
        verified = yield from fetch_request(
            link,
            anchors=office.wallet_anchors,
            policy=RequestPolicy(prefixes=prefixes),
            wallet_nonce="fresh-nonce-of-the-wallet",
            metadata=wallet_metadata({"dc+sd-jwt": {}}, prefixes),
            now=office.clock.now,
        )
        assert verified.request.client_metadata.takes_answers == TAKEN
        presented = present(verified.request, held, now=office.clock.now)
        return (
            yield from send_answer(
                verified,
                {"pid": (presented,)},
                ephemeral=P256Key.fresh(),
                random_bytes=seeded(13),
                answers=answers,
            )
        )

    back = wallet_drive(wallet(), {HOST: office.app}).redirect_uri
    assert IBAN not in back
    browser = Browser(office)
    browser.get(back)
    browser.get(f"{HOME}/form")
    return browser


def version(browser):
    return re.search(r'name="version" value="(\d+)"', browser.page.text)[1]


def test_what_was_noted_stands_in_the_form_with_where_it_comes_from(office, held):
    form = began_with(office, held, {"iban": IBAN, "children": 2, "speaks": "en"})
    assert f'value="{IBAN}"' in form.page.text
    assert 'value="2"' in form.page.text
    assert re.search(r'value="en" checked', form.page.text)
    assert form.page.text.count(NOTE) == 3
    # It is a proposal: no seal, and nothing was sent
    assert 'name="iban"' in form.page.text


def test_the_citizen_changes_it_and_sends_it_as_their_own_words(office, held):
    form = began_with(office, held, {"iban": IBAN, "children": 2})
    other = "DE89370400440532013000"
    form.press(f"{HOME}/form", version=version(form), child_name="Mia", iban=other, children="2", later="yes")
    page = form.get(f"{HOME}/form")
    assert f'value="{other}"' in page.text
    assert page.text.count(NOTE) == 1
    form.press(f"{HOME}/form", version=version(form), child_name="Mia", iban=other, children="")
    assert "Is everything right?" in form.page.text
    assert other in form.page.text
    assert IBAN not in form.page.text


def test_a_document_goes_before_what_was_noted(office, held):
    form = began_with(office, held, {"iban": IBAN})
    assert 'name="family_name"' not in form.page.text
    assert "Mustermann" in form.page.text


@pytest.mark.parametrize(
    ("answers", "left"),
    [({"iban": "short"}, "short"), ({"children": 99}, 'value="99"'), ({"speaks": "xx"}, 'value="xx"')],
    ids=["text", "number", "choice"],
)
def test_what_is_no_answer_to_the_question_stands_nowhere(office, held, answers, left):
    form = began_with(office, held, answers)
    assert left not in form.page.text
    assert NOTE not in form.page.text


def test_a_wallet_sends_nothing_that_was_not_asked(office, held):
    with pytest.raises(ValueError, match="answers go to those alone who take them"):
        began_with(office, held, {"family_name": "Somebody"})


def test_a_request_that_leads_to_no_form_takes_nothing(office):
    """A program's question about the same data, and what is forwarded: nobody would see the proposal before it counts."""
    for order in (
        RequestOrder("child-benefit", None, owner="digest"),
        RequestOrder("child-benefit", None, owner="", forwarded=True),
        RequestOrder("child-benefit", None, owner="", same_device=True, response_mode="direct_post"),
    ):
        made = office.run(office.verifier.requests.make(order))
        text = office.run(office.verifier.requests.open(urlsplit(made.request_uri).path.rpartition("/")[2], None))
        expected = ExpectedRequest(office.verifier.context.client_id(Prefix.X509_HASH, ""))
        verified = office.run(
            verify_request_object(text, expected, anchors=office.wallet_anchors, now=office.clock.now)
        )
        assert verified.request.client_metadata.takes_answers == ()
