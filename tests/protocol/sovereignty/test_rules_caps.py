"""The caps of rules, catalogue and journeys are those that the pages name, so that others can keep them too."""

import pytest

from protocol.sovereignty import (
    catalogue,
    eligibility,
    form,
    holdings,
    journey,
    published,
    route,
    rules,
    service,
    signing,
    wording,
)
from tests.support.tree import ROOT


@pytest.mark.parametrize(
    ("page", "cap", "named"),
    [
        ("rules", rules.MAX_NODES, "At most 200 nodes"),
        ("rules", rules.MAX_DEPTH, "and 8 levels"),
        ("rules", rules.MAX_SOURCES, "1 to 16 places"),
        ("rules", rules.MAX_VALUES, "1 to 256 of them"),
        ("rules", rules.MAX_AGE, "0 to 150"),
        ("rules", rules.MAX_VALUE, "at most 1 024 characters"),
        ("rules", holdings.MAX_STEPS, "more than 2 000 steps"),
        ("rules", eligibility.MAX_ASSIGNMENTS, "More than 1 000 assignments"),
        ("rules", eligibility.MAX_COMPARED, "more than 100 000 values"),
        ("rules", route.MAX_STOPS, "more than 128 stops"),
        ("rules", route.MAX_TRIED, "more than 2 000 tries"),
        ("rules", journey.MAX_GOALS, "1 to 64 goals"),
        ("rules", journey.MAX_DONE, "at most 256 done"),
        ("rules", journey.MAX_ANSWERS, "1 000 answers"),
        ("catalogue", published.MAX_PUBLISHED // 1024 // 1024, "at most 16 MiB"),
        ("catalogue", catalogue.MAX_SERVICES, "at most 10 000"),
        ("catalogue", signing.MAX_AHEAD, "at most 300 s"),
        ("catalogue", service.MAX_ID, "1 to 128 of"),
        ("catalogue", service.MAX_NAME, "at most 1 024 characters"),
        ("catalogue", service.MAX_GIVEN, "at most 32:"),
        ("catalogue", wording.MAX_LANGUAGES, "1 to 32 languages"),
        ("catalogue", wording.MAX_TEXT, "1 to 2 000 characters"),
        ("catalogue", form.MAX_FIELDS, "`properties`, 1 to 64"),
        ("catalogue", form.MAX_CHOICES, "`enum`: 1 to 256 values"),
        ("catalogue", form.MAX_CHOICE, "1 to 256 characters"),
        ("catalogue", form.MAX_ANSWER, "at most 10 000\ncharacters"),
    ],
)
def test_a_cap_is_what_its_page_says(page, cap, named):
    text = (ROOT / "docs" / "sovereignty" / f"{page}.md").read_text()
    assert named in text
    assert f"{cap:,}".replace(",", " ") in named
