"""The pictures in the documents: each is there, is small, says in words what it shows, and none lies about for nothing."""

import re

import pytest
from PIL import Image

from tests.support.tree import ROOT

FOLDER = ROOT / "docs/pictures"
DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
IMAGE = re.compile(r"<img\s[^>]*>|!\[[^\]]*\]\([^)]*\)")
LARGEST, TOGETHER = 60_000, 700_000  # bytes


def images(document):
    """The address and the words of every picture in a document."""
    for tag in IMAGE.findall(document.read_text(encoding="utf-8")):
        address, words = re.search(r'src="([^"]*)"|\(([^)]*)\)', tag), re.search(r'alt="([^"]*)"|\[([^\]]*)\]', tag)
        yield address and (address[1] or address[2]), words and (words[1] or words[2])


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_picture_is_there_and_in_words_too(document):
    for address, words in images(document):
        assert (document.parent / address).is_file()
        assert words
        assert len(words.split()) > 3, f"“{words}” says little"


def test_no_picture_is_there_that_nobody_sees():
    seen = {(document.parent / address).resolve() for document in DOCUMENTS for address, _ in images(document)}
    assert sorted(file.name for file in FOLDER.iterdir() if file.resolve() not in seen) == []


def test_pictures_are_small_and_say_nothing_beside_themselves():
    sizes = [file.stat().st_size for file in FOLDER.iterdir()]
    assert sizes
    assert max(sizes) < LARGEST
    assert sum(sizes) < TOGETHER
    for file in FOLDER.iterdir():
        with Image.open(file) as picture:
            assert (picture.format, picture.info.keys() - {"transparency"}) == ("PNG", set())
