"""Answering with the data itself on the desk: files by a form, the answer, and a part of it."""

import re
from urllib.parse import quote

import pytest

from capabilities.cockpit.attached import MAX_FILE
from capabilities.cockpit.web import ROOM
from protocol.sovereignty.due_dates import add_months
from protocol.sovereignty.rights import Right
from protocol.sovereignty.rights_answer import open_file
from protocol.sovereignty.rights_status import State
from protocol.trust.anchors import TrustAnchors
from runtime.asgi import MAX_BODY
from tests.support.pki import NOW
from tests.support.verifier import IDENTIFIER
from tests.verifier.service.given import ENC, NAMES, Given, library
from tests.verifier.web.people import Browser
from tests.verifier.web.test_services import clerk

PDF = b"%PDF-1.7 what the archive has"
FILLED = {"sure": "yes", "decisions": "Nothing decides by itself.", "all": "yes"}


@pytest.fixture
def counter(tmp_path, agency):
    made = library(f"sqlite:///{tmp_path}/verifier.db", TrustAnchors([agency.anchor]), names=NAMES)
    yield made
    made.close()


@pytest.fixture
def given(counter, held):
    return Given(counter, held)


@pytest.fixture
def status(given):
    return given.asker.ask(Right.ACCESS, enc_key=ENC.public_key)


@pytest.fixture
def desk(counter, status):
    browser = clerk(counter)
    browser.get(f"/desk/rights/{status.id}")
    return browser


def once(browser):
    return re.search(r'name="once" value="([^"]+)"', browser.page.text)[1]


def send_file(desk, status, name, content, **changes):
    """Send the form with a file, as browsers do."""
    token = re.search(r'name="form_token" value="([^"]+)"', desk.page.text)
    fields = {"form_token": token[1] if token else "", "once": once(desk) if token else "", **changes}
    parts = [f'--x\r\ncontent-disposition: form-data; name="{key}"\r\n\r\n{value}\r\n' for key, value in fields.items()]
    head = f'--x\r\ncontent-disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    body = ("".join(parts) + head).encode() + content + b"\r\n--x--\r\n"
    headers = {"content-type": "multipart/form-data; boundary=x", "origin": IDENTIFIER, "sec-fetch-site": "same-origin"}
    page = desk.go("POST", f"/desk/rights/{status.id}/file", content=body, headers=headers)
    return desk.get(page.headers["location"]) if page.status_code == 303 else page


def answer(desk, status, **form):
    return desk.press(f"/desk/rights/{status.id}/answer", once=once(desk), **form)


def test_a_clerk_adds_a_large_file_and_sends_the_answer_by_hand(desk, given, status):
    large = PDF + bytes(3 * MAX_BODY)
    page = send_file(desk, status, "Brief <b>.pdf".replace("<b>", "Müller"), large)
    assert page.status_code == 200
    assert "Brief Müller.pdf" in page.text
    assert "4 MB" in page.text
    page = answer(desk, status, **FILLED)
    assert page.status_code == 200
    assert "Files that went out" in page.text
    done = given.asker.status(status)
    assert done.state is State.DONE
    [file] = given.asker.answer(done, ENC).files
    sealed = given.asker.call("GET", status.id, "files", file.hash).body.decode()
    assert open_file(sealed, ENC, file) == large
    assert desk.get(f"/desk/rights/{status.id}").status_code == 200


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("letter.pdf", b"", "choose a file"),
        ("run.exe", b"MZ", "cannot be sent"),
        ("letter.pdf", b"MZ", "not what its name says"),
        ("letter.pdf", b"%PDF-" + bytes(MAX_FILE), "larger than 10 MB"),
    ],
)
def test_what_cannot_be_sent_is_told_on_the_page(desk, status, name, content, said):
    page = send_file(desk, status, name, content)
    assert (page.status_code, said in page.text, "Nothing was changed" in page.text) == (400, True, True)
    assert "Remove" not in desk.get(f"/desk/rights/{status.id}").text


def test_t246_more_than_a_file_may_have_is_not_even_read(desk, status):
    page = send_file(desk, status, "letter.pdf", b"%PDF-" + bytes(MAX_FILE + 2 * ROOM))
    assert page.status_code == 413


def test_t246_strangers_and_foreign_pages_have_the_usual_cap(counter, desk, status):
    content = PDF + bytes(2 * MAX_BODY)
    there, headers = f"/desk/rights/{status.id}/file", {"content-type": "multipart/form-data; boundary=x"}
    found = Browser(counter).go("POST", there, content=content, headers=headers)
    assert (found.status_code, found.headers["location"]) == (303, "/desk/login")
    # Not read at all: it would be no form
    assert (
        desk.go("POST", there, content=content, headers=headers | {"sec-fetch-site": "cross-site"}).status_code == 403
    )


def test_a_form_with_a_file_counts_once_and_has_its_token(desk, given, status):
    used = once(desk)
    assert send_file(desk, status, "letter.pdf", PDF, once=used).status_code == 200
    assert send_file(desk, status, "other.pdf", PDF + b"2", once=used).status_code == 409
    desk.get(f"/desk/rights/{status.id}")
    assert send_file(desk, status, "other.pdf", PDF + b"2", form_token="x").status_code == 403
    assert len(given.counter.store.rights.held(given.receipt.id).attached) == 1


def test_a_file_is_taken_back(desk, given, status):
    page = send_file(desk, status, "letter.pdf", PDF)
    hash_ = re.search(r'name="hash" value="([^"]+)"', page.text)[1]
    page = desk.press(f"/desk/rights/{status.id}/remove", once=once(desk), hash=hash_)
    assert "letter.pdf" not in page.text
    assert given.counter.store.rights.held(given.receipt.id).attached == ()
    assert desk.press(f"/desk/rights/{status.id}/remove", once=once(desk), hash=hash_).status_code == 409


def test_the_same_file_twice_is_told_on_the_page(desk, status):
    send_file(desk, status, "letter.pdf", PDF)
    page = send_file(desk, status, "again.pdf", PDF)
    assert (page.status_code, "there already" in page.text) == (400, True)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"all": ""}, "whether this is all"),
        ({"all": "perhaps"}, "whether this is all"),
        ({"sure": ""}, "make sure first who asks"),
        ({"decisions": ""}, "what machines decide"),
        ({"decisions": "<script>planted</script>"}, "what machines decide"),
        ({"all": "no", "until": "", "why": "The archive"}, "choose a day"),
        ({"all": "no", "until": "2020-01-01x", "why": "The archive"}, "choose a day"),
        ({"all": "no", "until": "2099-01-01", "why": "The archive"}, "choose a day"),
        ({"all": "no", "until": "2026-12-24", "why": ""}, "plain words why"),
        ({"keep_0": "yes", "why": ""}, "plain words why"),
    ],
)
def test_what_is_missing_is_told_and_nothing_goes_out(desk, given, status, changes, said):
    send_file(desk, status, "letter.pdf", PDF)
    page = answer(desk, status, **(FILLED | changes))
    assert (page.status_code, said in page.text) == (400, True)
    assert 'role="alert"' in page.text
    assert "<script>planted" not in page.text
    assert given.asker.status(status).answer is None


def test_a_part_now_and_the_rest_by_a_day(desk, given, status):
    last = re.search(r'id="rest-until"[^>]+max="(\d{4}-\d{2}-\d{2})"', desk.page.text)[1]
    form = FILLED | {"all": "no", "until": last, "why": "The archive takes longer.", "keep_1": "yes"}
    page = answer(desk, status, **form)
    assert "A part was handed out" in page.text
    part = given.asker.status(status)
    assert (part.state, part.due, part.why[0].text) == (State.EXTENDED, add_months(NOW, 3), "The archive takes longer.")
    assert given.asker.answer(part, ENC).data == {"pid": [{"family_name": "Mustermann"}]}
    answer(desk, status, **FILLED)
    done = given.asker.status(part)
    assert (done.state, done.kept) == (State.DONE, ())
    assert given.asker.answer(done, ENC).data == {"pid": [{"family_name": "Mustermann", "given_name": "Erika"}]}


def test_what_is_kept_back_stands_in_the_answer_with_its_article(desk, given, status):
    page = answer(desk, status, **(FILLED | {"keep_1": "yes", "why": "Art. 15(4) GDPR"}))
    assert page.status_code == 200
    [kept] = given.asker.status(status).kept
    assert (dict(kept.claims), kept.why[0].text) == ({"pid": (("given_name",),)}, "Art. 15(4) GDPR")


def test_every_form_of_it_is_behind_the_door(counter, status):
    """T230."""
    for deed in ("file", "remove", "answer"):
        found = Browser(counter).go("POST", f"/desk/rights/{quote(status.id)}/{deed}", data={"all": "yes"})
        assert (found.status_code, found.headers["location"]) == (303, "/desk/login")
    assert counter.store.rights.find(status.id).answer == ""
