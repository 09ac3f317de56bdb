"""Showing data once more: what it is for, what is compared, and what is written of it."""

from dataclasses import replace

import pytest

from protocol.dcql.query import DcqlQuery
from protocol.encoding import JsonObject
from protocol.errors import InvalidRequest, NotAuthentic
from tests.verifier.test_session import ACCEPTED, ANSWERED, ASKED, NOW, OPENED, REFERENCE, REFUSED
from verifier.again import NOT_THE_SAME, PURPOSE, compare, objection_to_same, only_one, purpose_of

PID = {"id": "pid", "format": "dc+sd-jwt", "meta": {"vct_values": ["urn:eudi:pid:1"]}, "claims": [{"path": ["name"]}]}
QUERY = DcqlQuery.from_dict({"credentials": [PID]})
ERIKA: JsonObject = {"name": "Erika"}


def test_what_is_shown_once_more_says_what_for_and_nothing_else_does():
    assert purpose_of(replace(ASKED, again="request about rights"), None) == PURPOSE
    assert purpose_of(ASKED, None) == ()


def test_the_same_value_is_the_same_and_nothing_else_is():
    assert objection_to_same(QUERY, {"pid": [ERIKA]}, {"pid": [ERIKA]}) == ""
    others: list[tuple[list[JsonObject], list[JsonObject]]] = [
        ([ERIKA], [{"name": "Max"}]),
        ([ERIKA], []),
        ([], [ERIKA]),
        ([ERIKA, {"name": "Max"}], [ERIKA]),
        ([ERIKA], [ERIKA, {"name": "Max"}]),
    ]
    for first, again in others:
        assert objection_to_same(QUERY, {"pid": [*first]}, {"pid": again}) == NOT_THE_SAME
    assert objection_to_same(QUERY, {}, {}) == NOT_THE_SAME


@pytest.mark.parametrize("found", [None, [], [ERIKA, ERIKA], {"name": "Erika"}, "Erika"])
def test_one_document_is_compared_and_not_none_or_several(found):
    with pytest.raises(NotAuthentic):
        only_one(found)
    assert only_one([ERIKA]) == ERIKA


@pytest.mark.parametrize("verdict", [ACCEPTED, REFUSED])
def test_nothing_that_was_shown_once_more_is_kept(verdict):
    change = compare(OPENED, verdict, references=(REFERENCE,), now=NOW + 5)
    assert (change.next.disclosed, change.next.query, change.records) == ("", "", ())
    assert (change.next.verdict, change.drop) == (verdict, (REFERENCE,))


def test_who_answered_before_is_compared_no_more():
    """T179"""
    with pytest.raises(InvalidRequest):
        compare(ANSWERED, ACCEPTED, references=(), now=NOW + 5)
