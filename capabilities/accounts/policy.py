"""How long somebody stays signed in, and what a wrong sign-in code costs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AccountPolicy:
    """Times in seconds; the defaults are the strict choice."""

    idle: int = 30 * 60
    longest: int = 10 * 3600
    pause: float = 1.0  # before a wrong code is answered
    wrong_codes: int = 5  # of one browser, then it has to wait
    waiting: int = 300


USUAL_ACCOUNTS = AccountPolicy()
