"""The cockpit key: how a verifier announces its cockpit, and how the citizen's side answers with a key of one response.

An issuer announces it in its signed metadata, and the key of one document stands in its credential request.

Both are extras: whoever does not know them ignores them, and whatever is wrong with them is ignored as well, because a
request or a presentation must never fail for it. Only signed requests count, for else anybody could name an address.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import NamedTuple

from protocol.encoding import JsonObject, read_json
from protocol.errors import Flaw, Malformed, Unsupported
from protocol.fields import MAX_URL, read_https_url
from protocol.keys import PublicKey
from protocol.mdoc.device_request import DeviceRequest
from protocol.sovereignty.canonical import check_hash, encode_canonical

COCKPIT_ENDPOINT = "cockpit_endpoint"
COCKPIT_KEY = "cockpit_key"

MAX_ENDPOINT = MAX_URL - 256  # characters; the rest is for the paths of calls
MAX_KEY_TEXT = 1024  # characters of a form field


def read_cockpit_endpoint(value: object, at: str) -> str:
    """Check that a value can be an endpoint: nothing in it may tell one citizen from another, or one call from the next.

    Raises:
        Malformed: no https URL with a path of its own, or one with a query, a fragment or a trailing slash.
    """
    url = read_https_url(value, at)
    if len(url) > MAX_ENDPOINT:
        raise Malformed(at, f"must have at most {MAX_ENDPOINT} characters")
    if "?" in url or url.endswith("/"):
        raise Malformed(at, "must have no query and no slash at its end")
    return url


def announce(endpoint: str) -> JsonObject:
    """The member of `client_metadata`, or the entry of `requestInfo`; an endpoint that nobody would read is a ValueError."""
    try:
        return {COCKPIT_ENDPOINT: read_cockpit_endpoint(endpoint, COCKPIT_ENDPOINT)}
    except Malformed as error:
        raise ValueError(error.description) from error


def announced_in_metadata(client_metadata: Mapping[str, object]) -> str | None:
    """The endpoint that the metadata of a request announces; None: none, or none that can be read.

    It counts for nothing in an unsigned request, of which nothing is to be handed on.
    """
    return _read(client_metadata.get(COCKPIT_ENDPOINT))


def announced_in_person(request: DeviceRequest) -> str | None:
    """The endpoint that a reader announces, whose signatures were verified; None: none, or not the same one everywhere.

    It stands in `requestInfo` of each document, and each of them has to be signed: by itself, or with the whole.
    """
    signed_as_a_whole = bool(request.reader_auth_all)
    found = set()
    for document in request.doc_requests:
        if document.reader_auth is None and not signed_as_a_whole:
            return None
        found.add(_read(document.items.info.get(COCKPIT_ENDPOINT)))
    return found.pop() if len(found) == 1 else None


class CockpitKey(NamedTuple):
    """The key of one response, and the request that it answers: a verifier may have handed out the same one several times."""

    key: PublicKey
    request: str | None = None  # its hash, as a receipt has it; None: nobody says


def key_member(cockpit: CockpitKey) -> JsonObject:
    """What stands next to `vp_token`: inside what is encrypted, or in the data of `dc_api`. Never in an error."""
    if cockpit.key.crv != "P-256":
        raise ValueError("a cockpit key is on P-256")
    named: JsonObject = {} if cockpit.request is None else {"kid": cockpit.request}
    return {COCKPIT_KEY: {**cockpit.key.to_jwk(), **named}}


def issuance_member(key: PublicKey) -> JsonObject:
    """The key in a credential request, which is what it answers: it names no other request."""
    return key_member(CockpitKey(key))


def key_field(cockpit: CockpitKey) -> dict[str, str]:
    """The form field of a clear `direct_post`: the same as JSON text."""
    return {COCKPIT_KEY: encode_canonical(key_member(cockpit)[COCKPIT_KEY], COCKPIT_KEY).decode("ascii")}


def read_key_member(members: Mapping[str, object]) -> CockpitKey | None:
    """The key next to a `vp_token`; None: there is none, or a malformed one, which is ignored.

    That it is not known from another answer is for the store to say: one key opens one receipt.
    """
    value = members.get(COCKPIT_KEY)
    with suppress(Flaw):
        key = PublicKey.from_jwk(value, COCKPIT_KEY)
        return CockpitKey(key, _read_request(value)) if key.crv == "P-256" else None
    return None


def read_key_field(form: Mapping[str, str]) -> CockpitKey | None:
    """The same from the fields of a clear `direct_post`."""
    text = form.get(COCKPIT_KEY, "")
    with suppress(Flaw):
        value = read_json(text.encode("utf-8", "surrogatepass"), COCKPIT_KEY, max_bytes=MAX_KEY_TEXT)
        return read_key_member({COCKPIT_KEY: value})
    return None


def check_cockpit_key(key: PublicKey, at: str) -> None:
    """Check that a key is of the kind that cockpit keys are.

    Raises:
        Unsupported: on another curve.
    """
    if key.crv != "P-256":
        raise Unsupported(f"{at}: must be on P-256")


def _read_request(jwk: object) -> str | None:
    with suppress(Flaw):
        return check_hash(jwk.get("kid") if isinstance(jwk, dict) else None, COCKPIT_KEY)
    return None


def _read(value: object) -> str | None:
    with suppress(Flaw):
        return read_cockpit_endpoint(value, COCKPIT_ENDPOINT)
    return None
