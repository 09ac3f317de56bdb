"""Lists of revoked certificates, and chains that name them."""

import datetime
from dataclasses import replace

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from protocol.crl import (
    verify_crl,
)
from protocol.trust.anchors import Role
from runtime.certificates import Authority
from runtime.crl import issue_crl
from tests.support.pki import INTERMEDIATE, LEAF, NOW, make_pki

URI = "https://registrar.example/access.crl"
ABOVE = "https://root.example/authorities.crl"
HOUR = 3600


def points(*uris, **parts):
    names = [x509.UniformResourceIdentifier(uri) for uri in uris]
    whole = {"relative_name": None, "reasons": None, "crl_issuer": None}
    return ((x509.CRLDistributionPoints([x509.DistributionPoint(names, **{**whole, **parts})]), False),)


def chain_of(uris=(URI,), intermediates=()):
    return make_pki(
        replace(LEAF, extensions=points(*uris) if uris else ()), intermediates=intermediates, role=Role.VERIFIER
    )


def trusted(pki):
    return pki.anchors.chain(pki.certificates, role=Role.VERIFIER, now=NOW, at="x5c")


def authority_of(certified):
    return Authority(certified.signer, certified.x509)


PKI = chain_of()
ROOT = PKI.root.certificate
PARTY = trusted(PKI)
SERIAL = PKI.leaf.certificate.serial_number
DEEP = chain_of(intermediates=(replace(INTERMEDIATE, extensions=points(ABOVE)),))


def crl(*revoked, authority=PKI.root, number=5, now=NOW, lifetime=HOUR):
    return issue_crl(authority_of(authority), revoked, number=number, now=now, lifetime=lifetime)


def verified(*revoked, **how):
    return verify_crl(crl(*revoked, **how), ROOT, uri=URI, now=NOW)


def other_crl(*extensions, key=None, algorithm=None, entries=(), next_update=True, issuer=None, own=True):
    """A list as nobody of ours makes it."""
    begins = datetime.datetime.fromtimestamp(NOW, datetime.UTC)
    builder = x509.CertificateRevocationListBuilder().issuer_name(issuer or PKI.root.x509.subject).last_update(begins)
    builder = builder.next_update(begins + datetime.timedelta(hours=1))
    if own:
        extensions = (*extensions, (x509.CRLNumber(7), False), (authority_of(PKI.root).key_identifier(), False))
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    for entry in entries:
        builder = builder.add_revoked_certificate(entry)
    return builder.sign(key or PKI.root.private_key, algorithm or hashes.SHA256()).public_bytes(Encoding.DER)


def entry(serial=SERIAL, *extensions):
    builder = x509.RevokedCertificateBuilder().serial_number(serial)
    builder = builder.revocation_date(datetime.datetime.fromtimestamp(NOW, datetime.UTC))
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.build()


def scope(**what):
    names = {"full_name": None, "relative_name": None}
    flags = dict.fromkeys(
        ("only_contains_user_certs", "only_contains_ca_certs", "indirect_crl", "only_contains_attribute_certs"), False
    )
    return (x509.IssuingDistributionPoint(**{**names, **flags, "only_some_reasons": None, **what}), True)


def verify_other(*extensions, **how):
    return verify_crl(other_crl(*extensions, **how), ROOT, uri=URI, now=NOW)


def never(effect):
    raise AssertionError("nothing may be sent")
