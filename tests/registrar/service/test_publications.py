"""Lists as everybody reads them: signed, numbered, and true at the moment."""

import pytest

from protocol.crl import check_not_revoked, verify_crl
from protocol.errors import NotFound, Revoked, RolledBack, Suspended
from protocol.trust.access import AccessCertificate
from protocol.trust.anchors import Role
from protocol.trust.list_signature import ExpectedList, anchors_of, verify_list
from protocol.trust.list_types import ListType
from protocol.x509 import Certificate
from registrar.policy import DAY, entity_of
from registrar.service.numbered import Numbered
from registrar.service.publications import LISTS, PublicationService
from runtime.anchors import read_certificate
from tests.registrar.service.test_certificates import access, anchors
from tests.support.pki import NOW
from tests.support.registrar import CINEMA, OPERATOR, URL, agency, authority_pem, cinema


def fetch(office, name):
    return office.run(office.registrar.publications.trusted_list(name))


def another_worker(office):
    return PublicationService(office.registrar.context, Numbered(office.registrar.context))


def read(office, name, seen=None):
    signer = Certificate.from_x5c(office.registrar.context.lists.x5c[0])
    return verify_list(fetch(office, name), ExpectedList(LISTS[name], (signer,), seen), now=office.clock.now)


@pytest.mark.parametrize("name", LISTS)
def test_every_list_is_there_from_the_first_day(office, name):
    verified = read(office, name)
    assert verified.says.sequence_number == 1
    assert verified.says.next_update == office.clock.now + 7 * DAY


def test_the_list_of_wallet_providers_says_nothing_of_documents_that_one_of_them_gives():
    provides = [{"format": "dc+sd-jwt", "vct_values": ["urn:city:card:1"]}]
    party = agency(entitlements=["PUB_EAA_Provider", "Wallet_Provider"], provides=provides)
    lists = (ListType.PUB_EAA_PROVIDERS, ListType.WALLET_PROVIDERS)
    types = [entity_of(party, kind).services[0].credential_types for kind in lists]
    assert types == [("urn:city:card:1",), ()]


def test_who_issues_identity_documents_is_on_their_list_while_registered(office):
    """T090"""
    office.register(agency())
    party = agency()
    [anchor] = anchors_of(read(office, "pid-providers").says)
    assert (anchor.certificate, anchor.role, anchor.name) == (party.authorities[0], Role.ISSUER, "Stadt Lindenau")
    assert anchors_of(read(office, "pub-eaa-providers").says) == ()
    parties = office.registrar.parties
    office.run(parties.suspend(party.identifier, "x", OPERATOR))
    assert anchors_of(read(office, "pid-providers").says) == ()
    office.run(parties.resume(party.identifier, OPERATOR))
    assert anchors_of(read(office, "pid-providers").says) == (anchor,)
    office.run(parties.remove(party.identifier, "x", OPERATOR))
    assert anchors_of(read(office, "pid-providers").says) == ()


@pytest.mark.parametrize(
    ("entitlement", "name", "role"),
    [
        ("PUB_EAA_Provider", "pub-eaa-providers", Role.ISSUER),
        ("Wallet_Provider", "wallet-providers", Role.WALLET_PROVIDER),
    ],
)
def test_everybody_is_on_the_list_of_their_kind(office, entitlement, name, role):
    provides = agency().to_dict()["provides"] if entitlement == "PUB_EAA_Provider" else None
    office.register(agency(entitlements=[entitlement], provides=provides))
    assert [anchor.role for anchor in anchors_of(read(office, name).says)] == [role]
    assert anchors_of(read(office, "pid-providers").says) == ()


def test_the_register_is_on_the_lists_of_those_who_certify(office):
    context = office.registrar.context
    access = anchors_of(read(office, "access-certificate-providers").says)
    assert [(a.certificate.der, a.role) for a in access] == [(context.access_authority.to_der(), Role.VERIFIER)]
    registration = anchors_of(read(office, "registration-certificate-providers").says)
    assert [(a.certificate, a.role) for a in registration] == [(context.authority, Role.REGISTRATION_PROVIDER)]


def test_one_list_names_the_others_and_those_of_the_sectors(office):
    sector = cinema(
        identifier="NTRDE-HRA 7",
        entitlements=["Sector_Platform"],
        uses=None,
        authorities=[authority_pem()],
        lists=[{"type": ListType.ACCESS_CERTIFICATE_PROVIDERS, "url": "https://edu.example/lists/access"}],
    )
    office.register(sector)
    pointers = {pointer.location: pointer for pointer in read(office, "registrars").says.pointers}
    assert set(pointers) == {
        "https://edu.example/lists/access",
        *(f"{URL}/lists/{name}" for name in LISTS if name != "registrars"),
    }
    assert pointers["https://edu.example/lists/access"].signers == sector.authorities
    office.run(office.registrar.parties.remove("NTRDE-HRA 7", "x", OPERATOR))
    assert "https://edu.example/lists/access" not in {p.location for p in read(office, "registrars").says.pointers}


def test_a_list_is_made_anew_when_it_changes_or_half_its_time_is_over(office):
    """T088"""
    first = fetch(office, "pid-providers")
    office.clock.move(DAY)
    office.register(cinema())
    assert fetch(office, "pid-providers") == first
    office.clock.move(3 * DAY)
    seen = read(office, "pid-providers").seen
    assert seen.sequence_number == 2
    office.register(agency())
    newer = read(office, "pid-providers", seen)
    assert newer.seen.sequence_number == 3
    with pytest.raises(RolledBack):
        verify_list(
            first,
            ExpectedList(
                ListType.PID_PROVIDERS, (Certificate.from_x5c(office.registrar.context.lists.x5c[0]),), newer.seen
            ),
            now=office.clock.now,
        )


def test_two_workers_never_publish_two_lists_of_one_number(office):
    """T088: the second finds what the first made."""
    other = another_worker(office)
    office.register(agency())
    one, two = fetch(office, "pid-providers"), office.run(other.trusted_list("pid-providers"))
    assert one == two


def test_a_revoked_access_certificate_is_on_the_list_that_it_names(office):
    """T091: at once, and off it again when its party goes on."""
    key = office.register(cinema())
    certificate = read_certificate(access(office, key).content.encode(), "access")
    authority = Certificate.from_der(office.registrar.context.access_authority.to_der())
    party = anchors(office).chain((certificate,), role=Role.VERIFIER, now=NOW, at="access")
    [address] = AccessCertificate.from_certificate(certificate).crl_uris
    parties = office.registrar.parties

    def check():
        answer = office.call("GET", address.removeprefix(URL))
        assert answer.headers["content-type"] == "application/pkix-crl"
        crl = verify_crl(answer.body, authority, uri=address, now=office.clock.now)
        check_not_revoked(party, [crl], now=office.clock.now, at="access")
        return crl

    first = check().number
    office.run(parties.suspend(CINEMA, "x", OPERATOR))
    with pytest.raises(Suspended):
        check()
    office.run(parties.resume(CINEMA, OPERATOR))
    assert check().number > first
    office.run(parties.remove(CINEMA, "x", OPERATOR))
    with pytest.raises(Revoked):
        check()


def test_the_authority_of_access_certificates_can_be_fetched(office):
    assert office.call("GET", "/access.cer").body == office.registrar.context.access_authority.to_der()


def test_an_unknown_list_is_not_found(office):
    with pytest.raises(NotFound):
        fetch(office, "everybody")


def test_a_worker_that_was_overtaken_looks_again(office, monkeypatch):
    """T091: what the other one published was drafted before somebody was suspended."""
    context = office.registrar.context
    slow, fast = (another_worker(office) for _ in range(2))
    office.register(agency())
    store = context.store
    before: dict[str, int] = {}
    overtaken = store.publish

    def publish(publication):
        if not before:
            # The slow one has signed what it saw; now it is too late, and the fast one does all in between
            before["number"] = publication.number
            office.run(office.registrar.parties.suspend(agency().identifier, "x", OPERATOR))
            mine = store.publication("pid-providers")
            assert mine is None
            monkeypatch.setattr(type(store), "publish", lambda _, theirs: late(publication, theirs))
            return office.run(fast.trusted_list("pid-providers")) and store.publication("pid-providers")
        return overtaken(publication)

    def late(stale, theirs):
        monkeypatch.setattr(type(store), "publish", lambda _, publication: overtaken(publication))
        overtaken(stale)
        return overtaken(theirs)

    monkeypatch.setattr(type(store), "publish", lambda _, publication: publish(publication))
    office.run(slow.trusted_list("pid-providers"))
    signer = Certificate.from_x5c(context.lists.x5c[0])
    for worker in (fast, slow):
        text = office.run(worker.trusted_list("pid-providers"))
        says = verify_list(text, ExpectedList(LISTS["pid-providers"], (signer,), None), now=office.clock.now).says
        assert (says.sequence_number, anchors_of(says)) == (before["number"] + 1, ())
