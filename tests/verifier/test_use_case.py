"""Use cases as files."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import Malformed, ProtocolError
from tests.support.cases import cases
from tests.support.tree import ROOT
from tests.support.verifier import QUERY
from verifier.policy import MAX_OFFLINE_STATUS, MIN_KEEP, kept_for
from verifier.use_case import UseCase, distinct, read_question, read_use_cases

SHIPPED = ROOT / "verifier" / "use_cases"
GOOD = """
id = "a"
[title]
de = "T"
en = "Title"
[purpose]
de = "P"
[query]
credentials = [{ id = "c", format = "dc+sd-jwt", meta = { vct_values = ["urn:x"] }, claims = [{ path = ["a", "*", 0] }] }]
"""


def test_what_ships_can_be_asked_in_both_languages():
    shipped = read_use_cases(SHIPPED)
    assert set(shipped) == {"driving-licence", "library-sign-up", "medicine", "over-18"}
    for use_case in shipped.values():
        assert {language for language, _ in use_case.title} == {"de", "en"}
        assert {language for language, _ in use_case.purpose} == {"de", "en"}
        in_german, in_english = use_case.asks_in("de"), use_case.asks_in("en")
        assert len(in_german) == len(use_case.query.credentials) == len(use_case.names)
        for german, english, (_, names) in zip(in_german, in_english, use_case.names, strict=True):
            assert german.name != english.name
            assert len(names.labels) == len(german.data)
            assert all(a.label != b.label for a, b in zip(german.data, english.data, strict=True))


def test_over_18_is_answered_with_yes_or_not_at_all():
    query = read_use_cases(SHIPPED)["over-18"].query
    assert [(claim.path, claim.values) for asked in query.credentials for claim in asked.claims] == [
        (("age_equal_or_over", "18"), (True,)),
        (("eu.europa.ec.eudi.pid.1", "age_over_18"), (True,)),
    ]
    assert [one.options for one in query.credential_sets] == [(("pid",), ("pid-mdoc",))]


@pytest.mark.parametrize("name", ["over-18", "medicine"])
def test_both_forms_of_the_identity_card_are_one_question_to_people(name):
    asked = read_use_cases(SHIPPED)[name].asks_in("en")
    assert {document.id for document in asked} == {"pid", "pid-mdoc"}
    [one] = distinct(asked)
    assert (one.name, len(one.data), one.instead_of) == ("Identity card", 1, frozenset())


def test_the_driving_licence_has_words_for_what_may_be_driven():
    [licence] = read_use_cases(SHIPPED)["driving-licence"].asks_in("de")
    parts = {data.path[-1]: dict(data.parts) for data in licence.data}
    assert parts["driving_privileges"]["vehicle_category_code"] == "Klasse"
    assert parts["family_name"] == {}


def test_defaults_are_the_careful_ones():
    use_case = UseCase.from_toml(GOOD, "a.toml")
    assert use_case.accepted_issuers == frozenset()
    assert use_case.max_status_age == 86_400
    assert use_case.offline_status_age == 0
    assert kept_for(use_case.keep) == MIN_KEEP
    assert kept_for(10 * MIN_KEEP) == 10 * MIN_KEEP


def test_a_star_in_a_path_stands_for_every_element():
    [asked] = UseCase.from_toml(GOOD, "a.toml").query.credentials
    assert asked.claims[0].path == ("a", None, 0)


def test_how_old_a_status_may_be_without_a_network_has_an_end():
    """T070: an operator cannot switch off that documents are taken back."""
    line = "offline_status_age_seconds = {}\n"
    assert UseCase.from_toml(line.format(14_400) + GOOD, "a.toml").offline_status_age == 14_400
    with pytest.raises(Malformed) as refusal:
        UseCase.from_toml(line.format(MAX_OFFLINE_STATUS + 1) + GOOD, "a.toml")
    assert refusal.value.at == "a.toml.offline_status_age_seconds"


def test_a_status_that_must_be_fresh_is_not_the_default():
    assert UseCase.from_toml("max_status_age_seconds = 0\n" + GOOD, "a.toml").max_status_age == 0


def test_accepted_issuers_are_names():
    assert UseCase.from_toml('accepted_issuers = ["City"]\n' + GOOD, "a.toml").accepted_issuers == {"City"}


def test_a_text_in_another_language_is_the_first_one():
    use_case = UseCase.from_toml(GOOD, "a.toml")
    assert (use_case.title_in("en"), use_case.title_in("fr"), use_case.purpose_in("en")) == ("Title", "T", "P")


SEVERAL = """
id = "several"
[title]
en = "T"
[purpose]
en = "P"
[query]
credentials = [
  { id = "one", format = "dc+sd-jwt", meta = { vct_values = ["urn:x"] }, claims = [
    { id = "a", path = ["a_name", "*", 0] }, { id = "b", path = ["b"] },
  ], claim_sets = [["a", "b"], ["a"]] },
  { id = "two", format = "dc+sd-jwt", meta = { vct_values = ["urn:y"] } },
]
credential_sets = [{ options = [["one"]] }, { options = [["two"]], required = false }]
[asks.one]
name = { en = "Card" }
data = [{ path = ["b"], label = { en = "B", de = "Be" } }]
"""


def test_what_is_asked_is_told_by_document_and_by_what_is_needed():
    one, two = UseCase.from_toml(SEVERAL, "a.toml").asks_in("de")
    assert (one.id, one.name, one.needed, two.id, two.name, two.needed, two.data) == (
        "one", "Card", True, "two", "", False, ()
    )  # fmt: skip
    assert [(data.label, data.needed) for data in one.data] == [("a name: 1", True), ("Be", False)]
    assert one.data[0].path == ("a_name", None, 0)


CHOICE = """
id = "choice"
[title]
en = "T"
[purpose]
en = "P"
[query]
credentials = [
  { id = "a", format = "dc+sd-jwt", meta = { vct_values = ["urn:a"] } },
  { id = "b", format = "dc+sd-jwt", meta = { vct_values = ["urn:b"] } },
  { id = "c", format = "dc+sd-jwt", meta = { vct_values = ["urn:c"] } },
  { id = "d", format = "dc+sd-jwt", meta = { vct_values = ["urn:d"] } },
]
credential_sets = [{ options = [["a", "b"], ["c"]] }, { options = [["d"]] }]
[asks.a]
name = { en = "Card" }
[asks.b]
name = { en = "Card" }
[asks.c]
name = { en = "Card" }
[asks.d]
name = { en = "Card" }
"""


def test_what_will_do_in_place_of_another_says_so_and_is_one_question_where_it_looks_the_same():
    a, b, c, d = UseCase.from_toml(CHOICE, "a.toml").asks_in("en")
    assert [sorted(one.instead_of) for one in (a, b, c, d)] == [["c"], ["c"], ["a", "b"], []]
    # Both of one option are asked, however alike they are; so is what is in another set
    assert [document.id for document in distinct((a, b, c, d))] == ["a", "b", "d"]
    other = UseCase.from_toml(CHOICE.replace('[asks.c]\nname = { en = "Card" }', ""), "a.toml").asks_in("en")
    shown = distinct(other)
    assert [(document.id, sorted(document.instead_of)) for document in shown] == [
        ("a", []), ("b", []), ("c", ["a", "b"]), ("d", []),
    ]  # fmt: skip


def test_without_sets_everything_is_needed():
    [asked] = UseCase.from_toml(GOOD, "a.toml").asks_in("en")
    assert asked.needed
    assert all(data.needed for data in asked.data)


@cases("verifier/use_case.json", "refuse")
def test_a_wrong_file_is_refused_by_name(case):
    with pytest.raises(Malformed) as refusal:
        UseCase.from_toml(case["toml"] if "toml" in case else GOOD.replace(case["replace"], case["by"]), "a.toml")
    assert case["says"] in refusal.value.description
    assert refusal.value.description.startswith("a.toml")


def test_a_folder_has_every_id_once(tmp_path):
    (tmp_path / "one.toml").write_text(GOOD)
    assert set(read_use_cases(tmp_path)) == {"a"}
    (tmp_path / "two.toml").write_text(GOOD)
    with pytest.raises(Malformed, match=r"two\.toml: has the id of another use case"):
        read_use_cases(tmp_path)


@pytest.mark.parametrize("content", [b"\xff", b"# " + b"x" * 300_000])
def test_a_file_that_is_no_text_is_refused(tmp_path, content):
    (tmp_path / "one.toml").write_bytes(content)
    with pytest.raises(Malformed, match=r"one\.toml"):
        read_use_cases(tmp_path)


def test_a_folder_that_is_not_there_is_a_mistake(tmp_path):
    with pytest.raises(Malformed, match="is no folder"):
        read_use_cases(tmp_path / "absent")


@cases("verifier/use_case.json", "questions")
def test_what_nobody_could_ever_answer_is_not_asked(case):
    """T197, T204: a question is refused before anybody sees it."""
    query = {"credentials": [{**QUERY["credentials"][0], **case["members"]}]}
    with pytest.raises(ProtocolError, match=case["says"]):
        read_question(query, "dcql_query")


@given(
    st.text(max_size=200) | st.from_regex(r'(id|title|query|purpose) = ("a"|\{\}|\[1\]|2026-01-01)\n', fullmatch=True)
)
def test_no_file_leaves_the_error_family(text):
    with pytest.raises(ProtocolError):
        UseCase.from_toml(text, "a.toml")


def test_an_element_without_a_label_is_called_without_its_namespace(tmp_path):
    text = GOOD.replace(
        'format = "dc+sd-jwt", meta = { vct_values = ["urn:x"] }', 'format = "mso_mdoc", meta = { doctype_value = "d" }'
    )
    (tmp_path / "one.toml").write_text(text.replace('["a", "*", 0]', '["org.x.1", "family_name"]'))
    [document] = read_use_cases(tmp_path)["a"].asks_in("en")
    assert [data.label for data in document.data] == ["Family name"]
