"""A printed code: whoever scans it gets a question and a number of their own, and the counter's page alone sees the answer."""

import pytest

from protocol.errors import InvalidRequest, NotFound, Unavailable
from protocol.oid4vp.link import RequestByReference, RequestUriMethod, read_link
from runtime.rate_limit import TooManyRequests
from tests.support.pki import DAY
from tests.support.shop import Shop
from tests.support.verifier import (
    IDENTIFIER,
    USE_CASE,
    make_verifier,
    run_together,
)
from tests.verifier.database.test_store import everything
from tests.verifier.test_registration import OTHER
from verifier.counter import (
    MAX_BROWSERS,
    MAX_PLACES,
    PAIRING_SECONDS,
    REQUEST_SECONDS,
    SHOWN_SECONDS,
    UNSEEN_SECONDS,
)
from verifier.service.counters import AT_ONCE, PER_MINUTE

KEPT = USE_CASE.replace("[title]", "keep_seconds = 300\n[title]", 1).replace("family-name", "kept-name")


@pytest.fixture
def shop(counter, held):
    return Shop(counter, held)


def test_the_code_is_a_link_that_stays_the_same(shop):
    link = read_link(shop.link)
    assert isinstance(link, RequestByReference)
    assert link.request_uri_method is RequestUriMethod.POST
    assert link.request_uri == f"{IDENTIFIER}/quick/{shop.id}-0"
    shop.answer()
    shop.clock.forward(300 * DAY)
    assert shop.counters.link(shop.record, "family-name") == shop.link


def test_everybody_who_scans_gets_a_question_of_their_own(shop):
    """T185, T191, T192: the nonce of the wallet comes back, and nothing else is the same twice."""
    first, second = shop.scan("nonce-of-the-wallet"), shop.scan("another-nonce-of-it")
    assert (first.wallet_nonce, second.wallet_nonce) == ("nonce-of-the-wallet", "another-nonce-of-it")
    for name in ("nonce", "state", "response_uri"):
        assert getattr(first, name) != getattr(second, name)
    keys = [request.client_metadata.encryption_keys[0].key for request in (first, second)]
    assert keys[0] != keys[1]
    assert first.dcql_query == second.dcql_query
    assert len({place.number for place in shop.places()}) == 2


def test_a_pairing_code_is_good_once_and_not_for_long(shop):
    offer = shop.counter.run(shop.counters.offer_pairing(shop.id))
    typed = offer.code.lower().replace("-", " ")
    second = shop.counter.run(shop.counters.pair(shop.id, typed))
    shop.answer()
    assert shop.attend(second).shown == shop.attend().shown
    late = shop.counter.run(shop.counters.offer_pairing(shop.id))
    earlier = late
    late = shop.counter.run(shop.counters.offer_pairing(shop.id))
    shop.clock.forward(PAIRING_SECONDS)
    for code in (offer.code, earlier.code, late.code, "", "AAAA-AAAA-AAAA-AAAA"):
        with pytest.raises(NotFound):
            shop.counter.run(shop.counters.pair(shop.id, code))


def test_a_code_that_another_one_replaced_is_good_no_more(shop):
    earlier = shop.counter.run(shop.counters.offer_pairing(shop.id))
    later = shop.counter.run(shop.counters.offer_pairing(shop.id))
    with pytest.raises(NotFound):
        shop.counter.run(shop.counters.pair(shop.id, earlier.code))
    assert shop.counter.run(shop.counters.pair(shop.id, later.code))


def test_a_stolen_browser_sees_nothing_after_it_was_unpaired(shop):
    offer = shop.counter.run(shop.counters.offer_pairing(shop.id))
    shop.counter.run(shop.counters.unpair(shop.id))
    with pytest.raises(NotFound):
        shop.attend()
    with pytest.raises(NotFound):
        shop.counter.run(shop.counters.pair(shop.id, offer.code))


def test_only_so_many_browsers_see_what_is_found(shop):
    for _ in range(MAX_BROWSERS):
        shop.pair()
    with pytest.raises(NotFound):
        shop.attend()


def test_only_so_many_numbers_are_out_and_they_come_back(shop):
    """T195: nobody fills the store by scanning."""
    for _ in range(MAX_PLACES):
        shop.scan()
        shop.clock.forward(1)
    assert len({place.number for place in shop.places()}) == MAX_PLACES
    with pytest.raises(Unavailable):
        shop.scan()
    assert len(shop.places()) == MAX_PLACES
    shop.clock.forward(REQUEST_SECONDS + UNSEEN_SECONDS + SHOWN_SECONDS)
    shop.scan()
    assert len(shop.places()) == 1


def test_only_so_many_are_asked_in_a_while(shop):
    """T195: also where each gives its number back at once; another counter does not suffer."""
    for _ in range(AT_ONCE):
        shop.scan()
        [place] = shop.places()
        shop.counter.run(shop.boards.next(shop.id, shop.browser, place.request))
    with pytest.raises(TooManyRequests):
        shop.scan()
    assert shop.places() == ()
    Shop(shop.counter, shop.held).scan()
    shop.clock.forward(60 // PER_MINUTE)
    shop.scan()


def test_many_who_scan_at_once_have_different_numbers(shop):
    """Whatever the order: the store gives each number once."""
    verifier, driver = shop.counter.verifier, shop.counter.driver
    texts = run_together([lambda: driver.run(verifier.counters.ask(shop.reference, None))] * 20)
    assert all(isinstance(text, str) for text in texts)
    assert len({place.number for place in shop.places()}) == 20


@pytest.mark.parametrize(
    "changed", ["0", "-1", "-x", "-٠", "-0-0", "--1", "", "-00000000000000000000000000000000000000000"]
)
def test_a_code_that_was_altered_asks_nothing(shop, changed):
    with pytest.raises(NotFound):
        shop.counter.run(shop.counters.ask(shop.id + changed, None))
    assert shop.places() == ()


def test_a_counter_that_was_removed_asks_nothing_and_keeps_nothing(shop):
    _, code = shop.answer()
    request = shop.attend().shown.request
    waiting = shop.scan()
    shop.counter.run(shop.counters.remove(shop.id))
    assert shop.stage(request).__class__.__name__ == "Forgotten"
    for exchange in (
        shop.counters.ask(shop.reference, None),
        shop.boards.board(shop.id, shop.browser),
        shop.boards.number(code),
        shop.counters.remove(shop.id),
    ):
        with pytest.raises(NotFound):
            shop.counter.run(exchange)
    form = {"error": "access_denied", "state": waiting.state}
    with pytest.raises(InvalidRequest):
        shop.counter.run(shop.counter.verifier.answers.receive(waiting.response_uri.rpartition("/")[2], form))
    assert shop.counter.run(shop.counters.all()) == ()


def test_a_question_that_is_gone_is_not_asked(tmp_path, agency, held):
    url = f"sqlite:///{tmp_path}/v.db"
    counter = make_verifier(url, agency.anchors)
    shop = Shop(counter, held)
    without = make_verifier(url, agency.anchors, use_cases=[KEPT], seed=8)
    with pytest.raises(NotFound):
        without.run(without.verifier.counters.ask(shop.reference, None))
    assert shop.places() == ()
    # Nor has it a code to be printed, and neither has a question that another counter asks
    assert without.run(without.verifier.counters.standing(shop.id)).record == shop.record
    for use_case in ("family-name", "kept-name"):
        with pytest.raises(NotFound):
            without.run(without.verifier.counters.code(shop.id, use_case))
    assert counter.run(counter.verifier.counters.code(shop.id, "family-name")) == shop.record
    counter.close()
    without.close()


def test_what_cannot_be_asked_leaves_no_number_behind(tmp_path, agency, held):
    counter = make_verifier(
        f"sqlite:///{tmp_path}/v.db", agency.anchors, refuse_unregistered=True, registrations=lambda: (OTHER,)
    )
    shop = Shop(counter, held)
    with pytest.raises(InvalidRequest, match="beyond the registration"):
        shop.counter.run(shop.counters.ask(shop.reference, None))
    assert shop.places() == ()
    counter.close()


@pytest.mark.parametrize(
    ("name", "use_cases", "at"),
    [
        ("", ["family-name"], "name"),
        (" ", ["family-name"], "name"),
        ("x" * 61, ["family-name"], "name"),
        ("a\nb", ["family-name"], "name"),
        ("Entrance", [], "use_cases"),
        ("Entrance", ["family-name"] * 2, "use_cases"),
        ("Entrance", ["other"], "use_cases"),
        ("Entrance", ["a/b"], "use_cases"),
    ],
)
def test_a_counter_that_cannot_be_is_not_made(tmp_path, agency, name, use_cases, at):
    slash = USE_CASE.replace("family-name", "a/b")
    counter = make_verifier(f"sqlite:///{tmp_path}/v.db", agency.anchors, use_cases=[USE_CASE, slash])
    with pytest.raises(InvalidRequest, match=f"^{at}: "):
        counter.run(counter.verifier.counters.add(name, use_cases, "somebody"))
    assert counter.run(counter.verifier.counters.all()) == ()
    counter.close()


def test_a_counter_is_found_by_its_id_or_a_name_that_only_it_has(shop):
    find, run = shop.counters.find, shop.counter.run
    assert run(find("Entrance")) == run(find(shop.id)) == shop.record
    other = run(shop.counters.add("Entrance", ["family-name"], "somebody"))
    with pytest.raises(NotFound, match="say the id"):
        run(find("Entrance"))
    assert run(find("Entrance", "somebody")) == other
    with pytest.raises(NotFound):
        run(find(shop.id, "somebody"))


def test_no_secret_of_a_counter_stands_in_the_store(shop):
    """T258."""
    offer = shop.counter.run(shop.counters.offer_pairing(shop.id))
    _, code = shop.answer()
    shop.attend()
    kept = everything(shop.counter)
    for secret in (shop.browser, offer.code, offer.code.replace("-", ""), code, "Mustermann"):
        assert secret not in kept
    assert shop.id in kept
