"""Answering requests about rights: checked, kept once, told how they stand, in signed words (docs/sovereignty/rights.md).

What a right means for the data is for the role to decide: its `Rules` look at what it holds and say what happens first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from capabilities.cockpit.records import IssuedReceipt
from capabilities.cockpit.rights_case import RightsCase, RightsChange, no_request, said_at
from protocol.encoding import decode_base64url, encode_base64url
from protocol.errors import InvalidRequest, raised_as
from protocol.exchange import Exchange
from protocol.formats import IssuerSigner
from protocol.keys import RandomBytes
from protocol.sovereignty.due_dates import last_due
from protocol.sovereignty.rights import (
    Concerned,
    VerifiedRightsRequest,
    check_repeated,
    verify_rights_request,
)
from protocol.sovereignty.rights_status import begin, sign_rights_status
from runtime.conversation import slow, with_key
from runtime.seal import Sealer

H = TypeVar("H")  # what a role holds of the data of a receipt
R = TypeVar("R")  # what it does with it
H_co = TypeVar("H_co", covariant=True)
H_contra = TypeVar("H_contra", contravariant=True)

MAX_REQUESTS = 64  # about one receipt

Step = Callable[[RightsCase, H], "RightsChange[R]"]


class RightsStore(Protocol[H_co, R]):
    """Every method is one transaction, durable when it returns. All raise Unavailable when the store is away.

    A step is told what is held as it is in that transaction, and what it says is done in that transaction.
    """

    def take(self, fresh: RightsCase, step: Step[H_co, R]) -> RightsCase:
        """Keep a request with its first step; or what is known of this `jti` already, with nothing done.

        Raises:
            TooManyRequests: too many about one receipt.
            ProtocolError: what the step raised; nothing is kept.
        """

    def find(self, id_: str) -> RightsCase | None:
        """One request."""

    def file(self, id_: str, hash_: str) -> str:
        """A file of the answer to a request, encrypted to the citizen; empty: there is none."""

    def held(self, receipt: str) -> H_co:
        """What is held of the data of a receipt at this moment."""

    def advance(self, id_: str, step: Step[H_co, R]) -> RightsCase | None:
        """Take a request one step further, exactly once; None: there is none.

        Raises:
            ProtocolError: what the step raised; nothing was changed.
        """

    def listed(self, *, is_open: bool, after: str, limit: int) -> tuple[RightsCase, ...]:
        """Requests that wait, what is due first first; or those that have ended, the latest first. `after`: those behind it."""


class Rules(Protocol[H_contra, R]):
    """What a role does with a request that has just come."""

    def first(self, request: VerifiedRightsRequest, receipt: IssuedReceipt) -> Step[H_contra, R]:
        """The first step of a request."""

    def go_on(
        self, case: RightsCase, receipt: IssuedReceipt, read: Callable[[], VerifiedRightsRequest]
    ) -> Exchange[Step[H_contra, R] | None]:
        """What is to be done with a request that is open, whenever its citizen asks; None: nothing but waiting.

        `read` reads the request as it came. What takes keys or the network is done here, and never in a step.
        """


class CockpitRights(Protocol):
    """What a cockpit asks about rights, of whatever role it is part of."""

    def ask(self, receipt: IssuedReceipt, token: str) -> Exchange[str]:
        """Take a request; how it stands, signed."""

    def status(self, receipt: IssuedReceipt, id_: str) -> Exchange[str]:
        """How a request about this receipt stands, signed."""

    def answer(self, receipt: IssuedReceipt, id_: str) -> Exchange[str]:
        """What is handed out, encrypted to the citizen."""

    def file(self, receipt: IssuedReceipt, id_: str, hash_: str) -> Exchange[str]:
        """A file that goes with it, likewise."""


@dataclass(frozen=True, slots=True)
class RightsRequests(Generic[H, R]):
    """The requests about rights of one party."""

    endpoint: str  # of its cockpit
    store: RightsStore[H, R]
    signing: IssuerSigner  # the access certificate
    sealer: Sealer
    rules: Rules[H, R]
    now: Callable[[], int]  # epoch seconds
    random_bytes: RandomBytes

    def ask(self, receipt: IssuedReceipt, token: str) -> Exchange[str]:
        """Take a request; the same bytes again get the same answer, as it stands then.

        Raises:
            InvalidRequest: it is none of this receipt's key, for another address, or about other data.
            Conflict: its `jti` was used for something else.
            TooManyRequests: too many about one receipt.
        """
        now = self.now()
        with raised_as(InvalidRequest):
            request = verify_rights_request(token, self._concerned(receipt), now=now)
        id_ = encode_base64url(self.random_bytes(16))
        fresh = RightsCase(
            id=id_,
            receipt=receipt.id,
            jti=request.says.jti,
            content=encode_base64url(self.sealer.seal(token.encode("ascii"), _context(id_))),
            received_at=now,
            # As long as the receipt, and as long as an answer may take
            keep_until=max(receipt.log_until, last_due(now)),
            status=begin(request, id_=id_, now=now),
        )
        step = self.rules.first(request, receipt)
        case = yield from slow(lambda: self.store.take(fresh, step))
        check_repeated(request.hash, case.status.request)
        return (yield from self._say(case, receipt))

    def status(self, receipt: IssuedReceipt, id_: str) -> Exchange[str]:
        """How a request about this receipt stands, signed.

        Raises:
            NotFound: there is none, or it is about another receipt.
        """
        return (yield from self._say((yield from self._own(receipt, id_)), receipt))

    def answer(self, receipt: IssuedReceipt, id_: str) -> Exchange[str]:
        """What is handed out, as often as it is asked for.

        Raises:
            NotFound: nothing, nothing any more, or it is about another receipt.
        """
        case = yield from self._own(receipt, id_)
        if not case.answer:
            raise no_request()
        return case.answer

    def file(self, receipt: IssuedReceipt, id_: str, hash_: str) -> Exchange[str]:
        """A file that is handed out, as often as it is asked for.

        Raises:
            NotFound: none, none any more, or it is about another receipt.
        """
        case = yield from self._own(receipt, id_)
        if not case.answer:
            # What is put together for an answer belongs to nobody before it is sent
            raise no_request()
        content = yield from slow(lambda: self.store.file(case.id, hash_))
        if not content:
            raise no_request()
        return content

    def find(self, id_: str) -> Exchange[RightsCase]:
        """A request, for whoever works on it.

        Raises:
            NotFound: there is none.
        """
        case = yield from slow(lambda: self.store.find(id_))
        if case is None:
            raise no_request()
        return case

    def advance(self, id_: str, step: Step[H, R]) -> Exchange[RightsCase]:
        """Take a request one step further.

        Raises:
            NotFound: there is none.
            ProtocolError: what the step raised.
        """
        case = yield from slow(lambda: self.store.advance(id_, step))
        if case is None:
            raise no_request()
        return case

    def request(self, case: RightsCase, receipt: IssuedReceipt) -> VerifiedRightsRequest:
        """The request as it came."""
        token = self.sealer.open(decode_base64url(case.content), _context(case.id)).decode("ascii")
        return verify_rights_request(token, self._concerned(receipt), now=self.now())

    def _concerned(self, receipt: IssuedReceipt) -> Concerned:
        return Concerned(self.endpoint, receipt.id, receipt.key, receipt.receipt.claims)

    def _own(self, receipt: IssuedReceipt, id_: str) -> Exchange[RightsCase]:
        case = yield from self.find(id_)
        if case.receipt != receipt.id:
            raise no_request()
        return case

    def _say(self, case: RightsCase, receipt: IssuedReceipt) -> Exchange[str]:
        if case.is_open:
            step = yield from self.rules.go_on(case, receipt, lambda: self.request(case, receipt))
            case = case if step is None else (yield from self.advance(case.id, step))
        signer, x5c = self.signing.signer, self.signing.x5c
        says = said_at(case, self.now())
        return (yield from with_key(signer, lambda: sign_rights_status(says, signer, x5c)))


def _context(id_: str) -> str:
    return f"rights {id_}"
