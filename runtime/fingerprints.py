"""Fingerprints of certificates, written so that two people can compare them by eye or on the phone.

Services tell theirs when they are set up, and wallets theirs before they trust somebody: both have to look the same.
"""

from __future__ import annotations

from protocol.encoding import sha256
from protocol.x509 import Certificate

_GROUP = 4  # characters
_GROUPS = 4  # on a line


def fingerprint_of(certificate: Certificate) -> str:
    """The SHA-256 digest of a certificate, in hexadecimal."""
    return sha256(certificate.der).hex()


def fingerprint_lines(fingerprint: str) -> list[str]:
    """A fingerprint in capital letters and groups of four, four groups on a line."""
    text = fingerprint.upper()
    groups = [text[i : i + _GROUP] for i in range(0, len(text), _GROUP)]
    return [" ".join(groups[i : i + _GROUPS]) for i in range(0, len(groups), _GROUPS)]
