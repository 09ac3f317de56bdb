"""Which credentials are forms of one document, and its data once."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.encoding import JsonObject, encode_json
from protocol.formats import about_subject
from protocol.oid4vci.metadata import CredentialConfiguration, Display
from tests.wallet.counterparts import held
from wallet.policy.documents import data_once, documents_of, families, joined, sense_of
from wallet.policy.showing import ClaimShown, claims_shown, held_claims
from wallet.records import HeldCredential

LOOK = (Display("Ausweis", "de", "Wer Sie sind."), Display("Card", "en", background_color="#112233"))
PLAIN = CredentialConfiguration("dc+sd-jwt", "urn:card", scope="card", display=LOOK)
MDOC = CredentialConfiguration("mso_mdoc", "org.card", scope="card-mdoc", display=LOOK)


def kept(record_id, configuration, **changes):
    text = encode_json(configuration.to_dict()).decode()
    return held(record_id, format=configuration.format, type=configuration.type, configuration=text, **changes)


def named(configuration, *displays):
    return replace(configuration, display=tuple(displays))


TOGETHER = [
    pytest.param(PLAIN, MDOC, id="shown alike"),
    pytest.param(
        named(PLAIN, Display("Card", "en")), replace(named(MDOC, Display("Card", "en")), scope="card"), id="one scope"
    ),
]
APART = [
    pytest.param(named(PLAIN, Display("Card", "en")), named(MDOC, Display("Card", "en")), id="a name alone"),
    pytest.param(replace(PLAIN, display=(), scope="a"), replace(MDOC, display=(), scope="a"), id="a scope alone"),
    pytest.param(PLAIN, named(MDOC, LOOK[0]), id="another language"),
    pytest.param(PLAIN, named(MDOC, LOOK[0], replace(LOOK[1], background_color="#112234")), id="another look"),
    pytest.param(PLAIN, named(MDOC, LOOK[0], replace(LOOK[1], name="Cards")), id="another name"),
    pytest.param(PLAIN, replace(PLAIN, type="urn:other"), id="one format"),
]


@pytest.mark.parametrize(("one", "other"), TOGETHER)
def test_forms_of_one_document_are_known_by_how_their_issuer_shows_them(one, other):
    assert families({"a": one, "b": other}) == (("a", "b"),)
    marked = joined([kept("a", one), kept("b", other)])
    assert [form.document for form in marked] == ["a", "a"]
    [document] = documents_of(marked)
    assert document.id == "a"
    assert document.types == {one.type, other.type}


@pytest.mark.parametrize(("one", "other"), APART)
def test_what_is_not_shown_as_one_stays_two(one, other):
    """Never by name alone: whoever finds two documents of one name in a wallet must not lose sight of one."""
    assert families({"a": one, "b": other}) == (("a",), ("b",))
    marked = joined([kept("a", one), kept("b", other)])
    assert [form.document for form in marked] == ["", ""]
    assert [document.id for document in documents_of(marked)] == ["a", "b"]


@pytest.mark.parametrize("changes", [{"issuer_name": "Somebody else"}, {"vouched_by": "Another list"}])
def test_what_two_parties_signed_stays_two(changes):
    marked = joined([kept("a", PLAIN), kept("b", MDOC, **changes)])
    assert [form.document for form in marked] == ["", ""]


def test_of_three_with_two_of_one_format_nobody_knows_which_belong_together():
    third = replace(PLAIN, type="urn:other")
    assert families({"a": PLAIN, "b": MDOC, "c": third}) == (("a",), ("b",), ("c",))


def test_the_form_that_was_offered_first_stands_for_the_document_in_whatever_order_they_are_kept():
    one, other = joined([kept("z", PLAIN), kept("a", MDOC)])
    assert documents_of([other, one])[0].forms == (one, other)


def test_a_form_whose_first_is_gone_is_a_document_still():
    _, other = joined([kept("z", PLAIN), kept("a", MDOC)])
    [document] = documents_of([other, kept("b", PLAIN)])[:1]
    assert (document.id, document.forms) == ("a", (other,))


def shown(label, value, **changes):
    return ClaimShown((label,), label, value, **changes)


def test_data_is_there_once_and_nothing_is_hidden():
    first = [shown("Name", "Erika"), shown("Age", True), shown("Name", "Erika")]
    second = [shown("Age", 1), shown("Name", "Erika"), shown("Name", "Max"), shown("City", "Köln")]
    assert data_once([first, second]) == (*first, *second[:1], *second[2:])


@given(
    st.lists(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([1, True, "1", None])), max_size=5), max_size=3)
)
def test_whatever_a_form_says_is_said(forms):
    claims = [[shown(label, value) for label, value in form] for form in forms]
    assert {sense_of(one) for one in data_once(claims)} == {sense_of(one) for form in claims for one in form}


def test_everything_in_an_mdoc_is_seen_whatever_its_namespace_is_called():
    """T156, T169: in an SD-JWT VC these names hold it together; in an mdoc an issuer gave them to data."""
    claims: JsonObject = {"cnf": {"name": "Erika"}, "status": {"points": 7}, "org.card": {"vct": "x"}}
    assert about_subject("mso_mdoc", claims) == claims
    assert about_subject("dc+sd-jwt", claims) == {"org.card": {"vct": "x"}}
    record = kept("a", MDOC, claims=encode_json(claims).decode())
    assert [claim.value for claim in held_claims(record, "en")] == ["Erika", 7, "x"]


def test_bytes_are_told_from_text_by_what_was_verified_and_kept():
    record = kept("a", MDOC, claims='{"org.card":{"mark":"AAAA","name":"AAAA"}}', binary=('["org.card","mark"]',))
    assert [(claim.path[1], claim.kind) for claim in held_claims(record, "en")] == [
        ("mark", "bytes"),
        ("name", "plain"),
    ]


def test_records_of_an_older_program_count_as_revocable_until_they_are_looked_up():
    """T174"""
    fields = {name: getattr(held(), name) for name in HeldCredential.__slots__}
    for name in ("can_be_taken_back", "document", "binary"):
        del fields[name]
    old = HeldCredential(**fields)
    assert (old.can_be_taken_back, old.document, old.binary) == (True, "", ())


def test_bytes_in_an_array_are_found_in_every_element():
    [one, other] = claims_shown({"s": {"e": ["AAAA", "BBBB"]}}, (), "en", binary=[("s", "e", None)])
    assert (one.kind, other.kind) == ("bytes", "bytes")
