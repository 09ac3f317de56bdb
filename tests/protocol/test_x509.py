"""Certificates: what is read, and what is refused before anybody asks whom it belongs to."""

import binascii
import contextlib
import datetime
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import Malformed, ProtocolError, TooLarge, Unsupported
from protocol.keys import PublicKey
from protocol.x509 import MAX_CERTIFICATE, MAX_CERTIFICATES, Certificate, read_x5c
from tests.support.pki import DAY, INTERMEDIATE, LEAF, NOW, Template, make_pki, quietly, self_signed

PKI = make_pki(replace(LEAF, dns_names=("issuer.example",), uris=("https://issuer.example/pid",)))
DEEP = make_pki(intermediates=(INTERMEDIATE,))
DER = PKI.leaf.der


def test_a_certificate_says_who_when_and_which_key():
    leaf = PKI.leaf.certificate
    assert leaf.public_key == PKI.signer.public_key
    assert (leaf.not_before, leaf.not_after) == (NOW - DAY, NOW + 365 * DAY)
    assert (leaf.dns_names, leaf.uris) == (("issuer.example",), ("https://issuer.example/pid",))
    assert leaf.subject == "CN=Issuing desk"
    assert leaf.authority_key_id == PKI.root.certificate.key_id
    assert leaf.key_id not in (None, leaf.authority_key_id)


def test_a_certificate_without_extensions_is_read():
    bare = self_signed(Template(ca=None, usages=None, key_ids=False)).certificate
    assert (bare.dns_names, bare.uris, bare.key_id, bare.authority_key_id) == ((), (), None, None)


@pytest.mark.parametrize(
    ("template", "name"),
    [
        (Template(common_name="Desk 7", organization="Bundesdruckerei"), "Bundesdruckerei"),
        (Template(common_name="Desk 7"), "Desk 7"),
    ],
)
def test_people_read_the_organisation_before_the_common_name(template, name):
    assert PKI.root.issue(template).certificate.common_name == name


def test_people_read_the_whole_subject_where_it_has_neither():
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "DE")])
    built = (
        x509.CertificateBuilder(subject, subject, key.public_key(), 1)
        .not_valid_before(datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC))
        .not_valid_after(datetime.datetime(2027, 1, 1, tzinfo=datetime.UTC))
    )
    der = built.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
    assert Certificate.from_der(der).common_name == "C=DE"


@pytest.mark.parametrize("name", ["*.issuer.example", "issuer.example.", "Issuer.Example", "issuer.example\0.evil"])
def test_names_are_read_as_they_stand(name):  # T085
    leaf = PKI.root.issue(replace(LEAF, common_name="issuer.example", dns_names=(name,))).certificate
    assert leaf.dns_names == (name,)


def test_a_common_name_is_no_dns_name():  # T085
    assert PKI.root.issue(Template(common_name="issuer.example")).certificate.dns_names == ()


def test_what_is_written_is_read_back():
    assert Certificate.from_x5c(PKI.leaf.certificate.to_x5c()) == PKI.leaf.certificate


@pytest.mark.parametrize("key", [rsa.generate_private_key(65537, 2048), ed448.Ed448PrivateKey.generate()])
def test_a_key_that_signs_no_tokens_is_refused_when_it_is_needed(key):
    leaf = PKI.root.issue(LEAF, key).certificate
    assert leaf.key is None
    with pytest.raises(Unsupported):
        _ = leaf.public_key


@pytest.mark.parametrize("spare", [0, 1, 2])
def test_x5c_has_one_spelling(spare):  # T015
    der = next(leaf.der for leaf in iter(PKI.root.issue, None) if len(leaf.der) % 3 == spare)
    text = binascii.b2a_base64(der, newline=False).decode()
    assert Certificate.from_x5c(text).der == der
    spellings = [text + "=", text + "==", text + "\n", " " + text, text.rstrip("="), text[:64] + "\n" + text[64:]]
    spellings.append(text.replace("+", "-").replace("/", "_") + "-")
    if spare:
        last = len(text.rstrip("=")) - 1
        spellings.append(text[:last] + chr(ord(text[last]) + 1) + text[last + 1 :])
    for spelling in spellings:
        if spelling != text:
            with pytest.raises(Malformed):
                Certificate.from_x5c(spelling)


@pytest.mark.parametrize("text", ["", "QUJD", "ü", "\ud800", "\x00"])
def test_what_is_no_certificate_is_refused(text):
    with pytest.raises(Malformed):
        Certificate.from_x5c(text)


@pytest.mark.parametrize(
    "der", [DER + b"\0", DER[:-1], b"\0" + DER, DER + DER], ids=["after", "missing", "before", "twice"]
)
def test_bytes_beside_a_certificate_are_refused(der):
    with pytest.raises(Malformed):
        Certificate.from_der(der)


def test_a_certificate_over_the_cap_is_refused_before_it_is_decoded():  # T018
    with pytest.raises(TooLarge):
        Certificate.from_der(b"0" * (MAX_CERTIFICATE + 1))
    with pytest.raises(TooLarge):
        Certificate.from_x5c("!" * (MAX_CERTIFICATE * 4 // 3 + 5))


def test_a_certificate_of_another_version_is_refused():
    version = DER.index(bytes.fromhex("a003020102"))
    with pytest.raises(Malformed):
        Certificate.from_der(DER[: version + 4] + b"\x04" + DER[version + 5 :])


def test_a_kind_of_key_that_nobody_knows_is_refused():
    unknown = PublicKey.to_spki(PKI.public_key)[:26].replace(bytes.fromhex("2a8648ce3d030107"), bytes(7) + b"\x01")
    broken = DER.replace(PublicKey.to_spki(PKI.public_key)[:26], unknown)
    assert broken != DER
    with pytest.raises(ProtocolError):
        _ = Certificate.from_der(broken).public_key


@pytest.mark.parametrize("count", [0, MAX_CERTIFICATES + 1, 20])
def test_a_chain_has_one_to_eight_certificates(count):  # T084
    with pytest.raises(Malformed) as refusal:
        read_x5c(["!"] * count)
    assert refusal.value.problem == f"must have 1 to {MAX_CERTIFICATES} certificates"


def test_a_certificate_twice_in_a_chain_is_refused():  # T084
    with pytest.raises(Malformed, match="twice"):
        read_x5c([*DEEP.x5c, DEEP.x5c[1]])


def test_a_chain_keeps_its_order():
    assert read_x5c(DEEP.x5c) == DEEP.certificates
    assert read_x5c(DEEP.x5c[::-1]) == DEEP.certificates[::-1]


def test_a_broken_element_is_named_by_its_place():
    with pytest.raises(Malformed) as refusal:
        read_x5c([PKI.x5c[0], "QUJD"], "header.x5c")
    assert refusal.value.at == "header.x5c[1]"


def with_broken_names():
    """A certificate whose alternative names are bytes that mean nothing."""
    names = x509.UnrecognizedExtension(x509.SubjectAlternativeName.oid, b"\x30\x05AB")
    return PKI.root.issue(replace(LEAF, extensions=((names, False),))).der


def test_a_broken_extension_is_refused_when_a_token_brings_it():
    with pytest.raises(Malformed, match="can be read"):
        Certificate.from_der(with_broken_names())


def test_what_a_listed_certificate_says_is_read_when_somebody_asks():
    text = binascii.b2a_base64(with_broken_names(), newline=False).decode()
    listed = Certificate.from_list(text, "list.val")
    assert listed.to_x5c() == text
    for _ in range(2):
        with pytest.raises(Malformed) as refusal:
            _ = listed.not_after
        assert refusal.value.at == "list.val"
    sound = Certificate.from_list(PKI.x5c[0], "list.val")
    assert (sound, sound.dns_names) == (PKI.leaf.certificate, ("issuer.example",))


@pytest.mark.parametrize("text", ["", "QUJD", "ü", PKI.x5c[0] + "=", PKI.x5c[0] + "\n", PKI.x5c[0][:-8], "!" * 30_000])
def test_what_is_no_certificate_is_refused_on_a_list_too(text):
    with pytest.raises(Malformed):
        Certificate.from_list(text, "list.val")


@given(st.binary(max_size=400))
def test_no_bytes_escape_the_error_family(der):
    with contextlib.suppress(ProtocolError), quietly():
        Certificate.from_der(der)
