"""What a wallet takes of a provider's answers: nothing that is not its own, or that is over."""

from dataclasses import replace

import pytest

from protocol.errors import InvalidRequest, NotFound, Unreachable
from protocol.exchange import run
from protocol.wallet_unit.messages import (
    UnitAnswer,
)
from tests.support.pki import NOW, seeded_key
from tests.support.provider import CLIENT_ID
from tests.wallet.counterpart_agency import answer
from tests.wallet.provider.attestations import (
    KEY,
    OTHER,
)


class Cheat:
    """A provider whose answers are changed on their way."""

    def __init__(self, office, change):
        self.office, self.change = office, change

    def wallet(self, exchange):
        return run(exchange, lambda request: self.change(request, self.office.respond(request)))


def without(_):
    return None


def of_another_client_key(office):
    return office.wallet(office.client(KEY).attest_client(seeded_key(98))).attestation


def of_other_keys(office):
    return office.wallet(office.client(KEY).attest_keys([seeded_key(99)], "n")).attestation


@pytest.mark.parametrize("foreign", [without, of_another_client_key, of_other_keys])
@pytest.mark.parametrize(
    "ask_for", [lambda c: c.attest_client(seeded_key(97)), lambda c: c.attest_keys([seeded_key(97)], "n")]
)
def test_a_wallet_takes_no_attestation_that_is_not_its_own(office, ask_for, foreign):
    client = office.registered(KEY)
    attestation = foreign(office)

    def swap(request, response):
        if not request.url.endswith("/unit"):
            return response
        body = {name: value for name, value in response.json("x").items() if name != "attestation"}
        return answer({**body, "attestation": attestation} if attestation else body)

    with pytest.raises(InvalidRequest):
        Cheat(office, swap).wallet(ask_for(client))


def test_a_wallet_takes_no_attestation_that_is_over(office):
    client = office.registered(KEY)

    def late(request, response):
        if request.url.endswith("/unit"):
            office.clock.now += 13 * 3600
        return response

    with pytest.raises(InvalidRequest):
        Cheat(office, late).wallet(client.attest_client(seeded_key(97)))


def test_a_wallet_takes_no_attestation_for_another_nonce(office):
    client = office.registered(KEY)
    exchange = client.attest_keys([seeded_key(97)], "n1")
    attestation = office.wallet(client.attest_keys([seeded_key(97)], "n2")).attestation

    def swap(request, response):
        if not request.url.endswith("/unit"):
            return response
        return answer(UnitAnswer((("en", "x"),), CLIENT_ID, NOW, attestation).to_dict())

    with pytest.raises(InvalidRequest):
        Cheat(office, swap).wallet(exchange)


def test_a_provider_that_is_not_there_or_out_of_order_has_not_said_no(office):
    with pytest.raises(Unreachable):
        Cheat(office, lambda _, response: replace(response, status=503)).wallet(office.client().register())
    with pytest.raises(Unreachable):
        Cheat(office, lambda _, response: replace(response, status=404)).wallet(office.client().register())


def test_a_refusal_without_a_name_is_one_too(office):
    def no(request, response):
        return answer({"error": "strange"}, 403) if request.url.endswith("/unit") else response

    with pytest.raises(InvalidRequest, match="strange"):
        Cheat(office, no).wallet(office.client().register())


def test_only_a_wallet_that_is_meant_is_blocked(office):
    """T077: no beginning of an id that none or several have, and no empty one."""
    office.registered(KEY)
    for name in ("", "no such wallet"):
        with pytest.raises(NotFound):
            office.run(office.provider.revoke(name, "operator"))
    office.registered(OTHER)
    with pytest.raises(NotFound):
        office.run(office.provider.revoke("", "operator"))
    assert {str(unit.state) for unit in office.run(office.provider.units())} == {"active"}
