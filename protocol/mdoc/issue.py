"""Issuing a document: each element gets an item with random bytes, and the digests are signed (ISO/IEC 18013-5 §9.1.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from protocol.cbor import CborValue, encode_cbor
from protocol.cose import X5CHAIN, encode_sign1, sign1_parts, write_x5chain
from protocol.encoding import encode_base64url
from protocol.keys import PublicKey, RandomBytes, Signer
from protocol.mdoc.issuer_signed import encode_name_spaces, join_issuer_signed
from protocol.mdoc.item import encode_item
from protocol.mdoc.mso import (
    DIGESTS,
    NOTHING,
    KeyAuthorizations,
    MobileSecurityObject,
    MsoStatus,
    ValidityInfo,
)
from protocol.x509 import Certificate

RANDOM_BYTES = 32  # of each item; §9.1.2.5 wants 16


@dataclass(frozen=True, slots=True)
class MdocContent:
    """Everything that one document is made of."""

    doc_type: str
    elements: Mapping[str, Mapping[str, CborValue]]  # namespace → element → value
    holder_key: PublicKey
    validity: ValidityInfo
    status: MsoStatus | None = None
    authorizations: KeyAuthorizations = NOTHING
    digest_algorithm: str = "SHA-256"
    decoys: int = 0  # digests of nothing in every namespace


def issue_mdoc(content: MdocContent, signer: Signer, chain: tuple[Certificate, ...], random_bytes: RandomBytes) -> str:
    """A signed document as it travels: base64url of its IssuerSigned (OID4VCI 1.0 App. A.2.4).

    `chain` vouches for the signer, leaf first and without the anchor. Which number an element gets is by chance, so it
    tells nothing about the elements that are not shown (T050). A document without elements is a ValueError. Times that
    were rounded to before the signer's certificate begins are moved to where it does.
    """
    if not content.elements or not all(content.elements.values()):
        raise ValueError("a document has at least one element in each of its namespaces")
    digest = DIGESTS[content.digest_algorithm]
    items: dict[str, list[bytes]] = {}
    value_digests: dict[str, dict[int, bytes]] = {}
    for name, elements in content.elements.items():
        count = len(elements) + content.decoys
        drawn = random_bytes(RANDOM_BYTES * count)
        randoms = [drawn[at : at + RANDOM_BYTES] for at in range(0, len(drawn), RANDOM_BYTES)]
        # The place of something random among others of its kind is by chance
        numbers = {random: number for number, random in enumerate(sorted(randoms))}
        encoded: list[bytes] = []
        digests: dict[int, bytes] = {}
        for (identifier, value), random in zip(elements.items(), randoms, strict=False):
            number = numbers[random]
            item = encode_item(number, random, identifier, value)
            encoded.append(item)
            digests[number] = digest(item)
        for random in randoms[len(elements) :]:
            digests[numbers[random]] = digest(random)
        items[name] = encoded
        value_digests[name] = digests
    mso = MobileSecurityObject(
        content.doc_type,
        content.digest_algorithm,
        value_digests,
        content.holder_key,
        _within(content.validity, chain[0]),
        content.authorizations,
        content.status,
    )
    name_spaces = encode_name_spaces(items)  # before the signature, which drives all else out of the processor's caches
    return encode_base64url(join_issuer_signed(name_spaces, sign_mso(mso, signer, chain)))


def _within(validity: ValidityInfo, leaf: Certificate) -> ValidityInfo:
    """§9.3.1 wants the certificate to hold when a document is signed."""
    signed = max(validity.signed, leaf.not_before)
    return validity._replace(signed=signed, valid_from=max(validity.valid_from, signed))


def sign_mso(mso: MobileSecurityObject, signer: Signer, chain: tuple[Certificate, ...]) -> bytes:
    """IssuerAuth, encoded (§9.1.2.4): the certificates stand in the header that is not signed."""
    payload = mso.to_bytes()
    protected, signature = sign1_parts(payload, signer)
    return encode_sign1(protected, _encode_header(chain), payload, signature)


@lru_cache(maxsize=64)
def _encode_header(chain: tuple[Certificate, ...]) -> bytes:
    """Cached: an issuer's header, with its certificates, is the same every time."""
    return encode_cbor({X5CHAIN: write_x5chain(chain)})
