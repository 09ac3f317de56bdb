"""What an issuer issues is held against its registration at the start, before any wallet does it."""

from dataclasses import replace

import pytest

from issuer.app import check_registrations, open_issuer, open_store
from issuer.config import IssuerSettings
from issuer.installation import REGISTRATIONS, NewIssuer, set_up_issuer
from protocol.dcql.query import CredentialMeta
from protocol.formats import IssuerSigner
from protocol.trust.anchors import Role
from protocol.trust.registration import PID_PROVIDER, PUB_EAA_PROVIDER, RegisteredCredential, sign_registration
from runtime import system
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
    provides = tuple(RegisteredCredential(kind.format, CredentialMeta((kind.type,))) for kind in types)
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


def test_opening_an_issuer_in_production_holds_its_types_against_its_registration(tmp_path):
    data = tmp_path / "issuer"
    database = f"sqlite:///{tmp_path / 'issuer.db'}"
    new = NewIssuer(data, IDENTIFIER, (("en", "City office"),), ("pid",), database_url=database)
    set_up_issuer(new, now=system.now(), random_bytes=system.random_bytes)
    produced = IssuerSettings.read(data).model_copy(update={"env": Environment.PRODUCTION})
    store = open_store(produced)
    open_issuer(produced, store)
    (data / REGISTRATIONS).mkdir(exist_ok=True)
    provider = make_pki(Template(common_name="Registrar"), role=Role.REGISTRATION_PROVIDER)
    (data / REGISTRATIONS / "own.jwt").write_text(sign_registration(LEAST, provider.signer, provider.x5c))
    with pytest.raises(ValueError, match="pid is not registered"):
        open_issuer(produced, store)
