"""Where a wallet's keys are: in its records, or in a token; there as long as a record needs them, and no longer."""

import sqlite3
import threading
from dataclasses import replace

import pytest

from protocol.keys import P256Key
from runtime.hsm import HsmKey
from runtime.key_token import KeyReference, KeyUnavailable, KeyUse, TokenError, open_token
from tests.support.pki import NOW, seeded
from tests.support.provider import make_provider
from tests.wallet.counterpart_agency import answer
from tests.wallet.counterparts import PASSPHRASE, QUICK, World
from tests.wallet.vetting import vetted_world
from wallet.app import create_wallet, create_web, open_wallet
from wallet.config import WalletSettings
from wallet.keys import SealedKeys, TokenKeys, token_label
from wallet.provider.policy import ProviderPolicy
from wallet.records import PendingIssuance, WalletUnit, WantedCredential, keys_of
from wallet.service import Wallet
from wallet.words import Words

LABEL = "wallet 0102"
DATA = b"what is signed"


@pytest.fixture
def token(softhsm):
    return open_token(softhsm.access)


@pytest.fixture
def keys(token):
    return TokenKeys(token, LABEL, seeded(77))


@pytest.fixture
def world(vault, keys):
    """A wallet with its keys in a token, between an agency and a partner."""
    return World(vault, keys=keys)


def in_token(token):
    return {reference.id for reference in token.keys_labelled(LABEL)}


def receive(world):
    [held] = world.receive()
    return held


# One key


def test_a_sealed_key_is_in_its_record():
    keys = SealedKeys(seeded(1))
    kept = keys.new_key()
    assert keys.in_memory
    assert keys.signer(kept).to_scalar().hex() == kept
    keys.check([kept])


def test_a_key_of_a_token_leaves_no_private_part(keys, token):
    kept = keys.new_key()
    assert not keys.in_memory
    assert kept.startswith("pkcs11:object=wallet%200102;id=")
    signer = keys.signer(kept)
    assert not isinstance(signer, P256Key)
    signer.public_key.verify(signer.sign(DATA), DATA)
    keys.check([kept])
    assert len(in_token(token)) == 1


def test_a_key_that_is_older_than_the_token_goes_on_signing(keys):
    kept = SealedKeys(seeded(1)).new_key()
    signer = keys.signer(kept)
    signer.public_key.verify(signer.sign(DATA), DATA)
    keys.check([kept])
    keys.destroy([kept])


def test_a_key_in_a_token_that_nobody_names_is_away(keys):
    kept = keys.new_key()
    for use in (SealedKeys(seeded(1)).signer, lambda key: SealedKeys(seeded(1)).check([key])):
        with pytest.raises(KeyUnavailable, match="no token is said"):
            use(kept)


def test_a_token_that_is_away_makes_checks_and_uses_no_key(keys, softhsm):
    kept = keys.new_key()
    signer = keys.signer(kept)
    with softhsm.gone():
        for use in (keys.new_key, lambda: keys.check([kept]), lambda: signer.sign(DATA)):
            with pytest.raises(KeyUnavailable) as refusal:
                use()
            assert softhsm.label not in refusal.value.description
        assert keys.signer(kept).public_key == signer.public_key, "looking at what is held needs no token"


def test_tidying_leaves_what_is_needed_and_what_is_not_ours(keys, token, softhsm):
    """T158"""
    needed, lost = keys.new_key(), keys.new_key()
    token.make_key(KeyReference("wallet of somebody else", b"\x01"), KeyUse.SIGN)
    with softhsm.gone():
        keys.tidy([needed])
    keys.check([lost])
    keys.tidy([needed, SealedKeys(seeded(1)).new_key()])
    keys.check([needed])
    with pytest.raises(KeyUnavailable):
        keys.check([lost])
    token.find_key(KeyReference("wallet of somebody else")).public_key.to_jwk()


def test_a_label_is_made_once(tmp_path):
    first = token_label(tmp_path / "wallet", seeded(1))
    assert token_label(tmp_path / "wallet", seeded(2)) == first
    assert token_label(tmp_path / "other", seeded(3)) != first
    assert first.startswith("wallet ")


# A wallet that uses them


def test_what_is_received_is_bound_to_keys_of_the_token(world, token):
    held = receive(world)
    assert len(held.copies) == 3
    assert all(copy.key.startswith("pkcs11:") for copy in held.copies)
    assert len(in_token(token)) == 3
    world.present()
    [presentation] = world.partner.presented()
    assert presentation.split("~")[-1], "it is signed by the holder"


def test_keys_go_with_what_they_were_for(world, token):
    """T228"""
    held = receive(world)
    other = receive(world)
    assert len(in_token(token)) == 6
    world.run(world.wallet.keeping.forget(world.wallet.keeping.find(held.id)))
    assert {reference for copy in other.copies for reference in [copy.key.partition("#")[0]]} == {
        reference.to_uri() for reference in token.keys_labelled(LABEL)
    }


def test_keys_of_what_was_not_kept_go_too(world, token):
    """T228"""
    receiving = world.wallet.receiving
    seen = world.run(receiving.look(world.agency.offer()))
    world.run(receiving.reject(world.run(receiving.fetch(world.run(receiving.take(seen)), seen.contact))))
    assert in_token(token) == set()
    world.run(receiving.give_up(world.run(receiving.take(seen))))
    assert in_token(token) == set()
    world.agency.refuse["/credential"] = answer({"error": "credential_request_denied"}, 400)
    assert world.run(receiving.fetch(world.run(receiving.take(seen)), seen.contact)).failed
    assert in_token(token) == set()


def test_keys_for_copies_that_did_not_come_go_too(world, token):
    """T228"""
    world.agency.spoil = lambda issued: issued[:1]
    held = receive(world)
    assert len(held.copies) == 1
    assert len(in_token(token)) == 1


def test_a_token_that_is_away_while_receiving_costs_nothing(world, softhsm):
    receiving = world.wallet.receiving
    seen = world.run(receiving.look(world.agency.offer()))
    pending = world.run(receiving.take(seen))
    with softhsm.gone(), pytest.raises(KeyUnavailable):
        world.run(receiving.fetch(pending, seen.contact))
    assert world.vault.pending() == (pending,)
    [held] = world.run(receiving.keep(world.run(receiving.fetch(pending, seen.contact))))
    assert len(held.copies) == 3


def test_a_token_that_is_away_while_presenting_uses_up_no_copy(world, softhsm):
    """T171"""
    held = receive(world)
    with softhsm.gone(), pytest.raises(KeyUnavailable):
        world.present()
    assert world.vault.credentials() == (held,)
    assert world.partner.answers == []
    assert [entry.action for entry in world.vault.log()] == ["received"]
    world.present()
    assert len(world.partner.answers) == 1


def test_a_token_that_goes_away_in_the_very_moment_is_noted(world, softhsm, monkeypatch):
    """T171: the copy counts as shown, and the log says that nothing came of it."""
    receive(world)
    monkeypatch.setattr(TokenKeys, "check", lambda *_: None)
    with softhsm.gone(), pytest.raises(KeyUnavailable):
        world.present()
    entries = world.vault.log()
    assert [entry.action for entry in entries] == ["received", "sharing", "failed"]
    assert entries[2].completes == entries[1].number
    assert world.partner.answers == []
    assert sum(1 for copy in world.vault.credentials()[0].copies if copy.used_at) == 1


@pytest.fixture
def office(tmp_path):
    """A provider that vouches for whoever comes."""
    made = make_provider(f"sqlite:///{tmp_path}/provider.db", policy=ProviderPolicy(open_enrolment=True))
    yield made
    made.close()


def test_a_wallet_with_its_keys_in_a_token_is_vouched_for(vault, keys, token, office):
    world = vetted_world(vault, office, device=keys)
    held = receive(world)
    unit = vault.unit()
    assert unit.key.startswith("pkcs11:")
    [attested] = world.agency.keys
    assert {keys.signer(copy.key).public_key for copy in held.copies} == set(attested.keys)
    # Fresh keys were made for the attestation; those before them are gone
    assert {key.partition("#")[0] for key in keys_of(held) | keys_of(unit)} == {
        reference.to_uri() for reference in token.keys_labelled(LABEL)
    }


def test_a_token_that_is_away_is_not_told_as_a_no_of_the_provider(vault, keys, office, softhsm):
    world = vetted_world(vault, office, device=keys)
    vouching = world.wallet.vouching
    with softhsm.gone(), pytest.raises(KeyUnavailable):
        world.run(vouching.register())
    assert vault.unit() is None
    assert world.run(vouching.register()).name
    with softhsm.gone(), pytest.raises(KeyUnavailable):
        world.run(vouching.report_lost())
    assert not vault.unit().blocked_at


# A wallet in its folder


@pytest.fixture
def settings(tmp_path, softhsm, monkeypatch):
    monkeypatch.setenv("HOHEIT_ENV", "test")
    return WalletSettings(
        data=tmp_path / "folder",
        hsm_module=softhsm.module,
        hsm_token=softhsm.label,
        hsm_pin_file=softhsm.pin_file,
    )


def test_a_wallet_s_folder_is_tidied_when_it_is_opened(settings, token):
    """T158"""
    create_wallet(settings, PASSPHRASE, QUICK)
    with open_wallet(settings, PASSPHRASE, now=lambda: NOW) as opened:
        device = opened.wallet.context.keys
        needed = device.new_key()
        lost = device.new_key()
        opened.vault.write(put=[WalletUnit("unit", "https://wallets.example", needed, (), "", 0, 0, 0)])
    with open_wallet(settings, PASSPHRASE, now=lambda: NOW) as opened:
        device = opened.wallet.context.keys
        device.check([needed])
        with pytest.raises(KeyUnavailable):
            device.check([lost])


def test_keys_are_left_alone_while_something_is_damaged(settings):
    """What is damaged may come back from a backup."""
    create_wallet(settings, PASSPHRASE, QUICK)
    with open_wallet(settings, PASSPHRASE, now=lambda: NOW) as opened:
        kept = opened.wallet.context.keys.new_key()
        pending = PendingIssuance("1", "{}", "{}", "", "", (WantedCredential("pid", (kept,)),), NOW)
        opened.vault.write(put=[pending])
    with sqlite3.connect(settings.vault) as file:
        file.execute("UPDATE records SET sealed = zeroblob(64) WHERE kind = 'pending'")
    file.close()
    with open_wallet(settings, PASSPHRASE, now=lambda: NOW) as opened:
        assert opened.vault.damaged() == ("1",)
        opened.wallet.context.keys.check([kept])


def test_a_wallet_is_neither_made_nor_served_without_its_token_but_what_is_held_can_be_seen(settings, softhsm):
    """T252"""
    with softhsm.gone(), pytest.raises(TokenError, match=softhsm.label):
        create_wallet(settings, PASSPHRASE, QUICK)
    assert not settings.vault.exists()
    create_wallet(settings, PASSPHRASE, QUICK)
    with softhsm.gone():
        with pytest.raises(TokenError, match=softhsm.label):
            create_web(settings)
        with open_wallet(settings, PASSPHRASE, now=lambda: NOW) as opened:
            assert opened.wallet.keeping.credentials() == ()


def test_the_event_loop_waits_for_no_token(settings, monkeypatch):
    create_wallet(settings, PASSPHRASE, QUICK)
    threads = []
    sign = HsmKey.sign

    def noted(key, data):
        threads.append(threading.current_thread().name.split("_")[0])
        return sign(key, data)

    monkeypatch.setattr(HsmKey, "sign", noted)
    world = World(None)
    with open_wallet(settings, PASSPHRASE, world, now=lambda: NOW) as opened:
        context = replace(opened.wallet.context, anchors=world.anchors)
        wallet = Wallet.of(context)
        seen = opened.run(wallet.receiving.look(world.agency.offer()))
        pending = opened.run(wallet.receiving.take(seen))
        opened.run(wallet.receiving.keep(opened.run(wallet.receiving.fetch(pending, seen.contact))))
        asked = opened.run(wallet.presenting.look(world.partner.link()))
        opened.run(wallet.presenting.share(asked, asked.default_choice()))
    assert len(world.partner.answers) == 1
    assert len(threads) >= 2
    assert set(threads) == {"slow"}


def test_a_person_reads_that_the_device_is_away():
    error = KeyUnavailable("the key is away")
    assert "keeps your keys" in Words("en").sentence(error)
    assert "Schlüsseln" in Words("de").sentence(error)
