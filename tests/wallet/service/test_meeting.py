"""Showing in person: somebody reads the wallet's code and asks, over a relay or by codes; who may, and what comes back."""

import pytest

from protocol.errors import (
    AccessDenied,
    Malformed,
    NotAuthentic,
    TooLarge,
    Unavailable,
    Unreachable,
)
from protocol.mdoc.engagement import DeviceEngagement
from protocol.mdoc.session import SessionData, Termination
from protocol.oid4vp.response import ErrorResponse
from tests.protocol.mdoc.samples import MDL, SPACE
from tests.wallet.meeting import (
    LICENSED,
    RELAY,
    VEHICLE,
    MeetingWorld,
    asked,
    asks,
    begin,
    decline,
    document,
    share,
    verified_claims,
)
from wallet.policy.presenting import LogDamaged
from wallet.service import meeting as meeting_service
from wallet.service.meeting import LIFETIME, AskedInPerson, MeetingOver, NotAsked, Way


@pytest.fixture
def world(vault):
    """A wallet with a driving licence, and a reader at the counter of a library that is registered."""
    return MeetingWorld(vault).keep(document())


def last(world):
    return world.vault.log()[-1]


def test_every_code_has_a_key_and_a_channel_of_its_own(world):
    first, second = begin(world), begin(world)
    assert first.text.startswith("mdoc:")
    assert first.holder.own != second.holder.own
    assert first.relay.uri.startswith(f"{RELAY}/")
    assert first.relay.uri != second.relay.uri
    named = DeviceEngagement.from_text(first.text)
    assert named.methods == (first.relay.method(),)
    assert str(first.relay.uri) not in repr(first)


def test_without_a_relay_a_code_names_no_way_and_nobody_is_asked(vault):
    world = MeetingWorld(vault, relay="").keep(document())
    shown = begin(world)
    assert DeviceEngagement.from_text(shown.text).methods == ()
    assert world.run(world.wallet.meetings.look(shown)) is None
    assert world.relay.seen == []
    world.run(world.wallet.meetings.end(shown))
    reader = world.reader(shown)
    answer = share(world, world.open(shown, reader.message))
    assert verified_claims(reader, answer.message)


@pytest.mark.parametrize("way", [*Way])
def test_whoever_asks_gets_what_the_user_agreed_to_and_no_more(world, way):
    reader, found = asked(world, way=way, entry=LICENSED)
    consent = found.seen.consent
    assert (consent.asker.name, consent.asker.host, consent.asker.in_person) == ("City library", "", True)
    assert consent.standing.registration.purpose == "To make you a library card."
    assert not consent.needs_thought
    assert consent.encrypted
    answer = share(world, found)
    assert answer.sent is (way is Way.RELAY)
    message = reader.fetch() if way is Way.RELAY else answer.message
    assert message == answer.message
    assert verified_claims(reader, message) == {
        "document0": ({SPACE: {"family_name": "Mustermann", "age_over_18": True}},)
    }


def test_before_a_reader_comes_nothing_is_at_the_relay(world):
    shown = begin(world)
    assert world.run(world.wallet.meetings.look(shown)) is None
    world.relay.away = True
    with pytest.raises(Unreachable):
        world.run(world.wallet.meetings.look(shown))


def test_a_code_that_is_put_away_leaves_nothing_at_the_relay(world):
    shown = begin(world)
    world.reader(shown).leave()
    world.run(world.wallet.meetings.end(shown))
    assert world.relay.messages == {}
    world.offline = True
    world.run(world.wallet.meetings.end(shown))


def test_the_log_says_what_was_given_to_whom_and_that_it_was_in_person(world):
    _, found = asked(world, way=Way.RELAY, entry=LICENSED)
    share(world, found)
    begun, done = world.vault.log()[-2:]
    assert (begun.action, begun.party, begun.in_person, begun.outcome) == ("sharing", "City library", True, "begun")
    assert (done.action, done.completes, done.outcome) == ("shared", begun.number, "done")
    [given] = begun.credentials
    assert (given.name, given.type) == ("Driving licence", MDL)
    assert set(given.claims) == {f'["{SPACE}","family_name"]', f'["{SPACE}","age_over_18"]'}
    assert "Mustermann" not in str(world.vault.log())


@pytest.mark.parametrize(("arrived", "outcome"), [(True, "done"), (False, "unknown")])
def test_of_an_answer_that_was_shown_the_user_says_what_became_of_it(world, arrived, outcome):
    _, found = asked(world)
    answer = share(world, found)
    begun = last(world)
    assert (begun.action, begun.outcome) == ("sharing", "begun")
    world.run(world.wallet.meetings.settle(found.seen, answer, arrived=arrived))
    assert (last(world).completes, last(world).outcome) == (begun.number, outcome)


def test_what_the_relay_has_and_what_holds_nothing_is_settled(world):
    _, found = asked(world, way=Way.RELAY)
    answer = share(world, found)
    _, other = asked(world, seed=33)
    no = decline(world, other)
    entries = len(world.vault.log())
    for seen, one in ((found.seen, answer), (other.seen, no)):
        world.run(world.wallet.meetings.settle(seen, one, arrived=False))
    assert len(world.vault.log()) == entries


def test_an_answer_that_the_relay_does_not_take_can_be_shown_instead(world):
    reader, found = asked(world, way=Way.RELAY)
    world.relay.away = True
    answer = share(world, found)
    assert not answer.sent
    assert verified_claims(reader, answer.message)
    assert (last(world).action, last(world).outcome) == ("sharing", "begun")


@pytest.mark.parametrize("way", [*Way])
def test_to_say_no_gives_nothing_and_is_noted(world, way):
    reader, found = asked(world, way=way, entry=LICENSED)
    answer = decline(world, found)
    assert answer.begun is None
    assert reader.read(answer.message) == ErrorResponse("access_denied")
    assert answer.sent is (way is Way.RELAY)
    assert (last(world).action, last(world).party, last(world).in_person) == ("declined", "City library", True)
    assert all(not copy.used_at for held in world.vault.credentials() for copy in held.copies)


def test_t168_having_nothing_looks_like_saying_no(world):
    reader, found = asked(world, asks("family_name", doc_type=VEHICLE))
    assert not found.seen.consent.answerable
    with pytest.raises(AccessDenied):
        share(world, found)
    empty = decline(world, found)
    other, held = asked(world, seed=34)
    assert reader.read(empty.message) == other.read(decline(world, held).message)
    assert len(empty.message) == len(decline(world, held).message)


def test_t059_a_request_for_another_code_ends_the_meeting(world):
    shown, other = begin(world), begin(world)
    found = world.open(shown, world.reader(other).message)
    assert isinstance(found, NotAsked)
    assert isinstance(found.error, NotAuthentic)
    assert SessionData.from_bytes(found.message) == SessionData(None, Termination.ENCRYPTION_ERROR)
    assert last(world).action == "failed"


@pytest.mark.parametrize("place", [0, 40, -1])
def test_t059_a_message_that_was_altered_ends_the_meeting(world, place):
    shown = begin(world)
    message = bytearray(world.reader(shown).message)
    message[place] ^= 1
    found = world.open(shown, bytes(message))
    assert isinstance(found, NotAsked)
    assert SessionData.from_bytes(found.message).data is None


def test_what_is_no_request_ends_the_meeting_and_the_reader_is_told_over_the_relay(world):
    shown = begin(world)
    reader = world.reader(shown)
    message = reader.meeting.ask(lambda _: b"\xa0")
    found = world.open(shown, message, Way.RELAY)
    assert found.sent
    with pytest.raises(Malformed, match="could not read"):
        reader.read(reader.fetch())


def test_an_answer_belongs_to_one_reader(world):
    shown = begin(world)
    first, second = world.reader(shown), world.reader(shown, seed=31)
    answer = share(world, world.open(shown, first.message))
    with pytest.raises(NotAuthentic):
        second.read(answer.message)


@pytest.mark.parametrize("seconds", [LIFETIME, LIFETIME + 1, -1])
def test_a_code_that_is_too_old_opens_nothing(world, seconds):
    shown = begin(world)
    reader = world.reader(shown)
    world.now += seconds
    with pytest.raises(MeetingOver):
        world.open(shown, reader.message)
    with pytest.raises(MeetingOver):
        world.run(world.wallet.meetings.look(shown))
    world.now = shown.ends_at - 1
    assert isinstance(world.open(shown, reader.message), AskedInPerson)


def test_a_request_that_is_too_old_is_not_answered(world):
    shown = begin(world)
    reader = world.reader(shown)
    world.now += LIFETIME - 1
    found = world.open(shown, reader.message)
    world.now += LIFETIME
    entries = len(world.vault.log())
    with pytest.raises(MeetingOver):
        share(world, found)
    assert len(world.vault.log()) == entries
    world.now -= 1
    share(world, found)


def test_t175_the_same_request_once_more_is_said_to_be_repeated(world):
    _, found = asked(world)
    assert not found.seen.consent.repeated
    share(world, found)
    again = world.run(world.wallet.presenting.look_again(found.seen))
    assert again.consent.repeated
    _, other = asked(world)
    assert not other.seen.consent.repeated


def test_a_wallet_that_is_locked_meanwhile_gives_nothing(world):
    _, found = asked(world)
    world.vault.close()
    with pytest.raises(Unavailable):
        share(world, found)


def test_a_vault_that_is_closed_while_a_request_is_looked_at_is_no_refusal(world):
    shown = begin(world)
    message = world.reader(shown).message
    world.vault.close()
    with pytest.raises(Unavailable):
        world.open(shown, message)


def test_nothing_is_shared_where_it_could_not_be_seen_afterwards(world, monkeypatch):
    _, found = asked(world)
    monkeypatch.setattr(type(world.wallet.presenting), "_log", lambda _: None)
    with pytest.raises(LogDamaged):
        share(world, found)


def test_an_answer_that_codes_cannot_carry_uses_up_no_copy(world, monkeypatch):
    _, found = asked(world)
    monkeypatch.setattr(meeting_service, "MAX_SHOWN", 5000)
    with pytest.raises(TooLarge):
        share(world, found)
    assert all(not copy.used_at for held in world.vault.credentials() for copy in held.copies)
    monkeypatch.setattr(meeting_service, "MAX_SHOWN", 20_000)
    size = len(share(world, found).message)
    # What is reckoned with is never less than what comes out
    monkeypatch.setattr(meeting_service, "MAX_SHOWN", size - 1)
    _, other = asked(world)
    with pytest.raises(TooLarge):
        share(world, other)
