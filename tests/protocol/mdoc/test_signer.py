"""Certificates that may sign documents or requests of readers: made for that, no authority's, of its authority's country."""

import datetime
import hashlib
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from protocol.errors import NotTrusted
from protocol.mdoc.signer import DOCUMENT_SIGNER, READER, check_document_signer, check_issuing_place, check_reader
from protocol.trust.anchors import Role, TrustAnchor, TrustAnchors
from protocol.x509 import Certificate
from tests.protocol.mdoc.samples import DESK, IACA, NATIONAL, PKI, SPACE, desk, issued, purposes, verify
from tests.support.pki import DAY, INTERMEDIATE, LEAF, NOW, make_pki

AT = "credential"
ECDSA_WITH_SHA_256 = bytes.fromhex("300a06082a8648ce3d040302")
ECDSA_WITH_SHA_1 = bytes.fromhex("300906072a8648ce3d0401")


def party(pki, role=Role.ISSUER):
    anchors = TrustAnchors([TrustAnchor(pki.root.certificate, role, "Authority")])
    return anchors.chain(pki.certificates, role=role, now=NOW, at=AT)


def refused(pki):
    """By the check alone, and by the whole verification."""
    with pytest.raises(NotTrusted) as refusal:
        check_document_signer(party(pki), AT)
    with pytest.raises(NotTrusted):
        verify(issued(pki=pki), anchors=pki.anchors)
    return refusal.value.description


def test_a_certificate_that_was_made_for_it_signs_documents():
    check_document_signer(party(PKI), AT)
    assert verify(issued())


@pytest.mark.parametrize(
    "extensions",
    [
        (),
        (purposes(READER),),
        (purposes(ExtendedKeyUsageOID.CLIENT_AUTH),),
        (purposes(ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE),),
        (purposes(x509.ObjectIdentifier("1.0.18013.5.1.20")),),
    ],
)
def test_a_certificate_that_was_made_for_something_else_signs_no_documents(extensions):  # T056
    assert "not made for this" in refused(desk(extensions=extensions))


def test_a_certificate_may_have_further_purposes():
    check_document_signer(party(desk(extensions=(purposes(ExtendedKeyUsageOID.CLIENT_AUTH, DOCUMENT_SIGNER),))), AT)


def test_a_reader_signs_requests_and_no_documents():  # T056
    reader = desk(extensions=(purposes(READER),))
    check_reader(party(reader, Role.VERIFIER), AT)
    for wrong in (PKI, make_pki(LEAF)):
        with pytest.raises(NotTrusted, match="not made for this"):
            check_reader(party(wrong, Role.VERIFIER), AT)


def test_an_authority_signs_no_documents():  # T056
    authority = desk(ca=True, usages=("digital_signature", "key_cert_sign"))
    with pytest.raises(NotTrusted):
        verify(issued(pki=authority), anchors=authority.anchors)
    with pytest.raises(NotTrusted, match="authority"):
        check_document_signer(replace(party(PKI), chain=authority.certificates), AT)


@pytest.mark.parametrize(("of_signer", "of_authority"), [("DE", "FR"), ("FR", "DE")])
def test_a_signer_of_another_country_than_its_authority_is_refused(of_signer, of_authority):  # T056
    assert "country" in refused(desk(country=of_signer, root=replace(IACA, country=of_authority)))


@pytest.mark.parametrize(("of_signer", "of_authority"), [(None, "DE"), ("DE", None), (None, None), ("de", "DE")])
def test_a_country_counts_where_both_say_one(of_signer, of_authority):
    check_document_signer(party(desk(country=of_signer, root=replace(IACA, country=of_authority))), AT)


def test_a_licence_says_the_country_of_its_signer():  # T056
    pki = desk(country="DE")
    assert verify(issued(pki=pki, elements={SPACE: {"issuing_country": "DE"}}), anchors=pki.anchors)
    with pytest.raises(NotTrusted, match="another issuing_country than its signer"):
        verify(issued(pki=pki, elements={SPACE: {"issuing_country": "AT"}}), anchors=pki.anchors)


def test_where_a_certificate_says_no_state_none_is_another_one():
    assert verify(issued(elements={SPACE: {"issuing_jurisdiction": "DE-BB"}}))


def test_a_state_in_a_certificate_counts_too():  # T056
    leaf = Certificate.from_der(_with_state("DE-BB"))
    check_issuing_place(leaf, {"issuing_country": "DE", "issuing_jurisdiction": "DE-BB"}, AT)
    check_issuing_place(leaf, {"issuing_country": "de"}, AT)
    check_issuing_place(leaf, {}, AT)
    for wrong in (
        {"issuing_jurisdiction": "DE-BE"},
        {"issuing_country": "FR"},
        {"issuing_country": None},
        {"issuing_country": 7},
    ):
        with pytest.raises(NotTrusted):
            check_issuing_place(leaf, wrong, AT)


def test_what_a_document_of_another_kind_says_of_a_place_is_its_own_matter():
    assert verify(issued(elements={NATIONAL: {"issuing_country": "FR"}}))


def test_a_signer_without_a_country_is_of_any():
    pki = desk(country=None, root=replace(IACA, country=None))
    assert verify(issued(pki=pki, elements={SPACE: {"issuing_country": "FR"}}), anchors=pki.anchors)


def _with_state(state):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [x509.NameAttribute(NameOID.COUNTRY_NAME, "DE"), x509.NameAttribute(NameOID.STATE_OR_PROVINCE_NAME, state)]
    )
    begins = datetime.datetime.fromtimestamp(NOW, datetime.UTC)
    builder = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    )
    builder = builder.not_valid_before(begins).not_valid_after(begins + datetime.timedelta(days=1))
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


@pytest.mark.parametrize("times", [{"not_before": NOW - 2 * DAY}, {"not_after": NOW + 400 * DAY}])
def test_a_signer_that_holds_longer_than_its_authority_is_refused(times):  # T056
    assert "longer" in refused(desk(**times))


def test_a_signer_may_hold_as_long_as_its_authority():
    check_document_signer(party(desk(not_before=IACA.not_before, not_after=IACA.not_after)), AT)


def test_a_signature_with_sha_1_leads_nowhere():  # T056
    weak = Certificate.from_der(_signed_with_sha_1())
    assert weak.key == PKI.public_key
    with pytest.raises(NotTrusted):
        PKI.anchors.chain((weak,), role=Role.ISSUER, now=NOW, at=AT)


def test_a_certificate_that_is_trusted_by_itself_is_made_for_it_too():  # T056
    for extensions, good in (((purposes(DOCUMENT_SIGNER),), True), ((), False)):
        pki = desk(extensions=extensions)
        anchors = TrustAnchors([TrustAnchor(pki.leaf.certificate, Role.ISSUER, "List")])
        alone = anchors.chain(pki.certificates, role=Role.ISSUER, now=NOW, at=AT)
        if good:
            check_document_signer(alone, AT)
        else:
            with pytest.raises(NotTrusted):
                check_document_signer(alone, AT)


def test_authorities_between_are_allowed():
    check_document_signer(party(make_pki(DESK, root=IACA, intermediates=(INTERMEDIATE,))), AT)


def test_somebody_without_a_certificate_signs_no_documents():
    with pytest.raises(NotTrusted, match="no certificate"):
        check_document_signer(replace(party(PKI), chain=()), AT)


def _signed_with_sha_1():
    """The signer's certificate, signed again by its authority with a hash that nobody should use."""
    root = PKI.root.private_key
    assert isinstance(root, ec.EllipticCurvePrivateKey)
    content = PKI.leaf.x509.tbs_certificate_bytes[4:]
    assert content.count(ECDSA_WITH_SHA_256) == 1
    to_be_signed = _sequence(content.replace(ECDSA_WITH_SHA_256, ECDSA_WITH_SHA_1))
    digest = hashlib.sha1(to_be_signed, usedforsecurity=False).digest()
    signature = b"\0" + root.sign(digest, ec.ECDSA(utils.Prehashed(hashes.SHA1())))
    return _sequence(to_be_signed + ECDSA_WITH_SHA_1 + bytes((0x03, len(signature))) + signature)


def _sequence(content):
    return b"\x30\x82" + len(content).to_bytes(2, "big") + content
