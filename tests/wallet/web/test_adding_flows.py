"""The ways in for a link: pasted, or followed from another page on the same device, with the wallet open or closed."""

from html import unescape

import pytest

from protocol.errors import Unreachable
from tests.wallet.counterpart_agency import AGENCY, answer
from tests.wallet.counterparts import PARTNER
from tests.wallet.web.flows import ADD, follow, paste
from tests.wallet.web.visitor import Served, words_of
from wallet.policy.links import MAX_PAGE_LINK


def sent(served):
    """Everything that the wallet sent to anybody."""
    return [*served.world.agency.seen, *served.world.partner.seen]


def test_an_offer_and_a_question_are_told_apart(served, citizen):
    assert paste(citizen, served.world.agency.offer()).startswith("/receive/")
    assert paste(citizen, served.world.partner.link()).startswith("/present/")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("https://shop.example/?x", "ordinary web page (shop.example)"),
        ("Dear <b>Erika</b>", "nothing for your wallet"),
        ("", "There was no link."),
    ],
)
def test_what_is_no_link_for_wallets_is_told_kindly_and_not_opened(served, citizen, text, told):
    """T235"""
    page = citizen.post(ADD, page=ADD, link=text)
    assert page.status_code == 400
    assert told in words_of(page)
    assert "<b>" not in page.text
    assert sent(served) == []


def test_nobody_there_can_be_tried_again_with_one_click(served, citizen):
    served.world.agency.refuse["/.well-known/openid-credential-issuer"] = Unreachable("away")
    link = served.world.agency.offer()
    page = citizen.post(ADD, page=ADD, link=link)
    assert (page.status_code, "cannot be reached right now" in words_of(page)) == (502, True)
    assert "Try again" in words_of(page)
    assert 'name="link" value="openid-credential-offer://' in page.text


def test_an_invitation_and_a_question_that_are_not_good_are_told_in_plain_words(served, citizen):
    spent = "openid-credential-offer://?credential_offer_uri=https%3A%2F%2Fagency.example%2Fnone"
    page = words_of(citizen.post(ADD, page=ADD, link=spent))
    assert "This invitation cannot be used" in page
    assert "Try again" not in page
    served.world.partner.changes["nonce"] = "x"
    question = words_of(citizen.post(ADD, page=ADD, link=f"openid4vp://?client_id=x&request_uri={PARTNER}/request"))
    assert "This question cannot be answered" in question


@pytest.mark.parametrize("kind", ["offer", "question"])
def test_a_link_on_another_page_is_asked_about_before_anything_is_fetched(served, citizen, kind):
    offer = kind == "offer"
    link = served.world.agency.offer() if offer else served.world.partner.link()
    path = ("/credential-offer?" if offer else "/authorize?") + link.partition("?")[2]
    page = citizen.get(path)
    assert ("agency.example" if offer else "library.example") in words_of(page)
    assert sent(served) == []
    followed = citizen.post("/from-page", page=path, link=hidden(page))
    assert sent(served) == []
    assert "code-1" not in followed.headers["location"]
    shown = citizen.get(followed.headers["location"])
    assert shown.headers["location"].startswith("/receive/" if offer else "/present/")
    assert citizen.get(followed.headers["location"]).status_code == 404


def test_a_link_survives_that_the_wallet_is_opened_and_stands_in_no_address(served):
    """T236, T260"""
    browser = served.visitor()
    path = "/credential-offer?" + served.world.agency.offer().partition("?")[2]
    page = browser.get(path)
    closed = follow(browser, browser.post("/from-page", page=path, link=hidden(page)))
    assert "Open your wallet" in words_of(closed)
    assert "code-1" not in closed.text + str(closed.url)
    to = closed.text.partition('name="to" value="')[2].partition('"')[0]
    assert to.startswith("/from-page/")
    assert sent(served) == []
    opened = browser.post("/unlock", passphrase="correct horse battery", to=to)
    assert "City of Köln offers you a document" in words_of(follow(browser, opened))


def test_who_has_no_wallet_is_told_to_make_one_first(tmp_path, monkeypatch):
    monkeypatch.setenv("HOHEIT_ENV", "test")
    served = Served(tmp_path / "none")
    path = "/authorize?" + served.world.partner.link().partition("?")[2]
    assert "You have no wallet here yet." in words_of(served.visitor().get(path))


def test_a_link_that_is_broken_or_huge_is_refused_before_it_is_kept(served, citizen):
    """T247"""
    assert citizen.get("/authorize?x=1").status_code == 400
    assert citizen.get("/credential-offer").status_code == 400
    assert citizen.get("/authorize?client_id=" + "x" * MAX_PAGE_LINK).status_code == 413
    assert citizen.post("/from-page", page=ADD, link="x" * (MAX_PAGE_LINK + 1)).status_code == 413
    assert citizen.post(ADD, page=ADD, link="x" * 70_000).status_code == 413


def test_a_page_cannot_be_put_into_another_one_nor_write_into_ours(served, citizen):
    """T234, T235"""
    served.world.agency.refuse["/offer"] = answer({})
    query = "credential_offer_uri=https%3A%2F%2Fa.example%2F%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E"
    page = citizen.get(f"/credential-offer?{query}")
    assert "<script>alert" not in page.text
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert AGENCY not in page.text


def hidden(page):
    """The link that waits in a page's form."""
    return unescape(page.text.partition('name="link" value="')[2].partition('"')[0])
