"""What can be said to every command, and what a command finds around it."""

from __future__ import annotations

import time
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runtime import system

if TYPE_CHECKING:
    from runtime.http import Sender  # heavy, and only a name here

OpenBrowser = Callable[[str], bool]


class RoleName(StrEnum):
    """What a wallet trusts somebody as: values of `protocol.trust.anchors.Role`, which is heavy."""

    ISSUER = "issuer"
    VERIFIER = "verifier"


class AgainFor(StrEnum):
    """How long something is forwarded again; as `wallet.policy.standing.HowLong`."""

    ONCE = "once"
    YEAR = "year"
    THREE_YEARS = "three_years"


class SentFor(StrEnum):
    """How often others send something by themselves; as `wallet.service.mandate_making.Span`."""

    ONCE = "once"
    YEAR = "year"


class ExportForm(StrEnum):
    """In which form receipts are written for others."""

    ISO_27560 = "27560"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The network, the clock and the browser; whoever runs a command inside a program may bring their own."""

    sender: Sender | None = None  # None: the guarded one
    now: Callable[[], int] = system.now
    open_browser: OpenBrowser = webbrowser.open
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True, slots=True)
class Options:
    """The options that stand before a command, and the two that each command has."""

    data: Path | None = None
    language: str | None = None
    passphrase_file: Path | None = None
    as_json: bool = False
    yes: bool = False
    around: Surroundings = field(default_factory=Surroundings)


Json = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]
Yes = Annotated[bool, typer.Option("--yes", help="For scripts: agree, where nothing needs a second look.")]


def options_of(context: typer.Context, as_json: bool, yes: bool = False) -> Options:
    """The options of this run."""
    shared = context.obj
    if not isinstance(shared, Options):
        raise TypeError("the options are set before any command runs")
    return replace(shared, as_json=as_json, yes=yes)
