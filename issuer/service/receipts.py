"""Giving receipts: a document whose wallet sent a cockpit key comes with one (docs/sovereignty/receipts.md, "At an issuer")."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from capabilities.cockpit.records import IssuedReceipt
from issuer.credential_types import CredentialType
from issuer.receipts import Responsible, make_receipt, responsible
from issuer.service.context import IssuerContext
from issuer.usage import ISSUED, By, name_of
from issuer.usage_records import DocumentReceipt, GivenReceipt, What
from protocol.encoding import JsonObject
from protocol.errors import Flaw
from protocol.exchange import Exchange
from protocol.formats import IssuerSigner, format_of
from protocol.oid4vci.credential import CredentialRequest
from protocol.sovereignty.receipt import fresh_receipt_id, sign_receipt
from protocol.sovereignty.receipt_evidence import evidence_of_issuance
from protocol.sovereignty.usage import Action
from protocol.trust.registration import is_inside_time
from runtime.conversation import slow, with_key
from runtime.logs import get_logger
from runtime.registrations import OwnRegistration


@dataclass(frozen=True, slots=True)
class IssuedBatch:
    """Copies of a document that are about to go out."""

    type: CredentialType
    subject: str
    session_id: str
    says: JsonObject  # without what holds a credential together
    copies: tuple[str, ...]
    expires_at: int  # epoch seconds


@dataclass(frozen=True, slots=True)
class Given:
    """A receipt as it goes out, and what is recorded with it."""

    token: str
    issued: IssuedReceipt
    given: GivenReceipt


@dataclass(frozen=True, slots=True)
class Receipts:
    """The receipts of one issuer."""

    context: IssuerContext

    @property
    def endpoint(self) -> str | None:
        """What signed metadata announces; None: nothing, because no receipt could be given."""
        return self.context.endpoints.cockpit if self._signer() is not None and self._responsible() else None

    def give(self, request: CredentialRequest, batch: IssuedBatch) -> Exchange[Given | None]:
        """Make and sign the receipt for a document; it counts once it is recorded together with it.

        None: no key came, or one that belongs to another receipt; or nothing true could be said.

        Raises:
            KeyUnavailable: the access key is away; nothing is recorded, and the wallet may ask again.
        """
        context, key, signing, who = self.context, request.cockpit_key, self._signer(), self._responsible()
        if key is None or signing is None or who is None:
            return None
        thumbprint = key.thumbprint()
        if (yield from slow(lambda: context.store.cockpit.by_key(thumbprint))) is not None:
            return None
        now = context.now()
        kind = batch.type
        receipt = make_receipt(
            who,
            kind.handling,
            evidence_of_issuance(request.hash, kind.id, batch.copies, batch.says, depth=format_of(kind.format).depth),
            names=tuple([(display.locale or "en", display.name) for display in kind.display]),
            id_=fresh_receipt_id(context.random_bytes),
            issuer=context.identifier,
            key=thumbprint,
            endpoint=context.endpoints.cockpit,
            expires_at=batch.expires_at,
            now=now,
        )
        of_document = DocumentReceipt(
            receipt=receipt.id,
            subject=batch.subject,
            session_id=batch.session_id,
            configuration_id=kind.id,
            family=kind.family,
            claims=receipt.claims,
            log_until=receipt.log_until,
        )
        what = What(Action.USED, name_of(By.SERVICE, context.language), ISSUED)
        try:
            [*of_document.uses(what, now=now)]
            token = yield from with_key(signing.signer, lambda: sign_receipt(receipt, signing.signer, signing.x5c))
        except (Flaw, ValueError) as error:
            get_logger().warning("a document without a receipt", configuration_id=kind.id, reason=str(error))
            return None
        return Given(token, IssuedReceipt.of(receipt, token), GivenReceipt(of_document, what))

    def _signer(self) -> IssuerSigner | None:
        """Who signs: the access certificate, where it names a registered organisation and cockpits are not switched off."""
        context = self.context
        return context.access if context.cockpit and context.organisation is not None else None

    def _responsible(self) -> Responsible | None:
        context = self.context
        own = shown_registration(context.registrations, context.now())
        return responsible(own, controller=context.controller, dpo=context.dpo)


def shown_registration(registrations: Sequence[OwnRegistration], now: int) -> OwnRegistration | None:
    """The registration that metadata shows: each says what we issue, so one is enough; None: none that is good now."""
    return next((own for own in registrations if own.says.provides and is_inside_time(own.says, now)), None)
