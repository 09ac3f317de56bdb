"""A document that is issued in two formats is one at the desk: offered as one, seen as one, ended as one."""

import re
from pathlib import Path

import pytest

from issuer.credential_types import read_type
from issuer.records import CredentialState
from issuer.service.offers import GrantKind, OfferOrder
from tests.issuer.web.test_desk import QUICK, filled, find, post, sign_in
from tests.support.issuer import ACTOR, TestWallet, make_issuer, small_types

BOTH = """
id = "pass"
vct = "urn:test:pass:1"
validity_days = 30
[name]
en = "Pass"
[mdoc]
doctype = "org.test.pass.1"
[[claims]]
path = ["given_name"]
type = "text"
element = "given_name"
label = { en = "First name" }
mandatory = true
[[claims]]
path = ["born"]
type = "birthdate"
element = "birth_date"
label = { en = "Born" }
"""


@pytest.fixture
def desk():
    forms = {kind.id: kind for kind in read_type(BOTH, "pass.toml", Path())}
    assert list(forms) == ["pass", "pass-mdoc"]
    return make_issuer(types={**small_types(), **forms}).with_policy(desk=QUICK)


@pytest.fixture
def signed_in(desk):
    with desk.browser() as http:
        assert sign_in(http, desk.clerk_code()).status_code == 303
        yield http


@pytest.fixture
def api(desk):
    with desk.browser() as http:
        http.headers["authorization"] = f"Bearer {desk.api_key()}"
        yield http


def issue_both(desk):
    """What the desk shows of a document that came in both forms."""
    wallet = TestWallet(desk)
    order = OfferOrder(("pass", "pass-mdoc"), "anna", GrantKind.PRE_AUTHORIZED_CODE, False, True, ACTOR)
    tokens = wallet.redeem(desk.run(desk.issuer.offers.make(order)))
    for form in order.configuration_ids:
        wallet.issue(tokens, form, [wallet.new_key(), wallet.new_key()])
    return {document.configuration_id: document for document in desk.store.documents(limit=9)}


def last_offer(desk):
    """The configurations of the newest offer, by the audit trail."""
    return next(line.detail for line in desk.store.audit(limit=9) if line.action == "offer made").split()


def invite(http, person, family):
    address = next(
        found for found in re.findall(r'href="([^"]+)"', person.text) if found.endswith(f"/documents/{family}")
    )
    return post(http, address, filled(http.get(address), f"/documents/{family}", how="code"))


def test_a_person_is_offered_the_document_once_and_gets_both_forms(signed_in, desk):
    person = find(signed_in)
    assert len(re.findall(r'href="[^"]*/documents/pass[^"]*"', person.text)) == 1
    answer = invite(signed_in, person, "pass")
    assert last_offer(desk) == ["pass", "pass-mdoc"]
    page = signed_in.get(answer.headers["location"]).text
    assert "Pass" in page
    assert "pass-mdoc" not in page
    assert "pass-mdoc" not in signed_in.get("/desk/audit").text


def test_the_id_of_one_form_is_that_form_alone(signed_in, desk):
    """As before there were families."""
    person = find(signed_in)
    address = str(person.url.path) + "/documents/pass-mdoc"
    post(signed_in, address, filled(signed_in.get(address), "/documents/pass-mdoc", how="code"))
    assert last_offer(desk) == ["pass-mdoc"]


def test_who_can_get_one_form_alone_is_offered_that(signed_in, desk):
    """An mdoc has whole days of birth, and of some people the year alone is known."""
    desk.register.put({"anna": {"given_name": "Anna", "born": "1931"}})
    invite(signed_in, find(signed_in), "pass")
    assert last_offer(desk) == ["pass"]


def test_what_nobody_can_get_is_told_once_with_what_is_missing(signed_in, desk):
    desk.register.put({"anna": {"points": 7}})
    page = find(signed_in).text
    assert page.count("Pass<br>") == 1
    assert page.count(": First name<") == 1


def test_the_page_of_all_documents_names_it_once(desk):
    with desk.browser() as http:
        assert http.get("/").text.count("Pass") == 1


def test_both_forms_are_one_line_until_one_of_them_stands_otherwise(signed_in, desk):
    forms = issue_both(desk)
    assert signed_in.get("/desk/documents").text.count("<strong>Pass</strong>") == 1
    assert find(signed_in).text.count("<strong>Pass</strong>") == 1
    desk.run(desk.issuer.status.change(forms["pass"].id, CredentialState.SUSPENDED, ACTOR))
    assert signed_in.get("/desk/documents").text.count("<strong>Pass</strong>") == 2


@pytest.mark.parametrize("named", ["pass", "pass-mdoc"])
@pytest.mark.parametrize(
    ("deed", "state"), [("suspend", CredentialState.SUSPENDED), ("revoke", CredentialState.REVOKED)]
)
def test_what_a_clerk_does_to_a_document_is_done_to_both_forms(signed_in, desk, named, deed, state):
    """T080: no form goes on holding because the clerk saw the other one."""
    address = f"/desk/documents/{issue_both(desk)[named].id}/{deed}"
    answer = post(signed_in, address, filled(signed_in.get(address), f"/{deed}", reason="lost"))
    assert answer.status_code == 303
    assert [document.state for document in desk.store.documents(limit=9)] == [state, state]


def test_what_another_conversation_issued_stays_as_it_is(signed_in, desk):
    issue_both(desk)
    first = {document.id for document in desk.store.documents(limit=9)}
    issue_both(desk)
    second = [document for document in desk.store.documents(limit=9) if document.id not in first]
    address = f"/desk/documents/{second[0].id}/revoke"
    post(signed_in, address, filled(signed_in.get(address), "/revoke", reason="lost"))
    states = {document.id in first: document.state for document in desk.store.documents(limit=9)}
    assert states == {True: CredentialState.VALID, False: CredentialState.REVOKED}


@pytest.mark.parametrize(
    ("body", "offered"),
    [
        ({"credential_configuration_ids": ["pass"]}, ["pass"]),
        ({"documents": ["pass"]}, ["pass", "pass-mdoc"]),
        ({"documents": ["pass"], "credential_configuration_ids": ["member", "pass"]}, ["member", "pass", "pass-mdoc"]),
        ({"documents": ["pass-mdoc"]}, ["pass-mdoc"]),
    ],
)
def test_programs_name_forms_or_documents(api, body, offered):
    answer = api.post("/api/offers", json={"subject": "anna", **body})
    assert answer.json()["offer"]["credential_configuration_ids"] == offered


@pytest.mark.parametrize(
    "body", [{}, {"documents": []}, {"credential_configuration_ids": []}, {"documents": ["nothing"]}]
)
def test_an_offer_of_nothing_is_refused(api, desk, body):
    assert api.post("/api/offers", json={"subject": "anna", **body}).status_code in (400, 404)
    assert not [line for line in desk.store.audit(limit=9) if line.action == "offer made"]
