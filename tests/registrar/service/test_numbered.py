"""What is published under numbers: made anew when what it says changed or half its time is over, and at no other time."""

import pytest

from registrar.service.numbered import Draft, Numbered
from runtime.conversation import Event
from tests.support.pki import NOW

LIFETIME = 100


class Paper:
    """Something to publish, which counts how often it was drafted."""

    def __init__(self, office):
        self.office = office
        self.basis = "a"
        self.drafted = 0
        self.workers = [Numbered(office.registrar.context), Numbered(office.registrar.context)]

    def draft(self):
        self.drafted += 1
        basis = self.basis
        return Draft(basis, lambda number, issued_at, ends: f"{basis} {number} {issued_at - NOW} {ends - NOW}")

    def now(self, worker=0, version=None):
        return self.workers[worker].current("paper", LIFETIME, self.draft, version).content

    def happened(self):
        """Let something be noted, whatever it is."""
        self.office.store.note(Event("anything", "somebody", "test", ""))


@pytest.fixture
def paper(office):
    return Paper(office)


def test_what_nobody_changed_is_made_once(paper):
    assert [paper.now() for _ in range(3)] == ["a 1 0 100"] * 3
    assert paper.drafted == 1


def test_after_anything_that_happened_it_is_looked_whether_it_says_something_else(paper):
    paper.now()
    paper.happened()
    assert (paper.now(), paper.drafted) == ("a 1 0 100", 2)
    paper.basis = "b"
    paper.happened()
    assert paper.now() == "b 2 0 100"


def test_it_is_renewed_in_the_middle_of_its_time(paper):
    paper.now()
    paper.office.clock.move(LIFETIME // 2 - 1)
    assert paper.now() == "a 1 0 100"
    paper.office.clock.move(1)
    assert paper.now() == "a 2 50 150"


def test_a_worker_serves_what_another_published_meanwhile(paper):
    """T088: its own was good for it still."""
    paper.now()
    paper.office.clock.move(LIFETIME // 2)
    assert paper.now(worker=1) == "a 2 50 150"
    paper.office.clock.move(-1)
    assert paper.now() == "a 2 50 150"


def test_what_does_not_hang_on_events_says_itself_when_it_changes(paper):
    version = [0]
    paper.now(version=lambda: version[0])
    paper.basis = "b"
    paper.happened()
    assert paper.now(version=lambda: version[0]) == "a 1 0 100"
    version[0] += 1
    assert paper.now(version=lambda: version[0]) == "b 2 0 100"


def test_times_never_run_back_where_two_clocks_differ(paper):
    """T088"""
    paper.now()
    paper.office.clock.move(-10)
    paper.basis = "b"
    paper.happened()
    assert paper.now() == "b 2 0 100"


def test_whoever_was_first_is_followed_where_they_knew_as_much_and_not_where_they_knew_less(paper):
    """Another worker publishes while this one drafts: the one text stands under the number, and ours comes under the next."""
    drafting, paper.basis = paper.draft, "b"

    def overtaken():
        paper.draft, paper.basis = drafting, "a"
        paper.now(worker=1)
        paper.basis = "b"
        return drafting()

    paper.draft = overtaken
    assert paper.now() == "b 2 0 100"
    assert paper.office.store.number("paper") == 2
