"""`hoheit wallet mandates`: what others send by themselves when their register changes; given, looked up, ended, deleted."""

from __future__ import annotations

from typing import NoReturn

import typer

from protocol.errors import Conflict, NotFound, ProtocolError
from protocol.sovereignty.mandate_status import ACTIVE
from wallet.cli.forwarding import as_json_of, ask_takers, decide_all, say_what_became
from wallet.cli.presenting import Choice
from wallet.cli.session import OpenSession, open_session
from wallet.forwarding_words import ForwardingWords
from wallet.policy.mandates import labels_sent
from wallet.service.forwarding import Fate, ForwardedTo, Recipients
from wallet.service.mandate_making import Span
from wallet.service.mandates import MandateShown

session_of = open_session


def list_mandates(session: OpenSession) -> None:
    """Every mandate, and how it stands as far as is known; nobody is asked."""
    words, shown = session.words, session.wallet.mandates.shown()
    for one in shown:
        _say(session, one)
    if not shown:
        session.say(words("Nobody sends anything for you by themselves."))
    session.answer({"mandates": [_as_json(one) for one in shown]})


def show_mandate(session: OpenSession, name: str) -> None:
    """How one stands now, by whoever sends it.

    Raises:
        NotFound: there is none of this id, or more than one that begins like this.
    """
    kept = _find(session, name).kept
    try:
        shown = session.run(session.wallet.mandates.look(kept.id))
    except ProtocolError as error:
        _failed(session, error, ForwardingWords(session.words).office_problem(error, kept.office))
    _say(session, shown)
    session.answer({"mandate": _as_json(shown)})


def give_mandates(session: OpenSession, name: str, recipients: tuple[str, ...], how_often: str) -> None:
    """Forward a document, and have its office forward what changes: each after a yes of its own.

    Raises:
        NotFound: no such document, or a service that does not take it.
    """
    asked = ask_takers(session, name, recipients)
    chosen = decide_all(session, asked)
    done = session.run(session.wallet.forwarding.send(asked, chosen))
    if not chosen:
        session.refuse()
    say_what_became(session, asked, done)
    told = [
        _give(session, asked, one, chosen[one.service.id], Span(how_often)) for one in done if one.fate is Fate.ARRIVED
    ]
    session.answer({**as_json_of(asked, done), "mandates": told})
    if any("error" in one for one in told):
        raise typer.Exit(1)


def end_mandate(session: OpenSession, name: str) -> None:
    """Stop one. It counts as stopped only once whoever sends it has said so.

    Raises:
        NotFound: there is none of this id, or more than one that begins like this.
    """
    kept = _find(session, name).kept
    try:
        shown = session.run(session.wallet.mandates.revoke(kept.id))
    except ProtocolError as error:
        _failed(session, error, ForwardingWords(session.words).not_stopped(error, kept.office))
    _say(session, shown)
    session.answer({"mandate": _as_json(shown)})


def delete_mandate(session: OpenSession, name: str) -> None:
    """Delete one that has ended.

    Raises:
        NotFound: there is none of this id, or more than one that begins like this.
    """
    one = _find(session, name)
    words = session.words
    if one.is_going:
        problem = words("It has not ended, and could not be stopped any more if it were gone. Stop it first.")
        _failed(session, Conflict("stop it first"), problem)
    session.run(session.wallet.mandates.forget(one.kept.id))
    session.answer({"deleted": one.kept.id}, words("It is deleted."))


def _give(session: OpenSession, asked: Recipients, one: ForwardedTo, choice: Choice, span: Span) -> dict[str, object]:
    """What became of one."""
    mandates, words, service, who = session.wallet.mandates, session.words, one.service.id, one.service.provider
    office = mandates.office(asked, service, choice)
    if not office:
        session.warn(words("For %(who)s nobody can do this without you.", who=who))
        return {"service": service, "error": "not_possible"}
    if not session.yes and not _wanted(session, who, office, span):
        return {"service": service, "declined": True}
    say = ForwardingWords(words)
    try:
        kept = session.run(mandates.give(asked, service, choice, span))
    except Conflict as error:
        session.warn(words("This cannot be arranged for %(who)s: %(why)s", who=who, why=error.description))
        return {"service": service, "error": error.code}
    except ProtocolError as error:
        session.warn(say.office_problem(error, office))
        # What may have arrived is kept, so that it can be stopped
        unsure = [one.kept.id for one in mandates.shown() if one.is_going and one.says.recipient.service == service]
        return {"service": service, "error": error.code, "id": unsure[-1] if unsure else None}
    shown = next(one for one in mandates.shown() if one.kept.id == kept.id)
    _say(session, shown)
    return {"service": service, "id": kept.id}


def _wanted(session: OpenSession, who: str, office: str, span: Span) -> bool:
    words = session.words
    session.say()
    session.say(
        words(
            "Whoever gave you this document can pass on changes by themselves, as soon as their register changes. Only what you"
            " have just sent goes there, and you can stop it at any time."
        )
    )
    often = words("Only the next time") if span is Span.ONCE else words("Each time, for a year at most")
    session.say(often)
    keys = {words("y"): words("Yes, tell them to"), words("n"): words("No, not without me")}
    question = words("Shall %(office)s send changes to %(who)s without you?", office=office, who=who)
    return session.choose(question, keys) == words("y")


def _find(session: OpenSession, name: str) -> MandateShown:
    found = [one for one in session.wallet.mandates.shown() if name and one.kept.id.startswith(name)]
    if len(found) != 1:
        raise NotFound("there is no mandate of this id; see them all with: hoheit wallet mandates list")
    return found[0]


def _say(session: OpenSession, one: MandateShown) -> None:
    say, words, context = ForwardingWords(session.words), session.words, session.wallet.context
    session.say(f"{one.kept.sent.name}  ({one.kept.service})", "bold")
    [document] = one.kept.sent.documents
    labels = labels_sent(one.says, context.store.credentials(), context.language)
    session.say(f"  {document.name}: {', '.join(labels)}")
    session.say(f"  {words('Sent by: %(office)s', office=one.kept.office)}")
    session.say(f"  {say.mandate_state(one)}")
    session.say(f"  {say.uses(one)}")
    if one.is_going:
        session.say(f"  {words('Ends by itself:')} {words.day(one.says.expires_at)}")
    if one.kept.looked_at:
        session.say(f"  {words('Last looked:')} {words.time(one.kept.looked_at)}")
    session.say(f"  {one.kept.id}", "dim")


def _as_json(one: MandateShown) -> dict[str, object]:
    status = one.status
    return {
        "id": one.kept.id,
        "service": one.says.recipient.service,
        "recipient": one.kept.sent.name,
        "office": one.kept.office,
        "type": one.says.type,
        "claims": [list(path) for path in one.says.claims],
        "state": "unknown" if status is None else status.ending or ACTIVE,
        "used": 0 if status is None else status.used,
        "at_most": one.says.max_uses,
        "given_at": one.kept.sent.at,
        "until": one.says.expires_at,
        "looked_at": one.kept.looked_at or None,
        "receipt": one.kept.receipt or None,
        "log": one.kept.log_number or None,
    }


def _failed(session: OpenSession, error: ProtocolError, said: str) -> NoReturn:
    session.answer({"error": error.code, "error_description": said})
    session.warn(said)
    raise typer.Exit(1) from error
