"""Which certificates may sign documents, and which may sign for a reader (ISO/IEC 18013-5 annex B).

That a chain leads to an anchor of the right role is `trust.anchors`; these rules come on top, always, and whoever
installed the anchor (T056).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from cryptography import x509
from cryptography.x509.oid import NameOID

from protocol.errors import NotTrusted
from protocol.trust.anchors import TrustedParty
from protocol.x509 import Certificate, extension

DOCUMENT_SIGNER = x509.ObjectIdentifier("1.0.18013.5.1.2")
MDL_NAMESPACE = "org.iso.18013.5.1"
# Elements that stand in the certificate of whoever signs them, too
_PLACES = {"issuing_country": NameOID.COUNTRY_NAME, "issuing_jurisdiction": NameOID.STATE_OR_PROVINCE_NAME}
READER = x509.ObjectIdentifier("1.0.18013.5.1.6")


def check_document_signer(party: TrustedParty, at: str) -> None:
    """Check that an issuer's certificate was made to sign documents (annex B.1.4), by an authority of its country.

    Raises:
        NotTrusted: it was not, it is an authority's, or its country or time is not its authority's.
    """
    _check(party, DOCUMENT_SIGNER, at)


def check_signer_purpose(leaf: Certificate, at: str) -> None:
    """Check one's own certificate before documents are signed with it; what its authority adds is for whoever trusts that.

    Raises:
        NotTrusted: it was not made to sign documents.
    """
    problem = _problem(leaf, leaf, DOCUMENT_SIGNER)
    if problem is not None:
        raise NotTrusted(f"{at} {problem}")


def check_reader(party: TrustedParty, at: str) -> None:
    """Check that a certificate was made to sign requests of readers (annex B.1.7); the rest as with `check_document_signer`.

    Raises:
        NotTrusted: it was not, it is an authority's, or its country or time is not its authority's.
    """
    _check(party, READER, at)


def check_issuing_place(leaf: Certificate, elements: Mapping[str, object], at: str) -> None:
    """Check that a licence says the country and state of whoever signs it (§9.3.1), where it and the certificate say one.

    `elements` are those of `MDL_NAMESPACE`; in other namespaces they need not be the signer's.

    Raises:
        NotTrusted: it says others.
    """
    for identifier, oid in _PLACES.items():
        of_signer = _place(leaf, oid) if identifier in elements else None
        if of_signer is not None and str(elements[identifier]).upper() != of_signer:
            raise NotTrusted(f"{at}: has another {identifier} than its signer")


@lru_cache(maxsize=1024)
def _place(leaf: Certificate, oid: x509.ObjectIdentifier) -> str | None:
    """Cached: see `_problem`."""
    return next((str(one.value).upper() for one in leaf.parsed.subject.get_attributes_for_oid(oid)), None)


def _check(party: TrustedParty, purpose: x509.ObjectIdentifier, at: str) -> None:
    if not party.chain:
        raise NotTrusted(f"{at}: the signer has no certificate")
    leaf = party.chain[0]
    problem = _problem(leaf, party.anchor or leaf, purpose)
    if problem is not None:
        raise NotTrusted(f"{at}: the signer's certificate {problem}")


@lru_cache(maxsize=1024)
def _problem(leaf: Certificate, anchor: Certificate, purpose: x509.ObjectIdentifier) -> str | None:
    """Cached: it depends on nothing but the bytes of both."""
    purposes = extension(leaf.parsed, x509.ExtendedKeyUsage)
    if purposes is None or purpose not in purposes:
        return "was not made for this"
    if leaf.is_authority:
        return "is an authority's"
    country, of_anchor = _country(leaf.parsed.subject), _country(anchor.parsed.subject)
    if country is not None and of_anchor is not None and country != of_anchor:
        return "has another country than its authority's"
    if leaf.not_before < anchor.not_before or leaf.not_after > anchor.not_after:
        return "holds longer than its authority's"
    return None


def _country(subject: x509.Name) -> str | None:
    for attribute in subject.get_attributes_for_oid(NameOID.COUNTRY_NAME):
        if isinstance(attribute.value, str):
            return attribute.value.upper()
    return None
