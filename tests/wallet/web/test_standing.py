"""Standing orders on pages: arranged after forwarding, shown when a document is new, sent by one yes, stopped and deleted."""

import re
from dataclasses import replace

import pytest

from protocol.encoding import encode_json
from protocol.trust.localized import Localized
from tests.support.pki import NOW
from tests.wallet.counterpart_agency import CLAIMS
from tests.wallet.counterparts import dcql
from tests.wallet.forward_town import NAMES
from tests.wallet.registrar import registered
from tests.wallet.web.flows import follow
from tests.wallet.web.forwarding import ServedForwardTown, picked, ticked
from tests.wallet.web.services.people import hold_pid
from tests.wallet.web.visitor import words_of


@pytest.fixture
def served(tmp_path, monkeypatch):
    monkeypatch.setenv("HOHEIT_ENV", "test")
    wallet = ServedForwardTown(tmp_path / "wallet")
    for name in NAMES:
        wallet.world.registering(name)
    wallet.create()
    yield wallet
    wallet.door.close()


@pytest.fixture
def there(served, citizen):
    """The browser of somebody whose wallet has an identity card and the list of services."""
    served.fetch()
    hold_pid(served, citizen)
    return citizen


def forwarded(served, citizen, *names):
    """Forward the document; the page with what became of it."""
    consent = picked(served, citizen, *names)
    boxes = {f"to-{place}": "yes" for place in ticked(citizen.get(consent))}
    assert len(boxes) == len(names or NAMES)
    return citizen.post(consent, page=consent, answer="yes", **boxes).headers["location"]


def arranged(served, citizen, *names, limit="year"):
    """Forward, and arrange that it is done again; the list of what is arranged."""
    done = forwarded(served, citizen, *names)
    boxes = {f"again-{place}": "yes" for place in range(len(names or NAMES))}
    page = follow(citizen, citizen.post(done.replace("/done", "/again"), page=done, limit=limit, **boxes))
    for taker in served.world.takers.values():
        taker.answers.clear()
        taker.asked.clear()
    return page


def renew(served, **claims):
    """The document is fetched anew, and says something else."""
    opened = served.wallet()
    context = opened.wallet.context
    [held] = context.store.credentials()
    copies = tuple([replace(copy, used_at=0) for copy in held.copies])
    says = encode_json({**CLAIMS, **claims}).decode()
    opened.run(context.save(put=[replace(held, issuance=context.new_id(), claims=says, copies=copies)]))


def look(citizen):
    """Have the recipients asked; the address of what each would get."""
    page = citizen.get("/orders")
    [action] = re.findall(r'action="(/orders/look/[^"]+)"', page.text)
    return citizen.post(action, page="/orders").headers["location"]


def heard(served):
    return [name for name, taker in served.world.takers.items() if taker.asked or taker.answers]


def test_what_was_forwarded_can_be_arranged_for_the_next_change(served, there):
    page = there.get(forwarded(served, there, "school"))
    assert "And when it changes?" in words_of(page)
    said = words_of(arranged(served, there, "bank"))
    assert "What you arranged" in said
    assert "Town bank" in said
    assert "They have what you have." in said


def test_who_is_not_registered_is_not_offered_it(served, there):
    for taker in served.world.takers.values():
        del taker.changes["verifier_info"]
    assert "And when it changes?" not in words_of(there.get(forwarded(served, there)))


def test_a_new_document_is_shown_after_the_wallet_was_opened_and_nobody_heard_of_it(served, there):
    arranged(served, there)
    renew(served, given_name="Erika Maria")
    served.door.close()
    there.unlock()
    assert "Something new is ready to be sent to those who shall know." in words_of(there.get("/"))
    said = words_of(there.get("/orders"))
    assert "Personal ID is new" in said
    assert "This is different: Given name." in said
    assert heard(served) == []


def test_one_yes_sends_all(served, there):
    arranged(served, there)
    renew(served)
    assert "It says the same as before." in words_of(there.get("/orders"))
    consent = look(there)
    boxes = {f"to-{place}": "yes" for place in ticked(there.get(consent))}
    assert len(boxes) == len(NAMES)
    assert not any(taker.answers for taker in served.world.takers.values())
    page = follow(there, there.post(consent, page=consent, answer="yes", **boxes))
    assert "Everybody has it" in words_of(page)
    assert "And when it changes?" not in words_of(page), "it is arranged already"
    assert all("vp_token" in taker.answers[0] for taker in served.world.takers.values())
    assert "ready to be sent" not in words_of(there.get("/"))
    assert [one.order.sent for one in served.wallet().wallet.standing.shown()] == [1] * len(NAMES)


def test_what_is_new_is_said_beside_what_each_would_get(served, there):
    arranged(served, there, "bank", "school")
    renew(served, given_name="Erika Maria")
    consent = look(there)
    said = words_of(there.get(consent))
    assert "Personal ID is new. Nothing was sent yet." in said
    assert "You picked" not in said
    assert said.count("New since last time: Given name") == 2
    there.client.headers["accept-language"] = "de"
    said = words_of(there.get(there.get(consent).headers["location"]))
    assert said.count("Neu seit dem letzten Mal: Vorname") == 2


def test_where_nothing_is_new_it_says_so_beside_what_each_would_get(served, there):
    arranged(served, there, "bank")
    renew(served)
    said = words_of(there.get(look(there)))
    assert "It says the same as before." in said
    assert "New since last time" not in said


def test_what_is_forwarded_at_first_is_not_called_new(served, there):
    said = words_of(there.get(picked(served, there, "bank")))
    assert "You picked: Personal ID. Nothing was sent yet." in said
    assert "since last time" not in said


def test_who_chooses_nobody_for_the_next_time_is_told_and_nothing_is_forgotten(served, there):
    done = forwarded(served, there, "bank")
    page = there.post(done.replace("/done", "/again"), page=done, limit="three_years")
    assert page.status_code == 400
    assert "You have chosen nobody yet." in words_of(page)
    assert 'value="three_years" checked' in page.text
    assert "You have chosen nobody" not in words_of(there.get(done))
    assert served.wallet().wallet.standing.shown() == ()


def test_how_long_is_for_the_citizen_to_say(served, there):
    done = forwarded(served, there, "bank")
    assert " checked" not in there.get(done).text
    page = there.post(done.replace("/done", "/again"), page=done, **{"again-0": "yes"})
    assert page.status_code == 400
    assert "Say for how long, too." in words_of(page)
    assert page.text.count(" checked") == page.text.count('name="again-0" value="yes" checked') == 1
    there.client.headers["accept-language"] = "de"
    page = there.post(done.replace("/done", "/again"), page=done, **{"again-0": "yes"})
    assert "Sagen Sie auch, für wie lange." in words_of(page)
    assert served.wallet().wallet.standing.shown() == ()


def test_what_is_arranged_is_found_from_a_document_that_does_not_hold_any_more(served, there):
    arranged(served, there, "bank")
    opened = served.wallet()
    [held] = opened.wallet.context.store.credentials()
    opened.run(opened.wallet.context.save(put=[replace(held, status="invalid")]))
    page = there.get(f"/cards/{served.card}")
    assert 'href="/orders"' in page.text
    assert f'href="/cards/{served.card}/forward"' not in page.text


def test_it_is_said_in_another_language_and_still_counts(served, there):
    arranged(served, there, "bank")
    renew(served)
    consent = look(there)
    there.client.headers["accept-language"] = "de"
    again = there.get(consent).headers["location"]
    there.post(again, page=again, answer="yes", **{"to-0": "yes"})
    assert [one.order.sent for one in served.wallet().wallet.standing.shown()] == [1]
    assert "Was Sie eingerichtet haben" in words_of(there.get("/orders"))


def test_services_are_called_in_the_readers_language_and_as_before_where_they_are_offered_no_more(served, there):
    arranged(served, there, "bank")
    done = forwarded(served, there, "school")
    there.client.headers["accept-language"] = "de"
    for address, name in (("/orders", "bank"), (done, "school")):
        said = words_of(there.get(address))
        assert f"Neue Anschrift: {name}" in said
        assert f"New address: {name}" not in said
    served.world.publisher.services = ()
    served.world.publisher.seq = 8
    served.world.now += 4000
    there.unlock()
    served.fetch()
    there.unlock()
    assert "New address: bank" in words_of(there.get("/orders"))


def test_an_order_for_the_next_time_ends_after_it(served, there):
    said = words_of(arranged(served, there, "bank", limit="once"))
    assert "It is sent 1 more time." in said
    renew(served)
    consent = look(there)
    there.post(consent, page=consent, answer="yes", **{"to-0": "yes"})
    said = words_of(there.get("/orders"))
    assert "It was sent as often as you wanted. Nothing more goes there. If you want it again, forward it anew." in said
    assert "What you arranged" not in said


def test_a_recipient_that_changed_is_named_and_the_order_has_ended(served, there):
    arranged(served, there, "bank", "school")
    renew(served)
    served.world.registering("bank", purpose=(Localized("en", "Advertising"),))
    said = words_of(there.get(look(there)))
    assert "Town bank is registered for something else now than you agreed to." in said
    said = words_of(there.get("/orders"))
    assert "It ended because they are registered for something else" in said
    assert "They got nothing since. If you still want it, look at what they want now and forward it anew." in said


def test_a_recipient_that_asks_for_more_than_was_agreed_gets_nothing_and_the_citizen_reads_it(served, there):
    both = (registered(("given_name",), ("birthdate",)),)
    served.world.registering("bank", credentials=both)
    arranged(served, there, "bank")
    renew(served)
    served.world.takers["bank"].query = {"credentials": [dcql(("given_name",), ("birthdate",))]}
    said = words_of(there.get(look(there)))
    assert "Town bank asks for more than you agreed to, so they get nothing." in said
    assert "What you arranged goes on: you can ask them why, or stop it." in said
    assert "Send this to Town bank" not in said
    assert served.world.takers["bank"].answers == []
    assert "There is something new for them." in words_of(there.get("/orders"))


def test_an_order_is_stopped_and_then_deleted(served, there):
    page = arranged(served, there, "bank")
    [stop] = re.findall(r'action="(/orders/[^"]+/stop)"', page.text)
    early = there.post(stop.replace("/stop", "/delete"), page="/orders")
    assert early.status_code == 404, "what goes on is stopped first, so that nobody deletes it by mistake"
    page = follow(there, there.post(stop, page="/orders"))
    assert "You stopped it." in words_of(page)
    renew(served)
    assert "is new" not in words_of(there.get("/orders"))
    page = follow(there, there.post(stop.replace("/stop", "/delete"), page="/orders"))
    assert "Nothing is arranged yet." in words_of(page)


def test_what_is_stopped_in_another_window_is_not_sent_from_this_one(served, there):
    page = arranged(served, there, "bank")
    [stop] = re.findall(r'action="(/orders/[^"]+/stop)"', page.text)
    renew(served)
    consent = look(there)
    there.post(stop, page="/orders")
    page = follow(there, there.post(consent, page=consent, answer="yes", **{"to-0": "yes"}))
    assert "Nothing was sent" in words_of(page)
    assert "This was stopped or sent meanwhile, so Town bank got nothing now." in words_of(page)
    there.client.headers["accept-language"] = "de"
    said = words_of(there.get(f"{consent}/done"))
    assert "Das wurde inzwischen beendet oder schon gesendet" in said
    assert not any("vp_token" in one for one in served.world.takers["bank"].answers)


def test_forms_that_name_nothing_of_the_page_change_nothing(served, there):
    done = forwarded(served, there, "bank")
    again = done.replace("/done", "/again")
    assert there.post(again, page=done, limit="for ever", **{"again-0": "yes"}).status_code == 400
    assert there.post(again, page=done, limit="year", **{"again-7": "yes"}).status_code == 400
    assert served.wallet().wallet.standing.shown() == ()
    assert there.post("/orders/look/none", page="/orders").headers["location"] == "/orders"
    assert there.post("/orders/none/stop", page="/services").status_code == 404


def test_arranging_it_twice_is_the_same_as_once(served, there):
    arranged(served, there, "bank")
    arranged(served, there, "bank")
    assert len(served.wallet().wallet.standing.shown()) == 1


def test_without_a_list_of_services_it_says_so(served, there):
    arranged(served, there, "bank")
    served.world.publisher.seq, served.world.publisher.expires_at = 8, NOW + 4100
    served.world.now += 4000
    there.unlock()
    served.fetch()
    served.world.now += 200
    there.unlock()
    renew(served)
    [action] = re.findall(r'action="(/orders/look/[^"]+)"', there.get("/orders").text)
    answer = there.post(action, page="/orders")
    assert answer.status_code == 503
    assert "too old to rely on" in words_of(answer)
    assert heard(served) == []
