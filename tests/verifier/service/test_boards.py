"""What the page of a counter shows: whose answer, to whom, and for how long; and the number by which people are told apart."""

import pytest

from protocol.errors import NotFound
from tests.support.pki import make_pki
from tests.support.shop import Shop
from tests.support.verifier import (
    CLAIMS,
    HOST,
    USE_CASE,
    answer_link,
    issue_held,
    make_verifier,
    wallet_drive,
)
from verifier.counter import (
    NUMBERS,
    REQUEST_SECONDS,
    SHOWN_SECONDS,
    UNSEEN_SECONDS,
)

KEPT = USE_CASE.replace("[title]", "keep_seconds = 300\n[title]", 1).replace("family-name", "kept-name")


@pytest.fixture
def shop(counter, held):
    return Shop(counter, held)


def test_the_clerk_sees_the_number_that_the_person_sees(shop):
    number, _ = shop.answer()
    board = shop.attend()
    assert (board.shown.number, board.shown.verdict.accepted) == (number, True)
    assert board.disclosed == {"pid": [{"family_name": "Mustermann"}]}
    assert number in NUMBERS


def test_of_two_who_wait_nobody_is_shown_before_the_clerk_says_whose_is_wanted(shop, agency):
    one, _ = shop.answer()
    shop.clock.forward(1)
    other, _ = shop.answer(issue_held(agency, {**CLAIMS, "family_name": "Schmidt"}))
    assert one != other
    board = shop.attend()
    assert (board.shown, board.disclosed) == (None, None)
    assert [found.number for found in board.waiting] == [one, other]
    # Whoever is gone meanwhile is no mistake, and brings nobody else
    shop.choose(next(number for number in NUMBERS if number not in (one, other)))
    assert shop.attend() == board
    shop.choose(other)
    board = shop.attend()
    assert board.shown.number == other
    assert board.disclosed == {"pid": [{"family_name": "Schmidt"}]}
    shop.next()
    assert shop.attend().shown.number == one


def test_what_is_shown_stays_when_somebody_else_answers(shop):
    one, _ = shop.answer()
    shop.attend()
    other, _ = shop.answer()
    shop.choose(other)
    board = shop.attend()
    assert (board.shown.number, [found.number for found in board.waiting]) == (one, [other])
    # Nor does its time run
    assert board.waiting[0].shown_at == 0
    shop.choose(next(number for number in NUMBERS if number not in (one, other)))
    assert shop.attend() == board


def test_who_is_still_deciding_is_counted_and_not_named(shop):
    shop.scan()
    board = shop.attend()
    assert (board.deciding, board.shown, board.waiting) == (1, None, ())
    shop.clock.forward(REQUEST_SECONDS)
    assert shop.attend().deciding == 0


def test_who_was_refused_has_a_number_too(shop):
    """The wallet is not told the verdict: it is between the person and the clerk."""
    number, _ = shop.answer(issue_held(make_pki(), CLAIMS))
    board = shop.attend()
    assert (board.shown.number, board.shown.verdict.accepted, board.disclosed) == (number, False, None)


def test_who_says_no_has_a_number_too(shop):
    request = shop.scan()
    reference = request.response_uri.rpartition("/")[2]
    form = {"error": "access_denied", "state": request.state}
    accepted = shop.counter.run(shop.counter.verifier.answers.receive(reference, form))
    code = accepted.redirect_uri.partition("=")[2]
    board = shop.attend()
    assert board.shown.number == shop.counter.run(shop.boards.number(code)).number
    assert (board.shown.verdict, board.disclosed) == (None, None)
    shop.clock.forward(SHOWN_SECONDS)
    assert shop.attend().shown is None


def test_an_answer_that_was_shown_is_erased_after_half_a_minute(shop):
    """T261, T184."""
    _, code = shop.answer()
    shown = shop.attend().shown
    shop.clock.forward(SHOWN_SECONDS - 1)
    assert shop.attend().shown == shown
    shop.clock.forward(1)
    assert shop.attend().shown is None
    assert shop.places() == ()
    with pytest.raises(NotFound):
        shop.counter.run(shop.boards.number(code))
    shop.counter.store.sweep(now=shop.clock.now + 1, limit=100)
    with pytest.raises(NotFound):
        shop.stage(shown.request)


def test_an_answer_that_nobody_looks_at_is_erased_too(shop):
    """T261."""
    shop.answer()
    shop.clock.forward(UNSEEN_SECONDS - 1)
    assert len(shop.board().waiting) == 1
    shop.clock.forward(1)
    assert shop.board().waiting == ()


def test_looking_again_does_not_make_an_answer_stay(shop):
    shop.answer()
    for _ in range(SHOWN_SECONDS):
        assert shop.attend().shown is not None
        shop.clock.forward(1)
    assert shop.attend().shown is None


def test_the_clerk_who_goes_on_erases(shop):
    """T261."""
    _, code = shop.answer()
    request = shop.attend().shown.request
    shop.next()
    assert shop.stage(request).__class__.__name__ == "Forgotten"
    assert (shop.attend().shown, shop.places()) == (None, ())
    with pytest.raises(NotFound):
        shop.counter.run(shop.boards.number(code))


def test_a_use_case_may_show_an_answer_longer(tmp_path, agency, held):
    counter = make_verifier(f"sqlite:///{tmp_path}/v.db", agency.anchors, use_cases=[KEPT])
    shop = Shop(counter, held, "kept-name")
    shop.answer()
    shop.attend()
    shop.clock.forward(299)
    assert shop.attend().shown is not None
    shop.clock.forward(1)
    assert shop.attend().shown is None
    counter.close()


def test_no_program_gets_what_was_found(shop):
    """The answer is for the page of the counter alone (T184)."""
    shop.answer()
    request = shop.attend().shown.request
    for owner in (shop.counter.owner, "command line"):
        with pytest.raises(NotFound):
            shop.counter.run(shop.counter.verifier.answers.result(request, owner))
    with pytest.raises(NotFound):
        shop.counter.run(shop.counter.verifier.answers.result_for_browser(request, shop.browser))


def test_the_code_of_the_number_leads_to_nothing_else(shop):
    """T183: it is no response code that hands out an answer, and it stays good for whoever loads the page again."""
    number, code = shop.answer()
    with pytest.raises(NotFound):
        shop.counter.run(shop.counter.verifier.answers.collect(code, shop.browser))
    assert shop.counter.run(shop.boards.number(code)).number == number
    with pytest.raises(NotFound):
        shop.counter.run(shop.boards.number(code + "x"))


def test_a_number_of_another_kind_of_request_is_none(shop, held):
    """A response code of a program's question is none of a counter's."""
    counter = shop.counter
    made = counter.ask(same_device=True)
    delivery = wallet_drive(
        answer_link(made.uri, held, anchors=counter.wallet_anchors, now=counter.clock.now), {HOST: counter.app}
    )
    with pytest.raises(NotFound):
        counter.run(shop.boards.number(delivery.redirect_uri.rpartition("=")[2]))


@pytest.mark.parametrize("who", ["nobody", "another counter's", "a guess"])
def test_no_other_browser_sees_anything(shop, who):
    """T183, T237."""
    other = Shop(shop.counter, shop.held)
    browser = {"nobody": "", "another counter's": other.browser, "a guess": shop.browser[:-1] + "_"}[who]
    shop.answer()
    for exchange in (
        shop.boards.board(shop.id, browser),
        shop.boards.attend(shop.id, browser),
        shop.boards.choose(shop.id, browser, 10),
        shop.boards.next(shop.id, browser, "x"),
    ):
        with pytest.raises(NotFound, match="no such counter"):
            shop.counter.run(exchange)
    assert shop.attend().shown is not None


def test_another_counter_erases_nothing_here(shop):
    other = Shop(shop.counter, shop.held)
    shop.answer()
    request = shop.attend().shown.request
    shop.counter.run(other.boards.next(other.id, other.browser, request))
    assert shop.attend().shown is not None
