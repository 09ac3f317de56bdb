"""Answers that a clerk of the agency puts together: files of other systems, a part now and the rest later."""

import json
import re

import pytest
from sqlalchemy import text as sql

from capabilities.cockpit.attaching import NewFile
from capabilities.cockpit.handing_out import Own
from issuer.database.register import SqlRegister
from protocol.errors import Conflict, InvalidRequest, Unavailable
from protocol.sovereignty.rights import Right
from runtime.asgi import MAX_BODY
from tests.flows.agency import DAY, RECORD, SUBJECT, agency_town
from tests.flows.test_issuer_rights import Citizen, both, clerk_says, end_document
from tests.flows.test_issuer_rights_desk import first, say
from tests.issuer.web.test_desk import FROM_OUR_PAGE, filled, sign_in
from tests.support.issuer import CLERK

pytestmark = pytest.mark.flow

LETTER = NewFile("planted-letter.pdf", b"%PDF-1.7 planted-content")
TABLE = NewFile("fees.csv", b"day;euro\n1;2\n")
NOTHING = "Nothing decides by itself."


@pytest.fixture
def town(tmp_path):
    with agency_town(tmp_path) as everybody:
        yield everybody


@pytest.fixture
def citizen(town):
    """Somebody whose document has ended, so that nothing goes out by itself."""
    asking = Citizen(town)
    end_document(town)
    return asking


@pytest.fixture
def desk(town):
    http = town.office.client
    http.headers["accept-language"] = "en"
    assert sign_in(http, town.desk.clerk_code()).status_code == 303
    return http


def send(desk, name, content):
    """Bring a file by the form of the first request."""
    page = first(desk)
    there = f"{page.url.path}/file"
    form, files = filled(page, there), {"file": (name, content)}
    return desk.post(there, data=form, files=files, headers=FROM_OUR_PAGE)


def got(town, citizen):
    """What the wallet gets: the data, and what is in each file."""
    handed = town.run(citizen.rights.answer(citizen.disclosure, citizen.asked.id))
    files = handed.answer.says.files
    return handed.answer.says, {file.name: town.run(citizen.rights.file(handed, file)) for file in files}


def rows(town):
    """Everything of files that is here."""
    with town.desk.store.database.reading() as connection:
        return [
            tuple(row)
            for name in ("attached_files", "cockpit_rights_files")
            for row in connection.execute(sql(f"select * from {name}"))  # names of ours
        ]


def test_a_part_goes_out_now_and_the_rest_later_with_every_file(desk, town, citizen):
    citizen.ask(Right.ACCESS)
    large = LETTER.content + bytes(2 * MAX_BODY)
    assert send(desk, LETTER.name, large).status_code == 303
    assert "planted" not in str(rows(town))
    page = first(desk)
    assert LETTER.name in page.text
    last = re.search(r'name="until" type="date" min="[^"]+" max="([^"]+)"', page.text)[1]
    part = {"all": "no", "until": last, "why": "The archive is slow.", "sure": "yes", "decisions": NOTHING}
    assert say(desk, "answer", **part).status_code == 303
    assert citizen.follow() == "extended"
    assert citizen.status.why[-1].text == "The archive is slow."
    says, files = got(town, citizen)
    assert says.data["card"][0]["given_name"] == "Xanthippe"
    assert files[LETTER.name] == large
    assert "A part was handed out." in first(desk).text
    assert send(desk, TABLE.name, TABLE.content).status_code == 303
    assert say(desk, "answer", all="yes", sure="yes", decisions=NOTHING).status_code == 303
    assert citizen.follow() == "done"
    says, files = got(town, citizen)
    assert set(files) == {"noted.json", LETTER.name, TABLE.name}
    assert (files[LETTER.name], files[TABLE.name]) == (large, TABLE.content)
    assert says.information.automated_decisions[-1].text == NOTHING
    noted = json.loads(files["noted.json"])
    assert [entry["action"] for entry in noted["log"]].count("used") == 2
    assert "planted" not in str(rows(town))


def test_what_machines_decide_with_files_of_other_systems_nobody_here_knows(desk, town, citizen):
    citizen.ask(Right.ACCESS)
    send(desk, TABLE.name, TABLE.content)
    answer = say(desk, "answer", all="yes", sure="yes")
    assert (answer.status_code, "Please write what machines decide." in answer.text) == (400, True)
    with pytest.raises(InvalidRequest, match="what machines decide"):
        clerk_says(town, "hand_out", own=Own(), sure=True)
    assert citizen.follow() == "working"


def test_files_say_what_the_register_cannot_say_any_more(desk, town, citizen):
    citizen.ask(Right.PORTABILITY)
    town.desk.register.put({SUBJECT: {name: value for name, value in RECORD.items() if name != "given_name"}})
    answer = say(desk, "answer", all="yes", sure="yes")
    assert (answer.status_code, "Add a file that says it instead." in answer.text) == (400, True)
    send(desk, TABLE.name, TABLE.content)
    assert say(desk, "answer", all="yes", sure="yes").status_code == 303
    assert citizen.follow() == "done"
    says, files = got(town, citizen)
    assert (says.data, files[TABLE.name]) == ({}, TABLE.content)


def test_a_piece_of_data_is_kept_back_and_the_citizen_reads_why(desk, town, citizen):
    citizen.ask(Right.PORTABILITY)
    page = first(desk)
    points = re.search(r'name="(keep_[0-9]+)" value="yes"> <span>Points</span>', page.text)[1]
    fields = {points: "yes", "why": "Points are about others: Art. 15(4) GDPR."}
    assert say(desk, "answer", all="yes", sure="yes", **fields).status_code == 303
    assert citizen.follow() == "done"
    assert "points" not in got(town, citizen)[0].data["card"][0]
    assert citizen.status.kept[0].why[-1].text == "Points are about others: Art. 15(4) GDPR."
    assert "Art. 77" in citizen.status.remedy[-1].text
    ended = re.search(r'href="(/desk/rights/[A-Za-z0-9_-]{22})"', desk.get("/desk/rights/ended").text)[1]
    assert "What did not go out, and why" in desk.get(ended).text


@pytest.mark.parametrize("right", [Right.PORTABILITY, Right.ACCESS])
def test_an_answer_by_itself_waits_for_a_clerk_who_adds_files(desk, town, monkeypatch, right):
    asking = Citizen(town)
    with monkeypatch.context() as patch:

        def away(_register, _subject):
            raise Unavailable("the register is away")

        patch.setattr(SqlRegister, "fetch", away)
        assert asking.ask(right) == "working"
    send(desk, TABLE.name, TABLE.content)
    assert asking.follow() == "working"
    assert "A person has to answer this." in first(desk).text
    assert say(desk, "answer", all="yes", decisions=NOTHING).status_code == 303
    assert asking.follow() == "done"
    assert TABLE.name in got(town, asking)[1]


def test_a_refusal_erases_what_waits(desk, town, citizen):
    citizen.ask(Right.ACCESS)
    send(desk, LETTER.name, LETTER.content)
    assert len(rows(town)) == 2
    clerk_says(town, "refuse", why=both("Art. 12(5) GDPR: again and again."))
    assert rows(town) == []
    with pytest.raises(Conflict):
        town.desk.run(town.desk.issuer.rights.attach(citizen.status.id, LETTER, actor="Ada"))


def test_a_file_is_taken_back_before_it_is_sent(desk, town, citizen):
    citizen.ask(Right.ACCESS)
    send(desk, LETTER.name, LETTER.content)
    page = first(desk)
    there = f"{page.url.path}/remove"
    assert desk.post(there, data=filled(page, there), headers=FROM_OUR_PAGE).status_code == 303
    assert rows(town) == []


def test_an_erasure_takes_every_file_with_it(desk, town, citizen):
    citizen.ask(Right.ACCESS)
    send(desk, LETTER.name, LETTER.content)
    say(desk, "answer", all="yes", sure="yes", decisions=NOTHING)
    assert citizen.follow() == "done"
    assert rows(town)
    town.desk.run(town.desk.issuer.changes.remove(SUBJECT, CLERK))
    assert citizen.ask(Right.ERASURE) == "done"
    assert rows(town) == []


def test_files_go_out_of_what_is_not_noted_here_any_more(desk, town, citizen):
    town.desk.run(town.desk.issuer.changes.remove(SUBJECT, CLERK))
    assert citizen.ask(Right.ERASURE) == "done"
    assert citizen.ask(Right.PORTABILITY) == "working"
    send(desk, TABLE.name, TABLE.content)
    assert "The citizen gets the log of this document" in first(desk).text
    assert say(desk, "answer", all="yes", sure="yes").status_code == 303
    assert citizen.follow() == "done"
    says, files = got(town, citizen)
    assert (says.data, files[TABLE.name]) == ({}, TABLE.content)


def test_files_go_with_their_request_when_its_time_is_over(desk, town, citizen):
    citizen.ask(Right.PORTABILITY)
    send(desk, LETTER.name, LETTER.content)
    say(desk, "answer", all="yes", sure="yes")
    assert citizen.follow() == "done"
    town.forward(1000 * DAY)
    town.desk.sweep()
    assert rows(town) == []
