"""The credential and notification endpoints: who asks, with which proofs, for what; and nothing half."""

from dataclasses import dataclass, replace
from itertools import pairwise

import pytest

from issuer.app import SHIPPED_TYPES
from issuer.credential_types import read_types
from issuer.records import CredentialState
from protocol.encoding import encode_json
from protocol.errors import (
    CredentialRequestDenied,
    InsufficientScope,
    InvalidDpopProofAtResource,
    InvalidNonce,
    InvalidNotificationId,
    InvalidProof,
    InvalidRequest,
    InvalidToken,
    ProtocolError,
    Unavailable,
    UnknownCredentialConfiguration,
    UnknownCredentialIdentifier,
    UseDpopNonceAtResource,
)
from protocol.exchange import run
from protocol.formats import IssuerSigner, format_of
from protocol.jws import sign_jws
from protocol.keys import PublicKey
from protocol.oid4vci.credential import CredentialRequest
from tests.support.issuer import ACTOR, IDENTIFIER, TestWallet, make_issuer
from tests.support.pki import DAY, LEAF, NOW, make_pki, seeded_key
from tests.support.status import status_list_of


@pytest.fixture
def desk():
    return make_issuer()


@pytest.fixture
def wallet(desk):
    return TestWallet(desk)


@pytest.fixture
def tokens(desk, wallet):
    return wallet.redeem(desk.offer("member"))


def verified(desk, raw):
    """What a wallet finds in a credential, after checking everything."""
    exchange = format_of("dc+sd-jwt").verify_issued(raw, anchors=desk.pki.anchors, now=desk.clock.now)
    return run(exchange, perform=lambda _: None)


def untouched(desk):
    """Whether nothing was issued and no index was taken."""
    return not desk.store.credentials_of("anna")


def test_a_credential_is_bound_to_the_key_that_was_proven(desk, wallet, tokens):
    key = wallet.new_key()
    [raw] = wallet.issue(tokens, keys=[key]).credentials
    credential = verified(desk, raw)
    assert credential.holder_key == key.public_key
    assert credential.type == "urn:test:member:1"
    assert (credential.claims["given_name"], credential.claims["points"]) == ("Anna", 7)
    [kept] = desk.store.credentials_of("anna")
    assert credential.status is not None
    assert credential.status.idx == kept.status_index
    assert credential.status.uri == f"{IDENTIFIER}/status/{kept.status_list}"
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
    indices = [credential.status.idx for credential in credentials if credential.status]
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
    assert verified(desk, raw).status is None
    [kept] = desk.store.credentials_of("anna")
    assert kept.status_list == ""


def test_a_type_with_smaller_batches_gives_fewer_credentials(desk, wallet):
    """OID4VCI 1.0 §8.3"""
    keys = [wallet.new_key() for _ in range(5)]
    credentials = wallet.issue(wallet.redeem(desk.offer("badge")), "badge", keys).credentials
    assert [verified(desk, raw).holder_key for raw in credentials] == [key.public_key for key in keys[:2]]


def issue_with(desk, wallet, tokens, authorization, dpop):
    request = CredentialRequest("member", None, tuple(wallet.proofs([wallet.new_key()])))
    return desk.run(desk.issuer.credentials.issue(request, authorization, dpop))


@pytest.mark.parametrize(
    "scheme", ["", "DPoP", "DPoP ", "Bearer {token}", "Basic {token}", "DPoP {token}x", "{token}", "DPoP  {token}"]
)
def test_only_a_dpop_token_opens_the_door(desk, wallet, tokens, scheme):
    """T100, T104"""
    authorization = scheme.format(token=tokens.access_token)
    presented = authorization.partition(" ")[2] or tokens.access_token
    dpop = wallet.dpop(desk.issuer.context.endpoints.credential, access_token=presented)
    with pytest.raises(InvalidToken) as refusal:
        issue_with(desk, wallet, tokens, authorization or None, dpop)
    assert refusal.value.status == 401
    assert untouched(desk)


def test_an_expired_token_is_refused(wallet, desk, tokens):
    """T104"""
    desk.clock.move(599)
    wallet.issue(tokens)
    desk.clock.move(1)
    with pytest.raises(InvalidToken):
        wallet.issue(tokens)


def test_a_token_of_another_issuer_is_refused(wallet, tokens):
    """T104"""
    with pytest.raises(InvalidToken):
        TestWallet(make_issuer(identifier="https://other.example")).issue(tokens)


def test_a_token_needs_its_own_key(desk, tokens):
    """T104"""
    with pytest.raises(InvalidToken):
        TestWallet(desk, seeded_key(99)).issue(tokens)


def test_a_bad_proof_at_the_resource_is_a_matter_of_authentication(desk, wallet, tokens):
    """T100, T101, T102"""
    url, token = desk.issuer.context.endpoints.credential, tokens.access_token
    authorization = f"DPoP {token}"
    bad = {
        "missing": None,
        "no token hash": wallet.dpop(url),
        "hash of another token": wallet.dpop(url, access_token="x"),
        "another method": wallet.dpop(url, access_token=token, method="GET"),
        "another address": wallet.dpop(desk.issuer.context.endpoints.token, access_token=token),
        "too old": wallet.dpop(url, access_token=token, issued_at=NOW - 301),
        "garbage": "x",
    }
    for reason, dpop in bad.items():
        with pytest.raises(InvalidDpopProofAtResource) as refusal:
            issue_with(desk, wallet, tokens, authorization, dpop)
        assert refusal.value.status == 401, reason
    with pytest.raises(UseDpopNonceAtResource) as nonce_refusal:
        issue_with(desk, wallet, tokens, authorization, wallet.dpop(url, access_token=token, nonce=None))
    assert nonce_refusal.value.status == 401
    assert untouched(desk)
    good = wallet.dpop(url, access_token=token, nonce=nonce_refusal.value.nonce)
    assert issue_with(desk, wallet, tokens, authorization, good).credentials
    with pytest.raises(ProtocolError, match="used before"):
        issue_with(desk, wallet, tokens, authorization, good)


def test_a_token_in_an_address_is_refused_and_ends(desk, wallet, tokens):
    """T103"""
    desk.run(desk.issuer.credentials.refuse_token_in_address(None))
    for token in ("x", tokens.access_token):
        with pytest.raises(InvalidRequest):
            desk.run(desk.issuer.credentials.refuse_token_in_address(token))
    with pytest.raises(InvalidToken):
        wallet.issue(tokens)


def test_only_what_the_token_covers_is_issued(wallet, tokens, desk):
    """T127, T128"""
    for configuration, identifier, kind, status in (
        ("diploma", None, UnknownCredentialConfiguration, 400),
        ("badge", None, InsufficientScope, 403),
        (None, "member", UnknownCredentialIdentifier, 400),
        (None, "diploma", UnknownCredentialIdentifier, 400),
    ):
        with pytest.raises(kind) as refusal:
            wallet.issue(tokens, configuration, identifier=identifier)
        assert refusal.value.status == status
    assert untouched(desk)


def test_a_proof_is_needed(wallet, tokens, desk):
    """T120"""
    with pytest.raises(InvalidProof):
        wallet.issue(tokens, proofs=[])
    assert untouched(desk)


def test_a_proof_without_a_nonce_is_broken(wallet, tokens):
    """OID4VCI 1.0 §8.3.1.2"""
    with pytest.raises(InvalidProof):
        wallet.issue(tokens, proofs=wallet.proofs([wallet.new_key()], nonce=None))


def test_a_nonce_must_be_ours_fresh_and_unused(wallet, tokens, desk):
    """T121"""
    old = desk.issuer.credentials.nonce()
    desk.clock.move(desk.issuer.context.policy.lifetimes.c_nonce)
    foreign = make_issuer(identifier="https://other.example", clock=desk.clock).issuer.credentials.nonce()
    tampered = desk.issuer.credentials.nonce()[:-2] + "AA"
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


def test_refused_requests_use_up_no_index(desk, wallet, tokens):
    """T125, T143: what is thrown away before anybody saw it gives its place back"""
    proofs = wallet.proofs([wallet.new_key() for _ in range(10)])
    wallet.issue(tokens, proofs=proofs)
    for _ in range(60):
        with pytest.raises(InvalidNonce):
            wallet.issue(tokens, proofs=proofs)
    [list_id] = {credential.status_list for credential in desk.store.credentials_of("anna")}
    record = desk.store.status_list(list_id)
    assert record is not None
    assert record.reserved == 256


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
        expired.issuer.metadata.signed_issuer()
    assert wallet.issue(tokens, proofs=proofs, dpop=dpop).credentials


def test_a_credential_ends_no_later_than_its_certificate(desk, wallet, tokens):
    pki = make_pki(replace(LEAF, not_after=NOW + 5 * DAY), key=desk.pki.signer)
    ending = desk.with_context(signing=IssuerSigner(pki.signer, pki.x5c))
    [raw] = TestWallet(ending, wallet.key).issue(tokens).credentials
    exchange = format_of("dc+sd-jwt").verify_issued(raw, anchors=pki.anchors, now=NOW)
    assert run(exchange, perform=lambda _: None).expires_at == NOW + 5 * DAY


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


@pytest.mark.parametrize(
    ("event", "state"),
    [("credential_accepted", "valid"), ("credential_failure", "revoked"), ("credential_deleted", "revoked")],
)
def test_a_notification_decides_what_becomes_of_a_batch(desk, wallet, tokens, event, state):
    """T135: repeats change nothing"""
    notification_id = wallet.issue(tokens).notification_id or ""
    wallet.notify(tokens, notification_id, event)
    for repeated in (event, "credential_failure" if event == "credential_accepted" else "credential_accepted"):
        wallet.notify(tokens, notification_id, repeated)
        assert [str(credential.state) for credential in desk.store.credentials_of("anna")] == [state]


def test_a_notification_belongs_to_the_wallet_that_got_its_id(desk, wallet, tokens):
    """T135"""
    notification_id = wallet.issue(tokens).notification_id or ""
    stranger = TestWallet(desk, seeded_key(99))
    others = stranger.redeem(desk.offer())
    for asker, asked in ((stranger, others), (wallet, tokens)):
        with pytest.raises(InvalidNotificationId):
            asker.notify(asked, "x", "credential_failure")
    with pytest.raises(InvalidNotificationId):
        stranger.notify(others, notification_id, "credential_failure")
    with pytest.raises(InvalidToken):
        stranger.notify(tokens, notification_id, "credential_failure")
    assert [credential.state for credential in desk.store.credentials_of("anna")] == [CredentialState.VALID]


def test_nonces_need_no_storing(desk):
    """T136"""
    nonces = {desk.issuer.credentials.nonce() for _ in range(500)}
    assert len(nonces) == 500
    with desk.store.database.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM spent_values").scalar() == 0


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
