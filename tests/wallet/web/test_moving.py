"""From one wallet to the next, in a browser."""

import re
from urllib.parse import urlsplit

import pytest

from protocol.encoding import encode_json
from protocol.passphrase_jwe import (
    MAX_TOKEN,
    MIN_COUNT,
    PassphraseJwe,
    decrypt_with_passphrase,
    encrypt_with_passphrase,
)
from tests.support.pki import seeded
from tests.wallet.web.visitor import Served, words_of
from wallet.web import moving

WORDS = "four words that fit well"
PAGE = "/settings/moving"


def got(served):
    """A document and a showing, by hand."""
    opened = served.wallet()
    receiving = opened.wallet.receiving
    seen = opened.run(receiving.look(served.world.agency.offer()))
    arrived = opened.run(receiving.fetch(opened.run(receiving.take(seen)), seen.contact))
    opened.run(receiving.keep(arrived))
    asked = opened.run(opened.wallet.presenting.look(served.world.partner.link()))
    opened.run(opened.wallet.presenting.share(asked, asked.default_choice()))


def saved(citizen, path="file", **form):
    """The file that a citizen saves."""
    answer = citizen.post(f"{PAGE}/{path}", page=PAGE, **form)
    ready = answer.headers["location"]
    assert "Your file is ready" in words_of(citizen.get(ready))
    return citizen.get(f"{ready}/download")


def sealed_by(citizen):
    """The sealed one, as it comes."""
    return saved(citizen, new=WORDS, again=WORDS).content


def bring(citizen, file, words=WORDS):
    """Choose a file."""
    form = {"form_token": citizen.token(PAGE), "passphrase": words}
    files = {"file": ("wallet.jwe", file)} if file is not None else {"other": ("x", b"x")}
    return citizen.client.post(f"{PAGE}/import", data=form, files=files)


def other(content):
    """A file of a wallet of another kind."""
    return encrypt_with_passphrase(encode_json(content), WORDS, random_bytes=seeded(1), count=MIN_COUNT).encode()


@pytest.fixture
def following(tmp_path, served):
    """The next wallet of the same person, and the browser that opened it."""
    wallet = Served(tmp_path / "next", world=served.world)
    wallet.create()
    visitor = wallet.visitor()
    visitor.unlock()
    yield wallet, visitor
    wallet.door.close()


def test_the_settings_lead_there(citizen):
    assert f'href="{PAGE}"' in citizen.get("/settings").text
    assert "Your documents themselves stay on this device" in words_of(citizen.get(PAGE))


def test_a_wallet_is_moved(served, citizen, following):
    got(served)
    after, visitor = following
    found = bring(visitor, sealed_by(citizen))
    place = found.headers["location"]
    looked = words_of(visitor.get(place))
    assert "2 new lines." in looked
    assert "Personal ID" in looked
    assert after.vault.log() == ()
    taken = visitor.done(visitor.post(place, page=place))
    assert "2 lines are now part of your activity." in taken
    assert "In your earlier wallet: You showed Personal ID to City library." in words_of(visitor.get("/activity"))
    # A second click takes nothing over twice
    assert visitor.post(place, page=PAGE).status_code == 404
    again = bring(visitor, sealed_by(citizen))
    assert "You saved your activity to a file." in words_of(citizen.get("/activity"))
    assert "1 new line." in words_of(visitor.get(again.headers["location"]))


def test_a_document_is_got_again_from_the_page_of_documents(served, citizen, following):
    got(served)
    after, visitor = following
    place = bring(visitor, sealed_by(citizen)).headers["location"]
    visitor.post(place, page=place)
    page = visitor.get("/")
    assert "From your earlier wallet" in words_of(page)
    assert "You have no documents yet" not in words_of(page)
    [awaited] = after.vault.awaited()
    offered = visitor.post("/add", page="/", link=awaited.link, same_device="yes")
    assert urlsplit(offered.headers["location"]).path.startswith("/receive/")
    assert "City of Köln" in words_of(visitor.get(offered.headers["location"]))
    assert "taken off the list" in visitor.done(visitor.post(f"/awaited/{awaited.id}/forget", page="/"))
    assert "From your earlier wallet" not in words_of(visitor.get("/"))
    assert visitor.post(f"/awaited/{awaited.id}/forget", page="/").status_code == 404


@pytest.mark.parametrize(
    ("link", "there", "not_there"),
    [
        ("https://city.example/again", 'href="https://city.example/again" rel="noreferrer"', "<none>"),
        ("javascript:alert(1)", "did not say where it comes from", "javascript:"),
        ('"><script>', "did not say where it comes from", "<script>"),
        ("", "did not say where it comes from", "Get it again"),
    ],
    ids=["page", "script", "markup", "nothing"],
)
def test_a_link_of_another_wallet_is_no_more_than_a_link(citizen, link, there, not_there):
    """T235"""
    content = {
        "transactionLog": [],
        "listOfCredentials": [{"credentialIdentifier": "t", "format": "x", "supplyPointURL": link}],
    }
    place = bring(citizen, other(content)).headers["location"]
    citizen.post(place, page=place)
    page = citizen.get("/").text.partition("<main")[2]
    assert there in page
    assert not_there not in page


def test_a_line_of_an_earlier_wallet_says_so_on_its_own_page(served, citizen, following):
    got(served)
    after, visitor = following
    place = bring(visitor, sealed_by(citizen)).headers["location"]
    visitor.post(place, page=place)
    number = next(one.number for one in after.vault.log() if one.action == "sharing")
    assert "Your earlier wallet wrote this line." in words_of(visitor.get(f"/activity/entry/{number}"))
    assert visitor.get("/activity/with/" + str(number)).status_code == 200


@pytest.mark.parametrize(
    ("new", "again", "said"),
    [
        (WORDS, WORDS + "!", "two different passphrases"),
        ("short", "short", "at least 8 characters"),
        ("aaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaa", "easy to guess"),
    ],
)
def test_a_passphrase_that_is_not_good_saves_nothing(served, citizen, new, again, said):
    answer = citizen.post(f"{PAGE}/file", page=PAGE, new=new, again=again)
    assert answer.status_code == 400
    assert said in words_of(answer)
    assert "Nothing was saved." in words_of(answer)
    assert served.vault.log() == ()


@pytest.mark.parametrize(
    ("file", "words", "said"),
    [
        (None, WORDS, "choose the file first"),
        (b"hello", WORDS, "cannot be read"),
        (other({"transactionLog": 7}), WORDS, "cannot be read"),
        (other([]), "four words that fit badly", "does not open the file"),
        (other([]), "", "does not open the file"),
    ],
    ids=["none", "hello", "shape", "passphrase", "no passphrase"],
)
def test_a_file_that_brings_nothing_is_told_in_plain_words(served, citizen, file, words, said):
    answer = bring(citizen, file, words)
    assert answer.status_code == 400
    assert said in words_of(answer)
    assert "Nothing was taken over." in words_of(answer)
    assert served.vault.log() == ()


def test_a_file_that_is_too_large_is_not_read_to_its_end(citizen, monkeypatch):
    """T013"""
    assert MAX_TOKEN >= 1 << 20
    monkeypatch.setattr(moving, "MAX_TOKEN", 1000)
    answer = bring(citizen, b"x" * 40_000)
    assert answer.status_code == 413
    assert "too large" in words_of(answer)


def test_a_form_of_another_site_brings_in_nothing(served, citizen):
    """T233"""
    refused = citizen.client.post(f"{PAGE}/import", data={"passphrase": WORDS}, files={"file": ("x", other([]))})
    assert refused.status_code == 403
    for path in ("file", "page", "found/1"):
        assert citizen.client.post(f"{PAGE}/{path}", data={"new": WORDS, "again": WORDS}).status_code == 403
    assert served.vault.log() == ()


def test_the_page_that_can_be_read_is_a_file_of_its_own(served, citizen):
    """T263"""
    got(served)
    page = saved(citizen, "page")
    assert page.headers["content-disposition"] == 'attachment; filename="my-data.html"'
    assert page.headers["cache-control"] == "no-store"
    assert "You showed Personal ID to City library." in page.text
    assert "Given name" in page.text
    assert "Erika" not in page.text
    assert served.vault.log()[-1].action == "exported"


def test_the_sealed_file_is_sealed_by_the_passphrase_that_was_typed(served, citizen):
    got(served)
    content = decrypt_with_passphrase(PassphraseJwe.from_compact(sealed_by(citizen).decode()), WORDS)
    assert re.search(b'"transactionType":"Presentation"', content)


def test_what_waits_to_be_saved_is_gone_when_the_wallet_is_locked(served, citizen):
    ready = citizen.post(f"{PAGE}/file", page=PAGE, new=WORDS, again=WORDS).headers["location"]
    citizen.post("/lock", page="/")
    assert citizen.get(f"{ready}/download").status_code == 303
    citizen.unlock()
    assert citizen.get(f"{ready}/download").status_code == 404


def test_a_damaged_activity_is_neither_saved_nor_added_to(served, citizen):
    """T215"""
    got(served)
    file = other([])
    token = citizen.token(PAGE)
    served.vault._connection.execute("UPDATE records SET sealed = x'00' WHERE kind = 'log'")
    for path, more in (("file", {"new": WORDS, "again": WORDS}), ("page", {})):
        answer = citizen.client.post(f"{PAGE}/{path}", data={"form_token": token, **more})
        assert (answer.status_code, "damaged" in words_of(answer)) == (409, True)
    form = {"form_token": token, "passphrase": WORDS}
    answer = citizen.client.post(f"{PAGE}/import", data=form, files={"file": ("x", file)})
    assert answer.status_code == 409
