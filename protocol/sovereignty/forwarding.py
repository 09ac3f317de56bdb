"""A mandate to a source: who holds data is told to forward it when it changes, to whom, for what and how long.

`forwarding-mandate+jwt`, signed by the key by which the citizen reaches the recipient, and handed over to
`POST {cockpit_endpoint}/mandates` by the key that the source knows (`protocol.sovereignty.mandate_handover`). What is sent then
is in `protocol.sovereignty.forwarded_data`, and how a mandate stands in `protocol.sovereignty.mandate_status`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Self

from protocol.credential import ClaimPath
from protocol.dcql.query import DcqlQuery
from protocol.encoding import JsonObject
from protocol.errors import Malformed, NotAuthentic, NotForThisRequest, NotTrusted, NotValidNow
from protocol.fields import Fields
from protocol.keys import PublicKey, Signer
from protocol.sovereignty.canonical import read_hash
from protocol.sovereignty.claims import are_covered, read_paths, write_paths
from protocol.sovereignty.due_dates import add_months
from protocol.sovereignty.recipient_terms import RecipientTerms
from protocol.sovereignty.rights import read_id
from protocol.sovereignty.signing import Organisation, hash_text, sign_with_cockpit_key, verify_cockpit_object
from protocol.sovereignty.wording import Wording, read_wording, write_wording
from protocol.trust.anchors import TrustedParty
from protocol.trust.coverage import check_party, uncovered
from protocol.trust.registration import Registration

TYP = "forwarding-mandate+jwt"
LONGEST = 12  # calendar months
MAX_USES = 1000
MAX_TYPE = 1024  # characters
MAX_SERVICE = 256  # characters
MAX_MANDATE = 64 * 1024  # characters
_AT = "forwarding mandate"
_AT_REQUEST = "request of the recipient"


class Recipient(NamedTuple):
    """Whom data is forwarded to: a service of an organisation."""

    organisation: Organisation
    service: str  # as in the catalogue

    @classmethod
    def from_fields(cls, recipient: Fields) -> Self:
        """Read the wire form.

        Raises:
            Malformed: a member is missing or has the wrong shape.
        """
        return cls(Organisation.from_fields(recipient), recipient.text("service", max_length=MAX_SERVICE))

    def to_dict(self) -> JsonObject:
        """The wire form."""
        return {**self.organisation.to_dict(), "service": self.service}


@dataclass(frozen=True, slots=True)
class ForwardingMandate:
    """What the citizen allows a source."""

    jti: str  # random
    source: Organisation
    recipient: Recipient
    type: str  # vct or doctype
    claims: tuple[ClaimPath, ...]  # names and null; no index, behind which another element may stand tomorrow
    purpose: Wording  # as the recipient registered it
    recipient_key: str  # thumbprint of the fresh key that signs this, by which the citizen reaches the recipient
    issued_at: int  # epoch seconds
    expires_at: int  # epoch seconds, at most twelve months on
    max_uses: int

    @classmethod
    def from_fields(cls, claims: Fields) -> Self:
        """Read the claims; unknown ones are ignored.

        Raises:
            Malformed: a member is missing or has the wrong shape, it is good for longer than a year, or for nothing.
        """
        paths = read_paths(claims, "claims")
        if not paths or any(isinstance(step, int) for path in paths for step in path):
            raise Malformed(claims.path("claims"), "must have at least one path, of names and null alone")
        issued_at, expires_at = claims.time("iat"), claims.time("exp")
        if not issued_at < expires_at <= add_months(issued_at, LONGEST):
            raise Malformed(claims.path("exp"), "must be at most a year on")
        return cls(
            jti=read_id(claims, "jti"),
            source=Organisation.from_fields(claims.object("source")),
            recipient=Recipient.from_fields(claims.object("recipient")),
            type=claims.text("type", max_length=MAX_TYPE),
            claims=paths,
            purpose=read_wording(claims, "purpose"),
            recipient_key=read_hash(claims, "recipient_key"),
            issued_at=issued_at,
            expires_at=expires_at,
            max_uses=claims.integer("max_uses", minimum=1, maximum=MAX_USES),
        )

    def to_claims(self) -> JsonObject:
        """The claims of the wire form."""
        return {
            "jti": self.jti,
            "source": self.source.to_dict(),
            "recipient": self.recipient.to_dict(),
            "type": self.type,
            "claims": write_paths(self.claims),
            "purpose": write_wording(self.purpose),
            "recipient_key": self.recipient_key,
            "iat": self.issued_at,
            "exp": self.expires_at,
            "max_uses": self.max_uses,
        }


@dataclass(frozen=True, slots=True)
class VerifiedMandate:
    """A mandate that the key in it signed. Who gave it is a matter of the source, to which it was handed over."""

    says: ForwardingMandate
    hash: str  # of the compact token
    raw: str


class Presented(NamedTuple):
    """What a source knows of the presentation whose key hands a mandate over."""

    source: Organisation  # the source itself
    key: str  # thumbprint of the cockpit key
    type: str
    claims: tuple[ClaimPath, ...]


def sign_mandate(mandate: ForwardingMandate, key: Signer) -> str:
    """A mandate by the key that it names; any other one is a ValueError."""
    if mandate.recipient_key != key.public_key.thumbprint():
        raise ValueError("a mandate is signed by the key by which its recipient is reached")
    return sign_with_cockpit_key(TYP, mandate.to_claims(), key)


def verify_mandate(text: str, *, now: int) -> VerifiedMandate:
    """Check a mandate by itself, and that it has not expired. Who gave it does not follow from it.

    Raises:
        NotValidNow: expired, or from the future.
        NotAuthentic, Malformed, TooLarge, Unsupported: another type, key or signature, or it cannot be read.
    """
    found = verify_cockpit_object(text, typ=TYP, now=now, at=_AT)
    says = ForwardingMandate.from_fields(found.claims)
    if says.recipient_key != found.key.thumbprint():
        raise Malformed(f"{_AT}.recipient_key", "must be the key that signs")
    if now >= says.expires_at:
        raise NotValidNow(f"{_AT}: has expired")
    return VerifiedMandate(says, hash_text(text), text)


def check_mandate(
    mandate: VerifiedMandate, given_by: PublicKey, presented: Presented, recipient: Registration
) -> RecipientTerms:
    """Check at the source that a mandate is given by whoever showed the data, and its recipient may have it.

    `given_by` handed it over. What comes back is what the recipient registered for, to compare with at each use.

    Raises:
        NotAuthentic: handed over by another key than the presentation's.
        NotForThisRequest: for another source, or of data that was not presented.
        NotTrusted: the recipient is not registered for it.
    """
    says = mandate.says
    if given_by.thumbprint() != presented.key:
        raise NotAuthentic(f"{_AT}: is handed over by another key")
    if says.source != presented.source:
        raise NotForThisRequest(f"{_AT}.source: is another one")
    if says.type != presented.type or not are_covered(says.claims, presented.claims):
        raise NotForThisRequest(f"{_AT}.claims: are not what was presented")
    return check_recipient(says, recipient)


def check_recipient(mandate: ForwardingMandate, registration: Registration) -> RecipientTerms:
    """Check that a recipient is registered for what it is to get, and for why.

    Raises:
        NotTrusted: it is somebody else, or not registered for this.
    """
    terms = RecipientTerms.from_registration(registration, mandate.type)
    if terms.organisation != mandate.recipient.organisation:
        raise NotTrusted(f"{_AT}.recipient: is not the one that is registered")
    if not are_covered(mandate.claims, terms.claims):
        raise NotTrusted(f"{_AT}.claims: the recipient is not registered for them")
    if tuple(sorted(mandate.purpose)) != terms.purpose:
        raise NotTrusted(f"{_AT}.purpose: is not the one that is registered")
    return terms


def check_request(
    mandate: ForwardingMandate, query: DcqlQuery, party: TrustedParty, registration: Registration
) -> tuple[ClaimPath, ...]:
    """Check what a recipient asks for before anything is forwarded, as a wallet would, and say what it gets.

    Its request was verified, and `party` signed it.

    Raises:
        NotAuthentic: the registration is of somebody else.
        NotTrusted: the recipient is not the mandate's, or asks for more than it registered for.
        NotForThisRequest: it asks for more than the mandate allows, or for nothing.
    """
    check_party(registration, party)
    if RecipientTerms.from_registration(registration, mandate.type).organisation != mandate.recipient.organisation:
        raise NotTrusted(f"{_AT_REQUEST}: is signed by another recipient")
    if uncovered(query, registration.credentials):
        raise NotTrusted(f"{_AT_REQUEST}: asks for more than is registered")
    [asked, *others] = query.credentials
    if others or asked.meta.types != (mandate.type,):
        raise NotForThisRequest(f"{_AT_REQUEST}: asks for another credential than the mandate's")
    paths = tuple([claim.path for claim in asked.claims])
    if not paths or any(isinstance(step, int) for path in paths for step in path):
        raise NotForThisRequest(f"{_AT_REQUEST}: does not say which claims, by names and null alone")
    if not are_covered(paths, mandate.claims):
        raise NotForThisRequest(f"{_AT_REQUEST}: asks for more than the mandate allows")
    return paths
