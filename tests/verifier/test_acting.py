"""Acting for somebody else: a use case asks for it, and what does not hold together is refused with its reason."""

import contextlib

import pytest
import sqlalchemy

from capabilities.registration.party import Party
from protocol.encoding import JsonObject, decode_base64url, encode_json, read_json
from protocol.errors import InvalidRequest, Malformed
from protocol.fields import Fields
from protocol.oid4vp.response import AuthorizationResponse
from protocol.sovereignty.cockpit import CockpitKey
from protocol.sovereignty.receipt import Outcome, Receipt
from protocol.sovereignty.representation import TYPE, Person, Relation, Representation
from protocol.sovereignty.signing import hash_text
from tests.support.acting import (
    ERIKA,
    FIRM,
    FOR_A_FIRM,
    MIA,
    NOT_TOGETHER,
    OFFICE,
    PROOF,
    USE_CASE,
    document,
    presentations,
    show,
    wallet,
)
from tests.support.pki import NOW, seeded, seeded_key
from tests.support.registrar import cinema
from tests.support.verifier import IDENTIFIER, PID, answer_form, make_verifier, present, reference_of, request_of
from tests.verifier.citizen import ACCESS, KEY, OTHER_KEY, encrypted
from verifier.acting import Acting
from verifier.cli.registering import completed, draft_registration
from verifier.config import VerifierSettings
from verifier.installation import NewVerifier, set_up_verifier
from verifier.represented import IN_OWN_NAME, mark_of
from verifier.use_case import UseCase


@pytest.fixture
def counter(tmp_path):
    made = make_verifier(f"sqlite:///{tmp_path}/verifier.db", OFFICE.anchors, use_cases=(USE_CASE, FOR_A_FIRM))
    yield made
    made.close()


def answered(counter, held, use_case="for-a-child"):
    made = counter.ask(use_case=use_case)
    form = show(counter, made, held)
    with contextlib.suppress(InvalidRequest):
        counter.receive(made, form)
    return counter.result(made)


def refusal(found):
    assert (found.state, found.disclosed, found.acting) == ("refused", None, None)
    return next(line.may_not_act for line in found.verdict.lines if line.passed is False)


def test_the_verdict_says_who_acted_for_whom(counter):
    found = answered(counter, wallet())
    assert found.state == "accepted"
    proof = found.acting.proof
    assert isinstance(proof.represented, Person)
    assert (proof.acting.name, proof.represented.name, proof.relation) == (
        "Erika Mustermann", "Mia Mustermann", Relation.PARENT,
    )  # fmt: skip
    assert (found.acting.area, found.acting.checked_by) == ("school", "Registry office")


def test_a_program_reads_it(counter):
    made = counter.ask(use_case="for-a-child")
    assert counter.api("GET", f"/api/requests/{made.id}").json()["verdict"] is None
    counter.receive(made, show(counter, made, wallet()))
    verdict = counter.api("GET", f"/api/requests/{made.id}").json()["verdict"]
    assert verdict["acting"] == {
        "who": ERIKA, "relation": "parent", "whom": MIA, "area": "school", "called": {"de": "Schule", "en": "School"},
        "areas": ["school"], "alone": True, "until": "2036-05-02", "checked_by": "Registry office",
    }  # fmt: skip


def test_who_acts_for_nobody_is_named_by_no_verdict(counter, tmp_path, agency, held):
    other = make_verifier(f"sqlite:///{tmp_path}/other.db", agency.anchors)
    made = other.ask()
    request = request_of(other, made)
    other.receive(made, answer_form(request, {"pid": [present(request, held, now=other.clock.now)]}))
    assert other.api("GET", f"/api/requests/{made.id}").json()["verdict"]["acting"] is None
    other.close()


def test_no_name_stands_in_the_open_in_the_store(counter):
    made = counter.ask(use_case="for-a-child")
    counter.receive(made, show(counter, made, wallet()))
    # Three letters alone stand in what is sealed by chance
    assert not any(name in repr(counter.stage(made)) for name in ("Mustermann", "Erika", '"Mia"', "2018-05-03"))


@pytest.mark.parametrize(("proof", "others", "why"), NOT_TOGETHER)
def test_what_does_not_hold_together_is_refused_with_its_reason(counter, proof, others, why):
    """T187"""
    found = answered(counter, wallet(proof, **others))
    assert refusal(found) == why
    assert not any(name in repr(found.verdict) for name in ("Mustermann", "Mia", "Ben", "Helga"))


def test_a_proof_of_another_wallet_is_refused(counter):
    held = wallet()
    stolen = held["proof"]
    held["proof"] = type(stolen)(stolen.raw, seeded_key(99))
    found = answered(counter, held)
    assert found.state == "refused"
    assert next(line.check for line in found.verdict.lines if line.passed is False) == "holder_bound"


def test_an_employee_acts_for_a_company(counter):
    proof: JsonObject = {"relation": "employee", "represented": FIRM, "areas": ["vehicles"]}
    found = answered(counter, wallet(proof), "for-a-company")
    assert (found.state, found.acting.proof.represented.name) == ("accepted", "Muster GmbH")
    assert refusal(answered(counter, wallet(), "for-a-company")) == "relation"


def test_what_was_kept_reads_back_as_it_was():
    acting = Acting(Representation.from_claims(PROOF), "school", (("de", "Schule"),), "Registry office")
    assert Acting.from_fields(Fields(read_json(encode_json(acting.to_dict()), "acting"), "acting")) == acting
    without_end = {name: value for name, value in PROOF.items() if name != "until"}
    endless = Acting(Representation.from_claims(without_end), "school", (), "")
    assert Acting.from_fields(Fields(endless.to_dict(), "acting")) == endless


@pytest.mark.parametrize(
    ("old", "new", "at"),
    [
        ('{ path = ["until"] },', "", "acting"),
        ('{ path = ["alone"] }, { path = ["until"] },', '{ path = ["until"] },', "acting"),
        (TYPE, "urn:lindenau:member:1", "acting.proof"),
        ('identity = "pid"', 'identity = "passport"', "acting"),
        ('area = "school"', "", "acting.area"),
        ('relations = ["parent", "guardian"]', 'relations = ["friend"]', "acting.relations"),
        ('area = "school"', 'area = "school"\nareas = ["school"]', "acting.areas"),
        ('area = "school"', 'area = "school"\nalone = "yes"', "acting.alone"),
        ('about = ["school"]', 'about = ["pid"]', "acting"),
        ('id = "pid", format', 'id = "pid", multiple = true, format', "acting"),
        ('id = "proof", format', 'id = "proof", require_cryptographic_holder_binding = false, format', "acting"),
    ],
)
def test_a_question_by_which_something_could_be_kept_back_is_refused(old, new, at):
    assert old in USE_CASE
    with pytest.raises(Malformed) as refused:
        UseCase.from_toml(USE_CASE.replace(old, new, 1), "child.toml")
    assert refused.value.at == f"child.toml.{at}"


@pytest.mark.parametrize(
    ("sets", "at"),
    [
        ('credential_sets = [{ options = [["proof", "pid", "school"], ["pid", "school"]] }]', "acting.proof"),
        (
            'credential_sets = [{ options = [["proof", "school"]] }, { options = [["pid"]], required = false }]',
            "acting.identity",
        ),
    ],
)
def test_nobody_can_leave_out_who_acts_where_data_are_about_another(sets, at):
    with pytest.raises(Malformed) as refused:
        UseCase.from_toml(USE_CASE.replace("[acting]", f"{sets}\n[acting]"), "child.toml")
    assert refused.value.at == f"child.toml.{at}"


def test_who_leaves_out_a_proof_that_is_not_needed_acts_for_themselves(tmp_path):
    sets = 'credential_sets = [{ options = [["pid"]] }, { options = [["proof"]], required = false }]'
    case = FOR_A_FIRM.replace("[acting]", f"{sets}\n[acting]")
    made = make_verifier(f"sqlite:///{tmp_path}/verifier.db", OFFICE.anchors, use_cases=(case,))
    held = wallet({"relation": "employee", "represented": FIRM, "areas": ["vehicles"]})
    assert answered(made, held, "for-a-company").acting is not None
    alone = answered(made, {"pid": held["pid"]}, "for-a-company")
    assert (alone.state, alone.acting) == ("accepted", None)
    assert refusal(answered(made, wallet(), "for-a-company")) == "relation"
    made.close()


def test_the_area_is_called_as_the_use_case_says(counter):
    assert answered(counter, wallet()).acting.called == (("de", "Schule"), ("en", "School"))


@pytest.fixture
def registered(tmp_path):
    """The same with a cockpit: its answers have receipts."""
    made = make_verifier(
        f"sqlite:///{tmp_path}/receipts.db", OFFICE.anchors, use_cases=(USE_CASE, FOR_A_FIRM),
        access=ACCESS, privacy_policy=f"{IDENTIFIER}/privacy",
    )  # fmt: skip
    yield made
    made.close()


def receipt_for(counter, held, use_case="for-a-child"):
    """The receipt that comes with the answer, good or bad."""
    made = counter.ask(use_case=use_case)
    request = request_of(counter, made)
    token = presentations(request, held, now=counter.clock.now)
    whole = AuthorizationResponse(token, request.state, CockpitKey(KEY.public_key, hash_text("?")))
    answer = counter.http("POST", f"/responses/{reference_of(made)}", data=encrypted(request, whole)).json()
    payload = answer["receipt"].split(".")[1]
    return Receipt.from_fields(Fields(read_json(decode_base64url(payload), "receipt"), "receipt"))


def test_the_receipt_says_which_data_are_about_another(registered):
    receipt = receipt_for(registered, wallet())
    assert (receipt.outcome, receipt.represented) == (Outcome.ACCEPTED, ("proof", "school"))
    assert not any(name in str(receipt.to_claims()) for name in ("Mustermann", "Mia", "Erika"))


def test_a_refused_answer_was_about_another_all_the_same(registered):
    receipt = receipt_for(registered, wallet({"areas": ["health"]}))
    assert (receipt.outcome, receipt.represented) == (Outcome.REJECTED, ("proof", "school"))


def test_for_a_company_the_proof_alone_is_about_another(registered):
    proof: JsonObject = {"relation": "employee", "represented": FIRM, "areas": ["vehicles"]}
    assert receipt_for(registered, wallet(proof), "for-a-company").represented == ("proof",)


def child_document(**changes):
    """What a child with a wallet of their own shows."""
    return document({**MIA, **changes}, PID)


def in_own_name(counter, claims):
    """Somebody shows in their own name who they are: the browser's secret, the request, and the key of their receipt."""
    made = counter.ask(use_case=IN_OWN_NAME, owner="", browser="cookie")
    request = request_of(counter, made)
    shown = present(request, claims, now=counter.clock.now, query_id="you")
    whole = AuthorizationResponse({"you": (shown,)}, request.state, CockpitKey(OTHER_KEY.public_key, hash_text("?")))
    counter.http("POST", f"/responses/{reference_of(made)}", data=encrypted(request, whole)).json()
    result = counter.run(counter.verifier.answers.result_for_browser(made.id, "cookie"))
    return counter.run(counter.verifier.represented.done_for(result.disclosed))


def news_for(counter, key):
    """What the wallet with this key is told by the usage log of its receipt."""
    receipt = counter.store.cockpit.by_key(key.public_key.thumbprint())
    return counter.store.usage.news(receipt.id, 10)


def test_the_child_sees_in_their_own_name_what_was_done_for_them(registered):
    receipt = receipt_for(registered, wallet())
    [done] = in_own_name(registered, child_document())
    assert (done.receipt.id, done.found.relation) == (receipt.id, "parent")
    [news] = news_for(registered, OTHER_KEY)
    texts = {text.language: text.text for text in news.text}
    assert "somebody acted for you here as a mother or father: We write down who says yes" in texts["en"]
    # Nothing that is kept or told names anybody
    assert not any(name in str(texts) for name in ("Mustermann", "Mia", "Erika"))


@pytest.mark.parametrize("changes", [{"given_name": "Ben"}, {"birthdate": "2018-05-04"}, {"family_name": "Muster"}])
def test_nobody_else_finds_it(registered, changes):
    receipt_for(registered, wallet())
    assert in_own_name(registered, child_document(**changes)) == ()
    assert news_for(registered, OTHER_KEY) == ()


def test_what_was_refused_or_is_over_is_not_found(registered):
    receipt_for(registered, wallet({"areas": ["health"]}))
    assert in_own_name(registered, child_document()) == ()
    receipt = receipt_for(registered, wallet())
    registered.clock.now = receipt.log_until
    assert registered.store.sweep(now=receipt.log_until, limit=100)
    with registered.store.database.reading() as connection:
        assert connection.execute(sqlalchemy.text("select count(*) from represented")).scalar() == 0


def test_what_is_kept_of_whom_tells_nothing_and_is_another_hash_elsewhere(registered):
    receipt_for(registered, wallet())
    with registered.store.database.reading() as connection:
        rows = [str(tuple(row)) for row in connection.execute(sqlalchemy.text("select * from represented"))]
    assert len(rows) == 1
    assert not any(name in rows[0] for name in ("mustermann", "Mustermann", "mia", "2018"))
    mia = Person.from_fields(Fields(MIA, "mia"))
    assert mark_of(b"1" * 32, mia) != mark_of(b"2" * 32, mia)


def test_who_acts_for_a_company_leaves_nothing_for_people(registered):
    proof: JsonObject = {"relation": "employee", "represented": FIRM, "areas": ["vehicles"]}
    receipt_for(registered, wallet(proof), "for-a-company")
    with registered.store.database.reading() as connection:
        assert connection.execute(sqlalchemy.text("select count(*) from represented")).scalar() == 0


def test_where_nobody_acts_for_people_nobody_is_asked_who_they_are(tmp_path):
    made = make_verifier(f"sqlite:///{tmp_path}/firm.db", OFFICE.anchors, use_cases=(FOR_A_FIRM,))
    assert IN_OWN_NAME not in made.verifier.context.use_cases
    made.close()


def test_the_question_in_ones_own_name_is_registered_with_the_others(tmp_path):
    folder = tmp_path / "cases"
    folder.mkdir()
    (folder / "child.toml").write_text(USE_CASE)
    new = NewVerifier(tmp_path / "verifier", IDENTIFIER, (("en", "School"),), use_cases_folder=str(folder))
    set_up_verifier(new, now=NOW, random_bytes=seeded(1))
    draft = draft_registration(tmp_path / "verifier")
    assert IN_OWN_NAME in draft
    assert "represented" in draft


@pytest.mark.parametrize(("text", "added"), [(USE_CASE, [IN_OWN_NAME]), (FOR_A_FIRM, [])], ids=["people", "companies"])
def test_a_registration_file_that_lacks_the_question_gets_it_when_it_is_sent(tmp_path, text, added):
    folder = tmp_path / "cases"
    folder.mkdir()
    (folder / "case.toml").write_text(text)
    name, cases = (("en", "School"),), str(folder)
    new = NewVerifier(tmp_path / "verifier", IDENTIFIER, name, use_cases_folder=cases, own_use_cases_only=True)
    set_up_verifier(new, now=NOW, random_bytes=seeded(1))
    settings, old = VerifierSettings.read(tmp_path / "verifier"), cinema()
    new_party = completed(settings, old)
    assert [use.id for use in new_party.uses] == [*[use.id for use in old.uses], *added]
    assert completed(settings, new_party) == new_party
    # What is sent can be read by a registrar: nothing in it is left for people to fill in
    assert Party.from_dict(new_party.to_dict()) == new_party
    assert {use.privacy_policy for use in new_party.uses} == {old.uses[0].privacy_policy}
