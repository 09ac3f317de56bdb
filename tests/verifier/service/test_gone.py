"""That data are gone is said when it is true: not while the partner's own systems have them and may keep them for longer."""

import pytest

from protocol.sovereignty.usage import Action
from tests.support.pki import DAY, NOW
from tests.support.receipts import log_with
from tests.verifier.citizen import Citizen, library
from verifier.mirror import reflect
from verifier.policy import MIN_KEEP
from verifier.service.partner_usage import Happened
from verifier.usage import By, Gone


@pytest.fixture
def answered(stored_library, held):
    """An answer to a library that keeps what it learns for 30 days in its own systems, and for ten minutes here."""
    made = stored_library.ask()
    citizen = Citizen(stored_library, made, held)
    return stored_library, made, citizen.judge(citizen.answer()["receipt"]).receipt.id


@pytest.fixture
def stored_library(database_url, agency):
    made = library(database_url, agency.anchors)
    yield made
    made.close()


def log_of(answered):
    counter, _, receipt = answered
    return [str(entry.members["action"]) for entry in counter.store.usage.entries(receipt, after=-1, limit=100)]


def after(answered, seconds):
    counter, _, _ = answered
    counter.clock.forward(seconds)
    counter.store.sweep(now=counter.clock.now, limit=100)
    return log_of(answered)


def say_erased(answered):
    """The partner's own system erased its copy."""
    counter, _, receipt = answered
    use = {"action": "erased", "by": "register of members"}
    counter.run(counter.verifier.partner_usage.log(Happened(counter.owner, use, receipt_id=receipt)))


def test_what_no_program_read_is_gone_when_it_goes_here(answered):
    assert after(answered, MIN_KEEP + 1) == ["received", "erased"]


def test_what_a_program_read_is_gone_when_the_partner_says_so(answered):
    """T261"""
    counter, made, _ = answered
    assert counter.result(made).disclosed
    assert after(answered, MIN_KEEP + 1) == ["received", "viewed"]
    counter.clock.forward(20 * DAY)
    say_erased(answered)
    assert log_of(answered) == ["received", "viewed", "erased"]


def test_what_the_partner_erased_before_is_gone_when_it_goes_here(answered):
    counter, made, _ = answered
    assert counter.result(made).disclosed
    say_erased(answered)
    assert after(answered, MIN_KEEP + 1) == ["received", "viewed", "erased", "erased"]


def test_when_the_time_is_over_that_was_promised_it_is_gone(answered):
    counter, made, _ = answered
    assert counter.result(made).disclosed
    assert after(answered, 30 * DAY) == ["received", "viewed", "erased"]


@pytest.mark.parametrize(("reads", "actions"), [(False, ["received", "erased"]), (True, ["received", "viewed"])])
def test_to_be_forgotten_here_is_to_be_gone_if_nobody_else_has_it(answered, reads, actions):
    counter, made, _ = answered
    if reads:
        counter.result(made)
    counter.run(counter.verifier.requests.forget(made.id, counter.owner))
    assert log_of(answered) == actions
    assert after(answered, MIN_KEEP + 1) == actions


LOGGED = log_with(until=NOW + 365 * DAY, language="en")
CAME, LOOKED = (LOGGED.use(action, by, now=NOW)[0].use for action, by in (
    (Action.RECEIVED, By.SERVICE), (Action.VIEWED, By.COUNTER),
))  # fmt: skip
[READ] = [used.use for used in LOGGED.use(Action.VIEWED, By.PROGRAM, now=NOW)]
[ERASED] = [used.use for used in LOGGED.use(Action.ERASED, By.PROGRAM, now=NOW)]


@pytest.mark.parametrize(
    ("past", "until", "is_gone"),
    [
        ((CAME, LOOKED), None, True),
        ((CAME, READ), None, False),
        ((CAME, READ), NOW + 1, False),
        ((CAME, READ), NOW, True),
        ((CAME, READ), 0, True),
        ((CAME, READ, ERASED), None, True),
        ((CAME, READ, ERASED, READ), None, False),
    ],
)
def test_who_has_data_and_until_when_decides_what_is_said(past, until, is_gone):
    said = [used.use.action for used in Gone(LOGGED, until, NOW).uses(past)]
    assert said == ([Action.ERASED] if is_gone else [])


def test_what_only_the_partner_s_own_systems_have_is_counted_there_and_not_here(answered):
    counter, made, _ = answered
    counter.result(made)

    def held():
        [purpose] = reflect(counter.store.receipt_pasts, now=counter.clock.now).purposes
        return purpose.here, purpose.elsewhere

    assert held() == (1, 1)
    after(answered, MIN_KEEP + 1)
    assert held() == (0, 1)
    say_erased(answered)
    assert held() == (0, 0)
