"""What happened, as its owner reads it."""

import re
from dataclasses import replace

import pytest

from protocol.encoding import encode_json
from protocol.oid4vci.metadata import Display
from tests.support.pki import NOW
from tests.wallet.counterpart_agency import PID, VCT
from tests.wallet.counterparts import held
from tests.wallet.web.visitor import words_of
from wallet.policy.cockpit.timeline import PAGE
from wallet.policy.showing import PartyShown
from wallet.records import LoggedCredential
from wallet.service.context import entry_of

LIBRARY = PartyShown("City library", "library.example", "x509_hash:library", "The register")
SHOP = PartyShown("", "shop.example", "https://shop.example/<script>", "")


def note(served, action, party, outcome="done", *paths, completes=0):
    """Something that happened."""
    credentials = (LoggedCredential("Personal ID", VCT, paths),) if paths else ()
    served.vault.write(note=entry_of(NOW, action, party, outcome, credentials, completes=completes))


def lines(answer):
    """The sentences of a page, newest first."""
    found = re.findall(r"</time></p>\s*<p>(.*?)</p>", answer.text)
    return [re.sub("<[^>]*>", "", line) for line in found]


def test_everything_that_happened_is_a_sentence_with_what_data_newest_first(served, citizen):
    served.vault.write(put=[held("aa")])
    note(served, "received", LIBRARY, "done", '["given_name"]')
    note(served, "sharing", LIBRARY, "begun", '["given_name"]', '["nationalities",null]', '["unknown","thing"]')
    note(served, "shared", LIBRARY, "done", completes=2)
    note(served, "declined", SHOP, "refused")
    note(served, "failed", SHOP, "the signature <b>is</b> wrong")
    page = citizen.get("/activity")
    assert lines(page) == [
        "A request of https://shop.example/&lt;script&gt; failed.",
        "You said no to https://shop.example/&lt;script&gt;.",
        "You showed Personal ID to City library.",
        "You received Personal ID from City library.",
    ]
    text = words_of(page)
    assert "Personal ID: Given name, Nationality, unknown · thing" in text
    assert "the signature <b>is</b> wrong" in text
    assert "<b>" not in page.text
    assert "Whether it arrived" not in text


def test_what_may_not_have_arrived_counts_as_seen(served, citizen):
    note(served, "sharing", LIBRARY, "begun", '["given_name"]')
    assert "count it as seen" in words_of(citizen.get("/activity"))


def test_a_long_list_has_pages(served, citizen):
    for _ in range(PAGE + 1):
        note(served, "declined", LIBRARY, "refused")
    first = citizen.get("/activity")
    assert len(lines(first)) == PAGE
    assert 'href="/activity/page/2"' in first.text
    second = citizen.get("/activity/page/2")
    assert len(lines(second)) == 1
    assert "Older" not in words_of(second)
    assert len(lines(citizen.get("/activity/with/1"))) == PAGE
    assert len(lines(citizen.get("/activity/with/1/page/2"))) == 1
    assert len(lines(citizen.get("/activity/page/99"))) == 1


def test_the_list_of_one_party_names_nobody_in_its_address(served, citizen):
    """T260"""
    note(served, "declined", LIBRARY, "refused")
    note(served, "failed", SHOP, "x")
    page = citizen.get("/activity")
    assert 'href="/activity/with/2">https://shop.example' in page.text
    only = citizen.get("/activity/with/1")
    assert lines(only) == ["You said no to City library."]
    assert "City library" in words_of(only)
    assert citizen.get("/activity/with/9").status_code == 404
    assert citizen.get("/activity/with/x").status_code == 404


def find(citizen, **form):
    """Look for something; the page with what was found."""
    answer = citizen.post("/activity/find", page="/activity", **form)
    assert answer.status_code == 303
    return citizen.get(answer.headers["location"])


@pytest.mark.parametrize(
    ("form", "found"),
    [
        ({"search": "LIBRARY"}, 3),
        ({"search": "birth"}, 1),  # by the label of a claim
        ({"search": "no such word"}, 0),
        ({"partner": "4"}, 1),
        ({"kind": "given"}, 1),
        ({"document": VCT}, 2),
        ({"time": "week"}, 4),
        ({"time": "1999"}, 0),
        ({"kind": "given", "partner": "1", "search": "library", "time": "month"}, 1),
    ],
)
def test_one_finds_by_word_partner_document_kind_and_time_and_nothing_of_it_stands_in_an_address(
    served, citizen, form, found
):
    """T260"""
    served.vault.write(put=[held("aa")])
    note(served, "received", LIBRARY, "done", '["given_name"]')
    note(served, "sharing", LIBRARY, "begun", '["birthdate"]')
    note(served, "declined", LIBRARY, "refused")
    note(served, "declined", SHOP, "refused")
    answer = citizen.post("/activity/find", page="/activity", **form)
    assert re.fullmatch(r"/activity/found/[0-9a-f]{32}", answer.headers["location"])
    page = citizen.get(answer.headers["location"])
    assert len(lines(page)) == found
    assert f"{found} line" in words_of(page)


@pytest.mark.parametrize("form", [{}, {"kind": "nothing"}, {"partner": "99"}, {"time": "0"}, {"document": "other"}])
def test_what_asks_for_nothing_shows_everything(served, citizen, form):
    note(served, "declined", LIBRARY, "refused")
    assert citizen.post("/activity/find", page="/activity", **form).headers["location"] == "/activity"


def test_what_was_found_has_pages_and_is_gone_after_a_while(served, citizen):
    for _ in range(PAGE + 1):
        note(served, "declined", LIBRARY, "refused")
    answer = citizen.post("/activity/find", page="/activity", search="library")
    where = answer.headers["location"]
    assert len(lines(citizen.get(f"{where}/page/2"))) == 1
    assert citizen.get("/activity/found/unknown").headers["location"] == "/activity"


def test_a_line_can_be_deleted_and_the_rest_stays_checked(served, citizen):
    """T228"""
    for party in (LIBRARY, SHOP):
        note(served, "declined", party, "refused")
    chain = served.vault.log_head().chain
    asked = citizen.get("/activity/entry/1/delete")
    assert "cannot be undone" in words_of(asked)
    assert "key" not in words_of(asked)
    assert "The line is deleted" in citizen.done(citizen.post("/activity/entry/1/delete", page="/"))
    page = citizen.get("/activity")
    assert lines(page) == ["You said no to https://shop.example/&lt;script&gt;."]
    assert f"{chain[:16]} {chain[16:32]}" in words_of(page)
    assert "You deleted 1 of them." in words_of(page)
    assert citizen.get("/activity/entry/1").status_code == 404
    assert citizen.post("/activity/entry/1/delete", page="/").status_code == 404


def test_the_head_of_the_list_is_shown_so_that_it_can_be_noted(served, citizen):
    note(served, "declined", LIBRARY, "refused")
    assert served.vault.log_head().chain[48:] in words_of(citizen.get("/activity"))


def test_the_list_is_deleted_after_a_question(served, citizen):
    """T263"""
    note(served, "declined", LIBRARY, "refused")
    assert "This cannot be undone" in words_of(citizen.get("/activity/delete"))
    assert len(served.vault.log()) == 1
    assert "Your activity is deleted" in citizen.done(citizen.post("/activity/delete", page="/"))
    assert [entry.action for entry in served.vault.log()] == ["log deleted"]
    assert lines(citizen.get("/activity")) == ["You deleted the log."]


@pytest.mark.parametrize(
    "damage", ["DELETE FROM records WHERE kind = 'log' AND id = '1'", "UPDATE records SET sealed = x'00'"]
)
def test_a_list_that_was_altered_is_not_shown_and_the_documents_stay(served, citizen, damage):
    """T215"""
    note(served, "declined", LIBRARY, "refused")
    note(served, "declined", LIBRARY, "refused")
    served.vault._connection.execute(damage)
    served.vault.write(put=[held("aa")])
    page = citizen.get("/activity")
    assert "Your activity is damaged" in words_of(page)
    assert lines(page) == []
    assert "Your activity cannot be read" in words_of(citizen.get("/cards/aa"))
    citizen.done(citizen.post("/activity/delete", page="/"))
    assert lines(citizen.get("/activity")) == ["You deleted the log."]


def test_an_empty_list_says_what_it_is_for(citizen):
    assert "it is written down here for you" in words_of(citizen.get("/activity"))


def test_what_was_logged_in_english_is_read_and_found_in_german(served, citizen):
    configuration = replace(PID, display=(*PID.display, Display("Carte", "fr"))).to_dict()
    card = held("card", configuration=encode_json(configuration).decode())
    served.vault.write(put=[card])
    note(served, "sharing", LIBRARY, "done", '["given_name"]')
    [entry] = served.vault.log()
    citizen.client.headers["accept-language"] = "de"
    for page in ("/activity", f"/activity/entry/{entry.number}", f"/cards/{card.id}"):
        words = words_of(citizen.get(page))
        assert "Personalausweis" in words, page
        assert "Personal ID" not in words, page
    found = citizen.post("/activity/find", page="/activity", search="personalausw")
    assert "Personalausweis" in words_of(citizen.get(found.headers["location"])).partition("gefunden")[2]
