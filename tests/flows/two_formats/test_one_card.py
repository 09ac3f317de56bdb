"""A document that comes in both formats is one to its owner: seen once, shown in the form that fits, forgotten once."""

from dataclasses import replace

import pytest

from protocol.errors import NotFound
from protocol.fields import Fields
from tests.flows.parties import CARD_DOCTYPE, CITIZEN
from wallet.policy.cards import CardState
from wallet.policy.documents import documents_of

pytestmark = pytest.mark.flow

PLAIN = {
    "id": "plain",
    "format": "dc+sd-jwt",
    "meta": {"vct_values": ["urn:example:card:1"]},
    "claims": [{"path": ["family_name"]}, {"path": ["age_equal_or_over", "18"]}],
}
MDOC = {
    "id": "mdoc",
    "format": "mso_mdoc",
    "meta": {"doctype_value": CARD_DOCTYPE},
    "claims": [{"path": [CARD_DOCTYPE, "family_name"]}, {"path": [CARD_DOCTYPE, "age_over_18"]}],
}
EITHER = [{"options": [["plain"], ["mdoc"]]}]


def look(town, *credentials, **more):
    request = town.verifier.post("/api/requests", dcql_query={"credentials": [*credentials], **more})
    return request, town.wallet.run(town.wallet.wallet.presenting.look(request["uri"]))


def share(town, request, seen):
    town.wallet.run(town.wallet.wallet.presenting.share(seen, seen.default_choice()))
    return town.verdict(request)


def test_the_offer_shows_the_document_once(town):
    seen = town.wallet.run(town.wallet.wallet.receiving.look(town.offer("card", "card-mdoc", "residence")["uri"]))
    assert [shown.name for shown in seen.consent.credentials] == ["Identity card", "Proof of residence"]
    labels = seen.consent.credentials[0].claims
    assert len(labels) == len(set(labels))


def test_what_arrived_and_what_is_kept_is_one_document_with_its_data_once(town):
    receiving, run = town.wallet.wallet.receiving, town.wallet.run
    offer = Fields(town.offer("card", "card-mdoc"), "offer")
    seen = run(receiving.look(offer.text("uri")))
    arrived = run(receiving.fetch(run(receiving.take(seen, offer.text("tx_code"))), seen.contact))
    [item] = arrived.documents
    assert [(form.in_person, form.copies) for form in item.shown.forms] == [(False, 10), (True, 10)]
    run(receiving.keep(arrived))
    [card] = town.wallet.wallet.keeping.credentials()
    assert card.claims == item.shown.claims
    said = [(claim.label, claim.value) for claim in card.claims]
    assert len(said) == len(set(said))
    assert ("Last name", "Mustermann") in said
    assert [(form.in_person, form.unused_copies) for form in card.forms] == [(False, 10), (True, 10)]
    assert card.state is CardState.VALID


def test_documents_that_came_one_after_the_other_stay_two(town):
    """They could be about two people."""
    town.receive("card")
    town.receive("card-mdoc")
    assert [len(card.forms) for card in town.wallet.wallet.keeping.credentials()] == [1, 1]


@pytest.mark.parametrize(
    ("asked", "form"), [((PLAIN,), "dc+sd-jwt"), ((MDOC,), "mso_mdoc")], ids=["for the internet", "as mdoc"]
)
def test_the_request_picks_the_form_and_its_copies_alone_are_used(town, asked, form):
    town.receive("card", "card-mdoc")
    request, seen = look(town, *asked)
    assert share(town, request, seen)["state"] == "accepted"
    used = {
        held.format: sum(bool(copy.used_at) for copy in held.copies)
        for held in town.wallet.wallet.context.store.credentials()
    }
    assert used == {"dc+sd-jwt": 0, "mso_mdoc": 0, form: 1}


def test_of_two_forms_with_the_same_data_nobody_is_asked_which(town):
    town.receive("card", "card-mdoc")
    request, seen = look(town, PLAIN, MDOC, credential_sets=EITHER)
    assert [way.options for way in seen.consent.ways] == [(("plain",),)]
    assert [question.query_id for question in seen.consent.questions] == ["plain"]
    found = share(town, request, seen)
    assert (found["state"], list(found["claims"])) == ("accepted", ["plain"])


def test_the_form_with_fresh_copies_comes_first(town):
    """What was shown before could be recognised; whoever asks for either gets the other form."""
    town.receive("card", "card-mdoc")
    store = town.wallet.wallet.context.store
    worn = next(held for held in store.credentials() if held.format == "dc+sd-jwt")
    store.write(put=[replace(worn, copies=tuple(replace(copy, used_at=1) for copy in worn.copies))])
    request, seen = look(town, PLAIN, MDOC, credential_sets=EITHER)
    assert list(seen.default_choice()) == ["mdoc"]
    assert not any(choice.cautions for question in seen.consent.questions for choice in question.choices)
    assert list(share(town, request, seen)["claims"]) == ["mdoc"]


def test_forms_that_would_show_different_data_are_the_users_choice(town):
    town.receive("card", "card-mdoc")
    more = {**MDOC, "claims": [*MDOC["claims"], {"path": [CARD_DOCTYPE, "birth_date"]}]}
    _, seen = look(town, PLAIN, more, credential_sets=EITHER)
    assert [way.options for way in seen.consent.ways] == [(("plain",), ("mdoc",))]


def test_documents_of_two_people_are_the_users_choice(town):
    """The same data of another document is another answer."""
    town.receive("card")
    town.receive("card-mdoc")
    _, seen = look(town, PLAIN, MDOC, credential_sets=EITHER)
    assert [way.options for way in seen.consent.ways] == [(("plain",), ("mdoc",))]


def test_forgetting_it_forgets_both_forms_and_the_log_names_them(town):
    town.receive("card", "card-mdoc", "residence")
    keeping = town.wallet.wallet.keeping
    document = next(one for one in keeping.documents() if len(one.forms) == 2)
    for form in document.forms:
        assert keeping.find(form.id) == document
    town.wallet.run(keeping.forget(document))
    [left] = documents_of(town.wallet.wallet.context.store.credentials())
    assert left.types == {"urn:hoheit:residence:1"}
    last = keeping.log()[-1]
    assert (last.action, {one.type for one in last.credentials}) == ("deleted", document.types)
    with pytest.raises(NotFound):
        keeping.find(document.id)


def test_a_form_that_was_taken_back_is_not_hidden_by_the_other(town):
    """T174: both are looked up, an mdoc by what its issuer signed."""
    known = {line["id"] for line in town.issuer.get("/api/credentials", subject=CITIZEN).json()}
    town.receive("card", "card-mdoc")
    keeping = town.wallet.wallet.keeping
    [card] = town.wallet.run(keeping.look_up_status())
    assert (card.state, card.can_be_taken_back, card.status_checked_at > 0) == (CardState.VALID, True, True)
    copies = town.issuer.get("/api/credentials", subject=CITIZEN).json()
    fresh = [one for one in copies if one["id"] not in known and one["credential_configuration_id"] == "card-mdoc"]
    town.issuer.post(f"/api/credentials/{fresh[0]['id']}/suspend")
    town.clock.ahead += 3_600
    [card] = town.wallet.run(keeping.look_up_status())
    assert card.state is CardState.SUSPENDED
    assert [form.state for form in card.forms] == [CardState.VALID, CardState.SUSPENDED]


def test_an_mdoc_that_was_not_looked_up_for_a_week_is_not_called_valid(town):
    """T174"""
    town.receive("card-mdoc")
    keeping = town.wallet.wallet.keeping
    assert [card.state for card in keeping.credentials()] == [CardState.VALID]
    town.clock.ahead += 7 * 86_400
    assert [card.state for card in keeping.credentials()] == [CardState.UNKNOWN]
