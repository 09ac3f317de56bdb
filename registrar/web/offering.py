"""A registered party's own services: how each stands, handing in a file of them, and taking one back."""

from __future__ import annotations

from fastapi import Response

from capabilities.registration.entries import MAX_SERVICES_FILE, read_services
from protocol.encoding import encode_json, read_json_object
from protocol.errors import InvalidRequest, Malformed
from registrar.announcing import Problem, ProblemKind
from registrar.entry import name_of
from registrar.offering import offerings_of
from registrar.session import Registered
from registrar.web.application import Applicant, ApplicantPages, attachment
from registrar.web.applying import file_text
from registrar.web.site import Site
from runtime.languages import language_of
from runtime.pages import redirect
from runtime.routes import Router
from runtime.uploads import read_upload


def offering_pages(site: Site) -> Router:
    """Every page of a party about its services."""
    pages = ApplicantPages(site)
    _add_services(pages)
    return pages.router


def _add_services(pages: ApplicantPages) -> None:
    site, home = pages.site, f"{pages.home}/services"
    offerings, driver = site.registrar.offerings, site.driver

    def show(
        applicant: Applicant, text: str = "", problems: tuple[Problem, ...] = (), *, status: int = 200
    ) -> Response:
        language = language_of(applicant.request)
        return site.page(
            applicant.request,
            "my_services.html",
            status=status,
            services=[(one, name_of(one, language)) for one in offerings_of(applicant.stage)],
            registered=isinstance(applicant.stage, Registered),
            form_token=pages.token(applicant),
            text=text,
            problems=problems,
        )

    @pages.add("GET", "/services")
    async def listed(applicant: Applicant) -> Response:
        return show(applicant)

    @pages.add("GET", "/services.json")
    async def as_file(applicant: Applicant) -> Response:
        found = [
            read_json_object((one.proposed or one.document).encode("utf-8"), "service")
            for one in offerings_of(applicant.stage)
        ]
        return attachment(encode_json({"services": [*found]}).decode("utf-8"), "application/json", "services.json")

    @pages.add("POST", "/services")
    async def hand_in(applicant: Applicant) -> Response:
        upload = await read_upload(applicant.request, max_bytes=2 * MAX_SERVICES_FILE)
        site.pages.check_token(applicant.request, upload.fields, applicant.key)
        text = ""
        try:
            text = file_text(upload.files.get("file", b""), upload.fields.get("text", ""))
            entries = read_services(text.encode("utf-8"), "file")
            handed_in = await driver.run(offerings.hand_in(applicant.key, applicant.stage, entries))
        except (Malformed, InvalidRequest) as error:
            problem = Problem("", ProblemKind.UNREADABLE, error.description)
            return show(applicant, text, (problem,), status=error.status)
        if handed_in.problems:
            return show(applicant, text, handed_in.problems, status=400)
        return redirect(home)

    @pages.add("POST", "/services/withdraw")
    async def withdraw(applicant: Applicant) -> Response:
        form = await pages.form(applicant)
        await driver.run(offerings.withdraw(applicant.key, form.get("service", "")))
        return redirect(home)
