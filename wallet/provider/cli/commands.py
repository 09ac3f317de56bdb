"""What the commands do: each opens the folder, does one thing with the provider's own service, and tells it."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from protocol.encoding import JsonObject
from runtime import system
from runtime.anchors import read_certificate
from runtime.commands import explained, print_json, read_names
from runtime.driver import drive
from runtime.fingerprints import fingerprint_lines, fingerprint_of
from runtime.http import NoSender
from runtime.installation import AUTHORITY_FILE
from runtime.key_token import check_token
from runtime.serve import Listen, serve
from runtime.token_options import NO_TOKEN, TokenOptions
from wallet.provider.app import create_app, open_provider, open_store
from wallet.provider.config import ProviderSettings
from wallet.provider.database.store import SqlProviderStore
from wallet.provider.installation import NewProvider, set_up_provider
from wallet.provider.records import UnitRecord

ACTOR = "command line"


@explained()
def set_up(
    data: Path,
    public_url: str,
    names: list[str],
    database_url: str,
    *,
    open_enrolment: bool,
    token: TokenOptions = NO_TOKEN,
) -> None:
    """Make a provider's folder and tell what to do with it.

    Raises:
        ValueError: a name without a language, or a setting that is wrong; nothing was made.
        FileExistsError: there is a provider in this folder already.
        TokenError: the token is away, or makes no keys.
    """
    pairs = read_names(names)
    # Settings are checked before anything is made, so that a mistake leaves no half-made folder
    settings = ProviderSettings(
        data=data, public_url=public_url, name=dict(pairs), database_url=database_url, **token.said()
    )
    new = NewProvider(data, settings.public_url, pairs, open_enrolment, database_url, settings.key_token)
    authority = set_up_provider(new, now=system.now(), random_bytes=system.random_bytes)
    print(f"{pairs[0][1]} can vouch for wallets now, from {data}")
    print(f"\nIssuers know it by this authority: {data / AUTHORITY_FILE}. This file is no secret.")
    print("\nGive its fingerprint (SHA-256) to them on another way, such as a letter:")
    for line in fingerprint_lines(fingerprint_of(read_certificate(authority, AUTHORITY_FILE))):
        print(f"  {line}")
    print(f"\nA wallet takes part with the setting HOHEIT_WALLET_PROVIDER_URL={settings.public_url}")
    if not open_enrolment:
        print("and a code from `hoheit wallet provider enrol`.")


def run_server(data: Path, host: str, port: int, workers: int) -> None:
    """Serve a provider's folder until the process is told to end.

    Raises:
        ValueError: several workers without PostgreSQL.
        TokenError: the token is away. It is asked once, before any worker could try a wrong PIN for itself.
    """
    with explained():
        settings = ProviderSettings.read(data)
        settings.check_workers(workers)
        check_token(settings.key_token)
    serve(functools.partial(create_app, settings), Listen(host, port, workers), service="provider")


@explained()
def migrate_database(data: Path) -> None:
    """Bring a provider's database to this program's version."""
    with _store(ProviderSettings.read(data)):
        print("The database is ready.")


@explained()
def make_code(data: Path, label: str) -> str:
    """A fresh enrolment code, which is kept as a digest only."""
    settings = ProviderSettings.read(data)
    with _store(settings) as store:
        return drive(open_provider(settings, store).invite(label), store, NoSender())


@explained()
def list_units(data: Path, beginning: str, *, as_json: bool) -> None:
    """Tell every wallet, newest first."""
    settings = ProviderSettings.read(data)
    with _store(settings) as store:
        found = drive(open_provider(settings, store).units(beginning), store, NoSender())
    for unit in found:
        if as_json:
            print_json(_members(unit))
        else:
            print(f"{unit.id}  {unit.state}  since {_day(unit.registered_at)}  {unit.version}  {unit.label}".rstrip())


@explained()
def revoke_unit(data: Path, unit: str, reason: str) -> str:
    """Block a wallet; a running provider publishes it at once.

    Raises:
        NotFound: there is no such wallet, or more than one.
    """
    settings = ProviderSettings.read(data)
    with _store(settings) as store:
        revoked = drive(open_provider(settings, store).revoke(unit, ACTOR, reason), store, NoSender())
    return f"Blocked for ever: {revoked.id}"


@contextmanager
def _store(settings: ProviderSettings) -> Iterator[SqlProviderStore]:
    store = open_store(settings)
    try:
        yield store
    finally:
        store.database.dispose()


def _members(unit: UnitRecord) -> JsonObject:
    return {
        "id": unit.id,
        "state": str(unit.state),
        "label": unit.label,
        "version": unit.version,
        "registered_at": unit.registered_at,
        "seen_at": unit.seen_at,
    }


def _day(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}"
