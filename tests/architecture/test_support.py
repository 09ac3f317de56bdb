"""The tools that other tests trust."""

import psycopg
import pytest
import sqlalchemy

from tests.support.cases import read_cases
from tests.support.postgres import find_binaries, running_cluster
from tests.support.tested_rules import is_test, read_rules, table_rows, without_tests
from tests.support.tree import ROOT
from tests.support.vectors import vector_files, vectors


def test_a_database_starts_empty_and_takes_writes(database_url):
    engine = sqlalchemy.create_engine(database_url)
    with engine.begin() as connection:
        assert sqlalchemy.inspect(connection).get_table_names() == []
        connection.execute(sqlalchemy.text("CREATE TABLE kept (id INTEGER PRIMARY KEY)"))
    engine.dispose()


def test_postgres_is_ours_and_waits_for_the_disk_only_where_time_is_measured(fresh_postgres_url):
    with psycopg.connect(fresh_postgres_url.replace("+psycopg", "")) as connection:
        settings = {key: connection.execute(f"SHOW {key}").fetchone() for key in ("fsync", "max_connections")}
    assert settings == {"fsync": ("off",), "max_connections": ("100",)}
    binaries = find_binaries()
    assert binaries is not None
    with running_cluster(binaries, waits_for_disk=True) as cluster:
        address = cluster.url(cluster.create_database()).replace("+psycopg", "")
        with psycopg.connect(address) as connection:
            assert connection.execute("SHOW fsync").fetchone() == ("on",)


def test_a_database_that_is_taken_again_is_empty_and_nobody_else_has_it_open(postgres_cluster):
    database = postgres_cluster.take_database()
    address = postgres_cluster.url(database).replace("+psycopg", "")
    with psycopg.connect(address, autocommit=True) as left_open:
        left_open.execute("CREATE TABLE kept (id INTEGER)")
        left_open.execute("CREATE SCHEMA issuer CREATE TABLE credentials (id INTEGER)")
        postgres_cluster.give_back(database)
        with pytest.raises(psycopg.OperationalError):
            left_open.execute("SELECT 1")
    assert postgres_cluster.take_database() == database
    with psycopg.connect(address) as connection:
        assert connection.execute("SELECT to_regclass('kept'), to_regnamespace('issuer')").fetchone() == (None, None)
        connection.execute("CREATE TABLE kept (id INTEGER)")
    postgres_cluster.give_back(database)


def test_missing_vectors_are_skipped_with_the_reason(monkeypatch, tmp_path):
    monkeypatch.setenv("HOHEIT_VECTORS", str(tmp_path))
    monkeypatch.delenv("HOHEIT_REQUIRE_VECTORS", raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"test vectors sd-jwt/x\.json are missing"):
        vectors("sd-jwt/x.json")
    [missing] = vector_files("sd-jwt/*.json")
    assert missing.id == "missing"
    assert [mark.name for mark in missing.marks] == ["no_vectors"]


def test_missing_vectors_fail_where_they_are_required(monkeypatch, tmp_path):
    monkeypatch.setenv("HOHEIT_VECTORS", str(tmp_path))
    monkeypatch.setenv("HOHEIT_REQUIRE_VECTORS", "1")
    with pytest.raises(pytest.fail.Exception, match="are missing"):
        vectors("sd-jwt/x.json")


def test_vectors_are_found_by_pattern(monkeypatch, tmp_path):
    monkeypatch.setenv("HOHEIT_VECTORS", str(tmp_path))
    for file in ("b.json", "a.json", "README.md"):
        (tmp_path / file).write_text("{}")
    assert [parameter.id for parameter in vector_files("*.json")] == ["a.json", "b.json"]


@pytest.mark.parametrize("content", ['{"refuse": []}', '{"refuse": [{"name": "x"}, {"name": "x"}]}'])
def test_cases_that_would_test_nothing_are_refused(monkeypatch, tmp_path, content):
    (tmp_path / "tests" / "cases").mkdir(parents=True)
    (tmp_path / "tests" / "cases" / "offer.json").write_text(content)
    monkeypatch.setattr("tests.support.cases.ROOT", tmp_path)
    with pytest.raises(ValueError, match="needs cases"):
        read_cases("offer.json", "refuse")


def test_the_root_is_the_repository():
    assert (ROOT / "pyproject.toml").is_file()


@pytest.mark.parametrize(
    "name",
    [
        "tests/architecture/test_support.py",
        "tests/architecture/test_support.py::test_that_is_not_there",
        "tests/support/tested_rules.py::read_rules",
        "tests/architecture/nowhere.py::test_the_root_is_the_repository",
    ],
)
def test_what_is_no_test_does_not_count(name):
    assert is_test("tests/architecture/test_support.py::test_the_root_is_the_repository")
    assert not is_test(name)


def test_rules_are_read_off_their_page_and_what_is_left_empty_is_seen():
    head = "| § | rule | side | kept | refused |\n|---|---|---|---|---|\n"
    [rule] = read_rules(f"Words.\n\n{head}| 1 | what holds | wallet | `a::b` `c::d` | `e::f` |\n")
    assert (rule.section, rule.side, rule.kept, rule.refused) == ("1", "wallet", ("a::b", "c::d"), ("e::f",))
    assert without_tests([rule]) == []
    empty = [rule._replace(rule=""), rule._replace(side=""), rule._replace(kept=()), rule._replace(refused=())]
    assert without_tests(empty) == empty
    with pytest.raises(ValueError, match="unpack"):
        read_rules(f"{head}| 1 | what holds | wallet | `a::b` |\n")
    assert table_rows(f"{head}\n{head}| 2 | x |\n") == [["2", "x"]]
