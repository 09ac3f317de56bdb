"""A credential is received by login: the request is pushed, a person types the code from a letter, the browser comes back."""

import json
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest

from protocol.encoding import decode_base64url
from protocol.errors import InvalidRequest
from protocol.keys import P256Key
from protocol.oid4vci.client import DpopClient, IssuerRefused
from protocol.oid4vci.obtain import fetch_tokens
from protocol.oid4vci.token import AuthorizationCodeGrant, TokenRequest
from runtime import system
from tests.flows.browser import Browser
from tests.flows.parties import CITIZEN
from wallet.cli.browser import LoginListener

pytestmark = pytest.mark.flow

CANCEL = ("cancel", "1")


@pytest.fixture
def browser():
    """The citizen's browser."""
    with Browser() as opened:
        yield opened


@pytest.fixture
def listener():
    """Where the wallet waits for the browser to come back."""
    with LoginListener(language="en", title="Back in the wallet", text="You can close this page.") as listening:
        yield listening


def look(town):
    """The wallet reads an offer that needs a login."""
    offer = town.offer("pid", grant="authorization_code", tx_code=False)
    seen = town.wallet.run(town.wallet.wallet.receiving.look(offer["uri"]))
    assert seen.consent.needs_login
    return offer, seen


def begin(town, seen, listener):
    """The citizen wants it: the address for the browser."""
    return town.wallet.run(town.wallet.wallet.login.begin(seen, listener.redirect_uri))


def come_back(listener, submit):
    """What the browser does last, while the wallet listens: the page it ends at, and what the wallet hears."""
    with ThreadPoolExecutor(1) as waiting:
        heard = waiting.submit(listener.wait, 10)
        page = submit()
        return page, heard.result()


def write_letter(town):
    """The code of a new letter to the citizen."""
    return town.issuer.post("/api/letters", subject=CITIZEN)["letter_code"]


def test_a_letter_code_brings_the_credential(town, browser, listener):
    offer, seen = look(town)
    begun = begin(town, seen, listener)
    page = browser.open(begun.url)
    assert "Is this you?" in page.text
    page = browser.submit(page, letter_code="AAAA-AAAA-AAAA-AAAA")
    assert page.status == 400
    assert "This code is not right. Nothing is lost." in page.text
    letter = write_letter(town)
    page, returned = come_back(listener, lambda: browser.submit(page, letter_code=letter.lower()))
    assert "Back in the wallet" in page.text
    pending = town.wallet.run(town.wallet.wallet.login.finish(seen, begun, returned))
    arrived = town.wallet.run(town.wallet.wallet.receiving.fetch(pending, seen.contact))
    [held] = town.wallet.run(town.wallet.wallet.receiving.keep(arrived))
    assert held.read_claims()["given_name"] == "Erika Maria"
    assert town.issuer.get(f"/api/offers/{offer['id']}").json()["state"] == "accepted"
    request = town.verifier.post("/api/requests", use_case="over-18")
    town.share(request["uri"])
    assert town.verdict(request)["state"] == "accepted"


def test_what_travels_by_browser_is_of_no_use_to_others(town, browser, listener):
    """The address has only a reference to what was pushed (PAR), and the code needs the verifier (PKCE) and the key (DPoP)."""
    _, seen = look(town)
    begun = begin(town, seen, listener)
    assert dict(parse_qsl(urlsplit(begun.url).query)).keys() == {"client_id", "request_uri"}
    [pushed] = town.tap.sent_to("/par")
    assert dict(parse_qsl(pushed.body.decode()))["code_challenge_method"] == "S256"
    letter = write_letter(town)
    page = browser.open(begun.url)
    _, returned = come_back(listener, lambda: browser.submit(page, letter_code=letter))
    stolen = dict(parse_qsl(urlsplit(returned).query))
    assert stolen.keys() == {"code", "state", "iss"}
    form = {"grant_type": "authorization_code", "code": stolen["code"], "redirect_uri": listener.redirect_uri}
    form |= {"client_id": "hoheit-wallet", "code_verifier": "a" * 43}
    answer = httpx2.post(f"{town.issuer.address}/token", data=form, trust_env=False)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof")
    thief = DpopClient(P256Key.generate(system.random_bytes), system.random_bytes, system.now)
    guessed = AuthorizationCodeGrant(stolen["code"], "a" * 43, listener.redirect_uri)
    with pytest.raises(IssuerRefused, match="invalid_grant"):
        town.wallet.run(fetch_tokens(seen.contact, TokenRequest(guessed, "hoheit-wallet"), thief))

    town.tap.seen.clear()
    pending = town.wallet.run(town.wallet.wallet.login.finish(seen, begun, returned))
    proofs = [dict(sent.headers)["dpop"] for sent in town.tap.sent_to("/token")]
    claims = [json.loads(decode_base64url(proof.split(".")[1])) for proof in proofs]
    assert [("nonce" in claim, claim["htu"]) for claim in claims] == [
        (False, f"{town.issuer.address}/token"),
        (True, f"{town.issuer.address}/token"),
    ]
    assert pending.read_tokens().token_type == "DPoP"


def test_a_letter_code_is_good_once(town, browser, listener):
    letter = write_letter(town)
    _, seen = look(town)
    page = browser.open(begin(town, seen, listener).url)
    come_back(listener, lambda: browser.submit(page, letter_code=letter))
    _, seen = look(town)
    with LoginListener(language="en", title="Back", text="") as next_listener:
        page = browser.submit(browser.open(begin(town, seen, next_listener).url), letter_code=letter)
    assert page.status == 400
    assert "This code was used before" in page.text


def test_who_cancels_is_back_in_the_wallet_with_nothing(town, browser, listener):
    offer, seen = look(town)
    begun = begin(town, seen, listener)
    login = browser.open(begun.url)
    page, returned = come_back(listener, lambda: browser.submit(login, CANCEL))
    assert "Back in the wallet" in page.text
    with pytest.raises(InvalidRequest, match="access_denied"):
        town.wallet.run(town.wallet.wallet.login.finish(seen, begun, returned))
    assert town.tap.sent_to("/token") == []
    keeping = town.wallet.wallet.keeping
    assert (keeping.pending(), keeping.credentials()) == ((), ())
    assert [entry.action for entry in keeping.log()] == ["failed"]
    assert town.issuer.get(f"/api/offers/{offer['id']}").json()["state"] == "opened"
