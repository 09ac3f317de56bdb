"""Presenting: choose disclosures by claims path and bind them to the holder's key (RFC 9901 §6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from protocol.credential import ClaimPath
from protocol.encoding import JsonObject, JsonValue
from protocol.errors import Malformed
from protocol.holder_binding import KeyBinding
from protocol.sdjwt.key_binding import sign_key_binding
from protocol.sdjwt.process import process_claims
from protocol.sdjwt.token import SdJwt


@dataclass(frozen=True, slots=True)
class PresentableSdJwt:
    """A credential that its holder verified before, made ready to present any part of it."""

    issuer_jwt: str
    texts: tuple[str, ...]  # the disclosures, as issued
    needed: Mapping[ClaimPath, frozenset[int]]  # concrete path → the disclosures that show it, and all inside it
    claims: JsonObject

    @classmethod
    def of(cls, token: SdJwt, at: str = "credential") -> Self:
        """Find out what shows what. The signature is not checked here.

        Raises:
            Flaw: the disclosures do not fit the token.
        """
        payload = token.jws.peek_claims(at).members
        processed = process_claims(payload, token.disclosures, at)
        shown_by = dict(zip(processed.disclosed, processed.positions, strict=True))
        needed: dict[ClaimPath, frozenset[int]] = {}
        _find_needed(processed.claims, (), frozenset(), shown_by, needed)
        texts = tuple(disclosure.text for disclosure in token.disclosures)
        return cls(token.jws.raw, texts, needed, processed.claims)

    def present(self, paths: Iterable[ClaimPath], binding: KeyBinding | None) -> str:
        """Disclose the claims of these concrete paths, with what encloses them and all that is inside, and no more.

        A path of a claim that is not there is the caller's mistake and a ValueError.
        """
        chosen: set[int] = set()
        for path in paths:
            found = self.needed.get(path)
            if found is None:
                raise ValueError("a path of a claim that this credential does not have")
            chosen |= found
        texts = self.texts
        presented = "~".join((self.issuer_jwt, *[texts[i] for i in sorted(chosen)], ""))
        return presented if binding is None else presented + sign_key_binding(presented, binding)


def present_sd_jwt(token: SdJwt, paths: Iterable[ClaimPath], *, binding: KeyBinding | None) -> str:
    """Disclose the claims of these concrete paths and no more; for one presentation. See `PresentableSdJwt`.

    Raises:
        Malformed: the token carries a key binding already.
        Flaw: the disclosures do not fit the token.
    """
    if token.kb_jwt is not None:
        raise Malformed("credential", "must not carry a key binding")
    return PresentableSdJwt.of(token).present(paths, binding)


def _find_needed(
    value: JsonValue,
    path: ClaimPath,
    above: frozenset[int],
    shown_by: Mapping[ClaimPath, int],
    needed: dict[ClaimPath, frozenset[int]],
) -> set[int]:
    """Note for every path from here on what shows it and all inside it; what shows things from here on is returned."""
    position = shown_by.get(path)
    here = above if position is None else above | {position}
    inside: set[int] = set()
    if isinstance(value, dict):
        for name, item in value.items():
            inside |= _find_needed(item, (*path, name), here, shown_by, needed)
    elif isinstance(value, list):
        for i, item in enumerate(value):
            inside |= _find_needed(item, (*path, i), here, shown_by, needed)
    if path:
        needed[path] = here | inside if inside else here
    if position is not None:
        inside.add(position)
    return inside
