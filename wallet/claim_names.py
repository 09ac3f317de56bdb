"""What data are called where no document in the wallet says so, and areas and reasons of those who act for others."""

from __future__ import annotations

from collections.abc import Callable

from protocol.credential import ClaimPath
from wallet.policy.showing import plain

Look = Callable[..., str]  # looks a text up in the user's language


def claim_name(words: Look, path: ClaimPath) -> str:
    """What a piece of data is called; one that nobody has words for is said to be called so, by the name that the asker used.

    Names are those of the PID Rulebook §2 and of what offices issue; what is inside of one has its name.
    """
    names = [step for step in path if isinstance(step, str)]
    # An mdoc has the namespace first
    known = _known(words)
    found = next((known[name] for name in names[:2] if name in known), "")
    called = plain(names[-1].replace("_", " ")) if names else ""
    return found or words("something called “%(name)s”", name=called)


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


def _known(words: Look) -> dict[str, str]:
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
