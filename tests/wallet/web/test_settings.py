"""What the user decides about the wallet itself."""

import pytest

from runtime.anchors import read_anchors
from tests.support.pki import DAY, NOW
from tests.wallet.counterparts import PASSPHRASE
from tests.wallet.web.visitor import words_of
from wallet.policy.showing import PartyShown
from wallet.service.context import entry_of

NEW = "other words for this one"


def change(citizen, old=PASSPHRASE, new=NEW, again=NEW, **more):
    """Ask for another passphrase."""
    return citizen.post("/settings/passphrase", page="/settings", old=old, new=new, again=again, **more)


def test_a_passphrase_is_changed_by_who_knows_the_old_one(served, citizen):
    assert "Your passphrase is changed" in citizen.done(change(citizen))
    citizen.post("/lock", page="/")
    assert citizen.unlock().status_code == 401
    assert citizen.unlock(NEW).status_code == 303


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"old": "not the old one"}, "The old passphrase is not right."),
        ({"again": NEW + "!"}, "two different new passphrases"),
        ({"new": "short", "again": "short"}, "at least 8 characters"),
        ({"new": "ten letter", "again": "ten letter"}, "is short"),
        ({"new": "qwertzuiopasdfghjkl", "again": "qwertzuiopasdfghjkl"}, "easy to guess"),
        ({"old": "not the old one", "new": "ten letter", "again": "ten letter", "weak": "yes"}, "is not right"),
    ],
)
def test_a_passphrase_that_is_not_good_changes_nothing(served, citizen, changes, said):
    answer = change(citizen, **changes)
    assert said in words_of(answer)
    assert "Nothing was changed" in words_of(answer)
    citizen.post("/lock", page="/")
    assert citizen.unlock().status_code == 303


def test_an_unattended_wallet_is_no_place_to_guess_the_passphrase(served, citizen):
    """T217, T232"""
    for _ in range(3):
        change(citizen, old="wrong passphrase!")
    assert "try again in 2 seconds" in words_of(change(citizen))
    assert "try again in 2 seconds" in words_of(served.visitor().unlock())
    served.world.now += 2
    assert change(citizen).status_code == 303


def test_a_damaged_list_is_not_made_to_look_whole(served, citizen):
    """T215"""
    citizen.done(citizen.post("/activity/delete", page="/"))
    served.vault._connection.execute("UPDATE records SET sealed = x'00' WHERE kind = 'log'")
    assert "Your activity is damaged" in words_of(change(citizen))
    assert citizen.get("/settings").status_code == 200


def test_the_user_sees_whom_they_trust(served, citizen):
    page = words_of(citizen.get("/settings"))
    assert "The ministry may give you documents, or say who may" in page
    assert "The register may say who it is that asks you for data" in page
    for anchor in read_anchors(served.settings.anchors_folder).anchors:
        assert anchor.name in page


def test_a_list_of_trust_that_cannot_be_read_is_told(served, citizen):
    (served.settings.anchors_folder / "anchors.toml").write_text("no list = [")
    answer = citizen.get("/settings")
    assert answer.status_code == 200
    assert "cannot be read" in words_of(answer)


def test_the_time_until_it_locks_itself_is_told(citizen):
    assert "If you do nothing for 5 minutes, your wallet locks itself." in words_of(citizen.get("/settings"))


def test_how_long_the_activity_is_kept_is_for_its_owner_to_say(served, citizen):
    party = PartyShown("City library", "library.example", "x509_hash:library", "The register")
    for at in (NOW - 800 * DAY, NOW - 400 * DAY, NOW):
        served.vault.write(note=entry_of(at, "declined", party, "refused"))
    page = words_of(citizen.get("/settings"))
    assert "How long your activity is kept" in page
    assert "1 year (2 lines go now)" in page
    assert "2 years (1 line goes now)" in page
    assert "5 years 10 years" in page
    assert "checked" in citizen.get("/settings").text.partition('name="years" value="0"')[2][:10]
    assert len(served.vault.log()) == 3
    assert "Your choice is kept" in citizen.done(citizen.post("/settings/keep", page="/settings", years="2"))
    assert [one.at for one in served.vault.log()] == [NOW - 400 * DAY, NOW]
    assert "checked" in citizen.get("/settings").text.partition('name="years" value="2"')[2][:10]
    assert "You deleted 1 of them." in words_of(citizen.get("/activity"))


@pytest.mark.parametrize("years", ["", "3", "-1", "1e3", "٢", "9" * 5000])
def test_a_time_that_nobody_offered_changes_nothing(served, citizen, years):
    assert citizen.post("/settings/keep", page="/settings", years=years).status_code == 400
    assert served.vault.preferences() is None


def test_of_a_damaged_list_nothing_goes(served, citizen):
    """T215"""
    party = PartyShown("City library", "library.example", "x509_hash:library", "The register")
    served.vault.write(note=entry_of(NOW - 800 * DAY, "declined", party, "refused"))
    token = citizen.token("/settings")
    served.vault._connection.execute("UPDATE records SET sealed = x'00' WHERE kind = 'log'")
    assert "Your activity is damaged. Please look at it first." in words_of(citizen.get("/settings"))
    answer = citizen.client.post("/settings/keep", data={"form_token": token, "years": "1"})
    assert answer.status_code == 409
