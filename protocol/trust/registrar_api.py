"""What a register answers to everybody: who is registered for what, in its operator's word (EUDI TS5 1.3 §2, §3, annex A).

Answers are JWTs with the register as `iss`; nothing but `iat` says how old one is. Who may sign is on the list of registrars.
The JSON schema of annex A.1 has `path` and `meta` as texts: they are the JSON of what OID4VP 1.0 §7 and §6.1 have there.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from protocol.encoding import JsonObject, JsonValue, encode_json, read_json_object
from protocol.errors import NotAuthentic, NotTrusted, NotValidNow
from protocol.fields import Fields
from protocol.jws import Jws, sign_jws, verify_signature
from protocol.keys import Signer
from protocol.trust.localized import Localized
from protocol.trust.registration import RegisteredCredential
from protocol.x509 import Certificate, read_x5c

MEDIA_TYPE = "application/jwt"
TYP = "JWT"
MAX_ANSWER = 4 * 1024 * 1024  # characters
CLOCK_SKEW = 60  # seconds

_AT = "register answer"
_IDENTIFIER_TYPES = {
    "NTR": "http://data.europa.eu/eudi/id/EUID",
    "LEI": "http://data.europa.eu/eudi/id/LEI",
    "VAT": "http://data.europa.eu/eudi/id/VATIN",
    "EOR": "http://data.europa.eu/eudi/id/EORI-No",
    "EXC": "http://data.europa.eu/eudi/id/Excise",
    "TIN": "http://data.europa.eu/eudi/id/TIN",
}
_NATIONAL = "http://data.europa.eu/eudi/id/National"
_PRIVACY_STATEMENT = "http://data.europa.eu/eudi/policy/privacy-statement"


@dataclass(frozen=True, slots=True)
class IntendedUse:
    """What somebody asks for, and why (class IntendedUse)."""

    identifier: str
    purpose: tuple[Localized, ...]
    privacy_policy: str
    created_at: int  # epoch seconds; a day is told
    credentials: tuple[RegisteredCredential, ...]

    def to_dict(self) -> JsonObject:
        """The wire form."""
        return {
            "intendedUseIdentifier": self.identifier,
            "purpose": _texts(self.purpose),
            "privacyPolicy": {"policyURI": self.privacy_policy, "type": _PRIVACY_STATEMENT},
            "createdAt": datetime.datetime.fromtimestamp(self.created_at, datetime.UTC).strftime("%Y-%m-%d"),
            "credentials": [_credential(credential) for credential in self.credentials],
        }


class SupervisoryAuthority(NamedTuple):
    """Who supervises somebody's handling of data."""

    name: str
    country: str
    email: str | None
    phone: str | None
    form_uri: str | None


class UsedIntermediary(NamedTuple):
    """Who speaks with wallets in somebody's stead."""

    identifier: str
    trade_name: str
    registry_uri: str | None


@dataclass(frozen=True, slots=True)
class WalletRelyingParty:
    """Somebody as the register shows them, without their address (class WalletRelyingParty, §3.2.1)."""

    identifier: str  # ETSI EN 319 412-1 §5.1.4
    country: str
    trade_name: str
    entitlements: tuple[str, ...]  # URIs
    info_uri: str
    support_uri: str
    email: str
    phone: str
    services: tuple[tuple[Localized, ...], ...]
    uses: tuple[IntendedUse, ...]
    provides: tuple[RegisteredCredential, ...]
    supervisory_authority: SupervisoryAuthority
    registry_uri: str
    public_body: bool
    is_intermediary: bool
    intermediaries: tuple[UsedIntermediary, ...]
    legal_name: str | None
    given_name: str | None  # of a natural person, with the next
    family_name: str | None

    def to_dict(self) -> JsonObject:
        """The wire form."""
        authority = self.supervisory_authority
        person: JsonObject = (
            {"legalPerson": {"legalName": [self.legal_name]}}
            if self.legal_name is not None
            else {"naturalPerson": {"givenName": self.given_name, "familyName": self.family_name}}
        )
        optional: JsonObject = {
            "intendedUse": [use.to_dict() for use in self.uses] or None,
            "providesAttestations": [
                {"format": kind.format, "meta": _json(kind.meta.to_dict())} for kind in self.provides
            ]
            or None,
            "usesIntermediary": [_intermediary(found) for found in self.intermediaries] or None,
        }
        return {
            "identifier": [_identifier(self.identifier)],
            "country": self.country,
            **person,
            "tradeName": self.trade_name,
            "infoURI": [self.info_uri],
            "email": [self.email],
            "phone": [self.phone],
            "supportURI": [self.support_uri],
            "srvDescription": [_texts(service) for service in self.services],
            "isPSB": self.public_body,
            "entitlements": list[JsonValue](self.entitlements),
            "supervisoryAuthority": {
                "name": authority.name,
                "country": authority.country,
                **{
                    name: [value]
                    for name, value in (
                        ("email", authority.email),
                        ("phone", authority.phone),
                        ("formURI", authority.form_uri),
                    )
                    if value is not None
                },
            },
            "registryURI": self.registry_uri,
            "isIntermediary": self.is_intermediary,
            **{name: value for name, value in optional.items() if value is not None},
        }


def sign_answer(claims: JsonObject, signer: Signer, x5c: tuple[str, ...]) -> str:
    """An answer: `iss`, `iat`, `data`, and `pagination` where there are pages."""
    return sign_jws({"typ": TYP, "x5c": list[JsonValue](x5c)}, encode_json(claims), signer)


def verify_answer(text: str, *, signers: Iterable[Certificate], issuer: str, now: int, max_age: int) -> Fields:
    """The claims of an answer: signed with a certificate that the list of registrars has, by the register that was asked.

    `max_age` is how old an answer may be, in seconds.

    Raises:
        NotTrusted: another signer.
        NotAuthentic: the signature does not hold, or another register says so.
        NotValidNow: too old, or from the future.
        Malformed, TooLarge, Unsupported: it cannot be read.
    """
    jws = Jws.from_compact(text, _AT, max_characters=MAX_ANSWER)
    if not jws.header.x5c:
        raise NotTrusted(f"{_AT}: says by no certificate who signed it")
    signer = read_x5c(jws.header.x5c, f"{_AT} header.x5c")[0]
    if signer not in tuple(signers):
        raise NotTrusted(f"{_AT}: is signed by somebody else than was expected")
    if not signer.not_before <= now < signer.not_after:
        raise NotValidNow(f"{_AT}: its signer's certificate is outside its time")
    verify_signature(jws, signer.public_key, _AT)
    claims = Fields(read_json_object(jws.payload, _AT, max_bytes=MAX_ANSWER), _AT)
    if claims.text("iss") != issuer:
        raise NotAuthentic(f"{_AT}: is of another register")
    issued_at = claims.time("iat")
    if issued_at > now + CLOCK_SKEW or issued_at + max_age < now:
        raise NotValidNow(f"{_AT}: is too old, or from the future")
    return claims


def _identifier(identifier: str) -> JsonObject:
    return {"identifier": identifier, "type": _IDENTIFIER_TYPES.get(identifier[:3], _NATIONAL)}


def _intermediary(found: UsedIntermediary) -> JsonObject:
    members: JsonObject = {"identifier": [_identifier(found.identifier)], "tradeName": found.trade_name}
    if found.registry_uri is not None:
        members["registryURI"] = found.registry_uri
    return members


def _credential(credential: RegisteredCredential) -> JsonObject:
    return {
        "format": credential.format,
        "meta": _json(credential.meta.to_dict()),
        "claims": [{"path": _json([*path])} for path in credential.claims],
    }


def _texts(texts: Iterable[Localized]) -> list[JsonValue]:
    return [{"lang": text.language, "content": text.text} for text in texts]


def _json(value: JsonValue) -> str:
    return encode_json(value).decode("utf-8")
