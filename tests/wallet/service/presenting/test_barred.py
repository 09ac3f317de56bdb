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
from tests.support.pki import DAY, NOW, Pki, Template, make_pki, seeded_key
from tests.wallet.registrar import LIBRARY, RegisteredWorld
from tests.wallet.service.presenting.asking import look
from tests.wallet.service.presenting.test_pages import WAYS
from tests.wallet.service.presenting.test_pages import look as look_at_page
from wallet.policy.asking import Registered, RegistrationProblem, Unregistered
from wallet.policy.cockpit.timeline import Filter, Kind, Timelines
from wallet.policy.evidence import finding_of
from wallet.policy.revoked import MAX_AGE, REFRESH
from wallet.service.revoked import MAX_LISTS

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
    issued_at: int = NOW - 60
    lifetime: int = 3600
    seen: list[HttpRequest] = field(default_factory=list)

    def respond(self, request):
        """Answer with the list."""
        self.seen.append(request)
        if self.away:
            return HttpResponse(503, (), b"")
        leaf = self.pki.leaf.certificate
        revoked = [RevokedCertificate(leaf.serial_number, NOW - 10, self.reason)] if self.reason else []
        authority = Authority(self.pki.root.signer, self.pki.root.x509)
        return HttpResponse(
            200, (), issue_crl(authority, revoked, number=self.number, now=self.issued_at, lifetime=self.lifetime)
        )


@pytest.fixture
def world(vault):
    """A wallet that holds an identity card, and a partner whose certificate can be revoked."""
    world = RegisteredWorld(vault)
    leaf = Template(
        common_name="City library",
        country="DE",
        identifier=LIBRARY,
        dns_names=("library.example",),
        extensions=((POINT, False),),
    )
    world.partner.pki = make_pki(leaf, key=seeded_key(6), role=Role.VERIFIER)
    world.more[HOST] = Certifier(world.partner.pki)
    world.receive()
    return world


def refused(world):
    """Why nothing is given; the registration is not even looked at, and nobody is said to be whom the certificate names."""
    seen = look(world.registering())
    assert not seen.consent.answerable
    assert world.registrar.seen == []
    with pytest.raises(AccessDenied):
        world.run(world.wallet.presenting.share(seen, {"pid": (world.vault.credentials()[0].id,)}))
    nobody(seen.consent, world.vault.log()[-1], seen.standing.problem)
    return seen.standing.problem


def nobody(consent, entry, problem):
    """Nothing says that it is who it is said to be: not the page, and not the log, which says why."""
    asker = consent.asker
    assert (asker.name, asker.trusted_by, asker.organisation, asker.calls_itself) == ("", "", "", "City library")
    assert consent.standing.unproven
    assert (entry.party, entry.trusted_by, entry.organisation) == ("City library", "", "")
    assert entry.action == ("not looked up" if problem is RegistrationProblem.BARRED_UNKNOWN else "barred")


def timeline(world):
    return Timelines().of(world.vault.log(), (), world.now)


def test_t091_whoever_has_a_key_that_was_revoked_stands_nowhere_under_whose_it_was(world):
    seen = look(world.registering())
    assert seen.consent.asker.organisation == f"DE {LIBRARY}"
    world.run(world.wallet.presenting.share(seen, seen.default_choice()))
    [before] = [met for met in timeline(world).partners if met.name == "City library"]
    world.more[HOST].reason, world.more[HOST].number = RevocationReason.KEY_COMPROMISE, 2
    world.wallet.context.known_crls.clear()
    world.registrar.seen.clear()
    assert refused(world) is RegistrationProblem.BARRED
    after = timeline(world)
    assert before in after.partners
    barred = after.items[0]
    assert (barred.entry.action, barred.kind) == ("barred", Kind.WARNING)
    assert after.partner(barred.number) is None
    assert barred not in list(after.find(Filter(partner=before.key)))
    [proof] = world.vault.evidence()
    assert (proof.asker, proof.trusted_by, proof.finding) == (
        "City library",
        "",
        finding_of(RegistrationProblem.BARRED),
    )


@pytest.mark.parametrize("protocol", WAYS[:2])
def test_t091_nor_through_a_browser(world, protocol):
    world.more[HOST].reason = RevocationReason.UNSPECIFIED
    seen = look_at_page(world, protocol)
    assert not seen.consent.answerable
    nobody(seen.consent, world.vault.log()[-1], seen.standing.problem)


def test_t091_what_was_revoked_meanwhile_is_known_after_an_hour(world):
    certifier = world.more[HOST]
    certifier.lifetime = 7 * DAY
    look(unregistered(world))
    certifier.reason, certifier.number = RevocationReason.UNSPECIFIED, 2
    world.now = world.partner.signed_at = NOW + REFRESH - 1
    assert isinstance(look(world).standing, Unregistered)
    world.now = world.partner.signed_at = NOW + REFRESH
    assert look(world).standing.problem is RegistrationProblem.BARRED


def test_where_no_newer_list_can_be_had_a_known_one_serves_for_a_day(world):
    """T076, T091"""
    certifier = world.more[HOST]
    certifier.lifetime = 7 * DAY
    assert isinstance(look(unregistered(world)).standing, Unregistered)
    # That it answered meanwhile makes it neither younger nor older
    world.now = world.partner.signed_at = NOW + 10
    look(world)
    certifier.away = True
    world.now = world.partner.signed_at = NOW + MAX_AGE - 1
    assert isinstance(look(world).standing, Unregistered)
    assert len(certifier.seen) == 2
    world.now = world.partner.signed_at = NOW + MAX_AGE
    assert look(world).standing.problem is RegistrationProblem.BARRED_UNKNOWN


def test_t091_a_known_list_that_serves_still_says_no(world):
    certifier = world.more[HOST]
    certifier.lifetime, certifier.reason = 7 * DAY, RevocationReason.UNSPECIFIED
    look(unregistered(world))
    certifier.away = True
    world.now = world.partner.signed_at = NOW + REFRESH
    assert look(world).standing.problem is RegistrationProblem.BARRED


def test_t091_a_known_list_serves_no_longer_than_it_holds(world):
    certifier = world.more[HOST]
    certifier.lifetime = REFRESH + 60
    look(unregistered(world))
    certifier.away = True
    world.now = world.partner.signed_at = NOW + REFRESH
    assert look(world).standing.problem is RegistrationProblem.BARRED_UNKNOWN


def test_t091_a_list_that_was_had_and_is_wrong_is_not_made_up_for(world):
    certifier = world.more[HOST]
    certifier.lifetime = 7 * DAY
    look(unregistered(world))
    certifier.pki = make_pki(role=Role.VERIFIER)
    world.now = world.partner.signed_at = NOW + REFRESH
    assert look(world).standing.problem is RegistrationProblem.BARRED_UNKNOWN


def test_so_many_lists_are_kept(world):
    known = world.wallet.context.known_crls
    look(unregistered(world))
    [kept] = known.values()
    known.update({f"https://other.example/{number}": kept for number in range(MAX_LISTS)})
    world.now = world.partner.signed_at = NOW + REFRESH
    world.more[HOST].issued_at = world.now
    look(world)
    assert len(known) == MAX_LISTS
    assert list(known)[-1] == LIST


def unregistered(world):
    """Have the partner show no registration, so that nothing but its certificate counts."""
    world.partner.changes = {}
    return world


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
