"""The wallet's side: fetch a challenge, sign the request with it, and ask again once if the challenge was too old."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from protocol.encoding import encode_json
from protocol.errors import InvalidRequest, NotAuthentic, NotValidNow, ProtocolError, Unreachable, raised_as
from protocol.exchange import Exchange, HttpRequest, HttpResponse, send
from protocol.fields import Fields
from protocol.jws import Jws
from protocol.keys import Signer
from protocol.oauth.client_attestation import ClientAttestation
from protocol.oid4vci.client import check_works, error_code
from protocol.oid4vci.key_attestation import KeyAttestation
from protocol.wallet_unit.errors import (
    EnrolmentRequired,
    KeyAttestedBefore,
    TooManyAttestations,
    UnitRevoked,
    UnknownUnit,
    WalletRefused,
)
from protocol.wallet_unit.messages import (
    MAX_CHALLENGE,
    Asked,
    AttestClient,
    AttestKeys,
    Register,
    ReportLost,
    UnitAnswer,
    sign_possession,
    sign_unit_request,
    unit_id,
)

MAX_ANSWER = 1 << 18  # bytes
_AT = "unit_answer"
_REFUSALS: dict[str, Callable[[], ProtocolError]] = {
    "enrolment_required": lambda: EnrolmentRequired("the provider wants a code that is good"),
    "unit_revoked": lambda: UnitRevoked("the provider has blocked this wallet"),
    "unknown_unit": lambda: UnknownUnit("the provider does not know this wallet"),
    "wallet_version_refused": lambda: WalletRefused("the provider vouches for this version no longer"),
    "too_many_attestations": lambda: TooManyAttestations("the provider vouches for this wallet no more today"),
    "key_attested_before": lambda: KeyAttestedBefore("the provider has attested a key before"),
}


@dataclass(frozen=True, slots=True)
class ProviderClient:
    """A wallet as its provider knows it."""

    address: str
    signer: Signer  # of the key that the wallet registered with
    version: str
    now: Callable[[], int]

    def register(self, code: str | None = None) -> Exchange[UnitAnswer]:
        """Make the wallet known; a wallet that is known already needs no code.

        Raises:
            EnrolmentRequired, UnitRevoked, WalletRefused: the provider says no.
            InvalidRequest: another refusal, or an answer that breaks its shape.
            Unreachable: it cannot be reached, or is out of order.
        """
        return (yield from self._ask(lambda _: Register(self.version, code)))

    def attest_client(self, key: Signer, status_period: int | None = None) -> Exchange[UnitAnswer]:
        """Have it attested that this wallet is one of the provider's, for a key that one server sees.

        Raises:
            UnknownUnit, UnitRevoked, WalletRefused, TooManyAttestations, KeyAttestedBefore: the provider says no.
            InvalidRequest: another refusal, or an attestation that is not for this key.
            Unreachable: it cannot be reached, or is out of order.
        """
        answer = yield from self._ask(
            lambda challenge: AttestClient(self.version, self._possession(key, challenge), status_period)
        )
        with raised_as(InvalidRequest):
            says = ClientAttestation.from_fields(_peek(answer))
            if says.key != key.public_key or says.client_id != answer.client_id:
                raise NotAuthentic(f"{_AT}: the attestation is not for this wallet")
            if says.expires_at <= self.now():
                raise NotValidNow(f"{_AT}: the attestation has expired")
        return answer

    def attest_keys(
        self, keys: Sequence[Signer], nonce: str | None, status_period: int | None = None
    ) -> Exchange[UnitAnswer]:
        """Have it attested how these keys are kept.

        Raises:
            UnknownUnit, UnitRevoked, WalletRefused, TooManyAttestations, KeyAttestedBefore: the provider says no.
            InvalidRequest: another refusal, or an attestation that is not for these keys and this nonce.
            Unreachable: it cannot be reached, or is out of order.
        """
        answer = yield from self._ask(
            lambda challenge: AttestKeys(
                self.version, tuple([self._possession(key, challenge) for key in keys]), nonce, status_period
            )
        )
        with raised_as(InvalidRequest):
            says = KeyAttestation.from_fields(_peek(answer))
            if says.keys != tuple(key.public_key for key in keys) or says.nonce != nonce:
                raise NotAuthentic(f"{_AT}: the attestation is not for these keys and this request")
        return answer

    def report_lost(self) -> Exchange[UnitAnswer]:
        """Have the wallet blocked.

        Raises:
            UnknownUnit: the provider does not know it.
            InvalidRequest: another refusal, or an answer that breaks its shape.
            Unreachable: it cannot be reached, or is out of order.
        """
        return (yield from self._ask(lambda _: ReportLost()))

    def _possession(self, key: Signer, challenge: str) -> str:
        unit = unit_id(self.signer.public_key)
        return sign_possession(key, audience=self.address, challenge=challenge, unit=unit)

    def _ask(self, make: Callable[[str], Asked]) -> Exchange[UnitAnswer]:
        response = yield from self._try(make)
        if response.status == 400 and error_code(response) == "use_unit_challenge":
            response = yield from self._try(make)
        check_works(response, _AT)
        if response.status != 200:
            code = error_code(response)
            if code in _REFUSALS:
                raise _REFUSALS[code]()
            raise InvalidRequest(f"the wallet's provider refused: {code or f'status {response.status}'}")
        with raised_as(InvalidRequest):
            return UnitAnswer.from_dict(response.json(_AT))

    def _try(self, make: Callable[[str], Asked]) -> Exchange[HttpResponse]:
        fetched = yield from send(HttpRequest("POST", f"{self.address}/challenge", (("accept", "application/json"),)))
        check_works(fetched, "unit_challenge")
        if fetched.status != 200:
            raise Unreachable("unit_challenge: is not to be had where the wallet's provider should be")
        with raised_as(InvalidRequest):
            challenge = Fields(fetched.json("unit_challenge"), "unit_challenge").text(
                "challenge", max_length=MAX_CHALLENGE
            )
        request = sign_unit_request(
            make(challenge), self.signer, audience=self.address, challenge=challenge, issued_at=self.now()
        )
        body = encode_json({"request": request})
        headers = (("content-type", "application/json"), ("accept", "application/json"))
        return (yield from send(HttpRequest("POST", f"{self.address}/unit", headers, body, MAX_ANSWER)))


def _peek(answer: UnitAnswer) -> Fields:
    """What an attestation says. Issuers verify it; the wallet only looks whether it is of any use."""
    if answer.attestation is None:
        raise NotAuthentic(f"{_AT}: has no attestation")
    return Jws.from_compact(answer.attestation, "attestation").peek_claims("attestation")
