"""A wallet is killed at random points of its work; nothing that it promised is lost, and nobody is shown a copy twice.

A failure names its seed; `HOHEIT_KILL_SEED=<seed>` strikes the same blows again, at the same moments.
"""

import json
import os
import secrets
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from urllib.parse import parse_qs

import pytest
from sqlalchemy import func, select

from issuer.app import open_store as open_issuer_store
from issuer.config import IssuerSettings
from issuer.database.store import SqlIssuerStore
from issuer.database.tables import conversations as issuer_tables
from issuer.database.tables import credentials
from issuer.records import CredentialState
from protocol.keys import PublicKey
from protocol.oid4vci.client import IssuerRefused
from protocol.oid4vp.answer import Delivered
from protocol.oid4vp.link import RequestByReference, RequestByValue, read_link
from runtime.database.conversations import ConversationTables
from runtime.database.engine import Database
from runtime.http import GuardedSender
from tests.flows.parties import CITIZEN, PASSPHRASE, QUICK, Services
from tests.support.patient import payload_of
from tests.support.traces import Traces
from tests.support.wallet_process import (
    KEEPING,
    KEPT,
    SHARING,
    TAKEN,
    Blow,
    GoOn,
    Present,
    Receive,
    Said,
    Task,
    fresh_choice,
    kill_at,
)
from verifier.app import open_store as open_verifier_store
from verifier.config import VerifierSettings
from verifier.database.store import SqlVerifierStore
from verifier.database.tables import conversations as verifier_tables
from wallet.app import create_wallet, open_wallet
from wallet.config import WalletSettings
from wallet.keys import sealed_key
from wallet.records import HeldCredential, LogEntry
from wallet.service.opened import OpenWallet

SOAK_KILLS = 100
DEFAULT_SEED = 20
MAX_HELD = 3
MIN_FRESH = 4  # copies, of what a life begins with
QUIET_SECONDS = 0.1

START = ""
FETCHING = ("sent /credential", "answered /credential", KEEPING, "answered /notification")
RECEIVING = ("sent /token", "answered /token", TAKEN, *FETCHING)
PRESENTING = (SHARING, "sent /responses", "answered /responses")
MOMENTS = (START, *RECEIVING, *PRESENTING)
KILLS = len(MOMENTS)  # on each database
LONGEST_DELAY = 0.012  # seconds; from each moment it reaches into what is written next
LONGEST_START = 0.06
OFFERS_LEFT = ("offer untouched", "code spent", "pending", "kept")
REQUESTS_LEFT = ("request untouched", "begun, not taken", "taken")


@dataclass(slots=True, repr=False)
class Life:
    """What everybody but the wallet knows of what it did, through all its deaths."""

    services: Services
    issuer: SqlIssuerStore
    verifier: SqlVerifierStore
    settings: WalletSettings
    sender: GuardedSender
    random: Random
    received: set[str] = field(default_factory=set)  # ids of offers whose credential was kept
    forgotten: set[str] = field(default_factory=set)  # of these, those that the user destroyed
    lost: set[str] = field(default_factory=set)  # ids of offers that came to nothing
    pending: str = ""  # id of the offer that the next life goes on with
    shown: dict[str, str] = field(default_factory=dict)  # thumbprint of a copy's key → the request it left for
    used: Counter[str] = field(default_factory=Counter)  # copies that were marked, by id of their credential
    answered: set[str] = field(default_factory=set)
    log: tuple[LogEntry, ...] = ()
    met: Counter[str] = field(default_factory=Counter)  # what a death left behind

    def open(self) -> OpenWallet:
        """The wallet, in this process."""
        return open_wallet(self.settings, PASSPHRASE, self.sender)

    def new_offer(self) -> Receive:
        """Something to receive."""
        made = self.services.issuer.post(
            "/api/offers", credential_configuration_ids=["pid"], subject=CITIZEN, by_reference=False
        )
        return Receive(str(made["id"]), str(made["uri"]), str(made["tx_code"]))

    def new_request(self) -> Present:
        """Something to answer, readable for whoever looks at what leaves the wallet."""
        made = self.services.verifier.post("/api/requests", use_case="over-18", response_mode="direct_post")
        link = read_link(str(made["uri"]))
        assert isinstance(link, RequestByReference)
        text = self.services.verifier.client.get(link.request_uri).text
        return Present(str(made["id"]), link.to_link(), RequestByValue(link.client_id, text).to_link())

    def state(self, request: Present) -> str:
        """How a request stands."""
        return str(self.services.verifier.get(f"/api/requests/{request.id}").json()["state"])

    def issued(self, offer_id: str) -> dict[str, str]:
        """Every copy that an offer gave: the thumbprint of its key, and its state."""
        asked = select(credentials.c.holder_key, credentials.c.state).where(credentials.c.session_id == offer_id)
        with self.issuer.database.reading() as connection:
            rows = connection.execute(asked.order_by(credentials.c.state)).all()
        # A key that was asked for again has a revoked row and a valid one, which comes last
        return dict(rows)


@contextmanager
def new_life(services: Services, folder: Path, random: Random) -> Iterator[Life]:
    """A wallet that nobody has used yet, and a look into the stores of the others."""
    data = services.anchors.parent
    settings = WalletSettings(data=folder / "wallet", anchors=services.anchors, language="en")
    create_wallet(settings, PASSPHRASE, QUICK)
    issuer = open_issuer_store(IssuerSettings.read(data / "issuer"))
    verifier = open_verifier_store(VerifierSettings.read(data / "verifier"))
    try:
        yield Life(services, issuer, verifier, settings, GuardedSender(allow_local=True), random)
    finally:
        issuer.database.dispose()
        verifier.database.dispose()


@pytest.mark.kill
def test_a_wallet_that_is_killed_loses_nothing_and_shows_nothing_twice(services, tmp_path):
    """T158, T171, T175, T107, T219; each of `MOMENTS` is met once"""
    seed = int(os.environ.get("HOHEIT_KILL_SEED", DEFAULT_SEED))
    live_through_kills(services, tmp_path, seed, KILLS)


@pytest.mark.soak
def test_a_wallet_that_is_killed_a_hundred_times_loses_nothing(services, tmp_path):
    """T158, T171, T175, T107, T219; whatever a death can leave behind is met"""
    seed = int(os.environ.get("HOHEIT_KILL_SEED", secrets.randbelow(1_000_000)))
    met = live_through_kills(services, tmp_path, seed, SOAK_KILLS)
    assert met.keys() == {*OFFERS_LEFT, *REQUESTS_LEFT}, met


def live_through_kills(services: Services, folder: Path, seed: int, kills: int) -> Counter[str]:
    """Kill a wallet so often, and look at everything after each time; what was left behind, and how often."""
    random = Random(seed)
    moments = [moment for _ in range(0, kills, len(MOMENTS)) for moment in random.sample(MOMENTS, len(MOMENTS))]
    try:
        with new_life(services, folder, random) as life:
            with life.open() as opened:
                prepare(life, opened)
            for moment in moments[:kills]:
                live_and_die(life, moment)
            return life.met
    except BaseException as error:
        error.add_note(f"HOHEIT_KILL_SEED={seed}")
        raise


def live_and_die(life: Life, moment: str) -> None:
    """Work, be killed at that moment, and open the wallet again."""
    tasks, blow = plan(life, moment)
    said = kill_at(life.settings, PASSPHRASE, tasks, blow)
    if said and said[-1].moment.startswith("sent"):
        wait_until_quiet(life)
    with life.open() as opened:
        check_promises(life, opened, said)
        for task in tasks:
            if isinstance(task, Present):
                settle_request(life, opened, task)
            else:
                settle_offer(life, opened, task, said)
        check_everything(life, opened)
    with life.open() as opened:
        check_everything(life, opened)
        prepare(life, opened)


def prepare(life: Life, opened: OpenWallet) -> None:
    """Hold a few credentials, one of them with fresh copies: what is worn is destroyed."""
    for shown in opened.wallet.keeping.credentials():
        document = opened.wallet.keeping.find(shown.id)
        worn = shown.forms[0].unused_copies < MIN_FRESH
        if worn or len(opened.wallet.keeping.credentials()) > MAX_HELD:
            life.forgotten.add(offer_of(life, document.forms[0]))
            opened.run(opened.wallet.keeping.forget(document))
    if not opened.wallet.keeping.credentials():
        take(life, opened, life.new_offer())
    life.log = opened.wallet.keeping.log()


def plan(life: Life, moment: str) -> tuple[list[Task], Blow]:
    """What the wallet does in its next life, and when it dies; the last task is the one that is struck."""
    tasks: list[Task] = [GoOn(life.pending)] if life.pending else []
    life.pending = ""
    if not tasks or moment not in FETCHING or life.random.random() < 0.5:
        tasks += [life.random.choice((life.new_offer, life.new_request))() for _ in range(life.random.randint(0, 1))]
        struck_is_present = moment in PRESENTING or (moment == START and life.random.random() < 0.5)
        tasks.append(life.new_request() if struck_is_present else life.new_offer())
    longest = LONGEST_DELAY if moment else LONGEST_START
    # One in two at once: before whatever comes next is done
    delay = life.random.choice((0.0, life.random.uniform(0, longest)))
    return tasks, Blow(tasks[-1].id, moment, delay)


def wait_until_quiet(life: Life) -> None:
    """What a wallet sent with its last breath may still be worked on."""
    before = None
    while (
        now := (
            count_events(life.issuer.database, issuer_tables),
            count_events(life.verifier.database, verifier_tables),
        )
    ) != before:
        before = now
        time.sleep(QUIET_SECONDS)


def count_events(database: Database, tables: ConversationTables) -> int:
    """How much happened so far."""
    with database.reading() as connection:
        return int(connection.execute(select(func.count()).select_from(tables.events)).scalar_one())


def check_promises(life: Life, opened: OpenWallet, said: tuple[Said, ...]) -> None:
    """Hold the vault against what the wallet said before it died."""
    keeping = opened.wallet.keeping
    log = keeping.log()
    assert keeping.damaged() == ()
    assert log[: len(life.log)] == life.log
    held = {shown.id for shown in keeping.credentials()}
    pending = {found.id for found in keeping.pending()}
    log_numbers = {entry.completes for entry in log if entry.action == "shared"}
    finished = {line.task_id for line in said if line.moment == KEPT}
    for line in said:
        match line.moment:
            case "taken" if line.task_id not in finished:
                # Whether it was kept, the wallet had no time to say
                assert pending or any(found_for(life, opened, line.task_id)), "tokens that were kept are lost"
            case "kept":
                assert held.issuperset(line.ids), "a credential that was kept is lost"
            case "shared":
                assert int(line.ids[0]) in log_numbers, "the end of a presentation is lost"
            case "sent /responses":
                for thumbprint in copies_in(line.body):
                    assert thumbprint not in life.shown, "a copy was shown twice"
                    life.shown[thumbprint] = line.task_id
    assert len(pending) <= 1


def settle_offer(life: Life, opened: OpenWallet, task: GoOn | Receive, said: tuple[Said, ...]) -> None:
    """What became of an offer, and what is still to be had from it is had, or given up, or left to the next life."""
    receiving, keeping = opened.wallet.receiving, opened.wallet.keeping
    pending = keeping.pending()
    if found_for(life, opened, task.id):
        life.met["kept"] += 1
        life.received.add(task.id)
    elif pending and not life.pending:
        life.met["pending"] += 1
        assert not was(life, "credential accepted", task.id), "the issuer was told of something that is not kept"
        choice = life.random.random()
        if choice < 0.25:
            opened.run(receiving.give_up(pending[0]))
            life.lost.add(task.id)
        elif choice < 0.5:
            life.pending = task.id
        else:
            arrived = opened.run(receiving.fetch(pending[0]))
            assert not arrived.failed
            assert len(opened.run(receiving.keep(arrived))) == 1
            life.received.add(task.id)
    else:
        assert isinstance(task, Receive)
        assert not any((line.task_id, line.moment) == (task.id, TAKEN) for line in said)
        if was(life, "token issued", task.id):
            life.met["code spent"] += 1
            seen = opened.run(receiving.look(task.link))
            with pytest.raises(IssuerRefused, match="invalid_grant"):
                opened.run(receiving.take(seen, task.tx_code))
            life.lost.add(task.id)
        else:
            life.met["offer untouched"] += 1
            take(life, opened, task)


def take(life: Life, opened: OpenWallet, offer: Receive) -> None:
    """Receive and keep, without any harm."""
    receiving = opened.wallet.receiving
    seen = opened.run(receiving.look(offer.link))
    pending = opened.run(receiving.take(seen, offer.tx_code))
    assert len(opened.run(receiving.keep(opened.run(receiving.fetch(pending, seen.contact))))) == 1
    life.received.add(offer.id)


def settle_request(life: Life, opened: OpenWallet, task: Present) -> None:
    """What may have been sent is known to the wallet; what was not answered yet is answered now."""
    asked = opened.run(opened.wallet.presenting.look(task.link_by_value))
    begun = any((entry.request, entry.action) == (asked.digest, "sharing") for entry in opened.wallet.keeping.log())
    sent = task.id in life.shown.values()
    assert begun or not sent, "data may have left, and the log does not say so"
    assert asked.consent.repeated is begun
    if life.state(task) == "accepted":
        life.met["taken"] += 1
        assert sent
    else:
        life.met["begun, not taken" if begun else "request untouched"] += 1
        shared = opened.run(opened.wallet.presenting.share(asked, fresh_choice(asked)))
        assert isinstance(shared.delivery, Delivered)
    life.answered.add(task.id)
    assert opened.run(opened.wallet.presenting.look(task.link_by_value)).consent.repeated


def check_everything(life: Life, opened: OpenWallet) -> None:
    """Hold the vault against what the others know."""
    held = everything_held(opened)
    for credential in held:
        check_keys(life, credential)
        used = sum(copy.used_at > 0 for copy in credential.copies)
        assert used >= life.used[credential.id], "a copy that was shown counts as fresh again"
        life.used[credential.id] = used
    log = opened.wallet.keeping.log()
    assert sum(entry.action == "sharing" for entry in log) == life.used.total()
    assert Counter(offer_of(life, credential) for credential in held) == Counter(life.received - life.forgotten)
    assert len(opened.wallet.keeping.pending()) == (1 if life.pending else 0)
    issuing = Traces.read(life.issuer.database, issuer_tables).events
    redeemed = {offer_id: issuing[offer_id]["token issued"] for offer_id in life.received | life.lost}
    assert set(redeemed.values()) == {1}, "a code was redeemed twice"
    asking = Traces.read(life.verifier.database, verifier_tables).events
    for request_id in life.answered:
        assert asking[request_id] == {"request made": 1, "request opened": 1, "answer accepted": 1}


def check_keys(life: Life, held: HeldCredential) -> None:
    """Each copy has its key, all are the ones that hold at the issuer, and what was shown is marked."""
    issued = life.issued(offer_of(life, held))
    valid = {thumbprint for thumbprint, state in issued.items() if state == CredentialState.VALID}
    assert {sealed_key(copy.key).public_key.thumbprint() for copy in held.copies} == valid
    for copy in held.copies:
        thumbprint = sealed_key(copy.key).public_key.thumbprint()
        assert payload_of(copy.raw)["cnf"]["jwk"] == sealed_key(copy.key).public_key.to_jwk()
        if copy.used_at:
            life.shown.setdefault(thumbprint, "nobody we know")
        assert thumbprint not in life.shown or copy.used_at, "a copy that was shown is not marked"


def everything_held(opened: OpenWallet) -> list[HeldCredential]:
    """All credentials with their copies."""
    return [held for document in opened.wallet.keeping.documents() for held in document.forms]


def found_for(life: Life, opened: OpenWallet, offer_id: str) -> list[HeldCredential]:
    """What is held of an offer."""
    return [held for held in everything_held(opened) if offer_of(life, held) == offer_id]


def offer_of(life: Life, held: HeldCredential) -> str:
    """The offer that a credential came of."""
    keys = [sealed_key(copy.key).public_key.thumbprint() for copy in held.copies]
    asked = select(credentials.c.session_id).where(credentials.c.holder_key.in_(keys)).distinct()
    with life.issuer.database.reading() as connection:
        return str(connection.execute(asked).scalar_one())


def copies_in(body: bytes) -> list[str]:
    """The copies in an answer to a verifier: thumbprints of their keys."""
    [token] = parse_qs(body.decode())["vp_token"]
    vp_token: dict[str, list[str]] = json.loads(token)
    presented = [text for texts in vp_token.values() for text in texts]
    return [PublicKey.from_jwk(payload_of(text)["cnf"]["jwk"]).thumbprint() for text in presented]


def was(life: Life, action: str, offer_id: str) -> bool:
    """Whether this happened at the issuer."""
    return Traces.read(life.issuer.database, issuer_tables).events[offer_id][action] > 0
