"""A certificate from an authority of others: what is asked for, and what is taken of what came."""

from dataclasses import replace

import pytest

from protocol.csr import verify_request
from protocol.errors import Malformed, NotValidNow
from protocol.keys import P256Key
from protocol.x509 import MAX_CERTIFICATES
from runtime.certificates import CertificateNames
from runtime.keyfolder import KeyFolder
from runtime.own_certificates import MAX_FILE, read_chain, request_pem
from runtime.seal import Sealer
from tests.support.pki import AUTHORITY, DAY, INTERMEDIATE, NOW, Template, make_pki, seeded, seeded_key, self_signed


@pytest.fixture(scope="module")
def pki():
    return make_pki(Template(common_name="Library"), intermediates=(INTERMEDIATE,), key=seeded_key(80))


def pem_of(*certificates):
    return b"".join(one.pem for one in certificates)


def test_a_request_is_for_the_key_and_signed_with_it():
    key = seeded_key(80)
    assert verify_request(request_pem(key, CertificateNames("Library", "Library"))) == key.public_key


def test_a_chain_is_read_leaf_first_without_the_authority(pki):
    assert read_chain(pem_of(*pki.chain), "a.pem", now=NOW) == pki.certificates
    assert read_chain(pem_of(*pki.chain, pki.root), "a.pem", now=NOW) == pki.certificates
    assert read_chain(pki.leaf.pem, "a.pem", now=NOW) == pki.certificates[:1]


STRANGER = self_signed(AUTHORITY)


@pytest.mark.parametrize(
    "make",
    [
        lambda _: b"",
        lambda _: b"x",
        lambda pki: pki.leaf.pem + b"-----BEGIN PRIVATE KEY-----\n",
        lambda pki: pem_of(*reversed(pki.chain)),
        lambda pki: pem_of(pki.leaf, pki.leaf),
        lambda pki: pem_of(pki.leaf, STRANGER),
        lambda _: STRANGER.pem,
        lambda pki: pki.leaf.pem + b"\n" * MAX_FILE,
    ],
    ids=["empty", "no PEM", "a key beside it", "wrong order", "twice", "another authority", "authority", "too large"],
)
def test_what_is_no_chain_is_refused(pki, make):
    """T242"""
    with pytest.raises(Malformed, match=r"a\.pem"):
        read_chain(make(pki), "a.pem", now=NOW)


def test_a_chain_outside_its_time_is_refused(pki):
    for now in (NOW - 2 * DAY, NOW + 400 * DAY):
        with pytest.raises(NotValidNow):
            read_chain(pki.leaf.pem, "a.pem", now=now)


def test_a_chain_takes_the_place_of_the_former_only_for_its_own_key(tmp_path, pki):
    keys = KeyFolder(tmp_path, Sealer(bytes(32)))
    key = keys.make_key("access", seeded(80))
    assert isinstance(key, P256Key)
    first = make_pki(Template(common_name="First"), key=key)
    keys.write_chain("access", [first.leaf.x509])
    before = (tmp_path / "access.pem").read_bytes()
    with pytest.raises(Malformed, match="another key; nothing was changed"):
        keys.replace_chain("access", make_pki(key=seeded_key(81)).certificates)
    with pytest.raises(Malformed):
        keys.replace_chain("access", ())
    assert (tmp_path / "access.pem").read_bytes() == before
    other = make_pki(Template(common_name="Second"), key=key)
    keys.replace_chain("access", other.certificates)
    assert keys.signer("access").x5c == other.x5c
    assert (tmp_path / "access.pem").stat().st_mode & 0o777 == 0o600
    assert sorted(file.name for file in tmp_path.iterdir()) == ["access.key", "access.pem"]


def test_a_chain_has_a_cap():  # T018
    above = [replace(INTERMEDIATE, common_name=f"Authority {i}") for i in range(MAX_CERTIFICATES)]
    longest = make_pki(Template(common_name="Library"), intermediates=tuple(above[1:]))
    assert len(read_chain(pem_of(*longest.chain), "a.pem", now=NOW)) == MAX_CERTIFICATES
    with pytest.raises(Malformed, match="more than"):
        read_chain(pem_of(*make_pki(intermediates=tuple(above)).chain), "a.pem", now=NOW)
