"""A wallet that was blocked stays blocked, also after an old copy of the provider's database is restored; on both databases."""

from dataclasses import dataclass, replace

import pytest

from capabilities.status_publisher.policy import BLOCK
from protocol.errors import Unavailable
from protocol.wallet_unit.errors import UnitRevoked
from protocol.wallet_unit.messages import unit_id
from runtime import system
from runtime.conversation import begin
from runtime.driver import drive
from runtime.http import NoSender
from tests.support.backups import Backup
from tests.support.pki import DAY, NOW, seeded, seeded_key
from tests.support.provider import Office, make_provider
from tests.wallet.provider.attestations import FOR_ISSUER, KEY, OTHER, client_attestation, key_attestation, status_of
from wallet.provider.app import create_app, open_provider, open_store
from wallet.provider.config import ProviderSettings
from wallet.provider.database.ended_list import BlockedWallet, BlockedWallets, EndedPlace
from wallet.provider.database.tables import metadata
from wallet.provider.installation import NewProvider, set_up_provider
from wallet.provider.session import block_unknown

UNIT = unit_id(KEY.public_key)


@dataclass
class Provider:
    """A provider that can be restarted, and whose database can be put back."""

    url: str
    blocked: BlockedWallets
    office: Office
    starts: int = 0

    def restart(self):
        """Begin again as the program does; how much was ended once more."""
        clock = self.office.clock
        self.office.close()
        self.starts += 1
        self.office = make_provider(self.url, blocked=self.blocked, seed=61 + self.starts)
        self.office.clock.now = clock.now
        return self.office.store.end_again(now=clock.now)

    def block(self, unit=UNIT):
        """Have an operator block a wallet."""
        self.office.run(self.office.provider.revoke(unit, "clerk", "stolen"))

    def copy(self):
        """A backup; calling it puts it back."""
        kept = Backup(self.office.store.database, metadata)
        return lambda: kept.restore(self.office.store.database)


@pytest.fixture
def provider(database_url, tmp_path):
    """A provider that has run before."""
    blocked = BlockedWallets.at(tmp_path / "ended")
    made = Provider(database_url, blocked, make_provider(database_url, blocked=blocked))
    assert made.restart() == 0
    yield made
    made.office.close()


def test_a_wallet_that_was_blocked_after_a_backup_is_blocked_before_anything_is_published(provider):
    """T077, T114: with everything that was said of it; nobody else is."""
    client, other = provider.office.registered(KEY), provider.office.registered(OTHER)
    said = client_attestation(provider.office, client).client_status
    keys = key_attestation(provider.office, client).key_storage_status
    theirs = client_attestation(provider.office, other, seeded_key(90)).client_status
    restore = provider.copy()
    provider.block()
    restore()
    assert [status_of(provider.office, one) for one in (said, keys, theirs)] == [0, 0, 0]
    assert provider.restart() == 1
    assert [status_of(provider.office, one) for one in (said, keys, theirs)] == [1, 1, 0]
    with pytest.raises(UnitRevoked):
        provider.office.wallet(provider.office.client(KEY).attest_client(FOR_ISSUER))
    client_attestation(provider.office, other, seeded_key(91))
    # Nothing is done twice
    assert provider.restart() == 0


def test_what_was_said_in_the_lost_days_stays_ended_though_nobody_here_knows_it(provider):
    client = provider.office.registered(KEY)
    restore = provider.copy()
    later = client_attestation(provider.office, client).client_status
    provider.block()
    restore()
    # The wallet, and the place
    assert provider.restart() == 2
    assert status_of(provider.office, later) == 1
    assert provider.restart() == 0


def test_a_wallet_that_came_and_was_blocked_in_the_lost_days_does_not_register_again(provider):
    restore = provider.copy()
    said = client_attestation(provider.office, provider.office.registered(KEY)).client_status
    provider.block()
    restore()
    assert provider.restart() == 2
    assert status_of(provider.office, said) == 1
    code = provider.office.run(provider.office.provider.invite("order 1"))
    with pytest.raises(UnitRevoked):
        provider.office.wallet(provider.office.client(KEY).register(code))
    [unit] = provider.office.run(provider.office.provider.units())
    assert (unit.id, str(unit.state)) == (UNIT, "revoked")
    assert provider.restart() == 0


def test_no_place_in_a_status_list_serves_twice(provider):
    """T078: two wallets that share one could be told to be related, and blocking one would block the other."""
    first = provider.office.registered(KEY)
    restore = provider.copy()
    lost = [client_attestation(provider.office, first, seeded_key(100 + n)).client_status for n in range(3)]
    restore()
    provider.restart()
    client = provider.office.client(KEY)
    later = [client_attestation(provider.office, client, seeded_key(200 + n)).client_status for n in range(3)]
    places = [(one.reference.uri, one.reference.idx) for one in (*lost, *later)]
    assert len(set(places)) == len(places)


def test_a_list_that_the_copy_does_not_have_comes_back_full(provider):
    restore = provider.copy()
    said = client_attestation(provider.office, provider.office.registered(KEY)).client_status
    restore()
    provider.restart()
    assert status_of(provider.office, said) == 0
    [kept] = provider.blocked.places()
    assert kept.reserved >= BLOCK
    record = provider.office.store.status_lists.status_list(kept.list_id)
    assert record is not None
    assert record.reserved == record.size


def test_a_provider_of_an_earlier_version_writes_down_whom_it_blocked(provider, tmp_path):
    client = provider.office.registered(KEY)
    client_attestation(provider.office, client)
    provider.office.registered(OTHER)
    provider.block()
    before = list(provider.blocked.wallets())
    provider.blocked = BlockedWallets.at(tmp_path / "new")
    assert provider.restart() == 0
    assert [one.unit for one in provider.blocked.wallets()] == [one.unit for one in before] == [UNIT]
    [[place]] = provider.blocked.ended()
    assert place.until > NOW
    assert provider.blocked.places()
    # Once is enough
    provider.restart()
    assert len(list(provider.blocked.wallets())) == 1


def test_of_many_blocked_wallets_each_is_written_down_with_what_still_has_a_status(provider, tmp_path, monkeypatch):
    monkeypatch.setattr("wallet.provider.database.ending.AT_ONCE", 1)
    old = client_attestation(provider.office, provider.office.registered(KEY)).client_status
    provider.office.clock.now += 60 * DAY
    new = client_attestation(provider.office, provider.office.registered(OTHER), seeded_key(93)).client_status
    for unit in (UNIT, unit_id(OTHER.public_key)):
        provider.block(unit)
    provider.blocked = BlockedWallets.at(tmp_path / "new")
    provider.restart()
    assert {one.unit for one in provider.blocked.wallets()} == {UNIT, unit_id(OTHER.public_key)}
    # What was said of the first is over by itself
    [[place]] = provider.blocked.ended()
    assert place.status_index == new.reference.idx != old.reference.idx


def test_what_would_be_over_by_now_is_forgotten(provider):
    past = provider.blocked.lasting.folder / "2001.list"
    past.write_text(f"{EndedPlace('l', 1, 1).to_line()}\n")
    provider.restart()
    assert not past.exists()


def test_without_the_folder_nobody_is_blocked_and_nothing_changes(provider, monkeypatch):
    """Durable first: what could not be written down was not done."""
    client = provider.office.registered(KEY)
    said = client_attestation(provider.office, client).client_status

    def away(*_):
        raise Unavailable("the folder is away")

    monkeypatch.setattr("runtime.lasting_list.LastingList.note", away)
    with pytest.raises(Unavailable):
        provider.block()
    monkeypatch.undo()
    assert status_of(provider.office, said) == 0
    client_attestation(provider.office, client, seeded_key(92))
    assert list(provider.blocked.wallets()) == []


def test_a_machine_that_stops_between_the_line_and_the_commit_blocks_at_the_next_start(provider):
    provider.office.registered(KEY)
    provider.blocked.note(BlockedWallet(UNIT, provider.office.clock.now), ())
    assert provider.restart() == 1
    with pytest.raises(UnitRevoked):
        provider.office.wallet(provider.office.client(KEY).attest_client(FOR_ISSUER))


def test_a_place_of_a_list_that_never_was_is_left_alone(provider):
    provider.blocked.note(BlockedWallet("nobody", NOW), (EndedPlace("never", 7, NOW + DAY),))
    assert provider.restart() == 1
    assert provider.restart() == 0


def test_a_wallet_that_another_worker_blocks_at_this_moment_is_counted_once(provider, monkeypatch):
    provider.blocked.note(BlockedWallet("nobody", NOW), ())
    store, before = provider.office.store, type(provider.office.store).load

    def load(self, effect):
        monkeypatch.setattr(type(store), "load", before)
        assert self.end_again(now=NOW) == 1  # the other worker
        return before(self, replace(effect, key=replace(effect.key, digest="0" * 64)))

    monkeypatch.setattr(type(store), "load", load)
    assert store.end_again(now=NOW) == 0


def test_the_service_blocks_again_when_it_starts(tmp_path, monkeypatch):
    monkeypatch.setenv("HOHEIT_ENV", "test")
    names = (("de", "Brieftaschen"), ("en", "Wallets"))
    new = NewProvider(tmp_path / "p", "https://wallets.example", names, open_enrolment=True)
    set_up_provider(new, now=system.now(), random_bytes=seeded(NOW))
    settings = ProviderSettings.read(tmp_path / "p")
    store = open_store(settings)
    provider = open_provider(settings, store)
    backup = Backup(store.database, metadata)
    drive(begin(block_unknown(UNIT, "clerk", system.now()), system.now() + DAY), store, NoSender())
    backup.restore(store.database)
    assert drive(provider.units(), store, NoSender()) == ()
    create_app(settings)
    [unit] = drive(provider.units(), store, NoSender())
    assert unit.id == UNIT
    store.database.dispose()
