"""The register: where an agency's data about people stands, and from where a credential's values are drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol
from urllib.parse import quote

from protocol.encoding import JsonValue, read_json_object
from protocol.errors import CredentialRequestDenied, Flaw, Unavailable
from protocol.exchange import Exchange, HttpRequest, send

MAX_SUBJECT = 200  # characters
MAX_RECORD = 256 * 1024  # bytes


class Register(Protocol):
    """What the issuer asks of a register; in SQL it is `issuer.database.register`."""

    def fetch(self, subject: str) -> Exchange[Mapping[str, JsonValue]]:
        """What the register knows of a person, now: nothing is kept (T142).

        Raises:
            CredentialRequestDenied: it knows no such person.
            Unavailable: it cannot be asked for now.
        """


class HttpRegister:
    """A register behind an address: `GET <url>/<subject>` answers with a person's record as a JSON object.

    The key goes along as bearer token. 404 and 410 say that there is no such person.
    """

    def __init__(self, url: str, key: str) -> None:
        """`url` has no slash at its end; an empty `key` is not sent."""
        self._url = url
        self._headers = (("accept", "application/json"), *((("authorization", f"Bearer {key}"),) if key else ()))

    def fetch(self, subject: str) -> Exchange[Mapping[str, JsonValue]]:
        """Ask the register; see `Register`."""
        # A dot alone would be taken as a step in the address, to another resource
        if not subject or subject in (".", "..") or len(subject) > MAX_SUBJECT:
            raise CredentialRequestDenied("the register knows no such person")
        request = HttpRequest("GET", f"{self._url}/{quote(subject, safe='')}", self._headers, max_bytes=MAX_RECORD)
        try:
            response = yield from send(request)
            if response.status in (404, 410):
                raise CredentialRequestDenied("the register knows no such person")
            if response.status != 200 or response.media_type() != "application/json":
                raise Unavailable("the register did not answer as agreed; nothing was changed, try again later")
            return read_json_object(response.body, "register", max_bytes=MAX_RECORD)
        except Flaw as error:
            raise Unavailable("the register cannot be asked for the moment; nothing was changed") from error
