"""What everybody sees of a counter: its code to print, and the number of whoever answered. No decisions here."""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import Request, Response

from protocol.errors import ProtocolError
from runtime.driver import Driver
from runtime.languages import language_of
from runtime.pages import Pages, qr_svg
from runtime.routes import Router
from runtime.translations import LANGUAGES
from verifier.service import Verifier
from verifier.use_case import distinct
from verifier.web.pages import partner_name, refusal_page


def counter_codes(verifier: Verifier, driver: Driver, pages: Pages) -> Router:
    """The pages of codes and numbers."""
    context, counters, boards = verifier.context, verifier.counters, verifier.boards
    path = urlsplit(context.identifier).path
    router = Router(include_in_schema=False)

    @router.get(f"{path}/counters/{{counter}}/code/{{use_case}}")
    async def code(counter: str, use_case: str, request: Request) -> Response:
        try:
            record = await driver.run(counters.code(counter, use_case))
        except ProtocolError as error:
            return refusal_page(request, pages, verifier, error)
        case = context.use_cases[use_case]
        names = dict(context.name)
        # Whoever comes by may read either language, so that both stand there, the clerk's first
        order = sorted(LANGUAGES, key=lambda language: language != language_of(request))
        return pages.page(
            request,
            "counter_code.html",
            partner=partner_name(verifier, request),
            counter=record,
            title=case.title_in(language_of(request)),
            texts=[
                pages.part(
                    "counter_code_text.html",
                    language,
                    partner=names.get(language) or next(iter(names.values())),
                    title=case.title_in(language),
                    purpose=case.purpose_in(language),
                    asked=distinct(case.asks_in(language)),
                    heading=place == 0,
                )
                for place, language in enumerate(order)
            ],
            qr=f"{path}/counters/{counter}/code/{use_case}/qr.svg",
            good_until=counters.code_ends,
        )

    @router.get(f"{path}/counters/{{counter}}/code/{{use_case}}/qr.svg")
    async def code_picture(counter: str, use_case: str) -> Response:
        record = await driver.run(counters.code(counter, use_case))
        svg = qr_svg(counters.link(record, use_case))
        return Response(svg, media_type="image/svg+xml", headers={"cache-control": "no-store"})

    @router.get(f"{path}/number")
    async def number(request: Request) -> Response:
        try:
            found = await driver.run(boards.number(request.query_params.get("response_code", "")))
        except ProtocolError as error:
            return refusal_page(request, pages, verifier, error)
        use_case = context.use_cases.get(found.use_case)
        return pages.page(
            request,
            "counter_number.html",
            partner=partner_name(verifier, request),
            title=use_case.title_in(language_of(request)) if use_case else "",
            number=found.number,
        )

    return router
