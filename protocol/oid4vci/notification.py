"""What a wallet tells the issuer about credentials that it was given (OID4VCI 1.0 §11)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from protocol.encoding import JsonObject
from protocol.errors import InvalidNotificationRequest, Malformed, raised_as
from protocol.fields import Fields

ACCEPTED = "credential_accepted"
FAILURE = "credential_failure"
DELETED = "credential_deleted"
EVENTS = frozenset((ACCEPTED, FAILURE, DELETED))
MAX_ID = 1024  # characters


@dataclass(frozen=True, slots=True)
class NotificationRequest:
    """An event of a batch. The description is free text of a wallet and not kept."""

    notification_id: str
    event: str

    @classmethod
    def from_dict(cls, value: object, at: str = "notification_request") -> Self:
        """Read the wire form; unknown members are ignored.

        Raises:
            InvalidNotificationRequest: a member is missing, or an event that nobody knows (T135).
        """
        with raised_as(InvalidNotificationRequest):
            request = Fields(value, at)
            event = request.text("event", max_length=100)
            if event not in EVENTS:
                raise Malformed(request.path("event"), "is not known")
            return cls(request.text("notification_id", max_length=MAX_ID), event)

    def to_dict(self) -> JsonObject:
        """The wire form."""
        return {"notification_id": self.notification_id, "event": self.event}
