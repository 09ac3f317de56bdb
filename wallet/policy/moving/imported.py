"""What another wallet handed over, as this one keeps it. Nothing of it is proven, and whatever is shown of it is made plain.

Its log becomes history here: lines that say that another wallet wrote them, and that no receipt, key or proof hangs on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from protocol.errors import Malformed
from protocol.fields import Fields
from protocol.migration.data import CredentialInfo, MigrationData
from protocol.migration.transaction import (
    MAX_CLAIMS,
    MAX_CREDENTIALS,
    ClaimInfo,
    Deletion,
    Elsewhere,
    Issuance,
    Other,
    Party,
    Presentation,
    Transaction,
    read_text,
    read_texts,
)
from runtime.translations import LANGUAGES
from wallet.policy.moving.exported import name_of
from wallet.policy.showing import PartyShown, plain
from wallet.records import AwaitedDocument, HeldCredential, LogEntry, LoggedCredential

ACTIONS = frozenset((
    "received", "renewed", "not kept", "sharing", "declined", "failed", "overasked", "not registered",
    "barred", "not looked up", "deleted",
    "instructed", "stopped", "arranged", "unarranged", "noted",
    "wrote", "complained", "restored", "log deleted", "vouched for", "blocked", "exported", "imported", "elsewhere",
))  # fmt: skip


def history_of(data: MigrationData, log: Sequence[LogEntry]) -> tuple[Transaction, ...]:
    """What is not in the log yet, oldest first."""
    known = {name_of(entry) for entry in log}
    return tuple(one for one in data.transactions if one.identifier not in known)


def awaited_of(
    data: MigrationData,
    held: Iterable[HeldCredential],
    awaited: Iterable[AwaitedDocument],
    new_id: Callable[[], str],
    now: int,
) -> tuple[AwaitedDocument, ...]:
    """The documents that can be asked for again and are not here; what has one way there is one document in several forms."""
    here = {one.type for one in held} | {type_ for one in awaited for type_ in one.types}
    groups: dict[str, list[CredentialInfo]] = {}
    for number, info in enumerate(data.credentials):
        groups.setdefault(info.supply_point or str(number), []).append(info)
    return tuple(
        AwaitedDocument(
            id=new_id(),
            name=", ".join(dict.fromkeys(plain(info.name or info.type) for info in infos)),
            forms=tuple(dict.fromkeys((info.type, info.format) for info in infos)),
            issuer=plain(infos[0].issuer.name),
            issuer_id=plain(infos[0].issuer.identifier),
            link=infos[0].supply_point,
            since=now,
        )
        for infos in groups.values()
        if here.isdisjoint(info.type for info in infos)
    )


def fulfilled(awaited: Iterable[AwaitedDocument], held: Iterable[HeldCredential]) -> tuple[AwaitedDocument, ...]:
    """What needs not be waited for any more, because a form of it is here."""
    types = {one.type for one in held}
    return tuple(one for one in awaited if not types.isdisjoint(one.types))


@dataclass(frozen=True, slots=True)
class Line:
    """A line of history, still without its place in the log."""

    origin: str
    at: int  # epoch seconds
    action: str
    outcome: str
    party: PartyShown
    credentials: tuple[LoggedCredential, ...]

    def __call__(self, number: int, before: str) -> LogEntry:
        """The entry with its number and the link before it."""
        return LogEntry(
            number=number,
            at=self.at,
            action=self.action,
            party=self.party.name,
            party_id=self.party.identifier,
            trusted_by=self.party.trusted_by,
            credentials=self.credentials,
            outcome=self.outcome,
            request="",  # a request that another wallet answered may come here as well, and is a new one
            completes=0,
            before=before,
            in_person=self.party.in_person,
            origin=self.origin,
        )


def line_of(transaction: Transaction, now: int) -> Line:
    """What another wallet wrote, as a line of this one. What it dates into the future is of now: it happened already."""
    try:
        told = _told_by_us(transaction)
    except Malformed:
        told = None
    line = told or _told(transaction)
    return replace(line, at=min(line.at, now))


def _told_by_us(transaction: Transaction) -> Line | None:
    """What a wallet of our kind wrote; None: another kind did."""
    own = Fields(transaction.own, "own")
    action = read_text(own, "action")
    if action not in ACTIONS:
        return None
    documents = own.possibly_empty_array("documents", max_items=MAX_CREDENTIALS)
    held = [Fields(one, own.path("documents")) for one in documents]
    party = PartyShown(
        name=plain(read_text(own, "party")),
        host="",
        identifier=plain(read_text(own, "partyId")),
        trusted_by=plain(read_text(own, "trustedBy")),
        in_person=own.boolean("inPerson", default=False),
    )
    credentials = tuple(
        LoggedCredential(
            plain(read_text(one, "name")),
            read_text(one, "type"),
            read_texts(one, "claims", MAX_CLAIMS),
            _names(one.optional_object("names")),
        )
        for one in held
    )
    outcome = plain(read_text(own, "outcome"))
    return Line(transaction.identifier, transaction.at, action, outcome, party, credentials)


def _names(found: Fields | None) -> tuple[tuple[str, str], ...]:
    """What a document is called in the languages of this wallet."""
    return tuple([(one, plain(read_text(found, one))) for one in LANGUAGES if found is not None and one in found])


def _told(transaction: Transaction) -> Line:
    """What any wallet wrote, in the words of ours."""

    def line(action: str, outcome: str, party: PartyShown, credentials: tuple[LoggedCredential, ...] = ()) -> Line:
        return Line(transaction.identifier, transaction.at, action, outcome, party, credentials)

    what = transaction.what
    match what:
        case Presentation():
            given, party = _logged(what.presented), _party(what.party)
            if transaction.completed or given:
                return line("sharing", "done" if transaction.completed else "unknown", party, given)
            return line("failed", plain(what.reason) or "done", party, _logged(what.requested))
        case Issuance():
            came = "renewed" if what.anew else "received"
            return line(came if what.issued else "not kept", "done", _party(what.party), _of_types(what.types))
        case Deletion():
            return line("deleted", "done", _party(what.issuer), _of_types((what.type,)))
        case Other():
            return line("elsewhere", plain(what.description) or "done", _NOBODY)
        case Elsewhere():
            return line("elsewhere", plain(what.kind), _party(what.party))


def _party(party: Party) -> PartyShown:
    """Whoever it was with; nobody here vouches for their name."""
    return PartyShown(plain(party.name), "", plain(party.identifier), "")


def _logged(infos: Iterable[ClaimInfo]) -> tuple[LoggedCredential, ...]:
    return tuple(LoggedCredential(plain(one.credential), one.credential, one.claims) for one in infos)


def _of_types(types: Iterable[str]) -> tuple[LoggedCredential, ...]:
    return tuple(LoggedCredential(plain(one), one, ()) for one in types)


_NOBODY = PartyShown("", "", "", "")
