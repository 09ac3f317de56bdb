"""What a pushed authorization request is answered with (RFC 9126 §2.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from protocol.encoding import JsonObject
from protocol.fields import Fields

REQUEST_URI_PREFIX = "urn:ietf:params:oauth:request_uri:"


@dataclass(frozen=True, slots=True)
class PushedAuthorizationResponse:
    """The reference that stands for a pushed request."""

    request_uri: str
    expires_in: int  # seconds

    @classmethod
    def from_dict(cls, value: object, at: str = "pushed_authorization_response") -> Self:
        """Read the wire form.

        Raises:
            Malformed: a member is missing or has the wrong shape.
        """
        response = Fields(value, at)
        return cls(response.text("request_uri", max_length=1024), response.integer("expires_in", minimum=1))

    def to_dict(self) -> JsonObject:
        """The wire form; it is answered with status 201."""
        return {"request_uri": self.request_uri, "expires_in": self.expires_in}
