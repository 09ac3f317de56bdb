"""Documents through the browser as ISO/IEC TS 18013-7 annex C has it: issued, asked for by a page, shown and judged."""

import json
import re
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from protocol.oid4vp.dc_api import PageRequest
from tests.flows.browser import Page

pytestmark = pytest.mark.flow

DOCUMENTS = "org-iso-mdoc"


class Counter:
    """The counter's page in a browser, which begins a question and calls what its script would call."""

    def __init__(self, client, origin, use_case):
        self.client, self.origin = client, origin
        start = Page(self.client.get(f"{origin}/"))
        form = next(form for form in start.forms if ("use_case", use_case) in [*form.fields.items(), *form.buttons])
        self.page = self.client.post(form.action, data={**form.fields, "use_case": use_case})
        self.told = dict(re.findall(r'data-(page-request|page-answer|form-token)="([^"]+)"', self.page.text))

    def _send(self, name, **body):
        return self.client.post(
            f"{self.origin}{self.told[name]}",
            content=json.dumps({"form_token": self.told["form-token"], **body}),
            headers={"content-type": "application/json"},
        )

    def asks(self) -> dict[str, Any]:
        """What the page hands to its browser, by protocol."""
        answer = self._send("page-request")
        assert answer.status_code == 200
        return {one["protocol"]: one["data"] for one in answer.json()["requests"]}

    def hands_over(self, data, protocol=DOCUMENTS) -> int:
        """Send on what the browser handed over; the status."""
        answer = self._send("page-answer", protocol=protocol, data=data)
        return int(answer.status_code)

    def shows(self) -> str:
        """What a person reads on it now."""
        return Page(self.client.get(str(self.page.url))).text


@pytest.fixture
def begin(town):
    """Begin a question on the counter's page."""
    origin = town.verifier.address
    headers = {"accept-language": "en", "origin": origin, "sec-fetch-site": "same-origin"}
    with httpx2.Client(follow_redirects=True, trust_env=False, timeout=10, headers=headers) as client:
        yield lambda use_case="card-now": Counter(client, origin, use_case)


def seen_by(town, page, data, origin=None):
    pages = town.wallet.wallet.pages
    return town.wallet.run(pages.look(PageRequest(DOCUMENTS, data, origin or page.origin)))


def shared(town, seen):
    return town.wallet.run(town.wallet.wallet.pages.share(seen, seen.default_choice()))


def test_a_document_is_asked_for_shown_and_judged(town, begin):
    town.receive("card-mdoc")
    page = begin()
    seen = seen_by(town, page, page.asks()[DOCUMENTS])
    assert (seen.consent.asker.name, seen.consent.asker.host) == ("Cinema", urlsplit(page.origin).netloc)
    assert page.hands_over(shared(town, seen)) == 200
    assert "Accepted" in page.shows()


def test_a_no_ends_the_question(town, begin):
    """T168"""
    town.receive("card-mdoc")
    page = begin()
    seen = seen_by(town, page, page.asks()[DOCUMENTS])
    assert page.hands_over(town.wallet.run(town.wallet.wallet.pages.decline(seen))) == 200
    assert "Nothing was shared" in page.shows()


def test_an_answer_to_another_view_is_none_and_the_next_one_counts(town, begin):
    """T191"""
    town.receive("card-mdoc")
    page = begin()
    first, second = page.asks()[DOCUMENTS], page.asks()[DOCUMENTS]
    assert page.hands_over(shared(town, seen_by(town, page, first))) == 400
    assert page.hands_over(shared(town, seen_by(town, page, second))) == 200
    assert "Accepted" in page.shows()


def test_an_answer_counts_once(town, begin):
    """T179"""
    town.receive("card-mdoc")
    page = begin()
    data = shared(town, seen_by(town, page, page.asks()[DOCUMENTS]))
    assert [page.hands_over(data), page.hands_over(data)] == [200, 400]


def test_a_question_for_another_form_is_not_asked_so(begin):
    page = begin("over-18-now")
    assert len(page.asks()) == 3
    assert DOCUMENTS not in page.asks()
