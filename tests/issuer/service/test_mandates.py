"""Mandates at their source: what is taken and what is not, and what goes when the register changes."""

from dataclasses import replace

import pytest

from issuer.service.mandates import FIRST_WAIT, LEASE_SECONDS, LONGEST_WAIT, MAX_ATTEMPTS
from protocol.errors import Conflict, InvalidRequest, NotFound, Unavailable
from protocol.sovereignty.mandate_status import Ending
from protocol.trust.localized import Localized
from runtime.conversation import slow
from tests.issuer.service.forwarding import MEMBER, NAME, Office
from tests.support.issuer import small_types
from tests.support.partners import AGENCY, COCKPIT_KEY
from tests.support.pki import seeded_key
from tests.wallet.counterparts import dcql
from tests.wallet.registrar import registered

STRANGER = seeded_key(7303)


class Away:
    """A register that cannot be asked."""

    def fetch(self, _subject):
        return slow(self._is_away)

    def _is_away(self):
        raise Unavailable("the register is away")


@pytest.fixture
def office():
    return Office()


def test_a_change_goes_to_the_recipient_once(office):
    given = office.give(office.mandate())
    assert (given.ending, given.used) == (None, 0)
    assert office.deliver() == 0
    office.change("Anne")
    assert office.deliver() == 1
    assert office.deliver() == 0
    assert len(office.bank.got) == 1
    assert office.status(given.jti).used == 1
    assert office.log() == ["forwarded"]


def test_the_same_mandate_again_is_the_one_that_is_there_and_another_of_its_id_is_refused(office):
    mandate = office.mandate()
    office.give(mandate)
    office.change("Anne")
    office.deliver()
    assert office.give(mandate).used == 1
    with pytest.raises(Conflict, match="another mandate has this id"):
        office.give(replace(mandate, max_uses=24))
    assert office.status(mandate.jti).used == 1


def test_nobody_finds_a_mandate_that_is_not_theirs(office):
    mandate = office.mandate()
    office.give(mandate)
    office.issue(STRANGER, subject="bodo")
    for jti, key in ((mandate.jti, STRANGER), ("mandate-of-nobody-at-all", COCKPIT_KEY)):
        with pytest.raises(NotFound, match="no such mandate"):
            office.status(jti, key)


def test_where_no_mandates_are_taken_none_is_given_and_none_is_touched(office):
    office.give(office.mandate())
    office.change("Anne")
    desk = office.desk
    office.desk = desk.with_context(registrar_url="")
    with pytest.raises(NotFound, match="no mandates are taken"):
        office.give(office.mandate())
    assert office.deliver() == 0
    # Nobody took it meanwhile, so nobody has to wait for its lease
    office.desk = desk
    assert office.deliver() == 1


def test_a_mandate_is_about_a_document_that_is_issued_here(office):
    desk = office.desk
    office.desk = desk.with_context(types={"badge": small_types()["badge"]})
    with pytest.raises(InvalidRequest, match="no document"):
        office.give(office.mandate())
    office.desk = desk
    office.give(office.mandate())


def test_a_mandate_ends_no_later_than_the_log_of_its_document(office):
    until = office.receipt.log_until
    office.give(replace(office.mandate(), expires_at=until))
    with pytest.raises(InvalidRequest, match=r"mandate\.exp"):
        office.give(replace(office.mandate(), expires_at=until + 1))


def test_for_a_mandate_to_another_source_nobody_is_asked(office):
    with pytest.raises(InvalidRequest, match=r"mandate\.source"):
        office.give(replace(office.mandate(), source=AGENCY))
    assert office.bank.asked == 0


def test_whoever_hands_over_what_another_key_signed_is_refused(office):
    with pytest.raises(InvalidRequest, match="another key"):
        office.give(office.mandate(), by=STRANGER)


def test_no_mandate_is_taken_for_a_person_whom_the_register_does_not_have(office):
    office.desk.register.put({"anna": {"points": 7}})
    with pytest.raises(InvalidRequest, match="the register says nothing"):
        office.give(office.mandate())


def test_no_mandate_is_taken_whose_recipient_cannot_be_asked(office):
    office.bank.away = True
    with pytest.raises(InvalidRequest):
        office.give(office.mandate())


def test_a_document_that_is_not_issued_any_more_keeps_no_other_one_waiting(office):
    office.issue(STRANGER, configuration_id="badge")
    of_badge = replace(office.mandate(), type="urn:test:badge:1")
    credentials = (registered(NAME, vct=MEMBER), registered(NAME, vct=of_badge.type))
    office.bank.registration = replace(office.bank.registration, credentials=credentials)
    office.bank.query = {"credentials": [dcql(NAME, query_id="card", vct=of_badge.type)]}
    office.give(of_badge, STRANGER)
    office.bank.query = {"credentials": [dcql(NAME, query_id="card", vct=MEMBER)]}
    office.give(office.mandate())
    office.change("Anne")
    desk = office.desk
    office.desk = desk.with_context(types={"member": small_types()["member"]})
    assert office.deliver() == 1
    # What is not issued any more is looked at again when the register changes, and not before
    office.desk = desk
    office.desk.clock.move(LEASE_SECONDS)
    asked = office.bank.asked
    assert office.deliver() == 0
    assert office.bank.asked == asked


def test_nothing_is_asked_and_nothing_goes_where_nothing_changed(office):
    office.give(office.mandate())
    asked = office.bank.asked
    office.desk.run(office.desk.issuer.changes.patch("anna", {"points": 8}, "clerk"))
    assert office.deliver() == 0
    office.desk.run(office.desk.issuer.changes.remove("anna", "clerk"))
    assert office.deliver() == 0
    assert office.bank.asked == asked
    # What is looked at is settled: it is due again with the next change alone
    office.desk.clock.move(LEASE_SECONDS)
    assert office.deliver() == 0
    office.desk.run(office.desk.issuer.changes.put({"anna": {"given_name": "Anne"}}, "clerk"))
    office.desk.run(office.desk.issuer.changes.settle("anna"))
    assert office.deliver() == 1


def test_after_its_end_nobody_is_asked(office):
    mandate = office.mandate()
    office.give(mandate)
    asked = office.bank.asked
    office.change("Anne")
    office.desk.clock.move(mandate.expires_at - office.desk.clock.now)
    assert office.deliver() == 0
    assert office.bank.asked == asked
    assert office.status(mandate.jti).ending is Ending.EXPIRED


def test_revoked_while_the_recipient_is_asked_nothing_goes(office):
    mandate = office.mandate()
    office.give(mandate)
    office.change("Anne")
    office.bank.when_asked = lambda: office.revoke(mandate.jti)
    assert office.deliver() == 0
    assert office.bank.got == []
    assert office.log() == ["refused"]


def test_a_recipient_that_asks_for_more_is_told_of_once_and_ends_nothing(office):
    mandate = office.mandate()
    office.give(mandate)
    office.bank.registration = replace(
        office.bank.registration, credentials=(registered(NAME, ("points",), vct=MEMBER),)
    )
    changed = office.mandate()
    office.give(changed)
    office.bank.query = {"credentials": [dcql(NAME, ("points",), query_id="card", vct=MEMBER)]}
    office.change("Anne")
    assert office.deliver() == 0
    assert office.bank.got == []
    # It is registered for something else than when the first was given, and for the same as when the second was
    assert office.status(mandate.jti).ending is Ending.RECIPIENT_CHANGED
    assert office.status(changed.jti).ending is None
    assert office.log() == ["refused", "refused"]


def test_another_purpose_ends_a_mandate(office):
    mandate = office.mandate()
    office.give(mandate)
    office.bank.registration = replace(office.bank.registration, purpose=(Localized("en", "Advertising"),))
    office.change("Anne")
    assert office.deliver() == 0
    assert office.bank.got == []
    assert office.status(mandate.jti).ending is Ending.RECIPIENT_CHANGED


@pytest.mark.parametrize("status", [400, 404, 302])
def test_what_a_recipient_does_not_take_is_not_sent_again(office, status):
    mandate = office.mandate()
    office.give(mandate)
    office.bank.status = status
    office.change("Anne")
    assert office.deliver() == 0
    office.desk.clock.move(LONGEST_WAIT)
    assert office.deliver() == 0
    assert len(office.bank.got) == 1
    assert office.status(mandate.jti).used == 1
    assert office.log() == ["forwarded", "refused"]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_recipient_with_too_much_to_do_gets_the_same_use_later(office, status):
    mandate = office.mandate()
    office.give(mandate)
    office.bank.status = status
    office.change("Anne")
    assert office.deliver() == 0
    office.bank.status = 204
    office.desk.clock.move(FIRST_WAIT - 1)
    assert office.deliver() == 0
    office.desk.clock.move(1)
    assert office.deliver() == 1
    assert office.status(mandate.jti).used == 1
    assert office.log() == ["forwarded"]


def test_a_recipient_that_stays_away_is_left_alone_after_so_many_attempts(office):
    mandate = office.mandate()
    office.give(mandate)
    office.bank.away = True
    office.change("Anne")
    for _ in range(MAX_ATTEMPTS):
        assert office.log() == []
        assert office.deliver() == 0
        office.desk.clock.move(LONGEST_WAIT)
    assert office.log() == ["refused"]
    office.bank.away = False
    assert office.deliver() == 0
    assert office.status(mandate.jti).used == 0
    office.change("Anja")
    assert office.deliver() == 1


def test_a_register_that_is_away_is_said_and_nothing_is_taken_for_no_data(office):
    mandate = office.mandate()
    office.give(mandate)
    office.change("Anne")
    desk = office.desk
    office.desk = desk.with_context(register=Away())
    with pytest.raises(Unavailable, match="the register is away"):
        office.deliver()
    office.desk = desk
    office.desk.clock.move(LEASE_SECONDS)
    assert office.deliver() == 1
