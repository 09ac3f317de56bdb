"""Changing states, and what is published of them."""

import pytest

from capabilities.status_publisher.policy import BLOCK, BLOCK_LIFETIME, USUAL_LIFETIMES
from capabilities.status_publisher.service import StatusIndices
from issuer.policy import Lifetimes
from issuer.records import CredentialState
from protocol.errors import Conflict, InvalidGrant, InvalidToken, NotFound, Unavailable
from protocol.formats import IssuerSigner
from tests.support.issuer import ACTOR, IDENTIFIER
from tests.support.pki import NOW, Template, make_pki
from tests.support.status import status_list_of


@pytest.fixture
def issued(desk, wallet):
    wallet.issue(wallet.redeem(desk.offer()))
    return desk.store.credentials_of("anna")[0]


def change(desk, credential_id, wanted):
    return desk.run(desk.issuer.status.change(credential_id, wanted, ACTOR))


def publish(desk, issued):
    return desk.run(desk.issuer.status_lists.publish(issued.status_list))


def test_every_change_is_in_the_next_list(desk, issued):
    """T077"""
    for wanted, value in (
        (CredentialState.SUSPENDED, 2),
        (CredentialState.VALID, 0),
        (CredentialState.REVOKED, 1),
    ):
        assert change(desk, issued.id, wanted).state is wanted
        assert status_list_of(desk, issued.status_list).get(issued.status_index) == value


def test_revoking_twice_is_fine_and_nothing_brings_it_back(desk, issued):
    """T080"""
    for _ in range(2):
        assert change(desk, issued.id, CredentialState.REVOKED).state is CredentialState.REVOKED
    for wanted in (CredentialState.SUSPENDED, CredentialState.VALID):
        with pytest.raises(Conflict):
            change(desk, issued.id, wanted)


@pytest.mark.parametrize("wanted", list(CredentialState))
def test_an_unknown_credential_is_not_found(desk, wanted):
    """T080"""
    with pytest.raises(NotFound):
        change(desk, "x", wanted)


def test_a_revocation_ends_the_tokens_and_the_offer_knows(desk, wallet):
    """T114"""
    made = desk.offer()
    tokens = wallet.redeem(made)
    wallet.issue(tokens)
    [credential] = desk.store.credentials_of("anna")
    change(desk, credential.id, CredentialState.REVOKED)
    with pytest.raises(InvalidGrant):
        wallet.renew(tokens)
    with pytest.raises(InvalidToken):
        wallet.issue(tokens)
    assert desk.run(desk.issuer.offers.state(made.id)) == "revoked"


def test_a_suspension_leaves_the_tokens_alone(desk, wallet):
    tokens = wallet.redeem(desk.offer())
    wallet.issue(tokens)
    change(desk, desk.store.credentials_of("anna")[0].id, CredentialState.SUSPENDED)
    assert wallet.renew(tokens)


def test_a_credential_can_be_revoked_after_its_conversation_is_forgotten(desk, issued):
    desk.clock.move(100 * 86_400)
    desk.sweep()
    assert change(desk, issued.id, CredentialState.REVOKED).state is CredentialState.REVOKED


def test_a_list_is_signed_once_until_it_changes(desk, issued):
    """T257"""
    first = publish(desk, issued)
    desk.clock.move(60)
    assert publish(desk, issued) is first
    change(desk, issued.id, CredentialState.SUSPENDED)
    second = publish(desk, issued)
    assert second.token != first.token
    assert second.etag != first.etag
    assert second.issued_at == desk.clock.now


def test_a_list_is_renewed_long_before_it_expires(desk, issued):
    lifetime = desk.issuer.context.policy.status.token
    seen = set()
    for _ in range(8):
        published = publish(desk, issued)
        assert desk.clock.now - published.issued_at <= lifetime // 2
        status_list_of(desk, issued.status_list)
        seen.add(published.token)
        desk.clock.move(lifetime // 4)
    assert len(seen) in (4, 5)


class BreakingSigner:
    """A signer that is gone the first time it is needed."""

    def __init__(self, signer):
        self.public_key = signer.public_key
        self._signer = signer
        self._broken = True

    def sign(self, data):
        if self._broken:
            self._broken = False
            raise Unavailable("the key is away")
        return self._signer.sign(data)


def test_a_list_whose_signing_broke_off_is_the_old_one_or_the_new_one(desk, issued):
    """T079: a list is made from what is stored, whole or not at all, by whoever is asked next."""
    context = desk.issuer.context
    broken = desk.with_context(signing=IssuerSigner(BreakingSigner(context.signing.signer), context.signing.x5c))
    before = publish(desk, issued)
    change(desk, issued.id, CredentialState.REVOKED)
    with pytest.raises(Unavailable):
        publish(broken, issued)
    for worker in (desk, broken):
        assert status_list_of(worker, issued.status_list).get(issued.status_index) == 1
    assert publish(broken, issued).version == publish(desk, issued).version == before.version + 1


def test_an_unknown_list_is_not_found(desk):
    with pytest.raises(NotFound):
        desk.run(desk.issuer.status_lists.publish("x"))


def test_a_list_is_not_signed_outside_the_certificate_s_time(desk, issued):
    """T146"""
    pki = make_pki(Template(not_after=NOW), key=desk.pki.signer)
    expired = desk.with_context(signing=IssuerSigner(pki.signer, pki.x5c))
    with pytest.raises(Unavailable):
        publish(expired, issued)


def test_indices_of_a_killed_worker_are_voided(desk, wallet):
    """T143: it had reserved a block, and perhaps signed with it"""
    wallet.issue(wallet.redeem(desk.offer()))
    [kept] = desk.store.credentials_of("anna")
    killed = StatusIndices(desk.issuer.context.publisher)
    desk.run(killed.take(3))
    desk.clock.move(2 * BLOCK_LIFETIME + 1)
    desk.sweep()
    statuses = status_list_of(desk, kept.status_list)
    record = desk.store.status_lists.status_list(kept.status_list)
    assert record is not None
    assert record.reserved == 2 * BLOCK
    entries = desk.store.status_lists.status_entries(kept.status_list)
    assert len(entries) == 2 * BLOCK - 1
    assert all(statuses.get(index) == 1 for index in entries)
    assert statuses.get(kept.status_index) == 0


def test_an_index_is_not_taken_any_more_when_the_sweep_may_come(desk):
    """T143"""
    indices = StatusIndices(desk.issuer.context.publisher)
    early = desk.run(indices.take(1))
    desk.clock.move(BLOCK_LIFETIME - 1)
    [still_early] = desk.run(indices.take(1))
    indices.give_back([still_early])
    desk.clock.move(1)
    taken = desk.run(indices.take(BLOCK))
    reserved = {entry.good_until for entry in taken}
    assert reserved == {desk.clock.now + BLOCK_LIFETIME}
    assert still_early not in taken
    assert not {*early} & {*taken}


def test_a_place_that_is_given_back_is_the_next_to_be_taken(desk):
    indices = StatusIndices(desk.issuer.context.publisher)
    taken = desk.run(indices.take(2))
    indices.give_back(taken)
    assert set(desk.run(indices.take(2))) == set(taken)


def test_a_large_request_reserves_as_many_blocks_as_it_needs(desk):
    indices = StatusIndices(desk.issuer.context.publisher)
    taken = desk.run(indices.take(BLOCK + 1))
    assert len({entry.index for entry in taken}) == BLOCK + 1
    assert {entry.uri for entry in taken} == {
        f"{IDENTIFIER}/status/{entry.list_id}" for entry in taken if entry is not None
    }


def test_lifetimes_fit_together():
    """A verifier that keeps a list for its ttl never holds an expired one."""
    lifetimes = Lifetimes()
    assert USUAL_LIFETIMES.ttl < USUAL_LIFETIMES.token // 2
    assert lifetimes.access_token < 2 * BLOCK_LIFETIME
