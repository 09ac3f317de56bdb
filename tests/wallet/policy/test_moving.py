"""What another wallet wrote is kept as history, whatever it wrote."""

import json
import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.migration.data import CredentialInfo, MigrationData
from protocol.migration.transaction import (
    ClaimInfo,
    Deletion,
    Elsewhere,
    Issuance,
    Other,
    Party,
    Presentation,
    Transaction,
)
from tests.support.pki import NOW
from tests.support.strategies import json_values
from tests.wallet.counterpart_agency import VCT
from tests.wallet.counterparts import held
from wallet.policy.cockpit.timeline import KINDS
from wallet.policy.moving.exported import Everything, migration_of, name_of
from wallet.policy.moving.imported import ACTIONS, awaited_of, fulfilled, history_of, line_of
from wallet.service.cockpit.cockpit import Prepared
from wallet.words import Words

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
parties = st.builds(Party, texts, texts)
infos = st.lists(st.builds(ClaimInfo, texts, st.lists(texts, max_size=2).map(tuple)), max_size=2).map(tuple)
kinds = st.one_of(
    st.builds(Presentation, parties, infos, infos, texts),
    st.builds(Issuance, parties, st.lists(texts, max_size=2).map(tuple), st.integers(0, 5), st.booleans()),
    st.builds(Deletion, texts, parties),
    st.builds(Other, texts),
    st.builds(Elsewhere, texts, parties),
)
own = st.dictionaries(texts, json_values, max_size=3) | st.fixed_dictionaries(
    {"action": st.sampled_from(sorted(ACTIONS))},
    optional={"outcome": texts, "party": json_values, "documents": json_values, "inPerson": json_values},
)
transactions = st.builds(Transaction, texts.filter(bool), st.integers(0, 253_402_300_799), st.booleans(), kinds, own)


@given(transactions)
def test_every_line_can_be_kept_and_told(transaction):
    """T152"""
    entry = line_of(transaction, NOW)(7, "")
    assert entry.action in ACTIONS
    assert entry.at <= NOW
    assert (entry.number, entry.origin, entry.request, entry.completes) == (7, transaction.identifier, "", 0)
    told = [entry.party, entry.party_id, entry.trusted_by, entry.outcome, *[one.name for one in entry.credentials]]
    assert not [text for text in told for character in text if unicodedata.category(character) in ("Cc", "Cf")]
    for language in ("de", "en"):
        assert Words(language).entry(entry, entry.outcome)


@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_every_kind_of_line_has_a_sentence_of_its_own(action):
    entry = replace(line_of(Transaction("1", NOW, True, Other("")), NOW)(1, ""), action=action)
    assert Words("en").entry(entry, "done") != f"In your earlier wallet: {action}"


@pytest.mark.parametrize("action", sorted({*KINDS, *Prepared}))
def test_what_this_wallet_writes_is_understood_by_the_next_one(action):
    assert action in ACTIONS


@given(st.lists(transactions, max_size=4, unique_by=lambda one: one.identifier))
def test_what_was_brought_in_is_known_again_and_goes_on_under_its_name(found):
    log = tuple(line_of(one, NOW)(number, "") for number, one in enumerate(found, 1))
    assert [name_of(entry) for entry in log] == [one.identifier for one in found]
    assert history_of(MigrationData(tuple(found)), log) == ()
    handed_on = migration_of(Everything(log, ()), "en", Words("en").entry)
    assert {one.identifier for one in handed_on.transactions} == {one.identifier for one in found}


def awaiting(*credentials, here=()):
    """What is waited for."""
    return awaited_of(MigrationData((), credentials), here, (), lambda: "id", NOW)


def test_documents_with_one_way_to_them_are_one_document():
    city = Party("City", "https://city.example")
    forms = [CredentialInfo(type_, "x", city, "link", name) for type_, name in (("a", "ID"), ("b", "ID"))]
    [one] = awaiting(*forms)
    assert (one.name, one.types, one.issuer, one.issuer_id) == ("ID", {"a", "b"}, "City", "https://city.example")
    nameless = [CredentialInfo(type_, "x", Party("", ""), "") for type_ in ("a", "b")]
    assert [one.name for one in awaiting(*nameless)] == ["a", "b"]


def test_what_is_here_is_not_waited_for():
    info = CredentialInfo(VCT, "x", Party("", ""), "")
    assert awaiting(info, here=[held()]) == ()
    [one] = awaiting(info)
    assert fulfilled([one], [held()]) == (one,)
    assert fulfilled([one], [held(type="other")]) == ()


def test_an_offer_for_the_next_wallet_names_each_kind_once_and_holds_no_code():
    data = migration_of(
        Everything((), (held("a", grant="g", issuance="i"), held("b", document="a"))), "en", Words("en").entry
    )
    [link] = {one.supply_point for one in data.credentials}
    assert link.count("pid") == 1
    assert "pre-authorized" not in link
    assert "issuer_state" not in link
    assert json.dumps([one.to_dict("en") for one in data.credentials]).count("11" * 32) == 0
