"""Who signed a trusted list in XML: XAdES Baseline B, enveloped, over the whole list (TS 119 612 clause 5.7, annex B.1).

XML signatures can sign parts of a document, transformed in ways that the signature chooses; most attacks live there. So one
form alone is accepted: one signature, the last child of the list, over the list without it and over the properties of
signing, both canonicalized exclusively. Everything else is refused before a key is touched. What is handed on is the element
as it was digested, and never the document that came.

The certificate of the signer was given to us before; what the signature says of it only chooses between those. Nothing is
read that is not signed: time stamps and other additions after the fact are left alone.
"""

from __future__ import annotations

import datetime
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from lxml import etree
from lxml.etree import _Element
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.xades.xades import XAdESSignatureConfiguration, XAdESVerifier

from protocol.errors import Malformed, NotAuthentic, NotValidNow, Unsupported
from protocol.trust.list_signature import CLOCK_SKEW, ExpectedList, check_signer
from protocol.x509 import MAX_CERTIFICATE, Certificate
from runtime.trust_lists.xml.parsing import Node, safe_parser

DS = "{http://www.w3.org/2000/09/xmldsig#}"
XADES = "{http://uri.etsi.org/01903/v1.3.2#}"
MIN_RSA = 3000  # bits; TS 119 312 for keys that are used for three years
MIN_EC = 256  # bits

_EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
_ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
_SIGNED_PROPERTIES = "http://uri.etsi.org/01903#SignedProperties"
_METHODS = frozenset(
    [
        SignatureMethod.RSA_SHA256,
        SignatureMethod.RSA_SHA384,
        SignatureMethod.RSA_SHA512,
        SignatureMethod.SHA256_RSA_MGF1,
        SignatureMethod.SHA384_RSA_MGF1,
        SignatureMethod.SHA512_RSA_MGF1,
        SignatureMethod.ECDSA_SHA256,
        SignatureMethod.ECDSA_SHA384,
        SignatureMethod.ECDSA_SHA512,
    ]
)
_DIGESTS = frozenset([DigestAlgorithm.SHA256, DigestAlgorithm.SHA384, DigestAlgorithm.SHA512])
_METHOD_NAMES = frozenset([method.value for method in _METHODS])
_DIGEST_NAMES = frozenset([algorithm.value for algorithm in _DIGESTS])


class SignedList(NamedTuple):
    """The list as it was signed, without its signature, and by whom."""

    root: Node
    raw: bytes  # its canonical form
    signer: Certificate


class _Form(NamedTuple):
    """What a signature says of itself, in the one form that is accepted."""

    document: int  # which of its references is to the list
    properties: int  # which is to the properties of signing
    signer: Certificate


def verify_signature(raw: bytes, root: Node, expected: ExpectedList, *, now: int) -> SignedList:
    """Check the signature of a list; `root` is `raw` as it was parsed.

    Raises:
        Malformed: it is signed in another form, or not at all.
        Unsupported: with an algorithm or a key that is not strong enough.
        NotTrusted: by somebody else than was expected.
        NotValidNow: the signer's certificate is outside its time, or the time of signing is in the future.
        NotAuthentic: the signature does not hold.
    """
    form = _check_form(root)
    check_signer(form.signer, expected, now=now)
    certificate = x509.load_der_x509_certificate(form.signer.der)
    _check_key(certificate, root.at)
    config = XAdESSignatureConfiguration(
        location="./",
        expect_references=2,
        signature_methods=_METHODS,
        digest_algorithms=_DIGESTS,
        ignore_ambiguous_key_info=True,
        default_reference_c14n_method=CanonicalizationMethod.CANONICAL_XML_1_0,
        verification_time=datetime.datetime.fromtimestamp(now, datetime.UTC),
    )
    try:
        results = XAdESVerifier().verify(raw, x509_cert=certificate, parser=safe_parser(), expect_config=config)
    except (SignXMLException, etree.LxmlError, UnsupportedAlgorithm, ValueError, TypeError) as error:
        # What the library says would repeat what stands there
        raise NotAuthentic(f"{root.at}: the signature does not hold") from error
    _check_properties(_signed(results[form.properties].signed_xml, f"{XADES}SignedProperties", root.at), now)
    signed = _signed(results[form.document].signed_xml, str(root.element.tag), root.at)
    return SignedList(signed, results[form.document].signed_data, form.signer)


def _signed(element: _Element | None, tag: str, at: str) -> Node:
    """What was digested, read again; that it is what it should be follows from the form, and is seen here once more."""
    if element is None or element.tag != tag or next(element.iter(f"{DS}Signature"), None) is not None:
        raise NotAuthentic(f"{at}: the signature is over something else")
    return Node(element, at)


def _check_form(root: Node) -> _Form:
    signature = root.child(f"{DS}Signature")
    if list(root.element.iter(f"{DS}Signature")) != [signature.element]:
        raise Malformed(signature.at, "stands there twice")
    if root.element[-1] is not signature.element:
        raise Malformed(signature.at, "must stand last")
    info = signature.child(f"{DS}SignedInfo")
    _check_tags(info, "CanonicalizationMethod", "SignatureMethod", "Reference", "Reference")
    _check_algorithm(info.child(f"{DS}CanonicalizationMethod"), _EXCLUSIVE)
    _check_algorithm(info.child(f"{DS}SignatureMethod"), *_METHOD_NAMES)
    container = signature.child(f"{DS}Object").child(f"{XADES}QualifyingProperties")
    document, properties = _references(info, root, container.child(f"{XADES}SignedProperties"))
    return _Form(document, properties, _signer(signature.child(f"{DS}KeyInfo")))


def _references(info: Node, root: Node, properties: Node) -> tuple[int, int]:
    """Which reference is to the list, and which to the properties of signing; there are just these two."""
    references = info.children(f"{DS}Reference", max_items=2)
    second = int(references[1].attribute("Type") == _SIGNED_PROPERTIES)
    to_list, to_properties = references[1 - second], references[second]
    if to_properties.attribute("Type") != _SIGNED_PROPERTIES:
        raise Malformed(to_properties.at, "must be to the signed properties")
    identifiers = _identifiers(root.element)
    if to_list.attribute("URI") != "":
        _check_target(to_list, root, identifiers)
    _check_target(to_properties, properties, identifiers)
    _check_transforms(to_list, _ENVELOPED, _EXCLUSIVE)
    # Some leave it to the standard how these are canonicalized (XMLDSig §4.4.3.2); what is read of them is read either way
    if to_properties.optional_child(f"{DS}Transforms") is not None:
        _check_transforms(to_properties, _EXCLUSIVE)
    for reference in references:
        _check_algorithm(reference.child(f"{DS}DigestMethod"), *_DIGEST_NAMES)
    return 1 - second, second


def _identifiers(root: _Element) -> list[str]:
    """Every identifier that stands in a document, whichever way it is spelled."""
    return [
        str(value)
        for element in root.iter(etree.Element)
        for name, value in element.attrib.items()
        if str(name).rpartition("}")[2].lower() == "id"
    ]


def _check_target(reference: Node, target: Node, identifiers: list[str]) -> None:
    """That a reference leads to an element, and can lead to no other."""
    identifier = target.attribute("Id")
    if not identifier or reference.attribute("URI") != f"#{identifier}":
        raise Malformed(reference.at, "leads to something else")
    if identifiers.count(identifier) != 1:
        raise Malformed(reference.at, "leads to several things")


def _check_transforms(reference: Node, *expected: str) -> None:
    transforms = reference.child(f"{DS}Transforms").children(f"{DS}Transform", max_items=len(expected))
    _check_tags(reference.child(f"{DS}Transforms"), *["Transform"] * len(expected))
    for transform, algorithm in zip(transforms, expected, strict=True):
        _check_algorithm(transform, algorithm)


def _check_tags(node: Node, *names: str) -> None:
    """That exactly these elements stand below another, in this order."""
    if [found.element.tag for found in node.elements()] != [f"{DS}{name}" for name in names]:
        raise Malformed(node.at, f"must hold {', '.join(names)}, and nothing else")


def _check_algorithm(node: Node, *accepted: str) -> None:
    # Parameters, such as a length to cut a signature to, or namespaces that are treated in another way
    if len(node.element):
        raise Unsupported(f"{node.at}: must have no parameters")
    if node.attribute("Algorithm") not in accepted:
        raise Unsupported(f"{node.at}: this algorithm is not accepted")


def _signer(info: Node) -> Certificate:
    """Who says to have signed (clause 5.7.1: the certificate of the operator, and no chain).

    Other names of the key may stand beside it; the key is always that of a certificate which was given to us.
    """
    certificate = info.child(f"{DS}X509Data").child(f"{DS}X509Certificate")
    return Certificate.from_x5c(certificate.binary(max_length=MAX_CERTIFICATE * 2), certificate.at)


def _check_key(certificate: x509.Certificate, at: str) -> None:
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Unsupported(f"{at}: the signer's key cannot be read") from error
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= MIN_RSA:
        return
    if isinstance(key, ec.EllipticCurvePublicKey) and key.key_size >= MIN_EC:
        return
    raise Unsupported(f"{at}: the signer's key is not strong enough")


def _check_properties(properties: Node, now: int) -> None:
    """The properties that level B asks for: when, and with which certificate (annex B.1.1, EN 319 132-1 §5.2)."""
    signing = properties.child(f"{XADES}SignedSignatureProperties")
    moment = signing.child(f"{XADES}SigningTime")
    try:
        signed_at = datetime.datetime.fromisoformat(moment.text(max_length=64))
    except ValueError as error:
        raise Malformed(moment.at, "is no time") from error
    if signed_at.tzinfo is None:
        raise Malformed(moment.at, "must say its time zone")
    if signed_at.timestamp() > now + CLOCK_SKEW:
        raise NotValidNow(f"{properties.at}: is from the future")
    # That it is the digest of the signer's certificate, the library has checked; by which algorithm, it leaves to us
    named = signing.child(f"{XADES}SigningCertificateV2").child(f"{XADES}Cert").child(f"{XADES}CertDigest")
    _check_algorithm(named.child(f"{DS}DigestMethod"), *_DIGEST_NAMES)
