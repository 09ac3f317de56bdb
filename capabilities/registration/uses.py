"""What a party asks people for and why, and what it issues: the parts of a registration that are about documents (TS5 §2.4)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from protocol.credential import ClaimPath
from protocol.dcql.path import read_path
from protocol.dcql.query import CredentialMeta
from protocol.encoding import JsonObject, JsonValue
from protocol.errors import Malformed
from protocol.fields import Fields
from protocol.trust.localized import Localized
from protocol.trust.registration import RegisteredCredential

MAX_LAW = 200  # characters of a legal basis
MAX_WORDS = 2000  # characters of a purpose or a description
MAX_CREDENTIALS = 50  # of one use
MAX_CLAIMS = 500  # of one credential
MAX_LANGUAGES = 30
LONGEST_RETENTION = 36_500  # days

_LANGUAGE = re.compile(r"[a-z]{2,3}", re.ASCII)
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Use:
    """One thing that a party asks people for, and why (TS5 §2.4.3)."""

    id: str
    purpose: tuple[Localized, ...]
    privacy_policy: str
    credentials: tuple[RegisteredCredential, ...]
    legal_basis: str
    retention_days: int

    @classmethod
    def from_fields(cls, use: Fields) -> Self:
        """Read one."""
        id_ = use.text("id")
        if not is_use_id(id_):
            raise Malformed(use.path("id"), "must be small letters, digits and hyphens")
        credentials = use.objects("credentials", max_items=MAX_CREDENTIALS)
        return cls(
            id=id_,
            purpose=read_texts(use, "purpose"),
            privacy_policy=use.https_url("privacy_policy"),
            credentials=tuple([read_credential(credential, needs_claims=True) for credential in credentials]),
            legal_basis=use.text("legal_basis", max_length=MAX_LAW),
            retention_days=use.integer("retention_days", maximum=LONGEST_RETENTION),
        )

    def to_dict(self) -> JsonObject:
        """The wire form."""
        return {
            "id": self.id,
            "purpose": write_texts(self.purpose),
            "privacy_policy": self.privacy_policy,
            "legal_basis": self.legal_basis,
            "retention_days": self.retention_days,
            "credentials": [write_credential(credential) for credential in self.credentials],
        }


def is_use_id(text: str) -> bool:
    """Whether a use can have this id; files are named after it."""
    return _ID.fullmatch(text) is not None


def read_texts(holder: Fields, name: str) -> tuple[Localized, ...]:
    """Texts by language, as people write them: `{ de = "…", en = "…" }`."""
    texts = holder.object(name)
    if not 0 < len(texts.members) <= MAX_LANGUAGES or not all(map(_LANGUAGE.fullmatch, texts.members)):
        raise Malformed(texts.at, "must have texts by language, such as de and en")
    return tuple(Localized(language, texts.text(language, max_length=MAX_WORDS)) for language in texts.members)


def write_texts(texts: tuple[Localized, ...]) -> JsonObject:
    """Texts as `read_texts` reads them."""
    return {text.language: text.text for text in texts}


def read_credential(credential: Fields, *, needs_claims: bool) -> RegisteredCredential:
    """`vct_values` or `doctype_value`, by format, and claims as paths; in a path `"*"` stands for every element."""
    kind = credential.text("format", max_length=64)
    at = credential.path("claims")
    paths = credential.possibly_empty_array("claims", max_items=MAX_CLAIMS)
    claims: list[ClaimPath] = [_read_path(path, f"{at}[{i}]") for i, path in enumerate(paths)]
    if needs_claims and not claims:
        raise Malformed(at, "must say which data is asked for")
    named = {name: value for name, value in credential.members.items() if name not in ("format", "claims")}
    meta = CredentialMeta.from_fields(Fields(named, credential.at), kind)
    if meta.is_empty or meta.other:
        raise Malformed(credential.at, "must say which kind of document, by vct_values or doctype_value, and no more")
    return RegisteredCredential(kind, meta, tuple(claims))


def _read_path(path: JsonValue, at: str) -> ClaimPath:
    parts = [None if part == "*" else part for part in path] if isinstance(path, list) else path
    return read_path(Fields({"path": parts}, at))


def write_credential(credential: RegisteredCredential) -> JsonObject:
    """A kind of document as `read_credential` reads it."""
    members: JsonObject = {"format": credential.format, **credential.meta.to_dict()}
    if credential.claims:
        members["claims"] = [["*" if part is None else part for part in path] for path in credential.claims]
    return members
