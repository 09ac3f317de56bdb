"""What was cut off, killed, given up or refused on the way: it can go on, or leaves nothing half."""

from dataclasses import replace

import pytest

from protocol.errors import Unreachable
from protocol.exchange import HttpResponse
from protocol.oid4vci.metadata import Display
from tests.wallet.counterpart_agency import PID, Agency, answer
from tests.wallet.counterparts import World
from tests.wallet.service.asked import paths

DENIED = answer({"error": "credential_request_denied"}, 400)


@pytest.mark.parametrize("broken", [Unreachable("away"), HttpResponse(503, (), b""), HttpResponse(429, (), b"")])
def test_what_was_cut_off_can_go_on(world, broken):
    """T158: the tokens are sealed; nothing is reported as stored, and the next try needs no new offer."""
    receiving = world.wallet.receiving
    seen = world.run(receiving.look(world.agency.offer()))
    pending = world.run(receiving.take(seen))
    world.agency.refuse = {"/credential": broken}
    with pytest.raises(Unreachable):
        world.run(receiving.fetch(pending, seen.contact))
    assert world.vault.credentials() == ()
    assert world.wallet.keeping.pending() == (pending,)
    world.agency.refuse = {}
    arrived = world.run(receiving.fetch(world.wallet.keeping.pending()[0]))
    [kept] = world.run(receiving.keep(arrived))
    assert world.vault.credentials() == (kept,)
    assert world.vault.pending() == ()
    assert paths(world.agency).count("/token") == 1


def test_a_wallet_that_was_killed_at_any_request_holds_all_or_nothing(vault, monkeypatch):
    """T158: killed between token and credential, or between credential and store; no half state, nothing lost."""
    total = len(_requests_of_a_receipt(World(vault)))
    for number in range(1, total + 1):
        vault.write(drop=[*vault.credentials(), *vault.pending()])
        world = World(vault)
        done = 0

        class Killed(BaseException):
            pass

        original = world.agency.respond

        def respond(request, *, original=original, number=number):
            nonlocal done
            response = original(request)
            done += 1
            if done == number:
                raise Killed
            return response

        with monkeypatch.context() as patched:
            patched.setattr(world.agency, "respond", respond)
            with pytest.raises(Killed):
                world.receive()
        asked_for_tokens = any(request.url.endswith("/token") for request in world.agency.seen)
        finished = bool(world.agency.notifications)
        if finished:
            assert len(vault.credentials()) == 1
            assert vault.pending() == ()
        else:
            assert vault.credentials() == ()
            # The answer with the tokens is the one thing that cannot be asked for again
            tokens_lost = world.agency.seen[-1].url.endswith("/token")
            assert len(vault.pending()) == (1 if asked_for_tokens and not tokens_lost else 0)
        for pending in vault.pending():
            arrived = world.run(world.wallet.receiving.fetch(pending))
            assert len(world.run(world.wallet.receiving.keep(arrived))) == 1
            assert vault.pending() == ()


def _requests_of_a_receipt(world):
    world.receive()
    return world.agency.seen


def test_what_the_issuer_does_not_give_any_more_is_cleaned_up(world):
    """T158: a key without a credential does not stay."""
    receiving = world.wallet.receiving
    seen = world.run(receiving.look(world.agency.offer()))
    pending = world.run(receiving.take(seen))
    world.agency.refuse = {"/credential": answer({"error": "invalid_token"}, 401)}
    arrived = world.run(receiving.fetch(pending))
    assert arrived.documents == ()
    assert world.vault.pending() == ()
    assert world.actions() == [("not kept", "the issuer refused: invalid_token")]


def test_what_was_begun_can_be_given_up(world):
    """T158"""
    seen = world.run(world.wallet.receiving.look(world.agency.offer()))
    pending = world.run(world.wallet.receiving.take(seen))
    world.run(world.wallet.receiving.give_up(pending))
    assert world.vault.pending() == ()
    assert world.actions() == [("declined", "refused")]


def test_what_is_refused_does_not_take_the_rest_along(vault):
    second = replace(PID, display=(Display("Second"),))
    world = World(vault, Agency(configurations={"first": PID, "second": second}, refuse={"/credential": [DENIED]}))
    seen = world.run(world.wallet.receiving.look(world.agency.offer()))
    pending = world.run(world.wallet.receiving.take(seen))
    arrived = world.run(world.wallet.receiving.fetch(pending, seen.contact))
    assert [failed.name for failed in arrived.failed] == ["Personal ID"]
    assert [wanted.configuration_id for wanted in world.vault.pending()[0].wanted] == ["second"]
    [kept] = world.run(world.wallet.receiving.keep(arrived))
    assert kept.configuration_id == "second"
    assert world.actions() == [
        ("not kept", "the issuer refused: credential_request_denied"),
        ("received", "done"),
    ]


def test_an_issuer_that_does_not_hear_about_it_changes_nothing(vault):
    world = World(vault, Agency(refuse={"/notification": Unreachable("away")}))
    assert len(world.receive()) == 1
    assert len(vault.credentials()) == 1
