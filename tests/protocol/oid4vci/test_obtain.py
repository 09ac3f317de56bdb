from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

import pytest

from protocol.errors import InvalidCredentialRequest, InvalidRequest, Unreachable
from protocol.oauth.authorization import CredentialDetail
from protocol.oid4vci.client import IssuanceDeferred, IssuerRefused
from protocol.oid4vci.credential import DeferredIssuance
from protocol.oid4vci.notification import ACCEPTED, NotificationRequest
from protocol.oid4vci.obtain import (
    IssuerContact,
    fetch_credentials,
    fetch_nonce,
    fetch_tokens,
    push_request,
    request_credentials,
    send_notification,
)
from protocol.oid4vci.proof import verify_proof
from protocol.oid4vci.token import (
    CredentialAuthorization,
    PreAuthorizedCodeGrant,
    RefreshTokenGrant,
    TokenRequest,
    TokenResponse,
)
from tests.protocol.oid4vci.peer import Peer, answer, body, client, dpop, form, header, refusal
from tests.protocol.oid4vci.samples import HOLDER, ISSUER, METADATA, PID, SERVER, STRANGER
from tests.support.pki import NOW

CONTACT = IssuerContact(METADATA, SERVER, None)
TOKENS = TokenResponse("t0ken", "DPoP", 600)
REQUEST = TokenRequest(PreAuthorizedCodeGrant("c0de", "123456"))
CREDENTIALS = {"credentials": [{"credential": "a.b.c~"}], "notification_id": "n0te"}
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
NONCE = answer({"c_nonce": "n0nce"})


def ask(contact=CONTACT, names=("pid",), **more):
    return request_credentials(
        contact,
        names,
        client_id="wallet",
        redirect_uri="https://wallet.example/cb",
        code_verifier=VERIFIER,
        state="st4te",
        **more,
    )


def fetch(peer, *, contact=CONTACT, tokens=TOKENS, keys=(HOLDER,), sender=None, **more):
    return peer.run(fetch_credentials(contact, tokens, "pid", keys, sender or client(), **more))


def proofs(request):
    """What a credential request proves, verified as an issuer does."""
    texts = body(request)["proofs"]["jwt"]
    return [verify_proof(text, audience=ISSUER, now=NOW) for text in texts]


def test_a_code_is_traded_for_tokens_that_are_bound_to_our_key():
    peer = Peer(
        token=[refusal("use_dpop_nonce", dpop_nonce="n1"), answer({"access_token": "t0ken", "token_type": "DPoP"})]
    )
    assert peer.run(fetch_tokens(CONTACT, REQUEST, client())) == TokenResponse("t0ken", "DPoP")
    assert [dpop(request).nonce for request in peer.asked("token")] == [None, "n1"]
    assert [form(request) for request in peer.requests] == [REQUEST.to_form()] * 2


def test_a_refresh_token_is_traded_as_well():
    peer = Peer(token=[answer({"access_token": "t2", "token_type": "dpop", "refresh_token": "r2"})])
    tokens = peer.run(fetch_tokens(CONTACT, TokenRequest(RefreshTokenGrant("r1"), "wallet"), client()))
    assert (tokens.access_token, tokens.token_type, tokens.refresh_token) == ("t2", "DPoP", "r2")
    assert form(peer.requests[0]) == {"grant_type": "refresh_token", "refresh_token": "r1", "client_id": "wallet"}


@pytest.mark.parametrize(
    "response",
    [
        answer({"access_token": "t", "token_type": "Bearer"}),
        answer({"access_token": "t", "token_type": "bearer"}),
        answer({"access_token": "t"}),
        answer({"access_token": "t", "token_type": "DPoP", "expires_in": -1}),
        answer({"access_token": "t\r\nx: y", "token_type": "DPoP"}),
        answer({"token_type": "DPoP"}),
        answer(b"[]"),
        answer(b"{"),
        answer(b"access_token=t&token_type=DPoP", media_type="application/x-www-form-urlencoded"),
        answer({"access_token": "t", "token_type": "DPoP"}, media_type="text/html"),
    ],
    ids=[
        "bearer",
        "bearer in small letters",
        "no type",
        "negative lifetime",
        "line break",
        "no token",
        "no object",
        "truncated",
        "form",
        "HTML",
    ],
)
def test_tokens_that_anybody_could_use_or_nobody_can_read_are_refused(response):
    """T153, T212."""
    peer = Peer(token=[response])
    with pytest.raises(InvalidRequest):
        peer.run(fetch_tokens(CONTACT, REQUEST, client()))
    assert len(peer.requests) == 1


@pytest.mark.parametrize("code", ["invalid_grant", "invalid_request", "invalid_client", "invalid_dpop_proof"])
def test_the_server_s_reason_is_told(code):
    peer = Peer(token=[refusal(code)])
    with pytest.raises(IssuerRefused) as refused:
        peer.run(fetch_tokens(CONTACT, REQUEST, client()))
    assert (refused.value.reason, refused.value.http_status, len(peer.requests)) == (code, 400, 1)


@pytest.mark.parametrize("status", [429, 500, 503])
@pytest.mark.parametrize("name", ["par", "token", "nonce", "credential"])
def test_a_server_that_is_out_of_order_can_be_tried_again(name, status):
    working = {"nonce": [NONCE], "token": [], "par": [], "credential": []}
    peer = Peer(**{**working, name: [refusal("server_error", status)]})
    exchanges = {
        "par": push_request(CONTACT, ask()),
        "token": fetch_tokens(CONTACT, REQUEST, client()),
        "nonce": fetch_nonce(CONTACT, client()),
        "credential": fetch_credentials(CONTACT, TOKENS, "pid", (HOLDER,), client()),
    }
    with pytest.raises(Unreachable):
        peer.run(exchanges[name])
    assert len(peer.asked(name)) == 1


def test_credentials_are_asked_for_by_scope():
    """HAIP 1.0 §4.2, and one scope may stand for several credentials."""
    metadata = replace(METADATA, configurations={"pid": PID, "again": PID, "card": replace(PID, scope="card")})
    request = ask(replace(CONTACT, issuer=metadata), ("pid", "again", "card"), issuer_state="i")
    assert (request.scope, request.authorization_details, request.issuer_state) == ("pid card", (), "i")
    assert (request.state, request.client_id, request.resource) == ("st4te", "wallet", None)
    assert request.code_challenge == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_what_has_no_scope_is_asked_for_by_details():
    """OID4VCI 1.0 §12.2.4: then it is the only way."""
    metadata = replace(METADATA, configurations={"pid": PID, "card": replace(PID, scope=None)})
    request = ask(replace(CONTACT, issuer=metadata), ("pid", "card"))
    assert request.scope is None
    assert request.authorization_details == (CredentialDetail("pid"), CredentialDetail("card"))
    without = replace(SERVER, authorization_details_types_supported=())
    with pytest.raises(InvalidRequest):
        ask(IssuerContact(metadata, without, None), ("pid", "card"))


@pytest.mark.parametrize("scope", ["pid", None])
def test_a_server_of_several_issuers_is_told_for_which(scope):
    """OID4VCI 1.0 §5.1.1, §5.1.2."""
    metadata = replace(
        METADATA,
        authorization_servers=("https://login.example",),
        configurations={"pid": replace(PID, scope=scope)},
    )
    request = ask(replace(CONTACT, issuer=metadata))
    assert request.resource == ISSUER
    assert request.authorization_details == (() if scope else (CredentialDetail("pid", locations=(ISSUER,)),))


def test_a_request_is_pushed_and_the_browser_gets_its_reference():
    """T096: nothing but the client and the reference goes through the browser."""
    reference = "urn:ietf:params:oauth:request_uri:6esc_11ACC5bwc014ltc14eY22c"
    peer = Peer(par=[answer({"request_uri": reference, "expires_in": 60}, 201)])
    url = peer.run(push_request(CONTACT, ask()))
    assert form(peer.requests[0]) == ask().to_form()
    assert url.startswith(f"{ISSUER}/authorize?")
    assert parse_qsl(urlsplit(url).query) == [("client_id", "wallet"), ("request_uri", reference)]


def test_the_query_of_the_login_page_stays():
    server = replace(SERVER, authorization_endpoint=f"{ISSUER}/authorize?tenant=a")
    peer = Peer(par=[answer({"request_uri": "urn:x", "expires_in": 60}, 201)])
    url = peer.run(push_request(IssuerContact(METADATA, server, None), ask()))
    assert url == f"{ISSUER}/authorize?tenant=a&client_id=wallet&request_uri=urn%3Ax"


@pytest.mark.parametrize(
    "change",
    [
        {"pushed_authorization_request_endpoint": None},
        {"authorization_endpoint": None},
        {"code_challenge_methods_supported": ()},
        {"code_challenge_methods_supported": ("plain",)},
    ],
)
def test_a_login_that_is_not_safe_enough_is_not_begun(change):
    """T094: no downgrade."""
    peer = Peer(par=[])
    with pytest.raises(InvalidRequest):
        peer.run(push_request(replace(CONTACT, server=replace(SERVER, **change)), ask()))
    assert peer.requests == []


@pytest.mark.parametrize(
    "response", [answer({}, 201), answer({"request_uri": "urn:x"}, 201), answer(b"x", 201), refusal("invalid_scope")]
)
def test_a_push_that_gives_no_reference_is_refused(response):
    with pytest.raises(InvalidRequest):
        Peer(par=[response]).run(push_request(CONTACT, ask()))


def test_a_credential_is_fetched_for_each_key_with_one_nonce():
    peer = Peer(nonce=[NONCE], credential=[answer(CREDENTIALS)])
    response = fetch(peer, keys=(HOLDER, STRANGER), client_id="wallet")
    assert (response.credentials, response.notification_id) == (("a.b.c~",), "n0te")
    (request,) = peer.asked("credential")
    assert dpop(request, "t0ken").nonce is None
    assert body(request)["credential_configuration_id"] == "pid"
    assert [(p.key, p.nonce, p.issuer) for p in proofs(request)] == [
        (HOLDER.public_key, "n0nce", "wallet"),
        (STRANGER.public_key, "n0nce", "wallet"),
    ]
    assert [(r.method, r.body, header(r, "authorization")) for r in peer.asked("nonce")] == [("POST", b"", None)]


def test_the_nonce_endpoint_may_give_the_dpop_nonce_too():
    """OID4VCI 1.0 §7.2: it is for the credential endpoint, wherever that is."""
    metadata = replace(METADATA, nonce_endpoint="https://nonces.example/")
    peer = Peer(credential=[answer(CREDENTIALS)])
    peer.answers["https://nonces.example/"] = [answer({"c_nonce": "n0nce"}, dpop_nonce="n1")]
    fetch(peer, contact=replace(CONTACT, issuer=metadata))
    assert [dpop(request, "t0ken").nonce for request in peer.asked("credential")] == ["n1"]


def test_an_issuer_without_nonces_gets_proofs_without():
    peer = Peer(credential=[answer(CREDENTIALS)])
    fetch(peer, contact=replace(CONTACT, issuer=replace(METADATA, nonce_endpoint=None)))
    assert [p.nonce for p in proofs(peer.requests[0])] == [None]


def test_what_is_bound_to_no_key_needs_neither_nonce_nor_proof():
    peer = Peer(credential=[answer(CREDENTIALS)])
    fetch(peer, keys=())
    assert [body(request) for request in peer.requests] == [{"credential_configuration_id": "pid"}]


@pytest.mark.parametrize(("size", "sent"), [(None, 1), (2, 2), (10, 3)])
def test_no_more_keys_are_proven_than_the_issuer_takes(size, sent):
    """T125."""
    peer = Peer(nonce=[NONCE], credential=[answer(CREDENTIALS)])
    contact = replace(CONTACT, issuer=replace(METADATA, batch_size=size))
    fetch(peer, contact=contact, keys=(HOLDER, STRANGER, HOLDER))
    assert len(proofs(peer.asked("credential")[0])) == sent


def test_a_nonce_that_is_not_good_any_more_is_replaced():
    nonces = [answer({"c_nonce": f"n{number}"}) for number in (1, 2)]
    peer = Peer(nonce=nonces, credential=[refusal("invalid_nonce"), answer(CREDENTIALS)])
    assert fetch(peer).notification_id == "n0te"
    assert [proofs(request)[0].nonce for request in peer.asked("credential")] == ["n1", "n2"]


def test_an_issuer_that_wants_another_nonce_for_ever_is_left():
    """T154: its kind; two retries, then an end."""
    peer = Peer(nonce=[NONCE], credential=[refusal("invalid_nonce")])
    with pytest.raises(IssuerRefused) as refused:
        fetch(peer)
    assert refused.value.reason == "invalid_nonce"
    assert (len(peer.asked("credential")), len(peer.asked("nonce"))) == (3, 3)


def test_an_issuer_that_wants_another_dpop_nonce_for_ever_is_left():
    """T154."""
    challenge = {"www_authenticate": 'DPoP error="use_dpop_nonce"', "dpop_nonce": "n"}
    peer = Peer(nonce=[NONCE], credential=[refusal("use_dpop_nonce", 401, **challenge)])
    with pytest.raises(Unreachable):
        fetch(peer)
    assert len(peer.asked("credential")) == 3


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (refusal("invalid_proof"), "invalid_proof"),
        (refusal("credential_request_denied"), "credential_request_denied"),
        (refusal("invalid_nonce", 403), "invalid_nonce"),
        (refusal("invalid_token", 401, www_authenticate='DPoP error="invalid_token"'), "invalid_token"),
        (answer(b"<html>", 404, media_type="text/html"), "status 404"),
    ],
)
def test_the_issuer_s_reason_is_told_and_it_is_not_asked_again(response, reason):
    peer = Peer(nonce=[NONCE], credential=[response])
    with pytest.raises(IssuerRefused) as refused:
        fetch(peer)
    assert (refused.value.reason, len(peer.asked("credential"))) == (reason, 1)


@pytest.mark.parametrize(
    "response",
    [
        answer({}),
        answer({"credentials": []}),
        answer({"credential": "a.b.c~"}),
        answer(b"{"),
        answer(CREDENTIALS, media_type="text/html"),
        answer(b"a.b.c.d.e", media_type="application/jwt"),
        answer({"transaction_id": "t"}, 202),
        answer(CREDENTIALS, 202),
    ],
)
def test_an_answer_that_breaks_its_shape_is_refused(response):
    """T212."""
    with pytest.raises(InvalidRequest):
        fetch(Peer(nonce=[NONCE], credential=[response]))


def test_an_issuer_that_needs_time_is_told_from_one_that_refuses():
    """T155."""
    peer = Peer(nonce=[NONCE], credential=[answer({"transaction_id": "8xLOxBtZp8", "interval": 0}, 202)])
    with pytest.raises(IssuanceDeferred) as later:
        fetch(peer)
    assert later.value.deferred == DeferredIssuance("8xLOxBtZp8", 5)
    assert (later.value.reason, later.value.http_status) == ("issuance_pending", 202)


@pytest.mark.parametrize(
    "response",
    [answer({}), answer({"c_nonce": ""}), answer({"c_nonce": 7}), answer({"c_nonce": "x" * 1025}), answer(b"")],
)
def test_a_nonce_that_is_none_is_refused(response):
    peer = Peer(nonce=[response], credential=[])
    with pytest.raises(InvalidRequest):
        fetch(peer)
    assert peer.asked("credential") == []


DETAILS = (
    CredentialAuthorization("card", ("card-1",)),
    CredentialAuthorization("pid", ("pid-1", "pid-2")),
)


@pytest.mark.parametrize(("picked", "asked"), [(None, "pid-1"), ("pid-1", "pid-1"), ("pid-2", "pid-2")])
def test_identifiers_must_be_used_where_there_are_some(picked, asked):
    """OID4VCI 1.0 §8.2."""
    peer = Peer(nonce=[NONCE], credential=[answer(CREDENTIALS)])
    fetch(peer, tokens=replace(TOKENS, authorization_details=DETAILS), credential_identifier=picked)
    request = body(peer.asked("credential")[0])
    assert request["credential_identifier"] == asked
    assert "credential_configuration_id" not in request


def test_where_the_server_gave_none_the_configuration_is_named():
    """OID4VCI 1.0 §8.2."""
    peer = Peer(nonce=[NONCE], credential=[answer(CREDENTIALS)])
    fetch(peer, tokens=replace(TOKENS, authorization_details=(CredentialAuthorization("pid"),)))
    assert body(peer.asked("credential")[0])["credential_configuration_id"] == "pid"


@pytest.mark.parametrize(
    ("details", "picked"), [(DETAILS[:1], None), (DETAILS, "card-1"), (DETAILS, "pid-3"), ((), "pid-1")]
)
def test_what_the_token_does_not_cover_is_not_asked_for(details, picked):
    peer = Peer(nonce=[], credential=[])
    with pytest.raises(InvalidCredentialRequest):
        fetch(peer, tokens=replace(TOKENS, authorization_details=details), credential_identifier=picked)
    assert peer.requests == []


@pytest.mark.parametrize(("response", "noted"), [(answer(b"", 204), True), (answer({}), True), (refusal("x"), False)])
def test_the_issuer_is_told_what_became_of_a_batch(response, noted):
    told = NotificationRequest("n0te", ACCEPTED)
    peer = Peer(notification=[response])
    assert peer.run(send_notification(CONTACT, TOKENS, told, client())) is noted
    (request,) = peer.requests
    assert body(request) == told.to_dict()
    assert dpop(request, "t0ken").key == client().signer.public_key


def test_an_issuer_that_does_not_want_to_know_is_not_told():
    peer = Peer()
    contact = replace(CONTACT, issuer=replace(METADATA, notification_endpoint=None))
    assert not peer.run(send_notification(contact, TOKENS, NotificationRequest("n0te", ACCEPTED), client()))
    assert peer.requests == []
