"""Processing: disclosures are put where their digests stand; whatever does not fit is refused (RFC 9901 §7.1)."""

from __future__ import annotations

from typing import NamedTuple

from protocol.credential import ClaimPath
from protocol.encoding import JsonObject, JsonValue
from protocol.errors import Malformed, NotAuthentic, TooLarge, Unsupported
from protocol.sdjwt.disclosure import Disclosure, digests_of
from protocol.sdjwt.issue import ALWAYS_VISIBLE

MAX_DEPTH = 32  # of the processed claims; disclosures inside disclosures count
MAX_DIGESTS = 10_000
_TEXT = frozenset((str,))


class ProcessedSdJwt(NamedTuple):
    """The claims as the issuer meant them, with what was disclosed and nothing of the machinery."""

    claims: JsonObject
    disclosed: tuple[ClaimPath, ...]  # concrete, containers before members
    positions: tuple[int, ...]  # for each disclosed path, which disclosure it is


def process_claims(payload: JsonObject, disclosures: tuple[Disclosure, ...], at: str) -> ProcessedSdJwt:
    """Put disclosures into a payload. The payload's signature is not checked here.

    Raises:
        Malformed: `_sd` or a placeholder has another shape, or a name stands twice (T033, T034).
        NotAuthentic: a digest stands twice (T031), or a disclosure belongs to no digest (T032).
        TooLarge: nested too deep, or too many digests (T036).
        Unsupported: a hash algorithm other than SHA-256 (T035).
    """
    # RFC 9901 §4.1.1: absent means sha-256; names are compared exactly
    if payload.get("_sd_alg", "sha-256") != "sha-256":
        raise Unsupported(f"{at}: this digest algorithm is not accepted")
    process = _Process(disclosures, at)
    claims = process.object(payload, ())
    if len(process.positions) != len(disclosures):
        raise NotAuthentic(f"{at}: has a disclosure that does not belong to it")
    return ProcessedSdJwt(claims, tuple(process.paths), tuple(process.positions))


class _Process:
    __slots__ = ("_at", "_by_digest", "_disclosures", "_seen", "paths", "positions")

    def __init__(self, disclosures: tuple[Disclosure, ...], at: str) -> None:
        self._at = at
        self._disclosures = disclosures
        digests = digests_of([disclosure.text for disclosure in disclosures])
        self._by_digest: dict[JsonValue, int] = dict(zip(digests, range(len(digests)), strict=True))
        self._seen: set[JsonValue] = set()
        self.paths: list[ClaimPath] = []
        self.positions: list[int] = []

    def object(self, value: JsonObject, path: ClaimPath) -> JsonObject:
        """An object with its disclosed members."""
        if len(path) > MAX_DEPTH:
            raise TooLarge(self._at, f"is nested deeper than {MAX_DEPTH}")
        if "..." in value:
            raise Malformed(self._at, "has an array's placeholder outside an array")
        # RFC 9901 §4.1.1: only at the top level
        if path and "_sd_alg" in value:
            raise Malformed(self._at, "has _sd_alg below the top level")
        shown = value.copy()
        hides = "_sd" in shown
        digests = shown.pop("_sd", None)
        if not path:
            shown.pop("_sd_alg", None)
        for name, item in shown.items():
            if isinstance(item, dict):
                shown[name] = self.object(item, (*path, name))
            elif isinstance(item, list):
                shown[name] = self._array(item, (*path, name))
        if hides:
            self._reveal_members(digests, shown, path)
        return shown

    def _reveal_members(self, digests: JsonValue, shown: JsonObject, path: ClaimPath) -> None:
        if not isinstance(digests, list):
            raise Malformed(self._at, "has an _sd that is no array")
        for position in self._find(digests):
            name, item, _ = self._disclosures[position]
            if name is None:
                raise Malformed(self._at, "has an array's element among the members of an object")
            if name in shown:
                raise Malformed(self._at, "has a disclosure for a claim that is there already")
            inner_path = (*path, name)
            self._note(inner_path, position)
            kind = type(item)
            shown[name] = self._inner(item, inner_path) if kind is dict or kind is list else item

    def _array(self, value: list[JsonValue], path: ClaimPath) -> list[JsonValue]:
        if len(path) > MAX_DEPTH:
            raise TooLarge(self._at, f"is nested deeper than {MAX_DEPTH}")
        shown: list[JsonValue] = []
        for item in value:
            if isinstance(item, dict) and "..." in item:
                self._reveal_element(item, shown, path)
            else:
                shown.append(self._inner(item, (*path, len(shown))))
        return shown

    def _reveal_element(self, placeholder: JsonObject, shown: list[JsonValue], path: ClaimPath) -> None:
        if len(placeholder) != 1:
            raise Malformed(self._at, "has a placeholder with other members")
        for position in self._find([placeholder["..."]]):
            name, item, _ = self._disclosures[position]
            if name is not None:
                raise Malformed(self._at, "has an object's member among the elements of an array")
            inner_path = (*path, len(shown))
            self._note(inner_path, position)
            shown.append(self._inner(item, inner_path))

    def _inner(self, value: JsonValue, path: ClaimPath) -> JsonValue:
        if isinstance(value, dict):
            return self.object(value, path)
        if isinstance(value, list):
            return self._array(value, path)
        return value

    def _find(self, digests: list[JsonValue]) -> list[int]:
        """Which disclosures some digests stand for; those that are not disclosed, and decoys, stand for none."""
        if not _TEXT.issuperset(map(type, digests)):
            raise Malformed(self._at, "has a digest that is no text")
        seen = self._seen
        before = len(seen)
        seen.update(digests)
        if len(seen) != before + len(digests):
            raise NotAuthentic(f"{self._at}: has a digest twice")
        if len(seen) > MAX_DIGESTS:
            raise TooLarge(self._at, f"has more than {MAX_DIGESTS} digests")
        by_digest = self._by_digest
        return sorted([by_digest[digest] for digest in by_digest.keys() & digests])

    def _note(self, path: ClaimPath, position: int) -> None:
        # SD-JWT VC §2.2.2.3: with all that is inside
        if path[0] in ALWAYS_VISIBLE:
            raise Malformed(self._at, "has a disclosure for a claim that must stay in sight")
        self.paths.append(path)
        self.positions.append(position)
