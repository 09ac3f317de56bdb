"""What the user may choose: what answers, what is optional, nothing at all; and what is not offered to anybody."""

from dataclasses import replace

import pytest

from protocol.encoding import read_json_object
from protocol.errors import AccessDenied, InvalidRequest
from tests.support.pki import NOW, make_pki
from tests.wallet.counterparts import dcql
from tests.wallet.service.presenting.asking import asking, look, verified
from wallet.policy.asking import Unregistered
from wallet.policy.presenting import Caution


def test_saying_no_is_told_to_the_partner_and_gives_nothing_away(world):
    seen = look(world)
    world.run(world.wallet.presenting.decline(seen))
    [form] = world.partner.answers
    assert form["error"] == "access_denied"
    assert "vp_token" not in form
    assert world.actions()[-1] == ("declined", "refused")
    assert all(not copy.used_at for copy in world.vault.credentials()[0].copies)


def test_having_nothing_looks_like_saying_no(world):
    """T168: and an answer is impossible, whatever is chosen."""
    refused = look(world)
    world.run(world.wallet.presenting.decline(refused))
    asking(world, dcql(("given_name",), vct="urn:other"))
    seen = look(world)
    assert not seen.consent.answerable
    with pytest.raises(AccessDenied):
        seen.default_choice()
    with pytest.raises(AccessDenied):
        world.run(world.wallet.presenting.share(seen, {"pid": ()}))
    world.run(world.wallet.presenting.decline(seen))
    assert world.partner.answers[0] == world.partner.answers[1]
    assert world.actions()[-1] == ("declined", "nothing held answers")


@pytest.mark.parametrize("choice", [{}, {"pid": ()}, {"pid": ("other",)}, {"other": ("x",)}])
def test_a_choice_that_does_not_answer_is_refused(world, choice):
    """T168: no empty or partial answer."""
    seen = look(world)
    with pytest.raises((InvalidRequest, KeyError)):
        world.run(world.wallet.presenting.share(seen, choice))
    assert world.partner.answers == []
    assert [entry.action for entry in world.vault.log()] == ["received"]


def test_what_is_optional_is_left_out_unless_it_is_chosen(world):
    """T168: nothing optional is chosen for the user."""
    asking(
        world,
        dcql(("given_name",), query_id="name"),
        dcql(("birthdate",), query_id="born"),
        dcql(("given_name",), query_id="missing", vct="urn:other"),
        credential_sets=[
            {"options": [["name"]]},
            {"options": [["born"]], "required": False},
            {"options": [["missing"]], "required": False},
        ],
    )
    seen = look(world)
    assert seen.default_choice().keys() == {"name"}
    assert [(way.options, way.required) for way in seen.consent.ways] == [
        ((("name",),), True),
        ((("born",),), False),
        ((), False),
    ]
    held_id = world.vault.credentials()[0].id
    world.run(world.wallet.presenting.share(seen, {"name": (held_id,), "born": (held_id,)}))
    presented = read_json_object(world.partner.answers[-1]["vp_token"].encode(), "vp_token")
    assert presented.keys() == {"name", "born"}
    assert [bool(copy.used_at) for copy in world.vault.credentials()[0].copies] == [True, False, False]


def test_the_user_chooses_between_several_that_fit(world):
    world.agency.claims = {**world.agency.claims, "given_name": "Max"}
    world.receive()
    seen = look(world)
    [question] = seen.consent.questions
    assert [choice.claims[0].value for choice in question.choices] == ["Erika", "Max"]
    second = question.choices[1].held_id
    world.run(world.wallet.presenting.share(seen, {"pid": (second,)}))
    assert verified(world, world.partner.presented()[0]).claims["given_name"] == "Max"


# What is no longer good


def test_what_expired_is_offered_to_nobody_and_the_user_sees_why(world):
    """T174"""
    world.now = NOW + 200_000
    world.partner.pki = replace(world.partner.pki)
    seen = world.run(world.wallet.presenting._match(_verified_request(world), Unregistered()))
    assert not seen.consent.answerable
    assert [(item.name, item.reason) for item in seen.consent.unusable] == [("Personal ID", Caution.EXPIRED)]


def _verified_request(world):
    """A request that was verified while it was good."""
    now, world.now = world.now, NOW
    verified_request = look(world).verified
    world.now = now
    return verified_request


def test_what_lost_its_trust_is_offered_to_nobody_and_the_user_sees_why(world):
    """T174"""
    world.agency.pki = make_pki()
    seen = look(world)
    assert not seen.consent.answerable
    assert [(item.name, item.reason) for item in seen.consent.unusable] == [("Personal ID", Caution.NOT_TRUSTED)]
    asking(world, dcql(("x",), vct="urn:other"))
    assert look(world).consent.unusable == ()


@pytest.mark.parametrize(("status", "caution"), [("invalid", Caution.REVOKED), ("suspended", Caution.SUSPENDED)])
def test_what_was_revoked_is_not_offered_without_a_warning(world, status, caution):
    """T174"""
    [kept] = world.vault.credentials()
    world.vault.write(put=[replace(kept, status=status)])
    seen = look(world)
    assert seen.consent.questions[0].choices[0].cautions == (caution,)
    assert seen.consent.needs_thought


def test_what_is_damaged_is_offered_to_nobody_and_the_user_sees_why(world):
    """T215, T174"""
    world.vault._connection.execute("UPDATE records SET sealed = x'00' WHERE kind = 'credential'")
    seen = look(world)
    assert not seen.consent.answerable
    assert [item.reason for item in seen.consent.unusable] == [Caution.DAMAGED]
