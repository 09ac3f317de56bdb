"""Forwarding a document: pick who shall get it, see what each would get, and what became of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from urllib.parse import quote, urlsplit

from fastapi import Response

from protocol.errors import InvalidRequest, NotFound
from protocol.exchange import Exchange
from runtime.routes import Router
from wallet.forwarding_words import ForwardingWords
from wallet.policy.choosing import Choice, ChoiceMissing, NothingChosen, read_choice, ways_of
from wallet.policy.documents import Document
from wallet.policy.forwarding import MAX_AT_ONCE, first_choice
from wallet.policy.presenting import LogDamaged
from wallet.policy.showing import credential_name, plain
from wallet.policy.standing import labels_of
from wallet.service.forwarding import Fate, ForwardedTo, Recipients
from wallet.service.services.catalogue import NoServices
from wallet.service.standing import OrdersAsked
from wallet.web.activity import what_happened
from wallet.web.locked import WhenLocked
from wallet.web.receiving import read_answer
from wallet.web.room import Inside, Visit, redirect


@dataclass(frozen=True, slots=True)
class ForwardingWaiting:
    """What each recipient would get; the user has not answered yet."""

    recipients: Recipients
    language: str  # in which it was put into words
    asked: OrdersAsked | None = None  # by which standing orders they were asked; None: the user picked them


@dataclass(frozen=True, slots=True)
class ForwardingOver:
    """The user answered: what became of each."""

    done: tuple[ForwardedTo, ...]
    recipients: Recipients
    chosen: Mapping[str, Choice]  # by service id
    by_order: bool  # of a standing order


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A form below what became of each, that came back without all that it asks; it is shown again as it was filled in."""

    of: str  # again: the wallet prepares it; office: whoever gave the document sends it
    form: Mapping[str, str]
    nobody: bool  # nobody was chosen; otherwise it is not said for how long


def forwarding_pages() -> Router:
    """Every page of forwarding."""
    router = Router(include_in_schema=False)
    _add_picking(router)
    _add_consent(router)
    return router


def _add_picking(router: Router) -> None:
    @router.get("/cards/{card_id}/forward")
    async def pick(card_id: str, visit: Inside) -> Response:
        return _pick_page(visit, _document(visit, card_id))

    @router.post("/cards/{card_id}/forward")
    async def ask(card_id: str, visit: Inside) -> Response:
        form = await visit.form()
        document = _document(visit, card_id)
        try:
            found = visit.wallet.forwarding.recipients(document)
        except NoServices:
            return _pick_page(visit, document)
        named = {one.service.id for one in found if f"to-{visit.room.tickets.of('service', one.service.id)}" in form}
        picked = [one.service.id for one in found if one.service.id in named]
        if not picked or len(picked) > MAX_AT_ONCE:
            return _pick_page(visit, document, named, "many" if picked else "none")
        recipients = await visit.run(visit.wallet.forwarding.ask(document, picked))
        return put_waiting(visit, recipients)


def _add_consent(router: Router) -> None:
    @router.get("/forward/{number}")
    async def stand(number: str, visit: Inside) -> Response:
        waiting = visit.shelf.look(number, ForwardingWaiting)
        if waiting.language != visit.wallet.context.language:
            with visit.shelf.answering(number, ForwardingWaiting, _page_of(number)):
                again = await visit.run(visit.wallet.forwarding.look_again(waiting.recipients))
                return put_waiting(visit, again, waiting.asked)
        return _consent_page(visit, number, waiting, _first_form(waiting.recipients))

    @router.post("/forward/{number}")
    async def answer(number: str, visit: Inside) -> Response:
        form = await visit.form()
        waiting = visit.shelf.look(number, ForwardingWaiting)
        recipients = waiting.recipients
        chosen: dict[str, Choice] = {}
        if read_answer(form):
            try:
                chosen = _chosen(recipients, form)
            except ChoiceMissing as error:
                problem = "none" if isinstance(error, NothingChosen) else "missing"
                return _consent_page(visit, number, waiting, form, problem)
        try:
            with visit.shelf.answering(number, ForwardingWaiting, _page_of(number)):
                when = WhenLocked.SHARED if chosen else WhenLocked.NOT_DONE
                done = await visit.run(_sending(visit, waiting, chosen), when, when)
                over = ForwardingOver(done, recipients, chosen, by_order=waiting.asked is not None)
                visit.shelf.replace(number, over)
        except LogDamaged:
            return _consent_page(visit, number, waiting, form)
        return redirect(f"{_page_of(number)}/done")

    @router.post("/forward/{number}/ask-register/{place:int}")
    async def ask_register(number: str, place: int, visit: Inside) -> Response:
        await visit.form()
        with visit.shelf.answering(number, ForwardingWaiting, _page_of(number)) as waiting:
            again = await visit.run(visit.wallet.forwarding.ask_register(waiting.recipients, place))
            return put_waiting(visit, again, waiting.asked)

    @router.get("/forward/{number}/done")
    async def over(number: str, visit: Inside) -> Response:
        return done_page(visit, number, visit.shelf.look(number, ForwardingOver))


def done_page(visit: Visit, number: str, over: ForwardingOver, unfinished: Unfinished | None = None) -> Response:
    """What became of each, and below how it can go on. `unfinished`: one of the forms there came without all that it asks."""
    return visit.page(
        "forward_done.html", status=200 if unfinished is None else 400, number=number, done=over.done,
        out=over.recipients.out, host=_host, say=ForwardingWords(visit.words), again=can_be_repeated(visit, over),
        unfinished=unfinished, called=visit.wallet.forwarding.called, offices=offices_of(visit, over),
    )  # fmt: skip


def put_waiting(visit: Visit, recipients: Recipients, asked: OrdersAsked | None = None) -> Response:
    """Lay it there under a number of its own, so that no older page can answer it."""
    waiting = ForwardingWaiting(recipients, visit.wallet.context.language, asked)
    return redirect(_page_of(visit.shelf.put(waiting)))


def can_be_repeated(visit: Visit, over: ForwardingOver) -> list[bool]:
    """For each recipient, whether what it got can be prepared for it again when it changes."""
    standing = visit.wallet.standing
    return [
        not over.by_order
        and one.fate is Fate.ARRIVED
        and standing.can_be_given(over.recipients, one.service.id, over.chosen[one.service.id])
        for one in over.done
    ]


def offices_of(visit: Visit, over: ForwardingOver) -> list[str]:
    """For each recipient, who could send changes of what it got by themselves; empty: nobody."""
    mandates = visit.wallet.mandates
    return [
        mandates.office(over.recipients, one.service.id, over.chosen[one.service.id])
        if not over.by_order and one.fate is Fate.ARRIVED
        else ""
        for one in over.done
    ]


def _sending(
    visit: Visit, waiting: ForwardingWaiting, chosen: Mapping[str, Choice]
) -> Exchange[tuple[ForwardedTo, ...]]:
    if waiting.asked is None:
        return visit.wallet.forwarding.send(waiting.recipients, chosen)
    return visit.wallet.standing.send(replace(waiting.asked, recipients=waiting.recipients), chosen)


def _pick_page(visit: Visit, document: Document, picked: set[str] | None = None, problem: str = "") -> Response:
    values: dict[str, object] = {"no_list": None, "found": ()}
    try:
        values["found"] = visit.wallet.forwarding.recipients(document)
    except NoServices as error:
        values["no_list"] = error.problem
    return visit.page(
        "forward.html", status=400 if problem else 200, card=visit.wallet.keeping.shown(document), problem=problem,
        picked=picked or set(), most=MAX_AT_ONCE, ticket=partial(visit.room.tickets.of, "service"),
        say=ForwardingWords(visit.words), **values,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _News:
    """What is other in a document than when a recipient got it last; how each is called."""

    changed: tuple[str, ...]
    missing: tuple[str, ...]


def _news(waiting: ForwardingWaiting) -> list[_News | None]:
    """For each recipient; None: it got nothing by an order before."""
    asked, document = waiting.asked, waiting.recipients.document
    if asked is None:
        return [None] * len(waiting.recipients.asked)
    prepared = [asked.prepared[one.begun.service.id][1] for one in waiting.recipients.asked]
    return [
        _News(*[labels_of(document, paths, waiting.language) for paths in (one.changed, one.missing)])
        for one in prepared
    ]


def _consent_page(
    visit: Visit, number: str, waiting: ForwardingWaiting, form: Mapping[str, str], problem: str = ""
) -> Response:
    recipients = waiting.recipients
    asked = recipients.asked
    described = recipients.document.forms[0].described()
    return visit.page(
        "forward_consent.html", status=400 if problem else 200, number=number, asked=asked, out=recipients.out,
        ways=[ways_of(one.seen.consent) for one in asked], form=form, problem=problem, news=_news(waiting),
        by_order=waiting.asked is not None,
        sendable=any(one.can_be_sent for one in asked), log_damaged=what_happened(visit) is None,
        document=credential_name(described, visit.wallet.context.language), say=ForwardingWords(visit.words),
    )  # fmt: skip


def _first_form(recipients: Recipients) -> dict[str, str]:
    """What the page has at first: whoever was picked is ticked, but for those about whom there is something to read."""
    form = {}
    for place, one in enumerate(recipients.asked):
        if one.can_be_sent and not one.needs_thought:
            form[f"to-{place}"] = "yes"
        for name, value in first_choice(one.seen.consent, recipients.ids).items():
            form[f"{place}-{name}"] = value
    return form


def _chosen(recipients: Recipients, form: Mapping[str, str]) -> dict[str, Choice]:
    """What each of those who are ticked gets.

    Raises:
        ChoiceMissing: nobody is ticked, or something that is needed was not chosen.
        InvalidRequest: the form names something that is not on the page.
    """
    chosen = {}
    for place, one in enumerate(recipients.asked):
        if f"to-{place}" not in form:
            continue
        if not one.can_be_sent:
            raise InvalidRequest("the form names something that is not on the page; nothing was sent")
        own = {name.removeprefix(f"{place}-"): text for name, text in form.items() if name.startswith(f"{place}-")}
        choice = read_choice(one.seen.consent, own)
        one.seen.match.choose(choice)
        chosen[one.begun.service.id] = choice
    if not chosen:
        raise NothingChosen("nobody was chosen; nothing was sent")
    return chosen


def _document(visit: Visit, card_id: str) -> Document:
    """The document with a form of exactly this id.

    Raises:
        NotFound: there is none.
    """
    for document in visit.wallet.keeping.documents():
        if any(form.id == card_id for form in document.forms):
            return document
    raise NotFound("this document is not there any more")


def _page_of(number: str) -> str:
    return f"/forward/{quote(number, safe='')}"


def _host(url: str) -> str:
    return plain(urlsplit(url).netloc)
