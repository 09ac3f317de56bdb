"""Pushed requests and the login, from the wallet's push to the address with the code."""

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from issuer.service.authorization import LETTER_ALPHABET, letter_digest
from issuer.service.offers import GrantKind
from issuer.session.login import UsedLetterCode, WrongLetterCode
from protocol.errors import (
    CredentialRequestDenied,
    InvalidAuthorizationDetails,
    InvalidDpopProof,
    InvalidGrant,
    InvalidRequest,
    InvalidRequestUri,
    InvalidScope,
    UseDpopNonce,
)
from protocol.oauth.authorization import AuthorizationRequest, AuthorizationResponse, CredentialDetail
from protocol.oauth.pkce import code_challenge
from tests.support.issuer import ACTOR, CLIENT_ID, IDENTIFIER, REDIRECT_URI, VERIFIER, TestWallet
from tests.support.pki import seeded_key

STATE = "state & more/=?"
REQUEST = AuthorizationRequest(CLIENT_ID, REDIRECT_URI, code_challenge(VERIFIER), state=STATE, scope="member")


@pytest.fixture
def letter(desk):
    return write_letter(desk)


def write_letter(desk, subject="anna"):
    return desk.run(desk.issuer.authorization.write_letter(subject, ACTOR))


def push(desk, request=REQUEST, dpop=None):
    return desk.run(desk.issuer.authorization.push(request, dpop)).request_uri


def visit(desk, request_uri, browser="browser", client_id=CLIENT_ID):
    return desk.run(desk.issuer.authorization.visit(client_id, request_uri, browser))


def log_in(desk, request_uri, letter, browser="browser"):
    return desk.run(desk.issuer.authorization.log_in(request_uri, browser, letter))


def opened(desk, request=REQUEST, dpop=None):
    request_uri = push(desk, request, dpop)
    visit(desk, request_uri)
    return request_uri


def code_of(address):
    return AuthorizationResponse.from_redirect(address, issuer=IDENTIFIER, state=STATE).code or ""


def test_a_login_leads_to_a_credential(desk, letter):
    address = log_in(desk, opened(desk), letter)
    assert address.startswith(f"{REDIRECT_URI}?")
    wallet = TestWallet(desk, client_id=CLIENT_ID)
    tokens = wallet.redeem_authorization_code(code_of(address))
    assert tokens.authorization_details == ()
    assert wallet.issue(tokens).credentials
    assert [credential.subject for credential in desk.store.credentials_of("anna")] == ["anna"]


def test_the_answer_says_who_answers_and_returns_the_state_byte_for_byte(desk, letter):
    """T099"""
    query = parse_qs(urlsplit(log_in(desk, opened(desk), letter)).query)
    assert (query["iss"], query["state"]) == ([IDENTIFIER], [STATE])


def test_a_request_without_state_is_answered_without(desk, letter):
    query = parse_qs(urlsplit(log_in(desk, opened(desk, replace(REQUEST, state=None)), letter)).query)
    assert set(query) == {"code", "iss"}


def test_a_refusal_says_who_answers_too(desk):
    """T099"""
    address = desk.run(desk.issuer.authorization.cancel(opened(desk), "browser"))
    answer = AuthorizationResponse.from_redirect(address, issuer=IDENTIFIER, state=STATE)
    assert (answer.code, answer.error) == (None, "access_denied")


def test_only_the_browser_of_the_login_may_refuse_and_only_in_time(desk):
    """T116"""
    request_uri = opened(desk)
    with pytest.raises(InvalidRequestUri):
        desk.run(desk.issuer.authorization.cancel(request_uri, "another"))
    desk.clock.move(300)
    with pytest.raises(InvalidRequestUri):
        desk.run(desk.issuer.authorization.cancel(request_uri, "browser"))
    with pytest.raises(InvalidRequestUri):
        desk.run(desk.issuer.authorization.cancel("urn:ietf:params:oauth:request_uri:none", "browser"))


@pytest.mark.parametrize(
    "redirect_uri",
    [
        "https://evil.example/cb",
        "https://wallet.example/cb/sub",
        "https://wallet.example/cb?x=1",
        "https://wallet.example@evil.example/cb",
        "javascript:alert(1)",
        "http://localhost:8765/callback",
        "http://127.0.0.1/callback",
        "http://127.0.0.1:8765@evil.example/",
        "http://user@127.0.0.1:8765/",
        "http://127.0.0.1.evil.example:8765/",
        "http://127.0.0.1:8765/#part",
        "http://127.0.0.1:8765\\.evil.example/",
        "http://127.0.0.1:8765/\r\nset-cookie:x=1",
        "http://127.0.0.1:99999/",
        "https://127.0.0.1:8765/",
        "//127.0.0.1:8765/",
    ],
)
def test_a_code_is_sent_nowhere_else(desk, redirect_uri):
    """T097"""
    desk = desk.with_policy(redirect_uris=("https://wallet.example/cb",))
    with pytest.raises(InvalidRequest, match="redirect_uri"):
        push(desk, replace(REQUEST, redirect_uri=redirect_uri))


@pytest.mark.parametrize(
    "redirect_uri", ["https://wallet.example/cb", "http://127.0.0.1:1/", "http://[::1]:8080/a?b=c", REDIRECT_URI]
)
def test_a_code_is_sent_to_known_addresses_and_to_loopback(desk, redirect_uri):
    """T097, RFC 8252 §7.3"""
    desk = desk.with_policy(redirect_uris=("https://wallet.example/cb",))
    assert push(desk, replace(REQUEST, redirect_uri=redirect_uri))


def test_unknown_scopes_are_ignored_unless_nothing_is_left(desk):
    """OID4VCI 1.0 §5.1.2"""
    request_uri = push(desk, replace(REQUEST, scope="openid badge other member"))
    assert visit(desk, request_uri).configuration_ids == ("member", "badge")
    for scope in ("openid", "", None):
        with pytest.raises(InvalidScope):
            push(desk, replace(REQUEST, scope=scope))


def test_details_are_answered_by_details(desk, letter):
    details = (CredentialDetail("badge"), CredentialDetail("badge"))
    address = log_in(desk, opened(desk, replace(REQUEST, authorization_details=details)), letter)
    wallet = TestWallet(desk, client_id=CLIENT_ID)
    tokens = wallet.redeem_authorization_code(code_of(address))
    [detail] = tokens.authorization_details
    assert (detail.credential_configuration_id, detail.credential_identifiers) == ("badge", ("badge",))
    assert wallet.issue(tokens, None, identifier="badge").credentials
    assert wallet.issue(tokens, "member").credentials, "the scope counts by itself"


def test_unknown_details_are_refused(desk):
    with pytest.raises(InvalidAuthorizationDetails):
        push(desk, replace(REQUEST, authorization_details=(CredentialDetail("diploma"),)))


def test_a_request_belongs_to_the_client_that_pushed_it(desk):
    """T095"""
    with pytest.raises(InvalidRequest):
        visit(desk, push(desk), client_id="other")


def test_an_unknown_expired_or_finished_request_is_not_continued(desk, letter):
    """T095"""
    with pytest.raises(InvalidRequestUri):
        visit(desk, "urn:ietf:params:oauth:request_uri:none")
    expired, finished = opened(desk), opened(desk)
    log_in(desk, finished, letter)
    with pytest.raises(InvalidRequest):
        visit(desk, finished)
    desk.clock.move(300)
    with pytest.raises(InvalidRequest):
        visit(desk, expired)
    with pytest.raises(InvalidRequest):
        log_in(desk, expired, write_letter(desk))


def test_another_browser_gets_nowhere(desk, letter):
    """T116"""
    request_uri = opened(desk)
    with pytest.raises(InvalidRequest):
        visit(desk, request_uri, browser="another")
    with pytest.raises(InvalidRequest):
        log_in(desk, request_uri, letter, browser="another")
    assert log_in(desk, request_uri, letter), "what another browser tried must not use up the letter"


def test_wrong_letter_codes_are_counted_and_end_the_request(desk, letter):
    """T232"""
    request_uri = opened(desk)
    for left in (4, 3, 2, 1, 0):
        with pytest.raises(WrongLetterCode) as refusal:
            log_in(desk, request_uri, "ABCD-EFGH-JKLM-NPQR")
        assert refusal.value.tries_left == left
    with pytest.raises(InvalidRequest):
        log_in(desk, request_uri, letter)
    assert log_in(desk, opened(desk), letter), "guessing at one request must not lock out the person"


def test_a_letter_code_is_good_once(desk, letter):
    """T119"""
    first = opened(desk)
    address = log_in(desk, first, letter)
    assert log_in(desk, first, letter) == address, "a second click leads to the same place"
    second = opened(desk)
    with pytest.raises(UsedLetterCode):
        log_in(desk, second, letter)
    assert log_in(desk, second, write_letter(desk)), "the login stays open for a good code"


def test_the_code_of_a_login_differs_for_each_request(desk):
    codes = {code_of(log_in(desk, opened(desk), write_letter(desk))) for _ in range(5)}
    assert len(codes) == 5


def test_a_letter_code_ends_after_its_time(desk, letter):
    desk.clock.move(30 * 86_400)
    with pytest.raises(WrongLetterCode):
        log_in(desk, opened(desk), letter)


def test_a_letter_code_may_be_typed_as_people_type(desk, letter):
    request_uri = opened(desk)
    assert log_in(desk, request_uri, f"  {letter.lower().replace('-', ' ')} ")


def test_letter_codes_are_long_and_kept_as_digests(desk):
    """T117"""
    letters = [write_letter(desk) for _ in range(30)]
    assert len(set(letters)) == 30
    assert all(set(letter) <= {*LETTER_ALPHABET, "-"} and len(letter) == 19 for letter in letters)
    with desk.store.database.reading() as connection:
        kept = str(connection.exec_driver_sql("SELECT * FROM letter_codes").all())
    assert not [letter for letter in letters if letter in kept or letter.replace("-", "") in kept]
    assert letter_digest(letters[-1]) in kept


def test_a_new_letter_ends_the_code_of_the_one_before(desk, letter):
    newer = write_letter(desk)
    with pytest.raises(WrongLetterCode):
        log_in(desk, opened(desk), letter)
    assert log_in(desk, opened(desk), newer)


def test_nobody_gets_a_letter_whom_the_register_does_not_know(desk):
    with pytest.raises(CredentialRequestDenied):
        write_letter(desk, "clara")


@pytest.fixture
def invitation(desk):
    return desk.offer("member", grant=GrantKind.AUTHORIZATION_CODE)


def test_an_invited_person_logs_in_and_the_offer_knows(desk, invitation, letter):
    request = replace(REQUEST, issuer_state=invitation.offer.issuer_state)
    request_uri = opened(desk, request)
    assert desk.run(desk.issuer.offers.state(invitation.id)) == "opened"
    wallet = TestWallet(desk, client_id=CLIENT_ID)
    wallet.issue(wallet.redeem_authorization_code(code_of(log_in(desk, request_uri, letter))))
    assert desk.run(desk.issuer.offers.state(invitation.id)) == "issued"


def test_nobody_else_logs_in_to_an_invitation(desk, invitation):
    """T116"""
    request_uri = opened(desk, replace(REQUEST, issuer_state=invitation.offer.issuer_state))
    letter = write_letter(desk, "bodo")
    with pytest.raises(WrongLetterCode):
        log_in(desk, request_uri, letter)
    assert log_in(desk, opened(desk), letter), "a letter that was not right here must stay good"


def test_an_invitation_covers_only_what_was_offered(desk, invitation):
    """T116"""
    state = invitation.offer.issuer_state
    for _ in range(2):
        with pytest.raises(InvalidRequest):
            push(desk, replace(REQUEST, issuer_state=state, scope="member badge"))
        push(desk, replace(REQUEST, issuer_state=state))


@pytest.mark.parametrize("state", ["x", ""])
def test_an_unknown_issuer_state_is_refused(desk, state):
    """T116"""
    with pytest.raises(InvalidRequest):
        push(desk, replace(REQUEST, issuer_state=state))


def test_a_wallet_that_pushes_again_leaves_the_request_before_behind(desk, invitation, letter):
    """T095"""
    request = replace(REQUEST, issuer_state=invitation.offer.issuer_state)
    first, second = opened(desk, request), push(desk, request)
    with pytest.raises(InvalidRequestUri):
        visit(desk, first)
    visit(desk, second, browser="new")
    assert log_in(desk, second, letter, browser="new")


def test_a_withdrawn_invitation_is_over_at_the_login_too(desk, invitation, letter):
    """T112"""
    request_uri = opened(desk, replace(REQUEST, issuer_state=invitation.offer.issuer_state))
    desk.run(desk.issuer.offers.withdraw(invitation.id, ACTOR))
    with pytest.raises(InvalidRequest):
        log_in(desk, request_uri, letter)


def test_a_code_can_be_bound_to_a_key_when_it_is_asked_for(desk):
    """RFC 9449 §10: by thumbprint, by a proof, or both"""
    wallet = TestWallet(desk, client_id=CLIENT_ID)
    stranger = TestWallet(desk, seeded_key(99), CLIENT_ID)
    told = replace(REQUEST, dpop_jkt=wallet.key.public_key.thumbprint())
    url = desk.issuer.context.endpoints.pushed_authorization_request
    for request, dpop in ((told, None), (REQUEST, wallet.dpop(url)), (told, wallet.dpop(url))):
        code = code_of(log_in(desk, opened(desk, request, dpop), write_letter(desk)))
        with pytest.raises(InvalidGrant):
            stranger.redeem_authorization_code(code)
        assert wallet.redeem_authorization_code(code).token_type == "DPoP"


def test_a_pushed_proof_must_hold(desk):
    """T100, T101"""
    wallet = TestWallet(desk)
    url = desk.issuer.context.endpoints.pushed_authorization_request
    told = replace(REQUEST, dpop_jkt=seeded_key(99).public_key.thumbprint())
    for request, dpop in ((REQUEST, "x"), (REQUEST, wallet.token_dpop()), (told, wallet.dpop(url))):
        with pytest.raises(InvalidDpopProof):
            push(desk, request, dpop)
    with pytest.raises(UseDpopNonce):
        push(desk, dpop=wallet.dpop(url, nonce=None))
    proof = wallet.dpop(url)
    push(desk, dpop=proof)
    with pytest.raises(InvalidDpopProof):
        push(desk, dpop=proof)


def test_pushed_requests_of_strangers_are_soon_forgotten(desk):
    """T244"""
    for _ in range(5):
        push(desk)
    desk.clock.move(2 * 3600)
    assert desk.sweep() == 5


def test_a_redeemed_login_is_remembered_as_long_as_its_tokens(desk, letter):
    wallet = TestWallet(desk, client_id=CLIENT_ID)
    tokens = wallet.redeem_authorization_code(code_of(log_in(desk, opened(desk), letter)))
    desk.clock.move(89 * 86_400)
    desk.sweep()
    tokens = wallet.renew(tokens)
    desk.clock.move(2 * 86_400)
    desk.sweep()
    with pytest.raises(InvalidGrant):
        wallet.renew(tokens)


def test_automatic_login_is_for_tests_and_for_the_invited(desk, invitation):
    request_uri = opened(desk, replace(REQUEST, issuer_state=invitation.offer.issuer_state))
    with pytest.raises(InvalidRequest):
        desk.run(desk.issuer.authorization.let_in(request_uri, "browser"))
    automatic = desk.with_context(automatic_login=True)
    assert code_of(automatic.run(automatic.issuer.authorization.let_in(request_uri, "browser")))
    with pytest.raises(WrongLetterCode):
        automatic.run(automatic.issuer.authorization.let_in(opened(desk), "browser"))
