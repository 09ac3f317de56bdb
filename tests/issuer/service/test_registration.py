"""What an issuer issues is held against its registration at the start, before any wallet does it."""

from dataclasses import replace

import pytest

from issuer.app import check_registrations
from issuer.config import IssuerSettings
from protocol.dcql.query import CredentialMeta
from protocol.formats import IssuerSigner
from protocol.trust.anchors import Role
from protocol.trust.registration import PID_PROVIDER, PUB_EAA_PROVIDER, RegisteredCredential
from runtime.registrations import OwnRegistration
from runtime.settings import Environment
from tests.protocol.trust.test_registration import LEAST
from tests.support.issuer import IDENTIFIER
from tests.support.pki import Template, make_pki

REGISTERED = make_pki(Template(common_name="Agency", identifier=LEAST.identifier), role=Role.VERIFIER)
ACCESS = IssuerSigner(REGISTERED.signer, REGISTERED.x5c)


def settings(tmp_path, env):
    return IssuerSettings(env=env, data=tmp_path, public_url=IDENTIFIER, name={"de": "Amt"})


def registered(desk, *names, entitlement=PUB_EAA_PROVIDER, **changes):
    types = [desk.issuer.context.types[name] for name in names]
    provides = tuple(RegisteredCredential(kind.format, CredentialMeta((kind.vct,))) for kind in types)
    return OwnRegistration("all.jwt", "", replace(LEAST, entitlements=(entitlement,), provides=provides, **changes))


def context(desk, *registrations):
    return replace(desk.issuer.context, access=ACCESS, registrations=registrations)


def test_an_issuer_within_its_registration_starts(desk, tmp_path, capsys):
    check_registrations(
        settings(tmp_path, Environment.PRODUCTION), context(desk, registered(desk, "member", "badge", "ticket"))
    )
    check_registrations(settings(tmp_path, Environment.PRODUCTION), context(desk))
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ((("member", "badge"), {}), "ticket is not registered"),
        ((("member", "badge", "ticket"), {"identifier": "VATDE-1"}), "all.jwt is of another party"),
        (((), {"entitlement": PID_PROVIDER}), "member is not registered"),
    ],
)
def test_in_production_an_issuer_beyond_it_does_not_start(desk, tmp_path, capsys, wrong, problem):
    """T186; elsewhere the log says so."""
    names, changes = wrong
    beyond = context(desk, registered(desk, *names, **changes))
    with pytest.raises(ValueError, match=problem):
        check_registrations(settings(tmp_path, Environment.PRODUCTION), beyond)
    check_registrations(settings(tmp_path, Environment.TEST), beyond)
    assert problem in capsys.readouterr().out
