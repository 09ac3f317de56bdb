"""What is asked about two answers shares nothing by which they are one citizen's, and what is handed out stays nowhere."""

import itertools

from protocol.encoding import encode_json
from tests.support.pki import DAY
from tests.wallet.cockpit import COCKPIT, CockpitWorld
from tests.wallet.service.cockpit.asking import ACCESS
from tests.wallet.service.cockpit.test_privacy import MARKED, unpacked, wire
from tests.wallet.vault.tampering import all_bytes
from wallet.policy.cockpit.rights import Wish
from wallet.vault.change import CODEC
from wallet.web.cockpit import signed_objects


def asked_twice(vault):
    """The same right about two answers, each followed once; the calls by answer."""
    world = CockpitWorld(vault)
    world.receive()
    world.present()
    world.partner.changes = {**world.partner.changes, "nonce": "another-nonce-of-22-characters"}
    world.present()
    rights, calls = world.wallet.cockpit.rights, {}
    for disclosure in world.vault.disclosures():
        before = len(world.partner.calls)
        followed = world.run(rights.ask(disclosure, ACCESS))
        world.later(60)
        world.run(rights.open(followed.disclosure, followed.asked.id))
        calls[disclosure.id] = world.partner.calls[before:]
    return world, calls


def test_nothing_of_one_answer_is_in_what_is_asked_about_another(vault):
    world, calls = asked_twice(vault)
    for disclosure, other in itertools.permutations(world.vault.disclosures(), 2):
        text = "\n".join(map(wire, calls[disclosure.id]))
        pieces = unpacked(text)
        for secret in (other.thumbprint, other.receipt.raw, other.id, *[asked.id for asked in other.rights]):
            assert secret not in text
            assert secret not in pieces


def test_each_call_of_a_kind_has_the_same_headers_and_no_cookie(vault):
    world, _ = asked_twice(vault)
    shapes = {(call.method, *[name for name, _ in call.headers]) for call in world.partner.calls}
    assert shapes == {("POST", "content-type", "accept", "dpop"), ("GET", "accept", "dpop")}
    assert all(call.url.startswith(f"{COCKPIT}/rights") and "?" not in call.url for call in world.partner.calls)


def test_neither_what_is_handed_out_nor_what_was_written_is_told_anywhere(path, vault):
    world = CockpitWorld(vault)
    world.receive()
    world.present()
    rights = world.wallet.cockpit.rights
    followed = world.run(rights.ask(world.disclosure, Wish(ACCESS.right, text="Written-0815-words")))
    world.partner.desk.hand_out({"pid": {"given_name": MARKED}})
    world.later(DAY)
    followed = world.run(rights.open(world.disclosure, followed.asked.id))
    handed = world.run(rights.answer(followed.disclosure, followed.asked.id))
    assert handed.answer.says.data == {"pid": {"given_name": MARKED}}
    disclosure = world.disclosure
    kept = CODEC.encode(disclosure) + "".join(CODEC.encode(entry) for entry in world.vault.log())
    timeline = "".join(item.text for item in world.wallet.cockpit.timeline().items)
    shown = encode_json(signed_objects(disclosure)).decode()
    for text in (kept, timeline, shown, repr(disclosure)):
        assert not any(MARKED in piece for piece in {*unpacked(text), text})
    for text in (timeline, shown, repr(disclosure)):
        assert not any("Written-0815" in piece for piece in {*unpacked(text), text})
    vault.close()
    on_disk = all_bytes(path.parent)
    for secret in (MARKED, "Written-0815", disclosure.rights[0].key, disclosure.rights[0].token):
        assert secret.encode() not in on_disk
