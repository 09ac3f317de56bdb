"""Credential types: what a TOML file declares is what is announced and issued, and a wrong file is refused by its place."""

import contextlib
import json
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from issuer.app import SHIPPED_TYPES
from issuer.claims import path_text
from issuer.credential_types import MAX_LOGO, CredentialType, read_type, read_types
from protocol.encoding import JsonObject
from protocol.errors import CredentialRequestDenied, Malformed, ProtocolError
from protocol.exchange import run
from protocol.fields import Fields
from protocol.formats import Issuance, IssuerSigner, format_of
from protocol.oid4vci.metadata import CredentialConfiguration, CredentialIssuerMetadata, Display
from protocol.sdjwt.token import SdJwt
from protocol.sovereignty import representation
from tests.issuer.shipped import PEOPLE, TYPES, can_have, claims_of
from tests.support.cases import cases
from tests.support.pki import DAY, NOW, make_pki, seeded, seeded_key
from tests.support.vectors import read_vector

PLAIN = [kind for kind in TYPES.values() if kind.format == "dc+sd-jwt"]
HEAD = 'id = "card"\nvct = "urn:example:card:1"\nvalidity_days = 30\n[name]\nen = "Card"\n'

# PID Rulebook 1.7 §4.1, in the order of its tables
RULEBOOK = [
    "family_name", "given_name", "birthdate", "place_of_birth", "place_of_birth.country", "place_of_birth.region",
    "place_of_birth.locality", "nationalities", "nationalities[*]", "address", "address.formatted", "address.country",
    "address.region", "address.locality", "address.postal_code", "address.street_address", "birth_family_name",
    "birth_given_name", "email", "phone_number", "picture", "date_of_expiry", "date_of_issuance",
    "personal_administrative_number", "sex", "address.house_number", "issuing_authority", "issuing_country",
    "document_number", "issuing_jurisdiction", "trust_anchor", "attestation_legal_category",
]  # fmt: skip
RULEBOOK_MANDATORY = {
    "family_name", "given_name", "birthdate", "place_of_birth", "nationalities", "issuing_authority", "issuing_country",
}  # fmt: skip


def card(claims: str, folder: Path = SHIPPED_TYPES) -> CredentialType:
    """A type of these claims: `path type more`, one a line."""
    tables = []
    for line in filter(None, map(str.strip, claims.splitlines())):
        path, kind, *more = line.split(maxsplit=2)
        names = json.dumps(path.split("."))
        tables.append(f'[[claims]]\npath = {names}\ntype = "{kind}"\nlabel = {{ en = "X" }}')
        tables += more[0].split("; ") if more else []
    return read_type(HEAD + "\n".join(tables), "card.toml", folder)[0]


def draw(claims, record):
    return claims_of(card(claims), record)


def test_the_types_are_shipped_and_what_speaks_of_people_in_person_in_two_forms():
    ours = [
        "bank-account", "birth-certificate", "business-registration", "child-benefit", "death-certificate", "diploma",
        "disability-card", "employment", "enrolment", "health-insurance", "income", "kita-place", "library-card",
        "marriage-certificate", "parental-allowance", "parking-permit", "pension", "residence", "student-aid",
        "unemployment-benefit",
    ]  # fmt: skip
    assert {kind.id: kind.type for kind in TYPES.values()} == {
        "pid": "urn:eudi:pid:1",
        "pid-mdoc": "eu.europa.ec.eudi.pid.1",
        "mdl": "org.iso.18013.5.1.mDL",
        **{name: f"urn:hoheit:{name}:1" for name in ours},
        "birth-certificate-mdoc": "org.hoheit.birth-certificate.1",
        **{f"representation-{relation}": representation.TYPE for relation in representation.Relation},
        **{f"representation-{relation}-mdoc": representation.DOCTYPE for relation in representation.Relation},
    }


def test_the_pid_has_every_attribute_of_the_rulebook():
    claims = {path_text(claim.path): claim for claim in TYPES["pid"].claims}
    assert set(RULEBOOK) <= set(claims)
    assert {path for path, claim in claims.items() if claim.mandatory} == RULEBOOK_MANDATORY
    assert all(path.startswith("age_equal_or_over") for path in set(claims) - set(RULEBOOK))


def test_the_rulebooks_own_example_can_be_issued_as_it_is():
    example = read_vector("pid/rulebook-4.3-example-0.json")
    technical = {name: example.pop(name) for name in ("vct", "cnf")}
    claims = claims_of(TYPES["pid"], example)
    assert technical["vct"].startswith("urn:eudi:pid:")
    assert claims.pop("attestation_legal_category") == "PID"
    assert claims.pop("age_equal_or_over")["18"] is True
    assert claims == example


@pytest.mark.parametrize("kind", PLAIN, ids=lambda kind: kind.id)
def test_every_claim_of_every_shipped_type_is_a_disclosure_of_its_own(kind):
    """ARF PID_21, for all types: nested members and elements of arrays too."""
    assert all(claim.disclosable for claim in kind.claims)
    pki = make_pki()
    for record in (people := [record for record in PEOPLE.values() if can_have(kind, record)]):
        claims = kind.claims_for(record, now=NOW)
        begins, ends = kind.validity(NOW)
        issuance = Issuance(kind.type, claims, kind.frame, seeded_key(7).public_key, begins, ends, None)
        raw = format_of(kind.format).issue(issuance, IssuerSigner(pki.signer, pki.x5c), seeded())
        token = SdJwt.from_text(raw, "credential")
        assert len(token.disclosures) == count(claims)
        verify = format_of(kind.format).verify_issued(raw, anchors=pki.anchors, now=NOW)
        verified = run(verify, lambda effect: pytest.fail("nothing has to be fetched"))
        assert {name: verified.claims[name] for name in claims} == claims
    assert people


@pytest.mark.parametrize("kind", PLAIN, ids=lambda kind: kind.id)
def test_nothing_of_a_credential_lies_in_sight_that_need_not(kind):
    record = next(record for record in PEOPLE.values() if can_have(kind, record))
    pki, (begins, ends) = make_pki(), kind.validity(NOW)
    issuance = Issuance(kind.type, claims_of(kind, record), kind.frame, None, begins, ends, None)
    raw = format_of(kind.format).issue(issuance, IssuerSigner(pki.signer, pki.x5c), seeded())
    assert set(json.loads(SdJwt.from_text(raw, "credential").jws.payload)) == {"vct", "iat", "exp", "_sd", "_sd_alg"}


def count(value):
    """How many claims and elements a value holds."""
    inside = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return len(inside) + sum(map(count, inside))


def test_the_metadata_of_all_types_keep_the_schema_of_the_conformance_suite():
    schema = read_vector("openid-conformance-suite/schemas/oid4vci-credential_issuer_metadata-1_0.json")
    metadata = CredentialIssuerMetadata(
        credential_issuer="https://agency.example",
        credential_endpoint="https://agency.example/credential",
        display=(Display("Agency", "en"),),
        configurations={
            name: CredentialConfiguration.from_fields(Fields(kind.configuration(), name))
            for name, kind in TYPES.items()
        },
    )
    jsonschema.Draft202012Validator(schema).validate(json.loads(json.dumps(metadata.to_dict())))
    assert CredentialIssuerMetadata.from_dict(metadata.to_dict()) == metadata


@pytest.mark.parametrize("kind", TYPES.values(), ids=lambda kind: kind.id)
def test_a_type_is_announced_with_names_colours_logo_and_all_claims_in_both_languages(kind):
    announced = CredentialConfiguration.from_fields(Fields(kind.configuration(), kind.id))
    assert (announced.format, announced.type, announced.scope) == (kind.format, kind.type, kind.scope)
    assert [display.locale for display in announced.display] == ["de", "en"]
    assert all(display.description and display.logo_alt for display in announced.display)
    assert all(display.logo and display.logo.startswith("data:image/svg+xml;base64,") for display in announced.display)
    assert all(contrast(d.background_color, d.text_color) >= 7 for d in announced.display)  # WCAG 2.2 §1.4.6
    assert [claim.path for claim in announced.claims] == [claim.path for claim in kind.claims]
    assert [claim.mandatory for claim in announced.claims] == [claim.mandatory for claim in kind.claims]
    assert all([d.locale for d in claim.display] == ["de", "en"] for claim in announced.claims)
    assert kind.name("en") == announced.display[1].name
    assert kind.name("fr") == announced.display[0].name


def contrast(*colors):
    """WCAG 2.2: the contrast of two colours."""

    def luminance(color):
        parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted(map(luminance, colors))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("logo", sorted(SHIPPED_TYPES.glob("*.svg")), ids=lambda file: file.name)
def test_a_logo_is_plain_shapes_that_call_nobody(logo):
    text = logo.read_text(encoding="utf-8")
    assert text.startswith("<svg ")
    assert "script" not in text
    assert "href" not in text
    assert text.count("http") == 1  # its namespace


def test_a_credential_begins_with_the_day_and_ends_days_later():
    """T144, RFC 9901 §10.1: nothing in the times tells one credential of a day from another."""
    kind = TYPES["pid"]
    midnight = NOW - NOW % DAY
    assert {kind.validity(midnight + second) for second in (0, 1, 40_000, DAY - 1)} == {(midnight, midnight + 14 * DAY)}
    assert kind.validity(midnight + DAY)[0] == midnight + DAY


def test_a_credential_never_begins_in_the_future():
    assert all(kind.validity(NOW)[0] <= NOW < kind.validity(NOW)[1] for kind in TYPES.values())


def test_a_batch_of_50_is_taken_by_every_type():
    """The metadata have one batch size for all types; T144 looks at 50 together."""
    assert {kind.batch_size for kind in TYPES.values()} == {50}


def test_what_the_register_knows_beside_the_declared_claims_stays_there():
    record: JsonObject = {"name": "Erika", "secret": "MARKER", "address": {"street": "A", "hidden": "MARKER"}}
    record["pets"] = [{"name": "Rex", "chip": "MARKER"}]
    drawn = draw("name text\naddress object\naddress.street text\npets array\npets.* object\npets.*.name text", record)
    assert drawn == {"name": "Erika", "address": {"street": "A"}, "pets": [{"name": "Rex"}]}


def test_a_value_comes_from_the_place_that_is_declared():
    record = {"home": {"city": "Seestadt"}, "marks": {"list": ["G"]}, "locality": "elsewhere"}
    drawn = draw('town text from = ["home", "city"]\nletters array from = ["marks", "list"]\nletters.* text', record)
    assert drawn == {"town": "Seestadt", "letters": ["G"]}


def test_a_fixed_value_is_the_same_for_everybody():
    assert draw('kind text value = "PID"', {"kind": "other"}) == {"kind": "PID"}


def test_claims_come_in_the_order_of_the_file():
    assert list(draw("b text\na text", {"a": "1", "b": "2"})) == ["b", "a"]


def test_absent_and_null_are_the_same():
    claims = "name text mandatory = true\nnick text\naddress object\naddress.street text\npets array\npets.* text"
    assert draw(claims, {"name": "Erika"}) == {"name": "Erika"}
    empty: JsonObject = {"name": "Erika", "nick": None, "address": {"street": None}, "pets": []}
    assert draw(claims, empty) == {"name": "Erika"}
    assert draw(claims, {"name": "Erika", "address": None, "pets": None}) == {"name": "Erika"}


@pytest.mark.parametrize(
    ("claims", "record", "at"),
    [
        ("name text mandatory = true", {}, "name"),
        ("name text mandatory = true", {"name": None}, "name"),
        ("a object mandatory = true\na.b text", {"a": {}}, "a"),
        ("a object mandatory = true\na.b text\nc text", {"c": "x"}, "a"),
        ("a object\na.b text mandatory = true\na.c text", {"a": {"c": "x"}}, "a.b"),
        ("a array mandatory = true\na.* text", {"a": []}, "a"),
        ("a array\na.* object\na.*.b text mandatory = true\na.*.c text", {"a": [{"b": "x"}, {"c": "x"}]}, "a[1].b"),
    ],
)
def test_a_mandatory_value_that_is_missing_is_named(claims, record, at):
    with pytest.raises(CredentialRequestDenied) as refusal:
        draw(claims, record)
    assert refusal.value.description == f"{at}: is not in the register"


@pytest.mark.parametrize(
    ("claims", "record", "at"),
    [
        ("name text", {"name": 7}, "name"),
        ("name text", {"name": "MARKER\0"}, "name"),
        ("name text", {"name": "MARKER" * 2_000_000}, "name"),
        ("a object\na.b text", {"a": "MARKER"}, "a.b"),
        ("a object\na.b text", {"a": ["MARKER"]}, "a.b"),
        ("a array\na.* text", {"a": "MARKER"}, "a"),
        ("a array\na.* text", {"a": {"0": "MARKER"}}, "a"),
        ("a array\na.* text", {"a": ["x", 7]}, "a[1]"),
        ("a array\na.* text", {"a": ["x", None]}, "a[1]"),
        ("a array\na.* text", {"a": ["x"] * 17}, "a"),
        ("a array max_length = 2\na.* text", {"a": ["x"] * 3}, "a"),
        ("a array max_length = 800\na.* integer", {"a": [1] * 10_000}, "a"),
        ("a array\na.* object\na.*.b text", {"a": ["MARKER"]}, "a[0]"),
        ("a array\na.* object\na.*.b text", {"a": [{}]}, "a[0]"),
        ("a array\na.* object\na.*.b text", {"a": [{"b": "x"}, {"b": 7}]}, "a[1].b"),
        ("a array\na.* array\na.*.* text", {"a": [["x"], ["x", "MARKER\0"]]}, "a[1][1]"),
        ("a array\na.* array max_length = 1\na.*.* text", {"a": [["x"], ["x", "x"]]}, "a[1]"),
        ("a array\na.* array\na.*.* text", {"a": ["MARKER"]}, "a[0]"),
        ('old boolean at_least_years = 18; from = ["birthdate"]', {"birthdate": "MARKER"}, "old"),
    ],
)
def test_a_value_that_is_not_as_declared_is_named_and_not_repeated(claims, record, at):
    """T145, T259."""
    with pytest.raises(CredentialRequestDenied) as refusal:
        draw(claims, record)
    assert refusal.value.description.startswith(f"{at}: ")
    assert "MARKER" not in refusal.value.description
    assert refusal.value.status == 400


def test_an_age_is_drawn_on_the_day_of_issuance_and_is_absent_without_a_date_of_birth():
    kind = card('adult boolean at_least_years = 18; from = ["birthdate"]\nname text')
    assert kind.claims_for({"birthdate": "2009-01-15"}, now=NOW) == {"adult": True}
    assert kind.claims_for({"birthdate": "2009-01-15"}, now=NOW - DAY) == {"adult": False}
    assert kind.claims_for({"name": "x"}, now=NOW) == {"name": "x"}


@settings(max_examples=60)
@given(
    st.sampled_from(list(TYPES.values())),
    st.dictionaries(
        st.sampled_from(["address", "nationalities", "birthdate", "family_name", "diploma", "disability", "library"]),
        st.recursive(
            st.none() | st.integers() | st.text(max_size=5) | st.just("1999-01-01"),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.sampled_from(["country", "locality", "title", "marks", "name"]), inner)
            ),
        ),
    ),
)
def test_no_record_leaves_the_error_family(kind, record):
    with contextlib.suppress(CredentialRequestDenied):
        kind.claims_for(record, now=NOW)


@cases("issuer/credential_types.json", "refuse")
def test_a_wrong_file_is_refused_by_file_and_member(case):
    with pytest.raises(Malformed) as refusal:
        read_type(case["toml"], "card.toml", SHIPPED_TYPES)[0]
    assert refusal.value.at == case["at"]
    assert "\n" not in refusal.value.description


@given(st.text())
def test_no_file_leaves_the_error_family(text):
    with contextlib.suppress(ProtocolError):
        read_type(text, "card.toml", SHIPPED_TYPES)[0]


CARD = HEAD + '[[claims]]\npath = ["name"]\ntype = "text"\nlabel = { en = "Name" }\n'


def test_what_a_file_leaves_out_has_the_careful_default():
    kind = read_type(CARD, "card.toml", SHIPPED_TYPES)[0]
    assert (kind.format, kind.scope, kind.status) == ("dc+sd-jwt", "card", True)
    assert kind.frame.members["name"].disclosable
    assert not kind.claims[0].mandatory
    assert kind.display == (Display("Card", "en"),)


def test_a_claim_that_is_not_disclosable_lies_in_sight():
    assert card("a text disclosable = false\nb text").frame.members.keys() == {"b"}


def test_a_logo_travels_as_data(tmp_path):
    (tmp_path / "card.png").write_bytes(b"\x89PNG")
    text = CARD.replace("[name]", '[look]\nlogo = "card.png"\n[name]')
    shown = read_type(text, "card.toml", tmp_path)[0].display[0]
    assert (shown.logo, shown.logo_alt) == ("data:image/png;base64,iVBORw==", "Card")
    (tmp_path / "card.png").write_bytes(bytes(MAX_LOGO + 1))
    with pytest.raises(Malformed, match=r"card\.toml\.look\.logo: is larger"):
        read_type(text, "card.toml", tmp_path)[0]


def test_the_files_of_a_folder_are_read_by_id(tmp_path):
    (tmp_path / "one.toml").write_text(CARD)
    (tmp_path / "two.toml").write_text(CARD.replace('"card"', '"other"'))
    (tmp_path / "notes.txt").write_text("no type")
    assert list(read_types(tmp_path)) == ["card", "other"]


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (CARD.encode(), r"two\.toml\.id: "),
        (b'scope = "card"\n' + CARD.replace('"card"', '"other"').encode(), r"two\.toml\.scope: "),
        (b"\xff", r"two\.toml: is not UTF-8"),
    ],
)
def test_files_that_do_not_go_together_are_refused(tmp_path, other, message):
    (tmp_path / "one.toml").write_text(CARD)
    (tmp_path / "two.toml").write_bytes(other)
    with pytest.raises(Malformed, match=message):
        read_types(tmp_path)
