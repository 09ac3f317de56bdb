"""Renewing a document in a browser, and by itself while the wallet is open."""

import asyncio
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.encoding import encode_json
from protocol.errors import Unreachable
from tests.support.pki import NOW
from tests.wallet.counterpart_agency import CLAIMS, Agency, answer
from tests.wallet.counterparts import World, held
from tests.wallet.web.visitor import Served, words_of
from wallet.web import renewing

OVER = answer({"error": "invalid_grant"}, 400)
DENIED = answer({"error": "credential_request_denied"}, 400)


@pytest.fixture
def served(tmp_path, monkeypatch):
    """A wallet with an agency that gives the right to renew."""
    monkeypatch.setenv("HOHEIT_ENV", "test")
    wallet = Served(tmp_path / "wallet", World(None, Agency(refresh_token="refresh-1")))
    wallet.create()
    yield wallet
    wallet.door.close()


def receive(served):
    """Take a document and keep it."""
    opened = served.wallet()
    receiving, run = opened.wallet.receiving, opened.run
    seen = run(receiving.look(served.world.agency.offer()))
    run(receiving.keep(run(receiving.fetch(run(receiving.take(seen)), seen.contact))))


def card(served):
    """The address of the one document."""
    [one] = served.vault.credentials()
    return f"/cards/{one.id}"


def renew(served, citizen):
    """Press the button; what the page says then."""
    return citizen.done(citizen.post(f"{card(served)}/renew", f"{card(served)}/renew"))


def test_what_changed_is_said_until_its_owner_has_seen_it(served, citizen):
    receive(served)
    served.world.agency.claims = {**CLAIMS, "family_name": "Neumann"}
    assert "The office learns that you renew it." in words_of(citizen.get(f"{card(served)}/renew"))
    assert "Family name new: Neumann" in renew(served, citizen)
    assert "was renewed, and something is different now." in words_of(citizen.get("/"))
    assert "new: Neumann" in words_of(citizen.get(card(served)))
    assert citizen.post(f"{card(served)}/seen", card(served)).status_code == 303
    assert "new: Neumann" not in words_of(citizen.get(card(served)))
    assert "was renewed" not in words_of(citizen.get("/"))


def test_what_says_the_same_says_so(served, citizen):
    receive(served)
    assert "It says the same as before." in renew(served, citizen)


@pytest.mark.parametrize(
    ("refuse", "said"),
    [
        ({"/token": OVER}, "Please ask for a new one there."),
        ({"/credential": DENIED}, "did not give a new one now. Your document stays as it is."),
        ({"/token": Unreachable("away")}, "The office could not be reached just now."),
    ],
)
def test_what_went_wrong_is_said_with_what_to_do(served, citizen, refuse, said):
    receive(served)
    served.world.agency.refuse = refuse
    assert said in renew(served, citizen)
    assert len(served.vault.credentials()[0].copies) == 3


def test_a_right_that_is_over_leads_to_the_office(served, citizen):
    receive(served)
    served.world.agency.refuse = {"/token": OVER}
    renew(served, citizen)
    page = citizen.get(card(served))
    assert "does not renew this document by itself any more" in words_of(page)
    assert 'href="https://agency.example/"' in page.text
    assert "This document cannot be renewed from here." in words_of(citizen.get(f"{card(served)}/renew"))


def test_a_document_that_was_taken_back_leads_to_the_new_one(served, citizen):
    receive(served)
    served.vault.write(put=[replace(served.vault.credentials()[0], status="invalid", status_checked_at=NOW)])
    assert "Maybe something about you has changed there" in words_of(citizen.get(card(served)))


def test_a_document_without_the_right_says_what_to_do(served, citizen):
    served.vault.write(put=[held("one")])
    assert "does not renew this document by itself. When it ends" in words_of(citizen.get("/cards/one"))


def test_a_renewal_in_the_middle_needs_nobody_to_go_on(served, citizen):
    receive(served)
    served.world.agency.refuse = {"/credential": Unreachable("away")}
    renew(served, citizen)
    assert len(served.vault.pending()) == 1
    assert "Begun and not finished" not in words_of(citizen.get("/"))


def run_for(served, seconds, until=lambda: True):
    """Let the background work while the clock runs on by so much."""
    started = served.world.now

    async def a_while():
        async with renewing.renewing(served.door, served.random_bytes, every=0.001):
            for moment in range(started, started + seconds + 1, 5):
                served.world.now = moment
                await asyncio.sleep(0.005)
            for _ in range(500):
                if until():
                    break
                await asyncio.sleep(0.02)

    with suppress(asyncio.CancelledError):
        asyncio.run(a_while())


def due(served):
    """The document was taken back."""
    served.vault.write(put=[replace(served.vault.credentials()[0], status="invalid", status_checked_at=NOW)])
    served.world.agency.seen.clear()
    served.world.agency.notifications.clear()


def test_an_open_wallet_renews_by_itself_after_a_while(served, citizen, monkeypatch):
    monkeypatch.setattr(renewing, "FIRST", (30, 35))
    receive(served)
    due(served)
    run_for(served, 25)
    assert served.world.agency.seen == []
    served.world.now = NOW
    run_for(served, 40, lambda: bool(served.world.agency.notifications))
    assert served.vault.credentials()[0].status == ""


@given(st.binary(min_size=4, max_size=4))
def test_moments_are_drawn_and_none_is_in_the_first_minute(drawn):
    for low, high in (renewing.FIRST, renewing.BETWEEN):
        assert 60 <= low <= renewing._drawn((low, high), lambda _: drawn) <= high


def test_a_closed_wallet_does_nothing(served, citizen):
    receive(served)
    due(served)
    served.door.close()
    run_for(served, 280)
    assert served.world.agency.seen == []


def test_what_fails_by_itself_is_no_harm(served, citizen):
    receive(served)
    due(served)
    served.world.agency.refuse = {"/token": Unreachable("away")}
    run_for(served, 260, lambda: bool(served.world.agency.seen))
    assert served.vault.credentials()[0].status == "invalid"
    assert "Taken back" in words_of(citizen.get("/"))


def test_a_card_that_says_the_old_address_says_so_until_it_is_renewed(served, citizen):
    receive(served)
    page, moved = card(served), {**CLAIMS, "address": {"locality": "Bonn", "postal_code": "53111"}}
    text = "This document still says what was so before: Address"
    assert text not in words_of(citizen.get(page))
    later = held("proof", name="Proof of residence", claims=encode_json(moved).decode(), received_at=NOW + 60)
    opened = served.wallet()
    opened.run(opened.wallet.context.save(put=[later]))
    words = words_of(citizen.get(page))
    assert text in words
    assert "Proof of residence, which came later, says something else." in words
    assert f'href="{page}/renew">Get the new one' in citizen.get(page).text
    citizen.client.headers["accept-language"] = "de"
    assert "Dieser Nachweis sagt noch, was vorher galt: Anschrift" in words_of(citizen.get(page))
    del citizen.client.headers["accept-language"]
    served.world.agency.claims = moved
    citizen.done(citizen.post(f"{page}/renew", f"{page}/renew"))
    assert text not in words_of(citizen.get(page))
