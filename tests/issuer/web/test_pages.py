"""The issuer's pages: a person logs in from the wallet's browser, and what no other page can make of that."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.issuer.api.calls import par_form
from tests.support.issuer import ACTOR, CLIENT_ID, IDENTIFIER, REDIRECT_URI, make_issuer

FROM_OUR_PAGE = {"origin": IDENTIFIER, "sec-fetch-site": "same-origin"}


@pytest.fixture
def desk():
    return make_issuer()


@pytest.fixture
def http(desk):
    with desk.browser() as client:
        yield client


@pytest.fixture
def letter(desk):
    return desk.run(desk.issuer.authorization.write_letter("anna", ACTOR))


@pytest.fixture
def request_uri(http):
    return http.post("/par", data=par_form()).json()["request_uri"]


def open_login(http, request_uri, client_id=CLIENT_ID):
    return http.get("/authorize", params={"client_id": client_id, "request_uri": request_uri})


def filled(page, **fields):
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))
    return {**hidden, **fields}


def send(http, form, **headers):
    return http.post("/authorize", data=form, headers={**FROM_OUR_PAGE, **headers})


def test_the_letter_s_code_leads_back_to_the_wallet(http, request_uri, letter):
    """T099, T260: the address has what OAuth needs there, and nothing about the person."""
    page = open_login(http, request_uri)
    assert "Anna" not in page.text
    answer = send(http, filled(page, letter_code=letter))
    assert answer.status_code == 303
    target = answer.headers["location"]
    assert target.startswith(REDIRECT_URI + "?")
    assert set(parse_qs(urlsplit(target).query)) == {"code", "iss", "state"}
    assert letter not in target
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"


def test_a_wrong_code_is_said_in_plain_words_and_not_repeated(http, request_uri):
    """T259, T260"""
    answer = send(http, filled(open_login(http, request_uri), letter_code="wrong"))
    assert answer.status_code == 400
    assert "Dieser Code stimmt nicht. Es ist nichts verloren." in answer.text
    assert "wrong" not in answer.text


@pytest.mark.parametrize(
    ("change", "headers"),
    [
        ({"form_token": ""}, {}),
        ({"form_token": "0" * 64}, {}),
        ({}, {"origin": "https://evil.example"}),
        ({}, {"sec-fetch-site": "cross-site"}),
        ({}, {"cookie": "a=b"}),
    ],
)
def test_nobody_else_logs_in_in_a_persons_name(http, request_uri, letter, change, headers):
    """T119, T233"""
    form = filled(open_login(http, request_uri), letter_code=letter, **change)
    assert send(http, form, **headers).status_code == 403
    assert send(http, filled(open_login(http, request_uri), letter_code=letter)).status_code == 303


def test_a_double_click_gives_one_grant(http, request_uri, letter):
    """T119: the second click is answered like the first, by the same code."""
    form = filled(open_login(http, request_uri), letter_code=letter)
    first, second = (send(http, form) for _ in range(2))
    assert (first.status_code, first.headers["location"]) == (second.status_code, second.headers["location"])


@pytest.mark.parametrize("client_id", [CLIENT_ID, "other"])
@pytest.mark.parametrize("changed", ["urn:ietf:params:oauth:request_uri:x", "", "https://evil.example/request"])
def test_an_unknown_request_is_told_here_and_leads_nowhere(http, changed, client_id):
    """T095, T097, T234"""
    page = open_login(http, changed, client_id)
    assert page.status_code == 400
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert "evil" not in page.text
    assert "location" not in page.headers


def test_saying_no_is_told_to_the_wallet(http, request_uri):
    target = send(http, filled(open_login(http, request_uri), cancel="1")).headers["location"]
    assert parse_qs(urlsplit(target).query)["error"] == ["access_denied"]


def test_the_page_of_an_offer_has_its_code_and_no_address_with_a_secret(http, desk):
    """T260"""
    made = desk.offer(tx_code=True)
    page = http.get(urlsplit(made.page).path)
    assert page.status_code == 200
    assert made.tx_code not in page.text
    assert (made.offer.pre_authorized_code or "") not in page.text
    [code] = re.findall(r'src="([^"]+qr\.svg)"', page.text)
    picture = http.get(code)
    assert picture.headers["content-type"] == "image/svg+xml"
    assert "Anna" not in page.text + picture.text


def test_the_page_of_an_offer_is_told_what_happens(http, desk):
    made = desk.offer()
    [events] = re.findall(r'data-live="([^"]+)"', http.get(urlsplit(made.page).path).text)
    with http.stream("GET", events) as stream:
        lines = stream.iter_lines()
        assert "data: offered" in [next(lines) for _ in range(4)]
        desk.run(desk.issuer.offers.withdraw(made.id, ACTOR))
        assert "data: withdrawn" in [next(lines) for _ in range(3)]
    assert "data-live" not in http.get(urlsplit(made.page).path).text
    assert http.get("/offers/unknown/events").status_code == 404


def test_cards_have_the_colours_of_their_types(http):
    sheet = http.get("/looks.css")
    assert sheet.headers["content-type"].startswith("text/css")
    assert ".look-member { background-color: #" in sheet.text


def test_the_page_of_an_offer_leads_its_script_to_what_wallets_fetch(http, desk):
    """OID4VCI 1.0 §4.1.1: the offer itself is what a browser hands on; the page holds nothing of it."""
    made = desk.offer()
    page = http.get(urlsplit(made.page).path)
    [address] = re.findall(r'data-offer="([^"]+)"[^>]* hidden>', page.text)
    assert http.get(address).json() == made.offer.to_dict()
    assert "digital-credentials-create=(self)" in page.headers["permissions-policy"]
