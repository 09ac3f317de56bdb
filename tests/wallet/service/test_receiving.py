"""From an offer to a kept credential: every good copy with its key, and nothing of what is not good."""

from dataclasses import replace

import pytest

from protocol.jws import Jws
from protocol.keys import P256Key
from tests.support.pki import NOW, make_pki, seeded, seeded_key
from tests.wallet.counterpart_agency import AGENCY, CLAIMS, PID, Agency
from tests.wallet.counterparts import World, held
from wallet.keys import sealed_key


def test_a_credential_comes_in_as_many_copies_as_the_issuer_gives(world):
    [kept] = world.receive()
    assert world.vault.credentials() == (kept,)
    assert world.vault.pending() == ()
    assert len(kept.copies) == 3
    assert len({copy.key for copy in kept.copies}) == 3
    assert [copy.used_at for copy in kept.copies] == [0, 0, 0]
    assert (kept.issuer_name, kept.vouched_by) == ("City of Köln", "Test authority")
    assert kept.expires_at == NOW + 100_000
    assert {name: kept.read_claims()[name] for name in CLAIMS} == CLAIMS
    assert world.agency.notifications == [{"notification_id": "notification-1", "event": "credential_accepted"}]
    assert world.actions() == [("received", "done")]
    [entry] = world.vault.log()
    assert (entry.party, entry.party_id, entry.trusted_by) == ("City of Köln", AGENCY, "Test authority")
    assert entry.credentials[0].claims == (
        '["family_name"]',
        '["given_name"]',
        '["birthdate"]',
        '["address","locality"]',
        '["address","postal_code"]',
        '["nationalities",null]',
    )


def test_every_copy_has_the_key_that_it_is_bound_to(world):
    [kept] = world.receive()
    for copy in kept.copies:
        bound = Jws.from_compact(copy.raw.split("~")[0], "credential").peek_claims("credential").object("cnf")
        assert bound.members["jwk"] == sealed_key(copy.key).public_key.to_jwk()


@pytest.mark.parametrize(("offered", "asked"), [(None, 1), (2, 2), (10, 10), (11, 10), (1000, 10)], ids=str)
def test_no_more_copies_are_asked_for_than_are_of_use(vault, offered, asked):
    world = World(vault, Agency(batch_size=offered))
    [kept] = world.receive()
    assert len(kept.copies) == asked


def test_copies_are_matched_with_keys_by_what_is_in_them(world):
    """T151: in whatever order they come."""
    world.agency.spoil = lambda credentials: credentials[::-1]
    [kept] = world.receive()
    assert len(kept.copies) == 3
    test_every_copy_has_the_key_that_it_is_bound_to(world)


def test_fewer_copies_than_asked_for_are_fine(world):
    """T151"""
    world.agency.spoil = lambda credentials: credentials[1:2]
    [kept] = world.receive()
    assert len(kept.copies) == 1


def test_a_credential_that_is_bound_to_no_key_is_kept_as_one_copy(vault):
    configuration = replace(PID, binding_methods=(), proof_algorithms=())
    world = World(vault, Agency(configurations={"pid": configuration}))
    [kept] = world.receive()
    assert [copy.key for copy in kept.copies] == [""]
    world.agency.spoil = lambda credentials: credentials * 2
    assert world.receive() == ()


def test_a_stored_record_is_what_it_was(vault):
    vault.write(put=[held("x")])
    assert vault.credentials()[0].described().display[0].name == "Personal ID"


# What is not good


STRANGER = seeded_key(77)


def foreign_key(world):
    world.agency.spoil = lambda credentials: [world.agency.issue(STRANGER.public_key)]


def unbound(world):
    world.agency.spoil = lambda credentials: [world.agency.issue(None)]


def one_of_three_foreign(world):
    world.agency.spoil = lambda credentials: [*credentials[:2], world.agency.issue(STRANGER.public_key)]


def other_type(world):
    world.agency.type = "urn:eudi:other:1"


def expired(world):
    world.agency.issued_changes = {"issued_at": NOW - 500, "expires_at": NOW - 100}


def without_signature(credential):
    header, payload, _ = credential.partition("~")[0].split(".")
    return f"{header}.{payload}.~"


def unsigned(world):
    world.agency.spoil = lambda credentials: [without_signature(credential) for credential in credentials]


def wrong_signature(world):
    def spoil(credentials):
        jwt, _, rest = credentials[0].partition("~")
        return [jwt[:-6] + ("A" if jwt[-6] != "A" else "B") + jwt[-5:] + "~" + rest]

    world.agency.spoil = spoil


def broken_digest(world):
    def spoil(credentials):
        parts = credentials[0].split("~")
        return ["~".join([parts[0], "WyJzYWx0IiwgIngiLCAxXQ", *parts[1:]])]

    world.agency.spoil = spoil


def untrusted(world):
    world.agency.issue = Agency(pki=make_pki(key=P256Key.generate(seeded(90)))).issue


def not_entitled(world):
    world.agency.pki = replace(world.agency.pki, types=frozenset(("urn:other",)))


def no_credential(world):
    world.agency.spoil = lambda credentials: ["nothing"]


def twice_the_same(world):
    world.agency.spoil = lambda credentials: [credentials[0], credentials[0]]


def more_than_asked(world):
    world.agency.spoil = lambda credentials: [*credentials, credentials[0]]


def one_says_something_else(world):
    original = world.agency.issue

    def issue(key, *, seed):
        changes = {"claims": {**CLAIMS, "given_name": "Eva"}} if seed == 22 else {}
        return original(key, seed=seed, **changes)

    world.agency.issue = issue


@pytest.mark.parametrize(
    "spoil",
    [
        foreign_key,
        unbound,
        one_of_three_foreign,
        other_type,
        expired,
        unsigned,
        wrong_signature,
        broken_digest,
        untrusted,
        not_entitled,
        no_credential,
        twice_the_same,
        more_than_asked,
        one_says_something_else,
    ],
    ids=lambda spoil: spoil.__name__,
)
def test_what_is_not_good_is_not_kept_and_the_issuer_is_told(world, spoil):
    """T150, T151: one bad copy spoils the batch; nothing of it stays, and the log says why."""
    spoil(world)
    seen = world.run(world.wallet.receiving.look(world.agency.offer()))
    pending = world.run(world.wallet.receiving.take(seen))
    arrived = world.run(world.wallet.receiving.fetch(pending, seen.contact))
    assert arrived.documents == ()
    assert [failed.name for failed in arrived.failed] == ["Personal ID"]
    assert world.run(world.wallet.receiving.keep(arrived)) == ()
    world.run(world.wallet.receiving.reject(arrived))
    assert world.vault.credentials() == ()
    assert world.vault.pending() == ()
    if spoil is not more_than_asked:  # that is found before there is anything to speak about
        assert world.agency.notifications == [{"notification_id": "notification-1", "event": "credential_failure"}]
    [(action, outcome)] = world.actions()
    assert action == "not kept"
    assert outcome == arrived.failed[0].reason
    assert "Erika" not in outcome
