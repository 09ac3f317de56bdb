"""Credential offers: made by a clerk or a program, fetched by a wallet, watched until they are taken up."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from issuer.records import OfferRecord, Record
from issuer.service.context import IssuerContext
from issuer.session.offers import open_offer, state_of, withdraw
from issuer.session.stages import (
    ANY_STAGE,
    CONVERSATION,
    ISSUER_STATE,
    MAX_CODE_TRIES,
    OFFER_REFERENCE,
    PRE_AUTHORIZED_CODE,
    Invited,
    Offered,
    Outcome,
    Session,
)
from protocol.errors import InvalidCredentialRequest, NotFound
from protocol.exchange import Exchange
from protocol.oid4vci.offer import CredentialOffer, TxCode, offer_link
from runtime.conversation import Change, Event, SessionKey, advance, begin, load

TX_CODE_DIGITS = 6
_NO_OFFER = NotFound("no such offer")


class GrantKind(StrEnum):
    """How the wallet gets its token."""

    PRE_AUTHORIZED_CODE = "pre-authorized_code"
    AUTHORIZATION_CODE = "authorization_code"


@dataclass(frozen=True, slots=True)
class OfferOrder:
    """What a clerk asks for."""

    configuration_ids: tuple[str, ...]
    subject: str  # the person in the register
    grant: GrantKind
    tx_code: bool
    by_reference: bool
    actor: str


@dataclass(frozen=True, slots=True)
class MadeOffer:
    """An offer that was made; `tx_code` is told to the person on another way than the link."""

    id: str
    reference: str  # a secret: whoever holds it can take the offer up
    uri: str
    offer: CredentialOffer
    tx_code: str | None
    page: str  # address of the page that shows it
    qr_svg: str  # address of its QR code as a picture
    expires_at: int  # epoch seconds


@dataclass(frozen=True, slots=True)
class Offers:
    """Making and following offers (OID4VCI 1.0 §4)."""

    context: IssuerContext

    def make(self, order: OfferOrder) -> Exchange[MadeOffer]:
        """Make an offer for one person.

        Raises:
            InvalidCredentialRequest: an unknown configuration, or none.
            CredentialRequestDenied: the register knows no such person, or lacks what a credential must hold.
        """
        context = self.context
        if not order.configuration_ids or len(set(order.configuration_ids)) != len(order.configuration_ids):
            raise InvalidCredentialRequest("credential_configuration_ids: must name at least one, each once")
        unknown = [name for name in order.configuration_ids if name not in context.types]
        if unknown:
            raise InvalidCredentialRequest("credential_configuration_ids: names one that is not issued here")
        record = yield from context.register.fetch(order.subject)
        now = context.now()
        for configuration_id in order.configuration_ids:
            context.document(context.types[configuration_id], record, now=now)

        # The code is derived from the reference, so an offer can be handed out again although only digests are stored.
        reference = context.new_secret()
        offer_id = context.new_id()
        expires_at = now + context.policy.lifetimes.offer
        tx_code = self._tx_code() if order.tx_code and order.grant is GrantKind.PRE_AUTHORIZED_CODE else None
        offer = self._offer(reference, order.configuration_ids, order.grant, with_tx_code=tx_code is not None)
        stage: Offered | Invited
        if order.grant is GrantKind.PRE_AUTHORIZED_CODE:
            code = SessionKey.of(PRE_AUTHORIZED_CODE, offer.pre_authorized_code or "")
            stage = Offered(
                id=offer_id,
                configuration_ids=order.configuration_ids,
                subject=order.subject,
                pre_authorized_code=code.digest,
                tx_code=context.keyed("tx_code", code.digest, tx_code) if tx_code else "",
                tries_left=MAX_CODE_TRIES,
                expires_at=expires_at,
            )
        else:
            code = SessionKey.of(ISSUER_STATE, offer.issuer_state or "")
            stage = Invited(offer_id, order.configuration_ids, order.subject, expires_at)
        keys = (SessionKey.of(CONVERSATION, offer_id), SessionKey.of(OFFER_REFERENCE, reference), code)
        event = Event("offer made", offer_id, actor=order.actor, detail=" ".join(order.configuration_ids))
        offered = OfferRecord(offer_id, order.subject, now)
        change: Change[Session, Record] = Change(stage, keys=keys, records=(offered,), events=(event,))
        yield from begin(change, expires_at + context.policy.lifetimes.offer_state)
        link = offer_link(offer, reference_uri=context.endpoints.offer(reference) if order.by_reference else None)
        endpoints = context.endpoints
        page, qr_svg = endpoints.offer_page(reference), endpoints.offer_qr(reference)
        return MadeOffer(offer_id, reference, link, offer, tx_code, page, qr_svg, expires_at)

    def fetch(self, reference: str) -> Exchange[CredentialOffer]:
        """The offer behind a reference, as often as it is asked for while it is open (T137).

        Raises:
            NotFound: unknown, redeemed, withdrawn or expired.
        """
        stage = yield from load(SessionKey.of(OFFER_REFERENCE, reference), _NO_OFFER, ANY_STAGE)
        offer = open_offer(stage, now=self.context.now())
        kind = GrantKind.PRE_AUTHORIZED_CODE if isinstance(offer, Offered) else GrantKind.AUTHORIZATION_CODE
        with_tx_code = isinstance(offer, Offered) and bool(offer.tx_code)
        return self._offer(reference, offer.configuration_ids, kind, with_tx_code=with_tx_code)

    def state_of_reference(self, reference: str) -> Exchange[str]:
        """The same for whoever holds the reference; see `state`."""
        stage = yield from load(SessionKey.of(OFFER_REFERENCE, reference), _NO_OFFER, ANY_STAGE)
        return state_of(stage, now=self.context.now())

    def link(self, reference: str) -> Exchange[str]:
        """The link of an open offer, by reference; see `fetch`."""
        offer = yield from self.fetch(reference)
        return offer_link(offer, reference_uri=self.context.endpoints.offer(reference))

    def state(self, offer_id: str) -> Exchange[str]:
        """What became of an offer, in one word; see `issuer.session.offers.state_of`.

        Raises:
            NotFound: no such offer.
        """
        stage = yield from load(SessionKey.of(CONVERSATION, offer_id), _NO_OFFER, ANY_STAGE)
        return state_of(stage, now=self.context.now())

    def withdraw(self, offer_id: str, actor: str) -> Exchange[None]:
        """Take an offer back (T112).

        Raises:
            NotFound: no such offer.
            Conflict: credentials were issued for it.
        """

        def take_back(session: Session) -> Outcome:
            return withdraw(session, actor)

        yield from advance(SessionKey.of(CONVERSATION, offer_id), take_back, _NO_OFFER)

    def _tx_code(self) -> str:
        if self.context.fixed_tx_code:
            return self.context.fixed_tx_code
        number = int.from_bytes(self.context.random_bytes(8), "big") % 10**TX_CODE_DIGITS
        return str(number).zfill(TX_CODE_DIGITS)

    def _offer(
        self, reference: str, configuration_ids: tuple[str, ...], grant: GrantKind, *, with_tx_code: bool
    ) -> CredentialOffer:
        code = self.context.keyed(str(grant), reference)
        pre_authorized = grant is GrantKind.PRE_AUTHORIZED_CODE
        return CredentialOffer(
            credential_issuer=self.context.identifier,
            credential_configuration_ids=configuration_ids,
            pre_authorized_code=code if pre_authorized else None,
            tx_code=TxCode(input_mode="numeric", length=TX_CODE_DIGITS) if with_tx_code else None,
            authorization_code=not pre_authorized,
            issuer_state=None if pre_authorized else code,
        )
