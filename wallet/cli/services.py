"""`hoheit wallet services …`: look for services, have them suggested, and plan the way to one."""

from __future__ import annotations

from typing import NoReturn

import typer

from protocol.errors import NotFound
from protocol.sovereignty.journey import goals_for
from protocol.sovereignty.service import LifeEvent
from wallet.cli.options import Options
from wallet.cli.session import OpenSession, open_session
from wallet.policy.services.showing import JourneyShown, ProofShown, ServiceShown, SuggestionShown
from wallet.service.services.catalogue import NoServices
from wallet.service.services.journeys import NoPlan
from wallet.service_words import ServiceWords, event_names


def list_services(options: Options, word: str) -> None:
    """Show every service, or those that somebody looks for."""
    with open_session(options) as session:
        say = _prepared(session)
        catalogue = session.wallet.services.catalogue
        try:
            found = catalogue.search(word, event_names()) if word else catalogue.everything()
        except NoServices as error:
            _no_services(session, say, error)
        _say_problems(session, say)
        for one in found:
            _say_service(session, one)
        if not found:
            session.say(session.words("Nothing was found. Try another word, or only the beginning of it."))
        session.answer({"services": [_service(one) for one in found]})


def suggest_services(options: Options, switch: bool | None) -> None:
    """Show what fits; `switch` turns suggestions on or off first."""
    with open_session(options) as session:
        say = _prepared(session)
        catalogue = session.wallet.services.catalogue
        if switch is not None:
            session.run(catalogue.switch(on=switch))
        if not catalogue.wishes().suggestions:
            session.answer(
                {"suggestions": None},
                session.words("Suggestions are off. To switch them on: hoheit wallet services suggest --on"),
            )
            return
        try:
            found = session.run(catalogue.suggestions())
        except NoServices as error:
            _no_services(session, say, error)
        _say_problems(session, say)
        rank = None
        for one in found:
            if one.rank is not rank:
                rank = one.rank
                session.say()
                session.say(say.rank(rank), "bold")
            _say_suggestion(session, say, one)
        if not found:
            session.say(session.words("Nothing fits right now. With more documents, there will be more."))
        session.answer({"suggestions": [_suggestion(one) for one in found]})


def plan_services(options: Options, wanted: list[str], *, begin: bool, whom: str = "") -> None:
    """Show the way to services, or to everything of a life event; `begin`: and keep the plan; `whom`: for whom it is."""
    with open_session(options) as session:
        say = _prepared(session)
        services = session.wallet.services
        try:
            event = LifeEvent(wanted[0]) if wanted[0] in tuple(LifeEvent) and len(wanted) == 1 else None
            goals = goals_for(services.catalogue.services(), event) if event is not None else tuple(wanted)
            if not goals:
                raise NotFound("there is no service for this life event")
            plan = session.run(services.journeys.preview(goals, event))
            chosen = _whom(session, say, plan, whom) if whom else ""
            if begin:
                kept = session.run(services.journeys.begin(goals, event, chosen))
                plan = session.run(services.journeys.show(kept.id))
            elif chosen:
                plan = session.run(services.journeys.preview(goals, event, chosen))
        except NoServices as error:
            _no_services(session, say, error)
        except NoPlan:
            session.warn(
                session.words(
                    "The services on the way need each other, so your wallet finds no order for them. Nothing was lost."
                )
            )
            raise typer.Exit(1) from None
        _say_plan(session, say, plan)
        session.answer({"plan": _plan(plan)})


def _whom(session: OpenSession, say: ServiceWords, plan: JourneyShown, typed: str) -> str:
    """The option that somebody names: by the name, or by `me` or `new`."""
    for one in plan.aimed.options:
        if typed.casefold() in (one.name.casefold(), one.id):
            return one.id
    names = [say.whom(one.id, one.name) for one in plan.aimed.options]
    session.warn(session.words("The plan cannot be for that person. It can be: %(names)s", names="; ".join(names)))
    raise typer.Exit(1)


def _prepared(session: OpenSession) -> ServiceWords:
    """Fetch what the registrar publishes if it is time, whatever is asked then."""
    published = session.wallet.context.published
    if published is not None:
        session.run(published.when_due())
    return ServiceWords(session.words)


def _say_problems(session: OpenSession, say: ServiceWords) -> None:
    """Why the list is not the newest, and what is left out of it."""
    catalogue = session.wallet.services.catalogue
    problem, left_out = catalogue.problem(), catalogue.left_out()
    if problem is not None:
        session.warn(say.problem(problem))
    if left_out:
        session.warn(say.left_out(left_out))


def _no_services(session: OpenSession, say: ServiceWords, error: NoServices) -> NoReturn:
    session.answer({"error": error.problem.value})
    session.warn(say.problem(error.problem))
    raise typer.Exit(1)


def _say_service(session: OpenSession, one: ServiceShown) -> None:
    session.say(f"{one.name}  ({one.provider})", "bold")
    session.say(f"  {one.summary}")
    session.say(f"  {one.id}", "dim")


def _say_suggestion(session: OpenSession, say: ServiceWords, one: SuggestionShown) -> None:
    _say_service(session, one.service)
    for reason in one.reasons:
        session.say(f"  {'✓' if reason.good else '✗' if reason.known else '?'} {say.reason(reason)}")
    for proof in one.missing:
        session.say(f"  {session.words('Missing:')} {say.proof(proof)}")


def _say_plan(session: OpenSession, say: ServiceWords, plan: JourneyShown) -> None:
    words, found = session.words, plan.aimed
    if found.asks:
        names = "; ".join([say.whom(one.id, one.name) for one in found.options])
        session.warn(words("Say for whom it is, by a name, me or new: --for NAME. It can be: %(names)s", names=names))
    elif found.chosen:
        session.say(say.plan_for(found))
    for number, step in enumerate(plan.steps, 1):
        session.say()
        session.say(f"{number}. {step.service.name}  ({step.service.provider})", "bold")
        lines = [
            *([say.whom(found.chosen, found.name)] if step.about_other and found.chosen else []),
            *[words("You have: %(name)s", name=name) for name in step.at_hand],
            *[words("Comes on the way, from the step: %(name)s", name=name) for name in step.fetched],
            *[words("Still to come, from: %(name)s", name=name) for name in step.awaited],
            *[words("You need from elsewhere: %(what)s", what=say.proof(proof)) for proof in step.elsewhere],
        ]
        for line in lines:
            session.say(f"  {line}")
        new = [one.title for one in step.questions if not one.asked_before]
        if new:
            session.say(f"  {words('You will be asked:')} {', '.join(new)}")


def _service(one: ServiceShown) -> dict[str, object]:
    return {
        "id": one.id,
        "name": one.name,
        "provider": one.provider,
        "summary": one.summary,
        "life_events": [event.value for event in one.events],
    }


def _proof(proof: ProofShown) -> dict[str, object]:
    return {
        "types": [named.name for named in proof.types],
        "renew": proof.renew,
        "given_by": [giver.id for giver in proof.givers],
    }


def _suggestion(one: SuggestionShown) -> dict[str, object]:
    return {
        **_service(one.service),
        "rank": one.rank.name.lower(),
        "reasons": [{"text": reason.text, "known": reason.known, "good": reason.good} for reason in one.reasons],
        "missing": [_proof(proof) for proof in one.missing],
        "unclear": one.unclear,
    }


def _plan(plan: JourneyShown) -> dict[str, object]:
    return {
        "id": plan.id or None,
        "for": plan.aimed.chosen or None,
        "can_be_for": [{"id": one.id, "name": one.name} for one in plan.aimed.options],
        "steps": [
            {
                "service": step.service.id,
                "at_hand": list(step.at_hand),
                "fetched": list(step.fetched),
                "elsewhere": [_proof(proof) for proof in step.elsewhere],
                "asks": [one.field.name for one in step.questions if not one.asked_before],
            }
            for step in plan.steps
        ],
    }
