"""What waits for an answer is answered once, whatever is clicked how often."""

import pytest

from protocol.errors import InvalidRequest
from tests.support.pki import NOW, seeded
from wallet.web.shelf import LIFETIME, MAX_THINGS, AtWork, Gone, Shelf, StillAtWork


class Clock:
    now = NOW


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def shelf(clock):
    return Shelf(lambda: clock.now, seeded(1))


def test_a_thing_is_taken_once_and_only_as_what_it_is(shelf):
    number = shelf.put("offer")
    with pytest.raises(Gone):
        shelf.take(number, int)
    assert shelf.take(number, str) == "offer"
    with pytest.raises(Gone):
        shelf.take(number, str)


@pytest.mark.parametrize("later", [LIFETIME, -1])
def test_a_thing_is_not_there_for_ever(shelf, clock, later):
    number = shelf.put("offer")
    clock.now += later
    with pytest.raises(Gone):
        shelf.look(number, str)
    with pytest.raises(Gone):
        shelf.find(str, lambda _: True)


def test_a_full_shelf_loses_the_oldest(shelf):
    first = shelf.put("first")
    numbers = [shelf.put(str(i)) for i in range(MAX_THINGS)]
    with pytest.raises(Gone):
        shelf.look(first, str)
    assert [shelf.look(number, str) for number in numbers] == [str(i) for i in range(MAX_THINGS)]
    shelf.replace(numbers[-1], "again")
    assert shelf.look(numbers[0], str) == "0"


def test_a_second_click_finds_it_at_work_and_is_led_to_what_becomes_of_it(shelf):
    number = shelf.put("offer")
    with shelf.answering(number, str, "/here") as thing:
        assert thing == "offer"
        with pytest.raises(StillAtWork) as told:
            shelf.take(number, str)
        assert told.value.page == "/here"
        shelf.replace(number, 7)
    assert shelf.look(number, int) == 7


def test_what_could_not_be_answered_lies_there_again(shelf):
    number = shelf.put("offer")
    with pytest.raises(InvalidRequest), shelf.answering(number, str, "/here"):
        raise InvalidRequest("no")
    assert shelf.look(number, str) == "offer"


def test_what_is_answered_and_done_with_is_gone(shelf):
    number = shelf.put("offer")
    with shelf.answering(number, str, "/here"):
        assert shelf.find(AtWork, lambda thing: thing.page == "/here") == number
    with pytest.raises(Gone):
        shelf.look(number, object)


def test_nothing_stays_at_work_for_ever_even_if_we_stumble(shelf):
    number = shelf.put("offer")
    with pytest.raises(ZeroDivisionError), shelf.answering(number, str, "/here"):
        raise ZeroDivisionError
    with pytest.raises(Gone):
        shelf.look(number, object)
