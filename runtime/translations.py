"""Texts in the user's language: gettext catalogues, read from the `.po` files that ship with each role."""

from __future__ import annotations

import gettext
import io
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LANGUAGES = ("de", "en")
SOURCE_LANGUAGE = "en"  # of the texts in templates and code


def read_translations(folder: Path, language: str) -> gettext.NullTranslations:
    """A catalogue, read from its `.po` file; the source language needs none."""
    path = folder / f"{language}.po"
    if language == SOURCE_LANGUAGE or not path.exists():
        return gettext.NullTranslations()
    with path.open("rb") as file:
        catalogue = read_po(file, locale=language, abort_invalid=True)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
