"""Who may ask what: registered and covered, for others, not at all, beyond, or by a registration that counts for nothing."""

from dataclasses import replace

import pytest

from protocol.encoding import decode_base64url
from protocol.errors import AccessDenied, InvalidRequest
from protocol.oid4vp.client_id import ClientId, Prefix
from protocol.oid4vp.link import PlainRequest
from protocol.oid4vp.request import VerifierInfo
from protocol.status.check import Status
from protocol.trust.anchors import Role
from protocol.trust.carried import REGISTRATION_CERT
from protocol.trust.registration import Intermediary
from tests.support.pki import NOW, Template, make_pki, seeded_key
from tests.wallet.counterpart_agency import VCT
from tests.wallet.counterparts import dcql
from tests.wallet.registrar import ENTRY, LIBRARY, RegisteredWorld, Registrar, registered
from tests.wallet.service.presenting.asking import asking, look
from wallet.policy.asking import (
    AsksBeyond,
    Registered,
    RegistrationProblem,
    Unregistered,
    problem_of_status,
)
from wallet.service import Wallet
from wallet.words import Words


@pytest.fixture
def world(vault):
    """A wallet that holds an identity card, among people who are registered."""
    world = RegisteredWorld(vault)
    world.receive()
    return world


def refused(world):
    """The request as the user sees it; whatever they choose, nothing is given."""
    seen = look(world)
    assert not seen.consent.standing.answerable
    assert not seen.consent.answerable
    held = world.vault.credentials()[0]
    with pytest.raises(AccessDenied):
        world.run(world.wallet.presenting.share(seen, {"pid": (held.id,)}))
    assert world.partner.answers == []
    assert all(not copy.used_at for copy in world.vault.credentials()[0].copies)
    return seen


# Registered


def test_who_registered_for_it_may_ask_and_the_user_sees_what_the_register_says(world):
    seen = look(world.registering())
    assert isinstance(seen.standing, Registered)
    shown = seen.consent.standing
    assert [thing.label for thing in shown.asks_for] == ["Given name"]
    assert shown.registration.purpose == "To make you a library card."
    assert shown.registration.privacy_policy == "https://library.example/privacy"
    assert shown.registration.authority == ("watch@data.example", "https://data.example/complain")
    assert (shown.registration.registered_by, shown.registration.through) == ("Registrar", "")
    assert not seen.consent.needs_thought
    world.run(world.wallet.presenting.share(seen, seen.default_choice()))
    assert world.partner.presented()
    assert world.vault.evidence() == ()


def test_the_certificate_itself_is_read_as_well_as_base64url_of_it(world):
    world.partner.changes["verifier_info"] = (VerifierInfo(REGISTRATION_CERT, world.registrar.certificate()),)
    assert isinstance(look(world).standing, Registered)


def test_in_another_language_nobody_is_asked_again(world):
    seen = look(world.registering())
    german = Wallet.of(replace(world.wallet.context, language="de"))
    again = world.run(german.presenting.look_again(seen))
    assert again.consent.standing.registration.purpose == "Um Ihnen einen Ausweis zu machen."
    assert [thing.label for thing in again.consent.standing.asks_for] == ["Vorname"]
    assert len(world.registrar.seen) == 1


def test_a_status_list_is_kept_while_it_is_fresh(world):
    world.registering()
    look(world)
    look(world)
    assert len(world.registrar.seen) == 1
    world.now = world.partner.signed_at = NOW + 601
    world.registrar.status = 1
    assert look(world).standing.problem is RegistrationProblem.REVOKED
    assert len(world.registrar.seen) == 2


# Intermediaries


def test_an_intermediary_asks_on_behalf_of_who_is_registered(world):
    """ARF 3.0 RPI_06: the user sees both."""
    world.registering(
        name="Cinema", identifier="VATDE-333333333", intermediary=Intermediary(LIBRARY, "City library services")
    )
    seen = look(world)
    assert isinstance(seen.standing, Registered)
    assert seen.consent.standing.registration.through == "City library"
    assert seen.consent.standing.registration.name == "Cinema"
    assert seen.consent.asker.title == "Cinema (City library)"
    world.run(world.wallet.presenting.share(seen, seen.default_choice()))
    assert world.vault.log()[-1].party == "Cinema (City library)"
    # Who gets the data is who is registered, not who asks for them
    assert {entry.organisation for entry in world.vault.log()[1:]} == {"DE VATDE-333333333"}


def test_an_intermediary_that_the_registration_does_not_name_may_not_ask(world):
    """T170"""
    world.registering(identifier=LIBRARY, intermediary=Intermediary("VATDE-444444444"))
    assert refused(world).standing.problem is RegistrationProblem.OTHER_PARTY


# Not registered


def test_who_shows_no_registration_is_warned_of(world):
    seen = look(world)
    assert seen.standing == Unregistered()
    assert seen.consent.standing.unregistered
    assert seen.consent.answerable
    assert world.actions()[-1][0] == "received"


def test_a_strict_wallet_gives_nothing_to_who_shows_no_registration(world):
    """T170"""
    world.wallet = Wallet.of(replace(world.wallet.context, strict=True))
    assert refused(world).standing == Unregistered(refused=True)
    assert world.actions()[-1] == ("not registered", "refused")
    [evidence] = world.vault.evidence()
    assert (evidence.finding, evidence.registration) == ("no registration was shown", "")
    world.registering()
    assert look(world).consent.answerable


# A registration that counts for nothing


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"identifier": "VATDE-999999999"}, RegistrationProblem.OTHER_PARTY),
        ({"issued_at": NOW - 5000, "expires_at": NOW}, RegistrationProblem.EXPIRED),
        ({"issued_at": NOW + 1000}, RegistrationProblem.EXPIRED),
    ],
)
def test_a_registration_of_another_party_or_time_opens_nothing(world, changes, problem):
    """T170"""
    assert refused(world.registering(**changes)).standing.problem is problem
    assert world.actions()[-1][0] == "not registered"


def test_a_registration_by_somebody_who_may_not_register_opens_nothing(world):
    """T170, T089: an authority that vouches for partners registers nobody."""
    stranger = Registrar(pki=make_pki(Template(common_name="Stranger"), key=seeded_key(9), role=Role.VERIFIER))
    world.more_anchors.append(stranger.pki.anchor)
    world.partner.changes["verifier_info"] = (stranger.info(),)
    assert refused(world).standing.problem is RegistrationProblem.UNKNOWN_PROVIDER
    assert world.registrar.seen == []


def test_an_altered_registration_opens_nothing(world):
    """T170"""
    head, _, signature = world.registrar.certificate().split(".")
    other = world.registrar.certificate(replace(ENTRY, name="Somebody else")).split(".")[1]
    world.partner.changes["verifier_info"] = (VerifierInfo(REGISTRATION_CERT, f"{head}.{other}.{signature}"),)
    assert refused(world).standing.problem is RegistrationProblem.FORGED


@pytest.mark.parametrize(
    "infos",
    [
        lambda registrar: (registrar.info(), registrar.info()),
        lambda registrar: (replace(registrar.info(), credential_ids=("pid",)),),
        lambda _: (VerifierInfo(REGISTRATION_CERT, {"name": "City library"}),),
        lambda _: (VerifierInfo(REGISTRATION_CERT, "=?="),),
        lambda _: (VerifierInfo(REGISTRATION_CERT, "gICA"),),
    ],
    ids=["two", "for a part", "an object", "no base64url", "no text"],
)
def test_a_registration_that_cannot_be_read_opens_nothing(world, infos):
    """T170"""
    world.partner.changes["verifier_info"] = infos(world.registrar)
    assert refused(world).standing.problem is RegistrationProblem.UNREADABLE


@pytest.mark.parametrize(
    ("status", "problem"),
    [
        (1, RegistrationProblem.REVOKED),
        (2, RegistrationProblem.SUSPENDED),
        (3, RegistrationProblem.STATUS_UNKNOWN),
    ],
)
def test_a_registration_that_was_taken_back_opens_nothing(world, status, problem):
    """T170"""
    world.registrar.status = status
    assert refused(world.registering()).standing.problem is problem


def test_what_cannot_be_looked_up_is_not_good(world):
    world.registrar.away = True
    assert refused(world.registering()).standing.problem is RegistrationProblem.STATUS_UNKNOWN


def test_a_list_of_somebody_else_who_registers_says_nothing(world):
    other = make_pki(Template(common_name="Other registrar"), key=seeded_key(10), role=Role.REGISTRATION_PROVIDER)
    world.more_anchors.append(other.anchor)
    world.registrar.list_pki = other
    assert refused(world.registering()).standing.problem is RegistrationProblem.STATUS_UNKNOWN


def test_every_status_but_valid_is_a_problem():
    assert [status for status in Status if problem_of_status(status) is None] == [Status.VALID]


def test_a_registration_belongs_to_nobody_whom_nobody_vouches_for(vault):
    """T160, T170: an unsigned request cannot borrow one."""
    world = RegisteredWorld(vault, prefixes=frozenset((Prefix.REDIRECT_URI,)))
    world.receive()
    request = world.registering().partner.request()
    client = ClientId(Prefix.REDIRECT_URI, request.response_uri)
    link = PlainRequest(replace(request, client_id=client, wallet_nonce=None)).to_link()
    seen = world.run(world.wallet.presenting.look(link))
    assert seen.standing.problem is RegistrationProblem.OTHER_PARTY
    assert not seen.consent.answerable


def test_whose_it_is_is_asked_before_anybody_is_called(world):
    """The order of the specification: a stranger's certificate makes this wallet call no address."""
    refused(world.registering(identifier="VATDE-999999999"))
    assert world.registrar.seen == []


# Beyond


def test_asking_for_more_than_registered_gets_nothing_and_the_user_sees_what_it_was(world):
    """T170"""
    asking(world.registering(), dcql(("given_name",), ("birthdate",), ("nationalities", None)))
    seen = refused(world)
    assert isinstance(seen.standing, AsksBeyond)
    assert [thing.label for thing in seen.consent.standing.beyond] == ["Date of birth", "Nationality"]
    entry = world.vault.log()[-1]
    assert (entry.action, entry.party, entry.outcome) == ("overasked", "City library", "refused")
    assert [(one.name, one.claims) for one in entry.credentials] == [
        ("Personal ID", ('["birthdate"]', '["nationalities",null]'))
    ]


def test_a_document_that_is_neither_registered_nor_held_has_no_name_that_people_know(world):
    asking(world.registering(), dcql(("given_name",), vct="urn:health:card:1"))
    [thing] = refused(world).consent.standing.beyond
    assert (thing.path, thing.document) == (None, "")
    assert Words("en").things([thing]) == "a document that you do not have"


def test_saying_no_to_who_asks_too_much_looks_like_every_no(world):
    """T168"""
    world.run(world.wallet.presenting.decline(look(world)))
    asking(world.registering(), dcql(("birthdate",)))
    seen = look(world)
    world.run(world.wallet.presenting.decline(seen))
    assert world.partner.answers[0] == world.partner.answers[1]
    assert [action for action, _ in world.actions()] == ["received", "declined", "overasked"]


def test_where_the_covered_part_answers_it_may_be_shared_and_nothing_else_can(world):
    """T170, T168: an optional part beyond the registration is as if it had never been asked."""
    asking(
        world.registering(),
        dcql(("given_name",), query_id="name"),
        dcql(("birthdate",), query_id="born"),
        credential_sets=[{"options": [["name"]]}, {"options": [["born"]], "required": False}],
    )
    seen = look(world)
    assert seen.consent.answerable
    assert seen.consent.needs_thought
    assert [question.query_id for question in seen.consent.questions] == ["name"]
    held = world.vault.credentials()[0]
    with pytest.raises(InvalidRequest, match="completes nothing"):
        world.run(world.wallet.presenting.share(seen, {"name": (held.id,), "born": (held.id,)}))
    world.run(world.wallet.presenting.share(seen, {"name": (held.id,)}))
    assert world.partner.presented("name")
    assert [action for action, _ in world.actions()] == ["received", "overasked", "sharing", "shared"]


def test_another_set_of_claims_that_is_covered_may_be_shared(world):
    query = dcql(vct=VCT)
    claims = [{"id": "b", "path": ["birthdate"]}, {"id": "g", "path": ["given_name"]}]
    asking(world.registering(), {**query, "claims": claims, "claim_sets": [["b"], ["g"]]})
    seen = look(world)
    [question] = seen.consent.questions
    assert [claim.label for claim in question.choices[0].claims] == ["Given name"]


# Proof


def test_the_proof_holds_what_was_signed_as_it_was_signed(world):
    """T170: and nothing of the user's."""
    asking(world.registering(), dcql(("birthdate",)))
    seen = look(world)
    [evidence] = world.vault.evidence()
    assert evidence.id == world.vault.log()[-1].request
    assert evidence.request == seen.verified.raw
    assert evidence.request.count(".") == 2
    carried = world.partner.changes["verifier_info"][0].data
    assert evidence.registration == decode_base64url(carried).decode()
    assert evidence.authority == ("watch@data.example", "https://data.example/complain")
    assert [one.claims for one in evidence.beyond] == [('["birthdate"]',)]
    assert "1990" not in repr(evidence)
    assert evidence.at == NOW


def test_the_proof_goes_with_the_log_and_survives_a_new_passphrase(world):
    """T263"""
    asking(world.registering(), dcql(("birthdate",)))
    look(world)
    [before] = world.vault.evidence()
    world.vault.change_passphrase("another long enough phrase")
    assert world.vault.evidence() == (before,)
    world.run(world.wallet.keeping.clear_log())
    assert world.vault.evidence() == ()
    count = world.vault._connection.execute("SELECT count(*) FROM records WHERE kind = 'evidence'").fetchone()
    assert count == (0,)


def test_a_damaged_proof_proves_nothing(world):
    """T215"""
    asking(world.registering(), dcql(("birthdate",)))
    look(world)
    world.vault._connection.execute("UPDATE records SET sealed = x'00' WHERE kind = 'evidence'")
    assert world.vault.evidence() == ()
    assert world.vault.damaged() == ()


def test_what_is_registered_is_a_path_and_all_below_it(world):
    asking(world.registering(credentials=(registered(("address",)),)), dcql(("address", "locality")))
    assert isinstance(look(world).standing, Registered)
