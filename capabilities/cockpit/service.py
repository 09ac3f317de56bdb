"""Answering citizens' calls: whose they are, and their receipts (docs/sovereignty/receipts.md)."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from capabilities.cockpit.records import IssuedReceipt
from capabilities.cockpit.rights import CockpitRights
from capabilities.cockpit.store import CockpitStore
from protocol.encoding import encode_json
from protocol.errors import Flaw, InvalidDpopProofAtResource, InvalidRequest, NotFound, raised_as
from protocol.exchange import Exchange
from protocol.formats import IssuerSigner
from protocol.keys import RandomBytes
from protocol.oid4vci.nonce import make_nonce, read_nonce
from protocol.sovereignty.calls import CallPath, VerifiedCall, call_url, check_nonce, verify_call
from protocol.sovereignty.in_person import hash_claim
from protocol.sovereignty.receipt import sign_receipt
from protocol.sovereignty.usage_report import UsageRequest
from runtime.conversation import slow, with_key

NONCE_SECONDS = 300

Report = Callable[[str, UsageRequest], Exchange[str]]  # of the receipt with this jti, signed


@dataclass(frozen=True, slots=True)
class Cockpit:
    """The cockpit of one party."""

    endpoint: str  # as it is announced
    store: CockpitStore
    signing: IssuerSigner  # the access certificate
    report: Report
    rights: CockpitRights | None  # None: requests about rights are answered elsewhere
    secret: bytes = field(repr=False)
    now: Callable[[], int]  # epoch seconds
    random_bytes: RandomBytes

    def receipt(self, proof: str, claim: bytes | None) -> Exchange[str]:
        """The receipt of whoever calls; as often as they call, for 30 days, and one of a mandate until its log ends.

        `claim` is of a session in person: it binds the key of this call, and no other one after it.

        Raises:
            NotFound: none, none any more, or somebody else's; nobody learns which.
            InvalidDpopProofAtResource, UseDpopNonceAtResource: see `caller`.
        """
        call = yield from self._call(proof, CallPath.RECEIPT)
        found = yield from slow(lambda: self.store.by_key(call.thumbprint))
        if found is None and claim is not None:
            found = yield from self._bind(call.thumbprint, hash_claim(claim))
        if found is None or not found.is_collectable(self.now()):
            raise no_receipt()
        return found.token

    def usage(self, proof: str, request: UsageRequest) -> Exchange[str]:
        """What was done with what whoever calls gave, signed.

        Raises:
            NotFound, InvalidDpopProofAtResource, UseDpopNonceAtResource: see `caller`.
        """
        found = yield from self.caller(proof, CallPath.USAGE)
        return (yield from self.report(found.id, request))

    def ask(self, proof: str, token: str) -> Exchange[str]:
        """Take a request about rights over what whoever calls gave; how it stands, signed.

        Raises:
            NotFound, InvalidDpopProofAtResource, UseDpopNonceAtResource: see `caller`.
            InvalidRequest, Conflict, TooManyRequests: see `CockpitRights.ask`.
        """
        found = yield from self.caller(proof, CallPath.RIGHTS)
        return (yield from self._rights.ask(found, token))

    def rights_status(self, proof: str, id_: str) -> Exchange[str]:
        """How a request of whoever calls stands, signed.

        Raises:
            NotFound: none of theirs.
            InvalidDpopProofAtResource, UseDpopNonceAtResource: see `caller`.
        """
        found = yield from self._asker(proof, id_)
        return (yield from self._rights.status(found, id_))

    def rights_answer(self, proof: str, id_: str) -> Exchange[str]:
        """What is handed out to whoever calls, encrypted to them.

        Raises:
            NotFound: nothing of theirs, or nothing any more.
            InvalidDpopProofAtResource, UseDpopNonceAtResource: see `caller`.
        """
        found = yield from self._asker(proof, id_, "answer")
        return (yield from self._rights.answer(found, id_))

    def rights_file(self, proof: str, id_: str, hash_: str) -> Exchange[str]:
        """A file of what is handed out to whoever calls, encrypted to them.

        Raises:
            NotFound: none of theirs, or none any more.
            InvalidDpopProofAtResource, UseDpopNonceAtResource: see `caller`.
        """
        found = yield from self._asker(proof, id_, "files", hash_)
        return (yield from self._rights.file(found, id_, hash_))

    @property
    def _rights(self) -> CockpitRights:
        if self.rights is None:
            raise no_receipt()
        return self.rights

    def _asker(self, proof: str, *segments: str) -> Exchange[IssuedReceipt]:
        with raised_as(InvalidRequest):
            call = yield from self._call(proof, CallPath.RIGHTS, *segments, method="GET")
        found = yield from slow(lambda: self.store.by_key(call.thumbprint))
        # A request may be answered after its receipt's log is over: what is found is still there for it
        if found is None:
            raise no_receipt()
        return found

    def caller(self, proof: str, path: CallPath, *segments: str, method: str = "POST") -> Exchange[IssuedReceipt]:
        """The one receipt of whoever calls, by the proof of its key.

        Raises:
            InvalidDpopProofAtResource: the proof does not hold, is for another call, or came before.
            UseDpopNonceAtResource: it has no nonce of ours that is good.
            NotFound: no receipt is of this key, or no longer.
        """
        call = yield from self._call(proof, path, *segments, method=method)
        found = yield from slow(lambda: self.store.by_key(call.thumbprint))
        if found is None or self.now() >= found.log_until:
            raise no_receipt()
        return found

    def _call(self, proof: str, path: CallPath, *segments: str, method: str = "POST") -> Exchange[VerifiedCall]:
        now = self.now()
        # The address is ours, whatever a header says
        call = verify_call(proof, method=method, url=call_url(self.endpoint, path, *segments), now=now)
        check_nonce(call, accepted=self._accepted(call.nonce), fresh=self._nonce())
        if not (yield from slow(lambda: self.store.spend(call.replay_key, call.replay_until))):
            raise InvalidDpopProofAtResource("cockpit call: the proof was used before")
        return call

    def _bind(self, thumbprint: str, claim: str) -> Exchange[IssuedReceipt | None]:
        """Sign what was given in person for the first key that comes for it."""
        found = yield from slow(lambda: self.store.by_claim(claim))
        if found is None or found.key or not found.is_collectable(self.now()):
            return None
        says = found.bound_to(thumbprint, self.endpoint)
        signer, x5c = self.signing.signer, self.signing.x5c
        token = yield from with_key(signer, lambda: sign_receipt(says, signer, x5c))
        signed = replace(found, says=encode_json(says.to_claims()).decode(), token=token, key=thumbprint)
        bound = yield from slow(lambda: self.store.bind(signed))
        return bound if bound is not None and hmac.compare_digest(bound.key, thumbprint) else None

    def _nonce(self) -> str:
        return make_nonce(self.secret, self._purpose, self.random_bytes(16), self.now() + NONCE_SECONDS)

    def _accepted(self, nonce: str | None) -> tuple[str, ...]:
        try:
            read_nonce(self.secret, self._purpose, nonce or "", now=self.now())
        except Flaw:
            return ()
        return (nonce or "",)

    @property
    def _purpose(self) -> str:
        return f"cockpit {self.endpoint}"


def no_receipt() -> NotFound:
    """The one refusal for a key that is unknown, too late or somebody else's."""
    return NotFound("no such receipt")
