"""The verifier itself: one method for each thing it does, in protocol order. No framework, no SQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from capabilities.cockpit.service import Cockpit
from capabilities.usage_log.service import UsageLog
from verifier.service.answers import Answers
from verifier.service.boards import Boards
from verifier.service.context import VerifierContext
from verifier.service.counters import Counters
from verifier.service.meetings import Meetings
from verifier.service.page_requests import PageRequests
from verifier.service.partner_usage import PartnerUsage
from verifier.service.receipts import Receipts
from verifier.service.requests import Requests
from verifier.service.signers import RevokedSigners
from verifier.service.status import StatusLists


@dataclass(frozen=True, slots=True)
class Verifier:
    """A verifier with all its services."""

    context: VerifierContext
    requests: Requests
    answers: Answers
    page_requests: PageRequests
    counters: Counters
    boards: Boards
    meetings: Meetings
    usage: UsageLog
    cockpit: Cockpit
    partner_usage: PartnerUsage

    @classmethod
    def of(cls, context: VerifierContext) -> Self:
        """Wire the services of one verifier."""
        requests = Requests(context, Receipts(context))
        answers = Answers(context, requests, StatusLists(context), RevokedSigners(context))
        counters = Counters.of(context, requests)
        page_requests, boards = PageRequests(context, requests, answers), Boards(context, answers, counters)
        meetings = Meetings(context, requests, answers)
        usage = UsageLog(context.store.usage, context.signing, context.now)
        cockpit = Cockpit(
            context.cockpit_endpoint,
            context.store.cockpit,
            context.signing,
            usage.report,
            context.secret,
            context.now,
            context.random_bytes,
        )
        return cls(
            context, requests, answers, page_requests, counters, boards, meetings, usage, cockpit, PartnerUsage(context)
        )
