"""Plans on pages: begun, gone step by step, with a warning where more is asked than was announced."""

import pytest

from protocol.exchange import HttpResponse
from tests.support.pki import Pki, Template, seeded_key
from tests.wallet.counterpart_agency import answer
from tests.wallet.counterparts import PARTNER, dcql
from tests.wallet.service_town import OFFICE
from tests.wallet.web.flows import follow, say
from tests.wallet.web.services.people import NEEDS_BIRTH, begin_plan, hold_child, hold_pid, link, submit, tick
from tests.wallet.web.visitor import words_of


def press(citizen, plan, words, **more):
    return follow(citizen, submit(citizen, plan, words, **more))


def test_a_plan_is_seen_before_it_is_begun(served, there):
    event = there.get(link(there.get("/services"), "A child is born"))
    preview = submit(there, event, "Show me the way there", **tick(event, "Child benefit"))
    words = words_of(preview)
    assert "2 steps lead there." in words
    assert "Comes on the way, from the step: Get a birth certificate" in words
    assert "You will be asked: Account number E-mail" in words
    assert served.services().journeys.kept() == ()
    plan = follow(there, submit(there, preview, "Begin this plan"))
    assert words_of(plan).startswith("A child is born 1. Get a birth certificate")
    assert [kept.event for kept in served.services().journeys.kept()] == ["birth"]
    assert "A child is born" in words_of(there.get("/services")).partition("Your plans")[2]


def test_nothing_chosen_is_no_plan(there):
    event = there.get(link(there.get("/services"), "A child is born"))
    again = submit(there, event, "Show me the way there")
    assert follow(there, again).url == event.url
    assert there.post("/plans/preview", page="/services").headers["location"] == "/services"
    assert there.post("/plans/preview", page="/services", event="x").status_code == 400
    assert there.post("/plans/preview", page="/services", **{"goal-x": "yes"}).status_code == 404


def test_a_step_is_begun_answered_and_the_plan_goes_on(served, there):
    hold_pid(served, there)
    plan = begin_plan(there, "library", "Library card")
    assert served.world.partner.seen == []
    assert "You have: Personal ID" in words_of(plan)
    assert "library.example is called only when you press this." in words_of(plan)
    served.world.partner.reply = answer({"redirect_uri": f"{PARTNER}/form"})
    consent = submit(there, plan, "Begin this step")
    page = consent.headers["location"]
    words = words_of(there.get(page))
    assert "You began this yourself: Library card" in words
    assert "They ask for more" not in words
    done = follow(there, say(there, page, "yes"))
    assert "Back to your plan" in words_of(done)
    over = words_of(there.get(link(done, "Back to your plan")))
    assert "Everything is done." in over


def test_what_is_asked_beyond_the_announcement_is_warned_of_in_both_languages(served, there):
    hold_pid(served, there)
    plan = begin_plan(there, "library", "Library card")
    served.world.partner.query = {"credentials": [dcql(("given_name",), ("birthdate",))]}
    page = submit(there, plan, "Begin this step").headers["location"]
    assert "They ask for more than they announced: Date of birth" in words_of(there.get(page))
    there.client.headers["accept-language"] = "de"
    words = words_of(follow(there, there.get(page)))
    assert "Es wird mehr verlangt als angekündigt: Geburtsdatum" in words


def test_somebody_else_at_the_address_gets_no_answer(served, there):
    hold_pid(served, there)
    plan = begin_plan(there, "library", "Library card")
    other = Template(common_name="Other", identifier=OFFICE, country="DE", dns_names=("library.example",))
    # Somebody whom the same authority vouches for
    pki = served.world.partner.pki
    served.world.partner.pki = Pki(pki.root, (pki.root.issue(other, seeded_key(6)),), pki.role, pki.types)
    failed = submit(there, plan, "Begin this step")
    assert failed.status_code == 502
    assert "Somebody else answered" in words_of(failed)
    assert "asks who is not City library. Your wallet does not answer. Nothing was given away." in words_of(failed)
    assert "Back to your plan" in words_of(failed)
    assert served.world.partner.answers == []


@pytest.mark.parametrize(
    ("status", "words"),
    [(503, "City library cannot be reached right now."), (404, "City library does not ask the way it should.")],
)
def test_an_address_that_fails_is_said_plainly(served, there, status, words):
    hold_pid(served, there)
    plan = begin_plan(there, "library", "Library card")
    served.world.partner.respond = lambda _: HttpResponse(status, (), b"")
    assert words in words_of(submit(there, plan, "Begin this step"))


def test_a_service_without_documents_has_a_page_of_its_own(served, there):
    plan = begin_plan(there, "birth", "Get a birth certificate")
    page = submit(there, plan, "Begin this step")
    assert "This service has a page of its own" in words_of(page)
    assert 'href="https://agency.example/start"' in page.text
    over = press(there, plan, "I have done this in another way")
    assert "Everything is done." in words_of(over)


def test_a_step_on_the_way_is_awaited_and_what_it_gives_moves_the_plan_on(served, there):
    hold_pid(served, there)
    plan = begin_plan(there, "Kindergeld", "Child benefit")
    waiting = press(there, plan, "I have done this in another way")
    assert "Still to come, from: Get a birth certificate" in words_of(waiting)
    assert "What they answer comes to your wallet." in words_of(waiting)
    assert "Something is still missing for this step." not in words_of(waiting)
    kept = hold_child(served, there)
    assert "Your plan goes on with it." in words_of(kept)
    again = there.get(link(kept, "See what comes next"))
    assert "You have: Birth certificate" in words_of(again)
    back = press(there, again, "Go through Get a birth certificate once more")
    # It is held, so there is nothing to go through
    assert "1. Child benefit" in words_of(back)


def test_answers_are_kept_and_shown_again(served, there):
    hold_pid(served, there)
    hold_child(served, there)
    plan = begin_plan(there, "Kindergeld", "Child benefit")
    wrong = submit(there, plan, "Keep these answers", **{"answer-iban": "short", "answer-email": "a@b.example"})
    assert wrong.status_code == 400
    assert "This is not what they ask for. Nothing was kept." in words_of(wrong)
    assert 'value="short"' in wrong.text
    kept = press(there, plan, "Keep these answers", **{"answer-iban": "DE02120300000000202051"})
    assert 'value="DE02120300000000202051"' in kept.text


def test_a_plan_is_forgotten_after_a_question(served, there):
    plan = begin_plan(there, "library", "Library card")
    ask = there.get(link(plan, "Forget this plan"))
    assert "are deleted" in words_of(ask)
    assert submit(there, ask, "Forget it").headers["location"] == "/services"
    assert served.services().journeys.kept() == ()
    assert there.get(str(plan.url)).status_code == 404


def test_a_ring_of_services_is_said_plainly(served, there):
    ring = [
        {**one, "id": f"ring-{i}", "needs": {"credentials": [dcql(vct=f"urn:ring:{1 - i}")]},
         "gives": [{"issuer": "https://a.example", "credential_configuration_id": "x", "vct": f"urn:ring:{i}"}]}
        for i, one in enumerate(served.world.publisher.services[:2])
    ]  # fmt: skip
    served.world.publisher.services, served.world.publisher.seq = tuple(ring), 8
    served.world.now += 3600
    there.unlock()
    served.fetch()
    found = follow(there, there.post("/services/find", page="/services", typed="library"))
    page = submit(there, found, "Show me the way there", **tick(found, "Library card"))
    assert page.status_code == 409
    assert "The services on the way need each other" in words_of(page)
    assert "Nothing was lost." in words_of(page)
    assert "Please ask the office itself, or choose less at once." in words_of(page)
    assert served.services().journeys.kept() == ()


def test_needs_that_are_missing_lead_from_the_step_to_who_gives_them(served, there):
    hold_pid(served, there)
    plan = begin_plan(there, "Kindergeld", "Child benefit")
    waiting = press(there, plan, "I have done this in another way")
    served.world.partner.query = NEEDS_BIRTH
    page = there.get(submit(there, waiting, "Begin this step").headers["location"])
    assert "You do not have what they need" in words_of(page)
    assert "City of Köln gives it to you: Get a birth certificate" in words_of(page)
