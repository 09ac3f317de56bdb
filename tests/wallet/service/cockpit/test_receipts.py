"""Receipts that are collected, promised, late or wrong: every lie is found, and none is thrown away."""

from dataclasses import replace

import pytest

from protocol.encoding import read_json_object
from protocol.sovereignty.receipt import Outcome, sort_paths
from protocol.sovereignty.receipt_check import Absence
from protocol.sovereignty.unlinkable import NotCalled
from tests.support.partners import BANK, both
from tests.support.pki import DAY, NOW
from tests.wallet.cockpit import COCKPIT
from tests.wallet.meeting import LICENSED, asked, share
from tests.wallet.service.cockpit.asking import HOUR, given, paths
from wallet.policy.cockpit.disclosed import absence_of, receipt_of
from wallet.service.cockpit.collecting import NotAsked

OTHER_HASH = "A" * 43


def test_a_receipt_that_did_not_come_is_collected(world):
    world.partner.inline = False
    given(world)
    looked = world.look()
    assert looked.went_well
    assert world.disclosure.receipt.findings == ()
    assert paths(world) == ["/receipt", "/receipt", "/usage", "/usage"]  # each once more with the nonce
    assert read_json_object(world.partner.calls[0].body, "body") == {}


def test_in_person_the_first_call_binds_the_key(world):
    reader, found = asked(world, entry=LICENSED, cockpit=COCKPIT)
    answered = share(world, found)
    world.partner.meet(reader, answered.message)
    assert world.look().must_not.reason is NotCalled.UNLISTED_IN_PERSON
    assert world.partner.calls == []
    world.witnessed()
    world.look()
    assert world.disclosure.receipt.findings == ()
    assert receipt_of(world.disclosure).key == world.disclosure.thumbprint


def test_a_receipt_that_is_not_ready_is_asked_for_when_the_partner_says(world):
    world.partner.inline, world.partner.later = False, 120
    given(world).look()
    assert world.disclosure.wait_until == NOW + 120
    asked_before = len(world.partner.calls)
    assert world.later(119).look().not_asked is NotAsked.WAIT
    assert len(world.partner.calls) == asked_before
    world.partner.later = 0
    assert world.later(1).look().went_well
    assert world.disclosure.receipt.findings == ()


def test_a_receipt_that_is_promised_and_never_given_is_missed_after_a_day(world):
    world.partner.inline = False
    given(world)
    world.partner.receipts.clear()
    world.look()
    assert absence_of(world.disclosure, world.now) is Absence.AWAITED
    assert absence_of(world.disclosure, world.now + DAY) is Absence.PROMISED
    assert world.later(30 * DAY).look().not_asked is NotAsked.TOO_LATE


LIES = {
    "issuer": lambda receipt: replace(receipt, issuer="x509_hash:another"),
    "key_absent": lambda receipt: replace(receipt, key=None),
    "key_swapped": lambda receipt: replace(receipt, key=OTHER_HASH),
    "request": lambda receipt: replace(receipt, request=OTHER_HASH),
    "presentations": lambda receipt: replace(receipt, presentations={"pid": (OTHER_HASH,)}),
    "claims_not_sent": lambda receipt: replace(
        receipt, claims={"pid": sort_paths((*receipt.claims["pid"], ("birthdate",)))}
    ),
    "claims_left_out": lambda receipt: replace(receipt, claims={"pid": ()}),
    "controller": lambda receipt: replace(
        receipt, controller=replace(receipt.controller, organisation=BANK, name="Bank")
    ),
    "purpose": lambda receipt: replace(receipt, purpose=both("Werbung", "Advertising")),
    "time": lambda receipt: replace(receipt, issued_at=NOW - DAY),
    "endpoint": lambda receipt: replace(receipt, cockpit_endpoint="https://elsewhere.example/cockpit"),
    "retention": lambda receipt: replace(receipt, outcome=Outcome.REJECTED),
    "log_until": lambda receipt: replace(receipt, log_until=NOW + DAY),
}


@pytest.mark.parametrize("finding", sorted(LIES))
def test_a_receipt_that_lies_is_kept_as_evidence_and_its_endpoint_is_not_called(world, finding):
    world.partner.lie = LIES[finding]
    given(world)
    assert world.disclosure.receipt.findings == (finding,)
    assert receipt_of(world.disclosure) is not None
    assert world.later(HOUR).look().must_not.reason is NotCalled.RECEIPT_DOES_NOT_MATCH
    assert world.partner.calls == []


@pytest.mark.parametrize("finding", ["signer", "unreadable"])
def test_a_receipt_of_somebody_else_or_of_nobody_is_no_receipt_of_theirs(world, finding):
    if finding == "signer":
        world.partner.sign_with = world.agency.pki
    else:
        world.partner.lie = lambda receipt: replace(receipt, id="short")
    given(world)
    assert world.disclosure.receipt.findings == (finding,)
    assert world.disclosure.receipt.problem
    assert receipt_of(world.disclosure) is None
    assert world.later(HOUR).look().must_not.reason is NotCalled.RECEIPT_DOES_NOT_MATCH
