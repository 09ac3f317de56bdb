"""A code on a page of ours is made anew before it runs out, for a while, and never under a wallet's feet."""

from dataclasses import replace

import pytest

from protocol.errors import InvalidRequest, NotFound
from tests.support.verifier import answer_form, answers, make_verifier, present, reference_of, request_of
from verifier.policy import MAX_RENEWALS
from verifier.session import Opened, Received, Requested

BROWSER = "cookie of the browser that began"
PAGE = {"owner": "", "browser": BROWSER}
LIFETIME = 300
DUE = 240  # seconds after which the code is made anew


def look(counter, made):
    return counter.run(counter.verifier.answers.result_for_browser(made.id, BROWSER))


def shown(counter, made):
    """The request as its page shows it after a look."""
    found = look(counter, made)
    return replace(made, uri=found.link, qr_svg=found.qr_svg, expires_at=found.expires_at)


def test_a_look_shortly_before_the_end_finds_a_fresh_code(counter, held):
    made = counter.ask(**PAGE)
    counter.clock.forward(DUE - 1)
    assert shown(counter, made) == made
    counter.clock.forward(1)
    fresh = shown(counter, made)
    assert (fresh.uri != made.uri, fresh.qr_svg != made.qr_svg) == (True, True)
    assert fresh.expires_at == counter.clock.now + LIFETIME
    assert look(counter, made).renewals == 1
    assert shown(counter, made) == fresh
    counter.clock.forward(LIFETIME - 1)
    counter.receive(fresh, answers(counter, fresh, held))
    assert look(counter, made).disclosed == {"pid": [{"family_name": "Mustermann"}]}


def test_a_fresh_code_has_secrets_of_its_own(counter):
    """T191, T192: nothing of the former request is good for the new one."""
    made = counter.ask(**PAGE)
    before = counter.stage(made).terms
    counter.clock.forward(DUE)
    look(counter, made)
    after = counter.stage(made).terms
    for secret in ("nonce", "state", "encryption_key"):
        assert getattr(before, secret) != getattr(after, secret)
    assert replace(after, nonce=before.nonce, state=before.state, encryption_key=before.encryption_key) == replace(
        before, renewals=1, former_until=made.expires_at
    )


def test_the_former_code_is_good_until_its_own_end(counter, held):
    """T196: who scanned it in its last seconds is asked the new question; one second too late, nothing."""
    made = counter.ask(**PAGE)
    requests = counter.verifier.requests
    counter.clock.forward(DUE)
    fresh = shown(counter, made)
    counter.clock.forward(LIFETIME - DUE)
    for late in (requests.open(reference_of(made), None), requests.link_of_reference(reference_of(made))):
        with pytest.raises(NotFound):
            counter.run(late)
    counter.clock.forward(-1)
    assert counter.run(requests.link_of_reference(reference_of(made))) == fresh.uri
    request = request_of(counter, made)
    assert request == request_of(counter, fresh)
    counter.receive(fresh, answer_form(request, {"pid": [present(request, held, now=counter.clock.now)]}))
    assert look(counter, made).state == "accepted"


def test_a_code_of_long_ago_leads_nowhere(counter):
    """T196: not even while a later one is open."""
    made = counter.ask(**PAGE)
    for _ in range(2):
        counter.clock.forward(DUE)
        look(counter, made)
    with pytest.raises(NotFound):
        counter.run(counter.verifier.requests.link_of_reference(reference_of(made)))
    assert look(counter, made).state == "requested"


def test_a_page_that_was_left_costs_no_more_than_a_few_codes(counter):
    """T244: one session, whatever happens; then the page asks whether anybody is there, and its time ends."""
    made = counter.ask(**PAGE)
    for renewals in range(1, MAX_RENEWALS + 1):
        counter.clock.forward(DUE)
        assert (look(counter, made).state, look(counter, made).renewals) == ("requested", renewals)
    counter.clock.forward(DUE)
    assert (look(counter, made).state, look(counter, made).renewals) == ("unattended", MAX_RENEWALS)
    counter.clock.forward(LIFETIME - DUE)
    assert look(counter, made).state == "expired"


def test_the_last_code_of_a_page_that_was_left_still_works(counter, held):
    made = counter.ask(**PAGE)
    for _ in range(MAX_RENEWALS + 1):
        counter.clock.forward(DUE)
        shown(counter, made)
    last = shown(counter, made)
    counter.receive(last, answers(counter, last, held))
    assert look(counter, made).state == "accepted"


def test_what_a_wallet_opened_stays_as_it_is(counter, held):
    made = counter.ask(**PAGE)
    form = answers(counter, made, held)
    counter.clock.forward(DUE)
    assert (look(counter, made).state, look(counter, made).renewals) == ("opened", 0)
    counter.receive(made, form)
    assert look(counter, made).state == "accepted"


def test_what_is_over_is_not_renewed(counter):
    """T196."""
    made = counter.ask(**PAGE)
    counter.clock.forward(LIFETIME)
    assert look(counter, made).state == "expired"


def test_only_the_browser_that_began_renews_and_no_program(counter):
    """T184, T237: a guess changes nothing, and what a program asked ends when it was told that it would."""
    mine, programs = counter.ask(**PAGE), counter.ask()
    counter.clock.forward(DUE)
    with pytest.raises(NotFound):
        counter.run(counter.verifier.answers.result_for_browser(mine.id, "cookie of another browser"))
    assert counter.result(programs).expires_at == programs.expires_at
    for made in (mine, programs):
        assert counter.stage(made).terms.renewals == 0


def test_a_renewed_request_is_swept_when_it_is_over(counter):
    """T244, T261."""
    made = counter.ask(**PAGE)
    counter.clock.forward(DUE)
    look(counter, made)
    counter.clock.forward(LIFETIME + 600)
    assert counter.store.sweep(now=counter.clock.now, limit=10) == 0
    counter.clock.forward(1)
    assert counter.store.sweep(now=counter.clock.now, limit=10) == 1


def test_the_browser_that_began_forgets_a_renewed_request(counter):
    """T261: neither of its codes leads anywhere."""
    made = counter.ask(**PAGE)
    counter.clock.forward(DUE)
    fresh = shown(counter, made)
    requests = counter.verifier.requests
    with pytest.raises(NotFound):
        counter.run(requests.forget_in_browser(made.id, "cookie of another browser"))
    for _ in range(2):
        counter.run(requests.forget_in_browser(made.id, BROWSER))
        assert look(counter, made).state == "forgotten"
    for code in (made, fresh):
        with pytest.raises(NotFound):
            counter.run(requests.link_of_reference(reference_of(code)))


def test_the_page_is_told_that_an_answer_is_here_while_it_is_checked(counter, held):
    made = counter.ask(**PAGE)
    form = answers(counter, made, held)
    exchange = counter.verifier.answers.receive(reference_of(made), form)
    states = []
    effect = next(exchange)
    while True:
        states.append(look(counter, made).state)
        try:
            effect = exchange.send(performed(counter, effect))
        except StopIteration:
            break
    assert states[0] == "opened"
    assert "received" in states
    assert look(counter, made).state == "accepted"


def performed(counter, effect):
    """Carry out one effect of the store."""
    return counter.run(one(effect))


def one(effect):
    return (yield effect)


def test_what_is_no_answer_leaves_the_page_waiting(counter, held):
    """T178: with another state, the request is as it was."""
    made = counter.ask(**PAGE, response_mode="direct_post")
    request = request_of(counter, made)
    form = answer_form(replace(request, state="other"), {"pid": [present(request, held)]})
    with pytest.raises(InvalidRequest):
        counter.receive(made, form)
    assert isinstance(counter.stage(made), Opened)
    assert look(counter, made).state == "opened"


def test_while_an_answer_is_checked_another_worker_may_still_be_asked(tmp_path, agency, held):
    """A worker that died between the two writes leaves a request that can be answered again."""
    counter = make_verifier(f"sqlite:///{tmp_path}/v.db", agency.anchors)
    made = counter.ask(**PAGE)
    form = answers(counter, made, held)
    exchange = counter.verifier.answers.receive(reference_of(made), form)
    effect = next(exchange)
    while not isinstance(counter.stage(made), Received):
        effect = exchange.send(performed(counter, effect))
    exchange.close()
    counter.receive(made, form)
    assert look(counter, made).state == "accepted"
    counter.close()


def test_a_program_is_not_told_what_only_pages_show(counter, held):
    """One write less for each answer."""
    made = counter.ask()
    form = answers(counter, made, held)
    exchange = counter.verifier.answers.receive(reference_of(made), form)
    effect = next(exchange)
    seen = set()
    while True:
        seen.add(type(counter.stage(made)))
        try:
            effect = exchange.send(performed(counter, effect))
        except StopIteration:
            break
    assert Received not in seen
    assert Requested not in seen
