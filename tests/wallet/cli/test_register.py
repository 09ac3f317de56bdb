"""`present` asks a register only after a person said so, and says what the register learns (T170)."""

import pytest

from runtime.anchors import write_list_of_lists
from tests.protocol.trust.lists import OPERATOR
from tests.wallet.cli.machine import Machine
from tests.wallet.counterparts import PASSPHRASE, QUICK
from tests.wallet.registrar import LIST_HOST, ListHost, RegisteredWorld
from wallet.vault.vault import Vault


@pytest.fixture
def holder(tmp_path):
    """Somebody with an identity card, and a partner that says where it is registered."""
    world = RegisteredWorld(None).naming_register()
    world.more[LIST_HOST] = ListHost(world.registrar.pki)
    machine = Machine(tmp_path, world, {"HOHEIT_ENV": "production"})
    write_list_of_lists(tmp_path / "data" / "anchors", f"{LIST_HOST}/registrars", OPERATOR.pem)
    Vault.create(machine.vault, PASSPHRASE, QUICK).close()
    machine.run("receive", world.agency.offer(), "--yes")
    return machine


def test_a_person_is_told_what_the_register_learns_and_decides(holder):
    shown = holder.run("present", holder.world.partner.link(), keys="as").stdout.replace("\n", " ")
    assert "The register then learns whom you have to do with." in shown
    assert "City library is registered to ask for: Given name." in shown
    assert len(holder.world.registrar.asked) == 1


def test_a_no_asks_nobody(holder):
    holder.run("present", holder.world.partner.link(), keys="nn", status=3)
    assert holder.world.registrar.asked == []


def test_a_script_never_asks(holder):
    holder.run("present", holder.world.partner.link(), "--yes")
    assert holder.world.registrar.asked == []


def test_silence_is_told_in_german_and_the_question_comes_again(holder):
    holder.world.registrar.away = True
    shown = holder.run("present", holder.world.partner.link(), keys="fnn", language="de", status=3)
    said = " ".join((shown.stdout + shown.stderr).split())
    assert "Das Register hat nicht geantwortet." in said
    assert said.count("Das Register erfährt dann, mit wem Sie zu tun haben.") == 2
