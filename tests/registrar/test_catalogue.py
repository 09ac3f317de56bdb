"""What one can choose from is what this project's own documents are, word for word where they share data."""

import pytest

from issuer.app import SHIPPED_TYPES
from issuer.credential_types import read_types
from protocol.dcql.query import MDOC, SD_JWT_VC, CredentialMeta
from protocol.sovereignty import representation
from protocol.trust.registration import RegisteredCredential
from registrar.catalogue import NUMBER, PORTRAIT, document_of, encloses, known_authorities, known_documents


def test_every_known_document_is_one_that_is_issued_with_data_that_it_has():
    shipped = read_types(SHIPPED_TYPES)
    by_reason = {kind.family for kind in shipped.values() if kind.type == representation.TYPE}
    assert {known.id for known in known_documents()} == {
        *({kind.family for kind in shipped.values()} - by_reason),
        "representation",
    }
    for known in known_documents():
        if known.id == "representation":
            continue  # one type, which several offices issue: the next test
        forms = [kind for kind in shipped.values() if kind.family == known.id]
        assert [(one.format, one.meta.vct_values, one.meta.doctype_value) for one in known.registered()] == [
            (kind.format, (kind.type,), None) if kind.format == SD_JWT_VC else (kind.format, (), kind.type)
            for kind in forms
        ]
        for kind in forms:
            assert dict(known.names) == {language: kind.name(language) for language in ("de", "en")}
            [registered] = [one for one in known.registered(known.data) if one.format == kind.format]
            assert registered.claims
            assert set(registered.claims) <= {claim.path for claim in kind.claims}


def test_a_proof_that_somebody_acts_for_another_is_one_document_whatever_the_reason():
    known = document("representation")
    assert (known.vct, known.doctype, known.namespace) == (representation.TYPE, *[representation.DOCTYPE] * 2)
    for registered, type_, suffix in zip(
        known.registered(known.data), (representation.TYPE, representation.DOCTYPE), ("", "-mdoc"), strict=True
    ):
        kinds = [kind for kind in read_types(SHIPPED_TYPES).values() if kind.type == type_]
        assert {kind.id for kind in kinds} == {f"representation-{one}{suffix}" for one in representation.Relation}
        for kind in kinds:
            assert set(registered.claims) <= {claim.path for claim in kind.claims}


def test_both_forms_of_a_piece_of_data_come_from_one_place_in_the_register():
    shipped = read_types(SHIPPED_TYPES)
    origins = {claim.path: claim.origin for name in ("pid", "pid-mdoc") for claim in shipped[name].claims}
    pid = known_documents()[0]
    for datum in pid.data:
        if datum.element and datum.path != ("address",):
            assert origins[datum.path] == origins[(pid.namespace, datum.element)], datum.id


def document(name):
    return next(known for known in known_documents() if known.id == name)


def chosen(known, *ids):
    return known.registered([datum for datum in known.data if datum.id in ids])


def test_who_chooses_data_registers_it_in_each_form_that_has_it():
    plain, mdoc = chosen(document("pid"), "family_name", "age_equal_or_over.18")
    assert (plain.format, plain.claims) == ("dc+sd-jwt", (("age_equal_or_over", "18"), ("family_name",)))
    assert (mdoc.format, mdoc.claims) == ("mso_mdoc", ((PID, "age_over_18"), (PID, "family_name")))
    [licence] = chosen(document("mdl"), "driving_privileges")
    assert (licence.format, licence.meta.doctype_value) == ("mso_mdoc", "org.iso.18013.5.1.mDL")
    assert licence.claims == (("org.iso.18013.5.1", "driving_privileges"),)


def test_an_object_is_its_elements_in_an_mdoc_and_what_has_none_is_in_no_mdoc():
    plain, mdoc = chosen(document("pid"), "address", "address.locality")
    assert plain.claims == (("address",), ("address", "locality"))
    assert {path[1] for path in mdoc.claims} == {
        "resident_address", "resident_street", "resident_postal_code", "resident_city", "resident_state",
        "resident_country",
    }  # fmt: skip
    assert len(set(mdoc.claims)) == len(mdoc.claims)
    [only] = chosen(document("pid"), "address.house_number")
    assert only.format == "dc+sd-jwt"


def test_data_is_found_by_the_path_of_either_form():
    pid = document("pid")
    assert pid.datum((PID, "birth_date")) is pid.datum(("birthdate",)) is not None
    assert pid.datum((PID, "")) is None
    assert pid.datum(("urn:x", "birth_date")) is None


def test_ids_are_no_one_else_s_and_names_are_there_in_both_languages():
    for known in known_documents():
        ids = [datum.id for datum in known.data]
        assert len(set(ids)) == len(ids)
        for datum in known.data:
            assert dict(datum.names).keys() == {"de", "en"}
    authorities = known_authorities()
    assert len({known.id for known in authorities}) == len(authorities) == 18
    assert {datum.kind for known in known_documents() for datum in known.data} == {"", PORTRAIT, NUMBER}


PID = "eu.europa.ec.eudi.pid.1"


def registered(*claims, types=("urn:eudi:pid:1",)):
    return RegisteredCredential(SD_JWT_VC, CredentialMeta(vct_values=types), claims)


def registered_mdoc(*elements, doctype=PID):
    return RegisteredCredential(
        MDOC, CredentialMeta(doctype_value=doctype), tuple((doctype, element) for element in elements)
    )


@pytest.mark.parametrize(
    ("mine", "theirs", "shared"),
    [
        (registered(("address",)), registered(("address", "locality"), ("sex",)), (("address", "locality"),)),
        (registered(("address", "locality")), registered(("address",)), (("address",),)),
        (registered(("sex",)), registered(("email",)), ()),
        (registered(("sex",)), registered(("sex",), types=("urn:x",)), ()),
        (registered(("birthdate",)), registered_mdoc("birth_date", "sex"), ((PID, "birth_date"),)),
        (registered_mdoc("birth_date"), registered(("birthdate",), ("sex",)), (("birthdate",),)),
        (registered(("address",)), registered_mdoc("resident_city"), ((PID, "resident_city"),)),
        (registered_mdoc("sex"), registered_mdoc("sex", "portrait"), ((PID, "sex"),)),
        (registered_mdoc("sex", doctype="x"), registered_mdoc("sex", doctype="x"), (("x", "sex"),)),
        (registered_mdoc("sex"), registered_mdoc("sex", doctype="x"), ()),
        (registered(("sex",), types=("x",)), registered_mdoc("sex", doctype="x"), ()),
    ],
    ids=[
        "inside",
        "around",
        "another",
        "another document",
        "the other form",
        "and back",
        "inside in the other form",
        "mdocs",
        "mdocs that we do not know",
        "another mdoc",
        "another format of a type that we do not know",
    ],
)
def test_what_two_ask_for_in_common_is_found(mine, theirs, shared):
    assert encloses(mine, theirs) == shared


def test_a_choice_of_several_documents_has_no_words():
    assert document_of(registered(("sex",))) is document_of(registered_mdoc("sex")) is not None
    assert document_of(registered_mdoc("sex", doctype="x")) is None
    assert document_of(RegisteredCredential(MDOC, CredentialMeta(vct_values=("urn:eudi:pid:1",)), ())) is None
    assert document_of(RegisteredCredential("jwt_vc_json", CredentialMeta(other={"type": ["x"]}), ())) is None
    assert document_of(registered(("sex",), types=("urn:eudi:pid:1", "urn:x"))) is None
