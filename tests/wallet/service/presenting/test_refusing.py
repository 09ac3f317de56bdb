"""Requests that are not even shown as a question: nobody known asks, or nobody could answer."""

from dataclasses import replace

import pytest

from protocol.encoding import encode_base64url, encode_json
from protocol.errors import InvalidRequest, InvalidTransactionData, ProtocolError
from protocol.oid4vp.client_id import ClientId
from protocol.oid4vp.link import PlainRequest
from protocol.trust.anchors import Role
from tests.support.pki import DAY, NOW, Template, make_pki
from tests.wallet.counterpart_agency import Agency
from tests.wallet.counterparts import PARTNER, UNSIGNED, World, dcql
from tests.wallet.service.presenting.asking import asking, look


def stranger(world):
    world.partner.pki = make_pki(Template(dns_names=("library.example",)), role=Role.VERIFIER)
    trusted = world.anchors()
    world.trusted = False
    assert trusted


def not_a_verifier(world):
    world.partner.pki = replace(world.partner.pki, role=Role.ISSUER)


def certificate_that_ended(world):
    world.partner.pki = make_pki(Template(dns_names=("library.example",), not_after=NOW - DAY), role=Role.VERIFIER)


def another_identifier(world):
    world.partner.changes = {"client_id": ClientId.from_text("x509_san_dns:library.example")}


def answer_elsewhere(world):
    world.partner.changes = {"response_uri": "https://elsewhere.example/response"}


def wrong_wallet_nonce(world):
    world.partner.changes = {"wallet_nonce": "another"}


@pytest.mark.parametrize(
    "spoil",
    [stranger, not_a_verifier, certificate_that_ended, another_identifier, answer_elsewhere, wrong_wallet_nonce],
    ids=lambda spoil: spoil.__name__,
)
def test_a_request_that_cannot_be_believed_is_shown_to_the_user_alone(world, spoil):
    """T159, T163: nothing is posted to whoever wrote it, and the log says that it happened."""
    spoil(world)
    with pytest.raises(ProtocolError):
        look(world)
    assert world.partner.answers == []
    [*_, last] = world.vault.log()
    assert (last.action, last.party, last.trusted_by) == ("failed", "", "")
    assert last.party_id.startswith("x509_")


@pytest.mark.parametrize(
    "link",
    [
        "",
        "https://library.example/",
        "openid4vp://?client_id=&request_uri=https://library.example/request",
        "openid4vp://?client_id=library&request_uri=https://library.example/request",
        "openid4vp://?client_id=unknown:library&request_uri=https://library.example/request",
        "openid4vp://?client_id=x509_san_dns:library.example&request_uri=http://library.example/request",
        "openid4vp://?client_id=x509_san_dns:library.example&nonce=n&response_type=vp_token",
        (
            "openid4vp://?client_id=redirect_uri:https://library.example/response"
            "&request_uri=https://library.example/request"
        ),
    ],
)
def test_a_link_of_nobody_known_is_refused(world, link):
    """T160, T164: no "unknown, continue?"."""
    with pytest.raises(ProtocolError):
        world.run(world.wallet.presenting.look(link))
    assert world.partner.seen == []
    assert world.partner.answers == []


def test_a_request_without_a_signature_is_taken_only_where_a_test_says_so(world):
    """T160: and then nobody vouches for it, and an error is not posted to it."""
    request = replace(
        world.partner.request(),
        client_id=ClientId.from_text(f"redirect_uri:{PARTNER}/response"),
        wallet_nonce=None,
    )
    link = PlainRequest(request).to_link()
    with pytest.raises(InvalidRequest, match="not accepted"):
        world.run(world.wallet.presenting.look(link))
    open_world = World(world.vault, agency=world.agency, partner=world.partner, prefixes=UNSIGNED)
    seen = open_world.run(open_world.wallet.presenting.look(link))
    assert (seen.consent.asker.title, seen.consent.asker.trusted_by) == ("library.example", "")
    assert seen.consent.needs_thought
    open_world.run(open_world.wallet.presenting.decline(seen))
    assert world.partner.answers == []
    open_world.run(open_world.wallet.presenting.share(seen, seen.default_choice()))
    assert len(world.partner.answers) == 1


def test_what_is_not_understood_is_not_authorised(world):
    """T166"""
    item = encode_base64url(encode_json({"type": "urn:payment", "credential_ids": ["pid"]}))
    world.partner.changes = {"transaction_data": (item,)}
    with pytest.raises(InvalidTransactionData):
        look(world)
    assert [form.get("error") for form in world.partner.answers] == ["invalid_transaction_data"]
    assert world.actions()[-1][0] == "failed"


def test_a_question_that_takes_too_long_is_refused(vault):
    """T198: and it is in the log."""
    world = World(vault, Agency(batch_size=None, claims={"nationalities": [f"X{i}" for i in range(400)]}))
    world.receive()
    claims = [{"path": ["nationalities", None], "values": ["DE"], "id": f"c{i}"} for i in range(70)]
    asking(world, {**dcql(), "claims": claims, "claim_sets": [[claim["id"]] for claim in claims]})
    with pytest.raises(InvalidRequest, match="too many steps"):
        look(world)
    assert world.actions()[-1] == ("failed", "dcql_query: takes too many steps to evaluate")
    assert world.partner.answers == []
