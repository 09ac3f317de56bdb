"""Documents as their owner has them: the forms of one, such as for the internet and for a counter, are one document.

Whether two credentials are forms of one is what their issuer said when both came at once, and is kept with them. That things
are called the same is no reason: two people of one household have documents of one name.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from protocol.encoding import encode_json
from protocol.oid4vci.metadata import CredentialConfiguration
from wallet.policy.showing import ClaimShown
from wallet.records import HeldCredential


@dataclass(frozen=True, slots=True)
class Document:
    """One document in all forms in which it is held, as they were offered; the first names it."""

    forms: tuple[HeldCredential, ...]  # never empty

    @property
    def id(self) -> str:
        """By which it is found; so it is by those of the other forms."""
        return self.forms[0].id

    @property
    def types(self) -> frozenset[str]:
        """What its forms are, in the log too."""
        return frozenset(form.type for form in self.forms)


def kinship(configuration: CredentialConfiguration) -> Hashable | None:
    """What configurations of one issuer have in common that are forms of one document; None: this one stands alone.

    No metadata can say it in so many words (docs/decisions/0035). An issuer shows them as one: in all languages alike, and by
    more than their names, or it gives both to whoever asks for one (scope).
    """
    shown = configuration.display
    says_more = any(display.description or display.logo or display.background_color for display in shown)
    if not shown or not (says_more or configuration.scope):
        return None
    return encode_json([display.to_dict() for display in shown]), "" if says_more else configuration.scope


def families(configurations: Mapping[str, CredentialConfiguration]) -> tuple[tuple[str, ...], ...]:
    """Which configurations of an issuer, by id, are forms of one document; whatever stands alone is one by itself."""
    return _families([(name, one.format, kinship(one)) for name, one in configurations.items()])


def joined(arrived: Sequence[HeldCredential]) -> tuple[HeldCredential, ...]:
    """What came from one issuer at once, with forms of one document marked as such.

    What came at once is about one person. A document has each format once, and one signer.
    """
    found = []
    for held in arrived:
        kin = kinship(held.described())
        found.append((held.id, held.format, None if kin is None else (held.issuer_name, held.vouched_by, kin)))
    names = {form: forms[0] for forms in _families(found) if len(forms) > 1 for form in forms}
    return tuple(replace(held, document=names.get(held.id, "")) for held in arrived)


def documents_of(held: Iterable[HeldCredential]) -> tuple[Document, ...]:
    """What is held, as documents, oldest first."""
    found: dict[str, list[HeldCredential]] = {}
    for one in held:
        found.setdefault(document_id(one), []).append(one)
    # All came at once, so only the mark says which was offered first
    return tuple(Document(tuple(sorted(forms, key=lambda one: one.id != one.document))) for forms in found.values())


def document_id(held: HeldCredential) -> str:
    """What the forms of one document have in common."""
    return held.document or held.id


def _families(found: Sequence[tuple[str, str, Hashable | None]]) -> tuple[tuple[str, ...], ...]:
    """Ids that belong together, of id, format and kin. Two of one format are two documents, and the rest is of neither."""
    groups: dict[Hashable, list[tuple[str, str]]] = {}
    for name, format_id, kin in found:
        groups.setdefault((name,) if kin is None else (kin, ""), []).append((name, format_id))
    families: list[tuple[str, ...]] = []
    for members in groups.values():
        names = tuple(name for name, _ in members)
        together = len({format_id for _, format_id in members}) == len(members)
        families.extend([names] if together else [(name,) for name in names])
    return tuple(families)


def data_once(forms: Sequence[Sequence[ClaimShown]]) -> tuple[ClaimShown, ...]:
    """The data of all forms: of each further form only what was not there before, by what it is called and what it says."""
    found: list[ClaimShown] = []
    said: set[bytes] = set()
    for claims in forms:
        fresh = [claim for claim in claims if sense_of(claim) not in said]
        found.extend(fresh)
        said.update(map(sense_of, fresh))
    return tuple(found)


def sense_of(claim: ClaimShown) -> bytes:
    """What a piece of data tells, whatever it is called on the wire."""
    return encode_json([claim.label, claim.picture or claim.value])
