"""Verifying an SD-JWT VC: signature, digests, type, times, holder's key (RFC 9901 §7, SD-JWT VC §2.4).

Whether the holder presented it is `key_binding`, whether it was revoked is `status`, whether we accept it is policy.
"""

from __future__ import annotations

from protocol.credential import StatusPlace, VerifiedCredential
from protocol.errors import Malformed, NotValidNow, Unsupported
from protocol.fields import Fields
from protocol.jws import verify_jws
from protocol.keys import PublicKey
from protocol.sdjwt.issuer_key import IssuerKey
from protocol.sdjwt.process import ProcessedSdJwt, process_claims
from protocol.sdjwt.token import SdJwt
from protocol.status.reference import read_status

FORMAT = "dc+sd-jwt"
TYPES = ("dc+sd-jwt",)
LEGACY_TYPES = ("dc+sd-jwt", "vc+sd-jwt")  # drafts before November 2024
CLOCK_SKEW = 60  # seconds

_AT = "credential"


def verify_sd_jwt(token: SdJwt, key: PublicKey, *, typ: str | tuple[str, ...], at: str = "sd-jwt") -> ProcessedSdJwt:
    """Check type, signature and digests of any SD-JWT; what the claims say is not checked here.

    Raises:
        NotAuthentic: another type, algorithm or signature, or digests that do not fit.
        Malformed, TooLarge, Unsupported: see `process_claims`.
    """
    payload = verify_jws(token.jws, key, typ=typ, at=at)
    return process_claims(payload.members, token.disclosures, at)


def verify_sd_jwt_vc(token: SdJwt, issuer: IssuerKey, *, now: int, legacy: bool = False) -> VerifiedCredential:
    """Check that a credential is what its issuer signed, of a type it is entitled to, and inside its time.

    `legacy` takes the type name of older drafts too.

    Raises:
        NotAuthentic: signature or digests do not hold.
        NotTrusted: the issuer is not entitled to this type (T186).
        NotValidNow: expired, or not valid yet (T046).
        Malformed, Unsupported: a claim that every credential needs is missing or unreadable.
    """
    processed = verify_sd_jwt(token, issuer.key, typ=LEGACY_TYPES if legacy else TYPES, at=_AT)
    claims = Fields(processed.claims, _AT)
    credential_type = claims.text("vct")
    issuer.party.check_entitled(credential_type, _AT)
    # SD-JWT VC §2.2.2.2: further types, never this one again; whether they count is `formats.candidate`
    if "aka_vcts" in claims.members and credential_type in claims.texts("aka_vcts"):
        raise Malformed(claims.path("aka_vcts"), "must not name the type itself")
    issued_at, not_before, expires_at = _check_times(claims, now)
    return VerifiedCredential(
        format=FORMAT,
        type=credential_type,
        claims=processed.claims,
        disclosed=processed.disclosed,
        issuer=issuer.party,
        issuer_key=issuer.key,
        holder_key=_holder_key(claims),
        issued_at=issued_at,
        not_before=not_before,
        expires_at=expires_at,
        status=_status(claims),
        raw=token.raw,
    )


def _check_times(claims: Fields, now: int) -> tuple[int | None, int | None, int | None]:
    issued_at, not_before, expires_at = (
        claims.optional_time("iat"), claims.optional_time("nbf"), claims.optional_time("exp"),
    )  # fmt: skip
    if expires_at is not None and now >= expires_at + CLOCK_SKEW:
        raise NotValidNow(f"{_AT}: has expired")
    for begins_at in (issued_at, not_before):
        if begins_at is None:
            continue
        if begins_at > now + CLOCK_SKEW:
            raise NotValidNow(f"{_AT}: is not valid yet")
        if expires_at is not None and expires_at <= begins_at:
            raise Malformed(claims.path("exp"), "is before the credential begins to hold")
    return issued_at, not_before, expires_at


def _holder_key(claims: Fields) -> PublicKey | None:
    if "cnf" not in claims.members:
        return None
    confirmation = claims.object("cnf")
    if "jwk" not in confirmation:
        raise Unsupported(f"{confirmation.at}: names the holder's key in a way that is not known here")
    return PublicKey.from_jwk(confirmation.required("jwk"), confirmation.path("jwk"))


def _status(claims: Fields) -> tuple[StatusPlace, ...]:
    return (read_status(claims.object("status")),) if "status" in claims.members else ()
