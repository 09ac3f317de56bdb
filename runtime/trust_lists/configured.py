"""Which lists an installation follows, as `anchors.toml` says.

[[list]]
url = "https://trust.example/lists/pid-providers"
type = "pid-providers"             # or the whole URI
signer = ["operator.pem"]          # who may sign it: files in the same folder
types = ["urn:eudi:pid:1"]         # what its issuers may issue; without it: what the list says, or every type
name = "the state's list"          # as people know it

[[list_of_lists]]
url = "https://trust.example/lists/registrars"
signer = ["operator.pem"]

[[list_of_lists]]                  # those of the member states, in XML: needs the extra `trustlists`
url = "https://trust.example/lists/eu-lotl.xml"
type = "list-of-trusted-lists"     # and of each of them "trusted-list"
signer = ["commission-1.pem", "commission-2.pem"]
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from protocol.encoding import JsonObject, JsonValue
from protocol.errors import Malformed
from protocol.fields import MAX_URL, Fields
from protocol.trust.list_types import ListType
from protocol.trust.localized import Localized
from protocol.x509 import Certificate
from runtime.toml import write_toml
from runtime.trust_lists.forms import ListForm, form_of

MAX_LISTS = 100  # that are followed at all, those that others point to included
MAX_SIGNERS = 16

CertificateOf = Callable[[str], Certificate]

_SHORT = {kind.name.lower().replace("_", "-"): kind for kind in ListType}


@dataclass(frozen=True, slots=True)
class FollowedList:
    """A list that is fetched, and what has to be known before it is believed."""

    url: str
    type: str
    signers: tuple[Certificate, ...]  # one of them has signed it
    name: str  # as people know it
    types: tuple[str, ...] = ()  # credential types that its issuers may issue; empty: as the list says
    files: tuple[str, ...] = ()  # that the signers stand in
    names: tuple[Localized, ...] = ()  # the name in several languages, where whoever points to the list has them

    @property
    def form(self) -> ListForm:
        """What it is published in."""
        return form_of(self.type)

    @classmethod
    def from_fields(cls, entry: Fields, certificate_of: CertificateOf) -> FollowedList:
        """Read a `[[list]]`.

        Raises:
            Malformed: a member is missing or wrong, or a file of a signer is.
        """
        return _read(entry, certificate_of, type_of(entry), entry.optional_texts("types"))


@dataclass(frozen=True, slots=True)
class FollowedLists:
    """Everything that an installation follows."""

    lists: tuple[FollowedList, ...] = ()
    lists_of_lists: tuple[FollowedList, ...] = ()

    @classmethod
    def from_fields(cls, index: Fields, certificate_of: CertificateOf) -> FollowedLists:
        """Read the entries of an index.

        Raises:
            Malformed: one of them is wrong, one address stands there twice, or there are too many.
        """
        lists = [
            FollowedList.from_fields(e, certificate_of) for e in index.optional_objects("list", max_items=MAX_LISTS)
        ]
        above = [
            _read(entry, certificate_of, type_of(entry, ListType.REGISTRARS), ())
            for entry in index.optional_objects("list_of_lists", max_items=MAX_LISTS)
        ]
        for kind, found in (("list", lists), ("list_of_lists", above)):
            if len({one.url for one in found}) != len(found):
                raise Malformed(index.path(kind), "has an address twice")
        return cls(tuple(lists), tuple(above))


def type_of(entry: Fields, default: ListType | None = None) -> str:
    """The type of a list, by its short name or its URI.

    Raises:
        Malformed: neither.
    """
    name = entry.optional_text("type", max_length=MAX_URL) if default else entry.text("type", max_length=MAX_URL)
    if name is None:
        return str(default)
    if name in _SHORT:
        return str(_SHORT[name])
    if name in set(ListType) or (default and ":" in name):
        return name
    raise Malformed(entry.path("type"), f"must be one of {', '.join(_SHORT)}")


def list_entry(kind: str, found: FollowedList) -> str:
    """The entry of a list as it stands in an index."""
    members: JsonObject = {"url": found.url, "type": found.type, "signer": list[JsonValue](found.files)}
    if found.types:
        members["types"] = list[JsonValue](found.types)
    members["name"] = found.name
    return f"[[{kind}]]\n{write_toml(members)}\n"


def _read(entry: Fields, certificate_of: CertificateOf, list_type: str, types: tuple[str, ...]) -> FollowedList:
    if not form_of(list_type).is_readable():
        raise Malformed(entry.path("type"), 'is of lists in XML, which need the extra "trustlists"')
    url = entry.https_url("url")
    files = _files(entry)
    for i, file in enumerate(files):
        if Path(file).name != file:
            raise Malformed(f"{entry.path('signer')}[{i}]", "must be a file in the same folder")
    name = entry.optional_text("name", max_length=MAX_URL) or urlsplit(url).hostname or url
    return FollowedList(url, list_type, tuple([certificate_of(file) for file in files]), name, types, files)


def _files(entry: Fields) -> tuple[str, ...]:
    if isinstance(entry.members.get("signer"), str):
        return (entry.text("signer", max_length=200),)
    return entry.texts("signer", max_items=MAX_SIGNERS)
