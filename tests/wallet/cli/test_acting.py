"""Acting for somebody else, at a terminal."""

from tests.wallet.acting import office, school
from tests.wallet.cli.machine import Machine
from tests.wallet.counterparts import PASSPHRASE, QUICK, World
from wallet.vault.vault import Vault


def test_it_is_said_before_the_question_and_with_the_document(tmp_path):
    world = World(None, office(), school())
    machine = Machine(tmp_path, world, {"HOHEIT_ENV": "production"})
    Vault.create(machine.vault, PASSPHRASE, QUICK).close()
    machine.run("receive", world.agency.offer(), "--yes")
    asked = machine.run("present", world.partner.link(), keys="n", status=3)
    assert "You act for Mia." in asked.output
    [listed] = machine.json("list")["credentials"]
    assert "With this document you act for Mia." in machine.run("show", listed["id"]).stdout
