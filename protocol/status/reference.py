"""Where the status of something signed stands, as its token says (Token Status List §6.2, TS3 1.5 §2.4.1)."""

from __future__ import annotations

from typing import NamedTuple

from protocol.credential import StatusReference
from protocol.encoding import JsonObject
from protocol.errors import Unsupported
from protocol.fields import Fields

MAX_INDEX = (1 << 31) - 1


class MaintainedStatus(NamedTuple):
    """A status that a wallet provider promises to keep up until a time, which may be long after the token's own end."""

    reference: StatusReference
    expires_at: int  # epoch seconds


def read_status(status: Fields) -> StatusReference:
    """Read a `status` claim. One that we cannot look up is refused, never taken for none.

    Raises:
        Unsupported: kept in another way than a status list.
        Malformed: no address or index, or one out of bounds.
    """
    if "status_list" not in status:
        raise Unsupported(f"{status.at}: is kept in a way that is not known here")
    entry = status.object("status_list")
    return StatusReference(entry.https_url("uri"), entry.integer("idx", maximum=MAX_INDEX))


def status_claim(reference: StatusReference) -> JsonObject:
    """The `status` claim; see `read_status`."""
    return {"status_list": {"idx": reference.idx, "uri": reference.uri}}


def read_maintained(holder: Fields, name: str) -> MaintainedStatus | None:
    """Read `client_status` or `key_storage_status`, if it is there.

    Raises:
        Malformed, Unsupported: it cannot be read; see `read_status`.
    """
    if name not in holder.members:
        return None
    member = holder.object(name)
    return MaintainedStatus(read_status(member.object("status")), member.time("exp"))


def maintained_claim(status: MaintainedStatus) -> JsonObject:
    """The member's value; see `read_maintained`."""
    return {"status": status_claim(status.reference), "exp": status.expires_at}
