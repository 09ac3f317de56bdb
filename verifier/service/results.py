"""What services say of an answer: to the wallet that sent it, and to whoever asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from protocol.credential import ClaimPath
from protocol.encoding import JsonObject, JsonValue
from protocol.errors import InvalidRequest
from protocol.oid4vp.verify import VerifiedResponse
from verifier.acting import Acting
from verifier.session import Verdict


class RefusedAnswer(InvalidRequest):
    """An answer that did not stand the checks; its receipt goes with the refusal."""

    def __init__(self, description: str, receipt: str) -> None:
        super().__init__(description)
        self.receipt = receipt

    def to_dict(self) -> dict[str, str]:
        """The error object, and the receipt next to it where the wallet knows what that is."""
        refused = super().to_dict()
        return {**refused, "receipt": self.receipt} if self.receipt else refused


class Judged(NamedTuple):
    """What was found of an answer, and what goes with it."""

    verified: VerifiedResponse
    receipt: str  # empty: none
    case: str = ""  # that it became; empty: none


@dataclass(frozen=True, slots=True)
class Result:
    """Where a request stands, and what was found."""

    id: str
    use_case: str
    same_device: bool
    state: (
        str  # requested, opened, answered (the response code is awaited), accepted, refused, declined, expired; on our
    )
    # own page also received (it is being checked), unattended (requested, but no longer renewed) and forgotten
    expires_at: int  # epoch seconds
    verdict: Verdict | None = None
    disclosed: JsonObject | None = None  # query id → list of claims; only of an accepted answer
    # Query id → claims of it that are bytes, in base64url; null for every index
    binary: Mapping[str, tuple[ClaimPath, ...]] = field(default_factory=dict)
    acting: Acting | None = None  # who acted for whom; None: everybody for themselves
    answers: Mapping[str, JsonValue] = field(
        default_factory=dict
    )  # what the wallet brought along for a form; attested by nobody
    error: str = ""  # the wallet's own code, when it declined
    link: str = ""  # for wallets, while one is awaited
    web_link: str = ""  # for the wallet that runs in the browser
    qr_svg: str = ""
    renewals: int = 0  # how often the code was made anew
    answered_at: int = 0  # epoch seconds
    keep_until: int = 0  # epoch seconds: then an answer is erased
    receipt_id: str = ""  # of its receipt, in whose log its uses are written; empty: it has none
    receipt: str = ""  # JSON: what whoever answered was told, without their key; empty: nothing
