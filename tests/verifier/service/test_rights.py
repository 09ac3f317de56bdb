"""Rights over an answer: what can be done at once is done, whoever works on the rest, and the citizen has it signed."""

from dataclasses import replace

import pytest
from sqlalchemy import text as sql

from capabilities.cockpit.rights import MAX_REQUESTS
from capabilities.usage_log.records import Used
from protocol.encoding import JsonObject
from protocol.errors import Conflict, NotFound
from protocol.sovereignty.due_dates import add_months, first_due
from protocol.sovereignty.rights import Right
from protocol.sovereignty.rights_status import State
from protocol.sovereignty.usage import Action, Addressee, Use
from protocol.trust.anchors import TrustAnchors
from tests.support.partners import both
from tests.support.pki import DAY, NOW, seeded_key
from tests.support.rights import Asker
from tests.support.verifier import USE_CASE, issue_held, make_verifier
from tests.verifier.citizen import ACCESS, KEY, OTHER_KEY, WHO, Citizen, report, with_more
from verifier.session import Answered, Forgotten
from verifier.usage import By

KEEP = "keep_seconds = 86400\n"


NAMES = ('[{ path = ["family_name"] }]', '[{ path = ["family_name"] }, { path = ["given_name"] }]')


def library(database_url, anchors, basis="consent", names=("", "")):
    case = with_more(USE_CASE.replace(*names), f'legal_basis = "{basis}"\nretention = "P30D"\n{KEEP}')
    privacy = "https://library.example/privacy"
    return make_verifier(database_url, anchors, use_cases=(case,), access=ACCESS, privacy_policy=privacy)


@pytest.fixture
def make(database_url, agency):
    made = []

    def of(basis="consent", **changes):
        made.append(library(database_url, TrustAnchors([agency.anchor]), basis, **changes))
        return made[-1]

    yield of
    for each in made:
        each.close()


@pytest.fixture
def counter(make):
    return make()


class Given:
    """An answer with a receipt, and whoever gave it."""

    def __init__(self, counter, held, key=KEY):
        self.counter, self.made = counter, counter.ask()
        citizen = Citizen(counter, self.made, held, key)
        self.receipt = citizen.judge(citizen.answer()["receipt"]).receipt
        self.asker = Asker(counter, key, self.receipt.id, self.receipt.claims, WHO)

    def log(self):
        return report(self.counter, self.asker.key, self.receipt)

    def everything(self):
        """All bytes of all tables."""
        with self.counter.store.database.reading() as connection:
            names = ("sessions", "session_keys", "events", "cockpit_rights")
            rows = [row for name in names for row in connection.execute(sql(f"select * from {name}"))]
        # A row that shows itself shortens what is long
        return "\n".join(str(tuple(row)) for row in rows)


def listed(counter, *, is_open=True):
    return counter.run(counter.verifier.rights.listed(is_open=is_open))


def work(counter, name, case, *args, **kwargs):
    return counter.run(getattr(counter.verifier.rights, name)(case, *args, actor="Ada", **kwargs))


def test_erasure_is_done_at_once_where_nothing_forbids_it_and_the_data_is_gone(counter, held):
    given = Given(counter, held)
    before = counter.stage(given.made)
    status = given.asker.ask(Right.ERASURE)
    assert (status.state, status.due) == (State.DONE, first_due(NOW))
    assert isinstance(counter.stage(given.made), Forgotten)
    assert before.disclosed not in given.everything()
    assert given.log() == [Action.RECEIVED, Action.ERASED]
    with pytest.raises(NotFound):
        counter.result(given.made)
    assert listed(counter) == ()
    assert given.asker.status(status) == status


def test_erasing_and_saying_so_are_one_transaction(counter, held, monkeypatch):
    given = Given(counter, held)

    def fails(*_):
        raise RuntimeError("the log is full")

    with monkeypatch.context() as broken:
        broken.setattr(counter.store.usage, "_write_use", fails)
        token = given.asker.token(Right.ERASURE)
        assert given.asker.call("POST", body=token.encode()).status == 500
    assert isinstance(counter.stage(given.made), Answered)
    assert listed(counter) == listed(counter, is_open=False) == ()
    # The same bytes once more are a first time
    assert given.asker.post(token, Right.ERASURE).state is State.DONE


@pytest.mark.parametrize(("basis", "why"), [("legal_obligation", "duty"), ("public_task", "duty")])
def test_where_a_law_may_want_the_data_kept_a_clerk_sees_it_first(make, held, basis, why):
    counter = make(basis)
    given = Given(counter, held)
    assert given.asker.ask(Right.ERASURE).state is State.WORKING
    assert isinstance(counter.stage(given.made), Answered)
    [case] = listed(counter)
    assert case.note == why


def test_what_a_program_of_the_partner_read_is_not_said_to_be_gone(counter, held):
    given = Given(counter, held)
    counter.result(given.made)
    status = given.asker.ask(Right.ERASURE)
    assert status.state is State.WORKING
    [case] = listed(counter)
    assert case.note == "elsewhere"
    assert Action.ERASED not in given.log()
    work(counter, "done", case.id, place=By.PROGRAM, told=False)
    assert given.asker.status(status).state is State.DONE
    assert given.log()[-1] is Action.ERASED
    assert isinstance(counter.stage(given.made), Forgotten)


def test_a_part_of_an_answer_is_not_erased_without_a_look(make, held):
    counter = make(names=NAMES)
    given = Given(counter, held)
    assert given.asker.ask(Right.ERASURE, claims={"pid": (("given_name",),)}).state is State.WORKING
    assert isinstance(counter.stage(given.made), Answered)
    assert [case.note for case in listed(counter)] == ["part"]
    assert given.asker.ask(Right.ERASURE, claims=given.receipt.claims).state is State.DONE


def test_who_got_the_data_is_told_before_it_is_done(counter, held):
    """GDPR Art. 19."""
    given = Given(counter, held)
    stage = counter.stage(given.made)
    bank = Addressee("Bank", "NTRDE-1")
    use = Use(NOW, Action.FORWARDED, given.receipt.claims, "clerk", both("Weiter", "On"), bank)
    counter.store.usage.record([Used(given.receipt.id, stage.logged.log_until, use)])
    status = given.asker.ask(Right.ERASURE)
    [case] = listed(counter)
    assert work(counter, "open", case.id).held.untold == (bank,)
    with pytest.raises(Conflict):
        work(counter, "done", case.id, place=By.CLERK, told=False)
    assert given.asker.status(status).state is State.WORKING
    work(counter, "done", case.id, place=By.CLERK, told=True)
    assert given.log()[-2:] == [Action.RECIPIENT_TOLD, Action.ERASED]
    told = counter.store.usage.entries(given.receipt.id, after=-1, limit=9)[-2].members["to"]
    assert told == {"name": "Bank", "identifier": "NTRDE-1"}


def test_withdrawing_a_consent_is_as_easy_as_giving_it(counter, held):
    given = Given(counter, held)
    assert given.asker.ask(Right.WITHDRAW_CONSENT).state is State.DONE
    assert isinstance(counter.stage(given.made), Forgotten)


def test_a_consent_that_was_never_asked_is_for_a_clerk(make, held):
    counter = make("contract")
    given = Given(counter, held)
    assert given.asker.ask(Right.WITHDRAW_CONSENT).state is State.WORKING
    assert not counter.stage(given.made).restricted


@pytest.mark.parametrize("right", [Right.RESTRICTION, Right.OBJECTION])
def test_what_is_restricted_is_read_by_nobody(counter, held, right):
    """GDPR Art. 18."""
    given = Given(counter, held)
    status = given.asker.ask(right)
    assert status.state is (State.DONE if right is Right.RESTRICTION else State.WORKING)
    found = counter.result(given.made)
    assert (found.state, found.disclosed) == ("accepted", None)
    assert given.log() == [Action.RECEIVED, Action.RESTRICTED]


def test_an_objection_that_is_refused_lifts_its_restriction_unless_another_one_stands(counter, held):
    given = Given(counter, held)
    first, second = given.asker.ask(Right.OBJECTION), given.asker.ask(Right.OBJECTION)
    why = both("Art. 21 DSGVO: Gründe", "Art. 21 GDPR: grounds")
    work(counter, "refuse", first.id, why)
    assert counter.stage(given.made).restricted
    work(counter, "refuse", second.id, why)
    assert not counter.stage(given.made).restricted
    assert counter.result(given.made).disclosed is not None


def test_a_restriction_stays_when_an_objection_is_refused(counter, held):
    given = Given(counter, held)
    given.asker.ask(Right.RESTRICTION)
    objection = given.asker.ask(Right.OBJECTION)
    work(counter, "refuse", objection.id, both("Art. 21", "Art. 21"))
    assert counter.stage(given.made).restricted


def test_a_refusal_names_the_provision_and_where_to_complain(counter, held):
    """GDPR Art. 12(4)."""
    given = Given(counter, held)
    status = given.asker.ask(Right.HUMAN_REVIEW, text="Bitte prüfen")
    work(counter, "refuse", status.id, both("Art. 22 DSGVO", "Art. 22 GDPR"))
    after = given.asker.status(status)
    assert after.state is State.REFUSED
    assert [each.text for each in after.why] == ["Art. 22 DSGVO", "Art. 22 GDPR"]
    assert "Art. 77" in after.remedy[0].text
    with pytest.raises(Conflict):
        work(counter, "done", status.id, place=By.CLERK, told=True)


def test_an_answer_is_put_off_in_time_and_at_most_to_three_months(counter, held):
    """GDPR Art. 12(3)."""
    given = Given(counter, held)
    status, why = given.asker.ask(Right.HUMAN_REVIEW), both("Viel zu tun", "Much to do")
    for due in (add_months(NOW, 3) + 1, status.due):
        with pytest.raises(Conflict):
            work(counter, "extend", status.id, why, due)
    work(counter, "extend", status.id, why, add_months(NOW, 2))
    later = given.asker.status(status)
    assert (later.state, later.due, later.why) == (State.EXTENDED, add_months(NOW, 2), why)
    counter.clock.forward(add_months(NOW, 2) - NOW + 1)
    with pytest.raises(Conflict):
        work(counter, "extend", status.id, why, add_months(NOW, 3))


ENC = seeded_key(71)
ADULT = ('[{ path = ["family_name"] }]', '[{ path = ["age_equal_or_over", "18"] }]')


@pytest.mark.parametrize("right", [Right.ACCESS, Right.PORTABILITY])
def test_values_that_identify_leave_by_no_key_alone_and_by_no_click(counter, held, right):
    given = Given(counter, held)
    status = given.asker.ask(right, enc_key=ENC.public_key)
    assert status.state is State.PRESENT_AGAIN
    assert [case.note for case in listed(counter)] == ["again"]
    assert given.asker.status(status).state is State.PRESENT_AGAIN
    assert given.asker.call("GET", status.id, "answer").status == 404
    assert not work(counter, "open", status.id).can_be_done
    with pytest.raises(Conflict):
        work(counter, "done", status.id, place=By.CLERK, told=True)


@pytest.mark.parametrize("right", [Right.ACCESS, Right.PORTABILITY])
def test_values_that_identify_nobody_are_handed_out_encrypted_to_whoever_asks(make, held, right):
    counter = make(names=ADULT)
    given = Given(counter, held)
    status = given.asker.ask(right, enc_key=ENC.public_key)
    assert status.state is State.DONE
    answer = given.asker.answer(status, ENC)
    assert answer.data == {"pid": [{"age_equal_or_over": {"18": True}}]}
    assert (answer.information is not None) == (right is Right.ACCESS)
    assert given.asker.status(status) == status
    assert given.asker.answer(status, ENC) == answer
    assert given.log() == [Action.RECEIVED, Action.USED]
    other = Asker(counter, seeded_key(99), given.receipt.id, given.receipt.claims, WHO)
    assert other.call("GET", status.id, "answer").status == 404


def test_what_the_law_wants_known_goes_with_the_data(make, held):
    """GDPR Art. 15(1)."""
    counter = make(names=ADULT)
    given = Given(counter, held)
    answer = given.asker.answer(given.asker.ask(Right.ACCESS, enc_key=ENC.public_key), ENC)
    told = answer.information.to_dict()
    assert told["purposes"] == {"en": "We write it on your card.", "de": "Wir schreiben ihn auf Ihre Karte."}
    assert told["categories"]["en"] == "What your documents say: age equal or over 18"
    assert told["retention"]["en"] == "Until 14 February 2027."
    assert told["recipients"] == []
    assert "Art. 77" in told["authority"]["en"]


def test_an_answer_that_a_program_had_is_not_handed_out_as_if_that_were_all(make, held):
    counter = make(names=ADULT)
    given = Given(counter, held)
    counter.result(given.made)
    assert given.asker.ask(Right.ACCESS, enc_key=ENC.public_key).state is State.WORKING
    assert [case.note for case in listed(counter)] == ["elsewhere"]


def test_whoever_asks_after_all_is_gone_is_told_that_nothing_is_here(make, held):
    counter = make(names=ADULT)
    given = Given(counter, held)
    given.asker.ask(Right.ERASURE)
    status = given.asker.ask(Right.ACCESS, enc_key=ENC.public_key)
    assert (status.state, given.asker.answer(status, ENC).data) == (State.DONE, {})
    assert given.log() == [Action.RECEIVED, Action.ERASED]


def test_what_was_handed_out_is_erased_with_the_data(make, held):
    counter = make(names=ADULT)
    given = Given(counter, held)
    status = given.asker.ask(Right.PORTABILITY, enc_key=ENC.public_key)
    sealed = given.asker.call("GET", status.id, "answer").body.decode()
    assert sealed in given.everything()
    given.asker.ask(Right.ERASURE)
    assert sealed not in given.everything()
    assert given.asker.call("GET", status.id, "answer").status == 404


def test_an_answer_is_made_of_what_is_here_when_it_is_given(make, held):
    """Between making it and saying so, the data goes: the request waits, and the next look tells the truth."""
    counter = make(names=ADULT)
    given = Given(counter, held)
    advance = counter.store.rights.advance
    gone: list[str] = []

    def late(id_, step):
        if not gone:
            gone.append(id_)
            given.asker.ask(Right.ERASURE)
        return advance(id_, step)

    counter.store.rights.advance = late
    asker = Asker(counter, KEY, given.receipt.id, given.receipt.claims, WHO)
    status = asker.ask(Right.ACCESS, enc_key=ENC.public_key)
    assert status.state is State.WORKING
    status = asker.status(status)
    assert (status.state, asker.answer(status, ENC).data) == (State.DONE, {})


def test_an_answer_that_does_not_fit_goes_to_a_clerk(make, agency):
    counter = make(names=('[{ path = ["family_name"] }]', '[{ path = ["issuing_authority"] }]'))
    claims: JsonObject = {"issuing_authority": "x" * 60_000}
    held = issue_held(agency, claims, disclosable=(("issuing_authority",),))
    given = Given(counter, held)
    with pytest.MonkeyPatch.context() as small:
        small.setattr("protocol.sovereignty.rights_answer.MAX_ANSWER", 60_000)
        status = given.asker.ask(Right.PORTABILITY, enc_key=ENC.public_key)
    assert status.state is State.WORKING
    assert [case.note for case in listed(counter)] == ["no_fit"]


@pytest.mark.parametrize(
    ("right", "action"), [(Right.RECTIFICATION, Action.CORRECTED), (Right.HUMAN_REVIEW, Action.DECIDED)]
)
def test_what_a_clerk_did_stands_in_the_log(counter, held, right, action):
    given = Given(counter, held)
    status = given.asker.ask(right)
    work(counter, "done", status.id, place=By.CLERK, told=False)
    assert given.log()[-1] is action
    counter.clock.forward(3600)
    before = given.log()
    with pytest.raises(Conflict):
        work(counter, "done", status.id, place=By.CLERK, told=False)
    assert given.log() == before
    assert isinstance(counter.stage(given.made), Answered)


def test_the_same_bytes_get_the_same_answer_and_others_conflict(counter, held):
    given = Given(counter, held)
    token = given.asker.token(Right.HUMAN_REVIEW, jti="jti-0123456789abcdef")
    first = given.asker.post(token, Right.HUMAN_REVIEW)
    counter.clock.forward(DAY)
    again = given.asker.post(token, Right.HUMAN_REVIEW)
    assert replace(again, issued_at=first.issued_at) == first
    assert len(listed(counter)) == 1
    other = given.asker.token(Right.ERASURE, jti="jti-0123456789abcdef")
    assert given.asker.call("POST", body=other.encode()).status == 409
    assert isinstance(counter.stage(given.made), Answered)


def test_a_key_reaches_its_own_receipt_and_requests_and_no_others(counter, held):
    mine, theirs = Given(counter, held), Given(counter, held, OTHER_KEY)
    status = mine.asker.ask(Right.HUMAN_REVIEW)
    assert theirs.asker.call("GET", status.id).status == 404
    assert mine.asker.call("GET", status.id, key=seeded_key(99)).status == 404
    # Signed by one key, for its receipt, but sent with the proof of another
    token = mine.asker.token(Right.ERASURE)
    assert theirs.asker.call("POST", body=token.encode()).status == 400
    assert theirs.asker.call("POST", body=b"\xff" * 50).status == 400
    assert theirs.asker.call("POST", body=b"a" * 70_000).status == 413
    assert isinstance(counter.stage(mine.made), Answered)


@pytest.mark.parametrize(
    "change",
    [
        {"audience": "https://other.example/cockpit"},
        {"receipt": "another-receipt-012345"},
        {"claims": {"pid": (("birthdate",),)}},
    ],
)
def test_a_request_for_somebody_or_something_else_is_refused_and_kept_nowhere(counter, held, change):
    given = Given(counter, held)
    token = given.asker.token(Right.ERASURE, **change)
    assert given.asker.call("POST", body=token.encode()).status == 400
    assert listed(counter) == ()
    assert isinstance(counter.stage(given.made), Answered)


def test_requests_about_one_receipt_are_limited(counter, held):
    given = Given(counter, held)
    tokens = [given.asker.token(Right.HUMAN_REVIEW) for _ in range(MAX_REQUESTS + 1)]
    issued = counter.store.cockpit.by_key(KEY.public_key.thumbprint())
    for token in tokens[:-1]:
        counter.run(counter.verifier.rights.requests.ask(issued, token))
    assert given.asker.call("POST", body=tokens[-1].encode()).status == 429


def test_what_the_citizen_wrote_stands_nowhere_in_plain_words(counter, held):
    given = Given(counter, held)
    status = given.asker.ask(Right.RECTIFICATION, text="planted-words")
    assert "planted-words" not in given.everything()
    opened = work(counter, "open", status.id)
    assert (opened.text, opened.claims) == ("planted-words", given.receipt.claims)
    assert "planted-words" not in repr(opened.case)
    assert "Ada" in given.everything()


def test_a_request_is_answered_even_after_the_log_of_its_receipt_is_over(counter, held):
    given = Given(counter, held)
    counter.clock.forward(given.receipt.log_until - NOW - 1)
    status = given.asker.ask(Right.HUMAN_REVIEW)
    counter.clock.forward(2)
    counter.store.sweep(now=counter.clock.now, limit=1000)
    assert given.asker.status(status).state is State.WORKING
    assert given.asker.call("POST", body=given.asker.token(Right.ERASURE).encode()).status == 404
    counter.clock.forward(100 * DAY)
    counter.store.sweep(now=counter.clock.now, limit=1000)
    # What waits is not swept away
    work(counter, "refuse", status.id, both("Zu spät", "Too late"))
    counter.store.sweep(now=counter.clock.now, limit=1000)
    counter.store.sweep(now=counter.clock.now, limit=1000)
    assert given.asker.call("GET", status.id).status == 404
    assert counter.store.cockpit.by_id(given.receipt.id) is None


def test_what_is_gone_already_is_done(counter, held):
    given = Given(counter, held)
    counter.clock.forward(DAY + 1)
    counter.store.sweep(now=counter.clock.now, limit=100)
    assert given.asker.ask(Right.ERASURE).state is State.DONE
    assert given.log() == [Action.RECEIVED, Action.ERASED]


def test_what_cannot_be_found_and_was_never_erased_is_not_said_to_be_gone(counter, held):
    given = Given(counter, held)
    with counter.store.database.engine.begin() as connection:
        connection.execute(sql("delete from sessions"))
    assert given.asker.ask(Right.ERASURE).state is State.WORKING


def test_the_list_comes_in_pages_with_what_is_due_first_first(counter, held):
    given = Given(counter, held)
    asked = []
    for _ in range(3):
        asked.append(given.asker.ask(Right.HUMAN_REVIEW).id)
        counter.clock.forward(DAY)
    store = counter.store.rights
    first = store.listed(is_open=True, after="", limit=2)
    assert [case.id for case in first] == asked[:2]
    assert [case.id for case in store.listed(is_open=True, after=first[-1].id, limit=2)] == asked[2:]
    for id_ in asked:
        work(counter, "done", id_, place=By.CLERK, told=False)
    ended = store.listed(is_open=False, after="", limit=2)
    assert [case.id for case in ended] == asked[:0:-1]
    assert [case.id for case in store.listed(is_open=False, after=ended[-1].id, limit=2)] == asked[:1]
