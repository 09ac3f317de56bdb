"""What the wallet says about forwarding, in the user's language and in plain words."""

from __future__ import annotations

from collections.abc import Sequence

from protocol.errors import Conflict, NotFound, ProtocolError, Unreachable
from protocol.sovereignty.calls import ProofNotTaken
from protocol.sovereignty.mandate_status import Ending
from protocol.sovereignty.standing_order import Waiting
from protocol.sovereignty.unlinkable import MustNotCall
from wallet.rights_words import RightsWords
from wallet.service.forwarding import Fate, ForwardedTo, OtherDocument, RecipientOut
from wallet.service.mandates import MandateShown, OfficeRefused
from wallet.service.published import PublishedProblem
from wallet.service.services.starting import NotTheProvider
from wallet.service.standing import AsksForMore, NotDueAnyMore, NotRegistered, OrderEnded, OrderShown
from wallet.service_words import ServiceWords
from wallet.words import Words


class ForwardingWords:
    """The texts about forwarding in one language."""

    def __init__(self, words: Words) -> None:
        self._words = words

    def problem(self, problem: PublishedProblem) -> str:
        """Why there is no list of services."""
        return ServiceWords(self._words).problem(problem)

    def not_asked(self, one: RecipientOut) -> str:
        """Why somebody gets nothing, who was asked what they need."""
        words, who = self._words, one.service.provider
        match one.problem:
            case Unreachable():
                return words("%(who)s cannot be reached right now. Try again later.", who=who)
            case NotTheProvider():
                return words(
                    "Somebody else answers at the address of %(who)s. Your wallet does not answer, and nothing was given away."
                    " Please ask %(who)s in another way.",
                    who=who,
                )
            case NotFound():
                return words("%(who)s does not take it any more.", who=who)
            case NotRegistered():
                return words(
                    "%(who)s does not show any more what they are registered for, so your wallet cannot compare it.",
                    who=who,
                )
            case OrderEnded():
                return words(
                    "%(who)s is registered for something else now than you agreed to. So this has ended; if you still want it,"
                    " forward it to them anew.",
                    who=who,
                )
            case AsksForMore():
                return words(
                    "%(who)s asks for more than you agreed to, so they get nothing. What you arranged goes on: you can ask"
                    " them why, or stop it.",
                    who=who,
                )
            case OtherDocument():
                return words("%(who)s does not ask for this document.", who=who)
            case _:
                return words(
                    "%(who)s does not ask the way it should. Nothing was given away. Please tell them, or try again later.",
                    who=who,
                )

    def order_state(self, one: OrderShown) -> str:
        """How a standing order stands."""
        words = self._words
        if one.ended is not None:
            return {
                Ending.REVOKED: words("You stopped it."),
                Ending.EXPIRED: words("Its time is over."),
                Ending.USED_UP: self._used_up(),
                Ending.RECIPIENT_CHANGED: self._recipient_changed(),
            }[one.ended]
        if one.waiting is Waiting.NOT_HELD:
            return words("You do not hold this document now, or it does not count any more.")
        if one.waiting is not None:
            return words("They have what you have.")
        return words("There is something new for them.")

    def times_left(self, one: OrderShown) -> str:
        """How often it can still be sent."""
        left = (one.order.at_most or 0) - one.order.sent
        return self._words.count("It is sent %(count)s more time.", "It is sent %(count)s more times.", left)

    def mandate_state(self, one: MandateShown) -> str:
        """How it stands that others send something by themselves."""
        words = self._words
        if one.status is None:
            return words("They have not said that they do it. Look how it stands, or stop it.")
        if one.status.ending is None:
            return words("They send it when their register changes.")
        return {
            Ending.REVOKED: words("You stopped it."),
            Ending.EXPIRED: words("Its time is over."),
            Ending.USED_UP: self._used_up(),
            Ending.RECIPIENT_CHANGED: self._recipient_changed(),
        }[one.status.ending]

    def _used_up(self) -> str:
        words = self._words
        return words(
            "It was sent as often as you wanted. Nothing more goes there. If you want it again, forward it anew."
        )

    def _recipient_changed(self) -> str:
        words = self._words
        return words(
            "It ended because they are registered for something else now than you agreed to. They got nothing since. If you"
            " still want it, look at what they want now and forward it anew."
        )

    def uses(self, one: MandateShown) -> str:
        """How often it was sent, as far as is known."""
        words, used = self._words, one.status.used if one.status is not None else 0
        if not used:
            return words("Nothing was sent by it so far.")
        return words.count("It was sent %(count)s time so far.", "It was sent %(count)s times so far.", used)

    def office_problem(self, error: ProtocolError, office: str) -> str:
        """Why somebody who shall send by themselves did not say that they do."""
        words = self._words
        match error:
            case OfficeRefused():
                return words("%(office)s did not take it on. Nothing is sent without you.", office=office)
            case MustNotCall():
                return words(
                    "Your wallet does not call %(office)s, because their address is not the usual one.", office=office
                )
            case NotFound():
                return words("%(office)s knows nothing of it any more.", office=office)
            case ProofNotTaken():
                return RightsWords(words).proof_not_taken(office)
            case Conflict():
                return words("You deleted what your wallet asks %(office)s with.", office=office)
            case Unreachable():
                return words(
                    "%(office)s cannot be reached right now. Perhaps they have it already: look again later.",
                    office=office,
                )
            case _:
                return words("%(office)s gave an answer that counts for nothing.", office=office)

    def not_stopped(self, error: ProtocolError, office: str) -> str:
        """Why it is not known to be stopped."""
        if isinstance(error, OfficeRefused | NotFound):
            return self.office_problem(error, office)
        is_away = isinstance(error, Unreachable) and not isinstance(error, ProofNotTaken)
        why = "" if is_away else self.office_problem(error, office)
        words = self._words
        still = words(
            "It is not stopped: %(office)s cannot be told right now, and may still send something. Please try again.",
            office=office,
        )
        return f"{still} {why}".strip()

    def outcome(self, done: Sequence[ForwardedTo], out: Sequence[RecipientOut]) -> str:
        """What became of all of them, in a few words."""
        words, arrived = self._words, sum(one.fate is Fate.ARRIVED for one in done)
        if arrived and arrived == len(done) + len(out):
            return words("Everybody has it")
        if arrived:
            return words.count("%(count)s of them has it", "%(count)s of them have it", arrived)
        if any(one.fate is Fate.UNKNOWN for one in done):
            return words("Sent, but perhaps not arrived")
        return words("Nothing was sent")

    def fate(self, one: ForwardedTo) -> str:
        """What became of one recipient."""
        words, who = self._words, one.service.provider
        match one.fate:
            case Fate.ARRIVED:
                return words("%(who)s has it.", who=who)
            case Fate.UNKNOWN:
                return words(
                    "It was sent, but we do not know whether %(who)s has it. Count it as seen, and ask them before you try"
                    " again.",
                    who=who,
                )
            case Fate.LEFT_OUT:
                return words("%(who)s got nothing, as you decided.", who=who)
            case Fate.FAILED if isinstance(one.problem, NotDueAnyMore):
                return words("This was stopped or sent meanwhile, so %(who)s got nothing now.", who=who)
            case Fate.FAILED if isinstance(one.problem, Conflict):
                return words("Your document changed meanwhile, so %(who)s got nothing. Please start again.", who=who)
            case Fate.FAILED:
                return words("This did not work. %(who)s got nothing.", who=who)
