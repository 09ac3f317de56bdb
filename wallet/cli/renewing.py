"""`hoheit wallet renew`: fetch credentials anew, one that is named or whatever is due."""

from __future__ import annotations

import typer

from protocol.errors import ProtocolError
from wallet.cli.session import OpenSession
from wallet.policy.documents import Document
from wallet.policy.renewing import NotRenewed, WhyNotRenewed
from wallet.words import Words


def renew_credential(session: OpenSession, name: str) -> None:
    """Renew one credential; what is different now is said."""
    words, renewing = session.words, session.wallet.renewing
    document = session.wallet.keeping.find(name)
    try:
        done = session.run(renewing.renew(document))
    except NotRenewed as problem:
        session.answer({"renewed": [], "failed": str(problem.why)}, not_renewed(words, problem.why))
        raise typer.Exit(1) from problem
    session.answer({"renewed": [_as_json(done.document, done.changed)]})
    if not session.options.as_json:
        _say(session, done.document)


def renew_due(session: OpenSession) -> None:
    """Renew whatever is due. What fails does not keep the rest waiting."""
    words, renewing = session.words, session.wallet.renewing
    renewed: list[object] = []
    failed = 0
    for document, why in renewing.due():
        try:
            done = session.run(renewing.renew(document, why))
        except ProtocolError as error:
            failed += 1
            name = session.wallet.keeping.shown(document).name
            problem = not_renewed(words, error.why) if isinstance(error, NotRenewed) else words.sentence(error)
            session.warn(f"{name}: {problem}")
            continue
        renewed.append(_as_json(done.document, done.changed))
        if not session.options.as_json:
            _say(session, done.document)
    session.answer({"renewed": renewed, "failed": failed})
    if not renewed and not failed and not session.options.as_json:
        session.say(words("Nothing has to be renewed now."))
    if failed:
        raise typer.Exit(1)


def not_renewed(words: Words, why: WhyNotRenewed) -> str:
    """Why there is no new one, and what to do."""
    return {
        WhyNotRenewed.NEVER: words(
            "Whoever gave this does not renew it by itself. When it ends, ask for a new one there."
        ),
        WhyNotRenewed.OVER: words("This is not renewed by itself any more. Ask for a new one where you got it."),
        WhyNotRenewed.REFUSED: words("There is no new one now. Try again tomorrow, or ask where you got it."),
        WhyNotRenewed.NOT_GOOD: words("What came was not right, and was not kept."),
    }[why]


def _say(session: OpenSession, document: Document) -> None:
    words, renewing = session.words, session.wallet.renewing
    shown, renewal = session.wallet.keeping.shown(document), renewing.shown(document)
    session.say(words("%(name)s is renewed.", name=shown.name), "bold")
    for claim in renewal.changed:
        session.say(f"  {words('new:')} {words.claim(claim)}")
    for label in renewing.gone_labels(document):
        session.say("  " + words("%(label)s does not stand there any more.", label=label))
    session.run(renewing.mark_seen(document))


def _as_json(document: Document, changed: tuple[str, ...]) -> dict[str, object]:
    return {"id": document.id, "changed": list(changed)}
