"""With what uses are logged: all that a receipt names, in entries that their readers take."""

from protocol.credential import ClaimPath
from protocol.sovereignty.usage import Action
from protocol.trust.localized import Localized
from tests.support.pki import DAY, NOW
from tests.support.receipts import CLAIMS, PURPOSE, log_with
from verifier.usage import By, erased, received

UNTIL = NOW + 365 * DAY


def together(records):
    claims: dict[str, tuple[ClaimPath, ...]] = {}
    for record in records:
        for id_, paths in record.use.claims.items():
            claims[id_] = (*claims.get(id_, ()), *paths)
    return claims


def test_a_use_is_of_all_that_the_receipt_names_and_for_what_it_was_given():
    [record] = log_with(until=UNTIL).use(Action.VIEWED, By.COUNTER, now=NOW)
    assert record.use.claims == CLAIMS
    assert (record.use.why, record.use.by, record.use.at) == (PURPOSE, "Schalter", NOW)


def test_a_language_that_is_not_known_here_is_english():
    [record] = log_with(until=UNTIL, language="sv").use(Action.VIEWED, By.PROGRAM, now=NOW)
    assert record.use.by == "program, through the interface"


def test_more_claims_than_an_entry_has_room_for_are_in_several():
    """Whoever asked for much is logged for all of it; nothing fails for its length."""
    many = {
        "pid": tuple([("address", f"part {i} {'x' * 90}") for i in range(200)]),
        "none": (),
        "card": tuple([("numbers", None, i) for i in range(400)]),
    }
    records = log_with(many, until=UNTIL).use(Action.RECEIVED, By.SERVICE, now=NOW)
    assert len(records) > 2
    assert together(records) == many


def test_of_a_purpose_in_many_languages_the_first_are_said():
    first = Localized("de", "ü" * 2000)
    others = tuple([Localized(language, "y" * 1500) for language in ("en", "fr", "it", "pl", "da")])
    [record] = log_with(purpose=(first, *others), until=UNTIL).use(Action.VIEWED, By.PAGE, now=NOW)
    assert record.use.why == (first, *others[:3])
    longest = Localized("de", "𝔸" * 2000)
    [record] = log_with(purpose=(longest,), until=UNTIL).use(Action.VIEWED, By.PAGE, now=NOW)
    assert record.use.why == (longest,)


def test_what_came_without_a_receipt_is_in_no_log_and_of_what_was_refused_nothing_is_kept():
    for accepted in (True, False):
        assert received(None, accepted=accepted, now=NOW) == ()
    assert erased(None, now=NOW) == ()
    logged = log_with(until=UNTIL)
    assert [record.use.action for record in received(logged, accepted=True, now=NOW)] == [Action.RECEIVED]
    both = [Action.RECEIVED, Action.ERASED]
    assert [record.use.action for record in received(logged, accepted=False, now=NOW)] == both
