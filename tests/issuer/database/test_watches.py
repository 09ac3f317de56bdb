"""Which documents hang on a wallet: taken by one worker, and never forgotten, on both databases."""

from issuer.records import CredentialState, DocumentWatch, StateChanged, WalletStatus, Watched
from issuer.session.stages import CONVERSATION
from protocol.errors import InvalidRequest
from runtime.conversation import Begin, Change, SessionKey
from tests.issuer.session.samples import ISSUING, credential
from tests.support.pki import NOW

STATUS = WalletStatus("https://provider.example/status/1", 7, NOW + 9000, "CN=Provider", "Anchor")
OTHER = WalletStatus("https://a.example/status/2", (1 << 31) - 1, NOW + 9000, "CN=Provider", "Anchor")


def watch(status=STATUS, watched=Watched.WALLET, check_at=NOW, expires_at=NOW + 1000, session_id="o"):
    return DocumentWatch(session_id, "member", watched, status, check_at, expires_at)


def keep(store, *records):
    change = Change(ISSUING, keys=(SessionKey.of(CONVERSATION, str(len(records))),), records=records)
    [outcome] = store.commit([Begin(change, NOW + 1000)])
    assert not isinstance(outcome, InvalidRequest)


def due(store, now=NOW, limit=9):
    return store.due_watches(now=now, again_at=now + 60, limit=limit)


def test_what_is_due_comes_back_as_it_was_kept(store):
    keep(store, credential("c1"), watch(), watch(OTHER, Watched.KEYS), watch(check_at=NOW + 1))
    found = due(store)
    assert [(one.watched, one.status, one.credential_id) for one in found] == [
        (Watched.KEYS, OTHER, "c1"),
        (Watched.WALLET, STATUS, "c1"),
    ]


def test_what_one_took_nobody_else_takes_until_its_time(store):
    keep(store, credential("c1"), watch(), watch(OTHER))
    assert len(due(store, limit=1)) == 1
    assert len(due(store)) == 1
    assert due(store) == ()
    assert len(due(store, NOW + 60)) == 2, "whoever took them has died"


def test_everything_can_be_due_at_once(store):
    keep(store, credential("c1"), watch(check_at=NOW - 1), watch(OTHER, check_at=NOW + 500))
    store.hasten_watches(now=NOW)
    assert len(due(store)) == 2
    assert due(store) == ()


def test_what_holds_is_due_at_its_next_time_and_what_ended_never(store):
    keep(store, credential("c1"), watch(), watch(OTHER))
    one, two = due(store)
    store.watches_held({one.id: NOW + 500})
    store.end_watch(two.id)
    assert due(store, NOW + 499) == ()
    assert [found.id for found in due(store, NOW + 500)] == [one.id]


def test_only_a_copy_that_holds_is_named(store):
    keep(store, credential("c1", 1), credential("c2", 2), watch())
    keep(store, StateChanged("c1", CredentialState.REVOKED))
    assert [one.credential_id for one in due(store)] == ["c2"]
    keep(store, StateChanged("c2", CredentialState.REVOKED), watch(session_id="x"))
    assert [one.credential_id for one in due(store, NOW + 60)] == ["", ""]


def test_a_document_that_ended_by_itself_is_forgotten(store):
    keep(store, watch(), watch(expires_at=NOW))
    assert len(due(store)) == 1
    store.sweep(before=NOW, now=NOW, limit=9)
    with store.database.reading() as connection:
        schema = "" if store.database.is_sqlite else "issuer."
        assert connection.exec_driver_sql(f"SELECT count(*) FROM {schema}wallet_watches").scalar() == 1
