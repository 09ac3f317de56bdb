"""Who signed a list of trusted entities, and whether it is the newest: compact JAdES Baseline B (ETSI TS 119 182-1 V1.2.1).

Of JAdES, what its level B asks of a compact signature: the signing certificate in the protected header (`x5c`, `x5t#S256`) and
the time of signing (`iat`). A list is believed because its signer's certificate was given to us before, by an operator or by a
list of lists; nothing in the list itself can make it so.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from protocol.encoding import JsonObject, JsonValue, encode_base64url, encode_json, read_json_object, sha256
from protocol.errors import NotAuthentic, NotTrusted, NotValidNow, RolledBack
from protocol.fields import Fields
from protocol.jws import Jws, sign_jws, verify_signature
from protocol.keys import Signer
from protocol.trust.anchors import PID, PID_MDOC, Identity, Role, TrustAnchor
from protocol.trust.list_types import ListProfile, profile_of
from protocol.trust.lists import TrustedList, TrustedService
from protocol.trust.localized import Localized, in_language
from protocol.x509 import Certificate, read_x5c

MEDIA_TYPE = "application/jose"
MAX_LIST = 32 * 1024 * 1024  # characters
LONGEST = 184 * 86_400  # seconds; annexes D to I: six months between issue and next update
CLOCK_SKEW = 60  # seconds

_AT = "trusted list"


class SeenList(NamedTuple):
    """What is remembered of a list, so that no older one can take its place."""

    sequence_number: int
    digest: bytes  # SHA-256 of the token, or of what was signed of XML


@dataclass(frozen=True, slots=True)
class ExpectedList:
    """Which list is expected at an address, and from whom."""

    type: str
    signers: tuple[Certificate, ...]
    seen: SeenList | None = None  # None: never seen before


@dataclass(frozen=True, slots=True)
class VerifiedList:
    """A list that is its operator's, inside its time, and not older than what was seen; `seen` is to be remembered now."""

    says: TrustedList
    signer: Certificate
    seen: SeenList


def sign_list(trusted: TrustedList, signer: Signer, x5c: tuple[str, ...], *, signed_at: int) -> str:
    """A list as it is published, to be served as `MEDIA_TYPE`; `x5c` begins with the certificate that readers were given."""
    leaf = Certificate.from_x5c(x5c[0])
    header: JsonObject = {
        "iat": signed_at,
        "x5c": list[JsonValue](x5c),
        "x5t#S256": encode_base64url(sha256(leaf.der)),
    }
    return sign_jws(header, encode_json(trusted.to_dict()), signer)


def verify_list(text: str, expected: ExpectedList, *, now: int) -> VerifiedList:
    """Check a list that was fetched (T087, T088).

    Raises:
        NotTrusted: it is not signed with a certificate that we were given for it.
        NotAuthentic: the signature does not hold, or it is a list of another type.
        NotValidNow: past its next update, from the future, or it promises to hold for longer than six months.
        RolledBack: a newer one was seen, or another one with the same number.
        Malformed, TooLarge, Unsupported: it cannot be read.
    """
    signer, members = _verified(text, expected, now)
    return accept_list(TrustedList.from_dict(members, _AT), signer, text.encode("ascii"), expected, now=now)


def accept_list(
    says: TrustedList, signer: Certificate, raw: bytes, expected: ExpectedList, *, now: int
) -> VerifiedList:
    """Check a list whose signature holds: whether it is the one that is expected, and the newest (T087, T088).

    `raw` is what the list is known by again: the token, or in XML what was signed.

    Raises:
        NotAuthentic: it is a list of another type.
        NotValidNow: past its next update, from the future, or it promises to hold for longer than six months.
        RolledBack: a newer one was seen, or another one with the same number.
    """
    if says.type != expected.type:
        raise NotAuthentic(f"{_AT}: is a list of another type")
    _check_times(says, now)
    return VerifiedList(says, signer, _check_newest(says, raw, expected.seen))


def check_signer(signer: Certificate, expected: ExpectedList, *, now: int) -> None:
    """Check that somebody may sign a list; that they did so is for the signature to prove.

    Raises:
        NotTrusted: the certificate is none that we were given for this list.
        NotValidNow: it is outside its time.
    """
    if signer not in expected.signers:
        raise NotTrusted(f"{_AT}: is signed by somebody else than was expected")
    if not signer.not_before <= now < signer.not_after:
        raise NotValidNow(f"{_AT}: its signer's certificate is outside its time")


def _verified(text: str, expected: ExpectedList, now: int) -> tuple[Certificate, JsonObject]:
    """Who signed a list, and its members; what was signed is let go of, because it is as large as the list."""
    jws = Jws.from_compact(text, _AT, max_characters=MAX_LIST)
    if not jws.header.x5c:
        raise NotTrusted(f"{_AT}: says by no certificate who signed it")
    signer = read_x5c(jws.header.x5c, f"{_AT} header.x5c")[0]
    check_signer(signer, expected, now=now)
    verify_signature(jws, signer.public_key, _AT)
    header = Fields(dict(jws.header.members), f"{_AT} header")
    if "iat" in header and header.time("iat") > now + CLOCK_SKEW:
        raise NotValidNow(f"{_AT}: is from the future")
    return signer, read_json_object(jws.payload, _AT, max_bytes=MAX_LIST)


def anchors_of(
    trusted: TrustedList, *, by: str = "", by_names: Iterable[Localized] = (), types: Iterable[str] = ()
) -> tuple[TrustAnchor, ...]:
    """The anchors that a list makes: of each service of the list's own kinds that is in force, and of no other (T089).

    `by` is what we call the list: it stands behind each name, so that nobody on one list is taken for somebody on another.
    `by_names` says the same in other languages: an anchor has its name in each that the list, or these, have.
    `types` are the credential types that issuers on this list are entitled to; none is every type. A service may name fewer.
    A list of another type than ours, and a list of registers, makes no anchors.
    """
    profile = profile_of(trusted.type)
    if profile is None:
        return ()
    allowed, called = frozenset(types), tuple(by_names)
    anchors: list[TrustAnchor] = []
    for entity in trusted.entities:
        name = _behind(in_language(entity.name, "en"), by)
        names = _names(entity.name, by, called)
        for service in entity.services:
            role = profile.role_of(service.type)
            # Where a list has no status, to be on it is to be in force, and a status nobody defined is none that counts
            if role is None or service.status != profile.status_of(service.type):
                continue
            issues = role is Role.ISSUER
            entitled = _entitled(service, profile, allowed) if issues else frozenset[str]()
            identity = profile.identity if issues else Identity.ALLOWED
            if entitled is not None:
                anchors += [TrustAnchor(one, role, name, entitled, identity, names) for one in service.certificates]
    return tuple(anchors)


def _behind(name: str, by: str) -> str:
    return f"{name} ({by})" if by and by != name else name


def _names(names: tuple[Localized, ...], by: str, called: tuple[Localized, ...]) -> tuple[Localized, ...]:
    languages = dict.fromkeys(text.language.partition("-")[0].lower() for text in (*names, *called))
    return tuple(
        [Localized(one, _behind(in_language(names, one), in_language(called, one) or by)) for one in languages]
    )


def _entitled(service: TrustedService, profile: ListProfile, allowed: frozenset[str]) -> frozenset[str] | None:
    """What an issuer may issue: the empty set is every type, None is none at all."""
    named = frozenset(service.credential_types)
    if profile.names_types:
        named = frozenset([name for name in named if not name.startswith((PID, PID_MDOC))])
        if not named:
            return None
    if not named or not allowed:
        return named or allowed
    return (named & allowed) or None


def _check_times(says: TrustedList, now: int) -> None:
    if says.issued_at > now + CLOCK_SKEW:
        raise NotValidNow(f"{_AT}: is from the future")
    if now >= says.next_update:
        raise NotValidNow(f"{_AT}: should have been replaced by a newer one")
    if says.next_update - says.issued_at > LONGEST:
        raise NotValidNow(f"{_AT}: promises to hold for longer than six months")


def _check_newest(says: TrustedList, raw: bytes, seen: SeenList | None) -> SeenList:
    found = SeenList(says.sequence_number, sha256(raw))
    if seen is not None and found != seen and found.sequence_number <= seen.sequence_number:
        raise RolledBack(f"{_AT}: a newer one was there before")
    return found
