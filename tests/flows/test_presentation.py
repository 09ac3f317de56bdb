"""A credential is received with a transaction code, and shown: at another screen, on the same device, and taken back."""

from urllib.parse import parse_qs, urlsplit

import pytest

from protocol.errors import ProtocolError
from protocol.oid4vp.answer import Delivered, Uncertain
from tests.flows.browser import Browser
from tests.flows.parties import CITIZEN
from wallet.policy.presenting import Caution

pytestmark = pytest.mark.flow

CHECKS = ["authentic", "holder_bound", "this_request", "trusted_issuer", "valid_now", "status", "query_complete"]
OF_AGE = {"pid": [{"age_equal_or_over": {"18": True}}]}
SHOP = "https://shop.example/welcome?basket=7"


def response_code(shared):
    """What the address that the wallet leads back to carries."""
    [code] = parse_qs(urlsplit(shared.redirect_uri).query)["response_code"]
    return code


def test_what_was_offered_is_kept_and_shown_at_another_screen(town):
    offer = town.offer("pid", "residence")
    assert "credential_offer_uri" in offer["uri"]
    receiving, run = town.wallet.wallet.receiving, town.wallet.run
    seen = run(receiving.look(offer["uri"]))
    assert (seen.consent.issuer.title, seen.consent.needs_login) == ("City office", False)
    with pytest.raises(ProtocolError, match="invalid_grant"):
        run(receiving.take(seen, f"{(int(offer['tx_code']) + 1) % 1_000_000:06}"))
    pending = run(receiving.take(seen, offer["tx_code"]))
    arrived = run(receiving.fetch(pending, seen.contact))
    assert arrived.failed == ()
    kept = run(receiving.keep(arrived))
    assert [held.configuration_id for held in kept] == ["pid", "residence"]
    assert town.issuer.get(f"/api/offers/{offer['id']}").json()["state"] == "accepted"

    request = town.verifier.post("/api/requests", use_case="over-18")
    assert town.verdict(request)["state"] == "requested"
    asked = run(town.wallet.wallet.presenting.look(request["uri"]))
    assert town.verdict(request)["state"] == "opened"
    assert asked.consent.asker.title == "Cinema"
    assert [claim.value for claim in asked.consent.questions[0].choices[0].claims] == [True]
    shared = run(town.wallet.wallet.presenting.share(asked, asked.default_choice()))
    assert shared.redirect_uri is None

    [answer] = [sent for sent in town.tap.seen if "/responses/" in sent.url]
    assert b"response=" in answer.body
    assert b"vp_token" not in answer.body
    found = town.verdict(request)
    assert (found["state"], found["claims"]) == ("accepted", OF_AGE)
    assert [(line["check"], line["passed"]) for line in found["verdict"]["checks"]] == [(name, True) for name in CHECKS]
    assert [entry.action for entry in town.wallet.wallet.keeping.log()][-2:] == ["sharing", "shared"]


def test_a_program_reads_the_result_only_with_the_code_from_its_own_page(town):
    """T183"""
    town.receive("pid")
    request = town.verifier.post("/api/requests", use_case="over-18", same_device=True, redirect_uri=SHOP)
    shared = town.share(request["uri"])
    assert shared.redirect_uri.startswith(f"{SHOP}&response_code=")
    waiting = town.verdict(request)
    assert (waiting["state"], waiting["verdict"], waiting["claims"]) == ("answered", None, None)
    assert town.verifier.get(f"/api/requests/{request['id']}", response_code="guessed").status_code == 404
    assert town.verdict(request, response_code(shared))["claims"] == OF_AGE


def test_only_the_browser_that_began_sees_the_result(town):
    """T183"""
    town.receive("pid")
    with Browser() as mine, Browser() as other:
        page = mine.submit(mine.open(f"{town.verifier.address}/"), ("use_case", "over-18"))
        page = mine.submit(page, ("use_case", "over-18"))
        [link] = [link for link in page.links if "request_uri=" in link]
        shared = town.share(link)
        assert "let it lead you back to us" in mine.open(page.url).text
        for address in (shared.redirect_uri, page.url):
            seen = other.open(address)
            assert (seen.status, "The document is genuine" in seen.text) == (404, False)
        result = mine.open(shared.redirect_uri)
        assert result.url == page.url
        assert "Thank you, that is all we need." in result.text
        assert "It was not taken back" in result.text
        assert mine.open(shared.redirect_uri).status == 404


def test_saying_no_is_told_and_shows_nothing(town):
    town.receive("pid")
    request = town.verifier.post("/api/requests", use_case="over-18")
    presenting, run = town.wallet.wallet.presenting, town.wallet.run
    run(presenting.decline(run(presenting.look(request["uri"]))))
    found = town.verdict(request)
    assert (found["state"], found["error"], found["claims"]) == ("declined", "access_denied", None)


def issued_ids(town):
    """Every copy that the citizen was issued, by this test or another one."""
    return {line["id"] for line in town.issuer.get("/api/credentials", subject=CITIZEN).json()}


def status_line(town):
    """Show the card once more: the state of the answer, and what was found about the status."""
    request = town.verifier.post("/api/requests", use_case="over-18-now")
    shared = town.share(request["uri"])
    found = town.verdict(request)
    # A wallet whose answer is refused has given the data away all the same
    assert isinstance(shared.delivery, Delivered if found["state"] == "accepted" else Uncertain)
    [line] = [line for line in found["verdict"]["checks"] if line["check"] == "status"]
    return found["state"], line["passed"], line["reason"]


def test_what_is_suspended_rests_and_what_is_revoked_is_over(town):
    """A clerk changes one copy, and all of them follow, whichever the wallet shows next."""
    before = issued_ids(town)
    town.receive("pid")
    one_copy = min(issued_ids(town) - before)

    def change(deed):
        return town.issuer.client.post(f"{town.issuer.address}/api/credentials/{one_copy}/{deed}").status_code

    assert status_line(town) == ("accepted", True, "")
    assert change("suspend") == 200
    assert status_line(town) == ("refused", False, "the credential is suspended")
    assert change("reinstate") == 200
    assert status_line(town) == ("accepted", True, "")
    assert change("revoke") == 200
    assert status_line(town) == ("refused", False, "the credential was revoked")
    assert change("reinstate") == 409
    [shown] = town.wallet.run(town.wallet.wallet.keeping.look_up_status())
    assert Caution.REVOKED in shown.cautions
