"""Offering a document: the QR code for the person's wallet, the code that is told apart, the letter, and what becomes of it."""

from __future__ import annotations

from fastapi import Request, Response

from capabilities.accounts.web import Visit
from issuer.service.offers import GrantKind, OfferOrder
from issuer.web.desk.door import Desk, text
from issuer.web.pages import WAITING
from protocol.encoding import JsonObject
from protocol.errors import Conflict, NotFound
from runtime.pages import qr_svg, redirect


def add_invitations(desk: Desk) -> None:
    """Making an offer, showing it, following it, taking it back."""
    site, driver, offers = desk.site, desk.site.driver, desk.site.issuer.offers

    @desk.deed("/people/{person}/documents/{kind}")
    async def make(visit: Visit) -> Response:
        family, subject = visit.request.path_params["kind"], desk.subject(visit)
        forms = await driver.run(site.issuer.desk.forms_for(subject, family))
        with_letter = visit.form.get("how") == "letter"
        grant = GrantKind.AUTHORIZATION_CODE if with_letter else GrantKind.PRE_AUTHORIZED_CODE
        made = await driver.run(
            offers.make(OfferOrder(forms, subject, grant, not with_letter, True, visit.clerk.clerk))
        )
        content: JsonObject = {
            "id": made.id,
            "reference": made.reference,
            "code": made.tx_code or "",
            "kind": family,
            "form": forms[0],
            "subject": subject,
            "until": made.expires_at,
        }
        return redirect(f"{desk.home}/invitations/{desk.handle(visit, 'invitation', content)}")

    async def show(visit: Visit, template: str) -> Response:
        invitation = desk.opened(visit, "invitation")
        state = await driver.run(offers.state(text(invitation, "id")))
        person, _ = await driver.run(site.issuer.desk.addressee(text(invitation, "subject")))
        return desk.show(
            visit,
            template,
            invitation=visit.request.path_params["invitation"],
            state=state,
            waiting=state in WAITING,
            code=text(invitation, "code"),
            until=invitation.get("until"),
            kind=text(invitation, "kind"),
            title=site.title(visit.request, text(invitation, "form")),
            person=desk.person_handle(visit, person.subject),
            name=person.name or person.subject,
        )

    @desk.page("/invitations/{invitation}")
    async def invitation(visit: Visit) -> Response:
        return await show(visit, "invitation.html")

    @desk.page("/invitations/{invitation}/screen")
    async def screen(visit: Visit) -> Response:
        return await show(visit, "screen.html")

    @desk.page("/invitations/{invitation}/qr.svg")
    async def picture(visit: Visit) -> Response:
        link = await driver.run(offers.link(text(desk.opened(visit, "invitation"), "reference")))
        return Response(qr_svg(link), media_type="image/svg+xml", headers={"cache-control": "no-store"})

    @desk.page("/invitations/{invitation}/events")
    async def events(visit: Visit) -> Response:
        offer_id = text(desk.opened(visit, "invitation"), "id")

        async def look() -> str:
            # Whoever is signed out, or revoked, sees no more; and a page that looks by itself is nobody who is there
            await driver.run(site.issuer.clerks.watch(visit.secret))
            return await driver.run(offers.state(offer_id))

        return await site.streams.events(look)

    @desk.deed("/invitations/{invitation}/withdraw")
    async def withdraw(visit: Visit) -> Response:
        offer_id = text(desk.opened(visit, "invitation"), "id")
        await driver.run(offers.withdraw(offer_id, visit.clerk.clerk))
        return redirect(f"{desk.home}/invitations/{visit.request.path_params['invitation']}")

    @desk.deed("/people/{person}/offers/{offer_id}/withdraw")
    async def withdraw_of_person(visit: Visit) -> Response:
        subject, offer_id = desk.subject(visit), visit.request.path_params["offer_id"]
        file = await driver.run(site.issuer.desk.person(subject))
        if offer_id not in [offer.id for offer in file.offers]:
            raise NotFound("no such offer")
        await driver.run(offers.withdraw(offer_id, visit.clerk.clerk))
        return redirect(_address_of_person(desk, visit.request))


def add_letters(desk: Desk) -> None:
    """Letters with a one-time code, which is shown once; who needs it again writes a new letter, which ends the code before."""
    driver, issuer = desk.site.driver, desk.site.issuer

    @desk.deed("/people/{person}/letter")
    async def write(visit: Visit) -> Response:
        subject = desk.subject(visit)
        code = await driver.run(issuer.authorization.write_letter(subject, visit.clerk.clerk))
        content: JsonObject = {"subject": subject, "code": code, "at": issuer.context.now()}
        return redirect(f"{desk.home}/letters/{desk.handle(visit, 'letter', content)}")

    @desk.page("/letters/{letter}")
    async def letter(visit: Visit) -> Response:
        content = desk.opened(visit, "letter")
        code, written = text(content, "code"), content.get("at")
        if not isinstance(written, int):
            raise NotFound("no such letter")
        person, address = await driver.run(issuer.desk.addressee(text(content, "subject")))
        handle = desk.person_handle(visit, person.subject)
        try:
            # Whoever comes to this screen later, by the back button or its history, does not see the code
            await driver.run(issuer.clerks.use_once(visit.secret, f"letter {code}"))
        except Conflict:
            return desk.show(visit, "letter_shown.html", status=410, person=handle)
        return desk.show(
            visit,
            "letter.html",
            name=person.name or person.subject,
            address=address,
            code=code,
            written=written,
            until=written + issuer.context.policy.lifetimes.letter_code,
            person=handle,
        )


def _address_of_person(desk: Desk, request: Request) -> str:
    return f"{desk.home}/people/{request.path_params['person']}"
