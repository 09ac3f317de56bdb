"""The issuer itself: one method for each thing it does, in protocol order. No framework, no SQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from capabilities.accounts.service import Accounts, ClerkService
from capabilities.cockpit.rights import RightsRequests
from capabilities.cockpit.service import Cockpit
from capabilities.status_publisher.service import StatusIndices, StatusLists
from capabilities.usage_log.service import UsageLog
from issuer.service.authorization import AuthorizationService
from issuer.service.changes import Changes
from issuer.service.clients import ClientService
from issuer.service.context import IssuerContext
from issuer.service.credentials import CredentialService
from issuer.service.desk import DeskService
from issuer.service.envelopes import Envelopes
from issuer.service.handing_out import rights_sealer
from issuer.service.handles import Handles
from issuer.service.mandates import Mandates
from issuer.service.metadata import MetadataService
from issuer.service.offers import Offers
from issuer.service.proofs import ProofService
from issuer.service.receipts import Receipts
from issuer.service.recipients import Recipients
from issuer.service.rights import FirstSteps, Requests, RightsDesk
from issuer.service.signers import SignerList
from issuer.service.status import StatusService
from issuer.service.tokens import TokenService
from issuer.service.told_uses import ToldUses
from issuer.service.wallet_status import WalletStatusLists
from issuer.service.watch import WalletWatch


@dataclass(frozen=True, slots=True)
class Issuer:
    """An issuer with all its services."""

    context: IssuerContext
    metadata: MetadataService
    offers: Offers
    authorization: AuthorizationService
    tokens: TokenService
    credentials: CredentialService
    envelopes: Envelopes
    status: StatusService
    status_lists: StatusLists
    clerks: ClerkService
    desk: DeskService
    changes: Changes
    handles: Handles
    watch: WalletWatch
    signers: SignerList
    usage: UsageLog
    cockpit: Cockpit
    mandates: Mandates
    rights: RightsDesk
    told_uses: ToldUses

    @classmethod
    def of(cls, context: IssuerContext) -> Self:
        """Wire the services of one issuer."""
        offers, status = Offers(context), StatusService(context)
        wallets = WalletStatusLists(context)
        clients = ClientService(context, wallets)
        usage = UsageLog(context.store.usage, context.identity, context.now)
        rights: Requests = RightsRequests(
            context.endpoints.cockpit,
            context.store.rights,
            context.identity,
            rights_sealer(context),
            FirstSteps(context),
            context.now,
            context.random_bytes,
        )
        cockpit = Cockpit(
            context.endpoints.cockpit,
            context.store.cockpit,
            context.identity,
            usage.report,
            rights,
            context.secret,
            context.now,
            context.random_bytes,
        )
        mandates = Mandates(context, cockpit, Recipients(context))
        return cls(
            context=context,
            metadata=MetadataService.of(context),
            offers=offers,
            authorization=AuthorizationService(context, clients),
            tokens=TokenService(context, clients),
            credentials=CredentialService(
                context, StatusIndices(context.publisher), ProofService(context, wallets), Receipts(context)
            ),
            envelopes=Envelopes(context),
            status=status,
            status_lists=StatusLists(context.publisher),
            clerks=ClerkService.of(
                Accounts(context.store.clerk_codes, context.policy.desk, context.now, context.random_bytes)
            ),
            desk=DeskService(context, offers, status),
            changes=Changes(context, status, mandates),
            handles=Handles(context),
            watch=WalletWatch(context, wallets, status),
            signers=SignerList(context.authority, context.revoked, context.now),
            usage=usage,
            cockpit=cockpit,
            mandates=mandates,
            rights=RightsDesk(rights, context.store.cockpit, context),
            told_uses=ToldUses(context),
        )
