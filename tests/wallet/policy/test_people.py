"""Whom documents are about, and which of them belong to what is for somebody."""

import pytest

from protocol.encoding import encode_json
from protocol.sovereignty.representation import TYPE, Company, Person
from protocol.sovereignty.rules import About
from tests.wallet.acting import FIRM, MIA, PROOF
from tests.wallet.acting_in_person import BIRTHS, CARD, PROOFS
from tests.wallet.counterparts import held
from wallet.policy.documents import document_id
from wallet.policy.people import Aim, People, PeopleMixed, acted_for, check_one_person, could_mix, person_id

BEN = {**MIA, "given_name": "Ben", "birthdate": "2023-02-03"}
ERIKA = {"family_name": "Mustermann", "given_name": "Erika", "birthdate": "1990-03-07"}


def document(record_id, claims, type_="urn:town:birth:1"):
    return held(record_id, type=type_, claims=encode_json(claims).decode())


def person(claims):
    return People.among([PID, document("x", claims)]).known[0]


PID = held("pid")
MIAS, BENS = document("mia", MIA), document("ben", BEN)
NOTICE = document("notice", {**ERIKA, "child": BEN}, "urn:town:notice:1")
PROOF_MIA = document("proof-mia", PROOF, TYPE)
PROOF_BEN = document("proof-ben", {**PROOF, "represented": BEN}, TYPE)
FAMILY = [PID, MIAS, BENS, NOTICE, PROOF_MIA, PROOF_BEN]
MIA_, BEN_ = person(MIA), person(BEN)


@pytest.fixture
def people():
    return People.among(FAMILY)


def fitting(people, aim):
    return [one.id for one in people.fitting(FAMILY, aim)]


def test_everybody_is_known_once_and_the_user_is_nobody_of_them(people):
    assert [people.named(one) for one in people.known] == ["Ben", "Mia"]
    assert people.spoken_of(PID) == ()


def test_what_is_for_one_child_has_no_document_of_the_other(people):
    """T187"""
    assert fitting(people, Aim(MIA_)) == ["pid", "mia", "proof-mia"]
    assert fitting(people, Aim(BEN_)) == ["pid", "ben", "notice", "proof-ben"]
    assert fitting(people, Aim(None)) == ["pid"]
    assert fitting(people, None) == [one.id for one in FAMILY]


def test_a_document_that_names_nobody_is_about_nobody():
    ticket = document("ticket", {"seat": "7"}, "urn:town:ticket:1")
    people = People.among([*FAMILY, ticket])
    assert people.spoken_of(ticket) == ()
    assert len(people.known) == len((MIA_, BEN_))


def test_whoever_is_named_far_below_other_things_is_not_looked_for(people):
    """Where a notice has the child, it is near; what a document has further down is of any size."""
    deep = BEN
    for _ in range(5):
        deep = {"of": deep}
    far = document("far", {**ERIKA, "case": deep}, "urn:town:notice:1")
    assert People.among([*FAMILY, far]).spoken_of(far) == ()


def test_an_identity_card_of_a_child_as_mdoc_is_about_the_child(people):
    """T187: its elements stand in a namespace, and the day of birth is called otherwise."""
    elements = {"family_name": BEN["family_name"], "given_name": "Ben", "birth_date": BEN["birthdate"]}
    card = held(
        "card", type="eu.europa.ec.eudi.pid.1", format="mso_mdoc",
        claims=encode_json({"eu.europa.ec.eudi.pid.1": elements}).decode(),
    )  # fmt: skip
    found = People.among([*FAMILY, card], {document_id(card): About.REPRESENTED})
    assert found.spoken_of(card) == (BEN_,)
    assert not found.fits(card, Aim(MIA_))
    with pytest.raises(PeopleMixed):
        check_one_person([PROOF_MIA, card], found)
    licence = held("licence", type="x", format="mso_mdoc", claims=encode_json({"x": elements}).decode())
    assert People.among([*FAMILY, licence]).spoken_of(licence) == (BEN_,)


def test_a_proof_as_mdoc_and_a_notice_with_the_child_inside_are_about_the_child():
    """T187"""
    people = People.among([CARD, *BIRTHS.values(), *PROOFS.values()])
    assert [people.named(one) for one in people.known] == ["Ben", "Mia"]
    assert [people.spoken_of(PROOFS[name]) for name in ("Ben", "Mia")] == [(one,) for one in people.known]
    child = {"family_name": "Mustermann", "given_name": "Ben", "birth_date": BEN["birthdate"]}
    elements = encode_json({"org.town.notice.1": {**ERIKA, "child": child}}).decode()
    notice = held("notice-mdoc", type="org.town.notice.1", format="mso_mdoc", claims=elements)
    people = People.among([*FAMILY, *BIRTHS.values(), *PROOFS.values(), notice])
    assert people.spoken_of(notice) == (BEN_,)
    assert could_mix([[PROOFS["Mia"]], [notice]], people)
    assert acted_for([[PROOFS["Mia"], PROOFS["Ben"]]], people) == (BEN_, MIA_)
    for mixed in ([PROOFS["Mia"], notice], [PROOFS["Mia"], BENS], [PROOF_MIA, BIRTHS["Ben"]]):
        with pytest.raises(PeopleMixed):
            check_one_person(mixed, people)
    check_one_person([PROOFS["Ben"], notice, BIRTHS["Ben"]], people)


def test_a_name_in_other_letters_is_the_same_person(people):
    assert people.fits(MIAS, Aim(Person("MUSTERMANN", " mia ", MIA_.birthdate)))
    assert not people.fits(MIAS, Aim(Person("Mustermann", "Mia", BEN_.birthdate)))


def test_parents_in_a_certificate_are_nobody_of_whom_it_speaks():
    other_parent = {**ERIKA, "given_name": "Max", "birthdate": "1988-01-01"}
    birth = document("birth", {**MIA, "parents": [ERIKA, other_parent]})
    people = People.among([PID, birth])
    assert [people.named(one) for one in people.known] == ["Mia"]
    assert people.spoken_of(birth) == people.known


def test_a_notice_about_two_children_fits_both():
    both = document("both", {**ERIKA, "children": [MIA, BEN]})
    people = People.among([PID, MIAS, BENS, both])
    assert people.fits(both, Aim(MIA_))
    assert people.fits(both, Aim(BEN_))
    assert not people.fits(both, Aim(None))


def test_without_an_identity_card_nobody_guesses_and_what_the_citizen_said_counts():
    assert People.among([MIAS, BENS]).known == ()
    marked = People.among([PID, MIAS, BENS], {"mia": About.SELF})
    assert [marked.named(one) for one in marked.known] == ["Ben"]
    assert People.among([MIAS], {"mia": About.REPRESENTED}).known == (MIA_,)


def test_people_of_one_first_name_are_told_apart():
    other = person({**MIA, "family_name": "Beispiel"})
    twin = person({**MIA, "birthdate": "2020-01-01"})
    people = People.among([PID, MIAS, document("o", {**MIA, "family_name": "Beispiel"})])
    assert [people.named(one) for one in (MIA_, other)] == ["Mia Mustermann", "Mia Beispiel"]
    people = People.among([PID, MIAS, document("t", {**MIA, "birthdate": "2020-01-01"})])
    assert people.named(twin) == "Mia Mustermann, 2020-01-01"
    assert len({person_id(one) for one in (MIA_, other, twin)}) == 3


def test_somebody_acts_for_a_company():
    people = People.among([document("firm", {**PROOF, "relation": "employee", "represented": FIRM}, TYPE)])
    [firm] = people.known
    assert isinstance(firm, Company)
    assert people.named(firm) == "Muster GmbH"


@pytest.mark.parametrize(
    "chosen",
    [[PROOF_MIA, BENS], [PROOF_MIA, NOTICE], [PROOF_MIA, PROOF_BEN], [PROOF_BEN, MIAS, PID]],
    ids=["certificate", "notice", "proof", "three"],
)
def test_a_proof_goes_with_no_document_of_somebody_else(people, chosen):
    """T187"""
    with pytest.raises(PeopleMixed):
        check_one_person(chosen, people)


@pytest.mark.parametrize(
    "chosen",
    [[PROOF_MIA, MIAS, PID], [PROOF_BEN, NOTICE, BENS], [MIAS, BENS], [PID], []],
    ids=["mia", "ben", "no-proof", "own", "nothing"],
)
def test_what_is_about_one_person_or_has_no_proof_goes_together(people, chosen):
    check_one_person(chosen, people)


def test_it_is_asked_only_where_two_questions_could_be_mixed(people):
    assert could_mix([[PID], [PROOF_MIA, PROOF_BEN], [MIAS, BENS]], people)
    assert could_mix([[PROOF_MIA], [BENS]], people)
    assert not could_mix([[PID], [PROOF_MIA, PROOF_BEN]], people)
    assert not could_mix([[PROOF_MIA], [MIAS]], people)
    assert not could_mix([[MIAS], [BENS]], people)
    assert acted_for([[PID], [PROOF_MIA, PROOF_BEN, MIAS]], people) == (BEN_, MIA_)
