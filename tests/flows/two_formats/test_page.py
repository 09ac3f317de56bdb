"""An mdoc through the browser (Digital Credentials API): our counter's page asks, our wallet's code answers, over HTTP."""

import re

import httpx2
import pytest

from protocol.encoding import encode_json, read_json_object
from protocol.oid4vp.dc_api import PageRequest
from tests.flows.parties import CARD_DOCTYPE

pytestmark = pytest.mark.flow


class Page:
    """The counter's page in somebody's browser."""

    def __init__(self, origin, client):
        self.origin, self.client = origin, client

    def ask(self, use_case):
        """Press the button; what the page may ask through its browser, by protocol."""
        start = self.client.get("/").text
        token = re.search(r'name="form_token" value="([^"]+)"', start).group(1)
        pressed = self.client.post(
            "/ask", data={"form_token": token, "use_case": use_case}, headers=self.ours(), follow_redirects=False
        )
        self.address = pressed.headers["location"]
        page = self.client.get(self.address).text
        self.told = dict(re.findall(r'data-(page-request|page-answer|form-token)="([^"]+)"', page))
        return {one["protocol"]: one for one in self.send("page-request", {}).json()["requests"]}

    def send(self, to, body):
        content = encode_json({"form_token": self.told["form-token"], **body})
        return self.client.post(
            self.told[to], content=content, headers={"content-type": "application/json", **self.ours()}
        )

    def ours(self):
        return {"origin": self.origin, "sec-fetch-site": "same-origin"}


@pytest.fixture
def page(town):
    origin = town.verifier.address
    with httpx2.Client(base_url=origin, headers={"accept-language": "en"}, trust_env=False, timeout=10) as client:
        yield Page(origin, client)


def answer(town, page, request, origin=None):
    """What the wallet hands to the browser, as if the page were of this origin."""
    pages, run = town.wallet.wallet.pages, town.wallet.run
    seen = run(pages.look(PageRequest(request["protocol"], request["data"], origin or page.origin)))
    return seen, {"protocol": request["protocol"], "data": run(pages.share(seen, seen.default_choice()))}


@pytest.mark.parametrize("protocol", ["openid4vp-v1-signed", "openid4vp-v1-unsigned"])
def test_a_page_gets_what_it_asked_for_and_no_more(town, page, protocol):
    town.receive("card", "card-mdoc")
    seen, said = answer(town, page, page.ask("card-now")[protocol])
    [question] = seen.consent.questions
    assert [claim.path for claim in question.choices[0].claims] == [(CARD_DOCTYPE, "age_over_18")]
    assert page.send("page-answer", said).status_code == 200
    assert "Accepted" in page.client.get(page.address).text


def test_an_answer_for_another_page_is_refused(town, page):
    """T058, T059: the handover has the origin that the browser said."""
    town.receive("card-mdoc")
    request = page.ask("card-now")["openid4vp-v1-unsigned"]
    _, said = answer(town, page, request, "https://evil.example")
    refused = page.send("page-answer", said)
    assert (refused.status_code, "Accepted" in page.client.get(page.address).text) == (200, False)


def test_an_answer_to_an_earlier_request_is_refused(town, page):
    """T059"""
    town.receive("card-mdoc")
    _, said = answer(town, page, page.ask("card-now")["openid4vp-v1-unsigned"])
    page.ask("card-now")
    refused = page.send("page-answer", said)
    assert refused.status_code == 400
    assert "Accepted" not in page.client.get(page.address).text
    assert read_json_object(refused.content, "answer")["error"] == "invalid_request"
