"""The wallet was locked, in another window or by itself, while something was going on: what became of that."""

from __future__ import annotations

from enum import StrEnum

from protocol.errors import Unavailable


class WhenLocked(StrEnum):
    """What the user has to know about what they clicked: whether it was done, what is lost, and how they go on."""

    NOT_DONE = "not_done"
    DONE = "done"
    SCAN_AGAIN = "scan_again"  # nothing came, nothing was given away
    SPENT = "spent"  # nothing came, and the invitation may be used up
    WAITS = "waits"  # not in the wallet yet; it goes on from what the vault keeps
    KEPT = "kept"
    SHARED = "shared"  # it left, and counts as seen
    MEET_AGAIN = "meet_again"  # whoever scanned the wallet's code got nothing, and scans another one
    LOGGED_IN = "logged_in"  # at the office, for nothing


class LockedMeanwhile(Unavailable):
    """The wallet was locked while something was going on; `when` says what became of that."""

    def __init__(self, when: WhenLocked) -> None:
        super().__init__("the wallet was locked meanwhile")
        self.when = when


def before_form(path: str) -> WhenLocked:
    """What is to be known when a form comes that was on the screen before the wallet was locked: it does nothing."""
    if path.startswith("/receive/") and (path.endswith("/arrived") or path.startswith("/receive/pending/")):
        return WhenLocked.WAITS
    if path.startswith("/meet"):
        # What was answered before was made before, and whoever held a camera before it may have it
        return WhenLocked.SHARED if path.endswith("/answered") else WhenLocked.MEET_AGAIN
    scanned = path == "/add" or path.startswith(("/receive/", "/present/", "/login/"))
    return WhenLocked.SCAN_AGAIN if scanned else WhenLocked.NOT_DONE
