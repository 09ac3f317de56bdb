"""How a receipt reaches the wallet: with the answer to `direct_post`, or collected from the cockpit whenever there was no room.

The receipt is handed on as it came; `protocol.sovereignty.receipt_check` says what to think of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from protocol.encoding import JsonObject
from protocol.errors import Malformed, Unreachable
from protocol.exchange import Exchange, HttpResponse
from protocol.sovereignty.calls import Caller, CallPath, call_url
from protocol.sovereignty.in_person import write_claim
from protocol.sovereignty.signing import MAX_OBJECT

MEMBER: Final = "receipt"
MEDIA_TYPE: Final = "application/jwt"
DEFAULT_WAIT = 60  # seconds, where a verifier does not say
MAX_WAIT = 86_400  # seconds
_AT = "receipt"
_TOKEN = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+){2}", re.ASCII)
_SECONDS = re.compile(r"\d{1,9}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Collected:
    """The receipt, unverified."""

    receipt: str


@dataclass(frozen=True, slots=True)
class NotYet:
    """The verifier is still at it."""

    retry_after: int  # seconds


@dataclass(frozen=True, slots=True)
class NoReceipt:
    """There is none for this key, or no longer."""


def carry_receipt(answer: JsonObject, receipt: str) -> JsonObject:
    """The JSON answer to `direct_post`, with `redirect_uri` or with `error`, and the receipt next to it."""
    return {**answer, MEMBER: receipt}


def carried_receipt(answer: JsonObject) -> str | None:
    """The receipt in such an answer; None: there is none, or nothing that could be one. Other members decide what it means."""
    value = answer.get(MEMBER)
    return value if isinstance(value, str) and _is_token(value) else None


def collect_receipt(
    caller: Caller, endpoint: str, claim: bytes | None = None
) -> Exchange[Collected | NotYet | NoReceipt]:
    """Ask for the receipt of the caller's key; doing so twice changes nothing.

    `claim` goes with the first call after a session in person, and binds the key.

    Raises:
        Unreachable: it cannot be reached, or is out of order.
        Malformed: the answer is none of those that the protocol knows.
    """
    body = {} if claim is None else write_claim(claim)
    response = yield from caller.call("POST", call_url(endpoint, CallPath.RECEIPT), body, max_bytes=MAX_OBJECT)
    return read_collected(response)


def read_collected(response: HttpResponse) -> Collected | NotYet | NoReceipt:
    """What a cockpit said.

    Raises:
        Unreachable: it is out of order.
        Malformed: none of the answers that the protocol knows.
    """
    if response.status == 200 and response.media_type() == MEDIA_TYPE:
        text = response.body.decode("ascii", "replace")
        if _is_token(text):
            return Collected(text)
    elif response.status == 202:
        said = response.header("retry-after") or ""
        return NotYet(min(int(said), MAX_WAIT) if _SECONDS.fullmatch(said) else DEFAULT_WAIT)
    elif response.status == 404:
        return NoReceipt()
    elif response.status >= 500 or response.status == 429:
        raise Unreachable(f"{_AT}: answered with status {response.status}")
    raise Malformed(_AT, "is not an answer to that call")


def _is_token(text: str) -> bool:
    return len(text) <= MAX_OBJECT and _TOKEN.fullmatch(text) is not None
