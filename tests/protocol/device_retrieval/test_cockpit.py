"""A cockpit in person: announced where it is signed, and a claim that both sides of a session derive and nobody else."""

import pytest

from protocol.sovereignty.in_person import CLAIM_LENGTH
from tests.protocol.device_retrieval.samples import ASKED, OTHER, SPACE, dcql, look, meet, query

COCKPIT = "https://hire.example/cockpit"
TWO = dcql(query((SPACE, "family_name")), query((SPACE, "given_name"), id="vehicle", doc_type=OTHER))


@pytest.mark.parametrize("asked", [ASKED, TWO], ids=["one document", "two"])
def test_what_a_reader_announces_in_a_signed_request_is_read(asked):
    met = meet(asked, cockpit=COCKPIT)
    assert look(met.holder.open(met.establishment)).cockpit_endpoint == COCKPIT


@pytest.mark.parametrize("endpoint", [f"{COCKPIT}/", f"{COCKPIT}?a=b", "http://hire.example/cockpit", None])
def test_what_cannot_be_an_endpoint_is_none(endpoint):
    met = meet(cockpit=endpoint)
    assert look(met.holder.open(met.establishment)).cockpit_endpoint is None


def test_nobody_who_signs_nothing_announces_anything():
    met = meet(signer=None, chain=(), cockpit=COCKPIT)
    assert look(met.holder.open(met.establishment)).cockpit_endpoint is None


def test_both_sides_derive_the_same_claim_and_every_session_another():
    met, other = meet(), meet(seed=30)
    asked = met.holder.open(met.establishment)
    assert asked.claim == met.reader.claim
    assert len(asked.claim) == CLAIM_LENGTH
    assert other.reader.claim != met.reader.claim
    assert asked.claim not in met.establishment
    assert asked.claim.hex() not in repr(asked)
