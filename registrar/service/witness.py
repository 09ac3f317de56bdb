"""The witness: every hour the heads of every usage log of every partner are fetched, checked against those before, and kept.

Whoever lies, is slow or is away costs nobody else anything: each partner is looked at by itself, under caps and in its time.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from cryptography import x509

from capabilities.status_publisher.records import EntryState
from protocol.errors import Malformed, NotFound, NotTrusted, ProtocolError, Revoked, Suspended, Unreachable
from protocol.exchange import Exchange, HttpRequest, HttpResponse, send
from protocol.jws import Jws
from protocol.sovereignty.log_heads import Growth, SignedHead, verify_usage_head
from protocol.sovereignty.signing import MAX_OBJECT, Organisation
from protocol.trust.anchors import Role, TrustAnchor, TrustAnchors
from protocol.x509 import Certificate, read_x5c
from registrar.records import Partner
from registrar.service.context import RegistrarContext
from registrar.session import party_of
from registrar.witnessed import (
    Finding,
    NoProofError,
    Sight,
    after_head,
    began_at,
    finding_of,
    hour_of,
    logs_to_look_at,
    may_be_missing,
    needs_proof,
    seen_of,
    sight_of,
)
from runtime.conversation import slow

MAX_GROWTH = 16 * 1024  # bytes of a proof that a log grew
CALL_SECONDS = 3.0  # from name to last byte
HOLD = 120  # seconds for which an hour is somebody's, unless they hold on to it
MAX_DUE = 20_000  # cockpits in one round
MAX_PAGE = 100  # partners in one answer

_NOBODY = NotFound("nobody with this identifier is witnessed here")


@dataclass(frozen=True, slots=True)
class WitnessService:
    """Everything about partners and their usage logs."""

    context: RegistrarContext

    def take_hour(self, worker: str) -> Exchange[int | None]:
        """Take the hour that nobody did yet, or hold on to it; None: it is done, or somebody else's."""
        now = self.context.now()
        hour = hour_of(now)
        taken = yield from slow(lambda: self.context.store.witness.take_hour(hour, worker, now=now, until=now + HOLD))
        return hour if taken else None

    def hold(self, hour: int, worker: str) -> Exchange[bool]:
        """Hold on to an hour while it takes long; whether it is one's own still."""
        now = self.context.now()
        store = self.context.store.witness
        return (yield from slow(lambda: store.take_hour(hour, worker, now=now, until=now + HOLD)))

    def end_hour(self, hour: int, worker: str) -> Exchange[bool]:
        """Say that everybody was looked at, so that the directory of the hour is published."""
        return (yield from slow(lambda: self.context.store.witness.end_hour(hour, worker)))

    def due(self, hour: int) -> Exchange[tuple[Partner, ...]]:
        """Cockpits at which nobody looked in an hour yet."""
        return (yield from slow(lambda: self.context.store.witness.due(before=began_at(hour), limit=MAX_DUE)))

    def look(self, partner: Partner) -> Exchange[Partner]:
        """Fetch the heads of a cockpit's logs and keep what they show; the cockpit as it stands now."""
        now = self.context.now()
        signers = yield from slow(lambda: self._signers(partner))
        sight = sight_of(partner)
        finding: Finding | None = None
        for log in logs_to_look_at(sight.witnessed, now=now):
            try:
                sight = yield from self._look_at(log, sight, signers, now)
            except NotFound as error:
                if may_be_missing(sight.witnessed, log):
                    continue
                finding = finding or finding_of(error)
            except ProtocolError as error:
                finding = finding or finding_of(error)
                if isinstance(error, Unreachable):
                    # The others are at the same place
                    break
        return (yield from self._keep(partner, seen_of(partner, sight, finding, now=now)))

    def note_slow(self, partner: Partner) -> Exchange[Partner]:
        """Keep that a cockpit took more than its time."""
        seen = seen_of(partner, sight_of(partner), Finding.SLOW, now=self.context.now())
        return (yield from self._keep(partner, seen))

    def partner(self, identifier: str) -> Exchange[tuple[Partner, ...]]:
        """Every cockpit of one partner.

        Raises:
            NotFound: nobody.
        """
        found = yield from self.find(identifier)
        if not found:
            raise _NOBODY.with_traceback(None)
        return found

    def find(self, identifier: str) -> Exchange[tuple[Partner, ...]]:
        """Every cockpit of one partner; none: they never had one."""
        return (yield from slow(lambda: self.context.store.witness.partner(identifier)))

    def partners(self, *, after: str = "") -> Exchange[tuple[Partner, ...]]:
        """Every cockpit of the partners of one page, in the order of their identifiers."""
        return (yield from slow(lambda: self.context.store.witness.partners(limit=MAX_PAGE, after=after)))

    def _keep(self, before: Partner, after: Partner) -> Exchange[Partner]:
        kept = yield from slow(lambda: self.context.store.witness.keep_seen(before, after))
        return after if kept else before

    def _look_at(self, log: str, sight: Sight, signers: frozenset[Organisation], now: int) -> Exchange[Sight]:
        endpoint = sight.witnessed.cockpit_endpoint
        response = yield from _get(endpoint, "head", {"log": log}, "application/jwt", MAX_OBJECT)
        signed = yield from slow(lambda: self._verify(response, log, signers, now))
        growth: Growth | None = None
        if needs_proof(sight, signed):
            sizes = {"from": str(sight.witnessed.newest(log).tree.size), "to": str(signed.head.tree.size)}
            try:
                told = yield from _get(endpoint, "consistency", {"log": log, **sizes}, "application/json", MAX_GROWTH)
                growth = Growth.from_dict(told.json("consistency", max_bytes=MAX_GROWTH))
                return after_head(sight, signed, growth, now=now)
            except (NotFound, Malformed) as error:
                raise NoProofError(error.description) from error
        return after_head(sight, signed, None, now=now)

    def _verify(self, response: HttpResponse, log: str, signers: frozenset[Organisation], now: int) -> SignedHead:
        try:
            text = response.body.decode("ascii")
        except UnicodeDecodeError as error:
            raise Malformed("usage head", "must be ASCII") from error
        context = self.context
        own = TrustAnchor(
            Certificate.from_der(context.access_authority.to_der()), Role.VERIFIER, context.operator.identifier
        )
        signed = verify_usage_head(text, log=log, partner=signers, anchors=TrustAnchors((own,)), now=now)
        [leaf, *_] = read_x5c(Jws.from_compact(text, "usage head").header.x5c, "usage head header.x5c")
        self._check_holds(leaf, signers)
        return signed

    def _check_holds(self, leaf: Certificate, signers: frozenset[Organisation]) -> None:
        """Check that a certificate that we gave still holds; we need not ask our own list for that (T091)."""
        serial = f"{x509.load_der_x509_certificate(leaf.der).serial_number:x}"
        states = [self.context.store.access_state(signer.identifier, serial) for signer in signers]
        known = [state for state in states if state is not None]
        if EntryState.REVOKED in known:
            raise Revoked("usage head: is signed with a certificate that was revoked")
        if EntryState.SUSPENDED in known:
            raise Suspended("usage head: is signed with a certificate that rests")
        if not known:
            raise NotTrusted("usage head: is signed with a certificate that we did not give out")

    def _signers(self, partner: Partner) -> frozenset[Organisation]:
        """Who may sign for a partner: itself, and the intermediary that its registration names."""
        own = Organisation(partner.identifier, partner.country)
        line = self.context.store.party(partner.identifier)
        used = party_of(line.document).intermediary if line is not None and line.document else None
        other = None if used is None else self.context.store.party(used.identifier)
        if other is None or not other.document:
            return frozenset({own})
        return frozenset({own, Organisation(other.identifier, party_of(other.document).country)})


def _get(endpoint: str, name: str, asked: dict[str, str], media_type: str, max_bytes: int) -> Exchange[HttpResponse]:
    """One public answer of a partner's cockpit.

    Raises:
        Unreachable: no answer, or none with a status that says something.
        NotFound: there is no such log.
        Malformed: another media type.
    """
    url = f"{endpoint}/{name}?{urlencode(asked)}"
    request = HttpRequest("GET", url, (("accept", media_type),), max_bytes=max_bytes, max_seconds=CALL_SECONDS)
    response = yield from send(request)
    if response.status == 404:
        raise NotFound("no such log")
    if response.status != 200:
        raise Unreachable(f"was answered with status {response.status}")
    if response.media_type() != media_type:
        raise Malformed(name, f"must be served as {media_type}")
    return response
