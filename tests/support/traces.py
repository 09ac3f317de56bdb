"""What services wrote down, held against what wallets know: a step was done once and wholly, or not at all."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Row, func, select

from issuer.database.store import SqlIssuerStore
from issuer.database.tables import conversations as issuer_tables
from issuer.database.tables import credentials, status_tables
from issuer.records import CredentialState, IssuedCredential
from issuer.session.stages import (
    ACCESS_TOKEN,
    CONVERSATION,
    OFFER_REFERENCE,
    PRE_AUTHORIZED_CODE,
    REFRESH_TOKEN,
    Issuing,
    Offered,
)
from protocol.errors import NotFound
from protocol.oid4vci.notification import FAILURE
from runtime.conversation import Load, SessionKey
from runtime.database.conversations import ConversationTables
from runtime.database.engine import Database
from tests.support.patient import Batch, Issuance, Presentation, payload_of
from verifier.database.store import SqlVerifierStore
from verifier.database.tables import conversations as verifier_tables
from verifier.session import REQUEST, REQUEST_URI, Answered, Declined, Opened

MISSING = NotFound("no such conversation")
OFFER_KEYS = {CONVERSATION: 1, OFFER_REFERENCE: 1, PRE_AUTHORIZED_CODE: 1}
TOKEN_KEYS = {ACCESS_TOKEN: 1, REFRESH_TOKEN: 1}


@dataclass(frozen=True, slots=True)
class Traces:
    """What every role writes down of its conversations."""

    sessions: int
    events: Mapping[str, Counter[str]]  # subject → actions
    kinds: Mapping[str, Counter[str]]  # digest of a key → kinds of all keys of its session
    spent: Mapping[str, frozenset[str]]  # kind → digests

    @classmethod
    def read(cls, database: Database, tables: ConversationTables) -> "Traces":
        """Everything there is now."""
        events: defaultdict[str, Counter[str]] = defaultdict(Counter)
        kinds: defaultdict[int, Counter[str]] = defaultdict(Counter)
        spent: defaultdict[str, set[str]] = defaultdict(set)
        with database.reading() as connection:
            sessions = connection.execute(select(func.count()).select_from(tables.sessions)).scalar_one()
            for row in connection.execute(select(tables.events)):
                events[row.subject][row.action] += 1
            keys = connection.execute(select(tables.keys)).all()
            for row in connection.execute(select(tables.spent)):
                spent[row.kind].add(row.digest)
        for row in keys:
            kinds[row.session_id][row.kind] += 1
        by_key = {row.digest: kinds[row.session_id] for row in keys}
        return cls(sessions, events, by_key, {kind: frozenset(digests) for kind, digests in spent.items()})

    def check_beginnings(self, began: str) -> None:
        """Whatever began is wholly there: a session, an event, the key that it is found by."""
        begun = [subject for subject, actions in self.events.items() if began in actions]
        assert len(begun) == self.sessions
        assert all(digest_of(subject) in self.kinds for subject in begun)


def check_issuer(store: SqlIssuerStore, issuances: Sequence[Issuance]) -> None:
    """Hold an issuer's tables against what its wallets know.

    Raises:
        AssertionError: something was lost, done twice, or done in part.
    """
    traces = Traces.read(store.database, issuer_tables)
    traces.check_beginnings("offer made")
    with store.database.reading() as connection:
        rows = connection.execute(select(credentials)).all()
        voids = {(row.list_id, row.idx) for row in connection.execute(select(status_tables.voids))}
    places = [(row.status_list, row.status_index) for row in rows]
    assert len(set(places)) == len(places) == len({row.holder_key for row in rows}), "a place or a key serves twice"
    assert not voids & set(places), "a place that is in use was given up"
    records: defaultdict[str, list[IssuedCredential]] = defaultdict(list)
    for row in rows:
        record = store.credential(row.id)
        assert record is not None
        records[record.session_id].append(record)
    for issuance in issuances:
        _check_issuance(store, issuance, traces, records[issuance.offer_id])
    _check_ended(store, [row.id for row in rows if row.state == CredentialState.REVOKED], rows)
    nonces = [batch.nonce for issuance in issuances for batch in issuance.batches]
    assert {digest_of(nonce) for nonce in nonces} <= traces.spent.get("c_nonce", frozenset())


def _check_ended(store: SqlIssuerStore, revoked: Sequence[str], rows: Sequence[Row[tuple[object, ...]]]) -> None:
    """What ended is in the list that outlives the database, and places are handed out no further than that says."""
    kept = store._ending.ended
    assert kept is not None
    listed = {one.credential_id for some in kept.portions() for one in some}
    assert set(revoked) <= listed, "a credential ended, and a restored copy would not know"
    with store.database.reading() as connection:
        reserved = {row.id: row.reserved for row in connection.execute(select(status_tables.lists))}
    given = {places.list_id: places.reserved for places in kept.places()}
    assert all(given.get(list_id, 0) >= count for list_id, count in reserved.items()), "a place could serve twice"
    assert {row.status_list for row in rows} <= set(given)


def check_verifier(store: SqlVerifierStore, presentations: Sequence[Presentation]) -> None:
    """Hold a verifier's tables against what its wallets know.

    Raises:
        AssertionError: something was lost, done twice, or done in part.
    """
    traces = Traces.read(store.database, verifier_tables)
    traces.check_beginnings("request made")
    for presentation in presentations:
        stage = store.load(Load(SessionKey.of(REQUEST, presentation.request_id), MISSING))
        expected = {"request made": 1, "request opened": 1}
        keys = {REQUEST: 1}
        if presentation.settled is None:
            assert isinstance(stage, Opened)
            keys[REQUEST_URI] = 1
        elif presentation.declines:
            assert isinstance(stage, Declined)
            assert stage.error == "access_denied"
            expected["declined"] = 1
        else:
            assert isinstance(stage, Answered)
            assert stage.verdict.accepted
            assert stage.disclosed
            expected["answer accepted"] = 1
        assert traces.events[presentation.request_id] == expected
        assert traces.kinds[digest_of(presentation.request_id)] == keys


def digest_of(value: str) -> str:
    """As keys and spent values are kept."""
    return SessionKey.of("", value).digest


def _check_issuance(
    store: SqlIssuerStore, issuance: Issuance, traces: Traces, records: Sequence[IssuedCredential]
) -> None:
    stage = store.load(Load(SessionKey.of(CONVERSATION, issuance.offer_id), MISSING))
    done, keys = traces.events[issuance.offer_id], traces.kinds[digest_of(issuance.offer_id)]
    if issuance.redeemed is None:
        assert isinstance(stage, Offered)
        assert (done, keys) == ({"offer made": 1}, OFFER_KEYS)
        assert not records
        return
    assert isinstance(stage, Issuing)
    assert keys == OFFER_KEYS | TOKEN_KEYS
    if issuance.access_token:
        assert stage.tokens.access == digest_of(issuance.access_token)
    asked = len(issuance.batches)
    expected = {"offer made": 1, "token issued": 1, "credential issued": asked, "credential replaced": asked - 1}
    if issuance.told:
        expected[issuance.told.replace("_", " ")] = 1
    assert done == {action: count for action, count in expected.items() if count > 0}
    assert [batch.event for batch in stage.batches] == ([issuance.told] if asked else [])
    assert len(records) == sum(len(batch.holders) for batch in issuance.batches)
    by_holder = {record.holder_key: record for record in records}
    for batch in issuance.batches:
        good = batch is issuance.batches[-1] and issuance.told != FAILURE
        _check_batch(batch, by_holder, CredentialState.VALID if good else CredentialState.REVOKED)


def _check_batch(batch: Batch, by_holder: Mapping[str, IssuedCredential], state: CredentialState) -> None:
    """Whether the answer arrived or not: each credential of the batch is recorded, in the place that it names."""
    for holder in batch.holders:
        assert by_holder[holder.public_key.thumbprint()].state is state
    assert len(batch.credentials) == (len(batch.holders) if batch.settled.answered else 0)
    for holder, credential in zip(batch.holders, batch.credentials, strict=False):
        payload = payload_of(credential)
        place = payload["status"]["status_list"]
        record = by_holder[holder.public_key.thumbprint()]
        assert payload["cnf"]["jwk"] == holder.public_key.to_jwk()
        assert (place["uri"].rpartition("/")[2], place["idx"]) == (record.status_list, record.status_index)
