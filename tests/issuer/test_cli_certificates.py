"""The commands about an agency's own certificates: a new one, a new key, and the country that they say."""

import os

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from issuer.app import open_issuer, open_store
from issuer.cli import app
from issuer.config import IssuerSettings
from issuer.installation import SIGNING
from issuer.revoked import read_revoked
from protocol.mdoc.signer import DOCUMENT_SIGNER
from protocol.x509 import Certificate
from runtime import system
from runtime.certificates import CertificateNames
from runtime.installation import AUTHORITY, open_keys
from tests.support.commands import Commands

COMMANDS = Commands(app)
done, refused = COMMANDS.done, COMMANDS.refused

URL = "http://agency.localhost:8000"
INIT = ("init", "--public-url", URL, "--name", "de=Bürgeramt")
CARD = """
id = "card"
validity_days = 30
[name]
en = "Card"
[mdoc]
doctype = "org.example.card.1"
[[claims]]
path = ["family_name"]
type = "text"
element = "family_name"
label = { en = "Last name" }
"""


@pytest.fixture(autouse=True)
def _demo(monkeypatch):
    for name in [name for name in os.environ if name.startswith("HOHEIT_ISSUER_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOHEIT_ENV", "demo")


@pytest.fixture
def data(tmp_path):
    return tmp_path / "issuer"


@pytest.fixture
def agency(data):
    done(data, *INIT)
    return data


def signer_of(agency):
    """The certificate that documents are signed with."""
    return x509.load_pem_x509_certificate((agency / "signing.pem").read_bytes())


def test_a_new_certificate_for_the_same_key_is_made_by_a_command(agency):
    before = signer_of(agency)
    assert "good until" in done(agency, "certify")
    after = signer_of(agency)
    assert after.serial_number != before.serial_number
    assert after.public_key() == before.public_key()
    assert (after.subject, after.issuer) == (before.subject, before.issuer)
    [purpose] = after.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert purpose == DOCUMENT_SIGNER


def test_a_key_that_was_lost_is_replaced_by_a_command(agency):
    before = signer_of(agency)
    said = done(agency, "certify", "--new-key")
    assert "The old one is revoked: http://agency.localhost:8000/authority.crl says so" in said
    assert signer_of(agency).public_key() != before.public_key()
    [revoked] = read_revoked(agency)
    assert revoked.serial_number == before.serial_number


@pytest.mark.parametrize("country", ["Germany", "de", "ZZ", "QQ", ""])
def test_a_country_that_is_none_makes_no_agency(data, country):
    assert "--country: must be two capital letters" in refused(data, *INIT, "--country", country)
    assert not data.exists()


def test_an_mdoc_is_issued_with_a_certificate_that_was_made_for_documents(agency):
    """T056. Agencies that are older than mdoc have one that was not."""
    types = agency / "types"
    types.mkdir()
    (types / "card.toml").write_text(CARD)
    settings = IssuerSettings.read(agency)
    keys = open_keys(agency, settings.key_token)
    old = keys.authority(AUTHORITY).issue_leaf(
        keys.key(SIGNING).public_key, CertificateNames("Older", "Older"), now=system.now(), days=30,
        random_bytes=system.random_bytes,
    )  # fmt: skip
    keys.replace_chain(SIGNING, [Certificate.from_der(old.public_bytes(Encoding.DER))])
    with_card = settings.model_copy(update={"types_folder": types, "types": ("card",)})
    store = open_store(settings)
    with pytest.raises(
        ValueError,
        match=r"card cannot be issued, because the signing certificate was not made for this; `hoheit issuer certify`",
    ):
        open_issuer(with_card, store)
    open_issuer(settings.model_copy(update={"types": ("residence",)}), store)
    done(agency, "certify")
    open_issuer(with_card, store)
    store.database.dispose()
