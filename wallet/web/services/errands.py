"""Missing proof: see who gives it and what it is, get it, and go on with the request that waited."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from urllib.parse import quote

from fastapi import Response

from protocol.errors import InvalidRequest, NotFound, ProtocolError, Unavailable, Unreachable
from protocol.oid4vci.metadata import CredentialConfiguration
from runtime.looks import looks_css
from runtime.routes import Router
from wallet.policy.cards import ground_of, logo_of
from wallet.policy.services.showing import ProofShown
from wallet.service.issuance import OfferSeen
from wallet.service.services.errands import RequestTooOld
from wallet.service_records import Errand
from wallet.web.locked import WhenLocked
from wallet.web.room import Inside, Visit, redirect
from wallet.web.services.planning import begin_service
from wallet.web.services.views import find_service, services_page
from wallet.web.shelf import Gone
from wallet.web.things import OfferWaiting, RequestWaiting


def errand_pages() -> Router:
    """The pages of what is missing."""
    router = Router(include_in_schema=False)

    @router.post("/present/{number}/missing/{place:int}/{ticket}")
    async def look(number: str, place: int, ticket: str, visit: Inside) -> Response:
        await visit.form()
        waiting = visit.shelf.look(number, RequestWaiting)
        proof = _proof(visit, waiting, place)
        service = find_service(visit, ticket)
        begun = waiting.begun
        wait = visit.wallet.services.errands.wait(
            waiting.seen, begun.service.id if begun else "", begun.journey if begun else ""
        )
        await visit.run(wait)
        try:
            seen = await visit.run(visit.wallet.services.errands.look_at(service, proof))
        except (Unavailable, Unreachable):
            raise
        except ProtocolError:
            # Its issuer gives it to nobody who just asks, so the service is the way to it
            return await begin_service(visit, service)
        offer = visit.shelf.put(OfferWaiting(seen))
        return redirect(f"/missing/{quote(offer, safe='')}/{visit.room.tickets.of('service', service.id)}")

    @router.get("/missing/{number}/looks.css")
    async def looks(number: str, visit: Inside) -> Response:
        ground = ground_of(_configuration(visit.shelf.look(number, OfferWaiting).seen), visit.wallet.context.language)
        return Response(looks_css({"preview": ground}), media_type="text/css")

    @router.get("/missing/{number}/{ticket}")
    async def preview(number: str, ticket: str, visit: Inside) -> Response:
        seen = visit.shelf.look(number, OfferWaiting).seen
        service = find_service(visit, ticket)
        consent = visit.wallet.receiving.consent(seen.offer, seen.contact)
        page = services_page(
            visit,
            "missing_preview.html",
            number=number,
            service=service,
            logo=logo_of(_configuration(seen), visit.wallet.context.language),
            offer=replace(consent, registered=seen.consent.registered),
            # Whoever wants to know something first is begun with, and gives the document as its outcome
            by_service=service.needs is not None or service.asks is not None,
        )
        return visit.room.pages.lead_to(page, seen.contact.server.authorization_endpoint or "")

    @router.post("/waiting/{errand_id}")
    async def go_on(errand_id: str, visit: Inside) -> Response:
        await visit.form()
        errand = visit.wallet.services.errands.find(errand_id)
        again = WhenLocked.SCAN_AGAIN
        with suppress(Gone):
            number = visit.shelf.find(RequestWaiting, lambda found: found.seen.digest == errand.id)
            with visit.shelf.answering(number, RequestWaiting, f"/present/{number}") as waiting:
                seen = await visit.run(visit.wallet.presenting.look_again(waiting.seen), again, again)
                language = visit.wallet.context.language
                return redirect(f"/present/{visit.shelf.put(replace(waiting, seen=seen, language=language))}")
        try:
            aim = visit.wallet.services.journeys.aim(errand.journey)
            seen = await visit.run(visit.wallet.services.errands.resume(errand, aim), again, again)
        except RequestTooOld:
            return await _begin_anew(visit, errand)
        begun = None
        with suppress(ProtocolError):
            service = visit.wallet.services.catalogue.find(errand.service)
            begun = visit.wallet.services.starting.begun(service, seen, errand.journey)
        waiting = RequestWaiting(seen, same_device=True, language=visit.wallet.context.language, begun=begun)
        return redirect(f"/present/{visit.shelf.put(waiting)}")

    @router.post("/waiting/{errand_id}/forget")
    async def forget(errand_id: str, visit: Inside) -> Response:
        await visit.form()
        await visit.run(visit.wallet.services.errands.forget(errand_id))
        return redirect("/services")

    return router


async def _begin_anew(visit: Visit, errand: Errand) -> Response:
    """The request has run out: begin its service again, or say that whoever asked has to ask again."""
    errands, catalogue = visit.wallet.services.errands, visit.wallet.services.catalogue
    await visit.run(errands.forget(errand.id))
    try:
        service = catalogue.find(errand.service)
    except ProtocolError:
        return services_page(visit, "request_over.html", status=410, asker=errand.asker)
    return await begin_service(visit, service, errand.journey)


def _proof(visit: Visit, waiting: RequestWaiting, place: int) -> ProofShown:
    if waiting.met is not None:
        raise InvalidRequest("who stands in front of the user does not wait")
    missing = visit.wallet.services.errands.missing(waiting.seen)
    if not 0 <= place < len(missing):
        raise NotFound("nothing is missing there")
    return missing[place]


def _configuration(seen: OfferSeen) -> CredentialConfiguration:
    return seen.contact.issuer.configurations[seen.offer.credential_configuration_ids[0]]
