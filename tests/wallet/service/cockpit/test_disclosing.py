"""What is kept of an answer to a partner with a cockpit, whichever way it goes, and what comes back with it."""

from dataclasses import replace
from typing import Any

import pytest

from protocol.encoding import read_json_object
from protocol.errors import Unavailable
from protocol.exchange import HttpResponse
from protocol.jwe import Jwe, decrypt_jwe
from protocol.keys import P256Key, PublicKey
from protocol.oid4vp.client_id import ClientId, Prefix
from protocol.oid4vp.dc_api import DcApiRequest, PageRequest
from protocol.oid4vp.dc_api_object import Signatory, sign_page_request, sign_page_request_by_all
from protocol.oid4vp.link import PlainRequest
from protocol.oid4vp.request import DC_API, DIRECT_POST_JWT, ClientMetadata, EncryptionKey
from protocol.sovereignty.canonical import hash_json
from protocol.sovereignty.in_person import hash_claim
from protocol.sovereignty.signing import hash_text
from tests.support.pki import NOW, make_pki, seeded, seeded_key
from tests.wallet.cockpit import COCKPIT, CockpitWorld
from tests.wallet.counterpart_agency import answer
from tests.wallet.counterparts import PARTNER, Partner, dcql
from tests.wallet.meeting import LICENSED, asked, share
from tests.wallet.registrar import LIBRARY
from wallet.policy.cockpit.disclosed import receipt_of, sent_of
from wallet.service.meeting import Way

ORIGIN = "https://library.example"


def key_of(disclosure):
    return P256Key.from_scalar(bytes.fromhex(disclosure.key))


def sent_jwk(disclosure):
    return {**key_of(disclosure).public_key.to_jwk(), "kid": disclosure.sent.request_hash}


def test_an_answer_carries_a_key_of_its_own_and_the_receipt_that_comes_back_matches(world):
    shared = world.present()
    disclosure = world.disclosure
    assert disclosure.log_number == shared.log_number
    sent_key = PublicKey.from_jwk(read_json_object(world.partner.answers[0]["cockpit_key"].encode(), "k"), "k")
    assert sent_key == key_of(disclosure).public_key
    assert disclosure.thumbprint == sent_key.thumbprint()
    assert disclosure.receipt.findings == ()
    assert receipt_of(disclosure).key == disclosure.thumbprint
    sent = disclosure.sent
    assert (sent.at, sent.announced, sent.answered_at) == (NOW, COCKPIT, f"{PARTNER}/response")
    assert sent.request == world.partner.texts[-1]
    assert sent.request_hash == hash_text(sent.request)
    assert sent.requesters == ((LIBRARY, "DE"),)
    assert sent.claims == (("pid", ('["given_name"]',)),)
    assert [(one.query_id, one.name) for one in sent.documents] == [("pid", "Personal ID")]
    assert (sent.name, sent.trusted_by) == ("City library", "Test authority")
    assert sent_of(disclosure).registration.identifier == LIBRARY
    assert 0 <= disclosure.hour < 24


def test_no_two_answers_have_anything_in_common(world):
    world.present()
    world.partner.changes = {**world.partner.changes, "nonce": "another-nonce-of-22-characters"}
    world.present()
    first, second = world.vault.disclosures()
    assert first.key != second.key
    assert first.id != second.id


def test_an_encrypted_answer_has_the_key_inside(world):
    key = P256Key.generate(seeded(70))
    metadata = ClientMetadata((EncryptionKey("k1", key.public_key),), ("A256GCM",), cockpit_endpoint=COCKPIT)
    world.partner.changes = {**world.partner.changes, "response_mode": DIRECT_POST_JWT, "client_metadata": metadata}
    world.present()
    [form] = world.partner.answers
    assert form.keys() == {"response"}
    jwe = Jwe.from_compact(form["response"], "response")
    opened = read_json_object(decrypt_jwe(jwe, key, encs=("A256GCM",)), "response")
    assert opened["cockpit_key"] == sent_jwk(world.disclosure)
    assert world.disclosure.receipt is None


def test_everything_is_kept_before_anything_leaves(world):
    """T171: the key of an answer that left and was never kept would be lost, and with it every right."""
    at_sending = []
    respond = world.partner.respond

    def watch(request):
        if request.url.endswith("/response"):
            at_sending.extend(world.vault.disclosures())
        return respond(request)

    world.partner.respond = watch
    world.present()
    assert [one.key for one in at_sending] == [world.disclosure.key]
    assert at_sending[0].receipt is None


def test_what_cannot_be_kept_does_not_leave(world):
    seen = world.run(world.wallet.presenting.look(world.partner.link()))
    write = world.vault.write

    def full(*, put=(), **change):
        if any(type(record).__name__ == "Disclosure" for record in put):
            raise Unavailable("the disk is full")
        return write(put=put, **change)

    world.vault.write = full
    with pytest.raises(Unavailable):
        world.run(world.wallet.presenting.share(seen, seen.default_choice()))
    assert world.partner.answers == []
    assert world.vault.disclosures() == ()
    assert world.actions()[-1][0] == "failed"


def test_an_answer_that_could_not_be_made_leaves_no_disclosure(world):
    seen = world.run(world.wallet.presenting.look(world.partner.link()))
    bad = ClientMetadata(
        (EncryptionKey("k1", seeded_key(70).public_key),), ("A128CBC-HS256",), cockpit_endpoint=COCKPIT
    )
    request = replace(seen.verified.request, response_mode=DIRECT_POST_JWT, client_metadata=bad)
    seen = replace(seen, verified=replace(seen.verified, request=request))
    with pytest.raises(Exception, match="encrypt"):
        world.run(world.wallet.presenting.share(seen, seen.default_choice()))
    assert world.vault.disclosures() == ()


@pytest.mark.parametrize(
    "endpoint", ["http://library.example/cockpit", f"{COCKPIT}/", f"{COCKPIT}?citizen=7", "cockpit", 7]
)
def test_a_malformed_announcement_is_as_good_as_none(vault, endpoint, monkeypatch):
    world = CockpitWorld(vault)
    world.receive()
    metadata = ClientMetadata(cockpit_endpoint=COCKPIT)
    world.partner.changes = {**world.partner.changes, "client_metadata": metadata}
    monkeypatch.setattr("protocol.oid4vp.request.announce", lambda _: {"cockpit_endpoint": endpoint})
    shared = world.present()
    assert shared.arrived
    assert "cockpit_key" not in world.partner.answers[0]
    assert world.vault.disclosures() == ()


def test_an_unsigned_request_announces_nothing(vault):
    world = CockpitWorld(vault, prefixes=frozenset((Prefix.REDIRECT_URI,)), register=False)
    world.receive()
    request = world.partner.request()
    url = f"{PARTNER}/response"
    plain = replace(request, client_id=ClientId.from_text(f"redirect_uri:{url}", "c"), response_uri=url)
    seen = world.run(world.wallet.presenting.look(PlainRequest(plain).to_link()))
    world.run(world.wallet.presenting.share(seen, seen.default_choice()))
    assert "cockpit_key" not in world.partner.answers[0]
    assert world.vault.disclosures() == ()


def test_who_announces_nothing_gets_no_key(vault):
    world = CockpitWorld(vault, partner={"endpoint": ""})
    world.receive()
    world.present()
    assert "cockpit_key" not in world.partner.answers[0]
    assert world.vault.disclosures() == ()


def test_where_nobody_is_registered_nobody_could_sign_a_receipt(vault):
    world = CockpitWorld(vault, partner={"pki": Partner().pki}, register=False)
    world.receive()
    assert world.present().arrived
    assert "cockpit_key" not in world.partner.answers[0]
    assert world.vault.disclosures() == ()


def test_saying_no_tells_nothing_and_keeps_nothing(world):
    seen = world.run(world.wallet.presenting.look(world.partner.link()))
    world.run(world.wallet.presenting.decline(seen))
    assert "cockpit_key" not in world.partner.answers[0]
    assert world.vault.disclosures() == ()


@pytest.mark.parametrize("body", [{}, {"receipt": 7}, {"receipt": "no token"}, {"receipt": "a.b.c" * 20_000}])
def test_without_a_receipt_in_the_answer_it_is_awaited(world, body):
    world.partner.inline = False
    world.partner.reply = answer(body)
    assert world.present().arrived
    assert world.disclosure.receipt is None


def test_rejected_data_have_a_receipt_too(world):
    """It comes next to an error, with another status."""
    respond = world.partner.respond

    def reject(request):
        found = respond(request)
        if not request.url.endswith("/response"):
            return found
        return HttpResponse(400, found.headers, found.body)

    world.partner.respond = reject
    assert not world.present().arrived
    assert world.disclosure.receipt.findings == ()


# Through a page


def page_request(world, metadata):
    return DcApiRequest(
        ORIGIN, None, DC_API, "nonce-of-at-least-22-characters", world.partner.request().dcql_query, metadata
    )


def signatory(world):
    info = world.partner.changes["verifier_info"]
    return Signatory(world.partner.client_id, world.partner.pki.signer, world.partner.pki.x5c, verifier_info=info)


@pytest.mark.parametrize("several", [False, True])
def test_through_a_page_the_key_goes_with_the_data_and_the_receipt_is_collected(world, several):
    request = page_request(world, ClientMetadata(cockpit_endpoint=COCKPIT))
    times: Any = {"origins": (ORIGIN,), "issued_at": NOW - 1, "expires_at": NOW + 300}
    if several:
        stranger = make_pki(key=seeded_key(99))
        other = Signatory(ClientId.of_certificate(stranger.leaf.der), stranger.signer, stranger.x5c)
        data = sign_page_request_by_all(request, [other, signatory(world)], **times)
    else:
        data = sign_page_request(request, signatory(world), **times)
    protocol = "openid4vp-v1-multisigned" if several else "openid4vp-v1-signed"
    seen = world.run(world.wallet.pages.look(PageRequest(protocol, data, ORIGIN)))
    handed = world.run(world.wallet.pages.share(seen, seen.default_choice()))
    disclosure = world.disclosure
    assert handed["cockpit_key"] == sent_jwk(disclosure)
    assert disclosure.sent.answered_at == ORIGIN
    assert disclosure.receipt is None
    assert disclosure.sent.request_hash == hash_json(data["request"], "request")


def test_a_page_that_nobody_signed_for_announces_nothing(world):
    data = page_request(world, ClientMetadata(cockpit_endpoint=COCKPIT)).to_unsigned()
    seen = world.run(world.wallet.pages.look(PageRequest("openid4vp-v1-unsigned", data, ORIGIN)))
    handed = world.run(world.wallet.pages.share(seen, seen.default_choice()))
    assert handed.keys() == {"vp_token"}
    assert world.vault.disclosures() == ()


# In person


@pytest.mark.parametrize("way", [*Way])
def test_in_person_the_claim_of_the_session_is_kept_for_later(world, way):
    reader, found = asked(world, way=way, entry=LICENSED, cockpit=COCKPIT)
    answered = share(world, found)
    disclosure = world.disclosure
    assert disclosure.claim == reader.meeting.claim.hex()
    assert (disclosure.sent.client_id, disclosure.sent.answered_at) == ("", "")
    world.partner.meet(reader, answered.message)
    assert world.partner.claims.keys() == {hash_claim(bytes.fromhex(disclosure.claim))}
    [doc_type] = [query_id for query_id, _ in disclosure.sent.claims]
    assert [one.query_id for one in disclosure.sent.documents] == [doc_type]


@pytest.mark.parametrize(
    "members", [{"signed": False, "cockpit": COCKPIT}, {"cockpit": "http://library.example/cockpit"}, {}]
)
def test_in_person_an_announcement_counts_only_where_it_is_signed_and_whole(world, members):
    entry = {} if members.get("signed") is False else {"entry": LICENSED}
    _, found = asked(world, **entry, **members)
    share(world, found)
    assert world.vault.disclosures() == ()


def test_a_query_of_several_documents_is_kept_by_its_parts(world):
    world.partner.query = {
        "credentials": [dcql(("given_name",), query_id="a"), dcql(("address", "locality"), query_id="b")]
    }
    world.present()
    assert dict(world.disclosure.sent.claims) == {"a": ('["given_name"]',), "b": ('["address","locality"]',)}
    assert [one.query_id for one in world.disclosure.sent.documents] == ["a", "b"]
    assert world.disclosure.receipt.findings == ()
