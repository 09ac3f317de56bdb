"""What is checked of a service before a person looks at it, and what the sentences say."""

import pytest

from protocol.encoding import MAX_JSON_BYTES
from registrar.announcing import (
    MAX_ENTRY,
    ProblemKind,
    check_entry,
    read_entries,
    reason_of,
    service_document,
    service_of,
)
from registrar.records import Offering, ServiceState
from tests.support.announced import NEEDS, entry
from tests.support.registrar import CINEMA, agency, cinema

PROVIDER = {"identifier": CINEMA, "country": "DE", "name": "Kino Capitol"}
FORM = {"type": "object", "properties": {"seat": {"type": "string", "title": {"de": "Platz", "en": "Seat"}}}}
RULE = {
    "claim": {"any": [{"vct": "urn:eudi:pid:1", "path": ["birthdate"]}]},
    "is": "age_at_least",
    "value": 18,
    "because": {"de": "volljährig", "en": "of age"},
}
GIVEN = {"issuer": "https://buergeramt.example:8443/a", "credential_configuration_id": "id", "vct": "urn:eudi:pid:1"}
MORE = {"credentials": [{**NEEDS["credentials"][0], "claims": [{"path": ["family_name"]}]}]}
ELSE = {"credentials": [{**NEEDS["credentials"][0], "meta": {"vct_values": ["urn:eudi:other:1"]}}]}


def problems(**changed):
    services, unreadable = read_entries([entry(**changed)])
    checked = [found for one in services for found in check_entry(one, cinema(), lambda: [agency()])]
    return [(found.kind, found.detail) for found in (*unreadable, *checked)]


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"asks": FORM, "eligible": RULE, "gives": [GIVEN], "forward": "https://kino.example/forward"},
        {"needs": None},
        {"needs": None, "registration": CINEMA},
        {"start": "https://KINO.example:8443/x"},
        {"provider": {**PROVIDER, "name": "Kino Capitol GmbH"}},
        {"name": {"de-AT": "Kino", "en": "Cinema", "fr": "Cinéma"}},
    ],
    ids=["usual", "whole", "no needs", "no purpose", "other port", "name by law", "more languages"],
)
def test_a_service_of_a_registered_party_passes(changed):
    assert problems(**changed) == []


@pytest.mark.parametrize(
    ("changed", "kind", "detail"),
    [
        ({"provider": {**PROVIDER, "identifier": "NTRDE-HRB 1"}}, ProblemKind.PROVIDER, ""),
        ({"provider": {**PROVIDER, "country": "FR"}}, ProblemKind.PROVIDER, ""),
        ({"provider": {**PROVIDER, "name": "Finanzamt"}}, ProblemKind.PROVIDER_NAME, "Kino Capitol"),
        ({"start": "https://evil.example/"}, ProblemKind.HOST, "evil.example"),
        ({"forward": "https://sub.kino.example/"}, ProblemKind.HOST, "sub.kino.example"),
        ({"registration": "other"}, ProblemKind.REGISTRATION, "other"),
        ({"registration": CINEMA}, ProblemKind.REGISTRATION, CINEMA),
        ({"needs": MORE}, ProblemKind.NEEDS, "pid › family_name"),
        ({"needs": ELSE}, ProblemKind.NEEDS, "pid"),
        ({"name": {"de": "Kino"}}, ProblemKind.LANGUAGES, "name"),
        ({"summary": {"en": "x"}}, ProblemKind.LANGUAGES, "summary"),
        (
            {"asks": {"type": "object", "properties": {"a": {"type": "boolean", "title": {"de": "A"}}}}},
            ProblemKind.LANGUAGES,
            "asks.a.title",
        ),
        (
            {"eligible": {"all": [RULE, {"not": {**RULE, "because": {"de": "x"}}}]}},
            ProblemKind.LANGUAGES,
            "eligible.because",
        ),
        ({"gives": [{**GIVEN, "issuer": "https://no.example"}]}, ProblemKind.ISSUER, "https://no.example"),
        ({"gives": [{**GIVEN, "vct": "urn:other:1"}]}, ProblemKind.TYPE, "urn:other:1"),
        ({"gives": [{**GIVEN, "vct": None, "doctype": "urn:eudi:pid:1"}]}, ProblemKind.TYPE, "urn:eudi:pid:1"),
    ],
)
def test_each_check_says_what_is_wrong(changed, kind, detail):
    assert problems(**changed) == [(kind, detail)]


@pytest.mark.parametrize(
    "changed",
    [
        {"id": "a/b"},
        {"summary": {"de": "<script>alert(1)</script>", "en": "x"}},
        {"asks": {"type": "object", "properties": {"a": {"type": "string", "title": {"de": "A"}, "pattern": "a+"}}}},
        {"asks": {"$ref": "https://evil.example"}},
        {"eligible": {"if": "1"}},
        {"life_events": ["winning"]},
        {"start": "http://kino.example"},
        {"start": "javascript:alert(1)"},
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(changed):
    [(kind, detail)] = problems(**changed)
    assert kind is ProblemKind.UNREADABLE
    assert detail.startswith("services[0].")


def test_a_service_twice_or_too_large_is_told():
    _, found = read_entries([entry(), entry(), "x"])
    assert [(one.service, one.kind) for one in found] == [
        ("film-club", ProblemKind.TWICE),
        ("services[2]", ProblemKind.UNREADABLE),
    ]
    texts = {f"de-x-{number}": "x" * 2000 for number in range(32)}
    _, found = read_entries([entry(name=texts, summary=texts)])
    assert [one.kind for one in found] == [ProblemKind.TOO_LARGE]
    assert MAX_ENTRY <= MAX_JSON_BYTES


@pytest.mark.parametrize("kind", ProblemKind)
def test_every_problem_has_a_sentence(kind):
    offering = Offering("film-club", ServiceState.OUT, reason="detail", problem=kind.value)
    assert reason_of(offering).startswith("film-club: ")
    assert "{" not in reason_of(offering)


def test_what_is_kept_is_read_back():
    document = read_entries([entry(asks=FORM, eligible=RULE, gives=[GIVEN])])[0][0]
    assert service_of(service_document(document)) == document
