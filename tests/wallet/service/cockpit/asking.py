"""What tests of asking a partner share."""

from protocol.sovereignty.rights import Right
from protocol.sovereignty.usage import Action
from tests.support.pki import NOW
from tests.wallet.cockpit import COCKPIT, use
from wallet.policy.cockpit.rights import Wish

HOUR = 3600


def given(world):
    """An answer whose receipt came with it."""
    world.present()
    return world


def rules(world):
    """What was found wrong with what the partner said."""
    return [finding.rule for finding in world.disclosure.usage.findings]


def paths(world):
    """What was called at the cockpit."""
    return [call.url.removeprefix(COCKPIT) for call in world.partner.calls]


def after_a_report(world, *uses):
    """An answer about which the partner said something already, and nothing wrong."""
    given(world)
    world.partner.did(*uses or (use(), use(Action.VIEWED, NOW + 60)))
    world.later(2 * HOUR).look()
    assert rules(world) == []
    return world


ERASE = Wish(Right.ERASURE)
ACCESS = Wish(Right.ACCESS)


def asks(world, wish=ERASE):
    """Ask for something that the law gives, and see what came of it."""
    return world.run(world.wallet.cockpit.rights.ask(world.disclosure, wish))


def looks(world):
    """Open the last request."""
    return world.run(world.wallet.cockpit.rights.open(world.disclosure, last(world).id))


def last(world):
    """The last request that is kept."""
    return world.disclosure.rights[-1]
