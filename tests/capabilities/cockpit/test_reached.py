"""Whom a cockpit's page names: by registrations, of each party once, and never an address that is no way to reach anybody."""

from dataclasses import replace

import pytest

from capabilities.cockpit.reached import Reached, who_answers
from protocol.sovereignty.receipt_parties import Controller
from protocol.trust.registration import Contact
from runtime.registrations import OwnRegistration
from tests.protocol.trust.test_registration import LEAST
from tests.support.partners import BANK

DPO = Contact(email="dpo@bank.example")
OWN = Controller("Bank", BANK, "https://bank.example/privacy", dpo=DPO)


def registered(file, **changes):
    return OwnRegistration(file, "", replace(LEAST, **changes))


@pytest.mark.parametrize("uri", ["javascript:alert(1)", "http://bank.example/help", "bank.example"])
def test_an_address_that_is_none_is_not_made_a_link(uri):
    assert Reached.of(replace(OWN, contact=Contact(uri=uri))).contact == ()


def test_a_party_that_is_registered_several_times_is_named_once_and_another_beside_it():
    uses = [registered("a.jwt"), registered("b.jwt", provides=()), registered("c.jwt", name="Another office")]
    assert [one.name for one in who_answers(uses, None, DPO)] == [LEAST.name, "Another office"]


def test_by_a_registration_where_there_is_one_even_after_its_time():
    [found] = who_answers([registered("a.jwt", issued_at=1, expires_at=2)], OWN, DPO)
    assert (found.name, [way.address for way in found.dpo]) == (LEAST.name, ["dpo@bank.example"])
    assert [one.name for one in who_answers([], OWN, DPO)] == ["Bank"]
    assert who_answers([], None, DPO) == ()
