"""Looking up whether the certificate of whoever signed a document was revoked (RFC 5280 §6.3, ISO/IEC 18013-5 annex B).

A chain whose certificates name lists counts only by lists that hold now: where they cannot be had, are out of date or
another authority's, it does not count (T091). A chain that names none is trusted by its anchor, which is taken out by hand.
Lists are kept while they hold, also in the store, so that they answer without a network and after a restart.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field, replace

from protocol.crl import RevocationList, check_not_revoked, fetch_crls, issuers_in, verify_crl
from protocol.errors import ProtocolError, Unavailable, Unreachable
from protocol.exchange import Exchange
from protocol.trust.anchors import TrustedParty
from protocol.x509 import Certificate
from runtime.conversation import SessionKey, slow
from runtime.logs import get_logger
from runtime.seal import DamagedError
from verifier.service.context import VerifierContext
from verifier.store import StoredList

REFRESH = 3_600  # seconds after which a newer list is asked for, though the known one holds
PATIENCE = 60  # seconds in which lists that could not be had are not asked for again
MAX_LISTS = 64

_AT = "kept list of revoked certificates"


@dataclass(frozen=True, slots=True)
class _Known:
    """A list, and when it came; None: neither this process nor one before it has any."""

    found: RevocationList | None
    fetched_at: int = 0  # epoch seconds


@dataclass(slots=True)
class RevokedSigners:
    """The lists of revoked certificates that this process has seen."""

    context: VerifierContext
    _known: OrderedDict[str, _Known] = field(default_factory=OrderedDict)  # by address
    _failed_at: OrderedDict[tuple[str, ...], int] = field(default_factory=OrderedDict)  # addresses of a chain → when

    def objection_to(self, signer: TrustedParty) -> Exchange[str]:
        """Why somebody's signature does not count any more, or nothing; never raises, for not knowing is an answer too."""
        addresses = tuple([uri for certificate in signer.chain for uri in certificate.crl_uris])
        if not addresses:
            return ""
        now = self.context.now()
        try:
            lists = yield from self._lists(signer, addresses, now)
            check_not_revoked(signer, lists, now=now, at="credential")
        except ProtocolError as error:
            return error.description
        return ""

    def _lists(
        self, signer: TrustedParty, addresses: tuple[str, ...], now: int
    ) -> Exchange[tuple[RevocationList, ...]]:
        """Lists that came lately, else newer ones; where those cannot be had, the ones that are known, as long as they hold."""
        for certificate, issuer in issuers_in(signer):
            for uri in certificate.crl_uris:
                if uri not in self._known:
                    yield from self._restore(uri, issuer, now)
        held = tuple([kept.found for uri in addresses if (kept := self._known.get(uri)) and kept.found is not None])
        if now < self._failed_at.get(addresses, 0) + PATIENCE:
            if not held:
                raise Unreachable("certificate revocation list: could not be had")
            return held
        lately = self._lately()
        try:
            lists = yield from fetch_crls(signer, lately, now=now)
        except ProtocolError as error:
            get_logger().warning("a list of revoked certificates cannot be had", reason=error.description)
            self._failed_at[addresses] = now
            _shorten(self._failed_at)
            if not held:
                raise
            return held
        for found in lists:
            if found is not lately.get(found.uri):
                yield from self._keep(found, now)
        return lists

    def _lately(self) -> dict[str, RevocationList]:
        """What is known; what did not come lately is to be fetched anew, and has to be no older than before (T091)."""
        return {
            uri: replace(kept.found, next_update=min(kept.found.next_update, kept.fetched_at + REFRESH))
            for uri, kept in self._known.items()
            if kept.found is not None
        }

    def _keep(self, found: RevocationList, now: int) -> Exchange[None]:
        self._known[found.uri] = _Known(found, now)
        self._known.move_to_end(found.uri)
        _shorten(self._known)
        stored = StoredList(address_of(found.uri), now, self.context.sealer.seal(found.der, _context(found.uri)))
        try:
            yield from slow(lambda: self.context.store.status_lists.keep(stored))
        except Unavailable as error:
            # It is in memory, and the next one will be written
            get_logger().warning(_AT, reason=error.description)

    def _restore(self, uri: str, issuer: Certificate, now: int) -> Exchange[None]:
        """Take up what an earlier process kept of a list, verified anew."""
        known = _Known(None)
        try:
            stored = yield from slow(lambda: self.context.store.status_lists.find(address_of(uri)))
            if stored is not None:
                der = self.context.sealer.open(stored.sealed, _context(uri))
                known = _Known(verify_crl(der, issuer, uri=uri, now=now), stored.fetched_at)
        except (ProtocolError, DamagedError) as error:
            get_logger().warning(_AT, address=uri, reason=str(error))
        self._known[uri] = known
        _shorten(self._known)


def _shorten(known: OrderedDict[str, _Known] | OrderedDict[tuple[str, ...], int]) -> None:
    while len(known) > MAX_LISTS:
        known.popitem(last=False)


def address_of(uri: str) -> str:
    """What a list is found by in the store."""
    return SessionKey.of("list of revoked certificates", uri).digest


def _context(uri: str) -> str:
    return f"list of revoked certificates {uri}"
