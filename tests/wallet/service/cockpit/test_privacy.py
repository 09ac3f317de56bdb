"""What two answers share, and what stands where: nothing by which they are one citizen's, and no value anywhere outside."""

import base64
import itertools
import re

import pytest

from protocol.encoding import encode_json
from protocol.oid4vp.request import ClientMetadata
from protocol.sovereignty.usage import Action
from tests.support.pki import NOW
from tests.wallet.cockpit import COCKPIT, CockpitWorld, use
from tests.wallet.counterpart_agency import CLAIMS
from tests.wallet.service.cockpit.asking import HOUR
from tests.wallet.vault.tampering import all_bytes
from wallet.vault.change import CODEC
from wallet.web.cockpit import signed_objects

MARKED = "Marked-4711-value"
RUN = 12  # characters that two texts have in common by more than chance


def wire(request):
    """All bytes of a call, with its address."""
    headers = "".join(f"{name}: {value}\n" for name, value in request.headers)
    return f"{request.method} {request.url}\n{headers}\n{request.body.decode()}"


def secrets_of(text):
    """Every piece of a text that could be an identifier."""
    return set(re.findall(rf"[A-Za-z0-9_-]{{{RUN},}}", text))


def unpacked(text):
    """The same with what is inside tokens."""
    found = set(secrets_of(text))
    for piece in list(found):
        padded = piece + "=" * (-len(piece) % 4)
        inside = base64.urlsafe_b64decode(padded).decode("latin-1") if len(piece) % 4 != 1 else ""
        found |= secrets_of(inside)
    return found


def asked_twice(vault):
    world = CockpitWorld(vault, partner={"inline": False})
    world.receive()
    world.present()
    world.partner.changes = {**world.partner.changes, "nonce": "another-nonce-of-22-characters"}
    world.present()
    calls = {}
    for disclosure in world.vault.disclosures():
        before = len(world.partner.calls)
        world.later(HOUR).run(world.wallet.cockpit.ask(disclosure))
        calls[disclosure.id] = world.partner.calls[before:]
    return world, calls


def test_two_receipts_of_one_partner_share_no_identifier_of_the_citizen(vault):
    """All bytes of the calls and of the receipts; what is the partner's own, or everybody's, is no identifier of anybody."""
    world, calls = asked_twice(vault)
    keys = [disclosure.thumbprint for disclosure in world.vault.disclosures()]
    first, second = (unpacked("\n".join(map(wire, found))) for found in calls.values())
    # What the proofs of two strangers share as well: types, algorithms, the address, the partner's own nonce
    stranger = CockpitWorld(vault, partner={"inline": False}, seed=99)
    stranger.receive()
    stranger.present()
    stranger.later(HOUR).look()
    assert first & second <= unpacked("\n".join(map(wire, stranger.partner.calls)))
    one, other = (unpacked(world.partner.receipts[key]) for key in keys)
    assert keys[0] in one
    assert keys[0] not in other
    assert keys[1] not in one


def test_each_call_has_the_same_headers_and_no_cookie(vault):
    world, _ = asked_twice(vault)
    shapes = {tuple(name for name, _ in call.headers) for call in world.partner.calls}
    assert shapes == {("content-type", "accept", "dpop")}
    assert {call.url for call in world.partner.calls} == {f"{COCKPIT}/receipt", f"{COCKPIT}/usage"}


def test_no_call_about_one_answer_has_anything_of_another(vault):
    world, calls = asked_twice(vault)
    for disclosure, other in itertools.permutations(world.vault.disclosures(), 2):
        text = "\n".join(map(wire, calls[disclosure.id])) + "".join(
            unpacked("\n".join(map(wire, calls[disclosure.id])))
        )
        assert other.thumbprint not in text
        assert other.receipt.raw not in text
        assert other.id not in text


@pytest.mark.parametrize("claim", ["given_name"])
def test_no_value_of_a_claim_is_in_anything_that_is_kept_or_told_about_an_answer(path, vault, claim):
    world = CockpitWorld(vault)
    world.agency.claims = {**CLAIMS, claim: MARKED}
    world.receive()
    world.partner.changes = {**world.partner.changes, "client_metadata": ClientMetadata(cockpit_endpoint=COCKPIT)}
    world.present()
    world.partner.did(use(), use(Action.VIEWED, NOW + 60))
    world.later(HOUR).look()
    disclosure = world.disclosure
    told = "\n".join(map(wire, world.partner.calls))
    kept = CODEC.encode(disclosure) + "".join(CODEC.encode(entry) for entry in world.vault.log())
    shown = encode_json(signed_objects(disclosure)).decode()
    timeline = "".join(item.text for item in world.wallet.cockpit.timeline().items)
    for text in (told, kept, shown, timeline, repr(disclosure)):
        assert MARKED.lower() not in text.lower()
        assert not any(MARKED in piece for piece in unpacked(text))
    assert any(MARKED in piece for piece in unpacked("".join(world.partner.presented())))
    vault.close()
    on_disk = all_bytes(path.parent)
    for secret in (MARKED, disclosure.key, disclosure.thumbprint, "City library", disclosure.receipt.raw):
        assert secret.encode() not in on_disk


def test_a_disclosure_says_nothing_of_its_key_when_it_is_printed(vault):
    world, _ = asked_twice(vault)
    assert world.disclosure.key not in repr(world.vault.disclosures())
