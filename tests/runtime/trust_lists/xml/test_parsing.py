"""XML from outside: what would grow, fetch or nest without end is refused before it does."""

import pytest
from lxml import etree

from protocol.errors import Malformed, TooLarge
from runtime.trust_lists.forms import MAX_XML
from runtime.trust_lists.xml import parsing
from runtime.trust_lists.xml.parsing import Node, parse

LAUGHS = b"".join(
    [
        b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY l0 "lol">',
        *(b'<!ENTITY l%d "%s">' % (i, b"&l%d;" % (i - 1) * 10) for i in range(1, 12)),
        b"]><a>&l11;</a>",
    ]
)
QUADRATIC = b'<!DOCTYPE a [<!ENTITY x "' + b"x" * 50_000 + b'">]><a>' + b"&x;" * 50_000 + b"</a>"
OUTSIDE = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'
PARAMETER = b'<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x">%x;]><a/>'
SUBSET = b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><a/>'
DEFAULTS = b'<!DOCTYPE a [<!ATTLIST a Critical CDATA "false">]><a/>'


def read(raw, *, max_bytes=MAX_XML):
    return parse(raw, "list", max_bytes=max_bytes)


@pytest.mark.parametrize(
    "raw",
    [LAUGHS, QUADRATIC, OUTSIDE, PARAMETER, SUBSET, DEFAULTS, b"\xef\xbb\xbf" + OUTSIDE],
    ids=["laughs", "quadratic", "a file", "a parameter", "a subset elsewhere", "defaults", "behind a mark"],
)
def test_a_document_type_is_refused_before_anything_is_expanded_or_fetched(raw, monkeypatch):
    """T210: neither time nor memory goes into it, because nothing is parsed."""
    monkeypatch.setattr(etree, "fromstring", lambda *args, **kwargs: pytest.fail("was parsed"))
    with pytest.raises(Malformed, match="no document type"):
        read(raw)


def test_the_parser_itself_expands_and_fetches_nothing():
    """Should a document type ever come past the first look."""
    root = etree.fromstring(OUTSIDE, parser=parsing.safe_parser())
    assert "root:" not in "".join(map(str, root.itertext()))
    with pytest.raises(etree.XMLSyntaxError):
        etree.fromstring(LAUGHS.replace(b"<a>", b'<a b="&l11;">'), parser=parsing.safe_parser())
    assert dict(etree.fromstring(DEFAULTS, parser=parsing.safe_parser()).attrib) == {}


@pytest.mark.parametrize(
    "raw",
    [
        "<a/>".encode("utf-16"),
        "<a/>".encode("utf-16-le"),
        "<a/>".encode("utf-32"),
        b'<?xml version="1.0" encoding="UTF-7"?><a/>',
        b'<?xml version="1.0" encoding="ISO-8859-1"?><a>\xc3\xa4</a>',
        b"<?xml version=\"1.0\"\nencoding = 'utf-16'?><a/>",
        b'\xef\xbb\xbf<?xml version="1.0" encoding="UTF-7"?><a/>',
        b"<a>\xff</a>",
        b"<a>\0</a>",
    ],
)
def test_another_encoding_is_refused(raw):
    """It would be read in another way than it was looked at, and could hide a document type."""
    with pytest.raises(Malformed, match="UTF-8"):
        read(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b"<a/>",
        b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<a/>',
        b"\xef\xbb\xbf<a/>",
        "<a>ä</a>".encode(),
    ],
)
def test_plain_documents_are_read(raw):
    assert read(raw).tag == "a"


@pytest.mark.parametrize("raw", [b"", b"<a>", b"<a></b>", b"<a/><b/>", b"text", b"<a>&x;</a>"])
def test_what_is_no_xml_is_refused(raw):
    with pytest.raises(Malformed):
        read(raw)


def test_a_declaration_that_is_too_long_to_look_at_is_refused():
    with pytest.raises(Malformed, match="declaration"):
        read(b'<?xml version="1.0"' + b" " * 300 + b"?><a/>")


@pytest.mark.parametrize("raw", [b"<a><?php 1?></a>", b"<a>gran<?x?>ted</a>"])
def test_instructions_are_refused(raw):
    """They would break a text in two."""
    with pytest.raises(Malformed, match="processing instructions"):
        read(raw)


def test_sizes_are_capped_before_anything_is_parsed(monkeypatch):
    """T247"""
    monkeypatch.setattr(etree, "fromstring", lambda *args, **kwargs: pytest.fail("was parsed"))
    with pytest.raises(TooLarge, match="larger than 10 bytes"):
        read(b"<a></a>    ", max_bytes=10)
    monkeypatch.setattr(parsing, "MAX_TAGS", 4)
    with pytest.raises(TooLarge, match="tags"):
        read(b"<a><b/><b/><b/></a>")


@pytest.mark.parametrize(("depth", "good"), [(64, True), (65, False), (200, False)])
def test_depth_is_capped(depth, good):
    raw = b"<a>" * depth + b"</a>" * depth
    if good:
        assert read(raw).tag == "a"
        return
    with pytest.raises(TooLarge, match="deeper"):
        read(raw)


def test_a_depth_that_would_break_the_library_is_refused_by_it():
    with pytest.raises(Malformed, match="not XML"):
        read(b"<a>" * 100_000 + b"</a>" * 100_000)


@pytest.mark.parametrize(("count", "good"), [(32, True), (33, False)])
def test_attributes_are_capped(count, good):
    """Canonical order is sought for each among all."""
    raw = b"<a " + b" ".join(b'a%d=""' % i for i in range(count)) + b"/>"
    if good:
        assert len(read(raw).attrib) == 32
        return
    with pytest.raises(TooLarge, match="attributes"):
        read(raw)


@pytest.mark.parametrize(("count", "good"), [(256, True), (257, False)])
def test_namespaces_in_scope_are_capped(count, good):
    """T247: each element is canonicalized with all of them, before anybody knows who signed."""
    names = [b'xmlns:n%d="u"' % i for i in range(count)]
    beside = b"<b " + names[0] + b"/>"
    for raw in (
        b"<a " + b" ".join(names) + b"/>",
        b"<a " + b" ".join(names[:-1]) + b"><b " + names[-1] + b"/></a>",
        b"<a "
        + b" ".join(names[:-1])
        + b">"
        + beside * 300
        + (b"" if good else b"<b><c " + b" ".join(names[:2]) + b"/></b>")
        + b"</a>",
    ):
        if good:
            assert read(raw).tag == "a"
            continue
        with pytest.raises(TooLarge, match="namespaces"):
            read(raw)


def test_nothing_of_the_document_stands_in_an_error():
    with pytest.raises(Malformed) as refusal:
        read(b"<secret>")
    assert "secret" not in refusal.value.description


# How elements are read


def node(raw):
    return Node(read(raw), "a")


def test_a_child_stands_there_once():
    assert node(b"<a><b/></a>").child("b").at == "a.b"
    assert node(b"<a/>").optional_child("b") is None
    with pytest.raises(Malformed, match=r"a\.b: is missing"):
        node(b"<a/>").child("b")
    with pytest.raises(Malformed, match="twice"):
        node(b"<a><b/><b/></a>").child("b")


def test_children_are_counted():
    assert [found.at for found in node(b"<a><b/><b/></a>").children("b", max_items=2)] == ["a.b[0]", "a.b[1]"]
    with pytest.raises(TooLarge):
        node(b"<a><b/><b/><b/></a>").children("b", max_items=2)


@pytest.mark.parametrize(
    ("raw", "expected"), [(b"<a> x </a>", "x"), (b"<a>x &amp; y</a>", "x & y"), (b"<a><![CDATA[x]]></a>", "x")]
)
def test_text_is_read(raw, expected):
    assert node(raw).text(max_length=10) == expected


@pytest.mark.parametrize(
    "raw", [b"<a/>", b"<a>  </a>", b"<a>x<b/></a>", b"<a>x<!-- -->y</a>", b"<a>" + b"x" * 11 + b"</a>"]
)
def test_text_with_anything_else_is_refused(raw):
    with pytest.raises(Malformed):
        node(raw).text(max_length=10)
