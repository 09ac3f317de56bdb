"""From one wallet to the next: the log becomes history, documents are asked for again, and no key ever travels."""

import json
from dataclasses import replace

import pytest

from protocol.encoding import JsonValue, encode_json
from protocol.errors import Malformed, NotAuthentic, NotFound, ProtocolError
from protocol.keys import P256Key
from protocol.migration.data import UnboundCredential
from protocol.oid4vci.offer import CredentialOffer
from protocol.passphrase_jwe import (
    MIN_COUNT,
    NotOpened,
    PassphraseJwe,
    decrypt_with_passphrase,
    encrypt_with_passphrase,
)
from runtime.seal import DamagedError
from tests.support.pki import NOW, Template, make_pki, seeded
from tests.wallet.cockpit import CockpitWorld
from tests.wallet.counterpart_agency import PID, VCT, Agency
from tests.wallet.counterparts import PASSPHRASE, QUICK, World, held
from tests.wallet.disclosures import disclosure
from tests.wallet.vault.tampering import note
from wallet.policy.activity import activity
from wallet.policy.cockpit.disclosed import registration_of
from wallet.service.moving import WeakPassphrase
from wallet.vault.passphrase import WrongPassphrase
from wallet.vault.vault import Vault
from wallet.words import Words

WORDS = "four words that fit well"
UNBOUND = replace(PID, binding_methods=(), proof_algorithms=())


def handed_over(world, passphrase=WORDS):
    """The file of a wallet."""
    return world.run(world.wallet.moving.export(passphrase, Words("en").entry, count=MIN_COUNT))


def inside(exported, passphrase=WORDS):
    """What is in a file, as bytes."""
    return decrypt_with_passphrase(PassphraseJwe.from_compact(exported.file), passphrase)


def sealed(content):
    """A file of another wallet."""
    return encrypt_with_passphrase(encode_json(content), WORDS, random_bytes=seeded(9), count=MIN_COUNT).encode()


def brought(world, file, passphrase=WORDS):
    """What a wallet finds in a file."""
    return world.run(world.wallet.moving.look(file, passphrase))


def taken(world, file):
    """What a wallet takes over."""
    return world.run(world.wallet.moving.take(brought(world, file)))


@pytest.fixture
def fresh(tmp_path):
    """The next wallet of the same person, empty."""
    with Vault.create(tmp_path / "next" / "wallet.db", PASSPHRASE, QUICK) as vault:
        yield World(vault, seed=77, now=NOW + 600)


@pytest.fixture
def lived(world):
    """A wallet in which something happened."""
    world.receive()
    world.present()
    world.now += 60
    world.vault.write(note=note(at=world.now, action="failed", outcome="no connection"))
    return world


def story(world):
    """What happened, without where it stands in the log."""
    return [(_placeless(one.entry), one.outcome) for one in activity(world.vault.log())]


def _placeless(entry):
    return replace(entry, number=0, before="", blind="", origin="", request="", completes=0, outcome="")


def test_the_log_comes_as_history_line_for_line(lived, fresh):
    before = story(lived)
    exported = handed_over(lived)
    assert (exported.left_out, exported.documents_left_out) == (0, 0)
    found = taken(fresh, exported.file.encode())
    assert found.lines == len(before)
    after = story(fresh)
    assert after[0][0].action == "imported"
    assert after[1:] == before
    assert all(entry.origin and entry.request == "" for entry in fresh.vault.log()[1:])
    assert fresh.vault.log_head().length == len(fresh.vault.log())


def test_neither_keys_nor_values_are_in_the_file(lived):
    """T263"""
    lived.vault.write(put=[disclosure(log_number=2)])
    content = inside(handed_over(lived)).decode()
    secrets = [copy.key for one in lived.vault.credentials() for copy in one.copies]
    secrets += [copy.raw for one in lived.vault.credentials() for copy in one.copies]
    secrets += [one.key for one in lived.vault.disclosures()]
    secrets += ["Erika", "Mustermann", "1990-03-07", "51147"]
    assert len(secrets) > 8
    assert [one for one in secrets if one in content] == []


def test_that_the_log_left_the_wallet_is_written_down(lived):
    handed_over(lived)
    assert lived.vault.log()[-1].action == "exported"


def test_a_document_can_be_asked_for_again_where_it_came_from(lived, fresh):
    fresh_agency = fresh.agency
    taken(fresh, handed_over(lived).file.encode())
    [awaited] = fresh.wallet.moving.awaited()
    assert (awaited.name, awaited.forms, awaited.issuer) == ("Personal ID", ((VCT, "dc+sd-jwt"),), "City of Köln")
    assert fresh_agency.seen == []
    fresh.now = NOW
    seen = fresh.run(fresh.wallet.receiving.look(awaited.link))
    assert seen.offer == CredentialOffer(fresh_agency.identifier, ("pid",), authorization_code=True)
    assert fresh.wallet.moving.find_awaited(awaited.id[:6]) == awaited
    fresh.receive()
    assert fresh.wallet.moving.awaited() == ()
    with pytest.raises(NotFound):
        fresh.wallet.moving.find_awaited(awaited.id)


def test_what_is_here_or_awaited_already_is_not_awaited_twice(lived, fresh):
    file = handed_over(lived).file.encode()
    assert brought(lived, file).is_empty
    twice = brought(fresh, file)
    taken(fresh, file)
    again = brought(fresh, file)
    assert again.is_empty
    assert again.known == len(twice.history)
    # Two windows that looked at it before either took it
    found = fresh.run(fresh.wallet.moving.take(twice))
    assert (found.lines, found.wishes) == (0, 0)
    assert len(fresh.wallet.moving.awaited()) == 1


def test_a_line_is_the_same_in_the_third_wallet(lived, fresh, tmp_path):
    taken(fresh, handed_over(lived).file.encode())
    fresh.now += 60
    second = handed_over(fresh).file.encode()
    with Vault.create(tmp_path / "third" / "wallet.db", PASSPHRASE, QUICK) as vault:
        third = World(vault, seed=78, now=NOW + 900)
        taken(third, second)
        assert brought(third, handed_over(lived).file.encode()).wishes == ()
        assert [one[0] for one in story(third)[2:]] == [one[0] for one in story(fresh)[2:]]


def test_what_the_user_does_not_want_again_is_forgotten(lived, fresh):
    taken(fresh, handed_over(lived).file.encode())
    fresh.run(fresh.wallet.moving.forget(fresh.wallet.moving.awaited()[0]))
    assert fresh.wallet.moving.awaited() == ()


def test_a_document_that_is_bound_to_no_key_goes_along_and_is_checked(world, fresh):
    world.agency.configurations = {"pid": UNBOUND}
    world.receive()
    [before] = world.vault.credentials()
    assert [copy.key for copy in before.copies] == [""]
    file = handed_over(world).file.encode()
    fresh.agency = world.agency
    found = brought(fresh, file)
    assert (len(found.unbound), found.wishes) == (1, ())
    assert fresh.run(fresh.wallet.moving.take(found)).kept == 1
    [after] = fresh.vault.credentials()
    assert after.read_claims() == before.read_claims()
    assert (after.issuer_name, after.credential_issuer) == (before.issuer_name, before.credential_issuer)
    assert after.copies[0].used_at == NOW + 600
    assert brought(fresh, file).is_empty


def spoilt(agency):
    """Documents that do not hold, by why."""
    key = P256Key.generate(seeded(3))
    good = agency.issue(None)
    return {
        "bound to a key": agency.issue(key.public_key),
        "by a stranger": Agency(pki=other_pki()).issue(None),
        "over": agency.issue(None, expires_at=NOW - 100_000, issued_at=NOW - 200_000),
        "altered": good[:30] + ("a" if good[30] != "a" else "b") + good[31:],
        "nothing": "~",
    }


def other_pki():
    """Somebody whom nobody trusts."""
    return make_pki(Template(common_name="Stranger"), key=P256Key.generate(seeded(66)))


@pytest.mark.parametrize("why", ["bound to a key", "by a stranger", "over", "altered", "nothing"])
def test_a_document_in_the_file_that_does_not_hold_is_not_kept(fresh, why):
    """T150, T156"""
    raw = spoilt(fresh.agency)[why]
    unbound = UnboundCredential("dc+sd-jwt", raw)
    file = sealed({"transactionLog": [], "nonDeviceBoundCredentials": [unbound.to_dict()]})
    found = taken(fresh, file)
    assert (found.kept, found.refused) == (0, 1)
    assert fresh.vault.credentials() == ()


def test_a_document_of_a_format_that_nobody_knows_is_refused(fresh):
    file = sealed({"transactionLog": [], "nonDeviceBoundCredentials": [{"format": "ldp_vc", "credential": "x"}]})
    assert taken(fresh, file).refused == 1


@pytest.mark.parametrize(
    ("words", "error"),
    [("short", WrongPassphrase), ("x" * 2000, WrongPassphrase), ("aaaaaaaaaaaaaaaa", WeakPassphrase)],
)
def test_a_passphrase_that_is_easy_to_guess_seals_no_file(lived, words, error):
    before = len(lived.vault.log())
    with pytest.raises(error):
        handed_over(lived, words)
    assert len(lived.vault.log()) == before


def test_another_passphrase_opens_nothing_and_changes_nothing(lived, fresh):
    """T217"""
    file = handed_over(lived).file.encode()
    with pytest.raises(NotOpened):
        brought(fresh, file, "four words that fit badly")
    assert fresh.vault.log() == ()


@pytest.mark.parametrize("file", [b"", b"hello", b"\xff\xfe", b"a.b.c.d.e", b"{}"])
def test_a_file_that_is_none_is_refused(fresh, file):
    with pytest.raises(ProtocolError):
        brought(fresh, file)


def test_content_of_another_shape_is_refused(fresh):
    contents: tuple[JsonValue, ...] = ({}, {"transactionLog": {}}, {"transactionLog": [{}]}, 7)
    for content in contents:
        with pytest.raises(Malformed):
            brought(fresh, sealed(content))


def test_an_altered_file_is_refused(lived, fresh):
    parts = handed_over(lived).file.split(".")
    parts[3] = ("A" if parts[3][0] != "A" else "B") + parts[3][1:]
    with pytest.raises(NotAuthentic):
        brought(fresh, ".".join(parts).encode())


def test_a_damaged_log_is_not_handed_over_as_if_it_were_whole(lived):
    """T215"""
    lived.vault._connection.execute("UPDATE records SET sealed = x'00' WHERE kind = 'log'")
    with pytest.raises(DamagedError):
        handed_over(lived)


def test_a_history_makes_nobody_believe_that_a_request_was_answered_here(lived, fresh):
    """A request that the earlier wallet answered is a new one here, and none is refused for what a file says."""
    taken(fresh, handed_over(lived).file.encode())
    fresh.now = NOW
    fresh.receive()
    fresh.present()
    assert fresh.vault.log()[-1].outcome == "done"


def wire(**changes):
    """A line of a wallet of another kind."""
    members = {
        "transactionIdentifier": "1", "time": "2025-07-29T09:11:20", "transactionType": "Presentation",
        "transactionResult": "Completed", "interactingPartyName": "ABC Services",
        "interactingPartyIdentifier": {"type": "http://data.europa.eu/eudi/id/EUID", "identifier": "PLKRS.1"},
        "listOfClaimsPresented": [{"credentialIdentifier": "urn:eudi:pid:de:1", "claims": ["name"]}],
    }  # fmt: skip
    return {**members, **changes}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({}, "You showed urn:eudi:pid:de:1 to ABC Services."),
        ({"transactionResult": "NotCompleted"}, "You showed urn:eudi:pid:de:1 to ABC Services. Whether it arrived"),
        (
            {"transactionResult": "NotCompleted", "listOfClaimsPresented": [], "reasonOfNoncompletion": "session over"},
            "A request of ABC Services failed. (session over)",
        ),
        ({"transactionType": "CredentialIssuance", "credentialIdentifier": ["a"]}, "You received a from ABC Services."),
        ({"transactionType": "CredentialReissuance", "credentialIdentifier": ["a"]}, "ABC Services renewed a."),
        (
            {"transactionType": "CredentialIssuance", "credentialIdentifier": ["a"], "credentialNumberIssued": 0},
            "ABC Services gave nothing that could be kept: a.",
        ),
        ({"transactionType": "CredentialDeletion", "credentialIdentifier": "a"}, "You deleted a."),
        (
            {"transactionType": "OtherTransaction", "description": "a backup"},
            "Something else happened there. (a backup)",
        ),
        ({"transactionType": "DPAReport"}, "Something else happened there. (DPAReport)"),
        ({"hoheit": {"action": "grant everything"}}, "You showed urn:eudi:pid:de:1 to ABC Services."),
        ({"hoheit": {"action": "sharing", "documents": 7}}, "You showed urn:eudi:pid:de:1 to ABC Services."),
        ({"hoheit": {"action": "deleted", "outcome": "done", "documents": [{"name": "ID"}]}}, "You deleted ID."),
    ],
)
def test_lines_of_other_wallets_are_told_in_our_words(fresh, changes, sentence):
    taken(fresh, sealed({"transactionLog": [wire(**changes)]}))
    [line] = [one for one in activity(fresh.vault.log()) if one.entry.origin]
    assert Words("en").entry(line.entry, line.outcome).startswith(f"In your earlier wallet: {sentence}")


def test_a_strangers_text_is_made_plain(fresh):
    """T152"""
    nasty = "\u202eevil\x1b[31m"
    taken(
        fresh,
        sealed(
            {
                "transactionLog": [
                    wire(interactingPartyName=nasty, transactionType="OtherTransaction", description=nasty)
                ],
                "listOfCredentials": [{"credentialIdentifier": nasty, "format": "x", "issuerName": nasty}],
            }
        ),
    )
    shown = [entry.party + entry.outcome for entry in fresh.vault.log()]
    shown += [one.name + one.issuer for one in fresh.wallet.moving.awaited()]
    assert not any("\u202e" in text or "\x1b" in text for text in shown)


def test_a_line_that_is_dated_into_the_future_is_of_now(fresh):
    """Else no page could say when that is."""
    taken(fresh, sealed({"transactionLog": [wire(time="9999-12-31T23:59:59")]}))
    assert fresh.vault.log()[-1].at == fresh.now


def test_a_log_alone_is_taken_over_too(fresh):
    assert taken(fresh, sealed([wire()])).lines == 1


def test_what_the_register_said_of_a_partner_goes_along(vault):
    world = CockpitWorld(vault)
    world.receive()
    world.present()
    [shown] = [one for one in json.loads(inside(handed_over(world)))["transactionLog"] if "presentation" in one]
    registration = registration_of(world.vault.disclosures()[0].sent)
    inner = shown["presentation"]
    assert inner["registrarURL"] == registration.registry_uri
    assert inner["interactingPartyContact"][0] == registration.country
    assert {text["content"] for text in inner["purpose"]} == {text.text for text in registration.purpose}
    assert inner["privacyPolicy"][0]["policyURI"] == registration.privacy_policy


def test_a_held_document_of_two_forms_is_asked_for_with_one_offer(world, fresh):
    forms = [
        replace(held("a1"), document="a1", configuration_id="sd"),
        replace(held("a2"), document="a1", configuration_id="mdoc", type="org.example"),
    ]
    world.vault.write(put=forms)
    taken(fresh, handed_over(world).file.encode())
    [awaited] = fresh.wallet.moving.awaited()
    assert awaited.types == {VCT, "org.example"}
    assert "sd" in awaited.link
    assert "mdoc" in awaited.link
