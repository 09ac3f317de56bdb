"""Certificates and keys to test with: an authority, what stands below it, and whom a set of anchors then believes."""

import contextlib
import datetime
import itertools
import random
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from protocol.keys import P256Key, PublicKey, RandomBytes
from protocol.trust.anchors import Role, TrustAnchor, TrustAnchors
from protocol.x509 import Certificate

NOW = 1_800_000_000  # epoch seconds, 2027-01-15T08:00:00Z
DAY = 86_400

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)
_numbers = itertools.count(1000)  # serial numbers and seeds: the same certificates in every run


def seeded(seed: int = 1) -> RandomBytes:
    """Bytes that look random and are the same in every run."""
    return random.Random(seed).randbytes


def seeded_key(seed: int = 1) -> P256Key:
    """A P-256 key that is the same in every run."""
    return P256Key.generate(seeded(seed))


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Odd certificates make the library warn, which is no verdict."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@dataclass(frozen=True, slots=True)
class Template:
    """What a certificate says; by default a leaf that signs tokens."""

    common_name: str = "Issuing desk"
    country: str | None = None
    organization: str | None = None
    identifier: str | None = None  # organizationIdentifier, by which registers know somebody
    ca: bool | None = False  # None: no basic constraints at all
    path_length: int | None = None
    usages: tuple[str, ...] | None = ("digital_signature",)  # None: no key usage at all
    dns_names: tuple[str, ...] = ()
    uris: tuple[str, ...] = ()
    not_before: int = NOW - DAY
    not_after: int = NOW + 365 * DAY
    key_ids: bool = True
    extensions: tuple[tuple[x509.ExtensionType, bool], ...] = ()  # further ones, and whether they are critical

    def name(self) -> x509.Name:
        """The subject."""
        attributes = [x509.NameAttribute(NameOID.COMMON_NAME, self.common_name)]
        if self.organization is not None:
            attributes.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, self.organization))
        if self.country is not None:
            attributes.insert(0, x509.NameAttribute(NameOID.COUNTRY_NAME, self.country))
        if self.identifier is not None:
            attributes.append(x509.NameAttribute(NameOID.ORGANIZATION_IDENTIFIER, self.identifier))
        return x509.Name(attributes)


AUTHORITY = Template(common_name="Root authority", ca=True, usages=("key_cert_sign", "crl_sign"))
INTERMEDIATE = replace(AUTHORITY, common_name="Intermediate authority")
LEAF = Template()


@dataclass(frozen=True, slots=True)
class Certified:
    """A certificate with its private key, which can sign further certificates whether it may or not."""

    private_key: PrivateKey
    x509: x509.Certificate

    @property
    def certificate(self) -> Certificate:
        """As the protocol reads it."""
        return Certificate.from_der(self.der)

    @property
    def der(self) -> bytes:
        """The certificate's bytes."""
        return self.x509.public_bytes(serialization.Encoding.DER)

    @property
    def pem(self) -> bytes:
        """The certificate as PEM."""
        return self.x509.public_bytes(serialization.Encoding.PEM)

    @property
    def signer(self) -> P256Key:
        """The private key as our signer; P-256 only."""
        if not isinstance(self.private_key, ec.EllipticCurvePrivateKey):
            raise TypeError("no elliptic curve key")
        return P256Key.from_scalar(self.private_key.private_numbers().private_value.to_bytes(32, "big"))

    def issue(self, template: Template = LEAF, key: PrivateKey | P256Key | None = None) -> "Certified":
        """A certificate below this one; with a fresh P-256 key if none is given."""
        own_key = private_key(key)
        return Certified(own_key, _sign(template, own_key, self.x509.subject, self.private_key))


def self_signed(template: Template = AUTHORITY, key: PrivateKey | P256Key | None = None) -> Certified:
    """A certificate that vouches for itself, such as an anchor."""
    own_key = private_key(key)
    return Certified(own_key, _sign(template, own_key, template.name(), own_key))


def private_key(key: PrivateKey | P256Key | None = None) -> PrivateKey:
    """The key as `cryptography` holds it; a fresh P-256 key if none is given."""
    if key is None:
        key = seeded_key(next(_numbers))
    if not isinstance(key, P256Key):
        return key
    loaded = serialization.load_pem_private_key(key.to_pem(), None)
    assert isinstance(loaded, ec.EllipticCurvePrivateKey)
    return loaded


@dataclass(frozen=True, slots=True)
class Pki:
    """An issuer or verifier whose key is vouched for by `root`, perhaps with intermediates between."""

    root: Certified
    chain: tuple[Certified, ...]  # leaf first, without the root
    role: Role = Role.ISSUER
    types: frozenset[str] = field(default=frozenset())

    @property
    def leaf(self) -> Certified:
        """The certificate of the key that signs tokens."""
        return self.chain[0]

    @property
    def signer(self) -> P256Key:
        """The key that signs tokens."""
        return self.leaf.signer

    @property
    def public_key(self) -> PublicKey:
        """The key that verifies those tokens."""
        return self.signer.public_key

    @property
    def certificates(self) -> tuple[Certificate, ...]:
        """The chain as the protocol reads it."""
        return tuple(certified.certificate for certified in self.chain)

    @property
    def x5c(self) -> tuple[str, ...]:
        """The chain as headers carry it."""
        return tuple(certificate.to_x5c() for certificate in self.certificates)

    @property
    def anchor(self) -> TrustAnchor:
        """The root as an anchor of this role and these types."""
        return TrustAnchor(self.root.certificate, self.role, "Test authority", self.types)

    @property
    def anchors(self) -> TrustAnchors:
        """A set that believes in the root and nothing else."""
        return TrustAnchors([self.anchor])


def make_pki(
    leaf: Template = LEAF,
    *,
    root: Template = AUTHORITY,
    intermediates: tuple[Template, ...] = (),
    key: P256Key | None = None,
    role: Role = Role.ISSUER,
    types: frozenset[str] = frozenset(),
) -> Pki:
    """A root, intermediates from the root's side, and a leaf below them; `key` is the leaf's."""
    top = self_signed(root)
    chain: list[Certified] = []
    above = top
    for template in intermediates:
        above = above.issue(template)
        chain.insert(0, above)
    return Pki(top, (above.issue(leaf, key), *chain), role, types)


def _sign(template: Template, own_key: PrivateKey, issuer: x509.Name, signing_key: PrivateKey) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(template.name())
        .issuer_name(issuer)
        .public_key(own_key.public_key())
        .serial_number(next(_numbers))
        .not_valid_before(datetime.datetime.fromtimestamp(template.not_before, datetime.UTC))
        .not_valid_after(datetime.datetime.fromtimestamp(template.not_after, datetime.UTC))
    )
    for extension, critical in _extensions(template, own_key, signing_key):
        builder = builder.add_extension(extension, critical=critical)
    deterministic = True if isinstance(signing_key, ec.EllipticCurvePrivateKey) else None
    return builder.sign(signing_key, hashes.SHA256(), ecdsa_deterministic=deterministic)


def _extensions(
    template: Template, own_key: PrivateKey, signing_key: PrivateKey
) -> list[tuple[x509.ExtensionType, bool]]:
    found: list[tuple[x509.ExtensionType, bool]] = []
    if template.ca is not None:
        found.append((x509.BasicConstraints(ca=template.ca, path_length=template.path_length), True))
    if template.usages is not None:
        found.append((x509.KeyUsage(**{usage: usage in template.usages for usage in _USAGES}), True))
    if template.key_ids:
        found.append((x509.SubjectKeyIdentifier.from_public_key(own_key.public_key()), False))
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key())
        found.append((authority, False))
    names: list[x509.GeneralName] = [x509.DNSName(name) for name in template.dns_names]
    names += [x509.UniformResourceIdentifier(uri) for uri in template.uris]
    if names:
        found.append((x509.SubjectAlternativeName(names), False))
    return [*found, *template.extensions]
