"""An issuer's folder: everything that a service needs, sealed, and trusted through one certificate."""

import stat
import tomllib

import pytest

from issuer.config import IssuerSettings
from issuer.installation import ENCRYPTION, SECRET, SIGNING, NewIssuer, set_up_issuer
from protocol.keys import P256Key
from protocol.trust.anchors import Role, TrustAnchor, TrustAnchors
from protocol.x509 import Certificate
from runtime.anchors import read_certificate
from runtime.api_keys import api_key_digest, new_api_key
from runtime.installation import AUTHORITY_FILE, open_keys
from runtime.system import random_bytes
from tests.support.pki import NOW, seeded

URL = "https://agency.example"
NAME = (("de", 'Bürgeramt „Mitte" \\ Ost'), ("en", "City office"))


@pytest.fixture
def new(tmp_path):
    return NewIssuer(tmp_path / "issuer", URL, NAME, ("pid",))


def test_what_is_set_up_can_be_opened(new, monkeypatch):
    monkeypatch.setenv("HOHEIT_ENV", "production")
    set_up_issuer(new, now=NOW, random_bytes=random_bytes)
    settings = IssuerSettings.read(new.data)
    assert (settings.public_url, settings.types, settings.name) == (URL, ("pid",), dict(NAME))
    keys = open_keys(new.data, None)
    assert len(keys.secret(SECRET)) == 32
    assert len(keys.signer(SIGNING).x5c) == 1
    assert keys.key(ENCRYPTION) != keys.key(SIGNING)


def test_whoever_trusts_the_authority_trusts_the_signing_key_and_knows_whose_it_is(new):
    pem = set_up_issuer(new, now=NOW, random_bytes=random_bytes)
    anchor = TrustAnchor(read_certificate(pem, AUTHORITY_FILE), Role.ISSUER, "Agency", frozenset({"urn:eudi:pid:1"}))
    chain = tuple(Certificate.from_x5c(text, "x5c") for text in open_keys(new.data, None).signer(SIGNING).x5c)
    party = TrustAnchors([anchor]).chain(chain, role=Role.ISSUER, now=NOW, at="x5c")
    assert party.dns_names == ("agency.example",)
    assert party.uris == (URL,)
    assert (new.data / AUTHORITY_FILE).read_bytes() == pem


def test_a_folder_is_set_up_once(new):
    set_up_issuer(new, now=NOW, random_bytes=random_bytes)
    before = {file.name: file.read_bytes() for file in new.data.iterdir()}
    with pytest.raises(FileExistsError):
        set_up_issuer(new, now=NOW, random_bytes=random_bytes)
    assert {file.name: file.read_bytes() for file in new.data.iterdir()} == before


def test_keys_lie_sealed_and_for_their_owner_alone(new):
    """T227."""
    set_up_issuer(new, now=NOW, random_bytes=seeded())
    keys = open_keys(new.data, None)
    held = [keys.key(name) for name in (SIGNING, "authority")]
    secrets = [keys.secret(SECRET), *(key.to_scalar() for key in held if isinstance(key, P256Key))]
    assert len(secrets) == 3
    for file in new.data.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name
        assert not any(secret in file.read_bytes() for secret in secrets), file.name


def test_settings_say_what_was_asked_for_and_no_more(new):
    set_up_issuer(new, now=NOW, random_bytes=random_bytes)
    settings = tomllib.loads(IssuerSettings.file(new.data).read_text(encoding="utf-8"))
    assert settings == {"public_url": URL, "types": ["pid"], "name": dict(NAME)}


def test_an_api_key_is_kept_as_a_digest():
    """T118."""
    key, kept = new_api_key("clerk", now=NOW, random_bytes=seeded())
    assert len(key) == 43
    assert key not in repr(kept)
    assert (kept.digest, kept.name, kept.created_at) == (api_key_digest(key), "clerk", NOW)
    assert new_api_key("clerk", now=NOW, random_bytes=random_bytes)[0] != key
