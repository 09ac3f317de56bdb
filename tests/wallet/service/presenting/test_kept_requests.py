"""What somebody asked who gives no receipts, or to whom the user said no, is kept: to write to them, or to complain."""

from dataclasses import replace

import pytest

from protocol.oid4vp.request import ClientMetadata
from tests.support.pki import NOW
from tests.wallet.counterparts import dcql
from tests.wallet.registrar import ENTRY, RegisteredWorld
from tests.wallet.service.presenting.asking import asking, look
from wallet.policy.cockpit.written import ways_to

AUTHORITY = ("watch@data.example", "https://data.example/complain")


@pytest.fixture
def world(vault):
    """A wallet that holds an identity card, and a partner without a cockpit."""
    world = RegisteredWorld(vault)
    world.receive()
    return world


def gives(world):
    seen = look(world)
    world.run(world.wallet.presenting.share(seen, seen.default_choice()))
    return seen


def ways(world):
    [kept] = world.vault.requests()
    return [way.address for way in ways_to(None, kept)]


def test_of_whoever_gets_data_it_is_kept_how_they_are_reached(world):
    seen = gives(world.registering(replace(ENTRY, support_uri="https://library.example/support")))
    assert world.vault.disclosures() == ()
    [kept] = world.vault.requests()
    assert (kept.id, kept.at, kept.asker, kept.request) == (seen.digest, NOW, "City library", seen.verified.raw)
    assert (kept.authority, bool(kept.registration)) == (AUTHORITY, True)
    assert ways(world) == ["https://library.example/support"]


def test_a_register_says_it_too(world):
    world.naming_register()
    seen = world.run(world.wallet.presenting.ask_register(look(world)))
    world.run(world.wallet.presenting.share(seen, seen.default_choice()))
    [kept] = world.vault.requests()
    assert kept.registration == ""
    assert ways(world) == list(dict.fromkeys(ways(world)))
    assert any(address.startswith("https://") for address in ways(world))
    assert any("@" in address for address in ways(world))


def test_of_whoever_is_not_registered_nothing_is_known(world):
    gives(world)
    [kept] = world.vault.requests()
    assert (kept.contacts, kept.authority, kept.registration) == ((), (), "")


def test_what_was_refused_is_kept_with_its_line_and_can_be_complained_about(world):
    """EUDI TS8: about a request that seemed wrong, though whoever asked may ask it."""
    world.registering()
    seen = look(world)
    world.run(world.wallet.presenting.decline(seen))
    entry = world.vault.log()[-1]
    assert (entry.action, entry.request) == ("declined", seen.digest)
    [kept] = world.vault.requests()
    assert (kept.request, kept.authority, kept.at) == (seen.verified.raw, AUTHORITY, NOW)
    # It does not count as given
    assert not look(world).consent.repeated


def test_what_was_asked_beyond_the_register_is_kept_once_as_proof(world):
    asking(world.registering(), dcql(("birthdate",)))
    seen = look(world)
    world.run(world.wallet.presenting.decline(seen))
    assert len(world.vault.evidence()) == 1
    assert world.vault.requests() == ()


def test_the_same_request_is_kept_once(world):
    seen = look(world.registering())
    for _ in range(2):
        world.run(world.wallet.presenting.decline(seen))
        world.now += 10
    [kept] = world.vault.requests()
    assert kept.at == NOW


def test_what_is_kept_as_proof_is_not_kept_a_second_time_for_what_was_given_of_it(world):
    name, born = dcql(("given_name",), query_id="name"), dcql(("birthdate",), query_id="born")
    sets = [{"options": [["name"]]}, {"options": [["born"]], "required": False}]
    seen = look(asking(world.registering(), name, born, credential_sets=sets))
    world.run(world.wallet.presenting.share(seen, seen.default_choice()))
    assert [(proof.id, proof.asker) for proof in world.vault.evidence()] == [(seen.digest, "City library")]
    assert world.vault.requests() == ()


COCKPIT = ClientMetadata(cockpit_endpoint="https://library.example/cockpit")


@pytest.mark.parametrize(
    ("metadata", "registered_by", "kept"),
    [
        (None, "certificate", 1),
        (ClientMetadata(), "certificate", 1),
        (COCKPIT, "certificate", 0),
        (COCKPIT, "register", 1),
        (COCKPIT, "nobody", 0),
    ],
    ids=["no metadata", "no cockpit", "a cockpit and a certificate", "a cockpit and a register", "a cockpit alone"],
)
def test_what_the_answer_says_of_somebody_is_kept_with_it_alone(world, metadata, registered_by, kept):
    """Of whoever has a cockpit and showed a certificate, or nothing, the record of what was given says all that there is."""
    if registered_by == "certificate":
        world.registering()
    elif registered_by == "register":
        world.naming_register()
    world.partner.changes = {**world.partner.changes, "client_metadata": metadata}
    seen = look(world)
    if registered_by == "register":
        seen = world.run(world.wallet.presenting.ask_register(seen))
    world.run(world.wallet.presenting.share(seen, seen.default_choice()))
    assert len(world.vault.requests()) == kept


def test_no_value_is_in_it(world):
    gives(world.registering())
    assert "Erika" not in repr(world.vault.requests())


@pytest.mark.parametrize("way", ["entry", "log"])
def test_it_goes_with_its_line(world, way):
    """T263"""
    gives(world.registering())
    number = next(entry.number for entry in world.vault.log() if entry.action == "sharing")
    if way == "entry":
        world.vault.delete_entries([number])
    else:
        world.run(world.wallet.keeping.clear_log())
    assert world.vault.requests() == ()
    assert world.vault._connection.execute("SELECT count(*) FROM records WHERE kind = 'request'").fetchone() == (0,)


def test_it_is_damaged_by_itself_alone(world):
    """T215"""
    gives(world.registering())
    world.vault._connection.execute("UPDATE records SET sealed = x'00' WHERE kind = 'request'")
    assert world.vault.requests() == ()
    assert len(world.vault.log()) == 3


def test_nothing_that_looks_like_no_way_is_offered(world):
    gives(world.registering())
    [kept] = world.vault.requests()
    odd = replace(
        kept, contacts=("javascript:alert(1)", "http://library.example", "look around", "help@library.example")
    )
    assert [way.address for way in ways_to(None, odd)] == ["help@library.example"]
