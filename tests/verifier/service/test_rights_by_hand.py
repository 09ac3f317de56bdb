"""Answers that a clerk puts together: files one by one, what is kept back, and a part now with the rest later."""

import pytest
from sqlalchemy import text as sql

from capabilities.cockpit.attached import MAX_OF_ONE, Attached, check_room, kind_of
from capabilities.cockpit.attaching import NewFile
from capabilities.cockpit.handing_out import Own, Rest
from protocol.errors import Conflict, InvalidRequest, Malformed
from protocol.sovereignty.due_dates import add_months
from protocol.sovereignty.rights import Right
from protocol.sovereignty.rights_answer import open_file
from protocol.sovereignty.rights_status import Kept, State
from protocol.sovereignty.usage import Action
from tests.support.partners import both
from tests.support.pki import DAY, NOW
from tests.verifier.service.given import ENC, NAMES, Given, counter, listed, make, work
from verifier.usage import By

__all__ = ["counter", "make"]

PDF = NewFile("planted-letter.pdf", b"%PDF-1.7 planted-content")
CSV = NewFile("loans.csv", b"day;book\n1;2\n")
NOTHING = both("Nichts entscheidet allein.", "Nothing decides by itself.")
WHY = both("Das Archiv braucht länger.", "The archive takes longer.")


@pytest.fixture
def given(make, held):
    return Given(make(names=NAMES), held)


@pytest.fixture
def status(given):
    return given.asker.ask(Right.ACCESS, enc_key=ENC.public_key)


def add(given, status, file=PDF):
    return work(given.counter, "attach", status.id, file)


def remove(given, status, hash_):
    return work(given.counter, "detach", status.id, hash_)


def send(given, status, *, sure=True, decisions=NOTHING, **own):
    answer = Own(automated_decisions=decisions, **own)
    return work(given.counter, "hand_out", status.id, answer, sure=sure, place=By.CLERK)


def files(given, status):
    """What the citizen gets, each held against its signed hash and size."""
    found = {}
    for file in given.asker.answer(status, ENC).files:
        answer = given.asker.call("GET", status.id, "files", file.hash)
        assert answer.status == 200
        found[file.name, file.media_type] = open_file(answer.body.decode(), ENC, file)
    return found


def rows(given):
    """Everything of files that is here."""
    with given.counter.store.database.reading() as connection:
        return [
            tuple(row)
            for name in ("attached_files", "cockpit_rights_files")
            for row in connection.execute(sql(f"select * from {name}"))
        ]


def test_what_a_clerk_adds_goes_out_with_the_data_and_nothing_of_it_can_be_read_here(given, status):
    add(given, status)
    add(given, status, CSV)
    assert "planted" not in str(rows(given))
    opened = work(given.counter, "open", status.id)
    assert {file.name for file in opened.files} == {PDF.name, CSV.name}
    assert opened.can_be_answered
    send(given, status)
    done = given.asker.status(status)
    assert done.state is State.DONE
    assert files(given, done) == {(PDF.name, "application/pdf"): PDF.content, (CSV.name, "text/csv"): CSV.content}
    answer = given.asker.answer(done, ENC)
    assert answer.data == {"pid": [{"family_name": "Mustermann", "given_name": "Erika"}]}
    assert answer.information.automated_decisions == NOTHING
    assert given.log()[-1] is Action.USED


def test_nobody_gets_a_file_before_it_is_sent(given, status):
    add(given, status)
    [file] = work(given.counter, "open", status.id).files
    assert given.asker.call("GET", status.id, "files", file.hash).status == 404
    send(given, status)
    assert given.asker.call("GET", status.id, "files", file.hash).status == 200


def test_who_asks_has_to_be_known_and_what_machines_decide_has_to_be_said(given, status):
    add(given, status)
    with pytest.raises(Conflict):
        send(given, status, sure=False)
    with pytest.raises(InvalidRequest):
        send(given, status, decisions=())
    assert given.asker.status(status).state is State.PRESENT_AGAIN


def test_a_file_can_be_taken_back_until_it_was_sent(given, status):
    add(given, status)
    add(given, status, CSV)
    pdf, csv = sorted(work(given.counter, "open", status.id).files, key=lambda file: file.name, reverse=True)
    remove(given, status, csv.hash)
    assert len(rows(given)) == 2
    with pytest.raises(Conflict):
        remove(given, status, csv.hash)
    send(given, status, rest=Rest(WHY, NOW + DAY))
    with pytest.raises(Conflict):
        remove(given, status, pdf.hash)
    assert files(given, given.asker.status(status)) == {(PDF.name, "application/pdf"): PDF.content}


def test_a_part_goes_out_now_and_the_rest_later_with_the_part(given, status):
    """GDPR Art. 12(3)."""
    add(given, status)
    latest = add_months(NOW, 3)
    own = {"kept": (Kept({"pid": (("given_name",),)}, WHY),)}
    send(given, status, rest=Rest(WHY, latest), **own)
    part = given.asker.status(status)
    assert (part.state, part.due, part.why, part.kept) == (State.EXTENDED, latest, WHY, ())
    assert given.asker.answer(part, ENC).data == {"pid": [{"family_name": "Mustermann"}]}
    assert list(files(given, part).values()) == [PDF.content]
    assert [case.note for case in listed(given.counter)] == ["rest"]
    assert given.asker.status(part).answer == part.answer
    given.counter.clock.forward(DAY)
    add(given, status, CSV)
    send(given, status)
    done = given.asker.status(part)
    assert (done.state, done.answer == part.answer) == (State.DONE, False)
    assert given.asker.answer(done, ENC).data == {"pid": [{"family_name": "Mustermann", "given_name": "Erika"}]}
    assert sorted(files(given, done).values()) == sorted([PDF.content, CSV.content])


@pytest.mark.parametrize("due", [NOW, add_months(NOW, 3) + 1])
def test_the_rest_follows_later_and_within_three_months(given, status, due):
    add(given, status)
    with pytest.raises(Conflict):
        send(given, status, rest=Rest(WHY, due))
    assert given.asker.status(status).answer is None


def test_what_is_kept_back_is_named_with_its_reason(given, status):
    """GDPR Art. 15(4)."""
    kept = Kept({"pid": (("given_name",),)}, both("Art. 15 Abs. 4", "Art. 15(4)"))
    send(given, status, kept=(kept,))
    done = given.asker.status(status)
    assert (done.state, done.kept) == (State.DONE, (kept,))
    assert given.asker.answer(done, ENC).data == {"pid": [{"family_name": "Mustermann"}]}


def test_a_refusal_erases_what_was_added_and_leaves_what_was_sent(given, status):
    add(given, status)
    other = given.asker.ask(Right.PORTABILITY, enc_key=ENC.public_key)
    add(given, other)
    send(given, other, rest=Rest(WHY, NOW + DAY))
    add(given, other, CSV)
    for each in (status, other):
        work(given.counter, "refuse", each.id, both("Art. 12", "Art. 12"))
    assert sorted(row[0] for row in rows(given)) == [other.id, other.id]
    refused = given.asker.status(other)
    assert (refused.state, refused.answer is None) == (State.REFUSED, False)
    assert list(files(given, refused).values()) == [PDF.content]


def test_files_go_with_the_data_and_with_the_request(given, status):
    add(given, status)
    send(given, status)
    given.asker.ask(Right.ERASURE)
    assert rows(given) == []


def test_what_belongs_to_requests_that_are_over_goes_with_them(given, status):
    add(given, status)
    send(given, status)
    given.counter.clock.forward(400 * DAY)
    for _ in range(3):
        given.counter.store.sweep(now=given.counter.clock.now, limit=100)
    assert rows(given) == []


def test_an_answer_that_goes_out_by_itself_does_not_leave_a_clerks_files_behind(make, held):
    adult = ('[{ path = ["family_name"] }]', '[{ path = ["age_equal_or_over", "18"] }]')
    given = Given(make(names=adult), held)
    advance = given.counter.store.rights.advance
    counter = given.counter
    added: list[str] = []

    def first_a_clerk(id_, step):
        if not added:
            added.append(id_)
            work(counter, "attach", id_, PDF)
        return advance(id_, step)

    counter.store.rights.advance = first_a_clerk
    status = given.asker.ask(Right.ACCESS, enc_key=ENC.public_key)
    assert status.state is State.WORKING
    assert [case.note for case in listed(counter)] == ["clerk"]
    send(given, status)
    assert list(files(given, given.asker.status(status)).values()) == [PDF.content]


@pytest.mark.parametrize("right", [Right.ERASURE, Right.HUMAN_REVIEW])
def test_rights_that_hand_out_nothing_take_no_files(given, right):
    given.counter.result(given.made)
    status = given.asker.ask(right)
    with pytest.raises(Conflict):
        add(given, status)


def test_a_request_that_has_ended_takes_no_files(given, status):
    work(given.counter, "refuse", status.id, both("Art. 12", "Art. 12"))
    with pytest.raises(Conflict):
        add(given, status)


def test_the_same_file_comes_once(given, status):
    add(given, status)
    with pytest.raises(Conflict):
        add(given, status)
    assert len(rows(given)) == 2


def test_an_answer_is_made_anew_when_a_file_came_meanwhile(given, status):
    held = given.counter.store.rights.held

    def late(receipt):
        found = held(receipt)
        given.counter.store.rights.held = held
        add(given, status)
        return found

    given.counter.store.rights.held = late
    with pytest.raises(Conflict):
        send(given, status)
    assert given.asker.status(status).answer is None


def test_all_files_together_have_a_cap():
    one = Attached("request", "a", "", MAX_OF_ONE)
    check_room((), one)
    with pytest.raises(Conflict):
        check_room((one,), Attached("request", "b", "", 1))
    many = tuple([Attached("request", str(number), "", 1) for number in range(256)])
    with pytest.raises(Conflict):
        check_room(many, Attached("request", "b", "", 1))


@pytest.mark.parametrize(
    ("name", "content", "at"),
    [
        ("run.exe", b"MZ", "file.name"),
        ("page.html", b"<p>", "file.name"),
        ("letter", b"%PDF-", "file.name"),
        ("../letter.pdf", b"%PDF-", "file.name"),
        (".letter.pdf", b"%PDF-", "file.name"),
        ("a\u202efdp.exe", b"%PDF-", "file.name"),
        ("", b"%PDF-", "file.name"),
        ("letter.pdf", b"MZ", "file"),
        ("picture.png", b"%PDF-", "file"),
        ("table.csv", b"\xff\xfe", "file"),
        ("text.txt", b"a\x00b", "file"),
        ("table.xlsx", b"<html>", "file"),
    ],
)
def test_what_is_sent_is_what_its_name_says(name, content, at):
    with pytest.raises(Malformed) as refusal:
        kind_of(name, content)
    assert refusal.value.at == at


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("Brief an Frau Müller.PDF", b"%PDF-1.4", "application/pdf"),
        ("scan.jpeg", b"\xff\xd8\xff\xe0", "image/jpeg"),
        ("scan.tif", b"II*\x00", "image/tiff"),
        ("liste.csv", "größe;1".encode(), "text/csv"),
        ("all.zip", b"PK\x03\x04", "application/zip"),
    ],
)
def test_what_people_send_is_known(name, content, kind):
    assert kind_of(name, content) == kind
