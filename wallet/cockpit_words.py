"""What the Datencockpit says: receipts, what partners did, and what is wrong, in plain words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Self

from protocol.credential import ClaimPath
from protocol.errors import Unreachable
from protocol.sovereignty.calls import ProofNotTaken
from protocol.sovereignty.findings import Rule
from protocol.sovereignty.receipt import LegalBasis, Outcome, Receipt
from protocol.sovereignty.receipt_check import Absence, Finding
from protocol.sovereignty.rights_status import RightsStatus
from protocol.sovereignty.unlinkable import NotCalled
from protocol.sovereignty.usage import Action, UsageEntry
from protocol.trust.localized import Localized, in_language
from wallet.disclosure_records import Disclosure, KeptReceipt, KnownFinding, KnownNews, RightsAsked
from wallet.policy.activity import label_of
from wallet.policy.cockpit.disclosed import path_text
from wallet.policy.cockpit.holding import HeldByPartner, Until
from wallet.policy.cockpit.rights import Overdue
from wallet.policy.cockpit.timeline import Item, Kind, Timeline
from wallet.policy.document_names import Namer, namer_of, renamed
from wallet.policy.showing import MAX_VALUE, plain
from wallet.records import HeldCredential
from wallet.rights_words import RightsWords
from wallet.role_names import role_name
from wallet.service.cockpit.collecting import Looked, NotAsked
from wallet.words import Words


@dataclass(frozen=True, slots=True)
class CockpitWords:
    """The texts in one language."""

    words: Words
    language: str
    label: Callable[[str, ClaimPath], str]  # type of a document and a claims path → what its issuer calls it
    document: Namer  # type of a document and its logged name → what it is called here

    @classmethod
    def of(cls, words: Words, language: str, held: Sequence[HeldCredential]) -> Self:
        """With the labels of documents of the same kinds that are still there."""
        described = {credential.type: credential.described().claims for credential in held}

        def label(type_: str, path: ClaimPath) -> str:
            return label_of(path_text(path), described.get(type_, ()), language, words.data)

        return cls(words, language, label, namer_of(held, language))

    def __call__(self, text: str, /, **values: object) -> str:
        """A text with its values filled in."""
        return self.words(text, **values)

    @property
    def rights(self) -> RightsWords:
        """What is said about rights."""
        return RightsWords(self.words)

    def text(self, texts: tuple[Localized, ...]) -> str:
        """What a partner wrote, in the reader's language if they did."""
        return plain(in_language(texts, self.language), MAX_VALUE)

    def news(self, news: KnownNews) -> str:
        """What a partner let the user know."""
        return self.text(tuple([Localized(language, text) for language, text in news.text]))

    def kind(self, kind: Kind) -> str:
        """What can be looked for."""
        return {
            Kind.GIVEN: self("What I gave"),
            Kind.GOT: self("What I got"),
            Kind.ASKED: self("Who asked and got nothing"),
            Kind.RECEIPT: self("Receipts"),
            Kind.USE: self("What others did with it"),
            Kind.NEWS: self("News"),
            Kind.RIGHTS: self("What I asked of others"),
            Kind.WARNING: self("What is wrong"),
            Kind.WALLET: self("About my wallet"),
        }[kind]

    def line(self, item: Item, timeline: Timeline) -> str:
        """One line of the timeline, as a sentence."""
        who = plain(item.disclosure.sent.name) if item.disclosure is not None else ""
        say = self.about(item.disclosure)
        match item.what:
            case None:
                happened = timeline.happened(item.entry)
                return self.words.happened(replace(happened, entry=renamed(happened.entry, self.document)))
            case KeptReceipt():
                return say.receipt_came(item.what, who)
            case UsageEntry():
                return say.use(item.what, who)
            case KnownNews():
                return self("%(who)s says: %(what)s", who=who, what=self.news(item.what))
            case KnownFinding():
                return say.finding(item.what, who)
            case RightsAsked() | RightsStatus() | Overdue():
                return self.rights.line(item.what, who)
            case _:
                return self.absence(item.what, who)

    def about(self, disclosure: Disclosure | None) -> CockpitWords | DocumentWords:
        """The words for what was given, or for a document that came."""
        return DocumentWords(self) if disclosure is not None and disclosure.sent.issued else self

    def mismatch(self, who: str) -> str:
        """That a receipt is wrong."""
        return self("The receipt of %(who)s does not match what you sent.", who=who)

    def receipt_came(self, receipt: KeptReceipt, who: str) -> str:
        """That a receipt came, and whether it is right."""
        if receipt.findings:
            return self.mismatch(who)
        return self("%(who)s gave you a receipt.", who=who)

    def absence(self, why: Absence, who: str) -> str:
        """Why there is no receipt."""
        return {
            Absence.AWAITED: self("The receipt of %(who)s is still to come.", who=who),
            Absence.PROMISED: self("%(who)s promised a receipt and gave none.", who=who),
            Absence.NEVER_ANNOUNCED: self("%(who)s gives no receipts.", who=who),
        }[why]

    def use(self, entry: UsageEntry, who: str) -> str:
        """What a partner did, as a sentence."""
        use = entry.use
        to = plain(use.to.name) if use.to is not None else ""
        return {
            Action.RECEIVED: self("Your data arrived at %(who)s.", who=who),
            Action.VIEWED: self("%(who)s looked at your data.", who=who),
            Action.USED: self("%(who)s used your data.", who=who),
            Action.DECIDED: self("%(who)s decided something with your data.", who=who),
            Action.FORWARDED: self("%(who)s gave your data to %(to)s.", who=who, to=to),
            Action.RECIPIENT_TOLD: self("%(who)s told %(to)s that something about your data changed.", who=who, to=to),
            Action.CORRECTED: self("%(who)s corrected your data.", who=who),
            Action.RESTRICTED: self("%(who)s has put your data aside and does not use it.", who=who),
            Action.ERASED: self("%(who)s erased your data.", who=who),
            Action.KEPT: self("%(who)s keeps your data for longer.", who=who),
            Action.REFUSED: self("%(who)s refused what you asked for.", who=who),
        }[use.action]

    def proof(self, entry: UsageEntry, disclosure: Disclosure) -> str:
        """Whether the partner could still take back that it said so."""
        if any(use.n == entry.n and use.in_tree for use in disclosure.usage.uses):
            return self("Your wallet checked that this stands in their record. They cannot take it back unnoticed.")
        return self("They signed this. It comes into their record within two hours.")

    def by(self, entry: UsageEntry) -> str:
        """Who it was there, and why."""
        return self("By: %(by)s. Why: %(why)s", by=role_name(self.words, entry.use.by), why=self.text(entry.use.why))

    def claims_of(self, entry: UsageEntry, disclosure: Disclosure) -> str:
        """Which data it was about."""
        types = {document.query_id: document.type for document in disclosure.sent.documents}
        found = [
            self.label(types.get(query_id, ""), path) for query_id, paths in entry.use.claims.items() for path in paths
        ]
        return ", ".join(dict.fromkeys(found))

    def receipt_finding(self, finding: str) -> str:
        """What is wrong with a receipt."""
        return {
            Finding.UNREADABLE: self("It cannot be read, or was altered."),
            Finding.SIGNER: self("It was not signed by whoever asked you."),
            Finding.ISSUER: self("It names somebody else than who asked you."),
            Finding.KEY_ABSENT: self("It leaves out the key that your wallet sent along."),
            Finding.KEY_SWAPPED: self(
                "It names another key than your wallet sent. Somebody may have put theirs in its place."
            ),
            Finding.REQUEST: self("It is about another question than the one that you answered."),
            Finding.PRESENTATIONS: self("It is about other documents than you showed."),
            Finding.CLAIMS_NOT_SENT: self("It names data that you did not send."),
            Finding.CLAIMS_LEFT_OUT: self("It leaves out data that you sent."),
            Finding.CONTROLLER: self("It names somebody else as responsible than the register does."),
            Finding.PURPOSE: self("It names another purpose than the register does."),
            Finding.TIME: self("It names a time that cannot be right."),
            Finding.ENDPOINT: self("It names another address for questions than they told you before."),
            Finding.RETENTION: self("They keep data that they did not accept for longer than a day."),
            Finding.LOG_UNTIL: self("They want to answer your questions for too short a time."),
        }[Finding(finding)]

    def finding(self, finding: KnownFinding, who: str) -> str:
        """What is wrong with what a partner says."""
        other = plain(finding.who) or self("somebody")
        return {
            Rule.NO_RECEIVED: self("%(who)s does not say that your data arrived.", who=who),
            Rule.GAP: self("%(who)s leaves out something that they did.", who=who),
            Rule.GONE: self("%(who)s does not show any more what they showed before.", who=who),
            Rule.ALTERED: self("%(who)s changed what they had written before.", who=who),
            Rule.REORDERED: self("%(who)s shows things in the wrong order.", who=who),
            Rule.NOT_IN_TREE: self("%(who)s shows something that is not in their own record.", who=who),
            Rule.PENDING_TOO_LONG: self("%(who)s wrote something into their record too late.", who=who),
            Rule.PAST_CHANGED: self("%(who)s has changed its past.", who=who),
            Rule.SPLIT_VIEW: self("%(who)s shows you another past than it shows to the register.", who=who),
            Rule.NOT_WITNESSED: self("The register has not seen what %(who)s shows you.", who=who),
            Rule.BROKEN: self("The register found that %(who)s has changed its past.", who=who),
            Rule.UNKNOWN_RECIPIENT: self(
                "%(who)s gave your data to somebody whom the receipt does not name: %(other)s.", who=who, other=other
            ),
            Rule.UNLOGGED: self("%(who)s did something that they did not write down.", who=who),
            Rule.TOLD_LATE: self("%(who)s told you something only later, and said before that there was nothing.", who=who),
            Rule.NOT_ERASED: self("%(who)s should have erased your data by now, and does not say that it did.", who=who),
            Rule.NO_NEW_HEAD: self("%(who)s has written nothing into its record for more than a day.", who=who),
        }[Rule(finding.rule)]  # fmt: skip

    def advice(self, disclosure: Disclosure) -> str:
        """What it means that something is wrong with what a partner says, and what to do; empty: nothing is."""
        receipt = disclosure.receipt
        if not disclosure.usage.findings and not (receipt is not None and receipt.findings):
            return ""
        return self(
            "Your wallet keeps everything that they signed, as proof; nothing of it is lost. A clock or a machine may have"
            " failed too. You can ask them what is right, or complain."
        )

    def basis(self, basis: LegalBasis) -> str:
        """On what a partner stands."""
        return {
            LegalBasis.CONSENT: self("You agreed to it."),
            LegalBasis.CONTRACT: self("A contract with you needs it."),
            LegalBasis.LEGAL_OBLIGATION: self("A law obliges them to it."),
            LegalBasis.PUBLIC_TASK: self("It is part of a public task."),
            LegalBasis.VITAL_INTEREST: self("It is about somebody's life."),
            LegalBasis.LEGITIMATE_INTEREST: self("They say that they have a good reason of their own."),
        }[basis]

    def until(self, held: HeldByPartner) -> str:
        """Until when a partner keeps data."""
        if held.until is Until.TIME:
            day = self.words.day(held.gone_at)
            if held.overdue:
                return self("It should have been erased on %(day)s.", day=day)
            return self("It is to be erased on %(day)s.", day=day)
        if held.until is Until.EVENT and held.receipt is not None and held.receipt.retention.lasts is not None:
            event, lasts = self.text(held.receipt.retention.since), self.lasts(held.receipt)
            return self("It is to be erased %(time)s after: %(event)s.", time=lasts, event=event)
        return self("How long they keep it is not known: there is no receipt that counts.")

    def lasts(self, receipt: Receipt) -> str:
        """How long data are kept."""
        lasts = receipt.retention.lasts
        if lasts is None:
            return self("They do not keep it.")
        years, months = divmod(lasts.months, 12)
        days = -(-lasts.seconds // 86_400)
        parts = [
            self.words.count("%(count)s year", "%(count)s years", years) if years else "",
            self.words.count("%(count)s month", "%(count)s months", months) if months else "",
            self.words.count("%(count)s day", "%(count)s days", days) if days else "",
        ]
        return ", ".join(part for part in parts if part) or self.words.count("%(count)s day", "%(count)s days", 0)

    def keeps(self, receipt: Receipt) -> str:
        """How long an issuer keeps what its register says."""
        retention = receipt.retention
        if not retention.since or retention.lasts is None:
            return self.lasts(receipt)
        event = self.text(retention.since)
        if not (retention.lasts.months or retention.lasts.seconds):
            return self("Until this happens: %(event)s.", event=event)
        return self("It is to be erased %(time)s after: %(event)s.", time=self.lasts(receipt), event=event)

    def rejected(self, receipt: Receipt) -> str:
        """That the data did not pass, if they did not; empty: they did."""
        if receipt.outcome is Outcome.ACCEPTED:
            return ""
        return self("They did not accept your data, because a check failed. They may keep it for a day at most.")

    def looked(self, looked: Looked, who: str) -> str:
        """Why what is shown may not be what the partner says now; empty: it is."""
        if not looked.kept:
            return self(
                "What %(who)s says now could not be kept, because the wallet file cannot be written. What you see is from"
                " before, and nothing of it is lost. Is the disk full? Make room, then open this page again.",
                who=who,
            )
        if looked.must_not is not None:
            return self.not_called(looked.must_not.reason, who)
        if isinstance(looked.error, ProofNotTaken):
            return self.rights.proof_not_taken(who)
        if isinstance(looked.error, Unreachable):
            return self("%(who)s cannot be reached just now. What you see is from before.", who=who)
        if looked.error is not None:
            return self(
                "What %(who)s answered just now cannot be believed. What you see is from before, and nothing of it is lost."
                " Please look again later. If it stays like this, you can complain.",
                who=who,
            )
        return self.not_asked(looked.not_asked, who) if looked.not_asked is not None else ""

    def not_asked(self, why: NotAsked, who: str) -> str:
        """Why a partner is not asked."""
        return {
            NotAsked.AT_WORK: self("Your wallet is asking %(who)s just now. Please open this page again in a moment.", who=who),
            NotAsked.KEY_DROPPED: self("You gave up the key for this, so %(who)s cannot be asked any more.", who=who),
            NotAsked.TOO_LATE: self("%(who)s does not have to answer questions about this any more.", who=who),
            NotAsked.WAIT: self("%(who)s is still preparing the receipt and asks you to come again later.", who=who),
            NotAsked.ADDRESS_TELLS: self(
                "What you showed does not say who you are. If your wallet asks %(who)s about it, they see the internet"
                " address that you ask from, and that may tell more.",
                who=who,
            ),
        }[why]  # fmt: skip

    def not_called(self, why: NotCalled, who: str) -> str:
        """Why an address is not called."""
        if why is NotCalled.RECEIPT_DOES_NOT_MATCH:
            return self(
                "Your wallet does not ask %(who)s about this: the receipt is wrong, and the answers could be too.",
                who=who,
            )
        if why is NotCalled.UNLISTED_IN_PERSON:
            return self(
                "Your wallet does not ask %(who)s about this: no list that is the same for everybody has their address.",
                who=who,
            )
        return self(
            "Your wallet does not ask %(who)s about this: the address that they gave could tell them that it is you.",
            who=who,
        )


@dataclass(frozen=True, slots=True)
class DocumentWords:
    """The same about a document: nothing was given, its issuer took from its register what is in it."""

    usual: CockpitWords

    def __call__(self, text: str, /, **values: object) -> str:
        """A text with its values filled in."""
        return self.usual(text, **values)

    def mismatch(self, who: str) -> str:
        """That a receipt is wrong."""
        return self("The receipt of %(who)s does not match the document that you got.", who=who)

    def receipt_came(self, receipt: KeptReceipt, who: str) -> str:
        """That a receipt came, and whether it is right."""
        if receipt.findings:
            return self.mismatch(who)
        return self("%(who)s gave you a receipt for the document.", who=who)

    def use(self, entry: UsageEntry, who: str) -> str:
        """What an issuer did, as a sentence."""
        own = {
            Action.VIEWED: self("%(who)s looked at what their register says about you.", who=who),
            Action.USED: self("%(who)s used what their register says about you.", who=who),
            Action.DECIDED: self("%(who)s decided something about your document.", who=who),
            Action.CORRECTED: self("%(who)s changed what their register says about you.", who=who),
            Action.ERASED: self("%(who)s took you out of their register.", who=who),
        }
        return own.get(entry.use.action) or self.usual.use(entry, who)

    def receipt_finding(self, finding: str) -> str:
        """What is wrong with a receipt."""
        own = {
            Finding.SIGNER: self("It was not signed by whoever gave you the document."),
            Finding.ISSUER: self("It names somebody else than who gave you the document."),
            Finding.REQUEST: self("It is about something else than your wallet asked for."),
            Finding.PRESENTATIONS: self("It is about another document than the one that you got."),
            Finding.CLAIMS_NOT_SENT: self("It names data that are not in your document."),
            Finding.CLAIMS_LEFT_OUT: self("It leaves out data that are in your document."),
        }
        return own.get(Finding(finding)) or self.usual.receipt_finding(finding)

    def finding(self, finding: KnownFinding, who: str) -> str:
        """What is wrong with what an issuer says."""
        if Rule(finding.rule) is Rule.NO_RECEIVED:
            return self("%(who)s does not say that they made your document from their register.", who=who)
        return self.usual.finding(finding, who)
