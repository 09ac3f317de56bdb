"""Notes of a plan for the form of a service that needs no document: its provider invites, the citizen ticks, they go sealed.

Nothing but a nonce goes to the provider before that, as when any service is begun.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from protocol.errors import NotTrusted, ProtocolError, Unavailable
from protocol.exchange import Exchange, send
from protocol.keys import P256Key
from protocol.sovereignty.form_invitation import (
    FormInvitation,
    ask_for_invitation,
    bring_notes,
    read_form_address,
    seal_notes,
    verify_form_invitation,
)
from protocol.sovereignty.service import Service
from wallet.policy.services.noting import NotedShown, noted_answers, sent_along
from wallet.policy.services.showing import ServiceShown, service_shown
from wallet.policy.showing import PartyShown, party_shown, plain
from wallet.service.asking import Asking
from wallet.service.context import WalletContext
from wallet.service.services.catalogue import ServiceCatalogueOf
from wallet.service.services.journeys import Journeys


@dataclass(frozen=True, slots=True)
class InvitationSeen:
    """An invitation that was verified; nothing was given away yet."""

    invitation: FormInvitation
    service: ServiceShown
    asker: PartyShown
    journey: str  # id of the plan


@dataclass(frozen=True, slots=True)
class FormNotes:
    """From what a plan was told to a form in which it stands."""

    context: WalletContext
    catalogue: ServiceCatalogueOf
    journeys: Journeys

    def has_notes(self, service: Service, journey: str) -> bool:
        """Whether a plan holds anything that the form of a service without documents asks."""
        if service.needs is not None or service.asks is None or not journey:
            return False
        return bool(self._noted(service, journey, [field.name for field in service.asks.fields]))

    def invited(self, service: Service, journey: str) -> Exchange[InvitationSeen]:
        """Have the provider of a service say where notes go, and to which key. Nothing is given away.

        Raises:
            InvalidRequest: it invites nobody; its page can be opened all the same.
            NotTrusted: somebody else invites, or their certificate was taken back.
            ProtocolError: the invitation cannot be read, or is not good now.
            Unreachable: nobody answers.
        """
        context = self.context
        yield from context.renew_trust()
        nonce = context.new_secret()
        response = yield from send(ask_for_invitation(service, nonce))
        found = verify_form_invitation(response, service, nonce, anchors=context.anchors(), now=context.now())
        if (yield from Asking(context).barred(found.party)) is not None:
            raise NotTrusted("whoever invites may not do so any more")
        asker = party_shown(found.party, plain(service.provider.identifier), service.start, language=context.language)
        return InvitationSeen(found.invitation, service_shown(service, context.language), asker, journey)

    def noted(self, seen: InvitationSeen) -> tuple[NotedShown, ...]:
        """What can go along; nothing of it does unless it is ticked. Empty: the plan was forgotten, or knows nothing of it."""
        with suppress(ProtocolError):
            service = self.catalogue.find(seen.service.id)
            return self._noted(service, seen.journey, seen.invitation.takes)
        return ()

    def bring(self, seen: InvitationSeen, noted: Sequence[NotedShown]) -> Exchange[str]:
        """Send what was ticked, and no more; the address of the form. The log names the questions before anything leaves.

        Raises:
            ProtocolError: it was not taken, or nobody knows; it counts as sent.
        """
        context, invitation = self.context, seen.invitation
        titles = tuple([one.title for one in noted])
        begun = yield from context.save(note=context.entry("noted", seen.asker, "begun", noted=titles))
        if begun is None:
            raise TypeError("a note makes an entry")
        sealed = seal_notes(invitation, sent_along(noted), ephemeral=P256Key.fresh(), random_bytes=context.random_bytes)
        outcome = "unknown"
        try:
            response = yield from send(bring_notes(invitation, sealed))
            address = read_form_address(response, invitation)
            outcome = "done"
        finally:
            # It left, and counts as seen whatever becomes of it
            with suppress(Unavailable):
                yield from context.save(note=context.entry("noted", seen.asker, outcome, completes=begun.number))
        yield from self.journeys.went_through(seen.journey, seen.service.id)
        return address

    def _noted(self, service: Service, journey: str, taken: Sequence[str]) -> tuple[NotedShown, ...]:
        for kept in self.journeys.kept():
            if kept.id == journey:
                return noted_answers(service, kept.read(), taken, self.context.language)
        return ()
