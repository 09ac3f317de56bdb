"""`hoheit wallet forward`: who takes a document, what each of them would get, and what became of each."""

from __future__ import annotations

from typing import NoReturn

import typer

from protocol.errors import Conflict
from wallet.cli.presenting import Choice, pick, show_asker, show_choice
from wallet.cli.session import OpenSession
from wallet.forwarding_words import ForwardingWords
from wallet.policy.documents import Document
from wallet.policy.standing import HowLong
from wallet.service.forwarding import Fate, ForwardedTo, RecipientAsked, Recipients
from wallet.service.services.catalogue import NoServices


def forward_document(session: OpenSession, name: str, recipients: tuple[str, ...], again: HowLong | None) -> None:
    """From a document to what became of each recipient; nothing leaves before all of them were decided on.

    Raises:
        NotFound: no such document, or a service that does not take it.
    """
    if not recipients:
        _say_takers(session, name)
        return
    asked = ask_takers(session, name, recipients)
    chosen = decide_all(session, asked)
    done = session.run(session.wallet.forwarding.send(asked, chosen))
    if not chosen:
        session.refuse()
    arranged = _arrange(session, asked, done, chosen, again) if again is not None else ()
    tell(session, asked, done, arranged)


def ask_takers(session: OpenSession, name: str, recipients: tuple[str, ...]) -> Recipients:
    """Ask services what they want of a document; without a list of services it says why, and nobody is asked.

    Raises:
        NotFound: no such document, or a service that does not take it.
    """
    document = _find(session, name)
    try:
        return session.run(session.wallet.forwarding.ask(document, recipients))
    except NoServices as error:
        _no_services(session, error)


def _find(session: OpenSession, name: str) -> Document:
    """A document, once the list of services is as new as it has to be."""
    published = session.wallet.context.published
    if published is not None:
        session.run(published.when_due())
    return session.wallet.keeping.find(name)


def _arrange(
    session: OpenSession,
    asked: Recipients,
    done: tuple[ForwardedTo, ...],
    chosen: dict[str, Choice],
    again: HowLong,
) -> tuple[str, ...]:
    """Have it prepared again for everybody who got it; the ids of the orders."""
    words, standing = session.words, session.wallet.standing
    ids: list[str] = []
    limit = again.limit(session.wallet.context.now())
    for one in done:
        if one.fate is not Fate.ARRIVED:
            continue
        try:
            kept = session.run(standing.give(asked, one.service.id, chosen[one.service.id], limit))
        except Conflict as error:
            who = one.service.provider
            session.warn(words("This cannot be arranged for %(who)s: %(why)s", who=who, why=error.description))
        else:
            ids.append(kept.id)
    return tuple(ids)


def decide_all(session: OpenSession, asked: Recipients) -> dict[str, Choice]:
    """What each of them gets, by service id; whoever gets nothing is not in it."""
    say = ForwardingWords(session.words)
    for one in asked.out:
        session.warn(say.not_asked(one))
    chosen = {}
    for recipient in asked.asked:
        choice = _decide(session, recipient)
        if choice is not None:
            chosen[recipient.begun.service.id] = choice
    return chosen


def _say_takers(session: OpenSession, name: str) -> None:
    words, document = session.words, _find(session, name)
    try:
        found = session.wallet.forwarding.recipients(document)
    except NoServices as error:
        _no_services(session, error)
    for one in found:
        session.say(f"{one.service.provider}  ({one.service.name})", "bold")
        if one.known:
            session.say(f"  {words('You gave them something before')}")
        session.say(f"  {one.service.summary}")
        session.say(f"  {one.service.id}", "dim")
    if not found:
        session.say(words("In the list of services, nobody takes this document without being asked first."))
    session.answer(
        {
            "recipients": [
                {"id": one.service.id, "provider": one.service.provider, "name": one.service.name, "known": one.known}
                for one in found
            ]
        }
    )


def _decide(session: OpenSession, recipient: RecipientAsked) -> Choice | None:
    """What one of them gets; None: nothing."""
    words, seen = session.words, recipient.seen
    session.say()
    show_asker(session, seen.consent)
    if recipient.begun.beyond:
        things = words.things(recipient.begun.beyond)
        session.warn(words("They ask for more than they announced: %(things)s", things=things))
    if not seen.consent.standing.answerable:
        session.say(words("They get nothing."))
        return None
    if not recipient.can_be_sent:
        session.say(words("You do not have everything that they need. They get nothing."))
        return None
    if session.yes:
        if recipient.needs_thought and not session.settings.automatic_consent:
            session.warn(words("Here a person has to decide, so they get nothing; leave out --yes."))
            return None
        return seen.default_choice() or None
    choice = pick(session, seen)
    if choice is None:
        return None
    show_choice(session, seen.consent, choice)
    keys = {words("y"): words("Yes, to them too"), words("n"): words("No, not to them")}
    question = words("Shall %(who)s get exactly this?", who=seen.consent.recipient)
    return choice if session.choose(question, keys) == words("y") else None


def tell(
    session: OpenSession, asked: Recipients, done: tuple[ForwardedTo, ...], arranged: tuple[str, ...] = ()
) -> None:
    """What became of each."""
    say_what_became(session, asked, done)
    session.answer({**as_json_of(asked, done), "orders": list(arranged)})


def say_what_became(session: OpenSession, asked: Recipients, done: tuple[ForwardedTo, ...]) -> None:
    """The same in words alone."""
    say = ForwardingWords(session.words)
    session.say()
    session.say(say.outcome(done, asked.out), "bold")
    for one in done:
        session.say(say.fate(one))
        if one.redirect_uri and not session.options.as_json:
            session.say(session.words("They ask you to go on here: %(url)s", url=one.redirect_uri))


def as_json_of(asked: Recipients, done: tuple[ForwardedTo, ...]) -> dict[str, object]:
    """The same for programs."""
    return {
        "forwarded": [
            {
                "service": one.service.id,
                "outcome": one.fate.value,
                "redirect_uri": one.redirect_uri or None,
                "log": one.log_number or None,
            }
            for one in done
        ],
        "not_asked": [{"service": one.service.id, "error": one.problem.code} for one in asked.out],
    }


def _no_services(session: OpenSession, error: NoServices) -> NoReturn:
    session.answer({"error": error.problem.value})
    session.warn(ForwardingWords(session.words).problem(error.problem))
    raise typer.Exit(1)
