"""Whoever holds a document and asks its issuer about it, and a register that says how often it was asked."""

from dataclasses import dataclass, field, replace
from itertools import count

from issuer.records import CredentialState
from issuer.register import Register
from protocol.encoding import encode_base64url
from protocol.errors import Unavailable
from protocol.sovereignty.calls import CallPath
from protocol.sovereignty.rights import HANDS_OUT, RightsRequest, sign_rights_request
from protocol.sovereignty.rights_status import RightsStatus
from runtime.conversation import slow
from tests.issuer.service.forwarding import Office
from tests.support.issuer import CLERK
from tests.support.partners import COCKPIT_KEY, ENC_KEY
from tests.support.pki import seeded

_seeds = count(4100)


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

    def ask(self, right, **changes):
        """Ask; how it stands."""
        request = RightsRequest(
            audience=self.office.desk.issuer.context.endpoints.cockpit,
            receipt=self.office.receipt.id,
            jti=encode_base64url(seeded(next(_seeds))(16)),
            right=right,
            issued_at=self.office.desk.clock.now,
            enc_key=ENC_KEY.public_key if right in HANDS_OUT else None,
        )
        token, cockpit = sign_rights_request(replace(request, **changes), COCKPIT_KEY), self.office.desk.issuer.cockpit
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
