"""What comes by a mandate into a case that is there already."""

from dataclasses import replace

import pytest

from protocol.errors import NotFound
from verifier.once_only.case import Case, Erased
from verifier.once_only.mandated import Renewed, renewed

CASE = Case("case", "card", sent_at=10, keep_until=90, content="sealed", shown="request", restricted=True)
NEW = Renewed("receipt", replace(CASE, sent_at=20, content="sealed anew", restricted=False), notify=False)


def test_it_takes_the_place_of_what_was_there_and_a_restriction_stays():
    assert renewed(CASE, NEW).next == replace(NEW.case, restricted=True)


@pytest.mark.parametrize("there", [replace(CASE, id="another"), Erased("case")])
def test_another_case_or_none_is_left_as_it_is(there):
    with pytest.raises(NotFound):
        renewed(there, NEW)
