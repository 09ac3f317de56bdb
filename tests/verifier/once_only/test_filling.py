"""Filling in: for every subset of what is shown, what is attested is not asked, and what is not attested is."""

from itertools import chain, combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.encoding import JsonObject
from protocol.errors import InvalidRequest, Malformed, TooLarge
from tests.support.services import IBAN, OTHER, SERVICE, described
from tests.support.tree import ROOT
from verifier.once_only.description import read_services
from verifier.once_only.filling import Content, Shown, as_typed, asked, carry_over, complete, fill, read_typed, take
from verifier.once_only.sent import Basis, Sent, sent_lines

FOLDERS = sorted({file.parent for file in ROOT.glob("hoheit/demo/**/services/**/*.toml")})
SERVICES = [described(), described(OTHER, "allowance")] + [
    service for folder in FOLDERS for service in read_services(folder).values()
]


def subsets(items):
    items = list(items)
    return chain.from_iterable(combinations(items, count) for count in range(len(items) + 1))


def claims_for(service, document):
    """A document of this kind that has everything which a field comes from."""
    claims: JsonObject = {}
    for field in service.fields:
        for source in field.documents:
            if source.document == document:
                _put(claims, source.path, f"{document} {field.name}")
    return claims


def _put(holder, path, value):
    step, rest = path[0], path[1:]
    if not rest:
        holder.setdefault(step, value)
    elif rest[0] is None:
        inner: JsonObject = {}
        if rest[1:]:
            _put(inner, rest[1:], value)
        holder.setdefault(step, [inner or value])
    else:
        _put(holder.setdefault(step, {}), rest, value)


def shown(disclosed):
    return Shown({id_: [claims] for id_, claims in disclosed.items()}, dict.fromkeys(disclosed, ("Office",)), {}, 100)


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.id)
def test_what_is_attested_is_never_asked_again(service):
    """The test of sovereignty §5: each service, and each subset of the documents that it takes."""
    for documents in subsets(document.id for document in service.documents):
        content = take(service, Content(), shown({id_: claims_for(service, id_) for id_ in documents}))
        answerable = {f.name for f in service.fields if any(source.document in documents for source in f.documents)}
        open_ = {field.name for field in asked(service, content)}
        assert set(content.attested) == answerable
        assert open_ == {field.name for field in service.fields} - answerable
        for name in answerable:
            with pytest.raises(InvalidRequest):
                fill(service, content, {name: "another"})


@given(typed=st.dictionaries(st.sampled_from(["child_name", "iban", "children", "speaks"]), st.text(max_size=60)))
def test_whatever_is_typed_changes_nothing_that_is_attested(typed):
    service = described()
    content = take(service, Content(), shown({"pid": {"family_name": "Mustermann"}}))
    filled = fill(service, content, {name: text for name, text in typed.items() if text})
    assert filled.content.attested == content.attested
    assert set(filled.content.stated) | set(filled.problems) >= {n for n, text in typed.items() if text.strip()}
    kept = Content.from_bytes(filled.content.sealable())
    assert kept == filled.content


@pytest.mark.parametrize("form", [{"family_name": "Forged"}, {"attested": "x"}, {"remark-iban": "x"}, {"remark-": "x"}])
def test_a_form_with_forged_fields_is_refused_whole(form):
    """attested is what a document says, and no form is read for it."""
    service = described()
    content = take(service, Content(), shown({"pid": {"family_name": "Mustermann"}}))
    with pytest.raises(InvalidRequest):
        fill(service, content, {"iban": IBAN, **form})


def test_the_first_document_that_was_shown_counts():
    content = take(described(), Content(), shown({"passport": {"family_name": "Pass"}, "pid": {"family_name": "Card"}}))
    assert (content.attested["family_name"].value, content.attested["family_name"].document) == ("Card", "pid")


@pytest.mark.parametrize("nothing", [None, "", [], {}])
def test_a_claim_that_says_nothing_answers_nothing(nothing):
    content = take(described(), Content(), shown({"pid": {"family_name": nothing}}))
    assert not content.attested


def test_another_presentation_replaces_the_one_before_and_what_was_typed_in_its_place():
    service = described()
    content = fill(service, Content(), {"family_name": "Typed", "child_name": "Mia", "iban": IBAN}).content
    content = take(service, content, shown({"pid": {"family_name": "Card"}}))
    assert content.stated == {"child_name": "Mia", "iban": IBAN}
    content = take(service, content, shown({"birth": {"given_name": "Mia"}}))
    assert set(content.attested) == {"child_name"}
    assert not complete(service, content)


def test_an_earlier_answer_is_taken_over_and_may_be_changed():
    service = described(OTHER, "allowance")
    content = carry_over(service, Content(), {("child-benefit", "iban"): IBAN})
    assert (content.stated, content.earlier) == ({"account": IBAN}, {"account": "child-benefit"})
    [line] = sent_lines(service, content)
    assert line.basis is Basis.EARLIER
    assert fill(service, content, {"account": IBAN}).content.earlier == {"account": "child-benefit"}
    assert fill(service, content, {"account": "DE00"}).content.earlier == {}


@pytest.mark.parametrize(
    ("name", "typed", "value"),
    [("children", "3", 3), ("children", "+3", 3), ("speaks", "en", "en"), ("iban", f"  {IBAN}  ", IBAN)],
)
def test_what_is_typed_becomes_what_was_asked_for(name, typed, value):
    assert fill(described(), Content(), {name: typed}).content.stated[name] == value


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("children", "0"),
        ("children", "21"),
        ("children", "1e1"),
        ("children", "nan"),
        ("children", "1.5"),
        ("children", "٣"),
        ("children", "9" * 5000),
        ("speaks", "fr"),
        ("iban", "x" * 35),
        ("iban", "short"),
    ],
)
def test_what_is_not_what_was_asked_for_is_not_kept(name, typed):
    filled = fill(described(), Content(), {name: typed})
    assert filled.problems[name] == "wrong"
    assert name not in filled.content.stated


def test_more_than_we_keep_is_refused():
    """T224."""
    text = SERVICE.replace("maxLength = 100", "maxLength = 10000")
    service = described(text)
    content = take(service, Content(), shown({"pid": {"family_name": "M" * 600_000}}))
    with pytest.raises(TooLarge):
        content.sealable()


def test_what_was_sent_reads_back_with_its_words():
    service = described()
    content = take(service, Content(), shown({"pid": {"family_name": "Mustermann"}}))
    content = fill(
        service, content, {"child_name": "Mia", "iban": IBAN, "speaks": "en", "remark-family_name": "No"}
    ).content
    lines = sent_lines(service, content)
    assert Sent.from_bytes(Sent(lines).to_bytes()) == Sent(lines)
    assert [(line.name, line.basis) for line in lines] == [
        ("family_name", Basis.ATTESTED),
        ("child_name", Basis.STATED),
        ("iban", Basis.STATED),
        ("speaks", Basis.STATED),
    ]
    assert lines[0].remark == "No"
    assert {text.language: text.text for text in lines[3].choice}["en"] == "English"


def question(text):
    """A question with these lines in the file of its service."""
    field = f'\n[[fields]]\nname = "more"\ntitle = {{ en = "More" }}\n{text}\noptional = true\n'
    return described(SERVICE + field).fields[-1].question


def test_what_is_left_empty_is_missing_where_it_is_needed_and_else_no_answer():
    filled = fill(described(), Content(), {"iban": "  ", "children": "", "speaks": ""})
    assert filled.problems == {"family_name": "missing", "child_name": "missing", "iban": "missing"}
    assert filled.content.stated == {}
    free = described(SERVICE.replace("minLength = 15\n", ""))
    assert fill(free, Content(), {"iban": " "}).problems["iban"] == "missing"


def test_an_earlier_answer_takes_the_place_of_nothing():
    service = described(OTHER, "allowance")
    typed = Content(stated={"account": "typed here"})
    assert carry_over(service, typed, {("child-benefit", "iban"): IBAN}) == typed


def test_a_choice_is_one_of_those_that_there_are_and_of_their_type():
    numbers = question('type = "integer"\nenum = [1, 2]')
    assert read_typed(numbers, "2") == 2
    for typed in ("02", "+1", "3", "one"):
        with pytest.raises(Malformed, match="one of the choices"):
            read_typed(numbers, typed)
    with pytest.raises(Malformed, match="one of the choices"):
        read_typed(described().fields[-1].question, "fr")


def test_yes_and_no_are_said_as_such_and_shown_as_they_were_said():
    agreed = question('type = "boolean"')
    for typed, value in (("yes", True), ("no", False)):
        assert read_typed(agreed, typed) is value
        assert as_typed(value) == typed
    for typed in ("true", "on", "1"):
        with pytest.raises(Malformed, match="yes or no"):
            read_typed(agreed, typed)


@pytest.mark.parametrize("held", [None, [], "Mustermann"])
def test_a_document_that_did_not_come_answers_nothing(held):
    came = Shown({"pid": held}, {}, {}, 100)
    assert not take(described(), Content(), came).attested
