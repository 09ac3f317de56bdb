"""Requests for certificates: possession of the key is shown, and nothing else is believed."""

import contextlib

import pytest
from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from protocol.csr import MAX_REQUEST, verify_request
from protocol.errors import Malformed, NotAuthentic, ProtocolError, TooLarge, Unsupported
from tests.support.pki import private_key, seeded_key

KEY = seeded_key(41)


SHA256 = hashes.SHA256()


def request(key=None, algorithm=SHA256, names=()):
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(names))
    return builder.sign(key or private_key(KEY), algorithm)


GOOD = request()
DER = GOOD.public_bytes(Encoding.DER)


@pytest.mark.parametrize("encoding", [Encoding.DER, Encoding.PEM])
def test_a_request_shows_its_key(encoding):
    assert verify_request(GOOD.public_bytes(encoding)) == KEY.public_key
    assert verify_request(b"\n" + GOOD.public_bytes(Encoding.PEM)) == KEY.public_key


def test_names_in_a_request_say_nothing():
    named = request(names=[x509.NameAttribute(NameOID.COMMON_NAME, "The Town")])
    assert verify_request(named.public_bytes(Encoding.DER)) == KEY.public_key


def test_a_request_for_somebody_elses_key_is_refused():
    other = seeded_key(42).public_key.to_spki()
    with pytest.raises(NotAuthentic):
        verify_request(DER.replace(KEY.public_key.to_spki(), other))


@asn1.sequence
class Signed:
    content: asn1.TLV
    algorithm: asn1.TLV
    signature: asn1.BitString


@pytest.mark.parametrize(
    "signature",
    [b"", bytes(70), encode_dss_signature(0, 0), encode_dss_signature(2**256, 1), encode_dss_signature(1, 1)],
    ids=["empty", "no DER", "zero", "too large", "another"],
)
def test_a_request_with_another_signature_is_refused(signature):
    good = asn1.decode_der(Signed, DER)
    bad = Signed(content=good.content, algorithm=good.algorithm, signature=asn1.BitString(signature, 0))
    with pytest.raises(NotAuthentic):
        verify_request(asn1.encode_der(bad))


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (rsa.generate_private_key(65537, 2048), hashes.SHA256()),
        (ec.generate_private_key(ec.SECP384R1()), hashes.SHA256()),
        (ec.generate_private_key(ec.SECP256K1()), hashes.SHA256()),
        (ed25519.Ed25519PrivateKey.generate(), None),
        (private_key(KEY), hashes.SHA384()),
    ],
    ids=["RSA", "P-384", "secp256k1", "Ed25519", "ES384 by P-256"],
)
def test_other_keys_and_algorithms_are_refused(key, algorithm):  # T002
    with pytest.raises(Unsupported):
        verify_request(request(key, algorithm).public_bytes(Encoding.DER))


@pytest.mark.parametrize("data", [b"", b"x", DER[:-1], DER + b"\0", b"-----BEGIN CERTIFICATE REQUEST-----\n"])
def test_what_is_no_request_is_refused(data):
    with pytest.raises(Malformed):
        verify_request(data)


def test_a_request_over_the_cap_is_refused_before_it_is_read():  # T018
    with pytest.raises(TooLarge):
        verify_request(GOOD.public_bytes(Encoding.PEM) + b"\n" * MAX_REQUEST)


@given(
    st.binary(max_size=300) | st.integers(0, len(DER) - 1).map(lambda i: DER[:i] + bytes((DER[i] ^ 1,)) + DER[i + 1 :])
)
def test_no_bytes_escape_the_error_family(data):
    with contextlib.suppress(ProtocolError):
        verify_request(data)
