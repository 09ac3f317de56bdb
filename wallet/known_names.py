"""What widespread data are called, where no issuer says it: by the names of the PID Rulebook §2, and of what offices issue."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path

from runtime.translations import read_translations

LOCALE = Path(__file__).parent / "locale"
Look = Callable[..., str]  # looks a text up in the user's language


def known_name(name: str, language: str) -> str:
    """What data of this name are called in a language; empty: nobody has words for them."""
    return _in(language).get(name, "")


@lru_cache(maxsize=8)
def _in(language: str) -> Mapping[str, str]:
    return known_names(read_translations(language, LOCALE).gettext)


def known_names(words: Look) -> dict[str, str]:
    """Name of data → what they are called; `words` looks a text up."""
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
