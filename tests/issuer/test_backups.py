"""An issuer whose database file is put back from a backup, as its operator does it."""

import shutil
from pathlib import Path

from capabilities.status_publisher.records import StatusListRecord
from issuer.app import create_app, open_store
from issuer.config import IssuerSettings
from issuer.database.ended_list import EndedList
from issuer.installation import ENDED, NewIssuer, set_up_issuer
from issuer.records import CredentialState
from issuer.session.stages import CONVERSATION
from runtime import system
from runtime.conversation import Begin, Change, SessionKey
from tests.issuer.session.samples import ISSUING, credential

FRESH = StatusListRecord("list", 2, 1024, bytes(16), 0, 0, 0)


def test_what_was_revoked_after_the_backup_is_revoked_when_the_service_starts(tmp_path, monkeypatch):
    """T077"""
    monkeypatch.setenv("HOHEIT_ENV", "test")
    data = tmp_path / "agency"
    url, name = "https://agency.example", (("de", "Amt"), ("en", "Agency"))
    set_up_issuer(NewIssuer(data, url, name, types=("pid",)), now=system.now(), random_bytes=system.random_bytes)
    settings = IssuerSettings.read(data)
    store = open_store(settings)
    [index, *_] = store.status_lists.reserve_indices(2, 4, fresh=FRESH, now=system.now()).indices
    issued: Change[object, object] = Change(
        ISSUING, keys=(SessionKey.of(CONVERSATION, "o"),), records=(credential("c1", index),)
    )
    store.commit([Begin(issued, system.now() + 1000)])
    file = str(store.database.url.database)
    store.database.dispose()
    shutil.copy(file, tmp_path / "backup")
    store = open_store(settings)
    store.change_state("c1", CredentialState.REVOKED, actor="clerk", now=system.now())
    store.database.dispose()
    for left in ("-wal", "-shm"):
        Path(f"{file}{left}").unlink(missing_ok=True)
    shutil.copy(tmp_path / "backup", file)
    create_app(settings)
    store = open_store(settings)
    assert store.credential("c1").state is CredentialState.REVOKED
    assert store.status_lists.status_entries("list") == {index: 1}
    assert EndedList.at(data / ENDED).is_whole()
    store.database.dispose()
