"""References to keys in a token, and keys of a folder that are in one."""

import stat

import pytest

from protocol.keys import P256Key
from runtime.certificates import CertificateNames, make_authority
from runtime.installation import Installation, open_keys, set_up
from runtime.key_token import KeyReference, KeyUse, TokenError, open_token
from runtime.keyfolder import KeyFolder
from runtime.seal import DamagedError, Sealer
from tests.support.pki import NOW, seeded

NAMES = CertificateNames("Agency", "Agency", dns_names=("agency.localhost",))


@pytest.mark.parametrize(
    "reference",
    [
        KeyReference("agency signing", bytes(range(16))),
        KeyReference("Schlüssel; a=b%", b""),
        KeyReference("", b"\x00\xff"),
    ],
)
def test_a_reference_is_read_as_it_was_written(reference):
    text = reference.to_uri()
    assert text.startswith("pkcs11:")
    assert text.isascii()
    assert KeyReference.from_uri(f"{text}\n", "signing.key") == reference


@pytest.mark.parametrize(
    "text",
    [
        "",
        "pkcs11:",
        "pkcs12:object=a",
        "pkcs11:type=private",
        "pkcs11:object=a;type=public",
        "pkcs11:object=a;object=b",
        "pkcs11:object=a;pin-value=1234",
        "pkcs11:object=a?pin-source=/etc/pin;id=%01",
        "pkcs11:object=%ff",
        "pkcs11:object=",
        f"pkcs11:object={'a' * 1024}",
    ],
)
def test_a_broken_reference_is_refused_with_its_file(text):
    with pytest.raises(TokenError, match=r"^signing\.key: "):
        KeyReference.from_uri(text, "signing.key")


@pytest.fixture
def folder(tmp_path, softhsm):
    return tmp_path / "agency"


@pytest.fixture
def keys(folder, softhsm):
    return KeyFolder(folder, Sealer.from_file(folder / "seal.key"), open_token(softhsm.access))


def test_a_key_in_a_token_leaves_a_reference_in_the_folder(keys, folder, softhsm):
    key = keys.make_key("signing", seeded(1))
    assert (folder / "signing.key").read_text() == KeyReference("agency signing", seeded(1)(16)).to_uri()
    assert stat.S_IMODE((folder / "signing.key").stat().st_mode) == 0o600
    again = open_keys(folder, softhsm.access).key("signing")
    assert again.public_key == key.public_key
    key.public_key.verify(again.sign(b"data"), b"data")


def test_a_key_for_agreement_agrees(keys):
    key, peer = keys.make_key("encryption", seeded(1), KeyUse.AGREE), P256Key.generate(seeded(2))
    assert key.agree(peer.public_key) == peer.agree(key.public_key)


def test_sealed_keys_stay_where_they_are_beside_a_token(folder, softhsm):
    sealer = Sealer.from_file(folder / "seal.key")
    key = KeyFolder(folder, sealer).make_key("old", seeded(1))
    assert KeyFolder(folder, sealer, open_token(softhsm.access)).key("old").public_key == key.public_key


def test_an_operator_s_own_key_is_found_by_a_reference_of_theirs(keys, folder, softhsm):
    made = open_token(softhsm.access).make_key(KeyReference("ceremony 2026", b"\x07"), KeyUse.SIGN)
    (folder / "signing.key").write_text("pkcs11:object=ceremony%202026\n")
    assert keys.key("signing").public_key == made.public_key


def test_a_key_in_a_token_needs_the_token_to_be_said(keys, folder):
    keys.make_key("signing", seeded(1))
    with pytest.raises(TokenError, match=r"signing\.key: this key is in a PKCS#11 token; say which by hsm_module"):
        open_keys(folder, None).key("signing")


def test_a_key_in_a_token_is_replaced_by_another_one_there(keys, folder, softhsm):
    first = keys.make_key("signing", seeded(1))
    second = keys.replace_key("signing", seeded(2))
    assert keys.key("signing").public_key == second.public_key != first.public_key
    assert (folder / "signing.key").read_bytes().startswith(b"pkcs11:")
    # What the old one signed is still there for whoever has to look into it
    old = open_token(softhsm.access).find_key(KeyReference(id=seeded(1)(16)))
    assert old.public_key == first.public_key


def test_a_name_that_is_taken_makes_no_key_in_the_token(keys, folder, softhsm):
    first = keys.make_key("signing", seeded(1))
    with pytest.raises(FileExistsError):
        keys.make_key("signing", seeded(2))
    assert keys.key("signing").public_key == first.public_key
    with pytest.raises(TokenError):
        open_token(softhsm.access).find_key(KeyReference(id=seeded(2)(16)))


def test_a_key_whose_reference_cannot_be_kept_does_not_stay_in_the_token(keys, softhsm, monkeypatch):
    def full(path, data):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr("runtime.keyfolder.write_private", full)
    with pytest.raises(OSError, match="No space"):
        keys.make_key("signing", seeded(1))
    with pytest.raises(TokenError, match="is not in the token"):
        open_token(softhsm.access).find_key(KeyReference(id=seeded(1)(16)))


@pytest.mark.parametrize("name", ["signing", "authority"])
def test_a_reference_to_another_key_is_found_out(keys, folder, name):
    authority = make_authority(keys.make_key("authority", seeded(1)), NAMES, now=NOW, days=9, random_bytes=seeded(2))
    leaf = authority.issue_leaf(
        keys.make_key("signing", seeded(3)).public_key, NAMES, now=NOW, days=9, random_bytes=seeded(4)
    )
    keys.write_chain("signing", [leaf])
    keys.write_chain("authority", [authority.certificate])
    assert keys.signer("signing").signer.public_key == keys.key("signing").public_key
    assert keys.authority("authority").key.public_key == keys.key("authority").public_key
    keys.make_key("other", seeded(5))
    (folder / f"{name}.key").write_bytes((folder / "other.key").read_bytes())
    with pytest.raises(DamagedError, match="belongs to another key"):
        keys.signer("signing") if name == "signing" else keys.authority("authority")


def installation(folder, softhsm):
    return Installation(
        data=folder,
        settings_file=folder / "agency.toml",
        public_url="https://agency.example",
        name=(("en", "Agency"),),
        signing="signing",
        secrets=("nonces",),
        token=softhsm.access,
    )


def test_an_installation_makes_its_keys_in_the_token(folder, softhsm):
    set_up(installation(folder, softhsm), now=NOW, random_bytes=seeded(1))
    for name in ("signing", "authority"):
        assert (folder / f"{name}.key").read_bytes().startswith(b"pkcs11:")
    keys = open_keys(folder, softhsm.access)
    authority, leaf = keys.authority("authority"), keys.signer("signing")
    assert len(leaf.x5c) == 1
    authority.certificate.verify_directly_issued_by(authority.certificate)
    text = (folder / "agency.toml").read_text()
    assert f'hsm_token = "{softhsm.label}"' in text
    assert "4711" not in text


def test_an_installation_without_its_token_makes_nothing(folder, softhsm):
    """T252"""
    with softhsm.gone(), pytest.raises(TokenError):
        set_up(installation(folder, softhsm), now=NOW, random_bytes=seeded(1))
    assert not folder.exists()
    set_up(installation(folder, softhsm), now=NOW, random_bytes=seeded(1))
