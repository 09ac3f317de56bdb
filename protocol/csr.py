"""Requests for a certificate (PKCS#10, RFC 2986): somebody shows a public key, and that they hold the private one.

What a request says of names, and which extensions it wishes for, is not read: those come from whoever certifies.
"""

from __future__ import annotations

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from protocol.errors import Malformed, NotAuthentic, TooLarge, Unsupported
from protocol.keys import PublicKey

MAX_REQUEST = 16 * 1024  # bytes, as PEM or DER
_PEM = b"-----BEGIN"


def verify_request(data: bytes, at: str = "csr") -> PublicKey:
    """The key that a request is for, whose owner signed it; PEM or DER. That the request is new is not checked here.

    Raises:
        TooLarge: over 16 KiB.
        Malformed: no request, or bytes beside it.
        Unsupported: a key other than P-256, or a signature other than ES256.
        NotAuthentic: it is not signed with the key that it is for.
    """
    if len(data) > MAX_REQUEST:
        raise TooLarge(at, f"is larger than {MAX_REQUEST} bytes")
    try:
        request = x509.load_pem_x509_csr(data) if data.lstrip().startswith(_PEM) else x509.load_der_x509_csr(data)
        spki = request.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        algorithm = request.signature_algorithm_oid
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion) as error:
        raise Malformed(at, "is not a request for a certificate") from error
    key = PublicKey.from_spki(spki, at)
    if key.crv != "P-256" or algorithm != x509.SignatureAlgorithmOID.ECDSA_WITH_SHA256:
        raise Unsupported(f"{at}: only P-256 keys and ES256 are accepted")
    key.verify(_raw(request.signature, at), request.tbs_certrequest_bytes)
    return key


def _raw(der: bytes, at: str) -> bytes:
    try:
        r, s = decode_dss_signature(der)
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")
    except (ValueError, OverflowError) as error:
        raise NotAuthentic(f"{at}: the signature does not hold") from error
