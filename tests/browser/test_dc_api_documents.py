"""Documents through the browser as ISO/IEC TS 18013-7 annex C has it, for browsers that know no other protocol."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from protocol.cbor import encode_cbor, read_cbor_map
from protocol.encoding import JsonObject
from protocol.mdoc.org_iso_mdoc import DocumentsRequest
from tests.browser.library import Library, opened
from tests.browser.test_counter import heading, never_reloaded
from tests.browser.test_dc_api import MULTISIGNED, SIGNED, UNSIGNED, asked, click, in_front
from tests.protocol.device_retrieval.samples import ISSUER
from tests.support.browser import DESKTOP
from tests.verifier.service.licences import DRIVES, LICENCE
from tests.wallet.licences import held_licence

DOCUMENTS = "org-iso-mdoc"
QUESTION = "Do you have a driving licence?"
# As in browsers that hand on nothing but documents
DOCUMENTS_ALONE = f"DigitalCredential.userAgentAllowsProtocol = (one) => one === '{DOCUMENTS}'"


@pytest.fixture
def hire(tmp_path) -> Iterator[Library]:
    """A counter that asks for driving licences."""
    with opened(tmp_path, ISSUER, use_cases=(DRIVES,)) as library:
        yield library


def choose(window, library) -> None:
    window.page.goto(library.url)
    window.page.get_by_role("button", name=QUESTION).click()
    window.page.locator("img.qr").wait_for()
    window.page.evaluate("window.sameDocument = true")


def test_a_browser_that_knows_documents_alone_is_asked_for_them_alone(chromium, hire, tmp_path):
    with in_front(chromium, hire, tmp_path / "w", size=DESKTOP, licences=[held_licence(LICENCE)]) as (window, wallet):
        window.context.add_init_script(DOCUMENTS_ALONE)
        requests = asked(window, hire, choose)
        assert list(requests) == [SIGNED, MULTISIGNED, UNSIGNED, DOCUMENTS]
        window.see("dc-api-documents")
        wallet.will_share(requests[DOCUMENTS])
        click(window)
        heading(window, "Accepted")
        assert wallet.handed_over() == {"digital": {"requests": [requests[DOCUMENTS]]}, "mediation": "required"}
        assert "Mustermann" in window.page.locator("#main").inner_text()
        assert never_reloaded(window)
        window.see("dc-api-documents-accepted")
        [entry] = [one for one in wallet.vault.log() if one.action == "sharing"]
        assert entry.party == "City library"


def test_a_browser_that_knows_all_protocols_is_asked_in_all_of_them(chromium, hire, tmp_path):
    with in_front(chromium, hire, tmp_path / "w", licences=[held_licence(LICENCE)]) as (window, wallet):
        requests = asked(window, hire, choose)
        wallet.will_share(requests[DOCUMENTS])
        click(window)
        heading(window, "Accepted")
        handed_over = wallet.handed_over()["digital"]["requests"]
        assert [one["protocol"] for one in handed_over] == [SIGNED, MULTISIGNED, UNSIGNED, DOCUMENTS]


def test_an_answer_for_another_page_is_none_and_a_fresh_question_is_asked(chromium, hire, tmp_path):
    """T167: a page that passes our question on without our signature, which would not hold there."""
    with in_front(chromium, hire, tmp_path / "w", licences=[held_licence(LICENCE, LICENCE)]) as (window, wallet):
        window.expected.append("400 (Bad Request)")
        requests = asked(window, hire, choose)
        passed_on: JsonObject = {"protocol": DOCUMENTS, "data": unsigned(requests[DOCUMENTS]["data"])}
        wallet.will_say(DOCUMENTS, wallet.answers(passed_on, "https://evil.example"))
        with window.page.expect_response("**/page-request") as response:
            click(window)
        said = "That did not work. You can try it again, or take one of the other ways."
        expect(window.page.locator("[data-page-request] [role=status]")).to_have_text(said)
        wallet.will_share(response.value.json()["requests"][-1])
        click(window)
        heading(window, "Accepted")


def unsigned(data: object) -> JsonObject:
    """The same request without its reader's signature."""
    request = DocumentsRequest.from_data(data)
    asked: Any = read_cbor_map(request.device_request, "request")
    for document in asked["docRequests"]:
        del document["readerAuth"]
    return DocumentsRequest(encode_cbor(asked), request.encryption).to_data()
