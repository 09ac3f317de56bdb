"""Heads of usage logs, signed and public: `usage-head+jwt`, and the proof that one log grew from one head to another.

Anybody may fetch them, so they say nothing about anybody: how often a log grew, and nothing more.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Self

from protocol.encoding import JsonObject, JsonValue, decode_base64url, encode_base64url
from protocol.errors import Malformed, NotForThisRequest, NotValidNow
from protocol.fields import Fields
from protocol.keys import Signer
from protocol.sovereignty.canonical import check_hash
from protocol.sovereignty.merkle import EMPTY_ROOT, MAX_PROOF, MAX_SIZE, Proof, TreeHead, verify_consistency
from protocol.sovereignty.signing import Organisation, sign_as_organisation, verify_organisation_object
from protocol.sovereignty.usage import HOUR, read_log
from protocol.trust.anchors import TrustAnchors

TYP = "usage-head+jwt"
MAX_HEADS = 64  # of one partner
MAX_AGE = 2 * HOUR  # a head is cacheable until the next full hour, and clocks differ
_AT = "usage head"


@dataclass(frozen=True, slots=True)
class LogHead:
    """A log as it stood at one time."""

    log: str  # calendar year
    tree: TreeHead

    @classmethod
    def from_fields(cls, head: Fields) -> Self:
        """Read the wire form.

        Raises:
            Malformed: a member is missing or has the wrong shape, or the empty log has another root than it can have.
        """
        root = decode_base64url(check_hash(head.required("root"), head.path("root")), head.path("root"))
        size = head.integer("tree_size", maximum=MAX_SIZE)
        if size == 0 and root != EMPTY_ROOT:
            raise Malformed(head.path("root"), "must be the hash of nothing")
        return cls(read_log(head, "log"), TreeHead(size, root))

    def to_dict(self) -> JsonObject:
        """The wire form."""
        return {"log": self.log, "tree_size": self.tree.size, "root": encode_base64url(self.tree.root)}


@dataclass(frozen=True, slots=True)
class SignedHead:
    """A head in the word of the partner whose log it is."""

    head: LogHead
    issued_at: int  # epoch seconds
    raw: str


@dataclass(frozen=True, slots=True)
class Growth:
    """The answer to `GET {cockpit_endpoint}/consistency?log=&from=&to=`. It is not signed: it proves itself."""

    log: str
    before: int  # leaves
    after: int
    consistency: Proof

    @classmethod
    def from_dict(cls, value: object) -> Self:
        """Read the wire form; unknown members are ignored.

        Raises:
            Malformed: a member is missing or has the wrong shape.
        """
        growth = Fields(value, "consistency")
        before, after = (growth.integer(name, maximum=MAX_SIZE) for name in ("from", "to"))
        return cls(read_log(growth, "log"), before, after, read_proof(growth, "consistency"))

    def to_dict(self) -> JsonObject:
        """The wire form."""
        proof = write_proof(self.consistency)
        return {"log": self.log, "from": self.before, "to": self.after, "consistency": proof}

    def verify(self, before: LogHead, after: LogHead) -> None:
        """Check that one head grew into another.

        Raises:
            NotForThisRequest: it is about other heads.
            NotAuthentic: it did not.
        """
        asked = (before.log, before.log, before.tree.size, after.tree.size)
        if asked != (self.log, after.log, self.before, self.after):
            raise NotForThisRequest("consistency: is of other heads")
        verify_consistency(before.tree, after.tree, self.consistency, "consistency")


def sign_usage_head(head: LogHead, *, now: int, signer: Signer, x5c: tuple[str, ...]) -> str:
    """A head as everybody gets it."""
    return sign_as_organisation(TYP, {**head.to_dict(), "iat": now}, signer, x5c)


def verify_usage_head(
    text: str, *, log: str, partner: Collection[Organisation], anchors: TrustAnchors, now: int
) -> SignedHead:
    """Check the head of a log.

    Raises:
        NotForThisRequest: of another log.
        NotValidNow: from the future, or kept longer than its hour.
        Malformed: see `LogHead.from_fields`.
        NotAuthentic, NotTrusted, TooLarge, Unsupported: see `verify_organisation_object`.
    """
    signed = verify_organisation_object(text, typ=TYP, signers=partner, anchors=anchors, now=now, at=_AT)
    head = LogHead.from_fields(signed.claims)
    if head.log != log:
        raise NotForThisRequest(f"{_AT}.log: is another log")
    if signed.issued_at < now - MAX_AGE:
        raise NotValidNow(f"{_AT}: is too old")
    return SignedHead(head, signed.issued_at, text)


def read_heads(holder: Fields, name: str, *, of_each_log: int = 1) -> tuple[LogHead, ...]:
    """Read heads; none where a log has not begun.

    Raises:
        Malformed: too many, or a size of a log twice.
    """
    items = holder.possibly_empty_array(name, max_items=MAX_HEADS)
    at = holder.path(name)
    heads = tuple([LogHead.from_fields(Fields(item, f"{at}[{i}]")) for i, item in enumerate(items)])
    logs = [head.log for head in heads]
    if any(logs.count(log) > of_each_log for log in logs):
        raise Malformed(at, f"must have at most {of_each_log} of each log")
    if len({(head.log, head.tree.size) for head in heads}) != len(heads):
        raise Malformed(at, "has a size of a log twice")
    return heads


def read_proof(holder: Fields, name: str) -> Proof:
    """Read a list of hashes, which may be empty.

    Raises:
        Malformed: no list, too long, or no hashes.
    """
    items = holder.required(name)
    at = holder.path(name)
    if not isinstance(items, list) or len(items) > MAX_PROOF:
        raise Malformed(at, f"must be an array of at most {MAX_PROOF} hashes")
    return tuple([decode_base64url(check_hash(item, at), at) for item in items])


def write_proof(proof: Proof) -> list[JsonValue]:
    """The wire form of a proof."""
    return [encode_base64url(hash_) for hash_ in proof]
