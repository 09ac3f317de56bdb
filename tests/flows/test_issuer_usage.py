"""Who at the agency used the register's data about a citizen, and when: the citizen's wallet sees and checks it."""

from dataclasses import replace

import pytest

from issuer.policy import Deed
from issuer.usage import By
from protocol.encoding import read_json_object
from protocol.jws import Jws
from protocol.keys import PublicKey
from protocol.sovereignty.log_heads import verify_usage_head
from protocol.sovereignty.signing import Organisation
from tests.flows.agency import COCKPIT, DAY, MARKED, SUBJECT, agency_town
from tests.support.partners import TOWN
from wallet.policy.cockpit.disclosed import entries_of, receipt_of
from wallet.policy.cockpit.timeline import Kind
from wallet.service.cockpit.collecting import Looked

pytestmark = pytest.mark.flow

SERVICE = "Ausstellungsdienst, automatisch"
CLERK = "Sachbearbeitung"
CLAIMS = (("address",), ("given_name",), ("points",))
HOUR = 3600


@pytest.fixture
def town(tmp_path):
    with agency_town(tmp_path) as everybody:
        yield everybody


def open_file(town):
    """A clerk opens the citizen's file."""
    return town.desk.run(town.desk.issuer.desk.person(SUBJECT))


def test_a_document_comes_with_a_receipt_that_says_what_is_in_it(town):
    disclosure = town.take()
    assert disclosure.receipt is not None
    assert disclosure.receipt.findings == ()
    receipt = receipt_of(disclosure)
    assert receipt.claims == {"card": CLAIMS}
    assert receipt.issuer == "https://agency.example"
    assert receipt.controller.organisation == Organisation(TOWN.identifier, TOWN.country)
    assert receipt.cockpit_endpoint == disclosure.sent.announced == COCKPIT
    assert receipt.log_until > town.now + 119 * DAY
    [entry] = [one for one in town.vault.log() if one.action == "received"]
    assert disclosure.log_number == entry.number
    # Both forms of one document came, and one receipt is enough for it
    assert len(entry.credentials) == 2
    assert len(town.disclosures()) == 1
    assert town.said(disclosure) == [("used", SERVICE)]


def test_what_clerks_look_at_is_seen_by_the_citizen_and_never_who_they_are(town):
    disclosure = town.take()
    issuer, run = town.desk.issuer, town.desk.run
    run(issuer.desk.search("Zweig"))
    open_file(town)
    run(issuer.desk.preview(SUBJECT, "card", "Frau Berg"))
    run(issuer.desk.addressee(SUBJECT))
    run(issuer.changes.show(SUBJECT, "Frau Berg"))
    entries = entries_of(town.look(disclosure).disclosure)
    assert [(str(one.use.action), one.use.by) for one in entries] == [("used", SERVICE), *[("viewed", CLERK)] * 5]
    # Of the card only the first name says who somebody is, and a letter has the address too
    seen = [one.use.claims["card"] for one in entries[1:]]
    assert seen == [(("given_name",),), (("given_name",),), CLAIMS, (("address",), ("given_name",)), CLAIMS]
    reports = "".join(kept.raw for one in town.disclosures() for kept in one.usage.reports)
    assert "Berg" not in str([one.use for one in entries])
    assert reports


def test_the_same_look_in_the_same_hour_is_one_entry(town):
    disclosure = town.take()
    open_file(town)
    open_file(town)
    assert town.said(disclosure) == [("used", SERVICE), ("viewed", CLERK)]
    town.forward(HOUR)
    open_file(town)
    assert town.said(disclosure) == [("used", SERVICE), *[("viewed", CLERK)] * 2]


def test_entries_are_proven_against_public_heads_and_nothing_is_wrong(town):
    disclosure = town.take()
    open_file(town)
    town.forward(2 * HOUR)
    town.look(disclosure)
    town.forward(2 * HOUR)
    open_file(town)
    looked = town.look(disclosure)
    assert looked.disclosure.usage.findings == ()
    assert [use.in_tree for use in looked.disclosure.usage.uses] == [True, True, False]
    [head] = looked.disclosure.usage.heads
    got = town.office.client.get(f"/cockpit/head?log={head.log}")
    found = verify_usage_head(
        got.text,
        partner=(Organisation(TOWN.identifier, TOWN.country),),
        anchors=town.anchors(),
        log=head.log,
        now=town.now,
    )
    assert (found.head.tree.size, found.head.tree.root.hex()) == (head.size, head.root)
    growth = town.office.client.get(f"/cockpit/consistency?log={head.log}&from=64&to={head.size}")
    assert growth.status_code == 200


def test_a_change_of_the_register_is_told_with_what_became_of_the_document(town):
    disclosure = town.take()
    changes, run = town.desk.issuer.changes, town.desk.run
    run(changes.patch(SUBJECT, {"address": {"locality": "Neustadt"}}, "Frau Berg", by=By.CLERK))
    assert town.said(disclosure) == [("used", SERVICE), ("corrected", CLERK), ("decided", SERVICE)]
    # Renewed: what happens from now on stands with the new one
    town.run(town.wallet.keeping.look_up_status())
    assert town.run(town.wallet.renewing.run_due()) == 1
    old, new = town.disclosures()
    assert new.receipt.findings == ()
    [entry] = [one for one in town.vault.log() if one.action == "renewed"]
    assert new.log_number == entry.number
    open_file(town)
    assert town.said(old)[-1] == ("used", SERVICE)
    assert town.said(new) == [("used", SERVICE), ("viewed", CLERK)]
    run(changes.remove(SUBJECT, "import"))
    assert town.said(new)[2:] == [("erased", "Programm, über die Schnittstelle"), ("decided", SERVICE)]


def test_a_clerk_who_ends_a_document_is_told_by_role_and_by_the_reason_of_the_list_alone(town):
    disclosure = town.take()
    issuer, run = town.desk.issuer, town.desk.run
    [document, *_] = run(issuer.desk.documents(SUBJECT, None))
    run(issuer.desk.change(document.id, Deed.SUSPEND, "checking: Xanthippe was seen", "Frau Berg"))
    entries = entries_of(town.look(disclosure).disclosure)
    assert [str(one.use.action) for one in entries] == ["used", "viewed", "decided"]  # it was found in the list
    assert entries[-1].use.by == CLERK
    why = [text.text for text in entries[-1].use.why]
    assert why == [
        "Das Dokument gilt vorerst nicht: es wird etwas geprüft.",
        "The document is not valid for the time being: something is being checked.",
    ]


def test_two_documents_have_two_receipts_and_two_lines(town):
    town.receive(town.office.offer("card", "card-mdoc", "pass"))
    first, second = town.disclosures()
    assert (first.thumbprint != second.thumbprint, first.log_number != second.log_number) == (True, True)
    assert {query for one in (first, second) for query, _ in one.sent.claims} == {"card", "pass"}
    open_file(town)
    assert town.said(first) == town.said(second) == [("used", SERVICE), ("viewed", CLERK)]


def test_receipts_and_calls_of_two_documents_share_nothing_that_names_the_citizen(town):
    """A test compares all bytes: what both say is the agency's, or the same for everybody."""
    town.receive(town.office.offer("card"))
    town.receive(town.office.offer("pass"))
    first, second = town.disclosures()
    before = len(town.office.seen)
    for one in (first, second):
        town.look(one)
    calls = [one for one in town.office.seen[before:] if one.url.startswith(COCKPIT)]
    of_each = [[call for call in calls if key in _proof_keys(call)] for key in (first.thumbprint, second.thumbprint)]
    assert all(of_each)
    assert sum(map(len, of_each)) == len(calls)
    secrets = [{one.thumbprint, receipt_of(one).id, receipt_of(one).request} for one in (first, second)]
    secrets[0] |= {digest for _, hashes in first.sent.presentations for digest in hashes}
    secrets[1] |= {digest for _, hashes in second.sent.presentations for digest in hashes}
    assert secrets[0].isdisjoint(secrets[1])
    texts = [first.receipt.raw + str(of_each[0]), second.receipt.raw + str(of_each[1])]
    assert not any(secret in texts[1] for secret in secrets[0])
    assert not any(secret in texts[0] for secret in secrets[1])
    # The subject of the register never leaves it
    assert not any(SUBJECT in text for text in texts)


def _proof_keys(call):
    proof = Jws.from_compact(dict(call.headers)["dpop"], "proof")
    return {PublicKey.from_jwk(proof.header.members["jwk"], "jwk").thumbprint()}


def test_no_value_stands_in_anything_that_is_written_of_it(town):
    disclosure = town.take()
    open_file(town)
    town.desk.run(
        town.desk.issuer.changes.patch(SUBJECT, {"address": {"locality": "Neustadt"}}, "Frau Berg", by=By.CLERK)
    )
    found = town.look(disclosure).disclosure
    written = repr((found.sent, found.receipt, found.usage)) + str([one.members for one in _entries(town, found)])
    assert not [value for value in MARKED if value in written]


def _entries(town, disclosure):
    store = town.desk.store.usage
    return store.entries(receipt_of(disclosure).id, after=-1, limit=100)


def test_another_key_learns_nothing_of_it(town):
    disclosure = town.take()
    stranger = replace(disclosure, key="11" * 32)
    town.run(town.wallet.context.save(put=[stranger]))
    looked = town.look(stranger)
    assert not looked.went_well
    assert looked.disclosure.usage.uses == ()


def test_what_cannot_be_written_down_is_not_shown(town, monkeypatch):
    town.take()

    class Full(Exception):
        pass

    def fail(*_):
        raise Full

    monkeypatch.setattr(town.desk.store.usage, "write", fail)
    with pytest.raises(Full):
        open_file(town)
    with pytest.raises(Full):
        town.desk.run(town.desk.issuer.desk.preview(SUBJECT, "card", "Frau Berg"))
    assert "values shown" not in [line.action for line in town.desk.store.audit(limit=100)]


def test_the_timeline_shows_it_under_the_agency(town):
    disclosure = town.take()
    open_file(town)
    town.look(disclosure)
    timeline = town.wallet.cockpit.timeline()
    kinds = [item.kind for item in timeline.of_entry(disclosure.log_number)]
    assert sorted(kinds) == sorted([Kind.GOT, Kind.RECEIPT, Kind.USE, Kind.USE])
    met = timeline.partner(disclosure.log_number)
    assert met.key == f"{TOWN.country} {TOWN.identifier}"


@pytest.mark.parametrize("changed", [{"cockpit": False}, {"privacy_policy": ""}, {"access": None}])
def test_who_cannot_give_receipts_announces_none_and_gets_no_key(tmp_path, changed):
    with agency_town(tmp_path, **changed) as town:
        town.receive(town.office.offer())
        assert town.disclosures() == ()
        [request, *_] = [one for one in town.office.seen if one.url.endswith("/credential")]
        assert "cockpit_key" not in read_json_object(request.body, "request")
        open_file(town)


def test_a_lost_answer_gives_a_new_receipt_and_the_old_one_says_so(town):
    receiving = town.wallet.receiving
    seen = town.run(receiving.look(town.office.offer("card")))
    pending = town.run(receiving.take(seen))
    town.run(receiving.fetch(pending, seen.contact))
    arrived = town.run(receiving.fetch(pending, seen.contact))
    town.run(receiving.keep(arrived))
    [disclosure] = town.disclosures()
    assert disclosure.receipt.findings == ()
    assert town.said(disclosure) == [("used", SERVICE)]


def test_a_wallet_that_is_not_asked_for_forgets_nothing(town):
    """The receipt did not come along: it is collected."""
    receiving = town.wallet.receiving
    seen = town.run(receiving.look(town.office.offer("card")))
    pending = town.run(receiving.take(seen))
    arrived = town.run(receiving.fetch(pending, seen.contact))
    [document] = arrived.documents
    lost = replace(document, promise=replace(document.promise, receipt=None))
    town.run(receiving.keep(replace(arrived, documents=(lost,))))
    [disclosure] = town.disclosures()
    assert disclosure.receipt is None
    looked = town.look(disclosure)
    assert isinstance(looked, Looked)
    assert looked.disclosure.receipt.findings == ()
    assert [str(one.use.action) for one in entries_of(looked.disclosure)] == ["used"]
