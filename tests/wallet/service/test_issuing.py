"""Who may give what: an issuer that is registered for it, one that is not, and registrations that count for nothing."""

from dataclasses import dataclass, field, replace

import pytest

from protocol.crl import RevocationReason
from protocol.oid4vci.metadata import CredentialConfiguration, Display
from protocol.trust.carried import Carried, carry_registration
from protocol.trust.registration import NON_Q_EAA_PROVIDER, PID_PROVIDER, SERVICE_PROVIDER
from tests.support.pki import NOW, Template, make_pki, seeded_key
from tests.wallet.counterpart_agency import PID, Agency
from tests.wallet.registrar import AGENCY_ENTRY, OFFICE, RegisteredWorld, registered
from tests.wallet.service.presenting.test_barred import HOST, POINT, Certifier
from wallet.policy.asking import RegistrationProblem
from wallet.policy.issuing import MayNotIssue

DIPLOMA = replace(PID, type="urn:school:diploma:1", display=(Display("Diploma", "en"), Display("Zeugnis", "de")))


@dataclass
class RegisteredAgency(Agency):
    """An issuer that shows what it registered for."""

    info: tuple[Carried, ...] = field(default=())

    @property
    def metadata(self):
        """Issuer metadata, with what others say of it."""
        return replace(super().metadata, issuer_info=self.info)


@pytest.fixture
def world(vault):
    """A wallet among people who are registered."""
    world = RegisteredWorld(vault)
    world.agency = RegisteredAgency(pki=world.agency.pki)
    return world


def showing(world, entry=AGENCY_ENTRY, **changes):
    """Have the agency show a registration."""
    world.agency.info = (carry_registration(world.registrar.certificate(replace(entry, **changes))),)
    return world


def refused(world, action="failed"):
    """Why an offer is not even put to the user; the agency is asked for nothing."""
    with pytest.raises(MayNotIssue) as refusal:
        world.run(world.wallet.receiving.look(world.agency.offer()))
    assert not any(request.url.endswith(("/token", "/credential", "/par")) for request in world.agency.seen)
    assert world.actions()[-1][0] == action
    assert world.vault.log()[-1].party == "City of Köln"
    return refusal.value


def look(world):
    return world.run(world.wallet.receiving.look(world.agency.offer())).consent


def test_who_is_registered_to_give_it_may(world):
    consent = look(showing(world))
    assert (consent.registered.name, consent.registered.registered_by) == ("City of Köln", "Registrar")
    assert consent.registered.authority == ("watch@data.example", "https://data.example/complain")
    assert world.receive()


def test_who_shows_no_registration_is_not_said_to_be_registered(world):
    assert look(world).registered is None


@pytest.mark.parametrize(
    "changes",
    [
        {"entitlements": (SERVICE_PROVIDER,)},
        {"entitlements": (NON_Q_EAA_PROVIDER,)},
        {"provides": ()},
        {"provides": (registered(vct="urn:other"),)},
    ],
    ids=["may only ask", "no PID provider", "gives nothing", "gives something else"],
)
def test_who_is_not_entitled_to_this_type_gets_no_further(world, changes):
    """T186: and the user is told which document it is."""
    error = refused(showing(world, **changes))
    assert (error.who, error.documents, error.problem) == ("City of Köln", ("Personal ID",), None)


def test_one_document_too_many_is_named_and_none_is_taken(world):
    """T186"""
    world.agency.configurations = {"pid": PID, "diploma": DIPLOMA}
    assert refused(showing(world)).documents == ("Diploma",)
    showing(
        world, entitlements=(PID_PROVIDER, NON_Q_EAA_PROVIDER), provides=(registered(), registered(vct=DIPLOMA.type))
    )
    assert look(world).registered


def test_what_this_wallet_cannot_take_anyway_is_not_asked_about(world):
    world.agency.configurations = {"pid": PID, "mdoc": CredentialConfiguration("ldp_vc", None)}
    assert look(showing(world)).registered


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"identifier": "VATDE-999999999"}, RegistrationProblem.OTHER_PARTY),
        ({"issued_at": NOW - 5000, "expires_at": NOW}, RegistrationProblem.EXPIRED),
    ],
)
def test_a_registration_of_another_party_or_time_is_refused(world, changes, problem):
    assert refused(showing(world, **changes)).problem is problem


def test_a_registration_that_was_taken_back_is_refused(world):
    world.registrar.status = 1
    assert refused(showing(world)).problem is RegistrationProblem.REVOKED


def test_a_registration_that_cannot_be_looked_up_is_refused(world):
    world.registrar.away = True
    assert refused(showing(world)).problem is RegistrationProblem.STATUS_UNKNOWN


@pytest.mark.parametrize(
    ("reason", "away", "problem", "action"),
    [
        (RevocationReason.KEY_COMPROMISE, False, RegistrationProblem.BARRED, "barred"),
        (RevocationReason.CERTIFICATE_HOLD, False, RegistrationProblem.BARRED_FOR_NOW, "barred"),
        (None, True, RegistrationProblem.BARRED_UNKNOWN, "not looked up"),
    ],
)
def test_an_issuer_whose_certificate_was_revoked_is_refused(world, reason, away, problem, action):
    """T091: and so is one of whom nobody can tell."""
    leaf = Template(common_name="City of Köln", country="DE", identifier=OFFICE, extensions=((POINT, False),))
    world.agency.pki = make_pki(leaf, key=seeded_key(5))
    certifier = world.more[HOST] = Certifier(world.agency.pki)
    showing(world)
    assert look(world).registered
    world.wallet.context.known_crls.clear()
    certifier.reason, certifier.away = reason, away
    assert refused(world, action).problem is problem
    entry = world.vault.log()[-1]
    assert (entry.trusted_by, entry.organisation) == ("", "")


def test_two_registrations_are_refused(world):
    showing(world)
    world.agency.info *= 2
    assert refused(world).problem is RegistrationProblem.UNREADABLE


def test_unsigned_metadata_cannot_show_the_registration_of_anybody(world):
    """The signature is what ties the two together."""
    showing(world)
    world.agency.signed = False
    with pytest.raises(MayNotIssue) as refusal:
        world.run(world.wallet.receiving.look(world.agency.offer()))
    assert refusal.value.problem is RegistrationProblem.OTHER_PARTY


def test_metadata_is_read_as_it_was_written(world):
    showing(world)
    metadata = world.agency.metadata
    assert type(metadata).from_dict(metadata.to_dict()).issuer_info == world.agency.info
    assert "issuer_info" not in replace(metadata, issuer_info=()).to_dict()
