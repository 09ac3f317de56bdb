"""Places are taken while they are good, and a list is signed once for each version, by whichever worker is asked."""

from dataclasses import dataclass, field, replace

import pytest

from capabilities.status_publisher.policy import BLOCK, BLOCK_LIFETIME, USUAL_LIFETIMES, permuted_index
from capabilities.status_publisher.records import StatusBlock, StatusListRecord
from capabilities.status_publisher.service import StatusIndices, StatusLists, StatusPublisher
from protocol.errors import NotFound, Unavailable
from protocol.exchange import run
from protocol.formats import IssuerSigner
from protocol.status.token import verify_status_list_token
from runtime.conversation import Slow
from tests.support.pki import DAY, NOW, Pki, Template, make_pki, seeded

PKI = make_pki()
MOST_BLOCKS = 4  # whoever wants more of them does not stop by itself


@dataclass
class Store:
    """Status lists in memory."""

    lists: dict[str, StatusListRecord] = field(default_factory=dict)
    entries: dict[int, int] = field(default_factory=dict)
    blocks: int = 0

    def reserve_indices(self, bits, count, *, fresh, now):
        self.blocks += 1
        if self.blocks > MOST_BLOCKS:
            raise Unavailable("the store has had enough")
        known = next(iter(self.lists.values()), fresh)
        assert (known.bits, fresh.changed_at) == (bits, now)
        self.lists[known.id] = replace(known, reserved=known.reserved + count)
        indices = [permuted_index(known, counter) for counter in range(known.reserved, known.reserved + count)]
        return StatusBlock(known.id, tuple(indices))

    def status_list(self, list_id):
        return self.lists.get(list_id)

    def status_entries(self, list_id):
        assert list_id in self.lists
        return dict(self.entries)

    def change(self, list_id, index, status, now):
        """Something that holds a place changes."""
        known = self.lists[list_id]
        self.entries[index] = status
        self.lists[list_id] = replace(known, version=known.version + 1, changed_at=max(now, known.changed_at))


@dataclass
class Signer:
    """Signs, and counts."""

    pki: Pki
    signed: int = 0

    @property
    def public_key(self):
        return self.pki.signer.public_key

    def sign(self, data):
        self.signed += 1
        return self.pki.signer.sign(data)


@dataclass
class Worker:
    """A worker with a clock that is moved by hand."""

    pki: Pki = PKI
    store: Store = field(default_factory=Store)
    now: int = NOW

    def __post_init__(self):
        self.signer = Signer(self.pki)
        signing = IssuerSigner(self.signer, self.pki.x5c)
        random = seeded(31)
        publisher = StatusPublisher(self.store, signing, lambda id_: f"https://a.example/{id_}", self.clock, random)
        self.indices, self.lists = StatusIndices(publisher), StatusLists(publisher)

    def clock(self):
        return self.now

    def take(self, count):
        """So many places."""
        return run(self.indices.take(count), perform)

    def publish(self, list_id):
        """The list as it is served now."""
        return run(self.lists.publish(list_id), perform)

    def status(self, entry):
        """What a reader finds at a place."""
        token, key = self.publish(entry.list_id).token, self.pki.public_key
        read = verify_status_list_token(token, uri=entry.uri, key=key, now=self.now, max_age=DAY)
        return read.statuses.get(entry.index)


def perform(effect):
    assert isinstance(effect, Slow)
    return effect.call()


@pytest.fixture
def worker():
    return Worker()


def test_as_many_places_are_taken_as_are_wanted_each_once(worker):
    taken = [*worker.take(BLOCK - 1), *worker.take(1)]
    assert worker.store.blocks == 1
    assert len({entry.index for entry in taken}) == BLOCK
    assert len(worker.take(BLOCK + 1)) == BLOCK + 1
    assert worker.store.blocks == 3
    assert {entry.uri for entry in taken} == {f"https://a.example/{taken[0].list_id}"}


def test_a_place_is_taken_as_long_as_it_is_good_and_no_longer(worker):
    """T143: what was left for too long belongs to the sweep."""
    [first] = worker.take(1)
    assert first.good_until == NOW + BLOCK_LIFETIME
    worker.now = first.good_until - 1
    [second] = worker.take(1)
    worker.now = first.good_until
    [third] = worker.take(1)
    assert (worker.store.blocks, second.good_until) == (2, first.good_until)
    assert third.good_until == worker.now + BLOCK_LIFETIME


def test_what_was_given_back_is_taken_first(worker):
    taken = worker.take(2)
    worker.indices.give_back(taken)
    assert {*worker.take(2)} == {*taken}


def test_a_list_that_is_not_there_is_not_found(worker):
    with pytest.raises(NotFound, match="no such status list"):
        worker.publish("another")


def test_a_list_is_signed_once_for_each_version(worker):
    """T077, T257: also where two versions are of one second."""
    [entry] = worker.take(1)
    assert worker.status(entry) == 0
    assert worker.publish(entry.list_id) is worker.publish(entry.list_id)
    worker.store.change(entry.list_id, entry.index, 1, worker.now)
    assert worker.status(entry) == 1
    assert (worker.signer.signed, worker.publish(entry.list_id).version) == (2, 1)


def test_a_list_is_signed_again_when_half_of_its_life_is_over(worker):
    """T071: and not before, and by the clock alone, so that all workers say the same."""
    half = USUAL_LIFETIMES.token // 2
    worker.now = begun = NOW - NOW % half + half
    [entry] = worker.take(1)
    first = worker.publish(entry.list_id)
    worker.now = begun + half - 1
    assert worker.publish(entry.list_id) is first
    worker.now = begun + half
    second = worker.publish(entry.list_id)
    assert (first.issued_at, second.issued_at, second.version) == (begun, begun + half, first.version)


def test_whoever_waited_for_a_signature_takes_what_the_first_one_made(worker):
    """T257: many who ask at once cost one signature."""
    [entry] = worker.take(1)
    asking = [worker.lists.publish(entry.list_id) for _ in range(3)]
    signing = [exchange.send(perform(next(exchange))) for exchange in asking]
    assert all(isinstance(effect, Slow) for effect in signing)
    first, *others = [perform(effect) for effect in signing]
    assert all(other is first for other in others)
    assert worker.signer.signed == 1


def test_nothing_is_signed_outside_the_time_of_the_certificate():
    """T146: its first second counts, its last one is over."""
    worker = Worker(make_pki(Template(not_before=NOW, not_after=NOW + 100)))
    [entry] = worker.take(1)
    for now in (NOW - 1, NOW + 100):
        worker.now = now
        with pytest.raises(Unavailable, match="outside its time"):
            worker.publish(entry.list_id)
    assert worker.signer.signed == 0
    for now in (NOW, NOW + 99):
        worker.now = now
        assert worker.publish(entry.list_id).token
