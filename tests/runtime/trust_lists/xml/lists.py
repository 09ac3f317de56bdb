"""Trusted lists in XML to test with, and a signer of them that signs whatever it is told to."""

import base64
import datetime
import hashlib
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from lxml import etree

from protocol.trust.list_types import GRANTED, QUALIFIED_EAA_ISSUANCE, ListType
from tests.support.pki import DAY, NOW, Certified, Template, make_pki, self_signed

TSL = "http://uri.etsi.org/02231/v2#"
ADDITIONAL = "http://uri.etsi.org/02231/v2/additionaltypes#"
DS = "http://www.w3.org/2000/09/xmldsig#"
XADES = "http://uri.etsi.org/01903/v1.3.2#"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
INCLUSIVE = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
PROPERTIES = "http://uri.etsi.org/01903#SignedProperties"
DIGESTS = {
    "http://www.w3.org/2000/09/xmldsig#sha1": "sha1",
    "http://www.w3.org/2001/04/xmlenc#sha256": "sha256",
    "http://www.w3.org/2001/04/xmldsig-more#sha384": "sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512": "sha512",
}
SHA1, SHA256, SHA384, SHA512 = DIGESTS
ECDSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"

OPERATOR = self_signed(Template(common_name="List operator", ca=False))
COMMISSION = self_signed(Template(common_name="Commission", ca=False))
UNIVERSITY = make_pki(Template(common_name="University"))


def time(moment):
    """As lists write it."""
    return datetime.datetime.fromtimestamp(moment, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def names(tag, text):
    """A name in two languages."""
    return f'<{tag}><Name xml:lang="en">{text}</Name><Name xml:lang="de">{text} (de)</Name></{tag}>'


def digital_id(certificate):
    """A certificate, in lines as lists have it."""
    text = base64.encodebytes(certificate.der).decode()
    return (
        f"<DigitalId><X509Certificate>\n{text}</X509Certificate></DigitalId>"
        f"<DigitalId><X509SubjectName>CN=somebody</X509SubjectName></DigitalId>"
    )


def service(*certificates, kind=QUALIFIED_EAA_ISSUANCE, status=GRANTED, extensions="", history=""):
    """Something that a provider is trusted for."""
    return (
        f"<TSPService><ServiceInformation><ServiceTypeIdentifier>{kind}</ServiceTypeIdentifier>"
        f"{names('ServiceName', 'Attestations')}"
        f"<ServiceDigitalIdentity>{''.join(map(digital_id, certificates))}</ServiceDigitalIdentity>"
        f"<ServiceStatus>{status}</ServiceStatus><StatusStartingTime>{time(NOW)}</StatusStartingTime>"
        f"{extensions}</ServiceInformation>{history}</TSPService>"
    )


def extension(content, critical="true"):
    """An extension of a service."""
    found = f'<Extension Critical="{critical}">{content}</Extension>'
    return f"<ServiceInformationExtensions>{found}</ServiceInformationExtensions>"


def provider(*services, name="Trust Services"):
    """Somebody with these services."""
    return (
        f"<TrustServiceProvider><TSPInformation>{names('TSPName', name)}</TSPInformation>"
        f"<TSPServices>{''.join(services)}</TSPServices></TrustServiceProvider>"
    )


def pointer(url, *certificates, kind=ListType.TRUSTED_LIST, media_type="application/vnd.etsi.tsl+xml"):
    """Where another list is."""
    return (
        "<OtherTSLPointer><ServiceDigitalIdentities><ServiceDigitalIdentity>"
        f"{''.join(map(digital_id, certificates))}</ServiceDigitalIdentity></ServiceDigitalIdentities>"
        f"<TSLLocation>{url}</TSLLocation><AdditionalInformation>"
        f"<OtherInformation><TSLType>{kind}</TSLType></OtherInformation>"
        f"<OtherInformation>{names('SchemeOperatorName', 'The agency')}</OtherInformation>"
        "<OtherInformation><SchemeTerritory>DE</SchemeTerritory></OtherInformation>"
        f'<OtherInformation><a:MimeType xmlns:a="{ADDITIONAL}">{media_type}</a:MimeType></OtherInformation>'
        "</AdditionalInformation></OtherTSLPointer>"
    )


@dataclass(frozen=True, kw_only=True)
class Scheme:
    """What a list says of itself."""

    type: str = ListType.TRUSTED_LIST
    number: int | str = 7
    version: str = "6"
    tag: str = "http://uri.etsi.org/19612/TSLTag"
    issued: str = time(NOW)
    next_update: str = f"<dateTime>{time(NOW + 30 * DAY)}</dateTime>"
    pointers: str = ""
    extensions: str = ""


def a_list(*providers, scheme=Scheme(), **changes):
    """A list that is not signed."""
    scheme = Scheme(**changes) if changes else scheme
    pointers = f"<PointersToOtherTSL>{scheme.pointers}</PointersToOtherTSL>" if scheme.pointers else ""
    entities = f"<TrustServiceProviderList>{''.join(providers)}</TrustServiceProviderList>" if providers else ""
    return (
        f'<TrustServiceStatusList xmlns="{TSL}" Id="list" TSLTag="{scheme.tag}"><SchemeInformation>'
        f"<TSLVersionIdentifier>{scheme.version}</TSLVersionIdentifier>"
        f"<TSLSequenceNumber>{scheme.number}</TSLSequenceNumber><TSLType>{scheme.type}</TSLType>"
        f"{names('SchemeOperatorName', 'The agency')}{names('SchemeName', 'DE:Trusted list')}"
        f"<SchemeTerritory>DE</SchemeTerritory>{pointers}<ListIssueDateTime>{scheme.issued}</ListIssueDateTime>"
        f"<NextUpdate>{scheme.next_update}</NextUpdate>{scheme.extensions}"
        f"</SchemeInformation>{entities}</TrustServiceStatusList>"
    )


LIST = a_list(provider(service(UNIVERSITY.root.certificate)))


def no_change(root):
    """Leaves a list as it is."""


@dataclass(frozen=True, kw_only=True)
class Signing:
    """How a list is signed. `before` changes what is digested, `change` what is signed then, and `after` what was signed."""

    by: Certified = OPERATOR
    named: tuple[Certified, ...] | None = None  # in `KeyInfo`; None: who signs
    property_of: Certified | None = None  # in the signed properties; None: who signs
    method: str = ECDSA_SHA256
    hashing: type[hashes.HashAlgorithm] = hashes.SHA256
    digest: str = SHA256
    uri: str = ""
    transforms: tuple[str, ...] = (ENVELOPED, EXCLUSIVE)
    properties_transform: str = EXCLUSIVE
    canonicalization: str = EXCLUSIVE
    signed_at: str = time(NOW)
    before: object = no_change
    change: object = no_change
    after: object = no_change


def sign(text, how=None, **changes):
    """A list with its signature, as it is published."""
    how = how or Signing(**changes)
    root = etree.fromstring(text)
    digest = _digest(root, how)
    signature = etree.fromstring(_signature(how, digest))
    root.append(signature)
    how.before(root)
    properties = signature.find(f".//{{{XADES}}}SignedProperties")
    if properties is not None:
        signature.findall(f".//{{{DS}}}DigestValue")[1].text = _digest(
            properties, how, exclusive=how.properties_transform == EXCLUSIVE
        )
    how.change(root)
    info = _canonical(signature.find(f"{{{DS}}}SignedInfo"), exclusive=how.canonicalization == EXCLUSIVE)
    signature.find(f"{{{DS}}}SignatureValue").text = base64.b64encode(_sign(info, how)).decode()
    how.after(root)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _canonical(element, *, exclusive=True):
    return etree.tostring(element, method="c14n", exclusive=exclusive, with_comments=False)


def _digest(element, how, *, exclusive=True):
    canonical = _canonical(element, exclusive=exclusive)
    return base64.b64encode(hashlib.new(DIGESTS[how.digest], canonical).digest()).decode()


def _sign(data, how):
    key, hashing = how.by.private_key, how.hashing()
    if isinstance(key, rsa.RSAPrivateKey):
        pss = padding.PSS(padding.MGF1(hashing), hashing.digest_size)
        return key.sign(data, pss if "MGF1" in how.method else padding.PKCS1v15(), hashing)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    size = (key.key_size + 7) // 8
    return b"".join(n.to_bytes(size, "big") for n in decode_dss_signature(key.sign(data, ec.ECDSA(hashing))))


def _signature(how, digest):
    transforms = "".join(f'<ds:Transform Algorithm="{name}"/>' for name in how.transforms)
    certificates = "".join(
        f"<ds:X509Certificate>{base64.encodebytes(one.der).decode()}</ds:X509Certificate>"
        for one in (how.named or (how.by,))
    )
    named = hashlib.new(DIGESTS[how.digest], (how.property_of or how.by).der).digest()
    method = f'<ds:DigestMethod Algorithm="{how.digest}"/>'
    return f"""<ds:Signature xmlns:ds="{DS}" Id="sig"><ds:SignedInfo
><ds:CanonicalizationMethod Algorithm="{how.canonicalization}"/><ds:SignatureMethod Algorithm="{how.method}"
/><ds:Reference URI="{how.uri}"><ds:Transforms>{transforms}</ds:Transforms>{method}<ds:DigestValue>{
        digest
    }</ds:DigestValue></ds:Reference
><ds:Reference Type="{PROPERTIES}" URI="#props"><ds:Transforms><ds:Transform Algorithm="{
        how.properties_transform
    }"/></ds:Transforms>{
        method
    }<ds:DigestValue>-</ds:DigestValue></ds:Reference></ds:SignedInfo><ds:SignatureValue>-</ds:SignatureValue
><ds:KeyInfo><ds:X509Data>{certificates}</ds:X509Data></ds:KeyInfo
><ds:Object><xades:QualifyingProperties xmlns:xades="{XADES}" Target="#sig"><xades:SignedProperties Id="props"
><xades:SignedSignatureProperties><xades:SigningTime>{how.signed_at}</xades:SigningTime
><xades:SigningCertificateV2><xades:Cert><xades:CertDigest>{method}<ds:DigestValue>{
        base64.b64encode(named).decode()
    }</ds:DigestValue></xades:CertDigest></xades:Cert></xades:SigningCertificateV2
></xades:SignedSignatureProperties></xades:SignedProperties></xades:QualifyingProperties></ds:Object></ds:Signature>"""
