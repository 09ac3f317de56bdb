"""`hoheit verifier held`: the mirror of the Datencockpit, for whoever answers for data protection."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from runtime import system
from runtime.commands import explained, print_json
from verifier.app import open_store
from verifier.config import VerifierSettings
from verifier.mirror import PurposeHeld, reflect


@explained()
def print_held(data: Path, *, as_json: bool) -> None:
    """Tell, for each purpose, what was shown, is held, was passed on and must be erased; everything is counted."""
    store = open_store(VerifierSettings.read(data))
    try:
        mirror = reflect(store.receipt_pasts, now=system.now(), limit=None)
    finally:
        store.database.dispose()
    for held in mirror.purposes:
        if as_json:
            print_json(held.to_dict())
        else:
            print("\n  ".join(_lines(held)))
    if not mirror.purposes and not as_json:
        print("Nobody has shown anything so far.")


def _lines(held: PurposeHeld) -> list[str]:
    passed_on = ", ".join(f"{to.name} ({count})" for to, count in held.passed_on.items())
    due = (
        "nothing" if held.next_erasure is None else f"next on {datetime.fromtimestamp(held.next_erasure, UTC):%Y-%m-%d}"
    )
    return [
        held.purpose[0].text,
        f"shown: {held.shown}, and {held.rejected} that failed a check",
        f"held: {held.here} here, {held.elsewhere} in other systems",
        f"passed on: {passed_on or 'to nobody'}",
        f"to be erased: {due}; {held.late} late, {held.open_end} without a known day",
    ]
