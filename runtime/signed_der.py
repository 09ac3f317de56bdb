"""Certificates, requests for them and revocation lists, signed by a `Signer`, so that an authority's key may live in an HSM.

The builders of `cryptography` sign with a private key in memory only. So they build with a key that is thrown away, and
the signature is made anew over the very bytes that they built: those hold the kind of signature, but not the signature.
"""

from __future__ import annotations

from typing import Annotated, Protocol

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from protocol.keys import Signer


@asn1.sequence
class _Signed:
    """What a certificate, a request and a revocation list have in common (RFC 5280 §4.1, §5.1, RFC 2986 §4.2)."""

    content: asn1.TLV
    algorithm: asn1.TLV
    signature: asn1.BitString


@asn1.sequence
class _RequestInfo:
    """CertificationRequestInfo (RFC 2986 §4.1)."""

    version: int
    subject: asn1.TLV
    key: asn1.TLV
    attributes: Annotated[asn1.SetOf[asn1.TLV], asn1.Implicit(0)]


class _Built(Protocol):
    def public_bytes(self, encoding: serialization.Encoding) -> bytes:
        """The whole structure."""


def sign_certificate(builder: x509.CertificateBuilder, signer: Signer) -> x509.Certificate:
    """The certificate that a builder holds. Its key identifiers are the builder's matter.

    Raises:
        ValueError: the signer has no P-256 key.
        NotAuthentic: its signature is not its key's.
    """
    built = builder.sign(_throw_away_key(signer), hashes.SHA256())
    return x509.load_der_x509_certificate(_signed(built, built.tbs_certificate_bytes, signer))


def sign_crl(builder: x509.CertificateRevocationListBuilder, signer: Signer) -> x509.CertificateRevocationList:
    """The revocation list that a builder holds; see `sign_certificate`."""
    built = builder.sign(_throw_away_key(signer), hashes.SHA256())
    return x509.load_der_x509_crl(_signed(built, built.tbs_certlist_bytes, signer))


def sign_request(builder: x509.CertificateSigningRequestBuilder, signer: Signer) -> x509.CertificateSigningRequest:
    """The request for a certificate of the signer's own key; see `sign_certificate`."""
    built = builder.sign(_throw_away_key(signer), hashes.SHA256())
    info = asn1.decode_der(_RequestInfo, built.tbs_certrequest_bytes)
    key = asn1.decode_der(asn1.TLV, signer.public_key.to_spki())
    content = asn1.encode_der(
        _RequestInfo(version=info.version, subject=info.subject, key=key, attributes=info.attributes)
    )
    return x509.load_der_x509_csr(_signed(built, content, signer))


def _throw_away_key(signer: Signer) -> ec.EllipticCurvePrivateKey:
    if signer.public_key.crv != "P-256":
        raise ValueError("certificates are signed with P-256 keys")
    return ec.generate_private_key(ec.SECP256R1())


def _signed(built: _Built, content: bytes, signer: Signer) -> bytes:
    signature = signer.sign(content)
    # A key store that answers with another key would make something that nobody can verify
    signer.public_key.verify(signature, content)
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    template = asn1.decode_der(_Signed, built.public_bytes(serialization.Encoding.DER))
    return asn1.encode_der(
        _Signed(
            content=asn1.decode_der(asn1.TLV, content),
            algorithm=template.algorithm,
            signature=asn1.BitString(encode_dss_signature(r, s), 0),
        )
    )
