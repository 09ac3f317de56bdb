"""The shipped types as mdoc: every element of PID Rulebook 1.7 §3.1.2 and ISO/IEC 18013-5 §7.2.1, each of its CBOR type."""

import re

import pytest

from issuer.app import SHIPPED_TYPES, known_types, open_types
from issuer.config import IssuerSettings
from issuer.credential_types import read_types
from issuer.people import read_people
from protocol.cbor import FULL_DATE, Tagged
from protocol.encoding import decode_base64url
from protocol.errors import CredentialRequestDenied
from protocol.exchange import run
from protocol.formats import Issuance, IssuerSigner, format_of
from protocol.mdoc.issuer_signed import IssuerSigned
from protocol.mdoc.values import ArrayOf, MapOf, Scalar, to_json
from protocol.sovereignty.representation import DOCTYPE
from tests.protocol.mdoc.samples import DESK, IACA
from tests.support.pki import NOW, make_pki, seeded, seeded_key
from tests.support.tree import ROOT

TYPES = read_types(SHIPPED_TYPES)
PEOPLE = read_people((ROOT / "hoheit/demo/town/people.csv").read_bytes(), TYPES.values())
PID, MDL = TYPES["pid-mdoc"], TYPES["mdl"]
PID_SPACE, MDL_SPACE = "eu.europa.ec.eudi.pid.1", "org.iso.18013.5.1"

TEXT, DAY, FLAG, UINT, BYTES = Scalar.TEXT, Scalar.FULL_DATE, Scalar.BOOL, Scalar.UINT, Scalar.BYTES
# Rulebook §3.1.2, in the order of its table
PID_ELEMENTS = {
    "family_name": TEXT,
    "given_name": TEXT,
    "birth_date": DAY,
    "place_of_birth": MapOf({"country": TEXT, "region": TEXT, "locality": TEXT}),
    "nationality": ArrayOf(TEXT),
    "resident_address": TEXT,
    "resident_country": TEXT,
    "resident_state": TEXT,
    "resident_city": TEXT,
    "resident_postal_code": TEXT,
    "resident_street": TEXT,
    "personal_administrative_number": TEXT,
    "portrait": BYTES,
    "family_name_birth": TEXT,
    "given_name_birth": TEXT,
    "sex": UINT,
    "email_address": TEXT,
    "mobile_phone_number": TEXT,
    "expiry_date": DAY,
    "issuing_authority": TEXT,
    "issuing_country": TEXT,
    "document_number": TEXT,
    "issuing_jurisdiction": TEXT,
    "issuance_date": DAY,
    "trust_anchor": TEXT,
    "attestation_legal_category": TEXT,
}
PID_MANDATORY = {  # §2.2 and §2.4; the portrait is not, until two years after the amended regulation
    "family_name", "given_name", "birth_date", "place_of_birth", "nationality", "issuing_authority", "issuing_country",
}  # fmt: skip
PRIVILEGE = MapOf(
    {
        "vehicle_category_code": TEXT,
        "issue_date": DAY,
        "expiry_date": DAY,
        "codes": ArrayOf(MapOf({"code": TEXT, "sign": TEXT, "value": TEXT})),
    }
)
MDL_MANDATORY = {
    "family_name": TEXT,
    "given_name": TEXT,
    "birth_date": DAY,
    "issue_date": DAY,
    "expiry_date": DAY,
    "issuing_country": TEXT,
    "issuing_authority": TEXT,
    "document_number": TEXT,
    "portrait": BYTES,
    "driving_privileges": ArrayOf(PRIVILEGE),
    "un_distinguishing_sign": TEXT,
}
MDL_OPTIONAL = {
    "sex": UINT,
    "height": UINT,
    "weight": UINT,
    "eye_colour": TEXT,
    "hair_colour": TEXT,
    "portrait_capture_date": DAY,
    "signature_usual_mark": BYTES,
    "nationality": TEXT,
    "family_name_national_character": TEXT,
}
AGE = re.compile(r"age_over_([0-9]{2})")


def mandatory(kind):
    """Which elements have to be there; inside of one it is the element's matter."""
    return {claim.path[1] for claim in kind.claims if claim.mandatory and len(claim.path) == 2}


def elements_of(kind, subject):
    """What stands in a document that was really issued, as CBOR has it."""
    pki = make_pki(DESK, root=IACA, types=frozenset({kind.type}))
    claims = kind.written(kind.claims_for(PEOPLE[subject], now=NOW))
    issuance = Issuance(
        kind.type, claims, kind.frame, seeded_key(7).public_key, NOW - 100, NOW + 1000, None, kinds=kind.kinds
    )
    form = format_of(kind.format)
    raw = form.issue(issuance, IssuerSigner(pki.signer, pki.x5c), seeded())
    verified = run(form.verify_issued(raw, anchors=pki.anchors, now=NOW), lambda _: pytest.fail("nothing is fetched"))
    assert verified.type == kind.type
    [(space, items)] = IssuerSigned.from_bytes(decode_base64url(raw)).name_spaces.items()
    return space, {item.identifier: item.value for item in items}


def test_the_pid_has_every_element_of_the_rulebook_and_ages_in_its_namespace():
    [(space, kinds)] = PID.kinds.items()
    assert (PID.type, PID.family, space) == (PID_SPACE, "pid", PID_SPACE)
    assert {name: kind for name, kind in kinds.items() if not AGE.fullmatch(name)} == PID_ELEMENTS
    assert {name for name, kind in kinds.items() if kind is FLAG} == {
        f"age_over_{years}" for years in (12, 14, 16, 18, 21, 65, 67)
    }
    assert mandatory(PID) == PID_MANDATORY


def test_texts_of_an_identity_card_are_no_longer_than_the_rulebook_lets_them():
    """Rulebook §3.1.2: 150 characters."""
    assert {claim.rule.longest for claim in PID.claims if claim.rule.kind == "text"} <= {20, 150}


def test_the_licence_has_every_mandatory_element_of_the_standard():
    [(space, kinds)] = MDL.kinds.items()
    assert (MDL.id, MDL.format, MDL.type, space) == ("mdl", "mso_mdoc", "org.iso.18013.5.1.mDL", MDL_SPACE)
    assert mandatory(MDL) == set(MDL_MANDATORY)
    for name, kind in (MDL_MANDATORY | MDL_OPTIONAL).items():
        assert kinds[name] == kind, name
    assert {name for name, kind in kinds.items() if kind is FLAG} == {
        f"age_over_{years}" for years in (16, 18, 21, 25, 65)
    }


def test_an_identity_card_is_issued_with_tagged_days_a_picture_of_bytes_and_whole_arrays():
    space, elements = elements_of(PID, "erika")
    assert space == PID_SPACE
    assert elements["birth_date"] == Tagged(FULL_DATE, "1988-08-12")
    assert elements["expiry_date"] == Tagged(FULL_DATE, "2034-03-10")
    assert elements["issuance_date"] == Tagged(FULL_DATE, "2024-03-11")
    assert elements["nationality"] == ["DE"]
    assert elements["place_of_birth"] == {"locality": "Musterstadt", "region": "Bayern", "country": "DE"}
    assert elements["sex"] == 2
    assert elements["portrait"].startswith(b"\xff\xd8\xff")
    assert elements["resident_city"] == "Lindenau"
    assert elements["age_over_18"] is True
    assert elements["age_over_65"] is False
    assert elements["attestation_legal_category"] == "PID"
    assert (elements["issuing_authority"], elements["issuing_country"]) == ("Bürgeramt Lindenau", "DE")


def test_a_licence_is_issued_with_what_may_be_driven():
    space, elements = elements_of(MDL, "karl")
    assert space == MDL_SPACE
    assert elements["driving_privileges"] == [
        {
            "vehicle_category_code": "B",
            "issue_date": Tagged(FULL_DATE, "1990-01-15"),
            "expiry_date": Tagged(FULL_DATE, "2033-10-09"),
            "codes": [{"code": "78"}],
        }
    ]
    assert elements["portrait"].startswith(b"\xff\xd8\xff")
    assert elements["document_number"] == "LDN100006"
    assert elements["document_number"] != PEOPLE["karl"]["document_number"]
    assert elements["un_distinguishing_sign"] == "D"
    assert elements["birth_date"] == Tagged(FULL_DATE, "1971-11-05")
    assert elements["age_over_25"] is True


def test_names_on_a_licence_are_in_latin_letters_with_the_own_script_beside():
    elements = elements_of(MDL, "marek")[1]
    assert elements["family_name"] == "Przykladny"
    assert elements["family_name_national_character"] == "Przykładny"
    changed = PEOPLE["marek"] | {"licence": {**PEOPLE["marek"]["licence"], "family_name": "Przykładny"}}
    with pytest.raises(CredentialRequestDenied, match=r"family_name: is not written as the type asks"):
        MDL.claims_for(changed, now=NOW)


def test_some_people_of_the_demo_town_have_a_licence_and_some_have_none():
    def can_have(record):
        try:
            return bool(MDL.written(MDL.claims_for(record, now=NOW)))
        except CredentialRequestDenied:
            return False

    assert {subject for subject, record in PEOPLE.items() if can_have(record)} == {
        "erika", "max", "karl", "helga", "marek", "sam", "greta",
    }  # fmt: skip
    assert all("picture" in PEOPLE[subject] for subject in PEOPLE if "licence" in PEOPLE[subject])


def test_everybody_whose_birthday_is_known_can_have_the_identity_card_as_mdoc():
    for subject, record in PEOPLE.items():
        if "death" in record:
            continue
        birthdate = str(record["birthdate"])
        if len(birthdate) == 4:
            with pytest.raises(CredentialRequestDenied, match=r"birth_date: must be a date"):
                PID.written(PID.claims_for(record, now=NOW))
        else:
            assert elements_of(PID, subject)[1]["birth_date"] == Tagged(FULL_DATE, birthdate)


@pytest.mark.parametrize(
    ("relation", "subject", "whom"),
    [
        ("parent", "erika", {"family_name": TEXT, "given_name": TEXT, "birthdate": DAY}),
        ("guardian", "greta", {"family_name": TEXT, "given_name": TEXT, "birthdate": DAY}),
        ("employee", "max", {"name": TEXT, "register_number": TEXT, "country": TEXT}),
    ],
)
def test_a_proof_that_somebody_acts_for_another_says_in_person_all_that_is_compared(relation, subject, whom):
    kind = TYPES[f"representation-{relation}-mdoc"]
    plain = TYPES[f"representation-{relation}"]
    [(space, kinds)] = kind.kinds.items()
    assert (kind.type, space, kind.family, kind.validity_days) == (DOCTYPE, DOCTYPE, plain.family, plain.validity_days)
    assert kinds == {
        "family_name": TEXT, "given_name": TEXT, "birth_date": DAY, "relation": TEXT, "represented": MapOf(whom),
        "areas": ArrayOf(TEXT), "alone": FLAG, "until": DAY, "file_number": TEXT, "issuing_authority": TEXT,
        "issuing_country": TEXT,
    }  # fmt: skip
    assert mandatory(kind) == set(kinds) - {"file_number"}
    _, elements = elements_of(kind, subject)
    assert elements["relation"] == relation
    said = plain.claims_for(PEOPLE[subject], now=NOW)
    assert elements["until"] == Tagged(FULL_DATE, str(said["until"]))
    assert elements["areas"] == said["areas"]
    assert to_json(elements["represented"], "represented") == said["represented"]


def test_a_birth_certificate_says_in_person_who_the_child_is():
    kind = TYPES["birth-certificate-mdoc"]
    space, elements = elements_of(kind, "mia")
    assert space == "org.hoheit.birth-certificate.1"
    assert {"family_name", "given_name", "birth_date", "birth_place", "birth_country"} <= mandatory(kind)
    assert elements["parents"][0]["family_name"]


FILE = 'public_url = "https://agency.example"\n[name]\nde = "Bürgeramt"\n'


@pytest.mark.parametrize(
    ("types", "issued"),
    [
        (("pid",), ["pid", "pid-mdoc"]),
        (("pid-mdoc",), ["pid-mdoc"]),
        (("mdl", "pid-mdoc", "pid"), ["mdl", "pid-mdoc", "pid"]),
        ((), list(TYPES)),
    ],
    ids=["a type", "a form", "several, each once", "all"],
)
def test_whoever_issues_a_type_issues_all_its_forms(tmp_path, types, issued):
    assert list(open_types(settings(tmp_path, types))) == issued


def test_an_own_type_takes_the_place_of_a_shipped_one_with_all_its_forms(tmp_path):
    folder = tmp_path / "types"
    folder.mkdir()
    text = (SHIPPED_TYPES / "pid.toml").read_text(encoding="utf-8")
    plain = text.replace('[mdoc]\ndoctype = "eu.europa.ec.eudi.pid.1"\n', "")
    (folder / "pid.toml").write_text(plain, encoding="utf-8")
    (folder / "pid.svg").write_bytes((SHIPPED_TYPES / "pid.svg").read_bytes())
    own = settings(tmp_path, ("pid",)).model_copy(update={"types_folder": folder})
    assert list(open_types(own)) == ["pid"]
    assert "pid-mdoc" not in known_types(own)
    assert "mdl" in known_types(own)


def settings(folder, types):
    IssuerSettings.file(folder).write_text(FILE, encoding="utf-8")
    return IssuerSettings.read(folder).model_copy(update={"types": types})
