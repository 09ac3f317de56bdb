"""What is written of the use of the register: which claims, by whom, why; never a value, never a name of the agency's."""

import pytest

from issuer.policy import REASONS, Deed, Reason, reason_text
from issuer.records import CredentialState
from issuer.service.uses import IDENTITY
from issuer.usage import ISSUED, By, claims_seen, name_of, places_of, why_state
from issuer.usage_records import DocumentReceipt, What
from protocol.sovereignty.usage import Action
from tests.flows.agency import card_types
from tests.support.pki import NOW

TYPES = card_types()
CLAIMS = {"card": (("address",), ("given_name",), ("points",))}
RECEIPT = DocumentReceipt("r" * 22, "anna", "talk", "card", "card", CLAIMS, NOW + 1000)


def uses(what, receipt=RECEIPT):
    return [dict(used.use.claims) for used in receipt.uses(what, now=NOW)]


def what(seen=None):
    return What(Action.VIEWED, "clerk", ISSUED, seen)


def test_places_of_the_register_are_known_by_the_claims_of_each_form():
    seen = claims_seen(TYPES, IDENTITY)
    assert seen["card"] == (("given_name",),)
    assert seen["card-mdoc"] == (("org.test.card.1", "given_name"),)
    inner = claims_seen(TYPES, [("address", "locality")])
    assert inner["card"] == (("address",),)
    assert inner["card-mdoc"] == (("org.test.card.1", "resident_city"),)
    assert claims_seen(TYPES, [("address",)]) == inner
    assert claims_seen(TYPES, [("shoe_size",)])["card"] == ()


def test_a_type_draws_from_all_of_its_places():
    assert set(claims_seen(TYPES, places_of(TYPES["card"]))["pass"]) == set(CLAIMS["card"])


def test_only_what_was_seen_is_told_and_nothing_where_nothing_was():
    assert uses(what()) == [CLAIMS]
    assert uses(what({"card": (("given_name",),)})) == [{"card": (("given_name",),)}]
    assert uses(what({"card": ()})) == []
    # Of a type that is not issued any more nobody knows what it draws from
    assert uses(what({"pass": ()})) == [CLAIMS]


def test_a_document_without_claims_is_told_of_as_a_whole():
    bare = DocumentReceipt("r" * 22, "anna", "talk", "card", "card", {"card": ()}, NOW + 1000)
    assert uses(what(), bare) == [{"card": ()}]


def test_more_claims_than_an_entry_has_room_for_come_in_several():
    many = {"card": tuple((f"claim-{n:03}-{'x' * 90}",) for n in range(200))}
    large = DocumentReceipt("r" * 22, "anna", "talk", "card", "card", many, NOW + 1000)
    found = uses(what(), large)
    assert len(found) > 1
    assert tuple(path for one in found for path in one["card"]) == many["card"]


@pytest.mark.parametrize("deed", [*Deed])
def test_of_a_reason_only_the_word_of_the_list_is_told(deed):
    for reason in REASONS[deed]:
        kept = reason_text(deed, reason, "Anna said that Bodo")
        texts = why_state(CredentialState.REVOKED, kept)
        assert {text.language for text in texts} == {"de", "en"}
        assert not any("Anna" in text.text or "Bodo" in text.text for text in texts)


@pytest.mark.parametrize("reason", [*Reason, ""])
@pytest.mark.parametrize("state", [*CredentialState])
def test_every_state_and_reason_has_words(state, reason):
    german, english = why_state(state, str(reason))
    assert german.text.endswith(".")
    assert english.text.endswith(".")
    told = reason not in (Reason.OTHER, "")
    assert (": " in german.text, ": " in english.text) == (told, told)


def test_who_did_it_is_a_role_in_the_agencys_language():
    names = {name_of(by, language) for by in By for language in ("de", "en")}
    assert len(names) == 2 * len(By)
    assert name_of(By.CLERK, "fr") == name_of(By.CLERK, "en") == "clerk"
