"""What a registrar ended stays ended, also after an old copy of its database is restored; on both databases."""

from dataclasses import dataclass, field, replace

import pytest
from sqlalchemy import select

from capabilities.status_publisher.kept_places import PlacesGiven
from capabilities.status_publisher.policy import LIST_SIZE
from capabilities.status_publisher.records import EntryState
from protocol.crl import RevocationReason, verify_crl
from protocol.errors import Unavailable
from protocol.x509 import Certificate
from registrar.database.ended_list import EndedCertificate, EndedCertificates
from registrar.database.ending import ACTOR
from registrar.database.tables import metadata, status_tables
from registrar.records import CertificateKind, GivenCertificate
from tests.registrar.service.test_certificates import access, registrations, status_of
from tests.support.backups import Backup
from tests.support.pki import DAY, seeded_key
from tests.support.registrar import CINEMA, OPERATOR, URL, Office, cinema, make_office, request_of


@dataclass
class Register:
    """A registrar that can be restarted, and whose database can be put back."""

    url: str
    ended: EndedCertificates
    office: Office
    workers: int = 0
    key: str = field(init=False)
    access: GivenCertificate = field(init=False)
    registration: GivenCertificate = field(init=False)

    def restart(self):
        """Begin again as the program does; how much was ended once more."""
        clock = self.office.clock
        self.office.close()
        self.workers += 1
        self.office = make_office(self.url, worker=self.workers, ended=self.ended)
        self.office.clock.now = clock.now
        return self.office.store.end_again(now=clock.now)

    def revoke(self, given):
        """Have an operator end it."""
        self.office.run(self.office.registrar.certificates.revoke(given.id, OPERATOR))

    def crl(self):
        """The list of revoked access certificates as everybody reads it."""
        context = self.office.registrar.context
        authority = Certificate.from_der(context.access_authority.to_der())
        der = self.office.run(self.office.registrar.publications.revocation_list())
        return verify_crl(der, authority, uri=f"{URL}/access.crl", now=self.office.clock.now)

    def copy(self):
        """A backup; calling it puts it back."""
        kept = Backup(self.office.store.database, metadata)
        return lambda: kept.restore(self.office.store.database)


@pytest.fixture
def register(database_url, tmp_path):
    """A registrar that has run before, with a partner that has both kinds of certificates."""
    ended = EndedCertificates.at(tmp_path / "ended")
    made = Register(database_url, ended, make_office(database_url, ended=ended))
    made.key = made.office.register(cinema())
    made.access = access(made.office, made.key)
    [made.registration] = registrations(made.office, made.key)
    assert made.restart() == 0
    yield made
    made.office.close()


def serial(given):
    return int(given.serial, 16)


def lines(register):
    return {one.id for some in register.ended.portions() for one in some}


def test_what_was_revoked_after_a_backup_is_on_the_lists_before_anything_is_published(register):
    """T077, T091"""
    restore = register.copy()
    for one in (register.access, register.registration):
        register.revoke(one)
    restore()
    assert register.crl().revoked == {}
    assert status_of(register.office, register.registration) == 0
    assert register.restart() == 2
    assert register.crl().revoked == {serial(register.access): RevocationReason.PRIVILEGE_WITHDRAWN}
    assert status_of(register.office, register.registration) == 1
    noted = {(line.actor, line.action, line.detail) for line in register.office.store.audit(limit=2)}
    assert noted == {
        (ACTOR, "access certificate revoked", register.access.serial),
        (ACTOR, "registration certificate revoked", register.registration.use),
    }
    # Nothing is done twice
    assert register.restart() == 0


def test_with_a_party_that_was_removed_its_certificates_stay_ended(register):
    restore = register.copy()
    register.office.run(register.office.registrar.parties.remove(CINEMA, "because", OPERATOR))
    assert lines(register) == {register.access.id, register.registration.id}
    restore()
    assert register.restart() == 2
    assert set(register.crl().revoked) == {serial(register.access)}


def test_suspending_is_not_ending(register):
    register.office.run(register.office.registrar.parties.suspend(CINEMA, "because", OPERATOR))
    assert lines(register) == set()


def test_what_was_given_and_ended_after_a_backup_is_on_the_lists_too(register):
    """T091: nobody here knows the certificates any more."""
    restore = register.copy()
    request = request_of(seeded_key(6))
    later = access(register.office, register.key, request)
    [again] = registrations(register.office, register.key)
    for one in (later, again):
        register.revoke(one)
    # The new registration certificate took the place of the one before
    assert lines(register) == {later.id, again.id, register.registration.id}
    restore()
    assert register.restart() == 3
    assert set(register.crl().revoked) == {serial(later)}
    assert [status_of(register.office, one) for one in (register.registration, again)] == [1, 1]
    found = register.office.store.find_certificate(later.id)
    assert (found.kind, found.state, found.party, found.content) == (CertificateKind.ACCESS, EntryState.REVOKED, "", "")
    assert (found.issued_at, found.expires_at) == (later.issued_at, later.expires_at)
    assert register.restart() == 0


def test_readers_never_see_a_number_again(register):
    """T088, T091: whoever saw a higher one would believe no list of this register any more."""
    restore = register.copy()
    register.crl()
    register.revoke(register.access)
    seen = register.crl()
    restore()
    register.restart()
    assert register.crl().number > seen.number
    assert set(register.crl().revoked) == set(seen.revoked)


def test_a_publication_that_a_backup_has_is_made_anew_under_a_number_that_nobody_saw(register):
    first = register.crl()
    restore = register.copy()
    parties = register.office.registrar.parties
    register.office.run(parties.suspend(CINEMA, "because", OPERATOR))
    register.crl()
    register.office.run(parties.resume(CINEMA, OPERATOR))
    # It says the same as the first, and so does the copy's
    seen = register.crl()
    assert seen.number == first.number + 2
    restore()
    register.restart()
    assert register.crl().number > seen.number


def test_a_folder_that_knows_less_than_the_database_takes_nothing_back(register, tmp_path):
    register.crl()
    register.revoke(register.access)
    seen = register.crl()
    older = EndedCertificates.at(tmp_path / "older")
    older.note_whole(register.office.clock.now)
    older.note_number("access.crl", 1, register.office.clock.now)
    register.ended = older
    register.restart()
    assert register.office.store.publication("access.crl").number == seen.number > 1


def test_no_place_is_handed_out_twice(register):
    """T078"""
    restore = register.copy()
    register.restart()
    [lost] = registrations(register.office, register.key)
    restore()
    register.restart()
    [new] = registrations(register.office, register.key)
    places = [(one.status_list, one.status_index) for one in (register.registration, lost, new)]
    assert len(set(places)) == 3


def test_what_cannot_be_written_down_is_neither_revoked_nor_published(register, tmp_path):
    register.crl()
    (tmp_path / "ended").rename(tmp_path / "away")
    (tmp_path / "ended").write_text("no folder")
    with pytest.raises(Unavailable):
        register.revoke(register.access)
    assert register.office.store.find_certificate(register.access.id).state is EntryState.VALID
    with pytest.raises(Unavailable):
        register.office.run(register.office.registrar.parties.remove(CINEMA, "because", OPERATOR))
    register.office.clock.move(DAY)
    with pytest.raises(Unavailable):
        register.crl()
    (tmp_path / "ended").unlink()
    (tmp_path / "away").rename(tmp_path / "ended")
    register.revoke(register.access)
    assert set(register.crl().revoked) == {serial(register.access)}


def test_what_an_older_program_ended_is_written_down_at_the_first_start(database_url, tmp_path):
    ended = EndedCertificates.at(tmp_path / "ended")
    made = Register(database_url, ended, make_office(database_url))
    key = made.office.register(cinema())
    given = access(made.office, key)
    [kept] = registrations(made.office, key)
    restore = made.copy()
    made.revoke(given)
    number = made.crl().number
    assert made.restart() == 0
    assert ended.is_whole()
    assert lines(made) == {given.id}
    assert ended.numbers() == {"access.crl": number}
    with made.office.store.database.reading() as connection:
        [row] = connection.execute(select(status_tables.lists)).all()
    assert ended.places() == (PlacesGiven(kept.status_list, 2, LIST_SIZE, row.reserved),)
    restore()
    assert made.restart() == 1
    made.office.clock.now = given.expires_at + 400 * DAY
    made.restart()
    assert lines(made) == set()
    # What had expired by then is not even written down
    made.ended = EndedCertificates.at(tmp_path / "later")
    made.restart()
    assert made.ended.is_whole()
    assert lines(made) == set()
    made.office.close()


def test_lines_say_what_they_say():
    one = EndedCertificate(CertificateKind.ACCESS, "id", "ab12", "", 0, 1000, 2000)
    other = replace(one, kind=CertificateKind.REGISTRATION, serial="", status_list="list", status_index=7)
    for each in (one, other):
        assert EndedCertificate.from_line(each.to_line()) == each
    for line in ("", "whole", "number access.crl 3", "access id", "else id ab12 - 0 1000 2000"):
        assert EndedCertificate.from_line(line) is None
