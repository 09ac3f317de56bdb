"""The cards, one document, whether it still holds, and making it go away: in a browser."""

import base64
import re

import pytest

from protocol.encoding import encode_json
from protocol.errors import Unreachable
from protocol.oid4vci.metadata import ClaimDescription, CredentialConfiguration, Display
from tests.support.pki import NOW
from tests.wallet.counterpart_agency import DESCRIPTIONS, VCT, Agency
from tests.wallet.counterparts import World, held
from tests.wallet.service.status_host import STATUS_URI, StatusHost
from tests.wallet.web.visitor import Served, words_of

STATUS = "https://status.example"
DAY = 86_400
SCRIPT = "<script>alert(1)</script>"
DRAWING = "data:image/svg+xml;base64," + base64.b64encode(b"<svg xmlns='http://www.w3.org/2000/svg'/>").decode()


def looking(ground="#123456", logo=None, name="Personal ID", claims=DESCRIPTIONS):
    """A configuration, as a record has it, that looks like this."""
    display = Display(name, "en", logo=logo, background_color=ground)
    configuration = CredentialConfiguration("dc+sd-jwt", VCT, display=(display,), claims=claims)
    return encode_json(configuration.to_dict()).decode()


def keep(served, *records):
    """Put records into the open wallet."""
    served.vault.write(put=list(records))


def states(answer):
    """What stands on the cards of a page about how they are."""
    return re.findall(r'<p class="pass-state \w*">([^<]*)</p>', answer.text)


def test_an_empty_wallet_says_what_to_do(citizen):
    page = words_of(citizen.get("/"))
    assert "You have no documents yet. Scan the code that an office shows you" in page
    assert "Check now" not in page


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "Valid"),
        ({"expires_at": NOW + 30 * DAY + 1, "received_at": NOW - 365 * DAY}, "Valid"),
        ({"expires_at": NOW + 30 * DAY, "received_at": NOW - 365 * DAY}, "Expires soon"),
        ({"expires_at": NOW + 14 * DAY, "received_at": NOW}, "Valid"),
        ({"expires_at": NOW + 2 * DAY, "received_at": NOW - 6 * DAY}, "Expires soon"),
        ({"expires_at": NOW + 2 * DAY + 1, "received_at": NOW - 6 * DAY}, "Valid"),
        ({"expires_at": NOW}, "Expired"),
        ({"status": "suspended"}, "Suspended"),
        ({"status": "invalid"}, "Taken back"),
        ({"status": "invalid", "expires_at": NOW}, "Taken back"),
        ({"status": "suspended", "expires_at": NOW}, "Expired"),
    ],
)
def test_a_card_says_in_words_how_it_stands(served, citizen, changes, said):
    keep(served, held("aa", **changes))
    assert states(citizen.get("/")) == [said]
    assert states(citizen.get("/cards/aa")) == [said]


@pytest.mark.parametrize(("age", "said"), [(7 * DAY - 1, "Valid"), (7 * DAY, "Not checked lately")])
def test_what_can_be_taken_back_is_not_called_valid_for_ever(served, citizen, age, said):
    """T174"""
    revocable = {"can_be_taken_back": True}
    keep(served, held("aa", received_at=NOW - age, **revocable))
    keep(served, held("bb", received_at=NOW - 90 * DAY, status="valid", status_checked_at=NOW - age, **revocable))
    assert states(citizen.get("/")) == [said, said]


def test_a_card_wears_the_colour_of_its_office_and_only_a_colour(served, citizen):
    """T152, T235"""
    keep(served, held("aa", configuration=looking("#AB12CD")))
    keep(served, held("bb", configuration=looking("red;}*{display:none}")))
    css = citizen.get("/looks.css").text
    assert ".look-aa { background-color: #AB12CD; color: #ffffff; }" in css
    assert "display" not in css
    assert "look-bb" in css


@pytest.mark.parametrize("logo", ["https://agency.example/logo.png", "data:text/html,x", 'x" onerror="alert(1)'])
def test_a_logo_is_never_fetched_and_nothing_else_than_a_picture(served, citizen, logo):
    """T152, T262"""
    keep(served, held("aa", configuration=looking(logo=logo)))
    for path in ("/", "/cards/aa"):
        assert "<img" not in citizen.get(path).text
    assert served.world.agency.seen == []


def test_a_logo_that_is_a_picture_is_shown(served, citizen):
    keep(served, held("aa", configuration=looking(logo=DRAWING)))
    assert f'<img src="{DRAWING}" alt="" class="pass-logo">' in citizen.get("/").text


def test_names_labels_and_values_of_strangers_are_text(served, citizen):
    """T235, T152"""
    claims = (ClaimDescription(("given_name",), (Display(f"Name{SCRIPT}", "en"),)),)
    record = held(
        "aa",
        configuration=looking(name=f"ID{SCRIPT}", claims=claims),
        claims=encode_json(
            {"given_name": f"Erika{SCRIPT}", "picture": "data:image/svg+xml,<svg onload='x'/>"}
        ).decode(),
        issuer_name=f"Office{SCRIPT}",
        vouched_by=f"Ministry{SCRIPT}",
    )
    keep(served, record)
    for path in ("/", "/cards/aa", "/cards/aa/delete"):
        page = citizen.get(path).text
        assert "<script>" not in page, path
        assert "&lt;script&gt;" in page, path
        assert "<svg" not in page, path
    citizen.done(citizen.post("/cards/aa/delete", page="/"))
    assert "<script>" not in citizen.get("/activity").text


def test_a_document_shows_its_data_by_labels_and_hides_what_they_say(served, citizen):
    keep(served, held("aa", expires_at=NOW + 90 * DAY))
    page = citizen.get("/cards/aa")
    for label in ("Family name", "Given name", "Date of birth", "City", "Nationality"):
        assert f"<summary>{label}</summary>" in page.text, label
    hidden = "".join(re.findall(r"<details class=\"value\">.*?</details>", page.text, re.DOTALL))
    rest = page.text.replace(hidden, "")
    assert "Mustermann" in hidden
    assert "<details open" not in page.text
    assert "Mustermann" not in re.sub(r"<details class=\"value\">.*?</details>", "", rest, flags=re.DOTALL)
    assert "Checked: Test authority vouches for them." in words_of(page)
    assert "You can show it 2 more times" in words_of(page)


def test_a_document_speaks_the_language_of_its_owner(served):
    visitor = served.visitor("de")
    visitor.unlock()
    keep(served, held("aa"))
    page = words_of(visitor.get("/cards/aa"))
    assert "Nachname" in page
    assert "7. März 1990" in page
    assert "Sie können ihn noch 2-mal zeigen" in page


def test_a_portrait_is_a_picture_only_if_it_is_one(served, citizen):
    """T235"""
    portrait = {"portrait": DRAWING, "other": "data:image/png;base64,AAAA"}
    keep(served, held("aa", claims=encode_json(portrait).decode()))
    page = citizen.get("/cards/aa").text
    assert f'<img class="portrait" src="{DRAWING}" alt="Picture">' in page
    assert page.count("<img") == 1
    assert "(a picture)" in page


def test_a_document_tells_where_it_was_used(served, citizen):
    _receive(served)
    [kept] = served.vault.credentials()
    _present(served)
    page = words_of(citizen.get(f"/cards/{kept.id}"))
    used = page.partition("Where it was used")[2]
    assert "You showed Personal ID to City library." in used
    assert "Personal ID: Given name" in used
    assert "You received Personal ID from City of Köln." in used
    assert "Erika" not in used
    assert "You can show it 2 more times" in page


def test_a_document_whose_copies_were_all_shown_says_so(served, citizen):
    keep(served, held("aa", copies=2, used=2))
    assert "You showed every copy of it already." in words_of(citizen.get("/cards/aa"))


def test_a_document_is_deleted_after_a_question_and_once(served, citizen):
    """T228"""
    keep(served, held("aa"), held("ab"))
    assert "This cannot be undone" in words_of(citizen.get("/cards/aa/delete"))
    assert len(served.vault.credentials()) == 2
    said = citizen.done(citizen.post("/cards/aa/delete", page="/"))
    assert "Personal ID is deleted." in said
    assert [record.id for record in served.vault.credentials()] == ["ab"]
    again = citizen.post("/cards/aa/delete", page="/")
    assert again.status_code == 404
    assert [record.id for record in served.vault.credentials()] == ["ab"]
    assert [entry.action for entry in served.vault.log()] == ["deleted"]


@pytest.mark.parametrize("path", ["/cards/a", "/cards/zz", "/cards/zz/delete", "/pending/zz/forget", "/nowhere"])
def test_what_is_not_there_is_said_in_plain_words(served, citizen, path):
    """An id is taken as a whole: how it begins is not enough."""
    keep(served, held("aa"))
    answer = citizen.get(path)
    assert answer.status_code == 404
    assert "This is not here" in words_of(answer)


def test_what_is_damaged_is_told_and_can_be_deleted(served, citizen):
    """T215"""
    keep(served, held("aa"), held("bb"))
    served.vault._connection.execute("UPDATE records SET sealed = x'00' WHERE id = 'aa'")
    page = words_of(citizen.get("/"))
    assert "Damaged document 1" in page
    assert states(citizen.get("/")) == ["Valid"]
    assert "Nobody can read it any more" in words_of(citizen.get("/cards/aa/delete"))
    assert "It is deleted" in citizen.done(citizen.post("/cards/aa/delete", page="/"))
    assert served.vault.damaged() == ()
    assert "Damaged" not in words_of(citizen.get("/"))


def test_what_was_begun_can_be_gone_on_with_or_forgotten(served, citizen):
    """T158"""
    pending = _begin(served)
    page = citizen.get("/")
    assert "A document from agency.example is still to come." in words_of(page)
    assert f'action="/receive/pending/{pending.id}"' in page.text
    assert "you need a new code from the office" in words_of(citizen.get(f"/pending/{pending.id}/forget"))
    assert "It is forgotten" in citizen.done(citizen.post(f"/pending/{pending.id}/forget", page="/"))
    assert served.vault.pending() == ()
    assert citizen.post(f"/pending/{pending.id}/forget", page="/").status_code == 404


@pytest.fixture
def checkable(tmp_path, monkeypatch):
    """A wallet with a document that can be taken back."""
    monkeypatch.setenv("HOHEIT_ENV", "test")
    agency = Agency(status_uri=STATUS_URI)
    served = Served(tmp_path, World(None, agency, more={STATUS: StatusHost(agency.pki)}))
    served.create()
    visitor = served.visitor()
    visitor.unlock()
    _receive(served)
    yield served, visitor
    served.door.close()


def test_the_user_asks_whether_documents_still_hold(checkable):
    """T174: only then is it asked, so that no look-up tells when something is shown (T262)"""
    served, visitor = checkable
    host = served.world.more[STATUS]
    assert "Last checked: never" in words_of(visitor.get("/"))
    host.values = {20: 1, 21: 0, 22: 0}
    assert host.seen == []
    served.world.now += 10
    answer = visitor.post("/check", page="/")
    assert "What you see is what the offices say now." in visitor.done(answer)
    assert states(visitor.get("/")) == ["Taken back"]
    assert "never" not in words_of(visitor.get("/"))
    assert len(host.seen) == 1
    visitor.get(answer.headers["location"])
    assert len(host.seen) == 1


def test_what_could_not_be_checked_is_named(checkable):
    served, visitor = checkable
    served.world.more[STATUS].reply = Unreachable("away")
    served.world.now += 10
    answer = visitor.post("/check", page="/")
    said = visitor.done(answer)
    assert "This could not be checked now." in said
    assert "Personal ID" in said.partition("Please try again later.")[2][:20]
    assert states(visitor.get("/")) == ["Valid"]
    served.world.now += 200
    visitor.get("/")
    served.world.now += 290
    visitor.get("/")
    served.world.now += 290
    visitor.get("/")
    served.world.now += 290
    assert visitor.get(answer.headers["location"]).headers["location"] == "/"


@pytest.mark.parametrize("reply", [None, Unreachable("away")])
def test_locking_while_something_is_looked_up_says_so_and_leads_to_the_door(checkable, reply):
    served, visitor = checkable
    host = served.world.more[STATUS]
    answer = host.respond

    def close_and_answer(request):
        served.door.close()
        host.reply = reply
        return answer(request)

    host.respond = close_and_answer
    locked = visitor.post("/check", page="/")
    assert "Your wallet was locked meanwhile" in words_of(locked)
    assert 'href="/unlock"' in locked.text
    assert visitor.unlock().status_code == 303
    assert visitor.get("/").status_code == 200


def _run(served, exchange):
    return served.world.run(exchange)


def _begin(served):
    receiving = served.wallet().wallet.receiving
    seen = _run(served, receiving.look(served.world.agency.offer()))
    return _run(served, receiving.take(seen))


def _receive(served):
    receiving = served.wallet().wallet.receiving
    seen = _run(served, receiving.look(served.world.agency.offer()))
    pending = _run(served, receiving.take(seen))
    return _run(served, receiving.keep(_run(served, receiving.fetch(pending, seen.contact))))


def _present(served):
    presenting = served.wallet().wallet.presenting
    seen = _run(served, presenting.look(served.world.partner.link()))
    return _run(served, presenting.share(seen, seen.default_choice()))


def test_what_was_done_is_read_in_the_language_of_the_reader(checkable):
    served, visitor = checkable
    served.world.more[STATUS].reply = Unreachable("away")
    checked = visitor.post("/check", page="/").headers["location"]
    visitor.get(f"/language/de{checked}")
    assert words_of(visitor.get(checked)).count("Personalausweis") == 2  # in the note, and on the card
    [held] = served.vault.credentials()
    visitor.get("/language/en/")
    told = visitor.post(f"/cards/{held.id}/delete", page="/").headers["location"]
    assert "Personal ID is deleted." in words_of(visitor.get(told))
    visitor.get(f"/language/de{told}")
    assert "Personalausweis ist gelöscht." in words_of(visitor.get(told))
