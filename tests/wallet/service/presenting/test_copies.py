"""Which copy goes to whom: each is shown once, counts as shown before it leaves, and is not shown twice unnoticed."""

import pytest

from protocol.errors import Conflict, ProtocolError
from tests.support.pki import NOW
from tests.wallet.counterpart_agency import Agency
from tests.wallet.counterparts import World
from tests.wallet.service.presenting.asking import look, verified
from wallet.policy.presenting import Caution


def test_every_partner_gets_another_copy(world):
    """T171: copies have keys of their own, so partners cannot tell that they met the same person."""
    keys = set()
    for number in range(3):
        world.partner.changes = {"nonce": f"nonce-of-at-least-22-characters-{number}"}
        world.present()
        presented = world.partner.presented()[0]
        keys.add(verified(world, presented, nonce=world.partner.request().nonce).holder_key)
    assert len(keys) == 3
    assert all(copy.used_at for copy in world.vault.credentials()[0].copies)


def test_when_all_copies_were_shown_the_user_is_told(world):
    """T171: and the one that was shown longest ago is shown again."""
    for number in range(3):
        world.now = NOW + number
        world.partner.changes = {"nonce": f"nonce-of-at-least-22-characters-{number}"}
        world.present()
    first = world.vault.credentials()[0].copies[0].raw
    world.partner.changes = {"nonce": "nonce-of-at-least-22-characters-9"}
    seen = look(world)
    assert seen.consent.questions[0].choices[0].cautions == (Caution.SHOWN_BEFORE,)
    assert seen.consent.needs_thought
    world.run(world.wallet.presenting.share(seen, seen.default_choice()))
    assert world.partner.presented()[0].startswith(first.split("~")[0])


def test_a_copy_counts_as_shown_before_it_leaves(world):
    """T171: killed after the sending and before anything else, it is marked and in the log already."""

    class Killed(BaseException):
        pass

    original = world.partner.respond

    def respond(request):
        original(request)
        if request.url.endswith("/response"):
            raise Killed

        return original(request)

    seen = look(world)
    world.partner.respond = respond
    with pytest.raises(Killed):
        world.run(world.wallet.presenting.share(seen, seen.default_choice()))
    [kept] = world.vault.credentials()
    assert [bool(copy.used_at) for copy in kept.copies] == [True, False, False]
    assert world.actions()[-1] == ("sharing", "begun")


def test_two_presentations_cannot_share_the_last_copy(vault):
    """T171: who comes second gives nothing away and is told why."""
    world = World(vault, Agency(batch_size=None))
    world.receive()
    one, other = look(world), look(world)
    world.run(world.wallet.presenting.share(one, one.default_choice()))
    with pytest.raises(Conflict, match="nothing was sent"):
        world.run(world.wallet.presenting.share(other, other.default_choice()))
    assert len(world.partner.answers) == 1
    assert [entry.action for entry in vault.log()] == ["received", "sharing", "shared"]


def test_a_credential_that_was_deleted_meanwhile_is_not_shown(world):
    seen = look(world)
    world.run(world.wallet.keeping.forget(world.wallet.keeping.documents()[0]))
    with pytest.raises(ProtocolError):
        world.run(world.wallet.presenting.share(seen, seen.default_choice()))
    assert world.partner.answers == []
