"""The doctor finds what is wrong, and says what to do."""

import pytest

from hoheit.doctor import check_machine, check_service
from protocol.encoding import encode_json
from protocol.errors import Unreachable
from protocol.exchange import HttpRequest, HttpResponse, run

ADDRESS = "https://agency.example"
METADATA = {
    "credential_issuer": ADDRESS,
    "credential_endpoint": f"{ADDRESS}/credential",
    "credential_configurations_supported": {"pid": {"format": "dc+sd-jwt", "vct": "urn:eudi:pid:1"}},
}


def service(*, ready=200, metadata=200, members=METADATA):
    """What answers at the address."""

    def perform(effect):
        assert isinstance(effect, HttpRequest)
        if effect.url.endswith("/ready"):
            return HttpResponse(ready, (), b"")
        return HttpResponse(metadata, (("content-type", "application/json"),), encode_json(members))

    return perform


def test_this_machine_is_fit(tmp_path):
    assert [line.what for line in check_machine(tmp_path) if line.good is False] == []


def test_a_service_that_is_well_has_no_advice():
    lines = run(check_service(ADDRESS), service())
    assert [(line.good, line.advice) for line in lines] == [(True, ""), (True, "")]


@pytest.mark.parametrize(
    ("found", "advice"),
    [
        (service(ready=503), "its log says why"),
        (
            service(members={**METADATA, "credential_issuer": "https://other.example"}),
            "it calls itself https://other.example",
        ),
        (service(members={}), "its metadata break the specification"),
    ],
)
def test_a_service_that_is_not_well_is_told_apart(found, advice):
    wrong = [line for line in run(check_service(ADDRESS), found) if line.good is False]
    assert len(wrong) == 1
    assert wrong[0].advice.startswith(advice)


def test_a_service_without_credentials_is_fine():
    lines = run(check_service(ADDRESS), service(metadata=404))
    assert [line.good for line in lines] == [True, None]


def test_a_service_that_cannot_be_reached_is_said_to_be():
    def perform(_):
        raise Unreachable("no connection")

    [line] = run(check_service(ADDRESS), perform)
    assert line.good is False
    assert "is it running" in line.advice
