"""What the user decided about services, plans and waiting requests lie in the vault as everything else does."""

from dataclasses import replace

import pytest

from protocol.sovereignty.journey import Answer, Journey
from tests.support.pki import NOW
from tests.wallet.counterparts import PASSPHRASE, QUICK
from tests.wallet.vault.tampering import all_bytes, file_as_database, opened
from wallet.service_records import Errand, JourneyKept, ServiceWishes

WISHES = ServiceWishes(suggestions=True, hidden=("secret-service",), about=(("document", "represented"),))
ANSWER = Answer("iban", {"type": "string"}, "DE02120300000000202051")
JOURNEY = JourneyKept.of("one", "birth", Journey(("secret-service",), (), (ANSWER,)), NOW)
ERRAND = Errand("digest", "City library", "x509_hash:abc", "a.b.c", "secret-service", "one", NOW)


@pytest.fixture
def kept(vault):
    """A vault with one of each."""
    vault.write(put=[WISHES, JOURNEY, replace(JOURNEY, id="two", begun_at=NOW - 1), ERRAND])
    return vault


def read(vault):
    return vault.wishes(), [one.id for one in vault.journeys()], vault.errands()


EVERYTHING = (WISHES, ["two", "one"], (ERRAND,))


def test_an_empty_vault_has_decided_nothing(vault):
    assert read(vault) == (ServiceWishes(), [], ())


def test_they_are_there_after_a_restart_and_under_a_new_passphrase(path, kept):
    assert read(kept) == EVERYTHING
    kept.change_passphrase("quite another one", QUICK)
    assert read(kept) == EVERYTHING
    kept.close()
    with opened(path, "quite another one") as again:
        assert read(again) == EVERYTHING
        assert again.journeys()[1].read().answers == (ANSWER,)


def test_they_are_sealed_and_gone_once_destroyed(path, kept):
    """T228"""
    kept.write(drop=[JOURNEY, ERRAND])
    kept.close()
    bytes_of_all = all_bytes(path.parent)
    for told in (b"secret-service", b"DE0212", b"City library", b"birth"):
        assert told not in bytes_of_all
    with opened(path, PASSPHRASE) as again:
        assert read(again) == (WISHES, ["two"], ())


@pytest.mark.parametrize("kind", ["wishes", "journey", "errand"])
def test_what_was_altered_is_never_handed_out(path, kept, kind):
    kept.close()
    with file_as_database(path) as connection:
        for record_id, sealed in connection.execute(
            "SELECT id, sealed FROM records WHERE kind = ?", (kind,)
        ).fetchall():
            spoilt = bytes([*sealed[:-1], sealed[-1] ^ 1])
            connection.execute("UPDATE records SET sealed = ? WHERE kind = ? AND id = ?", (spoilt, kind, record_id))
    with opened(path) as again:
        wishes, journeys, errands = read(again)
        assert {"wishes": wishes == ServiceWishes(), "journey": not journeys, "errand": not errands}[kind]
        # And nothing else is lost
        assert sum([wishes == WISHES, len(journeys) == 2, len(errands) == 1]) == 2


def test_none_of_them_shows_what_it_holds():
    for record in (WISHES, JOURNEY, ERRAND):
        assert "secret-service" not in repr(record)
        assert "library" not in repr(record)
