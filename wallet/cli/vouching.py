"""`hoheit wallet vouching`: who vouches for this wallet, the code for it, and having it blocked."""

from __future__ import annotations

import typer

from wallet.cli.session import SAID_NO, OpenSession
from wallet.policy.vouching import VouchingShown


def show_vouching(session: OpenSession) -> None:
    """Who vouches, as things stand; nobody is asked."""
    _tell(session, session.wallet.vouching.shown())


def have_confirmed(session: OpenSession, code: str) -> None:
    """Register with a code that came on another way."""
    _tell(session, session.run(session.wallet.vouching.register(code)))


def have_blocked(session: OpenSession) -> None:
    """Have this wallet blocked for ever, after a second look."""
    words = session.words
    session.warn(
        words("This cannot be undone.")
        + " "
        + words("Offices that ask who vouches for you give this wallet nothing new.")
        + " "
        + words("They may take back what they gave it before, so others may not accept it any more.")
    )
    keys = {words("y"): words("Block it for ever"), words("n"): words("Do not block it")}
    if not session.yes and session.choose(words("Have this wallet blocked?"), keys) != words("y"):
        session.answer({"declined": True}, words("You said no. Nothing was changed."))
        raise typer.Exit(SAID_NO)
    _tell(session, session.run(session.wallet.vouching.report_lost()))


def _tell(session: OpenSession, shown: VouchingShown) -> None:
    words = session.words
    if not shown.host:
        text = words("Nobody vouches for this wallet.")
    elif shown.blocked_at:
        text = words("%(name)s has blocked this wallet.", name=shown.name)
    elif shown.registered:
        text = words(
            "Your wallet is confirmed by %(name)s, until %(day)s.", name=shown.name, day=words.day(shown.until)
        )
    else:
        text = words("%(host)s confirms your wallet when an office asks for it for the first time.", host=shown.host)
    session.answer(
        {
            "host": shown.host or None,
            "name": shown.name or None,
            "until": shown.until or None,
            "blocked_at": shown.blocked_at or None,
            "number": shown.number.replace(" ", "") or None,
        },
        text,
    )
    if shown.number and not session.options.as_json:
        session.say(f"{words('Number of this wallet')}: {shown.number}")
