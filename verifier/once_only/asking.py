"""The question to wallets that comes from a service's fields: exactly the claims that fill one, and no others."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from protocol.credential import ClaimPath
from protocol.dcql.query import MDOC, DcqlQuery
from protocol.encoding import JsonObject, JsonValue
from protocol.errors import Malformed
from verifier.acting import ActingTerms, label_of
from verifier.once_only.sources import Document, ServiceField
from verifier.use_case import Names, read_question

MAX_OPTIONAL = 5  # claims of one document; each doubles the number of claim sets


def asked_query(
    documents: Sequence[Document], fields: Sequence[ServiceField], acting: ActingTerms | None, at: str
) -> DcqlQuery | None:
    """The DCQL query (OID4VP 1.0 §6), with what is held against each other where somebody acts for another.

    None: no document is needed.

    Raises:
        Flaw: no wallet could be asked so.
    """
    if not documents:
        return None
    members: JsonObject = {"credentials": [_credential(document, fields, acting, at) for document in documents]}
    sets = _sets(documents)
    if sets:
        members["credential_sets"] = sets
    return read_question(members, at)


def claims_of(
    document: Document, fields: Sequence[ServiceField], acting: ActingTerms | None = None
) -> dict[ClaimPath, bool]:
    """What is asked of a document, in the order of the fields; whether it is taken without."""
    compared = acting.asked_of(document.id, document.type) if acting is not None else ()
    claims: dict[ClaimPath, bool] = dict.fromkeys(compared, False)
    for field in fields:
        for source in field.documents:
            if source.document == document.id:
                claims[source.path] = claims.get(source.path, True) and source.optional
    return claims


def asked_texts(
    documents: Sequence[Document], fields: Sequence[ServiceField], acting: ActingTerms | None
) -> tuple[tuple[str, Names], ...]:
    """What people call the documents and what is in them: the titles of the fields."""
    names = []
    for document in documents:
        labels = {
            source.path: tuple([(text.language, text.text) for text in field.question.title])
            for field in reversed(fields)
            for source in field.documents
            if source.document == document.id
        }
        in_order = tuple([(path, labels.get(path) or label_of(path)) for path in claims_of(document, fields, acting)])
        name = tuple([(text.language, text.text) for text in document.name])
        names.append((document.id, Names(name, in_order)))
    return tuple(names)


def _credential(document: Document, fields: Sequence[ServiceField], acting: ActingTerms | None, at: str) -> JsonObject:
    claims = claims_of(document, fields, acting)
    optional = [path for path, without in claims.items() if without]
    if len(optional) > MAX_OPTIONAL:
        raise Malformed(at, f"has more than {MAX_OPTIONAL} optional claims in {document.id}")
    is_mdoc = document.type.format == MDOC
    asked: list[JsonValue] = []
    ids: dict[ClaimPath, str] = {}
    for path in claims:
        claim: JsonObject = {"path": [*path]}
        if optional:
            ids[path] = f"c{len(ids)}"
            claim["id"] = ids[path]
        if is_mdoc:
            claim["intent_to_retain"] = True  # a case keeps it
        asked.append(claim)
    meta: JsonObject = {"doctype_value": document.type.name} if is_mdoc else {"vct_values": [document.type.name]}
    members: JsonObject = {"id": document.id, "format": document.type.format, "meta": meta, "claims": asked}
    if optional:
        members["claim_sets"] = _claim_sets(claims, optional, ids)
    return members


def _claim_sets(claims: dict[ClaimPath, bool], optional: list[ClaimPath], ids: dict[ClaimPath, str]) -> list[JsonValue]:
    """Every choice of what may be left out, what leaves out the least first (OID4VP 1.0 §6.4.1 takes the first that fits)."""
    sets: list[JsonValue] = []
    for count in range(len(optional) + 1):
        for left_out in combinations(optional, count):
            chosen: list[JsonValue] = [ids[path] for path in claims if path not in left_out]
            if chosen:
                sets.append(chosen)
    return sets


def _sets(documents: Sequence[Document]) -> list[JsonValue]:
    """One set for each document and for each group; none where simply all of them are needed."""
    groups: dict[str, list[Document]] = {}
    for document in documents:
        groups.setdefault(f"one_of {document.one_of}" if document.one_of else document.id, []).append(document)
    if all(len(group) == 1 and not group[0].optional for group in groups.values()):
        return []
    sets: list[JsonValue] = []
    for group in groups.values():
        one: JsonObject = {"options": [[document.id] for document in group]}
        if group[0].optional:
            one["required"] = False
        sets.append(one)
    return sets
