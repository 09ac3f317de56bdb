"""What the user authorises along with a presentation, and how that binds it (OID4VP 1.0 §8.4, B.3.3)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from protocol.encoding import JsonObject, decode_base64url, encode_base64url, read_json_object
from protocol.errors import InvalidTransactionData, Malformed, raised_as
from protocol.fields import Fields

MAX_ITEMS = 16
MAX_ITEM = 64 * 1024  # characters of one encoded item

DEFAULT_HASH = "sha-256"
_HASHES: Mapping[str, Callable[[bytes], bytes]] = {
    "sha-256": lambda data: hashlib.sha256(data).digest(),
    "sha-384": lambda data: hashlib.sha384(data).digest(),
    "sha-512": lambda data: hashlib.sha512(data).digest(),
}

# What a type of transaction data demands of its parameters; raises a Flaw
TypeRule = Callable[[Fields], None]


@dataclass(frozen=True, slots=True)
class TransactionData:
    """One thing to authorise; `raw` is the text as it came, which is what is hashed."""

    type: str
    credential_ids: tuple[str, ...]  # any one of these may carry it
    hash_algorithm: str  # the first offered that we know
    algorithm_named: bool  # the request named algorithms, so the answer must name the one it used
    parameters: JsonObject  # the whole object
    raw: str

    def digest(self) -> str:
        """The hash that the presentation carries, base64url; over the text, not what it decodes to."""
        return encode_base64url(_HASHES[self.hash_algorithm](self.raw.encode("ascii")))


def read_transaction_data(
    texts: Sequence[str], *, bound_ids: Collection[str], types: Mapping[str, TypeRule]
) -> tuple[TransactionData, ...]:
    """Read the request's items; one that is not understood spoils them all (T166).

    `bound_ids` are the query's credentials that prove holder binding, which alone can carry transaction data. `types`
    are the types that we know; with none, every item is refused.

    Raises:
        InvalidTransactionData: no base64url, an unknown type or hash, a credential not asked, broken parameters.
    """
    with raised_as(InvalidTransactionData):
        if len(texts) > MAX_ITEMS:
            raise Malformed("transaction_data", f"must have at most {MAX_ITEMS} elements")
        return tuple(_read_item(text, f"transaction_data[{i}]", bound_ids, types) for i, text in enumerate(texts))


def assign_transaction_data(
    items: Sequence[TransactionData], answered_ids: Collection[str]
) -> dict[str, tuple[TransactionData, ...]]:
    """Which credential carries which items: the first that an item names and that is presented. Order is the request's.

    Wallet and verifier use the same rule, so that the verifier knows where to look.

    Raises:
        InvalidTransactionData: an item whose credentials are all missing.
    """
    assigned: dict[str, tuple[TransactionData, ...]] = {}
    for item in items:
        carrier = next((id_ for id_ in item.credential_ids if id_ in answered_ids), None)
        if carrier is None:
            raise InvalidTransactionData("no credential is presented that can authorise this transaction")
        assigned[carrier] = (*assigned.get(carrier, ()), item)
    for carried in assigned.values():
        if len({item.hash_algorithm for item in carried}) > 1:
            # B.3.3: the key binding names one algorithm for all its hashes
            raise InvalidTransactionData("items for one credential must share a hash algorithm")
    return assigned


def _read_item(text: str, at: str, bound_ids: Collection[str], types: Mapping[str, TypeRule]) -> TransactionData:
    if len(text) > MAX_ITEM:
        raise Malformed(at, f"must have at most {MAX_ITEM} characters")
    item = Fields(read_json_object(decode_base64url(text, at), at), at)
    kind = item.text("type")
    if kind not in types:
        raise Malformed(item.path("type"), "is not a type of transaction data that is known here")
    ids = item.texts("credential_ids")
    if unknown := [id_ for id_ in ids if id_ not in bound_ids]:
        raise Malformed(item.path("credential_ids"), f"names {len(unknown)} that no query asks for with holder binding")
    offered = item.optional_texts("transaction_data_hashes_alg")
    algorithm = next((name for name in offered or (DEFAULT_HASH,) if name in _HASHES), None)
    if algorithm is None:
        raise Malformed(item.path("transaction_data_hashes_alg"), "has no hash algorithm that is known here")
    types[kind](item)
    return TransactionData(kind, ids, algorithm, bool(offered), item.members, text)
