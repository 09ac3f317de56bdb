"""What is forwarded to a service: the wallet asks for a request, and a good answer is a case at once, or nothing."""

from urllib.parse import urlsplit

import pytest

from protocol.errors import NotFound
from protocol.jws import Jws
from protocol.oid4vp.client_id import Prefix
from protocol.oid4vp.request_object import ExpectedRequest, verify_request_object
from protocol.oid4vp.response import AuthorizationResponse, ErrorResponse
from protocol.sovereignty.cockpit import CockpitKey
from protocol.sovereignty.receipt import Receipt
from protocol.sovereignty.signing import hash_text
from runtime.rate_limit import TooManyRequests
from tests.support.pki import seeded_key
from tests.support.services import FORWARD, SERVICE, described, service_verifier
from tests.support.verifier import CLAIMS, IDENTIFIER, issue_held, present, run_together
from tests.verifier.citizen import ACCESS, encrypted
from tests.verifier.service.office import decided, everything
from verifier.service.forms import AT_ONCE

ID = "new-name"
PATH = f"/services/{ID}/forward"


@pytest.fixture
def office(database_url, agency):
    texts = {ID: FORWARD, "child-benefit": SERVICE}
    made = service_verifier(database_url, agency.anchors, texts, access=ACCESS, privacy_policy=f"{IDENTIFIER}/privacy")
    yield made
    made.close()


class Sender:
    """A small wallet that forwards."""

    def __init__(self, office, held, key=61):
        self.office, self.held, self.key = office, held, seeded_key(key)
        self.fetched = office.http("POST", PATH)
        assert self.fetched.headers["content-type"] == "application/oauth-authz-req+jwt"
        expected = ExpectedRequest(office.verifier.context.client_id(Prefix.X509_HASH, ""))
        found = verify_request_object(self.fetched.text, expected, anchors=office.wallet_anchors, now=office.clock.now)
        self.request = office.run(found).request

    def post(self, presented=None):
        """The answer of the office to what is forwarded."""
        presented = presented or present(self.request, self.held, now=self.office.clock.now)
        key = CockpitKey(self.key.public_key, hash_text(self.fetched.text))
        whole = AuthorizationResponse({"pid": (presented,)}, self.request.state, key)
        self.form = encrypted(self.request, whole)
        return self.office.http("POST", self.path, data=self.form)

    @property
    def path(self):
        return urlsplit(self.request.response_uri).path


def cases(office):
    return office.run(office.verifier.cases.listed(is_open=True))


def actions(office, receipt):
    entries = office.store.usage.entries(receipt, after=-1, limit=100)
    return [str(entry.members["action"]) for entry in entries]


def test_what_is_forwarded_is_a_case_with_its_receipt_and_log(office, held):
    """T119: neither is ever there without the other, since one step makes both."""
    answer = Sender(office, held).post()
    assert answer.status_code == 200
    [listed] = cases(office)
    assert (listed.service, listed.state) == (ID, "received")
    assert listed.due_at == office.clock.now + 14 * 86_400
    found = office.run(office.verifier.cases.open(listed.id, actor="Ada", role="clerk"))
    assert [(line.name, line.value, line.basis) for line in found.lines] == [("family_name", "Mustermann", "attested")]
    assert found.lines[0].issuer == "Residents' office"
    assert answer.json()["receipt"]
    assert found.case.logged is not None
    assert actions(office, found.case.logged.receipt) == ["received", "viewed"]
    decided(office, listed.id, text="It is changed.")
    assert actions(office, found.case.logged.receipt)[2:] == ["decided"]
    [notice] = office.store.cases.claim_notices(now=office.clock.now, until=office.clock.now + 1, limit=1)
    assert (notice.case, notice.event) == (listed.id, "case_sent")


def test_the_receipt_says_the_day_on_which_the_case_is_erased(office, held):
    """Nobody waits in a form, so there are no days more for that."""
    answer = Sender(office, held).post()
    receipt = Receipt.from_fields(Jws.from_compact(answer.json()["receipt"], "receipt").peek_claims("receipt"))
    [listed] = cases(office)
    assert receipt.retention.ends(receipt.issued_at) == listed.keep_until


def test_the_wallet_is_told_where_its_citizen_sees_how_the_case_stands(office, held):
    answer = Sender(office, held).post().json()
    [listed] = cases(office)
    assert answer["redirect_uri"] == office.verifier.cases.own_page(listed.id)
    page = office.http("GET", urlsplit(answer["redirect_uri"]).path)
    assert page.status_code == 200
    assert "Mustermann" not in page.text


def test_nothing_of_what_was_forwarded_stands_anywhere_in_clear(office, agency):
    """T258, T261: and when its time is over nothing of it is left."""
    planted = issue_held(agency, {**CLAIMS, "family_name": "Planted-Name"})
    Sender(office, planted).post()
    [listed] = cases(office)
    found = office.run(office.verifier.cases.open(listed.id, actor="Ada", role="clerk"))
    assert found.lines[0].value == "Planted-Name"
    assert "Planted" not in everything(office)
    office.clock.forward(30 * 86_400 + 1)
    office.store.sweep(now=office.clock.now, limit=100)
    assert cases(office) == ()
    assert actions(office, found.case.logged.receipt)[-1] == "erased"


def test_an_answer_counts_once_however_often_it_comes(office, held):
    """T179."""
    sender = Sender(office, held)
    sender.post()

    async def again():
        return await office.call("POST", sender.path, data=sender.form)

    found = run_together([again] * 4)
    assert {one.status_code for one in found} == {400}
    assert len(cases(office)) == 1


def test_four_at_once_make_one_case(office, held):
    """T119."""
    sender = Sender(office, held)
    presented = present(sender.request, held, now=office.clock.now)
    key = CockpitKey(sender.key.public_key, hash_text(sender.fetched.text))
    whole = AuthorizationResponse({"pid": (presented,)}, sender.request.state, key)
    form = encrypted(sender.request, whole)

    async def send():
        return await office.call("POST", sender.path, data=form)

    assert sorted(one.status_code for one in run_together([send] * 4)) == [200, 400, 400, 400]
    assert len(cases(office)) == 1


def test_what_does_not_stand_the_checks_makes_no_case_and_has_a_receipt_that_says_so(office, held):
    sender = Sender(office, held)
    good = present(sender.request, held, now=office.clock.now)
    bad = good[:-2] + ("A" if good[-2] != "A" else "B") + good[-1]
    answer = sender.post(bad)
    assert answer.status_code == 400
    assert answer.json()["receipt"]
    assert cases(office) == ()


def test_a_document_that_says_nothing_where_the_service_needs_it_makes_no_case(office, agency):
    empty = issue_held(agency, {**CLAIMS, "family_name": ""})
    answer = Sender(office, empty).post()
    assert answer.status_code == 400
    assert "error" in answer.json()
    assert cases(office) == ()


def test_a_service_that_takes_nothing_any_more_makes_no_case(office, held):
    """A file was changed, and the verifier started anew, between the question and the answer."""
    sender = Sender(office, held)
    office.verifier.context.services[ID] = described(FORWARD.replace("forward = true\n", ""), ID)
    assert sender.post().status_code == 400
    assert cases(office) == ()


def test_a_wallet_that_says_no_leaves_nothing(office, held):
    sender = Sender(office, held)
    refusal = ErrorResponse("access_denied", state=sender.request.state)
    assert office.http("POST", sender.path, data=refusal.to_form()).status_code == 200
    assert cases(office) == ()
    assert sender.post().status_code == 400


def test_only_a_service_that_takes_it_has_the_address(office):
    for service in ("child-benefit", "nothing"):
        assert office.http("POST", f"/services/{service}/forward").status_code == 404
        with pytest.raises(NotFound):
            office.run(office.verifier.forms.forward(service, None))


def test_a_browser_is_led_to_the_page_of_the_service(office):
    page = office.http("GET", PATH, headers={"accept": "text/html"})
    assert (page.status_code, page.headers["location"]) == (303, f"/services/{ID}")


def test_it_asks_what_the_page_of_the_service_asks_and_no_more(office, held):
    """T190: and every request has a nonce, a state and a key of its own (T191, T192)."""
    first, second = Sender(office, held).request, Sender(office, held).request
    assert first.dcql_query == described(FORWARD, ID).use_case.query
    assert first.nonce != second.nonce
    assert first.state != second.state
    assert first.choose_encryption()[0] != second.choose_encryption()[0]


def test_one_service_is_not_asked_for_more_requests_than_it_can_bear(office):
    """T195."""
    for _ in range(AT_ONCE):
        office.verifier.forms.limit.spend(ID)
    with pytest.raises(TooManyRequests):
        office.run(office.verifier.forms.forward(ID, None))
