"""What became of a request for credentials."""

from protocol.exchange import run
from protocol.formats import format_of


def verified(desk, raw):
    """What a wallet finds in a credential, after checking everything."""
    exchange = format_of("dc+sd-jwt").verify_issued(raw, anchors=desk.pki.anchors, now=desk.clock.now)
    return run(exchange, perform=lambda _: None)


def untouched(desk):
    """Whether nothing was issued and no index was taken."""
    return not desk.store.credentials_of("anna")
