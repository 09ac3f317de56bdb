"""An issuer that is restarted, and whose database is put back as it was."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from issuer.database.ended_list import Ended, EndedList, Ends
from issuer.database.tables import metadata
from issuer.records import CredentialState
from issuer.service.uses import Uses
from issuer.usage import ENDED_BEFORE
from tests.support.backups import Backup
from tests.support.issuer import ACTOR as CLERK
from tests.support.issuer import Desk, TestWallet, make_issuer
from tests.support.status import status_list_of

LOG = "_log"  # what of the store writes into logs


@dataclass
class Agency:
    """An issuer that can be restarted, and whose database can be put back."""

    url: str
    ended: EndedList
    desk: Desk
    logged: list[object] = field(default_factory=list)  # what the last start wrote into the logs of documents

    def restart(self):
        """Begin again as the program does; how much was ended once more."""
        self.desk.store.database.dispose()
        self.desk = make_issuer(self.url, clock=self.desk.clock, ended=self.ended)
        self.logged.clear()
        setattr(self.desk.store, LOG, lambda _, happened: self.logged.extend(happened))
        context = self.desk.issuer.context
        families = {kind.id: kind.family for kind in context.types.values()}
        what = Uses(context).decided(ENDED_BEFORE)
        return self.desk.store.end_again(now=self.desk.clock.now, families=families, what=what)

    @property
    def wallet(self):
        """A wallet that speaks to the issuer as it is now."""
        return TestWallet(self.desk)

    def issue(self, *names, copies=1):
        """Tokens, and what came with them of each of these."""
        tokens = self.wallet.redeem(self.desk.offer(*(names or ("member",))))
        for name in names or ("member",):
            self.wallet.issue(tokens, name, [self.wallet.new_key() for _ in range(copies)])
        return tokens

    def held(self):
        """What Anna has."""
        return self.desk.store.credentials_of("anna")

    def revoke(self, one, reason="wrong"):
        """Have a clerk revoke it."""
        self.desk.run(self.desk.issuer.status.change(one.id, CredentialState.REVOKED, CLERK, reason))

    def published(self, one):
        """What everybody reads of it."""
        return status_list_of(self.desk, one.status_list).get(one.status_index)

    def copy(self):
        """A backup; calling it puts it back."""
        kept = Backup(self.desk.store.database, metadata)
        return lambda: kept.restore(self.desk.store.database)


@pytest.fixture
def agency(database_url: str, tmp_path: Path) -> Iterator[Agency]:
    """An issuer that has run before."""
    ended = EndedList.at(tmp_path / "ended")
    made = Agency(database_url, ended, make_issuer(database_url, ended=ended))
    assert made.restart() == 0
    yield made
    made.desk.store.database.dispose()


def ended(agency):
    return [one for some in agency.ended.portions() for one in some]


def ended_of(one, ends=Ends.DOCUMENT):
    return Ended(ends, one.id, one.session_id, one.status_list, one.status_index, one.expires_at)
