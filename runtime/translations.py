"""Texts in the user's language: gettext catalogues, read from the `.po` files that ship with each role."""

from __future__ import annotations

import gettext
import io
from functools import cache
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LANGUAGES = ("de", "en")
COMMON_LOCALE = Path(__file__).parent / "locale"  # texts of all roles
SOURCE_LANGUAGE = "en"  # of the texts in templates and code


@cache
def read_translations(language: str, *folders: Path) -> gettext.NullTranslations:
    """The catalogue of one folder, and behind it those of others; the source language needs none.

    They ship with the program and are read once: reading a `.po` file takes longer than making a page.
    """
    found: gettext.NullTranslations = gettext.NullTranslations()
    for folder in reversed(folders):
        path = folder / f"{language}.po"
        if language != SOURCE_LANGUAGE and path.exists():
            translations = _read(path, language)
            translations.add_fallback(found)
            found = translations
    return found


def _read(path: Path, language: str) -> gettext.GNUTranslations:
    with path.open("rb") as file:
        catalogue = read_po(file, locale=language, abort_invalid=True)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
