"""Notes of a wallet reach the form of a service that needs no document: sealed, once, and as a proposal."""

import re
from dataclasses import replace
from urllib.parse import urlencode, urlsplit

import pytest

from protocol.errors import InvalidRequest, NotFound
from protocol.exchange import HttpResponse
from protocol.keys import P256Key
from protocol.oid4vp.request_object import MEDIA_TYPE as REQUEST
from protocol.sovereignty.form_invitation import (
    LIFETIME,
    MEDIA_TYPE,
    ask_for_invitation,
    bring_notes,
    read_form_address,
    seal_notes,
    verify_form_invitation,
)
from protocol.trust.anchors import Role, TrustAnchors
from tests.support.pki import Template, make_pki, seeded, seeded_key
from tests.support.services import IBAN, OTHER, SERVICE, service_verifier
from tests.support.verifier import HOST, IDENTIFIER
from tests.verifier.web.people import Browser

HOME = "/services/allowance"
NONCE = "fresh-nonce-of-the-wallet"
ACCESS = make_pki(
    Template(
        common_name="Familienkasse", identifier="NTRDE-HRB 4711", country="DE", dns_names=(HOST,), uris=(IDENTIFIER,)
    ),
    role=Role.VERIFIER,
    key=seeded_key(5),
)


@pytest.fixture
def office(tmp_path, agency):
    texts = {"child-benefit": SERVICE, "allowance": OTHER}
    made = service_verifier(f"sqlite:///{tmp_path}/verifier.db", agency.anchors, texts, access=ACCESS)
    yield made
    made.close()


def ask(office, service="allowance", accept=MEDIA_TYPE, nonce=NONCE):
    form = {"wallet_nonce": nonce} if nonce else {}
    return office.http("POST", f"/services/{service}/start", data=form, headers={"accept": accept})


def invited(office):
    """What the wallet knows then."""
    response = ask(office)
    service = replace(office.verifier.forms.service("allowance").announced, start=f"{IDENTIFIER}{HOME}/start")
    assert dict(ask_for_invitation(service, NONCE).headers)["accept"] == MEDIA_TYPE
    return verify_form_invitation(
        HttpResponse(response.status_code, (("content-type", response.headers["content-type"]),), response.content),
        service, NONCE, anchors=TrustAnchors([ACCESS.anchor]), now=office.clock.now,
    ).invitation  # fmt: skip


def bring(office, form, service="allowance"):
    return office.http("POST", f"/services/{service}/notes", data=form)


def noted(office, invitation=None, **answers):
    """Where the form stands."""
    invitation = invitation or invited(office)
    sealed = seal_notes(invitation, answers, ephemeral=P256Key.fresh(), random_bytes=seeded(9))
    request = bring_notes(invitation, sealed)
    response = office.http("POST", urlsplit(request.url).path, data=sealed)
    return read_form_address(
        HttpResponse(response.status_code, (("content-type", response.headers["content-type"]),), response.content),
        invitation,
    )


def test_what_was_noted_stands_in_the_form_as_a_proposal(office):
    address = noted(office, account=IBAN)
    assert IBAN not in address
    browser = Browser(office)
    browser.get(address)
    assert urlsplit(browser.address()).path == f"{HOME}/form"
    assert f'value="{IBAN}"' in browser.page.text
    assert "You noted this in your wallet. You can change it." in browser.page.text
    version = re.search(r'name="version" value="(\d+)"', browser.page.text)[1]
    browser.press(f"{HOME}/form", version=version, account=IBAN)
    assert IBAN in browser.page.text


def test_the_code_is_good_once_and_not_for_long(office):
    address = noted(office, account=IBAN)
    Browser(office).get(address)
    second = Browser(office)
    assert second.get(address).status_code == 404
    assert IBAN not in second.page.text
    late = noted(office, account=IBAN)
    office.clock.now += LIFETIME
    assert Browser(office).get(late).status_code == 404


def test_what_stands_in_the_form_already_is_not_replaced(office):
    browser = Browser(office)
    browser.get(HOME)
    browser.press(f"{HOME}/begin", way="hand")
    version = re.search(r'name="version" value="(\d+)"', browser.page.text)[1]
    browser.press(f"{HOME}/form", version=version, account="DE89370400440532013000")
    browser.get(noted(office, account=IBAN))
    assert "DE89370400440532013000" in browser.page.text
    assert IBAN not in browser.page.text


def test_what_the_form_does_not_ask_is_left_out(office):
    browser = Browser(office)
    browser.get(noted(office, account=5))
    assert 'value="5"' not in browser.page.text


@pytest.mark.parametrize(
    "spoil",
    [
        {"state": ""},
        {"state": "AAAA"},
        {"state": "A" * 5000},
        {"notes": ""},
        {"notes": "a.b.c.d.e"},
    ],
    ids=["no-state", "foreign", "long", "nothing", "broken"],
)
def test_what_was_sealed_to_no_invitation_is_refused(office, spoil):
    invitation = invited(office)
    form = seal_notes(invitation, {"account": IBAN}, ephemeral=P256Key.fresh(), random_bytes=seeded(9))
    assert bring(office, {**form, **spoil}).json()["error"] == "invalid_request"


def test_an_invitation_is_for_one_service_and_ten_minutes(office):
    invitation = invited(office)
    form = seal_notes(invitation, {"account": IBAN}, ephemeral=P256Key.fresh(), random_bytes=seeded(9))
    assert bring(office, form, "child-benefit").status_code == 404
    office.clock.now += LIFETIME
    assert bring(office, form).json()["error"] == "invalid_request"


def test_the_state_of_another_invitation_does_not_open_notes(office):
    first, second = invited(office), invited(office)
    form = seal_notes(first, {"account": IBAN}, ephemeral=P256Key.fresh(), random_bytes=seeded(9))
    assert bring(office, {**form, "state": second.state}).json()["error"] == "invalid_request"


def test_a_service_that_asks_for_documents_invites_nobody(office):
    with pytest.raises(NotFound):
        office.run(office.verifier.notes.invite("child-benefit", NONCE))
    assert ask(office, "child-benefit").status_code == 404
    assert ask(office, "child-benefit", accept=f"{REQUEST}").headers["content-type"].startswith(REQUEST)


def test_without_the_media_type_or_a_nonce_nothing_changes(office):
    assert ask(office, accept="*/*").status_code == 404
    with pytest.raises(InvalidRequest):
        office.run(office.verifier.notes.invite("allowance", None))


def test_nothing_of_it_stands_in_the_open(office, tmp_path):
    noted(office, account=IBAN)
    assert IBAN.encode() not in (tmp_path / "verifier.db").read_bytes()
    assert urlencode({"code": ""}) in noted(office, account=IBAN)
