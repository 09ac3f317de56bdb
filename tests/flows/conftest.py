"""Everybody who takes part in a conversation, on each database."""

import pytest

from tests.flows.parties import serving, with_new_wallet


@pytest.fixture(scope="module")
def use_cases():
    """More of them for the verifier, name of the file → its text; modules that ask for something else say so."""
    return {}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def services(request, tmp_path_factory, use_cases):
    """Our issuer and verifier, up and knowing each other; the tests of a module share them, for it takes a second."""
    folder = tmp_path_factory.mktemp("services")
    with pytest.MonkeyPatch.context() as surroundings:
        surroundings.setenv("HOHEIT_ENV", "test")
        if request.param == "sqlite":
            with serving(folder, f"sqlite:///{folder / 'hoheit.db'}", use_cases=use_cases) as both:
                yield both
            return
        cluster = request.getfixturevalue("postgres_cluster")
        database = cluster.take_database()
        with serving(folder, cluster.url(database), use_cases=use_cases) as both:
            yield both
        cluster.give_back(database)


@pytest.fixture
def town(services, tmp_path):
    """The services, and a wallet that nobody has used yet."""
    with with_new_wallet(services, tmp_path) as everybody:
        yield everybody
