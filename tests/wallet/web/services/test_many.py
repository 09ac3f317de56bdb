"""A country's catalogue on pages: a thousand services are looked through while somebody waits."""

import time

from tests.protocol.sovereignty.services import service
from tests.support.bounds import BOUNDED
from tests.wallet.service_town import SERVICES
from tests.wallet.web.flows import follow
from tests.wallet.web.services.people import asked_for_birth, begin_plan, hold_pid
from tests.wallet.web.visitor import words_of


def test_a_thousand_services_are_searched_suggested_planned_and_asked_for_what_is_missing(served, citizen):
    many = [service(f"s{i}", needs=[f"urn:n{i % 40}"], gives=[f"urn:n{i % 40 + 1}"]).to_dict() for i in range(1000)]
    served.world.publisher.services = (*SERVICES, *many)
    served.fetch()
    hold_pid(served, citizen)
    citizen.get("/services")
    began = time.process_time()
    assert "Child benefit" in words_of(
        follow(citizen, citizen.post("/services/find", page="/services", typed="Kinder"))
    )
    suggested = follow(citizen, citizen.post("/services/suggestions", page="/services", suggest="on"))
    # What is near stands there, and the rest behind a link
    assert suggested.text.count("service-name") < 20
    assert "more" in words_of(suggested)
    assert "2 steps" not in words_of(begin_plan(citizen, "Kinder", "Child benefit"))
    assert "gives it to you" in words_of(citizen.get(asked_for_birth(served, citizen)))
    assert time.process_time() - began < 2 * BOUNDED
