"""What the user asks of a partner: kept before it leaves, followed, held against what was asked, and never shown to others."""

from dataclasses import replace

import pytest

from protocol.errors import Conflict, Malformed, NotFound, TooLarge, Unreachable
from protocol.exchange import HttpResponse
from protocol.sovereignty.calls import ProofNotTaken
from protocol.sovereignty.due_dates import first_due
from protocol.sovereignty.rights import MAX_OWN_WORDS, Right
from protocol.sovereignty.rights_status import Kept, State
from protocol.sovereignty.signing import hash_text
from protocol.sovereignty.unlinkable import MustNotCall, NotCalled
from tests.support.pki import DAY, NOW
from tests.wallet.cockpit import COCKPIT, CockpitWorld
from tests.wallet.rights import REMEDY, WHY
from tests.wallet.service.cockpit.asking import ACCESS, ERASE, HOUR, asks, given, last, looks, paths
from wallet.policy.cockpit.rights import (
    MAX_ASKED,
    MAX_STATUSES,
    Wish,
    has_ended,
    is_overdue,
    request_of,
    rights_of,
    status_of,
    statuses_of,
)
from wallet.service.cockpit.rights import ByLetter


def states(world):
    """What the partner said of it."""
    return [status.state for status in statuses_of(last(world))]


@pytest.mark.parametrize("right", [*Right], ids=str)
def test_every_right_can_be_asked_for_and_is_kept_with_the_partners_word(world, desk, right):
    followed = asks(world, Wish(right, {"pid": (("given_name",),)}, "Please."))
    assert followed.error is None
    [asked] = world.disclosure.rights
    assert followed.asked == asked
    says = request_of(asked)
    assert (says.right, says.text, says.claims) == (right, "Please.", {"pid": (("given_name",),)})
    assert says.audience == COCKPIT
    assert desk.case.request.raw == asked.token
    status = status_of(asked)
    assert (status.state, status.due) == (State.RECEIVED, first_due(NOW))
    assert status.request == hash_text(asked.token)
    assert paths(world) == ["/rights", "/rights"]  # the first had no nonce


def test_whoever_looks_after_something_was_done_sees_what_was_done_and_not_what_was_known_before(world, desk):
    world.look()
    calls = len(world.partner.calls)
    world.look()
    assert len(world.partner.calls) == calls
    asks(world)
    calls = len(world.partner.calls)
    world.look()
    assert set(paths(world)[calls:]) == {"/usage"}
    calls = len(world.partner.calls)
    world.later(1).look()
    assert len(world.partner.calls) == calls


def test_all_rights_are_offered_those_that_fit_first(world, desk):
    assert rights_of(world.disclosure)[0] is Right.WITHDRAW_CONSENT
    assert set(rights_of(world.disclosure)) == set(Right)


def test_values_come_back_to_a_fresh_key_alone(world, desk):
    asks(world, ACCESS)
    asks(world, ACCESS)
    first, second = [request_of(asked).enc_key for asked in world.disclosure.rights]
    assert first != second
    assert world.disclosure.thumbprint not in (first.thumbprint(), second.thumbprint())
    asks(world)
    assert request_of(last(world)).enc_key is None
    assert last(world).key == ""


def test_it_is_kept_before_it_leaves_and_sent_again_with_the_same_bytes(world, desk):
    desk.keep_answer = True
    followed = asks(world)
    assert isinstance(followed.error, Unreachable)
    assert last(world).statuses == ()
    assert last(world).problem == ""
    desk.keep_answer = False
    world.later(2 * DAY)
    looks(world)
    assert [call.body for call in world.partner.calls if call.method == "POST"][-1].decode() == last(world).token
    assert len(desk.cases) == 1
    assert last(world).answered_at == NOW + 2 * DAY


def test_a_request_is_followed_to_its_end_and_every_new_word_is_kept(world, desk):
    asks(world)
    desk.go(State.WORKING)
    looks(world)
    assert states(world) == [State.RECEIVED]  # it was asked within a minute
    world.later(60)
    looks(world)
    world.later(60)
    looks(world)
    world.later(DAY)
    looks(world)
    assert states(world) == [State.RECEIVED, State.WORKING]
    assert statuses_of(last(world))[-1].issued_at == world.now
    kept = Kept({"pid": (("given_name",),)}, WHY)
    desk.go(State.DONE, kept=(kept,), remedy=REMEDY)
    world.later(DAY)
    looks(world)
    assert states(world) == [State.RECEIVED, State.WORKING, State.DONE]
    assert status_of(last(world)).kept == (kept,)
    assert has_ended(last(world))
    calls = len(world.partner.calls)
    world.later(DAY)
    looks(world)
    assert len(world.partner.calls) == calls  # nothing comes after the end


def test_a_date_that_passes_is_overdue_and_an_extension_needs_its_reason(world, desk):
    asks(world)
    due = first_due(NOW)
    assert not is_overdue(last(world), due)
    assert is_overdue(last(world), due + 1)
    desk.go(State.EXTENDED, due=due + 40 * DAY, why=WHY)
    world.later(DAY)
    looks(world)
    assert not is_overdue(last(world), due + 1)
    assert is_overdue(last(world), due + 40 * DAY + 1)
    world.later(45 * DAY)
    desk.go(State.REFUSED, why=WHY, remedy=REMEDY)
    looks(world)
    assert not is_overdue(last(world), due + 99 * DAY)


@pytest.mark.parametrize(
    ("lie", "problem"),
    [
        (lambda status: replace(status, request=hash_text("another")), "NotForThisRequest"),
        (lambda status: replace(status, right=Right.OBJECTION), "NotForThisRequest"),
        (lambda status: replace(status, due=status.due + 200 * DAY, why=WHY), "Malformed"),
        (lambda status: replace(status, issued_at=NOW - 4000), "NotValidNow"),
        (lambda status: replace(status, id="another-id-of-16-letters"), "NotForThisRequest"),
    ],
    ids=["request", "right", "due", "time", "id"],
)
def test_a_status_that_is_none_changes_nothing_but_that_it_came(world, desk, lie, problem):
    asks(world)
    before = last(world)
    desk.spoil = lie
    world.later(DAY)
    followed = looks(world)
    assert followed.error is not None
    assert last(world) == replace(before, problem=problem)
    desk.spoil = None
    world.later(60)
    looks(world)
    assert last(world).problem == ""


def test_a_stranger_cannot_say_how_it_stands(world, desk):
    asks(world)
    world.partner.sign_with = world.agency.pki
    world.later(DAY)
    assert looks(world).error is not None
    assert states(world) == [State.RECEIVED]
    assert last(world).problem == "NotTrusted"


def test_what_was_done_cannot_be_taken_back(world, desk):
    asks(world)
    desk.go(State.WORKING)
    world.later(DAY)
    looks(world)
    desk.spoil = lambda status: replace(status, state=State.RECEIVED)
    world.later(DAY)
    looks(world)
    assert last(world).problem == "RolledBack"
    assert states(world)[-1] is State.WORKING


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (404, NotFound),
        (409, Conflict),
        (500, Unreachable),
        (429, Unreachable),
        (302, Malformed),
        (401, ProofNotTaken),
    ],
)
def test_what_is_no_answer_is_told_apart(world, desk, status, error):
    desk.say = HttpResponse(status, (), b"")
    followed = asks(world)
    assert type(followed.error) is error
    assert last(world).statuses == ()
    assert last(world).problem == ("" if issubclass(error, Unreachable) else error.__name__)


def test_only_what_is_in_the_receipt_can_be_asked_about(world, desk):
    for wish in (Wish(Right.ERASURE, {"pid": (("family_name",),)}), Wish(Right.ERASURE, {})):
        with pytest.raises(Malformed):
            asks(world, wish)
    with pytest.raises(TooLarge):
        asks(world, Wish(Right.ERASURE, text="x" * (MAX_OWN_WORDS + 1)))
    assert world.disclosure.rights == ()
    assert world.partner.calls == []


def test_there_is_a_limit_to_what_is_kept(world, desk):
    asks(world)
    world.vault.write(put=[replace(world.disclosure, rights=(last(world),) * MAX_ASKED)])
    calls = len(world.partner.calls)
    with pytest.raises(Conflict):
        asks(world)
    assert len(world.partner.calls) == calls


def test_of_very_many_statuses_the_first_and_the_last_are_kept(world, desk):
    asks(world)
    first = last(world).statuses[0]
    for number in range(MAX_STATUSES + 3):
        desk.go(State.EXTENDED, due=first_due(NOW) + number + 1, why=WHY)
        world.later(60)
        looks(world)
    kept = last(world).statuses
    assert len(kept) == MAX_STATUSES
    assert kept[0] == first
    assert status_of(last(world)).due == first_due(NOW) + MAX_STATUSES + 3


# When a letter is what is left


def test_without_a_receipt_or_a_key_or_after_its_time_only_a_letter_is_left(world, desk):
    rights = world.wallet.cockpit.rights
    assert rights.by_letter(None) is ByLetter.NO_COCKPIT
    assert rights.by_letter(world.disclosure) is None
    disclosure = world.disclosure
    assert rights.by_letter(replace(disclosure, receipt=None)) is ByLetter.NO_RECEIPT
    assert rights.by_letter(replace(disclosure, key="")) is ByLetter.KEY_DROPPED
    world.later(600 * DAY)
    assert rights.by_letter(disclosure) is ByLetter.TOO_LATE
    with pytest.raises(Conflict):
        asks(world)
    assert world.partner.calls == []


def test_what_was_asked_in_time_is_followed_after_it(world):
    world.partner.retention = "none"
    world.partner.lie = lambda receipt: replace(receipt, log_until=NOW + 91 * DAY)
    desk = given(world).partner.desk
    world.later(80 * DAY)
    asks(world)
    world.later(12 * DAY)
    assert world.wallet.cockpit.rights.by_letter(world.disclosure) is ByLetter.TOO_LATE
    assert world.wallet.cockpit.rights.cut_off(world.disclosure) is None
    desk.go(State.REFUSED, why=WHY, remedy=REMEDY)
    looks(world)
    assert states(world) == [State.RECEIVED, State.REFUSED]


def test_an_address_that_is_not_to_be_called_is_not_called_for_rights(world, desk):
    world.witnessed(endpoint="https://library.example/other")
    assert world.wallet.cockpit.rights.by_letter(world.disclosure) is ByLetter.MUST_NOT_CALL
    with pytest.raises(Conflict):
        asks(world)
    assert world.partner.calls == []
    assert world.disclosure.rights == ()
    assert MustNotCall(NotCalled.OTHER_THAN_LISTED).reason is NotCalled.OTHER_THAN_LISTED


def test_what_says_nothing_of_the_user_may_be_asked_about_after_that(world, desk):
    anonymous = replace(world.disclosure.sent, claims=(("pid", ('["nationality"]',)),))
    world.vault.write(put=[replace(world.disclosure, sent=anonymous)])
    asks(world)
    assert world.disclosure.agreed


# The key


def test_giving_up_the_key_gives_up_what_opens_answers_too(world, desk):
    asks(world, ACCESS)
    assert last(world).key
    world.run(world.wallet.cockpit.drop_key(world.disclosure))
    assert last(world).key == ""
    assert last(world).statuses
    looks(world)
    with pytest.raises(Conflict):
        world.run(world.wallet.cockpit.rights.answer(world.disclosure, last(world).id))


def test_neither_keys_nor_words_are_in_what_is_printed(world, desk):
    asks(world, replace(ACCESS, text="Something very private"))
    printed = repr(world.disclosure) + repr(last(world))
    assert last(world).key not in printed
    assert "private" not in printed


def test_while_it_is_asked_nothing_else_is_done_with_it(world, desk):
    asks(world)
    world.wallet.context.busy.add(world.disclosure.id)
    with pytest.raises(Conflict):
        asks(world)
    world.later(DAY)
    assert looks(world).at_work
    with pytest.raises(NotFound):
        world.run(world.wallet.cockpit.rights.open(world.disclosure, "nothing"))
    world.wallet.context.busy.clear()
    world.run(world.wallet.cockpit.delete_entry(world.disclosure.log_number))


def test_a_look_that_began_before_loses_nothing_of_what_was_asked_meanwhile(world, desk):
    before = world.disclosure
    asks(world)
    world.later(HOUR).run(world.wallet.cockpit.collecting.refresh(before))
    world.run(world.wallet.cockpit.ask(before))
    assert len(world.disclosure.rights) == 1
    world.run(world.wallet.cockpit.drop_key(before))
    assert len(world.disclosure.rights) == 1


def test_what_was_deleted_is_brought_back_by_nothing_that_began_before(world, desk):
    asks(world)
    before = world.disclosure
    world.run(world.wallet.cockpit.delete_entry(before.log_number))
    calls = len(world.partner.calls)
    world.later(HOUR).run(world.wallet.cockpit.collecting.refresh(before))
    for deed in (
        lambda: world.wallet.cockpit.rights.ask(before, ERASE),
        lambda: world.wallet.cockpit.rights.follow(before, before.rights[0].id),
        lambda: world.wallet.cockpit.drop_key(before),
        lambda: world.wallet.cockpit.ask(before),
    ):
        with pytest.raises(NotFound):
            world.run(deed())
    assert world.vault.disclosures() == ()
    assert len(world.partner.calls) == calls


def test_everything_about_rights_goes_with_the_entry(world, desk):
    asks(world)
    world.run(world.wallet.cockpit.delete_entry(world.disclosure.log_number))
    assert world.vault.disclosures() == ()


def test_a_partner_in_another_house_is_not_asked(vault):
    world = CockpitWorld(vault, partner={"endpoint": "https://cockpits.example/citizen-7"})
    world.receive()
    given(world)
    assert world.wallet.cockpit.rights.by_letter(world.disclosure) is ByLetter.MUST_NOT_CALL
