"""The tools that other tests trust."""

import psycopg
import pytest
import sqlalchemy

from tests.support.cases import read_cases
from tests.support.tree import ROOT
from tests.support.vectors import vector_files, vectors


def test_a_database_starts_empty_and_takes_writes(database_url):
    engine = sqlalchemy.create_engine(database_url)
    with engine.begin() as connection:
        assert sqlalchemy.inspect(connection).get_table_names() == []
        connection.execute(sqlalchemy.text("CREATE TABLE kept (id INTEGER PRIMARY KEY)"))
    engine.dispose()


def test_postgres_is_durable_and_ours(fresh_postgres_url):
    with psycopg.connect(fresh_postgres_url.replace("+psycopg", "")) as connection:
        settings = {key: connection.execute(f"SHOW {key}").fetchone() for key in ("fsync", "max_connections")}
    assert settings == {"fsync": ("on",), "max_connections": ("100",)}


def test_a_template_brings_its_tables_along(postgres_cluster):
    template = postgres_cluster.create_database()
    with psycopg.connect(postgres_cluster.url(template).replace("+psycopg", "")) as connection:
        connection.execute("CREATE TABLE migrated (id INTEGER)")
    copy = postgres_cluster.create_database(template)
    with psycopg.connect(postgres_cluster.url(copy).replace("+psycopg", "")) as connection:
        assert connection.execute("SELECT count(*) FROM migrated").fetchone() == (0,)
    postgres_cluster.drop_database(copy)
    postgres_cluster.drop_database(template)


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
