"""A complaint: about one partner, with everything that they signed and nothing that they did not, and no data of the user."""

from dataclasses import replace

import pytest

from protocol.encoding import decode_base64url
from protocol.errors import Conflict, TooLarge
from protocol.jws import Jws
from protocol.sovereignty.complaint import MAX_RECEIPTS, read_complaint
from protocol.sovereignty.due_dates import first_due
from protocol.sovereignty.rights_status import State
from protocol.sovereignty.signing import Organisation
from protocol.sovereignty.usage import Action
from tests.support.pki import DAY, NOW
from tests.wallet.cockpit import TO_BANK, use
from tests.wallet.counterparts import dcql
from tests.wallet.registrar import LIBRARY
from tests.wallet.rights import REMEDY, WHY
from tests.wallet.service.cockpit.asking import HOUR, after_a_report, asks, given, last, looks
from tests.wallet.service.cockpit.test_receipts import LIES
from wallet.cockpit_words import CockpitWords
from wallet.complaint_words import grounds_of, grounds_of_request
from wallet.policy.cockpit.complaining import MAX_OWN_WORDS, asked_by_disclosure, asked_by_evidence, complain
from wallet.policy.cockpit.disclosed import receipt_of
from wallet.words import Words

SAY = CockpitWords.of(Words("en"), "en", ())


def grounds(world):
    """What was found."""
    return [ground for one in world.vault.disclosures() for ground in grounds_of(one, SAY, world.now)]


def rules(world):
    return [ground.rule for ground in grounds(world)]


def complains(world, *, own_words="", found=None, **changes):
    """Put it together."""
    disclosures = world.vault.disclosures()
    members = {"number": 1, "language": "en", "own_words": own_words, "now": world.now, **changes}
    made = complain(
        asked_by_disclosure(disclosures[0]), disclosures, grounds(world) if found is None else found, **members
    )
    complaint = read_complaint(made.file)
    assert complaint == made.complaint
    return complaint


def test_a_complaint_has_everything_that_was_signed_and_what_is_wrong(world):
    after_a_report(world)
    asks(world)
    world.partner.did(use(Action.FORWARDED, NOW + 2 * HOUR, TO_BANK._replace(identifier="LEI-unknown")))
    world.later(first_due(world.now) - world.now + HOUR).look()
    disclosure = world.disclosure
    complaint = complains(world, own_words="They also phoned me.")
    assert (complaint.partner.organisation, complaint.partner.name) == (Organisation(LIBRARY, "DE"), "City library")
    assert complaint.authority.email == "watch@data.example"
    assert complaint.request == disclosure.sent.request
    assert complaint.registration == disclosure.sent.registration
    assert complaint.certificates == Jws.from_compact(complaint.request, "request").header.x5c
    [evidence] = complaint.receipts
    assert evidence.receipt == disclosure.receipt.raw
    assert evidence.reports == tuple(report.raw for report in disclosure.usage.reports)
    assert evidence.statuses == tuple(kept.raw for kept in last(world).statuses)
    found = {finding.rule: finding for finding in complaint.findings}
    assert {"unknown_recipient", "overdue"} <= found.keys()
    assert {finding.receipt for finding in complaint.findings} == {receipt_of(disclosure).id}
    for finding in complaint.findings:
        assert f"- {finding.text}" in complaint.letter.body
    assert "- They also phoned me." in complaint.letter.body
    assert complaint.added is None
    assert complaint.beyond is None
    assert complaint.through is None


def test_no_data_and_no_request_about_rights_is_in_it(world):
    given(world)
    asks(world)
    complaint = complains(world, own_words="Please look.")
    tokens = [complaint.request, *[one for each in complaint.receipts for one in (each.receipt, *each.statuses)]]
    told = str(complaint) + "".join(decode_base64url(token.split(".")[1], "token").decode() for token in tokens)
    assert "Erika" not in told
    assert world.partner.answers[-1]["vp_token"] not in told
    assert last(world).token not in told


@pytest.mark.parametrize("finding", ["controller", "purpose", "claims_not_sent"])
def test_a_receipt_that_lies_is_in_it(world, finding):
    world.partner.lie = LIES[finding]
    given(world)
    complaint = complains(world)
    assert [one.rule for one in complaint.findings] == [finding]
    assert complaint.receipts[0].receipt == world.disclosure.receipt.raw


def test_a_receipt_of_somebody_else_is_named_and_not_in_it(world):
    world.partner.sign_with = world.agency.pki
    given(world)
    complaint = complains(world)
    assert complaint.receipts == ()
    assert [(one.rule, one.receipt) for one in complaint.findings] == [("signer", None)]


def test_a_receipt_that_never_came_is_a_ground(world):
    world.partner.inline = False
    given(world)
    assert rules(world) == []
    world.later(DAY)
    assert rules(world) == ["promised"]
    assert complains(world).receipts == ()


def test_what_was_refused_or_answered_with_something_else_is_a_ground(world):
    given(world)
    asks(world)
    assert rules(world) == []
    world.partner.desk.go(State.REFUSED, why=WHY, remedy=REMEDY)
    world.later(DAY)
    looks(world)
    assert rules(world) == ["refused"]
    asks(world)
    world.partner.desk.spoil = lambda status: replace(status, id="another-id-of-16-letters")
    world.later(DAY)
    looks(world)
    assert rules(world) == ["refused", "status_not_believed"]


def test_without_a_ground_there_is_no_complaint_and_ones_own_words_are_one(world):
    given(world)
    for words in ("", "\n \n"):
        with pytest.raises(Conflict):
            complains(world, own_words=words)
    assert "- It was too much." in complains(world, own_words="It was too much.").letter.body
    with pytest.raises(TooLarge):
        complains(world, own_words="x" * (MAX_OWN_WORDS + 1))


def test_another_partners_answer_cannot_be_in_it(world):
    given(world)
    disclosure = world.disclosure
    other = replace(
        disclosure, id="other", sent=replace(disclosure.sent, requesters=(("VATDE-9", "DE"),), registration="")
    )
    with pytest.raises(Conflict):
        complain(
            asked_by_disclosure(disclosure), (disclosure, other), (),
            number=1, language="en", own_words="Look.", now=NOW,
        )  # fmt: skip
    with pytest.raises(TooLarge):
        complain(
            asked_by_disclosure(disclosure), (disclosure,) * (MAX_RECEIPTS + 1), (),
            number=1, language="en", own_words="Look.", now=NOW,
        )  # fmt: skip


def test_who_asked_in_somebodys_stead_is_named_too(world):
    given(world)
    sent = replace(world.disclosure.sent, requesters=(("VATDE-9", "DE"),))
    asked = asked_by_disclosure(replace(world.disclosure, sent=sent))
    assert asked.partner == Organisation(LIBRARY, "DE")
    assert (asked.through, asked.through_name) == (Organisation("VATDE-9", "DE"), "VATDE-9")


def test_a_request_that_asked_for_too_much_can_be_complained_about(world):
    world.partner.query = {"credentials": [dcql(("birthdate",))]}
    world.run(world.wallet.presenting.look(world.partner.link()))
    [evidence] = world.vault.evidence()
    asked = asked_by_evidence(evidence)
    assert asked is not None
    made = complain(
        asked, (), [*grounds_of_request(evidence, SAY)],
        number=1, language="de", own_words="", now=NOW,
    )  # fmt: skip
    complaint = read_complaint(made.file)
    assert complaint.request == evidence.request
    assert complaint.beyond == {"pid": (("birthdate",),)}
    assert complaint.partner.organisation == Organisation(LIBRARY, "DE")
    assert complaint.letter.subject.startswith("Beschwerde")
    assert [way.address for way in made.ways] == ["https://data.example/complain", "watch@data.example"]


def test_of_a_request_that_nobody_signed_there_is_no_complaint(world):
    world.partner.query = {"credentials": [dcql(("birthdate",))]}
    world.run(world.wallet.presenting.look(world.partner.link()))
    [evidence] = world.vault.evidence()
    for request in ("", "no token", evidence.request.rpartition(".")[0]):
        assert asked_by_evidence(replace(evidence, request=request)) is None
