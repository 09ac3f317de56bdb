"""`hoheit wallet trust`, `trusted` and `distrust`: whom to believe, after comparing a fingerprint, and not any more."""

from __future__ import annotations

import typer

from protocol.trust.anchors import Role
from runtime.fingerprints import fingerprint_lines
from wallet.cli.session import SAID_NO, Session
from wallet.service.trusting import AuthoritySeen, Trusting, TrustShown


def trust_authority(session: Session, trusting: Trusting, seen: AuthoritySeen) -> None:
    """From a certificate to being trusted."""
    words = session.words
    name = seen.shown[0].name
    _show_authority(session, seen)
    if not _agreed(session, words("Do you want to trust them?"), words("Yes, trust them")):
        _refuse(session)
    trusting.add(seen)
    session.answer(
        {"trusted": [_as_json(shown) for shown in seen.shown]}, words("You trust %(name)s from now on.", name=name)
    )


def show_trusted(session: Session, trusting: Trusting) -> None:
    """Everybody who is trusted."""
    words = session.words
    trusted = trusting.trusted()
    if session.options.as_json:
        session.answer({"trusted": [_as_json(shown) for shown in trusted]})
        return
    if not trusted:
        session.say(words("You trust nobody yet. Begin with: hoheit wallet trust"))
    for shown in trusted:
        session.say(f"{_short(shown)}  {shown.name}", "bold")
        session.say(f"          {words.role(shown.role)}")
        if shown.types:
            session.say("          " + words("Only documents of these kinds: %(types)s", types=", ".join(shown.types)))
        if shown.expires_at and trusting.now() >= shown.expires_at:
            session.say(f"          ! {words('has expired')}")
        elif shown.expires_at:
            session.say("          " + words("good until %(day)s", day=words.day(shown.expires_at)))


def trust_no_longer(session: Session, trusting: Trusting, name: str) -> None:
    """Take it back."""
    words = session.words
    found = trusting.find(name)
    session.say(f"{_short(found[0])}  {found[0].name}", "bold")
    for shown in found:
        session.say(
            words("You keep what you have from them. But you cannot show it to anybody any more.")
            if shown.role is Role.ISSUER
            else words("Those whom they vouch for do not count as checked any more.")
        )
    if not _agreed(session, words("Do you want to stop trusting them?"), words("Yes, stop")):
        _refuse(session)
    trusting.remove(found)
    session.answer({"distrusted": found[0].id}, words("You do not trust %(name)s any more.", name=found[0].name))


def _show_authority(session: Session, seen: AuthoritySeen) -> None:
    words = session.words
    first = seen.shown[0]
    session.say(words("You are about to trust: %(name)s", name=first.name), "bold")
    session.say(words("You chose this name. In the certificate stands: %(subject)s", subject=first.subject))
    for shown in seen.shown:
        if shown.role is Role.ISSUER:
            session.say(words("Documents from them, or from those whom they vouch for, will count as genuine."))
        else:
            session.say(words("If they vouch for somebody who asks you for data, you will see that it was checked."))
        if shown.types:
            session.say(words("Only documents of these kinds: %(types)s", types=", ".join(shown.types)))
    session.say(words("Good until %(day)s.", day=words.day(first.expires_at)))
    session.say()
    session.say(words("Fingerprint of the certificate (SHA-256):"))
    for line in fingerprint_lines(first.id):
        session.say(f"  {line}", "bold")
    session.say(
        words(
            "Compare it with the fingerprint that they gave you on another way, such as a letter. "
            "If one character is different, say no."
        )
    )


def _agreed(session: Session, question: str, yes: str) -> bool:
    words = session.words
    return session.yes or session.choose(question, {words("y"): yes, words("n"): words("No")}) == words("y")


def _refuse(session: Session) -> None:
    session.answer({"declined": True}, session.words("You said no. Nothing was changed."))
    raise typer.Exit(SAID_NO)


def _short(shown: TrustShown) -> str:
    """As long as it takes to name it: certificates by how their fingerprint begins, others by their identifier."""
    return shown.id[:8] if shown.expires_at else shown.id


def _as_json(shown: TrustShown) -> dict[str, object]:
    return {
        "id": shown.id,
        "name": shown.name,
        "role": str(shown.role),
        "types": list(shown.types),
        "subject": shown.subject or None,
        "expires_at": shown.expires_at or None,
    }
