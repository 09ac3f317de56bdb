"""Showing the same data once more where a form took the answer over, and where it was given in person."""

from dataclasses import replace

import pytest

from protocol.oid4vp.response import AuthorizationResponse
from protocol.sovereignty.cockpit import CockpitKey
from protocol.sovereignty.receipt_check import judge_receipt
from protocol.sovereignty.rights import Right
from protocol.sovereignty.rights_status import State
from protocol.sovereignty.signing import hash_text
from protocol.trust.anchors import TrustAnchors
from tests.protocol.device_retrieval.samples import ISSUER, Holder
from tests.protocol.mdoc.samples import ELEMENTS, MDL, SPACE, issued
from tests.support.pki import seeded_key
from tests.support.rights import Asker
from tests.support.services import service_verifier
from tests.support.verifier import CLAIMS, IDENTIFIER, issue_held
from tests.verifier.citizen import ACCESS, KEY, LICENCE, OTHER_KEY, WHO, Citizen, collect, encrypted, library
from tests.verifier.service.given import ENC, listed, work
from tests.verifier.service.office import ID, begun, opened, saved
from tests.verifier.service.test_receipts import in_person
from tests.verifier.service.test_showing_again import again, show
from verifier.usage import By


@pytest.fixture
def office(database_url, agency):
    settings = {"access": ACCESS, "privacy_policy": f"{IDENTIFIER}/privacy"}
    made = service_verifier(database_url, TrustAnchors([agency.anchor]), **settings)
    yield made
    made.close()


class Filled:
    """A form that took an answer over, and whoever gave that."""

    def __init__(self, office, held):
        self.office, self.secret = office, begun(office)
        office.run(office.verifier.forms.ask(ID, self.secret, same_device=False))
        asked = opened(office, self.secret).draft.asked
        reference = office.verifier.context.reference(asked)
        uri = office.run(office.verifier.requests.link_of_reference(reference))
        made = replace(office.ask(), id=asked, uri=uri, qr_svg=f"{IDENTIFIER}/requests/{reference}/qr.svg")
        citizen = Citizen(office, made, held)
        self.receipt = citizen.judge(citizen.answer()["receipt"]).receipt
        office.run(office.verifier.forms.look(ID, self.secret))
        self.asker = Asker(office, KEY, self.receipt.id, self.receipt.claims, WHO)

    def send(self):
        """Make the case of it."""
        saved(self.office, self.secret, child_name="Mia", iban="DE02120300000000202051")
        draft = opened(self.office, self.secret).draft
        return self.office.run(self.office.verifier.forms.send(ID, self.secret, draft.version))

    def held(self):
        return self.office.store.rights.held(self.receipt.id)


@pytest.mark.parametrize("sent", [False, True], ids=["form", "case"])
def test_a_form_that_took_an_answer_over_knows_it_again(office, held, sent):
    filled = Filled(office, held)
    if sent:
        filled.send()
    assert filled.held().sealed is None
    status = filled.asker.ask(Right.ACCESS, enc_key=ENC.public_key)
    assert status.state is State.PRESENT_AGAIN
    back, citizen = show(office, status, held)
    assert "error" not in back
    assert {claim.path for claim in citizen.request.dcql_query.credentials[0].claims} == set(
        filled.receipt.claims["pid"]
    )
    [case] = listed(office)
    # It has more than was shown: a clerk answers, who knows now who asks
    assert (case.note, case.proven_at) == ("in_case", office.clock.now)
    assert not office.run(office.verifier.rights.open(case.id, actor="Ada")).is_unknown


def test_it_knows_nobody_else(office, held, agency):
    filled = Filled(office, held)
    status = filled.asker.ask(Right.ACCESS, enc_key=ENC.public_key)
    other = issue_held(agency, {**CLAIMS, "family_name": "Musterfrau"}, holder=seeded_key(14))
    back, _ = show(office, status, other)
    assert back["error"] == "invalid_request"
    [case] = listed(office)
    assert (case.note, case.proven_at, case.tries) == ("again", 0, 1)


def test_erasing_what_an_open_case_needs_wants_it_shown_once_more(office, held):
    filled = Filled(office, held)
    filled.send()
    status = filled.asker.ask(Right.ERASURE)
    assert status.state is State.PRESENT_AGAIN
    show(office, status, held)
    assert [case.note for case in listed(office)] == ["open_case"]


def test_nothing_is_known_of_what_was_erased(office, held):
    filled = Filled(office, held)
    assert filled.held().known
    status = filled.asker.ask(Right.ERASURE)
    work(office, "done", status.id, place=By.CLERK, told=True)
    assert filled.asker.status(status).state is State.DONE
    assert (filled.held().known, filled.held().question) == ("", "")


@pytest.fixture
def counter(database_url, agency):
    made = library(database_url, TrustAnchors([agency.anchor, ISSUER.anchor]))
    yield made
    made.close()


@pytest.fixture
def asker(counter):
    """Somebody who showed a licence in person, and bound a key afterwards."""
    meeting, sent = in_person(counter)
    text = collect(counter, KEY, meeting.claim).receipt
    receipt = judge_receipt(text, sent, anchors=counter.wallet_anchors, arrived_at=counter.clock.now).receipt
    assert list(receipt.claims) == [MDL]
    return Asker(counter, KEY, receipt.id, receipt.claims, WHO)


def show_licence(counter, status, licence):
    """Answer by link with a document of ISO/IEC 18013-5."""
    citizen = Citizen(counter, again(status), None, OTHER_KEY)
    request = citizen.request
    presented = Holder((licence,)).present(request)
    key = CockpitKey(OTHER_KEY.public_key, hash_text(citizen.text))
    form = encrypted(request, AuthorizationResponse(presented, request.state, key))
    return counter.http("POST", f"/responses/{citizen.reference}", data=form).json()


@pytest.mark.parametrize("right", [Right.ACCESS, Right.PORTABILITY])
def test_what_was_shown_in_person_is_shown_once_more_by_link_and_handed_out(counter, asker, right):
    status = asker.ask(right, enc_key=ENC.public_key)
    assert status.state is State.PRESENT_AGAIN
    assert "error" not in show_licence(counter, status, LICENCE)
    done = asker.status(status)
    assert done.state is State.DONE
    data = asker.answer(done, ENC).data
    assert list(data) == [MDL]
    assert data[MDL][0]["org.iso.18013.5.1"]["family_name"]


def test_another_licence_opens_nothing(counter, asker):
    status = asker.ask(Right.ACCESS, enc_key=ENC.public_key)
    elements = {SPACE: {**ELEMENTS[SPACE], "family_name": "Musterfrau"}}
    other = issued(pki=ISSUER, status=None, elements=elements)
    assert show_licence(counter, status, other)["error"] == "invalid_request"
    assert [case.tries for case in listed(counter)] == [1]
