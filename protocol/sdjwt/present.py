"""Presenting: choose disclosures by claims path and bind them to the holder's key (RFC 9901 §6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from protocol.credential import ClaimPath
from protocol.encoding import JsonObject
from protocol.errors import Malformed
from protocol.sdjwt.key_binding import KeyBinding, sign_key_binding
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
        needed: dict[ClaimPath, set[int]] = {}
        for path, position in zip(processed.disclosed, processed.positions, strict=True):
            needed.setdefault(path, set()).add(position)
        complete: dict[ClaimPath, frozenset[int]] = {}
        for path in _paths(processed.claims):
            above = (needed.get(path[:length], set()) for length in range(1, len(path) + 1))
            inside = (positions for inner, positions in needed.items() if inner[: len(path)] == path)
            complete[path] = frozenset().union(*above, *inside)
        texts = tuple(disclosure.text for disclosure in token.disclosures)
        return cls(token.jws.raw, texts, complete, processed.claims)

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


def _paths(claims: JsonObject) -> list[ClaimPath]:
    """Every concrete path of some claims, containers before members."""
    found: list[ClaimPath] = []
    level: list[tuple[ClaimPath, object]] = [((), claims)]
    while level:
        path, value = level.pop()
        if path:
            found.append(path)
        if isinstance(value, dict):
            level.extend(((*path, name), item) for name, item in value.items())
        elif isinstance(value, list):
            level.extend(((*path, i), item) for i, item in enumerate(value))
    return found
