"""The PIN of a PKCS#11 token: tried once, never shown, and the last try is left to people."""

import pkcs11
import pytest

from runtime.hsm import PAUSE_SECONDS, HsmToken
from runtime.key_token import KeyUse, TokenAccess, TokenError, check_token
from tests.runtime.test_hsm import SIGNING, clock, token
from tests.support.softhsm import OTHER_PIN, PIN

__all__ = ["clock", "token"]


def logins(monkeypatch):
    """What PINs the token is given from now on."""
    tried = []

    class Spy:
        def __init__(self, found):
            self.found = found

        def __getattr__(self, name):
            return getattr(self.found, name)

        def open(self, **options):
            tried.append(options.get("user_pin"))
            return self.found.open(**options)

    library = pkcs11.lib

    class Library:
        def __init__(self, path):
            self.found = library(path)

        def __getattr__(self, name):
            return getattr(self.found, name)

        def get_token(self, **wanted):
            return Spy(self.found.get_token(**wanted))

    monkeypatch.setattr(pkcs11, "lib", Library)
    return tried


def test_a_wrong_pin_is_tried_once(softhsm, clock, monkeypatch):
    tried = logins(monkeypatch)
    softhsm.say_pin(OTHER_PIN)
    token = HsmToken(softhsm.access, clock=clock)
    for _ in range(4):
        clock.now += 2 * PAUSE_SECONDS
        with pytest.raises(TokenError, match=r"PIN of the token .* is wrong") as refusal:
            token.check()
        assert OTHER_PIN not in str(refusal.value)
    with pytest.raises(TokenError, match="wrong"):
        HsmToken(softhsm.access).check()
    assert tried == [OTHER_PIN]
    softhsm.say_pin(PIN)
    token.check()
    assert tried == [OTHER_PIN, PIN]


@pytest.mark.parametrize("flag", [pkcs11.TokenFlag.USER_PIN_FINAL_TRY, pkcs11.TokenFlag.USER_PIN_LOCKED])
def test_the_last_try_is_left_to_people(softhsm, monkeypatch, flag):
    """However often a supervisor starts us with a wrong PIN, the token is not locked by it."""
    tried = logins(monkeypatch)
    library = pkcs11.lib
    monkeypatch.setattr(pkcs11, "lib", lambda path: _Flagged(library(path), flag))
    with pytest.raises(TokenError, match="log in by hand"):
        HsmToken(softhsm.access).check()
    assert tried == []


class _Flagged:
    """A library whose tokens say one thing more of themselves. SoftHSM locks no PIN, so it never says this."""

    def __init__(self, library, flag):
        self.library = library
        self.flag = flag

    def __getattr__(self, name):
        return getattr(self.library, name)

    def get_token(self, **wanted):
        found = self.library.get_token(**wanted)
        self.flags = found.flags | self.flag
        return self

    def open(self, **options):
        raise AssertionError("must not log in")


def test_being_let_in_before_does_not_make_another_pin_right(softhsm, token):
    token.check()
    softhsm.say_pin(OTHER_PIN)
    with pytest.raises(TokenError, match="wrong"):
        check_token(softhsm.access)


def test_a_check_sees_what_is_there_now(softhsm, token):
    token.check()
    with softhsm.gone(), pytest.raises(TokenError, match="cannot be used"):
        token.check()
    token.check()


def test_a_pin_that_others_can_read_is_not_used(softhsm):
    """T227"""
    softhsm.pin_file.chmod(0o640)
    with pytest.raises(TokenError, match="others can read this PIN"):
        HsmToken(softhsm.access).check()


@pytest.mark.parametrize("content", [b"", b"\n", b"one\ntwo\n", b"\xff\xfe", b"1" * 257])
def test_a_file_that_holds_no_pin_is_named(softhsm, content):
    softhsm.pin_file.write_bytes(content)
    with pytest.raises(TokenError, match="pin: "):
        HsmToken(softhsm.access).check()


def test_a_missing_pin_file_is_named(softhsm):
    softhsm.pin_file.unlink()
    with pytest.raises(TokenError, match="No such file"):
        HsmToken(softhsm.access).check()


def test_no_pin_stands_in_what_is_shown(softhsm):
    """T258"""
    access = TokenAccess(softhsm.module, softhsm.label, pin=PIN)
    token = HsmToken(access)
    key = token.make_key(SIGNING, KeyUse.SIGN)
    assert PIN not in f"{access!r} {token!r} {key!r}"
    assert PIN not in access.settings().values()
