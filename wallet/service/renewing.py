"""Renewal: fetching documents anew with the right that came with them, all copies at once (OID4VCI 1.0 §6, RFC 6749 §6).

The old copies stay until the new ones were verified; then one change of the vault puts these in their place. A wallet that is
killed on the way goes on where it was. The issuer learns that a document is renewed, and nothing of where it was shown: the
wallet does it by itself only at moments that it draws by lot.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from protocol.credential import ClaimPath
from protocol.encoding import encode_json
from protocol.errors import Conflict, InvalidRequest, NotFound, ProtocolError, Unavailable
from protocol.exchange import Exchange
from protocol.oid4vci.client import IssuerRefused
from protocol.oid4vci.notification import ACCEPTED, DELETED, FAILURE
from protocol.oid4vci.obtain import IssuerContact, fetch_issuer, fetch_tokens
from protocol.oid4vci.token import RefreshTokenGrant, TokenRequest, TokenResponse
from wallet.policy.documents import Document, documents_of
from wallet.policy.haip import check_haip_issuer
from wallet.policy.receiving import NotKept, WhyNot, copies_to_ask
from wallet.policy.renewing import (
    NotRenewed,
    RenewalShown,
    WhyNotRenewed,
    WhyRenew,
    changed_paths,
    check_same_office,
    may_try,
    note_of,
    renewal_shown,
    renewed_of,
    why_renew,
)
from wallet.policy.showing import claim_label, credential_name, logged_names, path_text, plain
from wallet.policy.vouching import check_vouched
from wallet.records import (
    HeldCredential,
    LoggedCredential,
    PendingIssuance,
    RenewalGrant,
    RenewedDocument,
    WantedCredential,
    read_path,
)
from wallet.service.cockpit.documents import Documents
from wallet.service.context import WalletContext
from wallet.service.granting import grant_after
from wallet.service.issuance import Arrived
from wallet.service.issuing import Issuing
from wallet.service.keeping import Keeping
from wallet.service.receiving import Receiving
from wallet.service.vouching import Vouching
from wallet.store import NotedWith

LOOK_UP = 20 * 3600  # seconds between two looks at all status lists that the wallet takes by itself
OVER = "invalid_grant"  # RFC 6749 §5.2: the refresh token is not good any more


@dataclass(frozen=True, slots=True)
class Renewed:
    """A document that was fetched anew."""

    document: Document
    changed: tuple[str, ...]  # claims paths, as JSON text
    failed: tuple[NotKept, ...]  # forms of it that stay as they were


@dataclass(frozen=True, slots=True)
class Renewing:
    """Everything about documents that are fetched anew."""

    context: WalletContext
    receiving: Receiving
    vouching: Vouching
    keeping: Keeping

    def shown(self, document: Document) -> RenewalShown:
        """How a document stands with renewal."""
        store = self.context.store
        grants = {grant.id: grant for grant in store.grants()}
        return renewal_shown(document, grants, self._note(document), self.context.language)

    def gone_labels(self, document: Document) -> tuple[str, ...]:
        """What is called how that a document does not say any more, and its owner has not seen that yet."""
        described = [description for form in document.forms for description in form.described().claims]
        paths = [read_path(text) for text in self.shown(document).gone]
        labels = [
            claim_label(tuple(step for step in path if step is not None), described, self.context.language)
            for path in paths
        ]
        return tuple(dict.fromkeys(labels))

    def events(self) -> tuple[RenewedDocument, ...]:
        """Which document changed in which data at its last renewals, oldest first; for whoever acts on that."""
        return self.context.store.renewed()

    def due(self) -> tuple[tuple[Document, WhyRenew], ...]:
        """What the wallet renews by itself, if its owner does not mind."""
        now, grants = self.context.now(), {grant.id: grant for grant in self.context.store.grants()}
        unfinished = {pending.renews for pending in self.context.store.pending()}
        found: list[tuple[Document, WhyRenew]] = []
        for document in self.keeping.documents():
            why = why_renew(document, now)
            grant = grants.get(document.forms[0].grant)
            if why is None and grant is not None and grant.id in unfinished:
                why = WhyRenew.ASKED
            if why is not None and grant is not None and may_try(grant, now):
                found.append((document, why))
        return tuple(found)

    def run_due(self) -> Exchange[int]:
        """Renew what is due, and look now and then whether everything still holds; how many documents are new.

        What fails waits for the next time: nobody is there to be told.

        Raises:
            Unavailable: the vault was closed meanwhile.
        """
        yield from self._look_up()
        count = 0
        for document, why in self.due():
            try:
                yield from self.renew(document, why)
                count += 1
            except Unavailable:
                raise
            except ProtocolError:
                continue
        return count

    def renew(self, document: Document, why: WhyRenew = WhyRenew.ASKED) -> Exchange[Renewed]:
        """Fetch a document anew in all its forms.

        Raises:
            NotRenewed: it stays as it is.
            NotVouched: the issuer wants an attested wallet, and nobody attests this one any more.
            Unreachable: somebody cannot be reached; try again.
            InvalidRequest: the issuer does not say the same of itself any more, or not what this wallet insists on.
            Conflict: it is being renewed already.
        """
        grant, at_work = self._grant(document), self.context.renewing
        if grant.id in at_work:
            raise Conflict("this document is being renewed already")
        at_work.add(grant.id)
        try:
            return (yield from self._renew(document, grant, why))
        finally:
            at_work.discard(grant.id)

    def _renew(self, document: Document, grant: RenewalGrant, why: WhyRenew) -> Exchange[Renewed]:
        pending = next((one for one in self.context.store.pending() if one.renews == grant.id), None)
        if pending is not None:
            done = yield from self._finish(pending, grant, why)
            if any(one.document.id == document.id for one in done):
                return next(one for one in done if one.document.id == document.id)
            grant = self._grant(document)
        begun, contact = yield from self._begin(document, grant)
        done = yield from self._finish(begun, self._grant(document), why, contact)
        return done[0]

    def mark_seen(self, document: Document) -> Exchange[None]:
        """The user has seen what the last renewals changed."""
        note = self._note(document)
        if note is not None and not note.seen_at:
            yield from self.context.save(put=[replace(note, seen_at=self.context.now())])

    def _look_up(self) -> Exchange[None]:
        now = self.context.now()
        looked = [max(one.status_checked_at, one.received_at) for one in self.context.store.credentials()]
        if looked and not 0 <= now - min(looked) < LOOK_UP:
            yield from self.keeping.look_up_status()

    def _grant(self, document: Document) -> RenewalGrant:
        name = next((form.grant for form in document.forms if form.grant), "")
        grant = next((one for one in self.context.store.grants() if one.id == name), None)
        if grant is None:
            raise NotRenewed(WhyNotRenewed.NEVER, "whoever gave this document does not renew it by itself")
        if grant.over:
            raise NotRenewed(WhyNotRenewed.OVER, f"this document is not renewed any more: {grant.over}")
        return grant

    def _note(self, document: Document) -> RenewedDocument | None:
        return next((one for one in self.context.store.renewed() if one.id == document.id), None)

    def _begin(self, document: Document, grant: RenewalGrant) -> Exchange[tuple[PendingIssuance, IssuerContact]]:
        """Trade the refresh token; what came of it is kept, with keys for new copies, before anything else happens."""
        context = self.context
        names = tuple(form.configuration_id for form in document.forms)
        offer = replace(grant.read_offer(), credential_configuration_ids=names)
        yield from context.renew_trust()
        contact = yield from fetch_issuer(offer, context.anchors(), now=context.now())
        yield from self._check(contact, names, document)
        tokens = yield from self._tokens(contact, grant)
        after = grant_after(grant, tokens)
        wanted = tuple(self._wanted(contact, name) for name in names)
        pending = PendingIssuance(
            id=context.new_id(),
            offer=_text(offer.to_dict()),
            token_response=_text(replace(tokens, refresh_token=after.refresh_token).to_dict()),
            dpop_key=grant.dpop_key,
            client_id=grant.client_id,
            wanted=wanted,
            begun_at=context.now(),
            renews=grant.id,
        )
        ids = [form.id for form in document.forms]
        yield from context.save(put=[pending, after], needs=ids)
        return pending, contact

    def _check(self, contact: IssuerContact, names: tuple[str, ...], document: Document) -> Exchange[None]:
        """Whether the issuer is still one that this wallet deals with, as at the first time."""
        context = self.context
        if context.haip:
            check_haip_issuer(contact)
        check_vouched(contact, names, provider_url=context.provider_url, unit=self.vouching.unit())
        configurations = [contact.issuer.configurations[name] for name in names]
        yield from Issuing(context).registered(contact, configurations, document.forms[0].issuer_name)

    def _tokens(self, contact: IssuerContact, grant: RenewalGrant) -> Exchange[TokenResponse]:
        context = self.context
        client = yield from self.vouching.client_again(contact, grant.dpop_key, grant.client_id)
        request = TokenRequest(RefreshTokenGrant(grant.refresh_token), grant.client_id or None)
        try:
            return (yield from fetch_tokens(contact, request, client.sender))
        except IssuerRefused as refusal:
            if refusal.reason != OVER:
                raise NotRenewed(WhyNotRenewed.REFUSED, plain(refusal.description)) from refusal
            over = replace(grant, refresh_token="", over=OVER, tried_at=context.now())
            yield from context.save(put=[over])
            raise NotRenewed(WhyNotRenewed.OVER, plain(refusal.description)) from refusal

    def _wanted(self, contact: IssuerContact, name: str) -> WantedCredential:
        configuration = contact.issuer.configurations[name]
        count = copies_to_ask(contact, configuration) if configuration.bound else 0
        return WantedCredential(name, tuple(self.context.keys.new_key() for _ in range(count)))

    def _finish(
        self, pending: PendingIssuance, grant: RenewalGrant, why: WhyRenew, contact: IssuerContact | None = None
    ) -> Exchange[tuple[Renewed, ...]]:
        """Fetch, verify, and put what came in the place of what it renews.

        Raises:
            NotRenewed: nothing came.
        """
        context = self.context
        try:
            arrived = yield from self.receiving.fetch(pending, contact)
        except InvalidRequest:
            yield from context.save(drop=[pending])
            raise
        if not arrived.held:
            tried = [replace(one, tried_at=context.now()) for one in context.store.grants() if one.id == grant.id]
            yield from context.save(put=tried)
            why_not = arrived.failed[0] if arrived.failed else None
            refused = why_not is None or why_not.why is not WhyNot.NOT_GOOD
            raise NotRenewed(
                WhyNotRenewed.REFUSED if refused else WhyNotRenewed.NOT_GOOD,
                why_not.reason if why_not is not None else "nothing came",
            )
        return (yield from self._replace(arrived, grant, why))

    def _replace(self, arrived: Arrived, grant: RenewalGrant, why: WhyRenew) -> Exchange[tuple[Renewed, ...]]:
        """One change of the vault: new copies in, old copies out, the log, and what changed."""
        context = self.context
        old = {one.configuration_id: one for one in context.store.credentials() if one.grant == grant.id}
        try:
            pairs = [(self._old(old, new), new) for new in arrived.held]
            for before, after in pairs:
                check_same_office(after, before)
        except ProtocolError as error:
            note = context.entry("failed", arrived.documents[0].shown.issuer, plain(error.description))
            tried = [replace(one, tried_at=context.now()) for one in context.store.grants() if one.id == grant.id]
            yield from context.save(put=tried, drop=[arrived.pending], note=note)
            yield from self.receiving.notify(arrived, DELETED if isinstance(error, NotFound) else FAILURE)
            if isinstance(error, NotFound):
                raise
            raise NotRenewed(WhyNotRenewed.NOT_GOOD, plain(error.description)) from error
        new = {before.id: renewed_of(after, before, context.new_id()) for before, after in pairs}
        changes = {before.id: changed_paths(before, after) for before, after in pairs}
        whole = documents_of(new.get(one.id, one) for one in context.store.credentials())
        documents = [document for document in whole if any(form.id in new for form in document.forms)]
        notes = [
            note_of(
                document,
                [path for form in document.forms for path in changes.get(form.id, ())],
                why,
                self._note(document),
                now=context.now(),
            )
            for document in documents
        ]
        lines = yield from self._renewed(
            arrived, {after.id: (new[before.id], changes[before.id]) for before, after in pairs}
        )
        try:
            yield from context.save(put=[*new.values(), *notes], drop=[arrived.pending], lines=lines, needs=[*new])
        except NotFound:
            # Deleted while it was fetched: that stands, and what came goes the same way
            yield from context.save(drop=[arrived.pending])
            yield from self.receiving.notify(arrived, DELETED)
            raise
        kept = {copy.key for one in new.values() for copy in one.copies}
        gone = [copy.key for before, _ in pairs for copy in before.copies if copy.key and copy.key not in kept]
        with suppress(Unavailable):  # what stays in a token is tidied away at the next start
            yield from context.destroy_keys(gone)
        yield from self.receiving.notify(arrived, ACCEPTED)
        return tuple(
            Renewed(document, note.changed, arrived.failed) for document, note in zip(documents, notes, strict=True)
        )

    def _renewed(
        self, arrived: Arrived, new: Mapping[str, tuple[HeldCredential, Sequence[ClaimPath]]]
    ) -> Exchange[tuple[NotedWith, ...]]:
        """One line for what is new; where receipts came with it one for each document, on which its receipt hangs."""
        context = self.context
        documents = arrived.documents
        together = [documents] if all(one.promise is None for one in documents) else [(one,) for one in documents]
        lines: list[NotedWith] = []
        for some in together:
            logged = tuple(
                LoggedCredential(
                    credential_name(one.described(), context.language),
                    one.type,
                    tuple(path_text(path) for path in changed),
                    logged_names(one.described()),
                )
                for one, changed in (new[form.id] for each in some for form in each.document.forms)
            )
            promise = some[0].promise
            disclosure = None if promise is None else (yield from Documents(context).disclosure(promise))
            lines.append(NotedWith(context.entry("renewed", some[0].shown.issuer, "done", logged), disclosure))
        return tuple(lines)

    def _old(self, old: dict[str, HeldCredential], new: HeldCredential) -> HeldCredential:
        found = old.get(new.configuration_id)
        if found is None:
            raise NotFound("this document is not there any more")
        return found


def _text(value: object) -> str:
    return encode_json(value).decode("utf-8")
