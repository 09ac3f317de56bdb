"""Asking through the browser: what the page in front of somebody asks, and what its browser hands it.

As OpenID4VP 1.0 Appendix A has it, and, where documents of ISO/IEC 18013-5 alone are asked for, as ISO/IEC TS 18013-7 annex C.
It is the same request as the one behind the code, with nonces and keys of its own. Whichever is answered first counts, and the
store decides which that is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from protocol.dcql.query import DcqlQuery
from protocol.device_retrieval.page import ask_documents, read_documents_answer
from protocol.device_retrieval.question import DeviceQuestion, mdoc_part
from protocol.encoding import JsonObject, JsonValue, decode_base64url, encode_base64url
from protocol.errors import InvalidRequest
from protocol.exchange import Exchange
from protocol.jwe import ENCRYPTIONS
from protocol.keys import P256Key
from protocol.mdoc.org_iso_mdoc import ORG_ISO_MDOC, EncryptionInfo
from protocol.oid4vp.client_id import Prefix
from protocol.oid4vp.dc_api import DcApiRequest, Exchanged, read_answer_data
from protocol.oid4vp.dc_api_object import Signatory, sign_page_request, sign_page_request_by_all
from protocol.oid4vp.request import (
    DC_API_JWT,
    ClientMetadata,
    EncryptionKey,
    Question,
    VerifierInfo,
    without_cockpit,
)
from protocol.oid4vp.response import AuthorizationResponse, ErrorResponse, ResponseKey
from protocol.sovereignty.canonical import hash_json
from protocol.trust.carried import Carried, carried_registration
from protocol.x509 import read_x5c
from runtime.conversation import SessionKey, advance, load
from verifier.other_ways import ask_on_page, waiting_on_page
from verifier.service.answers import Answers
from verifier.service.context import VP_FORMATS, VerifierContext
from verifier.service.receipts import Way, way_of_openid
from verifier.service.requests import BROWSER, Requests, encrypted_to
from verifier.session import (
    AWAITED,
    KNOWN,
    REQUEST,
    Awaited,
    DocumentsTerms,
    PageTerms,
    Requested,
    began_in,
    no_request,
    not_open,
    read_query,
)

# HAIP 1.0 §5.2 wants one of these at least, and §5 `x509_hash` where it is signed. It is about OpenID4VP, and leaves other
# protocols of the browser's API as they are (docs/decisions/0020)
WAYS_UNDER_HAIP = (Exchanged.SIGNED,)

_PAGE_KEY, _DOCUMENTS_KEY = "page key", "documents key"  # what sealed keys are for


@dataclass(frozen=True, slots=True)
class PageRequests:
    """Asking and being answered through the browser that began on our page."""

    context: VerifierContext
    requests: Requests
    answers: Answers

    @property
    def ways(self) -> tuple[Exchanged, ...]:
        """How our pages ask by OpenID4VP: the platform takes whichever a wallet knows."""
        return WAYS_UNDER_HAIP if self.context.haip else tuple(Exchanged)

    def ask(self, request_id: str, browser: str) -> Exchange[tuple[JsonObject, ...]]:
        """What a view of the page asks, in every way, with nonces and keys of its own (T191, T192).

        What an earlier view asked is over.

        Raises:
            NotFound: unknown, begun in another browser, opened by a wallet, answered, or over (T237).
        """
        context = self.context
        documents = DocumentsTerms(context.new_secret(), self._new_key(_DOCUMENTS_KEY, request_id))
        page = PageTerms(context.new_secret(), self._new_key(_PAGE_KEY, request_id), documents)
        key, digest = SessionKey.of(REQUEST, request_id), SessionKey.of(BROWSER, browser).digest
        stage = yield from load(key, no_request(), KNOWN)
        if not isinstance(stage, Requested) or not began_in(stage, digest):
            raise no_request()
        request, infos = self._request(stage, page), self.requests.verifier_info(stage)
        made = {way: self._data(way, stage, request, infos) for way in self.ways}
        # Which of them a wallet answers it says itself; the one that most of them know comes last
        signed = [made[way] for way in (Exchanged.MULTISIGNED, Exchanged.SIGNED) if way in made]
        page = replace(page, handed=tuple([hash_json(data["request"], "request") for data in signed]))
        yield from advance(key, lambda session: ask_on_page(session, page, digest, now=context.now()), no_request())
        asked: list[JsonObject] = [{"protocol": str(way), "data": data} for way, data in made.items()]
        query = mdoc_part(request.dcql_query)
        if query is not None:
            asked.append({"protocol": ORG_ISO_MDOC, "data": self._documents(stage, documents, query, infos)})
        return tuple(asked)

    def answer(self, request_id: str, browser: str, protocol: str, data: JsonValue) -> Exchange[None]:
        """Take what a browser handed to the page, as `Answers.receive` takes what a wallet posts.

        The page shows what was found, good or bad, so that this is no error here.

        Raises:
            InvalidRequest: unknown, begun in another browser, never asked, over or answered before (T178, T179); or not an
                answer to what the latest view asked: then the request stays open.
        """
        if protocol not in (*self.ways, ORG_ISO_MDOC):
            raise _not_asked()
        key = SessionKey.of(REQUEST, request_id)
        digest = SessionKey.of(BROWSER, browser).digest
        found = yield from load(key, not_open(), AWAITED)
        stage, page = waiting_on_page(found, digest, now=self.context.now())
        question, response = (
            self._read_documents(stage, page, data) if protocol == ORG_ISO_MDOC else self._read(stage, page, data)
        )
        # No response code: it is this browser that the answer came to (T183)
        way = self._way(page, question, response) if protocol != ORG_ISO_MDOC else None
        yield from self.answers.judge(key, stage, question, response, "", way=way)

    def _way(self, page: PageTerms, question: Question, response: AuthorizationResponse | ErrorResponse) -> Way | None:
        """How an answer came, for its receipt; by annex C it has no room for a key."""
        if isinstance(response, ErrorResponse) or not page.handed:
            return None
        return way_of_openid(question, str(self.context.client_id(Prefix.X509_HASH, "")), response, page.handed)

    def _read(
        self, stage: Awaited, page: PageTerms, data: JsonValue
    ) -> tuple[Question, AuthorizationResponse | ErrorResponse]:
        """What was asked and what came, by OpenID4VP."""
        response_key = ResponseKey(
            _key_id(page), self._decryption_key(_PAGE_KEY, stage, page.encryption_key), ENCRYPTIONS
        )
        response = read_answer_data(data, response_mode=DC_API_JWT, key=response_key)
        return self._question(stage, page, encrypted_to(response_key)), response

    def _read_documents(
        self, stage: Awaited, page: PageTerms, data: JsonValue
    ) -> tuple[Question, AuthorizationResponse | ErrorResponse]:
        """The same as annex C has it."""
        query = mdoc_part(read_query(stage.terms.dcql_query))
        if query is None or page.documents is None:
            raise _not_asked()
        key = self._decryption_key(_DOCUMENTS_KEY, stage, page.documents.encryption_key)
        handover = _encryption(page.documents, key).handover(self.context.origin)
        question = DeviceQuestion(query, handover)
        return question, read_documents_answer(data, question, key)

    def _documents(
        self, stage: Awaited, terms: DocumentsTerms, query: DcqlQuery, infos: tuple[VerifierInfo, ...]
    ) -> JsonObject:
        context = self.context
        return ask_documents(
            query,
            _encryption(terms, self._decryption_key(_DOCUMENTS_KEY, stage, terms.encryption_key)),
            context.origin,
            signer=context.signing.signer,
            chain=read_x5c(list(context.signing.x5c), "signing certificate"),
            registration=carried_registration([Carried(info.format, info.data) for info in infos], "verifier_info"),
        )

    def _question(self, stage: Awaited, page: PageTerms, metadata: ClientMetadata) -> DcApiRequest:
        """The request as far as an answer is held against it; `metadata` says which key that was encrypted to."""
        return DcApiRequest(
            origin=self.context.origin,
            client_id=None,
            response_mode=DC_API_JWT,
            nonce=page.nonce,
            dcql_query=read_query(stage.terms.dcql_query),
            client_metadata=metadata,
        )

    def _request(self, stage: Awaited, page: PageTerms) -> DcApiRequest:
        key = EncryptionKey(_key_id(page), self._decryption_key(_PAGE_KEY, stage, page.encryption_key).public_key)
        endpoint = self.requests.receipts.endpoint(stage)
        return self._question(stage, page, ClientMetadata((key,), ENCRYPTIONS, VP_FORMATS, cockpit_endpoint=endpoint))

    def _data(
        self, way: Exchanged, stage: Awaited, request: DcApiRequest, infos: tuple[VerifierInfo, ...]
    ) -> JsonObject:
        context = self.context
        now, origins, ends = context.now(), (context.origin,), stage.asked.expires_at
        certified, identified = self._signatories(infos)
        match way:
            case Exchanged.SIGNED:
                return sign_page_request(request, certified, origins=origins, issued_at=now, expires_at=ends)
            case Exchanged.MULTISIGNED:
                both = (certified, identified)
                return sign_page_request_by_all(request, both, origins=origins, issued_at=now, expires_at=ends)
            case Exchanged.UNSIGNED:
                bare = without_cockpit(request.client_metadata)
                return replace(request, client_metadata=bare, verifier_info=infos).to_unsigned()

    def _signatories(self, infos: tuple[VerifierInfo, ...]) -> tuple[Signatory, Signatory]:
        """This verifier by its certificate, and by its DID."""
        context = self.context
        signer = context.signing.signer
        by_hash, by_did = (
            context.client_id(prefix, "") for prefix in (Prefix.X509_HASH, Prefix.DECENTRALIZED_IDENTIFIER)
        )
        return (
            Signatory(by_hash, signer, x5c=context.signing.x5c, verifier_info=infos),
            Signatory(by_did, signer, kid=context.key_id, verifier_info=infos),
        )

    def _new_key(self, name: str, request_id: str) -> str:
        """A fresh private key for answers, sealed."""
        scalar = P256Key.generate(self.context.random_bytes).to_scalar()
        return encode_base64url(self.context.sealer.seal(scalar, f"{name} {request_id}"))

    def _decryption_key(self, name: str, stage: Awaited, sealed: str) -> P256Key:
        return P256Key.from_scalar(self.context.sealer.open(decode_base64url(sealed), f"{name} {stage.asked.id}"))


def _key_id(page: PageTerms) -> str:
    """The name of a view's encryption key; it says nothing."""
    return SessionKey.of("page encryption key", page.nonce).digest[:32]


def _encryption(terms: DocumentsTerms, key: P256Key) -> EncryptionInfo:
    return EncryptionInfo.of(decode_base64url(terms.nonce), key.public_key)


def _not_asked() -> InvalidRequest:
    return InvalidRequest("protocol: was not asked")
