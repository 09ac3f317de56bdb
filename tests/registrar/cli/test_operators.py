"""Codes for operators: printed once, good until they are revoked, and written down."""

import re

from capabilities.accounts.service import clerk_code_digest
from registrar.app import open_store
from registrar.cli import app
from registrar.config import RegistrarSettings
from tests.support.commands import Commands

COMMANDS = Commands(app)
done, refused = COMMANDS.done, COMMANDS.refused
URL = "http://register.localhost:8000"


def store_of(data):
    return open_store(RegistrarSettings.read(data))


def test_a_code_is_printed_with_the_address_of_the_pages(data):
    said = done(data, "operator", "Herr Amt")
    code = said.splitlines()[0]
    assert re.fullmatch(r"([A-Z2-9]{4}-){5}[A-Z2-9]{4}", code)
    assert f"{URL}/operator" in said
    store = store_of(data)
    assert store.operator_codes.find(clerk_code_digest(code)).name == "Herr Amt"
    store.database.dispose()


def test_a_revoked_code_is_good_no_more_and_no_other_is_touched(data):
    """T230"""
    codes = [done(data, "operator", name).splitlines()[0] for name in ("Herr Amt", "Frau Rat")]
    assert done(data, "revoke-operator", "Herr Amt") == "Revoked: 1\n"
    assert refused(data, "revoke-operator", "Herr Amt") == "there is no sign-in code of this name that is good"
    assert "characters that can be printed" in refused(data, "operator", "a\nb")
    store = store_of(data)
    assert store.operator_codes.find(clerk_code_digest(codes[0])) is None
    assert store.operator_codes.find(clerk_code_digest(codes[1])) is not None
    made = [(line.action, line.subject, line.actor) for line in store.audit(limit=9)]
    assert ("operator code made", "Frau Rat", "command line") in made
    assert ("operator code revoked", "Herr Amt", "command line") in made
    store.database.dispose()
