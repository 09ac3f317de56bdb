"""What the registrar publishes for everybody: the services that there are, and the partners whose logs are witnessed.

Both are fetched at times that depend on nothing but the clock, by requests that are the same for every wallet: not on what is
held, what was looked at, or whether the wallet is open. So nobody learns anything from them but that somebody has a wallet.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from protocol.encoding import encode_base64url, sha256
from protocol.errors import (
    Malformed,
    NotAuthentic,
    NotTrusted,
    NotValidNow,
    ProtocolError,
    RolledBack,
    Unreachable,
)
from protocol.exchange import Exchange, HttpRequest, send
from protocol.sovereignty.catalogue import ServiceCatalogue, VerifiedCatalogue, verify_catalogue
from protocol.sovereignty.partner_directory import (
    PartnerDirectory,
    VerifiedDirectory,
    verify_partner_directory,
)
from protocol.sovereignty.published import MAX_PUBLISHED
from protocol.trust.anchors import Role, TrustAnchors
from runtime.conversation import slow
from runtime.logs import get_logger
from wallet.vault.published import PublishedFolder

MEDIA_TYPE = "application/jwt"
CATALOGUE = "catalogue"
PARTNERS = "partners"
EVERY = 3600  # seconds between two fetches: witnesses look at logs every hour
FIRST_RETRIES = (2, 5, 15, 60)  # seconds after the first tries that brought nothing: where everything starts at once …
RETRY = 300  # … and after all later ones
V = TypeVar("V", VerifiedCatalogue, VerifiedDirectory)


class PublishedProblem(StrEnum):
    """Why there is nothing new, or nothing at all."""

    NOBODY = "nobody"  # no registrar is followed
    NOT_YET = "not_yet"  # nothing came so far
    AWAY = "away"  # the registrar cannot be reached
    STRANGER = "stranger"  # signed by nobody whom the user trusts for it, or not genuine
    ROLLED_BACK = "rolled_back"  # older than what was seen before
    OVER = "over"  # what came last has run out
    UNREADABLE = "unreadable"


@dataclass(slots=True)
class _Kept(Generic[V]):
    """One document: the newest that is good, as far as this process knows."""

    name: str
    verify: Callable[[str, V | None], V]
    known: V | None = None
    looked: bool = False  # whether what was kept before was read
    problem: PublishedProblem | None = None


def no_jitter(_: int) -> int:
    """Exactly on time, as tests want it."""
    return 0


def nothing_to_renew() -> Exchange[None]:
    """No lists are followed, or somebody else follows them."""
    yield from ()


class Published:
    """What one registrar publishes, followed."""

    def __init__(
        self,
        folder: PublishedFolder,
        url: str,
        anchors: Callable[[], TrustAnchors],
        now: Callable[[], int],
        renew_trust: Callable[[], Exchange[None]] = nothing_to_renew,
        *,
        jitter: Callable[[int], int] = no_jitter,
    ) -> None:
        """Follow the registrar at an address; nobody if it is empty. `renew_trust` fetches lists of whom to trust, if due.

        `jitter` lengthens a wait of so many seconds by fresh chance each time, so that not all wallets come back at once, and
        none is known again by when it comes.
        """
        self._folder = folder
        self._url = url
        self._anchors = anchors
        self._now = now
        self._renew_trust = renew_trust
        self._jitter = jitter
        self._seen = folder.seen(url)
        self._due_at = self._seen.tried_at + self._wait()
        self._catalogue = _Kept[VerifiedCatalogue](CATALOGUE, self._verify_catalogue)
        self._partners = _Kept[VerifiedDirectory](PARTNERS, self._verify_partners)
        self._catalogue.problem = _problem_named(self._seen.problem)
        self._partners.problem = _problem_named(self._seen.partners_problem)

    @property
    def url(self) -> str:
        """Where the registrar is; empty: none is followed."""
        return self._url

    @property
    def came_at(self) -> int:
        """When everything came last; epoch seconds, 0: never."""
        return self._seen.came_at

    def catalogue(self) -> ServiceCatalogue | None:
        """The services that there are; None where nothing is known that is good now, see `problem`."""
        found = self._current(self._catalogue)
        return None if found is None else found.says

    def directory(self) -> PartnerDirectory | None:
        """The partners and their witnessed logs; None where nothing is known that is good now."""
        found = self._current(self._partners)
        return None if found is None else found.says

    @property
    def problem(self) -> PublishedProblem | None:
        """What is wrong with the catalogue; there may be an older one that is still good."""
        if not self._url:
            return PublishedProblem.NOBODY
        if self._catalogue.problem is not None:
            return self._catalogue.problem
        return PublishedProblem.NOT_YET if self._current(self._catalogue) is None else None

    @property
    def partners_problem(self) -> PublishedProblem | None:
        """What is wrong with the directory of partners; there may be an older one that is still good."""
        if not self._url:
            return PublishedProblem.NOBODY
        found = self._current(self._partners)
        return self._partners.problem or (PublishedProblem.NOT_YET if found is None else None)

    def when_due(self) -> Exchange[None]:
        """Fetch both if it is time. What does not come, or is not good, changes nothing that is known."""
        now = self._now()
        # A clock that ran back is no reason to ask never again
        if not self._url or self._due_at - EVERY <= now < self._due_at:
            return
        self._due_at = now + RETRY  # whatever happens now
        # Whether a registrar is trusted stands in lists, which a wallet has not got when it is new
        yield from self._renew_trust()
        catalogue_came = yield from self._renew(self._catalogue)
        partners_came = yield from self._renew(self._partners)
        came = catalogue_came and partners_came
        seen = self._seen = self._seen.after(
            now,
            came=came,
            problem=self._catalogue.problem or "",
            partners_problem=self._partners.problem or "",
        )
        try:
            yield from slow(lambda: self._folder.tried(seen))
        except ProtocolError as error:
            get_logger().warning("published by the registrar", reason=error.description)
        self._due_at = now + self._wait()

    def _wait(self) -> int:
        """How long to wait after the last try: by how many brought nothing in a row, and by nothing else."""
        seen = self._seen
        if seen.tried_at and seen.came_at == seen.tried_at:
            return EVERY
        failed = max(1, seen.failed)
        wait = FIRST_RETRIES[failed - 1] if failed <= len(FIRST_RETRIES) else RETRY
        return wait + self._jitter(wait)

    def _renew(self, kept: _Kept[V]) -> Exchange[bool]:
        """Fetch one document; whether it came, or is as it was."""
        try:
            text = yield from self._fetch(kept)
            if text is not None:
                yield from slow(lambda: self._take(kept, text))
        except ProtocolError as error:
            kept.problem = _problem_of(error)
            get_logger().warning("published by the registrar", document=kept.name, reason=error.description)
            return False
        kept.problem = None
        return True

    def _fetch(self, kept: _Kept[V]) -> Exchange[str | None]:
        """The document as it is published; None if it is the one that is known.

        What the server calls a version is never sent back, since it could be another name for each wallet: the name is the
        document's own hash, the same for all who have it.
        """
        known = self._current(kept)
        headers = [("accept", MEDIA_TYPE)]
        if known is not None:
            headers.append(("if-none-match", etag_of(known.raw)))
        url = f"{self._url.rstrip('/')}/{kept.name}"
        response = yield from send(HttpRequest("GET", url, tuple(headers), max_bytes=MAX_PUBLISHED, gzip=True))
        if response.status == 304 and known is not None:
            return None
        if response.status != 200:
            raise Unreachable(f"{kept.name}: was answered with status {response.status}")
        if response.media_type() != MEDIA_TYPE:
            raise Malformed(kept.name, f"must be served as {MEDIA_TYPE}")
        try:
            return response.body.decode("ascii").strip()
        except UnicodeDecodeError as error:
            raise Malformed(kept.name, "must be ASCII") from error

    def _take(self, kept: _Kept[V], text: str) -> None:
        """Check what came, and keep it.

        Raises:
            ProtocolError: it is not good, or cannot be kept; what was known stays.
        """
        found = self._checked(kept, text, self._current(kept))
        self._seen = self._folder.keep(self._seen, kept.name, text, found.says.seq)
        kept.known = found

    def _checked(self, kept: _Kept[V], text: str, known: V | None) -> V:
        """A document that holds, and is no older than what was seen, whether it was fetched or lay in the folder."""
        found = kept.verify(text, known)
        if found.says.seq < self._seen.numbers.get(kept.name, found.says.seq):
            raise RolledBack(f"{kept.name}: is older than the one that was seen before")
        if known is not None and found.says.seq == known.says.seq and found.says != known.says:
            # One document for everybody: whoever gets another one under its number could be told apart by it
            raise RolledBack(f"{kept.name}: is another one than the one of this number that was seen before")
        return found

    def _current(self, kept: _Kept[V]) -> V | None:
        """What is known, if its publisher is trusted still and its time is not over."""
        if not kept.looked and self._url:
            kept.looked = True
            text = self._folder.read(kept.name)
            if text is not None:
                try:
                    kept.known = self._checked(kept, text, None)
                except ProtocolError as error:
                    kept.problem = _problem_of(error)
        found = kept.known
        if found is None:
            return None
        if found.says.expires_at <= self._now():
            kept.known, kept.problem = None, PublishedProblem.OVER
            return None
        try:
            self._anchors().chain(found.publisher.chain, role=Role.REGISTRATION_PROVIDER, now=self._now(), at=kept.name)
        except ProtocolError as error:
            kept.known, kept.looked, kept.problem = None, False, _problem_of(error)
            return None
        return found

    def _verify_catalogue(self, text: str, _: VerifiedCatalogue | None) -> VerifiedCatalogue:
        return verify_catalogue(text, anchors=self._anchors(), now=self._now(), known_seq=None)

    def _verify_partners(self, text: str, known: VerifiedDirectory | None) -> VerifiedDirectory:
        says = None if known is None else known.says
        return verify_partner_directory(text, anchors=self._anchors(), now=self._now(), known=says)


def etag_of(text: str) -> str:
    """The name of a document by its content, as registrars serve it (docs/sovereignty/catalogue.md)."""
    return f'"{encode_base64url(sha256(text.encode("ascii")))}"'


def _problem_named(name: str) -> PublishedProblem | None:
    """A problem as it was kept."""
    return PublishedProblem(name) if name in tuple(PublishedProblem) else None


def _problem_of(error: ProtocolError) -> PublishedProblem:
    """Why a document counts for nothing."""
    if isinstance(error, Unreachable):
        return PublishedProblem.AWAY
    if isinstance(error, RolledBack):
        return PublishedProblem.ROLLED_BACK
    if isinstance(error, NotValidNow):
        return PublishedProblem.OVER
    if isinstance(error, NotTrusted | NotAuthentic):
        return PublishedProblem.STRANGER
    return PublishedProblem.UNREADABLE
