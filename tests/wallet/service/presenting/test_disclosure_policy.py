"""For whom a document is meant: what its issuer says is kept with it, held against who asks, and shown; the user decides."""

from dataclasses import replace

import pytest

from protocol.oid4vp.client_id import ClientId, Prefix
from protocol.oid4vp.link import PlainRequest
from protocol.trust.dataset import RegisteredIdentifier
from protocol.trust.disclosure_policy import (
    AuthorisedParties,
    AuthorisedParty,
    DisclosurePolicy,
    NoRestriction,
    RootsOfTrust,
    root_of_trust,
)
from protocol.trust.registrar_api import UsedIntermediary
from protocol.trust.registration import SERVICE_PROVIDER, Intermediary
from tests.support.pki import make_pki
from tests.wallet.counterpart_agency import PID
from tests.wallet.registrar import IN_REGISTER, LIBRARY, RegisteredWorld
from tests.wallet.service.presenting.asking import look
from wallet.policy.presenting import Caution

ID = "https://agency.example/policy"


def holding(vault, policy, **changes):
    """A wallet that holds an identity card whose issuer says for whom it is."""
    world = RegisteredWorld(vault, **changes)
    wire = policy.to_dict() if isinstance(policy, DisclosurePolicy) else policy
    world.agency.configurations = {"pid": replace(PID, disclosure_policy=wire)}
    world.receive()
    return world


def cautions(world):
    [question] = look(world).consent.questions
    return question.choices[0].cautions


def only(*parties):
    return DisclosurePolicy(ID, AuthorisedParties(parties))


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (DisclosurePolicy(ID, NoRestriction()), ()),
        (only(AuthorisedParty(subject=f"ORGID={LIBRARY}")), ()),
        (only(AuthorisedParty(subject="ORGID=VATDE-999999999")), (Caution.NOT_FOR_THEM,)),
        (only(AuthorisedParty(entitlement=SERVICE_PROVIDER)), (Caution.NOT_FOR_THEM,)),
        ({"id": ID, "policy": "moonPhase"}, (Caution.FOR_WHOM_UNKNOWN,)),
        ({"policy": "none"}, (Caution.FOR_WHOM_UNKNOWN,)),
        ({"id": ID, "policy": "allowList", "options": {}}, (Caution.FOR_WHOM_UNKNOWN,)),
    ],
    ids=["none", "listed", "not listed", "by entitlement", "unknown kind", "broken", "broken list"],
)
def test_who_asks_is_held_against_what_the_issuer_said(vault, policy, expected):
    world = holding(vault, policy)
    assert cautions(world) == expected
    assert look(world).consent.needs_thought is bool(expected)


def test_what_somebody_is_entitled_to_counts_once_it_is_shown_and_holds(vault):
    world = holding(vault, only(AuthorisedParty(entitlement=SERVICE_PROVIDER)))
    world.registering()
    assert cautions(world) == ()


def test_the_user_decides_all_the_same(vault):
    """ARF 3.0 EDP_07."""
    world = holding(vault, only(AuthorisedParty(subject="ORGID=VATDE-999999999")))
    seen = look(world)
    assert seen.consent.answerable
    world.run(world.wallet.presenting.share(seen, seen.default_choice()))
    assert world.partner.presented()


def test_a_root_of_trust_is_the_one_that_vouches_for_who_asks(vault):
    world = RegisteredWorld(vault)
    roots = [root_of_trust(world.partner.pki.root.certificate), root_of_trust(make_pki().root.certificate)]
    for root, expected in zip(roots, [(), (Caution.NOT_FOR_THEM,)], strict=True):
        wire = DisclosurePolicy(ID, RootsOfTrust((root,))).to_dict()
        world.agency.configurations = {"pid": replace(PID, disclosure_policy=wire)}
        for document in world.wallet.keeping.documents():
            world.run(world.wallet.keeping.forget(document))
        world.receive()
        assert cautions(world) == expected


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (DisclosurePolicy(ID, NoRestriction()), ()),
        (only(AuthorisedParty(subject=f"ORGID={LIBRARY}")), (Caution.NOT_FOR_THEM,)),
    ],
)
def test_nobody_known_is_nobody_listed(vault, policy, expected):
    world = holding(vault, policy, prefixes=frozenset((Prefix.REDIRECT_URI,)))
    request = world.partner.request()
    request = replace(request, client_id=ClientId(Prefix.REDIRECT_URI, request.response_uri), wallet_nonce=None)
    seen = world.run(world.wallet.presenting.look(PlainRequest(request).to_link()))
    assert seen.consent.questions[0].choices[0].cautions == expected


CLUB = "VATDE-333333333"


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (DisclosurePolicy(ID, NoRestriction()), ()),
        (only(AuthorisedParty(subject=f"ORGID={LIBRARY}")), (Caution.FOR_WHOM_UNKNOWN,)),
        (only(AuthorisedParty(subject=f"ORGID={CLUB}")), (Caution.FOR_WHOM_UNKNOWN,)),
        (only(AuthorisedParty(entitlement=SERVICE_PROVIDER)), (Caution.FOR_WHOM_UNKNOWN,)),
        (
            DisclosurePolicy(ID, RootsOfTrust((root_of_trust(make_pki().root.certificate),))),
            (Caution.FOR_WHOM_UNKNOWN,),
        ),
        ({"policy": "none"}, (Caution.FOR_WHOM_UNKNOWN,)),
    ],
    ids=["none", "who asks", "for whom", "by entitlement", "by root", "broken"],
)
def test_for_whom_somebody_asks_is_not_known_well_enough_by_a_register_alone(vault, policy, expected):
    """The library asks in the club's stead, and nothing but a register says so: the club has shown no certificate at all."""
    world = holding(vault, policy)
    world.naming_register(identifiers=(RegisteredIdentifier(CLUB),))
    world.registrar.entry = replace(
        IN_REGISTER, identifier=CLUB, trade_name="Club", intermediaries=(UsedIntermediary(LIBRARY, "Library", None),)
    )
    seen = world.run(world.wallet.presenting.ask_register(look(world)))
    assert seen.consent.standing.registration.through == "City library"
    [question] = seen.consent.questions
    assert question.choices[0].cautions == expected
    assert seen.consent.answerable
    assert seen.consent.needs_thought is bool(expected)


def test_who_asks_for_themselves_is_known_by_their_certificate_also_where_a_register_was_asked(vault):
    """Only what hangs on an entitlement hangs on a registration certificate."""
    listed = holding(vault, only(AuthorisedParty(subject=f"ORGID={LIBRARY}"))).naming_register()
    seen = listed.run(listed.wallet.presenting.ask_register(look(listed)))
    assert seen.consent.standing.registration.through == ""
    assert seen.consent.questions[0].choices[0].cautions == ()


def test_an_intermediary_with_a_certificate_of_whom_it_asks_for_is_held_against_the_policy(vault):
    world = holding(vault, only(AuthorisedParty(entitlement=SERVICE_PROVIDER)))
    world.registering(identifier=CLUB, name="Club", intermediary=Intermediary(LIBRARY))
    assert look(world).consent.standing.registration.through == "City library"
    assert cautions(world) == ()
