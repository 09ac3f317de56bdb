"""`hoheit wallet rights`: what partners are asked for by law, what they answer, and complaints."""

from __future__ import annotations

import os
from pathlib import Path

from protocol.credential import ClaimPath
from protocol.encoding import encode_json
from protocol.errors import NotFound
from protocol.oid4vp.answer import Delivered
from protocol.sovereignty.contact import Letter, Way
from protocol.sovereignty.rights import RIGHTS, Right
from wallet.cli.presenting import decide, outcome_in_words
from wallet.cli.session import OpenSession, open_session
from wallet.cockpit_words import CockpitWords
from wallet.complaint_words import grounds_of
from wallet.disclosure_records import Disclosure, RightsAsked
from wallet.policy.cockpit.complaining import asked_by_disclosure, complain
from wallet.policy.cockpit.disclosed import path_text, receipt_of
from wallet.policy.cockpit.rights import Wish, is_overdue, rights_of, status_of, statuses_of
from wallet.policy.cockpit.written import write_letter
from wallet.policy.showing import plain
from wallet.service.cockpit.cockpit import Prepared
from wallet.service.cockpit.rights import Followed, saved_answer

session_of = open_session


def list_asked(session: OpenSession) -> None:
    """Everything that was asked, oldest first; nobody is called."""
    asked = [(one, request) for one in session.wallet.cockpit.disclosures() for request in one.rights]
    if session.options.as_json:
        session.answer({"rights": [_as_json(session, *one) for one in asked]})
        return
    if not asked:
        session.say(session.words("You asked nobody for anything yet."))
    say = _words(session)
    for disclosure, request in asked:
        session.say(f"{request.id[:8]}  {session.words.time(request.at)}  {plain(disclosure.sent.name)}", "bold")
        session.say(f"          {say.rights.of(request, plain(disclosure.sent.name))}")


def ask_partner(session: OpenSession, name: str, right: str, text: str, only: list[str]) -> None:
    """Ask for something.

    Raises:
        NotFound: there is no such receipt, right, or piece of data in the receipt.
    """
    disclosure = session.wallet.cockpit.find(name)
    wish = Wish(_right(disclosure, right), _chosen(disclosure, only), text)
    _told(session, session.run(session.wallet.cockpit.rights.ask(disclosure, wish)))


def show_asked(session: OpenSession, name: str) -> None:
    """How a request stands now.

    Raises:
        NotFound: there is none of this id.
    """
    disclosure, asked = _find(session, name)
    _told(session, session.run(session.wallet.cockpit.rights.open(disclosure, asked.id)))


def present_again(session: OpenSession, name: str) -> None:
    """Show the same data once more, as any other request is answered.

    Raises:
        NotForThisRequest: they want to see more than they were shown; nothing is shown.
    """
    wallet = session.wallet
    disclosure, asked = _find(session, name)
    seen = session.run(wallet.cockpit.rights.present_again(disclosure, asked.id))
    seen, choice = decide(session, seen, lambda one: session.run(wallet.presenting.decline(one)))
    shared = session.run(wallet.presenting.share(seen, choice))
    arrived = isinstance(shared.delivery, Delivered)
    session.answer({"shared": "done" if arrived else "unknown"}, outcome_in_words(session, arrived=arrived))


def save_answer(session: OpenSession, name: str, folder: Path) -> None:
    """Write what is handed out into a new folder: the answer as it was signed, and every file.

    Raises:
        Conflict: nothing is handed out.
        ProtocolError: what came is not what the partner signed for; nothing of it is written.
    """
    rights = session.wallet.cockpit.rights
    disclosure, asked = _find(session, name)
    handed = session.run(rights.answer(disclosure, asked.id))
    contents = {"answer.json": encode_json(saved_answer(handed))}
    for place, file in enumerate(handed.answer.says.files, 1):
        # Two files may have one name, and one may be called as ours is
        contents[f"{place}-{file.name}"] = session.run(rights.file(handed, file))
    folder.mkdir(mode=0o700)
    for file_name, content in contents.items():
        _write(folder / file_name, content)
    session.answer(
        {"saved": [*contents]}, session.words("The answer is in %(folder)s.", folder=plain(str(folder), 1000))
    )


def prepare_letter(session: OpenSession, name: str, right: str) -> None:
    """A letter about the data of a receipt; the log notes that it was prepared.

    Raises:
        NotFound: there is no such receipt or right.
    """
    disclosure = session.wallet.cockpit.find(name)
    say = _words(session)
    types = {document.query_id: document.type for document in disclosure.sent.documents}
    data = [say.label(types.get(query_id, ""), path) for query_id, path in _paths(disclosure)]
    written = write_letter(
        _right(disclosure, right), disclosure, number=disclosure.log_number, language=session.settings.language,
        partner=plain(disclosure.sent.name), day=session.words.day(disclosure.sent.at), data=dict.fromkeys(data),
    )  # fmt: skip
    _note(session, disclosure, Prepared.LETTER)
    _letter(session, {}, written.letter, written.ways)


def make_complaint(session: OpenSession, name: str, text: str, file: Path) -> None:
    """A complaint about one answer, as a file.

    Raises:
        NotFound: there is no such receipt.
        Conflict: nothing is wrong, and nothing was said.
    """
    disclosure = session.wallet.cockpit.find(name)
    now = session.wallet.context.now()
    made = complain(
        asked_by_disclosure(disclosure), [disclosure], [*grounds_of(disclosure, _words(session), now)],
        number=disclosure.log_number, language=session.settings.language, own_words=text, now=now,
    )  # fmt: skip
    _write(file, made.file)
    _note(session, disclosure, Prepared.COMPLAINT)
    _letter(session, {"saved": str(file)}, made.complaint.letter, made.ways)


def _told(session: OpenSession, followed: Followed) -> None:
    disclosure, asked = followed.disclosure, followed.asked
    if session.options.as_json:
        session.answer(_as_json(session, disclosure, asked))
        return
    say, who, status = _words(session), plain(disclosure.sent.name), status_of(asked)
    session.say(f"{asked.id[:8]}  {say.rights.of(asked, who)}", "bold")
    if problem := say.rights.followed(followed, who):
        session.warn(problem)
    if status is not None:
        session.say(session.words("They have to answer by: %(day)s", day=session.words.day(status.due)))
        for text in (status.why, *[kept.why for kept in status.kept], status.remedy):
            if text:
                session.say(say.text(text))


def _note(session: OpenSession, disclosure: Disclosure, what: Prepared) -> None:
    entry = next(one for one in session.vault.log() if one.number == disclosure.log_number)
    session.run(session.wallet.cockpit.note_prepared(entry, what))


def _letter(session: OpenSession, done: dict[str, object], letter: Letter, ways: tuple[Way, ...]) -> None:
    if session.options.as_json:
        addresses = [way.address for way in ways]
        session.answer({**done, "subject": letter.subject, "body": letter.body, "addresses": addresses})
        return
    for way in ways:
        session.say(way.address)
    session.say()
    session.say(letter.subject, "bold")
    session.say(letter.body)


def _right(disclosure: Disclosure, name: str) -> Right:
    if name not in RIGHTS:
        raise NotFound(f"there is no such right; there are: {', '.join(rights_of(disclosure))}")
    return Right(name)


def _paths(disclosure: Disclosure) -> list[tuple[str, ClaimPath]]:
    receipt = receipt_of(disclosure)
    claims = receipt.claims if receipt is not None else {}
    return [(query_id, path) for query_id, paths in claims.items() for path in paths]


def _chosen(disclosure: Disclosure, only: list[str]) -> dict[str, tuple[ClaimPath, ...]] | None:
    if not only:
        return None
    wanted = {text.replace(" ", "") for text in only}
    found: dict[str, list[ClaimPath]] = {}
    for query_id, path in _paths(disclosure):
        if path_text(path) in wanted:
            found.setdefault(query_id, []).append(path)
    if {path_text(path) for paths in found.values() for path in paths} != wanted:
        known = ", ".join(dict.fromkeys(path_text(path) for _, path in _paths(disclosure)))
        raise NotFound(f"the receipt does not name that; it names: {known}")
    return {query_id: tuple(paths) for query_id, paths in found.items()}


def _find(session: OpenSession, name: str) -> tuple[Disclosure, RightsAsked]:
    found = [
        (one, asked)
        for one in session.wallet.cockpit.disclosures()
        for asked in one.rights
        if name and asked.id.startswith(name)
    ]
    if len(found) != 1:
        raise NotFound("there is no request of this id; see them all with: hoheit wallet rights list")
    return found[0]


def _write(path: Path, content: bytes) -> None:
    """A new file, for nobody else to read; one that is there is never overwritten."""
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600), "wb") as file:
        file.write(content)


def _words(session: OpenSession) -> CockpitWords:
    held = session.wallet.context.store.credentials()
    return CockpitWords.of(session.words, session.settings.language, held)


def _as_json(session: OpenSession, disclosure: Disclosure, asked: RightsAsked) -> dict[str, object]:
    status = status_of(asked)
    return {
        "id": asked.id,
        "receipt": disclosure.id,
        "partner": disclosure.sent.name,
        "right": asked.right,
        "asked_at": asked.at,
        "state": str(status.state) if status is not None else None,
        "due": status.due if status is not None else None,
        "overdue": is_overdue(asked, session.wallet.context.now()),
        "answer": status.answer if status is not None else None,
        "problem": asked.problem or None,
        "states": [str(one.state) for one in statuses_of(asked)],
        "statuses": [kept.raw for kept in asked.statuses],
    }
