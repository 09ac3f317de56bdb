"""Type metadata: what a type and its claims are called, in the user's language."""

import pytest

from tests.protocol.sdjwt.type_documents import document, merged

LABELS = merged(
    document(
        display=[{"locale": "en-US", "name": "Pass"}, {"locale": "de-AT", "name": "Ausweis"}],
        claims=[
            {"path": ["degrees", None, "type"], "display": [{"locale": "en", "label": "Any"}]},
            {"path": ["degrees", 0, "type"], "display": [{"locale": "en", "label": "First"}]},
            {"path": ["degrees", 2, "type"]},
            {"path": ["shelf", "row"], "display": [{"locale": "en", "label": "Row"}]},
            {"path": ["plain"]},
            {
                "path": ["name"],
                "display": [
                    {"locale": "en", "label": "Name"},
                    {"locale": "de", "label": "Name (de)"},
                    {"locale": "de-CH", "label": "Name (ch)"},
                ],
            },
        ],
    )
)


@pytest.mark.parametrize(
    ("language", "label"),
    [
        ("en", "Name"),
        ("en-GB", "Name"),
        ("de", "Name (de)"),
        ("de-ch", "Name (ch)"),
        ("de-AT", "Name (de)"),
        ("fr", "Name"),
    ],
)
def test_a_claim_is_called_by_its_name_in_ones_language(language, label):
    assert LABELS.label(("name",), language) == label


def test_a_type_is_called_by_its_name_in_ones_language():
    assert [LABELS.name(language) for language in ("de", "en", "fr")] == ["Ausweis", "Pass", "Pass"]


@pytest.mark.parametrize(
    ("path", "label"),
    [
        (("degrees", 0, "type"), "First"),
        (("degrees", 1, "type"), "Any"),
        (("degrees", 2, "type"), "Any"),
        (("degrees", "x", "type"), None),
        (("shelf", "row"), "Row"),
        (("shelf", 0), None),
        (("degrees",), None),
        (("degrees", 1), None),
        (("plain",), None),
        (("unknown",), None),
    ],
)
def test_the_most_precise_path_names_a_claim(path, label):
    assert LABELS.label(path, "en") == label
