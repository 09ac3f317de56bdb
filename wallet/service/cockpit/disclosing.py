"""Answering somebody who announced a cockpit: what is needed to hold them to it is kept before anything leaves.

The key is made for this one answer, in software, and sealed with what was sent. Nothing of the documents goes into it but
hashes and names of claims.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from protocol.device_retrieval.meeting import AskedMeeting
from protocol.device_retrieval.question import VerifiedDeviceRequest
from protocol.encoding import JsonValue
from protocol.errors import Flaw, InvalidRequest, ProtocolError, Unavailable
from protocol.exchange import Exchange
from protocol.formats import format_of
from protocol.keys import P256Key
from protocol.oid4vp.dc_api import DcApiRequest
from protocol.oid4vp.dc_api_object import VerifiedDcApiRequest
from protocol.sovereignty.cockpit import CockpitKey
from protocol.sovereignty.receipt_check import judge_receipt
from protocol.sovereignty.receipt_evidence import Evidence, evidence_in_person, evidence_of_answer
from protocol.sovereignty.unlinkable import random_hour
from wallet.disclosure_records import DisclosedDocument, Disclosure, SentAnswer
from wallet.policy.asking import registration_of
from wallet.policy.cockpit.disclosed import kept_receipt, requesters_of, sent_of, write_claims
from wallet.service.asking import readable_registration
from wallet.service.cockpit.signers import signer_status
from wallet.service.context import WalletContext
from wallet.service.given import Begun
from wallet.service.seen import RequestSeen


def cockpit_key(disclosure: Disclosure | None) -> CockpitKey | None:
    """What goes with the answer; None: no cockpit was announced."""
    if disclosure is None:
        return None
    return CockpitKey(P256Key.from_scalar(bytes.fromhex(disclosure.key)).public_key, disclosure.sent.request_hash)


@dataclass(frozen=True, slots=True)
class Disclosing:
    """Everything between a made answer and a receipt that comes back with it."""

    context: WalletContext

    def promise(
        self, seen: RequestSeen, choice: Mapping[str, Sequence[str]], begun: Begun
    ) -> Exchange[Disclosure | None]:
        """Keep what an answer by link or page says, with a key for it; None: the request announces no cockpit.

        Raises:
            Unavailable: it cannot be kept, so nothing may leave.
        """
        verified = seen.verified
        if isinstance(verified, VerifiedDeviceRequest):
            return None  # through a page, its answer has no room for a key, and no session to derive one's claim from
        metadata = verified.request.client_metadata
        announced = metadata.cockpit_endpoint if metadata is not None else None
        if announced is None:
            return None
        try:
            shown = yield from self._shown(seen, choice)
            whole = verified.whole if isinstance(verified, VerifiedDcApiRequest) else None
            evidence = evidence_of_answer(
                whole if whole is not None else verified.raw, verified.request.dcql_query, begun.vp_token, shown
            )
        except (Flaw, InvalidRequest):
            return None  # an answer without one spelling has no receipt
        request = verified.request
        answered_at = request.origin if isinstance(request, DcApiRequest) else request.response_uri
        client_id = str(verified.request.client_id)
        return (yield from self._keep(seen, begun, evidence, _Way(announced, answered_at, client_id)))

    def promise_in_person(
        self, seen: RequestSeen, begun: Begun, asked: AskedMeeting, response: bytes
    ) -> Exchange[Disclosure | None]:
        """The same in person, where the answer has no room for a key: it is bound afterwards, by the session's claim.

        Raises:
            Unavailable: it cannot be kept, so nothing may leave.
        """
        verified = seen.verified
        announced = verified.cockpit_endpoint if isinstance(verified, VerifiedDeviceRequest) else None
        if announced is None:
            return None
        evidence = evidence_in_person(asked.request, response)
        return (yield from self._keep(seen, begun, evidence, _Way(announced, "", "", asked.claim.hex())))

    def withdraw(self, begun: Begun) -> Exchange[None]:
        """Forget what was kept of an answer that did not leave."""
        with suppress(Unavailable):
            kept = [one for one in self.context.store.disclosures() if one.log_number == begun.log_number]
            if kept:
                yield from self.context.save(drop=kept)

    def arrived(self, disclosure: Disclosure | None, receipt: str | None) -> Exchange[None]:
        """Take in the receipt that came with the verifier's answer. Where it cannot be kept, it can be collected later."""
        if disclosure is None or receipt is None:
            return
        with suppress(ProtocolError):
            judged = yield from self.judge(disclosure, receipt)
            yield from self.context.save(put=[judged])

    def judge(self, disclosure: Disclosure, receipt: str) -> Exchange[Disclosure]:
        """The same disclosure with a receipt that came, and with everything that is wrong with it."""
        context = self.context
        now = context.now()
        judged = judge_receipt(receipt, sent_of(disclosure), anchors=context.anchors(), arrived_at=now)
        status = yield from signer_status(context, judged.signed)
        kept = kept_receipt(judged, arrived_at=now, signer_status=status)
        return replace(disclosure, receipt=kept, asked_at=now, wait_until=0)

    def _keep(self, seen: RequestSeen, begun: Begun, evidence: Evidence, way: _Way) -> Exchange[Disclosure | None]:
        context, verified = self.context, seen.verified
        requesters = requesters_of(verified.party)
        if not requesters:
            return None  # nobody who is registered could sign a receipt
        key = context.new_session_key()
        entry = registration_of(seen.standing)
        held = entry is not None and entry.certificate is not None
        in_person = isinstance(verified, VerifiedDeviceRequest)
        sent = SentAnswer(
            at=context.now(),
            client_id=way.client_id,
            announced=way.announced,
            answered_at=way.answered_at,
            request=verified.raw,
            request_hash=evidence.request,
            presentations=tuple(evidence.presentations.items()),
            claims=write_claims(evidence.claims),
            documents=_documents(begun, in_person=in_person),
            requesters=tuple([(one.identifier, one.country) for one in requesters]),
            name=entry.name if entry is not None else seen.consent.asker.title,
            trusted_by=seen.consent.asker.trusted_by,
            registration=readable_registration(verified.request) if held else "",
        )
        disclosure = Disclosure(
            id=context.new_id(),
            log_number=begun.log_number,
            sent=sent,
            thumbprint=P256Key.from_scalar(bytes.fromhex(key)).public_key.thumbprint(),
            key=key,
            claim=way.claim,
            hour=random_hour(context.random_bytes),
        )
        yield from context.save(put=[disclosure])
        return disclosure

    def _shown(
        self, seen: RequestSeen, choice: Mapping[str, Sequence[str]]
    ) -> Exchange[Mapping[str, Sequence[JsonValue]]]:
        """What each presentation discloses, as its reader finds it: all copies of a document say the same."""
        context = self.context
        held = {one.id: one for one in context.store.credentials()}
        shown: dict[str, list[JsonValue]] = {}
        for query_id, items in seen.match.choose(choice).items():
            for found in items:
                known = format_of(found.candidate.format)
                bare = known.present(held[found.candidate.id].copies[0].raw, found.paths, None)
                verified = yield from known.verify_issued(bare, anchors=context.anchors(), now=context.now())
                shown.setdefault(query_id, []).append(verified.claims)
        return shown


@dataclass(frozen=True, slots=True)
class _Way:
    """How an answer goes."""

    announced: str
    answered_at: str
    client_id: str
    claim: str = ""


def _documents(begun: Begun, *, in_person: bool) -> tuple[DisclosedDocument, ...]:
    """Which document answered which part. In person, parts are named by docType."""
    query_ids = [query_id for query_id, items in begun.vp_token.items() for _ in items]
    return tuple(
        [
            DisclosedDocument(one.type if in_person else query_id, one.name, one.type)
            for query_id, one in zip(query_ids, begun.logged, strict=True)
        ]
    )
