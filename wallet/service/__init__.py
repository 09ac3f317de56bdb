"""The wallet itself: one method for each thing it does. No framework, no SQL; every method with effects is an exchange."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from wallet.service.cockpit.cockpit import Cockpit
from wallet.service.context import WalletContext
from wallet.service.forwarding import Forwarding
from wallet.service.keeping import Keeping
from wallet.service.login import Login
from wallet.service.mandates import Mandates
from wallet.service.meeting import MeetingPresenting
from wallet.service.moving import Moving
from wallet.service.page_presenting import PagePresenting
from wallet.service.presenting import Presenting
from wallet.service.receiving import Receiving
from wallet.service.renewing import Renewing
from wallet.service.services import Services
from wallet.service.standing import StandingOrders
from wallet.service.vouching import Vouching


@dataclass(frozen=True, slots=True)
class Wallet:
    """A wallet with all its services."""

    context: WalletContext
    receiving: Receiving
    login: Login
    presenting: Presenting
    pages: PagePresenting
    meetings: MeetingPresenting
    keeping: Keeping
    vouching: Vouching
    renewing: Renewing
    cockpit: Cockpit
    services: Services
    moving: Moving
    forwarding: Forwarding
    standing: StandingOrders
    mandates: Mandates

    @classmethod
    def of(cls, context: WalletContext) -> Self:
        """Wire the services of one wallet."""
        vouching = Vouching(context)
        receiving = Receiving(context, vouching)
        login = Login(context, receiving, vouching)
        presenting = Presenting(context)
        pages = PagePresenting(context, presenting)
        meetings = MeetingPresenting(context, presenting)
        keeping, cockpit = Keeping(context), Cockpit(context)
        renewing = Renewing(context, receiving, vouching, keeping)
        services = Services.of(context, presenting, receiving)
        forwarding = Forwarding(context, services.catalogue, services.starting, presenting)
        return cls(
            context=context,
            receiving=receiving,
            login=login,
            presenting=presenting,
            pages=pages,
            meetings=meetings,
            keeping=keeping,
            vouching=vouching,
            renewing=renewing,
            cockpit=cockpit,
            services=services,
            moving=Moving(context),
            forwarding=forwarding,
            standing=StandingOrders(context, forwarding),
            mandates=Mandates(context, cockpit.collecting),
        )
