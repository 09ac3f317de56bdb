"""`hoheit doctor`: checks this machine, and services by their address; every line says what to do where something is wrong."""

from __future__ import annotations

import importlib.util
import platform
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from protocol.errors import ProtocolError
from protocol.exchange import Exchange, HttpRequest, send
from protocol.fields import read_https_url
from protocol.oauth.metadata import well_known_url
from protocol.oid4vci.metadata import WELL_KNOWN, CredentialIssuerMetadata

if TYPE_CHECKING:
    from runtime.settings import ServiceSettings

FLOOR = (3, 11)
SQLITE_FLOOR = (3, 35, 0)  # RETURNING
MIN_FREE = 200 << 20  # bytes
LIST_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was looked at: good, bad, or (None) fine to do without."""

    good: bool | None
    what: str
    advice: str = ""  # what to do; empty where nothing is to be done


def command(
    addresses: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ADDRESS]…", help="Services to look at, such as https://agency.example"),
    ] = None,
    data: Annotated[
        list[Path] | None,
        typer.Option(
            help="A service's folder: are its keys there, and the lists of whom it trusts? May be given again."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the lines as JSON.")] = False,
) -> None:
    """Check this machine and, by their addresses, services on it or elsewhere. The status is 1 if something is wrong."""
    from hoheit.shown_registration import check_shown_registration
    from protocol.encoding import encode_json
    from runtime import system
    from runtime.driver import drive
    from runtime.http import GuardedSender
    from runtime.settings import current_environment

    env = current_environment()
    lines = [Line(True, f"the environment is {env}"), *check_machine(Path.cwd())]
    sender = GuardedSender(allow_local=env.allows_local)
    for folder in data or []:
        lines += [*check_keys(folder), *check_trust(folder, system.now())]
        lines += drive(check_list_hosts(folder, system.now()), None, sender)
        lines += drive(check_shown_registration(folder, system.now()), None, sender)
    for address in addresses or []:
        lines += drive(check_service(address), None, sender)
    if as_json:
        print(encode_json([asdict(line) for line in lines]).decode("utf-8"))
    else:
        for line in lines:
            mark = {True: "✓", False: "✗", None: "–"}[line.good]
            print(f"{mark} {line.what}" + (f"\n    {line.advice}" if line.advice else ""))
    if any(line.good is False for line in lines):
        raise typer.Exit(1)


def check_machine(folder: Path) -> Iterator[Line]:
    """What this machine has; `folder` is where data would be kept."""
    python = sys.version_info[:2]
    yield Line(
        python >= FLOOR,
        f"Python {platform.python_version()}",
        "" if python >= FLOOR else f"Python {FLOOR[0]}.{FLOOR[1]} or newer is needed",
    )
    sqlite = sqlite3.sqlite_version_info
    yield Line(
        sqlite >= SQLITE_FLOOR,
        f"SQLite {sqlite3.sqlite_version}",
        "" if sqlite >= SQLITE_FLOOR else "SQLite 3.35 or newer is needed",
    )
    yield _extra("psycopg", "PostgreSQL can be used", 'install the extra "postgres" to use PostgreSQL')
    yield _extra("zlib_ng", "status lists are packed fast", 'install the extra "fast" to pack status lists faster')
    yield _extra("pkcs11", "keys can live in a PKCS#11 token", 'install the extra "hsm" to keep keys in a token')
    yield _extra("signxml", "trusted lists in XML can be read", 'install the extra "trustlists" to follow lists in XML')
    free = shutil.disk_usage(folder).free
    yield Line(
        free >= MIN_FREE,
        f"{free >> 20} MiB are free on this disk",
        "" if free >= MIN_FREE else "make room: a store that cannot write refuses every request",
    )


def check_keys(folder: Path) -> list[Line]:
    """Whether the keys of a service's folder can be used, in particular those that are in a token. Nothing is signed."""
    from pydantic import ValidationError

    from runtime.installation import SEAL_FILE, open_keys
    from runtime.key_token import TokenError, check_token
    from runtime.seal import DamagedError
    from runtime.settings import setting_problem

    try:
        settings = _settings_of(folder)
        if settings is None:
            return [Line(False, f"{folder}: no service was set up here", "give the folder that `init` made")]
        check_token(settings.key_token)
        keys = open_keys(folder, settings.key_token)
        names = sorted(file.stem for file in folder.glob("*.key") if file.name != SEAL_FILE)
        for name in names:
            keys.key(name)
    except ValidationError as error:
        return [Line(False, f"{folder}: {setting_problem(error)}", "the settings say it wrong")]
    except (TokenError, DamagedError, OSError, ValueError) as error:
        advice = "see docs/operating/keys-in-a-token.md" if isinstance(error, TokenError) else ""
        return [Line(False, f"{folder}: {error}", advice)]
    where = f"in the token {settings.hsm_token}" if settings.key_token else "sealed in the folder"
    return [Line(True, f"{folder}: {len(names)} keys can be used, {where}")]


def check_trust(folder: Path, now: int) -> list[Line]:
    """Whether the lists that a service follows are there and good, and for how long."""
    from runtime.anchors import INDEX
    from runtime.trust_lists.looking import look_at_lists

    anchors = folder / "anchors"
    if not (anchors / INDEX).exists():
        return []
    try:
        found = look_at_lists(anchors, now=now)
    except ProtocolError as error:
        return [Line(False, f"{anchors}: {error.description}", "the service trusts nobody until this is right")]
    advice = "whom it names is not trusted; it is fetched again by the service while it runs, whose log says more"
    return [
        Line(False, f"{state.url}: {state.problem}", advice)
        if state.problem
        else Line(True, f"{state.url}: good for {(state.good_until - now) // 3600} hours more")
        for state in found
    ]


def check_list_hosts(folder: Path, now: int) -> Exchange[list[Line]]:
    """Which of the lists that a service follows cannot be fetched now, though they may still be good; nothing is kept."""
    from protocol.trust.list_signature import MAX_LIST, MEDIA_TYPE
    from runtime.anchors import INDEX
    from runtime.trust_lists.looking import look_at_lists

    anchors = folder / "anchors"
    if not (anchors / INDEX).exists():
        return []
    try:
        found = look_at_lists(anchors, now=now)
    except ProtocolError:
        return []  # `check_trust` says it
    lines = []
    for state in found:
        try:
            answer = yield from send(
                HttpRequest("GET", state.url, (("accept", MEDIA_TYPE),), max_bytes=MAX_LIST, max_seconds=LIST_SECONDS)
            )
        except ProtocolError as error:
            problem = error.description
        else:
            problem = "" if answer.status == 200 else f"is answered by {answer.status}"
        if problem:
            advice = (
                "it counts until its time is over; ask whoever publishes it, or see whether this machine may go out"
            )
            lines.append(Line(False, f"{state.url}: cannot be fetched now ({problem})", advice))
    return lines


def _settings_of(folder: Path) -> ServiceSettings | None:
    from issuer.config import IssuerSettings
    from registrar.config import RegistrarSettings
    from verifier.config import VerifierSettings
    from wallet.provider.config import ProviderSettings

    roles: tuple[type[ServiceSettings], ...] = (IssuerSettings, VerifierSettings, RegistrarSettings, ProviderSettings)
    role = next((role for role in roles if role.file(folder).exists()), None)
    return role.read(folder) if role is not None else None


def check_service(address: str) -> Exchange[list[Line]]:
    """What a service says of itself: whether it is ready, and whether its metadata are in order."""
    try:
        read_https_url(address, "address")
        ready = yield from send(HttpRequest("GET", f"{address.rstrip('/')}/ready"))
        metadata = yield from send(
            HttpRequest(
                "GET", well_known_url(address, WELL_KNOWN), (("accept", "application/json"),), max_bytes=1 << 20
            )
        )
    except ProtocolError as error:
        advice = (
            "is it running, and is the address right? http and this machine's own names need HOHEIT_ENV=demo or test"
        )
        return [Line(False, f"{address}: {error.description}", advice)]
    lines = [
        Line(
            ready.status == 200,
            f"{address}: ready" if ready.status == 200 else f"{address}: not ready, /ready answers {ready.status}",
            "" if ready.status == 200 else "its log says why",
        )
    ]
    if metadata.status == 404:
        return [*lines, Line(None, f"{address}: issues no credentials")]
    try:
        issuer = CredentialIssuerMetadata.from_dict(metadata.json("metadata"))
    except ProtocolError as error:
        return [*lines, Line(False, f"{address}: {error.description}", "its metadata break the specification")]
    same = issuer.credential_issuer == address
    return [
        *lines,
        Line(
            same,
            f"{address}: issues {len(issuer.configurations)} kinds of credentials",
            "" if same else f"it calls itself {issuer.credential_issuer}; wallets refuse that",
        ),
    ]


def _extra(module: str, what: str, advice: str) -> Line:
    found = importlib.util.find_spec(module) is not None
    return Line(True if found else None, what if found else f"{what}: no", "" if found else advice)
