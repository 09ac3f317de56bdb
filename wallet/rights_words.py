"""What is said about rights over data that others hold: what can be asked, how it stands, and why it cannot be, plainly."""

from __future__ import annotations

from dataclasses import dataclass

from protocol.errors import NotFound, ProtocolError, Unreachable
from protocol.sovereignty.calls import ProofNotTaken
from protocol.sovereignty.rights import Right
from protocol.sovereignty.rights_status import RightsStatus, State
from wallet.disclosure_records import RightsAsked
from wallet.policy.cockpit.rights import ASKS_FOR_MORE, Overdue, status_of
from wallet.service.cockpit.rights import ByLetter, Followed
from wallet.words import Words


@dataclass(frozen=True, slots=True)
class RightsWords:
    """The texts in one language."""

    words: Words

    def __call__(self, text: str, /, **values: object) -> str:
        """A text with its values filled in."""
        return self.words(text, **values)

    def line(self, what: RightsAsked | RightsStatus | Overdue, who: str) -> str:
        """What happened, as a sentence."""
        match what:
            case RightsAsked():
                return self.asked(Right(what.right), who)
            case RightsStatus():
                return self.status(what, who)
            case Overdue():
                return self.overdue(what, who)

    def of(self, asked: RightsAsked, who: str) -> str:
        """Something that was asked, with how it stands."""
        status = status_of(asked)
        sentence = self.asked(Right(asked.right), who)
        return f"{sentence} {self.status(status, who)}" if status is not None else sentence

    def size(self, count: int) -> str:
        """How large a file is."""
        if count < 1000:
            return self.words.count("%(count)s byte", "%(count)s bytes", count)
        return f"{count / 1000:.0f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"

    def title(self, right: Right) -> str:
        """What the user can do, as a heading."""
        return {
            Right.WITHDRAW_CONSENT: self("Take back that you agreed"),
            Right.ACCESS: self("See everything that they have about you"),
            Right.RECTIFICATION: self("Have something corrected"),
            Right.ERASURE: self("Have your data erased"),
            Right.RESTRICTION: self("Have your data put aside"),
            Right.PORTABILITY: self("Take your data along"),
            Right.OBJECTION: self("Object to what they do"),
            Right.HUMAN_REVIEW: self("Have a person check a decision"),
        }[right]

    def meaning(self, right: Right) -> str:
        """What that is."""
        return {
            Right.WITHDRAW_CONSENT: self(
                "They may not use your data from now on, if they need your yes for it. What they did before stays lawful."
            ),
            Right.ACCESS: self("They send you what they have, what for, from whom, who else has it, and until when."),
            Right.RECTIFICATION: self("Say what is wrong, and what would be right. They have to put it right."),
            Right.ERASURE: self(
                "They have to erase your data, unless a law makes them keep it. Then they say which one."
            ),
            Right.RESTRICTION: self("They keep your data and do not use it, for example while you argue about it."),
            Right.PORTABILITY: self("They send you your data in a form that others can read by machine."),
            Right.OBJECTION: self(
                "They have to stop, unless they have strong reasons. Say why your case is different."
            ),
            Right.HUMAN_REVIEW: self("If a machine alone decided about you, a person has to look at it and hear you."),
        }[right]

    def asked(self, right: Right, who: str) -> str:
        """What the user asked, as a sentence."""
        return {
            Right.WITHDRAW_CONSENT: self("You told %(who)s that you do not agree any more.", who=who),
            Right.ACCESS: self("You asked %(who)s for everything that they have about you.", who=who),
            Right.RECTIFICATION: self("You asked %(who)s to correct your data.", who=who),
            Right.ERASURE: self("You asked %(who)s to erase your data.", who=who),
            Right.RESTRICTION: self("You asked %(who)s to put your data aside.", who=who),
            Right.PORTABILITY: self("You asked %(who)s for your data, to take it along.", who=who),
            Right.OBJECTION: self("You objected to what %(who)s does with your data.", who=who),
            Right.HUMAN_REVIEW: self("You asked %(who)s to have a person check a decision.", who=who),
        }[right]

    def status(self, status: RightsStatus, who: str) -> str:
        """How far a request has come, as a sentence."""
        if status.state is State.DONE and status.answer is not None:
            return self("%(who)s has an answer for you.", who=who)
        if status.state is State.REFUSED and status.answer is not None:
            return self("%(who)s refused the rest of what you asked.", who=who)
        if status.answer is not None:
            return self("%(who)s has a part of the answer for you. The rest is to follow.", who=who)
        if status.state is State.DONE and status.kept:
            return self("%(who)s did a part of what you asked, and says why not all of it.", who=who)
        return {
            State.RECEIVED: self("%(who)s got what you asked.", who=who),
            State.PRESENT_AGAIN: self("%(who)s wants to see your data once more, to be sure that it is you.", who=who),
            State.WORKING: self("%(who)s is working on what you asked.", who=who),
            State.EXTENDED: self("%(who)s needs more time, and says why.", who=who),
            State.DONE: self("%(who)s did what you asked.", who=who),
            State.REFUSED: self("%(who)s refused what you asked.", who=who),
        }[status.state]

    def overdue(self, overdue: Overdue, who: str) -> str:
        """That a partner let its date pass."""
        day = self.words.day(overdue.due)
        return self("%(who)s had to answer what you asked by %(day)s, and did not.", who=who, day=day)

    def problem(self, code: str, who: str) -> str:
        """Why the last answer was not taken."""
        if code == ASKS_FOR_MORE:
            return self(
                "%(who)s wants to see more than you showed before, or somebody else asks. Your wallet shows nothing. You can"
                " write to them, or complain.",
                who=who,
            )
        if code == "NotFound":
            return self("%(who)s says that they know nothing of this. You can write to them.", who=who)
        return self(
            "What %(who)s answered cannot be believed. What you see is from before, and nothing of it is lost. Please look"
            " again later, or complain.",
            who=who,
        )

    def followed(self, followed: Followed, who: str) -> str:
        """Why what is shown may not be how it stands now; empty: it is."""
        if followed.at_work:
            return self("Your wallet is asking %(who)s just now. Please open this page again in a moment.", who=who)
        if followed.asked.problem:
            return self.problem(followed.asked.problem, who)
        if isinstance(followed.error, ProofNotTaken):
            return self.proof_not_taken(who)
        if followed.error is not None and not followed.asked.statuses:
            return self(
                "%(who)s cannot be reached just now. Your wallet sends it again when you open this page.", who=who
            )
        if followed.error is not None:
            return self("%(who)s cannot be reached just now. What you see is from before.", who=who)
        return ""

    def proof_not_taken(self, who: str) -> str:
        """That a partner did not take a question, though it was signed just now."""
        return self(
            "%(who)s did not take the question of your wallet. Perhaps the clock of this device is wrong: please check day"
            " and time, and open this page again. What you see is from before, and nothing of it is lost.",
            who=who,
        )

    def no_file(self, error: ProtocolError, who: str) -> str:
        """Why a file could not be had."""
        if isinstance(error, ProofNotTaken):
            return self.proof_not_taken(who)
        if isinstance(error, Unreachable):
            return self(
                "The file did not come in time, or %(who)s cannot be reached. Nothing is lost: please try again.",
                who=who,
            )
        if isinstance(error, NotFound):
            return self("%(who)s does not have this file for you any more. You can write to them.", who=who)
        return self("What came is not the file that %(who)s signed, so your wallet did not take it.", who=who)

    def by_letter(self, why: ByLetter, who: str) -> str:
        """Why the wallet cannot ask by itself."""
        return {
            ByLetter.NO_COCKPIT: self("%(who)s cannot be asked by your wallet. You can write to them.", who=who),
            ByLetter.NO_RECEIPT: self(
                "There is no receipt of %(who)s that counts, so your wallet cannot ask. You can write to them.", who=who
            ),
            ByLetter.KEY_DROPPED: self(
                "You gave up the key for this, so your wallet cannot ask %(who)s any more. You can write to them.",
                who=who,
            ),
            ByLetter.TOO_LATE: self(
                "%(who)s does not answer your wallet about this any more. You can write to them.", who=who
            ),
            ByLetter.MUST_NOT_CALL: self(
                "Your wallet does not ask %(who)s by itself, because the receipt or the address is wrong. You can write to"
                " them.",
                who=who,
            ),
        }[why]
