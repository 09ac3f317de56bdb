"""Rights over a document, from the wallet that holds it to the agency's desk and back, with both as they are."""

import json
import re
from itertools import count

import pytest
from sqlalchemy import text as sql

from capabilities.cockpit.erase_list import EraseList
from capabilities.cockpit.handing_out import Own
from issuer.database.erased import ERASED_FORM
from issuer.database.register import SqlRegister
from issuer.database.tables import document_receipts
from issuer.policy import Deed
from issuer.rights import Why
from protocol.errors import Conflict, Unavailable
from protocol.exchange import run
from protocol.keys import P256Key
from protocol.sovereignty.calls import Caller, CallPath, call_url
from protocol.sovereignty.rights import Right, RightsRequest, sign_rights_request
from protocol.sovereignty.usage import Action
from protocol.trust.localized import Localized
from runtime.lasting_list import LastingList
from tests.flows.agency import COCKPIT, DAY, RECORD, SUBJECT, agency_town
from tests.issuer.database.giving import backup, column
from tests.support.issuer import CLERK
from tests.support.pki import seeded, seeded_key
from wallet.policy.cockpit.disclosed import entries_of
from wallet.policy.cockpit.rights import Wish, status_of

pytestmark = pytest.mark.flow

SEEDS = count(7700)
LAW = "Art. 17(3)(b) GDPR, section 13 of the register act."


@pytest.fixture
def town(tmp_path):
    with agency_town(tmp_path) as everybody:
        yield everybody


class Citizen:
    """Whoever holds a document and asks about it."""

    def __init__(self, town):
        self.town = town
        self.rights = town.wallet.cockpit.rights
        self.id = town.take().id

    @property
    def disclosure(self):
        """What the wallet keeps of the receipt."""
        return next(one for one in self.town.disclosures() if one.id == self.id)

    @property
    def asked(self):
        """The last request."""
        return self.disclosure.rights[-1]

    @property
    def status(self):
        """How it stands, as far as is known."""
        return status_of(self.asked)

    def ask(self, right, text=""):
        """Ask; the state that comes of it."""
        self.town.run(self.rights.ask(self.disclosure, Wish(right, None, text)))
        return self.status.state

    def follow(self):
        """Ask how it stands."""
        self.town.run(self.rights.follow(self.disclosure, self.asked.id))
        return self.status.state

    def handed(self):
        """What is handed out: the answer, and what was noted."""
        handed = self.town.run(self.rights.answer(self.disclosure, self.asked.id))
        [file] = handed.answer.says.files
        return handed.answer.says, json.loads(self.town.run(self.rights.file(handed, file)))

    def log(self):
        """What the agency says that it did."""
        return [action for action, _ in self.town.said(self.disclosure)]


@pytest.fixture
def citizen(town):
    return Citizen(town)


def clerk_says(town, what, **fields):
    """A clerk answers the first request that waits."""
    desk = town.desk.issuer.rights
    [case] = town.desk.run(desk.listed(is_open=True))
    town.desk.run(desk.open(case.id, actor=CLERK))
    return town.desk.run(getattr(desk, what)(case.id, actor=CLERK, **fields))


def both(text):
    """A clerk's words."""
    return (Localized("en", text),)


def end_document(town):
    """A clerk revokes what the citizen holds."""
    desk = town.desk
    for document in desk.store.documents(limit=10, subject=SUBJECT):
        desk.run(desk.issuer.desk.change(document.id, Deed.REVOKE, "lost", CLERK))


def remembered(town):
    """In which tables the person or the keys of their copies still stand."""
    found = []
    with town.desk.store.database.reading() as connection:
        for table, column in (
            ("credentials", "subject"),
            ("document_receipts", "subject"),
            ("offers", "subject"),
            ("mandates", "subject"),
            ("sessions", "stage"),
        ):
            rows = connection.execute(sql(f"SELECT {column} FROM {table}")).scalars()  # names of ours
            if any(SUBJECT in str(row) for row in rows):
                found.append(table)
        keys = connection.execute(sql("SELECT holder_key FROM credentials")).scalars().all()
    return found + ["holder keys" for key in keys if key]


def test_access_is_answered_at_once_with_the_register_the_copies_and_the_log(town, citizen):
    assert citizen.ask(Right.ACCESS) == "done"
    says, noted = citizen.handed()
    assert says.data["card"] == [{"given_name": "Xanthippe", "address": {"locality": "Altstadt"}, "points": 4711}]
    assert noted["id_in_register"] == SUBJECT
    assert {copy["state"] for copy in noted["copies"]} == {"valid"}
    assert {copy["credential_configuration_id"] for copy in noted["copies"]} == {"card", "card-mdoc"}
    assert [entry["action"] for entry in noted["log"]] == ["used"]
    assert "Art. 77" in says.information.authority[-1].text
    assert "register" in says.information.source[-1].text
    assert citizen.log() == ["used", "used"]


def test_what_is_handed_out_is_what_the_register_says_now_and_only_of_this_document(town, citizen):
    town.desk.register.put({SUBJECT: {**RECORD, "points": 5}})
    assert citizen.ask(Right.PORTABILITY) == "done"
    says, noted = citizen.handed()
    assert says.data["card"][0]["points"] == 5
    assert says.information is None
    assert "family_name" not in json.dumps([says.data, noted])
    assert "1990-03-07" not in json.dumps([says.data, noted])


def test_nothing_is_handed_out_by_itself_once_the_document_has_ended(town, citizen):
    end_document(town)
    assert citizen.ask(Right.ACCESS) == "working"
    assert citizen.follow() == "working"
    with pytest.raises(Conflict, match="be sure first who asks"):
        clerk_says(town, "hand_out", own=Own(), sure=False)
    assert citizen.follow() == "working"
    clerk_says(town, "hand_out", own=Own(), sure=True)
    assert citizen.follow() == "done"
    assert citizen.handed()[0].data["card"][0]["given_name"] == "Xanthippe"


def test_a_correction_that_is_refused_says_why_and_where_to_complain(town, citizen):
    assert citizen.ask(Right.RECTIFICATION, "I have 5 points.") == "working"
    clerk_says(town, "refuse", why=both("The register is right: Art. 16 GDPR."))
    assert citizen.follow() == "refused"
    assert [each.text for each in citizen.status.why] == ["The register is right: Art. 16 GDPR."]
    assert "Art. 77" in citizen.status.remedy[-1].text
    assert citizen.log() == ["used", "viewed", "refused"]
    said = entries_of(town.look(citizen.disclosure).disclosure)[-1].use.why
    assert "The register is right" not in "".join(each.text for each in said)


def test_a_correction_that_is_made_changes_the_register_and_the_document_follows(town, citizen):
    assert citizen.ask(Right.RECTIFICATION, "I moved to Neustadt.") == "working"
    new = {"address": {"locality": "Neustadt"}}
    town.desk.run(town.desk.issuer.changes.patch(SUBJECT, new, CLERK))
    clerk_says(town, "done", kept=(), told=False)
    assert citizen.follow() == "done"
    assert "corrected" in citizen.log()
    town.desk.run(town.desk.issuer.changes.look())
    states = {one.state for one in town.desk.store.documents(limit=10, subject=SUBJECT)}
    assert states == {"revoked"}  # a moved address ends this card at once


def test_a_valid_document_is_not_erased(town, citizen):
    assert citizen.ask(Right.ERASURE) == "working"
    with pytest.raises(Conflict, match="still valid"):
        clerk_says(town, "done", kept=both(LAW), told=False)
    clerk_says(town, "refuse", why=both("The document is still valid. Art. 17(3)(b) GDPR."))
    assert citizen.follow() == "refused"
    assert remembered(town)


def test_what_was_noted_is_erased_and_the_register_says_why_it_keeps_its_entry(town, citizen):
    citizen.ask(Right.ERASURE)
    end_document(town)
    with pytest.raises(Conflict, match="say why it keeps"):
        clerk_says(town, "done", kept=(), told=False)
    clerk_says(town, "done", kept=both(LAW), told=False)
    assert citizen.follow() == "done"
    [kept] = citizen.status.kept
    assert [each.text for each in kept.why] == [LAW]
    assert "Art. 77" in citizen.status.remedy[-1].text
    assert remembered(town) == []
    assert citizen.log()[-1] == "kept"
    assert "erased" not in citizen.log()


def test_whoever_asks_once_more_hears_again_that_the_register_keeps_its_entry(town, citizen):
    """Whose it was nobody knows any more, so the register is not asked; what the log said holds."""
    citizen.ask(Right.ERASURE)
    end_document(town)
    clerk_says(town, "done", kept=both(LAW), told=False)
    assert citizen.ask(Right.ERASURE) == "working"
    assert citizen.follow() == "working"
    [case] = town.desk.run(town.desk.issuer.rights.listed(is_open=True))
    assert town.desk.run(town.desk.issuer.rights.open(case.id, actor=CLERK)).in_register
    with pytest.raises(Conflict, match="say why it keeps"):
        clerk_says(town, "done", kept=(), told=False)
    clerk_says(town, "done", kept=both(LAW), told=False)
    assert citizen.follow() == "done"
    assert [each.text for each in citizen.status.kept[0].why] == [LAW]
    assert "erased" not in citizen.log()


def test_whoever_is_still_in_the_register_is_not_erased_by_itself_though_the_document_has_ended(town, citizen):
    end_document(town)
    assert citizen.ask(Right.ERASURE) == "working"
    assert citizen.follow() == "working"
    [case] = town.desk.run(town.desk.issuer.rights.listed(is_open=True))
    assert case.note == Why.REGISTER
    assert remembered(town)
    assert "erased" not in citizen.log()


def test_who_is_in_no_register_any_more_is_erased_at_once(town, citizen):
    town.desk.run(town.desk.issuer.changes.remove(SUBJECT, CLERK))
    assert citizen.ask(Right.ERASURE) == "done"
    assert citizen.status.kept == ()
    assert remembered(town) == []
    assert citizen.log()[-1] == "erased"


def test_what_was_revoked_stays_revoked_after_it_is_erased(town, citizen):
    """T078: the place in the status list is all that is left."""
    town.desk.run(town.desk.issuer.changes.remove(SUBJECT, CLERK))
    with town.desk.store.database.reading() as connection:
        lists = connection.execute(sql("SELECT DISTINCT status_list FROM credentials")).scalars().all()
    before = {one: dict(town.desk.store.status_lists.status_entries(one)) for one in lists}
    assert citizen.ask(Right.ERASURE) == "done"
    assert {one: dict(town.desk.store.status_lists.status_entries(one)) for one in lists} == before
    assert any(before.values())


def test_an_old_copy_of_the_database_brings_back_neither_a_valid_document_nor_whose_it_was(town, citizen, tmp_path):
    """T077, T078: what was erased is ended first, and then erased again."""
    store = town.desk.store
    store.rights._erased = EraseList(LastingList(tmp_path / "erased", ERASED_FORM))
    restore = backup(store)
    town.desk.run(town.desk.issuer.changes.remove(SUBJECT, CLERK))
    assert citizen.ask(Right.ERASURE) == "done"
    with store.database.reading() as connection:
        lists = connection.execute(sql("SELECT DISTINCT status_list FROM credentials")).scalars().all()
    ended = {one: dict(store.status_lists.status_entries(one)) for one in lists}
    restore()
    assert "credentials" in remembered(town)
    assert not any(store.status_lists.status_entries(one) for one in lists)
    assert store.rights.erase_again(by="office", now=town.now) == 1
    assert remembered(town) == []
    assert {one: dict(store.status_lists.status_entries(one)) for one in lists} == ended
    [receipt] = column(store, document_receipts.c.receipt)
    said = [one.members["action"] for one in store.usage.entries(receipt, after=-1, limit=9)]
    assert said == ["used", "decided", "erased"]  # once, whatever forms it has
    assert store.rights.erase_again(by="office", now=town.now) == 0


def test_no_copy_comes_after_the_erasure(town, citizen):
    town.desk.run(town.desk.issuer.changes.remove(SUBJECT, CLERK))
    citizen.ask(Right.ERASURE)
    with town.desk.store.database.reading() as connection:
        assert connection.execute(sql("SELECT count(*) FROM session_keys")).scalar() == 0


def test_an_answer_is_put_off_in_time(town, citizen):
    citizen.ask(Right.OBJECTION, "My case is different.")
    due = citizen.status.due
    clerk_says(town, "extend", why=both("Many ask at once."), due=due + 30 * DAY)
    assert citizen.follow() == "extended"
    assert citizen.status.due == due + 30 * DAY


def test_where_the_register_is_away_the_answer_comes_the_next_time(town, citizen, monkeypatch):
    with monkeypatch.context() as patch:

        def away(_register, _subject):
            raise Unavailable("the register is away")

        patch.setattr(SqlRegister, "fetch", away)
        assert citizen.ask(Right.ACCESS) == "working"
    assert citizen.follow() == "done"


def call(town, key, token):
    """One call with a proof, over HTTP."""
    sent = []

    def perform(request):
        sent.append(request)
        return town.office.respond(request)

    caller = Caller(key, seeded(next(SEEDS)), lambda: town.now)
    return run(caller.call("POST", call_url(COCKPIT, CallPath.RIGHTS), token.encode()), perform), sent[-1]


def request_of(town, citizen, **changes):
    says = {
        "audience": COCKPIT,
        "receipt": json.loads(town.desk.store.cockpit.by_key(citizen.disclosure.thumbprint).says)["jti"],
        "jti": "j" * 22,
        "right": Right.RESTRICTION,
        "issued_at": town.now,
        **changes,
    }
    return RightsRequest(**says)


def cockpit_key(citizen):
    return P256Key.from_scalar(bytes.fromhex(citizen.disclosure.key))


def test_a_foreign_key_hears_that_there_is_no_such_receipt(town, citizen):
    other = seeded_key(4711)
    answer, _ = call(town, other, sign_rights_request(request_of(town, citizen), other))
    assert answer.status == 404
    assert town.desk.run(town.desk.issuer.rights.listed(is_open=True)) == ()


@pytest.mark.parametrize(
    "changes",
    [{"receipt": "r" * 22}, {"audience": "https://other.example/cockpit"}],
    ids=["receipt", "audience"],
)
def test_a_request_for_somebody_else_is_refused(town, citizen, changes):
    key = cockpit_key(citizen)
    answer, _ = call(town, key, sign_rights_request(request_of(town, citizen, **changes), key))
    assert answer.status == 400
    assert town.desk.run(town.desk.issuer.rights.listed(is_open=True)) == ()


def test_a_request_that_another_key_signed_is_refused(town, citizen):
    answer, _ = call(town, cockpit_key(citizen), sign_rights_request(request_of(town, citizen), seeded_key(4712)))
    assert answer.status == 400


def test_a_proof_counts_once(town, citizen):
    key = cockpit_key(citizen)
    token = sign_rights_request(request_of(town, citizen), key)
    answer, sent = call(town, key, token)
    assert answer.status == 202
    assert town.office.respond(sent).status == 401
    again, _ = call(town, key, token)
    assert again.status == 202  # the same bytes with a fresh proof: the same answer
    assert len(town.desk.run(town.desk.issuer.rights.listed(is_open=True))) == 1


def test_a_jti_is_of_one_request(town, citizen):
    key = cockpit_key(citizen)
    call(town, key, sign_rights_request(request_of(town, citizen), key))
    answer, _ = call(town, key, sign_rights_request(request_of(town, citizen, right=Right.OBJECTION), key))
    assert answer.status == 409


def test_a_case_of_another_document_is_not_found(town, citizen):
    citizen.ask(Right.RESTRICTION)
    other = Citizen(town)
    caller = Caller(cockpit_key(other), seeded(next(SEEDS)), lambda: town.now)
    url = call_url(COCKPIT, CallPath.RIGHTS, citizen.status.id)
    assert run(caller.call("GET", url), town.office.respond).status == 404


def test_what_a_citizen_wrote_stands_sealed(town, citizen):
    citizen.ask(Right.OBJECTION, "Something private.")
    with town.desk.store.database.reading() as connection:
        everything = str(connection.execute(sql("SELECT * FROM cockpit_rights")).all())
    assert "Something private." not in everything
    [case] = town.desk.run(town.desk.issuer.rights.listed(is_open=True))
    found = town.desk.run(town.desk.issuer.rights.open(case.id, actor=CLERK))
    assert found.text == "Something private."
    assert re.fullmatch(r"RightsCase\(.*\)", repr(case))
    assert Action.VIEWED in citizen.log()
