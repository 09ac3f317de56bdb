"""What the user decides about the wallet itself."""

import pytest

from runtime.anchors import read_anchors
from tests.wallet.counterparts import PASSPHRASE
from tests.wallet.web.visitor import words_of

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
