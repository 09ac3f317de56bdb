"""Type metadata: what a credential's type calls its claims, and which rules it sets for them (SD-JWT VC §5).

Optional for everybody. It is its publisher's word: labels have to be escaped, and a type that extends another one gives its
issuer no right to that one's credentials (§7.7). How a card is drawn (`rendering`) is not read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from protocol.credential import ClaimPath, VerifiedCredential
from protocol.dcql.path import read_path
from protocol.encoding import JsonValue, read_json
from protocol.errors import Malformed, NotAuthentic, TooLarge, Unreachable
from protocol.exchange import Exchange, HttpRequest, send
from protocol.fields import Fields, read_https_url
from protocol.sdjwt.integrity import MAX_INTEGRITY, check_integrity

MAX_TYPES = 8  # documents of one chain of `extends`
MAX_CLAIMS = 256  # of one document
MAX_DISPLAYS = 64
MAX_LABEL = 1024  # characters
MAX_VCT = 2048  # characters

_AT = "type metadata"
_SVG_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_LOCALE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*", re.ASCII)


class Disclosability(StrEnum):
    """Whether a claim is disclosable on its own (§5.6.4)."""

    ALWAYS = "always"
    ALLOWED = "allowed"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Display:
    """What people call a type or a claim in one language; a stranger's text, to be escaped."""

    locale: str  # RFC 5646
    label: str
    description: str | None


@dataclass(frozen=True, slots=True)
class ClaimMetadata:
    """What a type says of the claims at a path (§5.6). None: not said here, so what an extended type says holds."""

    path: ClaimPath
    display: tuple[Display, ...] | None
    sd: Disclosability | None  # not said anywhere means allowed
    mandatory: bool | None  # not said anywhere means no
    svg_id: str | None

    @classmethod
    def from_fields(cls, claim: Fields) -> Self:
        """Read one element of `claims`.

        Raises:
            Malformed: a member has the wrong shape.
        """
        sd = claim.optional_text("sd")
        if sd is not None and sd not in tuple(Disclosability):
            raise Malformed(claim.path("sd"), "must be always, allowed or never")
        svg_id = claim.optional_text("svg_id", max_length=MAX_LABEL)
        if svg_id is not None and not _SVG_ID.fullmatch(svg_id):
            raise Malformed(claim.path("svg_id"), "must have letters, digits and underscores, a digit not first")
        return cls(
            path=read_path(claim),
            display=_displays(claim, "label"),
            sd=None if sd is None else Disclosability(sd),
            mandatory=claim.boolean("mandatory", default=False) if "mandatory" in claim else None,
            svg_id=svg_id,
        )

    def extend(self, base: ClaimMetadata) -> ClaimMetadata:
        """This on top of what an extended type says of the same path (§5.6.5).

        Raises:
            Malformed: it takes back what the extended type demands.
        """
        if base.sd in (Disclosability.ALWAYS, Disclosability.NEVER) and self.sd not in (None, base.sd):
            raise Malformed(_AT, "changes sd of a claim that the extended type has settled")
        if base.mandatory and self.mandatory is False:
            raise Malformed(_AT, "makes a claim optional that the extended type demands")
        return ClaimMetadata(
            path=self.path,
            display=base.display if self.display is None else self.display,
            sd=base.sd if self.sd is None else self.sd,
            mandatory=base.mandatory if self.mandatory is None else self.mandatory,
            svg_id=base.svg_id if self.svg_id is None else self.svg_id,
        )


@dataclass(frozen=True, slots=True)
class TypeDocument:
    """One document as its publisher wrote it (§5.2), before what it extends is known."""

    vct: str
    extends: str | None
    extends_integrity: str | None
    display: tuple[Display, ...] | None  # None: not said here
    claims: tuple[ClaimMetadata, ...]

    @classmethod
    def from_dict(cls, value: object) -> Self:
        """Read a document; members that are not known here are ignored.

        Raises:
            Malformed: a member has the wrong shape, or a path stands twice.
        """
        document = Fields(value, _AT)
        items = document.possibly_empty_array("claims", max_items=MAX_CLAIMS)
        claims = [ClaimMetadata.from_fields(Fields(item, f"{_AT}.claims[{i}]")) for i, item in enumerate(items)]
        if len({claim.path for claim in claims}) != len(claims):
            raise Malformed(document.path("claims"), "has a path twice")
        return cls(
            vct=document.text("vct", max_length=MAX_VCT),
            extends=document.optional_text("extends", max_length=MAX_VCT),
            extends_integrity=document.optional_text("extends#integrity", max_length=MAX_INTEGRITY),
            display=_displays(document, "name"),
            claims=tuple(claims),
        )


@dataclass(frozen=True, slots=True)
class TypeMetadata:
    """Everything that holds for a type, with what it inherits."""

    vct: str
    ancestry: tuple[str, ...]  # the types that it extends, the nearest first
    display: tuple[Display, ...]
    claims: tuple[ClaimMetadata, ...]  # inherited ones first

    @classmethod
    def of(cls, chain: Sequence[TypeDocument]) -> Self:
        """Put a chain of documents together: the type itself first, then what each extends.

        Raises:
            Malformed: a type takes back what an extended one demands, or an SVG id stands twice.
        """
        display: tuple[Display, ...] = ()
        claims: dict[ClaimPath, ClaimMetadata] = {}
        for document in reversed(chain):
            # §5.5.2: display is replaced as a whole, claims one by one
            display = display if document.display is None else document.display
            for claim in document.claims:
                base = claims.get(claim.path)
                claims[claim.path] = claim if base is None else claim.extend(base)
        svg_ids = [claim.svg_id for claim in claims.values() if claim.svg_id is not None]
        if len(set(svg_ids)) != len(svg_ids):
            raise Malformed(f"{_AT}.claims", "has an svg_id twice")
        return cls(chain[0].vct, tuple(document.vct for document in chain[1:]), display, tuple(claims.values()))

    def name(self, language: str) -> str | None:
        """What the type is called in a language, or in the publisher's first."""
        return _label(self.display, language)

    def label(self, path: ClaimPath, language: str) -> str | None:
        """What the claim at a concrete path is called in a language, or in the publisher's first; None: not said."""
        fitting = [claim for claim in self.claims if claim.display and _covers(claim.path, path)]
        # A path that names this very claim says more of it than one for all elements
        exact = next((claim for claim in fitting if claim.path == path), None)
        claim = exact or next(iter(fitting), None)
        return _label(claim.display or (), language) if claim else None


def fetch_type_metadata(
    vct: str, integrity: str | None, *, known: Mapping[str, bytes] | None = None
) -> Exchange[TypeMetadata]:
    """Find the metadata of a type and of all that it extends (§5.3, §5.4).

    `known` are documents at hand, by type, as bytes: from a registry, or kept from before. Others are fetched, which tells
    the publisher that somebody has such a credential: at issuance, never at a presentation (T262). Types that are no https
    URL can only be known.

    Raises:
        NotAuthentic: a document is not what was vouched for, or describes another type (T048).
        Malformed: a document has the wrong shape, types extend each other in a circle, or a type is no address.
        TooLarge: more than 8 types extend each other.
        Unreachable: a document could not be had.
    """
    chain: list[TypeDocument] = []
    wanted: str | None = vct
    while wanted is not None:
        if any(document.vct == wanted for document in chain):
            raise Malformed(f"{_AT}.extends", "leads back to a type that was there before")
        if len(chain) == MAX_TYPES:
            raise TooLarge(f"{_AT}.extends", f"leads through more than {MAX_TYPES} types")
        document = TypeDocument.from_dict((yield from _find(wanted, integrity, known or {})))
        if document.vct != wanted:
            raise NotAuthentic(f"{_AT}.vct: is another type")
        chain.append(document)
        wanted, integrity = document.extends, document.extends_integrity
    return TypeMetadata.of(chain)


def fetch_type_of(
    credential: VerifiedCredential, *, known: Mapping[str, bytes] | None = None
) -> Exchange[TypeMetadata]:
    """Find the metadata of a credential's type, as its issuer vouched for it (`vct#integrity`).

    Raises: see `fetch_type_metadata`.
    """
    integrity = Fields(credential.claims, "credential").optional_text("vct#integrity", max_length=MAX_INTEGRITY)
    return fetch_type_metadata(credential.type, integrity, known=known)


def _find(vct: str, integrity: str | None, known: Mapping[str, bytes]) -> Exchange[JsonValue]:
    at_hand = known.get(vct)
    if at_hand is not None:
        if integrity is not None:
            check_integrity(at_hand, integrity, _AT)
        return read_json(at_hand, _AT)
    url = read_https_url(vct, f"{_AT} of a type")
    response = yield from send(HttpRequest("GET", url, (("accept", "application/json"),)))
    if response.status != 200:
        raise Unreachable(f"{_AT}: was answered with status {response.status}")
    if integrity is not None:
        check_integrity(response.body, integrity, _AT)
    return response.json(_AT)


def _displays(fields: Fields, label: str) -> tuple[Display, ...] | None:
    if "display" not in fields:
        return None
    displays = []
    for i, item in enumerate(fields.possibly_empty_array("display", max_items=MAX_DISPLAYS)):
        display = Fields(item, f"{fields.path('display')}[{i}]")
        locale = display.text("locale", max_length=35)
        if not _LOCALE.fullmatch(locale):
            raise Malformed(display.path("locale"), "must be a language tag")
        description = display.optional_text("description", max_length=MAX_LABEL)
        displays.append(Display(locale, display.text(label, max_length=MAX_LABEL), description))
    return tuple(displays)


def _label(displays: tuple[Display, ...], language: str) -> str | None:
    wanted = language.lower()
    for tag in (wanted, wanted.split("-")[0]):
        for display in displays:
            if tag in (display.locale.lower(), display.locale.lower().split("-")[0]):
                return display.label
    return displays[0].label if displays else None


def _covers(general: ClaimPath, path: ClaimPath) -> bool:
    return len(general) == len(path) and all(
        step == own or (step is None and isinstance(own, int)) for step, own in zip(general, path, strict=True)
    )
