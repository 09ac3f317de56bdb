"""Mandates: the office that a document is from forwards it itself when its register changes, until the citizen stops it.

A mandate is signed by a key of its own, by which the recipient's receipt is fetched from it directly, and handed over by the
key that came with the document's receipt. It is kept before it leaves: what may have arrived can be looked up and stopped.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace

from protocol.errors import Conflict, InvalidRequest, NotFound, ProtocolError, Unavailable, Unreachable
from protocol.exchange import Exchange, HttpResponse
from protocol.fields import Fields
from protocol.keys import P256Key
from protocol.sovereignty.calls import Caller, CallPath, call_url
from protocol.sovereignty.forwarding import ForwardingMandate, Recipient
from protocol.sovereignty.mandate_handover import sign_handover
from protocol.sovereignty.mandate_status import MandateStatus, verify_mandate_status
from protocol.sovereignty.receipt_travel import MEDIA_TYPE, Collected, collect_receipt
from protocol.sovereignty.signing import MAX_OBJECT
from protocol.sovereignty.unlinkable import MustNotCall, random_hour
from wallet.disclosure_records import Disclosure
from wallet.forwarding_records import MandateKept
from wallet.policy.cockpit.disclosed import (
    cockpit_key,
    organisation_key,
    partner_of,
    sent_of,
)
from wallet.policy.mandates import kept_id, mandate_of, status_of
from wallet.policy.showing import PartyShown, path_text, plain
from wallet.records import LoggedCredential
from wallet.service.cockpit.collecting import Collecting
from wallet.service.cockpit.disclosing import Disclosing
from wallet.service.context import WalletContext
from wallet.service.forwarding import Choice, Recipients
from wallet.service.mandate_making import MandateMaking, PossibleMandate, Span
from wallet.store import NewEntry

MAX_MANDATES = 200
_AT = "mandate status"


class OfficeRefused(ProtocolError):
    """An office did not take a mandate; it holds nowhere."""

    code = "access_denied"
    status = 502

    def __init__(self, detail: str) -> None:
        super().__init__(f"the office did not take it: {detail}" if detail else "the office did not take it")


@dataclass(frozen=True, slots=True)
class MandateShown:
    """A mandate, and how it stands as far as this wallet knows."""

    kept: MandateKept
    says: ForwardingMandate
    status: MandateStatus | None  # None: the office has not said that it has it

    @property
    def is_going(self) -> bool:
        """Whether something may still be forwarded by it, as far as is known."""
        return self.status is None or self.status.ending is None


@dataclass(frozen=True, slots=True)
class Mandates:
    """Everything about what offices forward by themselves."""

    context: WalletContext
    collecting: Collecting

    @property
    def _making(self) -> MandateMaking:
        return MandateMaking(self.context)

    def office(self, recipients: Recipients, service_id: str, choice: Choice) -> str:
        """Who could forward by themselves what somebody got; empty: nobody."""
        found = self._making.possible(recipients, service_id, choice)
        return "" if found is None else found.source.sent.name

    def give(self, recipients: Recipients, service_id: str, choice: Choice, span: Span) -> Exchange[MandateKept]:
        """Tell the office to forward what somebody got whenever it changes.

        Raises:
            Conflict: no mandate is possible for this, there is one already, or there are too many.
            MustNotCall: the office's cockpit is none that may be called.
            OfficeRefused: it did not take it.
            Unreachable: it did not answer; it may have it, and can be asked or told to stop.
        """
        found = self._making.possible(recipients, service_id, choice)
        if found is None:
            raise Conflict("no office can forward this by itself")
        if len(self.context.store.mandates()) >= MAX_MANDATES:
            raise Conflict("there are too many mandates; delete some that have ended")
        if any(self._same(one, found, service_id) for one in self.shown() if one.is_going):
            raise Conflict("an office was told to forward this already")
        self.collecting.check(found.source)
        kept = self._making.made(recipients.document, found, service_id, span)
        yield from self.context.save(put=[kept])
        return (yield from self._handed_over(kept))

    def shown(self) -> tuple[MandateShown, ...]:
        """Every mandate, oldest first, as it stands by what this wallet knows: nobody is asked."""
        return tuple([self._shown(kept) for kept in self.context.store.mandates()])

    def look(self, mandate_id: str) -> Exchange[MandateShown]:
        """Ask the office how a mandate stands, and fetch the recipient's receipt once something went.

        Raises:
            NotFound: there is none; or the office has none of this kind (then it holds nowhere).
            MustNotCall, Unreachable: the office cannot be asked.
            ProtocolError: it answered what is no answer.
        """
        kept = self.find(mandate_id)
        if not kept.status:
            kept = yield from self._handed_over(kept)
        else:
            kept = yield from self._asked(kept, "GET", kept_id(kept))
        kept = yield from self._with_receipt(kept)
        return self._shown(kept)

    def revoke(self, mandate_id: str) -> Exchange[MandateShown]:
        """Stop it: nothing is forwarded after the office has said so. Twice is the same as once.

        Raises:
            NotFound: there is none.
            MustNotCall, Unreachable: the office cannot be told; it may go on.
            ProtocolError: it answered what is no answer.
        """
        kept = self.find(mandate_id)
        if not kept.status:
            # Whether it has it is not known: first it has, then it stops
            kept = yield from self._handed_over(kept)
        was_going = self._shown(kept).is_going
        kept = yield from self._asked(kept, "POST", kept_id(kept), "revoke")
        if was_going:
            yield from self.context.save(note=self._note("stopped", kept))
        with suppress(ProtocolError):  # that it is stopped does not hang on this
            kept = yield from self._with_receipt(kept)
        return self._shown(kept)

    def forget(self, mandate_id: str) -> Exchange[None]:
        """Delete one that has ended; a receipt that came by it stays.

        Raises:
            NotFound: there is none.
            Conflict: it has not ended as far as is known, and could not be stopped any more.
        """
        kept = self.find(mandate_id)
        if self._shown(kept).is_going:
            raise Conflict("stop it first")
        yield from self.context.save(drop=[kept])

    def find(self, mandate_id: str) -> MandateKept:
        """A mandate.

        Raises:
            NotFound: there is none.
        """
        for kept in self.context.store.mandates():
            if kept.id == mandate_id:
                return kept
        raise NotFound("there is no such mandate")

    def _handed_over(self, kept: MandateKept) -> Exchange[MandateKept]:
        """Bring a mandate to its office, which takes the same one twice without any harm, and note that it was given."""
        source = self._disclosure(kept)
        if not kept.log_number:
            # Whatever the office logs of it from now on is what the citizen told it
            named = tuple(dict.fromkeys((*source.mandated, mandate_of(kept).says.recipient.organisation.identifier)))
            yield from self.context.save(put=[replace(source, mandated=named)])
        try:
            kept = yield from self._asked(kept, "POST", body=self._handover(kept, source))
        except OfficeRefused:
            yield from self.context.save(drop=[kept])
            raise
        if kept.log_number:
            return kept
        entry = yield from self.context.save(note=self._note("instructed", kept))
        kept = replace(kept, log_number=entry.number if entry is not None else 0)
        yield from self.context.save(put=[kept])
        return kept

    def _handover(self, kept: MandateKept, source: Disclosure) -> bytes:
        key = cockpit_key(source)
        if key is None:
            raise _gone()
        return sign_handover(mandate_of(kept), key, now=self.context.now()).encode("ascii")

    def _asked(self, kept: MandateKept, method: str, *segments: str, body: bytes = b"") -> Exchange[MandateKept]:
        """What the office says now, if it holds, kept."""
        context, source = self.context, self._disclosure(kept)
        key = cockpit_key(source)
        if key is None:
            raise _gone()
        endpoint = self.collecting.check(source)
        caller = Caller(key, context.random_bytes, context.now)
        url = call_url(endpoint, CallPath.MANDATES, *segments)
        response = yield from caller.call(method, url, body, max_bytes=MAX_OBJECT)
        text = _status_in(response, is_new=not kept.status)
        before = status_of(kept)
        mandate = mandate_of(kept)
        others = tuple([one for one in sent_of(source).signers if one != mandate.says.source])
        verify_mandate_status(text, mandate, anchors=context.anchors(), now=context.now(), before=before, source=others)
        kept = replace(kept, status=text, looked_at=context.now())
        yield from context.save(put=[kept])
        return kept

    def _with_receipt(self, kept: MandateKept) -> Exchange[MandateKept]:
        """Fetch the recipient's receipt once something went to it; where it cannot be had, it is tried at the next look."""
        context, status = self.context, status_of(kept)
        if kept.receipt or status is None or not status.used:
            return kept
        key = P256Key.from_scalar(bytes.fromhex(kept.key))
        waiting = Disclosure(
            id=context.new_id(),
            log_number=kept.log_number,
            sent=kept.sent,
            thumbprint=key.public_key.thumbprint(),
            key=kept.key,
            claim="",
            hour=random_hour(context.random_bytes),
        )
        try:
            endpoint = self.collecting.check(waiting)
            found = yield from collect_receipt(Caller(key, context.random_bytes, context.now), endpoint)
            if not isinstance(found, Collected):
                return kept
            judged = yield from Disclosing(context).judge(waiting, found.receipt)
        except (MustNotCall, Unavailable):
            raise
        except ProtocolError:
            return kept
        kept = replace(kept, receipt=judged.id)
        yield from context.save(put=[judged, kept])
        return kept

    def _disclosure(self, kept: MandateKept) -> Disclosure:
        for one in self.context.store.disclosures():
            if one.id == kept.source:
                return one
        raise Conflict("the receipt of the document was deleted, so its office cannot be asked any more")

    def _shown(self, kept: MandateKept) -> MandateShown:
        return MandateShown(kept, mandate_of(kept).says, status_of(kept))

    def _same(self, shown: MandateShown, found: PossibleMandate, service_id: str) -> bool:
        says = shown.says
        return says.recipient == Recipient(found.terms.organisation, service_id) and says.type == found.part.type

    def _note(self, action: str, kept: MandateKept) -> NewEntry:
        sent = kept.sent
        known = organisation_key(partner_of(sent))
        party = PartyShown(sent.name, "", kept.party_id, sent.trusted_by, organisation=known)
        [document] = sent.documents
        paths = tuple([path_text(path) for path in mandate_of(kept).says.claims])
        return self.context.entry(action, party, "done", (LoggedCredential(document.name, document.type, paths),))


def _gone() -> Conflict:
    return Conflict("the key of the document was deleted, so its office cannot be asked any more")


def _status_in(response: HttpResponse, *, is_new: bool) -> str:
    if response.status == 200 and response.media_type() == MEDIA_TYPE:
        return response.body.decode("ascii", "replace")
    if response.status >= 500 or response.status == 429:
        raise Unreachable(f"{_AT}: answered with status {response.status}")
    if is_new:
        detail = ""
        with suppress(ProtocolError):
            answer = response.json(_AT, max_bytes=MAX_OBJECT)
            said = Fields(answer, _AT).optional_text("error_description", max_length=1000)
            detail = plain(said or "")
        raise OfficeRefused(detail)
    if response.status == 404:
        raise NotFound("the office knows nothing of this mandate any more")
    raise InvalidRequest(f"{_AT}: is not an answer to that call")
