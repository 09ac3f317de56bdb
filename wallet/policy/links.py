"""What a text is that a citizen scanned, pasted or followed: an invitation, a question, or nothing for a wallet."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import parse_qsl, urlsplit

from protocol.encoding import read_json
from protocol.errors import InvalidRequest, ProtocolError
from protocol.fields import is_local
from protocol.oid4vci import offer
from protocol.oid4vci.offer import CredentialOffer, is_offer_link
from protocol.oid4vp import link as request_link
from protocol.oid4vp.link import PlainRequest, RequestByReference, read_link
from wallet.policy.showing import plain

MAX_PAGE_LINK = 16 * 1024  # characters of a link on another page


class LinkKind(StrEnum):
    """What a link is for."""

    OFFER = "offer"  # somebody offers documents
    REQUEST = "request"  # somebody wants to know something
    PAGE = "page"  # an ordinary web page
    OTHER = "other"  # no link for us


@dataclass(frozen=True, slots=True)
class Found:
    """A text, and what it is."""

    kind: LinkKind
    text: str
    host: str  # of an ordinary web page


def classify(text: str) -> Found:
    """What a text is, by its look alone; nothing about it is checked, and whatever is wrong with it is found later."""
    text = text.strip()
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
    except ValueError:
        return Found(LinkKind.OTHER, text, "")
    web = parts.scheme == "https" or (parts.scheme == "http" and is_local(host))
    if is_offer_link(text) if web else parts.scheme in offer.SCHEMES:
        return Found(LinkKind.OFFER, text, "")
    names = dict(parse_qsl(parts.query[: offer.MAX_LINK]))
    if "client_id" in names if web else parts.scheme in request_link.SCHEMES:
        return Found(LinkKind.REQUEST, text, "")
    if parts.scheme in ("https", "http") and host:
        return Found(LinkKind.PAGE, text, plain(host))
    return Found(LinkKind.OTHER, text, "")


def host_of(link: str, kind: LinkKind) -> str:
    """The host that would be asked first if a link were followed; empty: nobody, or it does not say.

    Raises:
        InvalidRequest: it is no such link.
    """
    try:
        url = _first_url(link) if kind is LinkKind.OFFER else _question_url(link)
    except ProtocolError as error:
        raise InvalidRequest(error.description) from error
    return plain(urlsplit(url).netloc)


def _first_url(link: str) -> str:
    parameters = dict(parse_qsl(urlsplit(link).query))
    if reference := parameters.get("credential_offer_uri"):
        return reference
    value = parameters.get("credential_offer", "").encode("utf-8", "surrogatepass")
    return CredentialOffer.from_dict(read_json(value, "credential_offer")).credential_issuer


def _question_url(link: str) -> str:
    asked = read_link(link)
    if isinstance(asked, RequestByReference):
        return asked.request_uri
    return asked.request.response_uri if isinstance(asked, PlainRequest) else ""
