"""The offices' own programs: they use the administration APIs, with the keys that the town gave to the demo."""

from __future__ import annotations

from protocol.encoding import JsonObject, encode_json
from protocol.errors import Unreachable
from protocol.exchange import Exchange, HttpRequest, send
from protocol.fields import Fields


def ask_api(method: str, url: str, key: str, body: bytes = b"") -> Exchange[Fields]:
    """Call an API whose answer is an object.

    Raises:
        Unreachable: it answers anything else.
    """
    response = yield from _call(method, url, key, body)
    if response is None:
        return Fields({}, "answer")
    return Fields(response, "answer")


def list_api(method: str, url: str, key: str, body: JsonObject) -> Exchange[tuple[Fields, ...]]:
    """Call an API whose answer is a list of objects.

    Raises:
        Unreachable: it answers anything else.
    """
    response = yield from _call(method, url, key, encode_json(body))
    return Fields({"items": response}, "answer").objects("items")


def _call(method: str, url: str, key: str, body: bytes) -> Exchange[object]:
    headers = (("authorization", f"Bearer {key}"), ("content-type", "application/json"))
    response = yield from send(HttpRequest(method, url, headers, body))
    if response.status == 204:
        return None
    if response.status not in (200, 201):
        raise Unreachable(f"{method} {url} answered with status {response.status}")
    return response.json("answer")
