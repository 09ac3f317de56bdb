"""A citizen who answers a verifier with a cockpit key, collects the receipt and holds the verifier to it."""

from itertools import count

from protocol.exchange import HttpResponse, run
from protocol.oid4vp.link import read_link
from protocol.oid4vp.request_object import ExpectedRequest, verify_request_object
from protocol.oid4vp.response import AuthorizationResponse
from protocol.sovereignty.calls import Caller, CallPath, call_url
from protocol.sovereignty.cockpit import CockpitKey
from protocol.sovereignty.receipt_check import Sent, judge_receipt
from protocol.sovereignty.receipt_evidence import evidence_of_answer
from protocol.sovereignty.receipt_travel import collect_receipt
from protocol.sovereignty.signing import Organisation, hash_text
from protocol.sovereignty.usage_report import Asked, UsageRequest, verify_usage_report
from protocol.trust.anchors import Role
from tests.protocol.device_retrieval.samples import ISSUER
from tests.protocol.mdoc.samples import issued
from tests.support.pki import Template, make_pki, seeded, seeded_key
from tests.support.verifier import (
    HOST,
    IDENTIFIER,
    USE_CASE,
    make_verifier,
    present,
    reference_of,
)
from tests.verifier.service.test_meetings import USE_CASE as LICENCE_USE_CASE

COCKPIT = f"{IDENTIFIER}/cockpit"
WHO = Organisation("VATDE-123456789", "DE")
ACCESS = make_pki(
    Template(
        common_name="City library",
        organization="City library",
        country=WHO.country,
        identifier=WHO.identifier,
        dns_names=(HOST,),
        uris=(IDENTIFIER,),
    ),
    role=Role.VERIFIER,
    key=seeded_key(5),
)
KEY, OTHER_KEY = seeded_key(61), seeded_key(62)
SAYS = """
legal_basis = "contract"
retention = "P30D"
service = "membership"
"""
LICENCE = issued(pki=ISSUER, status=None)
BROWSER = "cookie of the browser that began"
SEEDS = count(700)


def with_more(text, more):
    """A use case with further members, which stand before its tables."""
    head, _, rest = text.partition("[title]")
    return f"{head}{more}[title]{rest}"


def library(database_url, anchors, **changes):
    cases = (with_more(USE_CASE, SAYS), LICENCE_USE_CASE)
    settings = {"privacy_policy": f"{IDENTIFIER}/privacy", **changes}
    return make_verifier(database_url, anchors, use_cases=cases, access=ACCESS, **settings)


def encrypted(request, answer):
    key, enc = request.choose_encryption()
    return answer.to_encrypted_form(key, enc, seeded_key(13), seeded(13))


class Citizen:
    """A small wallet that answers one request by its code, with a cockpit key, and holds the partner to it."""

    def __init__(self, counter, made, held, key=KEY):
        self.counter, self.key, self.held = counter, key, held
        link = read_link(made.uri)
        self.reference = reference_of(made)
        self.text = self.fetch()
        self.client_id = link.client_id
        self.sent: Sent | None = None

    def fetch(self):
        return self.counter.run(self.counter.verifier.requests.open(self.reference, None))

    @property
    def request(self):
        exchange = verify_request_object(
            self.text,
            ExpectedRequest(self.client_id),
            anchors=self.counter.wallet_anchors,
            now=self.counter.clock.now,
        )
        return self.counter.run(exchange).request

    def answer(self, *, changed=False, cockpit=True):
        """Post the answer over HTTP; what came back, as JSON."""
        request, clock = self.request, self.counter.clock
        presented = present(request, self.held, now=clock.now)
        if changed:
            presented = presented[:-2] + ("A" if presented[-2] != "A" else "B") + presented[-1]
        key = CockpitKey(self.key.public_key, hash_text(self.text)) if cockpit else None
        vp_token = {"pid": (presented,)}
        whole = AuthorizationResponse(vp_token, request.state, key)
        form = encrypted(request, whole)
        shown = {"pid": [self.held.presentable.claims]} if not changed else {}
        evidence = evidence_of_answer(self.text, request.dcql_query, vp_token, shown)
        self.sent = Sent(
            evidence=evidence,
            requesters=(WHO,),
            client_id=str(request.client_id),
            registration=None,
            key=self.key.public_key.thumbprint() if cockpit else None,
            announced=request.client_metadata.cockpit_endpoint,
            sent_at=clock.now,
        )
        return self.counter.http("POST", f"/responses/{self.reference}", data=form).json()

    def judge(self, text):
        assert self.sent is not None
        return judge_receipt(text, self.sent, anchors=self.counter.wallet_anchors, arrived_at=self.counter.clock.now)


def post(counter, key):
    """Whoever calls with a key, and the way there: through the web application."""
    caller = Caller(key, seeded(next(SEEDS)), counter.clock)

    def perform(request):
        headers = dict(request.headers)
        path = request.url.removeprefix(IDENTIFIER)
        answer = counter.http(request.method, path, content=request.body, headers=headers)
        return HttpResponse(answer.status_code, tuple(answer.headers.items()), answer.content)

    return caller, perform


def collect(counter, key, claim=None):
    caller, perform = post(counter, key)
    return run(collect_receipt(caller, COCKPIT, claim), perform)


def report(counter, key, receipt):
    """What was done with what was given, by the usage log."""
    caller, perform = post(counter, key)
    response = run(caller.call("POST", call_url(COCKPIT, CallPath.USAGE), UsageRequest().to_dict()), perform)
    assert response.status == 200
    asked = Asked(receipt.id, counter.clock.now, None, None, (), 0)
    anchors, now = counter.wallet_anchors, counter.clock.now
    found = verify_usage_report(response.body.decode(), asked, partner=(WHO,), anchors=anchors, now=now)
    return [entry.blinded.entry.use.action for entry in found.says.entries]
