"""What was asked of partners stands in the timeline with every step, and a date that passes shows by itself."""

from dataclasses import replace

from protocol.sovereignty.due_dates import first_due
from protocol.sovereignty.rights import Right
from protocol.sovereignty.rights_status import RightsStatus, State, sign_rights_status
from tests.support.partners import AGENCY, both, known_partners
from tests.support.pki import DAY, NOW
from tests.wallet.disclosures import disclosure
from tests.wallet.policy.test_timeline import entry
from wallet.disclosure_records import KeptStatus, RightsAsked
from wallet.policy.cockpit.rights import Overdue
from wallet.policy.cockpit.timeline import Filter, Kind, Timelines

STATUS = RightsStatus("case-of-16-letters", "A" * 43, Right.ERASURE, State.RECEIVED, first_due(NOW), NOW + 1)


def kept(status):
    """A status as it came."""
    pki = known_partners()[AGENCY]
    raw = sign_rights_status(status, pki.signer, pki.x5c)
    return KeptStatus(raw, status.issued_at, "unknown")


def asked(*statuses):
    """A request to erase with what was said of it."""
    return RightsAsked("request-of-16-letters", "erasure", NOW, "a.b.c", "", NOW, NOW, tuple(map(kept, statuses)))


def timeline(now, *statuses, timelines=None):
    log, about = (entry(1, at=NOW - 1),), (disclosure(rights=(asked(*statuses),)),)
    return (timelines or Timelines()).of(log, about, now)


def kinds(found):
    return [item.kind for item in found.items if item.at >= NOW and item.kind is not Kind.GIVEN]


def test_each_step_stands_there_once():
    again = replace(STATUS, issued_at=NOW + 2)
    working = replace(STATUS, state=State.WORKING, issued_at=NOW + 3)
    found = timeline(NOW + 9, STATUS, again, working)
    assert kinds(found) == [Kind.RIGHTS] * 3
    assert [item.at for item in found.find(Filter(kind=Kind.RIGHTS))] == [NOW + 3, NOW + 1, NOW]


def test_a_date_that_passes_shows_by_itself():
    due, log, about = first_due(NOW), (entry(1, at=NOW - 1),), (disclosure(rights=(asked(STATUS),)),)
    timelines = Timelines()
    for now in (NOW + 2 * DAY, due):
        assert not any(isinstance(item.what, Overdue) for item in timelines.of(log, about, now).items)
    late = timelines.of(log, about, due + 1)
    [item] = [item for item in late.items if isinstance(item.what, Overdue)]
    assert (item.kind, item.at, item.what.due) == (Kind.WARNING, due + 1, due)


def test_what_has_ended_is_never_late_and_what_was_never_answered_neither():
    why = both("Weil.", "Because.")
    for statuses in ((STATUS, replace(STATUS, state=State.REFUSED, why=why, remedy=why, issued_at=NOW + 5)), ()):
        found = timeline(first_due(NOW) + 99 * DAY, *statuses)
        assert not any(isinstance(item.what, Overdue) for item in found.items)


def test_what_the_user_wrote_is_not_searched():
    found = timeline(NOW + 9, STATUS)
    assert all("a.b.c" not in item.text for item in found.items)
