"""What a claim stands for, and days and countries as people write them: the same for whoever has data and whoever gets it."""

from __future__ import annotations

import re
from datetime import date
from enum import StrEnum

from babel import Locale
from babel.dates import format_date

from protocol.credential import ClaimPath

_LOCALES = {"en": "en_GB"}  # days come before months where we are
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)
_NOWHERE = frozenset(("QO", "XA", "XB", "ZZ"))  # have names in CLDR, and are no countries


class ClaimKind(StrEnum):
    """What the value of a claim stands for: only where it stands makes `DE` a country, never that it looks like one."""

    PLAIN = "plain"  # itself
    COUNTRY = "country"  # ISO 3166-1 alpha-2
    SEX = "sex"  # a code of the PID
    AREA = "area"  # what somebody may act for, in the word of a proof of representation
    RELATION = "relation"  # why, likewise
    CODE = "code"  # one of few words that an office uses, such as `family` for how somebody is insured
    BYTES = "bytes"  # no text, though it is written as one


_PID, _MDL = "eu.europa.ec.eudi.pid.1", "org.iso.18013.5.1"
_PROOF, _BIRTH = "org.hoheit.representation.1", "org.hoheit.birth-certificate.1"
# PID Rulebook (Annex 3.01 of the ARF) §2, by the names of its §4.1 and §3.1.2, and ISO/IEC 18013-5 §7.2.1; other documents call
# these the same. Our diploma says where its school is
_KINDS: dict[ClaimPath, ClaimKind] = {
    ("nationalities", None): ClaimKind.COUNTRY,
    ("address", "country"): ClaimKind.COUNTRY,
    ("place_of_birth", "country"): ClaimKind.COUNTRY,
    ("issuing_country",): ClaimKind.COUNTRY,
    ("institution", "country"): ClaimKind.COUNTRY,
    ("sex",): ClaimKind.SEX,
    # docs/sovereignty/representation.md
    ("areas", None): ClaimKind.AREA,
    ("relation",): ClaimKind.RELATION,
    # The kinds of insurances, pensions and permits, and the groups of readers, in the documents that are shipped
    ("kind",): ClaimKind.CODE,
    ("group",): ClaimKind.CODE,
    (_PID, "nationality", None): ClaimKind.COUNTRY,
    (_PID, "place_of_birth", "country"): ClaimKind.COUNTRY,
    (_PID, "resident_country"): ClaimKind.COUNTRY,
    (_PID, "issuing_country"): ClaimKind.COUNTRY,
    (_PID, "sex"): ClaimKind.SEX,
    (_MDL, "nationality"): ClaimKind.COUNTRY,
    (_MDL, "resident_country"): ClaimKind.COUNTRY,
    (_MDL, "issuing_country"): ClaimKind.COUNTRY,
    (_MDL, "sex"): ClaimKind.SEX,
    (_PROOF, "areas", None): ClaimKind.AREA,
    (_PROOF, "relation"): ClaimKind.RELATION,
    (_PROOF, "issuing_country"): ClaimKind.COUNTRY,
    (_BIRTH, "sex"): ClaimKind.SEX,
    (_BIRTH, "birth_country"): ClaimKind.COUNTRY,
    (_BIRTH, "issuing_country"): ClaimKind.COUNTRY,
}


def kind_of(path: ClaimPath) -> ClaimKind:
    """What a claim is; its path has null for every index."""
    return _KINDS.get(path, ClaimKind.PLAIN)


def is_day(text: str) -> bool:
    """Whether a text is written like a day: 1964-08-12."""
    return _DATE.fullmatch(text) is not None


def long_date(text: str, language: str) -> str:
    """A day as people say it; text that is no day of a calendar stays as it is."""
    if not is_day(text):
        return text
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return text
    return format_date(day, "long", locale=_LOCALES.get(language, language))


def is_country(code: str) -> bool:
    """Whether a code is that of a country (ISO 3166-1 alpha-2)."""
    return _COUNTRY.fullmatch(code) is not None and code not in _NOWHERE and code in Locale.parse("en").territories


def country(code: str, language: str) -> str:
    """A country by name, and the code that others see; a code that is none stays as it is."""
    if not _COUNTRY.fullmatch(code) or code in _NOWHERE:
        return code
    name = Locale.parse(_LOCALES.get(language, language)).territories.get(code)
    return f"{name} ({code})" if name else code
