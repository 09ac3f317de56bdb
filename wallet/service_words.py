"""What the wallet says about services, in the user's language and in plain words."""

from __future__ import annotations

from protocol.sovereignty.service import LifeEvent
from protocol.sovereignty.suggestions import Rank
from runtime.translations import LANGUAGES
from wallet.policy.people import NEW
from wallet.policy.services.showing import ProofShown, ReasonShown, SuggestionShown
from wallet.policy.services.whom import Aimed
from wallet.service.published import PublishedProblem
from wallet.words import Words

REFUSED = frozenset((PublishedProblem.STRANGER, PublishedProblem.ROLLED_BACK, PublishedProblem.UNREADABLE))


class ServiceWords:
    """The texts about services in one language."""

    def __init__(self, words: Words) -> None:
        self._words = words

    def event(self, event: LifeEvent) -> str:
        """What happens in a life."""
        words = self._words
        return {
            LifeEvent.BIRTH: words("A child is born"),
            LifeEvent.MOVING: words("Moving house"),
            LifeEvent.STUDYING: words("School and studies"),
            LifeEvent.STARTING_WORK: words("Starting a job"),
            LifeEvent.LOSING_WORK: words("Losing a job"),
            LifeEvent.STARTING_BUSINESS: words("Starting a business"),
            LifeEvent.MARRYING: words("Getting married"),
            LifeEvent.ILLNESS: words("Illness"),
            LifeEvent.DISABILITY: words("Disability"),
            LifeEvent.RETIRING: words("Retiring"),
            LifeEvent.DYING: words("A death in the family"),
            LifeEvent.TRAVELLING: words("Travelling"),
            LifeEvent.DRIVING: words("Driving"),
        }[event]

    def problem(self, problem: PublishedProblem) -> str:
        """Why there is no new list of services."""
        words = self._words
        text = {
            PublishedProblem.NOBODY: words("Your wallet follows nobody who keeps a list of services."),
            PublishedProblem.NOT_YET: words("The list of services has not come yet. Please look again in a moment."),
            PublishedProblem.AWAY: words("The list of services cannot be fetched right now. Your wallet tries again."),
            PublishedProblem.STRANGER: words(
                "The list of services that came was signed by nobody whom you trust with it. It was not taken."
            ),
            PublishedProblem.ROLLED_BACK: words(
                "The list of services that came is older than the one you had. Somebody may want to hide something from you."
                " It was not taken."
            ),
            PublishedProblem.OVER: words("The list of services is too old to rely on. Your wallet fetches a new one."),
            PublishedProblem.UNREADABLE: words("The list of services that came cannot be read. It was not taken."),
        }[problem]
        return f"{text} {self._refused()}" if problem in REFUSED else text

    def partners_problem(self, problem: PublishedProblem | None) -> str:
        """Why the newest list of partners was not taken; empty: it was, or none came."""
        words = self._words
        text = {
            PublishedProblem.STRANGER: words(
                "The register's list of partners that came was signed by nobody whom you trust with it. It was not taken."
            ),
            PublishedProblem.ROLLED_BACK: words(
                "The register's list of partners that came is older than the one you had, or another one. Somebody may want"
                " to hide something from you. It was not taken."
            ),
            PublishedProblem.UNREADABLE: words(
                "The register's list of partners that came cannot be read. It was not taken."
            ),
        }
        return f"{text[problem]} {self._refused()}" if problem in text else ""

    def _refused(self) -> str:
        words = self._words
        return words(
            "Nothing is lost: your wallet keeps what it had, and asks again by itself. If this stays so for a day, ask the"
            " office that keeps the list."
        )

    def left_out(self, count: int) -> str:
        """That services are not shown, and what that means."""
        return self._words.count(
            "%(count)s service in the list cannot be read, or would keep your wallet busy for too long. It was left out;"
            " all others are here. If you miss one, ask whoever offers it.",
            "%(count)s services in the list cannot be read, or would keep your wallet busy for too long. They were left out;"
            " all others are here. If you miss one, ask whoever offers it.",
            count,
        )

    def whom(self, choice: str, name: str) -> str:
        """For whom something is: an option, or what was chosen."""
        words = self._words
        if name:
            return words("For %(name)s", name=name)
        if choice == NEW:
            return words("For somebody of whom your wallet has nothing yet, such as another child")
        return words("For me")

    def plan_for(self, aimed: Aimed) -> str:
        """For whom a plan is, as a sentence."""
        words = self._words
        if aimed.name:
            return words("This plan is for %(name)s.", name=aimed.name)
        if aimed.chosen == NEW:
            return words("This plan is for somebody of whom your wallet has nothing yet.")
        return words("This plan is for you.")

    def rank(self, rank: Rank) -> str:
        """How near services are."""
        words = self._words
        return {
            Rank.AT_HAND: words("You have everything for it"),
            Rank.ONE_MISSING: words("One proof is missing"),
            Rank.MORE: words("More is missing, or not clear"),
        }[rank]

    def reason(self, reason: ReasonShown) -> str:
        """One sentence why, as it stands."""
        words = self._words
        if not reason.known:
            if reason.renew:
                return words("Not known, because a document has run out: %(why)s", why=reason.text)
            return words("Not known yet: %(why)s", why=reason.text)
        if reason.good is not reason.negated:
            return reason.text
        return words("Does not apply to you: %(why)s", why=reason.text)

    def proof(self, proof: ProofShown) -> str:
        """A proof that is missing, in a few words."""
        words = self._words
        if proof.renew and proof.name:
            return words("%(what)s: yours has run out, renew it", what=proof.name)
        if proof.name:
            return proof.name
        if not proof.types:
            return words("Something that none of your documents says")
        if len(proof.givers) == 1:
            return words("The proof that you get with: %(service)s", service=proof.givers[0].name)
        return words("A document that you do not have yet")

    def asks(self, suggestion: SuggestionShown) -> str:
        """How much is to be filled in."""
        return self._words.count(
            "They ask you %(count)s question.", "They ask you %(count)s questions.", suggestion.asks
        )


def event_names() -> dict[LifeEvent, tuple[str, ...]]:
    """How life events are called in all languages, for people who look for one."""
    spoken = [ServiceWords(Words(language)) for language in sorted(LANGUAGES)]
    return {event: tuple([words.event(event) for words in spoken]) for event in LifeEvent}
