"""Pages for operators, behind a door: what waits for a decision, everybody in the register, and what was done."""

from __future__ import annotations

from registrar.web.operator.desk import Desk
from registrar.web.operator.history import add_history
from registrar.web.operator.register import add_register
from registrar.web.operator.services import add_services
from registrar.web.operator.waiting import add_waiting
from registrar.web.operator.witness import add_witness
from registrar.web.site import Site
from runtime.routes import Router


def operator_pages(site: Site) -> Router:
    """Every page of operators."""
    desk = Desk(site)
    desk.door.open()
    add_waiting(desk)
    add_register(desk)
    add_history(desk)
    add_services(desk)
    add_witness(desk)
    return desk.door.router
