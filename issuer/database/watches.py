"""Which documents end with the wallet unit that holds them: kept, taken in portions, and forgotten when they have ended."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update

from issuer.database.tables import credentials, wallet_watches
from issuer.records import CredentialState, DocumentWatch, DueWatch, WalletStatus, Watched

_columns = wallet_watches.c
ADD = insert(wallet_watches).values({c.name: bindparam(c.name) for c in _columns if c is not _columns.id})
# Any copy that is not revoked names the document
_COPY = (
    select(func.min(credentials.c.id))
    .where(
        credentials.c.session_id == _columns.session_id,
        credentials.c.configuration_id == _columns.configuration_id,
        credentials.c.state != str(CredentialState.REVOKED),
    )
    .correlate(wallet_watches)
    .scalar_subquery()
)


def row_of(watch: DocumentWatch) -> dict[str, object]:
    """The values for `ADD`."""
    status = watch.status
    return {
        "session_id": watch.session_id,
        "configuration_id": watch.configuration_id,
        "watched": str(watch.watched),
        "uri": status.uri,
        "idx": status.index,
        "kept_until": status.kept_until,
        "provider": status.provider,
        "vouched_by": status.vouched_by,
        "check_at": watch.check_at,
        "expires_at": watch.expires_at,
    }


def due(connection: Connection, *, now: int, again_at: int, limit: int) -> tuple[DueWatch, ...]:
    """Take what is due; see `issuer.store.IssuerStore.due_watches`."""
    query = (
        select(wallet_watches, _COPY.label("credential_id"))
        .where(_columns.check_at <= now, _columns.expires_at > now)
        .order_by(_columns.check_at, _columns.uri, _columns.id)
        .limit(limit)
        .with_for_update(of=wallet_watches, skip_locked=True)
    )
    rows = connection.execute(query).all()
    set_time(connection, [row.id for row in rows], again_at)
    return tuple(_watch(row) for row in rows)


def set_time(connection: Connection, ids: Sequence[int], check_at: int) -> None:
    """Say when watches are due next."""
    if ids:
        connection.execute(update(wallet_watches).where(_columns.id.in_(ids)).values(check_at=check_at))


def hasten(connection: Connection, *, now: int) -> None:
    """Let everything be due now that would be later."""
    connection.execute(update(wallet_watches).where(_columns.check_at > now).values(check_at=now))


def end(connection: Connection, watch_id: int) -> None:
    """Forget a watch."""
    connection.execute(delete(wallet_watches).where(_columns.id == watch_id))


def forget_ended(connection: Connection, *, now: int, limit: int) -> int:
    """Forget watches of documents that have ended by themselves; how many went."""
    old = select(_columns.id).where(_columns.expires_at <= now).limit(limit)
    gone: int = connection.execute(delete(wallet_watches).where(_columns.id.in_(old))).rowcount
    return gone


def _watch(row: Row[tuple[object, ...]]) -> DueWatch:
    status = WalletStatus(row.uri, row.idx, row.kept_until, row.provider, row.vouched_by)
    return DueWatch(row.id, row.credential_id or "", Watched(row.watched), status)
