"""What the partner gets: what was asked and nothing else, bound and encrypted as asked; and what becomes of it."""

import pytest

from protocol.encoding import read_json_object
from protocol.errors import InvalidRequest, Unreachable
from protocol.exchange import HttpResponse
from protocol.jwe import Jwe, decrypt_jwe
from protocol.keys import P256Key
from protocol.oid4vp.answer import Delivered, Uncertain
from protocol.oid4vp.link import RequestByReference
from protocol.oid4vp.request import DIRECT_POST_JWT, ClientMetadata, EncryptionKey
from tests.support.pki import seeded, seeded_key
from tests.wallet.counterpart_agency import VCT, answer
from tests.wallet.counterparts import PARTNER, dcql
from tests.wallet.service.presenting.asking import asking, look, verified


def test_the_partner_gets_what_it_asked_for_bound_to_its_request(world):
    shared = world.present()
    assert shared.delivery == Delivered(None)
    [presentation] = world.partner.presented()
    credential = verified(world, presentation)
    assert credential.claims["given_name"] == "Erika"
    assert credential.disclosed == (("given_name",),)
    assert world.partner.answers[0]["state"] == "state-of-at-least-22-characters"


def test_a_request_by_get_is_fine_too(world):
    link = RequestByReference(world.partner.client_id, f"{PARTNER}/request").to_link()
    seen = world.run(world.wallet.presenting.look(link))
    world.run(world.wallet.presenting.share(seen, seen.default_choice()))
    assert verified(world, world.partner.presented()[0]).claims["given_name"] == "Erika"


@pytest.mark.parametrize(
    ("paths", "disclosed"),
    [
        ((), ()),
        ((("given_name",),), (("given_name",),)),
        ((("address", "locality"),), (("address",), ("address", "locality"))),
        ((("nationalities", 1),), (("nationalities", 0),)),  # the other element is not even counted
        ((("nationalities", None),), (("nationalities", 0), ("nationalities", 1))),
    ],
)
def test_nothing_but_what_was_asked_is_disclosed(world, paths, disclosed):
    """T169: and nothing at all where nothing was asked."""
    asking(world, dcql(*paths))
    world.present()
    [presentation] = world.partner.presented()
    assert set(verified(world, presentation).disclosed) == set(disclosed)


def test_without_a_need_for_it_the_holder_does_not_sign(world):
    asking(world, dcql(("given_name",), require_cryptographic_holder_binding=False))
    world.present()
    assert world.partner.presented()[0].endswith("~")


def test_the_log_says_who_got_which_claims_and_never_what_they_say(world):
    """T263"""
    asking(world, dcql(("address", "locality"), ("given_name",)))
    shared = world.present()
    entry = world.vault.log()[shared.log_number - 1]
    assert (entry.action, entry.party, entry.trusted_by) == ("sharing", "City library", "Test authority")
    assert entry.party_id == str(world.partner.client_id)
    assert [(item.name, item.type, item.claims) for item in entry.credentials] == [
        ("Personal ID", VCT, ('["given_name"]', '["address","locality"]'))
    ]
    assert world.vault.log()[-1].completes == shared.log_number
    assert "Erika" not in repr(world.vault.log())
    assert "Köln" not in repr([item.credentials for item in world.vault.log()])


# Encryption


def test_an_answer_is_encrypted_to_the_partner_where_that_is_asked(world):
    """T165"""
    key = P256Key.generate(seeded(70))
    metadata = ClientMetadata((EncryptionKey("k1", key.public_key),), ("A256GCM",))
    world.partner.changes = {"response_mode": DIRECT_POST_JWT, "client_metadata": metadata}
    seen = look(world)
    assert seen.consent.encrypted
    world.run(world.wallet.presenting.share(seen, seen.default_choice()))
    [form] = world.partner.answers
    assert form.keys() == {"response"}
    opened = read_json_object(
        decrypt_jwe(Jwe.from_compact(form["response"], "response"), key, encs=("A256GCM",)), "response"
    )
    assert verified(world, opened["vp_token"]["pid"][0]).claims["given_name"] == "Erika"


def test_where_encryption_is_impossible_nothing_is_sent_in_clear(world):
    """T165"""
    metadata = ClientMetadata((EncryptionKey("k1", seeded_key(70).public_key),), ("A128CBC-HS256",))
    world.partner.changes = {"response_mode": DIRECT_POST_JWT, "client_metadata": metadata}
    with pytest.raises(InvalidRequest):
        look(world)
    assert [form.get("error") for form in world.partner.answers] == ["invalid_request"]
    assert "vp_token" not in world.partner.answers[0]
    assert world.actions()[-1][0] == "failed"


# What became of it


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (HttpResponse(500, (), b"<html>"), "500"),
        (HttpResponse(302, (("location", "https://elsewhere.example/"),), b""), "302"),
        (answer("<html>", media_type="text/html"), "JSON"),
        (answer({"redirect_uri": "javascript:alert(1)"}), "redirect_uri"),
        (answer({"redirect_uri": "http://elsewhere.example/"}), "redirect_uri"),
        (answer({"redirect_uri": "https://elsewhere.example/" + "x" * 100_000}), ""),
        (Unreachable("no answer in time"), "no answer"),
    ],
)
def test_what_became_of_an_answer_that_is_not_confirmed_is_unknown(world, reply, reason):
    """T172: it counts as seen, and nothing is opened."""
    world.partner.reply = reply
    shared = world.present()
    assert isinstance(shared.delivery, Uncertain)
    assert reason in shared.delivery.reason
    assert shared.redirect_uri is None
    assert world.actions()[-1] == ("shared", "unknown")
    assert world.vault.credentials()[0].copies[0].used_at


def test_where_to_go_on_is_told_and_not_opened(world):
    """T172"""
    world.partner.reply = answer({"redirect_uri": "https://library.example/done#response_code=1"})
    before = len(world.partner.seen)
    shared = world.present()
    assert shared.redirect_uri == "https://library.example/done#response_code=1"
    assert len(world.partner.seen) == before + 2
    assert world.actions()[-1] == ("shared", "done")
