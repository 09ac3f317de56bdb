"""What both sides know of one disclosure: hashes of the request and the presentations, and the claims for which a value came.

The verifier writes it into the receipt, the wallet compares: one function for both, over what each sent or received.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from protocol.credential import ClaimPath
from protocol.dcql.path import EvaluationBudget, select_shown
from protocol.dcql.query import DcqlQuery
from protocol.encoding import JsonObject, JsonValue
from protocol.mdoc.device_request import DeviceRequest
from protocol.mdoc.device_response import DeviceResponse, Document
from protocol.sovereignty.canonical import hash_bytes, hash_json
from protocol.sovereignty.claims import ClaimsByQuery
from protocol.sovereignty.receipt import PresentationHashes, sort_paths


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one side knows; equal on both."""

    request: str  # hash
    presentations: PresentationHashes
    claims: ClaimsByQuery


def evidence_of_answer(
    request: str | JsonObject,
    query: DcqlQuery,
    vp_token: Mapping[str, Sequence[str | JsonObject]],
    shown: Mapping[str, Sequence[JsonValue]],
) -> Evidence:
    """Of OpenID4VP, by link or by the Digital Credentials API.

    `request` is the compact request object as received, or the whole of a multi-signed one. `shown` is what each
    presentation discloses, by query id; of one that could not be read there is nothing.

    Raises:
        Malformed: an object that has no one spelling (`protocol.sovereignty.canonical`).
        InvalidRequest: the query takes too many steps.
    """
    return Evidence(
        request=hash_json(request, "request"),
        presentations={
            id_: tuple([hash_json(presentation, f"vp_token.{id_}") for presentation in presentations])
            for id_, presentations in vp_token.items()
        },
        claims=_answered(query, vp_token, shown),
    )


def evidence_in_person(device_request: bytes, device_response: bytes) -> Evidence:
    """Of a session nearby, by docType: both messages as they were decrypted.

    Raises:
        Malformed, TooLarge, Unsupported: one of them cannot be read.
    """
    request, response = DeviceRequest.from_bytes(device_request), DeviceResponse.from_bytes(device_response)
    asked: dict[str, set[ClaimPath]] = {}
    for document in request.doc_requests:
        items = document.items
        paths = {(space, name) for space, names in items.elements.items() for name in names}
        asked.setdefault(items.doc_type, set()).update(paths)
    came: dict[str, set[ClaimPath]] = {}
    for found in response.documents:
        came.setdefault(found.doc_type, set()).update(_elements(found))
    digest = hash_bytes(device_response)
    return Evidence(
        request=hash_bytes(device_request),
        presentations=dict.fromkeys(came, (digest,)),
        claims={doc_type: sort_paths(tuple(asked.get(doc_type, set()) & paths)) for doc_type, paths in came.items()},
    )


def evidence_of_issuance(
    request: str, configuration_id: str, credentials: Sequence[str], says: JsonObject, *, depth: int
) -> Evidence:
    """Of a document that an issuer made: `request` is the hash of the credential request, `says` what each copy says.

    `says` is without what holds a credential together. `depth` is how many names make a claim, see `protocol.formats`.
    """
    paths: list[ClaimPath] = [()]
    for _ in range(depth):
        paths = [(*path, name) for path in paths for name in _names_in(says, path)]
    return Evidence(
        request=request,
        presentations={configuration_id: tuple([hash_json(raw, "credential") for raw in credentials])},
        claims={configuration_id: sort_paths(tuple(paths))},
    )


def _names_in(says: JsonObject, path: ClaimPath) -> tuple[str, ...]:
    found: JsonValue = says
    for step in path:
        found = found.get(str(step)) if isinstance(found, dict) else None
    return tuple(found) if isinstance(found, dict) else ()


def _answered(
    query: DcqlQuery, vp_token: Mapping[str, Sequence[str | JsonObject]], shown: Mapping[str, Sequence[JsonValue]]
) -> ClaimsByQuery:
    """The requested paths for which a value came; nothing for a query that asks for no claims."""
    budget = EvaluationBudget()
    return {
        asked.id: sort_paths(
            tuple(
                [
                    claim.path
                    for claim in asked.claims
                    if any(select_shown(claims, claim.path, budget) for claims in shown.get(asked.id, ()))
                ]
            )
        )
        for asked in query.credentials
        if asked.id in vp_token
    }


def _elements(document: Document) -> set[ClaimPath]:
    """What the issuer signed and what the device itself did: both are data that came."""
    issued: set[ClaimPath] = {
        (space, item.identifier) for space, items in document.issuer_signed.name_spaces.items() for item in items
    }
    return issued | {(space, name) for space, names in document.device_signed.elements.items() for name in names}
