"""Giving receipts: who announces a cockpit signs one for every answer, whichever way it came (docs/sovereignty/receipts.md)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from capabilities.cockpit.records import IssuedReceipt
from protocol.encoding import encode_json
from protocol.errors import Flaw, InvalidRequest
from protocol.exchange import Exchange
from protocol.keys import PublicKey
from protocol.oid4vp.client_id import Prefix
from protocol.oid4vp.request import Question
from protocol.oid4vp.response import AuthorizationResponse
from protocol.oid4vp.verify import VerifiedResponse
from protocol.sovereignty.in_person import hash_claim
from protocol.sovereignty.receipt import Receipt, fresh_receipt_id, sign_receipt
from protocol.sovereignty.receipt_evidence import Evidence, evidence_of_answer
from runtime.conversation import slow, with_key
from runtime.logs import get_logger
from verifier.acting import acted
from verifier.again import SHOWN_AGAIN, purpose_of
from verifier.given import Given
from verifier.receipts import AS_USUAL, Handling, ReceiptTerms, make_receipt, receipt_terms
from verifier.registration import registration_for
from verifier.represented import acted_for
from verifier.service.context import VerifierContext
from verifier.session import Asked, Awaited, read_query
from verifier.usage import Logged, received
from verifier.use_case import UseCase


@dataclass(frozen=True, slots=True)
class Way:
    """How an answer came, as far as its receipt names it."""

    issuer: str  # client_id of the request; in person our registered identifier
    evidence: Callable[[VerifiedResponse], Evidence]
    key: PublicKey | None = None  # the cockpit key that came with it
    claim: bytes | None = None  # in person: by which one is bound afterwards


def way_of_openid(request: Question, client_id: str, response: AuthorizationResponse, handed: Sequence[str]) -> Way:
    """An answer by OpenID4VP; `handed` are the hashes of what was signed for it, the latest last.

    Which of these a wallet answers it says with its key; else it is taken for the latest.
    """
    cockpit = response.cockpit_key
    named = cockpit.request if cockpit is not None else None
    answered = named if named is not None and named in handed else handed[-1]

    def evidence(verified: VerifiedResponse) -> Evidence:
        found = evidence_of_answer("", request.dcql_query, response.vp_token, verified.shown)
        return replace(found, request=answered)

    return Way(client_id, evidence, cockpit.key if cockpit is not None else None)


@dataclass(frozen=True, slots=True)
class Receipts:
    """The receipts of one verifier."""

    context: VerifierContext

    def endpoint(self, stage: Awaited) -> str | None:
        """What a signed request announces; None: nothing, because no receipt could be given."""
        context = self.context
        signs = stage.terms.client_id_prefix != Prefix.REDIRECT_URI
        return context.cockpit_endpoint if signs and self.terms(stage) is not None else None

    def terms(self, stage: Awaited) -> ReceiptTerms | None:
        """What a receipt for this question would say."""
        context = self.context
        if not context.cockpit or context.organisation is None:
            return None
        use_case = context.use_cases.get(stage.asked.use_case)
        query = read_query(stage.terms.dcql_query)
        own = registration_for(use_case, query, context.registrations(), now=context.now(), shown=context.shown)
        return receipt_terms(
            self._handling(stage.asked, use_case),
            purpose_of(stage.asked, use_case),
            own,
            controller=context.controller,
            dpo=context.dpo,
            acting=use_case.acting if use_case is not None else None,
        )

    def _handling(self, asked: Asked, use_case: UseCase | None) -> Handling:
        if asked.again:
            return SHOWN_AGAIN
        service = self.context.services.get(asked.use_case) if asked.forwarded else None
        if service is not None:
            return service.handling_of_forwarded
        return use_case.handling if use_case is not None else AS_USUAL

    def give(self, stage: Awaited, verified: VerifiedResponse, way: Way | None) -> Exchange[Given | None]:
        """Make and sign the receipt for an answer; it counts once it is recorded together with it.

        None: nobody announced one, or what came has no one spelling that both sides could name.

        Raises:
            KeyUnavailable: the signing key is away; nothing is recorded, and the wallet may answer again.
        """
        terms = self.terms(stage)
        if way is None or terms is None:
            return None
        now = self.context.now()
        try:
            receipt = make_receipt(
                terms,
                way.evidence(verified),
                verified,
                id_=fresh_receipt_id(self.context.random_bytes),
                issuer=way.issuer,
                keep=stage.asked.keep,
                now=now,
            )
            logged = Logged.of(receipt.id, receipt.log_until, receipt.claims, receipt.purpose, self._language)
            received(logged, accepted=verified.accepted, now=now)
        except (Flaw, InvalidRequest) as error:
            get_logger().warning("an answer without a receipt", reason=error.description)
            return None
        shown = encode_json(receipt.to_claims()).decode()
        acting = acted(terms.acting, verified.claims, verified.issuers) if verified.accepted else None
        whom = acted_for(self.context.secret, acting, receipt)
        if way.claim is not None:
            # It is signed for the key that comes with the claim
            return Given(IssuedReceipt.of(receipt, "", claim=hash_claim(way.claim)), logged, shown, whom)
        keyed = yield from self._with_key_of(receipt, way.key)
        signer, x5c = self.context.signing.signer, self.context.signing.x5c
        token = yield from with_key(signer, lambda: sign_receipt(keyed, signer, x5c))
        return Given(IssuedReceipt.of(keyed, token), logged, shown, whom)

    def _with_key_of(self, receipt: Receipt, key: PublicKey | None) -> Exchange[Receipt]:
        """The receipt for a key; one that is known from another answer is ignored."""
        if key is None:
            return receipt
        thumbprint = key.thumbprint()
        if (yield from slow(lambda: self.context.store.cockpit.by_key(thumbprint))) is not None:
            return receipt
        return replace(receipt, key=thumbprint, cockpit_endpoint=self.context.cockpit_endpoint)

    @property
    def _language(self) -> str:
        """The partner's own, in which its log names who did what."""
        return self.context.name[0][0]
