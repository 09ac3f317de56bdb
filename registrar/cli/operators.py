"""Who may decide about applications: sign-in codes for the pages of operators."""

from __future__ import annotations

from pathlib import Path

from capabilities.accounts.service import new_clerk_code
from protocol.errors import InvalidRequest
from registrar.app import open_store
from registrar.config import RegistrarSettings
from runtime import system
from runtime.commands import explained
from runtime.conversation import Event

ACTOR = "command line"


@explained()
def make_operator_code(data: Path, name: str) -> None:
    """Make and tell a sign-in code, of which only a digest is kept.

    Raises:
        InvalidRequest: a name that cannot stand in the audit trail.
    """
    settings = RegistrarSettings.read(data)
    store = open_store(settings)
    try:
        code, kept = new_clerk_code(name, now=system.now(), random_bytes=system.random_bytes)
        store.operator_codes.put(kept)
        store.note(Event("operator code made", name, actor=ACTOR))
    finally:
        store.database.dispose()
    print(code)
    print(
        f"\nSign in at {settings.public_url}/operator. Hand the code to this person alone; whoever has it can decide."
    )


@explained()
def revoke_operator_codes(data: Path, name: str) -> None:
    """Revoke every sign-in code of a name and tell how many that were.

    Raises:
        InvalidRequest: there is none.
    """
    store = open_store(RegistrarSettings.read(data))
    try:
        count = store.operator_codes.revoke(name)
        if not count:
            raise InvalidRequest("there is no sign-in code of this name that is good")
        store.note(Event("operator code revoked", name, actor=ACTOR))
    finally:
        store.database.dispose()
    print(f"Revoked: {count}")
