"""Values in forms and cases stand for what their place in a document says."""

import pytest

from tests.support.services import SERVICE, described
from verifier.once_only.case import Draft
from verifier.once_only.filling import Attested, Content
from verifier.service.forms import OpenForm
from verifier.web.form_view import attested_groups, read_lines_of

COUNTRY = """
[[fields]]
name = "country"
title = { de = "Land", en = "Country" }
type = "string"
from = [{ document = "pid", path = ["address", "country"] }]

[outcome]"""


@pytest.fixture
def form():
    service = described(SERVICE.replace("\n[outcome]", COUNTRY))
    said = {
        "country": Attested("DE", "pid", "City office", 1),
        "family_name": Attested("DE", "pid", "City office", 1),
    }
    return OpenForm(service, Draft("ID", "child-benefit", 1, ""), Content(attested=said))


@pytest.mark.parametrize(("language", "called"), [("en", "Germany (DE)"), ("de", "Deutschland (DE)")])
def test_a_country_is_named_and_a_name_that_looks_like_one_is_not(form, language, called):
    [group] = attested_groups(form, language)
    assert {line.name: line.shown.lines[0].text for line in group.lines} == {"family_name": "DE", "country": called}
    sent = {line.shown.label: line.shown.lines[0].text for line in read_lines_of(form, language) if line.issuer}
    assert sorted(sent.values()) == ["DE", called]
