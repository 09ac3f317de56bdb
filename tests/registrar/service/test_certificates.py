"""What the registered are given: in the registered names, for keys that they hold, and good no longer than they are."""

import base64

import pytest

from capabilities.status_publisher.records import EntryState
from protocol.errors import Conflict, Malformed, NotAuthentic, NotFound, NotTrusted, Unavailable
from protocol.status.bits import StatusList
from protocol.status.token import verify_status_list_token
from protocol.trust.access import AccessCertificate, LegalPerson
from protocol.trust.anchors import Role, TrustAnchor, TrustAnchors
from protocol.trust.coverage import check_party
from protocol.trust.registration import verify_registration
from protocol.x509 import Certificate
from protocol.x509_chain import verify_chain
from registrar.database.store import SqlRegistrarStore
from registrar.records import CertificateKind
from runtime.anchors import read_certificate
from tests.support.pki import DAY, NOW, seeded_key
from tests.support.registrar import CINEMA, OPERATOR, URL, agency, cinema, request_of, use

KEY = seeded_key(5)


def stage_of(office, key):
    return office.run(office.registrar.parties.registered(key))


def access(office, key, csr=None):
    request = (csr or request_of(KEY)).encode()
    return office.run(office.registrar.certificates.access(stage_of(office, key), request, OPERATOR))


def registrations(office, key):
    return office.run(office.registrar.certificates.registrations(stage_of(office, key), OPERATOR))


def anchors(office):
    context = office.registrar.context
    access_authority = Certificate.from_der(context.access_authority.to_der())
    return TrustAnchors(
        [
            TrustAnchor(access_authority, Role.VERIFIER, "register"),
            TrustAnchor(context.authority, Role.REGISTRATION_PROVIDER, "register"),
        ]
    )


def status_of(office, given):
    published = office.run(office.registrar.status_lists.publish(given.status_list))
    statuses: StatusList = verify_status_list_token(
        published.token,
        uri=f"{URL}/status/{given.status_list}",
        key=office.registrar.context.registrations.signer.public_key,
        now=office.clock.now,
        max_age=DAY,
    ).statuses
    return statuses.get(given.status_index)


def test_an_access_certificate_says_who_is_registered_for_the_key_that_was_shown(office):
    given = access(office, office.register(cinema()))
    certificate = read_certificate(given.content.encode(), "access")
    assert certificate.public_key == KEY.public_key
    holder = AccessCertificate.from_certificate(certificate).holder
    assert (holder.identifier, holder.person, holder.trade_name) == (
        CINEMA,
        LegalPerson("Kino Capitol GmbH"),
        "Kino Capitol",
    )
    assert certificate.dns_names == ("kino.example",)
    party = anchors(office).chain((certificate,), role=Role.VERIFIER, now=NOW, at="access")
    assert party.name == "Kino Capitol GmbH"
    assert certificate.not_after <= NOW + 366 * DAY


def test_a_natural_person_is_named_as_such(office):
    given = access(office, office.register(cinema(legal_name=None, given_name="Erika", family_name="Mustermann")))
    holder = AccessCertificate.from_certificate(read_certificate(given.content.encode(), "access")).holder
    assert (holder.person.given_name, holder.person.family_name) == ("Erika", "Mustermann")


def test_registration_certificates_say_what_is_registered_for_each_use(office):
    key = office.register(cinema(uses=[use(), use(id="name")]))
    first, second = registrations(office, key)
    verified = verify_registration(first.content, anchors=anchors(office), now=NOW)
    says = verified.says
    assert (says.identifier, says.name, says.intended_use) == (CINEMA, "Kino Capitol", "over-18")
    assert says.registry_uri == f"{URL}/wrp"
    assert [credential.claims for credential in says.credentials] == [(("age_equal_or_over", "18"),)]
    assert says.expires_at == NOW + 365 * DAY
    assert second.use == "name"
    assert says.status.idx != verify_registration(second.content, anchors=anchors(office), now=NOW).says.status.idx


def test_both_forms_say_the_same(office):
    """TS 119 475 §5.2: JWT and CWT."""
    [given] = registrations(office, office.register(cinema()))
    jwt, cwt = (verify_registration(form, anchors=anchors(office), now=NOW).says for form in (given.content, given.cwt))
    assert jwt == cwt


def test_both_certificates_are_of_one_party(office):
    key = office.register(cinema())
    [registration] = registrations(office, key)
    says = verify_registration(registration.content, anchors=anchors(office), now=NOW).says
    leaf = read_certificate(access(office, key).content.encode(), "access")
    check_party(says, anchors(office).chain((leaf,), role=Role.VERIFIER, now=NOW, at="access"))


def test_who_issues_gets_one_that_says_what(office):
    [given] = registrations(office, office.register(agency()))
    says = verify_registration(given.content, anchors=anchors(office), now=NOW).says
    assert [kind.meta.vct_values for kind in says.provides] == [("urn:eudi:pid:1",)]
    assert says.entitlements == ("https://uri.etsi.org/19475/Entitlement/PID_Provider",)
    assert (says.credentials, given.use) == ((), "")


def test_a_new_certificate_takes_the_place_of_the_old_one(office):
    key = office.register(cinema())
    [old] = registrations(office, key)
    [new] = registrations(office, key)
    assert (status_of(office, old), status_of(office, new)) == (1, 0)
    # One key more is no reason to end the certificate of another
    assert access(office, key).serial != access(office, key).serial
    states = {
        one.serial: one.state for one in office.store.certificates_of(CINEMA) if one.kind is CertificateKind.ACCESS
    }
    assert list(states.values()) == [EntryState.VALID] * 2


def test_whoever_is_suspended_or_removed_has_no_certificate_that_holds(office):
    """T090"""
    key = office.register(cinema())
    access(office, key)
    [given] = registrations(office, key)
    parties = office.registrar.parties
    for deed, value in (
        (parties.suspend(CINEMA, "asked too much", OPERATOR), 2),
        (parties.resume(CINEMA, OPERATOR), 0),
        (parties.remove(CINEMA, "asked too much again", OPERATOR), 1),
    ):
        office.run(deed)
        office.clock.move(1)
        assert status_of(office, given) == value
    assert {one.state for one in office.store.certificates_of(CINEMA)} == {EntryState.REVOKED}
    with pytest.raises(Conflict):
        registrations(office, key)
    with pytest.raises(Conflict):
        access(office, key)


def test_whoever_waits_for_a_decision_gets_nothing(office):
    key = office.run(office.registrar.parties.apply(cinema()))
    for ask in (access, registrations):
        with pytest.raises(Conflict, match="only who is registered"):
            ask(office, key)


def test_the_audit_trail_names_the_certificate_that_was_ended(office):
    key = office.register(cinema())
    given = access(office, key)
    [registration] = registrations(office, key)
    for one in (given, registration):
        office.run(office.registrar.certificates.revoke(one.id, OPERATOR))
    lines = office.store.audit(limit=2, subject=CINEMA)
    assert [(line.action, line.detail) for line in lines] == [
        ("registration certificate revoked", "over-18"),
        ("access certificate revoked", given.serial),
    ]


def test_one_certificate_can_be_ended_alone(office):
    key = office.register(cinema(uses=[use(), use(id="name")]))
    first, second = registrations(office, key)
    ended = office.run(office.registrar.certificates.revoke(first.id, OPERATOR))
    office.clock.move(1)
    # Once more, it ended when it did, and nothing happened
    assert ended.state is EntryState.REVOKED
    assert office.run(office.registrar.certificates.revoke(first.id, OPERATOR)) == ended
    noted = [line.action for line in office.store.audit(limit=9, subject=CINEMA)]
    assert noted.count("registration certificate revoked") == 1
    assert (status_of(office, first), status_of(office, second)) == (1, 0)
    with pytest.raises(NotFound):
        office.run(office.registrar.certificates.revoke("x", OPERATOR))


def test_nobody_fills_the_register_with_certificates(office, monkeypatch):
    """T244: tomorrow is another day."""
    monkeypatch.setattr("registrar.policy.MAX_GIVEN", 3)
    key = office.register(cinema(uses=[use(), use(id="name")]))
    registrations(office, key)
    access(office, key)
    for more in (access, registrations):
        with pytest.raises(Conflict, match="tomorrow"):
            more(office, key)
    assert len(office.store.certificates_of(CINEMA)) == 3
    office.clock.move(DAY)
    assert len(registrations(office, key)) == 2


def test_a_request_that_its_key_did_not_sign_gets_nothing(office):
    key = office.register(cinema())
    der = base64.b64decode("".join(request_of(KEY).splitlines()[1:-1]))
    altered = der[:-1] + bytes([der[-1] ^ 1])
    for broken in (altered, b"nothing"):
        with pytest.raises((NotAuthentic, Malformed)):
            office.run(office.registrar.certificates.access(stage_of(office, key), broken, OPERATOR))
    assert office.store.certificates_of(CINEMA) == ()


def test_access_and_registration_hang_on_different_authorities(office):
    """T089: who may be asked for a registration says nothing of who somebody is."""
    key = office.register(cinema())
    leaf = read_certificate(access(office, key).content.encode(), "access")
    with pytest.raises(NotTrusted):
        verify_chain((leaf,), (office.registrar.context.authority,), now=NOW, at="access")


def test_nothing_is_handed_out_whose_registration_changed_meanwhile_and_its_places_are_free_again(office):
    key = office.register(cinema())
    before, free = stage_of(office, key), office.registrar.certificates.indices._free
    registrations(office, key)
    left = len(free)
    office.run(office.registrar.parties.propose(key, cinema(uses=[use(id="name")])))
    office.approve(CINEMA)
    with pytest.raises(Conflict, match="changed meanwhile"):
        office.run(office.registrar.certificates.registrations(before, OPERATOR))
    assert len(free) == left


def test_a_place_serves_once_although_nobody_knows_whether_it_was_recorded(office, monkeypatch):
    """T078: the connection to the database breaks after the commit, and before it is heard of; nothing is handed out."""
    key = office.register(cinema())
    committed = SqlRegistrarStore.commit

    def lose_the_answer(store, effects):
        committed(store, effects)
        raise Unavailable("the database is away")

    with monkeypatch.context() as broken:
        broken.setattr(SqlRegistrarStore, "commit", lose_the_answer)
        with pytest.raises(Unavailable):
            registrations(office, key)
    [recorded] = office.store.certificates_of(CINEMA)
    [given] = registrations(office, key)
    assert (recorded.status_list, recorded.status_index) != (given.status_list, given.status_index)
