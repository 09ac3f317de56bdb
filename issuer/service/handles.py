"""Handles: what an address of the desk is about, sealed, so that no address holds a name, an id of a person or a code (T260).

A handle is good for one clerk's session and one kind of page. Whatever a browser's history keeps of it opens nothing later.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from capabilities.accounts.session import SignedIn
from issuer.service.context import IssuerContext
from protocol.encoding import JsonObject, decode_base64url, encode_base64url, encode_json, read_json_object
from protocol.errors import Flaw, NotFound
from runtime.seal import DamagedError, Sealer

MAX_HANDLE = 4000  # characters


@dataclass(frozen=True, slots=True)
class Handles:
    """Seals and opens handles with a key of their own, which all workers have."""

    context: IssuerContext

    def seal(self, session: SignedIn, kind: str, content: JsonObject) -> str:
        """A handle for a page of this kind, base64url."""
        return encode_base64url(self._sealer().seal(encode_json(content), _place(session, kind)))

    def open(self, session: SignedIn, kind: str, handle: str) -> JsonObject:
        """What a handle stands for.

        Raises:
            NotFound: it is altered, of another kind of page, or of another session.
        """
        missing = NotFound("no such page, or no longer")
        if len(handle) > MAX_HANDLE:
            raise missing
        try:
            sealed = decode_base64url(handle, "handle")
            return read_json_object(self._sealer().open(sealed, _place(session, kind)), "handle")
        except (Flaw, DamagedError) as error:
            raise missing from error

    def _sealer(self) -> Sealer:
        return Sealer(hmac.new(self.context.secret, b"desk handles", hashlib.sha256).digest())


def _place(session: SignedIn, kind: str) -> str:
    return f"desk {kind} {session.id}"
