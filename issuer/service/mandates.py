"""Forwarding by mandate: given, told and ended by the citizen's calls, and carried out when the register changes.

A mandate is handed over by the cockpit key of a document that we issued: whose data it is about follows from that document, and
what it may name from the document's receipt (docs/decisions/0058-mandates-to-a-source.md).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple
from urllib.parse import urlencode

from capabilities.cockpit.records import IssuedReceipt
from capabilities.cockpit.service import Cockpit
from issuer.credential_types import CredentialType
from issuer.mandates import (
    FORWARDED,
    About,
    GivenMandate,
    Hindrance,
    Stepped,
    arrived,
    as_of,
    count,
    log,
    note,
    revoked,
)
from issuer.service.context import IssuerContext
from issuer.service.receipts import shown_registration
from issuer.service.recipients import AskedRecipient, Recipients
from issuer.usage import By, name_of
from protocol.credential import ClaimPath
from protocol.encoding import JsonObject, JsonValue
from protocol.errors import (
    Conflict,
    CredentialRequestDenied,
    Flaw,
    InvalidRequest,
    NotForThisRequest,
    NotFound,
    ProtocolError,
    Unavailable,
    Unreachable,
    raised_as,
)
from protocol.exchange import Exchange, HttpRequest, send
from protocol.formats import IssuerSigner
from protocol.keys import P256Key
from protocol.oid4vp.answer import MAX_ANSWER
from protocol.oid4vp.request_uri import FORM
from protocol.sovereignty.calls import CallPath
from protocol.sovereignty.forwarded_data import ForwardedData, seal_forwarded_data
from protocol.sovereignty.forwarding import (
    ForwardingMandate,
    Presented,
    check_mandate,
)
from protocol.sovereignty.mandate_handover import VerifiedHandover, verify_handover
from protocol.sovereignty.mandate_status import ActiveMandate, MandateStatus, begin, sign_mandate_status
from protocol.sovereignty.recipient_terms import RecipientTerms
from protocol.sovereignty.selected_data import select_data, spelled
from protocol.sovereignty.usage import Action
from runtime.conversation import slow, with_key
from runtime.logs import get_logger

AT_ONCE = 10  # mandates of one round
LEASE_SECONDS = 300  # that nobody else takes them
FIRST_WAIT = 60  # seconds before the second attempt; each further one waits twice as long …
LONGEST_WAIT = 6 * 3600  # … up to this
MAX_ATTEMPTS = 16  # some two days
_TAKEN = range(200, 300)


class _Prepared(NamedTuple):
    """What would go by a mandate."""

    says: ForwardingMandate
    kind: CredentialType
    document: JsonObject
    digest: str


@dataclass(frozen=True, slots=True)
class Mandates:
    """The mandates of one issuer."""

    context: IssuerContext
    cockpit: Cockpit
    recipients: Recipients

    @property
    def are_taken(self) -> bool:
        """Whether mandates can be given here: who we are is known, and where recipients are found."""
        context = self.context
        return bool(context.registrar_url) and context.cockpit and context.organisation is not None

    def give(self, proof: str, token: str) -> Exchange[str]:
        """Take a mandate about a document of whoever calls, handed over by `token`; how it stands, signed.

        Raises:
            NotFound, InvalidDpopProofAtResource, UseDpopNonceAtResource: see `Cockpit.caller`; or none are taken here.
            InvalidRequest: it cannot be read, is another's, names what the document does not say, or its recipient may not
                have it, or cannot be asked now.
            Conflict: another mandate has this id, or there are too many.
        """
        receipt = yield from self._caller(proof)
        store, now = self.context.store.mandates, self.context.now()
        with raised_as(InvalidRequest):
            handover = verify_handover(token, now=now)
        mandate = handover.mandate
        known = yield from slow(lambda: store.find(receipt.key, mandate.says.jti))
        if known is None:
            given = yield from self._accept(receipt, handover)
            known = yield from slow(lambda: store.add(given))
        if known.token != mandate.raw:
            raise Conflict("another mandate has this id")
        return (yield from self._tell(known))

    def status(self, proof: str, jti: str) -> Exchange[str]:
        """How a mandate of whoever calls stands, signed.

        Raises:
            NotFound, InvalidDpopProofAtResource, UseDpopNonceAtResource: see `Cockpit.caller`; or none of theirs.
        """
        receipt = yield from self._caller(proof, jti, method="GET")
        return (yield from self._tell((yield from self._find(receipt, jti))))

    def revoke(self, proof: str, jti: str) -> Exchange[str]:
        """End a mandate of whoever calls, at once: nothing is counted after the transaction that this is.

        Raises:
            NotFound, InvalidDpopProofAtResource, UseDpopNonceAtResource: see `Cockpit.caller`; or none of theirs.
        """
        receipt = yield from self._caller(proof, jti, "revoke")
        store, now = self.context.store.mandates, self.context.now()
        # What time or count ended before ended so, even if nobody has looked since
        ended = yield from slow(
            lambda: store.step(receipt.key, jti, lambda found: revoked(as_of(found, now=now), now=now))
        )
        return (yield from self._tell(ended))

    def look(self, subject: str) -> Exchange[None]:
        """The register may say something else about a person."""
        store, now = self.context.store.mandates, self.context.now()
        yield from slow(lambda: store.look_at(subject, now=now))

    def deliver(self) -> Exchange[int]:
        """Forward what has changed; how much went.

        Raises:
            Unavailable: the store is away.
        """
        if not self.are_taken:
            return 0
        store, now = self.context.store.mandates, self.context.now()
        due = yield from slow(lambda: store.claim(now=now, until=now + LEASE_SECONDS, limit=AT_ONCE))
        sent = 0
        for one in due:
            try:
                sent += yield from self._deliver(one)
            except Unavailable:
                raise
            except ProtocolError as error:
                # Nothing of one person may keep the others waiting; it is tried again when the lease is over
                get_logger().warning("mandate", reason=error.description)
        return sent

    def _caller(self, proof: str, *segments: str, method: str = "POST") -> Exchange[IssuedReceipt]:
        if not self.are_taken:
            raise NotFound("no mandates are taken here")
        with raised_as(InvalidRequest):
            return (yield from self.cockpit.caller(proof, CallPath.MANDATES, *segments, method=method))

    def _find(self, receipt: IssuedReceipt, jti: str) -> Exchange[GivenMandate]:
        found = yield from slow(lambda: self.context.store.mandates.find(receipt.key, jti))
        if found is None:
            raise NotFound("no such mandate")
        return found

    def _accept(self, receipt: IssuedReceipt, handover: VerifiedHandover) -> Exchange[GivenMandate]:
        """Check a new mandate against the document and its recipient."""
        context, mandate = self.context, handover.mandate
        says = mandate.says
        document = yield from slow(lambda: context.store.mandates.document(receipt.id))
        kind = None if document is None else context.types.get(document.configuration_id)
        organisation = context.organisation
        if document is None or kind is None or organisation is None:
            raise InvalidRequest("mandate: is about no document that is issued here")
        if says.expires_at > document.log_until:
            raise InvalidRequest("mandate.exp: must be no later than the log of the document")
        presented = Presented(organisation, receipt.key, kind.type, document.claims.get(kind.id, ()))
        with raised_as(InvalidRequest):
            if says.source != organisation:
                raise NotForThisRequest("mandate.source: is another one")
            asked = yield from self.recipients.ask(says.recipient)
            terms = check_mandate(mandate, handover.key, presented, asked.registration)
            paths = asked.paths(says)
        given = GivenMandate(
            key=receipt.key,
            token=mandate.raw,
            handover=handover.raw,
            receipt=document.receipt,
            log_until=document.log_until,
            subject=document.subject,
            configuration_id=kind.id,
            stage=begin(mandate, terms),
            known="",
        )
        prepared = yield from self._prepare(given)
        if prepared is None:
            raise InvalidRequest("mandate: the register says nothing for this document now")
        with raised_as(InvalidRequest):
            about = self._about(prepared, asked, terms, paths)
            # No mandate is taken whose use no log could tell
            log(given, Action.FORWARDED, FORWARDED, says.claims, by=about.by, to=about.to, now=context.now())
        return replace(given, known=prepared.digest)

    def _tell(self, mandate: GivenMandate) -> Exchange[str]:
        now, signing = self.context.now(), self._signing
        status = MandateStatus.of(as_of(mandate, now=now).stage, now=now)
        return with_key(signing.signer, lambda: sign_mandate_status(status, signing.signer, signing.x5c))

    def _prepare(self, mandate: GivenMandate) -> Exchange[_Prepared | None]:
        """What a mandate's document would say now; None: nothing, because it cannot be issued any more."""
        context, says = self.context, mandate.says
        kind = context.types.get(mandate.configuration_id)
        if kind is None:
            return None
        record: Mapping[str, JsonValue]
        try:
            record = yield from context.register.fetch(mandate.subject)
            document = context.document(kind, record, now=context.now())
        except CredentialRequestDenied:
            return None
        data = select_data(document, says.claims)
        return _Prepared(says, kind, document, context.keyed("forwarded", mandate.token, spelled(data).decode()))

    def _deliver(self, one: GivenMandate) -> Exchange[int]:
        """Forward what one mandate is about, if it changed; how much went."""
        claimed, now = one.due_at, self.context.now()
        prepared = yield from self._prepare(one)
        stage = as_of(one, now=now).stage
        nothing = prepared is None or (prepared.digest == one.known and not one.sending)
        if prepared is None or nothing or not isinstance(stage, ActiveMandate):
            yield from self._step(one, lambda found: Stepped(_settled(as_of(found, now=now), claimed)))
            return 0
        try:
            asked = yield from self.recipients.ask(prepared.says.recipient)
        except Unreachable:
            yield from self._later(one, self._about(prepared, None, stage.terms, prepared.says.claims))
            return 0
        except ProtocolError as error:
            get_logger().warning("mandate", reason=error.description)
            about = self._about(prepared, None, stage.terms, prepared.says.claims)
            yield from self._step(one, lambda found: note(found, Hindrance.UNKNOWN, about, now=now))
            return 0
        return (yield from self._send(one, prepared, asked, claimed))

    def _send(self, one: GivenMandate, prepared: _Prepared, asked: AskedRecipient, claimed: int) -> Exchange[int]:
        context, says = self.context, prepared.says
        now = context.now()
        terms = RecipientTerms.from_registration(asked.registration, says.type)
        paths: tuple[ClaimPath, ...] = says.claims
        why: Hindrance | None = None
        try:
            paths = asked.paths(says)
        except Flaw as error:
            get_logger().warning("mandate", reason=error.description)
            is_theirs = terms.organisation == says.recipient.organisation
            why = Hindrance.ASKS_MORE if is_theirs else Hindrance.UNKNOWN
        about = self._about(prepared, asked, terms, paths)
        # What another recipient or registration asks for is no reason to go on, whatever it is
        hindered = None if why is None else _hindered(why, about, now)
        counted = yield from self._step(one, hindered or (lambda found: count(found, about, now=now)))
        stage = counted.stage
        if why is not None or not isinstance(stage, ActiveMandate) or counted.sending != prepared.digest:
            return 0
        body = yield from self._sealed(counted, stage.used, prepared, asked, paths)
        headers = (("content-type", FORM), ("accept", "application/json"))
        form = urlencode({"response": body}).encode("ascii")
        try:
            response = yield from send(
                HttpRequest("POST", asked.request.response_uri, headers, form, max_bytes=MAX_ANSWER)
            )
        except Flaw:  # away, or an answer that is too long
            yield from self._later(counted, about)
            return 0
        if response.status in _TAKEN:
            yield from self._step(one, lambda found: arrived(found, prepared.digest, claimed=claimed, now=now))
            return 1
        if response.status >= 500 or response.status == 429:
            yield from self._later(counted, about)
        else:
            yield from self._step(one, lambda found: note(found, Hindrance.NOT_TAKEN, about, now=now))
        return 0

    def _sealed(
        self,
        mandate: GivenMandate,
        n: int,
        prepared: _Prepared,
        asked: AskedRecipient,
        paths: tuple[ClaimPath, ...],
    ) -> Exchange[str]:
        context, signing = self.context, self._signing
        encryption = asked.request.choose_encryption()
        if encryption is None:
            raise TypeError("a recipient that takes no encrypted answer was left out before")
        key, enc = encryption
        own = shown_registration(context.registrations, context.now())
        forwarded = ForwardedData(
            mandate=mandate.token,
            n=n,
            nonce=asked.request.nonce,
            data=select_data(prepared.document, paths),
            issued_at=context.now(),
            registration=None if own is None else own.certificate,
        )
        ephemeral = P256Key.fresh()
        return with_key(
            signing.signer,
            lambda: seal_forwarded_data(
                forwarded,
                signing.signer,
                signing.x5c,
                recipient=key.key,
                kid=key.kid,
                enc=enc,
                ephemeral=ephemeral,
                random_bytes=context.random_bytes,
            ),
        )

    def _later(self, one: GivenMandate, about: About) -> Exchange[None]:
        """Try again after a while, and not for ever."""
        now = self.context.now()
        if one.attempts >= MAX_ATTEMPTS:
            yield from self._step(one, lambda found: note(found, Hindrance.AWAY, about, now=now))
            return
        due_at = now + min(LONGEST_WAIT, FIRST_WAIT << (max(one.attempts, 1) - 1))
        yield from self._step(
            one, lambda found: Stepped(replace(found, due_at=due_at, attempts=one.attempts) if found.due_at else found)
        )

    def _step(self, one: GivenMandate, work: Callable[[GivenMandate], Stepped]) -> Exchange[GivenMandate]:
        store = self.context.store.mandates
        return slow(lambda: store.step(one.key, one.stage.jti, work))

    def _about(
        self,
        prepared: _Prepared,
        asked: AskedRecipient | None,
        terms: RecipientTerms,
        paths: tuple[ClaimPath, ...],
    ) -> About:
        by = name_of(By.SERVICE, self.context.language)
        name = prepared.says.recipient.service if asked is None else asked.registration.name
        return About(terms, prepared.digest, paths, by, name)

    @property
    def _signing(self) -> IssuerSigner:
        access = self.context.access
        if access is None:
            raise TypeError("without an access certificate no mandates are taken")
        return access


def _hindered(why: Hindrance, about: About, now: int) -> Callable[[GivenMandate], Stepped]:
    """End a mandate whose recipient changed; else leave it, and say what was in the way."""

    def work(found: GivenMandate) -> Stepped:
        stage = found.stage
        if isinstance(stage, ActiveMandate) and stage.terms.changes(about.terms):
            return count(replace(found, sending=""), about, now=now)
        return note(found, why, about, now=now)

    return work


def _settled(found: GivenMandate, claimed: int) -> GivenMandate:
    """Nothing is to be done, unless the register changed meanwhile."""
    return replace(found, due_at=0, attempts=0) if found.due_at == claimed else found
