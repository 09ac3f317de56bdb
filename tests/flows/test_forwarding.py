"""One document to two real partners at once: each makes a case of it, gives a receipt, and tells the citizen how it ends."""

from urllib.parse import urlsplit

import pytest

from protocol.exchange import HttpResponse
from protocol.trust.anchors import Role, TrustAnchors
from tests.support.pki import Template, make_pki, seeded_key
from tests.support.services import FORWARD, described, service_verifier
from tests.wallet.counterparts import PASSPHRASE, QUICK
from tests.wallet.service_town import ServiceWorld
from verifier.once_only.case import CaseState
from verifier.once_only.sent import Decision, Told
from wallet.policy.cockpit.disclosed import matches, receipt_of
from wallet.policy.documents import documents_of
from wallet.vault.vault import Vault

pytestmark = pytest.mark.flow

IDS = {"insurer": "NTRDE-HRB 4711", "bank": "NTRDE-HRB 4712"}


class RealPartner:
    """A verifier with its web application, which the wallet reaches under its own host."""

    def __init__(self, url, name, number, issuers):
        self.host, self.id = f"https://{name}.example", f"new-name-{name}"
        leaf = Template(
            common_name=name, organization=name, identifier=IDS[name], country="DE",
            dns_names=(f"{name}.example",), uris=(self.host,),
        )  # fmt: skip
        self.access = make_pki(leaf, role=Role.VERIFIER, key=seeded_key(400 + number))
        self.text = FORWARD.replace(IDS["insurer"], IDS[name])
        self.counter = service_verifier(
            url, issuers, {self.id: self.text}, identifier=self.host, access=self.access,
            privacy_policy=f"{self.host}/privacy", seed=number,
        )  # fmt: skip

    @property
    def entry(self):
        """Its service in the catalogue."""
        start, forward = [f"{self.host}/services/{self.id}/{what}" for what in ("start", "forward")]
        return described(self.text, self.id).entry(start, self.id, forward).to_dict()

    def respond(self, request):
        """Answer one request of the wallet's."""
        parts = urlsplit(request.url)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        answer = self.counter.http(request.method, path, content=request.body, headers=dict(request.headers))
        return HttpResponse(answer.status_code, tuple(answer.headers.items()), answer.content)

    def cases(self):
        """What its clerks have to decide."""
        return self.counter.run(self.counter.verifier.cases.listed(is_open=True))

    def lines(self, case):
        """What a clerk sees of a case."""
        return self.counter.run(self.counter.verifier.cases.open(case.id, actor="Ada", role="clerk")).lines

    def decide(self, case, text):
        """A clerk decides."""
        decision = Decision(CaseState.GRANTED, Told(text=text))
        self.counter.run(self.counter.verifier.cases.decide(case.id, decision, actor="Ada", role="clerk"))


class Town(ServiceWorld):
    """A wallet, and real partners."""

    def __init__(self, vault, folder, urls):
        super().__init__(vault, folder / "published")
        issuers = TrustAnchors([self.agency.pki.anchor])
        self.partners = {name: RealPartner(urls(name), name, number, issuers) for number, name in enumerate(IDS, 1)}
        self.more |= {one.host: one for one in self.partners.values()}
        self.publisher.services = tuple([one.entry for one in self.partners.values()])

    def anchors(self):
        """Whom the wallet trusts: the partners as well."""
        more = [one.access.anchor for one in getattr(self, "partners", {}).values()]
        return TrustAnchors([*super().anchors().anchors, *more])


@pytest.fixture
def town(tmp_path, database_urls):
    vault = Vault.create(tmp_path / "wallet.db", PASSPHRASE, QUICK)
    made = Town(vault, tmp_path, database_urls)
    made.fetch()
    made.receive_pid()
    yield made
    for one in made.partners.values():
        one.counter.close()
    vault.close()


def forward(town):
    forwarding = town.wallet.forwarding
    [document] = documents_of(town.wallet.context.store.credentials())
    ids = [one.service.id for one in forwarding.recipients(document)]
    recipients = town.run(forwarding.ask(document, ids))
    assert recipients.out == ()
    chosen = {one.begun.service.id: one.seen.default_choice() for one in recipients.asked}
    return town.run(forwarding.send(recipients, chosen))


def test_one_document_is_a_case_at_each_partner_with_a_receipt_for_the_citizen(town):
    done = forward(town)
    assert {one.fate.value for one in done} == {"arrived"}
    for one in town.partners.values():
        [case] = one.cases()
        assert [(line.name, line.value) for line in one.lines(case)] == [("family_name", "Mustermann")]
        assert one.counter.verifier.cases.own_page(case.id) in {shared.redirect_uri for shared in done}
    kept = town.wallet.cockpit.disclosures()
    assert len({one.thumbprint for one in kept}) == 2
    for one in kept:
        assert matches(one), one.receipt.findings
        assert receipt_of(one).service in {partner.id for partner in town.partners.values()}
        assert receipt_of(one).claims == {"pid": (("family_name",),)}


def test_the_citizen_sees_what_each_did_with_it_and_how_it_ended(town):
    forward(town)
    bank = town.partners["bank"]
    [case] = bank.cases()
    bank.lines(case)
    bank.decide(case, "It is changed.")
    for disclosure in town.wallet.cockpit.disclosures():
        town.run(town.wallet.cockpit.ask(disclosure))
    found = {one.sent.announced: one.usage for one in town.wallet.cockpit.disclosures()}
    assert [[text for _, text in news.text] for news in found[f"{bank.host}/cockpit"].news] == [["It is changed."]]
    assert len(found[f"{bank.host}/cockpit"].uses) == 3
    assert len(found[f"{town.partners['insurer'].host}/cockpit"].uses) == 1


def test_one_that_is_away_costs_the_other_nothing(town):
    town.more.pop(town.partners["bank"].host)
    forwarding = town.wallet.forwarding
    [document] = documents_of(town.wallet.context.store.credentials())
    recipients = town.run(forwarding.ask(document, [one.id for one in town.partners.values()]))
    assert [one.service.id for one in recipients.out] == ["new-name-bank"]
    chosen = {one.begun.service.id: one.seen.default_choice() for one in recipients.asked}
    [done] = town.run(forwarding.send(recipients, chosen))
    assert done.fate.value == "arrived"
    assert town.partners["bank"].cases() == ()
