"""`hoheit wallet meet`: a code on the terminal, whoever scans it asks over a relay, and then the same question as ever."""

from __future__ import annotations

from protocol.errors import NotFound, Unreachable
from wallet.cli.presenting import decide, outcome_in_words
from wallet.cli.qr import draw_qr
from wallet.cli.session import OpenSession
from wallet.service.meeting import CodeShown, NotAsked, Way

LOOK_SECONDS = 1.0  # between two looks at the relay


def show_in_person(session: OpenSession) -> None:
    """From a code to an answer, or to a refusal."""
    meetings = session.wallet.meetings
    shown = meetings.begin()
    if shown.relay is None:
        raise NotFound(
            "no relay is set in HOHEIT_WALLET_RELAY; without one, show it in a browser with a camera: hoheit wallet serve"
        )
    found = session.run(meetings.open(shown, _wait_for_request(session, shown), Way.RELAY))
    if isinstance(found, NotAsked):
        session.say(session.words("What they sent is not answered. Nothing was given away."))
        raise found.error
    met = found.met
    seen, choice = decide(session, found.seen, lambda one: session.run(meetings.decline(met, one)))
    answer = session.run(meetings.share(met, seen, choice))
    if not answer.sent:
        session.run(meetings.settle(seen, answer, arrived=False))
    number = answer.begun.log_number if answer.begun is not None else None
    session.answer(
        {"shared": "done" if answer.sent else "unknown", "log": number}, outcome_in_words(session, arrived=answer.sent)
    )


def _wait_for_request(session: OpenSession, shown: CodeShown) -> bytes:
    """Show the code until somebody who scanned it has left a message.

    Raises:
        MeetingOver: nobody has.
    """
    words = session.words
    session.say(words("Let the other side scan this code:"), "bold")
    session.say(draw_qr(shown.text, dark=session.console.is_terminal))
    session.say(shown.text)
    session.say(words("Waiting for what they ask. The code is good for five minutes. To stop, press Control-C."))
    message: bytes | None = None
    is_away = False
    try:
        while message is None:
            try:
                message = session.run(session.wallet.meetings.look(shown))
                is_away = False
            except Unreachable:
                if not is_away:
                    session.warn(words("The relay cannot be reached. The wallet goes on trying."))
                is_away = True
            if message is None:
                session.options.around.sleep(LOOK_SECONDS)
    finally:
        if message is None:
            session.run(session.wallet.meetings.end(shown))
    return message
