"""One definition, two formats: the claims of a type as elements of an mdoc."""

import pytest

from issuer.credential_types import read_type
from protocol.errors import CredentialRequestDenied, Malformed
from protocol.mdoc.values import ArrayOf, MapOf, Scalar
from tests.support.pki import NOW

DOCTYPE = "org.example.card.1"
HEAD = """
id = "card"
vct = "urn:example:card:1"
validity_days = 30
[name]
en = "Card"
[mdoc]
doctype = "org.example.card.1"
"""
CLAIMS = """
[[claims]]
path = ["family_name"]
type = "text"
element = "family_name"
label = { en = "Last name" }
mandatory = true
[[claims]]
path = ["birthdate"]
type = "birthdate"
element = "birth_date"
label = { en = "Date of birth" }
[[claims]]
path = ["picture"]
type = "picture"
element = "portrait"
label = { en = "Photo" }
[[claims]]
path = ["nationalities"]
type = "array"
element = "nationality"
label = { en = "Nationalities" }
[[claims]]
path = ["nationalities", "*"]
type = "text"
label = { en = "Nationality" }
[[claims]]
path = ["place_of_birth"]
type = "object"
element = "place_of_birth"
label = { en = "Place of birth" }
[[claims]]
path = ["place_of_birth", "locality"]
type = "text"
label = { en = "Town" }
[[claims]]
path = ["address"]
type = "object"
label = { en = "Address" }
[[claims]]
path = ["address", "locality"]
type = "text"
element = "resident_city"
label = { en = "Town or village" }
[[claims]]
path = ["age_equal_or_over"]
type = "object"
label = { en = "Age" }
[[claims]]
path = ["age_equal_or_over", "18"]
type = "boolean"
at_least_years = 18
from = ["birthdate"]
element = "age_over_18"
label = { en = "At least 18" }
[[claims]]
path = ["nickname"]
type = "text"
label = { en = "Nickname" }
"""
JPEG = "data:image/jpeg;base64,/9j/4A=="
RECORD = {
    "family_name": "Doe",
    "birthdate": "1990-02-28",
    "picture": JPEG,
    "nationalities": ["DE", "FR"],
    "place_of_birth": {"locality": "Lindenau"},
    "address": {"locality": "Lindenau"},
    "nickname": "J",
}


def forms(text, tmp_path):
    return read_type(text, "card.toml", tmp_path)


@pytest.fixture
def both(tmp_path):
    return forms(HEAD + CLAIMS, tmp_path)


def test_one_file_makes_two_forms_of_one_family(both):
    assert [(kind.id, kind.family, kind.format, kind.type, kind.scope) for kind in both] == [
        ("card", "card", "dc+sd-jwt", "urn:example:card:1", "card"),
        ("card-mdoc", "card", "mso_mdoc", DOCTYPE, "card-mdoc"),
    ]
    assert both[0].display == both[1].display


def test_an_mdoc_alone_has_the_id_itself(tmp_path):
    [kind] = forms((HEAD + CLAIMS).replace('vct = "urn:example:card:1"\n', ""), tmp_path)
    assert (kind.id, kind.format) == ("card", "mso_mdoc")


def test_the_namespace_is_the_doctype_unless_it_is_said(both, tmp_path):
    assert set(both[1].kinds) == {DOCTYPE}
    text = (HEAD + CLAIMS).replace(
        'doctype = "org.example.card.1"', 'doctype = "org.example.card.1"\nnamespace = "org.example"'
    )
    assert set(forms(text, tmp_path)[1].kinds) == {"org.example"}


def test_elements_have_their_names_and_kinds(both):
    assert both[1].kinds[DOCTYPE] == {
        "family_name": Scalar.TEXT,
        "birth_date": Scalar.FULL_DATE,
        "portrait": Scalar.BYTES,
        "nationality": ArrayOf(Scalar.TEXT),
        "place_of_birth": MapOf({"locality": Scalar.TEXT}),
        "resident_city": Scalar.TEXT,
        "age_over_18": Scalar.BOOL,
    }
    assert both[0].kinds == {}


def test_the_same_person_is_drawn_into_both(both):
    plain, mdoc = (kind.written(kind.claims_for(RECORD, now=NOW)) for kind in both)
    assert plain["address"] == {"locality": "Lindenau"}
    assert plain["picture"] == JPEG
    assert mdoc == {
        DOCTYPE: {
            "family_name": "Doe",
            "birth_date": "1990-02-28",
            "portrait": "_9j_4A",
            "nationality": ["DE", "FR"],
            "place_of_birth": {"locality": "Lindenau"},
            "resident_city": "Lindenau",
            "age_over_18": True,
        }
    }


def test_what_the_register_lacks_is_no_element_unless_it_is_mandatory(both):
    mdoc = both[1]
    assert mdoc.written(mdoc.claims_for({"family_name": "Doe"}, now=NOW)) == {DOCTYPE: {"family_name": "Doe"}}
    with pytest.raises(CredentialRequestDenied, match=r"org\.example\.card\.1\.family_name: is not in the register"):
        mdoc.claims_for({"birthdate": "1990-02-28"}, now=NOW)


def test_a_birth_of_which_only_the_year_is_known_is_no_date_in_an_mdoc(both):
    record = {**RECORD, "birthdate": "1990"}
    plain, mdoc = both
    assert plain.written(plain.claims_for(record, now=NOW))["birthdate"] == "1990"
    claims = mdoc.claims_for(record, now=NOW)
    with pytest.raises(CredentialRequestDenied, match=r"birth_date: must be a date") as refused:
        mdoc.written(claims)
    assert "1990" not in str(refused.value)


def test_the_metadata_points_into_the_namespace(both):
    found = both[1].configuration()
    assert (found["format"], found["doctype"]) == ("mso_mdoc", DOCTYPE)
    paths = [claim["path"] for claim in found["credential_metadata"]["claims"]]
    assert [DOCTYPE, "birth_date"] in paths
    assert [DOCTYPE, "nationality", None] in paths
    assert [DOCTYPE] not in paths


def test_the_metadata_speaks_of_keys_and_signatures_as_the_format_does(both):
    plain, mdoc = (kind.configuration() for kind in both)
    name = "credential_signing_alg_values_supported"
    assert (plain[name], plain["cryptographic_binding_methods_supported"]) == (["ES256"], ["jwk"])
    assert (mdoc[name], mdoc["cryptographic_binding_methods_supported"]) == ([-7, -9], ["cose_key"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(
            ('element = "nationality"', 'element = "family_name"'), "has a claim twice", id="an element twice"
        ),
        pytest.param(
            ('path = ["place_of_birth", "locality"]\n', 'path = ["place_of_birth", "locality"]\nelement = "town"\n'),
            "town is an element that lies in another one",
            id="an element in another one",
        ),
        pytest.param(
            ('element = "nationality"\n', ""),
            None,
            id="an array that is no element",
        ),
        pytest.param(('doctype = "org.example.card.1"', ""), r"mdoc\.doctype", id="no doctype"),
        pytest.param(
            ('doctype = "org.example.card.1"', 'doctype = "x"\nother = 1'), r"mdoc\.other", id="unknown member"
        ),
    ],
)
def test_what_is_declared_wrongly_is_refused(change, message, tmp_path):
    text = (HEAD + CLAIMS).replace(*change)
    if message is None:
        assert "nationality" not in forms(text, tmp_path)[1].kinds[DOCTYPE]
        return
    with pytest.raises(Malformed, match=message):
        forms(text, tmp_path)


def test_an_element_of_an_array_is_none_of_the_document(tmp_path):
    text = (
        (HEAD + CLAIMS)
        .replace('element = "nationality"\n', "")
        .replace('path = ["nationalities", "*"]\n', 'path = ["nationalities", "*"]\nelement = "nation"\n')
    )
    with pytest.raises(Malformed, match="in an array"):
        forms(text, tmp_path)


def test_without_elements_there_is_no_mdoc(tmp_path):
    text = HEAD + '[[claims]]\npath = ["a"]\ntype = "text"\nlabel = { en = "A" }\n'
    with pytest.raises(Malformed, match="has no claim that says which element it is"):
        forms(text, tmp_path)


def test_a_type_is_issued_in_some_form(tmp_path):
    text = (
        (HEAD + CLAIMS)
        .replace('vct = "urn:example:card:1"\n', "")
        .replace('[mdoc]\ndoctype = "org.example.card.1"\n', "")
    )
    with pytest.raises(Malformed, match=r"card\.toml\.vct: is missing, and so is mdoc"):
        forms(text, tmp_path)
