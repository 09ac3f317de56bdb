"""A verifier, an agency that it trusts, and a credential of that agency."""

import pytest

from tests.support.pki import Pki, Template, make_pki
from tests.support.verifier import PID, Held, issue_held, make_verifier


@pytest.fixture(scope="session")
def agency() -> Pki:
    """Whom the verifier trusts, for this one type."""
    return make_pki(Template(common_name="Residents' office"), types=frozenset({PID}))


@pytest.fixture(scope="session")
def held(agency) -> Held:
    """A good credential."""
    return issue_held(agency)


@pytest.fixture
def counter(tmp_path, agency):
    """A verifier on a file of SQLite."""
    made = make_verifier(f"sqlite:///{tmp_path}/verifier.db", agency.anchors)
    yield made
    made.close()


@pytest.fixture
def stored_counter(database_url, agency):
    """A verifier on each of the databases."""
    made = make_verifier(database_url, agency.anchors)
    yield made
    made.close()


@pytest.fixture(scope="module")
def shared_counter(tmp_path_factory, agency):
    """A verifier for property tests, whose examples do not mind each other."""
    made = make_verifier(f"sqlite:///{tmp_path_factory.mktemp('shared')}/verifier.db", agency.anchors)
    yield made
    made.close()
