"""Pages for everybody: what this register is, who is in it, and how the registrar works."""

from __future__ import annotations

from ssl import DER_cert_to_PEM_cert

from fastapi import Request, Response

from capabilities.registration.party import MAX_NAME
from protocol.errors import NotFound, ProtocolError
from protocol.trust.localized import in_language
from protocol.x509 import Certificate
from registrar.entry import entries_of_lines
from registrar.records import PartyLine, PartyState
from registrar.service.parties import MAX_PAGE, PUBLIC, registered_party
from registrar.service.publications import LISTS
from registrar.session import Registered, Suspended
from registrar.sheet import asked_in
from registrar.store import PartyFilter, ServiceFilter
from registrar.web.services import standings
from registrar.web.site import Site
from runtime.asgi import read_form
from runtime.claim_words import country
from runtime.fingerprints import fingerprint_lines, fingerprint_of
from runtime.languages import language_of
from runtime.routes import Router

_PRESENT = (PartyState.REGISTERED, PartyState.SUSPENDED)


def public_pages(site: Site) -> Router:
    """Every page for everybody."""
    router = Router(include_in_schema=False)
    _add_register(router, site)
    _add_party(router, site)
    _add_practices(router, site)
    return router


def _add_register(router: Router, site: Site) -> None:
    parties, driver = site.registrar.parties, site.driver

    def show(request: Request, lines: tuple[PartyLine, ...] | None, words: str = "") -> Response:
        more = lines is not None and len(lines) == MAX_PAGE
        last = lines[-1].identifier if lines and more else ""
        return site.page(request, "register.html", found=lines, searched=words, more=last)

    @router.get(f"{site.path}/")
    async def start(request: Request) -> Response:
        return show(request, None)

    # What somebody looks for can be a person's name, so it stands in no address (T260)
    @router.post(f"{site.path}/search")
    async def search(request: Request) -> Response:
        try:
            words = " ".join((await read_form(request)).get("words", "").split())[:MAX_NAME]
            if not words:
                return show(request, None)
            found = await driver.run(parties.search(PartyFilter(states=PUBLIC, words=words)))
        except ProtocolError as error:
            return site.refusal(request, "refused.html", error)
        return show(request, found, words)

    @router.get(f"{site.path}/register")
    async def everybody(request: Request) -> Response:
        return show(request, await driver.run(parties.search(PartyFilter(states=_PRESENT))))

    @router.get(f"{site.path}/register/after/{{identifier:path}}")
    async def go_on(request: Request, identifier: str) -> Response:
        return show(request, await driver.run(parties.search(PartyFilter(states=_PRESENT), after=identifier)))


def _add_party(router: Router, site: Site) -> None:
    parties, driver = site.registrar.parties, site.driver
    offerings, witness = site.registrar.offerings, site.registrar.witness

    @router.get(f"{site.path}/register/{{identifier:path}}")
    async def party(request: Request, identifier: str) -> Response:
        try:
            line = await driver.run(parties.line(identifier))
            if line.state not in PUBLIC:
                # Who only applied is nobody's business
                raise NotFound("nobody is registered by this identifier")
            stage = await driver.run(parties.stage(identifier))
        except NotFound as error:
            return site.refusal(request, "refused.html", error)
        found, language = registered_party(line), language_of(request)
        announced = await driver.run(offerings.search(ServiceFilter(party=identifier, announced=True)))
        cockpits = await driver.run(witness.find(identifier))
        return site.page(
            request,
            "party.html",
            line=line,
            party=found,
            since=stage.since if isinstance(stage, Registered | Suspended) else 0,
            uses=[
                (
                    use,
                    in_language(use.purpose, language),
                    asked_in(use.credentials, language),
                )
                for use in found.uses
            ],
            issued=[document.name for document in asked_in(found.provides, language)],
            services=[in_language(service, language) for service in found.services],
            country=country(found.country, language),
            entries=entries_of_lines(announced, language),
            cockpits=standings(cockpits),
        )


def _add_practices(router: Router, site: Site) -> None:
    context = site.registrar.context
    pinned = Certificate.from_x5c(context.lists.x5c[0])

    @router.get(f"{site.path}/practices")
    async def practices(request: Request) -> Response:
        return site.page(
            request,
            "practices.html",
            lists=list(LISTS),
            fingerprint=fingerprint_lines(fingerprint_of(pinned)),
            endpoints=context.endpoints,
            lifetimes=context.lifetimes,
            country=country(context.operator.country, language_of(request)),
        )

    @router.get(f"{site.path}/practices/lists.pem")
    async def pinned_certificate() -> Response:
        return Response(
            DER_cert_to_PEM_cert(pinned.der),
            media_type="application/x-pem-file",
            headers={"content-disposition": 'attachment; filename="lists.pem"'},
        )
