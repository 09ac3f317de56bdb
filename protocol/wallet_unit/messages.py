"""The wallet's requests to its provider, signed by the key that the wallet registered with, and what comes back.

A request carries a challenge of the provider, which it takes once, so that nothing can be played again. Keys that are to be
attested prove themselves for the same challenge and the same wallet.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from typing import Self

from protocol.encoding import JsonObject, JsonValue, encode_json
from protocol.errors import Malformed, NotAuthentic, NotValidNow, raised_as
from protocol.fields import Fields
from protocol.jws import Jws, sign_jws, verify_jws
from protocol.keys import PublicKey, Signer
from protocol.wallet_unit.errors import InvalidUnitRequest

REQUEST_TYP = "hoheit-unit-request+jwt"
POSSESSION_TYP = "hoheit-unit-key+jwt"
ALGORITHMS = ("ES256",)
MAX_KEYS = 100  # in one request
MAX_AGE = 300  # seconds
MAX_AHEAD = 60  # seconds
MAX_CHALLENGE = 256  # characters
MAX_NONCE = 1024  # characters
MAX_CODE = 128  # characters
MAX_VERSION = 64  # characters
MAX_NAME = 256  # characters
MAX_LANGUAGES = 32
MAX_ATTESTATION = 64 * 1024  # characters
MAX_PERIOD = 10 * 366 * 86_400  # seconds

_AT = "unit request"


@dataclass(frozen=True, slots=True)
class Register:
    """Make this wallet known to its provider; again is fine."""

    version: str  # of the wallet
    code: str | None = field(default=None, repr=False)  # that came on another way


@dataclass(frozen=True, slots=True)
class AttestClient:
    """Vouch for this wallet towards one issuer, which sees `key` and nobody else does (TS3 1.5 §2.2.1.1)."""

    version: str
    possession: str = field(repr=False)
    status_period: int | None = None  # seconds for which the status should be kept up; None: as the provider likes


@dataclass(frozen=True, slots=True)
class AttestKeys:
    """Say how well keys are kept, for one request to one issuer (TS3 1.5 §2.2.2.1)."""

    version: str
    possessions: tuple[str, ...] = field(repr=False)
    nonce: str | None = None  # the issuer's
    status_period: int | None = None


@dataclass(frozen=True, slots=True)
class ReportLost:
    """The device with this wallet is lost: vouch for it no longer."""


Asked = Register | AttestClient | AttestKeys | ReportLost
_NAMES: dict[type[Asked], str] = {
    Register: "register",
    AttestClient: "attest_client",
    AttestKeys: "attest_keys",
    ReportLost: "report_lost",
}


@dataclass(frozen=True, slots=True)
class VerifiedUnitRequest:
    """A request whose signature held. That its challenge is good and fresh, and who this wallet is, its provider decides."""

    key: PublicKey  # of the wallet
    challenge: str
    asked: Asked
    keys: tuple[PublicKey, ...]  # that the wallet proved to hold besides


def unit_id(key: PublicKey) -> str:
    """The name that a wallet has at its provider and nowhere else: 128 bits of its key's thumbprint, in hex."""
    return key.thumbprint_bytes()[:16].hex()


def sign_unit_request(asked: Asked, signer: Signer, *, audience: str, challenge: str, issued_at: int) -> str:
    """A request; `audience` is the provider's address."""
    claims: JsonObject = {"aud": audience, "iat": issued_at, "challenge": challenge, "ask": _NAMES[type(asked)]}
    header: JsonObject = {"typ": REQUEST_TYP, "jwk": signer.public_key.to_jwk()}
    return sign_jws(header, encode_json({**claims, **_members(asked)}), signer)


def sign_possession(signer: Signer, *, audience: str, challenge: str, unit: str) -> str:
    """Prove that a wallet holds a key, in the request that has the same challenge."""
    claims: JsonObject = {"aud": audience, "challenge": challenge, "unit": unit}
    header: JsonObject = {"typ": POSSESSION_TYP, "jwk": signer.public_key.to_jwk()}
    return sign_jws(header, encode_json(claims), signer)


def verify_unit_request(text: str, *, audience: str, now: int) -> VerifiedUnitRequest:
    """Check a request and the proofs of possession in it.

    Raises:
        InvalidUnitRequest: any check failed.
    """
    with raised_as(InvalidUnitRequest):
        key, claims = _verify(text, REQUEST_TYP, audience, _AT)
        if not now - MAX_AGE <= claims.time("iat") <= now + MAX_AHEAD:
            raise NotValidNow(f"{_AT}: was not made just now")
        challenge = claims.text("challenge", max_length=MAX_CHALLENGE)
        asked = _read_asked(claims)
        match asked:
            case AttestClient(possession=possession):
                proofs: tuple[str, ...] = (possession,)
            case AttestKeys(possessions=proofs):
                pass
            case _:
                proofs = ()
        keys = tuple([_verify_possession(proof, audience, challenge, unit_id(key)) for proof in proofs])
        if len({*keys, key}) != len(keys) + 1:
            raise Malformed(_AT, "proves a key twice, or the key of the wallet itself")
        return VerifiedUnitRequest(key, challenge, asked, keys)


def _verify(text: str, typ: str, audience: str, at: str) -> tuple[PublicKey, Fields]:
    jws = Jws.from_compact(text, at)
    if jws.header.alg not in ALGORITHMS:
        raise NotAuthentic(f"{at}: this algorithm is not accepted")
    key = PublicKey.from_jwk(jws.header.members.get("jwk"), f"{at} header.jwk")
    claims = verify_jws(jws, key, typ=typ, at=at)
    if claims.text("aud") != audience:
        raise NotAuthentic(f"{at}: is meant for somebody else")
    return key, claims


def _verify_possession(text: str, audience: str, challenge: str, unit: str) -> PublicKey:
    at = "proof of possession"
    key, claims = _verify(text, POSSESSION_TYP, audience, at)
    found = claims.text("challenge", max_length=MAX_CHALLENGE), claims.text("unit", max_length=MAX_NAME)
    if not hmac.compare_digest(encode_json(list(found)), encode_json([challenge, unit])):
        raise NotAuthentic(f"{at}: was made for another request")
    return key


def _members(asked: Asked) -> JsonObject:
    match asked:
        case Register(version, code):
            members: JsonObject = {"version": version, "code": code}
        case AttestClient(version, possession, period):
            members = {"version": version, "possession": possession, "status_period": period}
        case AttestKeys(version, possessions, nonce, period):
            proofs = list[JsonValue](possessions)
            members = {"version": version, "possessions": proofs, "nonce": nonce, "status_period": period}
        case _:
            members = {}
    return {name: value for name, value in members.items() if value is not None}


def _read_asked(claims: Fields) -> Asked:
    ask = claims.text("ask", max_length=32)
    if ask == _NAMES[ReportLost]:
        return ReportLost()
    if ask not in _NAMES.values():
        raise Malformed(claims.path("ask"), "is nothing that can be asked for")
    version = claims.text("version", max_length=MAX_VERSION)
    if ask == _NAMES[Register]:
        return Register(version, claims.optional_text("code", max_length=MAX_CODE))
    period = claims.optional_integer("status_period", maximum=MAX_PERIOD)
    if ask == _NAMES[AttestClient]:
        return AttestClient(version, claims.text("possession"), period)
    return AttestKeys(
        version,
        claims.texts("possessions", max_items=MAX_KEYS),
        claims.optional_text("nonce", max_length=MAX_NONCE),
        period,
    )


@dataclass(frozen=True, slots=True)
class UnitAnswer:
    """What a provider answers: who it is, until when it knows this wallet, and the attestation that was asked for."""

    name: tuple[tuple[str, str], ...]  # language → name of the provider
    client_id: str  # by which servers know every wallet of this provider
    known_until: int  # epoch seconds; moves on with every attestation
    attestation: str | None = field(default=None, repr=False)

    @classmethod
    def from_dict(cls, value: object, at: str = "unit_answer") -> Self:
        """Read the wire form; unknown members are ignored.

        Raises:
            Malformed: a member is missing or has the wrong shape.
        """
        answer = Fields(value, at)
        names = answer.object("name")
        if not 0 < len(names.members) <= MAX_LANGUAGES:
            raise Malformed(names.at, f"must have 1 to {MAX_LANGUAGES} names")
        return cls(
            name=tuple((language, names.text(language, max_length=MAX_NAME)) for language in names.members),
            client_id=answer.text("client_id", max_length=MAX_NAME),
            known_until=answer.time("known_until"),
            attestation=answer.optional_text("attestation", max_length=MAX_ATTESTATION),
        )

    def to_dict(self) -> JsonObject:
        """The wire form; it must never be cached."""
        optional: JsonObject = {} if self.attestation is None else {"attestation": self.attestation}
        return {"name": dict(self.name), "client_id": self.client_id, "known_until": self.known_until, **optional}
