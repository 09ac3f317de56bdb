"""XML from outside, parsed within limits; and elements that are read strictly, every miss with its place.

A document type is refused before anything parses: with it go entities, whatever they would expand to, and whatever they would
fetch. So is any encoding but UTF-8 (TS 119 612 annex B.0), so that nothing can hide one from us.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree
from lxml.etree import _Element

from protocol.errors import Malformed, TooLarge

MAX_TAGS = 500_000  # of a document; comments count too
MAX_DEPTH = 64
MAX_ATTRIBUTES = 32  # of one element
MAX_NAMESPACES = 256  # that are declared at one place, by it and by what stands around it

_BOM = b"\xef\xbb\xbf"
_DECLARATION = re.compile(rb"<\?xml\s[^>]{0,200}\?>")
_ENCODING = re.compile(rb"""encoding\s*=\s*["']([^"']*)["']""")
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


def safe_parser() -> etree.XMLParser:
    """A parser that fetches nothing, expands nothing, and keeps to the limits of its library on depth and size."""
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        no_network=True,
        huge_tree=False,
        recover=False,
        strip_cdata=True,
    )


def parse(raw: bytes, at: str, *, max_bytes: int) -> _Element:
    """The root of a document.

    Raises:
        TooLarge: too many bytes, tags, attributes or namespaces, or too deep.
        Malformed: no XML, not in UTF-8, or with a document type or instructions.
    """
    if len(raw) > max_bytes:
        raise TooLarge(at, f"is larger than {max_bytes} bytes")
    _check_encoding(raw, at)
    if b"<!DOCTYPE" in raw or b"<!ENTITY" in raw:
        raise Malformed(at, "must have no document type")
    if raw.count(b"<") > MAX_TAGS:
        raise TooLarge(at, f"has more than {MAX_TAGS} tags")
    try:
        root = etree.fromstring(raw, parser=safe_parser())
    except (etree.LxmlError, ValueError) as error:
        # What the library says would repeat what stands there
        raise Malformed(at, "is not XML that can be read") from error
    _check_tree(root, at)
    return root


def _check_encoding(raw: bytes, at: str) -> None:
    """XML can say its own encoding, and another one would be read in another way than we look at it."""
    if b"\0" in raw:
        raise Malformed(at, "must be UTF-8")
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed(at, "must be UTF-8") from error
    raw = raw.removeprefix(_BOM)
    if not raw.startswith(b"<?xml"):
        return
    declaration = _DECLARATION.match(raw)
    if declaration is None:
        raise Malformed(at, "has a declaration that cannot be read")
    encoding = _ENCODING.search(declaration[0])
    if encoding is not None and encoding[1].lower() != b"utf-8":
        raise Malformed(at, "must be UTF-8")


def _check_tree(root: _Element, at: str) -> None:
    depth = namespaces = 0
    for event, element in etree.iterwalk(root, events=("start", "end", "pi", "start-ns", "end-ns")):
        if event == "pi":
            raise Malformed(at, "must have no processing instructions")
        if event == "start-ns":
            namespaces += 1
            # The canonical form looks at all of them again for each element, before a signature is checked
            if namespaces > MAX_NAMESPACES:
                raise TooLarge(at, f"declares more than {MAX_NAMESPACES} namespaces")
            continue
        if event == "end-ns":
            namespaces -= 1
            continue
        if event == "end":
            depth -= 1
            continue
        depth += 1
        if depth > MAX_DEPTH:
            raise TooLarge(at, f"is deeper than {MAX_DEPTH} elements")
        if len(element.attrib) > MAX_ATTRIBUTES:
            raise TooLarge(at, f"has an element with more than {MAX_ATTRIBUTES} attributes")


@dataclass(frozen=True, slots=True)
class Node:
    """An element, and where it stands."""

    element: _Element
    at: str

    def children(self, tag: str, *, max_items: int) -> tuple[Node, ...]:
        """Those of one name.

        Raises:
            TooLarge: too many.
        """
        found = self.element.findall(tag)
        at = f"{self.at}.{_local(tag)}"
        if len(found) > max_items:
            raise TooLarge(at, f"stands there more than {max_items} times")
        return tuple([Node(element, f"{at}[{i}]") for i, element in enumerate(found)])

    def optional_child(self, tag: str) -> Node | None:
        """The only one of its name, or None.

        Raises:
            Malformed: there are several.
        """
        found = self.element.findall(tag)
        at = f"{self.at}.{_local(tag)}"
        if len(found) > 1:
            raise Malformed(at, "stands there twice")
        return Node(found[0], at) if found else None

    def child(self, tag: str) -> Node:
        """The only one of its name.

        Raises:
            Malformed: there is none, or there are several.
        """
        found = self.optional_child(tag)
        if found is None:
            raise Malformed(f"{self.at}.{_local(tag)}", "is missing")
        return found

    def elements(self) -> Iterator[Node]:
        """All that stand below it, without comments."""
        for element in self.element.iterchildren(tag=etree.Element):
            yield Node(element, f"{self.at}.{_local(str(element.tag))}")

    def text(self, *, max_length: int) -> str:
        """What stands in it, without white space around.

        Raises:
            Malformed: nothing, too much, or elements.
        """
        if len(self.element):
            raise Malformed(self.at, "must be text alone")
        text = (self.element.text or "").strip()
        if not text:
            raise Malformed(self.at, "must not be empty")
        if len(text) > max_length:
            raise TooLarge(self.at, f"is longer than {max_length} characters")
        return text

    def binary(self, *, max_length: int) -> str:
        """Base64 that stands in it, in one line."""
        return "".join(self.text(max_length=max_length).split())

    def attribute(self, name: str) -> str | None:
        """An attribute without a namespace."""
        return self.element.get(name)

    def language(self) -> str:
        """The language of its text; the empty text if it says none."""
        return self.element.get(_LANGUAGE) or ""


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]
