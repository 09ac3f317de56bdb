"""The Datencockpit's deeds: ask one partner about one answer, in the background if that is wanted, and let go of a key."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from protocol.errors import Conflict, NotFound
from protocol.exchange import Exchange
from protocol.sovereignty.canonical import hash_json
from protocol.sovereignty.unlinkable import DAY, is_refresh_due
from runtime.conversation import slow
from wallet.disclosure_records import Disclosure
from wallet.policy.cockpit.disclosed import is_identifying, receipt_of
from wallet.policy.cockpit.retention import FOR_EVER, check_choice, over
from wallet.policy.cockpit.timeline import Timeline
from wallet.policy.documents import Document
from wallet.policy.showing import PartyShown
from wallet.records import LogEntry, Preferences
from wallet.service.cockpit.collecting import Collecting, Looked
from wallet.service.cockpit.rights import Rights
from wallet.service.context import WalletContext

LIVE_AFTER = 60  # seconds in which a page that is opened again does not ask again


class Prepared(StrEnum):
    """What the wallet writes and the user sends, by the word of the log."""

    LETTER = "wrote"
    COMPLAINT = "complained"


@dataclass(frozen=True, slots=True)
class Cockpit:
    """What the user does about answers that were given."""

    context: WalletContext

    @property
    def collecting(self) -> Collecting:
        """What asks partners."""
        return Collecting(self.context)

    @property
    def rights(self) -> Rights:
        """What asks partners for what the law gives."""
        return Rights(self.context)

    def disclosures(self) -> tuple[Disclosure, ...]:
        """Every answer to a request that announced a cockpit, oldest first."""
        return self.context.store.disclosures()

    def timeline(self) -> Timeline:
        """Everything that happened, and what partners say since.

        Raises:
            DamagedError: the log was altered.
        """
        context = self.context
        return context.timelines.of(context.store.log(), context.store.disclosures(), context.now())

    def find(self, name: str) -> Disclosure:
        """The one of this id, or of an id that begins like this.

        Raises:
            NotFound: there is none, or more than one.
        """
        found = [one for one in self.disclosures() if name and one.id.startswith(name)]
        if len(found) != 1:
            raise NotFound("there is no receipt of this id; see them all with: hoheit wallet receipts")
        return found[0]

    def of_entry(self, number: int) -> Disclosure | None:
        """What belongs to an entry of the log; None: the partner announced no cockpit."""
        return next((one for one in self.disclosures() if one.log_number == number), None)

    def of_document(self, document: Document) -> Disclosure | None:
        """The newest receipt that names a copy of a document that is here; None: its issuer gave none."""
        copies = {hash_json(copy.raw, "copy") for form in document.forms for copy in form.copies}
        named = [
            one
            for one in self.disclosures()
            if one.sent.issued and any(not copies.isdisjoint(hashes) for _, hashes in one.sent.presentations)
        ]
        return max(named, key=lambda one: one.log_number, default=None)

    def open(self, disclosure: Disclosure) -> Exchange[Looked]:
        """What the user sees who opens an answer: what the partner says now, unless it was asked just before.

        Raises:
            Unavailable: what came could not be kept.
        """
        asked_at = disclosure.asked_at
        if receipt_of(disclosure) is not None:
            # That the receipt came with the answer says nothing of what was done since
            asked_at = min(asked_at, disclosure.usage.looked_at)
        if 0 <= self.context.now() - asked_at < LIVE_AFTER:
            return self.collecting.known(disclosure)
        return (yield from self.collecting.refresh(disclosure))

    def ask(self, disclosure: Disclosure) -> Exchange[Looked]:
        """The same because the user said so, who knows now what their internet address may tell.

        Raises:
            NotFound: it was deleted meanwhile.
            Unavailable: what came could not be kept.
        """
        disclosure = self._current(disclosure)
        if disclosure.id not in self.context.busy and not disclosure.agreed and not is_identifying(disclosure.sent):
            disclosure = replace(disclosure, agreed=True)
            yield from self.context.save(put=[disclosure])
        return (yield from self.collecting.refresh(disclosure))

    def refresh_due(self, tried: set[tuple[str, int]]) -> Exchange[int]:
        """Ask about each answer whose hour it is, if the user wants that; how many were asked.

        `tried` is what was tried already, with the day: once is enough, whatever came of it. Answers that say nothing of who
        the user is are left out until the user asked about one themselves.

        Raises:
            Unavailable: what came could not be kept.
        """
        asked = 0
        for disclosure in self.disclosures() if self.refreshes() else ():
            turn = (disclosure.id, self.context.now() // DAY)
            if turn not in tried and self.is_due(disclosure):
                tried.add(turn)
                looked = yield from self.collecting.refresh(disclosure)
                asked += looked.went_well
        return asked

    def is_due(self, disclosure: Disclosure) -> bool:
        """Whether it is the hour of an answer, in which nobody asked about it today."""
        return is_refresh_due(disclosure.hour, last=disclosure.asked_at, now=self.context.now())

    def refreshes(self) -> bool:
        """Whether partners are asked in the background."""
        preferences = self.context.store.preferences()
        return preferences is not None and preferences.refresh

    def choose_refresh(self, *, wanted: bool) -> Exchange[None]:
        """Whether partners are asked in the background from now on."""
        preferences = self.context.store.preferences() or Preferences(self.context.new_id())
        yield from self.context.save(put=[replace(preferences, refresh=wanted)])

    def keep_years(self) -> int:
        """After how many years lines of the activity go by themselves; 0: none does."""
        preferences = self.context.store.preferences()
        return FOR_EVER if preferences is None else preferences.keep_years

    def older_than(self, years: int) -> frozenset[int]:
        """The lines that would go, by their numbers: never one by which a partner can still be asked.

        Raises:
            DamagedError: the log was altered.
        """
        context = self.context
        return over(context.store.log(), self.disclosures(), years=years, now=context.now())

    def choose_keeping(self, years: int) -> Exchange[int]:
        """For how long the activity is kept from now on; how many lines went at once.

        Raises:
            InvalidRequest: there is no such choice; nothing was done.
            DamagedError: the log was altered.
        """
        check_choice(years)
        preferences = self.context.store.preferences() or Preferences(self.context.new_id())
        yield from self.context.save(put=[replace(preferences, keep_years=years)])
        return (yield from self.forget_over())

    def forget_over(self) -> Exchange[int]:
        """Destroy what is older than its owner wants it kept; how many lines went.

        Raises:
            DamagedError: the log was altered.
        """
        busy = {one.log_number for one in self.disclosures() if one.id in self.context.busy}
        numbers = self.older_than(self.keep_years()) - busy
        if numbers:
            yield from slow(lambda: self.context.store.delete_entries(numbers))
        return len(numbers)

    def drop_key(self, disclosure: Disclosure) -> Exchange[Disclosure]:
        """Destroy the key of one answer, and with it every right that only it opens. What is known already stays.

        Raises:
            Conflict: the partner is being asked just now; nothing was done.
            NotFound: it was deleted meanwhile.
        """
        self._check_idle(disclosure)
        disclosure = self._current(disclosure)
        rights = tuple([replace(asked, key="") for asked in disclosure.rights])
        dropped = replace(disclosure, key="", claim="", rights=rights)
        yield from self.context.save(put=[dropped])
        return dropped

    def note_prepared(self, entry: LogEntry, what: Prepared) -> Exchange[None]:
        """Note what the user prepared about whom an entry is about (EUDI TS7, TS8); whether it is sent nobody here sees."""
        context = self.context
        party = PartyShown(entry.party, "", entry.party_id, entry.trusted_by, organisation=entry.organisation)
        yield from context.save(note=context.entry(str(what), party, "done"))

    def delete_entry(self, number: int) -> Exchange[None]:
        """Delete an entry with everything that belongs to it: its hash alone is left.

        Raises:
            NotFound: there is no such entry.
            Conflict: the partner is being asked just now; nothing was done.
        """
        disclosure = self.of_entry(number)
        if disclosure is not None:
            self._check_idle(disclosure)
        yield from slow(lambda: self.context.store.delete_entries([number]))

    def _current(self, disclosure: Disclosure) -> Disclosure:
        """As it is kept now: what is written back must not undo what came in between."""
        found = self.collecting.current(disclosure)
        if found is None:
            raise NotFound("this was deleted meanwhile")
        return found

    def _check_idle(self, disclosure: Disclosure) -> None:
        """What comes of asking would bring back what is destroyed now."""
        if disclosure.id in self.context.busy:
            raise Conflict("the partner is being asked just now; please try again")
