"""Who vouches for this wallet, in words; and whether somebody can be told that it is genuine, before anything is asked for."""

from dataclasses import replace

import pytest

from protocol.errors import InvalidRequest, NotFound
from protocol.oauth.client_attestation import METHOD, METHOD_DPOP
from protocol.oauth.metadata import AuthorizationServerMetadata
from protocol.oid4vci.key_attestation import KeyRequirements
from protocol.oid4vci.metadata import CredentialIssuerMetadata
from protocol.oid4vci.obtain import IssuerContact
from protocol.wallet_unit.errors import (
    EnrolmentRequired,
    TooManyAttestations,
    UnitRevoked,
    UnknownUnit,
    WalletRefused,
)
from tests.wallet.counterpart_agency import AGENCY, PID
from wallet.policy.vouching import (
    NotVouched,
    ProviderAway,
    VouchingShown,
    WhyUnvouched,
    can_prove,
    check_vouched,
    unvouched,
    vouching_shown,
    why_unvouched,
)
from wallet.records import WalletUnit

PROVIDER = "https://wallets.example"
NEW = WalletUnit("unit", PROVIDER, "key", (), "", 0, 0, 0)
KNOWN = replace(NEW, name=(("de", "Brieftaschen"), ("en", "Wallets")), registered_at=100, known_until=200)
BLOCKED = replace(NEW, blocked_at=150)
ABOUT_KEYS = replace(PID, key_attestations_required=KeyRequirements())


def contact(*configurations, methods=("none",)):
    issuer = CredentialIssuerMetadata(
        AGENCY, f"{AGENCY}/credential", configurations={str(i): one for i, one in enumerate(configurations)}
    )
    server = AuthorizationServerMetadata(AGENCY, f"{AGENCY}/token", token_endpoint_auth_methods_supported=methods)
    return IssuerContact(issuer, server, None), tuple(issuer.configurations)


@pytest.mark.parametrize(
    ("unit", "language", "shown"),
    [
        (None, "en", VouchingShown("wallets.example")),
        (NEW, "en", VouchingShown("wallets.example")),
        (KNOWN, "de", VouchingShown("wallets.example", "Brieftaschen", 100, 200, 0, "abcd ef")),
        (KNOWN, "fr", VouchingShown("wallets.example", "Brieftaschen", 100, 200, 0, "abcd ef")),
        (KNOWN, "en", VouchingShown("wallets.example", "Wallets", 100, 200, 0, "abcd ef")),
        (BLOCKED, "en", VouchingShown("wallets.example", "wallets.example", 0, 0, 150, "abcd ef")),
    ],
    ids=["nobody", "not yet", "German", "another language", "English", "blocked before it was known"],
)
def test_the_owner_reads_who_vouches(unit, language, shown):
    assert vouching_shown(PROVIDER, unit, "abcdef", language) == shown


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (EnrolmentRequired("x"), "code_needed"),
        (UnknownUnit("x"), "code_needed"),
        (UnitRevoked("x"), "blocked"),
        (WalletRefused("x"), "too_old"),
        (TooManyAttestations("x"), "too_often"),
        (InvalidRequest("x"), "failed"),
    ],
)
def test_every_refusal_has_its_reason(error, why):
    assert why_unvouched(error) == why


def test_only_what_failed_for_want_of_a_provider_is_said_to_be_for_that():
    assert unvouched(NotVouched(WhyUnvouched.BLOCKED, "x")) is WhyUnvouched.BLOCKED
    assert unvouched(ProviderAway("x")) is WhyUnvouched.AWAY
    assert unvouched(NotFound("x")) is None


@pytest.mark.parametrize(
    ("asking", "provider", "unit", "why"),
    [
        (contact(PID), "", None, None),
        (contact(PID), PROVIDER, BLOCKED, None),
        (contact(PID, methods=("none", METHOD)), "", None, None),
        (contact(PID, ABOUT_KEYS), "", None, None),
        (contact(PID, methods=(METHOD,)), "", None, "no_provider"),
        (contact(PID, methods=(METHOD_DPOP,)), PROVIDER, BLOCKED, "blocked"),
        (contact(ABOUT_KEYS), "", None, "no_provider"),
        (contact(ABOUT_KEYS), PROVIDER, BLOCKED, "blocked"),
        (contact(ABOUT_KEYS), PROVIDER, KNOWN, None),
        (contact(ABOUT_KEYS), PROVIDER, None, None),
    ],
    ids=[
        "nobody asks", "nobody asks the blocked", "may be told", "one form goes without", "wants the wallet told", "blocked",
        "wants keys told", "blocked for keys", "known", "not yet registered",
    ],
)  # fmt: skip
def test_an_office_that_wants_to_be_told_is_asked_for_nothing_where_nobody_can(asking, provider, unit, why):
    who, names = asking
    if why is None:
        check_vouched(who, names, provider_url=provider, unit=unit)
    else:
        with pytest.raises(NotVouched) as refusal:
            check_vouched(who, names, provider_url=provider, unit=unit)
        assert refusal.value.why == why


@pytest.mark.parametrize(
    ("changes", "provider", "possible"),
    [
        ({}, "", True),
        ({"proof_algorithms": ("RS256",)}, PROVIDER, False),
        ({"proof_algorithms": (), "attestation_algorithms": ("ES256",)}, PROVIDER, False),
        ({"binding_methods": (), "proof_algorithms": ()}, "", True),
        ({"key_attestations_required": KeyRequirements()}, "", False),
        ({"key_attestations_required": KeyRequirements()}, PROVIDER, True),
        (
            {
                "key_attestations_required": KeyRequirements(),
                "proof_algorithms": (),
                "attestation_algorithms": ("ES256",),
            },
            PROVIDER,
            True,
        ),
        ({"key_attestations_required": KeyRequirements(), "proof_algorithms": ()}, PROVIDER, False),
    ],
)
def test_a_key_is_proven_in_the_way_that_an_issuer_wants_or_not_at_all(changes, provider, possible):
    assert can_prove(replace(PID, **changes), provider_url=provider) is possible
