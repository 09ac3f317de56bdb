"""What a verifier asks for: a DCQL query as it travels (OID4VP 1.0 §6, §7)."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Self

from protocol.credential import ClaimPath
from protocol.dcql.path import MAX_NAME, read_path
from protocol.encoding import JsonObject, JsonValue, encode_json
from protocol.errors import Malformed, TooLarge
from protocol.fields import Fields

SD_JWT_VC = "dc+sd-jwt"
MDOC = "mso_mdoc"

MAX_CREDENTIALS = 64
MAX_CLAIMS = 1000  # over all credential queries
MAX_CREDENTIAL_SETS = 64
MAX_OPTIONS = 64  # of one credential set
MAX_TYPES = 64
MAX_AUTHORITIES = 16
MAX_AUTHORITY_VALUES = 256
MAX_VALUES = 256  # of one claim
MAX_ID = 256  # characters
MAX_VALUE = 2**63 - 1  # what JSON libraries agree on, both ways from zero

_ID = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class CredentialMeta:
    """Which types are asked for, in the words of one format (OID4VP 1.0 §6.1, B.2.3, B.3.5).

    Members that the format does not know are kept in `other` and never help a credential to match (T204).
    """

    vct_values: tuple[str, ...] = ()
    doctype_value: str | None = None
    other: JsonObject = field(default_factory=dict)

    @classmethod
    def from_fields(cls, meta: Fields, credential_format: str) -> Self:
        """Read the members that belong to a format; the rest stays as it came.

        Raises:
            Malformed: a member of this format has the wrong shape.
        """
        vct_values: tuple[str, ...] = ()
        doctype_value: str | None = None
        own = ""
        if credential_format == SD_JWT_VC:
            own = "vct_values"
            vct_values = meta.optional_texts(own, max_items=MAX_TYPES)
        elif credential_format == MDOC:
            own = "doctype_value"
            doctype_value = meta.optional_text(own, max_length=MAX_NAME)
        other = {name: value for name, value in meta.members.items() if name != own}
        if other:
            _check_carried(other, meta.at)
        return cls(vct_values, doctype_value, other)

    @classmethod
    def of_type(cls, credential_format: str, credential_type: str) -> Self:
        """What names one type in a format."""
        return cls(doctype_value=credential_type) if credential_format == MDOC else cls((credential_type,))

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all is said about the type, so that every type of the format is meant."""
        return not self.vct_values and self.doctype_value is None and not self.other

    def includes(self, credential_type: str) -> bool:
        """Whether a type is asked for by name."""
        return credential_type in self.vct_values or credential_type == self.doctype_value

    @property
    def types(self) -> tuple[str, ...]:
        """The types that are asked for by name."""
        return self.vct_values if self.doctype_value is None else (self.doctype_value,)

    def to_dict(self) -> JsonObject:
        """The wire form."""
        members: JsonObject = dict(self.other)
        if self.vct_values:
            members["vct_values"] = [*self.vct_values]
        if self.doctype_value is not None:
            members["doctype_value"] = self.doctype_value
        return members


@dataclass(frozen=True, slots=True)
class TrustedAuthority:
    """One way to say whose credentials the verifier will accept (OID4VP 1.0 §6.1.1)."""

    type: str  # aki, etsi_tl, openid_federation
    values: tuple[str, ...]

    @classmethod
    def from_fields(cls, authority: Fields) -> Self:
        """Read one entry; a type that we do not know is kept.

        Raises:
            Malformed: a member is missing or has the wrong shape.
        """
        return cls(
            authority.text("type", max_length=MAX_NAME), authority.texts("values", max_items=MAX_AUTHORITY_VALUES)
        )

    def to_dict(self) -> JsonObject:
        """The wire form."""
        return {"type": self.type, "values": [*self.values]}


@dataclass(frozen=True, slots=True)
class ClaimsQuery:
    """One claim that is asked for (OID4VP 1.0 §6.3)."""

    path: ClaimPath
    id: str | None = None
    values: tuple[str | int | bool, ...] = ()  # empty: any value
    intent_to_retain: bool | None = None  # mdoc only (B.2.4)

    @classmethod
    def from_fields(cls, claim: Fields, credential_format: str) -> Self:
        """Read one claims query; in an mdoc a path is a namespace and an element's name (T203).

        Raises:
            Malformed: a member is missing or has the wrong shape.
        """
        is_mdoc = credential_format == MDOC
        return cls(
            path=_mdoc_path(claim) if is_mdoc else read_path(claim),
            id=_read_id(claim.required("id"), claim.path("id")) if "id" in claim else None,
            values=_read_values(claim),
            intent_to_retain=claim.boolean("intent_to_retain", default=False)
            if is_mdoc and "intent_to_retain" in claim
            else None,
        )

    def to_dict(self) -> JsonObject:
        """The wire form."""
        members: JsonObject = {"path": [*self.path]}
        if self.id is not None:
            members["id"] = self.id
        if self.values:
            members["values"] = [*self.values]
        if self.intent_to_retain is not None:
            members["intent_to_retain"] = self.intent_to_retain
        return members


@dataclass(frozen=True, slots=True)
class CredentialQuery:
    """One credential that is asked for (OID4VP 1.0 §6.1)."""

    id: str
    format: str
    meta: CredentialMeta
    claims: tuple[ClaimsQuery, ...] = ()  # empty: nothing that is disclosed selectively
    claim_sets: tuple[tuple[str, ...], ...] = ()  # ids of claims, the verifier's favourite first; empty: all claims
    trusted_authorities: tuple[TrustedAuthority, ...] = ()
    multiple: bool = False
    holder_binding: bool = True

    @classmethod
    def from_fields(cls, query: Fields) -> Self:
        """Read one credential query; a format that we do not know is kept and matches nothing (T204).

        Raises:
            Malformed: a member is missing or has the wrong shape, or a set names a claim that is not there (T197).
        """
        credential_format = query.text("format", max_length=MAX_NAME)
        claims = tuple(
            ClaimsQuery.from_fields(claim, credential_format)
            for claim in query.optional_objects("claims", max_items=MAX_CLAIMS)
        )
        claim_ids = [claim.id for claim in claims if claim.id is not None]
        _check_unique(claim_ids, query.path("claims"))
        claim_sets: tuple[tuple[str, ...], ...] = ()
        if "claim_sets" in query:
            if len(claim_ids) != len(claims) or not claims:
                raise Malformed(query.path("claim_sets"), "needs claims, each with an id")
            claim_sets = _read_id_lists(query, "claim_sets", set(claim_ids), max_lists=MAX_CLAIMS, max_ids=MAX_CLAIMS)
        return cls(
            id=_read_id(query.required("id"), query.path("id")),
            format=credential_format,
            meta=CredentialMeta.from_fields(query.object("meta"), credential_format),
            claims=claims,
            claim_sets=claim_sets,
            trusted_authorities=tuple(
                map(
                    TrustedAuthority.from_fields,
                    query.optional_objects("trusted_authorities", max_items=MAX_AUTHORITIES),
                )
            ),
            multiple=query.boolean("multiple", default=False),
            holder_binding=query.boolean("require_cryptographic_holder_binding", default=True),
        )

    def to_dict(self) -> JsonObject:
        """The wire form; members that say the default are left out."""
        members: JsonObject = {"id": self.id, "format": self.format, "meta": self.meta.to_dict()}
        if self.claims:
            members["claims"] = [claim.to_dict() for claim in self.claims]
        if self.claim_sets:
            members["claim_sets"] = [[*ids] for ids in self.claim_sets]
        if self.trusted_authorities:
            members["trusted_authorities"] = [authority.to_dict() for authority in self.trusted_authorities]
        if self.multiple:
            members["multiple"] = True
        if not self.holder_binding:
            members["require_cryptographic_holder_binding"] = False
        return members


@dataclass(frozen=True, slots=True)
class CredentialSetQuery:
    """One purpose and the combinations of credentials that serve it (OID4VP 1.0 §6.2)."""

    options: tuple[tuple[str, ...], ...]  # ids of credential queries, the verifier's favourite first
    required: bool = True

    @classmethod
    def from_fields(cls, credential_set: Fields, known: Collection[str]) -> Self:
        """Read one set, whose options name known credential queries.

        Raises:
            Malformed: a member is missing or has the wrong shape, or an id is not known (T197).
        """
        return cls(
            _read_id_lists(credential_set, "options", known, max_lists=MAX_OPTIONS, max_ids=MAX_CREDENTIALS),
            credential_set.boolean("required", default=True),
        )

    def to_dict(self) -> JsonObject:
        """The wire form."""
        members: JsonObject = {"options": [[*ids] for ids in self.options]}
        if not self.required:
            members["required"] = False
        return members


@dataclass(frozen=True, slots=True)
class DcqlQuery:
    """All that a verifier asks for in one request (OID4VP 1.0 §6)."""

    credentials: tuple[CredentialQuery, ...]
    credential_sets: tuple[CredentialSetQuery, ...] = ()  # empty: every credential query is required

    @classmethod
    def from_dict(cls, value: object, at: str = "dcql_query") -> Self:
        """Read the wire form; unknown members are ignored, as the specification asks (T205).

        Raises:
            Malformed: a member is missing or has the wrong shape, an id stands twice, or a set names an unknown id.
            TooLarge: more claims than we evaluate.
        """
        query = Fields(value, at)
        credentials: list[CredentialQuery] = []
        claims = 0
        for fields in query.objects("credentials", max_items=MAX_CREDENTIALS):
            credential = CredentialQuery.from_fields(fields)
            claims += len(credential.claims)
            if claims > MAX_CLAIMS:
                raise TooLarge(query.path("credentials"), f"asks for more than {MAX_CLAIMS} claims")
            credentials.append(credential)
        ids = [credential.id for credential in credentials]
        _check_unique(ids, query.path("credentials"))
        known = frozenset(ids)
        return cls(
            tuple(credentials),
            tuple(
                CredentialSetQuery.from_fields(credential_set, known)
                for credential_set in query.optional_objects("credential_sets", max_items=MAX_CREDENTIAL_SETS)
            ),
        )

    def to_dict(self) -> JsonObject:
        """The wire form."""
        members: JsonObject = {"credentials": [credential.to_dict() for credential in self.credentials]}
        if self.credential_sets:
            members["credential_sets"] = [credential_set.to_dict() for credential_set in self.credential_sets]
        return members


def _mdoc_path(claim: Fields) -> ClaimPath:
    path = read_path(claim)
    if len(path) != 2 or not all(isinstance(element, str) for element in path):
        raise Malformed(claim.path("path"), "must be a namespace and the name of an element")
    return path


def _read_values(claim: Fields) -> tuple[str | int | bool, ...]:
    values: list[str | int | bool] = []
    for i, value in enumerate(claim.optional_array("values", max_items=MAX_VALUES) or ()):
        at = f"{claim.path('values')}[{i}]"
        if not isinstance(value, str | int):
            raise Malformed(at, "must be a text, a whole number, true or false")
        if isinstance(value, int) and abs(value) > MAX_VALUE:
            raise Malformed(at, "is a number that is too large")
        values.append(value)
    return tuple(values)


def _read_id(value: JsonValue, at: str) -> str:
    # §6.1, §6.3: alphanumeric, underscore or hyphen
    if not isinstance(value, str) or len(value) > MAX_ID or not _ID.fullmatch(value):
        raise Malformed(at, "must be made of letters, digits, _ and -")
    return value


def _read_id_lists(
    fields: Fields, name: str, known: Collection[str], *, max_lists: int, max_ids: int
) -> tuple[tuple[str, ...], ...]:
    at = fields.path(name)
    lists: list[tuple[str, ...]] = []
    for i, ids in enumerate(fields.array(name, max_items=max_lists)):
        if not isinstance(ids, list) or not 0 < len(ids) <= max_ids:
            raise Malformed(f"{at}[{i}]", f"must be an array of 1 to {max_ids} ids")
        read: list[str] = []
        for j, known_id in enumerate(ids):
            if not isinstance(known_id, str) or known_id not in known:
                raise Malformed(f"{at}[{i}][{j}]", "is no id of this query")
            read.append(known_id)
        lists.append(tuple(read))
    return tuple(lists)


def _check_unique(ids: list[str], at: str) -> None:
    if len(set(ids)) != len(ids):
        raise Malformed(at, "has an id twice")


def _check_carried(members: JsonObject, at: str) -> None:
    """Whatever is kept unread must be something that can be written again."""
    try:
        encode_json(members)
    except TypeError as error:
        raise Malformed(at, "has a value that is not JSON") from error
