"""The authority's list of revoked document signers, for readers of mobile documents (ISO/IEC 18013-5 annex B, RFC 5280 §5)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from protocol.errors import NotFound
from protocol.exchange import Exchange
from runtime.certificates import Authority
from runtime.conversation import slow
from runtime.crl import RevokedCertificate, issue_crl

DAY = 86_400  # seconds
LIFETIME = 7 * DAY  # made anew each day, so that readers without a network have it for some days
MOST = 10_000  # entries that numbers leave room for in a day; the file holds fewer


@dataclass(frozen=True, slots=True)
class SignerList:
    """Who no longer signs documents here, in the authority's word.

    It depends on the day and on what is revoked alone, so that all workers say the same, and a list never runs back (T091).
    """

    authority: Authority | None  # None: its key is kept elsewhere
    revoked: Callable[[], tuple[RevokedCertificate, ...]]
    now: Callable[[], int]
    _known: dict[tuple[int, tuple[RevokedCertificate, ...]], bytes] = field(default_factory=dict, repr=False)

    def current(self) -> Exchange[bytes]:
        """The list in DER; what was revoked before this call is on it.

        Raises:
            NotFound: there is no authority here.
        """
        authority = self.authority
        if authority is None:
            raise NotFound("no authority of this issuer is here")
        return (yield from slow(lambda: self._made(authority)))

    def _made(self, authority: Authority) -> bytes:
        revoked, day = self.revoked(), self.now() // DAY
        known = self._known.get((day, revoked))
        if known is None:
            # Nothing in a list is younger than the list, and no list is older than its authority
            made = int(authority.certificate.not_valid_before_utc.timestamp())
            begins = max(day * DAY, made, *[one.revoked_at for one in revoked])
            number = day * MOST + len(revoked)
            known = issue_crl(authority, revoked, number=number, now=begins, lifetime=LIFETIME)
            self._known.clear()
            self._known[day, revoked] = known
        return known
