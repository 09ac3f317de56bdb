"""Rights over a document at its issuer: what is answered by itself, what waits for a clerk, and when the register is asked."""

from dataclasses import dataclass, field

import pytest

from capabilities.cockpit.attaching import NewFile
from issuer.records import CredentialState
from issuer.register import Register
from issuer.rights import Why
from protocol.encoding import encode_base64url
from protocol.errors import Unavailable
from protocol.sovereignty.calls import CallPath
from protocol.sovereignty.rights import HANDS_OUT, Right, RightsRequest, sign_rights_request
from protocol.sovereignty.rights_status import RightsStatus, State
from protocol.trust.localized import Localized
from runtime.conversation import slow
from tests.issuer.service.forwarding import Office
from tests.support.issuer import CLERK
from tests.support.partners import COCKPIT_KEY, ENC_KEY
from tests.support.pki import DAY, seeded

WHY = (Localized("en", "Art. 17(3)(b) GDPR."),)


@dataclass
class Watched:
    """A register that counts how often it is asked about somebody, and may be away."""

    register: Register
    asked: int = 0
    away: bool = False

    def fetch(self, subject):
        self.asked += 1
        return slow(self._is_away) if self.away else self.register.fetch(subject)

    def _is_away(self):
        raise Unavailable("the register is away")


@dataclass
class Citizen:
    """Whoever holds a document and asks about it."""

    office: Office = field(default_factory=Office)

    def __post_init__(self):
        self.register = Watched(self.office.desk.register)
        self.office.desk = self.office.desk.with_context(register=self.register)

    @property
    def desk(self):
        """The clerks."""
        return self.office.desk.issuer.rights

    def run(self, exchange):
        return self.office.desk.run(exchange)

    def ask(self, right):
        """Ask; how it stands."""
        request = RightsRequest(
            audience=self.office.desk.issuer.context.endpoints.cockpit,
            receipt=self.office.receipt.id,
            jti=encode_base64url(seeded(41)(16)),
            right=right,
            issued_at=self.office.desk.clock.now,
            enc_key=ENC_KEY.public_key if right in HANDS_OUT else None,
        )
        token, cockpit = sign_rights_request(request, COCKPIT_KEY), self.office.desk.issuer.cockpit
        found = self.office.call(lambda proof: cockpit.ask(proof, token), CallPath.RIGHTS, "POST")
        return RightsStatus.from_fields(found)

    def follow(self, status):
        """How it stands now."""
        cockpit, id_ = self.office.desk.issuer.cockpit, status.id
        found = self.office.call(lambda proof: cockpit.rights_status(proof, id_), CallPath.RIGHTS, "GET", id_)
        return RightsStatus.from_fields(found)

    def note(self, status):
        """What a request waits for."""
        return self.run(self.desk.requests.find(status.id)).note

    def end_document(self):
        """What the citizen holds is revoked."""
        for one in self.office.desk.store.credentials_of("anna"):
            self.run(self.office.desk.issuer.status.change(one.id, CredentialState.REVOKED, CLERK))

    def log(self):
        """What the document's log says that was done."""
        found = self.office.desk.store.usage.entries(self.office.receipt.id, after=-1, limit=100)
        return [str(one.members["action"]) for one in found]


@pytest.fixture
def citizen():
    return Citizen()


@pytest.mark.parametrize("right", sorted(HANDS_OUT))
def test_whoever_holds_a_valid_document_gets_what_the_register_says_at_once(citizen, right):
    asked = citizen.ask(right)
    assert (asked.state, citizen.register.asked) == (State.DONE, 1)
    assert citizen.run(citizen.desk.requests.find(asked.id)).answer


@pytest.mark.parametrize("right", [Right.RECTIFICATION, Right.RESTRICTION, Right.OBJECTION])
def test_for_what_a_clerk_answers_the_register_is_not_asked_however_often_somebody_looks(citizen, right):
    """Whoever polls has nothing read in it, and changes nothing."""
    asked = citizen.ask(right)
    for _ in range(3):
        citizen.office.desk.clock.move(1)
        assert citizen.follow(asked).state is State.WORKING
    assert citizen.register.asked == 0
    assert citizen.note(asked) == Why.CLERK


def test_what_waits_for_the_register_is_answered_when_it_is_back(citizen):
    citizen.register.away = True
    asked = citizen.ask(Right.ACCESS)
    assert (asked.state, citizen.note(asked)) == (State.WORKING, Why.LOOK)
    citizen.register.away = False
    assert citizen.follow(asked).state is State.DONE


def test_while_a_clerk_puts_an_answer_together_none_is_made(citizen):
    citizen.register.away = True
    asked = citizen.ask(Right.ACCESS)
    citizen.run(citizen.desk.attach(asked.id, NewFile("letter.txt", b"Our letter to you."), actor=CLERK))
    citizen.register.away, before = False, citizen.register.asked
    assert citizen.follow(asked).state is State.WORKING
    assert (citizen.note(asked), citizen.register.asked) == (Why.CLERK, before)


def test_an_answer_that_cannot_be_made_by_itself_is_left_to_a_clerk(citizen):
    citizen.office.desk = citizen.office.desk.with_context(types={})
    asked = citizen.ask(Right.ACCESS)
    assert (asked.state, citizen.note(asked)) == (State.WORKING, Why.NO_FIT)


def test_whom_the_register_still_has_is_not_erased_by_itself(citizen):
    citizen.end_document()
    asked = citizen.ask(Right.ERASURE)
    assert (asked.state, citizen.note(asked)) == (State.WORKING, Why.REGISTER)
    assert citizen.register.asked == 1
    assert "erased" not in citizen.log()
    # Nor is the register asked again for what a clerk decides now
    assert citizen.follow(asked).state is State.WORKING
    assert citizen.register.asked == 1


def test_whom_the_register_does_not_have_any_more_is_erased_at_once(citizen):
    citizen.end_document()
    citizen.office.desk.register.remove("anna")
    asked = citizen.ask(Right.ERASURE)
    assert asked.state is State.DONE
    assert citizen.log()[-1] == "erased"


def test_whoever_looks_at_a_request_that_waits_looks_at_a_person_and_at_one_that_has_ended_no_more(citizen):
    asked = citizen.ask(Right.RECTIFICATION)
    before = citizen.log().count("viewed")
    citizen.run(citizen.desk.open(asked.id, actor=CLERK))
    citizen.run(citizen.desk.read(asked.id, actor="program"))
    assert citizen.log().count("viewed") == before + 2
    citizen.run(citizen.desk.refuse(asked.id, WHY, actor=CLERK))
    # Whoever looks again in the same hour is told of once anyway
    citizen.office.desk.clock.move(DAY)
    citizen.run(citizen.desk.open(asked.id, actor=CLERK))
    citizen.run(citizen.desk.read(asked.id, actor="program"))
    assert citizen.log().count("viewed") == before + 2
