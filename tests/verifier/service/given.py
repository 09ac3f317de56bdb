"""Answers with a receipt, whoever gave them, and a library that works on what they ask."""

import pytest
from sqlalchemy import text as sql

from protocol.trust.anchors import TrustAnchors
from tests.support.pki import seeded_key
from tests.support.rights import Asker
from tests.support.verifier import USE_CASE, make_verifier
from tests.verifier.citizen import ACCESS, KEY, WHO, Citizen, report, with_more

KEEP = "keep_seconds = 86400\n"


NAMES = ('[{ path = ["family_name"] }]', '[{ path = ["family_name"] }, { path = ["given_name"] }]')


def library(database_url, anchors, basis="consent", names=("", "")):
    case = with_more(USE_CASE.replace(*names), f'legal_basis = "{basis}"\nretention = "P30D"\n{KEEP}')
    privacy = "https://library.example/privacy"
    return make_verifier(database_url, anchors, use_cases=(case,), access=ACCESS, privacy_policy=privacy)


@pytest.fixture
def make(database_url, agency):
    made = []

    def of(basis="consent", **changes):
        made.append(library(database_url, TrustAnchors([agency.anchor]), basis, **changes))
        return made[-1]

    yield of
    for each in made:
        each.close()


@pytest.fixture
def counter(make):
    return make()


class Given:
    """An answer with a receipt, and whoever gave it."""

    def __init__(self, counter, held, key=KEY):
        self.counter, self.made = counter, counter.ask()
        citizen = Citizen(counter, self.made, held, key)
        self.receipt = citizen.judge(citizen.answer()["receipt"]).receipt
        self.asker = Asker(counter, key, self.receipt.id, self.receipt.claims, WHO)

    def log(self):
        return report(self.counter, self.asker.key, self.receipt)

    def everything(self):
        """All bytes of all tables."""
        with self.counter.store.database.reading() as connection:
            names = ("sessions", "session_keys", "events", "cockpit_rights")
            rows = [row for name in names for row in connection.execute(sql(f"select * from {name}"))]
        # A row that shows itself shortens what is long
        return "\n".join(str(tuple(row)) for row in rows)


def listed(counter, *, is_open=True):
    return counter.run(counter.verifier.rights.listed(is_open=is_open))


def work(counter, name, case, *args, **kwargs):
    return counter.run(getattr(counter.verifier.rights, name)(case, *args, actor="Ada", **kwargs))


ENC = seeded_key(71)
ADULT = ('[{ path = ["family_name"] }]', '[{ path = ["age_equal_or_over", "18"] }]')
