"""The desk: pages for clerks. Its `door` lets them in and guards every page, the others show and do."""

from __future__ import annotations

from issuer.web.desk.documents import add_audit, add_documents
from issuer.web.desk.door import Desk
from issuer.web.desk.invitations import add_invitations, add_letters
from issuer.web.desk.people import add_people
from issuer.web.desk.register import add_register
from issuer.web.desk.rights import add_rights
from issuer.web.site import Site
from runtime.routes import Router


def desk_pages(site: Site) -> Router:
    """Every page of the desk."""
    desk = Desk(site)
    desk.door.open()
    add_people(desk)
    add_register(desk)
    add_invitations(desk)
    add_letters(desk)
    add_documents(desk)
    add_rights(desk)
    add_audit(desk)
    return desk.router
