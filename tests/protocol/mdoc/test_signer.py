"""Certificates that may sign documents or requests of readers: made for that, no authority's, of its authority's country."""

import hashlib
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.x509.oid import ExtendedKeyUsageOID

from protocol.errors import NotTrusted
from protocol.mdoc.signer import DOCUMENT_SIGNER, READER, check_document_signer, check_reader
from protocol.trust.anchors import Role, TrustAnchor, TrustAnchors
from protocol.x509 import Certificate
from tests.protocol.mdoc.samples import DESK, IACA, PKI, desk, issued, purposes, verify
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
