"""The key proofs of a credential request, and the nonces in them: one that is bad issues nothing."""

import pytest

from protocol.encoding import encode_json
from protocol.errors import InvalidNonce, InvalidProof
from protocol.jws import sign_jws
from tests.issuer.service.issuing import untouched
from tests.support.issuer import IDENTIFIER, TestWallet, make_issuer
from tests.support.pki import NOW


def test_a_proof_is_needed(wallet, tokens, desk):
    """T120"""
    with pytest.raises(InvalidProof):
        wallet.issue(tokens, proofs=[])
    assert untouched(desk)


def test_a_proof_without_a_nonce_is_broken(wallet, tokens):
    """OID4VCI 1.0 §8.3.1.2"""
    with pytest.raises(InvalidProof):
        wallet.issue(tokens, proofs=wallet.proofs([wallet.new_key()], nonce=None))


# The nonce


def test_nonces_need_no_storing(desk):
    """T136"""
    nonces = {desk.issuer.credentials.nonce() for _ in range(500)}
    assert len(nonces) == 500
    with desk.store.database.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM spent_values").scalar() == 0


def test_a_nonce_must_be_ours_fresh_and_unused(wallet, tokens, desk):
    """T121"""
    old = desk.issuer.credentials.nonce()
    desk.clock.move(desk.issuer.context.policy.lifetimes.c_nonce)
    foreign = make_issuer(identifier="https://other.example", clock=desk.clock).issuer.credentials.nonce()
    nonce = desk.issuer.credentials.nonce()
    tampered = ("B" if nonce[0] == "A" else "A") + nonce[1:]
    for nonce in (old, foreign, tampered, "x", desk.issuer.context.dpop_nonce()):
        with pytest.raises(InvalidNonce):
            wallet.issue(tokens, proofs=wallet.proofs([wallet.new_key()], nonce=nonce))
    assert untouched(desk)
    proofs = wallet.proofs([wallet.new_key()])
    wallet.issue(tokens, proofs=proofs)
    with pytest.raises(InvalidNonce):
        wallet.issue(tokens, proofs=proofs)


def test_a_refused_nonce_leaves_the_others_of_its_request_good(wallet, tokens, desk):
    """T121: nothing is spent by a refused request"""
    good = desk.issuer.credentials.nonce()
    mixed = [*wallet.proofs([wallet.new_key()], nonce=good), *wallet.proofs([wallet.new_key()], nonce="x")]
    with pytest.raises(InvalidNonce):
        wallet.issue(tokens, proofs=mixed)
    spent = desk.issuer.credentials.nonce()
    wallet.issue(tokens, proofs=wallet.proofs([wallet.new_key()], nonce=spent))
    mixed = [*wallet.proofs([wallet.new_key()], nonce=good), *wallet.proofs([wallet.new_key()], nonce=spent)]
    with pytest.raises(InvalidNonce):
        wallet.issue(tokens, proofs=mixed)
    assert wallet.issue(tokens, proofs=wallet.proofs([wallet.new_key()], nonce=good)).credentials


def test_refused_requests_use_up_no_index(desk, wallet, tokens):
    """T125, T143: what is thrown away before anybody saw it gives its place back"""
    proofs = wallet.proofs([wallet.new_key() for _ in range(10)])
    wallet.issue(tokens, proofs=proofs)
    for _ in range(60):
        with pytest.raises(InvalidNonce):
            wallet.issue(tokens, proofs=proofs)
    [list_id] = {credential.status_list for credential in desk.store.credentials_of("anna")}
    record = desk.store.status_lists.status_list(list_id)
    assert record is not None
    assert record.reserved == 256


# The proof


def claims(wallet, **changes):
    nonce = wallet.desk.issuer.credentials.nonce()
    found = {"aud": IDENTIFIER, "iat": NOW, "nonce": nonce, **changes}
    return encode_json({name: value for name, value in found.items() if value is not None})


def proof(key, payload, **header):
    members = {"typ": "openid4vci-proof+jwt", "jwk": key.public_key.to_jwk(), **header}
    return sign_jws({name: value for name, value in members.items() if value is not None}, payload, key)


def bad_key_proofs(wallet):
    key, other = wallet.new_key(), wallet.new_key()
    good = proof(key, claims(wallet))
    jwk = key.public_key.to_jwk()
    yield "signature", proof(key, claims(wallet), jwk=other.public_key.to_jwk())
    yield "cut signature", good.rpartition(".")[0] + "."
    yield "audience", proof(key, claims(wallet, aud="https://other.example"))
    yield "no audience", proof(key, claims(wallet, aud=None))
    yield "audiences", proof(key, claims(wallet, aud=[IDENTIFIER]))
    yield "type", proof(key, claims(wallet), typ="JWT")
    yield "no type", proof(key, claims(wallet), typ=None)
    yield "two keys", proof(key, claims(wallet), kid="1")
    yield "key and chain", proof(key, claims(wallet), x5c=list(wallet.desk.pki.x5c))
    yield "no key", proof(key, claims(wallet), jwk=None)
    yield "private key", proof(key, claims(wallet), jwk={**jwk, "d": "AAAA"})
    yield "old", proof(key, claims(wallet, iat=NOW - 301))
    yield "early", proof(key, claims(wallet, iat=NOW + 61))
    yield "garbage", "x"


def test_one_bad_proof_among_ten_issues_nothing(wallet, tokens, desk):
    """T122, T123, T125"""
    accepted = []
    for reason, bad in bad_key_proofs(wallet):
        good = wallet.proofs([wallet.new_key() for _ in range(9)])
        try:
            wallet.issue(tokens, proofs=[*good, bad])
        except InvalidProof:
            continue
        accepted.append(reason)
    assert accepted == []
    assert untouched(desk)


def test_a_proof_names_the_client_of_the_token_or_nobody(desk):
    """T124"""
    named, other = TestWallet(desk, client_id="wallet"), TestWallet(desk, client_id="other")
    tokens = named.redeem(desk.offer())
    with pytest.raises(InvalidProof):
        named.issue(tokens, proofs=other.proofs([other.new_key()]))
    assert named.issue(tokens).credentials
    assert named.issue(tokens, proofs=TestWallet(desk).proofs([named.new_key()])).credentials
    assert {credential.subject for credential in desk.store.credentials_of("anna")} == {"anna"}


def test_too_many_proofs_and_the_same_key_twice_are_refused(wallet, tokens, desk):
    """T125"""
    key = wallet.new_key()
    for keys in ([wallet.new_key() for _ in range(11)], [key, key]):
        with pytest.raises(InvalidProof):
            wallet.issue(tokens, keys=keys)
    assert untouched(desk)
