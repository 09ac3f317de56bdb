"""What clerks write into forms about requests, and whom the log names as having got the data."""

from datetime import UTC, datetime

import pytest

from capabilities.cockpit.clerks import day_of, read_until, read_why, who_got_it
from capabilities.cockpit.rights_case import RightsCase
from protocol.errors import Malformed
from protocol.sovereignty.due_dates import first_due, last_due
from protocol.sovereignty.rights import Right
from protocol.sovereignty.rights_status import RightsStatus, State
from protocol.sovereignty.usage import Action, Addressee, Use
from protocol.trust.localized import Localized
from tests.support.partners import both
from tests.support.pki import NOW

STATUS = RightsStatus("i" * 22, "A" * 43, Right.ACCESS, State.WORKING, due=first_due(NOW), issued_at=NOW)
CASE = RightsCase("i" * 22, "r" * 22, "j" * 22, "", NOW, last_due(NOW), STATUS)
BANK, SCHOOL = Addressee("Bank", "LEIXG-1"), Addressee("School", "LEIXG-2")


def use(action, to):
    return Use(NOW, action, {"card": ()}, "clerk", both("Grund", "Reason"), to)


def test_a_day_is_read_to_its_end_and_the_last_one_to_the_last_moment():
    assert (
        datetime.fromtimestamp(read_until({"until": "2027-02-01"}, CASE), UTC).isoformat()
        == "2027-02-01T23:59:59+00:00"
    )
    assert read_until({"until": day_of(last_due(NOW)).isoformat()}, CASE) == last_due(NOW)


@pytest.mark.parametrize("form", [{}, {"until": ""}, {"until": "soon"}, {"until": "2027-02-30"}], ids=str)
def test_what_is_no_day_is_refused(form):
    with pytest.raises(Malformed, match=r"form\.until"):
        read_until(form, CASE)


def test_words_are_plain_and_there_are_some():
    assert read_why({"why": " It is so.\r\nReally. "}, "en") == (Localized("en", "It is so.\nReally."),)
    with pytest.raises(Malformed):
        read_why({}, "en")


def test_whoever_got_the_data_and_was_not_told_since_is_told():
    told, sent = Action.RECIPIENT_TOLD, Action.FORWARDED
    assert who_got_it([use(sent, BANK), use(sent, SCHOOL), use(told, BANK)]) == ((BANK, SCHOOL), (SCHOOL,))
    assert who_got_it([use(sent, BANK), use(told, BANK), use(sent, BANK)]) == ((BANK,), (BANK,))
    assert who_got_it([use(told, BANK), use(Action.VIEWED, None)]) == ((), ())
