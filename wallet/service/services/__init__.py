"""Services: what there is, what fits, plans, beginning one, and fetching what is missing on the way."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Self

from protocol.errors import ProtocolError
from protocol.exchange import Exchange
from protocol.oid4vp.request_object import VerifiedRequest
from protocol.oid4vp.response import taken_answers
from wallet.policy.services.noting import NotedShown, noted_answers
from wallet.service.context import WalletContext
from wallet.service.presenting import Presenting
from wallet.service.receiving import Receiving
from wallet.service.seen import RequestSeen
from wallet.service.services.catalogue import ServiceCatalogueOf
from wallet.service.services.errands import Errands
from wallet.service.services.form_notes import FormNotes
from wallet.service.services.journeys import Journeys
from wallet.service.services.starting import BegunService, Starting, is_provider


@dataclass(frozen=True, slots=True)
class Services:
    """Everything about services."""

    catalogue: ServiceCatalogueOf
    journeys: Journeys
    starting: Starting
    errands: Errands
    form_notes: FormNotes

    @classmethod
    def of(cls, context: WalletContext, presenting: Presenting, receiving: Receiving) -> Self:
        """Wire what belongs to services."""
        catalogue = ServiceCatalogueOf(context)
        journeys = Journeys(context, catalogue)
        return cls(
            catalogue,
            journeys,
            Starting(context, presenting),
            Errands(context, catalogue, presenting, receiving),
            FormNotes(context, catalogue, journeys),
        )

    def noted(self, seen: RequestSeen, begun: BegunService | None) -> tuple[NotedShown, ...]:
        """What the plan of a begun service was told and its form takes; nothing of it goes along unless it is ticked."""
        if begun is None or not begun.journey or not isinstance(seen.verified, VerifiedRequest):
            return ()
        taken = taken_answers(seen.verified.request)
        if not taken:
            return ()
        with suppress(ProtocolError):  # the plan was forgotten, or the service is not offered any more
            service, journey = self.catalogue.find(begun.service.id), self.journeys.find(begun.journey).read()
            if is_provider(service, seen.verified):
                return noted_answers(service, journey, taken, self.catalogue.context.language)
        return ()

    def answered(self, digest: str, begun: BegunService | None) -> Exchange[None]:
        """A request was answered: it waits no more, and the plan that it belongs to goes on."""
        yield from self.errands.forget(digest)
        if begun is not None and begun.journey:
            yield from self.journeys.went_through(begun.journey, begun.service.id)
