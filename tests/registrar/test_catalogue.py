"""What one can choose from is what this project's own documents are, word for word where they share data."""

import pytest

from issuer.app import SHIPPED_TYPES
from issuer.credential_types import read_types
from protocol.trust.registration import RegisteredCredential
from registrar.catalogue import NUMBER, PORTRAIT, document_of, encloses, known_authorities, known_documents


def test_every_known_document_is_one_that_is_issued_with_data_that_it_has():
    shipped = read_types(SHIPPED_TYPES)
    assert {known.id for known in known_documents()} == set(shipped)
    for known in known_documents():
        kind = shipped[known.id]
        assert (known.type, dict(known.names)) == (
            kind.type,
            {language: kind.name(language) for language in ("de", "en")},
        )
        assert {datum.path for datum in known.data} <= {claim.path for claim in kind.claims}


def test_ids_are_no_one_else_s_and_names_are_there_in_both_languages():
    for known in known_documents():
        ids = [datum.id for datum in known.data]
        assert len(set(ids)) == len(ids)
        for datum in known.data:
            assert dict(datum.names).keys() == {"de", "en"}
    authorities = known_authorities()
    assert len({known.id for known in authorities}) == len(authorities) == 18
    assert {datum.kind for known in known_documents() for datum in known.data} == {"", PORTRAIT, NUMBER}


def registered(*claims, types=("urn:eudi:pid:1",)):
    return RegisteredCredential("dc+sd-jwt", type(known_documents()[0].registered().meta)(vct_values=types), claims)


@pytest.mark.parametrize(
    ("mine", "theirs", "shared"),
    [
        (registered(("address",)), registered(("address", "locality"), ("sex",)), (("address", "locality"),)),
        (registered(("address", "locality")), registered(("address",)), (("address",),)),
        (registered(("sex",)), registered(("email",)), ()),
        (registered(("sex",)), registered(("sex",), types=("urn:x",)), ()),
    ],
    ids=["inside", "around", "another", "another document"],
)
def test_what_two_ask_for_in_common_is_found(mine, theirs, shared):
    assert encloses(mine, theirs) == shared


def test_a_choice_of_several_documents_has_no_words():
    assert document_of(registered(("sex",))) is not None
    assert document_of(registered(("sex",), types=("urn:eudi:pid:1", "urn:x"))) is None
