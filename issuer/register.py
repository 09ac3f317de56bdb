"""The register: where an agency's data about people stands, and from where a credential's values are drawn."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable
from urllib.parse import quote

from protocol.encoding import JsonObject, JsonValue, read_json_object
from protocol.errors import CredentialRequestDenied, Flaw, Unavailable
from protocol.exchange import Exchange, HttpRequest, send

MAX_SUBJECT = 200  # characters
MAX_RECORD = 256 * 1024  # bytes

_SUBJECT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]*")


@dataclass(frozen=True, slots=True)
class Person:
    """Who somebody in the register is: as much as a clerk needs to tell people apart."""

    subject: str  # the id in the register
    name: str  # empty: the register has none
    birthdate: str  # as the register has it; empty: it has none


class Register(Protocol):
    """What the issuer asks of a register; in SQL it is `issuer.database.register`."""

    @property
    def finds_names(self) -> bool:
        """Whether people are found by parts of their name; else by their exact id alone."""

    def search(self, text: str, limit: int) -> Exchange[tuple[Person, ...]]:
        """The people that a text may mean, by id or name, at most `limit`.

        Raises:
            Unavailable: it cannot be asked for now.
        """

    def fetch(self, subject: str) -> Exchange[Mapping[str, JsonValue]]:
        """What the register knows of a person, now: nothing is kept (T142).

        Raises:
            CredentialRequestDenied: it knows no such person.
            Unavailable: it cannot be asked for now.
        """


@runtime_checkable
class OwnRegister(Register, Protocol):
    """A register that the issuer writes itself: its own tables."""

    def look(self, subject: str) -> JsonObject | None:
        """What it knows of a person; None: there is no such person."""

    def put(self, records: Mapping[str, Mapping[str, JsonValue]]) -> None:
        """Add people, or replace what was known of them, in one transaction.

        Raises:
            InvalidRequest: this issuer may read it and no more.
        """

    def remove(self, subject: str) -> None:
        """Forget a person.

        Raises:
            InvalidRequest: this issuer may read it and no more.
        """


def is_subject(text: str) -> bool:
    """Whether something can be the id of a person."""
    return len(text) <= MAX_SUBJECT and _SUBJECT.fullmatch(text) is not None


def person_of(subject: str, record: Mapping[str, JsonValue]) -> Person:
    """Who a record is about."""
    birthdate = record.get("birthdate")
    return Person(subject, name_of(record), birthdate if isinstance(birthdate, str) else "")


def name_of(record: Mapping[str, JsonValue]) -> str:
    """The name of a person, as it is written."""
    parts = (record.get("given_name"), record.get("family_name"))
    return " ".join(part for part in parts if isinstance(part, str))


def address_of(record: Mapping[str, JsonValue]) -> tuple[str, ...]:
    """The lines of a person's address as a letter has them, without the name; none: the register has no address."""
    address = record.get("address")
    if not isinstance(address, dict):
        return ()
    parts = [address.get(name) for name in ("street_address", "postal_code", "locality", "formatted")]
    street, code, town, whole = (part if isinstance(part, str) else "" for part in parts)
    if street and town:
        return street, f"{code} {town}".strip()
    return tuple(line.strip() for line in whole.replace(",", "\n").splitlines() if line.strip())


def folded(text: str) -> str:
    """A text as it is searched: large and small letters, and the ways to write one letter, are the same."""
    return unicodedata.normalize("NFKC", text).casefold()


class HttpRegister:
    """A register behind an address: `GET <url>/<subject>` answers with a person's record as a JSON object.

    The key goes along as bearer token. 404 and 410 say that there is no such person.
    """

    finds_names = False

    def __init__(self, url: str, key: str) -> None:
        """`url` has no slash at its end; an empty `key` is not sent."""
        self._url = url
        self._headers = (("accept", "application/json"), *((("authorization", f"Bearer {key}"),) if key else ()))

    def search(self, text: str, limit: int) -> Exchange[tuple[Person, ...]]:
        """The person with exactly this id; this kind of register cannot be searched. See `Register`."""
        try:
            record = yield from self.fetch(text)
        except CredentialRequestDenied:
            return ()
        return (person_of(text, record),)[:limit]

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
