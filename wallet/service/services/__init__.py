"""Services: what there is, what fits, plans, beginning one, and fetching what is missing on the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from protocol.exchange import Exchange
from wallet.service.context import WalletContext
from wallet.service.presenting import Presenting
from wallet.service.receiving import Receiving
from wallet.service.services.catalogue import ServiceCatalogueOf
from wallet.service.services.errands import Errands
from wallet.service.services.journeys import Journeys
from wallet.service.services.starting import BegunService, Starting


@dataclass(frozen=True, slots=True)
class Services:
    """Everything about services."""

    catalogue: ServiceCatalogueOf
    journeys: Journeys
    starting: Starting
    errands: Errands

    @classmethod
    def of(cls, context: WalletContext, presenting: Presenting, receiving: Receiving) -> Self:
        """Wire what belongs to services."""
        catalogue = ServiceCatalogueOf(context)
        return cls(
            catalogue,
            Journeys(context, catalogue),
            Starting(context, presenting),
            Errands(context, catalogue, presenting, receiving),
        )

    def answered(self, digest: str, begun: BegunService | None) -> Exchange[None]:
        """A request was answered: it waits no more, and the plan that it belongs to goes on."""
        yield from self.errands.forget(digest)
        if begun is not None and begun.journey:
            yield from self.journeys.went_through(begun.journey, begun.service.id)
