"""How good a new passphrase is, told honestly: what a thief tries first is weak, however long it is.

It finds what is easy to find, and never proves that a passphrase is good.
"""

from __future__ import annotations

import unicodedata
from enum import StrEnum

GOOD_LENGTH = 14  # characters
_ENOUGH = 10  # characters that do not follow from those before them

_ROWS = (
    "1234567890", "qwertzuiopü", "asdfghjklöä", "yxcvbnm",
    "qwertyuiop", "asdfghjkl", "zxcvbnm", "azertyuiop", "qsdfghjklm", "wxcvbn",
)  # fmt: skip
# What people choose most; each tells a thief no more than one letter would
_COMMON = (
    "passphrase", "passwort", "password", "kennwort", "geheim", "secret", "hallo", "hello", "willkommen", "welcome",
    "wallet", "hoheit", "schatz", "ichliebedich", "iloveyou", "admin", "master", "dragon", "monkey", "fussball",
    "football", "sommer", "summer", "winter", "letmein", "sonnenschein", "sunshine", "princess", "prinzessin",
    "deutschland", "germany", "berlin", "hamburg", "muenchen", "münchen", "passwd", "login", "test",
)  # fmt: skip


class Weakness(StrEnum):
    """Why a passphrase can be guessed."""

    SHORT = "short"
    EASY = "easy"  # repeated, in a row, or a word that everybody takes


def weakness_of(passphrase: str) -> Weakness | None:
    """What is wrong with a passphrase; None if nothing is found."""
    if len(passphrase) < GOOD_LENGTH:
        return Weakness.SHORT
    folded = "".join(unicodedata.normalize("NFKC", passphrase).casefold().split())
    return Weakness.EASY if _surprises(_without_common_words(_one_period(folded))) < _ENOUGH else None


def _one_period(text: str) -> str:
    """Of a text that is the same again and again, once."""
    periods = (length for length in range(1, len(text) // 2 + 1) if text.startswith(text[length:]))
    return text[: next(periods, len(text))]


def _without_common_words(text: str) -> str:
    for word in sorted(_COMMON, key=len, reverse=True):
        text = text.replace(word, "\0")
    return text


def _surprises(text: str) -> int:
    """How many characters do not follow from those before: not the same again, and not the third of a row."""
    found, length = 0, 0  # how long the row is that a character goes on with
    for before, now in zip(" " + text, text, strict=False):
        length = length + 1 if _is_next(before, now) else 1
        found += before != now and length < 3
    return found


def _is_next(before: str, now: str) -> bool:
    if before.isalnum() and now.isalnum() and abs(ord(before) - ord(now)) == 1:
        return True
    return before != now and any(before + now in row or now + before in row for row in _ROWS)
