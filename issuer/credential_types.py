"""Credential types as TOML files: what is issued, what it is called, what it looks like, where its values come from.

id = "residence"                     # also the credential configuration id, and the scope unless `scope` is there
vct = "urn:hoheit:residence:1"       # as SD-JWT VC; without it there is none
validity_days = 30                   # from the day of issuance

[name]
de = "Meldebestätigung"

[description]
de = "Bestätigt, wo Sie wohnen."

[look]
background_color = "#1F6F5C"
text_color = "#FFFFFF"
logo = "residence.svg"               # beside this file

[key_attestation]                    # without it, keys of any wallet are taken
key_storage = ["iso_18045_moderate"] # or better; without it any that a trusted wallet provider attests
user_authentication = ["iso_18045_basic"]
watched = true                       # the default: only wallets whose provider says, for long enough, whether they still hold

[mdoc]                               # as mdoc too, under the id with "-mdoc" behind it; alone, it has the id itself
                                     # (by description and look, not by the name, wallets know that both are one document)
doctype = "org.hoheit.residence.1"
namespace = "org.hoheit.residence.1" # of all elements; by default the doctype

[renewal]                            # see `issuer.renewal`
[receipt]                            # see `issuer.receipts`

[[claims]]                           # in the order in which people see them
path = ["address", "locality"]       # "*" stands for every element of an array
type = "text"                        # text, date, birthdate, integer, boolean, picture, object, array
label = { de = "Ort" }
mandatory = true                     # without it there is no credential; in an object that is absent it is not missed
disclosable = true                   # the default: can be shown or kept back on its own
element = "resident_city"            # what it is called in the mdoc; what lies in it goes with it
from = ["home", "city"]              # where in the register; by default the claim's own path
"""

from __future__ import annotations

import base64
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from issuer.claim_declarations import check_members, read_claim, read_texts
from issuer.claims import Claim, ClaimTree
from issuer.elements import elements_of, kinds_of, write_elements
from issuer.receipts import AS_USUAL, Handling, read_handling
from issuer.renewal import USUAL, LeafPath, RenewalPolicy, read_renewal
from protocol.dcql.query import MDOC, SD_JWT_VC
from protocol.encoding import JsonObject, JsonValue
from protocol.errors import CredentialRequestDenied, Malformed, raised_as
from protocol.fields import Fields
from protocol.formats import format_of
from protocol.mdoc.values import Kind
from protocol.oauth.client_attestation import ALGORITHMS as ATTESTATION_ALGORITHMS
from protocol.oid4vci.key_attestation import LEVELS, KeyRequirements
from protocol.oid4vci.metadata import ClaimDescription, CredentialConfiguration, Display
from protocol.sdjwt.issue import Frame

DAY = 86_400  # seconds
BATCH_SIZE = 50
SIGNING_ALGORITHMS = ("ES256",)  # of issuers' own keys
MAX_CLAIMS = 200
MAX_LOGO = 16 * 1024  # bytes
LOGO_TYPES = {".svg": "image/svg+xml", ".png": "image/png"}

_MEMBERS = frozenset((
    "id", "vct", "mdoc", "scope", "batch_size", "status", "validity_days", "name", "description", "look", "claims",
    "key_attestation", "renewal", "receipt",
))  # fmt: skip
_LOOK_MEMBERS = frozenset(("background_color", "text_color", "logo"))
_MDOC_MEMBERS = frozenset(("doctype", "namespace"))
_KEY_MEMBERS = frozenset(("key_storage", "user_authentication", "watched"))
TYPE_ID = r"[a-z0-9]+(?:[._-][a-z0-9]+)*"
_ID = re.compile(TYPE_ID)
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True, slots=True)
class CredentialType:
    """One kind of credential that an agency issues."""

    id: str
    family: str  # one for all forms of a type
    format: str  # credential format identifier, such as dc+sd-jwt
    type: str  # vct, or doctype
    scope: str
    batch_size: int  # key proofs in one request
    status: bool  # whether it can be revoked and suspended
    validity_days: int
    display: tuple[Display, ...]  # one for each language
    claims: tuple[Claim, ...]
    tree: ClaimTree
    frame: Frame  # of an SD-JWT VC
    kinds: Mapping[str, Mapping[str, Kind]]  # of the elements of an mdoc, by namespace; empty in others
    key_requirements: KeyRequirements | None = None  # how well keys have to be kept; None: nobody has to attest them
    is_watched: bool = False  # issued only to wallets whose provider says whether they still hold (TS3 1.5 §2.4)
    renewal: RenewalPolicy = USUAL
    places: Mapping[LeafPath, LeafPath] = field(default_factory=dict)  # of elements: the claims' own paths
    handling: Handling = AS_USUAL

    def name(self, language: str) -> str:
        """What it is called in a language, else in the first."""
        return next((d.name for d in self.display if d.locale == language), self.display[0].name)

    def validity(self, now: int) -> tuple[int, int]:
        """When a credential that is signed now begins and ends, epoch seconds.

        Both are cut down to the day, so that credentials of one batch, and of everybody who came that day, have the same
        times and none can be told by them (T144, RFC 9901 §10.1).
        """
        begins = now - now % DAY
        return begins, begins + self.validity_days * DAY

    def claims_for(self, record: Mapping[str, JsonValue], *, now: int) -> JsonObject:
        """The claims for one person, drawn from their record in the register (T145).

        Raises:
            CredentialRequestDenied: a mandatory value is missing, or a value is not what the type declares; the message
                has the claim's path and never the value.
        """
        with raised_as(CredentialRequestDenied):
            return self.tree.draw(record, now=now)

    def missing_for(self, record: Mapping[str, JsonValue], *, now: int) -> str:
        """The path of what keeps this document from a person: the register lacks it or has it wrong. Empty: nothing does."""
        try:
            write_elements(self.tree, self.tree.draw(record, now=now)) if self.kinds else self.tree.draw(
                record, now=now
            )
        except Malformed as error:
            return error.at
        return ""

    def written(self, claims: JsonObject) -> JsonObject:
        """Claims for one person as a document of this format holds them.

        Raises:
            CredentialRequestDenied: the format cannot say one of them; the message has its path and never the value.
        """
        with raised_as(CredentialRequestDenied):
            return write_elements(self.tree, claims) if self.kinds else claims

    def configuration(self) -> JsonObject:
        """How it stands in the issuer's metadata (OID4VCI 1.0 §12.2.4, App. A.3, App. B.2)."""
        form = format_of(self.format)
        return CredentialConfiguration(
            format=self.format,
            type=self.type,
            scope=self.scope,
            signing_algorithms=form.issuer_algorithms(SIGNING_ALGORITHMS),
            binding_methods=form.binding_methods,
            attestation_algorithms=() if self.key_requirements is None else ATTESTATION_ALGORITHMS,
            key_attestations_required=self.key_requirements,
            display=self.display,
            claims=tuple(
                ClaimDescription(
                    path=claim.path,
                    display=tuple(Display(name=label, locale=language) for language, label in claim.labels),
                    mandatory=claim.mandatory,
                )
                for claim in self.claims
            ),
        ).to_dict()


def families_of(types: Mapping[str, CredentialType]) -> Mapping[str, tuple[CredentialType, ...]]:
    """The types by family: what people know as one document, in all forms that are issued of it."""
    families: dict[str, tuple[CredentialType, ...]] = {}
    for kind in types.values():
        families[kind.family] = (*families.get(kind.family, ()), kind)
    return families


def read_type(text: str, at: str, folder: Path) -> tuple[CredentialType, ...]:
    """Read a type of our own, once for each format that it is issued in; `folder` is where its logo lies.

    Raises:
        Malformed: a member is missing, unknown or wrong; the path begins with `at`.
    """
    try:
        members = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Malformed(at, f"is not TOML: {error}") from error
    fields = Fields(members, at)
    check_members(fields, _MEMBERS)
    type_id = fields.text("id", max_length=100)
    if not _ID.fullmatch(type_id):
        raise Malformed(fields.path("id"), "must be small letters and digits, with single . _ - between them")
    claims = tuple(map(read_claim, fields.objects("claims", max_items=MAX_CLAIMS)))
    renewal, handling = _renewal(fields, claims), read_handling(fields.optional_object("receipt"))
    forms = _forms(fields, claims)
    validity_days = fields.integer("validity_days", minimum=1, maximum=3650)
    asked = fields.optional_object("key_attestation")
    is_watched = asked is not None and asked.boolean("watched", default=True)
    requirements = None if asked is None else _requirements(asked, validity_days if is_watched else None)
    return tuple([
        CredentialType(
            id=type_id + form.suffix,
            family=type_id,
            format=form.format,
            type=form.type,
            scope=(fields.optional_text("scope", max_length=100) or type_id) + form.suffix,
            batch_size=fields.optional_integer("batch_size", minimum=1, maximum=100) or BATCH_SIZE,
            status=fields.boolean("status", default=True),
            validity_days=validity_days,
            display=_display(fields, folder),
            claims=form.claims,
            tree=form.tree,
            frame=Frame.of([claim.path for claim in form.claims if claim.disclosable]),
            kinds=kinds_of(form.tree) if form.format == MDOC else {},
            key_requirements=requirements,
            is_watched=is_watched,
            renewal=renewal,
            places=form.places,
            handling=handling,
        )
        for form in forms
    ])  # fmt: skip


def read_types(folder: Path) -> dict[str, CredentialType]:
    """Every `*.toml` of a folder, by id.

    Raises:
        Malformed: a file is wrong, or two say the same id or scope; the message names the file and the member.
    """
    types: dict[str, CredentialType] = {}
    for path in sorted(folder.glob("*.toml")):
        for found in read_type(_read_text(path), path.name, folder):
            if found.id in types:
                raise Malformed(f"{path.name}.id", "is the id of another credential type")
            if any(found.scope == other.scope for other in types.values()):
                raise Malformed(f"{path.name}.scope", "is the scope of another credential type")
            types[found.id] = found
    return types


@dataclass(frozen=True, slots=True)
class _Form:
    """What one format makes of a type."""

    format: str
    type: str  # vct, or doctype
    claims: tuple[Claim, ...]
    tree: ClaimTree
    suffix: str = ""  # of id and scope, which are different for each form
    places: Mapping[LeafPath, LeafPath] = field(default_factory=dict)


def _forms(fields: Fields, claims: tuple[Claim, ...]) -> tuple[_Form, ...]:
    """The forms of a type: as SD-JWT VC by `vct`, as mdoc by `mdoc`, or both."""
    at = fields.path("claims")
    vct = fields.optional_text("vct", max_length=300)
    mdoc = fields.optional_object("mdoc")
    forms = [] if vct is None else [_Form(SD_JWT_VC, vct, claims, ClaimTree.of(claims, at))]
    if mdoc is not None:
        check_members(mdoc, _MDOC_MEMBERS)
        doctype = mdoc.text("doctype", max_length=300)
        namespace = mdoc.optional_text("namespace") or doctype
        found = elements_of(claims, namespace, at)
        places: dict[LeafPath, LeafPath] = {
            (namespace, one.element): tuple(map(str, one.path)) for one in claims if one.element is not None
        }
        suffix = "-mdoc" if forms else ""
        forms.append(_Form(MDOC, doctype, found[1:], ClaimTree.of(found, at), suffix, places))
    if not forms:
        raise Malformed(
            fields.path("vct"), "is missing, and so is mdoc: a type is issued in one of these forms, or in both"
        )
    return tuple(forms)


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise Malformed(path.name, "is not UTF-8") from error


def _renewal(fields: Fields, claims: tuple[Claim, ...]) -> RenewalPolicy:
    """How documents of a type are renewed; what it names has to be in them."""
    asked = fields.optional_object("renewal")
    found = read_renewal(asked)
    for part in found.at_once:
        if not any(claim.path[: len(part)] == part for claim in claims):
            raise Malformed(
                fields.path("renewal.at_once"), f"names {'.'.join(part)[:100]}, which is no claim of this type"
            )
    return found


def _requirements(asked: Fields, watched_days: int | None) -> KeyRequirements:
    """How well keys have to be kept, and for how long the status of that is wanted: a day beyond the document's end."""
    check_members(asked, _KEY_MEMBERS)
    for name in ("key_storage", "user_authentication"):
        for level in asked.optional_texts(name):
            if level not in LEVELS:
                raise Malformed(asked.path(name), f"must be of {', '.join(LEVELS)}")
    return KeyRequirements(
        key_storage=asked.optional_texts("key_storage"),
        user_authentication=asked.optional_texts("user_authentication"),
        preferred_status_period=None if watched_days is None else (watched_days + 1) * DAY,
    )


def _display(fields: Fields, folder: Path) -> tuple[Display, ...]:
    """How the type is shown, once for each language of its name."""
    names = read_texts(fields.object("name"), max_length=100)
    described = fields.optional_object("description")
    descriptions = dict(read_texts(described, max_length=500)) if described else {}
    look = fields.optional_object("look")
    if look is None:
        return tuple(
            Display(name=name, locale=language, description=descriptions.get(language)) for language, name in names
        )
    check_members(look, _LOOK_MEMBERS)
    logo = _logo(look, folder)
    background, text = _color(look, "background_color"), _color(look, "text_color")
    return tuple(
        Display(
            name=name,
            locale=language,
            description=descriptions.get(language),
            logo=logo,
            logo_alt=name if logo else None,
            background_color=background,
            text_color=text,
        )
        for language, name in names
    )


def _color(look: Fields, name: str) -> str | None:
    color = look.optional_text(name)
    if color is not None and not _COLOR.fullmatch(color):
        raise Malformed(look.path(name), "must be a colour as #RRGGBB")
    return color


def _logo(look: Fields, folder: Path) -> str | None:
    """The picture as data URL, so that no wallet calls anybody to show it."""
    name = look.optional_text("logo", max_length=100)
    if name is None:
        return None
    at = look.path("logo")
    media_type = LOGO_TYPES.get(Path(name).suffix)
    if media_type is None or Path(name).name != name:
        raise Malformed(at, "must be an .svg or .png file beside this one")
    try:
        picture = (folder / name).read_bytes()
    except OSError as error:
        raise Malformed(at, "names a file that cannot be read") from error
    if len(picture) > MAX_LOGO:
        raise Malformed(at, f"is larger than {MAX_LOGO} bytes")
    return f"data:{media_type};base64,{base64.b64encode(picture).decode('ascii')}"
