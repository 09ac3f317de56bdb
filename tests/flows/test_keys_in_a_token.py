"""Keys that never leave a PKCS#11 token: an agency issues with one and a partner asks with one, also after it was away."""

import threading
import time

import httpx2
import pytest

from protocol.errors import Unreachable
from protocol.fields import Fields
from runtime.hsm import PAUSE_SECONDS, HsmKey
from tests.flows.parties import CITIZEN, serving, with_new_wallet
from tests.support.softhsm import PIN

pytestmark = pytest.mark.flow

OF_AGE = {"pid": [{"age_equal_or_over": {"18": True}}]}


@pytest.fixture
def town(softhsm, tmp_path, monkeypatch):
    """An agency and a partner with their keys in one token, and a wallet."""
    monkeypatch.setenv("HOHEIT_ENV", "test")
    services = serving(tmp_path, f"sqlite:///{tmp_path / 'hoheit.db'}", token=softhsm.access)
    with services as both, with_new_wallet(both, tmp_path) as everybody:
        yield everybody


@pytest.fixture
def threads(monkeypatch):
    """Where something was signed in a token."""
    names = []
    sign = HsmKey.sign

    def noted(key, data):
        names.append(threading.current_thread().name.split("_")[0])
        return sign(key, data)

    monkeypatch.setattr(HsmKey, "sign", noted)
    return names


def back_again():
    """The pause is over in which a token that was away is not looked for."""
    time.sleep(PAUSE_SECONDS * 1.1)


def test_what_is_issued_and_asked_with_keys_in_a_token_is_accepted(town, tmp_path, threads):
    town.receive("pid")
    request = town.verifier.post("/api/requests", use_case="over-18-now")
    town.share(request["uri"])
    found = town.verdict(request)
    assert (found["state"], found["claims"]) == ("accepted", OF_AGE)
    # A credential (and its copies), a request, a status list
    assert len(threads) >= 3
    assert set(threads) == {"slow"}, "the event loop waits for no token"
    keys = [*(tmp_path / "issuer").glob("*.key"), *(tmp_path / "verifier").glob("*.key")]
    on_disk = [file.name for file in keys if not file.read_bytes().startswith(b"pkcs11:")]
    assert (len(keys), on_disk) == (8, ["seal.key", "seal.key"])
    for file in tmp_path.rglob("*"):
        if file.is_file() and "softhsm" not in file.parts:
            assert PIN.encode() not in file.read_bytes(), file


def test_a_token_that_is_away_in_the_middle_of_issuing_costs_nothing(town, softhsm):
    """T146"""
    offer = Fields(town.offer("pid"), "offer")
    receiving, run = town.wallet.wallet.receiving, town.wallet.run
    seen = run(receiving.look(offer.text("uri")))
    pending = run(receiving.take(seen, offer.text("tx_code")))
    with softhsm.gone():
        for _ in range(2):
            with pytest.raises(Unreachable) as refusal:
                run(receiving.fetch(pending, seen.contact))
            assert softhsm.label not in refusal.value.description
    back_again()
    [held] = run(receiving.keep(run(receiving.fetch(pending, seen.contact))))
    assert held.configuration_id == "pid"
    assert len(town.issuer.get("/api/credentials", subject=CITIZEN).json()) == len(held.copies)


def test_a_token_that_is_away_opens_no_request(town, softhsm):
    """T146"""
    town.receive("pid")
    request = town.verifier.post("/api/requests", use_case="over-18")
    with softhsm.gone():
        for _ in range(2):
            answer = httpx2.get(request["request_uri"], trust_env=False)
            assert answer.status_code == 503
            assert int(answer.headers["retry-after"]) > 0
            assert answer.json() == {
                "error": "temporarily_unavailable",
                "error_description": "the key is away; nothing was changed, try again",
            }
        assert town.verdict(request)["state"] == "requested"
    back_again()
    town.share(request["uri"])
    assert town.verdict(request)["claims"] == OF_AGE
