"""Heads that everybody can fetch, and the proof that one grew into another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import Malformed, NotAuthentic, NotForThisRequest, NotTrusted, NotValidNow, ProtocolError
from protocol.fields import Fields
from protocol.sovereignty.log_heads import (
    MAX_AGE,
    MAX_HEADS,
    TYP,
    Growth,
    LogHead,
    read_heads,
    read_proof,
    sign_usage_head,
    verify_usage_head,
)
from protocol.sovereignty.merkle import EMPTY_ROOT, MAX_PROOF, TreeHead
from protocol.sovereignty.signing import sign_as_organisation
from tests.protocol.sovereignty.logs import Log
from tests.support.partners import AGENCY, BANK, known_partners, partner_anchors
from tests.support.pki import NOW
from tests.support.strategies import almost, flip

LOG = Log().hour().hour()
HEAD = LOG.head()


def signed(head=HEAD, organisation=AGENCY, now=NOW):
    pki = known_partners()[organisation]
    return sign_usage_head(head, now=now, signer=pki.signer, x5c=pki.x5c)


def verify(text, *, log="2026", now=NOW):
    return verify_usage_head(text, log=log, partner=(AGENCY,), anchors=partner_anchors(), now=now)


def test_a_head_is_read_as_it_was_signed():
    text = signed()
    found = verify(text)
    assert (found.head, found.issued_at, found.raw) == (HEAD, NOW, text)
    assert verify(text, now=NOW + MAX_AGE).head == HEAD


@pytest.mark.parametrize(
    ("text", "options", "flaw"),
    [
        (signed(organisation=BANK), {}, NotTrusted),
        (signed(), {"log": "2025"}, NotForThisRequest),
        (signed(), {"now": NOW + MAX_AGE + 1}, NotValidNow),
        (signed(now=NOW + 301), {}, NotValidNow),
    ],
    ids=["somebody else", "another log", "too old", "from the future"],
)
def test_a_head_that_lies_is_refused(text, options, flaw):
    with pytest.raises(flaw):
        verify(text, **options)


@pytest.mark.parametrize(
    "change",
    [{"log": "26"}, {"tree_size": -1}, {"tree_size": 2**53}, {"root": "AA"}, {"root": None}, {"tree_size": 0}],
    ids=["log", "negative", "large", "short root", "no root", "empty with a root"],
)
def test_a_head_that_cannot_be_is_refused(change):
    pki = known_partners()[AGENCY]
    with pytest.raises(Malformed):
        verify(sign_as_organisation(TYP, {**HEAD.to_dict(), "iat": NOW, **change}, pki.signer, pki.x5c))


@given(st.integers(0))
def test_any_flipped_bit_of_a_head_is_refused(bit):
    with pytest.raises(ProtocolError):
        verify(flip(signed().encode(), bit).decode("latin-1"))


def test_an_empty_log_has_a_head_too():
    empty = LogHead("2026", TreeHead(0, EMPTY_ROOT))
    assert LogHead.from_fields(Fields(empty.to_dict(), "head")) == empty


def test_a_growth_is_read_as_it_was_written_and_holds():
    growth = LOG.growth(64)
    assert Growth.from_dict(growth.to_dict()) == growth
    growth.verify(LOG.head(64), HEAD)


def test_a_growth_proves_nothing_of_other_heads():
    growth = LOG.growth(64)
    for before, after in (
        (LOG.head(65), HEAD),
        (LOG.head(64), LOG.head(127)),
        (LogHead("2025", LOG.head(64).tree), HEAD),
        (LOG.head(64), LogHead("2027", HEAD.tree)),
    ):
        with pytest.raises(NotForThisRequest):
            growth.verify(before, after)
    with pytest.raises(NotAuthentic):
        growth.verify(Log(seed=2).hour().head(), HEAD)


@given(almost(LOG.growth(64).to_dict()))
def test_nothing_but_a_refusal_comes_of_a_growth(members):
    try:
        found = Growth.from_dict(members)
    except ProtocolError:
        return
    assert Growth.from_dict(found.to_dict()) == found


def test_each_log_has_one_head_where_one_is_asked_for():
    heads = {"heads": [LOG.head(64).to_dict(), HEAD.to_dict()]}
    assert read_heads(Fields(heads, "x"), "heads", of_each_log=2) == (LOG.head(64), HEAD)
    with pytest.raises(Malformed, match="at most 1"):
        read_heads(Fields(heads, "x"), "heads")
    twice = {"heads": [HEAD.to_dict(), HEAD.to_dict()]}
    with pytest.raises(Malformed, match="twice"):
        read_heads(Fields(twice, "x"), "heads", of_each_log=2)
    many = {"heads": [LogHead(f"{year:04}", HEAD.tree).to_dict() for year in range(MAX_HEADS + 1)]}
    with pytest.raises(Malformed):
        read_heads(Fields(many, "x"), "heads")


@pytest.mark.parametrize("proof", [None, {}, "", ["AA"], [1], ["A" * 43] * (MAX_PROOF + 1), ["B" * 43]])
def test_what_is_no_list_of_hashes_is_no_proof(proof):
    with pytest.raises(Malformed):
        read_proof(Fields({"proof": proof}, "x"), "proof")
