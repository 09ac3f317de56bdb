"""What a wallet says, in the user's language and in plain words."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from protocol.credential import ClaimPath
from protocol.encoding import JsonValue
from protocol.errors import NotFound, NotTrusted, ProtocolError, Unavailable, Unreachable
from protocol.oid4vp.request_uri import RequestOver
from protocol.passphrase_jwe import NotOpened
from protocol.trust.anchors import Role
from runtime.claim_words import ClaimKind, country, long_date
from runtime.key_token import KeyUnavailable
from runtime.translations import COMMON_LOCALE, read_translations
from wallet.claim_names import area_name, claim_name, code_name, relation_name
from wallet.log_words import sentence_of
from wallet.policy.activity import Happened
from wallet.policy.asking import UNPROVEN, BeyondShown, RegistrationProblem
from wallet.policy.cards import CardState
from wallet.policy.haip import NotHaip
from wallet.policy.issuing import MayNotIssue
from wallet.policy.presenting import Caution, LogDamaged
from wallet.policy.showing import ClaimShown, PartyShown
from wallet.policy.vouching import WhyUnvouched, unvouched
from wallet.records import LogEntry
from wallet.service.moving import WeakPassphrase
from wallet.service.trusting import CannotTrust
from wallet.vault.file import InUse
from wallet.vault.passphrase import WrongPassphrase

LOCALE = Path(__file__).parent / "locale"
_PICTURE = re.compile(r"data:image/[a-z.+-]+;base64,", re.IGNORECASE)

# Said in place of what only an engineer understands; what exactly was wrong stands behind it
_IN_PLAIN_WORDS: tuple[tuple[type[ProtocolError], str], ...] = (
    (NotOpened, "This passphrase does not open the file. Nothing was taken over. Please type it again."),
    (
        WeakPassphrase,
        "Anybody with a fast computer could guess this passphrase. Four words that do not belong together are better.",
    ),
    (WrongPassphrase, "The wallet stays closed. Nothing was changed."),
    (InUse, "The wallet is open in another program. Close it there and try again."),
    (
        KeyUnavailable,
        "The device that keeps your keys does not answer. Nothing was given away. Connect it and try again.",
    ),
    (Unavailable, "The wallet file cannot be written. Nothing was changed. Is the disk full?"),
    (
        LogDamaged,
        (
            "Your log is damaged, so you could not see later what you share now. Nothing was given away."
            " Begin a new log with: hoheit wallet log --delete"
        ),
    ),
    (Unreachable, "No connection. Nothing was lost. Please try again later."),
    (
        NotHaip,
        "The office does not protect your data well enough, so your wallet does not deal with it. Nothing was given away.",
    ),
    (
        RequestOver,
        "This code is not good any more. It is too old, was used before, or was taken away. Nothing was given away.",
    ),
    (CannotTrust, "This did not work. Nothing was changed."),
    (NotTrusted, "Nobody whom you trust vouches for this. Nothing was given away."),
    (NotFound, "There is no such thing here."),
    (ProtocolError, "This did not work. Nothing was given away."),
)


class Words:
    """The texts in one language."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._translations = read_translations(language, LOCALE, COMMON_LOCALE)

    def __call__(self, text: str, /, **values: object) -> str:
        """A text with its values filled in."""
        translated = self._translations.gettext(text)
        return translated % values if values else translated

    def count(self, one: str, many: str, number: int) -> str:
        """A text that depends on a number, which it names `%(count)s`."""
        return self._translations.ngettext(one, many, number) % {"count": number}

    def value(self, value: JsonValue) -> str:
        """A claim's value, as people write it."""
        if isinstance(value, bool):
            return self("Yes") if value else self("No")
        if value is None or value in ([], {}):
            return self("(nothing)")
        if not isinstance(value, str):
            return json.dumps(value)
        if _PICTURE.match(value):
            return self("(a picture)")
        return long_date(value, self._language)

    def value_of(self, claim: ClaimShown) -> str:
        """The value of a claim, by what it is; a code that is none of its kind stands as it is."""
        if claim.kind is ClaimKind.BYTES:
            return self("(a picture)") if claim.picture else self("(something that cannot be shown here)")
        if claim.kind is ClaimKind.COUNTRY and isinstance(claim.value, str):
            return country(claim.value, self._language)
        # A yes is a 1 to Python, and no sex
        if claim.kind is ClaimKind.SEX and isinstance(claim.value, int) and not isinstance(claim.value, bool):
            return self._sexes().get(claim.value, str(claim.value))
        if claim.kind is ClaimKind.AREA and isinstance(claim.value, str):
            return area_name(self, claim.value)
        if claim.kind is ClaimKind.RELATION and isinstance(claim.value, str):
            return relation_name(self, claim.value)
        if claim.kind is ClaimKind.CODE and isinstance(claim.value, str):
            return code_name(self, claim.value)
        return self.value(claim.value)

    def _sexes(self) -> dict[int, str]:
        """The codes of the PID (PID Rulebook §2.2, `sex`)."""
        return {
            0: self("Not known"),
            1: self("Male"),
            2: self("Female"),
            3: self("Other"),
            4: self("Inter"),
            5: self("Diverse"),
            6: self("No entry (open)"),
            9: self("Not applicable"),
        }

    def time(self, seconds: int) -> str:
        """A moment, as date and time of day where the user is."""
        moment = datetime.fromtimestamp(seconds, UTC).astimezone()
        day = f"{moment:%d.%m.%Y}" if self._language == "de" else f"{moment:%Y-%m-%d}"
        return f"{day} {moment:%H:%M}"

    def day(self, seconds: int) -> str:
        """A moment, as date where the user is."""
        moment = datetime.fromtimestamp(seconds, UTC).astimezone()
        return long_date(f"{moment:%Y-%m-%d}", self._language)

    def trust(self, party: PartyShown) -> str:
        """Why somebody is trusted, or that nobody vouches for them."""
        if party.trusted_by:
            return self("Checked: %(authority)s vouches for them.", authority=party.trusted_by)
        if party.in_person:
            return self("We do not know who this is: nobody vouches for them. Look at the person in front of you.")
        return self(
            "WARNING: nobody whom you trust vouches for them. You only know the address %(host)s.", host=party.host
        )

    def unchecked(self, who: str) -> str:
        """That nobody could be asked whether somebody still may ask."""
        return self(
            "Without a connection your wallet could not look up whether %(who)s may still ask."
            " Share only if you trust the person in front of you.",
            who=who,
        )

    def registered_for(self, things: Sequence[BeyondShown], who: str) -> str:
        """What somebody may ask for, as they do."""
        if not things:
            return self("%(who)s is registered to ask for this.", who=who)
        return self("%(who)s is registered to ask for: %(what)s.", who=who, what=self.things(things))

    def asks_beyond(self, things: Sequence[BeyondShown], who: str) -> str:
        """What somebody asks for and may not."""
        return self("%(who)s asks for more than they registered for: %(what)s.", who=who, what=self.things(things))

    def things(self, things: Sequence[BeyondShown]) -> str:
        """What is asked for, each once."""
        return ", ".join(dict.fromkeys(self._thing(thing) for thing in things))

    def _thing(self, thing: BeyondShown) -> str:
        if thing.path is None:
            return (
                self("the document %(name)s", name=thing.document)
                if thing.document
                else self("a document that you do not have")
            )
        return thing.label or claim_name(self, self._language, thing.path)

    def registration_problem(self, problem: RegistrationProblem, who: str) -> str:
        """Why a registration that was shown counts for nothing."""
        text = {
            RegistrationProblem.UNREADABLE: self("The registration that %(who)s shows cannot be read."),
            RegistrationProblem.UNKNOWN_PROVIDER: self("Nobody whom you trust registered %(who)s."),
            RegistrationProblem.FORGED: self("The registration that %(who)s shows was altered."),
            RegistrationProblem.EXPIRED: self("The registration of %(who)s has expired."),
            RegistrationProblem.OTHER_PARTY: self("%(who)s shows the registration of somebody else."),
            RegistrationProblem.REVOKED: self("The registration of %(who)s was taken back."),
            RegistrationProblem.SUSPENDED: self("The registration of %(who)s was stopped for now."),
            RegistrationProblem.STATUS_UNKNOWN: self(
                "Whether the registration of %(who)s still holds could not be found out. Please try again later."
            ),
            RegistrationProblem.BARRED: self(
                "Somebody asks in the name of %(who)s. But the proof of who they are was taken back."
                " So it may be somebody else."
            ),
            RegistrationProblem.BARRED_FOR_NOW: self(
                "Somebody asks in the name of %(who)s. But the proof of who they are is blocked for now."
                " So it may be somebody else."
            ),
            RegistrationProblem.BARRED_UNKNOWN: self(
                "Somebody asks in the name of %(who)s. Your wallet could not look up whether the proof of who they are"
                " still counts. Please try again later."
            ),
            RegistrationProblem.NOT_IN_REGISTER: self("The register says that %(who)s is not registered for this."),
            RegistrationProblem.REGISTER_UNSOUND: self(
                "What the register said about %(who)s cannot be relied on. Please try again later."
            ),
        }[problem]
        return text % {"who": who}

    def register_learns(self, register: str, who: str) -> str:
        """What it means to ask a register about somebody."""
        return self(
            "Your wallet can ask %(register)s about %(who)s. The register then learns whom you have to do with."
            " It learns nothing from your documents.",
            register=register,
            who=who,
        )

    def register_silent(self) -> str:
        """What follows where a register that was asked did not answer."""
        return self("The register did not answer. Nothing was passed on. You can ask it again, or say no.")

    def may_not_issue(self, error: MayNotIssue) -> str:
        """Why a document is not taken from somebody."""
        if error.problem is not None:
            if error.problem is RegistrationProblem.BARRED_UNKNOWN:
                return self(
                    "This is offered in the name of %(who)s. Your wallet could not look up whether the proof of who they"
                    " are still counts. Please try again later.",
                    who=error.who,
                )
            if error.problem in UNPROVEN:
                return self(
                    "This is offered in the name of %(who)s. But the proof of who they are does not count any more."
                    " So it may be somebody else.",
                    who=error.who,
                )
            return self.registration_problem(error.problem, error.who)
        what = ", ".join(error.documents)
        return self("%(who)s is not registered to give you: %(what)s.", who=error.who, what=what)

    def role(self, role: Role) -> str:
        """What somebody who is trusted may do."""
        return {
            Role.ISSUER: self("may give you documents, or say who may"),
            Role.VERIFIER: self("may say who it is that asks you for data"),
            Role.WALLET_PROVIDER: self("may say which wallets are genuine"),
            Role.REGISTRATION_PROVIDER: self("may say what somebody has registered for"),
        }[role]

    def state(self, state: CardState) -> str:
        """How a document stands, in a word or two."""
        return {
            CardState.VALID: self("Valid"),
            CardState.EXPIRES_SOON: self("Expires soon"),
            CardState.EXPIRED: self("Expired"),
            CardState.SUSPENDED: self("Suspended"),
            CardState.REVOKED: self("Taken back"),
            CardState.UNKNOWN: self("Not checked lately"),
        }[state]

    def state_explained(self, state: CardState) -> str:
        """What that means, and what to do."""
        return {
            CardState.VALID: self("As far as your wallet knows, others will accept it."),
            CardState.EXPIRES_SOON: self("It is still good. Ask the office for a new one in time."),
            CardState.EXPIRED: self("Others will not accept it any more. Ask the office for a new one."),
            CardState.SUSPENDED: self(
                "The office has stopped it for now. Others will probably not accept it. Ask the office why."
            ),
            CardState.REVOKED: self(
                "The office has taken it back for good. Others will not accept it. Ask the office why."
            ),
            CardState.UNKNOWN: self(
                "The office could have stopped it since your wallet last asked. You can check it on the page of your documents."
            ),
        }[state]

    def copies(self, unused: int) -> str:
        """How often a document can be shown without being recognised."""
        if not unused:
            return self(
                "You showed every copy of it already. You can go on showing it, but who saw a copy before can tell that it is"
                " the same one. The office can give you fresh copies."
            )
        return self.count(
            "You can show it %(count)s more time without anybody being able to tell that it is the same one.",
            "You can show it %(count)s more times without anybody being able to tell that it is the same one.",
            unused,
        )

    def form(self, *, in_person: bool) -> str:
        """What one form of a document is good for."""
        return self("For the internet and face to face") if in_person else self("For the internet")

    def happened(self, happened: Happened) -> str:
        """What happened, as a sentence; why something failed is for engineers, and stands elsewhere."""
        known = happened.outcome in ("begun", "unknown", "nothing held answers")
        return self.entry(happened.entry, happened.outcome if known else "done")

    def unvouched_title(self, why: WhyUnvouched) -> str:
        """What happened, as a heading."""
        if why is WhyUnvouched.BLOCKED:
            return self("This wallet is blocked")
        if why is WhyUnvouched.AWAY:
            return self("Whoever vouches for your wallet cannot be reached")
        return self("Nobody vouches for this wallet")

    def unvouched(self, why: WhyUnvouched) -> str:
        """Why nobody vouches for this wallet."""
        return {
            WhyUnvouched.NO_PROVIDER: self(
                "The office gives this document only to a wallet that somebody vouches for. Nobody vouches for yours."
            ),
            WhyUnvouched.CODE_NEEDED: self(
                "Whoever could vouch for your wallet wants a code first, and it has to be right."
            ),
            WhyUnvouched.BLOCKED: self("It was blocked, and offices that ask who vouches for it give it nothing."),
            WhyUnvouched.TOO_OLD: self("This version of the wallet is too old: nobody vouches for it any more."),
            WhyUnvouched.TOO_OFTEN: self(
                "Your wallet was confirmed very often today, and will not be again before tomorrow."
            ),
            WhyUnvouched.AWAY: self(
                "The office wants to know that your wallet is genuine, and just now nobody can say so."
            ),
            WhyUnvouched.FAILED: self("Whoever vouches for your wallet did not confirm it this time."),
        }[why]

    def unvouched_advice(self, why: WhyUnvouched) -> str:
        """What to do about it."""
        return {
            WhyUnvouched.NO_PROVIDER: self("Ask the office which wallets it takes, or whoever gave you this wallet."),
            WhyUnvouched.CODE_NEEDED: self(
                "If you have a code, type it in the settings, under: Who vouches for this wallet."
            ),
            WhyUnvouched.BLOCKED: self(
                "In the settings you can see what this means, and have the wallet confirmed again."
            ),
            WhyUnvouched.TOO_OLD: self("Please get the newest version of the wallet, and try again."),
            WhyUnvouched.TOO_OFTEN: self("Please try again tomorrow."),
            WhyUnvouched.AWAY: self("Please try again in a moment."),
            WhyUnvouched.FAILED: self("Please try again. If that does not help, ask whoever gave you this wallet."),
        }[why]

    def caution(self, caution: Caution) -> str:
        """What to know before choosing."""
        return {
            Caution.SHOWN_BEFORE: self("was shown before; whoever saw it can tell that it is the same one"),
            Caution.REVOKED: self("was taken back; others will probably not accept it"),
            Caution.SUSPENDED: self("is suspended; others will probably not accept it now"),
            Caution.EXPIRED: self("has expired"),
            Caution.NOT_TRUSTED: self("whoever gave it is not trusted any more"),
            Caution.DAMAGED: self("is damaged and cannot be used"),
            Caution.NOT_FOR_THEM: self("is not meant for them; whoever gave it to you wants only others to see it"),
            Caution.FOR_WHOM_UNKNOWN: self("is meant for some only; for whom, your wallet cannot tell"),
        }[caution]

    def data(self, path: ClaimPath) -> str:
        """What a kind of data is called, where no document says it."""
        return claim_name(self, self._language, path)

    def claim(self, claim: ClaimShown) -> str:
        """One piece of data with its label."""
        return f"{claim.label}: {self.value_of(claim)}"

    def error(self, error: ProtocolError) -> str:
        """What went wrong, for people first and engineers second, on one line."""
        return f"{self.sentence(error)} ({error.description})"

    def sentence(self, error: ProtocolError) -> str:
        """What went wrong, for people."""
        if (why := unvouched(error)) is not None:
            return f"{self.unvouched(why)} {self.unvouched_advice(why)}"
        if isinstance(error, MayNotIssue):
            return self.may_not_issue(error)
        return self(next(text for kind, text in _IN_PLAIN_WORDS if isinstance(error, kind)))

    def entry(self, entry: LogEntry, outcome: str) -> str:
        """What happened, as a sentence."""
        sentence = sentence_of(self, entry)
        return sentence if outcome in ("done", "refused") else f"{sentence} {self.outcome(outcome)}"

    def outcome(self, outcome: str) -> str:
        """How it ended, where that needs a word."""
        if outcome in ("begun", "unknown"):
            return self("Whether it arrived is not known; count it as seen.")
        if outcome == "nothing held answers":
            return self("You have nothing that answers.")
        return f"({outcome})"
