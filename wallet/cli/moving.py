"""`hoheit wallet export`, `import` and `again`: from one wallet to the next, at a terminal."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from protocol.errors import InvalidRequest, TooLarge
from protocol.passphrase_jwe import MAX_TOKEN
from wallet.cli.receiving import receive_offer
from wallet.cli.session import OpenSession, read_passphrase_file, type_new_passphrase
from wallet.history_page import history_page
from wallet.policy.activity import activity
from wallet.policy.links import LinkKind, classify
from wallet.policy.showing import plain
from wallet.records import AwaitedDocument
from wallet.service.moving import Brought


def export_file(session: OpenSession, path: Path, passphrase_file: Path | None) -> None:
    """Write the sealed file for the next wallet; nothing is overwritten."""
    words, moving = session.words, session.wallet.moving
    with _new_file(path) as descriptor:
        new = read_passphrase_file(passphrase_file) if passphrase_file is not None else type_new_passphrase(session)
        exported = session.run(moving.export(new, words.entry))
        os.write(descriptor, exported.file.encode("ascii"))
    if exported.left_out or exported.documents_left_out:
        session.warn(words("Not everything fits in one file. The oldest lines of your activity are not in it."))
    session.answer(
        {
            "exported": str(path),
            "documents": len(exported.documents),
            "left_out": exported.left_out,
            "documents_left_out": exported.documents_left_out,
        },
        words("The file is written. Its passphrase opens it in every wallet that knows the European form."),
    )


def export_readable(session: OpenSession, path: Path) -> None:
    """Write the log as a page that everybody can read; nothing is overwritten."""
    words, wallet = session.words, session.wallet
    with _new_file(path) as descriptor:
        store = wallet.context.store
        happened, language = activity(wallet.keeping.log()), session.settings.language
        page = history_page(words, language, happened, store.credentials(), wallet.context.now())
        session.run(wallet.moving.note_export())
        os.write(descriptor, page.encode("utf-8"))
    session.answer(
        {"exported": str(path)},
        words("The page is written. Anybody who has it can read it: keep it where only you look."),
    )


def import_file(session: OpenSession, path: Path, passphrase_file: Path | None) -> None:
    """Take over what an earlier wallet wrote, after a look at what it is."""
    words, moving = session.words, session.wallet.moving
    with path.open("rb") as file:
        content = file.read(MAX_TOKEN + 1)
    if len(content) > MAX_TOKEN:
        raise TooLarge("file", f"is larger than {MAX_TOKEN} bytes")
    if passphrase_file is not None:
        passphrase = read_passphrase_file(passphrase_file)
    else:
        passphrase = typer.prompt(words("Passphrase of the file"), hide_input=True, err=session.options.as_json)
    brought = session.run(moving.look(content, passphrase))
    if brought.is_empty:
        session.answer(
            {"lines": 0, "awaited": 0, "kept": 0, "refused": 0}, words("Everything in this file is here already.")
        )
        return
    _tell(session, brought)
    if not session.yes:
        keys = {words("y"): words("Take over"), words("n"): words("No")}
        if session.choose(words("Take this over?"), keys) != words("y"):
            session.refuse()
    taken = session.run(moving.take(brought))
    if taken.refused:
        session.warn(words("A document in the file does not hold any more, and was left out."))
    session.answer(
        {"lines": taken.lines, "awaited": taken.wishes, "kept": taken.kept, "refused": taken.refused},
        words("It is taken over. Documents that you get again: hoheit wallet again"),
    )


def list_awaited(session: OpenSession) -> None:
    """What an earlier wallet held and is not here yet."""
    words, awaited = session.words, session.wallet.moving.awaited()
    if session.options.as_json:
        session.answer({"awaited": [_as_json(one) for one in awaited]})
        return
    if not awaited:
        session.say(words("No document of an earlier wallet is missing here."))
    for one in awaited:
        session.say(f"{one.id[:8]}  {one.name}", "bold")
        session.say(f"          {words('from %(who)s', who=one.issuer)}")


def get_again(session: OpenSession, name: str) -> None:
    """Ask its issuer for a document again."""
    awaited = session.wallet.moving.find_awaited(name)
    found = classify(awaited.link)
    if found.kind is LinkKind.OFFER:
        receive_offer(session, found.text, None, session.options.around.open_browser)
        return
    if found.kind is LinkKind.PAGE:
        session.say(session.words("You get it again on this page: %(address)s", address=plain(found.text)))
        return
    raise InvalidRequest("the earlier wallet did not say where this document comes from; ask the office for a new code")


def forget_awaited(session: OpenSession, name: str) -> None:
    """The user does not want a document again."""
    awaited = session.wallet.moving.find_awaited(name)
    session.run(session.wallet.moving.forget(awaited))
    session.answer({"forgotten": awaited.id}, session.words("It is taken off the list."))


@contextmanager
def _new_file(path: Path) -> Iterator[int]:
    """A new file that only its owner reads; it is gone again if what goes in does not come."""
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600)
    done = False
    try:
        yield descriptor
        done = True
    finally:
        os.close(descriptor)
        if not done:
            path.unlink(missing_ok=True)


def _tell(session: OpenSession, brought: Brought) -> None:
    words = session.words
    session.say(words.count("%(count)s line of activity", "%(count)s lines of activity", len(brought.history)))
    for one in brought.wishes:
        session.say(words("%(what)s from %(who)s: can be asked for again", what=one.name, who=one.issuer))
    if brought.unbound:
        session.say(
            words.count(
                "%(count)s document that comes with the file",
                "%(count)s documents that come with the file",
                len(brought.unbound),
            )
        )


def _as_json(one: AwaitedDocument) -> dict[str, object]:
    return {"id": one.id, "name": one.name, "issuer": one.issuer, "types": sorted(one.types), "link": one.link}
