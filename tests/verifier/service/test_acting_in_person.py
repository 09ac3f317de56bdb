"""Acting for somebody else in person: the same question, the same checks and the same reasons as by link (decision 0068)."""

import pytest
import sqlalchemy

from protocol.credential import StatusReference
from protocol.encoding import JsonObject
from protocol.errors import Malformed
from protocol.mdoc.mso import MsoStatus
from protocol.sovereignty.receipt import Outcome
from protocol.sovereignty.receipt_check import Sent, judge_receipt
from protocol.sovereignty.receipt_evidence import evidence_in_person
from protocol.sovereignty.receipt_travel import Collected
from protocol.sovereignty.representation import DOCTYPE, Relation
from tests.protocol.device_retrieval.samples import ISSUER
from tests.protocol.mdoc.samples import HOLDER, MDL, SPACE
from tests.support.acting import ERIKA, FIRM, MIA, NOT_TOGETHER, PROOF, SERVICE
from tests.support.papers import mdoc
from tests.support.pki import NOW, seeded_key
from tests.support.verifier import IDENTIFIER, STATUS_URI, make_verifier
from tests.verifier.citizen import ACCESS, COCKPIT, KEY, WHO, collect
from tests.verifier.service.acting_in_person import EITHER, PID, SCHOOL, USE_CASE, papers, shown
from tests.verifier.service.test_meetings import begun, look, met
from tests.verifier.service.test_status import GOOD, REVOKED, publish
from verifier.again import question_again
from verifier.once_only.description import ServiceDescription
from verifier.represented import IN_OWN_NAME, own_name_question, who_shows
from verifier.use_case import UseCase


@pytest.fixture
def counter(tmp_path):
    made = make_verifier(
        f"sqlite:///{tmp_path}/verifier.db", ISSUER.anchors, use_cases=(USE_CASE, EITHER),
        access=ACCESS, privacy_policy=f"{IDENTIFIER}/privacy",
    )  # fmt: skip
    yield made
    made.close()


def answered(counter, held, **order):
    """What is found when these documents are shown."""
    return shown(counter, begun(counter, use_case="for-a-child", **order), held)[2]


def refusal(found):
    assert (found.state, found.disclosed, found.acting) == ("refused", None, None)
    return next(line.may_not_act for line in found.verdict.lines if line.passed is False)


def test_the_verdict_says_who_acted_for_whom(counter):
    found = answered(counter, papers())
    assert found.state == "accepted"
    proof = found.acting.proof
    assert (proof.acting.name, proof.represented.name, proof.relation) == (
        "Erika Mustermann", "Mia Mustermann", Relation.PARENT,
    )  # fmt: skip
    assert (found.acting.area, found.acting.checked_by) == ("school", "Document signer")
    assert set(found.disclosed) == {"proof-mdoc", "pid-mdoc", "school-mdoc"}


def test_no_name_stands_in_the_open_in_the_store(counter):
    made = begun(counter, use_case="for-a-child")
    shown(counter, made, papers())
    assert not any(name in repr(counter.stage(made)) for name in ("Mustermann", "Erika", "Mia", "2018-05-03"))


@pytest.mark.parametrize(("proof", "others", "why"), NOT_TOGETHER)
def test_what_does_not_hold_together_is_refused_with_its_reason(counter, proof, others, why):
    """T187"""
    found = answered(counter, papers(proof, **others))
    assert refusal(found) == why
    assert not any(name in repr(found.verdict) for name in ("Mustermann", "Mia", "Ben", "Helga"))


@pytest.mark.parametrize("left_out", [DOCTYPE, PID, SCHOOL])
def test_nobody_acts_who_leaves_out_a_document(counter, left_out):
    found = answered(counter, {name: raw for name, raw in papers().items() if name != left_out})
    assert (found.state, found.acting) == ("refused", None)
    assert next(line.check for line in found.verdict.lines if line.passed is False) == "query_complete"


def test_a_proof_without_an_end_could_be_one_whose_time_is_over(counter):
    endless: JsonObject = {name: value for name, value in PROOF.items() if name != "until"}
    held = {**papers(), DOCTYPE: mdoc(DOCTYPE, endless, ISSUER, HOLDER, seed=201)}
    assert answered(counter, held).state == "refused"


def test_a_proof_of_another_wallet_is_refused(counter):
    """T187: copied from somebody's phone, it cannot be signed for."""
    stolen = mdoc(DOCTYPE, PROOF, ISSUER, seeded_key(99), seed=201)
    found = answered(counter, {**papers(), DOCTYPE: stolen})
    assert (found.state, found.acting) == ("refused", None)
    assert next(line.check for line in found.verdict.lines if line.passed is False) == "holder_bound"


def test_an_employee_acts_for_a_company_at_a_counter(tmp_path):
    case = EITHER.replace('relations = ["parent"]', 'relations = ["employee"]').replace("school", "vehicles")
    made = make_verifier(f"sqlite:///{tmp_path}/firm.db", ISSUER.anchors, use_cases=(case,))
    proof: JsonObject = {"relation": "employee", "represented": FIRM, "areas": ["vehicles"]}
    found = shown(made, begun(made, use_case="join", for_another=True), papers(proof))[2]
    assert (found.state, found.acting.proof.represented.name) == ("accepted", "Muster GmbH")
    assert refusal(shown(made, begun(made, use_case="join", for_another=True), papers())[2]) == "relation"
    # Who comes for themselves is asked for no proof, and gives none
    alone = shown(made, begun(made, use_case="join"), papers(proof))[2]
    assert (alone.state, alone.acting, set(alone.disclosed)) == ("accepted", None, {"pid-mdoc"})
    made.close()


def test_a_proof_that_was_taken_back_is_refused(counter):
    publish(counter, ISSUER)
    good, bad = (
        mdoc(DOCTYPE, PROOF, ISSUER, HOLDER, seed=201, status=MsoStatus(StatusReference(STATUS_URI, index)))
        for index in (GOOD, REVOKED)
    )
    assert answered(counter, {**papers(), DOCTYPE: good}).state == "accepted"
    found = answered(counter, {**papers(), DOCTYPE: bad})
    assert (found.state, found.acting) == ("refused", None)
    assert next(line.check for line in found.verdict.lines if line.passed is False) == "status"


@pytest.mark.parametrize(("valid_for", "state"), [(400, "accepted"), (1, "refused")])
def test_a_proof_that_expired_is_refused(counter, valid_for, state):
    proof = mdoc(DOCTYPE, PROOF, ISSUER, HOLDER, seed=201, valid_until=NOW + valid_for)
    made = begun(counter, use_case="for-a-child")
    found = shown(counter, made, {**papers(), DOCTYPE: proof}, later=250)[2]
    assert found.state == state
    assert [line.check for line in found.verdict.lines if line.passed is False] == [
        *(["valid_now"] if state == "refused" else [])
    ]


def receipt_for(counter, held):
    """The receipt that the session brings, in which a wallet finds nothing wrong."""
    made = begun(counter, use_case="for-a-child")
    announced = look(counter, met(counter, made)).cockpit_endpoint
    meeting, response, _ = shown(counter, made, held)
    sent = Sent(
        evidence_in_person(meeting.request, response), (WHO,), None, None, KEY.public_key.thumbprint(), announced, NOW
    )
    found = collect(counter, KEY, meeting.claim)
    assert isinstance(found, Collected)
    judged = judge_receipt(found.receipt, sent, anchors=counter.wallet_anchors, arrived_at=NOW)
    assert judged.findings == ()
    return judged.receipt


def test_the_receipt_says_by_their_types_which_data_are_about_another(counter):
    receipt = receipt_for(counter, papers())
    assert (receipt.outcome, receipt.represented) == (Outcome.ACCEPTED, (DOCTYPE, SCHOOL))
    assert receipt.cockpit_endpoint == COCKPIT
    assert not any(name in str(receipt.to_claims()) for name in ("Mustermann", "Mia", "Erika"))
    with counter.store.database.reading() as connection:
        # By which the child finds it in their own name
        assert connection.execute(sqlalchemy.text("select count(*) from represented")).scalar() == 1


def test_what_was_shown_in_person_can_be_asked_for_once_more(counter):
    """GDPR Art. 12(6): before rights over data about another are answered, the proof too."""
    query = counter.verifier.context.use_cases["for-a-child"].query
    again = question_again(query, receipt_for(counter, papers()).claims)
    assert again is not None
    assert {one.id for one in again.credentials} == {"proof-mdoc", "pid-mdoc", "school-mdoc"}


def test_a_refused_answer_was_about_another_all_the_same(counter):
    receipt = receipt_for(counter, papers({"areas": ["health"]}))
    assert (receipt.outcome, receipt.represented) == (Outcome.REJECTED, (DOCTYPE, SCHOOL))


@pytest.mark.parametrize(
    ("old", "new", "at"),
    [
        (f', {{ path = ["{DOCTYPE}", "until"] }}', "", "acting"),
        (f'{{ path = ["{PID}", "birth_date"] }}', f'{{ path = ["{PID}", "age_over_18"] }}', "acting"),
        (f'{{ path = ["{SCHOOL}", "given_name"] }}', f'{{ path = ["{PID}", "given_name"] }}', "acting"),
        (f'meta = {{ doctype_value = "{DOCTYPE}" }}', 'meta = { doctype_value = "org.lindenau.member.1" }', "acting.proof"),
        (f'{{ path = ["{DOCTYPE}", "areas"] }}', '{ path = ["org.other", "areas"] }', "acting"),
        (f'path = ["{DOCTYPE}", ', 'path = ["org.other", ', "acting"),
        (f'meta = {{ doctype_value = "{DOCTYPE}" }}', "meta = {}", "acting"),
        ('proof = ["proof", "proof-mdoc"]', 'proof = "proof"', "acting.proof"),
        ('identity = ["pid", "pid-mdoc"]', 'identity = "pid"', "acting.identity"),
        ('identity = ["pid", "pid-mdoc"]', 'identity = ["pid", "school-mdoc"]', "acting"),
        ('identity = ["pid", "pid-mdoc"]', "identity = []", "acting.identity"),
        ('id = "pid-mdoc", format', 'id = "pid-mdoc", multiple = true, format', "acting"),
    ],
)  # fmt: skip
def test_a_question_by_which_something_could_be_kept_back_is_refused(old, new, at):
    assert old in USE_CASE
    with pytest.raises(Malformed) as refused:
        UseCase.from_toml(USE_CASE.replace(old, new), "child.toml")
    assert refused.value.at == f"child.toml.{at}"


def test_a_service_asks_by_itself_for_what_is_held_against_each_other_in_each_form():
    either = SERVICE
    for name, doc_type, rest in (("pid", MDL, ""), ("proof", DOCTYPE, "optional = true\n")):
        head, _, tail = either.partition(f'[[needs]]\nid = "{name}"\n')
        own, _, tail = tail.partition("\n\n")
        group = f'one_of = "{name}"\n'
        other = f'[[needs]]\nid = "{name}-mdoc"\nname = {{ en = "In person" }}\ndoctype = "{doc_type}"\n{rest}{group}'
        either = f'{head}[[needs]]\nid = "{name}"\n{own}\n{group}\n{other}\n{tail}'
        either = either.replace(
            f'\n{"identity" if name == "pid" else name} = "{name}"',
            f'\n{"identity" if name == "pid" else name} = ["{name}", "{name}-mdoc"]',
        )
    found = ServiceDescription.from_toml("join-club", either, "join-club.toml").use_case
    assert found is not None
    assert found.acting is not None
    asked = {one.id: [claim.path for claim in one.claims] for one in found.query.credentials}
    assert asked["pid-mdoc"] == [(SPACE, name) for name in ("family_name", "given_name", "birth_date")]
    assert set(asked["proof-mdoc"]) == {
        (DOCTYPE, name)
        for name in ("family_name", "given_name", "birth_date", "relation", "represented", "areas", "alone", "until")
    }
    assert [(one.id, one.namespace) for one in found.acting.mdocs] == [("proof-mdoc", DOCTYPE), ("pid-mdoc", SPACE)]
    labels = dict(dict(found.names)["proof-mdoc"].labels)
    assert dict(labels[DOCTYPE, "until"])["en"] == "Until when you may act"


def test_beside_who_acts_for_whom_stands_what_else_was_told():
    terms = UseCase.from_toml(USE_CASE, "child.toml").acting
    assert terms is not None
    names: JsonObject = {"family_name": "Mustermann", "given_name": "Erika", "birth_date": "1990-03-07"}
    told: JsonObject = {
        "proof-mdoc": [{DOCTYPE: {**names, "relation": "parent"}}],
        "pid-mdoc": [{PID: {**names, "portrait": "AAAA"}, "org.other": names}],
        "pid": [{**ERIKA, "picture": "AAAA"}],
        "school-mdoc": [{SCHOOL: names}],
        "other": [{"family_name": "Other"}],
    }
    assert terms.beside(told) == {
        "pid-mdoc": [{PID: {"portrait": "AAAA"}, "org.other": names}],
        "pid": [{"picture": "AAAA"}],
        "other": [{"family_name": "Other"}],
    }


def test_the_represented_person_is_asked_by_either_form_of_the_document():
    question = own_name_question([UseCase.from_toml(USE_CASE, "child.toml")])
    assert question is not None
    plain, card = question.query.credentials
    assert (plain.id, plain.meta.vct_values) == ("you", ("urn:eudi:pid:1",))
    assert card.meta.doctype_value == PID
    assert [claim.path for claim in card.claims] == [
        (PID, name) for name in ("family_name", "given_name", "birth_date")
    ]
    assert [one.options for one in question.query.credential_sets] == [(("you",), (card.id,))]
    elements: JsonObject = {"family_name": "Mustermann", "given_name": "Mia", "birth_date": "2018-05-03"}
    shows: list[tuple[str, JsonObject]] = [(card.id, {PID: elements}), ("you", MIA)]
    for id_, claims in shows:
        found = who_shows({id_: [claims]})
        assert found is not None
        assert found.to_dict() == MIA
    assert who_shows({card.id: [{PID: {**elements, "birth_date": 5}}], "you": []}) is None


def test_the_question_in_ones_own_name_by_mdoc_finds_what_was_done(counter):
    receipt = receipt_for(counter, papers())
    made = begun(counter, use_case=IN_OWN_NAME)
    card = mdoc(PID, MIA, ISSUER, HOLDER, seed=209)
    found = shown(counter, made, {PID: card})[2]
    [done] = counter.run(counter.verifier.represented.done_for(found.disclosed))
    assert (done.receipt.id, done.found.relation) == (receipt.id, "parent")
    other = begun(counter, use_case=IN_OWN_NAME)
    found = shown(counter, other, {PID: mdoc(PID, {**MIA, "given_name": "Ben"}, ISSUER, HOLDER, seed=209)})[2]
    assert counter.run(counter.verifier.represented.done_for(found.disclosed)) == ()
