"""The Datencockpit of somebody with a long life: a hundred thousand entries are opened, gone on from, and searched."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.benchmarks.measure import Report, Row
from tests.support.pki import NOW
from tests.wallet.counterparts import PASSPHRASE
from tests.wallet.web.visitor import Served
from wallet.policy.cockpit.timeline import Filter, Kind, Timeline, Timelines, part_of
from wallet.records import LogEntry, LoggedCredential
from wallet.store import NewEntry
from wallet.vault.vault import Vault

ENTRIES = 100_000
PARTNERS = 300
ROUNDS = 5
MAX_OPEN = 300.0  # milliseconds
MAX_SEARCH = 100.0  # milliseconds
_SHOWN = (LoggedCredential("Personal ID", "urn:eudi:pid:1", ('["given_name"]', '["birthdate"]', '["address"]')),)


def entry(hour: int) -> NewEntry:
    """What happened in one hour of that life."""

    def note(number: int, before: str) -> LogEntry:
        party = f"Partner {hour % PARTNERS}"
        action, outcome = ("sharing", "begun") if hour % 3 else ("declined", "refused")
        at, shown = NOW - (ENTRIES - hour) * 3600, _SHOWN if hour % 3 else ()
        party_id, request = f"x509_hash:{hour % PARTNERS}", f"{hour:064x}"
        return LogEntry(number, at, action, party, party_id, "Register", shown, outcome, request, 0, before)

    return note


def fill(vault: Vault, entries: int) -> None:
    """A log of so many entries, in one transaction."""
    with vault._turn, vault._changing() as change:
        for hour in range(entries):
            change.note(entry(hour))


def measure_timeline(report: Report, entries: int = ENTRIES) -> None:
    """Pages are measured as the application answers them; the first read of the log is part of unlocking."""
    os.environ["HOHEIT_ENV"] = "test"
    with tempfile.TemporaryDirectory() as folder:
        served = Served(Path(folder) / "wallet")
        served.create()
        with Vault.open(served.settings.vault, PASSPHRASE, now=NOW) as vault:
            fill(vault, entries)
        citizen = served.visitor()
        _row(report, f"unlock with a log of {entries:,}", _timed(citizen.unlock, rounds=1), None)
        _row(report, f"timeline of {entries:,}: page opens", _timed(lambda: _seen(citizen.get("/activity"))), MAX_OPEN)

        def one_more() -> None:
            served.vault.write(note=entry(entries))
            _seen(citizen.get("/activity"))

        _row(report, "after one more entry: page opens", _timed(one_more), MAX_OPEN)
        timeline = Timelines().of(served.vault.log(), (), NOW)
        for name, wanted in _searches().items():
            _row(report, f"search in {entries:,}: {name}", _timed(partial(_found, timeline, wanted)), MAX_SEARCH)
        served.door.close()


def _searches() -> dict[str, Filter]:
    return {
        "a partner's name": Filter(needles=("partner 77",)),
        "a word that stands everywhere": Filter(needles=("given_name", '["birthdate"]')),
        "one partner": Filter(partner="x509_hash:5"),
        "document and time": Filter(document="urn:eudi:pid:1", since=NOW - 365 * 86_400),
        "kind and word": Filter(kind=Kind.GIVEN, needles=("partner 12",)),
    }


def _found(timeline: Timeline, wanted: Filter) -> None:
    part_of(timeline.find(wanted))


def _seen(answer: object) -> None:
    if getattr(answer, "status_code", 0) != 200:
        raise RuntimeError("the page did not open")


def _timed(call: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Milliseconds, the median of some rounds."""
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        call()
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)


def _row(report: Report, name: str, milliseconds: float, limit: float | None) -> None:
    if limit is None:
        report.add(Row(name, milliseconds, "ms"))
    else:
        report.add(Row(name, milliseconds, "ms", limit / milliseconds, f"{limit:g} ms", 1.0))
