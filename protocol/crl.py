"""Lists of revoked certificates: read, believed as long as they hold, and held against a chain (RFC 5280 §5, §6.3).

A list comes from the address in a certificate, and has to be the full list of that certificate's own issuer. Without one
nobody counts as not revoked (T091): who asks refuses, or says aloud that it does not know.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from types import MappingProxyType

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from protocol.errors import (
    Malformed,
    NotAuthentic,
    NotTrusted,
    NotValidNow,
    ProtocolError,
    Revoked,
    RolledBack,
    Suspended,
    TooLarge,
    Unreachable,
    Unsupported,
)
from protocol.exchange import Exchange, HttpRequest, send
from protocol.fields import read_https_url
from protocol.trust.anchors import TrustedParty
from protocol.x509 import Certificate, extension

MAX_CRL = 1024 * 1024  # bytes of DER
MAX_ADDRESSES = 4  # that are tried for one certificate
CLOCK_SKEW = 60  # seconds

_AT = "certificate revocation list"
_HASHES = (hashes.SHA256, hashes.SHA384, hashes.SHA512)
_KEYS = (ec.EllipticCurvePublicKey, rsa.RSAPublicKey, ed25519.Ed25519PublicKey)
_UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.InvalidVersion)
# What is understood here; any other extension that is critical forbids to use the list (RFC 5280 §5.2)
_UNDERSTOOD = (x509.IssuingDistributionPoint, x509.AuthorityKeyIdentifier, x509.CRLNumber)


class RevocationReason(StrEnum):
    """Why a certificate is in a list (RFC 5280 §5.3.1)."""

    UNSPECIFIED = "unspecified"
    KEY_COMPROMISE = "keyCompromise"
    CA_COMPROMISE = "cACompromise"
    AFFILIATION_CHANGED = "affiliationChanged"
    SUPERSEDED = "superseded"
    CESSATION_OF_OPERATION = "cessationOfOperation"
    CERTIFICATE_HOLD = "certificateHold"  # for now
    PRIVILEGE_WITHDRAWN = "privilegeWithdrawn"
    AA_COMPROMISE = "aACompromise"


@dataclass(frozen=True, slots=True)
class RevocationList:
    """A list that its authority signed; it says nothing before and after its time."""

    uri: str  # where it was fetched, as the certificate names it
    issuer: Certificate
    number: int
    this_update: int  # epoch seconds
    next_update: int  # epoch seconds: from then on it has to be fetched again
    of_leaves: bool  # whether it is about certificates that sign no others
    of_authorities: bool
    revoked: Mapping[int, RevocationReason] = field(repr=False)  # by serial number
    der: bytes = field(repr=False)  # as its authority signed it

    def check_fresh(self, now: int) -> None:
        """Check that the list may answer now.

        Raises:
            NotValidNow: it is from the future, or a newer one is due.
        """
        if self.this_update > now + CLOCK_SKEW:
            raise NotValidNow(f"{_AT}: is from the future")
        if now >= self.next_update:
            raise NotValidNow(f"{_AT}: is out of date")


def verify_crl(der: bytes, issuer: Certificate, *, uri: str, now: int) -> RevocationList:
    """Check a list: that `issuer` signed it, that it is a full one, and that it holds now.

    Raises:
        TooLarge: over 1 MiB.
        Malformed: no list, or something in it that no full list has.
        Unsupported: a delta or an indirect list, a part of one, or a critical extension that is not understood.
        NotAuthentic: of another authority, or for another address, or the signature does not hold.
        NotValidNow: see `RevocationList.check_fresh`.
    """
    if len(der) > MAX_CRL:
        raise TooLarge(_AT, f"is larger than {MAX_CRL} bytes")
    authority = x509.load_der_x509_certificate(issuer.der)
    try:
        parsed = x509.load_der_x509_crl(der)
        _check_signed(parsed, authority)
        found = _read(parsed, issuer, uri, der)
    except _UNREADABLE as error:
        raise Malformed(_AT, "is not a list that can be read") from error
    found.check_fresh(now)
    return found


def fetch_crls(
    party: TrustedParty, known: Mapping[str, RevocationList], *, now: int
) -> Exchange[tuple[RevocationList, ...]]:
    """One list for each certificate of a chain: a known one, by its address, while that holds, and else a fresh one.

    Raises:
        NotTrusted: a certificate does not say where its authority lists revoked ones.
        Unreachable: a list could not be had.
        RolledBack: it is older than the one that was known.
        ProtocolError: see `verify_crl`.
    """
    lists: list[RevocationList] = []
    for certificate, issuer in issuers_in(party):
        found = next((known[uri] for uri in certificate.crl_uris if _may_answer(known.get(uri), issuer, now)), None)
        if found is None:
            found = yield from _fetch_any(certificate, issuer, known, now)
        lists.append(found)
    return tuple(lists)


def issuers_in(party: TrustedParty) -> Iterator[tuple[Certificate, Certificate]]:
    """Each certificate of a chain with the one that issued it; the anchor is taken out by hand and stands in no list.

    Raises:
        NotTrusted: nothing says who issued the last one.
    """
    if not party.chain:
        return iter(())
    if party.anchor is None:
        raise NotTrusted(f"{_AT}: nothing says who issued the last certificate")
    # Whoever stands on a list with their own certificate is taken out there by hand too
    listed = party.chain[-1:] == (party.anchor,)
    return pairwise(party.chain if listed else (*party.chain, party.anchor))


def check_not_revoked(party: TrustedParty, lists: Iterable[RevocationList], *, now: int, at: str) -> None:
    """Check that no certificate of a chain is revoked; each needs a list of its own issuer that holds now.

    Raises:
        Revoked, Suspended: one of them is.
        NotTrusted: there is no list for one of them.
        NotValidNow: see `RevocationList.check_fresh`.
    """
    by_address = {(found.issuer, found.uri): found for found in lists}
    for index, (certificate, issuer) in enumerate(issuers_in(party)):
        found = next((by_address[issuer, uri] for uri in certificate.crl_uris if (issuer, uri) in by_address), None)
        if found is None or not (found.of_authorities if index else found.of_leaves):
            raise NotTrusted(f"{at}: nothing says whether a certificate was revoked")
        found.check_fresh(now)
        reason = found.revoked.get(certificate.serial_number)
        if reason is RevocationReason.CERTIFICATE_HOLD:
            raise Suspended(f"{at}: a certificate is suspended")
        if reason is not None:
            raise Revoked(f"{at}: a certificate was revoked")


def _may_answer(known: RevocationList | None, issuer: Certificate, now: int) -> bool:
    return known is not None and known.issuer == issuer and now < known.next_update


def _fetch_any(
    certificate: Certificate, issuer: Certificate, known: Mapping[str, RevocationList], now: int
) -> Exchange[RevocationList]:
    """The list from the first address that has it; what went wrong at the last one, if none has."""
    failure: ProtocolError = NotTrusted(f"{_AT}: the certificate does not say where it is")
    for uri in certificate.crl_uris[:MAX_ADDRESSES]:
        try:
            found = yield from _fetch(uri, issuer, now)
        except ProtocolError as error:
            failure = error
            continue
        before = known.get(uri)
        if before is not None and before.issuer == issuer and found.number < before.number:
            failure = RolledBack(f"{_AT}: is older than the one seen before")
            continue
        return found
    raise failure


def _fetch(uri: str, issuer: Certificate, now: int) -> Exchange[RevocationList]:
    url = read_https_url(uri, f"{_AT} address")
    response = yield from send(HttpRequest("GET", url, (("accept", "application/pkix-crl"),), max_bytes=MAX_CRL))
    if response.status != 200:
        raise Unreachable(f"{_AT}: is answered with HTTP status {response.status}")
    return verify_crl(response.body, issuer, uri=uri, now=now)


def _check_signed(parsed: x509.CertificateRevocationList, authority: x509.Certificate) -> None:
    usage = extension(authority, x509.KeyUsage)
    # RFC 5280 §6.3.3 (f)
    if usage is not None and not usage.crl_sign:
        raise NotAuthentic(f"{_AT}: its issuer may not sign lists")
    if parsed.issuer != authority.subject:
        raise NotAuthentic(f"{_AT}: is of another authority")
    key_id, own = extension(parsed, x509.AuthorityKeyIdentifier), extension(authority, x509.SubjectKeyIdentifier)
    if key_id is None or own is None or key_id.key_identifier != own.key_identifier:
        raise NotAuthentic(f"{_AT}: is of another key")
    algorithm = parsed.signature_hash_algorithm
    if algorithm is not None and not isinstance(algorithm, _HASHES):
        raise Unsupported(f"{_AT}: this kind of signature is not accepted")
    key = authority.public_key()
    if not isinstance(key, _KEYS) or not parsed.is_signature_valid(key):
        raise NotAuthentic(f"{_AT}: the signature does not hold")


def _read(parsed: x509.CertificateRevocationList, issuer: Certificate, uri: str, der: bytes) -> RevocationList:
    for found in parsed.extensions:
        if found.critical and not isinstance(found.value, _UNDERSTOOD):
            raise Unsupported(f"{_AT}: only full lists are accepted")
    number, next_update = extension(parsed, x509.CRLNumber), parsed.next_update_utc
    if number is None or next_update is None:
        raise Malformed(_AT, "must have a number and say when the next one comes")
    of_leaves, of_authorities = _scope(extension(parsed, x509.IssuingDistributionPoint), uri)
    revoked = dict(_entries(parsed))
    if len(revoked) != len(parsed):
        raise Malformed(_AT, "has a certificate twice")
    return RevocationList(
        uri=uri,
        issuer=issuer,
        number=number.crl_number,
        this_update=int(parsed.last_update_utc.timestamp()),
        next_update=int(next_update.timestamp()),
        of_leaves=of_leaves,
        of_authorities=of_authorities,
        revoked=MappingProxyType(revoked),
        der=der,
    )


def _scope(point: x509.IssuingDistributionPoint | None, uri: str) -> tuple[bool, bool]:
    """Whether a list is about leaves and about authorities (RFC 5280 §5.2.5, §6.3.3 (b))."""
    if point is None:
        return True, True
    if point.indirect_crl or point.only_some_reasons or point.only_contains_attribute_certs:
        raise Unsupported(f"{_AT}: only full lists are accepted")
    names = [name.value for name in point.full_name or () if isinstance(name, x509.UniformResourceIdentifier)]
    if point.relative_name is not None or (point.full_name is not None and uri not in names):
        raise NotAuthentic(f"{_AT}: is for another address")
    return not point.only_contains_ca_certs, not point.only_contains_user_certs


def _entries(parsed: x509.CertificateRevocationList) -> Iterator[tuple[int, RevocationReason]]:
    for entry in parsed:
        reason = RevocationReason.UNSPECIFIED
        for found in entry.extensions:
            if isinstance(found.value, x509.CRLReason):
                # removeFromCRL stands in delta lists alone, and is no reason here
                reason = RevocationReason(found.value.reason.value)
            elif found.critical:
                # Among them certificateIssuer: the entry is about somebody else's certificate
                raise Unsupported(f"{_AT}: an entry has an extension that is not understood")
        yield entry.serial_number, reason
