"""The register changes: what that means for the documents of a person, told before it is done, and done to its end.

A notice is written before anything else, and goes only after the documents were looked at: whatever stops us in between,
they are looked at later, and looking twice does nothing twice. Whether a document is outdated is found by comparing what it
said with what the register says now, never by what somebody says has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from issuer.credential_types import CredentialType
from issuer.policy import Reason
from issuer.records import Begun, ChangeNotice, CredentialState, LiveBatch
from issuer.register import MAX_RECORD, OwnRegister, Person, is_subject, person_of
from issuer.renewal import DAY, USUAL, Fate, Judged, LeafPath, RenewalPolicy, WhenGone, judge, read_said
from issuer.service.context import IssuerContext
from issuer.service.mandates import Mandates
from issuer.service.status import StatusService
from issuer.service.uses import Uses
from issuer.usage import (
    ENDED_AT_ONCE,
    OUTDATED,
    REGISTER_CHANGED,
    REGISTER_GONE,
    REGISTER_SHOWN,
    TIME_IS_OVER,
    TRUE_AGAIN,
    By,
)
from issuer.usage_records import What
from protocol.encoding import JsonValue, encode_json
from protocol.errors import CredentialRequestDenied, InvalidRequest, Malformed, ProtocolError, Unavailable
from protocol.exchange import Exchange
from protocol.sovereignty.usage import Action
from runtime.conversation import Event, slow
from runtime.logs import get_logger

ACTOR = "register change"
WRITING = 600  # seconds that a change of the register may take, until a notice without one is looked at
LOOK_AGAIN = 60  # seconds after a change: what was being issued meanwhile is found then
TRY_AGAIN = 900  # seconds until what could not be looked at is tried again
PORTION = 100
MAX_PORTIONS = 50  # in one round
MAX_DEPTH = 20  # of a patch

Record = Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Consequence:
    """What becomes of one document, in one form of it."""

    configuration_id: str
    credential_id: str  # one of its copies
    fate: Fate
    changed: tuple[LeafPath, ...]  # which values are why; never what they are
    ends_at: int  # epoch seconds, of what is replaced; 0: it ends now, or not for this


@dataclass(frozen=True, slots=True)
class Changes:
    """Changing the register, where it is one of our own tables, and what follows."""

    context: IssuerContext
    status: StatusService
    mandates: Mandates

    @property
    def uses(self) -> Uses:
        """What writes into the logs of whom it is about."""
        return Uses(self.context)

    @property
    def is_own(self) -> bool:
        """Whether people can be put in here; another register is changed where it is, and we are told."""
        return isinstance(self.context.register, OwnRegister)

    def consequences(self, subject: str, record: Record | None) -> Exchange[tuple[Consequence, ...]]:
        """What would become of a person's documents if the register said this; None: nothing about them. Nothing is done."""
        found = yield from self._judged(subject, record)
        now = self.context.now()
        return tuple(self._consequence(batch, judged, now) for batch, judged in found)

    def put(self, people: Mapping[str, Record], actor: str, *, by: By = By.PROGRAM) -> Exchange[tuple[str, ...]]:
        """Put people into the register, and look at the documents of those about whom something changed; who they are.

        Raises:
            InvalidRequest: the register is not ours to write.
            Malformed: an id or a record that cannot be.
            Unavailable: the register or the store is away; what was begun is looked at later.
        """
        register = self._own()
        for subject, record in people.items():
            check_person(subject, record)
        said = yield from slow(lambda: {one: register.look(one) for one in people})
        changed = {one: said[one] for one in people if said[one] != people[one]}
        yield from self._write(
            changed, lambda: register.put({one: people[one] for one in changed}), actor, self._new(by)
        )
        return tuple(changed)

    def patch(
        self, subject: str, patch: Record, actor: str, *, by: By = By.PROGRAM
    ) -> Exchange[tuple[Consequence, ...]]:
        """Change what is known of a person (RFC 7396), and what came of it.

        Raises:
            CredentialRequestDenied: the register knows no such person.
            InvalidRequest, Malformed, Unavailable: see `put`.
        """
        register = self._own()
        record = yield from register.fetch(subject)
        after = patched(record, patch)
        check_person(subject, after)
        yield from self._write({subject: record}, lambda: register.put({subject: after}), actor, self._new(by))
        return (yield from self.settle(subject))

    def remove(self, subject: str, actor: str, *, by: By = By.PROGRAM) -> Exchange[tuple[Consequence, ...]]:
        """Take a person out of the register, and what came of it.

        Raises:
            CredentialRequestDenied: the register knows no such person.
            InvalidRequest, Unavailable: see `put`.
        """
        register = self._own()
        record = yield from register.fetch(subject)
        gone = self.uses.changed(Action.ERASED, REGISTER_GONE, by)
        yield from self._write({subject: record}, lambda: register.remove(subject), actor, gone)
        return (yield from self.settle(subject))

    def told(self, subjects: Sequence[str], actor: str) -> Exchange[None]:
        """Somebody says that a register which is not ours changed about people: their documents are looked at soon.

        Raises:
            Malformed: an id that cannot be.
        """
        for subject in subjects:
            check_subject(subject)
        now = self.context.now()
        yield from slow(lambda: self.context.store.note_changes(subjects, due_at=now, actor=actor))

    def settle(self, subject: str) -> Exchange[tuple[Consequence, ...]]:
        """Look at a person's documents as the register is now, and do what follows; twice is the same as once.

        Raises:
            Unavailable: the register or the store is away; nothing is lost, it is done later.
        """
        context = self.context
        record: Record | None
        try:
            record = yield from context.register.fetch(subject)
        except CredentialRequestDenied:
            record = None
        found = yield from self._judged(subject, record)
        for batch, judged in found:
            yield from self._do(batch, judged, context.now(), gone=record is None)
        yield from self.mandates.look(subject)
        now = context.now()
        return tuple(self._consequence(batch, judged, now) for batch, judged in found)

    def look(self) -> Exchange[int]:
        """Look at everybody who is due, and revoke what was outdated for long enough; how many people and copies that were.

        Raises:
            Unavailable: the store is away.
        """
        count = 0
        for _ in range(MAX_PORTIONS):
            due, ended = yield from self._portion(self.context.now())
            count += due + ended
            if due < PORTION and ended < PORTION:
                break
        return count

    def person(self, subject: str) -> Exchange[tuple[Person, Record]]:
        """Who somebody is, with all that the register has about them.

        Raises:
            CredentialRequestDenied: the register knows no such person.
        """
        record = yield from self.context.register.fetch(subject)
        return person_of(subject, record), record

    def show(self, subject: str, actor: str) -> Exchange[tuple[Person, Record]]:
        """The same for a clerk: that somebody saw it stands in the audit trail (T243), and in the log of whom it is about.

        Raises:
            CredentialRequestDenied: the register knows no such person.
            Unavailable: it could not be written down, so nothing is shown.
        """
        found = yield from self.person(subject)
        event = Event("values shown", subject, actor=actor, detail="register")
        yield from self.uses.viewed((subject,), REGISTER_SHOWN, event=event)
        return found

    def _portion(self, now: int) -> Exchange[tuple[int, int]]:
        store = self.context.store
        due = yield from slow(lambda: store.due_changes(now=now, again_at=now + TRY_AGAIN, limit=PORTION))
        for notice in due:
            yield from self._settle_notice(notice)
        over, families = self.uses.decided(TIME_IS_OVER), {one.id: one.family for one in self.context.types.values()}
        ended = yield from slow(lambda: store.revoke_due(now=now, limit=PORTION, what=over, families=families))
        return len(due), ended

    def _settle_notice(self, notice: ChangeNotice) -> Exchange[None]:
        try:
            what = yield from self._turned_out(notice)
            yield from self.settle(notice.subject)
        except Unavailable:
            raise
        except ProtocolError as error:
            # Nothing of one person may keep the others waiting; it is tried again, and whoever reads the log sees it
            get_logger().warning("register change", reason=error.description)
            return
        yield from slow(lambda: self.context.store.change_done(notice, what))

    def _turned_out(self, notice: ChangeNotice) -> Exchange[What | None]:
        """What was done of that which was begun, as the register shows by now; None: nothing, or it was logged already."""
        begun, register = notice.begun, self.context.register
        if begun is None or not isinstance(register, OwnRegister):
            return None
        record = yield from slow(lambda: register.look(notice.subject))
        if self._digest(notice.subject, record) == begun.before:
            return None
        why = REGISTER_GONE if begun.action == Action.ERASED else REGISTER_CHANGED
        return What(Action(begun.action), begun.by, why)

    def _digest(self, subject: str, record: Record | None) -> str:
        """What the register says about a person, so that it is known whether it still says so."""
        return self.context.keyed("record", subject, "" if record is None else encode_json(dict(record)).decode())

    def _own(self) -> OwnRegister:
        register = self.context.register
        if not isinstance(register, OwnRegister):
            raise InvalidRequest("this register is not ours; change it where it is, and tell us about whom")
        return register

    def _new(self, by: By) -> What:
        return self.uses.changed(Action.CORRECTED, REGISTER_CHANGED, by)

    def _write(
        self, said: Mapping[str, Record | None], work: Callable[[], None], actor: str, what: What
    ) -> Exchange[None]:
        """Change the register about people of whom it has `said` something, with a notice before it and one after it.

        The register may be another database, so the change and its entry in the log are no one step. What is about to be done
        is remembered first; the log says it once it is done, and if we die in between, once it is seen that it was.
        """
        store, subjects = self.context.store, tuple(said)
        if not subjects:
            return
        action, by = what.action.value, what.by
        begun = {subject: Begun(action, by, self._digest(subject, record)) for subject, record in said.items()}

        def change() -> None:
            store.note_changes(subjects, due_at=self.context.now() + WRITING, actor=actor, begun=begun)
            work()
            store.note_changes(subjects, due_at=self.context.now() + LOOK_AGAIN, actor=actor, what=what)
            for subject in subjects:
                store.note(Event("register changed", subject, actor=actor))

        yield from slow(change)

    def _judged(self, subject: str, record: Record | None) -> Exchange[tuple[tuple[LiveBatch, Judged], ...]]:
        context = self.context
        now = context.now()
        batches = yield from slow(lambda: context.store.live_batches(subject, now=now))
        return tuple((batch, self._judge(batch, record, now)) for batch in batches)

    def _judge(self, batch: LiveBatch, record: Record | None, now: int) -> Judged:
        kind = self.context.types.get(batch.configuration_id)
        policy = kind.renewal if kind is not None else RenewalPolicy(when_gone=WhenGone.KEEP)
        if record is None:
            return judge(policy, {}, {}, gone=True, revocable=batch.has_status)
        if kind is None or not batch.digests:
            # Nobody knows what it says, or how it would be said now: its own end is all there is
            return Judged(Fate.STAYS)
        before = read_said(batch.digests)
        now_says = self._says(kind, record, batch.said, before, now)
        return judge(policy, before, now_says, gone=False, revocable=batch.has_status)

    def _says(
        self, kind: CredentialType, record: Record, batch: str, before: Mapping[LeafPath, str], now: int
    ) -> dict[LeafPath, str] | None:
        try:
            claims = kind.claims_for(record, now=now)
            self.context.written(kind, claims)
        except CredentialRequestDenied:
            return None
        return self.context.said(kind, claims, batch, before)

    def _do(self, batch: LiveBatch, judged: Judged, now: int, *, gone: bool) -> Exchange[None]:
        store = self.context.store
        match judged.fate:
            case Fate.SAME:
                if batch.revoke_at > now:
                    told = (self.uses.of_batch(batch, TRUE_AGAIN),)
                    yield from slow(lambda: store.outdate(batch, revoke_at=0, actor=ACTOR, now=now, happened=told))
            case Fate.STAYS:
                return
            case Fate.REPLACED:
                ends_at = self._ends_at(batch, now)
                told = (self.uses.of_batch(batch, OUTDATED),)
                yield from slow(lambda: store.outdate(batch, revoke_at=ends_at, actor=ACTOR, now=now, happened=told))
            case Fate.AT_ONCE:
                told = (self.uses.of_batch(batch, ENDED_AT_ONCE),)
                yield from slow(lambda: store.revoke_batch(batch, actor=ACTOR, now=now, happened=told))
            case Fate.ENDED:
                reason = str(Reason.GONE if gone else Reason.LACKING)
                yield from self.status.change(
                    batch.credential_id, CredentialState.REVOKED, ACTOR, reason, by=By.SERVICE
                )
        if judged.fate in (Fate.AT_ONCE, Fate.ENDED):
            get_logger().info(
                "document ended by its register", credential_id=batch.credential_id, fate=str(judged.fate)
            )

    def _consequence(self, batch: LiveBatch, judged: Judged, now: int) -> Consequence:
        ends_at = self._ends_at(batch, now) if judged.fate is Fate.REPLACED else 0
        return Consequence(batch.configuration_id, batch.credential_id, judged.fate, judged.changed, ends_at)

    def _ends_at(self, batch: LiveBatch, now: int) -> int:
        kind = self.context.types.get(batch.configuration_id)
        grace = (kind.renewal if kind is not None else USUAL).grace_days
        return batch.revoke_at or now + grace * DAY


def check_subject(subject: str) -> None:
    """Check that an id can be one of a person.

    Raises:
        Malformed: it cannot.
    """
    if not is_subject(subject):
        raise Malformed("subject", "must be letters, digits and . _ ~ -, beginning with a letter or digit")


def check_person(subject: str, record: Record) -> None:
    """Check that a person can be put into a register; what their documents need is looked at when they get one.

    Raises:
        Malformed: they cannot.
    """
    check_subject(subject)
    if len(encode_json(dict(record))) > MAX_RECORD:
        raise Malformed("record", f"is larger than {MAX_RECORD} bytes")


def patched(record: Record, patch: Record, depth: int = 0) -> dict[str, JsonValue]:
    """A record after a merge patch (RFC 7396): null takes away, objects are gone into, everything else is put in place.

    Raises:
        Malformed: it is nested too deeply.
    """
    if depth > MAX_DEPTH:
        raise Malformed("patch", "is nested too deeply")
    after = dict(record)
    for name, value in patch.items():
        if value is None:
            after.pop(name, None)
        elif isinstance(value, dict):
            inner = after.get(name)
            after[name] = patched(inner if isinstance(inner, dict) else {}, value, depth + 1)
        else:
            after[name] = value
    return after
