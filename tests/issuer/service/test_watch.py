"""The daily check: what hangs on a revoked wallet unit is revoked, and not knowing revokes nothing (TS3 1.5 §2.4.3)."""

from pathlib import Path

import pytest

from issuer.credential_types import read_type
from issuer.policy import CHECK_AGAIN, CHECK_SECONDS, next_check
from issuer.records import CredentialState
from issuer.service.watch import MAX_PORTIONS, PORTION
from protocol.errors import InvalidGrant, InvalidToken
from protocol.trust.anchors import Role
from tests.issuer.service.test_attested_keys import member
from tests.support.issuer import Clock, make_issuer
from tests.support.pki import DAY, NOW, Template, make_pki, seeded_key
from tests.support.status import status_list_of
from tests.support.wallet_provider import KEYS_PLACE, LIST, WALLET_PLACE, AttestedWallet, WalletProvider

INVALID, SUSPENDED = 1, 2
TICKET = """
id = "ticket"
vct = "urn:test:ticket:1"
validity_days = 30
status = false
[name]
en = "Ticket"
[[claims]]
path = ["given_name"]
type = "text"
label = { en = "First name" }
"""


@pytest.fixture
def provider():
    return WalletProvider(Clock())


@pytest.fixture
def desk(provider):
    kinds = (member(), member("badge"), read_type(TICKET, "ticket", Path())[0])
    types = {kind.id: kind for kind in kinds}
    return make_issuer(types=types, clock=provider.clock, outside=provider, anchors=provider.anchors)


@pytest.fixture
def wallet(desk, provider):
    return AttestedWallet(desk, provider=provider)


@pytest.fixture
def tokens(desk, wallet):
    """Tokens of a wallet that has a document in two copies."""
    tokens = wallet.redeem(desk.offer("member", "badge"))
    wallet.issue_attested(tokens, [wallet.new_key(), wallet.new_key()])
    return tokens


def look(desk):
    return desk.run(desk.issuer.watch.look())


def states(desk, subject="anna"):
    return [credential.state for credential in desk.store.credentials_of(subject)]


@pytest.mark.parametrize(
    ("place", "reason"), [(WALLET_PLACE, "wallet revoked"), (KEYS_PLACE, "keys revoked")], ids=["wallet", "keys"]
)
@pytest.mark.usefixtures("tokens")
def test_a_document_ends_with_its_wallet_within_a_day(desk, provider, *, place, reason):
    assert look(desk) == 0
    provider.entries[place] = INVALID
    desk.clock.move(CHECK_SECONDS)
    assert look(desk) == 1
    assert set(states(desk)) == {CredentialState.REVOKED}
    for credential in desk.store.credentials_of("anna"):
        assert status_list_of(desk, credential.status_list).get(credential.status_index) == INVALID
    [line] = [line for line in desk.store.audit(limit=99) if line.action == "credential revoked"]
    assert (line.actor, line.detail) == ("wallet check", reason)


@pytest.mark.usefixtures("tokens")
def test_whoever_cannot_wait_a_day_has_all_wallets_looked_up_at_once(desk, provider):
    assert desk.run(desk.issuer.watch.look_at_all()) == 0
    provider.entries[WALLET_PLACE] = provider.entries[KEYS_PLACE] = INVALID
    desk.clock.move(300)  # how long the list may be kept
    assert look(desk) == 0, "nothing is due"
    assert desk.run(desk.issuer.watch.look_at_all()) == 1
    assert set(states(desk)) == {CredentialState.REVOKED}
    desk.clock.move(CHECK_SECONDS)
    assert look(desk) == 0, "nothing is left to revoke"


def test_the_tokens_of_a_revoked_wallet_end_too(desk, wallet, provider, tokens):
    """T114"""
    provider.entries[KEYS_PLACE] = INVALID
    desk.clock.move(CHECK_SECONDS)
    look(desk)
    with pytest.raises(InvalidGrant):
        wallet.renew(tokens)
    with pytest.raises(InvalidToken):
        wallet.issue_attested(tokens, configuration_id="badge")


def test_only_what_hangs_on_the_wallet_is_revoked(desk, wallet, provider, tokens):
    wallet.issue_attested(tokens, configuration_id="badge")
    other = AttestedWallet(
        desk,
        provider=provider,
        instance=seeded_key(8),
        attestation=provider.attest(seeded_key(8), client_status=provider.status(99)),
    )
    other.issue_attested(other.redeem(desk.offer("member", subject="bodo")))
    provider.entries[WALLET_PLACE] = INVALID
    desk.clock.move(CHECK_SECONDS)
    assert look(desk) == 2
    assert set(states(desk)) == {CredentialState.REVOKED}
    assert states(desk, "bodo") == [CredentialState.VALID]


@pytest.mark.usefixtures("tokens")
def test_what_was_suspended_waits(desk, provider):
    provider.entries[WALLET_PLACE] = SUSPENDED
    desk.clock.move(CHECK_SECONDS)
    assert look(desk) == 0
    assert set(states(desk)) == {CredentialState.VALID}


def away(provider):
    provider.reachable = False


def foreign(provider):
    provider.signer = make_pki(Template(common_name="Other"), role=Role.WALLET_PROVIDER)


@pytest.mark.parametrize("hide", [away, foreign])
@pytest.mark.usefixtures("tokens")
def test_not_knowing_revokes_nothing_and_is_tried_again(desk, provider, *, hide):
    provider.entries[WALLET_PLACE] = INVALID
    hide(provider)
    provider.fetched.clear()
    desk.clock.move(CHECK_SECONDS)
    for _ in range(3):
        assert look(desk) == 0
    assert set(states(desk)) == {CredentialState.VALID}
    assert provider.fetched == [LIST], "once for all that hangs on it"
    provider.reachable, provider.signer = True, None
    desk.clock.move(CHECK_AGAIN - 1)
    assert look(desk) == 0, "not yet"
    desk.clock.move(1)
    assert look(desk) == 1


def test_every_wallet_is_looked_up_twice_a_day(desk, provider, tokens):
    """TS3 1.5 §2.4.3: at least once in 24 hours"""
    assert tokens
    provider.fetched.clear()
    moments = []
    for _ in range(4 * 24):
        desk.clock.move(900)
        before = len(provider.fetched)
        look(desk)
        moments += [desk.clock.now] * (len(provider.fetched) - before)
    assert len(moments) == 2
    assert moments[1] - moments[0] == CHECK_SECONDS


def test_lists_take_turns_and_each_has_one_time():
    times = {next_check(f"https://provider.example/status/{number}", NOW) for number in range(50)}
    assert len(times) == 50
    for uri in ("a", "b"):
        first = next_check(uri, NOW)
        assert NOW < first <= NOW + CHECK_SECONDS
        assert next_check(uri, first - 1) == first
        assert next_check(uri, first) == first + CHECK_SECONDS


def test_a_list_is_fetched_once_for_all_its_wallets(desk, provider):
    for number in range(5):
        wallet = AttestedWallet(desk, provider=provider, instance=seeded_key(50 + number))
        wallet.issue_attested(wallet.redeem(desk.offer("member")))
    provider.fetched.clear()
    desk.clock.move(CHECK_SECONDS)
    look(desk)
    assert provider.fetched == [LIST]


def test_a_round_has_an_end(desk, wallet, provider, monkeypatch):
    monkeypatch.setattr("issuer.service.watch.PORTION", 1)
    monkeypatch.setattr("issuer.service.watch.MAX_PORTIONS", 2)
    for _ in range(2):
        wallet.issue_attested(wallet.redeem(desk.offer("member")))
    provider.entries[WALLET_PLACE] = INVALID
    desk.clock.move(CHECK_SECONDS)
    assert [look(desk), look(desk)] == [1, 1], "two watches a round, two of each document"
    assert PORTION * MAX_PORTIONS == 10_000


def test_what_cannot_be_revoked_is_not_watched(desk, wallet):
    tokens = wallet.redeem(desk.offer("ticket"))
    wallet.issue(tokens, "ticket")
    with desk.store.database.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM wallet_watches").scalar() == 0


@pytest.mark.usefixtures("tokens")
def test_what_has_ended_by_itself_is_looked_up_no_more(desk, provider):
    desk.clock.move(31 * DAY)
    provider.fetched.clear()
    assert look(desk) == 0
    assert provider.fetched == []
    desk.sweep()
    with desk.store.database.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM wallet_watches").scalar() == 0


def test_a_document_that_a_clerk_revoked_before_is_left_as_it_is(desk, provider, tokens):
    assert tokens
    [first, _] = desk.store.credentials_of("anna")
    desk.run(desk.issuer.status.change(first.id, CredentialState.REVOKED, "Frau Berg", "lost"))
    provider.entries[WALLET_PLACE] = INVALID
    desk.clock.move(CHECK_SECONDS)
    assert look(desk) == 0
    [line] = [line for line in desk.store.audit(limit=99) if line.action == "credential revoked"]
    assert line.actor == "Frau Berg"
