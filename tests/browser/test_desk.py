"""A clerk's day at the desk: signing in, finding a person, offering, watching, suspending, revoking, looking it all up."""

import re
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import expect

from issuer.app import SHIPPED_TYPES
from issuer.credential_types import read_types
from issuer.people import read_people
from protocol.oauth.authorization import AuthorizationRequest
from protocol.oid4vci.notification import ACCEPTED
from runtime.serve import Listen, running
from tests.issuer.api.calls import par_form
from tests.support.browser import DESKTOP, read_code
from tests.support.issuer import CLERK, CLIENT_ID, TestWallet, make_issuer
from tests.support.ports import free_port
from tests.support.tree import ROOT

TYPES = ("pid", "residence", "diploma")
TOWN = ROOT / "hoheit/demo/town/people.csv"


@pytest.fixture(scope="module")
def agency(tmp_path_factory):
    """An office that is open, with the people of the demo town in its register."""
    port = free_port()
    shipped = read_types(SHIPPED_TYPES)
    desk = make_issuer(
        f"sqlite:///{tmp_path_factory.mktemp('desk') / 'issuer.sqlite'}",
        types={name: shipped[name] for name in TYPES},
        identifier=f"http://agency.localhost:{port}",
    )
    desk.register.put(read_people(TOWN.read_bytes(), shipped.values()))
    with running(desk.app(), Listen(port=port)):
        yield desk


@pytest.fixture
def address(agency):
    return f"{agency.issuer.context.identifier}/desk"


@pytest.fixture
def window(chromium):
    with chromium.window(size=DESKTOP) as window:
        yield window


@pytest.fixture
def page(window, agency, address):
    """The start page of a clerk who has signed in."""
    window.page.goto(address)
    window.page.get_by_label("Your sign-in code").fill(agency.clerk_code())
    window.page.get_by_role("button", name="Sign in").click()
    expect(window.page.get_by_role("heading", level=1)).to_have_text("Find a person")
    return window.page


def narrow(window):
    """The page is good on the smallest phone, and at 400 % on a desk's screen, which is as narrow (WCAG 2.2, 1.4.10)."""
    window.page.set_viewport_size({"width": 320, "height": 640})
    window.axe()
    window.page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})


def find(page, name):
    page.get_by_label("Name or id").fill(name)
    page.get_by_role("button", name="Search").click()
    page.get_by_role("listitem").filter(has_text="Erika Maria").get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Erika Maria Mustermann")


def invite(page, how="Invite now, with a code"):
    page.locator(".pass").get_by_role("link", name="Proof of residence").click()
    page.get_by_role("button", name=how).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The person scans this code with their wallet")


def take(agency, page):
    """A wallet that scans what is on the clerk's screen and is told the number: it may ask for the document now."""
    page.get_by_text("Show the number for the wallet").click()
    number = page.locator(".code").inner_text().replace(" ", "")
    reference = parse_qs(urlsplit(read_code(page.locator(".qr"))).query)["credential_offer_uri"][0].rsplit("/", 1)[1]
    offer = agency.run(agency.issuer.offers.fetch(reference))
    wallet = TestWallet(agency)
    return wallet, wallet.redeem_code(offer.pre_authorized_code, tx_code=number)


def test_a_document_is_offered_and_seen_to_be_accepted(window, page, agency):
    window.see("desk-start")
    page.get_by_label("Name or id").fill("mustermann")
    page.get_by_role("button", name="Search").click()
    window.see("desk-found")
    assert "uster" not in page.url
    find(page, "erika must")
    window.see("desk-person")
    narrow(window)
    page.locator(".pass").get_by_role("link", name="Proof of residence").click()
    expect(page.get_by_text("Lindenallee 12", exact=True)).to_be_visible()
    window.see("desk-preview")
    narrow(window)
    page.get_by_role("button", name="Invite now, with a code").click()
    expect(page.get_by_text("Waiting for the wallet")).to_be_visible()
    window.see("desk-invitation")
    narrow(window)
    page.get_by_role("link", name="Full screen for the person").click()
    expect(page.locator(".qr")).to_be_visible()
    assert page.locator(".code").count() == 0
    window.see("desk-screen")
    page.get_by_role("link", name="Back to the desk").click()
    wallet, tokens = take(agency, page)
    expect(page.get_by_role("heading", level=1)).to_have_text("The wallet has opened the invitation")
    window.see("desk-opened")
    issued = wallet.issue(tokens, "residence")
    wallet.notify(tokens, issued.notification_id or "", ACCEPTED)
    expect(page.get_by_role("heading", level=1)).to_have_text("Accepted: the document is in the wallet")
    window.see("desk-accepted")


def test_a_document_rests_holds_again_and_ends_with_reasons_that_are_kept(window, page, agency):
    find(page, "erika")
    invite(page)
    wallet, tokens = take(agency, page)
    wallet.issue(tokens, "residence")
    page.get_by_role("link", name="Documents").click()
    window.see("desk-documents")
    narrow(window)
    page.get_by_role("main").get_by_role("link", name="Proof of residence").first.click()
    window.see("desk-document")
    page.get_by_role("link", name="Suspend").click()
    window.see("desk-suspend")
    page.get_by_label("The device was lost or stolen").check()
    page.get_by_label("In your own words").fill("on the tram")
    page.get_by_role("button", name="Suspend").click()
    expect(page.get_by_role("status")).to_have_text(re.compile("suspended"))
    expect(page.locator("dl")).to_contain_text("on the tram")
    window.see("desk-suspended")
    page.get_by_role("link", name="Reinstate").click()
    expect(page.get_by_text("The device was lost or stolen: on the tram")).to_be_visible()
    window.see("desk-reinstate")
    page.get_by_label("It was a mistake of ours").check()
    page.get_by_role("button", name="Reinstate").click()
    expect(page.get_by_role("status")).to_have_text(re.compile("valid"))
    page.get_by_role("link", name="Revoke").click()
    page.get_by_role("radio", name="Another reason").check()
    page.get_by_role("button", name="Revoke for ever").click()
    expect(page.get_by_role("alert")).to_be_visible()
    window.expected.append("status of 400")
    expect(page.get_by_label("In your own words")).to_be_focused()
    window.see("desk-revoke")
    narrow(window)
    page.get_by_label("In your own words").fill("moved away")
    page.get_by_role("button", name="Revoke for ever").click()
    expect(page.get_by_role("status")).to_have_text(re.compile("revoked"))
    window.see("desk-revoked")
    page.get_by_role("link", name="What was done for this person").click()
    page.wait_for_load_state()
    lines = page.get_by_role("main").get_by_role("listitem").all_inner_texts()
    assert [line.split("\n")[0] for line in lines[:4]] == [
        "Document revoked · Another reason: moved away",
        "Wallet can renew no more",
        "Document reinstated · It was a mistake of ours",
        "Document suspended · The device was lost or stolen: on the tram",
    ]
    assert all(CLERK in line for line in lines[:4])
    window.see("desk-audit")
    narrow(window)


def test_a_letter_has_an_address_and_a_code_and_is_printed(window, page):
    find(page, "erika")
    page.get_by_role("button", name="Write a letter").click()
    expect(page.locator(".letter .code")).to_have_text(re.compile("^([A-Z2-9]{4}-){3}[A-Z2-9]{4}$"))
    expect(page.locator(".letter-to")).to_contain_text("00815 Lindenau")
    window.see("desk-letter")
    page.emulate_media(media="print")
    expect(page.get_by_role("button", name="Print")).to_be_hidden()
    window.shoot("desk-letter-print")
    page.emulate_media(media="screen")
    window.expected.append("status of 410")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("This letter was shown already")
    assert page.locator(".code").count() == 0
    window.see("desk-letter-shown")
    narrow(window)
    page.get_by_role("button", name="Write a new letter").click()
    expect(page.locator(".letter .code")).to_be_visible()


def test_an_invitation_is_taken_back(window, page):
    find(page, "erika")
    invite(page, "Invite, log in by letter")
    assert page.locator(".code").count() == 0
    page.get_by_role("button", name="Take the invitation back").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The invitation is taken back")
    window.see("desk-withdrawn")


def test_after_signing_out_the_back_button_shows_nothing(window, page, address):
    """T236"""
    find(page, "erika")
    seen = page.url
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()
    window.see("desk-signed-out")
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Desk: sign in")
    page.goto(seen)
    expect(page.get_by_role("heading", level=1)).to_have_text("Desk: sign in")


def test_the_keyboard_alone_signs_in_and_finds_a_person(window, agency, address):
    page = window.page
    page.goto(address)
    window.see("desk-sign-in")
    expect(page.locator("[autofocus]")).to_be_focused()
    page.keyboard.type(agency.clerk_code().lower().replace("-", " "))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Find a person")
    expect(page.locator("[autofocus]")).to_be_focused()
    page.keyboard.type("Erika")
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 person found")).to_be_visible()
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "Erika Maria Mustermann":
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Erika Maria Mustermann")


def test_a_wrong_code_is_said_in_plain_words(window, address):
    window.expected.append("status of 400")
    window.page.goto(address)
    window.page.get_by_label("Your sign-in code").fill("AAAA-BBBB")
    window.page.get_by_role("button", name="Sign in").click()
    expect(window.page.get_by_role("alert")).to_contain_text("This code is not right")
    window.see("desk-wrong-code")


@pytest.mark.parametrize("name", ["start", "person", "screen"])
def test_the_desk_speaks_german_too(chromium, agency, address, name):
    with chromium.window(size=DESKTOP, language="de") as window:
        page = window.page
        page.goto(address)
        page.get_by_label("Ihr Anmeldecode").fill(agency.clerk_code())
        page.get_by_role("button", name="Anmelden").click()
        if name != "start":
            page.get_by_label("Name oder Kennung").fill("max")
            page.get_by_role("button", name="Suchen").click()
            page.get_by_role("listitem").get_by_role("link", name="Max Mustermann").click()
        if name == "screen":
            page.get_by_role("link", name="Meldebestätigung").click()
            page.get_by_role("button", name="Jetzt einladen").click()
            page.get_by_role("link", name="Groß anzeigen").click()
            expect(page.get_by_text("Scannen Sie diesen Code")).to_be_visible()
        window.see(f"desk-german-{name}")


def test_the_page_of_an_invitation_follows_the_wallet(chromium, agency):
    made = agency.offer("residence", subject="erika")
    with chromium.window() as window:
        page = window.page
        page.goto(made.page)
        expect(page.get_by_role("link", name="My wallet is on this device")).to_be_visible()
        window.see("offer")
        wallet = TestWallet(agency)
        tokens = wallet.redeem(made)
        expect(page.get_by_role("heading", level=1)).to_have_text("Your wallet is getting the document")
        window.see("offer-waiting")
        issued = wallet.issue(tokens, "residence")
        wallet.notify(tokens, issued.notification_id or "", ACCEPTED)
        expect(page.get_by_role("heading", level=1)).to_have_text("Done: the document is in your wallet")
        window.see("offer-done")


def test_the_page_of_an_invitation_follows_the_wallet_without_scripts_too(chromium, agency):
    made = agency.offer("residence", subject="erika")
    with chromium.window(scripts=False) as window:
        window.page.goto(made.page)
        agency.run(agency.issuer.offers.withdraw(made.id, CLERK))
        expect(window.page.get_by_role("heading", level=1)).to_have_text("This invitation was taken back")


class Landing(BaseHTTPRequestHandler):
    """Where a wallet waits for its person to come back."""

    def do_GET(self):
        """Say that they are back."""
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>Back</title><link rel=icon href=data:,>Back in the wallet")

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def landing():
    """The address at which a wallet waits."""
    with HTTPServer(("127.0.0.1", 0), Landing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/back"
        server.shutdown()


def test_a_person_logs_in_with_a_letter_or_says_no_and_is_back_in_the_wallet(chromium, agency, landing):
    authorization = agency.issuer.authorization

    def login(page):
        request = AuthorizationRequest.from_form(par_form(scope="residence", redirect_uri=landing))
        pushed = agency.run(authorization.push(request, None))
        query = urlencode({"client_id": CLIENT_ID, "request_uri": pushed.request_uri})
        page.goto(f"{agency.issuer.context.identifier}/authorize?{query}")

    def came_back(page):
        page.wait_for_url(f"{landing}?**")
        expect(page.get_by_text("Back in the wallet")).to_be_visible()
        return parse_qs(urlsplit(page.url).query)

    with chromium.window() as window:
        page = window.page
        login(page)
        window.see("login")
        page.get_by_role("button", name="Cancel").click()
        assert came_back(page)["error"] == ["access_denied"]
        window.expected.append("status of 400")
        login(page)
        page.get_by_label("Code from the letter").fill("WRONG")
        page.get_by_role("button", name="Go on").click()
        expect(page.get_by_role("alert")).to_contain_text("You have 4 tries left")
        window.see("login-wrong")
        page.get_by_label("Code from the letter").fill(agency.run(authorization.write_letter("erika", CLERK)).lower())
        page.get_by_role("button", name="Go on").click()
        assert "code" in came_back(page)


def test_what_is_not_there_says_so_and_leads_on(window, page, address):
    window.expected += ["status of 404", "status of 400"]
    page.goto(f"{address}/documents/none")
    window.see("desk-refused")
    page.get_by_role("link", name="To the start of the desk").click()
    page.wait_for_url(address)
    page.goto(f"{address.removesuffix('/desk')}/authorize?client_id=wallet&request_uri=urn:none")
    assert page.get_by_role("heading", level=1).inner_text() == "This page is not good any more"
    window.see("login-refused")
