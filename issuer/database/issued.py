"""Issued credentials as rows of their table."""

from __future__ import annotations

from sqlalchemy import Row

from issuer.records import CredentialState, IssuedCredential


def conversation_of(credential: IssuedCredential) -> dict[str, object]:
    """By what all copies of the same are found."""
    return {"session_id": credential.session_id, "configuration_id": credential.configuration_id}


def row_of(record: IssuedCredential) -> dict[str, object]:
    """The values of its row."""
    return {
        "id": record.id,
        "configuration_id": record.configuration_id,
        "subject": record.subject,
        "session_id": record.session_id,
        "status_list": record.status_list,
        "status_index": record.status_index,
        "holder_key": record.holder_key,
        "issued_at": record.issued_at,
        "expires_at": record.expires_at,
        "state": str(record.state),
        "said": record.said,
        "revoke_at": 0,
    }


def read_credential(row: Row[tuple[object, ...]]) -> IssuedCredential:
    """What a row says."""
    return IssuedCredential(
        id=row.id,
        configuration_id=row.configuration_id,
        subject=row.subject,
        session_id=row.session_id,
        status_list=row.status_list,
        status_index=row.status_index,
        holder_key=row.holder_key,
        issued_at=row.issued_at,
        expires_at=row.expires_at,
        state=CredentialState(row.state),
        said=row.said,
    )
