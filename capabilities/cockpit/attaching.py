"""Files that are added to an answer one by one, each encrypted to the citizen the moment it arrives."""

from __future__ import annotations

from dataclasses import dataclass

from capabilities.cockpit.attached import Attached
from capabilities.cockpit.rights_case import RightsCase, SealedFile
from protocol.encoding import decode_base64url, encode_base64url, encode_json, read_json_object
from protocol.fields import Fields
from protocol.keys import P256Key, RandomBytes
from protocol.sovereignty.rights import VerifiedRightsRequest
from protocol.sovereignty.rights_answer import AnsweredFile, seal_file
from runtime.seal import Sealer


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file as somebody brings it."""

    name: str
    content: bytes

    def __repr__(self) -> str:
        """Neither what it is called nor what is in it."""
        return f"NewFile({len(self.content)})"


def seal_new(
    case: RightsCase,
    request: VerifiedRightsRequest,
    described: AnsweredFile,
    content: bytes,
    *,
    sealer: Sealer,
    random_bytes: RandomBytes,
) -> tuple[Attached, SealedFile]:
    """A file as it is remembered, and as it is kept for the citizen. One that is too large is a ValueError."""
    sealed = seal_file(content, request, ephemeral=P256Key.generate(random_bytes), random_bytes=random_bytes)
    says = encode_json({"name": described.name, "type": described.media_type})
    about = encode_base64url(sealer.seal(says, _context(case.id, described.hash)))
    return Attached(case.id, described.hash, about, described.size), SealedFile(described.hash, sealed)


def read_attached(sealer: Sealer, file: Attached) -> AnsweredFile:
    """How an answer names a file."""
    plain = sealer.open(decode_base64url(file.about), _context(file.request, file.hash))
    says = Fields(read_json_object(plain, "attached"), "attached")
    return AnsweredFile(says.text("name"), says.text("type"), file.size, file.hash)


def _context(request: str, hash_: str) -> str:
    return f"attached {request} {hash_}"
