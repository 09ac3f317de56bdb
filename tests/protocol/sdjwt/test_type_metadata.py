"""Type metadata: what is read, and what an extending type may change.

Vectors (`sd-jwt-vc/json-type-metadata-*`): all are read. The hashes printed in them are not checked, because the draft does
not carry the bytes that they belong to; chains in `test_type_metadata_finding.py` have hashes of their own.
"""

import contextlib
import json

import pytest
from hypothesis import given, settings

from protocol.errors import Malformed, ProtocolError
from protocol.sdjwt.type_metadata import MAX_CLAIMS, ClaimMetadata, Disclosability, Display, TypeDocument
from tests.protocol.sdjwt.type_documents import NAME, PARENT, document, merged
from tests.support.strategies import almost, json_values
from tests.support.vectors import read_vector, vector_files

# Reading


def test_a_claim_is_read_with_all_that_is_said_of_it():
    claim = {
        "path": ["degrees", None, 0, "type"],
        "display": [{"locale": "de-DE", "label": "Art", "description": "Welche"}],
        "sd": "never",
        "mandatory": False,
        "svg_id": "degree_1",
        "unknown": 1,
    }
    assert TypeDocument.from_dict(document(claims=[claim], unknown=1)).claims == (
        ClaimMetadata(
            ("degrees", None, 0, "type"), (Display("de-DE", "Art", "Welche"),), Disclosability.NEVER, False, "degree_1"
        ),
    )


def test_what_is_not_said_is_not_made_up():
    found = TypeDocument.from_dict(document(claims=[{"path": ["a"]}]))
    assert found.claims == (ClaimMetadata(("a",), None, None, None, None),)
    assert (found.display, found.extends, found.extends_integrity) == (None, None, None)
    assert TypeDocument.from_dict(document(claims=[], display=[])).display == ()


@pytest.mark.parametrize(
    ("changes", "at"),
    [
        ({"vct": ...}, "vct"),
        ({"vct": ""}, "vct"),
        ({"vct": 1}, "vct"),
        ({"extends": 1}, "extends"),
        ({"extends#integrity": 1}, "extends#integrity"),
        ({"display": {}}, "display"),
        ({"display": ["x"]}, "display[0]"),
        ({"display": [{"name": "x"}]}, "display[0].locale"),
        ({"display": [{"locale": "en"}]}, "display[0].name"),
        ({"display": [{"locale": "en", "label": "x"}]}, "display[0].name"),
        ({"display": [{"locale": "e", "name": "x"}]}, "display[0].locale"),
        ({"display": [{"locale": "en_US", "name": "x"}]}, "display[0].locale"),
        ({"display": [{"locale": 'en" x="', "name": "x"}]}, "display[0].locale"),
        ({"display": [{"locale": "en", "name": "x" * 1025}]}, "display[0].name"),
        ({"display": [{"locale": "en", "name": "x", "description": 1}]}, "display[0].description"),
        ({"display": [{"locale": "en", "name": "x"}] * 65}, "display"),
        ({"claims": {}}, "claims"),
        ({"claims": ["x"]}, "claims[0]"),
        ({"claims": [{}]}, "claims[0].path"),
        ({"claims": [{"path": []}]}, "claims[0].path"),
        ({"claims": [{"path": [-1]}]}, "claims[0].path[0]"),
        ({"claims": [{"path": ["a", True]}]}, "claims[0].path[1]"),
        ({"claims": [{"path": ["a"], "sd": "sometimes"}]}, "claims[0].sd"),
        ({"claims": [{"path": ["a"], "sd": "Always"}]}, "claims[0].sd"),
        ({"claims": [{"path": ["a"], "sd": True}]}, "claims[0].sd"),
        ({"claims": [{"path": ["a"], "mandatory": "true"}]}, "claims[0].mandatory"),
        ({"claims": [{"path": ["a"], "mandatory": 1}]}, "claims[0].mandatory"),
        ({"claims": [{"path": ["a"], "svg_id": "1a"}]}, "claims[0].svg_id"),
        ({"claims": [{"path": ["a"], "svg_id": "a-b"}]}, "claims[0].svg_id"),
        ({"claims": [{"path": ["a"], "svg_id": "ä"}]}, "claims[0].svg_id"),
        ({"claims": [{"path": ["a"], "display": [{"locale": "en", "name": "x"}]}]}, "claims[0].display[0].label"),
        ({"claims": [{"path": ["a"]}, {"path": ["b"]}, {"path": ["a"]}]}, "claims"),
        ({"claims": [{"path": ["a", i]} for i in range(MAX_CLAIMS + 1)]}, "claims"),
    ],
)
def test_a_document_of_another_shape_is_refused_by_name(changes, at):
    wire = {name: value for name, value in {**document(), **changes}.items() if value is not ...}
    with pytest.raises(Malformed) as refusal:
        TypeDocument.from_dict(wire)
    assert refusal.value.at == f"type metadata.{at}"


# Extending


def test_a_child_inherits_what_it_does_not_change():
    found = merged(document(claims=[{"path": ["name"], "svg_id": "n"}]), document(PARENT, claims=[NAME]))
    assert found.claims == (ClaimMetadata(("name",), (Display("en", "Name", None),), Disclosability.ALWAYS, True, "n"),)


def test_a_childs_words_replace_its_parents_as_a_whole():
    parent = document(PARENT, claims=[{"path": ["a"], "svg_id": "x", "display": [{"locale": "en", "label": "A"}]}])
    child = document(claims=[{"path": ["a"], "svg_id": "y", "display": [{"locale": "de", "label": "Ä"}]}])
    (claim,) = merged(child, parent).claims
    assert (claim.display, claim.svg_id) == ((Display("de", "Ä", None),), "y")


def test_the_nearest_display_of_a_type_counts():
    root = document("urn:example:root", display=[{"locale": "en", "name": "Root"}, {"locale": "de", "name": "Wurzel"}])
    parent = document(PARENT, display=[{"locale": "en", "name": "Parent"}])
    assert merged(document(), document(PARENT), root).name("de") == "Wurzel"
    assert merged(document(), parent, root).name("de") == "Parent"
    assert merged(document(display=[]), parent, root).name("de") is None


@pytest.mark.parametrize(
    ("base", "change", "result"),
    [
        ({}, {"sd": "always"}, (Disclosability.ALWAYS, None)),
        ({"sd": "allowed"}, {"sd": "never"}, (Disclosability.NEVER, None)),
        ({"sd": "always"}, {"sd": "always"}, (Disclosability.ALWAYS, None)),
        ({"sd": "never"}, {}, (Disclosability.NEVER, None)),
        ({"mandatory": False}, {"mandatory": False}, (None, False)),
        ({"mandatory": False}, {"mandatory": True}, (None, True)),
        ({"mandatory": True}, {}, (None, True)),
        ({"mandatory": True}, {"mandatory": True}, (None, True)),
    ],
)
def test_a_child_may_be_stricter(base, change, result):  # §5.6.5.1
    (claim,) = merged(
        document(claims=[{"path": ["a"], **change}]), document(PARENT, claims=[{"path": ["a"], **base}])
    ).claims
    assert (claim.sd, claim.mandatory) == result


@pytest.mark.parametrize(
    ("base", "change"),
    [
        ({"sd": "always"}, {"sd": "never"}),
        ({"sd": "always"}, {"sd": "allowed"}),
        ({"sd": "never"}, {"sd": "always"}),
        ({"sd": "never"}, {"sd": "allowed"}),
        ({"mandatory": True}, {"mandatory": False}),
    ],
)
def test_a_child_may_not_take_back_what_its_parent_demands(base, change):  # §5.6.5.1
    child = document(claims=[{"path": ["a"], **change}])
    parent = document(PARENT, claims=[{"path": ["a"], **base}])
    with pytest.raises(Malformed):
        merged(child, parent)
    with pytest.raises(Malformed):
        merged(child, document(PARENT), parent | {"vct": "urn:example:root"})


def test_an_svg_id_twice_is_refused():
    a, b = {"path": ["a"], "svg_id": "x"}, {"path": ["b"], "svg_id": "x"}
    with pytest.raises(Malformed):
        merged(document(claims=[a, b]))
    with pytest.raises(Malformed):
        merged(document(claims=[a]), document(PARENT, claims=[b]))
    assert len(merged(document(claims=[a | {"svg_id": "y"}]), document(PARENT, claims=[a, b])).claims) == 2


def test_the_example_of_extending_in_the_draft_comes_out_as_printed():
    base, child, effective = (
        read_vector(f"sd-jwt-vc/sd-jwt-vc/json-type-metadata-5-6-5-2-example-for-extending-type-metadata-0{i}.json")
        for i in (1, 2, 3)
    )
    found = merged(child, base)
    assert found.claims == TypeDocument.from_dict({"vct": "x", **effective}).claims
    assert found.ancestry == (child["extends"],) == (base["vct"],)


@pytest.mark.parametrize("file", vector_files("sd-jwt-vc/sd-jwt-vc/json-type-metadata-*-0[12].json"))
def test_published_metadata_is_read(file):
    wire = json.loads(file.read_bytes())
    found = TypeDocument.from_dict(wire)
    assert (found.vct, found.extends) == (wire["vct"], wire.get("extends"))
    assert [list(claim.path) for claim in found.claims] == [claim["path"] for claim in wire.get("claims", [])]


@given(json_values | almost(document(extends=PARENT, claims=[NAME], display=[{"locale": "en", "name": "x"}])))
@settings(max_examples=100)
def test_no_document_escapes_the_error_family(value):
    with contextlib.suppress(ProtocolError):
        merged(value)


@given(almost(NAME), almost(NAME))
@settings(max_examples=100)
def test_no_claim_escapes_the_error_family(child, parent):
    with contextlib.suppress(ProtocolError):
        merged(document(claims=[child]), document(PARENT, claims=[parent]))
