"""Standing orders lie in the vault as everything else does: sealed, and never handed out altered."""

from tests.support.pki import NOW
from tests.wallet.counterparts import PASSPHRASE
from tests.wallet.vault.tampering import all_bytes, file_as_database, opened
from wallet.forwarding_records import OrderKept

ORDER = OrderKept("one", '{"id": "one"}', "card", NOW, "Secret bank", "New address", receipts=True, others=("A",))
LATER = OrderKept("two", "{}", "card", NOW + 1, "Secret school", "New address", ended="revoked", changes=("claims",))


def test_they_are_there_after_a_restart_oldest_first(path, vault):
    assert vault.orders() == ()
    vault.write(put=[LATER, ORDER])
    assert vault.orders() == (ORDER, LATER)
    vault.close()
    with opened(path) as again:
        assert again.orders() == (ORDER, LATER)


def test_they_are_sealed_and_gone_once_destroyed(path, vault):
    """T228"""
    vault.write(put=[ORDER, LATER])
    vault.write(drop=[ORDER])
    vault.close()
    bytes_of_all = all_bytes(path.parent)
    for told in (b"Secret bank", b"Secret school", b"New address"):
        assert told not in bytes_of_all
    with opened(path, PASSPHRASE) as again:
        assert again.orders() == (LATER,)


def test_what_was_altered_is_never_handed_out_and_nothing_is_sent_by_it(path, vault):
    """T215"""
    vault.write(put=[ORDER, LATER])
    vault.close()
    with file_as_database(path) as connection:
        [(sealed,)] = connection.execute("SELECT sealed FROM records WHERE id = 'one'").fetchall()
        spoilt = bytes([*sealed[:-1], sealed[-1] ^ 1])
        connection.execute("UPDATE records SET sealed = ? WHERE id = 'one'", (spoilt,))
    with opened(path) as again:
        assert again.orders() == (LATER,)
