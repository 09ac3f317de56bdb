import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.dcql.query import DcqlQuery
from protocol.errors import Malformed, NotAuthentic, NotTrusted, ProtocolError, TooLarge
from protocol.fields import Fields
from protocol.sovereignty.service import Service, beyond_announced, check_hosts, check_provider
from protocol.sovereignty.signing import Organisation
from tests.protocol.sovereignty.services import BORN, FULL, LEAST, PERSON
from tests.support.strategies import almost, json_values

FAMILY = Service.from_fields(Fields(FULL, "service"))


def read(value):
    return Service.from_fields(Fields(value, "service"))


@pytest.mark.parametrize("wire", [LEAST, FULL])
def test_a_service_that_is_read_is_written_as_it_was(wire):
    assert read(wire).to_dict() == wire
    assert read({**wire, "image": "https://tracker.example/me.png"}) == read(wire)


@pytest.mark.parametrize(
    ("changes", "at"),
    [
        *[({name: ...}, name) for name in LEAST],
        ({"id": "a b"}, "id"),
        ({"id": "x" * 129}, "id"),
        ({"provider": {"identifier": "x", "country": "de", "name": "x"}}, "provider.country"),
        ({"provider": {"country": "DE", "name": "x"}}, "provider.identifier"),
        ({"provider": {"identifier": "x", "country": "DE"}}, "provider.name"),
        ({"provider": {"identifier": "x", "country": "DE", "name": "<b>"}}, "provider.name"),
        ({"name": {"en": "<script>"}}, "name.en"),
        ({"life_events": ["birth", "winning"]}, "life_events[1]"),
        ({"life_events": ["birth", "birth"]}, "life_events"),
        ({"needs": {}}, "needs.credentials"),
        ({"asks": {"$ref": "#"}}, "asks"),
        ({"eligible": {}}, "eligible"),
        ({"gives": [{"issuer": "https://a.example", "vct": "x"}]}, "gives[0].credential_configuration_id"),
        ({"gives": [{"issuer": "https://a.example", "credential_configuration_id": "x"}]}, "gives[0]"),
        ({"gives": [{"issuer": "a", "credential_configuration_id": "x", "vct": "x"}]}, "gives[0].issuer"),
        ({"gives": FULL["gives"] * 17}, "gives"),
        ({"start": "http://family.example/start"}, "start"),
        ({"start": "javascript:alert(1)"}, "start"),
        ({"forward": "https://user@family.example/"}, "forward"),
    ],
)
def test_a_broken_service_is_refused_by_name(changes, at):
    wire = {name: value for name, value in {**FULL, **changes}.items() if value is not ...}
    with pytest.raises(Malformed) as refusal:
        read(wire)
    assert refusal.value.at == f"service.{at}"


def test_a_bomb_is_refused_as_too_large():
    claim = FULL["eligible"]
    with pytest.raises(TooLarge):
        read({**LEAST, "eligible": {"all": [claim] * 200}})


@given(st.one_of(json_values, almost(FULL)))
def test_no_service_escapes_the_error_family(value):
    with contextlib.suppress(ProtocolError):
        assert read(read(value).to_dict()) == read(value)


def test_what_is_called_is_on_hosts_that_the_provider_registered():
    check_hosts(FAMILY, ["Family.example", "other.example"])
    check_hosts(read({**FULL, "forward": None, "start": "https://FAMILY.example:8443/start"}), ["family.example"])
    for wire in (
        {**FULL, "start": "https://evil.example/family.example"},
        {**FULL, "forward": "https://family.example.evil.example/"},
    ):
        with pytest.raises(NotTrusted):
            check_hosts(read(wire), ["family.example"])


def test_only_the_provider_speaks_for_its_service():
    check_provider(FAMILY, Organisation("NTRDE-HRB 4711", "DE"))
    for identifier, country in (("NTRDE-HRB 4712", "DE"), ("NTRDE-HRB 4711", "AT")):
        with pytest.raises(NotAuthentic):
            check_provider(FAMILY, Organisation(identifier, country))


def asked(**changes):
    """The request as announced, with the first credential query changed."""
    return DcqlQuery.from_dict({"credentials": [{**PERSON, **changes}, BORN]})


def test_a_request_may_ask_for_what_was_announced_and_less():
    assert beyond_announced(FAMILY, asked()) == ()
    assert beyond_announced(FAMILY, asked(claims=[{"path": ["nationalities", 0]}], claim_sets=None)) == ()


def test_what_a_request_asks_beyond_the_announcement_is_seen():
    more = asked(claims=[{"path": ["given_name"]}, {"path": ["address"]}], claim_sets=None)
    assert [(found.query_id, found.path) for found in beyond_announced(FAMILY, more)] == [("person", ("address",))]
    other = asked(meta={"vct_values": ["urn:other"]})
    assert [(found.query_id, found.path) for found in beyond_announced(FAMILY, other)] == [("person", None)]
    assert {found.query_id for found in beyond_announced(read(LEAST), asked())} == {"person", "birth"}
