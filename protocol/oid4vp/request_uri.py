"""The wallet asks for a request object, by GET or POST, and may say what it can do and a nonce (OID4VP 1.0 §5.10)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlencode

from protocol.encoding import JsonObject, JsonValue, encode_json
from protocol.errors import InvalidRequest, Malformed, Unreachable, raised_as
from protocol.exchange import HttpRequest, HttpResponse
from protocol.fields import Fields
from protocol.jws import MAX_TOKEN
from protocol.oid4vp.link import RequestByReference, RequestUriMethod
from protocol.oid4vp.request import MAX_NONCE
from protocol.oid4vp.request_object import MEDIA_TYPE

FORM = "application/x-www-form-urlencoded"
PATH = "request_uri"
_ACCEPT = ("accept", MEDIA_TYPE)


class RequestOver(InvalidRequest):
    """What a link stands for is not there any more: answered, too old, or taken away."""


@dataclass(frozen=True, slots=True)
class RequestUriForm:
    """What a wallet posts to a request URI."""

    wallet_nonce: str | None = None
    wallet_metadata: JsonObject | None = None  # never read: we ask every wallet in the same way

    @classmethod
    def from_form(cls, form: Mapping[str, str]) -> Self:
        """Read the form; everything is optional and what is unknown is ignored, so an empty form is a good one.

        Raises:
            InvalidRequest: a nonce that is longer than we send back.
        """
        with raised_as(InvalidRequest):
            fields = Fields(dict[str, JsonValue](form), PATH)
            given = bool(form.get("wallet_nonce"))
            return cls(fields.text("wallet_nonce", max_length=MAX_NONCE) if given else None)

    def to_form(self) -> dict[str, str]:
        """The form fields."""
        form = {}
        if self.wallet_metadata is not None:
            form["wallet_metadata"] = encode_json(self.wallet_metadata).decode("utf-8")
        if self.wallet_nonce is not None:
            form["wallet_nonce"] = self.wallet_nonce
        return form


def request_object_request(link: RequestByReference, form: RequestUriForm) -> HttpRequest:
    """How a link wants its request object fetched; the form travels only by POST."""
    if link.request_uri_method is RequestUriMethod.GET:
        return HttpRequest("GET", link.request_uri, (_ACCEPT,), max_bytes=MAX_TOKEN)
    return request_object_post(link.request_uri, form)


def request_object_post(url: str, form: RequestUriForm) -> HttpRequest:
    """How a request object is fetched by POST."""
    headers = (_ACCEPT, ("content-type", FORM))
    body = urlencode(form.to_form()).encode("ascii")
    return HttpRequest("POST", url, headers, body, max_bytes=MAX_TOKEN)


def read_request_object(response: HttpResponse) -> str:
    """The text of a request object out of the answer; nothing in it is verified.

    Raises:
        RequestOver: there is nothing at this address, or not any more.
        Unreachable: the verifier has too much to do, or is away.
        InvalidRequest: another status, redirects among them, another media type, or no token (T164).
    """
    if response.status in (404, 410):
        raise RequestOver(f"{PATH}: answered with status {response.status}")
    if response.status in (429, 503):
        raise Unreachable(f"{PATH}: answered with status {response.status}")
    with raised_as(InvalidRequest):
        # §5.10.2, §14.7: a redirect is an error like any other
        if response.status != 200:
            raise Malformed(PATH, f"answered with status {response.status}")
        if response.media_type() != MEDIA_TYPE:
            raise Malformed(PATH, f"must answer with {MEDIA_TYPE}")
        try:
            return response.body.decode("ascii")
        except UnicodeDecodeError as error:
            raise Malformed(PATH, "does not answer with a request object") from error
