"""Where somebody is reached who has no endpoint for it: a page, a mail or a call, in that order (EUDI TS7 §3.3, TS8 §3.4).

The wallet opens nothing by itself; it hands what stands here to the browser, the mail program or the phone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple
from urllib.parse import quote

from protocol.errors import Malformed
from protocol.fields import MAX_URL, read_https_url

# RFC 5322 §3.2.3 dot-atoms, as far as addresses of support desks have them
_MAIL = re.compile(r"[A-Za-z0-9!#$*+/=^_{|}~-]+(?:\.[A-Za-z0-9!#$*+/=^_{|}~-]+)*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_PHONE = re.compile(r"\+?[0-9][0-9 ()/.-]{2,38}")
_SEPARATORS = re.compile(r"[ ()/.-]")


class Channel(StrEnum):
    """How somebody is reached; in the order in which they are offered."""

    WEB = "web"
    MAIL = "mail"
    PHONE = "phone"


class Letter(NamedTuple):
    """What the citizen may send: subject and body, in plain text."""

    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Way:
    """One way to reach somebody."""

    channel: Channel
    address: str  # https URL, mail address, or phone number of digits, perhaps after a plus

    def link(self, letter: Letter | None = None) -> str:
        """What opens it: the page, a draft of the letter (RFC 6068), or a call (RFC 3966)."""
        if self.channel is Channel.WEB:
            return self.address
        if self.channel is Channel.PHONE:
            return f"tel:{self.address}"
        address = quote(self.address, safe="@")
        if letter is None:
            return f"mailto:{address}"
        # RFC 6068 §5: lines end with %0D%0A
        body = quote(letter.body.replace("\r\n", "\n").replace("\n", "\r\n"), safe="")
        return f"mailto:{address}?subject={quote(letter.subject, safe='')}&body={body}"


def read_ways(contacts: Iterable[str | None]) -> tuple[Way, ...]:
    """What contacts stand for, told by how they look (TS7 §3.2, I6), best first; what is none of the three is left out."""
    found = [way for contact in contacts if contact and (way := _read_way(contact.strip())) is not None]
    order = tuple(Channel)
    return tuple(sorted(dict.fromkeys(found), key=lambda way: order.index(way.channel)))


def _read_way(contact: str) -> Way | None:
    if len(contact) > MAX_URL:
        return None
    scheme, _, rest = contact.partition(":")
    if scheme.lower() == "https":
        try:
            return Way(Channel.WEB, read_https_url(contact, "contact"))
        except Malformed:
            return None
    mail = rest if scheme.lower() == "mailto" else contact
    if _MAIL.fullmatch(mail):
        return Way(Channel.MAIL, mail)
    phone = rest if scheme.lower() == "tel" else contact
    return Way(Channel.PHONE, _SEPARATORS.sub("", phone)) if _PHONE.fullmatch(phone) else None
