"""Whoever answers requests about rights at a partner, by hand; and lies where a test wants it to."""

from dataclasses import dataclass, field, replace
from typing import Any

from protocol.encoding import encode_base64url, sha256
from protocol.exchange import HttpRequest, HttpResponse
from protocol.jws import Jws
from protocol.sovereignty.receipt import Receipt
from protocol.sovereignty.rights import Concerned, VerifiedRightsRequest, check_repeated, verify_rights_request
from protocol.sovereignty.rights_answer import Information, RightsAnswer, describe_file, seal_file, seal_rights_answer
from protocol.sovereignty.rights_status import Presentation, RightsStatus, State, begin, proceed, sign_rights_status
from protocol.sovereignty.signing import hash_text
from tests.support.partners import both
from tests.support.pki import seeded, seeded_key
from tests.wallet.counterparts import PARTNER

WHY = both("Die Abgabenordnung § 147 verlangt es.", "The fiscal code, section 147, wants it.")
REMEDY = both("Die Aufsicht und das Gericht in Köln.", "The authority and the court in Köln.")
SAID = both("Auf Deutsch.", "In English.")
TOLD = Information(
    purposes=SAID,
    categories=SAID,
    recipients=(),
    retention=SAID,
    rights=SAID,
    authority=SAID,
    source=both("Sie selbst.", "You yourself."),
    automated_decisions=both("Keine.", "None."),
)
LETTER = ("letter.txt", "text/plain", b"Dear Erika")


@dataclass
class Case:
    """One request, as the partner has it."""

    request: VerifiedRightsRequest
    came_at: int
    status: RightsStatus
    answer: str = ""
    files: dict[str, str] = field(default_factory=dict)  # hash → JWE


@dataclass
class RightsDesk:
    """What a partner does about requests."""

    partner: Any
    cases: dict[str, Case] = field(default_factory=dict)  # jti → case
    spoil: Any = None  # what is said instead of a status
    say: HttpResponse | None = None  # instead of anything
    keep_answer: bool = False  # the request arrives, and the answer is lost

    @property
    def case(self):
        """The last one."""
        return list(self.cases.values())[-1]

    def go(self, state, **changes):
        """Take the next step of the last case."""
        case = self.case
        now = self.partner.now()
        case.status = proceed(
            case.status, replace(case.status, state=state, issued_at=now, **changes), received_at=case.came_at
        )
        return self

    def present_again(self):
        """Want to see the data once more."""
        wanted = Presentation(f"{PARTNER}/request", str(self.partner.client_id))
        return self.go(State.PRESENT_AGAIN, presentation=wanted)

    def hand_out(self, data, files=(LETTER,), part=(), **changes):
        """Have an answer ready."""
        case = self.case
        described = [describe_file(*one) for one in files]
        for one, (_, _, content) in zip(described, files, strict=True):
            case.files[one.hash] = seal_file(content, case.request, ephemeral=seeded_key(81), random_bytes=seeded(82))
        answer = RightsAnswer(
            id=case.status.id,
            request=case.request.hash,
            receipt=case.request.says.receipt,
            right=case.request.says.right,
            issued_at=self.partner.now(),
            data=data,
            files=tuple(described),
            information=TOLD,
        )
        signing = self.partner.sign_with or self.partner.pki
        case.answer = seal_rights_answer(
            replace(answer, **changes), case.request, signing.signer, signing.x5c,
            ephemeral=seeded_key(83), random_bytes=seeded(84),
        )  # fmt: skip
        said = {"answer": hash_text(case.answer), "presentation": None}
        return self.go(State.EXTENDED, why=part, **said) if part else self.go(State.DONE, **said)

    def respond(self, receipt, request: HttpRequest, path):
        """Answer one call about the receipt that its key found."""
        if self.say is not None:
            return self.say
        if receipt is None:
            return HttpResponse(404, (), b"")
        if request.method == "POST":
            assert path == "/cockpit/rights"
            said = self._asked(receipt, request.body.decode())
            return HttpResponse(503, (), b"") if self.keep_answer else said
        id_, *rest = path.removeprefix("/cockpit/rights/").split("/")
        case = next((one for one in self.cases.values() if one.status.id == id_), None)
        if case is None:
            return HttpResponse(404, (), b"")
        if rest == ["answer"]:
            return _jwe(case.answer)
        if rest[:1] == ["files"]:
            return _jwe(case.files[rest[1]])
        return self._status(case, 200)

    def _asked(self, token, body):
        receipt = Receipt.from_fields(Jws.from_compact(token, "receipt").peek_claims("receipt"))
        concerned = Concerned(self.partner.endpoint, receipt.id, str(receipt.key), receipt.claims)
        now = self.partner.now()
        found = verify_rights_request(body, concerned, now=now)
        case = self.cases.get(found.says.jti)
        if case is not None:
            check_repeated(found.hash, case.request.hash)
        else:
            id_ = encode_base64url(sha256(body.encode())[:16])
            case = self.cases[found.says.jti] = Case(found, now, begin(found, id_=id_, now=now))
        return self._status(case, 202)

    def _status(self, case, code):
        status = replace(case.status, issued_at=self.partner.now())
        signing = self.partner.sign_with or self.partner.pki
        said = self.spoil(status) if self.spoil else status
        token = sign_rights_status(said, signing.signer, signing.x5c)
        return HttpResponse(code, (("content-type", "application/jwt"),), token.encode())


def _jwe(text):
    return HttpResponse(200, (("content-type", "application/jose"),), text.encode())
