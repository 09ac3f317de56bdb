"""From an application to certificates over HTTP, and what operators decide on the way."""

import pytest

from protocol.trust.registration import verify_registration
from registrar.session import document_of, proposal_id
from runtime.anchors import read_certificate
from tests.registrar.service.test_certificates import anchors
from tests.support.pki import NOW, seeded_key
from tests.support.registrar import CINEMA, cinema, request_of
from tests.support.web import api_routes

ME = "/api/application"
THEM = "/api/parties"


def apply(office, party=None):
    answer = office.call("POST", ME, (party or cinema()).to_dict())
    assert answer.status == 201, answer.body
    return answer.json()["key"]


def decide(office, deed, **body):
    return office.call("POST", f"{THEM}/{deed}", body or None, key=office.api_key, query=f"identifier={CINEMA}")


def proposal(office):
    answer = office.call("GET", f"{THEM}/one", key=office.api_key, query=f"identifier={CINEMA}")
    return answer.json()["proposal"]


def test_somebody_applies_is_approved_and_fetches_both_certificates(office):
    key = apply(office)
    assert office.call("GET", ME, key=key).json() == {
        "identifier": CINEMA,
        "state": "applied",
        "waits": True,
        "reason": "",
    }
    assert office.call("POST", f"{ME}/registration-certificates", key=key).status == 409
    approved = decide(office, "approve", proposal=proposal(office)).json()
    assert (approved["state"], approved["proposed"], approved["proposal"]) == ("registered", None, "")
    access = office.call("POST", f"{ME}/access-certificate", {"csr": request_of(seeded_key(5))}, key=key)
    assert access.status == 201
    assert read_certificate(access.json()["chain"].encode(), "access").public_key == seeded_key(5).public_key
    [registration] = office.call("POST", f"{ME}/registration-certificates", key=key).json()
    says = verify_registration(registration["jwt"], anchors=anchors(office), now=NOW).says
    assert (says.identifier, registration["use"]) == (CINEMA, "over-18")


def test_an_applicant_is_told_why_not_and_applies_again(office):
    key = apply(office)
    assert decide(office, "refuse", proposal=proposal(office), reason="Who are you?").json()["state"] == "refused"
    assert office.call("GET", ME, key=key).json()["reason"] == "Who are you?"
    again = office.call("PUT", ME, cinema(trade_name="Kino Nova").to_dict(), key=key)
    assert again.json()["state"] == "applied"
    assert decide(office, "approve", proposal=proposal(office)).json()["trade_name"] == "Kino Nova"


def test_nobody_takes_an_identifier_that_somebody_applied_under(office):
    apply(office)
    assert office.call("POST", ME, cinema(trade_name="Impostor").to_dict()).status == 409
    assert office.store.party(CINEMA).trade_name == "Kino Capitol"


def test_an_operator_decides_on_what_they_read_and_on_nothing_else(office):
    key = apply(office)
    read = proposal(office)
    assert read == proposal_id(document_of(cinema()))
    office.call("PUT", ME, cinema(trade_name="Kino Nova").to_dict(), key=key)
    assert decide(office, "approve", proposal=read).status == 409
    assert office.store.party(CINEMA).document == ""


def test_operators_let_rest_go_on_and_remove(office):
    apply(office)
    decide(office, "approve", proposal=proposal(office))
    for deed, body, state in (
        ("suspend", {"reason": "asked too much"}, "suspended"),
        ("resume", {}, "registered"),
        ("remove", {"reason": "again"}, "removed"),
    ):
        assert decide(office, deed, **body).json()["state"] == state
    actions = [line.action for line in office.store.audit(limit=10, subject=CINEMA)]
    assert actions == ["removed", "resumed", "suspended", "registered", "applied"]
    assert office.store.audit(limit=1)[0].detail == "again"


def test_operators_end_one_certificate(office):
    key = office.register(cinema())
    office.call("POST", f"{ME}/registration-certificates", key=key)
    [line] = office.call("GET", f"{THEM}/certificates", key=office.api_key, query=f"identifier={CINEMA}").json()
    ended = office.call("POST", f"{THEM}/certificates/{line['id']}/revoke", key=office.api_key)
    assert ended.json()["state"] == "revoked"


def test_every_address_wants_its_key(office):
    """T230: an application alone is open to everybody."""
    key = office.register(cinema())
    open_to_all = {("POST", ME), ("GET", "/api/openapi.json"), ("HEAD", "/api/openapi.json")}
    for method, path in api_routes(office.application) - open_to_all:
        ours = not path.startswith(ME)
        address = path.replace("{certificate_id}", "x").replace("{service}", "x")
        for wrong in ("", "x", key if ours else office.api_key):
            answer = office.call(method, address, {}, key=wrong, query="identifier=x&service=x")
            assert answer.status == 401, (method, path, wrong)


def test_too_many_applications_wait_their_turn(office, monkeypatch):
    """T244"""
    monkeypatch.setattr("registrar.service.parties.MAX_WAITING", 1)
    apply(office)
    answer = office.call("POST", ME, cinema(identifier="VATDE-2").to_dict())
    assert answer.status == 503
    assert office.store.party("VATDE-2") is None


@pytest.mark.parametrize("body", [[], {"csr": 1}, {"csr": "x"}, {}], ids=["list", "number", "text", "nothing"])
def test_what_is_no_request_for_a_certificate_is_refused(office, body):
    key = office.register(cinema())
    assert office.call("POST", f"{ME}/access-certificate", body, key=key).status == 400
    assert office.store.certificates_of(CINEMA) == ()
