"""An office with a once-only service, on either database, and what a citizen and a clerk do there."""

from dataclasses import replace

import pytest
from sqlalchemy import text as sql

from protocol.oid4vp.client_id import Prefix
from protocol.oid4vp.request_object import ExpectedRequest, verify_request_object
from tests.support.services import service_verifier
from tests.support.verifier import answer_form, present
from verifier.once_only.case import CaseState
from verifier.once_only.sent import Decision, Told

ID = "child-benefit"
HOOK = "https://system.example/hook"
SERVICE_BY = "Prüfdienst, automatisch"
TYPED = {"family_name": "Planted-Mustermann", "child_name": "Planted-Mia", "iban": "PLANTED0000000000"}


@pytest.fixture
def office(database_url, agency):
    made = service_verifier(database_url, agency.anchors)
    yield made
    made.close()


def begun(office):
    return office.run(office.verifier.forms.begin(ID, {}))


def opened(office, secret):
    return office.run(office.verifier.forms.open(ID, secret))


def saved(office, secret, **typed):
    return office.run(office.verifier.forms.save(ID, secret, opened(office, secret).draft.version, typed))


def sent(office, **typed):
    secret = begun(office)
    saved(office, secret, **(typed or TYPED))
    return office.run(office.verifier.forms.send(ID, secret, opened(office, secret).draft.version)), secret


def shown(office, secret, held, **changes):
    """Answer what a form asks, as a wallet does."""
    office.run(office.verifier.forms.ask(ID, secret, same_device=False))
    asked = opened(office, secret).draft.asked
    made = replace(office.ask(), id=asked)
    reference = office.verifier.context.reference(asked)
    stage_request = office.run(_request(office, reference))
    form = answer_form(stage_request, {"pid": [present(stage_request, held, now=office.clock.now)]})
    office.run(office.verifier.answers.receive(reference, form))
    return made


def _request(office, reference):
    text = yield from office.verifier.requests.open(reference, None)
    expected = ExpectedRequest(office.verifier.context.client_id(Prefix.X509_HASH, ""))
    verified = yield from verify_request_object(text, expected, anchors=office.wallet_anchors, now=office.clock.now)
    return verified.request


def decided(office, case, state="granted", **told):
    decision = Decision(CaseState(state), Told(**told))
    return office.run(office.verifier.cases.decide(case, decision, actor="Ada", role="clerk"))


def everything(office):
    """All bytes that the database holds, by table."""
    with office.store.database.reading() as connection:
        names = ("sessions", "session_keys", "spent_values", "events", "cases", "case_notices")
        rows = [row for name in names for row in connection.execute(sql(f"select * from {name}"))]
    # A row that shows itself shortens what is long
    return "\n".join(str(tuple(row)) for row in rows)
