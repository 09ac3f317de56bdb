"""Signatures of certificates and requests come from a signer, which may keep its key to itself."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import Encoding

from protocol.errors import NotAuthentic
from protocol.keys import Ed25519Key
from runtime.certificates import CertificateNames, make_authority, make_request
from tests.support.pki import NOW, seeded, seeded_key

NAMES = CertificateNames("Town", "Town CA")


class Token:
    """A key that leaves its device for nobody; `answering` is the key that it really signs with."""

    def __init__(self, key, answering=None):
        self._answering = answering or key
        self.public_key = key.public_key

    def sign(self, data):
        return self._answering.sign(data)


def authority(key):
    return make_authority(key, NAMES, now=NOW, days=10, random_bytes=seeded(1))


def loaded(key):
    return serialization.load_der_public_key(key.public_key.to_spki())


def test_an_authority_may_keep_its_key_in_a_device():
    token = Token(seeded_key(1))
    made = authority(token)
    made.certificate.verify_directly_issued_by(made.certificate)
    leaf = made.issue_leaf(seeded_key(2).public_key, NAMES, now=NOW, days=5, random_bytes=seeded(3))
    leaf.verify_directly_issued_by(made.certificate)
    assert leaf.public_key() == loaded(seeded_key(2))


def test_a_request_is_for_the_key_of_the_signer():
    made = x509.load_pem_x509_csr(make_request(Token(seeded_key(1)), NAMES).public_bytes(Encoding.PEM))
    assert made.is_signature_valid
    assert made.public_key() == loaded(seeded_key(1))
    assert "CN=Town CA" in made.subject.rfc4514_string()


def test_a_device_that_signs_with_another_key_makes_nothing():
    wrong = Token(seeded_key(1), seeded_key(2))
    with pytest.raises(NotAuthentic):
        authority(wrong)
    with pytest.raises(NotAuthentic):
        make_request(wrong, NAMES)


def test_other_kinds_of_keys_sign_no_certificates():
    with pytest.raises(ValueError, match="P-256"):
        make_request(Ed25519Key.from_seed(bytes(32)), NAMES)
