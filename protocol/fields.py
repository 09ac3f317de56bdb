"""Typed reading of one JSON object; every refusal names the whole path."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import urlsplit

from protocol.encoding import JsonObject, JsonValue
from protocol.errors import Malformed

MAX_TEXT = 64 * 1024  # characters of one text
MAX_ITEMS = 1000  # elements of one array
MAX_URL = 2048  # characters
MAX_TIME = 253_402_300_799  # 9999-12-31T23:59:59Z, the last second that dates can say

_URL_CHARACTERS = re.compile(r"[!#-;=?-\[\]_a-z~]*", re.ASCII)


class Fields:
    """Read the members of an object that a peer sent.

    Absent and null are the same for optional members. Members that nobody asks for are ignored, as all our
    specifications want.
    """

    __slots__ = ("at", "members")

    def __init__(self, value: object, at: str) -> None:
        """Raises Malformed if value is not an object."""
        if not isinstance(value, dict):
            raise Malformed(at, "must be an object")
        self.members: JsonObject = value
        self.at = at

    def __contains__(self, name: str) -> bool:
        return self.members.get(name) is not None

    def path(self, name: str) -> str:
        """The whole path of a member, for messages."""
        return f"{self.at}.{name}"

    def required(self, name: str) -> JsonValue:
        """The member as it came; absent and null are refused."""
        value = self.members.get(name)
        if value is None:
            raise Malformed(self.path(name), "is missing")
        return value

    def text(self, name: str, *, max_length: int = MAX_TEXT) -> str:
        """A text that is not empty."""
        value = self.members.get(name)
        # Most are good, and then nobody reads the path
        if type(value) is str and 0 < len(value) <= max_length and "\x00" not in value:
            return value
        return _text(self.required(name), self.path(name), max_length)

    def optional_text(self, name: str, *, max_length: int = MAX_TEXT) -> str | None:
        """A text that is not empty, or None."""
        return None if self.members.get(name) is None else self.text(name, max_length=max_length)

    def integer(self, name: str, *, minimum: int = 0, maximum: int = MAX_TIME) -> int:
        """A whole number in bounds; booleans and floats are none."""
        value = self.members.get(name)
        if type(value) is int and minimum <= value <= maximum:
            return value
        self.required(name)
        raise Malformed(self.path(name), f"must be a whole number from {minimum} to {maximum}")

    def optional_integer(self, name: str, *, minimum: int = 0, maximum: int = MAX_TIME) -> int | None:
        """A whole number in bounds, or None."""
        return self.integer(name, minimum=minimum, maximum=maximum) if name in self else None

    def time(self, name: str) -> int:
        """A NumericDate (RFC 7519 §2) in whole epoch seconds; a fraction is cut off."""
        value = self.members.get(name)
        if (type(value) is int or type(value) is float) and 0 <= value <= MAX_TIME:
            return int(value)
        self.required(name)
        raise Malformed(self.path(name), "must be a time in seconds")

    def optional_time(self, name: str) -> int | None:
        """A NumericDate in whole epoch seconds, or None. A null is refused: a time that says nothing hides one."""
        return self.time(name) if name in self.members else None

    def boolean(self, name: str, *, default: bool) -> bool:
        """True or false; the default if absent."""
        value = self.members.get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise Malformed(self.path(name), "must be true or false")
        return value

    def object(self, name: str) -> Fields:
        """A nested object."""
        return Fields(self.required(name), f"{self.at}.{name}")

    def optional_object(self, name: str) -> Fields | None:
        """A nested object, or None."""
        return self.object(name) if name in self else None

    def array(self, name: str, *, max_items: int = MAX_ITEMS) -> list[JsonValue]:
        """An array of at least one element."""
        value = self.required(name)
        if not isinstance(value, list) or not value:
            raise Malformed(self.path(name), "must be an array that is not empty")
        if len(value) > max_items:
            raise Malformed(self.path(name), f"must have at most {max_items} elements")
        return value

    def optional_array(self, name: str, *, max_items: int = MAX_ITEMS) -> list[JsonValue] | None:
        """An array of at least one element, or None."""
        return self.array(name, max_items=max_items) if name in self else None

    def possibly_empty_array(self, name: str, *, max_items: int = MAX_ITEMS) -> list[JsonValue]:
        """An array where an empty one says no more than none does."""
        return self.array(name, max_items=max_items) if self.members.get(name) not in (None, []) else []

    def texts(self, name: str, *, max_items: int = MAX_ITEMS) -> tuple[str, ...]:
        """An array of at least one text."""
        items = self.array(name, max_items=max_items)
        return tuple(_text(item, f"{self.path(name)}[{i}]", MAX_TEXT) for i, item in enumerate(items))

    def optional_texts(self, name: str, *, max_items: int = MAX_ITEMS) -> tuple[str, ...]:
        """An array of at least one text; absent is the empty tuple."""
        return () if self.members.get(name) is None else self.texts(name, max_items=max_items)

    def objects(self, name: str, *, max_items: int = MAX_ITEMS) -> tuple[Fields, ...]:
        """An array of at least one object."""
        items = self.array(name, max_items=max_items)
        return tuple(Fields(item, f"{self.path(name)}[{i}]") for i, item in enumerate(items))

    def optional_objects(self, name: str, *, max_items: int = MAX_ITEMS) -> tuple[Fields, ...]:
        """An array of at least one object; absent is the empty tuple."""
        return self.objects(name, max_items=max_items) if name in self else ()

    def https_url(self, name: str) -> str:
        """A URL that we may name or call; see `read_https_url`."""
        return read_https_url(self.required(name), self.path(name))

    def optional_https_url(self, name: str) -> str | None:
        """A URL that we may name or call, or None."""
        return self.https_url(name) if name in self else None


def read_https_url(value: object, at: str) -> str:
    """Check that a value is an https URL with a host name, without user, fragment, blanks or control characters.

    http is accepted for `localhost` and `*.localhost` only; whether such a URL may be called is the sender's decision.

    Raises:
        Malformed: anything else.
    """
    return _read_https_url(_text(value, at, MAX_URL), at)


@lru_cache(maxsize=256)
def _read_https_url(url: str, at: str) -> str:
    """Cached, because the same addresses come again and again; each is short."""
    if not _URL_CHARACTERS.fullmatch(url):
        raise Malformed(at, "has characters that a URL cannot have")
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError as error:
        raise Malformed(at, "is not a URL") from error
    if parts.scheme == "http" and is_local(host):
        pass
    elif parts.scheme != "https":
        raise Malformed(at, "must be an https URL")
    if not host or "@" in parts.netloc:
        raise Malformed(at, "must have a host and no user")
    if "#" in url:
        raise Malformed(at, "must not have a fragment")
    return url


def is_local(host: str) -> bool:
    """Whether a host name stands for this machine by RFC 6761 §6.3."""
    return host == "localhost" or host.endswith(".localhost")


def _text(value: object, at: str, max_length: int) -> str:
    if not isinstance(value, str) or not value:
        raise Malformed(at, "must be a text that is not empty")
    if len(value) > max_length:
        raise Malformed(at, f"must have at most {max_length} characters")
    if "\x00" in value:
        raise Malformed(at, "must not contain NUL")
    return value
