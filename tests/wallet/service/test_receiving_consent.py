"""What the user is asked about an offer, before anything is asked for and again before anything is kept."""

from dataclasses import replace

import pytest

from protocol.errors import InvalidRequest, ProtocolError
from protocol.oid4vci.metadata import Display
from tests.support.pki import make_pki
from tests.wallet.counterpart_agency import AGENCY, CLAIMS, PID, Agency
from tests.wallet.counterparts import World
from tests.wallet.service.asked import paths


def test_what_the_user_is_asked_says_who_what_and_why_trusted(world):
    """T156: before anything is asked for in the user's name."""
    seen = world.run(world.wallet.receiving.look(world.agency.offer()))
    consent = seen.consent
    assert (consent.issuer.title, consent.issuer.trusted_by) == ("City of Köln", "Test authority")
    assert consent.issuer.host == "agency.example"
    [offered] = consent.credentials
    assert (offered.configuration_id, offered.name) == ("pid", "Personal ID")
    assert offered.claims == ("Family name", "Given name", "Date of birth", "Address", "City", "Nationality")
    assert (consent.tx_code, consent.needs_login, consent.left_out) == (None, False, ())
    assert paths(world.agency) == ["/.well-known/openid-credential-issuer", "/.well-known/oauth-authorization-server"]


def test_the_user_is_asked_in_their_language(vault):
    world = World(vault, language="de")
    seen = world.run(world.wallet.receiving.look(world.agency.offer()))
    assert seen.consent.credentials[0].name == "Personalausweis"
    assert seen.consent.credentials[0].claims[0] == "Nachname"


@pytest.mark.parametrize("agency", [Agency(signed=False), Agency(pki=make_pki())], ids=["unsigned", "stranger"])
def test_an_issuer_whom_nobody_vouches_for_has_no_name_but_its_host(vault, agency):
    """T157: what it calls itself is told apart."""
    world = World(vault, agency, trusted=False)
    issuer = world.run(world.wallet.receiving.look(agency.offer())).consent.issuer
    assert (issuer.name, issuer.trusted_by, issuer.title) == ("", "", "agency.example")
    assert issuer.calls_itself == "The very best agency"


def test_names_that_a_stranger_gave_are_made_plain(vault):
    """T152: nothing steers a terminal, turns the direction of reading, or fills the screen."""
    nasty = "A\x1b[31m\u202eB\u200b\n<script>" + "x" * 200
    configuration = replace(PID, display=(Display(nasty, "en", nasty),))
    agency = Agency(configurations={"pid": configuration}, claims={**CLAIMS, "given_name": nasty})
    world = World(vault, agency)
    seen = world.run(world.wallet.receiving.look(agency.offer()))
    [kept] = world.receive()
    shown = world.wallet.keeping.shown(world.wallet.keeping.find(kept.id))
    texts = [
        seen.consent.credentials[0].name,
        seen.consent.credentials[0].description,
        shown.name,
        *(str(claim.value) for claim in shown.claims),
        world.vault.log()[0].credentials[0].name,
    ]
    for text in texts:
        assert not set(text) & set("\x1b\u202e\u200b\n")
        assert len(text) <= 2000
    assert "A [31m B <script>" in texts[0]


def test_saying_no_asks_for_nothing_and_is_in_the_log(world):
    """T156"""
    seen = world.run(world.wallet.receiving.look(world.agency.offer()))
    before = len(world.agency.seen)
    world.run(world.wallet.receiving.decline(seen))
    assert len(world.agency.seen) == before
    assert world.actions() == [("declined", "refused")]
    assert world.vault.pending() == ()


def test_nothing_is_kept_before_the_user_saw_the_data(world):
    """T156: a stranger's offer is recognised by whose data is in it, so the data comes before the decision."""
    receiving = world.wallet.receiving
    seen = world.run(receiving.look(world.agency.offer()))
    pending = world.run(receiving.take(seen))
    arrived = world.run(receiving.fetch(pending, seen.contact))
    assert world.vault.credentials() == ()
    [item] = arrived.documents
    shown = {claim.label: claim.value for claim in item.shown.claims}
    assert shown["Given name"] == "Erika"
    assert shown["City"] == "Köln"
    assert shown["Nationality"] == "FR"
    assert item.shown.issuer.title == "City of Köln"
    assert item.shown.copies == 3
    world.run(receiving.reject(arrived))
    assert world.vault.credentials() == ()
    assert world.vault.pending() == ()
    assert world.agency.notifications == [{"notification_id": "notification-1", "event": "credential_deleted"}]
    assert world.actions() == [("declined", "refused")]


# Offers that cannot be taken


@pytest.mark.parametrize(
    "link",
    [
        "openid-credential-offer://?credential_offer=" + "x" * 200_000,
        "openid-credential-offer://?credential_offer={}&credential_offer_uri=https://agency.example/offer",
        "openid-credential-offer://?credential_offer_uri=http://agency.example/offer",
        "openid-credential-offer://?credential_offer_uri=https://user@agency.example/offer",
        "openid-credential-offer://?credential_offer_uri=https://192.0.2.1/offer",
        (
            'openid-credential-offer://?credential_offer={"credential_issuer":"http://agency.example",'
            '"credential_configuration_ids":["pid"]}'
        ),
        (
            'openid-credential-offer://?credential_offer={"credential_issuer":"https://agency.example",'
            '"credential_configuration_ids":["pid"],"grants":{"other":{}}}'
        ),
        "https://agency.example/",
        "javascript:alert(1)",
        "",
    ],
)
def test_a_broken_offer_is_refused_before_anything_is_sent(world, link):
    """T147: and a link that names no issuer is nothing that happened to the user's data."""
    with pytest.raises(ProtocolError):
        world.run(world.wallet.receiving.look(link))
    assert world.agency.seen == []
    assert world.actions() == []


@pytest.mark.parametrize(
    ("metadata", "server"),
    [
        ({"credential_issuer": "https://other.example"}, {}),
        ({"credential_issuer": AGENCY + "/"}, {}),
        ({}, {"issuer": "https://other.example"}),
        ({"authorization_servers": ["https://other.example"]}, {}),
    ],
)
def test_metadata_of_somebody_else_ends_it(vault, metadata, server):
    """T148: no mix-up with another issuer or server."""
    world = World(vault, Agency(signed=False, metadata_changes=metadata, server_changes=server))
    with pytest.raises(ProtocolError):
        world.run(world.wallet.receiving.look(world.agency.offer()))
    assert [action for action, _ in world.actions()] == ["failed"]
    assert world.vault.log()[0].party_id == AGENCY


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "ldp_vc", "type": None},
        {"format": "something new", "type": None},
        {"proof_algorithms": ("ES384",)},
        {"proof_algorithms": ()},
    ],
)
def test_what_this_wallet_cannot_take_is_said_before_it_is_tried(vault, changes):
    world = World(vault, Agency(configurations={"pid": replace(PID, **changes)}))
    with pytest.raises(InvalidRequest, match="nothing that this wallet can take"):
        world.run(world.wallet.receiving.look(world.agency.offer()))
    assert "/token" not in paths(world.agency)


def test_of_an_offer_the_wallet_takes_what_it_can(vault):
    other = replace(PID, format="ldp_vc", type=None, display=(Display("Driving licence"),))
    world = World(vault, Agency(configurations={"mdl": other, "pid": PID}))
    seen = world.run(world.wallet.receiving.look(world.agency.offer()))
    assert seen.consent.left_out == ("Driving licence",)
    assert [offered.configuration_id for offered in seen.consent.credentials] == ["pid"]
    assert [kept.configuration_id for kept in world.receive()] == ["pid"]
