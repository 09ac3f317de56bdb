"""The witness: what a registrar saw of every partner's logs, in one document for everybody (`partner-directory+jwt`).

A partner that shows one past to one citizen and another to the next needs two heads of one size, and everybody compares with
the same document. Because it is the same for all, fetching it tells nothing about anybody.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

from protocol.encoding import JsonObject, JsonValue
from protocol.errors import Malformed, NotAuthentic, RolledBack
from protocol.fields import Fields
from protocol.keys import Signer
from protocol.sovereignty.log_heads import LogHead, read_heads
from protocol.sovereignty.merkle import EMPTY_ROOT, Proof, TreeHead, verify_consistency
from protocol.sovereignty.published import sign_published, verify_published
from protocol.sovereignty.signing import Organisation
from protocol.trust.anchors import TrustAnchors, TrustedParty

TYP = "partner-directory+jwt"
MAX_PARTNERS = 50_000
MAX_COCKPITS = 16  # of one partner: those that it has, and those that it gave up
KEPT_HEADS = 6  # of one log: the newest, so that a report of the last hours is found
_AT = "partner directory"


class Standing(StrEnum):
    """How a cockpit's head stands to what the witness saw."""

    LISTED = "listed"
    NEWER = "newer"  # than all that is listed: to be looked for again
    BETWEEN = "between"  # not listed, but older than what is: the partner has to prove that it grew into that
    CONTRADICTED = "contradicted"  # of the same size, and another


@dataclass(frozen=True, slots=True)
class Witnessed:
    """A cockpit with the heads of its logs."""

    cockpit_endpoint: str
    heads: tuple[LogHead, ...] = ()  # by log and size
    broken_since: int | None = None  # epoch seconds; it has shown two pasts, or one that shrank

    @classmethod
    def from_fields(cls, cockpit: Fields) -> Self:
        """Read the wire form; unknown members are ignored.

        Raises:
            Malformed: a member is missing or has the wrong shape.
        """
        return cls(
            cockpit_endpoint=cockpit.https_url("cockpit_endpoint"),
            heads=read_heads(cockpit, "heads", of_each_log=KEPT_HEADS),
            broken_since=cockpit.optional_time("broken_since"),
        )

    def to_dict(self) -> JsonObject:
        """The wire form."""
        members: JsonObject = {
            "cockpit_endpoint": self.cockpit_endpoint,
            "heads": list[JsonValue]([head.to_dict() for head in self.heads]),
        }
        return members if self.broken_since is None else {**members, "broken_since": self.broken_since}

    def newest(self, log: str) -> LogHead:
        """The last head of a log; the empty one if none was seen."""
        seen = [head for head in self.heads if head.log == log]
        return max(seen, key=_size, default=LogHead(log, TreeHead(0, EMPTY_ROOT)))

    def witness(self, head: LogHead, proof: Proof, *, now: int) -> Self:
        """Take in a head that was fetched, with the proof that the newest one grew into it.

        What is inconsistent is not taken in, and the cockpit is marked from then on: nothing that it shows later heals it.
        """
        newest = self.newest(head.log)
        try:
            verify_consistency(newest.tree, head.tree, proof, _AT)
        except NotAuthentic:
            return replace(self, broken_since=now) if self.broken_since is None else self
        if head.tree.size == newest.tree.size:
            return self
        own = sorted((*(known for known in self.heads if known.log == head.log), head), key=_size)
        others = [known for known in self.heads if known.log != head.log]
        return replace(
            self, heads=tuple(sorted((*others, *own[-KEPT_HEADS:]), key=lambda each: (each.log, _size(each))))
        )

    def standing(self, head: LogHead) -> Standing:
        """How a head that the partner signed for a citizen stands to what was witnessed; the empty one is known to all."""
        if head.tree.size == 0:
            return Standing.LISTED if head.tree.root == EMPTY_ROOT else Standing.CONTRADICTED
        seen = [known for known in self.heads if known.log == head.log]
        for known in seen:
            if known.tree.size == head.tree.size:
                return Standing.LISTED if known == head else Standing.CONTRADICTED
        if head.tree.size > self.newest(head.log).tree.size:
            return Standing.NEWER
        return Standing.BETWEEN

    def next_after(self, head: LogHead) -> LogHead | None:
        """The head into which one that stands between must have grown."""
        larger = [known for known in self.heads if known.log == head.log and _size(known) > _size(head)]
        return min(larger, key=_size, default=None)


@dataclass(frozen=True, slots=True)
class WitnessedPartner:
    """An organisation with every cockpit that it has or had: who issues and asks has one for each, and is one partner."""

    organisation: Organisation
    cockpits: tuple[Witnessed, ...]  # each address once, those that it has before those that it gave up

    @classmethod
    def from_fields(cls, partner: Fields) -> Self:
        """Read the wire form; unknown members are ignored.

        Raises:
            Malformed: a member is missing or has the wrong shape, or a cockpit stands there twice.
        """
        at = partner.path("cockpits")
        items = partner.array("cockpits", max_items=MAX_COCKPITS)
        cockpits = tuple([Witnessed.from_fields(Fields(item, f"{at}[{i}]")) for i, item in enumerate(items)])
        if len({cockpit.cockpit_endpoint for cockpit in cockpits}) != len(cockpits):
            raise Malformed(at, "has a cockpit twice")
        return cls(Organisation.from_fields(partner), cockpits)

    def to_dict(self) -> JsonObject:
        """The wire form."""
        cockpits = list[JsonValue]([cockpit.to_dict() for cockpit in self.cockpits])
        return {**self.organisation.to_dict(), "cockpits": cockpits}

    @property
    def endpoints(self) -> frozenset[str]:
        """The addresses at which it may be called."""
        return frozenset(cockpit.cockpit_endpoint for cockpit in self.cockpits)

    def cockpit(self, endpoint: str) -> Witnessed | None:
        """The one at an address, or None: its log is without a witness."""
        return next((cockpit for cockpit in self.cockpits if cockpit.cockpit_endpoint == endpoint), None)


@dataclass(frozen=True, slots=True)
class PartnerDirectory:
    """What a registrar publishes every hour."""

    seq: int  # grows with every publication
    issued_at: int  # epoch seconds
    expires_at: int
    partners: tuple[WitnessedPartner, ...]  # each organisation once

    @classmethod
    def from_fields(cls, claims: Fields) -> Self:
        """Read the claims; unknown ones are ignored.

        Raises:
            Malformed: a member is missing or has the wrong shape, or a partner stands there twice.
        """
        at = claims.path("partners")
        items = claims.possibly_empty_array("partners", max_items=MAX_PARTNERS)
        partners = tuple([WitnessedPartner.from_fields(Fields(item, f"{at}[{i}]")) for i, item in enumerate(items)])
        if len({partner.organisation for partner in partners}) != len(partners):
            raise Malformed(at, "has a partner twice")
        return cls(claims.integer("seq"), claims.time("iat"), claims.time("exp"), partners)

    def to_claims(self) -> JsonObject:
        """The claims of the wire form."""
        return {
            "seq": self.seq,
            "iat": self.issued_at,
            "exp": self.expires_at,
            "partners": list[JsonValue]([partner.to_dict() for partner in self.partners]),
        }

    def find(self, organisations: Iterable[Organisation]) -> WitnessedPartner | None:
        """A partner by what it is registered as, or None: its logs are without a witness."""
        wanted = frozenset(organisations)
        return next((partner for partner in self.partners if partner.organisation in wanted), None)


@dataclass(frozen=True, slots=True)
class VerifiedDirectory:
    """A directory in the word of a registrar whom we trust, inside its time and no older than what was known."""

    says: PartnerDirectory
    publisher: TrustedParty
    raw: str


def sign_partner_directory(directory: PartnerDirectory, signer: Signer, x5c: tuple[str, ...]) -> str:
    """A directory as it is published; `x5c` is the registrar's chain without the anchor."""
    if len(directory.partners) > MAX_PARTNERS:
        raise ValueError(f"a directory has at most {MAX_PARTNERS} partners")
    return sign_published(TYP, directory.to_claims(), signer, x5c)


def verify_partner_directory(
    text: str, *, anchors: TrustAnchors, now: int, known: PartnerDirectory | None
) -> VerifiedDirectory:
    """Check a directory; `known` is the newest that was seen from this registrar.

    Raises:
        NotTrusted: no registrar whom we trust vouches for it.
        NotAuthentic: another type, algorithm or signature.
        NotValidNow: expired, or from the future.
        RolledBack: it is older than one that was seen, or another one of the same number.
        Malformed, TooLarge, Unsupported: it cannot be read.
    """
    known_seq = None if known is None else known.seq
    found = verify_published(text, TYP, _AT, anchors=anchors, now=now, known_seq=known_seq)
    says = PartnerDirectory.from_fields(found.claims)
    if known is not None and says.seq == known.seq and says != known:
        # One document for everybody: two of one number are a split view of the witness itself
        raise RolledBack(f"{_AT}: is another one than the one of this number that was seen before")
    return VerifiedDirectory(says, found.publisher, text)


def _size(head: LogHead) -> int:
    return head.tree.size
