"""What a receipt calls what was shown, and the questions behind it."""

from __future__ import annotations

from collections.abc import Iterable

from protocol.credential import ClaimPath
from protocol.dcql.query import MDOC, CredentialQuery, DcqlQuery
from protocol.sovereignty.claims import ClaimsByQuery
from runtime.known_names import claim_name
from verifier.use_case import UseCase


def named_in_receipt(query: DcqlQuery, claims: ClaimsByQuery) -> dict[str, str]:
    """Query ids, and what the receipt calls what came for each: the same, or in person the kind of document."""
    found = [(asked_for(query, name), name) for name in claims]
    return {asked.id: name for asked, name in found if asked is not None}


def asked_for(query: DcqlQuery, name: str) -> CredentialQuery | None:
    """The question that a receipt names; None: none, or more than one."""
    same = [each for each in query.credentials if each.id == name]
    # ISO/IEC 18013-5 has no ids of questions: documents are told apart by their kind
    kind = [each for each in query.credentials if each.format == MDOC and each.meta.types == (name,)]
    found = same or kind
    return found[0] if len(found) == 1 else None


def data_name(use_cases: Iterable[UseCase], name: str, path: ClaimPath, language: str) -> str:
    """What people call data that a receipt names: as the use cases that ask for them, if they have one word for it."""
    asked = [(each, asked_for(each.query, name)) for each in use_cases]
    said = {each.label_in(query.id, path, language) for each, query in asked if query is not None} - {""}
    return said.pop() if len(said) == 1 else claim_name(path, language)
