"""Who was barred from asking: the lists of their certificate's issuer are looked up, and not knowing is no yes (T091)."""

from dataclasses import dataclass, field

import pytest
from cryptography import x509

from protocol.crl import RevocationReason
from protocol.errors import AccessDenied
from protocol.exchange import HttpRequest, HttpResponse
from protocol.trust.anchors import Role
from runtime.certificates import Authority
from runtime.crl import RevokedCertificate, issue_crl
from tests.support.pki import NOW, Pki, Template, make_pki, seeded_key
from tests.wallet.registrar import LIBRARY, RegisteredWorld
from tests.wallet.service.presenting.asking import look
from wallet.policy.asking import Registered, RegistrationProblem, Unregistered

HOST = "https://certificates.example"
LIST = f"{HOST}/access.crl"
POINT = x509.CRLDistributionPoints([x509.DistributionPoint([x509.UniformResourceIdentifier(LIST)], None, None, None)])


@dataclass
class Certifier:
    """Lists which access certificates are revoked, or is out of reach."""

    pki: Pki
    reason: RevocationReason | None = None
    number: int = 1
    away: bool = False
    seen: list[HttpRequest] = field(default_factory=list)

    def respond(self, request):
        """Answer with the list."""
        self.seen.append(request)
        if self.away:
            return HttpResponse(503, (), b"")
        leaf = self.pki.leaf.certificate
        revoked = [RevokedCertificate(leaf.serial_number, NOW - 10, self.reason)] if self.reason else []
        authority = Authority(self.pki.root.signer, self.pki.root.x509)
        return HttpResponse(200, (), issue_crl(authority, revoked, number=self.number, now=NOW - 60, lifetime=3600))


@pytest.fixture
def world(vault):
    """A wallet that holds an identity card, and a partner whose certificate can be revoked."""
    world = RegisteredWorld(vault)
    leaf = Template(
        common_name="City library", identifier=LIBRARY, dns_names=("library.example",), extensions=((POINT, False),)
    )
    world.partner.pki = make_pki(leaf, key=seeded_key(6), role=Role.VERIFIER)
    world.more[HOST] = Certifier(world.partner.pki)
    world.receive()
    return world


def refused(world):
    """Why nothing is given; the registration is not even looked at."""
    seen = look(world.registering())
    assert not seen.consent.answerable
    assert world.registrar.seen == []
    with pytest.raises(AccessDenied):
        world.run(world.wallet.presenting.share(seen, {"pid": (world.vault.credentials()[0].id,)}))
    assert world.actions()[-1][0] == "not registered"
    return seen.standing.problem


def test_who_stands_in_no_list_may_ask_and_the_list_is_kept(world):
    assert isinstance(look(world.registering()).standing, Registered)
    look(world)
    assert len(world.more[HOST].seen) == 1


@pytest.mark.parametrize(
    ("reason", "problem"),
    [
        (RevocationReason.UNSPECIFIED, RegistrationProblem.BARRED),
        (RevocationReason.KEY_COMPROMISE, RegistrationProblem.BARRED),
        (RevocationReason.CERTIFICATE_HOLD, RegistrationProblem.BARRED_FOR_NOW),
    ],
)
def test_who_was_barred_gets_nothing(world, reason, problem):
    world.more[HOST].reason = reason
    assert refused(world) is problem


def test_who_cannot_be_looked_up_gets_nothing(world):
    """T091: no silent yes."""
    world.more[HOST].away = True
    assert refused(world) is RegistrationProblem.BARRED_UNKNOWN


def test_the_list_of_another_authority_says_nothing(world):
    """T091"""
    world.more[HOST].pki = make_pki(role=Role.VERIFIER)
    assert refused(world) is RegistrationProblem.BARRED_UNKNOWN


def test_an_older_list_than_one_seen_before_says_nothing(world):
    """T091: who was barred cannot be let in again by yesterday's list."""
    world.more[HOST].number = 2
    look(world)
    world.now = world.partner.signed_at = NOW + 3600
    world.more[HOST].number = 1
    assert refused_later(world) is RegistrationProblem.BARRED_UNKNOWN


def refused_later(world):
    seen = look(world)
    assert len(world.more[HOST].seen) == 2
    assert not seen.consent.answerable
    return seen.standing.problem


def test_a_certificate_that_names_no_list_is_trusted_by_its_anchor(vault):
    world = RegisteredWorld(vault)
    world.receive()
    assert look(world).standing == Unregistered()
