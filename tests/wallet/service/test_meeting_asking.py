"""Who asks in person, for what, and what of it is held: consent is the same as for any request, but without a network."""

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from protocol.crl import RevocationReason
from protocol.errors import (
    AccessDenied,
    InvalidRequest,
)
from protocol.oid4vp.response import ErrorResponse
from protocol.trust.anchors import Role
from tests.protocol.mdoc.samples import SPACE
from tests.support.pki import Template, make_pki, seeded_key
from tests.wallet.meeting import (
    LICENSED,
    VEHICLE,
    MeetingWorld,
    asked,
    asks,
    document,
    share,
    verified_claims,
)
from tests.wallet.registrar import LIBRARY
from tests.wallet.service.presenting.test_barred import HOST, POINT, Certifier, nobody
from wallet.policy.asking import AsksBeyond, Registered, RegistrationProblem, Unregistered, WronglyRegistered
from wallet.policy.haip import NotHaip, check_haip_reader
from wallet.service.meeting import NotAsked, Way


@pytest.fixture
def world(vault):
    """A wallet with a driving licence, and a reader at the counter of a library that is registered."""
    return MeetingWorld(vault).keep(document())


def last(world):
    return world.vault.log()[-1]


def test_two_documents_answer_one_request_with_one_consent(world):
    world.keep(document(VEHICLE, seed=80))
    reader, found = asked(world, asks("family_name"), asks("given_name", doc_type=VEHICLE, query_id="document1"))
    assert [question.choices[0].name for question in found.seen.consent.questions] == [
        "Driving licence",
        "Vehicle papers",
    ]
    claims = verified_claims(reader, share(world, found).message)
    assert claims == {
        "document0": ({SPACE: {"family_name": "Mustermann"}},),
        "document1": ({SPACE: {"given_name": "Erika"}},),
    }


def test_of_several_documents_the_user_chooses(world):
    world.keep(document(record_id="other", seed=80))
    _, found = asked(world)
    [question] = found.seen.consent.questions
    assert {choice.held_id for choice in question.choices} == {f"{70:032x}", "other"}
    share(world, found, {question.query_id: ("other",)})
    used = {held.id: sum(bool(copy.used_at) for copy in held.copies) for held in world.vault.credentials()}
    assert used == {f"{70:032x}": 0, "other": 1}


def test_what_is_not_held_is_left_out(world):
    reader, found = asked(world, asks("family_name", "blood_group"), asks("x", doc_type=VEHICLE, query_id="document1"))
    answer = reader.read(share(world, found).message)
    assert [*answer.vp_token] == ["document0"]
    [choice] = found.seen.consent.questions[0].choices
    assert [claim.label for claim in choice.claims] == ["Family name"]


def test_who_nobody_vouches_for_is_nobody_and_the_user_has_to_think(world):
    _, found = asked(world, signed=False)
    consent = found.seen.consent
    assert (consent.asker.title, consent.asker.trusted_by, consent.asker.identifier) == ("", "", "")
    assert consent.needs_thought
    assert consent.standing.unregistered
    share(world, found)
    assert (last(world).party, last(world).party_id, last(world).in_person) == ("", "", True)


def test_a_reader_whose_authority_nobody_trusts_is_refused(world):
    stranger = make_pki()
    reader, found = asked(world, pki=stranger)
    assert isinstance(found, NotAsked)
    assert isinstance(found.error, InvalidRequest)
    assert reader.read(found.message) == ErrorResponse("access_denied")
    assert (last(world).action, last(world).party, last(world).in_person) == ("failed", "", True)


def test_who_asks_for_more_than_they_registered_gets_nothing_and_there_is_proof(world):
    """T170"""
    _, found = asked(world, asks("family_name", "given_name"), entry=LICENSED)
    assert isinstance(found.seen.standing, AsksBeyond)
    assert not found.seen.consent.answerable
    with pytest.raises(AccessDenied):
        share(world, found)
    assert (last(world).action, last(world).in_person) == ("overasked", True)
    [evidence] = world.vault.evidence()
    assert evidence.request
    assert evidence.registration


def test_without_a_network_whoever_is_registered_can_be_answered_and_the_user_is_told(world):
    world.offline = True
    reader, found = asked(world, entry=LICENSED)
    assert isinstance(found.seen.standing, Registered)
    assert found.seen.consent.standing.unchecked
    assert found.seen.consent.needs_thought
    assert verified_claims(reader, share(world, found).message)


def test_over_the_relay_what_cannot_be_looked_up_is_not_good(world):
    """T091"""
    world.registrar.away = True
    _, found = asked(world, way=Way.RELAY, entry=LICENSED)
    assert found.seen.standing.problem is RegistrationProblem.STATUS_UNKNOWN
    assert not found.seen.consent.answerable


def test_what_a_list_says_counts_by_codes_too(world):
    world.registrar.status = 1
    _, found = asked(world, entry=LICENSED)
    assert isinstance(found.seen.standing, WronglyRegistered)
    assert found.seen.standing.problem is RegistrationProblem.REVOKED


def test_a_list_that_is_wrong_is_no_missing_network(world):
    world.registrar.list_pki = make_pki()
    _, found = asked(world, entry=LICENSED)
    assert found.seen.standing.problem is RegistrationProblem.STATUS_UNKNOWN


def test_without_a_network_what_they_registered_for_still_holds(world):
    world.offline = True
    _, found = asked(world, asks("given_name"), entry=LICENSED)
    assert isinstance(found.seen.standing, AsksBeyond)
    assert found.seen.consent.standing.unchecked


@pytest.fixture
def listed(world):
    """The reader's certificate names a list of those that were revoked."""
    leaf = Template(common_name="City library", country="DE", identifier=LIBRARY, extensions=((POINT, False),))
    world.partner.pki = make_pki(leaf, key=seeded_key(6), role=Role.VERIFIER)
    world.more[HOST] = Certifier(world.partner.pki)
    return world


@pytest.mark.parametrize("entry", [LICENSED, None], ids=["registered", "unregistered"])
def test_without_a_network_whether_a_certificate_was_revoked_is_not_known_and_said(listed, entry):
    listed.offline = True
    _, found = asked(listed, entry=entry)
    assert isinstance(found.seen.standing, Registered if entry else Unregistered)
    assert found.seen.consent.standing.unchecked
    assert found.seen.consent.answerable


def test_where_one_of_two_lists_is_away_the_other_says_nothing_for_it(listed):
    listed.more[HOST].away = True
    _, found = asked(listed, entry=LICENSED)
    assert isinstance(found.seen.standing, Registered)
    assert found.seen.consent.standing.unchecked


def test_t091_whose_certificate_was_revoked_gets_nothing_by_any_way(listed):
    listed.more[HOST].reason = RevocationReason.KEY_COMPROMISE
    for way, seed in ((Way.CODES, 30), (Way.RELAY, 31)):
        _, found = asked(listed, way=way, seed=seed, entry=LICENSED)
        assert found.seen.standing.problem is RegistrationProblem.BARRED
        assert not found.seen.consent.answerable
        nobody(found.seen.consent, last(listed), RegistrationProblem.BARRED)
        assert last(listed).in_person


def test_t091_over_the_relay_a_list_that_is_away_is_no_yes(listed):
    listed.more[HOST].away = True
    _, found = asked(listed, way=Way.RELAY, entry=LICENSED)
    assert found.seen.standing.problem is RegistrationProblem.BARRED_UNKNOWN


@pytest.fixture
def strict(vault):
    return MeetingWorld(vault, haip=True).keep(document())


def test_under_haip_a_reader_that_signs_and_is_registered_is_answered(strict):
    reader, found = asked(strict, entry=LICENSED)
    assert verified_claims(reader, share(strict, found).message)


def test_under_haip_a_reader_that_nobody_vouches_for_is_refused(strict):
    reader, found = asked(strict, signed=False)
    assert isinstance(found, NotAsked)
    assert isinstance(found.error, NotHaip)
    assert reader.read(found.message) == ErrorResponse("access_denied")


def test_under_haip_a_reader_whose_key_is_on_another_curve_is_refused(world):
    _, found = asked(world)
    key = ec.generate_private_key(ec.SECP384R1())
    leaf = make_pki().root.issue(key=key).certificate
    party = replace(found.seen.verified.party, chain=(leaf,))
    check_haip_reader(found.seen.verified)
    with pytest.raises(NotHaip, match="P-256"):
        check_haip_reader(replace(found.seen.verified, party=party))
