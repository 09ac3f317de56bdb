"""What a recipient registered for, as far as forwarding to it depends on it.

A new certificate, name or address of the same organisation is no change; other claims, another purpose or somebody else who
gets the data is, and ends whatever was agreed before.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from protocol.credential import ClaimPath
from protocol.encoding import JsonObject, JsonValue
from protocol.errors import Malformed
from protocol.fields import Fields
from protocol.sovereignty.claims import read_paths, write_paths
from protocol.sovereignty.signing import MAX_IDENTIFIER, Organisation
from protocol.trust.localized import Localized, read_localized, write_localized
from protocol.trust.registration import MAX_CLAIMS, MAX_CREDENTIALS, Registration

MAX_RECIPIENTS = 256


class Change(StrEnum):
    """What is not as it was agreed."""

    ORGANISATION = "organisation"
    CLAIMS = "claims"
    PURPOSE = "purpose"
    RECIPIENTS = "recipients"


@dataclass(frozen=True, slots=True)
class RecipientTerms:
    """What counts of a recipient's registration for one type of credential."""

    organisation: Organisation
    claims: tuple[ClaimPath, ...]  # registered for the type, in any format; sorted
    purpose: tuple[Localized, ...]  # sorted; as registered, so that it is compared and not shown
    recipients: tuple[str, ...] = ()  # who else gets it, by identifier or name; sorted

    @classmethod
    def from_registration(
        cls, registration: Registration, credential_type: str, recipients: Iterable[str] = ()
    ) -> Self:
        """What a registration says of a type; `recipients` are those that receipts or the catalogue name."""
        registered = [one for one in registration.credentials if one.meta.includes(credential_type)]
        speaker = registration.intermediary
        others = {*recipients, *(() if speaker is None else (speaker.identifier,))}
        return cls(
            organisation=Organisation(registration.identifier, registration.country),
            claims=_sorted(path for one in registered for path in one.claims),
            purpose=tuple(sorted(registration.purpose)),
            recipients=tuple(sorted(others)),
        )

    @classmethod
    def from_fields(cls, terms: Fields) -> Self:
        """Read what was kept.

        Raises:
            Malformed: a member is missing or has the wrong shape.
        """
        recipients = terms.optional_texts("recipients", max_items=MAX_RECIPIENTS)
        if any(len(recipient) > MAX_IDENTIFIER for recipient in recipients):
            raise Malformed(terms.path("recipients"), f"must have at most {MAX_IDENTIFIER} characters each")
        return cls(
            organisation=Organisation.from_fields(terms),
            claims=_sorted(read_paths(terms, "claims", max_paths=MAX_CLAIMS * MAX_CREDENTIALS)),
            purpose=tuple(sorted(read_localized(terms, "purpose"))) if "purpose" in terms else (),
            recipients=tuple(sorted(set(recipients))),
        )

    def to_dict(self) -> JsonObject:
        """As it is kept."""
        members: JsonObject = {**self.organisation.to_dict(), "claims": write_paths(self.claims)}
        if self.purpose:
            members["purpose"] = write_localized(self.purpose)
        if self.recipients:
            members["recipients"] = list[JsonValue](self.recipients)
        return members

    def changes(self, now: RecipientTerms) -> tuple[Change, ...]:
        """What differs in what is registered now; less counts as well as more."""
        same = {
            Change.ORGANISATION: self.organisation == now.organisation,
            Change.CLAIMS: self.claims == now.claims,
            Change.PURPOSE: self.purpose == now.purpose,
            Change.RECIPIENTS: self.recipients == now.recipients,
        }
        return tuple([change for change, holds in same.items() if not holds])


def _sorted(paths: Iterable[ClaimPath]) -> tuple[ClaimPath, ...]:
    return tuple(sorted(set(paths), key=lambda path: [(str(type(step)), str(step)) for step in path]))
