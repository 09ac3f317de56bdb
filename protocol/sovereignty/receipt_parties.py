"""Whom a receipt names: the controller as it is registered, and who else will get the data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from protocol.encoding import JsonObject
from protocol.fields import MAX_URL, Fields
from protocol.sovereignty.signing import MAX_IDENTIFIER, Organisation
from protocol.sovereignty.wording import Wording, read_wording, write_wording
from protocol.trust.registration import MAX_NAME, Contact, Registration


@dataclass(frozen=True, slots=True)
class Controller:
    """Who answers for the data: behind an intermediary the party that it asks for."""

    name: str
    organisation: Organisation
    privacy_policy: str
    contact: Contact | None = None  # for deletion and the other rights
    dpo: Contact | None = None  # data protection officer, whom registration certificates do not name
    authority: Contact | None = None  # that supervises it

    @classmethod
    def from_registration(cls, registration: Registration, dpo: Contact | None = None) -> Self:
        """What a receipt has to say by a registration certificate."""
        return cls(
            name=registration.name,
            organisation=Organisation(registration.identifier, registration.country),
            privacy_policy=registration.privacy_policy,
            contact=_support(registration.support_uri),
            dpo=dpo,
            authority=_or_none(registration.supervisory_authority),
        )

    @classmethod
    def from_fields(cls, controller: Fields) -> Self:
        """Read the wire form.

        Raises:
            Malformed: a member is missing or has the wrong shape.
        """
        return cls(
            name=controller.text("name", max_length=MAX_NAME),
            organisation=Organisation.from_fields(controller),
            privacy_policy=controller.https_url("privacy_policy"),
            contact=_read_contact(controller, "contact"),
            dpo=_read_contact(controller, "dpo"),
            authority=_read_contact(controller, "authority"),
        )

    def to_dict(self) -> JsonObject:
        """The wire form."""
        contacts = {"contact": self.contact, "dpo": self.dpo, "authority": self.authority}
        return {
            "name": self.name,
            **self.organisation.to_dict(),
            "privacy_policy": self.privacy_policy,
            **{name: _write_contact(contact) for name, contact in contacts.items() if contact is not None},
        }

    def is_as_registered(self, registration: Registration) -> bool:
        """Whether it says what a registration certificate does, as far as that says anything."""
        return replace(self, dpo=None) == self.from_registration(registration)


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody who will get the data from the controller."""

    name: str
    identifier: str
    purpose: Wording

    @classmethod
    def from_fields(cls, recipient: Fields) -> Self:
        """Read the wire form.

        Raises:
            Malformed: a member is missing or has the wrong shape.
        """
        return cls(
            recipient.text("name", max_length=MAX_NAME),
            recipient.text("identifier", max_length=MAX_IDENTIFIER),
            read_wording(recipient, "purpose"),
        )

    def to_dict(self) -> JsonObject:
        """The wire form."""
        return {"name": self.name, "identifier": self.identifier, "purpose": write_wording(self.purpose)}


def _read_contact(holder: Fields, name: str) -> Contact | None:
    """A contact with nothing in it is none."""
    contact = holder.optional_object(name)
    if contact is None:
        return None
    return _or_none(Contact(*[contact.optional_text(member, max_length=MAX_URL) for member in Contact._fields]))


def _write_contact(contact: Contact) -> JsonObject:
    return {name: value for name, value in contact._asdict().items() if value is not None}


def _support(support: str | None) -> Contact | None:
    """`support_uri` is an address or an e-mail (TS 119 475 table 9), perhaps a telephone's."""
    if support is None:
        return None
    scheme, _, rest = support.partition(":")
    if scheme.lower() == "mailto" and rest:
        return Contact(email=rest)
    if scheme.lower() == "tel" and rest:
        return Contact(phone=rest)
    is_address = "@" in support and "/" not in support and ":" not in support
    return Contact(email=support) if is_address else Contact(uri=support)


def _or_none(contact: Contact | None) -> Contact | None:
    return contact if contact is not None and any(contact) else None
