"""What ISO/IEC 18013-5 annex B wants of an authority and of its document signers, and what a lost key leads to."""

import datetime

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from issuer.app import open_issuer, open_store
from issuer.config import IssuerSettings
from issuer.installation import SIGNER_DAYS, NewIssuer, certify_anew, set_up_issuer
from issuer.revoked import FILE, read_revoked
from protocol.crl import RevocationReason
from protocol.encoding import JsonObject
from protocol.errors import Malformed, NotTrusted
from protocol.exchange import run
from protocol.formats import Issuance, format_of
from protocol.mdoc.signer import DOCUMENT_SIGNER
from protocol.mdoc.values import Scalar
from protocol.sdjwt.issue import Frame
from protocol.trust.anchors import Role, TrustAnchor, TrustAnchors
from protocol.x509 import Certificate
from runtime.anchors import read_certificate
from runtime.installation import AUTHORITY_FILE, open_keys
from runtime.system import random_bytes
from tests.support.pki import DAY, NOW, seeded_key

URL = "https://agency.example"
CRL = "https://agency.example/authority.crl"
MDL, SPACE = "org.iso.18013.5.1.mDL", "org.iso.18013.5.1"


@pytest.fixture
def settings(tmp_path):
    new = NewIssuer(tmp_path / "issuer", URL, (("de", "Amt"),), ("mdl",), country="AT")
    set_up_issuer(new, now=NOW, random_bytes=random_bytes)
    return IssuerSettings.read(new.data)


def certificate(settings, name):
    return x509.load_pem_x509_certificate((settings.data / f"{name}.pem").read_bytes())


def extension(found, kind):
    """An extension with whether it is critical."""
    held = found.extensions.get_extension_for_class(kind)
    return held.value, held.critical


def places(found):
    """Where the authority is reached, and its list is; none of both is critical."""
    (names, first), (points, second) = (
        extension(found, x509.IssuerAlternativeName),
        extension(found, x509.CRLDistributionPoints),
    )
    assert not first
    assert not second
    [point] = points
    assert (point.reasons, point.crl_issuer) == (None, None)
    return [name.value for name in names], [name.value for name in point.full_name]


def test_the_authority_is_what_annex_b_1_2_wants(settings):
    root = certificate(settings, "authority")
    assert root.version is x509.Version.v3
    assert root.subject == root.issuer
    assert [one.value for one in root.subject.get_attributes_for_oid(NameOID.COUNTRY_NAME)] == ["AT"]
    assert root.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    assert 1 << 64 < root.serial_number < 1 << 160
    assert root.not_valid_after_utc - root.not_valid_before_utc <= datetime.timedelta(days=20 * 365)
    usage, critical = extension(root, x509.KeyUsage)
    assert (usage.key_cert_sign, usage.crl_sign, usage.digital_signature, critical) == (True, True, False, True)
    constraints, critical = extension(root, x509.BasicConstraints)
    assert (constraints.ca, constraints.path_length, critical) == (True, 0, True)
    assert extension(root, x509.SubjectKeyIdentifier)[1] is False
    assert places(root) == ([URL], [CRL])


@pytest.mark.parametrize("anew", [False, True], ids=["at first", "by certify"])
def test_a_signer_is_what_annex_b_1_4_wants(settings, anew):
    if anew:
        certify_anew(settings, now=NOW + DAY, random_bytes=random_bytes)
    root, leaf = certificate(settings, "authority"), certificate(settings, "signing")
    assert leaf.issuer == root.subject
    assert [one.value for one in leaf.subject.get_attributes_for_oid(NameOID.COUNTRY_NAME)] == ["AT"]
    assert leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc == datetime.timedelta(days=SIGNER_DAYS)
    assert SIGNER_DAYS <= 457
    usage, critical = extension(leaf, x509.KeyUsage)
    assert (usage.digital_signature, usage.key_cert_sign, usage.crl_sign, critical) == (True, False, False, True)
    purposes, critical = extension(leaf, x509.ExtendedKeyUsage)
    assert ([*purposes], critical) == ([DOCUMENT_SIGNER], True)
    own, _ = extension(root, x509.SubjectKeyIdentifier)
    assert extension(leaf, x509.AuthorityKeyIdentifier)[0].key_identifier == own.digest
    assert places(leaf) == places(root)
    # Wallets that look up who offers them something find the list there
    assert Certificate.from_x5c(open_keys(settings.data, None).signer("signing").x5c[0]).crl_uris == (CRL,)


def document(settings, country):
    """A licence that says a country, signed by the issuer of a folder; verified by whoever trusts its authority."""
    signing = open_keys(settings.data, None).signer("signing")
    form = format_of("mso_mdoc")
    claims: JsonObject = {SPACE: {"issuing_country": country}}
    kinds = {SPACE: {"issuing_country": Scalar.TEXT}}
    form.check_claims(claims, signing)
    issuance = Issuance(MDL, claims, Frame(), seeded_key(7).public_key, NOW, NOW + DAY, None, kinds=kinds)
    raw = form.issue(issuance, signing, random_bytes)
    anchor = read_certificate((settings.data / AUTHORITY_FILE).read_bytes(), AUTHORITY_FILE)
    anchors = TrustAnchors([TrustAnchor(anchor, Role.ISSUER, "Office", frozenset({MDL}))])
    return run(form.verify_issued(raw, anchors=anchors, now=NOW), lambda _: pytest.fail("nothing is fetched"))


def test_a_licence_says_the_country_of_the_office_or_is_not_signed(settings):  # T056
    assert document(settings, "AT").claims == {SPACE: {"issuing_country": "AT"}}
    with pytest.raises(NotTrusted, match="document: has another issuing_country than its signer"):
        document(settings, "DE")


def test_a_lost_key_is_replaced_and_its_certificate_is_on_the_list(settings):
    old = certificate(settings, "signing")
    certify_anew(settings, now=NOW + 5, random_bytes=random_bytes, new_key=True)
    new = certificate(settings, "signing")
    assert new.public_key() != old.public_key()
    [entry] = read_revoked(settings.data)
    assert entry == (old.serial_number, NOW + 5, RevocationReason.KEY_COMPROMISE)
    store = open_store(settings)
    issuer = open_issuer(settings, store)
    assert issuer.signers.revoked() == (entry,)
    assert issuer.signers.authority is not None
    store.database.dispose()
    certify_anew(settings, now=NOW + 9, random_bytes=random_bytes)
    assert read_revoked(settings.data) == (entry,)


def test_where_it_cannot_be_said_what_was_revoked_no_key_is_replaced(settings):
    (settings.data / FILE).write_text("certificates = 7")
    before = {file.name: file.read_bytes() for file in settings.data.iterdir() if file.is_file()}
    with pytest.raises(Malformed, match=r"revoked\.toml"):
        certify_anew(settings, now=NOW, random_bytes=random_bytes, new_key=True)
    assert {file.name: file.read_bytes() for file in settings.data.iterdir() if file.is_file()} == before


def test_an_interrupted_replacement_is_made_good_by_the_same_command(settings):
    """The old certificate is revoked first, so nobody goes on with a key that others may have."""
    old = certificate(settings, "signing")
    open_keys(settings.data, None).replace_key("signing", random_bytes)
    certify_anew(settings, now=NOW, random_bytes=random_bytes, new_key=True)
    assert [entry.serial_number for entry in read_revoked(settings.data)] == [old.serial_number]
    assert len(open_keys(settings.data, None).signer("signing").x5c) == 1
