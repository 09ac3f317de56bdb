"""Clerks: their sign-in codes, and who of them is at the desk. Nobody chooses a password, so there is no bad one (T231)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from capabilities.accounts.policy import AccountPolicy
from capabilities.accounts.session import (
    DESK,
    SEEN_SECONDS,
    NotSignedIn,
    SignedIn,
    check_still_there,
    sign_out,
    stay,
    use_once,
)
from protocol.encoding import encode_base64url
from protocol.errors import Conflict, InvalidRequest, ProtocolError
from protocol.exchange import Exchange
from protocol.keys import RandomBytes
from runtime.api_keys import ApiKey, ApiKeys
from runtime.conversation import Change, Event, SessionKey, advance, begin, load, slow

ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # 32 characters, none that look alike
CODE_LENGTH = 24  # 120 bits
MAX_NAME = 100  # characters
MAX_BROWSERS = 10_000  # whose wrong codes one process remembers

_NOBODY = NotSignedIn("you are not signed in, or no longer")


class WrongClerkCode(InvalidRequest):
    """The sign-in code is not right, or was revoked."""


class TooManyCodes(ProtocolError):
    """Too many wrong codes came from one browser; it has to wait."""

    code = "access_denied"
    status = 429


def new_clerk_code(name: str, *, now: int, random_bytes: RandomBytes) -> tuple[str, ApiKey]:
    """A fresh sign-in code in groups of four, to be shown once, and what is kept of it.

    Raises:
        InvalidRequest: a name that cannot stand in the audit trail.
    """
    if not name.strip() or len(name) > MAX_NAME or not name.isprintable():
        raise InvalidRequest(f"a clerk's name must have 1 to {MAX_NAME} characters that can be printed")
    code = "".join(ALPHABET[byte % len(ALPHABET)] for byte in random_bytes(CODE_LENGTH))
    groups = "-".join(code[start : start + 4] for start in range(0, CODE_LENGTH, 4))
    return groups, ApiKey(clerk_code_digest(code), name, now)


def clerk_code_digest(code: str) -> str:
    """What a sign-in code is found by, as a person typed it: case, blanks and hyphens do not matter.

    It is another digest than an API key's, so that neither is ever found in the place of the other.
    """
    typed = "".join(code.upper().split()).replace("-", "")
    return SessionKey.of("clerk code", typed).digest


@dataclass(slots=True)
class WrongCodes:
    """Who typed wrong codes lately, by browser, so that guessing never locks anybody else out (T232)."""

    policy: AccountPolicy
    _found: OrderedDict[str, tuple[int, int]] = field(default_factory=OrderedDict)  # browser → how many, the last when

    def check(self, browser: str, now: int) -> None:
        """Whether a browser may try a code now.

        Raises:
            TooManyCodes: it has to wait.
        """
        count, last = self._found.get(browser, (0, 0))
        if count and now >= last + self.policy.waiting:
            del self._found[browser]
        elif count >= self.policy.wrong_codes:
            raise TooManyCodes("too many wrong codes, wait for a while")

    def count(self, browser: str, now: int) -> None:
        """Note a wrong code."""
        count, _ = self._found.pop(browser, (0, 0))
        self._found[browser] = (count + 1, now)
        if len(self._found) > MAX_BROWSERS:
            self._found.popitem(last=False)


@dataclass(frozen=True, slots=True)
class Accounts:
    """What signing in needs of a role."""

    codes: ApiKeys
    policy: AccountPolicy
    now: Callable[[], int]  # epoch seconds
    random_bytes: RandomBytes


@dataclass(frozen=True, slots=True)
class ClerkService:
    """Signing in, being there, signing out."""

    accounts: Accounts
    _wrong: WrongCodes

    @classmethod
    def of(cls, accounts: Accounts) -> ClerkService:
        """The service of a role."""
        return cls(accounts, WrongCodes(accounts.policy))

    @property
    def policy(self) -> AccountPolicy:
        """The times."""
        return self.accounts.policy

    def sign_in(self, code: str, browser: str, before: str = "") -> Exchange[str]:
        """Let a clerk in; the fresh secret of their session, for a cookie (T236). A session that was open `before` ends.

        Raises:
            WrongClerkCode: not right, or revoked.
            TooManyCodes: too many of this browser's codes were wrong.
        """
        accounts = self.accounts
        now = accounts.now()
        self._wrong.check(browser, now)
        digest = clerk_code_digest(code)
        found = yield from slow(lambda: accounts.codes.find(digest))
        if found is None:
            self._wrong.count(browser, now)
            raise WrongClerkCode("this sign-in code is not right")
        yield from self.sign_out(before)
        secret = encode_base64url(accounts.random_bytes(32))
        session = SignedIn(accounts.random_bytes(16).hex(), found.name, digest, now, now + accounts.policy.longest)
        event = Event("clerk signed in", session.id, actor=found.name)
        change: Change[SignedIn, object] = Change(session, keys=(_key(secret),), events=(event,))
        yield from begin(change, session.ends_at)
        return secret

    def visit(self, secret: str) -> Exchange[SignedIn]:
        """Who is there with this secret; it counts as being there.

        Raises:
            NotSignedIn: nobody, or no longer: signed out, away for too long, or the code was revoked.
        """
        there = yield from self.watch(secret)
        now, idle = self.accounts.now(), self.policy.idle
        if now < there.seen_at + SEEN_SECONDS:
            return there

        def note(session: object) -> Change[SignedIn, object]:
            return stay(session, now=now, idle=idle)

        return (yield from advance(_key(secret), note, _NOBODY))

    def watch(self, secret: str) -> Exchange[SignedIn]:
        """Who is there with this secret, for a page that looks by itself: it does not count as being there.

        Raises:
            NotSignedIn: see `visit`.
        """
        accounts = self.accounts
        if not secret:
            raise NotSignedIn("you are not signed in, or no longer")
        found = yield from load(_key(secret), _NOBODY, SignedIn)
        there = check_still_there(found, now=accounts.now(), idle=accounts.policy.idle)
        code = yield from slow(lambda: accounts.codes.find(there.code))
        if code is None:
            raise NotSignedIn("this sign-in code was revoked")
        return there

    def use_once(self, secret: str, form: str) -> Exchange[None]:
        """Let a form count once (T119).

        Raises:
            NotSignedIn: nobody is there.
            Conflict: it was sent before, or is none of ours.
        """
        now, idle = self.accounts.now(), self.policy.idle
        if not form:
            raise Conflict("this form cannot be sent twice")

        def use(session: object) -> Change[SignedIn, object]:
            return use_once(session, form, now=now, idle=idle)

        yield from advance(_key(secret), use, _NOBODY)

    def sign_out(self, secret: str) -> Exchange[None]:
        """End a session, if there is one."""
        if not secret:
            return
        now = self.accounts.now()
        key = _key(secret)

        def leave(session: object) -> Change[object, object]:
            return sign_out(session, key, now=now)

        try:
            yield from advance(key, leave, _NOBODY)
        except NotSignedIn:
            return


def _key(secret: str) -> SessionKey:
    return SessionKey.of(DESK, secret)
