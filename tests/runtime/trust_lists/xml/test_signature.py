"""Who signed a trusted list in XML: one form is accepted, and each way to leave it is refused."""

import base64
import datetime
import hashlib

import pytest
from cryptography.hazmat.primitives import hashes
from lxml import etree

from protocol.errors import Malformed, NotAuthentic, NotTrusted, NotValidNow, Unsupported
from tests.runtime.trust_lists.xml.lists import (
    COMMISSION,
    DS,
    ECDSA_SHA256,
    ENVELOPED,
    EXCLUSIVE,
    INCLUSIVE,
    LIST,
    OPERATOR,
    SHA1,
    SHA384,
    SHA512,
    UNIVERSITY,
    XADES,
    sign,
    time,
)
from tests.runtime.trust_lists.xml.verifying import (
    MORE,
    P_224,
    P_384,
    PSS,
    RSA_2048,
    RSA_3000,
    issuers,
    properties,
    verify,
)
from tests.support.pki import DAY, NOW, Template, self_signed


def test_a_signed_list_is_believed():
    found = verify(sign(LIST))
    assert issuers(found) == [UNIVERSITY.root.certificate]
    assert found.signer == OPERATOR.certificate


@pytest.mark.parametrize(
    "how",
    [
        {"uri": "#list"},
        {"by": P_384, "method": f"{MORE}ecdsa-sha384", "hashing": hashes.SHA384, "digest": SHA384},
        {"by": OPERATOR, "method": f"{MORE}ecdsa-sha512", "hashing": hashes.SHA512, "digest": SHA512},
        {"by": RSA_3000, "method": f"{MORE}rsa-sha256"},
        {"by": RSA_3000, "method": f"{MORE}rsa-sha512", "hashing": hashes.SHA512, "digest": SHA512},
        {"by": RSA_3000, "method": f"{PSS}sha256-rsa-MGF1"},
        {"by": RSA_3000, "method": f"{PSS}sha384-rsa-MGF1", "hashing": hashes.SHA384},
    ],
    ids=["by its identifier", "P-384", "SHA-512", "RSA", "RSA with SHA-512", "PSS", "PSS with SHA-384"],
)
def test_strong_algorithms_are_accepted(how):
    assert issuers(verify(sign(LIST, **how), how.get("by", OPERATOR)))


def test_one_of_several_that_may_sign_is_enough():
    """TS 119 612 clause 5.3.13: so that keys can be changed."""
    assert issuers(verify(sign(LIST), COMMISSION, OPERATOR))


def test_the_references_may_stand_in_the_other_order():
    def swap(root):
        info = root.find(f"{{{DS}}}Signature/{{{DS}}}SignedInfo")
        info.append(info.find(f"{{{DS}}}Reference"))

    assert issuers(verify(sign(LIST, change=swap)))


# Another signer


def test_a_list_without_a_signature_is_refused():
    """T087"""
    with pytest.raises(Malformed, match="Signature: is missing"):
        verify(LIST.encode())


def test_a_list_signed_by_somebody_else_is_refused():
    """T087: whatever certificate it carries."""
    with pytest.raises(NotTrusted):
        verify(sign(LIST, by=COMMISSION))
    with pytest.raises(NotAuthentic):
        verify(sign(LIST, by=COMMISSION, named=(OPERATOR,), property_of=OPERATOR))


def test_whoever_the_signer_vouches_for_is_not_the_signer():
    """T087: there are no chains."""
    root = self_signed()
    below = root.issue(Template(common_name="List operator"))
    with pytest.raises(NotTrusted):
        verify(sign(LIST, by=below), root)


def test_nobody_may_sign_outside_the_time_of_their_certificate():
    early = self_signed(Template(ca=False, not_before=NOW + 1, not_after=NOW + DAY))
    late = self_signed(Template(ca=False, not_before=NOW - DAY, not_after=NOW - 1))
    for signer in (early, late):
        with pytest.raises(NotValidNow):
            verify(sign(LIST, by=signer), signer)


@pytest.mark.parametrize("named", [(OPERATOR, COMMISSION), (COMMISSION, OPERATOR)])
def test_a_signature_with_several_certificates_is_refused(named):
    """TS 119 612 clause 5.7.1: which one would be meant?"""
    with pytest.raises(Malformed, match="X509Data"):
        verify(sign(LIST, named=named))


def name_key(root):
    etree.SubElement(root.find(f"{{{DS}}}Signature/{{{DS}}}KeyInfo"), f"{{{DS}}}KeyName").text = "other"


def test_another_name_of_the_key_decides_nothing():
    """T087: it is neither needed nor believed."""
    assert verify(sign(LIST, after=name_key)).signer == OPERATOR.certificate
    with pytest.raises(NotTrusted):
        verify(sign(LIST, by=COMMISSION, after=name_key))
    with pytest.raises(NotAuthentic):
        verify(sign(LIST, by=COMMISSION, named=(OPERATOR,), property_of=OPERATOR, after=name_key))


def test_a_key_without_a_certificate_is_refused():
    def take(root):
        info = root.find(f"{{{DS}}}Signature/{{{DS}}}KeyInfo")
        info.remove(info.find(f"{{{DS}}}X509Data"))

    for after in (take, lambda root: (name_key(root), take(root))):
        with pytest.raises(Malformed, match="X509Data"):
            verify(sign(LIST, after=after))


def test_how_the_properties_are_canonicalized_may_be_left_to_the_standard():
    """XMLDSig §4.4.3.2; of the list itself it may not."""

    def leave(index):
        def change(root):
            reference = root.findall(f".//{{{DS}}}Reference")[index]
            reference.remove(reference.find(f"{{{DS}}}Transforms"))

        return change

    assert issuers(verify(sign(LIST, properties_transform=INCLUSIVE, change=leave(1))))
    with pytest.raises(Malformed, match="Transforms"):
        verify(sign(LIST, change=leave(0)))


def test_a_time_stamp_that_is_added_later_makes_no_other_list():
    """T088: what is not signed is not what a list is known by, so nobody on the way can spoil its number."""

    def stamp(root):
        container = root.find(f".//{{{XADES}}}QualifyingProperties")
        etree.SubElement(container, f"{{{XADES}}}UnsignedProperties").text = ""

    def comment(root):
        root.insert(0, etree.Comment("x"))

    first = verify(sign(LIST)).seen
    for after in (stamp, comment):
        assert verify(sign(LIST, after=after)).seen == first


def test_the_signed_properties_name_the_signer():
    """EN 319 132-1: else another certificate of the same key could be put in its place."""
    with pytest.raises(NotAuthentic):
        verify(sign(LIST, property_of=COMMISSION))


@pytest.mark.parametrize("missing", ["SigningTime", "SigningCertificateV2"])
def test_the_properties_that_level_b_asks_for_are_there(missing):
    def drop(root):
        found = properties(root)
        found.remove(found.find(f"{{{XADES}}}{missing}"))

    with pytest.raises((Malformed, NotAuthentic)):
        verify(sign(LIST, before=drop))


@pytest.mark.parametrize(
    ("moment", "refusal"),
    [
        (time(NOW + 3600), NotValidNow),
        ("2027-01-15T08:00:00", Malformed),
    ],
)
def test_the_time_of_signing_is_a_time_that_was(moment, refusal):
    with pytest.raises(refusal):
        verify(sign(LIST, signed_at=moment))


def test_the_time_of_signing_may_have_another_zone():
    moment = datetime.datetime.fromtimestamp(NOW, datetime.timezone(datetime.timedelta(hours=2))).isoformat()
    assert issuers(verify(sign(LIST, signed_at=moment)))


# Weak algorithms


@pytest.mark.parametrize(
    ("how", "signer"),
    [
        ({"method": f"{MORE}ecdsa-sha1", "hashing": hashes.SHA1}, OPERATOR),
        ({"digest": SHA1}, OPERATOR),
        ({"by": RSA_3000, "method": "http://www.w3.org/2000/09/xmldsig#rsa-sha1", "hashing": hashes.SHA1}, RSA_3000),
        ({"by": RSA_3000, "method": f"{PSS}sha1-rsa-MGF1", "hashing": hashes.SHA1}, RSA_3000),
        ({"by": RSA_2048, "method": f"{MORE}rsa-sha256"}, RSA_2048),
        ({"by": P_224}, P_224),
        ({"method": f"{MORE}hmac-sha256"}, OPERATOR),
        ({"method": "http://www.w3.org/2000/09/xmldsig#hmac-sha1"}, OPERATOR),
        ({"method": f"{MORE}ecdsa-sha224", "hashing": hashes.SHA224}, OPERATOR),
        ({"method": "urn:none"}, OPERATOR),
    ],
    ids=["SHA-1", "digests", "RSA SHA-1", "PSS SHA-1", "RSA 2048", "P-224", "HMAC", "HMAC SHA-1", "SHA-224", "none"],
)
def test_weak_algorithms_and_keys_are_refused(how, signer):
    """T087: also where the right key used them."""
    with pytest.raises(Unsupported):
        verify(sign(LIST, **how), signer)


def test_the_digest_of_the_certificate_is_strong_too():
    def weaken(root):
        properties(root).find(f".//{{{DS}}}DigestMethod").set("Algorithm", SHA1)
        digest = hashlib.sha1(OPERATOR.der, usedforsecurity=False).digest()
        properties(root).find(f".//{{{DS}}}DigestValue").text = base64.b64encode(digest).decode()

    with pytest.raises(Unsupported):
        verify(sign(LIST, before=weaken))


def test_a_method_of_another_kind_of_key_is_refused():
    with pytest.raises(NotAuthentic):
        verify(sign(LIST, by=RSA_3000, method=ECDSA_SHA256), RSA_3000)


def test_an_algorithm_with_parameters_is_refused():
    """A signature cut to a length of one bit holds always (CVE-2009-0217)."""

    def cut(root):
        method = root.find(f".//{{{DS}}}SignatureMethod")
        etree.SubElement(method, f"{{{DS}}}HMACOutputLength").text = "1"

    with pytest.raises(Unsupported, match="no parameters"):
        verify(sign(LIST, change=cut))


# Other references, other transforms


def first_reference(root):
    return root.find(f"{{{DS}}}Signature/{{{DS}}}SignedInfo/{{{DS}}}Reference")


@pytest.mark.parametrize(
    "transforms",
    [
        (EXCLUSIVE,),
        (ENVELOPED,),
        (EXCLUSIVE, ENVELOPED),
        (ENVELOPED, INCLUSIVE),
        (ENVELOPED, f"{EXCLUSIVE}WithComments"),
        (ENVELOPED, EXCLUSIVE, EXCLUSIVE),
        (ENVELOPED, "http://www.w3.org/TR/1999/REC-xpath-19991116", EXCLUSIVE),
        (ENVELOPED, "http://www.w3.org/TR/1999/REC-xslt-19991116"),
        (ENVELOPED, "http://www.w3.org/2000/09/xmldsig#base64"),
        (),
    ],
)
def test_a_list_that_is_transformed_in_another_way_is_refused(transforms):
    """TS 119 612 annex B.1.0: what is digested is the list, and not what a path or a program makes of it."""
    with pytest.raises((Malformed, Unsupported)):
        verify(sign(LIST, transforms=transforms))


@pytest.mark.parametrize("transform", [INCLUSIVE, f"{EXCLUSIVE}WithComments", ENVELOPED])
def test_properties_that_are_transformed_in_another_way_are_refused(transform):
    with pytest.raises(Unsupported):
        verify(sign(LIST, properties_transform=transform))


def test_the_reference_to_the_properties_says_so():
    """EN 319 132-1: whichever stands first."""

    def forget(root):
        info = root.find(f"{{{DS}}}Signature/{{{DS}}}SignedInfo")
        info.append(info.find(f"{{{DS}}}Reference"))
        del info.find(f"{{{DS}}}Reference").attrib["Type"]

    with pytest.raises(Malformed, match="signed properties"):
        verify(sign(LIST, change=forget))


def test_namespaces_that_are_treated_otherwise_are_refused():
    def include(root):
        transform = first_reference(root).findall(f".//{{{DS}}}Transform")[1]
        etree.SubElement(transform, f"{{{EXCLUSIVE}}}InclusiveNamespaces", PrefixList="x")

    with pytest.raises(Unsupported, match="no parameters"):
        verify(sign(LIST, change=include))


@pytest.mark.parametrize("method", [INCLUSIVE, f"{EXCLUSIVE}WithComments"])
def test_another_canonical_form_is_refused(method):
    with pytest.raises(Unsupported):
        verify(sign(LIST, canonicalization=method))


@pytest.mark.parametrize("uri", ["#other", "#props", "#sig", "https://elsewhere.example/list.xml", "#xpointer(/)"])
def test_a_reference_to_something_else_is_refused(uri):
    with pytest.raises(Malformed, match="leads to something else"):
        verify(sign(LIST, uri=uri))


def test_a_reference_without_an_address_is_refused():
    def take(root):
        del first_reference(root).attrib["URI"]

    with pytest.raises(Malformed, match="leads to something else"):
        verify(sign(LIST, change=take))


def test_further_references_are_refused():
    def repeat(root):
        info = root.find(f"{{{DS}}}Signature/{{{DS}}}SignedInfo")
        info.append(etree.fromstring(etree.tostring(first_reference(root))))

    with pytest.raises(Malformed, match="and nothing else"):
        verify(sign(LIST, change=repeat))


def test_a_signature_over_the_list_alone_is_refused():
    def forget(root):
        info = root.find(f"{{{DS}}}Signature/{{{DS}}}SignedInfo")
        info.remove(info.findall(f"{{{DS}}}Reference")[1])

    with pytest.raises(Malformed):
        verify(sign(LIST, change=forget))


def test_a_signature_over_its_properties_alone_is_refused():
    """T087: twice the properties, and the list not at all."""

    def turn(root):
        first, second = root.findall(f".//{{{DS}}}Reference")
        first.getparent().replace(first, etree.fromstring(etree.tostring(second)))

    with pytest.raises(Malformed):
        verify(sign(LIST, change=turn))
