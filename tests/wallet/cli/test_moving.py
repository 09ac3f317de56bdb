"""`export`, `import` and `again`: from one wallet to the next, at a terminal."""

import stat

import pytest

from protocol.encoding import encode_json
from protocol.passphrase_jwe import MIN_COUNT, encrypt_with_passphrase
from tests.support.pki import seeded
from tests.wallet.cli.machine import Machine
from tests.wallet.counterparts import PASSPHRASE, QUICK, World
from wallet.vault.vault import Vault

WORDS = "four words that fit well"


@pytest.fixture
def machines(tmp_path):
    """A wallet in which something happened, and the next one of the same person."""
    world = World(None)
    made = []
    for name in ("before", "after"):
        folder = tmp_path / name
        folder.mkdir()
        machine = Machine(folder, world, {"HOHEIT_ENV": "production"})
        Vault.create(machine.vault, PASSPHRASE, QUICK).close()
        made.append(machine)
    (tmp_path / "words").write_text(WORDS)
    before, after = made
    before.run("receive", world.agency.offer(), "--yes")
    before.run("present", world.partner.link(), "--yes")
    return before, after


def exported(machine, tmp_path):
    """The sealed file of a wallet."""
    file = tmp_path / "moving.jwe"
    machine.run("export", str(file), "--file-passphrase-file", str(tmp_path / "words"))
    return file


def test_a_wallet_is_moved(machines, tmp_path):
    before, after = machines
    file = exported(before, tmp_path)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "You saved your activity to a file." in before.run("log").stdout
    found = after.run("import", str(file), "--file-passphrase-file", str(tmp_path / "words"), keys="y")
    assert "2 lines of activity" in found.output
    assert "Personal ID from City of Köln: can be asked for again" in found.output
    log = after.run("log").stdout
    assert "In your earlier wallet: You showed Personal ID to City library." in log
    assert "given_name" in log
    assert "Personal ID" in after.run("again").stdout
    assert "already" in after.run("import", str(file), "--file-passphrase-file", str(tmp_path / "words")).stdout


def test_a_document_is_got_again_and_then_is_missing_no_more(machines, tmp_path):
    before, after = machines
    after.run("import", str(exported(before, tmp_path)), "--file-passphrase-file", str(tmp_path / "words"), "--yes")
    [awaited] = after.json("again")["awaited"]
    # The agency wants a login, and the user does not go through with it
    asked = after.run("again", awaited["id"][:6], keys="n", status=3)
    assert "City of Köln offers you something" in asked.output
    assert len(after.json("again")["awaited"]) == 1
    after.run("receive", after.world.agency.offer(), "--yes")
    assert after.json("again")["awaited"] == []
    assert "No document of an earlier wallet is missing here." in after.run("again").stdout


def test_what_is_not_wanted_is_taken_off_the_list(machines, tmp_path):
    before, after = machines
    after.run("import", str(exported(before, tmp_path)), "--file-passphrase-file", str(tmp_path / "words"), "--yes")
    [awaited] = after.json("again")["awaited"]
    after.run("again", awaited["id"], "--forget")
    assert after.json("again")["awaited"] == []
    after.run("again", awaited["id"], status=1)


@pytest.mark.parametrize(
    ("link", "said", "status"),
    [
        ("https://city.example/again", "You get it again on this page: https://city.example/again", 0),
        ("javascript:alert(1)", "did not say where this document comes from", 1),
        ("", "did not say where this document comes from", 1),
    ],
)
def test_where_another_kind_of_wallet_says_to_begin(machines, tmp_path, link, said, status):
    _, after = machines
    content = {
        "transactionLog": [],
        "listOfCredentials": [{"credentialIdentifier": "t", "format": "x", "supplyPointURL": link}],
    }
    file = tmp_path / "other.jwe"
    file.write_text(
        encrypt_with_passphrase(encode_json(content), WORDS, random_bytes=seeded(1), count=MIN_COUNT) + "\n"
    )
    after.run("import", str(file), "--file-passphrase-file", str(tmp_path / "words"), "--yes")
    [awaited] = after.json("again")["awaited"]
    assert said in after.run("again", awaited["id"], status=status).output


def test_saying_no_takes_over_nothing(machines, tmp_path):
    before, after = machines
    file = exported(before, tmp_path)
    after.run("import", str(file), "--file-passphrase-file", str(tmp_path / "words"), keys="n", status=3)
    assert after.json("log")["log"] == []


def test_a_wrong_passphrase_is_told_in_plain_words(machines, tmp_path):
    before, after = machines
    file = exported(before, tmp_path)
    (tmp_path / "wrong").write_text("four words that fit badly")
    refused = after.run("import", str(file), "--file-passphrase-file", str(tmp_path / "wrong"), status=1)
    assert "This passphrase does not open the file. Nothing was taken over." in refused.stderr
    assert after.json("log")["log"] == []


def test_the_passphrase_of_a_file_is_typed_unseen_and_twice(machines, tmp_path):
    before, after = machines
    file = tmp_path / "typed.jwe"
    typed = before.run("export", str(file), keys=f"{WORDS}\n{WORDS}\n")
    read = after.run("import", str(file), "--yes", keys=f"{WORDS}\n")
    assert WORDS not in typed.output + read.output


def test_nothing_is_written_over_and_nothing_half(machines, tmp_path):
    before, _ = machines
    file = exported(before, tmp_path)
    content = file.read_text()
    for readable in ((), ("--readable",)):
        before.run("export", str(file), "--file-passphrase-file", str(tmp_path / "words"), *readable, status=1)
    assert file.read_text() == content
    (tmp_path / "weak").write_text("aaaaaaaaaaaaaaaa")
    weak = tmp_path / "weak.jwe"
    refused = before.run("export", str(weak), "--file-passphrase-file", str(tmp_path / "weak"), status=1)
    assert "could guess this passphrase" in refused.stderr
    assert not weak.exists()


def test_the_page_is_readable_and_holds_no_value_and_no_key(machines, tmp_path):
    """T263"""
    before, _ = machines
    page = tmp_path / "page.html"
    before.run("export", str(page), "--readable", language="de")
    text = page.read_text()
    assert '<html lang="de">' in text
    assert "Meine Daten: Nachweise und Verlauf" in text
    assert "Sie haben Personalausweis" in text or "Personal ID" in text
    assert "Vorname" in text
    with Vault.open(before.vault, PASSPHRASE, now=before.world.now) as vault:
        secrets = [copy.key for one in vault.credentials() for copy in one.copies]
    assert [one for one in (*secrets, "Erika", "Mustermann", "51147") if one in text] == []
    assert "<script" not in text
    assert "http" not in text


def test_a_strangers_name_is_no_markup_on_the_page(machines, tmp_path):
    """T235"""
    _, after = machines
    nasty = "<script>alert(1)</script>"
    line = {
        "transactionIdentifier": "1", "time": "2025-07-29T09:11:20", "transactionType": "Presentation",
        "transactionResult": "Completed", "interactingPartyName": nasty,
        "listOfClaimsPresented": [{"credentialIdentifier": nasty, "claims": [nasty]}],
    }  # fmt: skip
    file = tmp_path / "nasty.jwe"
    file.write_text(encrypt_with_passphrase(encode_json([line]), WORDS, random_bytes=seeded(1), count=MIN_COUNT))
    after.run("import", str(file), "--file-passphrase-file", str(tmp_path / "words"), "--yes")
    page = tmp_path / "nasty.html"
    after.run("export", str(page), "--readable")
    assert "<script" not in page.read_text()
    assert "&lt;script&gt;" in page.read_text()


def test_a_file_that_is_none_is_refused(machines, tmp_path):
    _, after = machines
    file = tmp_path / "none"
    file.write_text("hello")
    after.run("import", str(file), "--file-passphrase-file", str(tmp_path / "words"), status=1)
    after.run("import", str(tmp_path / "missing"), "--file-passphrase-file", str(tmp_path / "words"), status=1)
