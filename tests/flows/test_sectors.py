"""Sectors with registers of their own: trust across both goes by published lists alone, and ends with them."""

from contextlib import ExitStack
from ssl import DER_cert_to_PEM_cert

import pytest

from protocol.errors import NotTrusted
from protocol.trust.anchors import Role
from protocol.trust.coverage import check_party
from protocol.trust.list_types import ListType
from protocol.trust.registration import verify_registration
from protocol.x509 import Certificate
from runtime.anchors import AnchorFolder, read_certificate, write_list_of_lists
from runtime.driver import drive
from runtime.http import InProcessSender
from tests.support.pki import NOW, Template, make_pki, seeded_key
from tests.support.registrar import OPERATOR, agency, cinema, make_office, request_of

pytestmark = pytest.mark.flow

STATE, EDUCATION, HEALTH = "https://register.example", "https://education.example", "https://health.example"
SECTORS = {EDUCATION: "NTRDE-HRA 2", HEALTH: "NTRDE-HRA 3"}
DIPLOMA = "urn:x:diploma"
UNIVERSITY = make_pki(Template(common_name="University"))


@pytest.fixture
def world(tmp_path):
    """Three registers: the state's, which names the two sectors, and theirs, each with somebody in it."""
    with ExitStack() as stack:
        offices = {
            url: make_office(f"sqlite:///{tmp_path}/{i}.db", url, seed=100 * i)
            for i, url in enumerate((STATE, EDUCATION, HEALTH))
        }
        for office in offices.values():
            stack.callback(office.close)
        for url, identifier in SECTORS.items():
            signer = Certificate.from_x5c(offices[url].registrar.context.lists.x5c[0])
            platform = cinema(
                identifier=identifier,
                entitlements=["Sector_Platform"],
                uses=None,
                authorities=[DER_cert_to_PEM_cert(signer.der)],
                lists=[{"type": ListType.SECTOR, "url": f"{url}/lists/sector"}],
            )
            offices[STATE].register(platform)
        offices[EDUCATION].register(
            agency(
                entitlements=["Non_Q_EAA_Provider"],
                provides=[{"format": "dc+sd-jwt", "vct_values": [DIPLOMA]}],
                authorities=[DER_cert_to_PEM_cert(UNIVERSITY.root.certificate.der)],
            )
        )
        yield World(tmp_path / "anchors", offices)


class World:
    """Whoever trusts, with one certificate in their folder."""

    def __init__(self, folder, offices):
        self.offices = offices
        write_list_of_lists(
            folder,
            f"{STATE}/lists/registrars",
            DER_cert_to_PEM_cert(Certificate.from_x5c(offices[STATE].registrar.context.lists.x5c[0]).der).encode(),
        )
        self.folder = AnchorFolder(folder, lambda: NOW, elapsed=lambda: 0.0)
        self.renew()

    def renew(self):
        """Fetch every list."""
        hosts = {url.removeprefix("https://"): office.application for url, office in self.offices.items()}
        assert drive(self.folder.refresh(), None, InProcessSender(hosts)).failed == 0

    def decide(self, deed, url):
        """What the state's operator does to a sector."""
        office = self.offices[STATE]
        office.run(getattr(office.registrar.parties, deed)(SECTORS[url], "because", OPERATOR))
        self.renew()

    def chain(self, chain, role):
        """Whom the trusting know by a chain."""
        return self.folder.current().chain(chain, role=role, now=NOW, at="x5c")


def pharmacy(world):
    """A partner of the health sector: their access certificate and their registration."""
    office = world.offices[HEALTH]
    key = office.register(cinema(identifier="NTRDE-HRB 9", trade_name="Pharmacy", legal_name="Pharmacy"))
    stage = office.run(office.registrar.parties.registered(key))
    access = office.run(office.registrar.certificates.access(stage, request_of(seeded_key(5)).encode(), OPERATOR))
    [given] = office.run(office.registrar.certificates.registrations(stage, OPERATOR))
    return (read_certificate(access.content.encode(), "access"),), given.content


def test_one_certificate_trusts_across_sectors(world):
    """A wallet and a verifier alike: issuers of the one, partners of the other."""
    university = world.chain(UNIVERSITY.certificates, Role.ISSUER)
    assert university.is_entitled(DIPLOMA)
    assert not university.is_entitled("urn:eudi:pid:1")
    chain, registration = pharmacy(world)
    party = world.chain(chain, Role.VERIFIER)
    verified = verify_registration(registration, anchors=world.folder.current(), now=NOW)
    check_party(verified.says, party)


def test_a_sector_that_is_removed_is_trusted_no_more_with_everybody_in_it(world):
    """T090: the other one goes on."""
    chain, registration = pharmacy(world)
    world.decide("remove", HEALTH)
    with pytest.raises(NotTrusted):
        world.chain(chain, Role.VERIFIER)
    with pytest.raises(NotTrusted):
        verify_registration(registration, anchors=world.folder.current(), now=NOW)
    assert world.chain(UNIVERSITY.certificates, Role.ISSUER)
    world.decide("suspend", EDUCATION)
    with pytest.raises(NotTrusted):
        world.chain(UNIVERSITY.certificates, Role.ISSUER)


def test_a_sector_decides_about_its_own_alone(world):
    """Delegated approval: whoever a sector removes is gone, and nobody of another one."""
    chain, _ = pharmacy(world)
    education = world.offices[EDUCATION]
    education.run(education.registrar.parties.remove("NTRDE-HRA 1", "because", OPERATOR))
    world.renew()
    with pytest.raises(NotTrusted):
        world.chain(UNIVERSITY.certificates, Role.ISSUER)
    assert world.chain(chain, Role.VERIFIER)


def test_a_sector_never_lists_identity_cards(world):
    """T186: what a sector says of them counts for nothing."""
    cards = make_pki(Template(common_name="Cards"))
    world.offices[EDUCATION].register(
        agency(
            identifier="NTRDE-HRA 8",
            entitlements=["Non_Q_EAA_Provider", "PID_Provider"],
            authorities=[DER_cert_to_PEM_cert(cards.root.certificate.der)],
        )
    )
    world.renew()
    with pytest.raises(NotTrusted):
        world.chain(cards.certificates, Role.ISSUER)
