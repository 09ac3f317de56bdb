"""Documents that come with a receipt: which issuer gives them, and what is kept of each once the user keeps the document."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from protocol.errors import Flaw, ProtocolError
from protocol.exchange import Exchange
from protocol.keys import P256Key, PublicKey
from protocol.oid4vci.credential import hash_request
from protocol.oid4vci.obtain import Answered, IssuerContact
from protocol.sovereignty.signing import Organisation
from protocol.sovereignty.unlinkable import random_hour
from protocol.trust.anchors import Role
from protocol.trust.carried import carried_registration
from wallet.disclosure_records import DisclosedDocument, Disclosure
from wallet.policy.asking import WronglyRegistered
from wallet.policy.cockpit.disclosed import organisation_key, requesters_of
from wallet.policy.cockpit.documents import DocumentPromise, IssuerCockpit, disclosure_of, evidence_of
from wallet.policy.documents import families
from wallet.policy.showing import PartyShown, credential_name, party_shown, plain
from wallet.records import HeldCredential
from wallet.service.asking import Asking
from wallet.service.cockpit.disclosing import Disclosing
from wallet.service.context import WalletContext


def public_key(key: str) -> PublicKey | None:
    """What goes into the credential request; None: nothing does."""
    return P256Key.from_scalar(bytes.fromhex(key)).public_key if key else None


@dataclass(frozen=True, slots=True)
class Documents:
    """Everything between an issuer's announcement and what is kept of its document."""

    context: WalletContext

    def cockpit(self, contact: IssuerContact) -> Exchange[IssuerCockpit | None]:
        """Whether an issuer gives receipts that count; None: it announces none, or nobody who is registered could sign one.

        Raises:
            Unavailable: whom to trust cannot be found out.
        """
        endpoint, party = contact.issuer.cockpit_endpoint, contact.party
        organisations = self.registered(contact)
        if endpoint is None or party is None or not organisations:
            return None  # what nobody signed is the word of whoever answers there, for each visitor another one perhaps
        issuer = contact.issuer.credential_issuer
        shown = party_shown(party, issuer, issuer, language=self.context.language)
        name, registration = shown.name, ""
        try:
            certificate = carried_registration(contact.issuer.issuer_info, "issuer_info")
        except ProtocolError:
            return None
        if certificate is not None:
            found = yield from Asking(self.context).registration(certificate, party)
            if isinstance(found, WronglyRegistered):
                return None
            name, registration = plain(found.says.name), certificate
        requesters = tuple([(one.identifier, one.country) for one in organisations])
        return IssuerCockpit(endpoint, issuer, requesters, registration, name, shown.trusted_by)

    def registered(self, contact: IssuerContact) -> tuple[Organisation, ...]:
        """Whom the access certificate names with which an issuer signed its metadata; nobody without one.

        An issuer may sign with what it signs documents with, too. Its authority is its own and names whomever it likes, so
        that is nobody's word on who somebody is (T148).
        """
        party, context = contact.party, self.context
        if party is None or not party.chain:
            return ()
        try:
            vouched = context.anchors().chain(
                party.chain, role=Role.VERIFIER, now=context.now(), at="access certificate"
            )
        except ProtocolError:
            return ()
        return requesters_of(vouched)

    def shown(self, issuer: PartyShown, contact: IssuerContact) -> PartyShown:
        """An issuer with what it is registered as, by which it is one partner with whoever asks in that name."""
        return replace(issuer, organisation=organisation_key(next(iter(self.registered(contact)), None)))

    def new_key(
        self, cockpit: IssuerCockpit | None, contact: IssuerContact, configuration_id: str, promised: Sequence[str]
    ) -> str:
        """A fresh key for a document, hex; empty: none, or another form of it has one already.

        `promised` are the configurations that came with a key.
        """
        if cockpit is None:
            return ""
        configurations = contact.issuer.configurations
        known = {one: configurations[one] for one in (configuration_id, *promised)}
        is_form = any(configuration_id in forms and len(forms) > 1 for forms in families(known))
        return "" if is_form else self.context.new_session_key()

    def promise(
        self, cockpit: IssuerCockpit | None, key: str, answered: Answered, held: HeldCredential, *, asked_at: int
    ) -> DocumentPromise | None:
        """What is known of a document that came, before anybody keeps it; None: it has no key, or no one spelling."""
        if cockpit is None or not key:
            return None
        with suppress(Flaw):
            response = answered.response
            return DocumentPromise(
                cockpit=cockpit,
                key=key,
                evidence=evidence_of(
                    hash_request(answered.request.to_dict()),
                    held.configuration_id,
                    response.credentials,
                    format_id=held.format,
                    claims=held.read_claims(),
                ),
                document=DisclosedDocument(
                    held.configuration_id, credential_name(held.described(), self.context.language), held.type
                ),
                at=asked_at,
                receipt=response.receipt,
            )
        return None

    def disclosure(self, promise: DocumentPromise) -> Exchange[Disclosure]:
        """What is kept of a document that the user keeps, with its receipt judged, if it came; else it is collected later.

        Raises:
            Unavailable: whom to trust cannot be found out.
        """
        context = self.context
        made = disclosure_of(promise, id_=context.new_id(), hour=random_hour(context.random_bytes))
        if promise.receipt is None:
            return made
        return (yield from Disclosing(context).judge(made, promise.receipt))
