"""What becomes of a document when the register changes: as its type says, and by what it said when it was issued."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from issuer.credential_types import read_type
from issuer.editing import fields_of, read_edits
from issuer.renewal import (
    USUAL,
    Fate,
    LeafPath,
    OnChange,
    RenewalPolicy,
    WhenGone,
    judge,
    leaves,
    read_said,
    said,
    write_said,
)
from issuer.service.changes import patched
from protocol.encoding import JsonObject
from protocol.errors import Malformed
from tests.support.strategies import json_values

TYPE = """
id = "home"
vct = "urn:test:home:1"
validity_days = 30
{renewal}
[name]
en = "Home"
[mdoc]
doctype = "org.test.home.1"
[[claims]]
path = ["name"]
type = "text"
element = "name"
label = {{ en = "Name" }}
[[claims]]
path = ["address"]
type = "object"
label = {{ en = "Address" }}
[[claims]]
path = ["address", "city"]
type = "text"
element = "resident_city"
label = {{ en = "City" }}
[[claims]]
path = ["since"]
type = "date"
label = {{ en = "Since" }}
"""


def kind(renewal=""):
    """A type with these rules, as SD-JWT VC and as mdoc."""
    return read_type(TYPE.format(renewal=renewal), "home.toml", Path())


def digest(path, value):
    """Stands for a keyed digest."""
    return f"{path} {value!r}"


def test_a_type_that_says_nothing_has_the_usual_rules():
    assert {form.renewal for form in kind()} == {USUAL}
    assert RenewalPolicy(90, OnChange.REPLACE, 14, (), WhenGone.REVOKE) == USUAL


def test_a_type_says_how_long_and_what_ends_at_once():
    [form, _] = kind('[renewal]\ndays = 730\ngrace_days = 3\nat_once = [["address"]]\nwhen_gone = "keep"')
    assert form.renewal == RenewalPolicy(730, OnChange.REPLACE, 3, (("address",),), WhenGone.KEEP)
    assert form.renewal.renewable_until(1000) == 1000 + 730 * 86_400


@pytest.mark.parametrize(
    ("renewal", "at"),
    [
        ("days = 0", "days"),
        ("days = 3651", "days"),
        ("days = true", "days"),
        ("grace_days = 0", "grace_days"),
        ("grace_days = 91", "grace_days"),
        ('on_change = "burn"', "on_change"),
        ('when_gone = "replace"', "when_gone"),
        ('at_once = ["address"]', "at_once"),
        ("at_once = [[]]", "at_once"),
        ('at_once = [["address", 1]]', "at_once"),
        ('at_once = [["adress"]]', "at_once"),
        ('when_left = "revoke"', "when_left"),
    ],
)
def test_a_slip_in_the_rules_is_refused_by_name(renewal, at):
    with pytest.raises(Malformed) as refusal:
        kind(f"[renewal]\n{renewal}")
    assert refusal.value.at == f"home.toml.renewal.{at}"


def test_both_forms_of_a_document_are_remembered_by_the_paths_of_its_claims():
    sd_jwt, mdoc = kind()
    record = {"name": "Anna", "address": {"city": "Köln"}}
    found = [set(said(form.claims_for(record, now=0), form.places, digest)) for form in (sd_jwt, mdoc)]
    assert found == [{("name",), ("address", "city")}] * 2


def test_what_is_stored_is_read_as_it_was():
    digests: dict[LeafPath, str] = {("address", "city"): "a", ("we.ird", '"'): "b"}
    assert read_said(write_said(digests)) == digests


@given(st.dictionaries(st.text(min_size=1), json_values, max_size=5))
def test_a_document_that_says_the_same_is_never_touched(claims):
    digests = said(claims, {}, digest)
    assert judge(USUAL, digests, dict(digests), gone=False, revocable=True).fate is Fate.SAME
    assert len(digests) <= len(list(leaves(claims)))


@pytest.mark.parametrize(
    ("policy", "now_says", "gone", "revocable", "fate"),
    [
        (USUAL, {("a",): "1", ("b", "c"): "2"}, False, True, Fate.SAME),
        (USUAL, {("a",): "9", ("b", "c"): "2"}, False, True, Fate.REPLACED),
        (USUAL, {("a",): "1"}, False, True, Fate.REPLACED),
        (USUAL, {("a",): "1", ("b", "c"): "2", ("d",): "3"}, False, True, Fate.REPLACED),
        (USUAL, {("a",): "9", ("b", "c"): "2"}, False, False, Fate.STAYS),
        (USUAL, None, False, True, Fate.ENDED),
        (USUAL, None, False, False, Fate.STAYS),
        (USUAL, {}, True, True, Fate.ENDED),
        (USUAL, {}, True, False, Fate.STAYS),
        (RenewalPolicy(at_once=(("b",),)), {("a",): "1", ("b", "c"): "9"}, False, True, Fate.AT_ONCE),
        (RenewalPolicy(at_once=(("b",),)), {("a",): "9", ("b", "c"): "2"}, False, True, Fate.REPLACED),
        (RenewalPolicy(at_once=(("b", "c", "d"),)), {("a",): "1", ("b", "c"): "9"}, False, True, Fate.REPLACED),
        (RenewalPolicy(on_change=OnChange.REVOKE), {("a",): "9", ("b", "c"): "2"}, False, True, Fate.AT_ONCE),
        (RenewalPolicy(on_change=OnChange.KEEP), {("a",): "9", ("b", "c"): "2"}, False, True, Fate.STAYS),
        (RenewalPolicy(on_change=OnChange.KEEP), None, False, True, Fate.STAYS),
        (RenewalPolicy(when_gone=WhenGone.KEEP), {}, True, True, Fate.STAYS),
    ],
)
def test_the_rules_decide(policy, now_says, gone, revocable, fate):
    before = {("a",): "1", ("b", "c"): "2"}
    assert judge(policy, before, now_says, gone=gone, revocable=revocable).fate is fate


def test_it_is_said_which_values_are_why():
    judged = judge(USUAL, {("a",): "1", ("b",): "2"}, {("b",): "9", ("c",): "3"}, gone=False, revocable=True)
    assert judged.changed == (("a",), ("b",), ("c",))


@given(st.dictionaries(st.text(), json_values, max_size=4), st.dictionaries(st.text(), json_values, max_size=4))
def test_a_patch_does_what_rfc_7396_says(record, patch):
    """Compared with the pseudocode of its §2."""

    def merge(target, change):
        if not isinstance(change, dict):
            return change
        target = dict(target) if isinstance(target, dict) else {}
        for name, value in change.items():
            if value is None:
                target.pop(name, None)
            else:
                target[name] = merge(target.get(name), value)
        return target

    assert patched(record, patch) == merge(record, patch)


def test_a_patch_is_not_nested_without_end():
    deep: JsonObject = {}
    for _ in range(30):
        deep = {"a": deep}
    with pytest.raises(Malformed):
        patched({}, deep)


def test_what_a_clerk_changes_in_the_form_becomes_a_patch():
    record: JsonObject = {"name": "Anna", "address": {"city": "Köln"}, "since": "2020-01-01"}
    fields = fields_of(kind(), record, "en")
    assert [(one.name, one.label, one.value) for one in fields] == [
        ("name", "Name", "Anna"),
        ("address.city", "City", "Köln"),
        ("since", "Since", "2020-01-01"),
    ]
    patch, edits = read_edits(fields, {"name": " Anna ", "address.city": "Bonn", "since": "", "other": "x"})
    assert patch == {"address": {"city": "Bonn"}, "since": None}
    assert [(edit.before, edit.after) for edit in edits] == [("Köln", "Bonn"), ("2020-01-01", "")]


@pytest.mark.parametrize(("name", "typed"), [("since", "yesterday"), ("since", "2020-02-30"), ("name", "x" * 1001)])
def test_what_no_document_could_say_is_not_taken(name, typed):
    fields = fields_of(kind(), {"name": "Anna"}, "en")
    with pytest.raises(Malformed) as refusal:
        read_edits(fields, {name: typed})
    assert refusal.value.at == name


def test_two_places_of_one_name_are_told_apart():
    [form, _] = kind()
    other = read_type(
        TYPE.format(renewal="")
        .replace('"home"', '"other"')
        .replace('path = ["name"]', 'path = ["name"]\nfrom = ["alias"]'),
        "other.toml",
        Path(),
    )
    labels = [one.label for one in fields_of((form, *other), {}, "en")]
    assert "Name (Home)" in labels
    assert len(set(labels)) == len(labels)
