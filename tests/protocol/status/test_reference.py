import pytest

from protocol.credential import StatusReference
from protocol.errors import Malformed, Unsupported
from protocol.fields import Fields
from protocol.status.reference import (
    MAX_INDEX,
    MaintainedStatus,
    maintained_claim,
    read_maintained,
    read_status,
    status_claim,
)

URI = "https://agency.example/status/1"
REFERENCE = StatusReference(URI, 7)
MAINTAINED = MaintainedStatus(REFERENCE, 1_800_000_000)


def test_a_status_is_written_as_it_is_read():
    assert status_claim(REFERENCE) == {"status_list": {"idx": 7, "uri": URI}}
    assert read_status(Fields(status_claim(REFERENCE), "status")) == REFERENCE


@pytest.mark.parametrize("index", [0, MAX_INDEX])
def test_an_index_has_bounds(index):
    assert read_status(Fields(status_claim(StatusReference(URI, index)), "status")).idx == index


@pytest.mark.parametrize(
    "status",
    [
        {"status_list": 7},
        {"status_list": {"idx": 7}},
        {"status_list": {"uri": URI}},
        {"status_list": {"idx": -1, "uri": URI}},
        {"status_list": {"idx": MAX_INDEX + 1, "uri": URI}},
        {"status_list": {"idx": True, "uri": URI}},
        {"status_list": {"idx": 7, "uri": "http://agency.example"}},
    ],
)
def test_a_status_that_cannot_be_read_is_refused(status):
    with pytest.raises(Malformed):
        read_status(Fields(status, "status"))


@pytest.mark.parametrize("status", [{}, {"identifier_list": {}}, {"status_list": None}])
def test_a_status_of_another_kind_is_never_taken_for_none(status):
    with pytest.raises(Unsupported):
        read_status(Fields(status, "status"))


def test_a_promise_says_until_when():
    claims = {"client_status": maintained_claim(MAINTAINED)}
    assert claims == {"client_status": {"status": status_claim(REFERENCE), "exp": 1_800_000_000}}
    assert read_maintained(Fields(claims, "attestation"), "client_status") == MAINTAINED
    assert read_maintained(Fields(claims, "attestation"), "key_storage_status") is None


@pytest.mark.parametrize("claim", [None, 7, {}, {"status": status_claim(REFERENCE)}, {"exp": 1}])
def test_a_promise_that_cannot_be_read_is_refused(claim):
    with pytest.raises(Malformed):
        read_maintained(Fields({"client_status": claim}, "attestation"), "client_status")
