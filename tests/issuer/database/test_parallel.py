"""Two workers with a store each, many threads: what may happen once happens once, and nothing is lost."""

import itertools
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

import pytest
from sqlalchemy import insert

from capabilities.status_publisher.records import StatusListRecord
from issuer.database.tables import letter_codes
from issuer.records import CredentialState
from issuer.service.authorization import letter_digest
from issuer.service.offers import GrantKind
from protocol.errors import InvalidDpopProof, InvalidGrant, InvalidNonce, InvalidRequest, InvalidToken, ProtocolError
from protocol.oauth.authorization import AuthorizationRequest
from protocol.oauth.pkce import code_challenge
from protocol.oid4vci.token import PreAuthorizedCodeGrant, TokenRequest
from tests.support.issuer import ACTOR, CLIENT_ID, REDIRECT_URI, VERIFIER, TestWallet, make_issuer
from tests.support.pki import NOW, seeded_key
from tests.support.status import status_list_of

T = TypeVar("T")

THREADS = 16


@pytest.fixture
def desks(database_url):
    """Two workers of one issuer."""
    pair = (make_issuer(database_url), make_issuer(database_url))
    yield pair
    for desk in pair:
        desk.store.database.dispose()


def together(calls: Sequence[Callable[[], T]]) -> list[T | ProtocolError]:
    """What each call gave, or the protocol error that it raised; all begin at the same time."""

    def attempt(call: Callable[[], T]) -> T | ProtocolError:
        try:
            return call()
        except ProtocolError as error:
            return error

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(attempt, calls))


def wallets(desks, count):
    """So many wallets, each with a key of its own, at the workers by turns."""
    return [
        TestWallet(desk, seeded_key(100 + n)) for n, desk in zip(range(count), itertools.cycle(desks), strict=False)
    ]


def failures(outcomes, kind):
    return [outcome for outcome in outcomes if isinstance(outcome, kind)]


def test_a_pre_authorized_code_gives_exactly_one_token(desks):
    """T107, T108: 50 redemptions over two workers"""
    code = desks[0].offer().offer.pre_authorized_code
    outcomes = together([partial(wallet.redeem_code, code) for wallet in wallets(desks, 50)])
    assert len(failures(outcomes, InvalidGrant)) == 49
    [tokens] = [outcome for outcome in outcomes if not isinstance(outcome, ProtocolError)]
    winner = wallets(desks, 50)[outcomes.index(tokens)]
    assert winner.issue(tokens).credentials


def test_parallel_guesses_never_pass_the_limit(desks):
    """T111"""
    made = desks[0].offer(tx_code=True)
    wrong = "000000" if made.tx_code != "000000" else "111111"
    outcomes = together([partial(wallet.redeem, made, tx_code=wrong) for wallet in wallets(desks, 30)])
    assert len(failures(outcomes, InvalidGrant)) == 30
    assert sum("transaction code is wrong" in error.description for error in outcomes) == 5
    with pytest.raises(InvalidGrant):
        TestWallet(desks[1]).redeem(made, tx_code=made.tx_code)


def test_a_proof_is_used_once_whichever_worker_sees_it(desks, database_url):
    """T101: in parallel, one after the other, and after a restart"""
    wallet = TestWallet(desks[0])
    proof = wallet.token_dpop()
    codes = [desks[0].offer().offer.pre_authorized_code for _ in range(12)]

    def redeem(desk, code):
        request = TokenRequest(PreAuthorizedCodeGrant(code))
        return desk.run(desk.issuer.tokens.redeem(request, proof))

    calls = [partial(redeem, desk, code) for desk, code in zip(desks * 5, codes, strict=False)]
    outcomes = together(calls)
    assert len(failures(outcomes, InvalidDpopProof)) == 9
    restarted = make_issuer(database_url)
    for desk in (*desks, restarted):
        with pytest.raises(InvalidDpopProof):
            redeem(desk, codes[-1])
    restarted.store.database.dispose()
    assert wallet.redeem_code(codes[-1]).access_token, "a refused proof must not use up the code"


def test_a_nonce_serves_one_request(desks):
    """T121, T143: of the same proofs sent often, one is answered; one batch of one credential is valid"""
    wallet = TestWallet(desks[0])
    tokens = wallet.redeem(desks[0].offer())
    proofs = wallet.proofs([wallet.new_key()])
    askers = [TestWallet(desk, wallet.key) for desk in desks * 6]
    outcomes = together([partial(asker.issue, tokens, proofs=proofs) for asker in askers])
    assert len(failures(outcomes, InvalidNonce)) == 11
    assert len(desks[0].store.credentials_of("anna")) == 1


def test_repeated_requests_leave_one_valid_credential(desks):
    """T143"""
    wallet = TestWallet(desks[0])
    tokens = wallet.redeem(desks[0].offer())
    askers = [TestWallet(desk, wallet.key) for desk in desks * 5]
    outcomes = together([partial(asker.issue, tokens) for asker in askers])
    assert not failures(outcomes, ProtocolError)
    states = [credential.state for credential in desks[0].store.credentials_of("anna")]
    assert sorted(states) == ["revoked"] * 9 + ["valid"]


@pytest.mark.parametrize("turn", range(5))
def test_what_is_suspended_while_it_is_issued_again_is_suspended(desks, turn):
    """T077, T080: whoever comes first, no copy of a suspended credential holds."""
    wallet = TestWallet(desks[0])
    tokens = wallet.redeem(desks[0].offer())
    wallet.issue(tokens)
    [first] = desks[0].store.credentials_of("anna")
    askers = [TestWallet(desk, wallet.key) for desk in desks * 3]

    def suspend():
        return desks[1].run(desks[1].issuer.status.change(first.id, CredentialState.SUSPENDED, "clerk"))

    calls: list[Callable[[], object]] = [partial(asker.issue, tokens) for asker in askers]
    calls.insert(turn, suspend)
    outcomes = together(calls)
    assert not failures(outcomes, ProtocolError)
    states = [str(credential.state) for credential in desks[0].store.credentials_of("anna")]
    assert sorted(states) == ["revoked"] * len(askers) + ["suspended"]


def test_a_refresh_token_that_is_used_in_parallel_leaves_nobody_with_tokens(desks):
    """T114"""
    wallet = TestWallet(desks[0])
    tokens = wallet.redeem(desks[0].offer())
    askers = [TestWallet(desk, wallet.key) for desk in desks * 4]
    outcomes = together([partial(asker.renew, tokens) for asker in askers])
    renewed = [outcome for outcome in outcomes if not isinstance(outcome, ProtocolError)]
    assert len(renewed) == 1
    assert len(failures(outcomes, InvalidGrant)) == 7
    with pytest.raises(InvalidToken):
        wallet.issue(renewed[0])
    with pytest.raises(InvalidGrant):
        wallet.renew(renewed[0])


def pushed(desk, *, issuer_state=None):
    """A request of a wallet, opened in a browser."""
    request = AuthorizationRequest(
        CLIENT_ID, REDIRECT_URI, code_challenge(VERIFIER), scope="member", issuer_state=issuer_state
    )
    request_uri = desk.run(desk.issuer.authorization.push(request, None)).request_uri
    desk.run(desk.issuer.authorization.visit(CLIENT_ID, request_uri, "browser"))
    return request_uri


def test_a_letter_code_lets_in_once(desks):
    """T119: two requests, one letter, many clicks"""
    letter = desks[0].run(desks[0].issuer.authorization.write_letter("anna", ACTOR))
    requests = [pushed(desks[0]), pushed(desks[1])]

    def log_in(desk, request_uri):
        return desk.run(desk.issuer.authorization.log_in(request_uri, "browser", letter))

    calls = [partial(log_in, desk, request) for desk in desks for request in requests for _ in range(4)]
    outcomes = together(calls)
    # Whoever clicked twice was sent on with the same code
    assert len({outcome for outcome in outcomes if isinstance(outcome, str)}) == 1
    assert len(failures(outcomes, InvalidRequest)) == 8


def test_an_authorization_code_that_is_used_in_parallel_leaves_nobody_with_tokens(desks):
    """T092"""
    letter = desks[0].run(desks[0].issuer.authorization.write_letter("anna", ACTOR))
    address = desks[0].run(desks[0].issuer.authorization.log_in(pushed(desks[0]), "browser", letter))
    code = address.split("code=")[1].split("&")[0]
    parties = wallets(desks, 8)
    outcomes = together([partial(wallet.redeem_authorization_code, code) for wallet in parties])
    given = [n for n, outcome in enumerate(outcomes) if not isinstance(outcome, ProtocolError)]
    assert len(given) == 1
    with pytest.raises(InvalidToken):
        parties[given[0]].issue(outcomes[given[0]])


def test_an_offer_is_taken_up_by_one_login(desks):
    """T116"""
    state = desks[0].offer(grant=GrantKind.AUTHORIZATION_CODE).offer.issuer_state
    letters = [f"LETTER{n}" for n in range(4)]
    # More than one is good only where somebody put them there by hand: of those that are written, the newest counts
    rows = [{"digest": letter_digest(code), "subject": "anna", "expires_at": NOW + 99} for code in letters]
    desks[0].store.database.write(lambda connection: connection.execute(insert(letter_codes), rows))
    request_uri = pushed(desks[0], issuer_state=state)

    def log_in(desk, letter):
        return desk.run(desk.issuer.authorization.log_in(request_uri, "browser", letter))

    calls = [partial(log_in, desk, letter) for desk in desks for letter in letters]
    outcomes = together(calls)
    assert len({outcome for outcome in outcomes if isinstance(outcome, str)}) == 1


def test_indices_are_distinct_over_workers(desks):
    """T078: also when the list is nearly full"""
    names = itertools.count()

    def reserve(desk):
        fresh = StatusListRecord(f"list {next(names)}", 2, 256, bytes(16), 0, 0, NOW)
        return desk.store.status_lists.reserve_indices(2, 20, fresh=fresh, now=NOW)

    blocks = together([partial(reserve, desk) for desk in desks * 20])
    places = [(block.list_id, index) for block in blocks for index in block.indices]
    assert len(set(places)) == len(places) == 800
    by_list: dict[str, list[int]] = {}
    for name, index in places:
        by_list.setdefault(name, []).append(index)
    assert all(indices != sorted(indices) for indices in by_list.values()), "indices tell the order"


def test_every_accepted_revocation_is_in_the_next_list(desks):
    """T077: while the list is published again and again"""
    wallet = TestWallet(desks[0])
    for _ in range(3):
        tokens = wallet.redeem(desks[0].offer())
        wallet.issue(tokens, keys=[wallet.new_key() for _ in range(10)])
    issued = desks[0].store.credentials_of("anna")
    assert len(issued) == 30

    def revoke(desk, credential):
        desk.run(desk.issuer.status.change(credential.id, CredentialState.REVOKED, ACTOR))
        return status_list_of(desk, credential.status_list).get(credential.status_index)

    calls = [partial(revoke, desk, c) for c, desk in zip(issued, itertools.cycle(desks), strict=False)]
    assert together(calls) == [1] * 30
    for desk in desks:
        published = status_list_of(desk, issued[0].status_list)
        assert [published.get(credential.status_index) for credential in issued] == [1] * 30


def test_a_list_of_one_version_is_signed_once(desks):
    """T257: however many ask at the same moment"""
    wallet = TestWallet(desks[0])
    wallet.issue(wallet.redeem(desks[0].offer()))
    [credential] = desks[0].store.credentials_of("anna")
    desk = desks[0]
    published = together(
        [lambda: desk.run(desk.issuer.status_lists.publish(credential.status_list)) for _ in range(16)]
    )
    assert len(set(published)) == 1


def test_two_workers_sweep_together(desks):
    """T143, T244: each block is voided once, by one of them"""
    blocks = []
    for number in range(12):
        fresh = StatusListRecord("list", 2, 1024, bytes(16), 0, 0, NOW)
        blocks.append(desks[number % 2].store.status_lists.reserve_indices(2, 10, fresh=fresh, now=NOW))
    outcomes = together([partial(desk.store.sweep, before=NOW + 1, now=NOW, limit=500) for desk in desks * 4])
    assert not failures(outcomes, ProtocolError)
    entries = desks[0].store.status_lists.status_entries("list")
    assert entries == {index: 1 for block in blocks for index in block.indices}


def test_workers_agree_on_what_they_publish(desks):
    """T071: a reader that is sent to another worker must not see time run back"""
    wallet = TestWallet(desks[0])
    wallet.issue(wallet.redeem(desks[0].offer()))
    [credential] = desks[0].store.credentials_of("anna")

    def issued_at(desk, now):
        later = desk.with_context(now=lambda: now)
        return later.run(later.issuer.status_lists.publish(credential.status_list)).issued_at

    lifetime = desks[0].issuer.context.policy.status.token
    for now in (NOW, NOW + 100, NOW + lifetime):
        assert issued_at(desks[0], now + 7) == issued_at(desks[1], now)
    assert issued_at(desks[0], NOW + lifetime) > NOW
