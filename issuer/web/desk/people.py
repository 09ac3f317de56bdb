"""Finding a person, seeing what they can get and have, and looking a document over before it is offered."""

from __future__ import annotations

from fastapi import Response

from capabilities.accounts.web import Visit
from issuer.preview import label_of, preview_lines
from issuer.web.desk.door import Desk, text
from protocol.errors import CredentialRequestDenied, InvalidRequest
from runtime.languages import language_of
from runtime.pages import redirect


def add_people(desk: Desk) -> None:
    """The start page, the search, the person, the preview."""
    site, service = desk.site, desk.site.issuer.desk
    finds_names = site.issuer.context.register.finds_names

    @desk.page("")
    async def start(visit: Visit) -> Response:
        return desk.show(visit, "start.html", finds_names=finds_names, wanted="", found=None)

    @desk.question("/people")
    async def ask(visit: Visit) -> Response:
        handle = desk.handle(visit, "wanted", {"text": visit.form.get("wanted", "")[:200]})
        return redirect(f"{desk.home}/people/like/{handle}")

    @desk.page("/people/like/{wanted}")
    async def found(visit: Visit) -> Response:
        wanted = text(desk.opened(visit, "wanted"), "text").strip()
        try:
            found = await site.driver.run(service.search(wanted))
        except InvalidRequest:
            return redirect(desk.home)
        people = [(person, desk.person_handle(visit, person.subject)) for person in found.people]
        return desk.show(visit, "start.html", finds_names=finds_names, wanted=wanted, found=people, more=found.more)

    @desk.page("/people/{person}")
    async def person(visit: Visit) -> Response:
        subject = desk.subject(visit)
        handle = visit.request.path_params["person"]
        try:
            file = await site.driver.run(service.person(subject))
        except CredentialRequestDenied:
            return desk.show(visit, "nobody.html", status=404, subject=subject, person=handle)
        types, language = site.issuer.context.types, language_of(visit.request)
        return desk.show(
            visit,
            "person.html",
            file=file,
            own_register=site.issuer.changes.is_own,
            person=handle,
            logos={name: site.logo(name) for name in types},
            missing={a.family: label_of(types[a.configuration_id], a.missing, language) for a in file.available},
        )

    @desk.page("/people/{person}/documents/{kind}")
    async def preview(visit: Visit) -> Response:
        kind = visit.request.path_params["kind"]
        seen = await site.driver.run(service.preview(desk.subject(visit), kind, visit.clerk.clerk))
        return desk.show(
            visit,
            "preview.html",
            seen=seen,
            person=visit.request.path_params["person"],
            kind=kind,
            look=seen.credential_type.id,
            title=site.title(visit.request, seen.credential_type.id),
            logo=site.logo(seen.credential_type.id),
            lines=preview_lines(seen.credential_type, seen.claims, language_of(visit.request)),
        )
