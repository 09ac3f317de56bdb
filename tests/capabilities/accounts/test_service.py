"""Sign-in codes and who is at the desk, without a web."""

import pytest

from capabilities.accounts.policy import AccountPolicy
from capabilities.accounts.service import (
    MAX_BROWSERS,
    TooManyCodes,
    WrongClerkCode,
    WrongCodes,
    clerk_code_digest,
    new_clerk_code,
)
from capabilities.accounts.session import NotSignedIn
from protocol.errors import Conflict, InvalidRequest
from runtime.api_keys import api_key_digest
from tests.support.issuer import CLERK, make_issuer
from tests.support.pki import NOW, seeded


@pytest.fixture
def desk():
    """A role that has clerks."""
    return make_issuer()


@pytest.fixture
def clerks(desk):
    return desk.issuer.clerks


@pytest.fixture
def secret(desk, clerks):
    return desk.run(clerks.sign_in(desk.clerk_code(), "browser"))


def test_a_code_has_120_random_bits_and_only_a_digest_is_kept():
    """T231"""
    code, kept = new_clerk_code("Frau Berg", now=NOW, random_bytes=seeded(1))
    assert len(set(code.replace("-", "")) - set("ABCDEFGHJKLMNPQRSTUVWXYZ23456789")) == 0
    assert len(code.replace("-", "")) * 5 == 120
    assert kept.digest == clerk_code_digest(code.lower()) != api_key_digest(code)
    assert code not in repr(kept)


@pytest.mark.parametrize("name", ["", " ", "x" * 101, "a\nb", "a\u202eb"])
def test_a_name_that_cannot_stand_in_the_trail_has_no_code(name):
    with pytest.raises(InvalidRequest):
        new_clerk_code(name, now=NOW, random_bytes=seeded(1))


@pytest.mark.parametrize("wrong", ["", "invented", "-", "\u0661"])
def test_nobody_gets_in_with_another_code(desk, clerks, wrong):
    """T232"""
    desk.clerk_code()
    with pytest.raises(WrongClerkCode):
        desk.run(clerks.sign_in(wrong, "browser"))


def test_signing_in_and_out_stands_in_the_trail(desk, clerks, secret):
    """T243"""
    assert desk.run(clerks.visit(secret)).clerk == CLERK
    desk.run(clerks.sign_out(secret))
    desk.run(clerks.sign_out(secret))
    desk.run(clerks.sign_out(""))
    with pytest.raises(NotSignedIn):
        desk.run(clerks.visit(secret))
    assert [(line.action, line.actor) for line in desk.store.audit(limit=9)] == [
        ("clerk signed out", CLERK),
        ("clerk signed in", CLERK),
    ]


def test_a_page_that_looks_by_itself_keeps_nobody_signed_in(desk, clerks, secret):
    for _ in range(3):
        desk.clock.move(599)
        assert desk.run(clerks.watch(secret)).clerk == CLERK
    desk.clock.move(5)
    with pytest.raises(NotSignedIn):
        desk.run(clerks.watch(secret))


def test_whose_code_was_revoked_is_out_at_once(desk, clerks, secret):
    """T236: the session that it opened ends with it."""
    assert desk.store.clerk_codes.revoke(CLERK)
    for look in (clerks.watch, clerks.visit):
        with pytest.raises(NotSignedIn, match="revoked"):
            desk.run(look(secret))


def test_a_form_counts_once(desk, clerks, secret):
    """T119"""
    desk.run(clerks.use_once(secret, "one"))
    desk.run(clerks.use_once(secret, "two"))
    for again in ("one", ""):
        with pytest.raises(Conflict):
            desk.run(clerks.use_once(secret, again))


def test_wrong_codes_are_counted_by_browser_and_forgotten():
    """T232"""
    policy = AccountPolicy(wrong_codes=2, waiting=60)
    wrong = WrongCodes(policy)
    for _ in range(2):
        wrong.check("a", NOW)
        wrong.count("a", NOW)
    wrong.check("b", NOW)
    for now in (NOW, NOW + 59):
        with pytest.raises(TooManyCodes):
            wrong.check("a", now)
    wrong.check("a", NOW + 60)
    wrong.count("a", NOW + 60)
    wrong.check("a", NOW + 60)


def test_a_flood_of_browsers_takes_no_more_memory():
    """T232"""
    wrong = WrongCodes(AccountPolicy())
    for number in range(MAX_BROWSERS + 5):
        wrong.count(str(number), NOW)
    assert len(wrong._found) == MAX_BROWSERS
    assert str(MAX_BROWSERS + 4) in wrong._found
