"""A partner's database, as whoever runs the partner sees it; the partner goes on meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import select

from hoheit.demo.places import Partner
from hoheit.demo.setting_up import Town
from hoheit.registering import drive_apart
from runtime.http import NoSender
from verifier.app import open_store, open_verifier
from verifier.config import VerifierSettings
from verifier.database.store import SqlVerifierStore
from verifier.database.tables import metadata


def append_usage_early(town: Town, partner: Partner) -> None:
    """Append to the usage log what waits for the hour, as `hoheit verifier append-usage` does it."""
    with _opened(town, partner) as (settings, store):
        drive_apart(open_verifier(settings, store).usage.append_early(), NoSender(), store)


def tables_with(town: Town, partner: Partner, text: str) -> frozenset[str]:
    """The names of the tables in which a text stands."""
    found = set()
    with _opened(town, partner) as (_, store), store.database.reading() as connection:
        for name, table in metadata.tables.items():
            for row in connection.execute(select(table)):
                if any(text in value for value in row if isinstance(value, str)):
                    found.add(name)
    return frozenset(found)


@contextmanager
def _opened(town: Town, partner: Partner) -> Iterator[tuple[VerifierSettings, SqlVerifierStore]]:
    settings = VerifierSettings.read(town.data(partner))
    store = open_store(settings)
    try:
        yield settings, store
    finally:
        store.database.dispose()
