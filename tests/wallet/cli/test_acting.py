"""Acting for somebody else, at a terminal."""

from protocol.sovereignty.representation import TYPE
from tests.wallet.acting import ASKED, BEN, BIRTH, MIA, PROOF, office, school, speak_of
from tests.wallet.cli.machine import Machine
from tests.wallet.counterparts import PASSPHRASE, QUICK, Partner, World
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


def test_a_proof_and_its_document_are_chosen_together(tmp_path):
    """T187"""
    world = World(None, partner=Partner(query=ASKED))
    machine = Machine(tmp_path, world, {"HOHEIT_ENV": "production"})
    Vault.create(machine.vault, PASSPHRASE, QUICK).close()
    machine.run("receive", world.agency.offer(), "--yes")
    for child in (MIA, BEN):
        for type_, claims in ((TYPE, {**PROOF, "represented": child}), (BIRTH, child)):
            speak_of(world, type_, claims)
            machine.run("receive", world.agency.offer(), "--yes")
    machine.run("present", world.partner.link(), "--yes", status=1)
    assert world.partner.answers == []
    shared = machine.run("present", world.partner.link(), keys="1\ns")
    assert "For whom do you answer?" in shared.output
    assert "You act for Ben." in shared.output
    assert "You act for Mia." not in shared.output
    assert len(world.partner.answers) == 1
    machine.run("present", world.partner.link(), keys="3", status=3)
