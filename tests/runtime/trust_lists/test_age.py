"""How old the lists of whom to trust are: for whoever goes on with them while no network is there."""

import pytest

from protocol.trust.anchors import Role
from runtime.anchors import AnchorFolder, write_anchor
from runtime.trust_lists.standing import ListsAge
from tests.runtime.trust_lists.publishing import (
    AGENCY,
    OURS,
    PLATFORM,
    ROOT,
    SCHOOL,
    SECTOR,
    THEIRS,
    Clock,
    pids,
    refresh,
    root,
    trusted,
)
from tests.support.pki import DAY, NOW


def test_a_folder_without_lists_has_no_age(tmp_path):
    write_anchor(tmp_path, "agency.pem", AGENCY.root.pem, role=Role.ISSUER, name="Agency")
    assert AnchorFolder(tmp_path, Clock()).lists_age() is None


def test_before_a_list_came_it_is_missing(followed):
    assert followed.lists_age() == ListsAge(0, 0, 1)


def test_the_age_is_that_of_the_oldest_list_and_the_end_that_of_the_first(followed, published):
    published.publish(ROOT, root(1, OURS, THEIRS))
    published.publish(SECTOR, pids(1, SCHOOL, issued_at=NOW - DAY, next_update=NOW + 100), PLATFORM)
    refresh(followed, published)
    assert followed.lists_age() == ListsAge(NOW - DAY, NOW + 100, 0)


@pytest.mark.parametrize("restarted", [False, True])
def test_without_a_network_the_lists_count_until_they_end_and_are_missed_then(
    folder, followed, published, clock, restarted
):
    """T090: also after a restart, and to the second."""
    refresh(followed, published)
    published.away = "example"
    if restarted:
        elapsed = iter(range(10_000))
        followed = AnchorFolder(folder, clock, elapsed=lambda: float(next(elapsed)))
    ends = pids().next_update
    clock.now = ends - 1
    refresh(followed, published)
    assert trusted(followed.current(), AGENCY)
    assert followed.lists_age() == ListsAge(pids().issued_at, ends, 0)
    clock.now = ends
    refresh(followed, published)
    assert not trusted(followed.current(), AGENCY)
    assert followed.lists_age().missing >= 1
