"""`hoheit verifier counter …`: places in a shop where a printed code asks, and the browsers that see what is found there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from protocol.exchange import Exchange
from runtime.commands import explained, print_json
from runtime.driver import drive
from runtime.http import NoSender
from verifier.api.counters import state_of
from verifier.app import open_store, open_verifier
from verifier.config import VerifierSettings
from verifier.counter import PAIRING_SECONDS, CounterRecord
from verifier.database.store import SqlVerifierStore
from verifier.service import Verifier

OWNER = "command line"  # no digest, so no API key can own it
T = TypeVar("T")


@explained()
def add_counter(data: Path, name: str, use_cases: list[str], *, as_json: bool) -> None:
    """Make a counter, and tell where its code is printed and its page opened.

    Raises:
        InvalidRequest: a name that cannot be read, or a use case that is not there.
    """
    with _opened(data) as (verifier, store):
        record = _run(verifier.counters.add(name, use_cases, OWNER), store)
        _tell(verifier, record, as_json=as_json)
        if not as_json:
            _tell_pairing(verifier, store, record)


@explained()
def list_counters(data: Path, *, as_json: bool) -> None:
    """Tell every counter."""
    with _opened(data) as (verifier, store):
        for record in _run(verifier.counters.all(), store):
            _tell(verifier, record, as_json=as_json)


@explained()
def remove_counter(data: Path, name: str) -> str:
    """End a counter.

    Raises:
        NotFound: there is none, or several have this name.
    """
    with _opened(data) as (verifier, store):
        record = _run(verifier.counters.find(name), store)
        _run(verifier.counters.remove(record.id), store)
    return f"Removed: {record.name}. Its printed codes ask nothing any more."


@explained()
def pair_browser(data: Path, name: str, *, as_json: bool) -> None:
    """Make a link by which one more browser sees what is found.

    Raises:
        NotFound: there is no such counter, or several have this name.
    """
    with _opened(data) as (verifier, store):
        record = _run(verifier.counters.find(name), store)
        _tell_pairing(verifier, store, record, as_json=as_json)


@explained()
def unpair_browsers(data: Path, name: str) -> str:
    """Let no browser see what is found.

    Raises:
        NotFound: there is no such counter, or several have this name.
    """
    with _opened(data) as (verifier, store):
        record = _run(verifier.counters.find(name), store)
        _run(verifier.counters.unpair(record.id), store)
    return f"No browser sees what is found at {record.name} now. Pair one anew with `counter pair`."


@contextmanager
def _opened(data: Path) -> Iterator[tuple[Verifier, SqlVerifierStore]]:
    settings = VerifierSettings.read(data)
    store = open_store(settings)
    try:
        yield open_verifier(settings, store), store
    finally:
        store.database.dispose()


def _run(exchange: Exchange[T], store: SqlVerifierStore) -> T:
    return drive(exchange, store, NoSender())


def _tell(verifier: Verifier, record: CounterRecord, *, as_json: bool) -> None:
    state = state_of(verifier, record)
    if as_json:
        print_json(state)
        return
    print(f"{state.name} ({state.id}): {state.page}")
    for code in state.codes:
        print(f"    {code.use_case}: print {code.page}")


def _tell_pairing(verifier: Verifier, store: SqlVerifierStore, record: CounterRecord, *, as_json: bool = False) -> None:
    offer = _run(verifier.counters.offer_pairing(record.id), store)
    link = verifier.counters.pairing_link(record, offer.code)
    if as_json:
        print_json({"url": link, "code": offer.code, "expires_at": offer.expires_at})
        return
    print(f"\nOpen this once, within {PAIRING_SECONDS // 60} minutes, in the browser that stands at the counter:")
    print(f"  {link}")
