"""Asking a partner: for a receipt that did not come, and what it did with the data since.

One call concerns one answer, with that answer's own key, and tells nothing that another one's could be matched with
(docs/sovereignty/receipts.md, "When a cockpit is called"). The sender keeps no connection, no TLS session and no cookie.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from urllib.parse import urlencode

from protocol.errors import Malformed, ProtocolError, TooLarge, Unavailable, Unreachable
from protocol.exchange import Exchange, HttpRequest, send
from protocol.keys import P256Key
from protocol.sovereignty.calls import Caller, CallPath, call_url
from protocol.sovereignty.log_heads import Growth, LogHead
from protocol.sovereignty.partner_directory import Witnessed, WitnessedPartner
from protocol.sovereignty.receipt import Receipt
from protocol.sovereignty.receipt_check import is_collectable
from protocol.sovereignty.receipt_travel import MEDIA_TYPE, Collected, NoReceipt, NotYet, collect_receipt
from protocol.sovereignty.signing import MAX_OBJECT
from protocol.sovereignty.unlinkable import MustNotCall, check_callable
from protocol.sovereignty.usage_report import Asked, verify_usage_report
from wallet.disclosure_records import Disclosure
from wallet.policy.cockpit.disclosed import (
    cockpit_key,
    first_action,
    is_identifying,
    place_of,
    receipt_of,
    sent_of,
)
from wallet.policy.cockpit.usage_known import asked_of, is_too_much, learn, request_of, to_be_proven, witness
from wallet.service.cockpit.disclosing import Disclosing
from wallet.service.context import WalletContext

MAX_PAGES = 16  # reports that one question leads to
MAX_GROWTHS = 4  # proofs that are asked for at once
MAX_GROWTH = 64 * 1024  # bytes


class NotAsked(StrEnum):
    """Why a partner was not asked."""

    KEY_DROPPED = "key_dropped"
    TOO_LATE = "too_late"  # a receipt can be collected for a month, and usage for as long as the receipt says
    AT_WORK = "at_work"  # it is being asked just now
    WAIT = "wait"  # the partner said when to come again
    ADDRESS_TELLS = "address_tells"  # what was sent does not say who the user is, and their internet address may


@dataclass(frozen=True, slots=True)
class Looked:
    """What came of asking."""

    disclosure: Disclosure
    not_asked: NotAsked | None = None
    must_not: MustNotCall | None = None  # the address is not to be called
    error: ProtocolError | None = None  # it could not be reached, or answered what is no answer
    kept: bool = True  # False: what came could not be written down, and is gone

    @property
    def went_well(self) -> bool:
        """Whether what is known is what the partner says now."""
        return self.kept and self.not_asked is None and self.must_not is None and self.error is None


@dataclass(frozen=True, slots=True)
class Collecting:
    """Everything between a disclosure that is kept and its partner."""

    context: WalletContext

    def refresh(self, disclosure: Disclosure) -> Exchange[Looked]:
        """Ask for the receipt, if it is not there, and for what was done with the data. What came is kept.

        Raises:
            Unavailable: it could not be kept.
        """
        if disclosure.id in self.context.busy:
            return Looked(disclosure, NotAsked.AT_WORK)
        self.context.busy.add(disclosure.id)
        try:
            current = self.current(disclosure)
            if current is None:
                return Looked(disclosure, NotAsked.KEY_DROPPED)  # it was deleted meanwhile, and nothing brings it back
            return (yield from self._refresh(current))
        finally:
            self.context.busy.discard(disclosure.id)

    def _refresh(self, disclosure: Disclosure) -> Exchange[Looked]:
        key, refusal = cockpit_key(disclosure), self.refusal(disclosure)
        if key is None or refusal is not None:
            return Looked(disclosure, refusal or NotAsked.KEY_DROPPED)
        try:
            disclosure = yield from self._collected(disclosure, key)
            disclosure = yield from self._reported(disclosure, key)
            disclosure = yield from self._witnessed(disclosure)
        except MustNotCall as error:
            return Looked(self._current(disclosure), must_not=error)
        except Unavailable:
            raise
        except ProtocolError as error:
            return Looked((yield from self._with_refusal(self._current(disclosure), error)), error=error)
        return Looked(disclosure)

    def check(self, disclosure: Disclosure) -> str:
        """The endpoint of a disclosure, if it may be called.

        Raises:
            MustNotCall: by one of the rules of `protocol.sovereignty.unlinkable`.
        """
        partner = self.partner(disclosure)
        listed = partner.endpoints if partner is not None else None
        return check_callable(place_of(disclosure, self.context.store.disclosures(), listed))

    def partner(self, disclosure: Disclosure) -> WitnessedPartner | None:
        """What the witness saw at every cockpit of a partner; None: there is no witness, or it does not know the partner."""
        directory = self.context.directory()
        return directory.find(sent_of(disclosure).signers) if directory is not None else None

    def witnessed(self, disclosure: Disclosure) -> Witnessed | None:
        """What the witness saw of the log of one answer; None: that log is without a witness."""
        partner = self.partner(disclosure)
        return partner.cockpit(disclosure.sent.announced) if partner is not None else None

    def known(self, disclosure: Disclosure) -> Looked:
        """What is known of an answer without asking anybody, and why nobody is to be asked, if that is so."""
        refusal = self.refusal(disclosure)
        if refusal is not None:
            return Looked(disclosure, refusal)
        try:
            self.check(disclosure)
        except MustNotCall as error:
            return Looked(disclosure, must_not=error)
        return Looked(disclosure)

    def refusal(self, disclosure: Disclosure) -> NotAsked | None:
        """Why nobody is asked about an answer now, whatever the address; None: somebody may be."""
        now = self.context.now()
        if not disclosure.key:
            return NotAsked.KEY_DROPPED
        receipt = receipt_of(disclosure)
        if disclosure.receipt is None:
            if not is_collectable(disclosure.sent.at, now=now):
                return NotAsked.TOO_LATE
            if now < disclosure.wait_until:
                return NotAsked.WAIT
        elif receipt is not None and now >= receipt.log_until:
            return NotAsked.TOO_LATE
        if not is_identifying(disclosure.sent) and not disclosure.agreed:
            return NotAsked.ADDRESS_TELLS
        return None

    def _caller(self, key: P256Key) -> Caller:
        return Caller(key, self.context.random_bytes, self.context.now)

    def _collected(self, disclosure: Disclosure, key: P256Key) -> Exchange[Disclosure]:
        endpoint = self.check(disclosure)
        if disclosure.receipt is not None:
            return disclosure
        claim = bytes.fromhex(disclosure.claim) if disclosure.claim else None
        now = self.context.now()
        found = yield from collect_receipt(self._caller(key), endpoint, claim)
        match found:
            case Collected(receipt):
                judged = yield from Disclosing(self.context).judge(disclosure, receipt)
                return (yield from self._keep(judged))
            case NotYet(retry_after):
                return (yield from self._keep(replace(disclosure, asked_at=now, wait_until=now + retry_after)))
            case NoReceipt():
                return (yield from self._keep(replace(disclosure, asked_at=now)))

    def _reported(self, disclosure: Disclosure, key: P256Key) -> Exchange[Disclosure]:
        receipt = receipt_of(disclosure)
        if receipt is None:
            return disclosure
        endpoint = self.check(disclosure)
        caller, after = self._caller(key), None
        for _ in range(MAX_PAGES):
            asked = asked_of(disclosure.usage, receipt.id, after=after, now=self.context.now())
            text = yield from self._report(caller, endpoint, asked)
            disclosure, after = yield from self._learn(disclosure, receipt, asked, text)
            if after is None:
                break
        return disclosure

    def _report(self, caller: Caller, endpoint: str, asked: Asked) -> Exchange[str]:
        url = call_url(endpoint, CallPath.USAGE)
        response = yield from caller.call("POST", url, request_of(asked).to_dict(), max_bytes=MAX_OBJECT)
        if response.status == 200 and response.media_type() == MEDIA_TYPE:
            return response.body.decode("ascii", "replace")
        if response.status >= 500 or response.status == 429:
            raise Unreachable(f"usage report: answered with status {response.status}")
        raise Malformed("usage report", "is not an answer to that call")

    def _learn(
        self, disclosure: Disclosure, receipt: Receipt, asked: Asked, text: str
    ) -> Exchange[tuple[Disclosure, int | None]]:
        context = self.context
        report = verify_usage_report(
            text, asked, partner=sent_of(disclosure).signers, anchors=context.anchors(), now=context.now()
        )
        if is_too_much(disclosure.usage, report.says):
            raise TooLarge("usage report", "says more than anybody could look at")
        learnt = learn(
            disclosure.usage,
            report,
            asked,
            receipt,
            first=first_action(disclosure.sent),
            mandated=disclosure.mandated,
            now=context.now(),
        )
        kept = yield from self._keep(replace(disclosure, usage=learnt.known, asked_at=context.now()))
        return kept, learnt.more_after

    def _witnessed(self, disclosure: Disclosure) -> Exchange[Disclosure]:
        directory, partner = self.context.directory(), self.witnessed(disclosure)
        if directory is None or partner is None or not disclosure.usage.unwitnessed:
            return disclosure
        growths: dict[LogHead, Growth] = {}
        for head, later in to_be_proven(disclosure.usage, partner)[:MAX_GROWTHS]:
            growth = yield from self._growth(self.check(disclosure), head, later)
            if growth is not None:
                growths[head] = growth
        usage = witness(
            disclosure.usage, partner, directory_at=directory.issued_at, growths=growths, now=self.context.now()
        )
        return disclosure if usage == disclosure.usage else (yield from self._keep(replace(disclosure, usage=usage)))

    def _growth(self, endpoint: str, before: LogHead, after: LogHead) -> Exchange[Growth | None]:
        """The proof that everybody may ask for; None: none was given, so that the time decides."""
        query = urlencode({"log": before.log, "from": before.tree.size, "to": after.tree.size})
        request = HttpRequest(
            "GET", f"{endpoint}/consistency?{query}", (("accept", "application/json"),), max_bytes=MAX_GROWTH
        )
        try:
            response = yield from send(request)
            return Growth.from_dict(response.json("consistency")) if response.status == 200 else None
        except ProtocolError:
            return None

    def _keep(self, disclosure: Disclosure) -> Exchange[Disclosure]:
        yield from self.context.save(put=[disclosure])
        return disclosure

    def _with_refusal(self, disclosure: Disclosure, error: ProtocolError) -> Exchange[Disclosure]:
        """What was learnt so far, with a note that the last answer was none that counts; being away is no answer."""
        if disclosure.receipt is None or isinstance(error, Unreachable):
            return disclosure
        usage = replace(disclosure.usage, refused=type(error).__name__)
        return (yield from self._keep(replace(disclosure, usage=usage)))

    def current(self, disclosure: Disclosure) -> Disclosure | None:
        """As it is kept now, for it may have been read a while ago; None: it was deleted."""
        return next((one for one in self.context.store.disclosures() if one.id == disclosure.id), None)

    def _current(self, disclosure: Disclosure) -> Disclosure:
        """As it was kept last, before something went wrong."""
        return self.current(disclosure) or disclosure
