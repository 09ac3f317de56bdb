"""Taking what a source forwards by a citizen's mandate (docs/sovereignty/forwarding.md, "Forwarded data").

Nobody presents a document here: the citizen's mandate says who may send what, and the source, which is registered to issue
such documents, signs what it sends. One receipt answers the mandate; each use of it stands in the log of that receipt.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from capabilities.cockpit.records import IssuedReceipt
from protocol.credential import ClaimPath
from protocol.dcql.query import CredentialQuery
from protocol.encoding import JsonObject, decode_base64url, encode_base64url, encode_json, read_json_object
from protocol.errors import Flaw, InvalidRequest, NotFound, Unreachable, raised_as
from protocol.exchange import Exchange
from protocol.fields import Fields
from protocol.jwe import Jwe
from protocol.oid4vp.request import ClientMetadata
from protocol.oid4vp.response import ResponseAccepted
from protocol.sovereignty.canonical import read_hash
from protocol.sovereignty.durations import Retention
from protocol.sovereignty.forwarded_data import (
    CTY,
    Expected,
    LastUse,
    OpenedForwarding,
    VerifiedForwarding,
    open_forwarded_data,
    verify_forwarded_data,
)
from protocol.sovereignty.forwarding import Recipient
from protocol.sovereignty.receipt import (
    ANSWERS_AFTER,
    Outcome,
    Receipt,
    fresh_receipt_id,
    sign_receipt,
    sort_paths,
)
from protocol.sovereignty.rights import Right
from protocol.sovereignty.rights_status import State
from protocol.sovereignty.selected_data import select_data
from protocol.status.check import Status
from protocol.trust.localized import Localized
from protocol.trust.registration import Registration, verify_registration
from protocol.trust.registration_status import check_registration_status
from runtime.conversation import SessionKey, advance, load, slow, with_key
from verifier.demands import unmet
from verifier.once_only.case import CASE_PAGE, RECEIPT_IN_FORM, Case, no_case
from verifier.once_only.filling import Shown
from verifier.once_only.mandated import Forwarded, MandatedOutcome, MandatedStage, MandateUse, take_first, take_further
from verifier.receipts import seconds
from verifier.service.context import VerifierContext
from verifier.service.intake import Intake
from verifier.service.requests import Requests
from verifier.service.signers import RevokedSigners
from verifier.session import Awaited, not_open, read_query
from verifier.usage import Logged

MAX_STATUS_AGE = 3600  # seconds
EACH_ARRIVAL = (
    Localized("de", "der Tag, an dem die Angaben jeweils angekommen sind"),
    Localized("en", "the day on which the data arrived, each time"),
)
# After these nothing more is taken by a mandate
_ENDS = frozenset((Right.ERASURE, Right.WITHDRAW_CONSENT, Right.OBJECTION))
_AT = "forwarded data"


@dataclass(frozen=True, slots=True)
class _Came:
    """What came, and what is known of its mandate here."""

    forwarding: VerifiedForwarding
    source: Registration
    query: CredentialQuery
    receipt: IssuedReceipt | None  # None: this is the first use

    @property
    def paths(self) -> tuple[ClaimPath, ...]:
        """For what of it a value came."""
        data = self.forwarding.says.data
        return sort_paths(tuple([claim.path for claim in self.query.claims if select_data(data, (claim.path,))]))


@dataclass(frozen=True, slots=True)
class Mandated:
    """Everything that comes from sources."""

    context: VerifierContext
    requests: Requests
    signers: RevokedSigners

    def is_forwarded(self, stage: Awaited, form: Mapping[str, str]) -> bool:
        """Whether what was posted is from a source and no wallet's answer; it says so itself, and is checked afterwards."""
        if not (stage.asked.forwarded and stage.terms.encryption_key):
            return False
        try:
            return (Jwe.from_compact(form.get("response", ""), _AT).cty or "").lower() == CTY.lower()
        except Flaw:
            return False

    def receive(self, key: SessionKey, stage: Awaited, text: str) -> Exchange[ResponseAccepted]:
        """Take one use of a mandate: it is a case, or renews the one that is there, in the step that writes it down.

        Raises:
            InvalidRequest: it is not by the mandate's source, not for us, not for this request, not within the mandate, was
                used before, or not to be taken any more.
            Unavailable: something that has to be looked up is away; it may come again.
        """
        context, now = self.context, self.context.now()
        with raised_as(InvalidRequest):
            opened = open_forwarded_data(text, self.requests.decryption_key(stage), now=now)
        source = yield from self._source(opened)
        came = yield from self._verify(stage, opened, source)
        known, mandate = came.receipt, came.forwarding.mandate
        if came.forwarding.repeated and known is not None:
            return ResponseAccepted(receipt=known.token)
        shown = self._shown(came, now)
        self._check(stage, came)
        receipt = known.receipt if known is not None else self._receipt(stage, came, now)
        language = context.name[0][0]
        logged = Logged.of(receipt.id, receipt.log_until, receipt.claims, receipt.purpose, language)
        here = {mandate.says.type: came.paths}
        of_this = Logged.of(receipt.id, receipt.log_until, here, receipt.purpose, language)
        token = known.token if known is not None else (yield from self._sign(receipt))
        last = came.forwarding.last
        plain = encode_json({"data": last.data_hash})
        use = MandateUse(
            mandate=mandate.hash,
            n=last.n,
            data=encode_base64url(context.sealer.seal(plain, f"mandate {mandate.hash}")),
            until=mandate.says.expires_at,
        )
        intake = Intake(context)
        case = None if known is None else (yield from self._case(known.id))
        made = intake.case_of(stage.asked, shown, logged, "" if case is None else case.id)
        issued = None if known is not None else IssuedReceipt.of(receipt, token)
        forwarded = Forwarded(made, of_this, use, issued, intake.is_told(stage.asked))
        page = SessionKey.of(CASE_PAGE, context.case_secret(made.id))

        def step(session: MandatedStage) -> MandatedOutcome:
            references = self.requests.references(session)
            if case is None:
                return take_first(session, forwarded, page, references=references)
            return take_further(session, forwarded, references=references)

        yield from advance(key, step, not_open())
        return ResponseAccepted(receipt=token)

    def _source(self, opened: OpenedForwarding) -> Exchange[Registration]:
        """What the source is registered for, by a certificate that holds now."""
        context, now = self.context, self.context.now()
        if opened.registration is None:
            raise InvalidRequest(f"{_AT}.registration: is missing")
        with raised_as(InvalidRequest):
            verified = verify_registration(opened.registration, anchors=context.anchors(), now=now)
        checked = yield from check_registration_status(
            verified, None, anchors=context.anchors(), now=now, max_age=MAX_STATUS_AGE
        )
        if checked.unreachable:
            raise Unreachable(f"{_AT}: whether the source's registration holds could not be looked up")
        if checked.report.status is not Status.VALID:
            raise InvalidRequest(f"{_AT}.registration: does not hold any more")
        return verified.says

    def _verify(self, stage: Awaited, opened: OpenedForwarding, source: Registration) -> Exchange[_Came]:
        context, store, now = self.context, self.context.store, self.context.now()
        mandate = opened.mandate
        who = context.organisation
        [query, *others] = read_query(stage.terms.dcql_query).credentials
        if who is None or others or query.meta.types != (mandate.says.type,):
            raise InvalidRequest(f"{_AT}: is not what was asked for")
        if stage.terms.accepted_issuers:
            raise InvalidRequest(f"{_AT}: this service takes documents alone, of issuers that it names")
        receipt = yield from slow(lambda: store.cockpit.by_key(mandate.says.recipient_key))
        if receipt is not None and receipt.receipt.request != mandate.hash:
            raise InvalidRequest(f"{_AT}: the recipient_key of the mandate belongs to something else")
        last = yield from slow(lambda: store.mandates.last(mandate.hash))
        expected = Expected(
            Recipient(who, stage.asked.use_case), stage.terms.nonce, tuple([claim.path for claim in query.claims])
        )
        with raised_as(InvalidRequest):
            forwarding = verify_forwarded_data(
                opened, expected, source, last=self._last(last), anchors=context.anchors(), now=now
            )
        objection = yield from self.signers.objection_to(forwarding.signed.party)
        if objection:
            raise InvalidRequest(f"{_AT}: {objection}")
        if receipt is not None:
            yield from self._check_wanted(receipt.id)
        return _Came(forwarding, source, query, receipt)

    def _check_wanted(self, receipt: str) -> Exchange[None]:
        """Check that the citizen did not ask here for an end: what came before is gone or going, so nothing comes after it."""
        held = yield from slow(lambda: self.context.store.rights.held(receipt))
        if any(asked.right in _ENDS and asked.state is not State.REFUSED for asked in held.requests):
            raise InvalidRequest(f"{_AT}: the citizen does not want this any more")

    def _check(self, stage: Awaited, came: _Came) -> None:
        use_case = self.context.use_cases.get(stage.asked.use_case)
        demands = use_case.demands if use_case is not None else ()
        claims = _claims(came)
        objection = unmet(demands, claims, now=self.context.now()) or Intake(self.context).objection(
            stage.asked, claims
        )
        if objection:
            raise InvalidRequest(f"{_AT}: {objection}")

    def _shown(self, came: _Came, now: int) -> Shown:
        data = came.forwarding.says.data
        return Shown({came.query.id: [data]}, {came.query.id: (came.source.name,)}, {}, now)

    def _receipt(self, stage: Awaited, came: _Came, now: int) -> Receipt:
        """The receipt that answers the mandate: for all of its uses, and as long as the last of them may be kept."""
        context = self.context
        terms = self.requests.receipts.terms(stage)
        if terms is None:
            raise InvalidRequest(f"{_AT}: without receipts nothing is taken by mandate")
        mandate, handling = came.forwarding.mandate, terms.handling
        kept = handling.retention or Retention(seconds(stage.asked.keep))
        retention = kept if kept.since or kept.lasts is None else Retention(kept.lasts, EACH_ARRIVAL)
        return Receipt(
            issuer=str(self.requests.expected_request(stage, ClientMetadata()).client_id),
            id=fresh_receipt_id(context.random_bytes),
            issued_at=now,
            request=mandate.hash,
            presentations={mandate.says.type: (mandate.hash,)},
            claims={mandate.says.type: sort_paths(mandate.says.claims)},
            outcome=Outcome.ACCEPTED,
            purpose=terms.purpose,
            legal_basis=handling.legal_basis,
            retention=retention,
            log_until=retention.ends_earliest(mandate.says.expires_at) + ANSWERS_AFTER,
            controller=terms.controller,
            key=mandate.says.recipient_key,
            service=handling.service,
            recipients=handling.recipients,
            cockpit_endpoint=context.cockpit_endpoint,
        )

    def _sign(self, receipt: Receipt) -> Exchange[str]:
        signer, x5c = self.context.signing.signer, self.context.signing.x5c
        with raised_as(InvalidRequest):
            return (yield from with_key(signer, lambda: sign_receipt(receipt, signer, x5c)))

    def _case(self, receipt: str) -> Exchange[Case | None]:
        """The case that holds what came before; None: it ended."""
        try:
            return (yield from load(SessionKey.of(RECEIPT_IN_FORM, receipt), no_case(), Case))
        except NotFound:
            return None

    def _last(self, use: MandateUse | None) -> LastUse | None:
        if use is None:
            return None
        plain = self.context.sealer.open(decode_base64url(use.data), f"mandate {use.mandate}")
        return LastUse(use.n, read_hash(Fields(read_json_object(plain, _AT), _AT), "data"))


def _claims(came: _Came) -> dict[str, tuple[JsonObject, ...]]:
    return {came.query.id: (came.forwarding.says.data,)}
