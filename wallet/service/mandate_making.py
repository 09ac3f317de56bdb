"""A mandate in the making: what was just forwarded, whose office it is from, and the mandate, signed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from protocol.encoding import encode_base64url
from protocol.keys import P256Key
from protocol.oid4vp.request import AuthorizationRequest
from protocol.sovereignty.claims import are_covered
from protocol.sovereignty.forwarding import ForwardingMandate, Recipient, sign_mandate, verify_mandate
from protocol.sovereignty.receipt import sort_paths
from protocol.sovereignty.recipient_terms import RecipientTerms
from wallet.disclosure_records import DisclosedDocument, Disclosure, SentAnswer
from wallet.forwarding_records import MandateKept
from wallet.policy.cockpit.disclosed import matches, partner_of, receipt_of, requesters_of, write_claims
from wallet.policy.documents import Document
from wallet.policy.mandates import times_of
from wallet.policy.showing import credential_name
from wallet.policy.standing import SentPart, sent_part, terms_of
from wallet.service.asking import readable_registration
from wallet.service.context import WalletContext
from wallet.service.forwarding import Choice, RecipientAsked, Recipients

TIMES_A_YEAR = 24


class Span(StrEnum):
    """What people choose from."""

    ONCE = "once"  # the next change, if there is one within a year
    YEAR = "year"

    @property
    def uses(self) -> int:
        """How often it may be used."""
        return 1 if self is Span.ONCE else TIMES_A_YEAR


class PossibleMandate(NamedTuple):
    """What a mandate would be about."""

    part: SentPart
    terms: RecipientTerms
    source: Disclosure
    one: RecipientAsked
    announced: str  # cockpit endpoint of the recipient


@dataclass(frozen=True, slots=True)
class MandateMaking:
    """Whether a mandate is possible, and making it; nothing is kept and nobody is called."""

    context: WalletContext

    def possible(self, recipients: Recipients, service_id: str, choice: Choice) -> PossibleMandate | None:
        """What a mandate to this recipient would be about; None: nobody could forward it by themselves."""
        one = next((one for one in recipients.asked if one.begun.service.id == service_id), None)
        if one is None:
            return None
        request = one.seen.verified.request
        if not isinstance(request, AuthorizationRequest):
            return None
        metadata = request.client_metadata
        announced = metadata.cockpit_endpoint if metadata is not None else None
        chosen = [found for items in one.seen.match.choose(choice).values() for found in items]
        part = sent_part(chosen, recipients.ids)
        # Offices answer requests for one document alone, and only with a receipt
        if part is None or announced is None or len(request.dcql_query.credentials) != 1:
            return None
        terms = terms_of(one.seen.standing, part.type, ())
        source = self._source(recipients.document, part)
        if terms is None or source is None or not terms.purpose:
            return None
        return PossibleMandate(part, terms, source, one, announced)

    def _source(self, document: Document, part: SentPart) -> Disclosure | None:
        """The newest receipt of a document whose office could be told, and that names what would be forwarded."""
        issuers = {form.credential_issuer for form in document.forms if form.type == part.type}
        for one in reversed(self.context.store.disclosures()):
            sent, receipt = one.sent, receipt_of(one)
            if not (sent.issued and one.key and receipt is not None and matches(one) and sent.client_id in issuers):
                continue
            named = [shown.query_id for shown in sent.documents if shown.type == part.type]
            covered = any(are_covered(part.claims, receipt.claims.get(query_id, ())) for query_id in named)
            if covered and self.context.now() < times_of(self.context.now(), receipt.log_until)[1]:
                return one
        return None

    def made(self, document: Document, found: PossibleMandate, service_id: str, span: Span) -> MandateKept:
        """The mandate, signed, as it is kept before it leaves; its office has not seen it yet."""
        context, source = self.context, found.source
        now, receipt, key = context.now(), receipt_of(source), context.new_session_key()
        who = partner_of(source.sent)
        if receipt is None or who is None:
            raise TypeError("a document without a receipt was left out before")
        claims = sort_paths(found.part.claims)
        signer = P256Key.from_scalar(bytes.fromhex(key))
        issued_at, expires_at = times_of(now, receipt.log_until)
        mandate = ForwardingMandate(
            jti=encode_base64url(context.random_bytes(16)),
            source=who,
            recipient=Recipient(found.terms.organisation, service_id),
            type=found.part.type,
            claims=claims,
            purpose=found.terms.purpose,
            recipient_key=signer.public_key.thumbprint(),
            issued_at=issued_at,
            expires_at=expires_at,
            max_uses=span.uses,
        )
        token = sign_mandate(mandate, signer)
        seen = found.one.seen
        request = seen.verified.request
        if not isinstance(request, AuthorizationRequest):
            raise TypeError("a recipient is asked at an address")
        name = credential_name(document.forms[0].described(), context.language)
        verified = verify_mandate(token, now=now)
        requesters = requesters_of(seen.verified.party)
        sent = SentAnswer(
            at=now,
            client_id=str(request.client_id),
            announced=found.announced,
            answered_at=request.response_uri,
            request=token,
            request_hash=verified.hash,
            presentations=((mandate.type, (verified.hash,)),),
            claims=write_claims({mandate.type: claims}),
            documents=(DisclosedDocument(mandate.type, name, mandate.type),),
            requesters=tuple([(one.identifier, one.country) for one in requesters]),
            name=seen.consent.recipient or found.one.begun.service.provider,
            trusted_by=seen.consent.asker.trusted_by,
            registration=readable_registration(request),
        )
        return MandateKept(
            id=context.new_id(),
            token=token,
            source=source.id,
            key=key,
            log_number=0,
            office=source.sent.name,
            party_id=seen.consent.asker.identifier,
            service=found.one.begun.service.name,
            sent=sent,
        )
