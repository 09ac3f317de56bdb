"""What there is, and what of it fits: computed here on the citizen's own documents, while the wallet is open, and not noted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from protocol.errors import NotFound, ProtocolError
from protocol.exchange import Exchange
from protocol.sovereignty.eligibility import Truth, evaluate
from protocol.sovereignty.holdings import Holdings
from protocol.sovereignty.rules import About
from protocol.sovereignty.service import LifeEvent, Service
from protocol.sovereignty.suggestions import suggest
from runtime.conversation import slow
from wallet.policy.documents import document_id
from wallet.policy.people import Aim, People
from wallet.policy.services.finding import find_services
from wallet.policy.services.holding import holdings_of, seem_about_others
from wallet.policy.services.showing import ServiceShown, SuggestionShown, service_shown, suggestion_shown
from wallet.policy.showing import credential_name
from wallet.service.context import WalletContext
from wallet.service.people import marks_about, people_of
from wallet.service.published import PublishedProblem
from wallet.service_records import ServiceWishes

MAX_HIDDEN = 10_000
MAX_MARKS = 1000


class NoServices(ProtocolError):
    """There is no list of services that is good; `problem` says why. Nothing was lost."""

    code = "temporarily_unavailable"
    status = 503

    def __init__(self, problem: PublishedProblem) -> None:
        super().__init__("no list of services is known that is good now")
        self.problem = problem


@dataclass(frozen=True, slots=True)
class DocumentAbout:
    """A document, and whom it is about."""

    id: str  # of the document
    name: str
    issuer: str
    about: About | None  # as the citizen said; None: they did not
    seems_other: bool  # it speaks of somebody who was born on another day


@dataclass(frozen=True, slots=True)
class ServiceCatalogueOf:
    """The catalogue as one citizen sees it."""

    context: WalletContext

    def services(self) -> tuple[Service, ...]:
        """Every service that there is.

        Raises:
            NoServices: no list of them is known that is good now.
        """
        published = self.context.published
        found = published.catalogue() if published is not None else None
        if found is None:
            problem = published.problem if published is not None else None
            raise NoServices(problem or PublishedProblem.NOBODY)
        return found.services

    def problem(self) -> PublishedProblem | None:
        """Why the list is not the newest, or why there is none."""
        return self.context.published.problem if self.context.published is not None else PublishedProblem.NOBODY

    def left_out(self) -> int:
        """How many services of the list are left out, because they cannot be read or want more than is looked at."""
        found = self.context.published.catalogue() if self.context.published is not None else None
        return len(found.unreadable) if found is not None else 0

    def find(self, service_id: str) -> Service:
        """A service.

        Raises:
            NotFound: there is none of this id, or not any more.
            NoServices: see `services`.
        """
        for service in self.services():
            if service.id == service_id:
                return service
        raise NotFound("this service is not offered any more")

    def everything(self) -> tuple[ServiceShown, ...]:
        """Every service, in the order of the list."""
        return self._shown(self.services())

    def search(self, typed: str, event_names: dict[LifeEvent, tuple[str, ...]]) -> tuple[ServiceShown, ...]:
        """What a person looks for by its name or a wish."""
        return self._shown(find_services(self.services(), typed, event_names))

    def of_event(self, event: LifeEvent) -> tuple[ServiceShown, ...]:
        """What belongs to a life event."""
        return self._shown(tuple([one for one in self.services() if event in one.life_events]))

    def wishes(self) -> ServiceWishes:
        """What the citizen decided."""
        return self.context.store.wishes()

    def suggestions(self) -> Exchange[tuple[SuggestionShown, ...]]:
        """What may fit, the nearest first; nothing as long as suggestions are off. Nothing of it is kept or noted."""
        wishes = self.wishes()
        if not wishes.suggestions:
            return ()
        services = self.services()
        context = self.context
        held = context.store.credentials()
        found = yield from slow(lambda: suggest(services, self.holdings(), hidden=frozenset(wishes.hidden)))
        return tuple([suggestion_shown(one, held, context.language) for one in found])

    def hidden(self) -> tuple[ServiceShown, ...]:
        """What the citizen does not want to be suggested."""
        hidden = frozenset(self.wishes().hidden)
        return self._shown(tuple([one for one in self.services() if one.id in hidden]))

    def switch(self, *, on: bool) -> Exchange[None]:
        """Suggest services, or do not: then it is forgotten what was hidden."""
        yield from self._decide(lambda wishes: replace(wishes, suggestions=on, hidden=wishes.hidden if on else ()))

    def hide(self, service_id: str) -> Exchange[None]:
        """Suggest a service no more."""
        service = self.find(service_id)

        def hide(wishes: ServiceWishes) -> ServiceWishes:
            others = [one for one in wishes.hidden if one != service.id]
            return replace(wishes, hidden=(*others, service.id)[-MAX_HIDDEN:])

        yield from self._decide(hide)

    def bring_back(self, service_id: str) -> Exchange[None]:
        """Suggest a service again."""
        yield from self._decide(
            lambda wishes: replace(wishes, hidden=tuple([one for one in wishes.hidden if one != service_id]))
        )

    def mark(self, document: str, about: About) -> Exchange[None]:
        """Say whom a document is about.

        Raises:
            NotFound: there is no such document.
        """
        if all(document_id(held) != document for held in self.context.store.credentials()):
            raise NotFound("this document is not there any more")
        yield from self._decide(
            lambda wishes: replace(
                wishes,
                about=(*[one for one in wishes.about if one[0] != document], (document, about.value))[-MAX_MARKS:],
            )
        )

    def documents(self) -> tuple[DocumentAbout, ...]:
        """Whom the documents are about, as far as that is known."""
        held = self.context.store.credentials()
        marks, others = self._marks(), seem_about_others(held)
        found = {document_id(one): one for one in reversed(held)}
        return tuple(
            [
                DocumentAbout(
                    id_,
                    credential_name(one.described(), self.context.language),
                    one.issuer_name,
                    marks.get(id_),
                    id_ in others,
                )
                for id_, one in reversed(found.items())
            ]
        )

    def holdings(self, aim: Aim | None = None) -> Holdings:
        """What counts of what is held, now; `aim`: for somebody, so that what is about others does not."""
        context, held = self.context, self.context.store.credentials()
        fitting = held if aim is None else self.people().fitting(held, aim)
        return holdings_of(fitting, self._marks(), now=context.now(), today=self.today())

    def people(self) -> People:
        """Whom the documents are about beside the citizen."""
        return people_of(self.context.store)

    def excluded(self, services: tuple[Service, ...], holdings: Holdings) -> frozenset[str]:
        """The services of which a rule says that they are not for the citizen."""
        return frozenset([one.id for one in services if evaluate(one.eligible, holdings).truth is Truth.NOT_MET])

    def today(self) -> date:
        """The date where the citizen is."""
        return datetime.fromtimestamp(self.context.now(), UTC).astimezone().date()

    def _marks(self) -> dict[str, About]:
        return marks_about(self.wishes())

    def _shown(self, services: tuple[Service, ...]) -> tuple[ServiceShown, ...]:
        return tuple([service_shown(one, self.context.language) for one in services])

    def _decide(self, decide: Callable[[ServiceWishes], ServiceWishes]) -> Exchange[None]:
        # Nothing of it is in the log: that somebody looks for help is theirs alone
        yield from self.context.save(put=[decide(self.wishes())])
