"""A partner that asks: what the user sees of it, and what the partner finds in the answer."""

from protocol.exchange import run
from protocol.formats import format_of
from protocol.holder_binding import ExpectedBinding
from tests.support.pki import NOW


def look(world):
    """What the user is asked."""
    return world.run(world.wallet.presenting.look(world.partner.link()))


def asking(world, *credentials, **sets):
    """Have the partner ask for these credentials."""
    world.partner.query = {"credentials": list(credentials), **sets}
    return world


def verified(world, presentation, **changes):
    """What the partner finds in a presentation, or the error that it finds."""
    request = world.partner.request()
    expected = ExpectedBinding(**{"audience": str(request.client_id), "nonce": request.nonce, "now": NOW, **changes})
    exchange = format_of("dc+sd-jwt").verify_presented(
        presentation, anchors=world.anchors(), expected=expected, now=NOW
    )
    return run(exchange, world.perform)
