"""Receiving: look at an offer, get tokens, fetch, verify, and keep only what the user has seen (OID4VCI 1.0).

Two decisions are the user's: whether to ask the issuer at all, and, with the data in sight, whether to keep what came.
Between them lies a sealed record with the tokens and keys, so that a wallet that was killed goes on where it was.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from protocol.encoding import encode_json
from protocol.errors import InvalidRequest, ProtocolError, Unavailable, Unreachable
from protocol.exchange import Exchange
from protocol.keys import Signer
from protocol.oid4vci.client import IssuerRefused
from protocol.oid4vci.notification import ACCEPTED, DELETED
from protocol.oid4vci.obtain import Answered, IssuerContact, fetch_issuer, fetch_receipted, fetch_tokens
from protocol.oid4vci.offer import CredentialOffer, resolve_offer
from protocol.oid4vci.prove import KeyProver, Prover
from protocol.oid4vci.token import (
    Grant,
    PreAuthorizedCodeGrant,
    RefreshTokenGrant,
    TokenRequest,
)
from wallet.policy.asking import UNPROVEN, action_of_unproven
from wallet.policy.documents import documents_of, families, joined
from wallet.policy.haip import check_haip_issuer
from wallet.policy.issuing import MayNotIssue
from wallet.policy.moving.imported import fulfilled
from wallet.policy.receiving import (
    NotKept,
    OfferConsent,
    arrived_shown,
    check_offer,
    checked_tx_code,
    copies_to_ask,
    offer_consent,
    receivable,
    why_not,
)
from wallet.policy.showing import PartyShown, credential_name, logged_credential, party_shown, plain, unproven
from wallet.policy.vouching import NotVouched, check_vouched
from wallet.records import HeldCredential, LoggedCredential, PendingIssuance, WantedCredential
from wallet.service.arriving import Arriving, Verified, signers_of, tell
from wallet.service.cockpit.documents import Documents, public_key
from wallet.service.context import WalletContext
from wallet.service.granting import grant_after, granted
from wallet.service.issuance import Arrived, ArrivedDocument, Fetching, OfferSeen
from wallet.service.issuing import Issuing
from wallet.service.proving import AttestedProver
from wallet.service.type_names import TypeNames
from wallet.service.vouching import IssuerClient, Vouching
from wallet.store import NotedWith


@dataclass(frozen=True, slots=True)
class Receiving:
    """Everything between an offer and a kept credential."""

    context: WalletContext
    vouching: Vouching

    @property
    def arriving(self) -> Arriving:
        """What checks everything that comes."""
        return Arriving(self.context)

    def look(self, link: str) -> Exchange[OfferSeen]:
        """Find out what an offer is about and who makes it. Nothing is asked for.

        Raises:
            InvalidRequest: no offer, one that cannot be believed, or nothing in it that this wallet can take.
            NotVouched: the issuer wants to know whether this wallet is genuine, and nobody can tell.
            NotHaip: the issuer does less than this wallet was told to insist on.
            MayNotIssue: the issuer is not registered for what it offers.
            Unreachable: the offer or the issuer cannot be reached.
        """
        context = self.context
        offer = yield from resolve_offer(link)
        yield from context.renew_trust()
        try:
            contact = yield from fetch_issuer(offer, context.anchors(), now=context.now())
            if context.haip:
                check_haip_issuer(contact)
            names, unit = offer.credential_configuration_ids, self.vouching.unit()
            check_vouched(contact, names, provider_url=context.provider_url, unit=unit)
            check_offer(offer, contact, provider_url=context.provider_url)
        except ProtocolError as error:
            yield from self._note_failure(party_shown(None, offer.credential_issuer, offer.credential_issuer), error)
            raise
        consent = self.consent(offer, contact)
        try:
            configurations = [contact.issuer.configurations[name] for name in self.receivable(offer, contact)]
            registered = yield from Issuing(context).registered(contact, configurations, consent.issuer.title)
        except ProtocolError as error:
            yield from self._note_refused(consent.issuer, error)
            raise
        return OfferSeen(offer, contact, replace(consent, registered=registered))

    def consent(self, offer: CredentialOffer, contact: IssuerContact) -> OfferConsent:
        """What the user decides on, in the language of this wallet."""
        context = self.context
        consent = offer_consent(offer, contact, context.language, provider_url=context.provider_url)
        return replace(consent, issuer=Documents(context).shown(consent.issuer, contact))

    def receivable(self, offer: CredentialOffer, contact: IssuerContact) -> tuple[str, ...]:
        """What of an offer this wallet can take."""
        return receivable(offer, contact, provider_url=self.context.provider_url)

    def decline(self, seen: OfferSeen) -> Exchange[None]:
        """The user does not want it; the issuer learns nothing."""
        context = self.context
        logged = tuple(LoggedCredential(shown.name, "", ()) for shown in seen.consent.credentials)
        yield from context.save(note=context.entry("declined", seen.consent.issuer, "refused", logged))

    def take(self, seen: OfferSeen, tx_code: str | None = None) -> Exchange[PendingIssuance]:
        """The user wants it: trade the offer's code for tokens, and remember them before anything else happens.

        Raises:
            InvalidRequest: the offer wants a login instead, or the typed code cannot be right; nothing was sent.
            IssuerRefused: the issuer said no, such as `invalid_grant` to a wrong or spent code.
            NotVouched: it wants an attested wallet, and nobody attests this one; nothing was sent to it.
            Unreachable: the issuer, or whoever vouches for us, cannot be reached.
        """
        code = seen.offer.pre_authorized_code
        if code is None:
            raise InvalidRequest("this offer needs a login with the issuer")
        grant = PreAuthorizedCodeGrant(code, checked_tx_code(seen.offer.tx_code, tx_code))
        try:
            client = yield from self.vouching.client_for(seen.contact)
        except ProtocolError as error:
            yield from self._note_failure(seen.consent.issuer, error)
            raise
        return (yield from self.redeem(seen, grant, client))

    def redeem(self, seen: OfferSeen, grant: Grant, client: IssuerClient) -> Exchange[PendingIssuance]:
        """Trade a grant for tokens; see `take`."""
        context = self.context
        by_code = isinstance(grant, PreAuthorizedCodeGrant) and client.attested is None
        anonymous = by_code and seen.contact.server.pre_authorized_grant_anonymous_access_supported
        request = TokenRequest(grant, None if anonymous else client.client_id)
        try:
            tokens = yield from fetch_tokens(seen.contact, request, client.sender)
        except ProtocolError as error:
            yield from self._note_failure(seen.consent.issuer, error)
            raise
        wanted = tuple(self._wanted(seen, name) for name in self.receivable(seen.offer, seen.contact))
        pending = PendingIssuance(
            id=context.new_id(),
            offer=_text(_for_going_on(seen).to_dict()),
            token_response=_text(tokens.to_dict()),
            dpop_key=client.key,
            client_id="" if by_code else client.client_id,
            wanted=wanted,
            begun_at=context.now(),
        )
        yield from context.save(put=[pending])
        return pending

    def fetch(self, pending: PendingIssuance, contact: IssuerContact | None = None) -> Exchange[Arrived]:
        """Fetch what is wanted and verify it. Nothing is kept yet; what is refused or not good is logged and given up.

        Raises:
            Unreachable: somebody cannot be reached; try again with the same pending issuance.
            NotVouched: the issuer wants an attested wallet, and nobody attests this one any more; the same.
            Unavailable: the keys or the wallet file are away; the same.
            InvalidRequest: the issuer does not say the same of itself any more.
        """
        context = self.context
        if contact is None:
            contact = yield from fetch_issuer(pending.read_offer(), context.anchors(), now=context.now())
        client = self.vouching.dpop_client(pending.dpop_key)
        run = Fetching(pending, contact, client, pending.read_tokens(), TypeNames(context.now))
        receipts = Documents(context)
        cockpit = yield from receipts.cockpit(contact)
        arrived: list[Verified] = []
        failed: list[tuple[WantedCredential, NotKept]] = []
        for wanted in pending.wanted:
            try:
                promised = [item.held.configuration_id for item in arrived if item.promise is not None]
                key = receipts.new_key(cockpit, contact, wanted.configuration_id, promised)
                asked_at = context.now()
                answered = yield from self._fetch_one(run, wanted, key)
                item = yield from self.arriving.verify(run, run.wanted(wanted), answered.response)
                promise = receipts.promise(cockpit, key, answered, item.held, asked_at=asked_at)
                arrived.append(replace(item, promise=promise))
            except (Unavailable, Unreachable, NotVouched):
                raise
            except ProtocolError as error:
                name = self._name(contact, wanted.configuration_id)
                note = NotKept(wanted.configuration_id, name, plain(error.description), why_not(error))
                failed.append((wanted, note))
        documents = self._documents(arrived)
        notes = [replace(note, partly=_is_part(run, wanted, arrived)) for wanted, note in failed]
        pending = yield from self._give_up(run, [wanted for wanted, _ in failed], notes)
        return Arrived(pending, contact, run.client, run.tokens, documents, tuple(notes))

    def _documents(self, arrived: list[Verified]) -> tuple[ArrivedDocument, ...]:
        """What came, with forms of one document as one."""
        issuers = {item.held.id: item.issuer for item in arrived}
        promises = {item.held.id: item.promise for item in arrived if item.promise is not None}
        return tuple(
            ArrivedDocument(
                document,
                arrived_shown(document, issuers[document.id], self.context.language),
                next((promises[form.id] for form in document.forms if form.id in promises), None),
            )
            for document in documents_of(joined([item.held for item in arrived]))
        )

    def look_again(self, arrived: Arrived) -> Arrived:
        """What came, in the language of this wallet. Nobody is asked for it again."""
        language = self.context.language
        documents = [
            replace(item, shown=arrived_shown(item.document, item.shown.issuer, language)) for item in arrived.documents
        ]
        failed = [replace(note, name=self._name(arrived.contact, note.configuration_id)) for note in arrived.failed]
        return replace(arrived, documents=tuple(documents), failed=tuple(failed))

    def keep(self, arrived: Arrived) -> Exchange[tuple[HeldCredential, ...]]:
        """The user has seen what came and keeps it; then the issuer is told, if it wants to know."""
        context = self.context
        held = arrived.held
        if not held:
            return ()
        lines = yield from self._received(arrived)
        held, grants = granted(held, arrived, context)
        came = fulfilled(context.store.awaited(), held)
        yield from context.save(put=[*held, *grants], drop=[arrived.pending, *came], lines=lines)
        yield from self.notify(arrived, ACCEPTED)
        return held

    def _received(self, arrived: Arrived) -> Exchange[tuple[NotedWith, ...]]:
        """One line for what came; where receipts came with it one for each document, on which its receipt hangs."""
        context = self.context
        documents = arrived.documents
        together = [documents] if all(one.promise is None for one in documents) else [(one,) for one in documents]
        lines: list[NotedWith] = []
        for some in together:
            held = [form for one in some for form in one.document.forms]
            logged = tuple(logged_credential(item, context.language) for item in held)
            promise = some[0].promise
            disclosure = None if promise is None else (yield from Documents(context).disclosure(promise))
            lines.append(NotedWith(context.entry("received", some[0].shown.issuer, "done", logged), disclosure))
        return tuple(lines)

    def reject(self, arrived: Arrived) -> Exchange[None]:
        """The user does not keep what came: it is gone with its keys, and the issuer is told that it is."""
        context = self.context
        if not arrived.held:
            return
        logged = tuple(logged_credential(held, context.language) for held in arrived.held)
        note = context.entry("declined", arrived.documents[0].shown.issuer, "refused", logged)
        yield from context.save(drop=[arrived.pending], note=note)
        yield from self.notify(arrived, DELETED)

    def give_up(self, pending: PendingIssuance) -> Exchange[None]:
        """The user does not want to go on: keys and tokens are destroyed."""
        issuer = pending.read_offer().credential_issuer
        note = self.context.entry("declined", party_shown(None, issuer, issuer), "refused")
        yield from self.context.save(drop=[pending], note=note)

    def _wanted(self, seen: OfferSeen, name: str) -> WantedCredential:
        configuration = seen.contact.issuer.configurations[name]
        count = copies_to_ask(seen.contact, configuration) if configuration.bound else 0
        return WantedCredential(name, tuple(self.context.keys.new_key() for _ in range(count)))

    def _fetch_one(self, run: Fetching, wanted: WantedCredential, cockpit_key: str) -> Exchange[Answered]:
        while True:
            try:
                return (
                    yield from fetch_receipted(
                        run.contact,
                        run.tokens,
                        wanted.configuration_id,
                        self._prover(run, wanted),
                        run.client,
                        cockpit_key=public_key(cockpit_key),
                    )
                )
            except IssuerRefused as refusal:
                if refusal.reason != "invalid_token" or run.renewed or run.tokens.refresh_token is None:
                    raise
            yield from self._renew(run, run.tokens.refresh_token)

    def _prover(self, run: Fetching, wanted: WantedCredential) -> Prover:
        issuer = run.contact.issuer
        configuration = issuer.configurations[wanted.configuration_id]
        client_id = run.pending.client_id or None
        if configuration.key_attestations_required is None or not wanted.keys:
            keys = signers_of(self.context, wanted)[: issuer.batch_size or 1]
            return KeyProver(keys, issuer.credential_issuer, self.context.now, client_id)

        def renew_keys() -> Exchange[tuple[Signer, ...]]:
            before = run.wanted(wanted).keys
            fresh = tuple([self.context.keys.new_key() for _ in wanted.keys])
            run.replace_keys(wanted.configuration_id, fresh)
            yield from self.context.save(put=[run.pending])
            yield from self.context.destroy_keys(before)
            return signers_of(self.context, run.wanted(wanted))

        return AttestedProver(self.vouching, configuration, issuer.credential_issuer, client_id, renew_keys)

    def _renew(self, run: Fetching, refresh_token: str) -> Exchange[None]:
        run.renewed = True
        pending = run.pending
        client = yield from self.vouching.client_again(run.contact, pending.dpop_key, pending.client_id)
        request = TokenRequest(RefreshTokenGrant(refresh_token), pending.client_id or None)
        tokens = yield from fetch_tokens(run.contact, request, client.sender)
        if tokens.refresh_token is None:
            tokens = replace(tokens, refresh_token=refresh_token)
        run.tokens = tokens
        run.pending = replace(run.pending, token_response=_text(tokens.to_dict()))
        grants = [grant_after(grant, tokens) for grant in self.context.store.grants() if grant.id == pending.renews]
        yield from self.context.save(put=[run.pending, *grants])

    def _name(self, contact: IssuerContact, configuration_id: str) -> str:
        return credential_name(contact.issuer.configurations[configuration_id], self.context.language)

    def _give_up(
        self, run: Fetching, failed: list[WantedCredential], notes: list[NotKept]
    ) -> Exchange[PendingIssuance]:
        """Forget the keys of what will not come, and note why."""
        if not failed:
            return run.pending
        context = self.context
        identifier = run.contact.issuer.credential_issuer
        issuer = party_shown(run.contact.party, identifier, identifier, language=context.language)
        issuer = Documents(context).shown(issuer, run.contact)
        logged = tuple(LoggedCredential(note.name, "", ()) for note in notes)
        entry = context.entry("not kept", issuer, notes[0].reason, logged)
        gone = {wanted.configuration_id for wanted in failed}
        left = replace(run.pending, wanted=tuple(one for one in run.pending.wanted if one.configuration_id not in gone))
        if left.wanted:
            yield from context.save(put=[left], note=entry)
        else:
            yield from context.save(drop=[left], note=entry)
        yield from context.destroy_keys([key for wanted in failed for key in run.wanted(wanted).keys])
        return left

    def notify(self, arrived: Arrived, event: str) -> Exchange[None]:
        """Tell the issuer what became of what came."""
        for held in arrived.held:
            yield from tell(arrived.contact, arrived.client, arrived.tokens, held.notification_id, event)

    def _note_refused(self, issuer: PartyShown, error: ProtocolError) -> Exchange[None]:
        """Note that nothing is taken from an issuer; whom a certificate names that does not count, the line is not about."""
        if isinstance(error, MayNotIssue) and error.problem in UNPROVEN:
            action = action_of_unproven(error.problem)
            named = replace(unproven(issuer), name=issuer.name)
            yield from self.context.save(note=self.context.entry(action, named, plain(error.description)))
        else:
            yield from self._note_failure(issuer, error)

    def _note_failure(self, party: PartyShown, error: ProtocolError) -> Exchange[None]:
        yield from self.context.save(note=self.context.entry("failed", party, plain(error.description)))


def _is_part(run: Fetching, failed: WantedCredential, arrived: list[Verified]) -> bool:
    """Whether another form came of the document that this one is a form of."""
    came = [item.held.configuration_id for item in arrived]
    offered = {one: run.contact.issuer.configurations[one] for one in (failed.configuration_id, *came)}
    return any(failed.configuration_id in forms and len(forms) > 1 for forms in families(offered))


def _for_going_on(seen: OfferSeen) -> CredentialOffer:
    """The offer without what is spent: which issuer and which server is all that counts from here on."""
    return replace(
        seen.offer,
        pre_authorized_code=None,
        tx_code=None,
        issuer_state=None,
        authorization_code=True,
        authorization_server=seen.contact.server.issuer,
    )


def _text(value: object) -> str:
    return encode_json(value).decode("utf-8")
