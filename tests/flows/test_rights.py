"""Every right over what was given, from the entry of the wallet to the library and back, with both as they are.

The wallet's own tests have a partner by hand, the verifier's a small wallet; here the two meet.
"""

import re
from base64 import b64encode

import pytest
from sqlalchemy import text as sql

from capabilities.cockpit.attached import MAX_FILE
from protocol.encoding import encode_json
from protocol.keys import P256Key
from protocol.sovereignty.calls import Caller, CallPath, call_url
from protocol.sovereignty.rights import Right, RightsRequest, sign_rights_request
from runtime.api_keys import new_api_key
from tests.flows.rights_town import NAMELESS, RightsTown
from tests.support.pki import DAY, seeded, seeded_key
from tests.verifier.web.people import Browser
from tests.wallet.counterparts import PASSPHRASE, QUICK
from verifier.session import Answered, Forgotten
from wallet.policy.cockpit.disclosed import matches, receipt_of
from wallet.policy.cockpit.rights import is_overdue, status_of
from wallet.vault.vault import Vault

pytestmark = pytest.mark.flow


@pytest.fixture
def make(tmp_path, database_url):
    made: list[RightsTown] = []

    def town(**library):
        vault = Vault.create(tmp_path / f"wallet-{len(made)}.db", PASSPHRASE, QUICK)
        made.append(RightsTown(vault, database_url, **library))
        made[-1].receive()
        return made[-1]

    yield town
    for each in made:
        each.library.counter.close()
        each.vault.close()


@pytest.fixture
def town(make):
    return make()


class Clerk(Browser):
    """Somebody at the library's desk."""

    def __init__(self, town):
        super().__init__(town.library.counter)
        self.get("/desk/login")
        self.press("/desk/login", code=town.library.clerk_code())

    def open(self):
        """The first request that waits."""
        self.get("/desk/rights")
        found = re.search(r'href="(/desk/rights/[A-Za-z0-9_-]{22})"', self.page.text)
        assert found, "nothing waits"
        return self.get(found[1])

    def say(self, what, **fields):
        """Answer it."""
        page = self.open()
        here = page.url.path
        once = re.search(r'name="once" value="([^"]+)"', page.text)[1]
        answer = self.press(f"{here}/{what}", once=once, **fields)
        assert answer.status_code == 200, answer.text
        return answer


def test_what_nothing_forbids_is_erased_at_once_and_the_citizen_sees_it_in_the_log(town):
    made = town.give()
    assert matches(town.disclosure), town.disclosure.receipt.findings
    before = town.library.counter.stage(made)
    assert town.ask(Right.ERASURE) == "done"
    assert isinstance(town.library.counter.stage(made), Forgotten)
    assert before.disclosed not in town.library.everything()
    assert town.use() == ["received", "erased"]
    assert town.wallet.cockpit.timeline().items


def test_what_the_librarys_program_read_is_erased_when_a_clerk_says_that_it_is_gone_there(town):
    made = town.give()
    assert town.library.read(made)
    assert town.ask(Right.ERASURE, text="I have moved away.") == "working"
    clerk = Clerk(town)
    assert "I have moved away." in clerk.open().text
    clerk.say("done")
    assert town.follow() == "done"
    assert isinstance(town.library.counter.stage(made), Forgotten)
    assert town.use() == ["received", "viewed", "erased"]


def test_a_consent_is_taken_back(town):
    made = town.give()
    assert town.ask(Right.WITHDRAW_CONSENT) == "done"
    assert isinstance(town.library.counter.stage(made), Forgotten)


def test_a_consent_that_was_never_needed_is_refused_with_the_way_to_the_authority(make):
    town = make(basis="contract")
    made = town.give()
    assert town.ask(Right.WITHDRAW_CONSENT) == "working"
    Clerk(town).say("refuse", why="Art. 6(1)(b) GDPR: this is a contract.")
    assert town.follow() == "refused"
    says = status_of(town.asked)
    assert [each.text for each in says.why] == ["Art. 6(1)(b) GDPR: this is a contract."]
    assert "Art. 77" in says.remedy[-1].text
    assert isinstance(town.library.counter.stage(made), Answered)


def test_data_that_is_put_aside_is_read_by_nobody(town):
    made = town.give()
    assert town.ask(Right.RESTRICTION) == "done"
    assert town.library.read(made) is None
    assert town.use() == ["received", "restricted"]


def test_who_objects_is_heard_and_nobody_reads_the_data_meanwhile(town):
    made = town.give()
    assert town.ask(Right.OBJECTION, text="My case is different.") == "working"
    assert town.library.read(made) is None
    clerk = Clerk(town)
    assert "My case is different." in clerk.open().text
    clerk.say("done")
    assert town.follow() == "done"
    assert isinstance(town.library.counter.stage(made), Forgotten)


def test_a_human_looks_at_a_decision(town):
    town.give()
    assert town.ask(Right.HUMAN_REVIEW) == "working"
    Clerk(town).say("done")
    assert town.follow() == "done"
    assert town.use()[-1] == "decided"


def test_an_answer_is_put_off_in_time_and_overdue_after_that(town):
    town.give()
    town.ask(Right.RECTIFICATION, text="My name is spelled otherwise.")
    due = status_of(town.asked).due
    page = Clerk(town).open()
    last = re.search(r'max="(\d{4}-\d{2}-\d{2})"', page.text)[1]
    assert town.follow() == "present_again"
    Clerk(town).say("extend", until=last, why="Many ask at once.")
    assert town.follow() == "present_again"
    assert status_of(town.asked).why
    later = status_of(town.asked).due
    assert later > due + 55 * DAY
    town.later(later - town.now + 1)
    assert is_overdue(town.asked, town.now)


@pytest.mark.parametrize("right", [Right.ACCESS, Right.PORTABILITY])
def test_what_identifies_nobody_is_handed_out_encrypted_and_opened_in_the_wallet(make, right):
    town = make(claims=NAMELESS)
    town.give()
    assert town.ask(right) == "done"
    handed = town.run(town.wallet.cockpit.rights.answer(town.disclosure, town.asked.id))
    assert handed.answer.says.data == {"pid": [{"nationalities": ["DE", "FR"]}]}
    assert (handed.answer.says.information is not None) == (right is Right.ACCESS)
    assert town.use() == ["received", "used"]


def present_again(town):
    """The citizen looks at what the library wants to see, and shows it."""
    seen = town.run(town.wallet.cockpit.rights.present_again(town.disclosure, town.asked.id))
    town.run(town.wallet.presenting.share(seen, seen.default_choice()))


@pytest.mark.parametrize("right", [Right.ACCESS, Right.PORTABILITY])
def test_who_shows_the_same_data_once_more_gets_all_that_is_held(town, right):
    town.give()
    assert town.ask(right) == "present_again"
    present_again(town)
    assert town.follow() == "done"
    handed = town.run(town.wallet.cockpit.rights.answer(town.disclosure, town.asked.id))
    given = {"given_name": "Erika", "family_name": "Mustermann", "birthdate": "1990-03-07"}
    assert handed.answer.says.data == {"pid": [given]}
    assert matches(town.newest), town.newest.receipt.findings
    assert receipt_of(town.newest).claims == receipt_of(town.disclosure).claims
    assert town.use() == ["received", "used"]


def test_what_was_shown_once_more_is_gone_and_its_log_says_so(town):
    town.give()
    town.ask(Right.ACCESS)
    present_again(town)
    town.later(3 * 3600)
    town.run(town.wallet.cockpit.ask(town.newest))
    assert town.used(town.newest) == ["received", "erased"]


def test_something_is_corrected_after_the_data_was_shown_once_more(town):
    town.give()
    assert town.ask(Right.RECTIFICATION, text="It is spelled otherwise.") == "present_again"
    assert "is asked to show their data once more" in Clerk(town).open().text
    present_again(town)
    assert town.follow() == "working"
    clerk = Clerk(town)
    assert "showed the same data once more" in clerk.open().text
    clerk.say("done")
    assert town.follow() == "done"
    assert town.use()[-1] == "corrected"


def answer_by_program(town, **body):
    """The library's own system answers, with a key for that."""
    counter = town.library.counter
    key, kept = new_api_key("archive", now=town.now, random_bytes=counter.verifier.context.random_bytes)
    counter.store.case_keys.put(kept)
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    [waiting] = counter.http("GET", "/api/rights", headers=headers).json()["requests"]
    path = f"/api/rights/{waiting['id']}/answer"
    return counter.http("POST", path, headers=headers, content=encode_json(body))


LOANS = {"name": "loans.csv", "type": "text/csv", "content": b64encode(b"Faust;2026-03-01\n").decode()}
NO_MACHINE = {"en": "No machine decides about you."}


def test_what_other_systems_hold_is_handed_out_in_files_that_the_wallet_alone_opens(town):
    made = town.give()
    town.library.read(made)
    assert town.ask(Right.ACCESS) == "present_again"
    assert answer_by_program(town, files=[LOANS], automated_decisions=NO_MACHINE).status_code == 409
    present_again(town)
    assert town.follow() == "working"
    assert answer_by_program(town, files=[LOANS]).status_code == 400
    answered = answer_by_program(town, files=[LOANS], automated_decisions=NO_MACHINE)
    assert (answered.status_code, answered.json()["state"]) == (200, "done")
    assert town.follow() == "done"
    handed = town.run(town.wallet.cockpit.rights.answer(town.disclosure, town.asked.id))
    says = handed.answer.says
    assert says.data["pid"][0]["family_name"] == "Mustermann"
    assert [each.text for each in says.information.automated_decisions] == ["No machine decides about you."]
    [file] = says.files
    assert (file.name, file.media_type) == ("loans.csv", "text/csv")
    assert town.run(town.wallet.cockpit.rights.file(handed, file)) == b"Faust;2026-03-01\n"
    assert town.use()[-1] == "used"
    # What is erased is erased with what was handed out of it
    assert town.ask(Right.ERASURE) == "working"
    Clerk(town).say("done")
    with town.library.counter.store.database.reading() as connection:
        assert connection.execute(sql("select count(*) from cockpit_rights_files")).scalar() == 0


def test_what_is_kept_back_is_named_with_the_law_and_not_in_the_answer(town):
    town.give()
    town.ask(Right.PORTABILITY)
    kept = {"claims": {"pid": [["birthdate"]]}, "why": {"en": "Art. 20(4) GDPR"}}
    stranger = {"claims": {"pid": [["portrait"]]}, "why": {"en": "Art. 20(4) GDPR"}}
    assert answer_by_program(town, kept=[kept]).status_code == 409
    assert answer_by_program(town, kept=[stranger], identity_checked=True).status_code == 400
    assert answer_by_program(town, kept=[kept], identity_checked=True).status_code == 200
    assert town.follow() == "done"
    says = status_of(town.asked)
    [shown] = says.kept
    assert shown.claims == {"pid": (("birthdate",),)}
    assert "Art. 77" in says.remedy[-1].text
    handed = town.run(town.wallet.cockpit.rights.answer(town.disclosure, town.asked.id))
    assert handed.answer.says.data == {"pid": [{"given_name": "Erika", "family_name": "Mustermann"}]}


@pytest.mark.parametrize(
    "files",
    [
        [{**LOANS, "name": "../loans.csv"}],
        [{**LOANS, "name": ".profile"}],
        [LOANS, {**LOANS, "name": "again.csv"}],
        [{**LOANS, "content": "no base64"}],
        [{**LOANS, "content": b64encode(bytes(MAX_FILE + 1)).decode()}],
    ],
    ids=["path", "hidden", "twice", "no base64", "large"],
)
def test_files_that_are_none_are_refused_and_nothing_is_answered(town, files):
    town.give()
    town.ask(Right.PORTABILITY)
    refused = answer_by_program(town, files=files, identity_checked=True)
    assert refused.status_code in (400, 413, 422)
    assert town.follow() == "present_again"


def test_nobody_erases_what_another_gave(town):
    """A key leads to its own receipt alone, whatever the request says."""
    made = town.give()
    town.later(60)
    other_made = town.give()
    mine, other = town.wallet.cockpit.disclosures()
    receipt = receipt_of(mine)
    stranger = seeded_key(77)
    for key in (stranger, P256Key.from_scalar(bytes.fromhex(other.key))):
        says = RightsRequest(
            audience=str(receipt.cockpit_endpoint), receipt=receipt.id, jti="a-request-of-somebody-else",
            right=Right.ERASURE, issued_at=town.now,
        )  # fmt: skip
        token = sign_rights_request(says, key)
        caller = Caller(key, seeded(78), lambda: town.now)
        url = call_url(str(receipt.cockpit_endpoint), CallPath.RIGHTS)
        answer = town.run(caller.call("POST", url, token.encode()))
        assert answer.status in (400, 404), answer.body
    for each in (made, other_made):
        assert isinstance(town.library.counter.stage(each), Answered)


def test_nobody_reads_how_anothers_request_stands_or_its_answer(make):
    town = make(claims=NAMELESS)
    town.give()
    town.ask(Right.ACCESS)
    town.later(60)
    town.give()
    mine, other = town.wallet.cockpit.disclosures()
    id_ = status_of(mine.rights[-1]).id
    caller = Caller(P256Key.from_scalar(bytes.fromhex(other.key)), seeded(79), lambda: town.now)
    endpoint = str(receipt_of(mine).cockpit_endpoint)
    for more in ((), ("answer",), ("files", "A" * 43)):
        answer = town.run(caller.call("GET", call_url(endpoint, CallPath.RIGHTS, id_, *more)))
        assert answer.status == 404
