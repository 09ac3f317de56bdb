"""Names that come from a credential's type: where the issuer has none, once, and never in the way of receiving."""

from dataclasses import replace

import pytest

from protocol.errors import TooLarge, Unreachable
from protocol.oid4vci.metadata import ClaimDescription, Display
from tests.wallet.counterpart_agency import CLAIMS, PID, Agency, answer
from tests.wallet.counterparts import World
from tests.wallet.service.type_host import TYPE, TYPES, TypeHost, described, integrity, metadata

NAMELESS = replace(PID, type=TYPE, display=(), claims=())


def world_of(vault, configuration=NAMELESS, *, host=None, vouched="", language="en", **more):
    """A wallet, an agency that names nothing, and a type that names something."""
    claims = {**CLAIMS, "vct#integrity": vouched} if vouched else dict(CLAIMS)
    agency = Agency(configurations={"pid": configuration}, type=TYPE, claims=claims, **more)
    return World(vault, agency, language=language, more={TYPES: host or TypeHost()})


def names(world):
    """What the credential that is held is called, and what is in it."""
    [shown] = world.wallet.keeping.credentials()
    return shown.name, {claim.label for claim in shown.claims}


def asked(world):
    """Which documents were asked for."""
    return [request.url for request in world.more[TYPES].seen]


# What is widespread has words of our own
TODAY = (TYPE, {"Given name", "Family name", "Date of birth", "Address · Town", "Address · Postal code",
                "Nationality · 1", "Nationality · 2"})  # fmt: skip


@pytest.mark.parametrize(
    ("language", "name", "labels"),
    [
        (
            "en",
            "Identity",
            {"First name", "Town", "Citizen of", "Family name", "Date of birth", "Address · Postal code"},
        ),
        ("de", "Identität", {"Rufname", "Stadt", "Bürger von", "Nachname", "Geburtsdatum", "Anschrift · Postleitzahl"}),
    ],
)
def test_where_the_issuer_has_no_names_the_type_gives_them(vault, language, name, labels):
    world = world_of(vault, language=language)
    world.receive()
    assert names(world) == (name, labels)
    assert asked(world) == [TYPE]
    [entry] = vault.log()
    assert entry.credentials[0].name == name


def test_the_user_sees_the_names_before_anything_is_kept(vault):
    """T156"""
    world = world_of(vault)
    receiving = world.wallet.receiving
    seen = world.run(receiving.look(world.agency.offer()))
    assert asked(world) == []
    [arrived] = world.run(receiving.fetch(world.run(receiving.take(seen)), seen.contact)).documents
    assert arrived.shown.name == "Identity"
    assert {claim.label: claim.value for claim in arrived.shown.claims}["First name"] == "Erika"


def test_the_names_of_the_issuer_win(vault):
    """A type that names a claim does not rename what the issuer named."""
    said = ClaimDescription(("given_name",), (Display("Given name", "en"),))
    world = world_of(vault, replace(NAMELESS, display=(Display("Personal ID", "en"),), claims=(said,)))
    world.receive()
    name, labels = names(world)
    assert name == "Personal ID"
    assert {"Given name", "Town"} < labels
    assert "First name" not in labels


def test_where_the_issuer_names_everything_nobody_is_asked(vault):
    """T262"""
    postal_code = ClaimDescription(("address", "postal_code"), (Display("Postal code", "en"),))
    world = world_of(vault, replace(PID, type=TYPE, claims=(*PID.claims, postal_code)))
    world.receive()
    assert asked(world) == []


def test_a_type_is_asked_for_once_and_never_again(vault):
    """T262: whoever publishes it does not learn when a credential is looked at or shown."""
    world = world_of(vault)
    [held] = world.receive()
    assert len(held.copies) == 3
    [request] = world.more[TYPES].seen
    assert (request.method, request.headers, request.body) == ("GET", (("accept", "application/json"),), b"")
    world.partner.query["credentials"][0]["meta"]["vct_values"] = [TYPE]
    keeping = world.wallet.keeping
    keeping.shown(keeping.find(held.id))
    world.run(keeping.look_up_status())
    seen = world.run(world.wallet.presenting.look(world.partner.link()))
    assert seen.consent.questions[0].choices[0].name == "Identity"
    assert [claim.label for claim in seen.consent.questions[0].choices[0].claims] == ["First name"]
    world.run(world.wallet.presenting.share(seen, seen.default_choice()))
    world.run(keeping.forget(keeping.find(held.id)))
    assert len(world.more[TYPES].seen) == 1


def test_a_type_that_is_no_address_asks_nobody(vault):
    """T206"""
    world = World(vault, Agency(configurations={"pid": replace(NAMELESS, type=PID.type)}))
    world.receive()
    assert names(world)[0] == PID.type


def test_what_a_type_extends_gives_names_too(vault):
    parent = f"{TYPES}/parent"
    child = metadata(extends=parent, claims=[described("birthdate", en="Born", de="Geboren")])
    host = TypeHost({TYPE: child, parent: metadata(vct=parent)})
    world = world_of(vault, host=host)
    world.receive()
    assert {"Born", "First name"} < names(world)[1]
    assert asked(world) == [TYPE, parent]


def test_what_the_issuer_vouches_for_is_believed(vault):
    world = world_of(vault, vouched=integrity(metadata()))
    world.receive()
    assert names(world)[0] == "Identity"


@pytest.mark.parametrize(
    "reply",
    [
        Unreachable("an address that is not public"),
        TooLarge("response", "is too large"),
        answer({}, 404),
        answer({"error": "x"}, 500),
        answer("<html>", media_type="text/html"),
        answer("{", media_type="application/json"),
        answer([]),
        metadata(vct=f"{TYPES}/other"),
        metadata(claims="all"),
        metadata(display=[{"locale": "en", "name": ""}]),
        metadata(extends=TYPE),
        metadata(extends=f"{TYPES}/nowhere"),
        metadata(extends="http://types.example/x"),
    ],
    ids=str,
)
def test_a_type_that_cannot_be_had_or_believed_keeps_nothing_away(vault, reply):
    """T048, T207, T210, T212: the credential comes, and is called as without a type."""
    world = world_of(vault, host=TypeHost({TYPE: reply}))
    world.receive()
    assert names(world) == TODAY
    assert world.actions() == [("received", "done")]
    assert world.agency.notifications[0]["event"] == "credential_accepted"


class SlowHost(TypeHost):
    """Its clock moves with each answer; the types that it publishes extend each other."""

    def __init__(self, world, seconds):
        chain = [TYPE, *(f"{TYPES}/{number}" for number in range(1, 8))]
        super().__init__({vct: metadata(vct=vct, **({"extends": up} if up else {})) for vct, up in
                          zip(chain, [*chain[1:], ""], strict=True)})  # fmt: skip
        self.world, self.seconds = world, seconds

    def respond(self, request):
        self.world.now += self.seconds
        return super().respond(request)


def test_a_slow_type_keeps_people_waiting_for_a_few_seconds_together_and_then_has_no_names(vault):
    """T210"""
    configurations = {name: replace(NAMELESS, scope=name) for name in ("pid", "again")}
    agency = Agency(configurations=configurations, type=TYPE)
    world = World(vault, agency)
    host = world.more[TYPES] = SlowHost(world, 2)
    before = world.now
    receiving = world.wallet.receiving
    seen = world.run(receiving.look(agency.offer()))
    arrived = world.run(receiving.fetch(world.run(receiving.take(seen)), seen.contact))
    assert [item.shown.name for item in arrived.documents] == [TYPE, TYPE]
    assert [request.max_seconds for request in host.seen] == [5, 3, 1]
    assert world.now - before == 6


def test_a_clock_that_is_set_back_gives_nobody_more_time(vault):
    world = world_of(vault)
    host = world.more[TYPES] = SlowHost(world, -1000)
    world.receive()
    assert [request.max_seconds for request in host.seen] == [5] * 8


def test_a_type_that_nobody_vouched_for_gives_no_names(vault):
    """T048"""
    world = world_of(vault, vouched=integrity(metadata(display=[])))
    world.receive()
    assert names(world) == TODAY


@pytest.mark.parametrize(
    "broken",
    [
        described("email", en="Mail", de="Mail", mandatory=True),
        described("given_name", en="First name", de="Rufname", sd="never"),
    ],
    ids=["missing", "disclosable"],
)
def test_a_credential_that_breaks_the_rules_of_its_type_is_not_kept(vault, broken):
    """SD-JWT VC §5.7: whoever reads the type's words has to hold the credential to its rules."""
    world = world_of(vault, host=TypeHost({TYPE: metadata(claims=[broken])}))
    receiving = world.wallet.receiving
    seen = world.run(receiving.look(world.agency.offer()))
    arrived = world.run(receiving.fetch(world.run(receiving.take(seen)), seen.contact))
    assert arrived.documents == ()
    assert "the credential's type" in arrived.failed[0].reason
    assert vault.credentials() == ()
    assert vault.pending() == ()
    assert world.agency.notifications == [{"notification_id": "notification-1", "event": "credential_failure"}]
    assert [action for action, _ in world.actions()] == ["not kept"]


def test_the_words_of_a_type_cannot_steer_a_terminal(vault):
    """T152"""
    nasty = "\x1b[2J\u202eevil " + "x" * 1000
    document = metadata(display=[{"locale": "en", "name": nasty}], claims=[described("given_name", en=nasty, de=nasty)])
    world = world_of(vault, host=TypeHost({TYPE: document}))
    world.receive()
    name, labels = names(world)
    for text in (name, max(labels, key=len)):
        assert text.startswith("[2J evil xxx")
        assert len(text) == 300
