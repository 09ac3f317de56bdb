"""An office that issues and asks is one partner: both logs watched, rights asked where the data are, and nobody else merged."""

from dataclasses import replace

import pytest

from protocol.errors import ProtocolError
from protocol.exchange import HttpResponse
from protocol.oid4vci.metadata import sign_metadata
from protocol.sovereignty.complaint import read_complaint
from protocol.sovereignty.partner_directory import Witnessed
from protocol.sovereignty.rights import Right
from protocol.sovereignty.signing import Organisation
from protocol.trust.anchors import Role
from tests.flows.agency import COCKPIT
from tests.flows.office_town import ASKING, ASKING_COCKPIT, STRANGER, asking_service, office_town
from tests.flows.test_lying_issuer import WELL_KNOWN
from tests.protocol.mdoc.samples import DESK
from tests.support.issuer import IDENTIFIER
from tests.support.partners import BANK, TOWN, subject_of
from tests.support.pki import NOW, Pki, seeded_key
from tests.wallet.counterparts import PASSPHRASE, QUICK
from wallet.policy.cockpit.complaining import Ground, asked_by_disclosure, complain
from wallet.policy.cockpit.disclosed import entries_of, partner_of, receipt_of
from wallet.policy.cockpit.partner import broken_elsewhere
from wallet.policy.cockpit.rights import Wish, status_of
from wallet.policy.cockpit.timeline import Filter
from wallet.vault.vault import Vault

pytestmark = pytest.mark.flow


@pytest.fixture
def town(tmp_path):
    vault = Vault.create(tmp_path / "wallet.hoheit", PASSPHRASE, QUICK)
    with vault, office_town(vault) as everybody:
        yield everybody


def looked(town, *disclosures):
    """Ask about each; as they are kept then."""
    found = [town.look(one) for one in disclosures]
    assert all(one.went_well for one in found), found
    return [one.disclosure for one in found]


def rules(disclosure):
    return [finding.rule for finding in disclosure.usage.findings]


def test_an_office_that_issues_and_asks_is_one_partner_with_both_logs_watched(town):
    card, given = town.take("card"), town.give()
    assert [card.sent.issued, given.sent.issued] == [True, False]
    assert {one.sent.announced for one in (card, given)} == {COCKPIT, ASKING_COCKPIT}
    town.forward(3600)
    town.witnessed()
    card, given = looked(town, card, given)
    assert [str(entries_of(one)[0].use.action) for one in (card, given)] == ["used", "received"]
    assert (rules(card), rules(given)) == ([], [])
    assert [receipt_of(one).outcome for one in (card, given)] == ["accepted", "accepted"]
    collecting = town.wallet.cockpit.collecting
    assert collecting.witnessed(card).heads == (town.head(COCKPIT),)
    assert collecting.witnessed(given).heads == (town.head(ASKING_COCKPIT),)
    assert town.partners() == [("Family office", 2)]
    timeline = town.wallet.cockpit.timeline()
    own = timeline.find(Filter(partner=timeline.partners[0].key))
    assert {item.number for item in own} == {card.log_number, given.log_number}


def test_a_head_of_one_log_counts_for_that_log_alone(town):
    card, given = town.take("card"), town.give()
    town.forward(3600)
    issuing, asking = town.head(COCKPIT), town.head(ASKING_COCKPIT)
    assert issuing.tree.size == asking.tree.size
    # The register saw each log at the other's address
    town.witnessed(Witnessed(COCKPIT, (asking,)), Witnessed(ASKING_COCKPIT, (issuing,)))
    card, given = looked(town, card, given)
    assert (rules(card), rules(given)) == (["split_view"], ["split_view"])


def test_a_broken_log_is_found_where_it_is_and_told_of_the_partner_that_has_it(town):
    card, given = town.take("card"), town.give()
    town.forward(3600)
    heads = {one: (town.head(one),) for one in (COCKPIT, ASKING_COCKPIT)}
    given_up = Witnessed("https://agency.example/before/cockpit", (), NOW)
    town.witnessed(Witnessed(COCKPIT, heads[COCKPIT], NOW), Witnessed(ASKING_COCKPIT, heads[ASKING_COCKPIT]), given_up)
    card, given = looked(town, card, given)
    assert (rules(card), rules(given)) == (["broken"], [])
    partner = town.wallet.cockpit.collecting.partner(given)
    # Nobody begins again quietly: the log that was given up is told, too
    assert broken_elsewhere(partner, [card, given]) == (given_up.cockpit_endpoint,)
    assert broken_elsewhere(partner, [given]) == (COCKPIT, given_up.cockpit_endpoint)


def test_each_right_goes_to_the_cockpit_that_holds_the_data(town):
    card, given = town.take("card"), town.give()
    town.forward(3600)
    town.witnessed()
    rights = town.wallet.cockpit.rights
    for disclosure, cockpit in ((card, COCKPIT), (given, ASKING_COCKPIT)):
        town.asked.clear()
        town.run(rights.ask(disclosure, Wish(Right.RESTRICTION, None, "")))
        assert {request.url for request in town.asked} == {f"{cockpit}/rights"}
    for disclosure in town.disclosures():
        [asked] = disclosure.rights
        assert (asked.problem, status_of(asked) is None) == ("", False)


def test_a_complaint_about_the_office_has_what_both_its_services_signed(town):
    card, given = town.take("card"), town.give()
    town.forward(3600)
    both = looked(town, card, given)
    for first in both:
        made = complain(
            asked_by_disclosure(first), both, [Ground("gap", "Something is missing.", both[0])],
            number=1, language="en", own_words="", now=town.now,
        )  # fmt: skip
        complaint = read_complaint(made.file)
        assert complaint.partner.organisation == TOWN
        assert [one.receipt for one in complaint.receipts] == [one.receipt.raw for one in both]


def test_who_asked_and_got_nothing_is_the_same_partner_by_the_certificate(town):
    """Also with a certificate that no answer ever went to."""
    town.take("card")
    town.decline()
    assert town.partners() == [("City office", 2)]
    renewed = asking_service(town.office, identifier="https://next.agency.example", name="Family office, new")
    town.more[renewed.identifier] = renewed
    town.decline(renewed.identifier)
    assert town.partners() == [("City office", 3)]


@pytest.mark.parametrize(
    "registered",
    [BANK, Organisation(TOWN.identifier, "AT"), Organisation(BANK.identifier, TOWN.country)],
    ids=["another", "the same number in another country", "another number in the same country"],
)
def test_whoever_has_the_name_of_the_office_alone_is_somebody_else(town, registered):
    """T170: what makes a partner is what a register signed, never what it calls itself."""
    town.more[STRANGER] = asking_service(town.office, identifier=STRANGER, registered=registered, name="City office")
    card, given = town.take("card"), town.give(STRANGER)
    town.decline(STRANGER)
    assert partner_of(card.sent) == TOWN
    assert partner_of(given.sent) == registered
    assert town.partners() == [("City office", 2), ("City office", 1)]


def test_a_link_that_claims_to_be_the_office_is_not_the_office(town):
    """T159, T160: a request that fails says nothing of who made it."""
    town.take("card")
    given = town.give()
    for claimed in (given.sent.client_id, IDENTIFIER):
        with pytest.raises(ProtocolError):
            town.run(town.wallet.presenting.look(f"openid4vp://?client_id={claimed}&request_uri={ASKING}/nothing-here"))
    # The first is noted as what it said of itself; the second is none that a link may have
    assert town.partners() == [(given.sent.client_id, 1), ("Family office", 2)]


def test_an_issuer_that_names_the_office_in_a_certificate_of_its_own_is_not_the_office(town):
    """T148: who may sign documents has an authority of its own, which names whomever it likes; a register did not."""
    office = town.office.pki
    named = replace(DESK, **{**identity(BANK), "common_name": "City office"})
    forger = Pki(office.root, (office.root.issue(named, seeded_key(7300)),), office.role)
    assert forger.anchor.role is Role.ISSUER

    def spoil(path, found):
        if path != WELL_KNOWN:
            return found
        metadata = town.desk.issuer.metadata.issuer
        token = sign_metadata(metadata, forger.signer, x5c=forger.x5c, issued_at=NOW - 1, expires_at=NOW + 900)
        return HttpResponse(200, (("content-type", "application/jwt"),), token.encode())

    town.office.spoil = spoil
    town.receive(town.office.offer("card"))
    # No key was sent, and nothing stands under the bank
    assert town.disclosures() == ()
    [entry] = town.vault.log()
    assert (entry.action, entry.organisation) == ("received", "")


def identity(organisation):
    """What a certificate says of an organisation."""
    template = subject_of(organisation)
    return {"country": template.country, "identifier": template.identifier}
