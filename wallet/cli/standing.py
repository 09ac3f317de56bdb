"""`hoheit wallet orders`: what is forwarded again when it changes; sent after another yes, stopped, deleted."""

from __future__ import annotations

import typer

from protocol.errors import NotFound
from wallet.cli.forwarding import decide_all, tell
from wallet.cli.session import OpenSession
from wallet.forwarding_words import ForwardingWords
from wallet.service.services.catalogue import NoServices
from wallet.service.standing import OrderShown


def list_orders(session: OpenSession) -> None:
    """Every standing order, and how it stands; nobody is asked."""
    say, words, shown = ForwardingWords(session.words), session.words, session.wallet.standing.shown()
    for one in shown:
        session.say(f"{one.kept.recipient}  ({one.kept.service})", "bold")
        session.say(f"  {say.order_state(one)}")
        if one.ended is None:
            until = one.order.until
            end = say.times_left(one) if until is None else f"{words('Ends by itself:')} {words.day(until)}"
            session.say(f"  {end}")
        session.say(f"  {one.kept.id}", "dim")
    if not shown:
        nothing = words(
            "Nothing is arranged yet. When you forward a document, you can say that it goes there again whenever it changes."
        )
        session.say(nothing)
    session.answer({"orders": [_as_json(one) for one in shown]})


def send_due(session: OpenSession) -> None:
    """Whatever is new, document by document: the recipients are asked, and each is decided on."""
    published = session.wallet.context.published
    if published is not None:
        session.run(published.when_due())
    due = session.wallet.standing.due()
    if not due:
        session.answer({"forwarded": [], "not_asked": [], "orders": []}, session.words("There is nothing new to send."))
        return
    document = due[0]
    try:
        asked = session.run(session.wallet.standing.ask(document))
    except NoServices as error:
        session.answer({"error": error.problem.value})
        session.warn(ForwardingWords(session.words).problem(error.problem))
        raise typer.Exit(1) from error
    chosen = decide_all(session, asked.recipients)
    tell(session, asked.recipients, session.run(session.wallet.standing.send(asked, chosen)))


def stop_order(session: OpenSession, name: str) -> None:
    """Nothing more is sent by an order; one that has ended is deleted.

    Raises:
        NotFound: there is none of this id, or more than one that begins like this.
    """
    found = [one for one in session.wallet.standing.shown() if name and one.kept.id.startswith(name)]
    if len(found) != 1:
        raise NotFound("there is no standing order of this id; see them all with: hoheit wallet orders")
    [one] = found
    standing, words = session.wallet.standing, session.words
    if one.ended is None:
        session.run(standing.revoke(one.kept.id))
        session.answer({"stopped": one.kept.id}, words("You stopped it."))
    else:
        session.run(standing.forget(one.kept.id))
        session.answer({"deleted": one.kept.id}, words("It is deleted."))


def _as_json(one: OrderShown) -> dict[str, object]:
    state = one.ended or one.waiting
    return {
        "id": one.kept.id,
        "service": one.order.recipient.service,
        "document": one.kept.document,
        "state": "due" if state is None else state.value,
        "until": one.order.until,
        "at_most": one.order.at_most,
        "sent": one.order.sent,
    }
