"""Key attestation: a wallet provider says which keys it keeps, and how well (OpenID4VCI 1.0 App. D, TS3 1.5 §2.3.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from protocol.encoding import JsonObject, JsonValue, encode_json
from protocol.errors import Malformed, NotTrusted, NotValidNow, TooLarge
from protocol.fields import MAX_URL, Fields
from protocol.jws import sign_jws
from protocol.keys import PublicKey, Signer
from protocol.status.reference import MaintainedStatus, maintained_claim, read_maintained
from protocol.trust.anchors import Role, TrustAnchors, TrustedParty
from protocol.trust.signed import verify_vouched_for

TYP = "key-attestation+jwt"
LEGACY_TYP = "keyattestation+jwt"  # drafts before August 2025
# Attack potential resistance (App. D.2), most resistant first
LEVELS = ("iso_18045_high", "iso_18045_moderate", "iso_18045_enhanced-basic", "iso_18045_basic")
MAX_KEYS = 100
MAX_LEVELS = 16
MAX_NONCE = 1024  # characters
MAX_AHEAD = 60  # seconds

_AT = "key attestation"


@dataclass(frozen=True, slots=True)
class KeyAttestation:
    """What a wallet provider says of some keys in one place."""

    keys: tuple[PublicKey, ...]
    issued_at: int  # epoch seconds
    expires_at: int | None = None  # None only in proofs of type attestation
    nonce: str | None = None
    key_storage: tuple[str, ...] = ()
    user_authentication: tuple[str, ...] = ()
    certification: str | None = None
    key_storage_status: MaintainedStatus | None = None

    @classmethod
    def from_fields(cls, claims: Fields) -> Self:
        """Read the claims; unknown ones are ignored.

        Raises:
            TooLarge: more than `MAX_KEYS` keys (T138).
            Malformed: a claim is missing or has the wrong shape, a key stands twice, or one is a private key.
            Unsupported: a key or status of a kind that we do not know.
        """
        jwks = claims.array("attested_keys")
        if len(jwks) > MAX_KEYS:
            raise TooLarge(claims.path("attested_keys"), f"has more than {MAX_KEYS} keys")
        keys = tuple([PublicKey.from_jwk(jwk, f"{claims.at}.attested_keys[{i}]") for i, jwk in enumerate(jwks)])
        if len(set(keys)) != len(keys):
            raise Malformed(claims.path("attested_keys"), "has a key twice")
        return cls(
            keys=keys,
            issued_at=claims.time("iat"),
            expires_at=claims.optional_time("exp"),
            nonce=claims.optional_text("nonce", max_length=MAX_NONCE),
            key_storage=claims.optional_texts("key_storage", max_items=MAX_LEVELS),
            user_authentication=claims.optional_texts("user_authentication", max_items=MAX_LEVELS),
            certification=claims.optional_text("certification", max_length=MAX_URL),
            key_storage_status=read_maintained(claims, "key_storage_status"),
        )

    def to_claims(self) -> JsonObject:
        """The claims of the wire form."""
        status = self.key_storage_status
        optional: JsonObject = {
            "exp": self.expires_at,
            "nonce": self.nonce,
            "key_storage": list[JsonValue](self.key_storage) or None,
            "user_authentication": list[JsonValue](self.user_authentication) or None,
            "certification": self.certification,
            "key_storage_status": None if status is None else maintained_claim(status),
        }
        return {
            "iat": self.issued_at,
            "attested_keys": [key.to_jwk() for key in self.keys],
            **{name: value for name, value in optional.items() if value is not None},
        }


@dataclass(frozen=True, slots=True)
class VerifiedKeyAttestation:
    """An attestation that a trusted provider signed and that has not expired. Its status is a separate question."""

    says: KeyAttestation
    provider: TrustedParty


@dataclass(frozen=True, slots=True)
class KeyRequirements:
    """Which resistance an issuer accepts, `key_attestations_required` of its metadata (§12.2.4); empty: any."""

    key_storage: tuple[str, ...] = ()
    user_authentication: tuple[str, ...] = ()
    preferred_status_period: int | None = None  # seconds that the status should still be kept up (TS3 1.5 §2.4)

    @classmethod
    def from_fields(cls, required: Fields) -> Self:
        """Read the wire form; unknown members are ignored.

        Raises:
            Malformed: a member has the wrong shape.
        """
        return cls(
            required.optional_texts("key_storage", max_items=MAX_LEVELS),
            required.optional_texts("user_authentication", max_items=MAX_LEVELS),
            required.optional_integer("preferred_key_storage_status_period"),
        )

    def to_dict(self) -> JsonObject:
        """The wire form."""
        optional: JsonObject = {
            "key_storage": list[JsonValue](self.key_storage) or None,
            "user_authentication": list[JsonValue](self.user_authentication) or None,
            "preferred_key_storage_status_period": self.preferred_status_period,
        }
        return {name: value for name, value in optional.items() if value is not None}

    def check(self, attestation: KeyAttestation) -> None:
        """Check that keys are kept, and their use is confirmed, as well as was asked.

        Raises:
            NotTrusted: they are not, or the attestation does not say.
        """
        for name, accepted, found in (
            ("key_storage", self.key_storage, attestation.key_storage),
            ("user_authentication", self.user_authentication, attestation.user_authentication),
        ):
            if accepted and not _reaches(accepted, found):
                raise NotTrusted(f"{_AT}.{name}: is not what this issuer asks for")


def sign_key_attestation(attestation: KeyAttestation, signer: Signer, x5c: tuple[str, ...]) -> str:
    """A key attestation; `x5c` is the provider's chain without the anchor (HAIP 1.0 §4.5.1)."""
    return sign_jws({"typ": TYP, "x5c": list[JsonValue](x5c)}, encode_json(attestation.to_claims()), signer)


def verify_key_attestation(
    text: str, *, anchors: TrustAnchors, now: int, legacy: bool = False
) -> VerifiedKeyAttestation:
    """Check an attestation; `legacy` takes the type name of older drafts too.

    Not checked here: its nonce, its status, that the wallet holds one of the keys, and whether its levels are enough.

    Raises:
        NotTrusted: no trusted wallet provider vouches for it, or it does not say by certificate who signed.
        NotAuthentic: another type, algorithm or signature.
        NotValidNow: it has expired, or is from the future.
        Malformed, TooLarge, Unsupported: see `KeyAttestation.from_fields`.
    """
    typ = (TYP, LEGACY_TYP) if legacy else TYP
    claims, provider = verify_vouched_for(text, role=Role.WALLET_PROVIDER, anchors=anchors, typ=typ, now=now, at=_AT)
    says = KeyAttestation.from_fields(claims)
    if says.expires_at is not None and now >= says.expires_at:
        raise NotValidNow(f"{_AT}: has expired")
    if says.issued_at > now + MAX_AHEAD:
        raise NotValidNow(f"{_AT}: is not valid yet")
    return VerifiedKeyAttestation(says, provider)


def _reaches(accepted: Sequence[str], found: Sequence[str]) -> bool:
    """Whether something that is said is accepted, or resists more than something that is; saying nothing is not enough."""
    enough = max((LEVELS.index(level) for level in accepted if level in LEVELS), default=-1)
    return any(level in accepted or level in LEVELS[: enough + 1] for level in found)
