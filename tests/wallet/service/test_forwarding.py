"""Many at once: each recipient is asked and answered as any other, and what fails with one harms no other."""

from dataclasses import replace

import pytest

from protocol.errors import InvalidRequest, NotFound, ProtocolError, Unreachable
from protocol.exchange import HttpResponse
from protocol.oid4vp.request import VerifierInfo
from protocol.trust.dataset import REGISTRAR_DATASET
from protocol.trust.register_asking import Register
from runtime.seal import DamagedError
from tests.support.pki import Template, make_pki, seeded_key
from tests.wallet.counterpart_agency import AGENCY, VCT, answer
from tests.wallet.counterparts import dcql
from tests.wallet.forward_town import NAMES, ForwardTown
from tests.wallet.registrar import DATASET, LIBRARY, REGISTER
from tests.wallet.service_town import BIRTH
from wallet.policy.forwarding import MAX_AT_ONCE, first_choice
from wallet.policy.presenting import Caution, LogDamaged
from wallet.service import Wallet
from wallet.service.forwarding import Fate, OtherDocument
from wallet.service.services.catalogue import NoServices
from wallet.service.services.starting import NotTheProvider


@pytest.fixture
def town(vault, tmp_path):
    """A wallet with an identity card of three copies, in a town with three partners who take it."""
    made = ForwardTown(vault, tmp_path / "published")
    made.fetch()
    made.receive_pid()
    return made


def fates(done):
    return {one.service.id.removeprefix("address-"): str(one.fate) for one in done}


def cautions(one):
    return [
        caution for question in one.seen.consent.questions for choice in question.choices for caution in choice.cautions
    ]


def test_who_takes_a_document_is_found_in_the_list_and_nobody_is_asked(town):
    found = town.wallet.forwarding.recipients(town.document())
    assert [one.service.id for one in found] == [f"address-{name}" for name in NAMES]
    assert not any(one.known for one in found)
    assert all(not taker.seen for taker in town.takers.values())


def test_those_who_were_given_something_before_come_first(town):
    town.forward(town.ask("insurer"))
    found = town.wallet.forwarding.recipients(town.document())
    assert [(one.service.id, one.known) for one in found] == [
        ("address-insurer", True), ("address-bank", False), ("address-school", False),
    ]  # fmt: skip


def test_what_no_service_takes_has_no_recipients(town):
    town.receive_child()
    assert town.wallet.forwarding.recipients(town.document(1)) == ()
    with pytest.raises(NotFound):
        town.ask("bank", place=1)


def test_a_service_that_takes_nothing_is_not_asked(town):
    for id_ in ("library-card", "nothing"):
        with pytest.raises(NotFound):
            town.run(town.wallet.forwarding.ask(town.document(), [id_]))
    assert town.partner.begun == []


def test_without_a_list_there_is_nobody(vault, tmp_path):
    town = ForwardTown(vault, tmp_path / "published")
    town.receive_pid()
    with pytest.raises(NoServices):
        town.wallet.forwarding.recipients(town.document())


@pytest.mark.parametrize("ids", [[], ["address-bank"] * 2, [f"address-{i}" for i in range(MAX_AT_ONCE + 1)]])
def test_nobody_twice_and_too_many_are_refused_before_anybody_is_asked(town, ids):
    with pytest.raises(InvalidRequest):
        town.run(town.wallet.forwarding.ask(town.document(), ids))
    assert all(not taker.seen for taker in town.takers.values())


def test_each_gets_a_copy_a_key_and_an_entry_of_its_own(town):
    """T171: nobody can tell by the copy that another one got the same document."""
    done = town.forward(town.ask())
    assert fates(done) == dict.fromkeys(NAMES, "arrived")
    shown = [taker.presented()[0].split("~")[0] for taker in town.takers.values()]
    assert len(set(shown)) == len(NAMES)
    keys = [taker.answers[0]["cockpit_key"] for taker in town.takers.values()]
    assert len(set(keys)) == len(NAMES)
    kept = town.wallet.cockpit.disclosures()
    assert len({one.thumbprint for one in kept}) == len({one.log_number for one in kept}) == len(NAMES)
    assert [action for action, _ in town.actions()][1:] == ["sharing", "shared"] * len(NAMES)
    assert len({one.log_number for one in done}) == len(NAMES)


def test_nothing_leaves_before_the_citizen_says_so(town):
    recipients = town.ask()
    assert len(recipients.asked) == len(NAMES)
    assert all(taker.answers == [] for taker in town.takers.values())
    assert [action for action, _ in town.actions()] == ["received"]


def test_every_address_is_asked_with_a_fresh_nonce(town):
    town.ask()
    asked = [taker.asked[0] for taker in town.takers.values()]
    assert [one.url for one in asked] == [f"{taker.host}/forward" for taker in town.takers.values()]
    assert len({one.body for one in asked}) == len(NAMES)


def test_one_who_cannot_be_asked_is_named_and_the_others_go_on(town):
    town.takers["bank"].down = True
    recipients = town.ask()
    [out] = recipients.out
    assert out.service.id == "address-bank"
    assert isinstance(out.problem, Unreachable)
    assert fates(town.forward(recipients)) == {"insurer": "arrived", "school": "arrived"}


def test_one_who_is_not_the_provider_is_not_answered(town):
    other = Template(common_name="Town bank", identifier="VATDE-999999999", country="DE", dns_names=("bank.example",))
    taker = town.takers["bank"]
    taker.pki = make_pki(other, key=seeded_key(301), role=taker.pki.role)
    recipients = town.ask()
    [out] = recipients.out
    assert isinstance(out.problem, NotTheProvider)
    town.forward(recipients)
    assert taker.answers == []


def test_one_who_asks_for_more_than_they_registered_is_shown_with_why_and_gets_nothing(town):
    """T170"""
    for name in NAMES:
        town.registering(name)
    town.takers["bank"].query = {"credentials": [dcql(("given_name",), ("birthdate",))]}
    recipients = town.ask()
    assert recipients.out == ()
    [bank] = [one for one in recipients.asked if one.begun.service.id == "address-bank"]
    assert [one.label for one in bank.seen.consent.standing.beyond] == ["Date of birth"]
    assert not bank.can_be_sent
    chosen = {one.begun.service.id: one.seen.default_choice() for one in recipients.asked if one is not bank}
    with pytest.raises(ProtocolError):
        town.run(town.wallet.forwarding.send(recipients, {**chosen, "address-bank": {"pid": ["0"]}}))
    assert all(taker.answers == [] for taker in town.takers.values())
    done = town.run(town.wallet.forwarding.send(recipients, chosen))
    assert fates(done) == {"bank": "left_out", "insurer": "arrived", "school": "arrived"}
    assert not any("vp_token" in one or "response" in one for one in town.takers["bank"].answers)
    assert "overasked" in [action for action, _ in town.actions()]


def test_one_who_asks_for_another_document_is_named(town):
    town.takers["school"].query = {"credentials": [dcql(("birthdate",), query_id="birth", vct=BIRTH)]}
    [out] = town.ask().out
    assert (out.service.id, type(out.problem)) == ("address-school", OtherDocument)


@pytest.mark.parametrize(
    "reply",
    [Unreachable("gone"), answer({"error": "invalid_request"}, 400), HttpResponse(500, (), b"")],
    ids=["away", "refused", "broken"],
)
def test_what_becomes_of_one_is_no_trouble_of_the_others(town, reply):
    """T171: what left and was not acknowledged counts as seen."""
    town.takers["insurer"].reply = reply
    found = fates(town.forward(town.ask()))
    assert (found["bank"], found["school"]) == ("arrived", "arrived")
    assert found["insurer"] == "unknown"


def test_who_is_left_out_is_told_that_there_is_no_answer(town):
    done = town.forward(town.ask(), "bank")
    assert fates(done) == {"bank": "arrived", "insurer": "left_out", "school": "left_out"}
    assert town.takers["insurer"].answers[0]["error"] == "access_denied"
    assert "vp_token" not in town.takers["insurer"].answers[0]


def test_nobody_is_sent_anything_who_was_not_asked(town):
    """T169."""
    recipients = town.ask("bank")
    choice = recipients.asked[0].seen.default_choice()
    with pytest.raises(InvalidRequest):
        town.run(town.wallet.forwarding.send(recipients, {"address-bank": choice, "address-school": choice}))
    assert all(taker.answers == [] for taker in town.takers.values())


def test_a_choice_that_does_not_answer_stops_all_before_anything_leaves(town):
    recipients = town.ask()
    chosen = {one.begun.service.id: one.seen.default_choice() for one in recipients.asked}
    with pytest.raises(InvalidRequest):
        town.run(town.wallet.forwarding.send(recipients, {**chosen, "address-school": {"pid": ("another",)}}))
    assert all(taker.answers == [] for taker in town.takers.values())


def test_no_copy_is_promised_twice(town):
    """T171: whoever would get a copy that another one saw is marked, as long as it can be decided."""
    town.forward(town.ask("bank"))
    recipients = town.ask()
    assert [cautions(one) for one in recipients.asked] == [[], [], [Caution.SHOWN_BEFORE]]
    assert fates(town.forward(recipients)) == dict.fromkeys(NAMES, "arrived")
    shown = [taker.presented()[0].split("~")[0] for taker in town.takers.values()]
    assert len(set(shown[:2])) == 2


def test_the_document_that_was_picked_is_the_one_that_goes(town):
    """Another card of the same kind, such as a child's, answers as well and is not sent."""
    town.agency.claims = {**town.agency.claims, "given_name": "Mia"}
    town.receive(town.agency.offer(credential_configuration_ids=("pid",), pre_authorized_code="code-2"))
    ids = [form.id for form in town.document(1).forms]
    recipients = town.ask("bank", place=1)
    [one] = recipients.asked
    [question] = one.seen.consent.questions
    assert [choice.held_id for choice in question.choices] == ids
    with pytest.raises(InvalidRequest):
        one.seen.match.choose({"pid": (town.document(0).id,)})


def test_where_one_of_several_documents_is_enough_the_picked_one_is_chosen(town):
    town.receive_child()
    query = {
        "credentials": [dcql(("given_name",), query_id="birth", vct=BIRTH), dcql(("given_name",), vct=VCT)],
        "credential_sets": [{"options": [["birth"], ["pid"]]}],
    }
    town.takers["bank"].query = query
    recipients = town.ask("bank")
    [one] = recipients.asked
    assert first_choice(one.seen.consent, recipients.ids) == {"way-0": "1"}
    query["credential_sets"][0]["required"] = False
    recipients = town.ask("bank")
    assert first_choice(recipients.asked[0].seen.consent, recipients.ids) == {}


def test_a_damaged_log_stops_all(town, monkeypatch):
    recipients = town.ask()
    monkeypatch.setattr(type(town.vault), "log", _damaged)
    with pytest.raises(LogDamaged):
        town.forward(recipients)
    assert all(taker.answers == [] for taker in town.takers.values())


def test_it_is_said_again_in_another_language_without_asking_anybody(town):
    town.takers["bank"].query = {"credentials": [dcql(("given_name",), ("birthdate",))]}
    recipients = town.ask()
    asked = [len(taker.asked) for taker in town.takers.values()]
    forwarding = type(town.wallet).of(replace(town.wallet.context, language="de")).forwarding
    again = town.run(forwarding.look_again(recipients))
    assert again.asked[0].begun.service.name == "Neue Anschrift: bank"
    assert [one.label for one in again.asked[0].begun.beyond] == ["Geburtsdatum"]
    assert [len(taker.asked) for taker in town.takers.values()] == asked
    assert fates(town.forward(again)) == dict.fromkeys(NAMES, "arrived")


def test_a_document_that_was_renewed_meanwhile_goes_to_nobody(town):
    recipients = town.ask()
    [held] = town.wallet.context.store.credentials()
    town.run(town.wallet.context.save(put=[replace(held, issuance="another")]))
    assert set(fates(town.forward(recipients)).values()) == {Fate.FAILED.value}
    assert all(taker.answers == [] for taker in town.takers.values())


def test_who_gave_the_document_learns_nothing(town):
    before = len(town.agency.seen)
    town.forward(town.ask())
    assert [one.url for one in town.agency.seen[before:] if one.url.startswith(AGENCY)] == []


def _damaged(_: object):
    raise DamagedError("altered")


def test_the_register_is_asked_about_one_of_them_when_the_citizen_says_so(vault, tmp_path):
    """T170."""
    town = ForwardTown(vault, tmp_path / "published")
    bank = town.takers["bank"]
    bank.identifier = LIBRARY
    leaf = Template(common_name="Town bank", identifier=LIBRARY, country="DE", dns_names=("bank.example",))
    bank.pki = make_pki(leaf, key=seeded_key(301), role=bank.pki.role)
    bank.changes["verifier_info"] = (VerifierInfo(REGISTRAR_DATASET, DATASET.to_dict()),)
    town.publisher.services = tuple([one.entry for one in town.takers.values()])
    registers = (Register(REGISTER, (town.registrar.pki.certificates[0],), "The town register"),)
    town.wallet = Wallet.of(replace(town.wallet.context, registers=lambda: registers))
    town.fetch()
    town.receive_pid()
    recipients = town.ask("school", "bank")
    before = [one.seen.consent.standing for one in recipients.asked]
    assert (before[0].register, before[1].register) == ("", "The town register")
    after = town.run(town.wallet.forwarding.ask_register(recipients, 1))
    assert after.asked[1].seen.consent.standing.registration.name == "City library"
    assert [one.label for one in after.asked[1].seen.consent.standing.asks_for] == ["Given name"]
    assert after.asked[0].seen.consent.standing == before[0]
    with pytest.raises(NotFound):
        town.run(town.wallet.forwarding.ask_register(recipients, 2))
