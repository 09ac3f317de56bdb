"""Which wallet asks: client attestation at the pushed request and token endpoints (OID4VCI 1.0 App. E, HAIP 1.0 §4.4.1).

A wallet instance proves itself by a proof of its own or by its DPoP proof. What its provider attested binds the
conversation to this instance; no other one takes it further.
"""

from __future__ import annotations

from dataclasses import dataclass

from issuer.service.context import IssuerContext, ShownKey
from issuer.service.wallet_status import WalletStatusLists, wallet_status
from issuer.session.stages import WalletUnit
from protocol.errors import ClientNotAuthenticated, Flaw, Unavailable, UseAttestationChallenge
from protocol.exchange import Exchange
from protocol.oauth.client_attestation import (
    HEADER,
    MAX_AGE,
    MAX_AHEAD,
    POP_HEADER,
    ClientAttestation,
    check_dpop_is_pop,
    read_single_header,
    verify_attestation_pop,
    verify_client_attestation,
)
from protocol.status.check import Status
from runtime.conversation import SessionKey, Spend

POP_WINDOW = MAX_AGE + MAX_AHEAD  # seconds that a proof of possession can be replayed in


@dataclass(frozen=True, slots=True)
class AttestationHeaders:
    """What a request says of its wallet; more than one value of either is refused."""

    attestation: tuple[str, ...] = ()
    pop: tuple[str, ...] = ()


NO_HEADERS = AttestationHeaders()


@dataclass(frozen=True, slots=True)
class Client:
    """Who asks."""

    client_id: str | None  # None: it did not say
    wallet: WalletUnit | None = None  # None: nobody attests it
    spend: tuple[Spend, ...] = ()


@dataclass(frozen=True, slots=True)
class ClientService:
    """Client authentication."""

    context: IssuerContext
    statuses: WalletStatusLists

    def authenticate(
        self, headers: AttestationHeaders, client_id: str | None, dpop: ShownKey | None
    ) -> Exchange[Client]:
        """Find out who asks; `client_id` is what the request says itself, `dpop` its DPoP proof.

        Whoever shows nothing is a public client, where that is allowed; what is shown has to hold (T105).

        Raises:
            ClientNotAuthenticated: nothing is shown although it has to be, or it does not hold, or the wallet was revoked.
            UseFreshAttestation: the attestation has expired.
            UseAttestationChallenge: the proof of possession needs a fresh challenge.
            Unavailable: whether the wallet still holds cannot be found out now; nothing was consumed.
        """
        attestation = read_single_header(headers.attestation, HEADER)
        pop = read_single_header(headers.pop, POP_HEADER)
        if attestation is None:
            if pop is not None or self.context.policy.haip:
                raise ClientNotAuthenticated(f"{HEADER}: is missing")
            return Client(client_id)
        verified = verify_client_attestation(attestation, anchors=self.context.anchors(), now=self.context.now())
        says = verified.says
        if client_id not in (None, says.client_id):
            raise ClientNotAuthenticated("client_id: is another one than the client attestation's")
        spend = self._prove(says, pop, dpop)
        status = wallet_status(says.client_status, verified.provider)
        if status is not None:
            report = yield from self.statuses.report(status)
            if report.status is Status.UNKNOWN:
                raise Unavailable("whether this wallet still holds cannot be found out now; nothing was consumed")
            if report.status is not Status.VALID:
                raise ClientNotAuthenticated("this wallet was revoked or suspended by its provider")
        return Client(says.client_id, WalletUnit(says.key.thumbprint(), status), spend)

    def _prove(self, says: ClientAttestation, pop: str | None, dpop: ShownKey | None) -> tuple[Spend, ...]:
        """Check that the wallet holds the attested key, here and now; what is spent by it."""
        context = self.context
        if pop is None:
            if dpop is None:
                raise ClientNotAuthenticated(f"{POP_HEADER}: is missing, and there is no DPoP proof in its place")
            # The draft's §8.3: its nonce and jti were checked and are spent as those of a DPoP proof
            check_dpop_is_pop(says, dpop.proof)
            return ()
        now = context.now()
        proof = verify_attestation_pop(pop, says, audience=context.identifier, now=now)
        try:
            if proof.challenge is None:
                raise UseAttestationChallenge("a challenge is needed", context.dpop_nonce())
            context.read_nonce("dpop", proof.challenge)
        except Flaw as error:
            raise UseAttestationChallenge("a fresh challenge is needed", context.dpop_nonce()) from error
        jti = SessionKey.of("attestation jti", f"{says.key.thumbprint()} {proof.jti}")
        return (Spend(jti, now + POP_WINDOW, ClientNotAuthenticated("this proof was used before")),)
