"""What a document will say, as a clerk sees it: every value, in the type's order, by the name that people know."""

from issuer.app import SHIPPED_TYPES
from issuer.credential_types import read_types
from issuer.people import read_people
from issuer.preview import Line, label_of, preview_lines
from issuer.values import Kind
from tests.support.pki import NOW
from tests.support.tree import ROOT

TYPES = read_types(SHIPPED_TYPES)
PEOPLE = read_people((ROOT / "hoheit/demo/town/people.csv").read_bytes(), TYPES.values())


def lines(name, language="en"):
    return preview_lines(TYPES[name], TYPES[name].claims_for(PEOPLE["erika"], now=NOW), language)


def test_values_stand_in_the_order_of_the_type_with_their_labels():
    assert [(line.label, line.values) for line in lines("residence")[:4]] == [
        ("Last name", ("Mustermann",)),
        ("First names", ("Erika Maria",)),
        ("Date of birth", ("1988-08-12",)),
        ("Street and house number", ("Lindenallee 12",)),
    ]


def test_elements_of_an_array_are_one_line_and_pictures_are_known_as_such():
    found = lines("pid", "de")
    assert Line("Staatsangehörigkeiten", Kind.TEXT, ("DE",)) in found
    assert [line.label for line in found if line.kind is Kind.PICTURE] == ["Foto"]
    assert all(line.label for line in found)


def test_nothing_that_the_document_says_is_left_out():
    def leaves(value):
        if isinstance(value, dict):
            return sum(map(leaves, value.values()))
        return sum(map(leaves, value)) if isinstance(value, list) else 1

    for kind in TYPES.values():
        holder = next(person for person in PEOPLE.values() if not kind.missing_for(person, now=NOW))
        claims = kind.claims_for(holder, now=NOW)
        assert sum(len(line.values) for line in preview_lines(kind, claims, "en")) == leaves(claims)


def test_what_is_missing_has_a_name():
    assert label_of(TYPES["residence"], "address.locality", "de") != "address.locality"
    assert label_of(TYPES["residence"], "unknown", "de") == "unknown"
    assert label_of(TYPES["residence"], "family_name", "fr") == "Nachname"
