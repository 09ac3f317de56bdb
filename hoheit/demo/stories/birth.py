"""A child is born: from a suggestion to everything that comes with it, and then one partner erases what it got.

Every service is the real one: its question, its form, its clerk's desk. The wallet checks the receipt and the partner's log
after each of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from hoheit.demo.browsing import REMARK, Browser, Page
from hoheit.demo.confirming import follow_last
from hoheit.demo.databases import append_usage_early, tables_with
from hoheit.demo.places import (
    AGENCIES,
    CITIZEN,
    FAMILIES,
    GYMNASTS,
    HEALTH_COUNTER,
    TOWN_HALL,
    WORK,
    Partner,
)
from hoheit.demo.programs import ask_api
from hoheit.demo.setting_up import Town
from protocol.encoding import JsonObject, encode_json
from protocol.errors import Conflict, NotAuthentic, NotFound, Unreachable
from protocol.oid4vp.answer import Delivered
from protocol.sovereignty.rights import Right
from protocol.sovereignty.rights_status import State
from protocol.sovereignty.service import LifeEvent, Service
from protocol.sovereignty.suggestions import Rank
from protocol.sovereignty.usage import Action
from protocol.trust.localized import in_language
from wallet.disclosure_records import Disclosure
from wallet.policy.cockpit.disclosed import entry_of, receipt_of
from wallet.policy.cockpit.rights import Wish, status_of
from wallet.policy.services.showing import JourneyShown, StepShown
from wallet.service import Wallet
from wallet.service.opened import OpenWallet
from wallet.service.seen import RequestSeen
from wallet.service.services.starting import BegunService

CHILD = "ben"
GYM = "toddler-gym"
ACTS_FOR = (
    "representation-parent"  # is about Erika, and the birth certificate about Ben: it comes by an offer of its own
)
GOALS = ("birth-certificate", "child-benefit", "parental-allowance", "day-care", "family-insurance", GYM)


class Stop(NamedTuple):
    """A service on the way, with what is particular about it here."""

    service: str
    place: Partner
    who: str  # in the middle of a sentence
    what: str  # likewise
    answers: tuple[tuple[str, str], ...] = ()  # to what it asks in addition
    about: str = CITIZEN  # whom the documents that come of it speak of
    says: str = "Granted."  # the clerk


STOPS = (
    Stop("birth-certificate", TOWN_HALL, "the town hall", "the birth certificate", about=CHILD,
         says="All the best for you and Ben. Here is his certificate."),
    Stop("child-benefit", FAMILIES, "the family office", "child benefit", (("iban", "DE02120300000000202051"),),
         says="You get 259 euros each month."),
    Stop("work-record", WORK, "the office for work", "proof of her income", says="Here is what is known of your work."),
    Stop("parental-allowance", FAMILIES, "the family office", "parental allowance", (("months", "12"),),
         says="You get it for twelve months."),
    Stop("address-proof", TOWN_HALL, "the town hall", "proof of where she lives", says="Here is your proof."),
    Stop("day-care", FAMILIES, "the family office", "a place in day care", (("starts_on", "2027-11-01"),), CHILD,
         says="Ben has a place from November on."),
    Stop("family-insurance", HEALTH_COUNTER, "the health fund", "insurance for Ben", about=CHILD,
         says="Ben is insured with you."),
    Stop(GYM, GYMNASTS, "the gymnastics club", "gym for little ones", (("weekday", "friday"),), says="See you on Friday."),
)  # fmt: skip

# What stays at a partner of data that is gone: that it was there, and what was done with it; none of these has a value
TRACES = frozenset(("cockpit_receipts", "cockpit_rights", "usage_receipts", "usage_entries", "usage_news"))
_CASE = re.compile(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}\b")

Scene = tuple[str, Callable[[], list[str]]]  # what happens, and what does it


@dataclass(slots=True)
class Birth:
    """The story, played with the citizen's own wallet and with browsers for her and for the clerks."""

    town: Town
    opened: OpenWallet
    journey: str = ""  # id of her plan
    planned: tuple[str, ...] = ()  # services
    case: str = ""  # number of the case that was sent last
    case_page: str = ""
    given: list[str] = field(default_factory=list)  # ids of her answers, the last one to the club
    browser: Browser = field(default_factory=Browser)
    clerks: dict[str, Browser] = field(default_factory=dict)  # by place: signed in

    def scenes(self) -> Iterator[Scene]:
        """Each scene, in its order."""
        yield "Ben is born. Erika switches suggestions on, and her wallet finds what fits by itself", self._suggest
        yield "She plans what comes with a birth, and gym for little ones beside it", self._plan
        for stop in STOPS:
            # What she has already is no step of her plan
            if stop.service in self.planned:
                yield f"Erika asks {stop.who} for {stop.what}", partial(self._apply, stop)
                yield (
                    f"A clerk of {stop.who} decides, and Erika sees what was done",
                    partial(self._decide, stop),
                )
        yield "Everything is there, so the plan is done", self._arrive
        yield "Ben does not like it: Erika asks the gymnastics club to erase what it has", self._ask_to_erase
        yield "It is erased, and the club's log proves that it says so", self._see_it_erased

    @property
    def wallet(self) -> Wallet:
        """The citizen's."""
        return self.opened.wallet

    def _suggest(self) -> list[str]:
        catalogue, run = self.wallet.services.catalogue, self.opened.run
        published = self.wallet.context.published
        if published is not None:
            run(published.when_due())
        services = catalogue.services()
        run(catalogue.switch(on=True))
        found = [one for one in run(catalogue.suggestions()) if LifeEvent.BIRTH in one.service.events]
        ready = [one.service.name for one in found if one.rank is Rank.AT_HAND]
        if not ready:
            raise NotFound("nothing is suggested for a birth")
        return [
            f"the register published {len(services)} services, the same list for everybody",
            "what fits is found in the wallet: nobody learns that it was looked for",
            f"everything is at hand for: {', '.join(ready)}",
        ]

    def _plan(self) -> list[str]:
        journeys, run = self.wallet.services.journeys, self.opened.run
        kept = run(journeys.begin(GOALS, LifeEvent.BIRTH))
        self.journey = kept.id
        plan = self._shown()
        self.planned = tuple([step.service.id for step in plan.steps])
        if too_many := [step.service.name for step in plan.steps if len(_new(step)) > 1]:
            raise Conflict(f"more than one question: {', '.join(too_many)}")
        return [f"{number}. {_step_line(step)}" for number, step in enumerate(plan.steps, 1)]

    def _apply(self, stop: Stop) -> list[str]:
        services, run = self.wallet.services, self.opened.run
        self._check_next(stop)
        service = services.catalogue.find(stop.service)
        run(services.journeys.note(self.journey, service.id, dict(stop.answers)))
        seen = run(services.starting.start(service))
        begun = services.starting.begun(service, seen, self.journey)
        if begun.beyond:
            raise NotAuthentic("more is asked than was announced")
        noted = services.noted(seen, begun)
        shared = run(self.wallet.presenting.share(seen, seen.default_choice(), noted))
        if not isinstance(shared.delivery, Delivered) or shared.redirect_uri is None:
            raise Unreachable("the answer did not arrive")
        run(services.answered(seen.digest, begun))
        form = run(self.browser.open(shared.redirect_uri))
        return [
            f"her wallet shows: {', '.join(_shown_documents(seen))}",
            *self._send(stop, service, begun, form),
        ]

    def _send(self, stop: Stop, service: Service, begun: BegunService, page: Page) -> list[str]:
        """Fill in what is left of a form, look through it, and send it."""
        run, form = self.opened.run, page.form("/form")
        attested = [name for name in form.names if name.startswith(REMARK)]
        left = [name for name in form.names if name not in attested]
        if left != [name for name, _ in stop.answers]:
            raise Conflict(f"the form of {begun.service.name} asks for something else")
        titles = {one.name: one.title for one in (service.asks.fields if service.asks is not None else ())}
        if not set(left) <= titles.keys():
            raise Conflict("the form asks what was not announced")
        if {name: form.filled.get(name) for name in left} != dict(stop.answers):
            raise Conflict(f"what the plan was told does not stand in the form of {begun.service.name}")
        review = run(self.browser.send(form, form.filled))
        sent = run(self.browser.send(review.form("/send"), {}))
        self.case_page, self.case = sent.url, _case_number(sent)
        asked = [f"“{in_language(titles[name], 'en')}”" for name in left]
        return [
            f"the form is filled in from it: {len(attested)} answers, each with a seal",
            f"one thing is left to say: {asked[0]}, and it stands there already, as she told her plan"
            if asked
            else "nothing is left to fill in",
            f"sent; the number of the case is {self.case}",
        ]

    def _decide(self, stop: Stop) -> list[str]:
        """A clerk reads the case and grants it; the wallet looks at receipt and log, and gets what comes of it."""
        run, service = self.opened.run, self.wallet.services.catalogue.find(stop.service)
        offer = self._offer(stop, service)
        clerk = self._clerk(stop.place)
        page = run(clerk.open(f"{self.town.address(stop.place)}/desk/cases/{self.case}"))
        decision = {"state": "granted", "text": stop.says, **({"offer": offer} if offer else {})}
        decided = run(clerk.send(page.form(f"/cases/{self.case}"), decision))
        if stop.says not in decided.text:
            raise Unreachable("the case was not decided")
        followed = follow_last(self.opened)
        [*_, disclosure] = self.wallet.cockpit.disclosures()
        self.given.append(disclosure.id)
        self._check_said(disclosure, Action.RECEIVED, Action.VIEWED, Action.DECIDED)
        [news] = disclosure.usage.news
        if stop.says not in dict(news.text).values() or news.offer != offer:
            raise NotAuthentic("the wallet heard something else than the clerk said")
        return [*followed, f"news in her wallet: “{stop.says}”", *self._receive(news.offer)]

    def _offer(self, stop: Stop, service: Service) -> str:
        """What the office that issues it offers, as a link; empty: the service gives nothing."""
        types = offered_types(service)
        if not types:
            return ""
        issuer = next(one for one in AGENCIES if self.town.address(one) == service.gives[0].issuer)
        body: JsonObject = {
            "credential_configuration_ids": [*types],
            "subject": stop.about,
            "grant": "pre-authorized_code",
            "tx_code": False,  # nobody else hears of it: the case tells her wallet
            "by_reference": True,
        }
        url, key = f"{self.town.address(issuer)}/api/offers", self.town.api_key(issuer)
        return self.opened.run(ask_api("POST", url, key, encode_json(body))).text("uri")

    def _receive(self, offer: str) -> list[str]:
        if not offer:
            return []
        receiving, run = self.wallet.receiving, self.opened.run
        seen = run(receiving.look(offer))
        arrived = run(receiving.fetch(run(receiving.take(seen)), seen.contact))
        run(receiving.keep(arrived))
        if arrived.failed or not arrived.documents:
            raise Unreachable("not everything that was offered was received")
        return [f"she puts it into her wallet: {', '.join(item.shown.name for item in arrived.documents)}"]

    def _arrive(self) -> list[str]:
        plan = self._shown()
        if not plan.over:
            raise Conflict("something is left to do in the plan")
        given = [self.wallet.cockpit.find(one) for one in self.given]
        if len(given) != len(plan.done) or any(receipt_of(one) is None or not one.usage.uses for one in given):
            raise NotFound("something has no receipt, or nobody says what was done with it")
        return [
            f"{len(plan.done)} services, {len(given)} receipts; what each did since stands beside it in her activity"
        ]

    def _ask_to_erase(self) -> list[str]:
        disclosure = self.wallet.cockpit.find(self.given[-1])
        if tables_with(self.town, GYMNASTS, _receipt_id(disclosure)) <= TRACES:
            raise NotFound("the club has nothing that could be erased")
        followed = self.opened.run(self.wallet.cockpit.rights.ask(disclosure, Wish(Right.ERASURE)))
        if followed.error is not None:
            raise followed.error
        status = status_of(followed.asked)
        if status is None or status.state is not State.DONE:
            raise Conflict("it was not erased at once")
        return [
            "she needs no name and no password: the key of that one answer is enough",
            "the club needs it for nothing any more, so it is done at once; the answer is signed",
        ]

    def _see_it_erased(self) -> list[str]:
        append_usage_early(self.town, GYMNASTS)
        run, cockpit = self.opened.run, self.wallet.cockpit
        looked = run(cockpit.ask(cockpit.find(self.given[-1])))
        if looked.error is not None or looked.disclosure.usage.findings:
            raise NotAuthentic("something is wrong with what the club says")
        disclosure = looked.disclosure
        self._check_said(disclosure, Action.ERASED)
        unproven = [use.n for use in disclosure.usage.uses if not use.in_tree]
        if unproven:
            raise NotAuthentic("the log does not prove what it says")
        if left := tables_with(self.town, GYMNASTS, _receipt_id(disclosure)) - TRACES:
            raise Conflict(f"something is left in the club's database: {', '.join(sorted(left))}")
        page = run(self._clerk(GYMNASTS).open(f"{self.town.address(GYMNASTS)}/desk/cases/{self.case}"))
        own = run(self.browser.open(self.case_page))
        if (page.status, own.status) != (404, 404):
            raise Conflict("the case is still there")
        return [
            f"all {len(disclosure.usage.uses)} lines of the club about it stand in its log, and her wallet checked the proof",
            "nobody can take that back without being noticed: the register keeps what the log was like each hour",
            "in the club's database are her receipt, the log and what she asked; nothing else is left of it",
            f"at the club's desk there is no case {self.case} any more, and its page is gone",
        ]

    def _clerk(self, place: Partner) -> Browser:
        """The browser of a clerk who is signed in."""
        if place.id not in self.clerks:
            clerk, run = Browser(), self.opened.run
            door = run(clerk.open(f"{self.town.address(place)}/desk"))
            run(clerk.send(door.form("/desk/login"), {"code": self.town.clerk_code(place)}))
            self.clerks[place.id] = clerk
        return self.clerks[place.id]

    def _check_next(self, stop: Stop) -> None:
        if not any(step.service.id == stop.service and step.ready for step in self._shown().steps):
            raise Conflict(f"the plan does not lead to {stop.what} now")

    def _shown(self) -> JourneyShown:
        return self.opened.run(self.wallet.services.journeys.show(self.journey))

    def _check_said(self, disclosure: Disclosure, *actions: Action) -> None:
        said = {entry_of(use).use.action for use in disclosure.usage.uses}
        if missing := [action for action in actions if action not in said]:
            raise NotFound(f"the partner does not say that it {' and '.join(missing)} the data")


def offered_types(service: Service) -> tuple[str, ...]:
    """What a clerk offers when a case is granted: an offer is about one person, and its outcome has one offer."""
    return tuple([one.configuration_id for one in service.gives if one.configuration_id != ACTS_FOR])


def _shown_documents(seen: RequestSeen) -> list[str]:
    """The names of what goes to the partner."""
    chosen = {held for ids in seen.default_choice().values() for held in ids}
    names = [one.name for question in seen.consent.questions for one in question.choices if one.held_id in chosen]
    return list(dict.fromkeys(names))


def _new(step: StepShown) -> list[str]:
    """What a step asks that nothing answers."""
    return [one.title for one in step.questions if not one.asked_before]


def _step_line(step: StepShown) -> str:
    """A step in one line."""
    coming = f"; comes on the way: {', '.join(step.fetched)}" if step.fetched else ""
    asked = f"; one question: “{_new(step)[0]}”" if _new(step) else "; no question"
    return f"{step.service.name}, {step.service.provider}{coming}{asked}"


def _receipt_id(disclosure: Disclosure) -> str:
    receipt = receipt_of(disclosure)
    if receipt is None:
        raise NotFound("there is no receipt")
    return receipt.id


def _case_number(page: Page) -> str:
    found = _CASE.search(page.text)
    if found is None:
        raise NotFound("the case has no number")
    return found.group()
