"""The people of the demo town: each can have what is shipped, and there is somebody in every situation."""

import datetime

import pytest

from protocol.encoding import JsonObject
from protocol.errors import CredentialRequestDenied
from protocol.sovereignty import representation
from tests.issuer.shipped import PEOPLE, TYPES, can_have, claims_of
from tests.support.pki import NOW

LIVING = {subject: record for subject, record in PEOPLE.items() if "death" not in record}


def test_fourteen_fictional_citizens_live_in_the_demo_town_and_one_has_died():
    assert (len(PEOPLE), len(LIVING)) == (15, 14)
    assert all(str(record["email"]).endswith("@lindenau.example") for record in PEOPLE.values() if "email" in record)


@pytest.mark.parametrize("subject", LIVING)
@pytest.mark.parametrize("name", ["pid", "residence"])
@pytest.mark.parametrize("now", [NOW, int(datetime.datetime(2036, 2, 29, tzinfo=datetime.UTC).timestamp())])
def test_every_citizen_of_the_demo_town_can_have_identity_card_and_proof_of_residence(subject, name, now):
    claims = claims_of(TYPES[name], PEOPLE[subject], now=now)
    assert claims["address"]["locality"] == "Lindenau"


def test_the_demo_town_has_people_in_every_situation():
    pids = {subject: claims_of(TYPES["pid"], record) for subject, record in LIVING.items()}
    ages = {subject: pid["age_equal_or_over"] for subject, pid in pids.items()}
    assert any(not age["12"] for age in ages.values())  # a child
    assert any(age["16"] and not age["18"] for age in ages.values())  # a teenager
    assert any(age["67"] for age in ages.values())
    nationalities = [pid["nationalities"] for pid in pids.values()]
    assert ["DE", "AT"] in nationalities
    assert ["PL"] in nationalities
    assert ["SY"] in nationalities
    assert ["QS"] in nationalities  # without any
    assert any(len(pid["birthdate"]) == 4 for pid in pids.values())  # whose birthday nobody knows
    assert {pid["sex"] for pid in pids.values()} == {1, 2, 5}
    assert any("picture" in pid for pid in pids.values())
    for name in ("diploma", "disability-card", "library-card", "mdl"):
        assert len([record for record in PEOPLE.values() if can_have(TYPES[name], record)]) >= 2


@pytest.mark.parametrize(
    ("subject", "relation", "whom"),
    [("erika", "parent", "Mia"), ("greta", "guardian", "Helga Ottilie"), ("max", "employee", "Lindenwerk GmbH")],
)
def test_whoever_acts_for_another_gets_a_proof_that_is_understood(subject, relation, whom):
    kind = TYPES[f"representation-{relation}"]
    proof = representation.Representation.from_claims(claims_of(kind, PEOPLE[subject]))
    represented = proof.represented
    assert (proof.relation, proof.acting.family_name) == (relation, PEOPLE[subject]["family_name"])
    assert whom == (represented.given_name if isinstance(represented, representation.Person) else represented.name)
    assert proof.until is not None
    assert kind.status


@pytest.mark.parametrize("relation", [*representation.Relation])
def test_nobody_gets_a_proof_without_an_end(relation):
    kind = TYPES[f"representation-{relation}"]
    subject, base = {
        "parent": ("erika", "custody"),
        "guardian": ("greta", "guardianship"),
        "employee": ("max", "authority"),
    }[relation]
    record = PEOPLE[subject]
    part = record[base]
    assert isinstance(part, dict)
    for name in ("until", "areas", "alone"):
        less: JsonObject = {**record, base: {key: value for key, value in part.items() if key != name}}
        with pytest.raises(CredentialRequestDenied):
            claims_of(kind, less)
