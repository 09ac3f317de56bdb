"""A clerk changes the register: what it does is seen first, done once, and written down."""

import re
from dataclasses import replace

import pytest

from issuer.records import CredentialState
from issuer.register import HttpRegister
from issuer.renewal import RenewalPolicy
from protocol.encoding import encode_json
from protocol.exchange import HttpResponse
from tests.issuer.web.test_desk import QUICK, filled, find, post, sign_in
from tests.support.issuer import TestWallet, make_issuer, small_types

MARK = "Zzyzx"


@pytest.fixture
def desk():
    types = small_types()
    at_once = RenewalPolicy(at_once=(("given_name",),))
    return make_issuer(types={**types, "member": replace(types["member"], renewal=at_once)}).with_policy(desk=QUICK)


@pytest.fixture
def issued(desk):
    wallet = TestWallet(desk)
    wallet.issue(wallet.redeem(desk.offer()))


@pytest.fixture
def http(desk):
    with desk.browser() as browser:
        browser.headers["accept-language"] = "en"
        assert sign_in(browser, desk.clerk_code()).status_code == 303
        yield browser


def link(page, part):
    """The address on a page that ends so."""
    [found] = set(re.findall(rf'href="(/desk/people/[^"/]+/{part})"', page.text))
    return found


def to_form(http):
    """The form of a person's record, and its address."""
    address = link(find(http, "anna"), "register")
    return http.get(address), address


def test_what_a_change_does_is_seen_before_it_is_done(http, desk, issued):
    page, address = to_form(http)
    answer = post(http, address, filled(page, address, given_name=MARK, points="7"))
    confirm = http.get(answer.headers["location"])
    assert MARK in confirm.text
    assert "before: Anna" in " ".join(re.sub(r"<[^>]*>", " ", confirm.text).split())
    assert "The old one ends now." in confirm.text
    assert desk.register.read("anna")["given_name"] == "Anna"
    assert desk.store.credentials_of("anna")[0].state is CredentialState.VALID
    assert MARK not in answer.headers["location"], "no value stands in an address"

    done = post(http, answer.headers["location"], filled(confirm, answer.headers["location"]))
    assert done.status_code == 303
    assert desk.register.read("anna") == {"given_name": MARK, "points": 7}
    assert desk.store.credentials_of("anna")[0].state is CredentialState.REVOKED
    lines = desk.store.audit(limit=50, subject="anna")
    assert {"register changed", "credential revoked", "values shown"} <= {line.action for line in lines}
    assert MARK not in repr(lines)


def test_the_same_form_is_taken_once(http, desk, issued):
    page, address = to_form(http)
    answer = post(http, address, filled(page, address, points="8"))
    form = filled(http.get(answer.headers["location"]), answer.headers["location"])
    post(http, answer.headers["location"], form)
    before = desk.store.audit(limit=50)
    post(http, answer.headers["location"], form)
    assert [line for line in desk.store.audit(limit=50) if line.action == "register changed"] == [
        line for line in before if line.action == "register changed"
    ]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({}, "Nothing is different."),
        ({"given_name": " Anna "}, "Nothing is different."),
        ({"points": "many"}, "One entry is not right."),
        ({"given_name": "x" * 1001}, "One entry is not right."),
    ],
)
def test_what_is_no_change_or_cannot_be_is_said(http, desk, issued, typed, said):
    page, address = to_form(http)
    answer = post(http, address, filled(page, address, **typed))
    assert (answer.status_code, said in answer.text) == (400, True)
    assert desk.register.read("anna") == {"given_name": "Anna", "points": 7}


def test_who_has_left_is_taken_out_after_a_look(http, desk, issued):
    address = link(find(http, "anna"), "gone")
    page = http.get(address)
    assert "It ends now, for ever." in page.text
    assert desk.store.credentials_of("anna")[0].state is CredentialState.VALID
    assert post(http, address, filled(page, address)).status_code == 303
    assert desk.register.look("anna") is None
    assert desk.store.credentials_of("anna")[0].state is CredentialState.REVOKED


def test_a_change_of_another_session_is_no_page(http, desk, issued):
    page, address = to_form(http)
    answer = post(http, address, filled(page, address, points="8"))
    with desk.browser() as other:
        sign_in(other, desk.clerk_code("Herr Ott"))
        assert other.get(answer.headers["location"]).status_code == 404


def test_a_register_elsewhere_is_compared_and_not_written(desk):
    def outside(_):
        return HttpResponse(200, (("content-type", "application/json"),), encode_json({"given_name": "Anna"}))

    away = make_issuer(outside=outside).with_policy(desk=QUICK)
    away = away.with_context(register=HttpRegister("https://register.example", ""))
    with away.browser() as http:
        http.headers["accept-language"] = "en"
        sign_in(http, away.clerk_code())
        page = find(http, "anna")
        address = re.findall(r'action="(/desk/people/[^"/]+/compare)"', page.text)[0]
        assert "Something is different" not in page.text
        assert post(http, address, filled(page, address)).status_code == 303
        assert http.get(address.replace("/compare", "/register")).status_code == 404
