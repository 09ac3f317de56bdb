"""Moving: hand over the log and the documents to another wallet, and take over what an earlier one handed over (EUDI TS10)."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace

from protocol.encoding import encode_json
from protocol.errors import NotBound, NotFound, ProtocolError
from protocol.exchange import Exchange
from protocol.formats import format_of
from protocol.migration.data import CONTENT_TYPE, MigrationData, UnboundCredential, write_migration
from protocol.migration.transaction import Transaction
from protocol.oid4vci.metadata import CredentialConfiguration
from protocol.passphrase_jwe import COUNT, PassphraseJwe, decrypt_with_passphrase, encrypt_with_passphrase
from runtime.conversation import slow
from wallet.policy.documents import Document, documents_of
from wallet.policy.moving.exported import Describe, Everything, migration_of
from wallet.policy.moving.imported import awaited_of, history_of, line_of
from wallet.policy.passphrases import weakness_of
from wallet.policy.receiving import check_received
from wallet.policy.showing import path_text, plain
from wallet.records import AwaitedDocument, HeldCredential
from wallet.service.context import NOBODY, WalletContext
from wallet.service.type_names import TypeNames
from wallet.vault.passphrase import WrongPassphrase, check_new_passphrase


class WeakPassphrase(WrongPassphrase):
    """Too easy to guess for a file that may lie anywhere, where nobody counts the tries."""


@dataclass(frozen=True, slots=True)
class Exported:
    """A file for the next wallet."""

    file: str
    documents: tuple[Document, ...]  # that can be asked for again, or are in it
    left_out: int  # lines: of a very long log the oldest
    documents_left_out: int


@dataclass(frozen=True, slots=True)
class Brought:
    """What is in a file of an earlier wallet and not here yet. Nothing was taken over."""

    history: tuple[Transaction, ...]
    wishes: tuple[AwaitedDocument, ...]  # documents that can be asked for again
    unbound: tuple[UnboundCredential, ...]
    known: int  # lines that are here already

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to take over."""
        return not (self.history or self.wishes or self.unbound)


@dataclass(frozen=True, slots=True)
class Taken:
    """What was taken over."""

    lines: int
    wishes: int
    kept: int  # documents that came with the file
    refused: int  # documents that came with the file, and do not hold


@dataclass(frozen=True, slots=True)
class Moving:
    """Everything about going from one wallet to another."""

    context: WalletContext

    def export(self, passphrase: str, describe: Describe, *, count: int = COUNT) -> Exchange[Exported]:
        """Hand over the log and the list of documents, sealed by a passphrase of its own. There are no keys in it.

        Raises:
            WrongPassphrase: too short or too long; `WeakPassphrase`: too easy to guess. Nothing was done.
            DamagedError: the log was altered.
            TooLarge: there are more documents than one file takes.
        """
        check_new_passphrase(passphrase)
        if weakness_of(passphrase) is not None:
            raise WeakPassphrase("this passphrase is too easy to guess for a file that may lie anywhere")
        context = self.context
        store = context.store
        held = store.credentials()
        data = migration_of(
            Everything(store.log(), held, store.awaited(), store.disclosures()), context.language, describe
        )

        def sealed() -> Exported:
            written = write_migration(data, context.language)
            file = encrypt_with_passphrase(
                written.content, passphrase, random_bytes=context.random_bytes, count=count, cty=CONTENT_TYPE
            )
            return Exported(file, documents_of(held), written.left_out, written.documents_left_out)

        exported = yield from slow(sealed)
        yield from self.note_export()
        return exported

    def note_export(self) -> Exchange[None]:
        """Write down that the log left the wallet."""
        yield from self.context.save(note=self.context.entry("exported", NOBODY, "done"))

    def look(self, file: bytes, passphrase: str) -> Exchange[Brought]:
        """Find out what is in a file of an earlier wallet. Nothing is taken over, and nobody is asked anything.

        Raises:
            NotOpened: this passphrase does not open it.
            Malformed, TooLarge, Unsupported, NotAuthentic: it is no such file, too large, or was altered.
            DamagedError: the log of this wallet was altered.
        """

        def read() -> MigrationData:
            # A line end at the end, as editors leave it, is no part of the token
            token = file.decode("ascii", "replace").strip()
            return MigrationData.from_bytes(decrypt_with_passphrase(PassphraseJwe.from_compact(token), passphrase))

        data = yield from slow(read)
        store = self.context.store
        held = store.credentials()
        history = history_of(data, store.log())
        return Brought(
            history=history,
            wishes=awaited_of(data, held, store.awaited(), self.context.new_id, self.context.now()),
            unbound=self._not_here(data.unbound),
            known=len(data.transactions) - len(history),
        )

    def take(self, brought: Brought) -> Exchange[Taken]:
        """Take over what was found, in one step: the log as history, documents as ones to be asked for again.

        A document that came with the file is kept if it holds when it is checked like any that comes from an issuer.
        What came here meanwhile, by another window, is not taken twice.
        """
        context = self.context
        kept: list[HeldCredential] = []
        refused = 0
        for unbound in self._not_here(brought.unbound):
            try:
                kept.append((yield from self._verified(unbound)))
            except ProtocolError:
                refused += 1
        store = context.store
        known = {entry.origin for entry in store.log()}
        lines = [line_of(one, context.now()) for one in brought.history if one.identifier not in known]
        waiting = {type_ for one in store.awaited() for type_ in one.types}
        waiting.update(one.type for one in store.credentials())
        wishes = [one for one in brought.wishes if waiting.isdisjoint(one.types)]
        note = context.entry("imported", NOBODY, "done")
        yield from context.save(put=[*wishes, *kept], note=note, history=lines)
        return Taken(len(lines), len(wishes), len(kept), refused)

    def awaited(self) -> tuple[AwaitedDocument, ...]:
        """What an earlier wallet held and is not here yet."""
        return self.context.store.awaited()

    def find_awaited(self, record_id: str) -> AwaitedDocument:
        """One of them.

        Raises:
            NotFound: it is not there any more.
        """
        for one in self.awaited():
            if record_id and one.id.startswith(record_id):
                return one
        raise NotFound("this document is not waited for any more")

    def forget(self, awaited: AwaitedDocument) -> Exchange[None]:
        """The user does not want it again."""
        yield from self.context.save(drop=[awaited])

    def _not_here(self, unbound: Iterable[UnboundCredential]) -> tuple[UnboundCredential, ...]:
        here = {copy.raw for one in self.context.store.credentials() for copy in one.copies}
        return tuple(one for one in {one.credential: one for one in unbound}.values() if one.credential not in here)

    def _verified(self, unbound: UnboundCredential) -> Exchange[HeldCredential]:
        """A document that is bound to no key, checked as if it came from its issuer today."""
        context = self.context
        known = format_of(unbound.format)
        found = yield from known.verify_issued(unbound.credential, anchors=context.anchors(), now=context.now())
        # What is bound to a key is good nowhere but in the wallet that has it
        if found.holder_key is not None:
            raise NotBound("credential: is bound to a key of another wallet")
        configuration = CredentialConfiguration(found.format, found.type, binding_methods=(), proof_algorithms=())
        [copy] = check_received([found], configuration, {})
        with suppress(ProtocolError):
            configuration = yield from TypeNames(context.now).complete(found, configuration)
        return HeldCredential(
            id=context.new_id(),
            format=found.format,
            type=found.type,
            configuration_id=unbound.configuration_id,
            credential_issuer=plain(unbound.issuer),
            issuer_name=plain(found.issuer.name),
            vouched_by=plain(found.issuer.voucher(context.language)),
            configuration=_text(configuration.to_dict()),
            claims=_text(found.claims),
            received_at=context.now(),
            expires_at=found.expires_at or 0,
            notification_id="",
            # It may have been shown by the earlier wallet, so it is linkable
            copies=(replace(copy, used_at=context.now()),),
            can_be_taken_back=bool(found.status),
            binary=tuple(path_text(path) for path in found.binary),
        )


def _text(value: object) -> str:
    return encode_json(value).decode("utf-8")
