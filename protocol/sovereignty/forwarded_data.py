"""What a source forwards under a mandate: `forwarded-data+jwt`, signed by the source, in a JWE to the recipient.

The source fetches the recipient's signed request, checks it as a wallet would, and posts this to its `response_uri`. The
recipient answers with a receipt whose `request` is the hash of the mandate and whose `key` is its `recipient_key`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Self

from protocol.credential import ClaimPath
from protocol.encoding import JsonObject
from protocol.errors import Malformed, NotAuthentic, NotForThisRequest, NotTrusted, RolledBack
from protocol.fields import Fields
from protocol.jwe import ENCRYPTIONS, Jwe, decrypt_jwe, encrypt_jwe
from protocol.jws import Jws, check_typ
from protocol.keys import Decrypter, P256Key, PublicKey, RandomBytes, Signer
from protocol.sovereignty.forwarding import MAX_MANDATE, MAX_USES, Recipient, VerifiedMandate, verify_mandate
from protocol.sovereignty.selected_data import hash_value, holds_only
from protocol.sovereignty.signing import (
    Organisation,
    OrganisationObject,
    sign_as_organisation,
    verify_organisation_object,
)
from protocol.trust.anchors import TrustAnchors
from protocol.trust.registration import Registration

TYP = "forwarded-data+jwt"
CTY = "JWT"
MAX_FORWARDED = 512 * 1024  # characters of the signed token
MAX_NONCE = 512  # characters
MAX_REGISTRATION = 64 * 1024  # characters
_AT = "forwarded data"


@dataclass(frozen=True, slots=True)
class ForwardedData:
    """One use of a mandate."""

    mandate: str  # the compact forwarding-mandate+jwt
    n: int  # counts uses from 1
    nonce: str  # of the recipient's request
    data: JsonObject  # the claims, in the form of the credential
    issued_at: int  # epoch seconds
    registration: str | None = None  # the source's own certificate, compact: what it is registered to issue

    @classmethod
    def from_fields(cls, claims: Fields) -> Self:
        """Read the claims; unknown ones are ignored.

        Raises:
            Malformed: a member is missing or has the wrong shape, or there is no data.
        """
        data = claims.object("data").members
        if not data:
            raise Malformed(claims.path("data"), "must not be empty")
        return cls(
            mandate=claims.text("mandate", max_length=MAX_MANDATE),
            n=claims.integer("n", minimum=1, maximum=MAX_USES),
            nonce=claims.text("nonce", max_length=MAX_NONCE),
            data=data,
            issued_at=claims.time("iat"),
            registration=claims.optional_text("registration", max_length=MAX_REGISTRATION),
        )

    def to_claims(self) -> JsonObject:
        """The claims of the wire form."""
        members: JsonObject = {
            "mandate": self.mandate,
            "n": self.n,
            "nonce": self.nonce,
            "data": self.data,
            "iat": self.issued_at,
        }
        return members if self.registration is None else {**members, "registration": self.registration}


class LastUse(NamedTuple):
    """What a recipient remembers of the last use of a mandate."""

    n: int
    data_hash: str


class Expected(NamedTuple):
    """What a recipient knows of its own request."""

    recipient: Recipient  # itself
    nonce: str
    claims: tuple[ClaimPath, ...]  # that it asked for


@dataclass(frozen=True, slots=True)
class OpenedForwarding:
    """Decrypted, with a mandate that holds by itself; that the source signed it is not checked yet."""

    token: str
    mandate: VerifiedMandate
    registration: str | None  # of the source, as it says; not verified


@dataclass(frozen=True, slots=True)
class VerifiedForwarding:
    """Data that the mandate's source forwarded to this recipient, for this request."""

    says: ForwardedData
    mandate: VerifiedMandate
    signed: OrganisationObject
    last: LastUse  # to remember for the next
    repeated: bool  # it has come before, and gets the receipt of then


def seal_forwarded_data(
    forwarded: ForwardedData,
    signer: Signer,
    x5c: tuple[str, ...],
    *,
    recipient: PublicKey,
    kid: str | None,
    enc: str,
    ephemeral: P256Key,
    random_bytes: RandomBytes,
) -> str:
    """Sign as the source and encrypt to the key in the recipient's request; data that is too large is a ValueError."""
    token = sign_as_organisation(TYP, forwarded.to_claims(), signer, x5c)
    if len(token) > MAX_FORWARDED:
        raise ValueError("too large to be forwarded")
    return encrypt_jwe(
        token.encode("ascii"),
        recipient,
        enc=enc,
        kid=kid,
        ephemeral=ephemeral,
        random_bytes=random_bytes,
        extra={"cty": CTY},
    )


def open_forwarded_data(text: str, decrypter: Decrypter, *, now: int) -> OpenedForwarding:
    """Decrypt, and check the mandate by itself: it says whose registration and certificates are needed next.

    Raises:
        NotAuthentic: it cannot be decrypted, is of another type, or the mandate's signature does not hold.
        NotValidNow: the mandate has expired.
        Malformed, TooLarge, Unsupported: it cannot be read.
    """
    jwe = Jwe.from_compact(text, _AT)
    if (jwe.cty or "").lower() != CTY.lower():
        raise NotAuthentic(f"{_AT}: holds content of another type")
    try:
        token = decrypt_jwe(jwe, decrypter, encs=ENCRYPTIONS, at=_AT).decode("ascii")
    except UnicodeDecodeError as error:
        raise Malformed(_AT, "is not a signed token") from error
    jws = Jws.from_compact(token, _AT, max_characters=MAX_FORWARDED)
    check_typ(jws.header, TYP, _AT)
    claims = jws.peek_claims(_AT)
    mandate = verify_mandate(claims.text("mandate", max_length=MAX_MANDATE), now=now)
    return OpenedForwarding(token, mandate, claims.optional_text("registration", max_length=MAX_REGISTRATION))


def verify_forwarded_data(
    opened: OpenedForwarding,
    expected: Expected,
    source: Registration,
    *,
    last: LastUse | None,
    anchors: TrustAnchors,
    now: int,
) -> VerifiedForwarding:
    """Check what a source forwarded; `source` is what its verified registration says, `last` the mandate's last use here.

    Raises:
        NotForThisRequest: for another recipient or nonce.
        NotTrusted: signed by somebody else than the mandate's source, or that does not issue such data.
        RolledBack: a use that was made before, or past the mandate's count.
        Malformed: it has more than the mandate or the request names, or another shape.
        NotAuthentic, NotValidNow, TooLarge, Unsupported: see `verify_organisation_object`.
    """
    mandate = opened.mandate.says
    signed = verify_organisation_object(
        opened.token,
        typ=TYP,
        signers=(mandate.source,),
        anchors=anchors,
        now=now,
        at=_AT,
        max_characters=MAX_FORWARDED,
    )
    says = ForwardedData.from_fields(signed.claims)
    if mandate.recipient != expected.recipient:
        raise NotForThisRequest(f"{_AT}: is for another recipient")
    if says.nonce != expected.nonce:
        raise NotForThisRequest(f"{_AT}.nonce: is of another request")
    _check_issues(source, mandate.source, mandate.type)
    if not holds_only(says.data, mandate.claims) or not holds_only(says.data, expected.claims):
        raise Malformed(f"{_AT}.data", "has more than the mandate and the request name")
    use = LastUse(says.n, hash_value(says.data))
    repeated = use == last
    # A use that never arrived leaves a gap, which is no harm: the count is by n itself
    if says.n > mandate.max_uses or not (repeated or last is None or says.n > last.n):
        raise RolledBack(f"{_AT}.n: is no further use of the mandate")
    return VerifiedForwarding(says, opened.mandate, signed, use, repeated)


def _check_issues(registration: Registration, source: Organisation, credential_type: str) -> None:
    if Organisation(registration.identifier, registration.country) != source:
        raise NotTrusted(f"{_AT}: the registration is of another source")
    if not any(provided.meta.includes(credential_type) for provided in registration.provides):
        raise NotTrusted(f"{_AT}: the source is not registered to issue such data")
