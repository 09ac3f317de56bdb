"""Words for what is asked, where no document in the wallet has any."""

import pytest

from protocol.dcql.query import DcqlQuery
from protocol.trust.coverage import Uncovered
from runtime.claim_words import ClaimKind
from tests.wallet.counterparts import dcql
from wallet.policy.activity import given
from wallet.policy.asking import BeyondShown, things_shown
from wallet.policy.showing import ClaimShown, claim_label, claims_shown
from wallet.records import LogEntry, LoggedCredential
from wallet.words import Words


@pytest.mark.parametrize(
    ("path", "english", "german"),
    [
        (("iban",), "Account number (IBAN)", "Kontonummer (IBAN)"),
        (("family_name",), "Family name", "Nachname"),
        (("address", "locality"), "Address", "Anschrift"),
        (("eu.europa.ec.eudi.pid.1", "birth_date"), "Date of birth", "Geburtsdatum"),
        (("areas", None), "What you may act for", "Wofür Sie handeln dürfen"),
        (("shoe_size",), "something called “shoe size”", "etwas, das „shoe size“ heißt"),
        (("a\u202eb",), "something called “a b”", "etwas, das „a b“ heißt"),
    ],
    ids=["iban", "name", "inside", "mdoc", "areas", "unknown", "T152"],
)
def test_data_of_a_document_that_is_not_held_has_a_name(path, english, german):
    thing = BeyondShown(path, "", "")
    assert Words("en").things([thing]) == english
    assert Words("de").things([thing]) == german


def test_a_document_that_is_not_held_is_not_called_by_its_type():
    query = DcqlQuery.from_dict({"credentials": [dcql(query_id="account", vct="urn:town:account:1")]})
    [thing] = things_shown((Uncovered("account", None),), query, (), "en")
    assert Words("en").things([thing]) == "a document that you do not have"


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"areas": ["everything", "school", "beekeeping"]}, ["Alles", "Schule", "beekeeping"]),
        ({"relation": "parent"}, ["Als Mutter oder Vater"]),
        ({"relation": "friend"}, ["friend"]),
        ({"kind": "family"}, ["Über die Familie versichert"]),
        ({"kind": "beekeeper"}, ["beekeeper"]),
        ({"note": "family"}, ["family"]),
        # Only where it stands makes it an area
        ({"name": "everything"}, ["everything"]),
    ],
    ids=["areas", "relation", "another relation", "code", "another code", "no code", "another place"],
)
def test_areas_and_reasons_of_a_proof_are_said_in_words(claims, said):
    assert [Words("de").value_of(claim) for claim in claims_shown(claims, (), "de")] == said


def test_an_area_that_is_no_word_stands_as_it_is():
    assert Words("en").value_of(ClaimShown(("areas", 0), "", True, kind=ClaimKind.AREA)) == "Yes"


@pytest.mark.parametrize(
    ("path", "said"),
    [('["iban"]', "Kontonummer (IBAN)"), ('["address","locality"]', "Anschrift"), ("not JSON", "not JSON")],
    ids=["known", "inside", "broken"],
)
def test_the_activity_names_data_of_documents_that_are_gone(path, said):
    entry = LogEntry(
        1, 0, "sharing", "", "", "", (LoggedCredential("Bank account", "urn:gone:1", (path,)),), "done", "", 0, ""
    )
    [shown] = given(entry, (), "de", Words("de").data)
    assert shown.labels == (said,)


@pytest.mark.parametrize(
    ("path", "english", "german"),
    [
        (("given_name",), "Given name", "Vorname"),
        (("relation",), "Why you may act for somebody", "Warum Sie für jemanden handeln dürfen"),
        (("address", "hut"), "Address · hut", "Anschrift · hut"),
        (("shoe_size",), "shoe_size", "shoe_size"),
    ],
    ids=["known", "proof", "inside", "unknown"],
)
def test_what_an_issuer_gave_no_label_is_called_as_is_widespread(path, english, german):
    assert claim_label(path, (), "en") == english
    assert claim_label(path, (), "de") == german
