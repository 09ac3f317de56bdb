"""Calls to a cockpit that are not the citizen's own, with everything running: nobody learns anything."""

import asyncio
from dataclasses import replace

import pytest

from protocol.keys import P256Key
from protocol.oauth.dpop import sign_dpop_proof
from protocol.sovereignty.calls import Caller
from protocol.sovereignty.rights import Right, RightsRequest, sign_rights_request
from runtime import system
from tests.flows.founding import land
from tests.flows.land import BANK, LIBRARY
from tests.flows.lying import claims_of
from wallet.policy.cockpit.disclosed import cockpit_key
from wallet.policy.cockpit.rights import Wish, status_of
from wallet.service import Wallet

pytestmark = pytest.mark.flow

COCKPIT = f"{LIBRARY}/cockpit"


@pytest.fixture(scope="module")
def everybody(tmp_path_factory):
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("HOHEIT_ENV", "test")
        with land(tmp_path_factory.mktemp("land")) as found:
            yield found


@pytest.fixture
def country(everybody):
    """The same land for all tests."""
    return everybody


def gave(country, name, partner=None):
    """A citizen who gave something to the library, and asked about it."""
    citizen = country.citizen(folder=name)
    with citizen as found:
        found.follow()
        found.receive()
        found.give(partner or country.library)
        found.look()
        yield found


@pytest.fixture
def erika(country, request):
    yield from gave(country, f"erika {request.node.name}")


@pytest.fixture
def klaus(country, request):
    yield from gave(country, f"klaus {request.node.name}")


def sent_by_a_thief(country, request):
    """The same bytes from somewhere else."""
    return asyncio.run(country.network.of("thief").send(request))


def call_of(country, citizen, path="/usage"):
    """The last call of a citizen that was answered."""
    return [one for one in country.network.between(citizen.sends_as, LIBRARY, path) if one.response.status == 200][-1]


def refused(response):
    assert response.status == 401
    assert b"invalid_dpop_proof" in dict(response.headers)["www-authenticate"].encode()
    assert b"receipt" not in response.body
    assert b"entries" not in response.body


def key_of(citizen):
    """The key that the wallet made for its newest answer."""
    key = cockpit_key(citizen.disclosure)
    assert key is not None
    return key


def caller(country, citizen):
    """Whoever has the key of a citizen's answer."""
    return Caller(key_of(citizen), system.random_bytes, country.clock)


def made_by(who, url=f"{COCKPIT}/usage", method="POST", body=None):
    """A call with a fresh proof."""
    asked = {} if body is None and method == "POST" else body or b""
    return who.request(method, url, asked, accept="application/jwt", max_bytes=1 << 20)


def nonce(country):
    """A good one, which anybody gets."""
    made = made_by(caller_of_nobody(country))
    return dict(sent_by_a_thief(country, made).headers)["dpop-nonce"]


def caller_of_nobody(country):
    """Whoever has a key that no partner ever saw."""
    return Caller(P256Key.fresh(), system.random_bytes, country.clock)


def test_a_call_that_was_overheard_is_answered_once(country, erika):
    """T101"""
    refused(sent_by_a_thief(country, call_of(country, erika).request))


def test_a_call_is_good_at_no_other_address(country, erika):
    """T100"""
    heard = call_of(country, erika).request
    for url in (f"{COCKPIT}/receipt", f"{BANK}/cockpit/usage", f"{BANK}/cockpit/receipt"):
        refused(sent_by_a_thief(country, replace(heard, url=url)))
    assert erika.look().went_well


def test_a_call_that_was_held_up_is_too_old(country, erika):
    """T102"""
    mine = caller(country, erika)
    mine.nonce = nonce(country)
    held = made_by(mine)
    country.clock.ahead += 61
    refused(sent_by_a_thief(country, held))
    assert erika.look().went_well


@pytest.mark.parametrize("wrong", [-600, 600], ids=["slow", "fast"])
def test_a_wallet_whose_clock_is_wrong_is_told_so_and_nothing_it_knows_changes(country, erika, wrong):
    """T250"""
    known = erika.disclosure
    wallet = Wallet.of(replace(erika.wallet.context, now=lambda: country.clock() + wrong))
    looked = erika.run(wallet.cockpit.ask(known))
    said = erika.said_of(looked)
    assert said.startswith(
        "Library did not take the question of your wallet. Perhaps the clock of this device is wrong:"
    )
    assert said.endswith("What you see is from before, and nothing of it is lost.")
    assert erika.disclosure == known
    assert erika.rules == set()
    assert erika.look().went_well


def test_a_call_to_another_partner_made_with_a_key_of_this_one_finds_nothing(country, erika):
    """What the bank says to a key of the library is what it says to a key that nobody ever saw."""
    at_bank = f"{BANK}/cockpit/usage"
    answers = []
    for who in (caller(country, erika), caller_of_nobody(country)):
        first = made_by(who, at_bank)
        who.nonce = dict(sent_by_a_thief(country, first).headers)["dpop-nonce"]
        again = made_by(who, at_bank)
        answers.append(sent_by_a_thief(country, again))
    one, other = answers
    assert one.status == other.status == 404
    assert one.body == other.body


def test_a_nonce_of_one_partner_is_none_of_another(country, erika):
    mine = caller(country, erika)
    mine.nonce = nonce(country)
    made = made_by(mine, f"{BANK}/cockpit/usage")
    response = sent_by_a_thief(country, made)
    assert response.status == 401
    assert "use_dpop_nonce" in dict(response.headers)["www-authenticate"]


def test_a_proof_signed_by_one_key_with_another_in_its_header_is_refused(country, erika, klaus):
    """T100"""
    good = nonce(country)
    mine, other = key_of(erika), key_of(klaus)
    proof = sign_dpop_proof(
        mine, method="POST", url=f"{COCKPIT}/usage", jti="a" * 22, issued_at=country.clock(), nonce=good
    )
    forged = sign_dpop_proof(
        other, method="POST", url=f"{COCKPIT}/usage", jti="a" * 22, issued_at=country.clock(), nonce=good
    )
    header, payload, _ = proof.split(".")
    call = call_of(country, erika).request
    mixed = f"{header}.{payload}.{forged.rpartition('.')[2]}"
    headers = tuple([(name, mixed if name == "dpop" else value) for name, value in call.headers])
    refused(sent_by_a_thief(country, replace(call, headers=headers)))
    assert erika.look().went_well


def test_who_else_gave_something_gets_their_own_report_and_no_other(country, erika, klaus):
    mine, other = (
        claims_of(call_of(country, citizen).response.body)["receipt"] for citizen in (erika, klaus)
    )  # fmt: skip
    assert mine != other
    assert mine == claims_of(erika.disclosure.receipt.raw.encode())["jti"]


def ask_for_erasure(country, citizen, token):
    """Send a signed request with the key of a citizen."""
    mine = caller(country, citizen)
    mine.nonce = nonce(country)
    return sent_by_a_thief(country, made_by(mine, f"{COCKPIT}/rights", body=token.encode()))


def test_nobody_has_the_data_of_somebody_else_erased(country, erika, klaus):
    """Neither by naming another's receipt, nor by sending what another signed."""
    about_erika = claims_of(erika.disclosure.receipt.raw.encode())["jti"]
    asked = RightsRequest(
        audience=COCKPIT, receipt=about_erika, jti="b" * 22, right=Right.ERASURE, issued_at=country.clock()
    )
    for signer in (klaus, erika):
        answer = ask_for_erasure(country, klaus, sign_rights_request(asked, key_of(signer)))
        assert answer.status == 400
    country.next_hour()
    erika.look()
    assert [use.n for use in erika.disclosure.usage.uses] == [0]
    assert "Library erased your data." not in erika.sentences


def test_what_one_asked_is_found_by_no_other(country, erika, klaus):
    followed = erika.run(erika.wallet.cockpit.rights.ask(erika.disclosure, Wish(Right.RESTRICTION)))
    assert followed.asked.statuses
    url = f"{COCKPIT}/rights/{status_of(followed.asked).id}"
    answers = []
    for who in (caller(country, klaus), caller(country, erika)):
        who.nonce = nonce(country)
        answers.append(sent_by_a_thief(country, made_by(who, url, "GET")))
    assert [answer.status for answer in answers] == [404, 200]
