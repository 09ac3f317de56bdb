"""Who is told the result, and when: the browser that began, the program that asked, and nobody else."""

import pytest

from protocol.errors import InvalidRequest, NotFound
from tests.support.receipts import give_receipt
from tests.support.verifier import IDENTIFIER, answers, make_verifier
from verifier.session import Opened
from verifier.usage import By

PAGE = {"owner": "", "browser": "cookie of the browser that began"}


def on_page(counter, made, browser=PAGE["browser"]):
    return counter.run(counter.verifier.answers.result_for_browser(made.id, browser))


def collected(counter, code, browser=PAGE["browser"]):
    return counter.run(counter.verifier.answers.collect(code, browser))


def code_of(accepted):
    address, _, code = accepted.redirect_uri.partition("response_code=")
    return address, code


def test_a_request_is_told_step_by_step(counter, held):
    made = counter.ask()
    assert counter.result(made).state == "requested"
    assert counter.result(made).link == made.uri
    form = answers(counter, made, held)
    assert counter.result(made).state == "opened"
    counter.receive(made, form)
    assert (counter.result(made).state, counter.result(made).link) == ("accepted", "")


def test_across_devices_the_browser_that_began_sees_the_result(counter, held):
    """T183: and no other."""
    made = counter.ask(**PAGE)
    assert counter.receive(made, answers(counter, made, held)).redirect_uri is None
    assert on_page(counter, made).disclosed == {"pid": [{"family_name": "Mustermann"}]}
    for other in ("", "cookie of another browser"):
        with pytest.raises(NotFound):
            on_page(counter, made, other)


def test_on_the_same_device_the_result_waits_for_the_code(counter, held):
    """T183: the page that began shows nothing before the browser came back with the code."""
    made = counter.ask(**PAGE, same_device=True)
    address, code = code_of(counter.receive(made, answers(counter, made, held)))
    assert address == f"{IDENTIFIER}/result?"
    assert len(code) == 43
    before = on_page(counter, made)
    assert (before.state, before.verdict, before.disclosed) == ("answered", None, None)
    assert collected(counter, code) == made.id
    assert on_page(counter, made).disclosed == {"pid": [{"family_name": "Mustermann"}]}


@pytest.mark.parametrize("browser", ["", "cookie of another browser"])
def test_another_browser_gets_nothing_for_the_code(counter, held, browser):
    """T183: whoever was led to answer for somebody else ends here."""
    made = counter.ask(**PAGE, same_device=True)
    _, code = code_of(counter.receive(made, answers(counter, made, held)))
    with pytest.raises(NotFound):
        collected(counter, code, browser)
    assert on_page(counter, made).disclosed is None
    assert collected(counter, code) == made.id


def test_a_code_is_used_once(counter, held):
    """T183: missing, wrong and used look the same."""
    made = counter.ask(**PAGE, same_device=True)
    _, code = code_of(counter.receive(made, answers(counter, made, held)))
    collected(counter, code)
    for other in (code, code[:-1], "", "x" * 5000):
        with pytest.raises(NotFound) as refusal:
            collected(counter, other)
        assert refusal.value.description == "no such request"


def test_after_a_no_the_wallet_leads_back_too(counter):
    made = counter.ask(**PAGE, same_device=True)
    _, code = code_of(counter.receive(made, {"error": "access_denied"}))
    assert collected(counter, code) == made.id
    assert on_page(counter, made).state == "declined"
    with pytest.raises(NotFound):
        collected(counter, code)


def test_a_program_leads_people_back_to_a_page_of_its_own(counter, held):
    """T183: there the code comes along, and only with it the result is told."""
    made = counter.ask(same_device=True, redirect_uri="https://shop.example/back?basket=7")
    address, code = code_of(counter.receive(made, answers(counter, made, held)))
    assert address == "https://shop.example/back?basket=7&"
    waits = counter.result(made)
    assert (waits.state, waits.verdict, waits.disclosed) == ("answered", None, None)
    with pytest.raises(NotFound):
        counter.result(made, "wrong")
    assert counter.result(made, code).disclosed == {"pid": [{"family_name": "Mustermann"}]}


def test_a_program_without_a_page_thanks_people_on_ours(counter, held):
    made = counter.ask(same_device=True)
    _, code = code_of(counter.receive(made, answers(counter, made, held)))
    assert counter.result(made).state == "accepted"
    assert collected(counter, code, "any browser") == ""


def test_a_result_belongs_to_the_key_that_asked(counter, held):
    """T184, T237: other keys, our own page and guesses find nothing, in the same words."""
    made = counter.ask()
    counter.receive(made, answers(counter, made, held))
    for request_id, owner in ((made.id, "other"), (made.id, ""), ("guess", counter.owner), ("", counter.owner)):
        with pytest.raises(NotFound) as refusal:
            counter.run(counter.verifier.answers.result(request_id, owner))
        assert refusal.value.description == "no such request"
        with pytest.raises(NotFound) as refusal:
            counter.run(counter.verifier.requests.forget(request_id, owner))
        assert refusal.value.description == "no such request"
    with pytest.raises(NotFound):
        on_page(counter, made, "")
    assert counter.result(made).state == "accepted"


def test_what_a_page_asked_is_not_for_programs(counter, held):
    """T184: not even with the id."""
    made = counter.ask(**PAGE)
    with pytest.raises(NotFound):
        counter.result(made)


def test_a_forgotten_request_is_unknown(counter, held):
    """T261: its data is gone from the store, and its code leads nowhere."""
    made = counter.ask(same_device=True)
    form = answers(counter, made, held)
    _, code = code_of(counter.receive(made, form))
    forget = counter.verifier.requests.forget
    counter.run(forget(made.id, counter.owner))
    assert counter.stage(made).owner == counter.owner
    assert "disclosed" not in repr(counter.stage(made))
    with pytest.raises(NotFound):
        counter.result(made)
    with pytest.raises(NotFound):
        collected(counter, code)
    counter.run(forget(made.id, counter.owner))


def test_the_page_of_a_forgotten_request_says_so_while_it_waits(counter, held):
    made = counter.ask(**PAGE)
    counter.receive(made, answers(counter, made, held))
    counter.run(counter.verifier.requests.forget_in_browser(made.id, PAGE["browser"]))
    waiting = counter.run(counter.verifier.answers.state_for_browser(made.id, PAGE["browser"]))
    assert (waiting.state, waiting.disclosed) == ("forgotten", None)
    assert on_page(counter, made) == waiting


def test_an_answer_that_was_forgotten_meanwhile_is_not_read(counter, held):
    made = counter.ask()
    counter.receive(made, answers(counter, made, held))
    give_receipt(counter, made.id)
    found = counter.stage(made)
    counter.run(counter.verifier.requests.forget(made.id, counter.owner))
    with pytest.raises(NotFound):
        counter.run(counter.verifier.answers.look(found, By.PROGRAM))


def test_a_request_of_a_program_waits_to_its_end(counter):
    """Nobody renews its code, so nobody has to say that they are still there."""
    made = counter.ask()
    counter.clock.forward(counter.verifier.context.lifetimes.request - 1)
    assert counter.result(made).state == "requested"
    counter.clock.forward(1)
    assert counter.result(made).state == "expired"


def test_forgetting_before_the_answer_ends_the_request(counter, held):
    made = counter.ask()
    form = answers(counter, made, held)
    assert isinstance(counter.stage(made), Opened)
    counter.run(counter.verifier.requests.forget(made.id, counter.owner))
    with pytest.raises(InvalidRequest, match="belongs to no open request"):
        counter.receive(made, form)


def test_a_use_case_that_is_gone_does_not_loosen_an_open_question(tmp_path, agency, held):
    """What was asked under one rule is judged under that rule, also by a worker that knows the use case no longer."""
    url = f"sqlite:///{tmp_path}/v.db"
    strict = make_verifier(url, agency.anchors, use_cases=[STRICT])
    made = strict.ask()
    form = answers(strict, made, held)
    later = make_verifier(url, agency.anchors, use_cases=[], seed=8)
    with pytest.raises(InvalidRequest, match="trusted_issuer does not hold"):
        later.receive(made, form)
    strict.close()
    later.close()


STRICT = """
id = "family-name"
accepted_issuers = ["Another city"]
[title]
en = "T"
[purpose]
en = "P"
[query]
credentials = [
  { id = "pid", format = "dc+sd-jwt", meta = { vct_values = ["urn:eudi:pid:1"] }, claims = [{ path = ["family_name"] }] },
]
"""
