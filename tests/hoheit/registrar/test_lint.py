"""Before anything is sent: which data of a request nobody registered for."""

import json

import pytest
from typer.testing import CliRunner

from hoheit.registrar.command import app
from runtime.toml import write_toml
from tests.support.registrar import CINEMA, cinema, use
from verifier.app import SHIPPED_USE_CASES

QUERY = {
    "credentials": [
        {
            "id": "pid",
            "format": "dc+sd-jwt",
            "meta": {"vct_values": ["urn:eudi:pid:1"]},
            "claims": [{"path": ["portrait"]}],
        }
    ]
}


PLAIN = {"format": "dc+sd-jwt", "vct_values": ["urn:eudi:pid:1"], "claims": [["age_equal_or_over", "18"]]}
PID = "eu.europa.ec.eudi.pid.1"
MDOC = {"format": "mso_mdoc", "doctype_value": PID, "claims": [[PID, "age_over_18"]]}


@pytest.fixture
def file(tmp_path):
    return written(tmp_path, PLAIN, MDOC)


def written(folder, *credentials):
    file = folder / "registration.toml"
    file.write_text(write_toml(cinema(uses=[use(credentials=[*credentials])]).to_dict()), encoding="utf-8")
    return file


def lint(*arguments):
    return CliRunner().invoke(app, ["lint", *map(str, arguments)])


def test_a_use_case_that_is_covered_is_told_so(file):
    told = lint(file, SHIPPED_USE_CASES / "over-18.toml")
    assert (told.exit_code, told.output) == (0, "✓ over-18\n")


def test_each_form_of_a_document_is_registered_by_itself(tmp_path):
    told = lint(written(tmp_path, PLAIN), SHIPPED_USE_CASES / "over-18.toml")
    assert told.exit_code == 1
    assert "pid-mdoc: this kind of document is not registered for over-18" in told.output
    narrow = {**MDOC, "claims": [[PID, "age_over_21"]]}
    told = lint(written(tmp_path, PLAIN, narrow), SHIPPED_USE_CASES / "over-18.toml")
    assert f'pid-mdoc: ["{PID}","age_over_18"] is not registered for over-18' in told.output


def test_whatever_is_not_covered_is_named(file):
    told = lint(file, SHIPPED_USE_CASES)
    assert told.exit_code == 1
    assert "✓ over-18" in told.output
    assert "the registration has no use library-sign-up" in told.output


def test_single_data_is_named_by_its_path(tmp_path):
    narrow = use(
        id="library-sign-up",
        credentials=[
            {"format": "dc+sd-jwt", "vct_values": ["urn:eudi:pid:1"], "claims": [["given_name"], ["family_name"]]}
        ],
    )
    file = tmp_path / "registration.toml"
    file.write_text(write_toml(cinema(uses=[narrow]).to_dict()), encoding="utf-8")
    told = lint(file, SHIPPED_USE_CASES / "library-card.toml")
    assert 'pid: ["birthdate"] is not registered for library-sign-up' in told.output
    assert "residence: this kind of document is not registered for library-sign-up" in told.output


@pytest.mark.parametrize("wrapped", [QUERY, {"dcql_query": QUERY}], ids=["query", "request"])
def test_a_query_is_held_against_the_use_that_comes_nearest(file, tmp_path, wrapped):
    query = tmp_path / "query.json"
    query.write_text(json.dumps(wrapped))
    told = lint(file, query)
    assert told.exit_code == 1
    assert 'pid: ["portrait"] is not registered for over-18' in told.output


@pytest.mark.parametrize("content", ["{", "[]", "{}"])
def test_what_cannot_be_read_is_one_clear_line(file, tmp_path, content):
    query = tmp_path / "query.json"
    query.write_text(content)
    told = lint(file, query)
    assert told.exit_code == 1
    assert "query.json" in str(told.exception or told.output)


def test_nothing_to_look_at_is_said(file, tmp_path):
    (tmp_path / "empty").mkdir()
    assert lint(file, tmp_path / "empty").exit_code == 1


AGE = {
    "id": "pid",
    "format": "dc+sd-jwt",
    "meta": {"vct_values": ["urn:eudi:pid:1"]},
    "claims": [{"path": ["age_equal_or_over", "18"]}],
}
DATASET = {
    "identifier": [{"identifier": CINEMA}],
    "srvDescription": [[{"lang": "en", "content": "Cinema"}]],
    "registryURI": "https://register.example/wrp",
    "intendedUseIdentifier": "over-18",
    "purpose": [{"lang": "en", "content": "We check your age."}],
    "policyURI": "https://kino.example/datenschutz",
}


def whole_request(tmp_path, *datasets):
    """A request that asks for the age, and says of its registration what it is told to."""
    infos = [{"format": "registrar_dataset", "data": data} for data in datasets]
    query = tmp_path / "request.json"
    query.write_text(json.dumps({"dcql_query": {"credentials": [AGE]}, "verifier_info": infos}))
    return query


@pytest.fixture
def two_uses(tmp_path):
    """Somebody who registered the age for one use, and the name for another."""
    name = use(
        id="name", credentials=[{"format": "dc+sd-jwt", "vct_values": ["urn:eudi:pid:1"], "claims": [["given_name"]]}]
    )
    file = tmp_path / "registration.toml"
    file.write_text(write_toml(cinema(uses=[use(), name]).to_dict()), encoding="utf-8")
    return file


def test_a_request_that_says_where_it_is_registered_is_held_against_the_use_that_it_names(two_uses, tmp_path):
    told = lint(two_uses, whole_request(tmp_path, DATASET))
    assert (told.exit_code, told.output) == (0, "✓ request.json\n")
    told = lint(two_uses, whole_request(tmp_path, {**DATASET, "intendedUseIdentifier": "name"}))
    assert told.exit_code == 1
    assert 'pid: ["age_equal_or_over","18"] is not registered for name' in told.output
    told = lint(two_uses, whole_request(tmp_path, {**DATASET, "intendedUseIdentifier": "other"}))
    assert "the registration has no use other" in told.output


def test_a_request_that_names_somebody_else_is_told_so(two_uses, tmp_path):
    told = lint(two_uses, whole_request(tmp_path, {**DATASET, "identifier": [{"identifier": "NTRDE-HRB 1"}]}))
    assert told.exit_code == 1
    assert f"it names somebody else than {CINEMA}" in told.output


def test_one_that_only_says_what_for_is_held_against_whatever_covers_it(two_uses, tmp_path):
    assert lint(two_uses, whole_request(tmp_path, {"purpose": DATASET["purpose"]})).exit_code == 0


@pytest.mark.parametrize(
    ("datasets", "at"),
    [
        ((DATASET, DATASET), "verifier_info must have one registrar_dataset"),
        (({**DATASET, "intendedUseIdentifier": 1},), "intendedUseIdentifier"),
    ],
    ids=["two", "unreadable"],
)
def test_what_no_wallet_would_ask_about_is_refused_by_name(two_uses, tmp_path, datasets, at):
    told = lint(two_uses, whole_request(tmp_path, *datasets))
    assert told.exit_code == 1
    assert at in str(told.exception or told.output).replace(":", "")
