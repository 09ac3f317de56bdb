"""Client attestation: a wallet's provider vouches for the wallet, which proves that it holds the attested key.

draft-ietf-oauth-attestation-based-client-auth-11, as OpenID4VCI 1.0 App. E, HAIP 1.0 §4.4.1 and TS3 1.5 §2.3.1 use it. The
names that may still change with the draft stand here and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from protocol.encoding import JsonObject, JsonValue, encode_json
from protocol.errors import (
    ClientNotAuthenticated,
    NotAuthentic,
    NotValidNow,
    UseFreshAttestation,
    raised_as,
)
from protocol.fields import MAX_URL, Fields
from protocol.jws import Jws, sign_jws, verify_jws
from protocol.keys import PublicKey, Signer
from protocol.oauth.dpop import VerifiedDpop
from protocol.status.reference import MaintainedStatus, maintained_claim, read_maintained
from protocol.trust.anchors import Role, TrustAnchors, TrustedParty
from protocol.trust.signed import verify_vouched_for

TYP = "oauth-client-attestation+jwt"
POP_TYP = "oauth-client-attestation-pop+jwt"
HEADER = "OAuth-Client-Attestation"
POP_HEADER = "OAuth-Client-Attestation-PoP"
CHALLENGE_HEADER = "OAuth-Client-Attestation-Challenge"
METHOD = "attest_jwt_client_auth"  # in `token_endpoint_auth_methods_supported`: with a proof of its own
METHOD_DPOP = "attest_jwt_client_auth_dpop"  # the DPoP proof is the proof of possession as well
ALGORITHMS = ("ES256", "ES384", "ES512")  # of attestations, by the keys that certificates hold (TS3 1.5 §2.6)
POP_ALGORITHMS = ("ES256",)

MAX_LIFETIME = 24 * 3600  # seconds; TS3 1.5 §2.2.1.1: less than this
MAX_AGE = 300  # seconds of a proof of possession
MAX_AHEAD = 60  # seconds
MAX_JTI = 512  # characters
MAX_CHALLENGE = 1024  # characters
MAX_NAME = 256  # characters

_AT = "client attestation"
_POP_AT = "client attestation proof"


@dataclass(frozen=True, slots=True)
class ClientAttestation:
    """What a wallet provider says of one wallet instance."""

    client_id: str  # `sub`: shared by all instances of a wallet (HAIP 1.0 §4.4.1)
    key: PublicKey  # of the instance
    expires_at: int  # epoch seconds
    issued_at: int | None = None
    wallet_name: str | None = None
    wallet_version: str | None = None
    wallet_link: str | None = None
    certification: JsonValue = None  # `wallet_solution_certification_information`, whose shape nobody has fixed yet
    client_status: MaintainedStatus | None = None

    @classmethod
    def from_fields(cls, claims: Fields) -> Self:
        """Read the claims; unknown ones are ignored.

        Raises:
            Malformed: a claim is missing or has the wrong shape, or the key is a private one (T105).
            Unsupported: a key or status of a kind that we do not know.
        """
        confirmation = claims.object("cnf")
        return cls(
            client_id=claims.text("sub", max_length=MAX_URL),
            key=PublicKey.from_jwk(confirmation.required("jwk"), confirmation.path("jwk")),
            expires_at=claims.time("exp"),
            issued_at=claims.optional_time("iat"),
            wallet_name=claims.optional_text("wallet_name", max_length=MAX_NAME),
            wallet_version=claims.optional_text("wallet_version", max_length=MAX_NAME),
            wallet_link=claims.optional_https_url("wallet_link"),
            certification=claims.members.get("wallet_solution_certification_information"),
            client_status=read_maintained(claims, "client_status"),
        )

    def to_claims(self) -> JsonObject:
        """The claims of the wire form."""
        optional: JsonObject = {
            "iat": self.issued_at,
            "wallet_name": self.wallet_name,
            "wallet_version": self.wallet_version,
            "wallet_link": self.wallet_link,
            "wallet_solution_certification_information": self.certification,
            "client_status": None if self.client_status is None else maintained_claim(self.client_status),
        }
        return {
            "sub": self.client_id,
            "exp": self.expires_at,
            "cnf": {"jwk": self.key.to_jwk()},
            **{name: value for name, value in optional.items() if value is not None},
        }


@dataclass(frozen=True, slots=True)
class VerifiedClientAttestation:
    """An attestation that a trusted provider signed and that has not expired. Its status is a separate question."""

    says: ClientAttestation
    provider: TrustedParty


@dataclass(frozen=True, slots=True)
class VerifiedAttestationPop:
    """A proof that held. That its `jti` is fresh and its challenge ours is for the caller to decide, in its store."""

    jti: str
    challenge: str | None


def sign_client_attestation(attestation: ClientAttestation, signer: Signer, x5c: tuple[str, ...]) -> str:
    """A wallet instance attestation; `x5c` is the provider's chain without the anchor (HAIP 1.0 §4.4.1)."""
    return sign_jws({"typ": TYP, "x5c": list[JsonValue](x5c)}, encode_json(attestation.to_claims()), signer)


def verify_client_attestation(
    text: str, *, anchors: TrustAnchors, now: int, max_lifetime: int | None = MAX_LIFETIME
) -> VerifiedClientAttestation:
    """Check an attestation (draft §8.1); `max_lifetime` is how many seconds it may still hold, None is any number.

    Not checked here: that a wallet presents it (`verify_attestation_pop`, `check_dpop_is_pop`), and its status.

    Raises:
        UseFreshAttestation: it has expired.
        ClientNotAuthenticated: any other check failed (T105).
    """
    with raised_as(ClientNotAuthenticated):
        claims, provider = verify_vouched_for(
            text, role=Role.WALLET_PROVIDER, anchors=anchors, typ=TYP, now=now, at=_AT
        )
        says = ClientAttestation.from_fields(claims)
        if now >= says.expires_at + MAX_AHEAD:
            raise UseFreshAttestation(f"{_AT}: has expired")
        if says.issued_at is not None and says.issued_at > now + MAX_AHEAD:
            raise NotValidNow(f"{_AT}: is not valid yet")
        if max_lifetime is not None and says.expires_at >= now + max_lifetime:
            raise NotValidNow(f"{_AT}: holds for longer than is accepted here")
        return VerifiedClientAttestation(says, provider)


def sign_attestation_pop(
    signer: Signer, *, audience: str, jti: str, issued_at: int, challenge: str | None = None
) -> str:
    """The instance's proof for one authorization server, `audience` being its issuer identifier (draft §5.1)."""
    claims: JsonObject = {"aud": audience, "jti": jti, "iat": issued_at}
    if challenge is not None:
        claims["challenge"] = challenge
    return sign_jws({"typ": POP_TYP}, encode_json(claims), signer)


def verify_attestation_pop(
    text: str, attested: ClientAttestation, *, audience: str, now: int, legacy: bool = False
) -> VerifiedAttestationPop:
    """Check that whoever shows an attestation holds its key, here and now (draft §8.2).

    `legacy` takes a challenge that is called `nonce`, as drafts before the seventh had it.

    Raises:
        ClientNotAuthenticated: any check failed (T106).
    """
    with raised_as(ClientNotAuthenticated):
        jws = Jws.from_compact(text, _POP_AT)
        if jws.header.alg not in POP_ALGORITHMS:
            raise NotAuthentic(f"{_POP_AT}: this algorithm is not accepted")
        claims = verify_jws(jws, attested.key, typ=POP_TYP, at=_POP_AT)
        if claims.text("aud") != audience:
            raise NotAuthentic(f"{_POP_AT}: is meant for somebody else")
        if not now - MAX_AGE <= claims.time("iat") <= now + MAX_AHEAD:
            raise NotValidNow(f"{_POP_AT}: was not made just now")
        challenge = claims.optional_text("challenge", max_length=MAX_CHALLENGE)
        if challenge is None and legacy:
            challenge = claims.optional_text("nonce", max_length=MAX_CHALLENGE)
        return VerifiedAttestationPop(claims.text("jti", max_length=MAX_JTI), challenge)


def check_dpop_is_pop(attested: ClientAttestation, proof: VerifiedDpop) -> VerifiedAttestationPop:
    """Take a DPoP proof that held for the proof of possession too (draft §5.2, §8.3); its nonce is the challenge.

    Raises:
        ClientNotAuthenticated: it was made with another key than the attested one.
    """
    if proof.key != attested.key:
        raise ClientNotAuthenticated("DPoP proof: is not made with the key of the client attestation")
    return VerifiedAttestationPop(proof.jti, proof.nonce)


def read_challenge(value: object, at: str = "challenge_response") -> str:
    """The challenge out of the challenge endpoint's answer (draft §6.1).

    Raises:
        Malformed: there is none.
    """
    return Fields(value, at).text("attestation_challenge", max_length=MAX_CHALLENGE)


def challenge_response(challenge: str) -> JsonObject:
    """The answer of the challenge endpoint; it must never be cached."""
    return {"attestation_challenge": challenge}


def read_single_header(values: tuple[str, ...], name: str) -> str | None:
    """The one value of a header that must not come twice, or None (draft §8.1, §8.2).

    Raises:
        ClientNotAuthenticated: it came more than once.
    """
    if len(values) > 1:
        raise ClientNotAuthenticated(f"{name}: came more than once")
    return values[0] if values else None
