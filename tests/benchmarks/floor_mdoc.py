"""The least that Python can do with an mdoc: one flat document, hand-made, nothing else looked at (see `floor.py`)."""

import hashlib
import os
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from protocol.cose_key import encode_cose_key
from protocol.mdoc.present import PresentableMdoc
from tests.benchmarks.floor import decode, encode, load, to_der, to_raw
from tests.benchmarks.samples_mdoc import DOC_TYPE, ELEMENTS, FIVE, HANDOVER, SPACE, MdocSample

_SHA256 = ec.ECDSA(hashes.SHA256())
_ALG = b"\xa1\x01\x26"  # ES256
_SIGNATURE1 = b"\x84\x6aSignature1\x43" + _ALG + b"\x40"
_DATES = (b"2027-01-15T08:00:00Z", b"2027-01-16T08:00:00Z")


class MdocFloor:
    """Issues, presents and verifies what the sample is made of."""

    def __init__(self, sample: MdocSample) -> None:
        ready = PresentableMdoc.of(sample.credential)
        self._private = ec.generate_private_key(ec.SECP256R1())
        der = sample.pki.certificates[0].der
        self._header = b"\xa1\x18\x21" + cbor2.dumps(der)
        self._names = [text(name) for name in ELEMENTS]
        self._doc_type, self._space = text(DOC_TYPE), text(SPACE)
        first, last = (b"\xc0\x74" + date for date in _DATES)
        self._before = (
            b"\xa7\x66status\xa1\x6bstatus_list\xa2\x63idx\x01\x63uri"
            + text("https://issuer.example/status/1")
            + b"\x67docType"
            + self._doc_type
            + b"\x67version\x631.0\x6cvalidityInfo\xa3\x66signed"
            + first
            + b"\x69validFrom"
            + first
            + b"\x6avalidUntil"
            + last
            + b"\x6cvalueDigests\xa1"
            + self._space
            + b"\xb4"
        )
        self._behind = (
            b"\x6ddeviceKeyInfo\xa1\x69deviceKey"
            + encode_cose_key(sample.holder.public_key)
            + b"\x6fdigestAlgorithm\x67SHA-256"
        )
        self._items = ready.items
        self._issuer_auth = ready.issuer_auth
        # In a service this is a cache of certificates whose chain was found good
        self._issuers = {der: load(sample.pki.public_key.point)}

    def issue(self) -> str:
        """A document of the sample's elements."""
        drawn = os.urandom(32 * len(ELEMENTS))
        randoms = [drawn[at : at + 32] for at in range(0, len(drawn), 32)]
        numbers = {random: number for number, random in enumerate(sorted(randoms))}
        items, digests = [], [b""] * len(ELEMENTS)
        for name, value, random in zip(self._names, ELEMENTS.values(), randoms, strict=True):
            number = numbers[random]
            item = b"".join(
                (b"\xa4\x66random\x58\x20", random, b"\x68digestID", bytes((number,)), b"\x6celementValue", text(value),
                 b"\x71elementIdentifier", name)
            )  # fmt: skip
            item = b"\xd8\x18\x58" + bytes((len(item),)) + item
            items.append(item)
            digests[number] = bytes((number,)) + b"\x58\x20" + hashlib.sha256(item).digest()
        payload = wrapped(b"".join((self._before, *digests, self._behind)))
        signed = b"\x84\x43" + _ALG + self._header + two_bytes(payload) + b"\x58\x40" + self._sign(two_bytes(payload))
        head = b"\xa2\x6aissuerAuth" + signed + b"\x6anameSpaces\xa1" + self._space
        return encode(b"".join((head, b"\x94", *items))).decode("ascii")

    def present(self) -> str:
        """Five elements, bound to a request."""
        covered = wrapped(
            b"\x84\x74DeviceAuthentication" + transcript() + self._doc_type + b"\xd8\x18\x41\xa0", long=False
        )
        head = b"\x58" + bytes((len(covered),)) if len(covered) < 256 else b"\x59" + len(covered).to_bytes(2, "big")
        signature = self._sign(head + covered)
        issuer_signed = b"".join(
            (b"\xa2\x6aissuerAuth", self._issuer_auth, b"\x6anameSpaces\xa1", self._space, b"\x85",
             *[self._items[path] for path in FIVE])
        )  # fmt: skip
        response = b"".join(
            (b"\xa3\x66status\x00\x67version\x631.0\x69documents\x81\xa3\x67docType", self._doc_type,
             b"\x6cdeviceSigned\xa2\x6adeviceAuth\xa1\x6fdeviceSignature\x84\x43", _ALG, b"\xa0\xf6\x58\x40", signature,
             b"\x6anameSpaces\xd8\x18\x41\xa0\x6cissuerSigned", issuer_signed)
        )  # fmt: skip
        return encode(response).decode("ascii")

    def verify(self, raw: str) -> dict[str, Any]:
        """Check an answer: two signatures, digests, times, and that it answers the request."""
        response: Any = cbor2.loads(decode(raw.encode("ascii")))
        (document,) = response["documents"]
        issuer_signed, device_signed = document["issuerSigned"], document["deviceSigned"]
        protected, header, payload, signature = issuer_signed["issuerAuth"]
        key = self._issuers[header[33]]
        key.verify(to_der(signature), _SIGNATURE1 + two_bytes(payload), _SHA256)
        mso: Any = cbor2.loads(payload[5:], semantic_decoders=_KEEP)
        validity = mso["validityInfo"]
        now = "2027-01-15T08:00:00Z"
        if mso["docType"] != document["docType"] or not validity["validFrom"] <= now < validity["validUntil"]:
            raise ValueError
        elements: dict[str, Any] = {}
        for name, items in issuer_signed["nameSpaces"].items():
            digests = mso["valueDigests"][name]
            for item in items:
                found: Any = cbor2.loads(item.value)
                wrapper = b"\xd8\x18\x58" + bytes((len(item.value),)) + item.value
                if protected != _ALG or digests[found["digestID"]] != hashlib.sha256(wrapper).digest():
                    raise ValueError
                elements[found["elementIdentifier"]] = found["elementValue"]
        cose = mso["deviceKeyInfo"]["deviceKey"]
        holder = load(cose[-2] + cose[-3])
        covered = wrapped(
            b"\x84\x74DeviceAuthentication" + transcript() + text(mso["docType"]) + b"\xd8\x18\x41\xa0", long=False
        )
        head = b"\x58" + bytes((len(covered),)) if len(covered) < 256 else b"\x59" + len(covered).to_bytes(2, "big")
        protected, _, _, signature = device_signed["deviceAuth"]["deviceSignature"]
        if protected != _ALG or device_signed["nameSpaces"].value != b"\xa0":
            raise ValueError
        holder.verify(to_der(signature), _SIGNATURE1 + head + covered, _SHA256)
        return elements

    def _sign(self, payload: bytes) -> bytes:
        return to_raw(self._private.sign(_SIGNATURE1 + payload, _SHA256))


def transcript() -> bytes:
    """What the request was (OID4VP 1.0 B.2.6.1)."""
    info = cbor2.dumps([HANDOVER.client_id, HANDOVER.nonce, HANDOVER.jwk_thumbprint, HANDOVER.response_uri])
    return b"\x83\xf6\xf6\x82\x71OpenID4VPHandover\x58\x20" + hashlib.sha256(info).digest()


def text(value: str) -> bytes:
    """A text of less than 256 bytes."""
    data = value.encode()
    return (bytes((0x60 | len(data),)) if len(data) < 24 else b"\x78" + bytes((len(data),))) + data


def wrapped(data: bytes, *, long: bool = True) -> bytes:
    """Tag 24."""
    if long or len(data) > 255:
        return b"\xd8\x18\x59" + len(data).to_bytes(2, "big") + data
    return b"\xd8\x18\x58" + bytes((len(data),)) + data


def two_bytes(data: bytes) -> bytes:
    """A byte string of 256 to 65535 bytes."""
    return b"\x59" + len(data).to_bytes(2, "big") + data


_KEEP = {0: lambda value, _: value}
