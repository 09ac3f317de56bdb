"""Standing orders: what they hold on to when they are given, and what is sent again."""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass
from enum import StrEnum

from protocol.credential import ClaimPath
from protocol.dcql.match import CandidateMatch
from protocol.sovereignty.due_dates import add_months
from protocol.sovereignty.forwarding import MAX_USES
from protocol.sovereignty.recipient_terms import RecipientTerms
from protocol.sovereignty.signing import Organisation
from protocol.sovereignty.standing_order import Held
from wallet.disclosure_records import Disclosure
from wallet.policy.asking import Registered, Standing
from wallet.policy.cockpit.disclosed import partner_of, receipt_of
from wallet.policy.documents import Document
from wallet.policy.showing import claim_label
from wallet.records import HeldCredential

LONGEST = 120  # months


@dataclass(frozen=True, slots=True)
class Limit:
    """When an order ends by itself; one of the two is always there."""

    until: int | None = None  # epoch seconds
    at_most: int | None = None  # times

    def is_sound(self, now: int) -> bool:
        """Whether there is an end, it lies ahead, and nobody has forgotten the order by then."""
        if self.until is None and self.at_most is None:
            return False
        in_time = self.until is None or now < self.until <= add_months(now, LONGEST)
        return in_time and (self.at_most is None or 0 < self.at_most <= MAX_USES)


class HowLong(StrEnum):
    """What people choose from."""

    ONCE = "once"
    YEAR = "year"
    THREE_YEARS = "three_years"

    def limit(self, now: int) -> Limit:
        """As an order has it."""
        if self is HowLong.ONCE:
            return Limit(at_most=1)
        return Limit(until=add_months(now, 12 if self is HowLong.YEAR else 36))


@dataclass(frozen=True, slots=True)
class SentPart:
    """What somebody got of one document."""

    type: str
    claims: tuple[ClaimPath, ...]  # names and null


def sent_part(chosen: Iterable[CandidateMatch], ids: Set[str]) -> SentPart | None:
    """What goes of a document in an answer; None: nothing of it, or something that no order can name.

    `ids` are those of the forms of the document.
    """
    found = [one for one in chosen if one.candidate.id in ids]
    if len({one.candidate.type for one in found}) != 1:
        return None
    paths = tuple(dict.fromkeys(claim.query.path for one in found for claim in one.claims))
    if not paths or any(isinstance(step, int) for path in paths for step in path):
        return None
    return SentPart(found[0].candidate.type, paths)


def terms_of(standing: Standing, credential_type: str, recipients: Iterable[str]) -> RecipientTerms | None:
    """What a recipient is registered for, by a certificate that holds and covers what it asks; None: it is not."""
    if not isinstance(standing, Registered) or standing.unchecked or standing.registration.certificate is None:
        return None
    return RecipientTerms.from_registration(standing.registration.certificate.says, credential_type, recipients)


def others_of(disclosures: Iterable[Disclosure], who: Organisation, service: str) -> tuple[str, ...] | None:
    """Who else gets the data, by the newest receipt of a recipient for a service; None: there is none."""
    found: tuple[str, ...] | None = None
    for one in disclosures:
        receipt = receipt_of(one) if partner_of(one.sent) == who and not one.sent.issued else None
        if receipt is not None and receipt.service in (service, None):
            found = tuple([other.identifier or other.name for other in receipt.recipients])
    return found


def labels_of(document: Document, paths: Iterable[ClaimPath], language: str) -> tuple[str, ...]:
    """What is called how, of a document; each once."""
    described = [description for form in document.forms for description in form.described().claims]
    names = [tuple([step for step in path if step is not None]) for path in paths]
    return tuple(dict.fromkeys(claim_label(name, described, language) for name in names))


def held_now(document: Document | None, credential_type: str, now: int) -> Held | None:
    """What a document says now; None: there is none that holds."""
    for form in document.forms if document is not None else ():
        if form.type == credential_type and _holds(form, now):
            return Held(form.issuance_of, form.read_claims())
    return None


def _holds(form: HeldCredential, now: int) -> bool:
    return form.status not in ("invalid", "suspended") and (not form.expires_at or now < form.expires_at)
