"""Test vectors of our own protocols: made here, the same in every run, and compared with what is published.

HOHEIT_WRITE_VECTORS=1 writes them anew. Certificates alone are kept as they were published, because they are numbered.
"""

import base64
import json
import os
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

from protocol.encoding import JsonObject, encode_base64url
from protocol.keys import P256Key, PublicKey
from protocol.sovereignty.signing import Organisation
from protocol.trust.anchors import Role, TrustAnchor, TrustAnchors
from protocol.x509 import Certificate
from tests.support.partners import known_partners
from tests.support.pki import Pki
from tests.support.tree import ROOT

FOLDER = ROOT / "docs/sovereignty/vectors"
WRITE = os.environ.get("HOHEIT_WRITE_VECTORS") == "1"


@dataclass(frozen=True, slots=True)
class RepeatableSigner:
    """A P-256 key whose signatures are the same in every run (RFC 6979)."""

    key: P256Key

    @property
    def public_key(self) -> PublicKey:
        """The key that verifies."""
        return self.key.public_key

    def sign(self, data: bytes) -> bytes:
        """ES256, 64 bytes."""
        private = serialization.load_pem_private_key(self.key.to_pem(), None)
        assert isinstance(private, ec.EllipticCurvePrivateKey)
        r, s = utils.decode_dss_signature(private.sign(data, ec.ECDSA(hashes.SHA256(), deterministic_signing=True)))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


@dataclass(frozen=True, slots=True)
class PublishedPartner:
    """An organisation of the vectors, with the chain that was published for it."""

    organisation: Organisation
    signer: RepeatableSigner
    x5c: tuple[str, ...]
    authority: str  # base64 DER

    def to_dict(self) -> JsonObject:
        """As the vectors have it."""
        return {
            **self.organisation.to_dict(),
            "key": private_jwk(self.signer.key),
            "x5c": [*self.x5c],
            "authority": self.authority,
        }


def private_jwk(key: P256Key) -> JsonObject:
    """A key with its private part: of vectors, never of anybody."""
    return {**key.public_key.to_jwk(), "d": encode_base64url(key.to_scalar())}


def published_partners(file: str) -> dict[Organisation, PublishedPartner]:
    """The organisations of a file of vectors, with its certificates; with fresh ones if there is no file yet."""
    published = _published(file, "partners")
    return {
        organisation: _with_chain(organisation, pki, published.get(organisation.identifier))
        for organisation, pki in known_partners().items()
    }


def published_organisation(file: str, member: str, organisation: Organisation, pki: Pki) -> PublishedPartner:
    """Somebody else of a file of vectors, in the same way."""
    return _with_chain(organisation, pki, _published(file, member) or None)


def _published(file: str, member: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / file).read_bytes()).get(member, {}) if (FOLDER / file).exists() else {}
    return found


def _with_chain(organisation: Organisation, pki: Pki, known: dict[str, Any] | None) -> PublishedPartner:
    return PublishedPartner(
        organisation,
        RepeatableSigner(pki.signer),
        tuple(known["x5c"]) if known else pki.x5c,
        known["authority"] if known else pki.root.certificate.to_x5c(),
    )


def published_anchors(partners: dict[Organisation, PublishedPartner]) -> TrustAnchors:
    """A set that believes in the authorities of the vectors."""
    return TrustAnchors(
        [
            TrustAnchor(Certificate.from_der(base64.b64decode(each.authority)), Role.VERIFIER, "Test authority")
            for each in partners.values()
        ]
    )


def check_current(file: str, made: JsonObject) -> None:
    """Compare what is published with what is made now, or write it."""
    text = json.dumps(made, ensure_ascii=False, indent=1) + "\n"
    if WRITE:
        (FOLDER / file).write_text(text)
    assert (FOLDER / file).read_text() == text
