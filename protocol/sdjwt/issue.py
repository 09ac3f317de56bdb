"""Issuing: claims are hidden behind salted digests, as a frame says (RFC 9901 §4, §5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from protocol.credential import ClaimPath
from protocol.encoding import JsonObject, JsonValue, encode_base64url, encode_json
from protocol.jws import sign_encoded
from protocol.keys import RandomBytes, Signer
from protocol.sdjwt.disclosure import RESERVED_NAMES, SALT_BYTES, digests_of, encode_disclosures, make_salts

# SD-JWT VC §2.2.2.3: these say whether and until when a credential holds, so they stay in sight
ALWAYS_VISIBLE = frozenset(("iss", "nbf", "exp", "cnf", "vct", "vct#integrity", "aka_vcts", "status"))
_MACHINERY = RESERVED_NAMES | {"_sd_alg"}
_CONTAINERS = (dict, list)


@dataclass(frozen=True, slots=True)
class Frame:
    """Which claims can be disclosed on their own, as a tree; made once for a credential type."""

    members: Mapping[str, Frame] = field(default_factory=dict)
    elements: Frame | None = None  # how every element of an array is treated
    disclosable: bool = False

    @classmethod
    def of(cls, paths: Iterable[ClaimPath]) -> Frame:
        """The frame that makes each of these paths a disclosure of its own; `None` stands for every element.

        A path into a single element and a claim that must stay in sight are the caller's mistakes and a ValueError.
        """
        tree: _Tree = {}
        for path in paths:
            if not path or path[0] in ALWAYS_VISIBLE:
                raise ValueError(f"this claim cannot be disclosed selectively: {path}")
            branch = tree
            for step in path:
                if isinstance(step, int) or step in RESERVED_NAMES:
                    raise ValueError(f"a frame has names and null only: {path}")
                branch = branch.setdefault(step, {})
            branch[_HERE] = {}
        return _frame(tree)


_Tree = dict["str | None", "_Tree"]
_HERE = "..."  # no claim can have this name


def _frame(tree: _Tree) -> Frame:
    elements = tree.get(None)
    return Frame(
        members={name: _frame(branch) for name, branch in tree.items() if name is not None and name != _HERE},
        elements=None if elements is None else _frame(elements),
        disclosable=_HERE in tree,
    )


def issue_sd_jwt(
    claims: JsonObject,
    frame: Frame,
    *,
    header: JsonObject,
    signer: Signer,
    random_bytes: RandomBytes,
    decoys: int = 0,
) -> str:
    """A signed SD-JWT with all its disclosures, `<jwt>~<disclosure>~…~`.

    Digests stand in sorted order, which says nothing about the claims (T050). `header` names `typ` and how to find the
    key; `alg` comes from the signer. `decoys` are digests of nothing, beside the top level's (RFC 9901 §4.2.5).
    A claim named like a part of the machinery is the caller's mistake and a ValueError, at whatever depth: its value
    would count as digests, and whoever chose it could disclose what was never issued.
    """
    _check_names(claims)
    hidden = _Hidden(random_bytes)
    payload = hidden.object(claims, frame, decoys)
    if hidden.texts or decoys:
        payload["_sd_alg"] = "sha-256"
    head = _encode_header(encode_json({"alg": signer.public_key.alg, **header}))
    token = sign_encoded(head, encode_json(payload), signer)
    return "~".join((token, *hidden.texts, ""))


def _check_names(value: JsonObject | list[JsonValue]) -> None:
    if isinstance(value, dict) and not _MACHINERY.isdisjoint(value):
        raise ValueError("a name that no claim may have")
    for item in value.values() if isinstance(value, dict) else value:
        if isinstance(item, _CONTAINERS):
            _check_names(item)


class _Hidden:
    """Collects disclosures while claims are hidden; salts are drawn for many at once."""

    __slots__ = ("_random_bytes", "texts")

    def __init__(self, random_bytes: RandomBytes) -> None:
        self._random_bytes = random_bytes
        self.texts: list[str] = []

    def object(self, value: JsonObject, frame: Frame, decoys: int = 0) -> JsonObject:
        """The object with a digest for each of its members that the frame makes disclosable."""
        shown: JsonObject = {}
        hidden: list[tuple[str | None, JsonValue]] = []
        members = frame.members
        for name, item in value.items():
            part = members.get(name)
            if part is None:
                shown[name] = item
                continue
            inner = self._inner(item, part) if part.members or part.elements is not None else item
            if part.disclosable:
                hidden.append((name, inner))
            else:
                shown[name] = inner
        digested = self._hide(hidden)
        if decoys:
            digested += make_salts(self._random_bytes(SALT_BYTES * decoys))  # a decoy's digest stands for nothing
        if digested:
            shown["_sd"] = list[JsonValue](sorted(digests_of(digested)))
        return shown

    def _array(self, value: list[JsonValue], part: Frame) -> list[JsonValue]:
        if not part.disclosable:
            return [self._inner(item, part) for item in value]
        hidden = self._hide([(None, self._inner(item, part)) for item in value])
        return [{"...": digest} for digest in digests_of(hidden)]

    def _inner(self, item: JsonValue, part: Frame) -> JsonValue:
        if part.members and isinstance(item, dict):
            return self.object(item, part)
        if part.elements is not None and isinstance(item, list):
            return self._array(item, part.elements)
        return item

    def _hide(self, claims: list[tuple[str | None, JsonValue]]) -> list[str]:
        if not claims:
            return []
        texts = encode_disclosures(make_salts(self._random_bytes(SALT_BYTES * len(claims))), claims)
        self.texts += texts
        return texts


@lru_cache(maxsize=64)
def _encode_header(header: bytes) -> str:
    """Cached: an issuer's header, with its certificates, is the same every time."""
    return encode_base64url(header)
