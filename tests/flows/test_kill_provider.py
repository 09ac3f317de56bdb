"""A wallet provider is killed at random points of its work: what was single stays single, and blocked stays blocked.

A failure names its seed; `HOHEIT_KILL_SEED=<seed>` strikes the same blows again, after the same calls.
"""

import json
import os
import secrets
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from protocol.keys import P256Key
from protocol.status.token import verify_status_list_token
from protocol.wallet_unit.messages import (
    Asked,
    AttestClient,
    AttestKeys,
    Register,
    ReportLost,
    sign_possession,
    sign_unit_request,
    unit_id,
)
from protocol.x509 import Certificate
from runtime.driver import drive
from runtime.http import NoSender
from tests.support.killing import FailureNamesSeed, kill_seed, visit_while_killing
from tests.support.patient import JSON, Settled, new_key, payload_of, settle
from tests.support.processes import Call, ConnectionLostError, Reply, Service, killed_at_the_end
from tests.support.traces import Traces
from wallet.provider.app import open_provider, open_store
from wallet.provider.config import ProviderSettings
from wallet.provider.database.store import SqlProviderStore
from wallet.provider.database.tables import attestations, conversations, status_tables, units
from wallet.provider.installation import NewProvider, set_up_provider
from wallet.provider.service import WalletProvider

ROLE, ADDRESS, VERSION = "provider", "http://wallets.localhost", "1"
PROCESSES = 2
WALLETS = 4  # at the same time
KILLS = 10  # on each database
SOAK_ROUNDS = 15
REPLAYS = 20


@dataclass(slots=True)
class Attested:
    """An attestation that is known to have been made; `text` is empty if the answer was lost."""

    call: Call
    keys: tuple[P256Key, ...]
    of_keys: bool
    text: str


@dataclass(slots=True)
class Unit:
    """What one wallet knows of itself and its provider."""

    key: P256Key
    code: str
    registered: Call | None = None
    attested: list[Attested] = field(default_factory=list)
    lost: Call | None = None  # the report

    @property
    def id(self) -> str:
        """As its provider calls it."""
        return unit_id(self.key.public_key)


@dataclass(frozen=True, slots=True)
class Town:
    """A provider of two processes, with a look into its store."""

    service: Service
    provider: WalletProvider
    store: SqlProviderStore

    def ask(self, random: Random, key: P256Key, asked: Asked, possessed: tuple[P256Key, ...] = ()) -> Call:
        """A request with a fresh challenge; `possessed` take the place of what `asked` says it proves."""
        fetched = settle(self.service, Call("POST", "/challenge"), random, good=200, done_before=())
        challenge = str(fetched.reply.json()["challenge"])
        unit = unit_id(key.public_key)
        proofs = tuple(sign_possession(one, audience=ADDRESS, challenge=challenge, unit=unit) for one in possessed)
        if isinstance(asked, AttestClient):
            asked = AttestClient(VERSION, proofs[0])
        elif isinstance(asked, AttestKeys):
            asked = AttestKeys(VERSION, proofs, asked.nonce)
        text = sign_unit_request(asked, key, audience=ADDRESS, challenge=challenge, issued_at=int(time.time()))
        return Call("POST", "/unit", (JSON,), json.dumps({"request": text}).encode())

    def done(self, call: Call, random: Random) -> Settled:
        """A call that is known to be done, once."""
        return settle(self.service, call, random, good=200, done_before=("use_unit_challenge",))

    def visit(self, random: Random) -> Unit:
        """A wallet's life, from the code to its loss; some stop early."""
        code = drive(self.provider.invite("order"), self.store, NoSender())
        unit = Unit(new_key(random), code)
        if random.random() < 0.1:
            return unit
        unit.registered = self.ask(random, unit.key, Register(VERSION, code))
        self.done(unit.registered, random)
        for _ in range(random.randint(1, 4)):
            self.attest(unit, random)
        if random.random() < 0.3:
            unit.lost = self.ask(random, unit.key, ReportLost())
            self.done(unit.lost, random)
            self.check_blocked(unit, random)
        return unit

    def attest(self, unit: Unit, random: Random) -> None:
        """Have the wallet or some fresh keys attested."""
        of_keys = random.random() < 0.5
        keys = tuple(new_key(random) for _ in range(random.randint(1, 3) if of_keys else 1))
        asked: Asked = AttestKeys(VERSION, (), "nonce") if of_keys else AttestClient(VERSION, "")
        call = self.ask(random, unit.key, asked, keys)
        settled = self.done(call, random)
        text = settled.reply.json()["attestation"] if settled.answered else ""
        unit.attested.append(Attested(call, keys, of_keys, text))

    def check_blocked(self, unit: Unit, random: Random) -> None:
        """Every process says at once that what was said of this wallet is void, and will never vouch for it again."""
        for one in unit.attested:
            if one.text:
                uri, index = place_of(one)
                fetch = Call("GET", urlsplit(uri).path)
                text = settle(self.service, fetch, random, good=200, done_before=()).reply.body.decode()
                signer = Certificate.from_x5c(self.provider.context.signing.x5c[0])
                now = int(time.time())
                read = verify_status_list_token(text, uri=uri, key=signer.public_key, now=now, max_age=86_400)
                assert read.statuses.get(index) == 1
        for asked in (Register(VERSION), AttestClient(VERSION, "")):
            possessed = (new_key(random),) if isinstance(asked, AttestClient) else ()
            refused = self.call(self.ask(random, unit.key, asked, possessed), random)
            assert (refused.status >= 400, refused.error) == (True, "unit_revoked")

    def call(self, call: Call, random: Random) -> Reply:
        """What comes back for a call that changes nothing; it is sent again while the connection breaks."""
        while True:
            try:
                return self.service.call(call, random)
            except ConnectionLostError:
                continue


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def town(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A wallet provider on each database."""
    folder: Path = tmp_path_factory.mktemp("provider") / "data"
    cluster = request.getfixturevalue("postgres_cluster") if request.param == "postgresql" else None
    database = cluster.take_database() if cluster else ""
    url = cluster.url(database) if cluster else ""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("HOHEIT_ENV", "test")
        new = NewProvider(folder, ADDRESS, (("en", "Wallets"),), database_url=url)
        set_up_provider(new, now=int(time.time()), random_bytes=os.urandom)
        service = Service.start(ROLE, ADDRESS, folder, PROCESSES)
        with killed_at_the_end(service):
            settings = ProviderSettings.read(folder)
            store = open_store(settings)
            yield Town(service, open_provider(settings, store), store)
            store.database.dispose()
    if cluster:
        cluster.give_back(database)


@pytest.mark.kill
def test_kills_lose_no_wallet_and_vouch_for_nothing_twice(town):
    """T219, T078, T077"""
    live_through_kills(town, kill_seed())


@pytest.mark.soak
def test_hundreds_of_kills_lose_no_wallet_and_vouch_for_nothing_twice(town):
    """T219, T078, T077"""
    first = kill_seed(secrets.randbelow(1_000_000))
    for seed in range(first, first + SOAK_ROUNDS):
        live_through_kills(town, seed)


def live_through_kills(town: Town, seed: int) -> None:
    """Let wallets live while processes die, then look at everything."""
    with FailureNamesSeed(seed):
        random = Random(seed)
        visits = [partial(town.visit, Random(random.random())) for _ in range(WALLETS)]
        lives = visit_while_killing(town.service, ROLE, random, KILLS, visits)
        check_provider(town.store, lives)
        after_all(town, random, lives)
        check_provider(town.store, lives)


def after_all(town: Town, random: Random, lives: list[Unit]) -> None:
    """What was used is good for nothing more."""
    for unit in random.sample(lives, min(len(lives), REPLAYS)):
        if unit.registered is None:
            continue
        other = town.ask(random, new_key(random), Register(VERSION, unit.code))
        assert town.call(other, random).error == "enrolment_required"
        if unit.lost:
            town.check_blocked(unit, random)
            continue
        for one in unit.attested:
            assert town.call(one.call, random).error == "use_unit_challenge"
            if one.of_keys:
                again = town.ask(random, unit.key, AttestKeys(VERSION, (), "other"), one.keys)
                assert town.call(again, random).error == "key_attested_before"


def check_provider(store: SqlProviderStore, lives: list[Unit]) -> None:
    """Hold a provider's tables against what wallets know.

    Raises:
        AssertionError: something was lost, done twice, or done in part.
    """
    traces = Traces.read(store.database, conversations)
    with store.database.reading() as connection:
        rows = connection.execute(select(attestations)).all()
        voids = {(row.list_id, row.idx) for row in connection.execute(select(status_tables.voids))}
        known = {row.id: row.state for row in connection.execute(select(units))}
    places = [(row.status_list, row.status_index) for row in rows]
    assert len(set(places)) == len(places), "a place serves twice"
    assert not voids & set(places), "a place that is in use was given up"
    by_unit = Counter(row.unit for row in rows)
    states = {(row.status_list, row.status_index): (row.unit, row.state) for row in rows}
    for unit in lives:
        events = {"wallet registered": 1, "wallet revoked": 1} if unit.lost else {"wallet registered": 1}
        assert traces.events.get(unit.id, Counter()) == (events if unit.registered else {})
        assert by_unit[unit.id] == len(unit.attested)
        if unit.registered:
            assert known[unit.id] == ("revoked" if unit.lost else "active")
        for one in unit.attested:
            if one.text:
                uri, index = place_of(one)
                state = "revoked" if unit.lost else "valid"
                assert states[uri.rpartition("/")[2], index] == (unit.id, state)


def place_of(attested: Attested) -> tuple[str, int]:
    """The place in a status list that an attestation names."""
    payload = payload_of(attested.text)
    status = payload["key_storage_status" if attested.of_keys else "client_status"]
    place = status["status"]["status_list"]
    uri, index = place["uri"], place["idx"]
    assert isinstance(uri, str)
    assert isinstance(index, int)
    return uri, index
