"""What widespread data are called, where nobody who asks or issues says it (PID Rulebook §2, and what offices issue)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from protocol.credential import ClaimPath
from runtime.translations import COMMON_LOCALE, read_translations

# In both forms of the PID, and in driving licences
_AGE = re.compile(r"age_(?:equal_or_over |over_)([0-9]{1,3})", re.ASCII)


def known_name(path: ClaimPath, language: str) -> str:
    """What data at a path are called in a language; empty: nobody has words for them.

    What is inside of something has its name; an mdoc has the namespace first.
    """
    names = [step for step in path[:2] if isinstance(step, str)]
    known = _in(language)
    return _of_age(names, language) or next((known[name] for name in names if name in known), "")


def claim_name(path: ClaimPath, language: str) -> str:
    """What data at a path are called, each step of the way: `Address: Town`, `Nationality: 1` of the first in a list.

    A name that nobody has words for stands as it is. A namespace of an mdoc is left out: a first name with dots in it.
    """
    steps = [step for step in path if step is not None]
    inside = steps[1:] if len(steps) > 1 and "." in str(steps[0]) else steps
    known = _in(language)
    said = [known.get(step) or step.replace("_", " ") if isinstance(step, str) else str(step + 1) for step in inside]
    return _of_age([str(step) for step in inside], language) or ": ".join(said)


def _of_age(names: Sequence[str], language: str) -> str:
    age = _AGE.fullmatch(" ".join(names)) or (_AGE.fullmatch(names[-1]) if names else None)
    if age is None:
        return ""
    words = read_translations(language, COMMON_LOCALE).gettext
    return words("Whether at least %(years)s years old") % {"years": age[1]}


@lru_cache(maxsize=8)
def _in(language: str) -> Mapping[str, str]:
    return _names(read_translations(language, COMMON_LOCALE).gettext)


def _names(words: Callable[[str], str]) -> dict[str, str]:
    return {
        "family_name": words("Family name"),
        "given_name": words("Given name"),
        "birthdate": words("Date of birth"),
        "birth_date": words("Date of birth"),
        "place_of_birth": words("Place of birth"),
        "birth_place": words("Place of birth"),
        "nationalities": words("Nationality"),
        "nationality": words("Nationality"),
        "address": words("Address"),
        "resident_address": words("Address"),
        "street_address": words("Street and house number"),
        "house_number": words("House number"),
        "postal_code": words("Postal code"),
        "locality": words("Town"),
        "region": words("Region"),
        "country": words("Country"),
        "sex": words("Sex"),
        "email": words("E-mail address"),
        "phone_number": words("Phone number"),
        "picture": words("Portrait"),
        "portrait": words("Portrait"),
        "age_in_years": words("Age"),
        "age_equal_or_over": words("Whether you have reached an age"),
        "personal_administrative_number": words("Personal number"),
        "iban": words("Account number (IBAN)"),
        "bank": words("Bank"),
        "employer": words("Employer"),
        "occupation": words("Occupation"),
        "gross_monthly": words("Pay in a month, before deductions"),
        "net_monthly": words("Pay in a month, after deductions"),
        "taxable_yearly": words("Taxable income in a year"),
        "monthly_amount": words("Amount in a month"),
        "insurer": words("Health insurance"),
        "insured_number": words("Health insurance number"),
        "pension_number": words("Pension insurance number"),
        "degree_of_disability": words("Degree of disability"),
        "marks": words("Marks on the disability card"),
        "student_number": words("Student number"),
        "field_of_study": words("Field of study"),
        "parents": words("Parents"),
        "child": words("Child"),
        "spouse": words("Spouse"),
        "represented": words("For whom you act"),
        "areas": words("What you may act for"),
        "relation": words("Why you may act for somebody"),
        "alone": words("Whether your signature alone is enough"),
        "until": words("Until when it holds"),
        "document_number": words("Number of the document"),
        "card_number": words("Number of the card"),
        "file_number": words("File number"),
        "issuing_authority": words("Issuing office"),
        "issuing_country": words("Issuing country"),
        "date_of_issuance": words("Date of issue"),
        "issue_date": words("Date of issue"),
        "date_of_expiry": words("Date of expiry"),
        "expiry_date": words("Date of expiry"),
        "resident_since": words("Lives there since"),
        "driving_privileges": words("What you may drive"),
    }
