"""Receiving by login in the browser."""

from dataclasses import replace
from urllib.parse import parse_qsl, quote, urlsplit

import pytest

from protocol.encoding import JsonObject, read_json
from protocol.errors import InvalidRequest
from protocol.exchange import HttpResponse
from protocol.jws import Jws
from protocol.oauth.pkce import code_challenge
from protocol.oid4vci.credential import CredentialRequest
from tests.wallet.counterpart_agency import AGENCY, PID, Agency
from tests.wallet.counterparts import World

REDIRECT = "http://127.0.0.1:40000/callback"


def begun(world):
    """A login that waits for the browser, with the offer that it is for."""
    offer = world.agency.offer(pre_authorized_code=None, authorization_code=True, issuer_state="s1")
    seen = world.run(world.wallet.receiving.look(offer))
    assert seen.consent.needs_login
    return seen, world.run(world.wallet.login.begin(seen, REDIRECT))


def forms(world, path):
    """The forms that were posted to a path."""
    return [dict(parse_qsl(r.body.decode())) for r in world.agency.seen if urlsplit(r.url).path == path]


def returned(state, issuer=AGENCY, code="code-2"):
    return f"{REDIRECT}?code={code}&state={state}&iss={quote(issuer, safe='')}"


def test_a_login_leads_to_a_credential(world):
    seen, login = begun(world)
    [pushed] = forms(world, "/par")
    assert urlsplit(login.url).path == "/authorize"
    assert dict(parse_qsl(urlsplit(login.url).query))["request_uri"] == "urn:ietf:params:oauth:request_uri:1"
    assert pushed["code_challenge"] == code_challenge(login.code_verifier)
    assert (pushed["code_challenge_method"], pushed["redirect_uri"]) == ("S256", REDIRECT)
    assert (pushed["scope"], pushed["issuer_state"], pushed["state"]) == ("pid", "s1", login.state)
    pending = world.run(world.wallet.login.finish(seen, login, returned(login.state)))
    [form] = forms(world, "/token")
    assert (form["code"], form["code_verifier"]) == ("code-2", login.code_verifier)
    assert (form["redirect_uri"], form["client_id"]) == (REDIRECT, "test-wallet")
    arrived = world.run(world.wallet.receiving.fetch(pending))
    assert len(world.run(world.wallet.receiving.keep(arrived))) == 1
    request = read_json(next(r for r in world.agency.seen if r.url.endswith("/credential")).body, "request")
    proof = Jws.from_compact(CredentialRequest.from_dict(request).proofs[0], "proof").peek_claims("proof")
    assert proof.text("iss") == "test-wallet"


def test_the_secrets_of_a_login_are_not_printed(world):
    _, login = begun(world)
    assert login.state not in repr(login)
    assert login.code_verifier not in repr(login)


def test_every_login_has_secrets_of_its_own(world):
    (_, one), (_, other) = begun(world), begun(world)
    assert one.state != other.state
    assert one.code_verifier != other.code_verifier


@pytest.mark.parametrize(
    "spoil",
    [
        lambda state: returned(state, issuer="https://other.example"),
        lambda state: returned(state + "x"),
        lambda state: f"{REDIRECT}?code=code-2&state={state}",
        lambda state: f"{REDIRECT}?code=code-2&iss={quote(AGENCY, safe='')}",
        lambda state: returned(state) + "&code=other",
        lambda state: returned(state) + f"&state={state}",
        lambda state: f"{REDIRECT}?error=access_denied&state={state}&iss={quote(AGENCY, safe='')}",
        lambda state: f"{REDIRECT}?state={state}&iss={quote(AGENCY, safe='')}",
        lambda state: REDIRECT,
        lambda state: "",
    ],
)
def test_an_answer_that_is_not_of_this_login_ends_it(world, spoil):
    """T149: the code goes to nobody."""
    seen, login = begun(world)
    with pytest.raises(InvalidRequest):
        world.run(world.wallet.login.finish(seen, login, spoil(login.state)))
    assert forms(world, "/token") == []
    assert world.vault.pending() == ()
    assert [action for action, _ in world.actions()] == ["failed"]


def test_a_login_page_on_this_machine_is_not_opened(vault):
    """T163: in production nothing of this machine is called, by the browser neither."""
    page: JsonObject = {"authorization_endpoint": "http://printer.localhost:631/admin"}
    world = World(vault, Agency(server_changes=page))
    with pytest.raises(InvalidRequest, match="on this machine"):
        begun(world)
    assert [action for action, _ in world.actions()] == ["failed"]


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge_methods_supported": ["plain"]},
        {"pushed_authorization_request_endpoint": None},
        {"authorization_endpoint": None},
    ],
)
def test_a_login_that_is_not_safe_is_not_begun(vault, changes):
    world = World(vault, Agency(server_changes=changes))
    with pytest.raises(InvalidRequest, match="safe enough"):
        begun(world)


def test_a_refusal_of_the_issuer_is_in_the_log(vault):
    world = World(vault, Agency(refuse={"/par": HttpResponse(400, (), b"")}))
    with pytest.raises(InvalidRequest):
        begun(world)
    assert world.actions() == [("failed", "the issuer refused: status 400")]


def test_without_a_scope_the_credential_is_asked_for_by_details(vault):
    world = World(vault, Agency(configurations={"pid": replace(PID, scope=None)}))
    begun(world)
    [pushed] = forms(world, "/par")
    assert "scope" not in pushed
    assert read_json(pushed["authorization_details"].encode(), "details")[0]["credential_configuration_id"] == "pid"


def test_an_offer_that_needs_a_login_cannot_be_taken_without_one(world):
    seen, _ = begun(world)
    with pytest.raises(InvalidRequest, match="needs a login"):
        world.run(world.wallet.receiving.take(seen))
