"""Type metadata: whose words they are, where they may come from, and what an extending type may change.

Vectors (`sd-jwt-vc/json-type-metadata-*`): all are read. The hashes printed in them are not checked, because the draft does
not carry the bytes that they belong to; chains here have hashes of their own.
"""

import base64
import contextlib
import hashlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.encoding import encode_json
from protocol.errors import Malformed, NotAuthentic, ProtocolError, TooLarge, Unreachable
from protocol.exchange import HttpRequest, HttpResponse, run
from protocol.sdjwt.issuer_key import IssuerKey
from protocol.sdjwt.type_metadata import (
    MAX_CLAIMS,
    MAX_TYPES,
    ClaimMetadata,
    Disclosability,
    Display,
    TypeDocument,
    TypeMetadata,
    fetch_type_metadata,
    fetch_type_of,
)
from protocol.sdjwt.verify import verify_sd_jwt_vc
from tests.protocol.sdjwt.samples import PKI, issued, read
from tests.support.pki import NOW
from tests.support.strategies import almost, flip, json_values
from tests.support.vectors import read_vector, vector_files

CHILD = "https://types.example/child"
PARENT = "https://types.example/parent"
NAME = {"path": ["name"], "display": [{"locale": "en", "label": "Name"}], "sd": "always", "mandatory": True}


def sri(document):
    data = document if isinstance(document, bytes) else encode_json(document)
    return "sha256-" + base64.b64encode(hashlib.sha256(data).digest()).decode()


def fetch(vct=CHILD, integrity=None, *, web=None, known=None):
    """Find metadata in a web that has nothing but what it is given, and say what was asked for."""
    asked = []

    def perform(effect):
        assert isinstance(effect, HttpRequest)
        asked.append((effect.method, effect.url))
        answer = (web or {}).get(effect.url)
        if answer is None:
            raise Unreachable("nobody answers")
        return answer if isinstance(answer, HttpResponse) else served(answer)

    return run(fetch_type_metadata(vct, integrity, known=known), perform), asked


def served(value, *, status=200, media_type="application/json"):
    body = value if isinstance(value, bytes) else encode_json(value)
    return HttpResponse(status, (("content-type", media_type),), body)


def nobody(_):
    raise Unreachable("nobody answers")


def refused(error, vct=CHILD, integrity=None, **options):
    with pytest.raises(ProtocolError) as refusal:
        fetch(vct, integrity, **options)
    assert type(refusal.value) is error
    return refusal.value.description


def document(vct=CHILD, **members):
    return {"vct": vct, **members}


def merged(*chain):
    return TypeMetadata.of([TypeDocument.from_dict(one) for one in chain])


# Finding


def test_a_type_is_found_at_its_address():
    found, asked = fetch(web={CHILD: document(display=[{"locale": "en", "name": "Child"}])})
    assert (found.vct, found.ancestry, found.name("en")) == (CHILD, (), "Child")
    assert asked == [("GET", CHILD)]


def test_what_a_type_extends_is_found_with_it():
    grandparent = document("urn:example:root")
    parent = document(PARENT, extends="urn:example:root", **{"extends#integrity": sri(grandparent)})
    child = document(extends=PARENT, **{"extends#integrity": sri(parent)})
    found, asked = fetch(
        integrity=sri(child), web={CHILD: child, PARENT: parent}, known={"urn:example:root": encode_json(grandparent)}
    )
    assert found.ancestry == (PARENT, "urn:example:root")
    assert [url for _, url in asked] == [CHILD, PARENT]


def test_what_is_known_is_not_fetched():  # T262
    _, asked = fetch(integrity=sri(document()), known={CHILD: encode_json(document())})
    assert asked == []


def test_a_type_that_is_no_address_can_only_be_known():
    assert fetch("urn:example:1", known={"urn:example:1": b'{"vct":"urn:example:1"}'})[0].vct == "urn:example:1"
    for vct in ("urn:example:1", "http://types.example/1", "file:///etc/passwd", "data:,x"):  # T206
        refused(Malformed, vct)


@pytest.mark.parametrize("place", ["web", "known"])
def test_metadata_that_nobody_vouched_for_is_refused(place):  # T048
    changed = {"web": {CHILD: document(name="changed")}, "known": {CHILD: encode_json(document(name="changed"))}}
    assert fetch(**{place: changed[place]})[0].vct == CHILD
    assert "vouched" in refused(NotAuthentic, integrity=sri(document()), **{place: changed[place]})


def test_an_extended_type_that_nobody_vouched_for_is_refused():  # T048
    child = document(extends=PARENT, **{"extends#integrity": sri(document(PARENT))})
    fetch(web={CHILD: child, PARENT: document(PARENT)})
    refused(NotAuthentic, web={CHILD: child, PARENT: document(PARENT, name="changed")})


def test_white_space_counts():  # T048
    refused(NotAuthentic, integrity=sri(document()), web={CHILD: json.dumps(document()).encode()})


def test_the_hash_is_checked_before_anything_is_read():  # T048
    assert "vouched" in refused(NotAuthentic, integrity=sri(document()), web={CHILD: b"not even JSON"})


@pytest.mark.parametrize("other", [PARENT, CHILD + "/", CHILD.upper(), "urn:example:1"])
def test_metadata_of_another_type_is_refused(other):  # T048
    assert "another type" in refused(NotAuthentic, web={CHILD: document(other)})
    assert "another type" in refused(NotAuthentic, known={CHILD: encode_json(document(other))})
    refused(NotAuthentic, web={CHILD: document(extends=PARENT), PARENT: document(other if other != PARENT else CHILD)})


def test_types_that_extend_each_other_in_a_circle_are_refused():  # T048
    assert "back" in refused(Malformed, web={CHILD: document(extends=CHILD)})
    assert "back" in refused(Malformed, web={CHILD: document(extends=PARENT), PARENT: document(PARENT, extends=CHILD)})


def test_a_chain_without_end_is_refused_before_more_is_fetched():  # T048
    web = {f"{CHILD}/{i}": document(f"{CHILD}/{i}", extends=f"{CHILD}/{i + 1}") for i in range(20)}
    assert str(MAX_TYPES) in refused(TooLarge, f"{CHILD}/0", web=web)
    web[f"{CHILD}/7"] = document(f"{CHILD}/7")
    found, asked = fetch(f"{CHILD}/0", web=web)
    assert (len(found.ancestry), len(asked)) == (MAX_TYPES - 1, MAX_TYPES)


@pytest.mark.parametrize("status", [204, 301, 302, 404, 500])
def test_metadata_that_is_not_there_is_said(status):
    refused(Unreachable)
    refused(Unreachable, web={CHILD: served(document(), status=status)})
    refused(Unreachable, web={CHILD: document(extends=PARENT)})


@pytest.mark.parametrize("media_type", ["text/html", "text/plain", ""])
def test_metadata_that_is_not_served_as_json_is_refused(media_type):  # T212
    refused(Malformed, web={CHILD: served(document(), media_type=media_type)})


@given(st.integers(0, 10_000))
@settings(max_examples=50)
def test_any_flipped_bit_of_vouched_metadata_is_noticed(bit):
    data = encode_json(document(claims=[NAME]))
    with pytest.raises(NotAuthentic):
        fetch(integrity=sri(data), known={CHILD: flip(data, bit)})


# For a credential


@pytest.fixture
def party():
    return PKI.anchors.chain(PKI.certificates, role=PKI.role, now=NOW, at="credential")


def test_a_credential_brings_the_hash_of_its_type(party):  # T048
    good = document()
    credential = verify_sd_jwt_vc(
        read(issued(vct=CHILD, **{"vct#integrity": sri(good)})), IssuerKey(PKI.public_key, party), now=NOW
    )
    assert run(fetch_type_of(credential, known={CHILD: encode_json(good)}), nobody).vct == CHILD
    with pytest.raises(NotAuthentic):
        run(fetch_type_of(credential, known={CHILD: encode_json(document(name="x"))}), nobody)


def test_a_credential_without_a_hash_takes_what_is_there(party):
    credential = verify_sd_jwt_vc(read(issued(vct=CHILD)), IssuerKey(PKI.public_key, party), now=NOW)
    assert run(fetch_type_of(credential, known={CHILD: encode_json(document(name="x"))}), nobody).vct == CHILD


@pytest.mark.parametrize("integrity", [1, ["sha256-x"], "", "x" * 2000])
def test_a_hash_of_another_shape_is_refused(party, integrity):
    credential = verify_sd_jwt_vc(
        read(issued(vct=CHILD, **{"vct#integrity": integrity})), IssuerKey(PKI.public_key, party), now=NOW
    )
    with pytest.raises(Malformed):
        run(fetch_type_of(credential, known={CHILD: encode_json(document())}), nobody)


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


# Labels

LABELS = merged(
    document(
        display=[{"locale": "en-US", "name": "Pass"}, {"locale": "de-AT", "name": "Ausweis"}],
        claims=[
            {"path": ["degrees", None, "type"], "display": [{"locale": "en", "label": "Any"}]},
            {"path": ["degrees", 0, "type"], "display": [{"locale": "en", "label": "First"}]},
            {"path": ["degrees", 2, "type"]},
            {"path": ["shelf", "row"], "display": [{"locale": "en", "label": "Row"}]},
            {"path": ["plain"]},
            {
                "path": ["name"],
                "display": [
                    {"locale": "en", "label": "Name"},
                    {"locale": "de", "label": "Name (de)"},
                    {"locale": "de-CH", "label": "Name (ch)"},
                ],
            },
        ],
    )
)


@pytest.mark.parametrize(
    ("language", "label"),
    [
        ("en", "Name"),
        ("en-GB", "Name"),
        ("de", "Name (de)"),
        ("de-ch", "Name (ch)"),
        ("de-AT", "Name (de)"),
        ("fr", "Name"),
    ],
)
def test_a_claim_is_called_by_its_name_in_ones_language(language, label):
    assert LABELS.label(("name",), language) == label


def test_a_type_is_called_by_its_name_in_ones_language():
    assert [LABELS.name(language) for language in ("de", "en", "fr")] == ["Ausweis", "Pass", "Pass"]


@pytest.mark.parametrize(
    ("path", "label"),
    [
        (("degrees", 0, "type"), "First"),
        (("degrees", 1, "type"), "Any"),
        (("degrees", 2, "type"), "Any"),
        (("degrees", "x", "type"), None),
        (("shelf", "row"), "Row"),
        (("shelf", 0), None),
        (("degrees",), None),
        (("degrees", 1), None),
        (("plain",), None),
        (("unknown",), None),
    ],
)
def test_the_most_precise_path_names_a_claim(path, label):
    assert LABELS.label(path, "en") == label


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


@given(st.binary(max_size=40), st.text(max_size=30))
@settings(max_examples=60)
def test_no_answer_escapes_the_error_family(body, vct):
    with contextlib.suppress(ProtocolError):
        fetch(web={CHILD: body})
    with contextlib.suppress(ProtocolError):
        fetch(vct, vct, known={vct: body})
