"""Who lives in the demo town of Lindenau. All people and offices are invented."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

TOWN = "Lindenau"
PEOPLE = Path(__file__).parent / "town" / "people.csv"
TRUST_LIST = f"the trust list of {TOWN}"  # who vouches for every office and partner here
CITIZEN = "erika"  # whose wallet the demo walks through
CITIZEN_NAME = "Erika Mustermann"
CLERK = "Frau Beck"  # who works at every desk
WALLET_HOST = "wallet"  # first label of the host name of her wallet


@dataclass(frozen=True, slots=True)
class Agency:
    """An office that issues credentials."""

    id: str  # first label of its host name, and its folder
    name: tuple[tuple[str, str], ...]  # language → name
    types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Partner:
    """Somebody who asks for proofs."""

    id: str
    name: tuple[tuple[str, str], ...]
    use_cases: tuple[str, ...]


CITY_OFFICE = Agency(
    "buergeramt",
    (("de", f"Bürgeramt {TOWN}"), ("en", f"{TOWN} city office")),
    ("pid", "residence", "disability-card"),
)
UNIVERSITY = Agency(
    "universitaet",
    (("de", f"Universität {TOWN}"), ("en", f"University of {TOWN}")),
    ("diploma", "library-card"),
)
LIBRARY = Partner(
    "buecherei",
    (("de", f"Stadtbücherei {TOWN}"), ("en", f"{TOWN} city library")),
    ("library-sign-up", "over-18"),
)
CINEMA = Partner(
    "kino",
    (("de", "Kino Capitol"), ("en", "Capitol cinema")),
    ("over-18",),
)
AGENCIES = (CITY_OFFICE, UNIVERSITY)
PARTNERS = (LIBRARY, CINEMA)
