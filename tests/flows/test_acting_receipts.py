"""A parent's answer for their child: the receipt of the partner says so, and the cockpit of the wallet finds it for Mia."""

from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from protocol.exchange import HttpResponse
from protocol.sdjwt.issue import Frame
from protocol.sovereignty.receipt import Outcome
from protocol.trust.anchors import Role, TrustAnchors
from tests.support.acting import PID_QUERY, PROOF_QUERY
from tests.support.pki import Template, make_pki, seeded_key
from tests.support.verifier import make_verifier
from tests.wallet.acting import MIA, PROOF
from tests.wallet.counterpart_agency import PID, VCT, Agency
from tests.wallet.counterparts import PASSPHRASE, QUICK, World
from verifier.represented import IN_OWN_NAME
from wallet.policy.cockpit.disclosed import matches, receipt_of
from wallet.policy.cockpit.timeline import Filter, Kind
from wallet.policy.representing import entries_about, represented_people
from wallet.vault.vault import Vault

pytestmark = pytest.mark.flow

HOST = "https://school.example"
TYPE = "urn:hoheit:representation:1"
PERSON = {name: PROOF[name] for name in ("family_name", "given_name", "birthdate")}
USE_CASE = f"""
id = "trips"
legal_basis = "contract"
max_status_age_seconds = 0
[title]
en = "Sign up for school trips"
[purpose]
en = "We write down who says yes for the child."
[query]
credentials = [
  {PROOF_QUERY},
  {PID_QUERY},
]
[acting]
proof = "proof"
identity = "pid"
relations = ["parent"]
area = "school"
"""


class School:
    """A verifier with its web application, which the wallet reaches under its own host."""

    def __init__(self, url, issuers):
        leaf = Template(
            common_name="School", organization="School", identifier="NTRDE-HRB 4711", country="DE",
            dns_names=("school.example",), uris=(HOST,),
        )  # fmt: skip
        self.access = make_pki(leaf, role=Role.VERIFIER, key=seeded_key(400))
        self.counter = make_verifier(
            url, issuers, use_cases=[USE_CASE], identifier=HOST, access=self.access,
            privacy_policy=f"{HOST}/privacy",
        )  # fmt: skip

    def respond(self, request):
        """Answer one request of the wallet's."""
        parts = urlsplit(request.url)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        answer = self.counter.http(request.method, path, content=request.body, headers=dict(request.headers))
        return HttpResponse(answer.status_code, tuple(answer.headers.items()), answer.content)


class Town(World):
    """A parent's wallet with both documents, and the school."""

    school: School | None = None

    def anchors(self):
        found = super().anchors()
        return found if self.school is None else TrustAnchors([*found.anchors, self.school.access.anchor])

    def get(self, type_, claims):
        """Take a document from the office."""
        self.agency.type, self.agency.claims = type_, claims
        self.agency.configurations = {"one": replace(PID, type=type_, claims=())}
        self.agency.issued_changes = {"frame": Frame.of([(name,) for name in claims])}
        return self.receive()


@pytest.fixture
def town(tmp_path, database_url):
    vault = Vault.create(tmp_path / "wallet.db", PASSPHRASE, QUICK)
    made = Town(vault, Agency())
    made.school = School(database_url, TrustAnchors([made.agency.pki.anchor]))
    made.more[HOST] = made.school
    made.get(VCT, PERSON)
    yield made
    made.school.counter.close()
    vault.close()


def answer(town, **proof):
    town.get(TYPE, {**PROOF, "until": "2036-05-02", **proof})
    made = town.school.counter.ask(use_case="trips")
    seen = town.run(town.wallet.presenting.look(made.uri))
    town.run(town.wallet.presenting.share(seen, seen.default_choice()))
    return town.school.counter.result(made)


def found_for(town, name):
    [who] = [one for one in represented_people(town.vault.credentials()) if one.name == name]
    timeline = town.wallet.cockpit.timeline()
    return timeline.find(Filter(entries=entries_about(town.vault.log(), who.id, (who,))))


def test_the_receipt_says_that_it_is_about_the_child_and_the_cockpit_finds_it_for_her(town):
    assert answer(town).acting.proof.represented.name == "Mia Mustermann"
    [disclosure] = town.wallet.cockpit.disclosures()
    assert matches(disclosure), disclosure.receipt.findings
    receipt = receipt_of(disclosure)
    assert (receipt.outcome, receipt.represented) == (Outcome.ACCEPTED, ("proof",))
    assert {item.kind for item in found_for(town, "Mia")} >= {Kind.GIVEN, Kind.RECEIPT}
    # T260 and more: nothing that is kept of it has a name but the documents themselves
    assert not any(name in repr((receipt, disclosure.sent)) for name in ("Mia", "Mustermann"))


def test_what_was_refused_is_in_the_cockpit_too(town):
    assert answer(town, areas=["health"]).state == "refused"
    [disclosure] = town.wallet.cockpit.disclosures()
    assert (receipt_of(disclosure).outcome, receipt_of(disclosure).represented) == (Outcome.REJECTED, ("proof",))
    assert found_for(town, "Mia")


def test_what_the_school_does_with_it_is_seen_by_whoever_acts(town):
    answer(town)
    [disclosure] = town.wallet.cockpit.disclosures()
    town.run(town.wallet.cockpit.ask(disclosure))
    assert Kind.USE in {item.kind for item in found_for(town, "Mia")}


@pytest.fixture
def child(town, tmp_path):
    """The child's own wallet."""
    vault = Vault.create(tmp_path / "child.db", PASSPHRASE, QUICK)
    made = Town(vault, town.agency, seed=41)
    made.school = town.school
    made.more[HOST] = town.school
    made.get(VCT, MIA)
    yield made
    vault.close()


def test_the_childs_own_wallet_sees_it_in_its_cockpit(town, child):
    """In her own name (docs/decisions/0057), with a key and a receipt of her own: nothing links it with her mother's wallet."""
    answer(town)
    made = town.school.counter.ask(use_case=IN_OWN_NAME)
    seen = child.run(child.wallet.presenting.look(made.uri))
    child.run(child.wallet.presenting.share(seen, seen.default_choice()))
    [disclosure] = child.wallet.cockpit.disclosures()
    assert matches(disclosure), disclosure.receipt.findings
    child.run(child.wallet.cockpit.ask(disclosure))
    [disclosure] = child.wallet.cockpit.disclosures()
    [news] = disclosure.usage.news
    assert dict(news.text)["en"].endswith(
        "somebody acted for you here as a mother or father: We write down who says yes for the child."
    )
    [item] = child.wallet.cockpit.timeline().find(Filter(kind=Kind.NEWS))
    assert item.number == disclosure.log_number
    [others] = town.wallet.cockpit.disclosures()
    assert others.thumbprint != disclosure.thumbprint
    # Her mother's wallet is told nothing of it
    town.run(town.wallet.cockpit.ask(others))
    assert town.wallet.cockpit.disclosures()[0].usage.news == ()


def test_another_child_of_that_school_sees_nothing(town, child):
    town.get(TYPE, {**PROOF, "until": "2036-05-02", "represented": {**MIA, "given_name": "Ben"}})
    made = town.school.counter.ask(use_case="trips")
    seen = town.run(town.wallet.presenting.look(made.uri))
    town.run(town.wallet.presenting.share(seen, seen.default_choice()))
    asked = town.school.counter.ask(use_case=IN_OWN_NAME)
    seen = child.run(child.wallet.presenting.look(asked.uri))
    child.run(child.wallet.presenting.share(seen, seen.default_choice()))
    [disclosure] = child.wallet.cockpit.disclosures()
    child.run(child.wallet.cockpit.ask(disclosure))
    assert child.wallet.cockpit.disclosures()[0].usage.news == ()
