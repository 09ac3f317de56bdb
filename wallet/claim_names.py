"""What data are called where no document in the wallet says so, and areas and reasons of those who act for others."""

from __future__ import annotations

from collections.abc import Callable

from protocol.credential import ClaimPath
from runtime.known_names import known_name
from wallet.policy.showing import plain

Look = Callable[..., str]  # looks a text up in the user's language


def claim_name(words: Look, language: str, path: ClaimPath) -> str:
    """What a piece of data is called; of one that nobody has words for, by which name the asker knows it."""
    names = [step for step in path if isinstance(step, str)]
    called = plain(names[-1].replace("_", " ")) if names else ""
    return known_name(path, language) or words("something called “%(name)s”", name=called)


def area_name(words: Look, area: str) -> str:
    """What somebody may act for; a word that is not widespread stands as the office wrote it."""
    return {
        "everything": words("Everything"),
        "school": words("School"),
        "day-care": words("Day care"),
        "health": words("Health"),
        "money": words("Money"),
        "housing": words("Housing"),
        "authorities": words("Public offices"),
        "mail": words("Letters and messages"),
        "contracts": words("Contracts"),
        "vehicles": words("Vehicles"),
        "taxes": words("Taxes"),
        "sport": words("Sports and clubs"),
    }.get(area, plain(area))


def relation_name(words: Look, relation: str) -> str:
    """Why somebody may act for another; a word that we do not know stands as the office wrote it."""
    return {
        "parent": words("As a parent"),
        "guardian": words("As a guardian"),
        "employee": words("As an employee"),
    }.get(relation, plain(relation))


def code_name(words: Look, code: str) -> str:
    """What an office writes as one of few words; one that is not widespread stands as it wrote it."""
    return {
        "member": words("Member"),
        "student": words("As a student"),
        "pensioner": words("As a pensioner"),
        "family": words("Insured with the family"),
        "resident": words("For residents"),
        "disability": words("For people with a disability"),
        "old_age": words("Old-age pension"),
        "reduced_earning_capacity": words("Pension because you can work little or not at all"),
        "survivor": words("Survivor's pension"),
        "child": words("Child"),
        "young": words("Young people"),
        "adult": words("Adults"),
        "reduced": words("At a lower price"),
    }.get(code, plain(code))
