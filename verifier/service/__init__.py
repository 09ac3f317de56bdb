"""The verifier itself: one method for each thing it does, in protocol order. No framework, no SQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from capabilities.accounts.policy import USUAL_ACCOUNTS
from capabilities.accounts.service import Accounts, ClerkService
from capabilities.cockpit.rights import RightsRequests
from capabilities.cockpit.service import Cockpit
from capabilities.usage_log.service import UsageLog
from verifier.service.answers import Answers
from verifier.service.boards import Boards
from verifier.service.cases import Cases
from verifier.service.context import VerifierContext
from verifier.service.counters import Counters
from verifier.service.forms import Forms
from verifier.service.mandated import Mandated
from verifier.service.meetings import Meetings
from verifier.service.mirror import MirrorDesk
from verifier.service.notes import Notes
from verifier.service.notices import Notices
from verifier.service.page_requests import PageRequests
from verifier.service.partner_usage import PartnerUsage
from verifier.service.receipts import Receipts
from verifier.service.represented import Represented
from verifier.service.requests import Requests
from verifier.service.rights import FirstSteps, RightsDesk
from verifier.service.showing_again import Asking, Comparing
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
    forms: Forms
    notes: Notes
    cases: Cases
    notices: Notices
    clerks: ClerkService
    usage: UsageLog
    cockpit: Cockpit
    partner_usage: PartnerUsage
    rights: RightsDesk
    represented: Represented
    mirror: MirrorDesk

    @classmethod
    def of(cls, context: VerifierContext) -> Self:
        """Wire the services of one verifier."""
        requests = Requests(context, Receipts(context))
        usage = UsageLog(context.store.usage, context.signing, context.now)
        rights = RightsRequests(
            context.cockpit_endpoint,
            context.store.rights,
            context.signing,
            context.sealer,
            FirstSteps(context, Asking(context, requests)),
            context.now,
            context.random_bytes,
        )
        signers = RevokedSigners(context)
        answers = Answers(
            context, requests, StatusLists(context), signers, Comparing(context, rights),
            Mandated(context, requests, signers),
        )  # fmt: skip
        counters = Counters.of(context, requests)
        page_requests, boards = PageRequests(context, requests, answers), Boards(context, answers, counters)
        cockpit = Cockpit(
            context.cockpit_endpoint,
            context.store.cockpit,
            context.signing,
            usage.report,
            rights,
            context.secret,
            context.now,
            context.random_bytes,
        )
        cases, forms = Cases(context), Forms.of(context, requests, answers)
        accounts = Accounts(context.store.clerk_codes, USUAL_ACCOUNTS, context.now, context.random_bytes)
        return cls(
            context=context,
            requests=requests,
            answers=answers,
            page_requests=page_requests,
            counters=counters,
            boards=boards,
            meetings=Meetings(context, requests, answers),
            forms=forms,
            notes=Notes(context, forms),
            cases=cases,
            notices=Notices(context, cases),
            clerks=ClerkService.of(accounts),
            usage=usage,
            cockpit=cockpit,
            partner_usage=PartnerUsage(context),
            rights=RightsDesk(rights, context.store.cockpit, context),
            represented=Represented(context),
            mirror=MirrorDesk(context),
        )
