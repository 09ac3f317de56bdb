"""What data that a receipt names are called at the desk."""

from verifier.receipt_names import data_name
from verifier.use_case import UseCase

DOCTYPE = "org.example.library"
CARD = """
id = "{id}"
[title]
en = "Title"
[purpose]
en = "Purpose"
[[query.credentials]]
id = "card"
format = "dc+sd-jwt"
meta = {{ vct_values = ["urn:x"] }}
claims = [{{ path = ["number"] }}]
[[query.credentials]]
id = "plastic"
format = "mso_mdoc"
meta = {{ doctype_value = "org.example.library" }}
claims = [{{ path = ["org.example", "number"] }}]
[asks.card]
name = {{ en = "Card" }}
data = [{{ path = ["number"], label = {{ de = "{german}", en = "Reader" }} }}]
[asks.plastic]
name = {{ en = "Card" }}
data = [{{ path = ["org.example", "number"], label = {{ en = "Printed number" }} }}]
"""


def question(id_="a", german="Leser"):
    return UseCase.from_toml(CARD.format(id=id_, german=german), "a.toml")


def test_a_use_case_has_the_first_word():
    assert data_name([question()], "card", ("number",), "de") == "Leser"
    assert data_name([question(), question("b")], "card", ("number",), "en") == "Reader"


def test_in_person_the_kind_of_a_document_leads_to_the_question():
    assert data_name([question()], DOCTYPE, ("org.example", "number"), "en") == "Printed number"


def test_what_two_use_cases_call_otherwise_or_none_knows_is_called_as_usual():
    both = [question(), question("b", "Nummer")]
    assert data_name(both, "card", ("number",), "de") == "number"
    assert data_name(both, "card", ("birthdate",), "de") == "Geburtsdatum"
    # The same path of another document is something else
    assert data_name(both, "other", ("number",), "en") == "number"
