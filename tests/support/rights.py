"""Somebody who asks a partner about what they gave, by the key of their answer; and holds the partner to its words."""

from itertools import count

from protocol.encoding import encode_base64url
from protocol.exchange import HttpRequest, HttpResponse, run
from protocol.keys import Decrypter, P256Key
from protocol.sovereignty.calls import Caller, CallPath, call_url
from protocol.sovereignty.claims import ClaimsByQuery
from protocol.sovereignty.rights import Right, RightsRequest, sign_rights_request
from protocol.sovereignty.rights_answer import RightsAnswer, open_rights_answer
from protocol.sovereignty.rights_status import RightsStatus, SentRequest, verify_rights_status
from protocol.sovereignty.signing import Organisation, hash_text
from tests.support.pki import seeded
from tests.support.verifier import IDENTIFIER, Counter

COCKPIT = f"{IDENTIFIER}/cockpit"
SEEDS = count(9000)


class Asker:
    """Asks about one receipt."""

    def __init__(self, counter: Counter, key: P256Key, receipt: str, claims: ClaimsByQuery, who: Organisation) -> None:
        self.counter, self.key, self.receipt, self.claims, self.who = counter, key, receipt, claims, who
        self.sent: SentRequest | None = None

    def token(self, right: Right, **changes: object) -> str:
        """A request as a wallet signs it."""
        says = {
            "audience": COCKPIT,
            "receipt": self.receipt,
            "jti": encode_base64url(seeded(next(SEEDS))(16)),
            "right": right,
            "issued_at": self.counter.clock.now,
            **changes,
        }
        return sign_rights_request(RightsRequest(**says), self.key)  # type: ignore[arg-type]  # the tests name them well

    def call(self, method: str, *path: str, body: bytes = b"", key: P256Key | None = None) -> HttpResponse:
        """One call with a proof, over HTTP."""
        caller = Caller(key or self.key, seeded(next(SEEDS)), self.counter.clock)

        def perform(request: object) -> HttpResponse:
            assert isinstance(request, HttpRequest)  # a call sends, and asks for nothing else
            there = request.url.removeprefix(IDENTIFIER)
            headers, content = dict(request.headers), request.body
            answer = self.counter.http(request.method, there, content=content, headers=headers)
            return HttpResponse(answer.status_code, tuple(answer.headers.items()), answer.content)

        return run(caller.call(method, call_url(COCKPIT, CallPath.RIGHTS, *path), body), perform)

    def ask(self, right: Right, **changes: object) -> RightsStatus:
        """Ask; how it stands."""
        token = self.token(right, **changes)
        return self.post(token, right)

    def post(self, token: str, right: Right) -> RightsStatus:
        """Send a request that was signed before."""
        answer = self.call("POST", body=token.encode())
        assert answer.status == 202, answer.body
        now = self.counter.clock.now
        self.sent = SentRequest(hash_text(token), right, now, now, self.claims)
        return self.read(answer)

    def status(self, before: RightsStatus) -> RightsStatus:
        """How a request stands now."""
        answer = self.call("GET", before.id)
        assert answer.status == 200, answer.body
        return self.read(answer, before)

    def answer(self, status: RightsStatus, decrypter: Decrypter) -> RightsAnswer:
        """What is handed out, decrypted and checked as wallets do it."""
        assert self.sent is not None
        found = self.call("GET", status.id, "answer")
        assert found.status == 200, found.body
        anchors, now = self.counter.wallet_anchors, self.counter.clock.now
        text = found.body.decode()
        return open_rights_answer(
            text, decrypter, self.sent, status, receipt=self.receipt, partner=(self.who,), anchors=anchors, now=now
        ).says

    def read(self, answer: HttpResponse, before: RightsStatus | None = None) -> RightsStatus:
        """What the partner says, checked as wallets do it."""
        assert self.sent is not None
        anchors, now = self.counter.wallet_anchors, self.counter.clock.now
        text = answer.body.decode()
        return verify_rights_status(text, self.sent, partner=(self.who,), anchors=anchors, now=now, before=before).says
