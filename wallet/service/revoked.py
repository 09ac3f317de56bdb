"""Looking up whether the certificates of whoever asks or gives were revoked (RFC 5280 §6.3).

The lists stay in memory alone: which there are says with whom somebody had to do. They are fetched whole, so whoever serves one
learns that a wallet met somebody of that authority, and not whom.
"""

from __future__ import annotations

from protocol.crl import check_not_revoked, fetch_crls
from protocol.errors import NotTrusted, NotValidNow, Revoked, Unreachable
from protocol.exchange import Exchange
from protocol.trust.anchors import TrustedParty
from wallet.policy.revoked import KnownCrl, lately, serving
from wallet.service.context import WalletContext

MAX_LISTS = 32

_AT = "access certificate"


def check_in_force(context: WalletContext, party: TrustedParty) -> Exchange[None]:
    """Check that no certificate of a chain was revoked, by the lists that they name; where they name any.

    Where a newer list cannot be reached, a known one serves for a while. A list that was had and is no good is not made up for.

    Raises:
        Revoked, Suspended: one was.
        Unreachable: a list cannot be had, and none is known that may serve.
        ProtocolError: a list is no good; see `protocol.crl`.
    """
    now, known = context.now(), context.known_crls
    fresh = lately(known)
    try:
        lists = yield from fetch_crls(party, fresh, now=now)
    except Unreachable as error:
        try:
            check_not_revoked(party, serving(known), now=now, at=_AT)
        except Revoked:
            raise
        except (NotTrusted, NotValidNow):
            # None of its lists is known, or none for so short a time that it may serve
            raise error from None
        return
    for found in lists:
        if found is not fresh.get(found.uri):
            known.pop(found.uri, None)
            known[found.uri] = KnownCrl(found, now)
    while len(known) > MAX_LISTS:
        del known[next(iter(known))]
    check_not_revoked(party, lists, now=now, at=_AT)
