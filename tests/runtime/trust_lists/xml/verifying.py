"""Verifying lists in XML, and who can sign them."""

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from protocol.trust.list_signature import ExpectedList, anchors_of
from protocol.trust.list_types import ListType
from runtime.trust_lists.xml.verifying import verify_xml_list
from tests.runtime.trust_lists.xml.lists import (
    OPERATOR,
    XADES,
    a_list,
    provider,
    service,
)
from tests.support.pki import NOW, Template, make_pki, self_signed

MORE = "http://www.w3.org/2001/04/xmldsig-more#"
PSS = "http://www.w3.org/2007/05/xmldsig-more#"
RSA_3000 = self_signed(Template(common_name="RSA", ca=False), rsa.generate_private_key(65537, 3072))
RSA_2048 = self_signed(Template(common_name="Weak RSA", ca=False), rsa.generate_private_key(65537, 2048))
P_384 = self_signed(Template(common_name="P-384", ca=False), ec.generate_private_key(ec.SECP384R1()))
P_224 = self_signed(Template(common_name="P-224", ca=False), ec.generate_private_key(ec.SECP224R1()))
STRANGER = make_pki(Template(common_name="Stranger"))
OTHER_LIST = a_list(provider(service(STRANGER.root.certificate)))


def verify(raw, *signers, now=NOW, list_type=ListType.TRUSTED_LIST):
    signers = tuple(one.certificate for one in signers or (OPERATOR,))
    return verify_xml_list(raw, ExpectedList(list_type, signers), now=now)


def issuers(found):
    return [anchor.certificate for anchor in anchors_of(found.says)]


def properties(raw):
    return raw.find(f".//{{{XADES}}}SignedSignatureProperties")
