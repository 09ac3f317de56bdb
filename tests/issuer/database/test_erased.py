"""What somebody had erased stays erased, also after an old copy of an issuer's database is restored, or a machine stopped."""

import signal
import subprocess
import sys
from dataclasses import replace

import pytest
from sqlalchemy import delete, insert, update

from capabilities.cockpit.erase_list import EraseList
from issuer.app import create_app, open_store
from issuer.config import IssuerSettings
from issuer.database.ended_list import EndedList
from issuer.database.erased import ERASED_FORM, OLDEST_COPY, ErasedForm
from issuer.database.store import SqlIssuerStore
from issuer.database.tables import credentials, document_receipts, mandates, offers, said_claims, status_tables
from issuer.installation import NewIssuer, set_up_issuer
from issuer.records import CredentialState
from issuer.rights import Erase
from issuer.session.stages import CONVERSATION, Issuing
from issuer.usage import ON_DEMAND
from issuer.usage_records import DocumentReceipt, GivenReceipt, What
from protocol.errors import NotFound, Unavailable
from protocol.sovereignty.usage import Action
from runtime import system
from runtime.conversation import Advance, Begin, Change, SessionKey
from runtime.database.engine import Database
from runtime.lasting_list import LastingList
from tests.issuer.database.giving import UNTIL, USED, ask, backup, column, copy, give
from tests.issuer.session.samples import OFFERED, TOKENS
from tests.support.issuer import IDENTIFIER, Clock
from tests.support.migrated import migrate_quickly
from tests.support.pki import DAY, NOW

LATE = NOW + DAY  # when all copies have expired
BY = "service"


@pytest.fixture
def kept(tmp_path):
    return EraseList(LastingList(tmp_path / "erased", ERASED_FORM))


@pytest.fixture
def store(database_url, kept):
    store = SqlIssuerStore(Database(database_url, "issuer"), Clock(), erased=kept)
    migrate_quickly(store)
    yield store
    store.database.dispose()


def again(store, now=LATE):
    return store.rights.erase_again(by=BY, now=now)


def lines(kept):
    return list(kept.lasting.lines())


def conversation(store, session):
    with store.database.reading() as connection:
        return store.locked(connection, SessionKey.of(CONVERSATION, session))


def actions(store, receipt):
    return [one.members["action"] for one in store.usage.entries(receipt, after=-1, limit=100)]


def trail(store):
    return [line.action for line in store.audit(limit=100)]


def test_an_erasure_is_repeated_after_an_old_copy_was_restored(store, kept):
    [card, badge] = give(store, "talk", "card", "badge")
    give(store, "other", "card", first=5)
    restore = backup(store)
    ask(store, card, Erase(card, ("card", "card-mdoc")))
    assert lines(kept) == ["talk card card erased", "talk card card-mdoc erased"]
    restore()
    assert column(store, credentials.c.subject) == ["anna"] * 3
    assert again(store) == 1
    assert column(store, credentials.c.subject) == ["", "anna", "anna"]
    assert column(store, credentials.c.holder_key) == ["", "key-other-card", "key-talk-badge"]
    assert column(store, said_claims.c.id) == ["said-other-card", "said-talk-badge"]
    assert column(store, document_receipts.c.subject) == ["", "anna", "anna"]
    assert column(store, offers.c.id) == ["other", "talk"]
    assert conversation(store, "talk").configuration_ids == ("badge",)
    assert (actions(store, card), actions(store, badge)) == (["used", "erased"], ["used"])
    assert trail(store)[:2] == ["erased on demand, no more of it", "erased again"]
    # Nothing is done twice
    assert again(store) == 0
    assert actions(store, card) == ["used", "erased"]
    assert len(lines(kept)) == 2


def test_what_a_restored_copy_holds_to_be_valid_is_ended_before_it_is_erased(store):
    """T078, T080: nobody can end what names nobody, so its place in the status list says `revoked` in the same moment."""
    [card] = give(store, "talk", "card")
    a_list = {"id": "list", "bits": 2, "size": 8, "seed": b"seed", "reserved": 8, "version": 1, "changed_at": NOW}
    store.database.write(lambda connection: connection.execute(insert(status_tables.lists), a_list))
    restore = backup(store)
    store.change_state("talk-card", CredentialState.REVOKED, actor="clerk", now=NOW)
    ask(store, card, Erase(card, ("card",)))
    restore()
    assert store.credential("talk-card").state is CredentialState.VALID
    assert again(store, NOW) == 1
    found = store.credential("talk-card")
    assert (found.state, found.subject) == (CredentialState.REVOKED, "")
    assert dict(store.status_lists.status_entries("list")) == {0: 1}
    assert column(store, status_tables.lists.c.version) == [2]
    assert actions(store, card) == ["used", "decided", "erased"]
    assert trail(store)[:2] == ["erased again", "credential revoked"]


def test_what_is_suspended_in_a_restored_copy_is_ended_too_and_what_has_expired_need_not_be(store):
    [card, badge] = give(store, "talk", "card", "badge")
    store.change_state("talk-card", CredentialState.SUSPENDED, actor="clerk", now=NOW)
    restore = backup(store)
    ask(store, card, Erase(card, ("card",)))
    ask(store, badge, Erase(badge, ("badge",)), name="z")
    restore()
    store.database.write(
        lambda connection: connection.execute(
            update(credentials).where(credentials.c.id == "talk-badge").values(expires_at=NOW)
        )
    )
    assert again(store, NOW) == 2
    assert store.credential("talk-card").state is CredentialState.REVOKED
    assert store.credential("talk-badge").state is CredentialState.VALID
    assert conversation(store, "talk") is None
    assert column(store, offers.c.id) == []


def test_what_ended_is_ended_by_its_own_list_before_and_what_this_one_has_to_end_is_written_there(
    store, database_url, kept, tmp_path
):
    ended = EndedList.at(tmp_path / "ended")
    both = SqlIssuerStore(Database(database_url, "issuer"), Clock(), ended=ended, erased=kept)
    try:
        [card] = give(both, "talk", "card")
        restore = backup(both)
        both.change_state("talk-card", CredentialState.REVOKED, actor="clerk", now=NOW)
        ask(both, card, Erase(card, ("card",)))
        restore()
        assert both.end_again(now=NOW, families={}, what=What(Action.DECIDED, BY, ON_DEMAND)) == 1
        assert again(both, NOW) == 1
        found = both.credential("talk-card")
        assert (found.state, found.subject) == (CredentialState.REVOKED, "")
        assert actions(both, card) == ["used", "decided", "erased"]
        restore()
        for file in (tmp_path / "ended").iterdir():
            file.unlink()
        assert again(both, NOW) == 1
        assert "talk-card" in "".join(file.read_text() for file in (tmp_path / "ended").iterdir())
    finally:
        both.database.dispose()


def test_a_copy_from_before_the_last_receipt_is_erased_by_the_document(store):
    """A wallet that renewed has another receipt than on the day of the copy; the document is the same."""
    [old] = give(store, "talk", "card")
    restore = backup(store)
    renewed = "renewed".ljust(22, "-")
    document = DocumentReceipt(renewed, "anna", "talk", "card-mdoc", "card", {"card-mdoc": (("given_name",),)}, UNTIL)

    def renew(stage):
        return Change(stage, records=(copy("new", "talk", "card-mdoc", 1), GivenReceipt(document, USED)))

    store.commit([Advance(SessionKey.of(CONVERSATION, "talk"), renew, NotFound("gone"))])
    ask(store, renewed, Erase(renewed, ("card", "card-mdoc")))
    restore()
    assert again(store) == 1
    assert column(store, credentials.c.subject) == [""]
    assert store.rights.held(old).document is None


def test_a_conversation_that_is_back_gives_the_document_no_more(store):
    """The copy is from before the document was given, so nothing of it is there but who may fetch it."""
    issuing = Issuing("talk", ("card", "badge"), (), "anna", "", TOKENS)
    begin(store, issuing, "talk")
    begin(store, replace(OFFERED, id="offered"), "offered")
    restore = backup(store)
    for session in ("talk", "offered"):
        store.rights._erased.note([ErasedForm(session, "card", "card", Action.ERASED).to_line()], UNTIL)
    restore()
    assert again(store) == 2
    assert conversation(store, "talk") is None
    assert conversation(store, "offered") is None
    assert again(store) == 0


def begin(store, stage, session):
    store.commit([Begin(Change(stage, keys=(SessionKey.of(CONVERSATION, session),)), UNTIL)])


def test_what_was_handed_out_and_what_was_to_be_forwarded_goes_again(store):
    [card] = give(store, "talk", "card")
    waiting = ask(store, card, name="w")
    row = {one.name: 0 if one.type.python_type is int else "" for one in mandates.columns}
    table = store.rights._rights

    def work(connection):
        connection.execute(insert(mandates), {**row, "hash": card, "receipt": card})
        connection.execute(update(table).values(answer="jwe"))

    store.database.write(work)
    restore = backup(store)
    ask(store, card, Erase(card, ("card",)))
    assert store.rights.find(waiting.id).answer == ""
    restore()
    assert store.rights.find(waiting.id).answer == "jwe"
    again(store)
    assert store.rights.find(waiting.id).answer == ""
    assert column(store, mandates.c.receipt) == []


def test_what_was_handed_out_goes_also_where_nobody_knows_any_more_of_which_document_it_was(store, kept):
    [card] = give(store, "talk", "card")
    waiting = ask(store, card, name="w")

    def work(connection):
        connection.execute(update(store.rights._rights).values(answer="jwe"))
        connection.execute(delete(document_receipts))

    store.database.write(work)
    ask(store, card, Erase(card, ()))
    assert store.rights.find(waiting.id).answer == ""
    assert lines(kept) == []


def test_where_the_register_keeps_the_person_nothing_is_called_erased_again(store, kept):
    [card] = give(store, "talk", "card")
    restore = backup(store)
    ask(store, card, Erase(card, ("card",), in_register=True))
    assert lines(kept) == ["talk card card kept"]
    restore()
    again(store)
    assert actions(store, card) == ["used", "kept"]


def test_into_a_log_that_is_over_nothing_is_written(store):
    [card] = give(store, "talk", "card")
    restore = backup(store)
    ask(store, card, Erase(card, ("card",)))
    restore()
    assert again(store, UNTIL) == 1
    assert actions(store, card) == ["used"]


def test_what_cannot_be_written_down_is_not_erased(store, tmp_path):
    [card] = give(store, "talk", "card")
    (tmp_path / "erased").write_text("no folder")
    with pytest.raises(Unavailable):
        ask(store, card, Erase(card, ("card",)))
    assert column(store, credentials.c.subject) == ["anna"]
    assert store.rights.find("q" * 22) is None


def test_what_a_document_s_conversation_gave_after_its_erasure_is_not_erased_by_the_old_receipt(store, kept):
    [card, _] = give(store, "talk", "card", "badge")
    ask(store, card, Erase(card, ("card",)))
    noted = lines(kept)
    with_new = Change(Issuing("later", ("card",), (), "anna", "", TOKENS), records=(copy("new", "talk", "card", 7),))
    store.commit([Begin(with_new, UNTIL)])
    ask(store, card, Erase(card, ("card",)), name="z")
    assert store.credential("new").subject == "anna"
    assert lines(kept) == noted


def test_a_line_stays_until_the_last_log_is_over_and_no_copy_is_so_old(store, kept):
    [card] = give(store, "talk", "card")
    ask(store, card, Erase(card, ("card",)))
    again(store, NOW + OLDEST_COPY)
    assert lines(kept) == ["talk card card erased"]
    [badge] = give(store, "talk2", "badge", first=5)
    end = NOW + 5 * OLDEST_COPY
    store.database.write(lambda connection: connection.execute(update(document_receipts).values(log_until=end)))
    ask(store, badge, Erase(badge, ("badge",)), name="z")
    again(store, end)
    assert lines(kept) == ["talk2 badge badge erased"]
    again(store, end + OLDEST_COPY)
    assert lines(kept) == []


@pytest.mark.parametrize(
    "line", ["", "talk card card", "talk card card used", "talk card ../card erased", "a b c erased x"]
)
def test_a_line_of_something_else_is_none(line):
    with pytest.raises(ValueError, match="no line of this list"):
        ErasedForm.from_line(line)


DYING = """
import os, signal, sys
from pathlib import Path
from capabilities.cockpit.erase_list import EraseList
from issuer.app import create_app, open_store
from issuer.config import IssuerSettings
from issuer.database.ended_list import EndedList
from issuer.database.erased import ERASED_FORM
from issuer.database.store import SqlIssuerStore
from issuer.rights import Erase
from runtime.database.engine import Database
from runtime.lasting_list import LastingList
from tests.issuer.database.giving import ask
from tests.support.issuer import IDENTIFIER, Clock

url, folder, receipt, when = sys.argv[1:]

class Dying(LastingList):
    def note(self, lines, until):
        if when == "after":
            super().note(lines, until)
        os.kill(os.getpid(), signal.SIGKILL)

store = SqlIssuerStore(Database(url, "issuer"), Clock(), erased=EraseList(Dying(Path(folder), ERASED_FORM)))
ask(store, receipt, Erase(receipt, ("card",)))
"""


@pytest.mark.parametrize(("when", "left"), [("before", "anna"), ("after", "")])
def test_whoever_is_killed_while_erasing_erases_at_the_next_start_or_had_not_begun(
    store, database_url, kept, when, left
):
    [card] = give(store, "talk", "card")
    killed = subprocess.run(
        [sys.executable, "-c", DYING, database_url, str(kept.lasting.folder), card, when], check=False, timeout=60
    )
    assert killed.returncode == -signal.SIGKILL
    assert column(store, credentials.c.subject) == ["anna"]
    assert store.rights.find("q" * 22) is None
    again(store)
    assert column(store, credentials.c.subject) == [left]


@pytest.mark.parametrize("folder", ["", "elsewhere"])
def test_the_service_erases_before_it_serves_and_says_how_much_that_was(tmp_path, capsys, folder):
    data = tmp_path / "issuer"
    new = NewIssuer(data, IDENTIFIER, (("en", "Office"),), ("pid",), database_url=f"sqlite:///{tmp_path}/issuer.db")
    set_up_issuer(new, now=system.now(), random_bytes=system.random_bytes)
    settings = IssuerSettings.read(data)
    if folder:
        settings = settings.model_copy(update={"erased": tmp_path / folder})
    store = open_store(settings)
    restore = backup_of_a_document(store)
    assert column(store, credentials.c.subject) == [""]
    restore()
    assert "erased once more" not in capsys.readouterr().out
    create_app(settings)
    assert column(store, credentials.c.subject) == [""]
    said = capsys.readouterr().out
    assert "erased once more what an old copy of the database brought back" in said
    assert "anna" not in said
    assert [one.name for one in ((tmp_path / folder) if folder else (data / "erased")).iterdir()]
    assert (
        store.usage.entries("talk-card".ljust(22, "-"), after=-1, limit=9)[-1].members["by"]
        == "issuing service, automatically"
    )
    store.database.dispose()


def backup_of_a_document(store):
    """A document that was given and erased; what restores the copy in between."""
    [card] = give(store, "talk", "card")
    store.database.write(
        lambda connection: connection.execute(update(document_receipts).values(log_until=system.now() + DAY))
    )
    restore = backup(store)
    ask(store, card, Erase(card, ("card",)))
    return restore
