"""Does a credential keep the rules of its type: is what is mandatory there, and disclosable what has to be (SD-JWT VC §5.6)?

Paths are walked through the credential as it was issued, so elements of arrays that were not disclosed still count.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from protocol.credential import ClaimPath, VerifiedCredential
from protocol.encoding import JsonValue
from protocol.errors import Malformed, TooLarge
from protocol.sdjwt.disclosure import Disclosure, digest_of
from protocol.sdjwt.token import SdJwt
from protocol.sdjwt.type_metadata import ClaimMetadata, Disclosability, TypeMetadata

MAX_STEPS = 50_000  # well under 200 ms

_AT = "credential"


@dataclass(frozen=True, slots=True)
class _Hidden:
    """An element of an array that was not disclosed."""


@dataclass(frozen=True, slots=True)
class _Issued:
    """A claim as it was issued."""

    content: dict[str, _Issued] | list[_Issued | _Hidden] | None  # None: neither an object nor an array
    disclosable: bool = False
    secretive: bool = False  # an object with digests that nothing was disclosed for


@dataclass(frozen=True, slots=True)
class _Selected:
    """What a path leads to."""

    claims: tuple[_Issued | _Hidden, ...]
    uncertain: bool  # something that was not disclosed may be there as well


def check_issued_claims(metadata: TypeMetadata, credential: VerifiedCredential) -> None:
    """Check a credential that came with all its disclosures: digests without one are decoys. For the wallet.

    Metadata of another type than the credential's is the caller's mistake and a ValueError.

    Raises:
        Malformed: a rule is broken; the credential must be refused (§5.7).
        TooLarge: the rules take too many steps to check.
    """
    for claim, found in _select_all(metadata, credential):
        _check_disclosable(claim, found)
        if claim.mandatory and not any(isinstance(item, _Issued) for item in found.claims):
            raise Malformed(_path(claim.path), "is missing, and the credential's type demands it")


def check_presented_claims(metadata: TypeMetadata, credential: VerifiedCredential) -> None:
    """Check a presentation: what may only not be disclosed counts as there. For the verifier.

    Metadata of another type than the credential's is the caller's mistake and a ValueError.

    Raises:
        Malformed: a rule is broken; the credential must be refused (§5.7).
        TooLarge: the rules take too many steps to check.
    """
    for claim, found in _select_all(metadata, credential):
        _check_disclosable(claim, found)
        if claim.mandatory and not found.claims and not found.uncertain:
            raise Malformed(_path(claim.path), "is missing, and the credential's type demands it")


def _select_all(metadata: TypeMetadata, credential: VerifiedCredential) -> list[tuple[ClaimMetadata, _Selected]]:
    if metadata.vct != credential.type:
        raise ValueError("these are the rules of another type")
    token = SdJwt.from_text(credential.raw, _AT)
    by_digest = {digest_of(disclosure.text): disclosure for disclosure in token.disclosures}
    root = _as_issued(token.jws.peek_claims(_AT).members, by_digest, disclosable=False)
    steps = 0
    selections = []
    for claim in metadata.claims:
        # One path meets every element once at most, and a token has a cap
        found, taken = _select(root, claim.path)
        steps += taken
        if steps > MAX_STEPS:
            raise TooLarge(_AT, "takes too many steps to check against its type")
        selections.append((claim, found))
    return selections


def _as_issued(value: JsonValue, by_digest: Mapping[str, Disclosure], *, disclosable: bool) -> _Issued:
    """A verified value with its digests resolved; process_claims has refused whatever does not fit."""
    if isinstance(value, list):
        return _Issued([_element_as_issued(item, by_digest) for item in value], disclosable)
    if not isinstance(value, dict):
        return _Issued(None, disclosable)
    members = {
        name: _as_issued(item, by_digest, disclosable=False)
        for name, item in value.items()
        if name not in ("_sd", "_sd_alg")
    }
    secretive = False
    digests = value.get("_sd", [])
    for digest in digests if isinstance(digests, list) else ():
        disclosure = by_digest.get(str(digest))
        if disclosure is None:
            secretive = True
        elif disclosure.name is not None:
            members[disclosure.name] = _as_issued(disclosure.value, by_digest, disclosable=True)
    return _Issued(members, disclosable, secretive)


def _element_as_issued(item: JsonValue, by_digest: Mapping[str, Disclosure]) -> _Issued | _Hidden:
    if not isinstance(item, dict) or "..." not in item:
        return _as_issued(item, by_digest, disclosable=False)
    disclosure = by_digest.get(str(item["..."]))
    return _Hidden() if disclosure is None else _as_issued(disclosure.value, by_digest, disclosable=True)


def _select(root: _Issued, path: ClaimPath) -> tuple[_Selected, int]:
    """What a path leads to (§5.6.1), and how many steps that took."""
    selected: list[_Issued | _Hidden] = [root]
    uncertain = False
    steps = 0
    for step in path:
        deeper: list[_Issued | _Hidden] = []
        for claim in selected:
            if isinstance(claim, _Hidden):
                uncertain = True
                continue
            content = claim.content
            if isinstance(step, str):
                if not isinstance(content, dict):
                    raise Malformed(_path(path), "is no object on the way, and the credential's type says that it is")
                if step in content:
                    deeper.append(content[step])
                else:
                    uncertain = uncertain or claim.secretive
            else:
                if not isinstance(content, list):
                    raise Malformed(_path(path), "is no array on the way, and the credential's type says that it is")
                deeper.extend(content if step is None else content[step : step + 1])
        steps += len(selected) + len(deeper)
        selected = deeper
    return _Selected(tuple(selected), uncertain), steps


def _check_disclosable(claim: ClaimMetadata, found: _Selected) -> None:
    for item in found.claims:
        disclosable = isinstance(item, _Hidden) or item.disclosable
        if claim.sd is Disclosability.ALWAYS and not disclosable:
            raise Malformed(_path(claim.path), "cannot be disclosed on its own, and the credential's type demands it")
        if claim.sd is Disclosability.NEVER and disclosable:
            raise Malformed(_path(claim.path), "can be left out, and the credential's type forbids it")


def _path(path: ClaimPath) -> str:
    """A path of the type's, for messages: `credential.degrees[].title`."""
    steps = (f".{step}" if isinstance(step, str) else "[]" if step is None else f"[{step}]" for step in path)
    return _AT + "".join(steps)
