"""A reader's request in the words of a query, and a query in the words of a reader (ISO/IEC 18013-5 §8.3.2.1.2.1).

So that wallets match, show and protocol it, and verifiers judge its answer, like any other request. A reader's request knows
no alternatives, and an answer may leave out what the holder does not have.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from protocol.cbor import CborMap
from protocol.dcql.match import Candidate
from protocol.dcql.query import MDOC, ClaimsQuery, CredentialMeta, CredentialQuery, DcqlQuery
from protocol.encoding import JsonObject, encode_base64url, encode_json, sha256
from protocol.errors import InvalidRequest, ProtocolError, raised_as
from protocol.keys import Signer
from protocol.mdoc.device_request import (
    DeviceRequest,
    DocRequest,
    Elements,
    ItemsRequest,
    verify_reader_auth,
    verify_reader_auth_all,
    write_device_request,
)
from protocol.mdoc.transcript import Handover
from protocol.oid4vp.request import EncryptionKey, VerifierInfo
from protocol.oid4vp.request_object import Unauthenticated
from protocol.sovereignty.cockpit import COCKPIT_ENDPOINT, announced_in_person
from protocol.trust.anchors import Role, TrustAnchors, TrustedParty
from protocol.trust.carried import REGISTRATION_CERT
from protocol.x509 import Certificate

DEVICE_RETRIEVAL = "device_retrieval"  # our name for it among the response modes
EU_REGISTRATION = "euWrprc"  # ETSI TS 119 472-2 §5.3: the registration certificate in `requestInfo`
UNSIGNED = "reader"  # the audience where nobody signed

_AT = "device request"


@dataclass(frozen=True, slots=True)
class DeviceQuestion:
    """What a reader asks, as a `Question`; the answer is encrypted by the session or envelope that brought the request."""

    dcql_query: DcqlQuery
    handover: Handover
    audience: str = UNSIGNED
    verifier_info: tuple[VerifierInfo, ...] = ()
    response_mode: str = DEVICE_RETRIEVAL
    state: str | None = None
    transaction_data: tuple[str, ...] = ()

    @property
    def nonce(self) -> str:
        """What no other session has: its transcript, hashed."""
        return encode_base64url(sha256(self.handover.session_transcript()))

    def choose_encryption(self) -> tuple[EncryptionKey, str] | None:
        """None: what carries the answer encrypts it."""
        return None


@dataclass(frozen=True, slots=True)
class VerifiedDeviceRequest:
    """A reader's request that holds together, and who asks. Whether it is answered is the user's and policy's decision."""

    request: DeviceQuestion
    party: TrustedParty | Unauthenticated
    # As it was signed, for whoever has to prove what was asked: in JSON, the DeviceRequest and what else a signature is over;
    # empty: nobody signed it
    raw: str = field(default="", compare=False, repr=False)
    cockpit_endpoint: str | None = None  # ours (docs/sovereignty/receipts.md); None: none is announced and signed


def verify_device_request(
    data: bytes, handover: Handover, *, anchors: TrustAnchors, now: int, host: str = ""
) -> VerifiedDeviceRequest:
    """Find out who asks, and what; `host` is what else is known of who asks, such as the host of the page.

    Whether a certificate names the key usage of readers is not checked: access certificates need not (ETSI TS 119 472-2
    §5.3 asks for no more than that it is one). Of several signatures of the whole, the first that holds, of somebody who is
    trusted here, says who asks, and those of single documents then say nothing more; others may be for other worlds.

    Raises:
        InvalidRequest: it is no request (see `DeviceRequest.from_bytes`), some of it is signed and some not, by several
            parties, by nobody we trust, or with a signature that does not hold.
    """
    with raised_as(InvalidRequest):
        request = DeviceRequest.from_bytes(data)
        registrations = _registrations(request)
        party = _who_asks(request, handover.session_transcript(), anchors, now)
        if party is None:
            question = DeviceQuestion(_query(request), handover, verifier_info=registrations)
            return VerifiedDeviceRequest(question, Unauthenticated(host))
    audience = f"x509_hash:{encode_base64url(sha256(party.chain[0].der))}"
    question = DeviceQuestion(_query(request), handover, audience, registrations)
    proof: JsonObject = {
        "device_request": encode_base64url(data),
        "session_transcript": encode_base64url(handover.session_transcript()),
    }
    raw = encode_json(proof).decode("utf-8")
    return VerifiedDeviceRequest(question, party, raw, announced_in_person(request))


def answerable_part(query: DcqlQuery, held: Iterable[Candidate]) -> DcqlQuery:
    """What is left of a reader's request without what the holder does not have, which an answer leaves out (§8.3.2.1.2.2).

    Where nothing is left, it is the whole: then nothing that is held answers.
    """
    documents = list(held)
    kept = [part for asked in query.credentials if (part := _held_part(asked, documents)) is not None]
    return replace(query, credentials=tuple(kept)) if kept else query


def mdoc_part(query: DcqlQuery) -> DcqlQuery | None:
    """A query that a reader can ask: of each required set the first option of documents alone. None: there is none.

    Sets that are not required are left out, and of sets of claims all but the first, as a reader's request has no way to
    say so. Nor can it name values: they stay in the query, by which whoever asked checks the answer.
    """
    by_id = {asked.id: asked for asked in query.credentials}
    chosen: list[str] = []
    if query.credential_sets:
        for credential_set in query.credential_sets:
            if not credential_set.required:
                continue
            option = next((ids for ids in credential_set.options if all(_is_document(by_id[i]) for i in ids)), None)
            if option is None:
                return None
            chosen += [query_id for query_id in option if query_id not in chosen]
    elif all(_is_document(asked) for asked in query.credentials):
        chosen = list(by_id)
    return DcqlQuery(tuple(_with_first_set(by_id[query_id]) for query_id in chosen)) if chosen else None


def ask_reader_question(
    query: DcqlQuery,
    handover: Handover,
    *,
    signer: Signer | None,
    chain: Sequence[Certificate],
    registration: str | None = None,
    cockpit_endpoint: str | None = None,
) -> bytes:
    """The encoded DeviceRequest for a query that `mdoc_part` made, signed for this session (see `write_device_request`).

    `registration` is a registration certificate, as it is signed; `cockpit_endpoint` is announced to wallets that know it,
    and counts only where somebody signs. A query with anything else is a ValueError.
    """
    info: CborMap = {} if registration is None else {EU_REGISTRATION: registration.encode("ascii")}
    if cockpit_endpoint is not None:
        info[COCKPIT_ENDPOINT] = cockpit_endpoint
    items = tuple(ItemsRequest.of(_doc_type(asked), _elements(asked), info) for asked in query.credentials)
    return write_device_request(items, transcript=handover.session_transcript(), signer=signer, chain=tuple(chain))


def _who_asks(request: DeviceRequest, transcript: bytes, anchors: TrustAnchors, now: int) -> TrustedParty | None:
    """Who signed all of it and is trusted here; None: nobody signed."""
    refusals: list[ProtocolError] = []
    for signature in request.reader_auth_all:
        try:
            chain = verify_reader_auth_all(request, signature, transcript=transcript)
            return anchors.chain(chain, role=Role.VERIFIER, now=now, at=_AT)
        except ProtocolError as error:
            refusals.append(error)
    chain = _one_signer(request.doc_requests, transcript)
    if chain:
        return anchors.chain(chain, role=Role.VERIFIER, now=now, at=_AT)
    if refusals:
        raise refusals[0]
    return None


def _one_signer(documents: Sequence[DocRequest], transcript: bytes) -> tuple[Certificate, ...]:
    """The chain of whoever signed all of it; empty: nobody did."""
    signed = [document for document in documents if document.reader_auth is not None]
    if not signed:
        return ()
    if len(signed) < len(documents):
        raise InvalidRequest(f"{_AT}: is signed in part only")
    chains = [verify_reader_auth(document, transcript=transcript) for document in signed]
    if any(chain[0] != chains[0][0] for chain in chains):
        raise InvalidRequest(f"{_AT}: is signed by several parties")
    return chains[0]


def _query(request: DeviceRequest) -> DcqlQuery:
    credentials = [
        CredentialQuery(
            id=f"document{number}",
            format=MDOC,
            meta=CredentialMeta.of_type(MDOC, document.items.doc_type),
            claims=tuple(
                ClaimsQuery((name, element), intent_to_retain=retained)
                for name, elements in document.items.elements.items()
                for element, retained in elements.items()
            ),
        )
        for number, document in enumerate(request.doc_requests)
    ]
    return DcqlQuery(tuple(credentials))


def _registrations(request: DeviceRequest) -> tuple[VerifierInfo, ...]:
    """Each registration certificate once: it stands in every document's part, and is about all of the request."""
    found = dict.fromkeys(
        value for document in request.doc_requests if (value := _registration(document.items)) is not None
    )
    return tuple(VerifierInfo(REGISTRATION_CERT, text) for text in found)


def _registration(items: ItemsRequest) -> str | None:
    value = items.info.get(EU_REGISTRATION)
    if value is None:
        return None
    if not isinstance(value, bytes):
        raise InvalidRequest(f"{_AT}.requestInfo.{EU_REGISTRATION}: must be bytes")
    return encode_base64url(value)


def _held_part(asked: CredentialQuery, held: Sequence[Candidate]) -> CredentialQuery | None:
    of_type = [one for one in held if one.format == asked.format and one.type == asked.meta.doctype_value]
    claims = [claim for claim in asked.claims if any(_has(one, claim) for one in of_type)]
    return replace(asked, claims=tuple(claims)) if claims else None


def _has(candidate: Candidate, claim: ClaimsQuery) -> bool:
    name, element = claim.path
    elements = candidate.claims.get(str(name))
    return isinstance(elements, Mapping) and element in elements


def _is_document(asked: CredentialQuery) -> bool:
    return asked.format == MDOC and asked.meta.doctype_value is not None and bool(asked.claims)


def _with_first_set(asked: CredentialQuery) -> CredentialQuery:
    if not asked.claim_sets:
        return asked
    first = asked.claim_sets[0]
    return replace(asked, claims=tuple(claim for claim in asked.claims if claim.id in first), claim_sets=())


def _doc_type(asked: CredentialQuery) -> str:
    if asked.format != MDOC or asked.meta.doctype_value is None:
        raise ValueError("a reader asks for documents alone")
    return asked.meta.doctype_value


def _elements(asked: CredentialQuery) -> Elements:
    elements: Elements = {}
    for claim in asked.claims:
        name, element = claim.path
        elements.setdefault(str(name), {})[str(element)] = bool(claim.intent_to_retain)
    if not elements:
        raise ValueError("a reader asks for elements")
    return elements
