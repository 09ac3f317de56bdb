"""What people are shown: who it is about, and claims with label and value. Everything a stranger wrote is made plain."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from protocol.credential import ClaimPath
from protocol.dcql.path import ConcretePath
from protocol.encoding import JsonObject, JsonValue, encode_json
from protocol.formats import about_subject
from protocol.oid4vci.metadata import ClaimDescription, CredentialConfiguration, choose_display
from protocol.trust.anchors import TrustedParty
from runtime.claim_words import ClaimKind, kind_of
from runtime.data_pictures import safe_portrait
from runtime.known_names import known_name
from runtime.translations import LANGUAGES
from wallet.records import HeldCredential, LoggedCredential

MAX_TEXT = 300  # characters of a name
MAX_VALUE = 2000  # characters of a value
MAX_CLAIMS = 1000  # that are shown of one credential


@dataclass(frozen=True, slots=True)
class PartyShown:
    """Somebody on the other side. A name that nobody vouches for is no name, so then the host stands alone."""

    name: str  # empty: nobody vouches for one
    host: str
    identifier: str
    trusted_by: str  # who vouches for it; empty: nobody
    calls_itself: str = ""  # not checked by anybody
    in_person: bool = False  # in front of the user, and at no address
    organisation: str = ""  # country and identifier, as a register signed them; empty: no register did

    @property
    def title(self) -> str:
        """What to call it."""
        return self.name or self.host


@dataclass(frozen=True, slots=True)
class ClaimShown:
    """One piece of data, as it would be seen: containers are taken apart."""

    path: ConcretePath
    label: str
    value: JsonValue  # never an object or array with something in it
    asked: bool = True  # False: it cannot be left out, because the issuer made it so
    picture: str = ""  # the value as a picture that may stand on a page; empty: it is none
    kind: ClaimKind = ClaimKind.PLAIN


def plain(text: str, limit: int = MAX_TEXT) -> str:
    """A stranger's text without anything that steers a terminal or turns the direction of reading (T152)."""
    kept = "".join(c if _is_harmless(c) else " " for c in text[: 4 * limit])
    words = " ".join(kept.split())
    return words if len(words) <= limit else words[: limit - 1] + "…"


def _is_harmless(character: str) -> bool:
    # Cc: control, Cf: bidirectional and invisible, Co and Cn: nobody knows what they look like, Cs: half a character
    return unicodedata.category(character) not in {"Cc", "Cf", "Co", "Cn", "Cs", "Zl", "Zp"}


def party_shown(
    party: TrustedParty | None, identifier: str, url: str, calls_itself: str = "", *, language: str = "en"
) -> PartyShown:
    """Who somebody is, as far as that is known; `url` is where we talk to it."""
    host = plain(urlsplit(url).netloc)
    if party is None:
        return PartyShown("", host, plain(identifier), "", plain(calls_itself))
    return PartyShown(plain(party.name), host, plain(identifier), plain(party.voucher(language)))


def unproven(party: PartyShown) -> PartyShown:
    """Somebody whose certificate does not count: whom it names is what they say that they are, and nobody vouches for it."""
    called = party.name or party.calls_itself
    return replace(party, name="", trusted_by="", organisation="", calls_itself=called)


def credential_name(configuration: CredentialConfiguration, language: str) -> str:
    """What a kind of credential is called."""
    display = choose_display(configuration.display, language)
    return plain(display.name if display is not None else configuration.type or configuration.format)


def logged_names(configuration: CredentialConfiguration) -> tuple[tuple[str, str], ...]:
    """What a kind of credential is called in each language of ours, for the log; empty: everywhere the same.

    So that it can be named in the language that is read later, when nothing of the kind is held any more.
    """
    names = tuple([(language, credential_name(configuration, language)) for language in LANGUAGES])
    return names if len({name for _, name in names}) > 1 else ()


def claims_shown(
    claims: JsonObject,
    descriptions: Sequence[ClaimDescription],
    language: str,
    *,
    asked: Sequence[ClaimPath] | None = None,
    binary: Sequence[ClaimPath] = (),
) -> tuple[ClaimShown, ...]:
    """Every piece of data in these claims, which are about their subject, in the issuer's order.

    `asked` says which paths somebody asked for, `binary` which values are bytes.
    """
    order = {description.path: place for place, description in enumerate(descriptions)}
    wanted = None if asked is None else {generalised(path) for path in asked}
    bytes_at = frozenset(binary)
    found = [
        ClaimShown(
            path,
            claim_label(path, descriptions, language),
            plain(value, MAX_VALUE) if isinstance(value, str) else value,
            asked=wanted is None or any(generalised(path[:length]) in wanted for length in range(1, len(path) + 1)),
            picture=safe_portrait(value, binary=generalised(path) in bytes_at) if isinstance(value, str) else "",
            kind=ClaimKind.BYTES if generalised(path) in bytes_at else kind_of(generalised(path)),
        )
        for path, value in _leaves(claims, ())
    ]
    # What is left of a container whose members stay hidden says nothing about the user
    found = [claim for claim in found if claim.asked or claim.value not in ([], {})]
    found.sort(key=lambda claim: min(order.get(prefix, len(order)) for prefix in _prefixes(claim.path)))
    return tuple(found[:MAX_CLAIMS])


def held_claims(held: HeldCredential, language: str) -> tuple[ClaimShown, ...]:
    """Everything that a credential says of its subject."""
    described = held.described().claims
    said = about_subject(held.format, held.read_claims())
    return claims_shown(said, described, language, binary=held.read_binary())


def logged_credential(held: HeldCredential, language: str) -> LoggedCredential:
    """A credential with all its claims, as the log has them."""
    paths = dict.fromkeys(generalised(claim.path) for claim in held_claims(held, language))
    described = held.described()
    return LoggedCredential(
        credential_name(described, language),
        held.type,
        tuple(path_text(path) for path in paths),
        logged_names(described),
    )


def generalised(path: Sequence[str | int | None]) -> ClaimPath:
    """A path with every index replaced by null: the same kind of claim in every element."""
    return tuple(step if isinstance(step, str) else None for step in path)


def claim_label(path: ConcretePath, descriptions: Sequence[ClaimDescription], language: str) -> str:
    """What a claim is called: by the issuer's label for it, else by the labels of what it stands in, or what is widespread."""
    labels = {description.path: _label(description, language) for description in descriptions}
    whole = labels.get(path) or labels.get(generalised(path))
    if whole:
        return whole
    parts: list[str] = []
    for length, step in enumerate(path, 1):
        if isinstance(step, int):
            parts.append(str(step + 1))
        else:
            parts.append(labels.get(generalised(path[:length])) or known_name((step,), language) or plain(step))
    return " · ".join(parts)


def path_text(path: ClaimPath) -> str:
    """A claims path as JSON text, for the log."""
    return encode_json(list(path)).decode("utf-8")


def _label(description: ClaimDescription, language: str) -> str:
    display = choose_display(description.display, language)
    return plain(display.name) if display is not None else ""


def _prefixes(path: ConcretePath) -> Iterator[ClaimPath]:
    return (generalised(path[:length]) for length in range(1, len(path) + 1))


def _leaves(value: JsonValue, path: ConcretePath) -> Iterator[tuple[ConcretePath, JsonValue]]:
    if isinstance(value, dict) and value:
        for name, item in value.items():
            yield from _leaves(item, (*path, name))
    elif isinstance(value, list) and value:
        for i, item in enumerate(value):
            yield from _leaves(item, (*path, i))
    elif path:
        yield path, value
