"""The credential endpoint: what is issued to whom and how often, and nothing half."""

from dataclasses import dataclass, replace
from itertools import pairwise

import pytest

from capabilities.status_publisher.policy import BLOCK
from issuer.app import SHIPPED_TYPES
from issuer.credential_types import read_types
from issuer.records import CredentialState
from protocol.credential import StatusReference
from protocol.errors import CredentialRequestDenied, InvalidNotificationId, Unavailable
from protocol.exchange import run
from protocol.formats import IssuerSigner, format_of
from protocol.keys import PublicKey
from tests.issuer.service.issuing import untouched, verified
from tests.support.issuer import ACTOR, IDENTIFIER, TestWallet, make_issuer
from tests.support.pki import DAY, LEAF, NOW, make_pki
from tests.support.status import status_list_of


def test_a_credential_is_bound_to_the_key_that_was_proven(desk, wallet, tokens):
    key = wallet.new_key()
    [raw] = wallet.issue(tokens, keys=[key]).credentials
    credential = verified(desk, raw)
    assert credential.holder_key == key.public_key
    assert credential.type == "urn:test:member:1"
    assert (credential.claims["given_name"], credential.claims["points"]) == ("Anna", 7)
    [kept] = desk.store.credentials_of("anna")
    assert credential.status == (StatusReference(f"{IDENTIFIER}/status/{kept.status_list}", kept.status_index),)
    assert kept.holder_key == key.public_key.thumbprint()
    assert kept.expires_at == credential.expires_at
    assert status_list_of(desk, kept.status_list).get(kept.status_index) == 0


def test_nothing_of_the_claims_is_kept(desk, wallet, tokens):
    """T258"""
    wallet.issue(tokens)
    with desk.store.database.reading() as connection:
        dump = str(
            [connection.exec_driver_sql(f"SELECT * FROM {t}").all() for t in ("sessions", "credentials", "events")]
        )
    assert "Anna" not in dump


def test_a_batch_has_nothing_in_common(desk, wallet, tokens):
    """T144"""
    keys = [wallet.new_key() for _ in range(10)]
    credentials = [verified(desk, raw) for raw in wallet.issue(tokens, keys=keys).credentials]
    assert {credential.holder_key for credential in credentials} == {key.public_key for key in keys}
    indices = [place.idx for credential in credentials for place in credential.status]
    assert len(set(indices)) == 10
    assert indices != sorted(indices)
    assert all(abs(a - b) > 1 for a, b in pairwise(indices))
    times = {(credential.issued_at, credential.expires_at) for credential in credentials}
    [(issued_at, expires_at)] = times
    assert issued_at is not None
    assert expires_at is not None
    assert issued_at % DAY == expires_at % DAY == 0, "the times must tell the day only"
    salts = [disclosure for credential in credentials for disclosure in credential.raw.split("~")[1:-1]]
    assert len(set(salts)) == len(salts)


def test_a_type_without_status_takes_no_index(desk, wallet):
    [raw] = wallet.issue(wallet.redeem(desk.offer("ticket")), "ticket").credentials
    assert verified(desk, raw).status == ()
    [kept] = desk.store.credentials_of("anna")
    assert kept.status_list == ""


def test_a_type_with_smaller_batches_gives_fewer_credentials(desk, wallet):
    """OID4VCI 1.0 §8.3"""
    keys = [wallet.new_key() for _ in range(5)]
    credentials = wallet.issue(wallet.redeem(desk.offer("badge")), "badge", keys).credentials
    assert [verified(desk, raw).holder_key for raw in credentials] == [key.public_key for key in keys[:2]]


def test_a_credential_of_a_shipped_type_is_issued():
    desk = make_issuer(types=read_types(SHIPPED_TYPES))
    record = {
        "family_name": "Beispiel",
        "given_name": "Anna",
        "library": {"card_number": "1", "name": "Bücherei", "group": "adult", "valid_until": "2030-01-01"},
    }
    desk.register.put({"anna": record})
    wallet = TestWallet(desk)
    [raw] = wallet.issue(wallet.redeem(desk.offer("library-card")), "library-card").credentials
    assert verified(desk, raw).claims["family_name"] == "Beispiel"


def test_a_credential_ends_no_later_than_its_certificate(desk, wallet, tokens):
    pki = make_pki(replace(LEAF, not_after=NOW + 5 * DAY), key=desk.pki.signer)
    ending = desk.with_context(signing=IssuerSigner(pki.signer, pki.x5c))
    [raw] = TestWallet(ending, wallet.key).issue(tokens).credentials
    exchange = format_of("dc+sd-jwt").verify_issued(raw, anchors=pki.anchors, now=NOW)
    assert run(exchange, perform=lambda _: None).expires_at == NOW + 5 * DAY


# What is not issued


def test_data_that_is_gone_is_not_issued(desk, wallet, tokens):
    """T142"""
    desk.register.remove("anna")
    with pytest.raises(CredentialRequestDenied):
        wallet.issue(tokens)
    assert untouched(desk)
    desk.register.put({"anna": {"given_name": "Anna"}})
    assert wallet.issue(tokens).credentials


def test_a_withdrawn_offer_issues_nothing(desk, wallet):
    """T142"""
    made = desk.offer()
    tokens = wallet.redeem(made)
    desk.run(desk.issuer.offers.withdraw(made.id, ACTOR))
    with pytest.raises(CredentialRequestDenied):
        wallet.issue(tokens)
    assert untouched(desk)


def test_data_of_the_wrong_kind_is_not_issued_and_not_repeated(desk, wallet, tokens):
    """T145"""
    for record, at in (({"given_name": "Anna", "points": "many"}, "points"), ({"points": 1}, "given_name")):
        desk.register.put({"anna": record})
        with pytest.raises(CredentialRequestDenied, match=at) as refusal:
            wallet.issue(tokens)
        assert "many" not in refusal.value.description
    assert untouched(desk)


@dataclass(frozen=True)
class AwaySigner:
    """A signer whose key is away."""

    public_key: PublicKey

    def sign(self, data: bytes) -> bytes:
        raise Unavailable("the key is away")


def test_a_key_that_is_away_consumes_nothing(desk, wallet, tokens):
    """T146"""
    away = desk.with_context(signing=IssuerSigner(AwaySigner(desk.pki.public_key), desk.pki.x5c))
    proofs, dpop = wallet.proofs([wallet.new_key()]), wallet.resource_dpop(tokens)
    with pytest.raises(Unavailable) as refusal:
        TestWallet(away, wallet.key).issue(tokens, proofs=proofs, dpop=dpop)
    assert refusal.value.status == 503
    assert untouched(desk)
    assert len(away.issuer.credentials.indices._free) == BLOCK, "no place of a list is lost"
    assert wallet.issue(tokens, proofs=proofs, dpop=dpop).credentials, "a retry needs all of it"


@pytest.mark.parametrize(("before", "after"), [(NOW - 9, NOW), (NOW + 1, NOW + 9)], ids=["expired", "not yet valid"])
def test_nothing_is_signed_outside_the_certificate_s_time(desk, wallet, tokens, before, after):
    """T146"""
    pki = make_pki(replace(LEAF, not_before=before, not_after=after), key=desk.pki.signer)
    expired = desk.with_context(signing=IssuerSigner(pki.signer, pki.x5c))
    proofs, dpop = wallet.proofs([wallet.new_key()]), wallet.resource_dpop(tokens)
    with pytest.raises(Unavailable):
        TestWallet(expired, wallet.key).issue(tokens, proofs=proofs, dpop=dpop)
    with pytest.raises(Unavailable):
        expired.run(expired.issuer.metadata.signed_issuer())
    assert wallet.issue(tokens, proofs=proofs, dpop=dpop).credentials


# Once more


def test_a_repetition_replaces_until_the_wallet_accepted(desk, wallet, tokens):
    """T143, decision 0005"""
    first = wallet.issue(tokens)
    second = wallet.issue(tokens)
    old, new = sorted(desk.store.credentials_of("anna"), key=lambda c: c.state is CredentialState.VALID)
    assert (old.state, new.state) == (CredentialState.REVOKED, CredentialState.VALID)
    statuses = status_list_of(desk, new.status_list)
    assert (statuses.get(old.status_index), statuses.get(new.status_index)) == (1, 0)
    with pytest.raises(InvalidNotificationId):
        wallet.notify(tokens, first.notification_id or "", "credential_accepted")
    wallet.notify(tokens, second.notification_id or "", "credential_accepted")
    with pytest.raises(CredentialRequestDenied):
        wallet.issue(tokens)
    renewed = wallet.renew(tokens)
    assert wallet.issue(renewed).credentials
    assert len([c for c in desk.store.credentials_of("anna") if c.state is CredentialState.VALID]) == 2


def test_a_token_may_not_ask_for_ever(wallet, desk):
    tokens = wallet.redeem(desk.offer("ticket"))
    for _ in range(50):
        wallet.issue(tokens, "ticket")
    with pytest.raises(CredentialRequestDenied):
        wallet.issue(tokens, "ticket")
    assert wallet.issue(wallet.renew(tokens), "ticket").credentials
