"""A certificate of one's own from an authority of others: ask for it (PKCS#10), and check what came before it is used."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization

from protocol.errors import Malformed, NotValidNow
from protocol.keys import Signer
from protocol.x509 import MAX_CERTIFICATES, Certificate
from runtime.certificates import CertificateNames, make_request

MAX_FILE = 256 * 1024  # bytes


def request_pem(key: Signer, names: CertificateNames) -> bytes:
    """A request for a certificate of a key, as PEM."""
    return make_request(key, names).public_bytes(serialization.Encoding.PEM)


def read_chain(pem: bytes, at: str, *, now: int) -> tuple[Certificate, ...]:
    """The chain that an authority handed out: leaf first, each issued by the next; the authority itself is left out.

    Whether wallets trust it is for them to say.

    Raises:
        Malformed: no certificates, too many, a private key beside them, or they do not belong to one another.
        NotValidNow: one is outside its time.
    """
    # T242: a private key has no business here
    if b"PRIVATE KEY" in pem:
        raise Malformed(at, "must hold certificates, and no private key")
    if len(pem) > MAX_FILE:
        raise Malformed(at, f"is larger than {MAX_FILE} bytes")
    try:
        parsed = x509.load_pem_x509_certificates(pem)
    except ValueError as error:
        raise Malformed(at, "holds no PEM certificates") from error
    for below, above in itertools.pairwise(parsed):
        _check_issued(below, above, at)
    chain = [Certificate.from_der(one.public_bytes(serialization.Encoding.DER), at) for one in parsed]
    # HAIP 1.0 §5: the anchor is not sent, and authorities hand it out with the rest
    while len(chain) > 1 and chain[-1].self_issued:
        chain.pop()
    _check_usable(chain, at, now)
    return tuple(chain)


def _check_usable(chain: Sequence[Certificate], at: str, now: int) -> None:
    if len(chain) > MAX_CERTIFICATES:
        raise Malformed(at, f"has more than {MAX_CERTIFICATES} certificates")
    if chain[0].self_issued:
        raise Malformed(at, "begins with a certificate that vouches for itself; the first has to be yours")
    if any(not one.not_before <= now < one.not_after for one in chain):
        raise NotValidNow(f"{at}: a certificate is outside its time")


def _check_issued(below: x509.Certificate, above: x509.Certificate, at: str) -> None:
    try:
        below.verify_directly_issued_by(above)
    except (ValueError, TypeError, InvalidSignature) as error:
        raise Malformed(at, "has certificates in another order, or that do not belong to one another") from error
