"""Presenting: choose elements, and let the holder's device sign for this request (ISO/IEC 18013-5 §8.3.2.1.2.2, §9.1.3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from protocol.credential import ClaimPath
from protocol.encoding import decode_base64url, encode_base64url
from protocol.keys import Decrypter, PublicKey, Signer
from protocol.mdoc.device_response import encode_device_response, encode_document
from protocol.mdoc.device_signed import DeviceElements, DeviceSigned, mac_device, sign_device
from protocol.mdoc.issuer_signed import IssuerSigned, encode_issuer_signed
from protocol.mdoc.mso import peek_doc_type
from protocol.mdoc.transcript import Handover


@dataclass(frozen=True, slots=True)
class PresentableMdoc:
    """A document that its holder verified before, made ready to present any part of it."""

    doc_type: str
    issuer_auth: bytes  # encoded
    items: Mapping[ClaimPath, bytes]  # namespace and element → its item as it came, with its tag

    @classmethod
    def of(cls, raw: str, at: str = "credential") -> Self:
        """Find out what there is. Neither signature nor digests are checked here.

        Raises:
            Flaw: it is no document.
        """
        signed = IssuerSigned.from_bytes(decode_base64url(raw, at), at)
        doc_type = peek_doc_type(signed.issuer_auth.attached(at), at)
        items: dict[ClaimPath, bytes] = {
            (name, item.identifier): item.wrapped for name, items in signed.name_spaces.items() for item in items
        }
        return cls(doc_type, signed.issuer_auth.to_bytes(), items)

    def present(
        self, paths: Iterable[ClaimPath], handover: Handover, signer: Signer, elements: DeviceElements | None = None
    ) -> str:
        """Disclose these elements and no more: base64url of a DeviceResponse with one document (OID4VP 1.0 B.2.5).

        A path is a namespace and an element; one that is not there is the caller's mistake and a ValueError. `elements`
        are what the device itself says, such as a transaction; the issuer must have allowed them.
        """
        chosen = self.select(paths)
        signed = sign_device(self.doc_type, handover.session_transcript(), signer, elements)
        return encode_base64url(encode_device_response([encode_document(self.doc_type, chosen, signed)]))

    def document(self, paths: Iterable[ClaimPath], signed: DeviceSigned) -> bytes:
        """One encoded document of an answer, with these elements and what the device signed (see `present`)."""
        return encode_document(self.doc_type, self.select(paths), signed)

    def reduced(self, paths: Iterable[ClaimPath]) -> str:
        """The document with these elements alone, as if it were issued so: base64url of an IssuerSigned (see `present`)."""
        return encode_base64url(self.select(paths))

    def select(self, paths: Iterable[ClaimPath]) -> bytes:
        """The issuer's part of a document, encoded, with these elements and no more (see `present`)."""
        chosen: dict[str, list[bytes]] = {}
        asked = set(paths)
        if not asked <= self.items.keys():
            raise ValueError("a path of an element that this document does not have")
        # In the order of the document: that of the request is nobody's business here
        for path, item in self.items.items():
            if path in asked:
                chosen.setdefault(str(path[0]), []).append(item)
        return encode_issuer_signed(chosen, self.issuer_auth)

    def sign(self, transcript: bytes, signer: Signer) -> DeviceSigned:
        """What the device signs of this document for any selection."""
        return sign_device(self.doc_type, transcript, signer)

    def authenticate(self, transcript: bytes, device_key: Decrypter, reader_key: PublicKey) -> DeviceSigned:
        """The same with a MAC for one reader (§9.1.3.5)."""
        return mac_device(self.doc_type, transcript, device_key, reader_key)
