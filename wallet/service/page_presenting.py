"""Presenting to a page: what browser or system hands over is considered like any request, and the answer goes back to it.

The origin is what the platform says, and the answer is bound to it (OID4VP 1.0 Appendix A, ISO/IEC TS 18013-7 annex C). Nothing
leaves by itself: not even that a request is wrong is told to the page, which could learn from it what is held here (§15.9.2).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from protocol.device_retrieval.page import answer_documents, refuse_documents, verify_documents_request
from protocol.device_retrieval.question import VerifiedDeviceRequest
from protocol.encoding import JsonObject
from protocol.errors import AccessDenied, ProtocolError
from protocol.exchange import Exchange
from protocol.keys import P256Key
from protocol.mdoc.org_iso_mdoc import ORG_ISO_MDOC
from protocol.mdoc.transcript import IsoDcApiHandover
from protocol.oid4vp.dc_api import ORIGIN, PageRequest, answer_data, error_data
from protocol.oid4vp.dc_api_object import VerifiedDcApiRequest, verify_page_request
from protocol.oid4vp.response import Presentation
from protocol.sovereignty.cockpit import CockpitKey
from wallet.policy.showing import party_shown, plain
from wallet.service.cockpit.disclosing import Disclosing, cockpit_key
from wallet.service.context import WalletContext
from wallet.service.presenting import DENIED, Presenting
from wallet.service.seen import RequestSeen

VerifiedPage = VerifiedDcApiRequest | VerifiedDeviceRequest


@dataclass(frozen=True, slots=True)
class PagePresenting:
    """Everything between a page's request and what the browser hands back to it."""

    context: WalletContext
    presenting: Presenting

    def look(self, asked: PageRequest) -> Exchange[RequestSeen]:
        """Find out who asks for what, and what is held that answers. Nothing is given away, and nobody is told.

        Raises:
            InvalidRequest: the request is not to be answered; see `verify_page_request`, `verify_documents_request`.
            InvalidTransactionData: it asks to authorise something that this wallet does not understand.
            Unreachable: a DID document could not be had.
        """
        context = self.context
        yield from context.renew_trust()
        try:
            verified = yield from self._verify(asked)
        except ProtocolError as error:
            # Who asks is not known yet, but on which page, the platform says
            page = party_shown(None, f"{ORIGIN}{asked.origin}", asked.origin)
            yield from context.save(note=context.entry("failed", page, plain(error.description)))
            raise
        return (yield from self.presenting.consider(verified))

    def share(self, seen: RequestSeen, choice: Mapping[str, Sequence[str]]) -> Exchange[JsonObject]:
        """The `data` to hand back to the page, with what was chosen; see `Presenting.share`.

        Raises:
            AccessDenied: nothing that is held answers.
            InvalidRequest: the choice does not answer what was asked; nothing was made.
            LogDamaged: it could not be seen afterwards; nothing was made.
            Conflict: a copy that the user was told is fresh was used meanwhile; nothing was made.
        """
        verified = _page(seen)
        begun = yield from self.presenting.begin(seen, choice)
        try:
            disclosure = yield from Disclosing(self.context).promise(seen, choice, begun)
            data = self._answer(verified, begun.vp_token, cockpit_key(disclosure))
        except ProtocolError as error:
            yield from self.presenting.fail(seen, begun, error)
            raise
        # The platform takes it from here: that it comes to the page, and to no other, is its word
        yield from self.presenting.finish(seen, begun, "done")
        return data

    def decline(self, seen: RequestSeen) -> Exchange[JsonObject]:
        """Nothing is given away, because the user says no or nothing fits: the page cannot tell which (T168)."""
        verified = _page(seen)
        yield from self.presenting.note_decline(seen)
        if isinstance(verified, VerifiedDeviceRequest):
            return refuse_documents(verified.request)
        return error_data(AccessDenied(DENIED))

    def _verify(self, asked: PageRequest) -> Exchange[VerifiedPage]:
        context = self.context
        anchors, policy, now = context.anchors(), context.request_policy, context.now()
        if asked.protocol == ORG_ISO_MDOC:
            return verify_documents_request(asked, anchors=anchors, policy=policy, now=now)
        return (yield from verify_page_request(asked, anchors=anchors, policy=policy, now=now))

    def _answer(
        self, verified: VerifiedPage, vp_token: Mapping[str, tuple[Presentation, ...]], key: CockpitKey | None
    ) -> JsonObject:
        if isinstance(verified, VerifiedDeviceRequest):
            return answer_documents(verified.request, vp_token)
        return answer_data(
            verified.request,
            vp_token,
            ephemeral=P256Key.fresh(),
            random_bytes=self.context.random_bytes,
            cockpit_key=key,
        )


def _page(seen: RequestSeen) -> VerifiedPage:
    match seen.verified:
        case VerifiedDcApiRequest():
            return seen.verified
        case VerifiedDeviceRequest() if isinstance(seen.verified.request.handover, IsoDcApiHandover):
            return seen.verified
        case _:
            raise TypeError("what came in another way is answered where it came from")
