"""What a verifier does with an answer stands in the log of its receipt: written in the transaction that does it."""

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from capabilities.usage_log.records import Told
from protocol.errors import NotFound
from protocol.jws import Jws
from protocol.sovereignty.usage import HOUR
from protocol.sovereignty.usage_report import News, UsageReport, UsageRequest
from tests.support.partners import both
from tests.support.receipts import RECEIPT, give_receipt, uses
from tests.support.shop import Shop
from tests.support.verifier import Counter, answers
from verifier.database.tables import usage_tables
from verifier.policy import MIN_KEEP
from verifier.service.partner_usage import Happened


@pytest.fixture
def answered(stored_counter, held):
    """A request of a program whose answer was accepted."""
    made = stored_counter.ask()
    stored_counter.receive(made, answers(stored_counter, made, held))
    give_receipt(stored_counter, made.id)
    return stored_counter, made


def test_a_program_that_reads_values_is_in_the_log_once_an_hour(answered):
    counter, made = answered
    for _ in range(3):
        assert counter.result(made).disclosed == {"pid": [{"family_name": "Mustermann"}]}
    assert [action for action, _ in uses(counter)] == ["received", "viewed"]
    assert uses(counter)[1] == ("viewed", "Programm, über die Schnittstelle")


def test_whoever_may_not_read_is_in_no_log(answered):
    counter, made = answered
    with pytest.raises(NotFound):
        counter.run(counter.verifier.answers.result(made.id, "somebody else"))
    with pytest.raises(NotFound):
        counter.run(counter.verifier.answers.result_for_browser(made.id, "another browser"))
    counter.clock.forward(MIN_KEEP)
    with pytest.raises(NotFound):
        counter.result(made)
    assert [action for action, _ in uses(counter)] == ["received"]


def test_a_value_is_not_read_where_its_entry_cannot_be_written(answered):
    counter, made = answered
    counter.store.database.write(lambda connection: connection.execute(text("DROP TABLE usage_entries")))
    with pytest.raises(DBAPIError):
        counter.result(made)


def test_our_page_is_in_the_log_when_it_shows_values_and_not_while_it_waits(counter, held):
    made = counter.ask(owner="", browser="browser")
    counter.receive(made, answers(counter, made, held))
    give_receipt(counter, made.id)
    service = counter.verifier.answers
    waiting = counter.run(service.state_for_browser(made.id, "browser"))
    assert (waiting.state, waiting.disclosed) == ("accepted", None)
    assert [action for action, _ in uses(counter)] == ["received"]
    assert counter.run(service.result_for_browser(made.id, "browser")).disclosed
    assert uses(counter)[1:] == [("viewed", "Seite des Prüfdienstes")]


def test_a_clerk_who_sees_values_at_a_counter_is_in_the_log(counter, held):
    shop = Shop(counter, held)
    shop.answer()
    [place] = shop.places()
    give_receipt(counter, place.request)
    counter.run(shop.boards.board(shop.record.id, shop.browser))
    assert [action for action, _ in uses(counter)] == ["received"]
    assert shop.attend().disclosed
    assert uses(counter)[1:] == [("viewed", "Schalter")]
    shop.next()
    assert uses(counter)[2:] == [("erased", "Prüfdienst, automatisch")]


def test_what_is_forgotten_is_erased_in_the_log_once(answered):
    """T261"""
    counter, made = answered
    for _ in range(2):
        counter.run(counter.verifier.requests.forget(made.id, counter.owner))
    assert [action for action, _ in uses(counter)] == ["received", "erased"]
    counter.clock.forward(MIN_KEEP + 1)
    counter.store.sweep(now=counter.clock.now, limit=100)
    assert [action for action, _ in uses(counter)] == ["received", "erased"]


def test_what_goes_after_its_time_is_erased_in_the_log(answered):
    """T261"""
    counter, _ = answered
    counter.clock.forward(MIN_KEEP)
    counter.store.sweep(now=counter.clock.now, limit=100)
    assert [action for action, _ in uses(counter)] == ["received"]
    counter.clock.forward(1)
    counter.store.sweep(now=counter.clock.now, limit=100)
    assert [action for action, _ in uses(counter)] == ["received", "erased"]


def test_an_answer_without_a_receipt_has_no_log(stored_counter, held):
    made = stored_counter.ask()
    stored_counter.receive(made, answers(stored_counter, made, held))
    assert stored_counter.result(made).disclosed
    stored_counter.run(stored_counter.verifier.requests.forget(made.id, stored_counter.owner))
    assert everything(stored_counter) == ""


def test_no_value_of_a_claim_stands_in_the_log(answered):
    counter, made = answered
    counter.result(made)
    counter.run(counter.verifier.requests.forget(made.id, counter.owner))
    kept = everything(counter)
    assert "family_name" in kept
    assert "Mustermann" not in kept


def test_the_citizen_reads_it_and_everybody_gets_the_head(answered):
    counter, made = answered
    counter.result(made)
    counter.clock.forward(HOUR)
    counter.run(counter.verifier.usage.append())
    token = counter.run(counter.verifier.usage.report(RECEIPT, UsageRequest()))
    report = UsageReport.from_fields(Jws.from_compact(token, "report").peek_claims("report"))
    assert [entry.blinded.entry.use.action.value for entry in report.entries] == ["received", "viewed"]
    assert all(entry.place is not None for entry in report.entries)
    head = counter.http("GET", "/cockpit/head?log=2027")
    claims = Jws.from_compact(head.text, "head").peek_claims("head")
    assert claims.integer("tree_size") == report.heads[0].tree.size
    assert counter.http("GET", "/cockpit/consistency?log=2027&from=0&to=64").json()["consistency"] == []


def test_a_receipt_of_which_nothing_came_yet_has_nothing_to_be_used(counter):
    news = News(counter.clock.now, both("Bewilligt", "Granted"))
    counter.store.usage.record([Told(RECEIPT, counter.clock.now + HOUR, news)])
    happened = Happened(counter.owner, {"action": "used", "by": "case system"}, RECEIPT)
    with pytest.raises(NotFound):
        counter.run(counter.verifier.partner_usage.log(happened))


def everything(counter: Counter) -> str:
    tables = (usage_tables.receipts, usage_tables.entries, usage_tables.news)
    with counter.store.database.reading() as connection:
        return "\n".join(str(tuple(row)) for table in tables for row in connection.execute(select(table)).all())
