"""Services as a person meets them: begun in a browser or at the wallet, filled in, left, resumed, sent, decided."""

import re

import pytest

from capabilities.accounts.service import new_clerk_code
from protocol.errors import NotFound
from protocol.exchange import HttpResponse
from protocol.oid4vp.client_id import Prefix
from protocol.oid4vp.response import ErrorResponse
from runtime.conversation import SessionKey, load
from tests.support.services import IBAN, service_verifier
from tests.support.verifier import HOST, IDENTIFIER, answer_link, wallet_drive
from tests.verifier.web.people import Browser, shown
from verifier.session import AWAITED, REQUEST_URI

HOME = "/services/child-benefit"


@pytest.fixture
def office(tmp_path, agency):
    made = service_verifier(f"sqlite:///{tmp_path}/verifier.db", agency.anchors)
    yield made
    made.close()


@pytest.fixture
def citizen(office):
    browser = Browser(office)
    browser.get(HOME)
    return browser


def begin(citizen, way="there"):
    return citizen.press(f"{HOME}/begin", way=way)


def version(citizen):
    return re.search(r'name="version" value="(\d+)"', citizen.page.text)[1]


def fill(citizen, **fields):
    return citizen.press(f"{HOME}/form", version=version(citizen), **fields)


def show_wallet(office, citizen, held):
    """Show what is asked, by the code on this page."""
    begin(citizen)
    shown(office, citizen.asked(), held)
    return citizen.get(f"{HOME}/wallet")


def sent_with_wallet(office, citizen, held):
    show_wallet(office, citizen, held)
    fill(citizen, child_name="Mia", iban=IBAN)
    return citizen.press(f"{HOME}/send", version=version(citizen))


def clerk(office, name="Ada"):
    code, kept = new_clerk_code(name, now=office.clock.now, random_bytes=office.verifier.context.random_bytes)
    office.store.clerk_codes.put(kept)
    browser = Browser(office)
    browser.get("/desk/login")
    browser.press("/desk/login", code=code)
    return browser


def case_number(page):
    return re.search(r'class="code">([A-Z0-9-]+)<', page.text)[1]


def test_what_the_wallet_shows_is_not_asked_and_stands_with_its_source(office, citizen, held):
    page = show_wallet(office, citizen, held)
    assert "Mustermann" in page.text
    assert "Residents&#39; office" in page.text
    assert 'name="family_name"' not in page.text
    assert 'name="child_name"' in page.text
    assert "https://residents.example/correct" in page.text


def test_a_service_is_sent_decided_and_told(office, citizen, held):
    page = sent_with_wallet(office, citizen, held)
    assert "Everything has arrived" in page.text
    assert "Mustermann" not in page.text
    address, number = citizen.address(), case_number(page)
    desk = clerk(office)
    desk.get("/desk")
    assert number in desk.page.text
    page = desk.get(f"/desk/cases/{number}")
    for text in ("Mustermann", "Mia", IBAN, "Identity card", "Your own statement"):
        assert text in page.text
    once = re.search(r'name="once" value="([^"]+)"', page.text)[1]
    page = desk.press(
        f"/desk/cases/{number}",
        once=once,
        state="granted",
        text="It begins in May.",
        offer="openid-credential-offer://?a=b",
    )
    assert "It begins in May." in page.text
    page = citizen.get(address)
    assert "It begins in May." in page.text
    assert "openid-credential-offer://?a=b" in page.text


def test_by_hand_everything_is_asked_and_counts_as_stated(office, citizen):
    begin(citizen, "hand")
    for name in ("family_name", "child_name", "iban", "children", "speaks"):
        assert f'name="{name}"' in citizen.page.text
    page = fill(citizen, family_name="Beispiel", child_name="Mia", iban=IBAN, children="2", speaks="en")
    assert "Is everything right?" in page.text
    assert "Identity card" not in page.text
    page = citizen.press(f"{HOME}/send", version=version(citizen))
    page = clerk(office).get(f"/desk/cases/{case_number(page)}")
    assert "This was filled in by hand" in page.text
    assert "English" in page.text


def test_what_is_typed_wrong_is_named_and_the_rest_is_kept(citizen):
    begin(citizen, "hand")
    page = fill(citizen, family_name="Beispiel", child_name="Mia", iban="short", children="many")
    assert page.status_code == 400
    assert "2 fields are not right yet" in page.text
    assert 'value="Beispiel"' in page.text
    assert 'value="many"' in page.text
    page = fill(citizen, family_name="Beispiel", child_name="Mia", iban=IBAN, children="2")
    assert "Is everything right?" in page.text


def test_a_form_is_left_and_resumed_in_the_same_browser_and_no_other(office, citizen, held):
    """T237."""
    show_wallet(office, citizen, held)
    page = fill(citizen, iban=IBAN, later="yes")
    assert "You have begun already" in page.text
    office.clock.forward(6 * 86_400)
    page = citizen.get(f"{HOME}/form")
    assert IBAN in page.text
    assert "Mustermann" in page.text
    other = Browser(office)
    assert other.get(f"{HOME}/form").status_code == 404
    assert "You have begun already" not in other.get(HOME).text
    office.clock.forward(8 * 86_400)
    office.store.sweep(now=office.clock.now, limit=100)
    assert citizen.get(f"{HOME}/form").status_code == 404


def test_a_service_begun_at_the_wallet_goes_on_in_the_browser_that_it_leads_to(office, held):
    """T183."""
    context = office.verifier.context
    address = f"{IDENTIFIER}{HOME}/start"
    link = f"openid4vp://?client_id={context.client_id(Prefix.X509_HASH, '')}&request_uri={address}&request_uri_method=post"
    back = wallet_drive(
        answer_link(link, held, anchors=office.wallet_anchors, now=office.clock.now), {HOST: office.app}
    ).redirect_uri
    browser = Browser(office)
    assert "Mustermann" in browser.get(back).text
    other = Browser(office)
    assert other.get(back).status_code == 404
    assert "Mustermann" not in other.page.text
    assert browser.get(back).status_code == 404


def test_a_browser_that_opens_the_start_address_is_led_to_the_page(office):
    page = Browser(office).go("GET", f"{HOME}/start", headers={"accept": "text/html"})
    assert (page.status_code, page.headers["location"]) == (303, HOME)
    assert Browser(office).go("GET", "/services/nothing/start").status_code == 404


def test_a_script_in_a_field_is_shown_harmlessly(office, citizen):
    evil = "<script>alert(1)</script>"
    begin(citizen, "hand")
    page = fill(citizen, family_name=evil, child_name=evil, iban=IBAN)
    assert evil not in page.text
    page = citizen.press(f"{HOME}/send", version=version(citizen))
    page = clerk(office).get(f"/desk/cases/{case_number(page)}")
    assert evil not in page.text
    assert "&lt;script&gt;" in page.text


def test_a_webhook_is_told_without_a_value_and_may_decide(office, citizen, held):
    page = sent_with_wallet(office, citizen, held)
    answer = b'{"state": "granted", "text": "Decided at once."}'
    office.network.answers["https://system.example/hook"] = HttpResponse(
        200, (("content-type", "application/json"),), answer
    )
    assert office.run(office.verifier.notices.deliver()) == 1
    assert "Decided at once." in citizen.get(citizen.address()).text
    assert page.status_code == 200


def test_what_is_wrong_is_not_left_behind_unsaid(citizen):
    begin(citizen, "hand")
    page = fill(citizen, iban="short", later="yes")
    assert page.status_code == 400
    assert 'value="short"' in page.text


def test_a_wallet_that_says_no_leads_to_a_page_that_goes_on(office, citizen):
    begin(citizen, "here")
    link, context = citizen.link(), office.verifier.context
    assert "request_uri" in link
    reference = context.reference(asked_by(office, citizen))
    stage = office.run(load(SessionKey.of(REQUEST_URI, reference), NotFound("none"), AWAITED))
    accepted = office.run(office.verifier.answers.receive(reference, _error_form(office, stage)))
    page = citizen.get(accepted.redirect_uri)
    assert "Nothing was shared" in page.text
    assert f'href="{HOME}/form"' in page.text
    citizen.get(f"{HOME}/form")
    assert 'name="family_name"' in citizen.page.text


def asked_by(office, citizen):
    """The question of this browser's form."""
    secret = next(value for name, value in citizen.cookies.items() if name.endswith("_s_child-benefit"))
    return office.run(office.verifier.forms.open("child-benefit", secret)).draft.asked


def _error_form(office, stage):
    request = office.verifier.requests.authorization_request(stage)
    return ErrorResponse("access_denied", state=request.state).to_form()


def test_no_form_is_taken_from_another_site_or_another_visit(office, citizen):
    """T233."""
    begin(citizen, "hand")
    fields = {"version": "1", "iban": IBAN}
    token = re.search(r'name="form_token" value="([^"]+)"', citizen.page.text)[1]
    for path in ("form", "send", "wallet", "drop"):
        for form, headers in (
            (fields, {}),
            ({**fields, "form_token": "guess"}, {}),
            ({**fields, "form_token": token}, {"origin": "https://evil.example"}),
            ({**fields, "form_token": token}, {"sec-fetch-site": "cross-site"}),
        ):
            assert citizen.go("POST", f"{HOME}/{path}", data=form, headers=headers).status_code == 403
    stranger = Browser(office)
    stranger.get(HOME)
    form = {**fields, "form_token": token}
    assert stranger.go("POST", f"{HOME}/form", data=form).status_code == 403
    page = citizen.get(f"{HOME}/form")
    assert IBAN not in page.text


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"iban": "x" * 300_000}, 413),
        ({f"field{n}": "x" for n in range(120)}, 400),
        ({"family_name": "a\x00b"}, 400),
        ({"unknown": "x"}, 400),
        ({"version": "-1"}, 400),
        ({"version": "9" * 40}, 400),
        ({"version": "7"}, 409),
    ],
)
def test_a_huge_or_odd_form_is_refused_and_changes_nothing(citizen, fields, status):
    """T224, T246."""
    begin(citizen, "hand")
    page = citizen.press(f"{HOME}/form", **{"version": "1", **fields})
    assert page.status_code == status
    page = citizen.get(f"{HOME}/form")
    assert version(citizen) == "1"


def test_the_address_of_a_case_cannot_be_guessed_and_the_number_opens_nothing(office, citizen, held):
    """T237, T260."""
    page = sent_with_wallet(office, citizen, held)
    number = case_number(page)
    assert number not in citizen.address()
    for guess in (number, "x", "x" * 3000, "%2e%2e"):
        assert Browser(office).get(f"/cases/{guess}").status_code == 404
        assert Browser(office).get(f"/cases/{guess}/qr.svg").status_code in {404, 405}


def test_every_page_of_the_desk_is_behind_its_door(office, citizen, held):
    """T230."""
    number = case_number(sent_with_wallet(office, citizen, held))
    pages = ["", "/decided", "/before/x", "/decided/before/x", f"/cases/{number}"]
    for page in pages:
        found = Browser(office).go("GET", f"/desk{page}")
        assert (found.status_code, found.headers["location"]) == (303, "/desk/login")
    for deed in ("/find", f"/cases/{number}", "/logout"):
        found = Browser(office).go("POST", f"/desk{deed}", data={"state": "granted"})
        assert (found.status_code, found.headers["location"]) == (303, "/desk/login")
    desk = clerk(office)
    desk.get(f"/desk/cases/{number}")
    once = re.search(r'name="once" value="([^"]+)"', desk.page.text)[1]
    assert desk.press(f"/desk/cases/{number}", once=once, state="needs_more", text="One thing.").status_code == 200
    assert desk.press(f"/desk/cases/{number}", once=once, state="granted").status_code == 409
    office.store.clerk_codes.revoke("Ada")
    assert "Waiting cases" not in desk.get("/desk").text


def test_a_form_can_be_erased_before_it_is_sent(office, citizen):
    begin(citizen, "hand")
    citizen.get(HOME)
    forms = re.findall(r'action="([^"]+)"', citizen.page.text)
    assert f"{HOME}/drop" in forms
    page = citizen.press(f"{HOME}/drop")
    assert "You have begun already" not in page.text
    assert citizen.get(f"{HOME}/form").status_code == 404
