"""What is written of the use of the register, and into whose logs: claims by name, never a value, never an employee."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from capabilities.usage_log.portions import portions
from capabilities.usage_log.records import Used
from protocol.credential import ClaimPath
from protocol.sovereignty.claims import ClaimsByQuery
from protocol.sovereignty.usage import Action, Addressee, Use
from protocol.sovereignty.wording import Wording

Seen = Mapping[str, tuple[ClaimPath, ...]]  # of the register, as the claims of each credential configuration say it


NO_VALUES: Seen = MappingProxyType({})  # that there is a document was seen, and nothing of what it says


@dataclass(frozen=True, slots=True)
class What:
    """Something that was done, whoever it was done about."""

    action: Action
    by: str
    why: Wording
    seen: Seen | None = None  # which data of the register; None: all
    to: Addressee | None = None  # who got it, or was told
    at: int = 0  # epoch seconds; 0: at the moment in which it is written
    delayed: Wording = ()  # the law that forbade telling earlier


@dataclass(frozen=True, slots=True)
class OfPerson:
    """It was done with what the register has about a person: every document of theirs is told."""

    subject: str
    what: What


@dataclass(frozen=True, slots=True)
class OfDocument:
    """It was done about one document, whichever of its forms has the receipt."""

    session_id: str
    family: str
    what: What


Happened = OfPerson | OfDocument


@dataclass(frozen=True, slots=True)
class DocumentReceipt:
    """Which document a receipt is of. Of one configuration of a conversation, what happens is written to the newest alone."""

    receipt: str  # jti
    subject: str
    session_id: str
    configuration_id: str
    family: str
    claims: ClaimsByQuery  # as the receipt has them
    log_until: int  # epoch seconds

    def uses(self, what: What, *, now: int) -> Iterator[Used]:
        """The entries for something that was done; none if none of this document's data was seen."""
        for claims in portions(self.claims):
            told = _within(claims, what.seen)
            if told:
                use = Use(what.at or now, what.action, told, what.by, what.why, what.to, what.delayed)
                yield Used(self.receipt, self.log_until, use)


@dataclass(frozen=True, slots=True)
class GivenReceipt:
    """A receipt goes out with its document; `what` is its first entry."""

    receipt: DocumentReceipt
    what: What


def _within(claims: ClaimsByQuery, seen: Seen | None) -> ClaimsByQuery:
    """What of a receipt's claims was seen. Of a type that is not issued any more nobody knows, so it is all of it."""
    if seen is None:
        return claims
    if seen is NO_VALUES:
        return dict.fromkeys(claims, ())
    shared = {id_: tuple([path for path in paths if path in seen.get(id_, paths)]) for id_, paths in claims.items()}
    return {id_: paths for id_, paths in shared.items() if paths}
