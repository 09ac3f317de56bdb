"""What services and life events are called in addresses: by names that mean nothing elsewhere, and nothing after a restart.

What somebody looks at tells what happens in their life, and addresses stay in the history of browsers (T260).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass

from protocol.errors import NotFound

_LENGTH = 32  # hexadecimal digits


@dataclass(frozen=True, slots=True)
class Tickets:
    """Names for things, by a secret of this process."""

    secret: bytes

    def of(self, kind: str, name: str) -> str:
        """The name of a thing in an address."""
        return hmac.new(self.secret, f"{kind} {name}".encode(), hashlib.sha256).hexdigest()[:_LENGTH]

    def find(self, ticket: str, kind: str, names: Iterable[str]) -> str:
        """What an address names.

        Raises:
            NotFound: nothing of these.
        """
        for name in names:
            if hmac.compare_digest(self.of(kind, name), ticket.encode("ascii", "replace").decode()):
                return name
        raise NotFound("there is no such page")
