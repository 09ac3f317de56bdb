"""Cases on both databases: sent once, decided once, told, listed, and erased with everything that was in them."""

import re

import pytest
from sqlalchemy import text as sql

from protocol.encoding import encode_json
from protocol.errors import Conflict, InvalidRequest, Malformed, NotFound
from protocol.fields import Fields
from runtime.api_keys import new_api_key
from runtime.rate_limit import TooManyRequests
from tests.support.services import IBAN, SERVICE, described
from tests.support.verifier import answer_form, present, run_together
from tests.verifier.service.office import (
    ID,
    TYPED,
    _request,
    begun,
    decided,
    everything,
    office,
    opened,
    saved,
    sent,
    shown,
)
from verifier.app import with_questions
from verifier.once_only.sent import Decision
from verifier.service.forms import AT_ONCE
from verifier.service.requests import RequestOrder

__all__ = ["office"]


def test_what_is_sent_is_sealed_and_listed_without_a_value(office):
    """T215, T258: the one who has the database reads nothing of it."""
    case, _ = sent(office)
    assert re.fullmatch(r"[A-Z2-9]{4}(-[A-Z2-9]{4}){2}", case)
    kept = everything(office)
    assert "Planted" not in kept
    assert "PLANTED" not in kept
    [listed] = office.run(office.verifier.cases.listed(is_open=True))
    assert (listed.id, listed.service, listed.state) == (case, ID, "received")
    assert listed.due_at == office.clock.now + 14 * 86_400
    found = office.run(office.verifier.cases.open(case, actor="Ada", role="clerk"))
    assert [line.value for line in found.lines] == list(TYPED.values())


def test_when_its_time_is_over_nothing_of_a_case_is_left(office):
    """T261."""
    case, secret = sent(office)
    decided(office, case, text="Told")
    page = office.verifier.context.case_secret(case)
    office.clock.forward(30 * 86_400)
    for find in (
        lambda: office.verifier.cases.open(case, actor="Ada", role="clerk"),
        lambda: office.verifier.cases.own(page),
        lambda: office.verifier.forms.sent(ID, secret),
    ):
        with pytest.raises(NotFound):
            office.run(find())
    office.clock.forward(1)
    office.store.sweep(now=office.clock.now, limit=100)
    assert office.run(office.verifier.cases.listed(is_open=False)) == ()
    with office.store.database.reading() as connection:
        for table in ("sessions", "session_keys", "cases", "case_notices"):
            assert connection.execute(sql(f"select count(*) from {table}")).scalar() == 0


def test_a_form_is_sent_once_however_often_it_is_pressed(office):
    """T119."""
    secret = begun(office)
    saved(office, secret, **TYPED)
    version = opened(office, secret).draft.version
    send = office.verifier.forms.send

    async def press():
        return await office.driver.run(send(ID, secret, version))

    found = run_together([press] * 4)
    first = {one for one in found if isinstance(one, str)}
    assert len(first) == 1
    assert len(office.run(office.verifier.cases.listed(is_open=True))) == 1
    assert office.run(send(ID, secret, version)) in first


def test_what_was_not_reviewed_is_not_sent(office):
    secret = begun(office)
    saved(office, secret, **TYPED)
    version = opened(office, secret).draft.version
    saved(office, secret, **{**TYPED, "iban": IBAN})
    with pytest.raises(Conflict):
        office.run(office.verifier.forms.send(ID, secret, version))
    with pytest.raises(Conflict):
        office.run(office.verifier.forms.save(ID, secret, version, TYPED))
    unfilled = begun(office)
    saved(office, unfilled, iban=IBAN)
    with pytest.raises(Conflict):
        office.run(office.verifier.forms.send(ID, unfilled, opened(office, unfilled).draft.version))
    assert office.run(office.verifier.cases.listed(is_open=True)) == ()


def test_another_browsers_form_and_another_services_form_are_not_there(office):
    """T237."""
    secret = begun(office)
    forms = office.verifier.forms
    for id_, other in ((ID, "guess"), (ID, ""), ("allowance", secret)):
        for find in (
            lambda id_=id_, other=other: forms.open(id_, other),
            lambda id_=id_, other=other: forms.save(id_, other, 1, TYPED),
            lambda id_=id_, other=other: forms.send(id_, other, 1),
            lambda id_=id_, other=other: forms.drop(id_, other),
            lambda id_=id_, other=other: forms.ask(id_, other, same_device=False),
        ):
            with pytest.raises(NotFound):
                office.run(find())
    assert opened(office, secret).draft.version == 1


def test_an_answer_stands_in_the_form_and_is_kept_nowhere_else(office, held):
    secret = begun(office)
    saved(office, secret, family_name="Typed", iban=IBAN, child_name="Mia")
    made = shown(office, secret, held)
    assert office.run(office.verifier.forms.look(ID, secret)).state == "accepted"
    form = opened(office, secret)
    assert form.content.attested["family_name"].value == "Mustermann"
    assert form.content.stated == {"iban": IBAN, "child_name": "Mia"}
    assert form.draft.shown == made.id
    with pytest.raises(InvalidRequest):
        saved(office, secret, family_name="Forged", iban=IBAN)
    assert opened(office, secret) == form
    assert office.run(office.verifier.answers.result_for_browser(made.id, secret)).state == "forgotten"


def test_the_answer_to_a_programs_question_enters_no_form(office, held):
    """T183: neither the question of a program nor that of another service's page is taken for one begun at a wallet."""
    secret = begun(office)
    back = office.verifier.context.service_back(ID)
    asked = office.run(
        office.verifier.requests.make(RequestOrder(ID, None, owner=office.owner, same_device=True, redirect_uri=back))
    )
    reference = office.verifier.context.reference(asked.id)
    request = office.run(_request(office, reference))
    form = answer_form(request, {"pid": [present(request, held, now=office.clock.now)]})
    accepted = office.run(office.verifier.answers.receive(reference, form))
    code = accepted.redirect_uri.partition("response_code=")[2]
    with pytest.raises(NotFound):
        office.run(office.verifier.forms.back("allowance", code, secret))
    office.run(office.verifier.forms.back(ID, code, secret))
    assert not opened(office, secret).content.attested


def test_a_case_is_decided_once_and_what_is_missing_may_come_before(office):
    case, _ = sent(office)
    decided(office, case, "needs_more", text="The form of the bank is missing.")
    [listed] = office.run(office.verifier.cases.listed(is_open=True))
    assert listed.state == "needs_more"
    decided(office, case, "refused", text="No.")
    with pytest.raises(Conflict):
        decided(office, case, "granted")
    own = office.run(office.verifier.cases.own(office.verifier.context.case_secret(case)))
    assert (own.case.state, own.told.text) == ("refused", "No.")
    assert office.run(office.verifier.cases.listed(is_open=True)) == ()


@pytest.mark.parametrize(
    ("members", "at"),
    [
        ({"state": "received"}, "decision.state"),
        ({"state": "refused"}, "decision.text"),
        ({"state": "needs_more", "text": "  "}, "decision.text"),
        ({"state": "refused", "text": "No", "offer": "https://a.example/"}, "decision.offer"),
        ({"state": "granted", "offer": "javascript:alert(1)"}, "decision.offer"),
        ({"state": "granted", "offer": "http://a.example/"}, "decision.offer"),
        ({"state": "granted", "offer": "openid-credential-offer://?a b"}, "decision.offer"),
        ({"state": "granted", "text": "x" * 2001}, "decision.text"),
        ({"state": "granted", "text": "<b>Yes</b>"}, "decision.text"),
        ({"state": "granted", "text": "\U0001f600" * 1500}, "decision.text"),
        ({"state": "granted", "offer": "http://localhost/offer"}, "decision.offer"),
    ],
)
def test_a_decision_that_says_too_little_or_something_else_is_refused(members, at):
    with pytest.raises(Malformed) as refusal:
        Decision.from_fields(Fields(members, "decision"))
    assert refusal.value.at == at


def test_too_many_forms_of_one_service_are_refused(office):
    """T195."""
    for _ in range(AT_ONCE):
        begun(office)
    with pytest.raises(TooManyRequests):
        begun(office)


def case_key(office):
    key, kept = new_api_key("system", now=office.clock.now, random_bytes=office.verifier.context.random_bytes)
    office.store.case_keys.put(kept)
    return {"authorization": f"Bearer {key}"}


def test_a_system_lists_reads_decides_and_erases_by_a_key_of_its_own(office):
    case, secret = sent(office)
    headers = case_key(office)
    for path in ("/api/cases", f"/api/cases/{case}"):
        assert office.api("GET", path).status_code == 401
    [listed] = office.http("GET", "/api/cases", headers=headers).json()["cases"]
    assert listed["id"] == case
    whole = office.http("GET", f"/api/cases/{case}", headers=headers).json()
    assert {line["name"]: (line["value"], line["basis"]) for line in whole["fields"]}["child_name"] == (
        "Planted-Mia",
        "stated",
    )
    body = {"content": encode_json({"state": "granted", "offer": "javascript:1"})}
    headers["content-type"] = "application/json"
    assert office.http("POST", f"/api/cases/{case}/decision", headers=headers, **body).status_code == 400
    body = {"content": encode_json({"state": "granted", "text": "Good"})}
    assert office.http("POST", f"/api/cases/{case}/decision", headers=headers, **body).json()["state"] == "granted"
    assert office.http("POST", f"/api/cases/{case}/decision", headers=headers, **body).status_code == 409
    assert office.http("GET", "/api/cases?state=decided", headers=headers).json()["cases"][0]["id"] == case
    assert office.http("DELETE", f"/api/cases/{case}", headers=headers).status_code == 204
    assert office.http("GET", f"/api/cases/{case}", headers=headers).status_code == 404
    assert office.http("GET", "/api/cases?state=decided", headers=headers).json()["cases"] == []
    with pytest.raises(NotFound):
        office.run(office.verifier.forms.sent(ID, secret))


def test_a_list_goes_on_where_it_ended(office):
    ids = []
    for _ in range(53):
        office.clock.forward(1)
        ids.append(sent(office)[0])
    headers = case_key(office)
    first = office.http("GET", "/api/cases", headers=headers).json()
    rest = office.http("GET", f"/api/cases?before={first['before']}", headers=headers).json()
    assert [one["id"] for one in first["cases"] + rest["cases"]] == ids[::-1]
    assert rest["before"] is None
    assert office.http("GET", "/api/cases?service=other", headers=headers).json()["cases"] == []
    assert office.http("GET", "/api/cases?before=nothing", headers=headers).json()["cases"] == []


def test_an_earlier_answer_of_the_same_browser_is_not_asked_again(office):
    _, secret = sent(office)
    forms = office.verifier.forms
    own = office.run(forms.begin("allowance", {ID: secret, "allowance": "x"}))
    assert office.run(forms.open("allowance", own)).content.stated == {"account": TYPED["iban"]}
    stranger = office.run(forms.begin("allowance", {ID: "guess"}))
    assert office.run(forms.open("allowance", stranger)).content.stated == {}


def test_a_service_may_not_have_the_id_of_a_use_case():
    service = described(SERVICE, "same")
    with pytest.raises(ValueError, match="same is the id of a use case too"):
        with_questions({"same": service.use_case}, {"same": service})
