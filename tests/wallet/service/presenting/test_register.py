"""A party that shows only where it is registered: the register is asked if the user wants it, and says what they may (T170)."""

import json
from dataclasses import replace

import pytest

from protocol.errors import AccessDenied
from protocol.oid4vp.request import VerifierInfo
from protocol.oid4vp.request_object import Unauthenticated
from protocol.trust.dataset import REGISTRAR_DATASET
from protocol.trust.register_asking import MAX_AGE
from tests.support.pki import NOW
from tests.wallet.counterparts import dcql
from tests.wallet.registrar import IN_REGISTER, LIBRARY, REGISTER, RegisteredWorld
from tests.wallet.service.presenting.asking import asking, look
from wallet.policy.asking import AsksBeyond, Registered, RegistrationProblem, Unregistered, WronglyRegistered
from wallet.policy.evidence import evidence_document
from wallet.service import Wallet
from wallet.service.asking import Asking


@pytest.fixture
def world(vault):
    """A wallet that holds an identity card, and a partner that only says where it is registered."""
    world = RegisteredWorld(vault)
    world.receive()
    return world.naming_register()


def strict(world):
    world.wallet = Wallet.of(replace(world.wallet.presenting.context, strict=True))
    return world


def ask(world):
    """What the user is asked once the register was."""
    return world.run(world.wallet.presenting.ask_register(look(world)))


def gives_nothing(world, seen):
    assert not seen.consent.standing.answerable
    with pytest.raises(AccessDenied):
        world.run(world.wallet.presenting.share(seen, {"pid": (world.vault.credentials()[0].id,)}))
    assert world.partner.answers == []


def actions(world):
    return [entry.action for entry in world.vault.log()]


def test_nobody_is_asked_until_the_user_wants_it(world):
    seen = look(world)
    assert isinstance(seen.standing, Unregistered)
    assert (seen.consent.standing.register, seen.consent.standing.unregistered) == ("The town register", True)
    world.run(world.wallet.presenting.share(seen, seen.default_choice()))
    assert world.registrar.asked == []


def test_what_the_register_says_counts_as_a_certificate_does(world):
    seen = ask(strict(world))
    assert world.registrar.asked == [f"{REGISTER}/{LIBRARY}"]
    assert isinstance(seen.standing, Registered)
    shown = seen.consent.standing
    assert shown.registration.purpose == "To make you a library card."
    assert shown.registration.registered_by == "The town register"
    assert shown.registration.authority == ("watch@data.example",)
    assert world.run(world.wallet.presenting.share(seen, seen.default_choice())).arrived


def test_a_strict_wallet_gives_nothing_before_the_register_answered_and_notes_a_no(world):
    seen = look(strict(world))
    gives_nothing(world, seen)
    assert world.vault.evidence() == ()
    world.run(world.wallet.presenting.decline(seen))
    assert actions(world)[-1] == "declined"


def test_more_than_is_in_the_register_is_not_given_and_the_signed_answer_is_kept(world):
    seen = ask(asking(world, dcql(("given_name",), ("birthdate",))))
    assert isinstance(seen.standing, AsksBeyond)
    gives_nothing(world, seen)
    [proof] = world.vault.evidence()
    assert proof.register_answer.count(".") == 2
    assert (proof.registration, proof.authority) == ("", ("watch@data.example",))
    document = json.loads(json.dumps(evidence_document(proof)))
    assert document["register_answer"] == proof.register_answer
    assert "overasked" in actions(world)


def test_a_register_that_does_not_answer_changes_nothing_and_can_be_asked_again(world):
    world.registrar.away = True
    seen = ask(strict(world))
    assert (seen.consent.standing.unanswered, seen.consent.standing.register) == (True, "The town register")
    gives_nothing(world, seen)
    world.registrar.away = False
    again = world.run(world.wallet.presenting.ask_register(seen))
    assert isinstance(again.standing, Registered)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"entry": None}, RegistrationProblem.NOT_IN_REGISTER),
        ({"entry": replace(IN_REGISTER, uses=())}, RegistrationProblem.NOT_IN_REGISTER),
        ({"entry": replace(IN_REGISTER, identifier="VATDE-9")}, RegistrationProblem.REGISTER_UNSOUND),
        ({"said_at": NOW - MAX_AGE - 100}, RegistrationProblem.REGISTER_UNSOUND),
    ],
    ids=["not there", "not for this", "somebody else", "old"],
)
def test_who_is_not_registered_for_it_gets_nothing(world, change, problem):
    for name, value in change.items():
        setattr(world.registrar, name, value)
    seen = ask(world)
    assert isinstance(seen.standing, WronglyRegistered)
    assert seen.standing.problem == problem
    gives_nothing(world, seen)
    assert "not registered" in actions(world)


def test_an_answer_counts_for_five_minutes_and_for_this_use_alone(world):
    """Counted from when the register said it."""
    world.registrar.said_at = NOW - 200
    ask(world)
    assert isinstance(look(world).standing, Registered)
    assert isinstance(look(world.naming_register(intended_use="other")).standing, Unregistered)
    world.naming_register()
    world.now = NOW - 200 + MAX_AGE - 1
    assert isinstance(look(world).standing, Registered)
    world.now = NOW - 200 + MAX_AGE
    assert isinstance(look(world).standing, Unregistered)
    assert len(world.registrar.asked) == 1


def test_a_register_that_no_list_has_cannot_be_asked(world):
    seen = look(world.naming_register(registry_uri="https://evil.example/wrp"))
    assert seen.standing == Unregistered()
    assert world.run(world.wallet.presenting.ask_register(seen)).standing == Unregistered()
    assert world.registrar.asked == []


def test_two_places_of_registration_are_as_good_as_none(world):
    entries = world.partner.changes["verifier_info"]
    world.partner.changes = {**world.partner.changes, "verifier_info": entries * 2}
    assert look(world).standing == Unregistered()


def test_a_certificate_counts_before_a_register_is_asked(world):
    entries = world.partner.changes["verifier_info"]
    world.partner.changes = {**world.partner.changes, "verifier_info": (world.registrar.info(), *entries)}
    seen = look(world)
    assert isinstance(seen.standing, Registered)
    assert world.run(world.wallet.presenting.ask_register(seen)).standing == seen.standing
    assert world.registrar.asked == []


def test_whoever_no_certificate_names_has_no_register_to_be_asked_about(world):
    """T160: what somebody says of themselves is about nobody."""
    seen, own = look(world), Asking(world.wallet.presenting.context)
    for party in (Unauthenticated("library.example"), replace(seen.verified.party, chain=())):
        standing = world.run(own.standing(replace(seen.verified, party=party)))
        assert standing == Unregistered()


def test_what_says_where_somebody_is_registered_in_no_words_of_ours_is_as_good_as_nothing(world):
    world.partner.changes = {"verifier_info": (VerifierInfo(REGISTRAR_DATASET, "a.b.c"),)}
    assert look(world).standing == Unregistered()


def test_what_is_said_about_one_document_alone_is_no_registration_and_takes_none_away(world):
    (info,) = world.partner.changes["verifier_info"]
    about_one = replace(info, credential_ids=("pid",))
    world.partner.changes = {"verifier_info": (about_one, world.registrar.info())}
    assert isinstance(look(world).standing, Registered)
