"""What every command shares: options, the passphrase, the open wallet, questions, and the two ways to answer."""

from __future__ import annotations

import json
import resource
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn, TypeVar

import typer
from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from protocol.errors import ProtocolError
from protocol.exchange import Exchange
from runtime.seal import DamagedError
from wallet.app import open_wallet
from wallet.cli.options import Options
from wallet.config import WalletSettings, read_settings
from wallet.policy.showing import plain
from wallet.service.opened import OpenWallet
from wallet.words import Words

T = TypeVar("T")

SAID_NO = 3  # exit status where the user refused
MAX_PASSPHRASE_FILE = 4096  # bytes

_LEAVING = ("", "\x03", "\x04")  # the end of the input, Control-C and Control-D, where they come as characters


class Session:
    """One run of a command. With `--json` the answer goes to standard output, and all talk to standard error."""

    def __init__(self, options: Options, settings: WalletSettings) -> None:
        self.options = options
        self.settings = settings
        self.words = Words(settings.language)
        self.console = Console(stderr=options.as_json, highlight=False, markup=False, emoji=False)
        self.yes = options.yes or settings.automatic_consent

    def say(self, text: str = "", style: str = "") -> None:
        """A line for the user; strangers' parts of it are plain already, and nothing in it is read as markup."""
        self.console.print(Text(text, style=style), soft_wrap=True)

    def warn(self, text: str) -> None:
        """A line that must not be overlooked."""
        self.console.print(Panel(Text(text, style="bold"), border_style="red"))

    def answer(self, value: dict[str, object], text: str = "") -> None:
        """The outcome: as JSON, or as a line."""
        if self.options.as_json:
            print(json.dumps(value, ensure_ascii=False, indent=2))
        elif text:
            self.say(text)

    def choose(self, question: str, keys: dict[str, str]) -> str:
        """One key decides; none of them is nearer than another, and Enter decides nothing.

        Interrupting is the same as leaving: it raises Abort, and nothing is done.
        """
        self.say()
        self.say(question, "bold")
        while True:
            self.say("   ".join(f"[{key}] {label}" for key, label in keys.items()))
            try:
                pressed = typer.getchar().lower()
            except (KeyboardInterrupt, EOFError) as error:
                raise typer.Abort from error
            if pressed in _LEAVING:
                raise typer.Abort
            if pressed in keys:
                return pressed

    def choose_number(self, question: str, labels: Sequence[str]) -> int:
        """One of several, by its number from 1; the index of it comes back."""
        self.say()
        self.say(question, "bold")
        for number, label in enumerate(labels, 1):
            self.say(f"  {number}  {label}")
        while True:
            typed = typer.prompt(self.words("Number"), type=int, err=self.options.as_json)
            if isinstance(typed, int) and 1 <= typed <= len(labels):
                return typed - 1

    def refuse(self) -> NoReturn:
        """The user said no: that is an outcome, and not an error."""
        self.answer({"declined": True}, self.words("You said no. Nothing was given away."))
        raise typer.Exit(SAID_NO)

    def passphrase(self) -> str:
        """From the file, from the settings of a demo or test, or typed unseen; never from the command line."""
        if self.options.passphrase_file is not None:
            return read_passphrase_file(self.options.passphrase_file)
        if given := self.settings.passphrase.get_secret_value():
            return given
        typed: str = typer.prompt(self.words("Passphrase of the wallet"), hide_input=True, err=self.options.as_json)
        return typed

    def new_passphrase(self) -> str:
        """The same for a wallet that is made now: what is typed is typed twice."""
        if self.options.passphrase_file is not None or self.settings.passphrase.get_secret_value():
            return self.passphrase()
        return type_new_passphrase(self)


class OpenSession(Session):
    """A session with the wallet open."""

    def __init__(self, options: Options, settings: WalletSettings, opened: OpenWallet) -> None:
        super().__init__(options, settings)
        self._opened = opened
        self.wallet = opened.wallet
        self.vault = opened.vault

    def run(self, exchange: Exchange[T]) -> T:
        """Do something with the wallet."""
        return self._opened.run(exchange)


@contextmanager
def closed_session(options: Options) -> Iterator[Session]:
    """A session that leaves the wallet closed. What goes wrong is one line, and status 1."""
    # T227: what is in memory now must not be left on the disk by a crash
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        settings = read_settings(options.data, options.language)
    except ValueError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from error
    session = Session(options, settings)
    try:
        yield session
    except ProtocolError as error:
        _fail(session, error.code, session.words.error(error))
    except DamagedError as error:
        _fail(session, "damaged", str(error))
    except OSError as error:
        _fail(session, "not_possible", (error.strerror and f"{error.filename}: {error.strerror}") or str(error))


@contextmanager
def open_session(options: Options) -> Iterator[OpenSession]:
    """A session with the wallet open."""
    around = options.around
    with (
        closed_session(options) as closed,
        open_wallet(closed.settings, closed.passphrase(), around.sender, now=around.now) as opened,
    ):
        yield OpenSession(options, closed.settings, opened)


def read_passphrase_file(path: Path) -> str:
    """The first line of a file."""
    with path.open("rb") as file:
        line = file.read(MAX_PASSPHRASE_FILE).split(b"\n", 1)[0]
    return line.rstrip(b"\r").decode("utf-8", "replace")


def type_new_passphrase(session: Session) -> str:
    """A new passphrase, typed twice and unseen."""
    typed: str = typer.prompt(
        session.words("New passphrase"),
        hide_input=True,
        confirmation_prompt=session.words("The same once more"),
        err=session.options.as_json,
    )
    return typed


def _fail(session: Session, code: str, problem: str) -> None:
    line = plain(problem, 1000)
    if session.options.as_json:
        print(json.dumps({"error": code, "error_description": line}, ensure_ascii=False))
    typer.echo(f"error: {line}", err=True)
    raise typer.Exit(1)
