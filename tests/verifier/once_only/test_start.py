"""An answer that a wallet began goes to the browser which comes back from it, once, and to no other."""

from dataclasses import replace

import pytest

from protocol.errors import NotFound
from runtime.conversation import SessionKey
from tests.verifier.test_session import ANSWERED, CODE, DECLINED, FORGOTTEN, OPENED
from verifier.once_only.start import adopt, began_at_wallet

BACK = "https://library.example/services/child-benefit"


def begun(stage, **changes):
    """The same, begun by a wallet at the address of the service."""
    begun_by_it = {"owner": "", "browser": "", "redirect_uri": BACK, **changes}
    return replace(stage, asked=replace(stage.asked, **begun_by_it))


SHOWN = begun(ANSWERED)
END = ANSWERED.keep_until


def test_whoever_comes_back_with_the_code_gets_the_answer_and_the_code_is_spent():
    change = adopt(SHOWN, CODE, "browser", BACK, now=END - 1)
    assert change.next == replace(SHOWN, asked=replace(SHOWN.asked, browser="browser"), collected=True)
    assert change.drop == (CODE,)


def test_whoever_declined_comes_back_too():
    declined = begun(DECLINED)
    change = adopt(declined, CODE, "browser", BACK, now=END)
    assert change.next == replace(declined, asked=replace(declined.asked, browser="browser"))
    assert change.drop == (CODE,)


@pytest.mark.parametrize(
    "stage",
    [
        OPENED,
        FORGOTTEN,
        ANSWERED,
        begun(ANSWERED, browser="bb"),
        begun(ANSWERED, owner="aa"),
        begun(ANSWERED, redirect_uri="https://library.example/another"),
        begun(OPENED),
    ],
    ids=["open", "gone", "a program", "a browser", "an owner", "another page", "not answered"],
)
def test_what_was_begun_in_another_way_goes_to_nobody(stage):
    """T183"""
    assert not began_at_wallet(stage, BACK)
    with pytest.raises(NotFound):
        adopt(stage, SessionKey("response_code", "cc"), "browser", BACK, now=END - 1)


def test_after_its_time_an_answer_goes_to_nobody():
    with pytest.raises(NotFound):
        adopt(SHOWN, CODE, "browser", BACK, now=END)
