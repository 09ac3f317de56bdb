"""What the user is shown before they decide: who asks, what for, exactly what they would get, and whether again."""

from dataclasses import replace

import pytest

from protocol.encoding import JsonObject
from protocol.oid4vp.client_id import ClientId
from protocol.oid4vp.request import VerifierInfo
from tests.wallet.counterpart_agency import Agency
from tests.wallet.counterparts import Partner, World, dcql
from tests.wallet.service.presenting.asking import asking, look, verified
from wallet.policy.presenting import LogDamaged, request_digest


def test_the_user_sees_exactly_what_the_partner_gets(world):
    """T169: label and value of each claim, and nothing that is not shown travels."""
    asking(world, dcql(("birthdate",), ("address",), ("nationalities", None)))
    seen = look(world)
    [question] = seen.consent.questions
    [choice] = question.choices
    assert [(claim.label, claim.value) for claim in choice.claims] == [
        ("Date of birth", "1990-03-07"),
        ("City", "Köln"),
        ("Address · Postal code", "51147"),
        ("Nationality", "DE"),
        ("Nationality", "FR"),
    ]
    assert (choice.name, choice.issuer, choice.cautions) == ("Personal ID", "City of Köln", ())
    assert question.required
    world.run(world.wallet.presenting.share(seen, seen.default_choice()))
    claims = verified(world, world.partner.presented()[0]).claims
    assert {name for name in claims if name not in {"iat", "exp", "vct", "cnf"}} == {
        "birthdate",
        "address",
        "nationalities",
    }


def test_what_cannot_be_left_out_is_shown_too(vault):
    """T169: claims that the issuer did not make disclosable go along with every presentation."""
    agency = Agency(claims={**Agency().claims, "place_of_birth": {"country": "DE"}})
    world = asking(World(vault, agency), dcql(("given_name",)))
    world.receive()
    [choice] = look(world).consent.questions[0].choices
    assert [(claim.path, claim.value, claim.asked) for claim in choice.claims] == [
        (("given_name",), "Erika", True),
        (("place_of_birth", "country"), "DE", False),
    ]


def test_the_user_sees_who_asks_and_why_they_are_trusted(world):
    seen = look(world)
    asker = seen.consent.asker
    assert (asker.name, asker.host, asker.trusted_by) == ("City library", "library.example", "Test authority")
    assert not seen.consent.encrypted
    assert not seen.consent.repeated
    assert not seen.consent.needs_thought
    assert seen.consent.purpose == ""


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "To lend you books."),
        ("de", "Um Ihnen Bücher zu leihen."),
        ("fr", "To lend you books."),
    ],
)
def test_the_user_sees_what_for(vault, language, expected):
    data: JsonObject = {
        "purpose": [
            {"lang": "de-DE", "value": "Um Ihnen Bücher\x1b zu leihen."},
            {"lang": "en", "value": "To lend you books."},
        ]
    }
    world = World(vault, language=language)
    world.partner.changes = {
        "verifier_info": (VerifierInfo("other", "no token"), VerifierInfo("registrar_dataset", data))
    }
    assert look(world).consent.purpose == expected


def test_looking_gives_nothing_away(world):
    look(world)
    assert world.partner.answers == []
    assert [entry.action for entry in world.vault.log()] == ["received"]
    assert all(not copy.used_at for copy in world.vault.credentials()[0].copies)


def test_two_partners_in_a_row_do_not_mix(world):
    """T173: each consent is about one request, and its answer goes there."""
    first = look(world)
    world.partner.changes = {"nonce": "another-nonce-of-at-least-22", "state": "another-state-of-at-least-22"}
    second = look(world)
    world.run(world.wallet.presenting.share(second, second.default_choice()))
    assert world.partner.answers[-1]["state"] == "another-state-of-at-least-22"
    world.run(world.wallet.presenting.share(first, first.default_choice()))
    assert world.partner.answers[-1]["state"] == "state-of-at-least-22-characters"


# The same request again


def test_the_same_request_again_is_called_repeated(world):
    """T175: also after the wallet was closed, because the log knows it."""
    first = look(world)
    assert not first.consent.repeated
    world.run(world.wallet.presenting.share(first, first.default_choice()))
    again = World(world.vault, agency=world.agency, partner=world.partner)
    seen = look(again)
    assert seen.consent.repeated
    assert seen.consent.needs_thought
    world.partner.changes = {"nonce": "another-nonce-of-at-least-22"}
    assert not look(again).consent.repeated


def test_a_request_that_was_declined_is_no_repetition(world):
    """T175: no data was given for it."""
    world.run(world.wallet.presenting.decline(look(world)))
    assert not look(world).consent.repeated


def test_a_log_that_cannot_be_believed_cannot_say_that_it_is_new(world):
    """T175: everything can be looked at, and nothing is shared that could not be seen afterwards."""
    world.vault._connection.execute("DELETE FROM records WHERE kind = 'log'")
    seen = look(world)
    assert not seen.consent.repeated
    assert seen.consent.log_damaged
    assert seen.consent.needs_thought
    with pytest.raises(LogDamaged):
        world.run(world.wallet.presenting.share(seen, seen.default_choice()))
    assert world.partner.answers == []
    world.run(world.wallet.presenting.decline(seen))
    world.run(world.wallet.keeping.clear_log())
    assert not look(world).consent.log_damaged
    world.present()


def test_a_partner_and_its_double_have_different_requests():
    one, other = Partner().request(), replace(Partner().request(), nonce="another-nonce-of-at-least-22")
    assert request_digest(one) == request_digest(one)
    assert request_digest(one) != request_digest(other)
    assert request_digest(one) != request_digest(replace(one, client_id=ClientId.from_text("x509_san_dns:a.example")))
