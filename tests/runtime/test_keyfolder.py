"""A folder of sealed keys with their certificates."""

import shutil

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from protocol.keys import P256Key
from protocol.x509 import Certificate
from runtime.certificates import CertificateNames, make_authority
from runtime.keyfolder import KeyFolder
from runtime.seal import DamagedError, Sealer
from tests.support.pki import NOW, seeded

NAMES = CertificateNames("Agency", "Agency", dns_names=("agency.localhost",))


@pytest.fixture
def folder(tmp_path):
    return KeyFolder(tmp_path, Sealer.from_file(tmp_path / "seal.key"))


def reopened(tmp_path):
    return KeyFolder(tmp_path, Sealer.from_file(tmp_path / "seal.key"))


def test_a_key_comes_back_as_it_was(folder, tmp_path):
    key = folder.make_key("signing", seeded(1))
    assert reopened(tmp_path).key("signing").public_key == key.public_key
    assert isinstance(key, P256Key)
    assert key.to_scalar() not in (tmp_path / "signing.key").read_bytes()


def test_a_secret_comes_back_as_it_was(folder, tmp_path):
    secret = folder.make_secret("nonces", seeded(1))
    assert reopened(tmp_path).secret("nonces") == secret
    assert len(secret) == 32
    assert secret not in (tmp_path / "nonces.secret").read_bytes()


def test_a_name_is_given_once(folder):
    first = folder.make_key("signing", seeded(1))
    with pytest.raises(FileExistsError):
        folder.make_key("signing", seeded(2))
    assert folder.key("signing").public_key == first.public_key


def test_a_key_that_is_not_there_is_missing(folder):
    with pytest.raises(FileNotFoundError):
        folder.key("signing")


def test_keys_cannot_be_swapped(folder, tmp_path):
    """T215"""
    folder.make_key("one", seeded(1))
    folder.make_key("two", seeded(2))
    folder.make_secret("three", seeded(3))
    shutil.copy(tmp_path / "one.key", tmp_path / "two.key")
    shutil.copy(tmp_path / "one.key", tmp_path / "three.secret")
    with pytest.raises(DamagedError):
        folder.key("two")
    with pytest.raises(DamagedError):
        folder.secret("three")
    assert folder.key("one")


def test_a_key_of_another_installation_does_not_open(folder, tmp_path):
    folder.make_key("signing", seeded(1))
    with pytest.raises(DamagedError):
        KeyFolder(tmp_path, Sealer(b"x" * 32)).key("signing")


def test_a_key_is_replaced_as_a_whole_and_its_old_certificate_is_no_longer_its_own(folder):
    authority = make_authority(folder.make_key("authority", seeded(1)), NAMES, now=NOW, days=10, random_bytes=seeded(2))
    old = folder.make_key("signing", seeded(3))
    folder.write_chain(
        "signing", [authority.issue_leaf(old.public_key, NAMES, now=NOW, days=5, random_bytes=seeded(4))]
    )
    new = folder.replace_key("signing", seeded(5))
    assert folder.key("signing").public_key == new.public_key != old.public_key
    with pytest.raises(DamagedError, match="another key"):
        folder.signer("signing")
    leaf = authority.issue_leaf(new.public_key, NAMES, now=NOW, days=5, random_bytes=seeded(6))
    folder.replace_chain("signing", [Certificate.from_der(leaf.public_bytes(Encoding.DER))])
    assert folder.signer("signing").signer.public_key == new.public_key


def test_a_key_that_is_not_there_is_not_replaced(folder, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(FileNotFoundError):
        folder.replace_key("signing", seeded(1))
    assert sorted(tmp_path.rglob("*")) == before


def test_a_signer_has_the_chain_of_its_own_key(folder):
    authority = make_authority(folder.make_key("authority", seeded(1)), NAMES, now=NOW, days=10, random_bytes=seeded(2))
    key, other = folder.make_key("signing", seeded(3)), folder.make_key("other", seeded(4))
    leaf = authority.issue_leaf(key.public_key, NAMES, now=NOW, days=5, random_bytes=seeded(5))
    folder.write_chain("authority", [authority.certificate])
    folder.write_chain("signing", [leaf])
    folder.write_chain("other", [leaf])
    signer = folder.signer("signing")
    assert len(signer.x5c) == 1
    assert folder.authority("authority").certificate == authority.certificate
    with pytest.raises(DamagedError, match="another key"):
        folder.signer("other")
    assert other.public_key != key.public_key
