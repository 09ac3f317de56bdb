"""One service of an agency or a partner, as the catalogue announces it (docs/sovereignty/catalogue.md).

What stands here is an announcement: nothing follows from it but an offer to begin. The request that comes then is checked as
any other, and compared with what was announced.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Self
from urllib.parse import urlsplit

from protocol.dcql.query import DcqlQuery
from protocol.encoding import JsonObject
from protocol.errors import Malformed, NotAuthentic, NotTrusted
from protocol.fields import Fields
from protocol.sovereignty.form import Form
from protocol.sovereignty.rules import CredentialType, Rule, read_rule, read_type, write_type
from protocol.sovereignty.signing import Organisation
from protocol.sovereignty.wording import Wording, check_plain, read_wording, write_wording
from protocol.trust.coverage import Uncovered, uncovered
from protocol.trust.registration import RegisteredCredential

MAX_ID = 128  # characters
MAX_NAME = 1024  # characters
MAX_GIVEN = 32  # kinds of credentials

_ID = re.compile(rf"[A-Za-z0-9._~-]{{1,{MAX_ID}}}")
_COUNTRY = re.compile(r"[A-Z]{2}")


class LifeEvent(StrEnum):
    """What happens in a life that services belong to."""

    BIRTH = "birth"
    MOVING = "moving"
    STUDYING = "studying"
    STARTING_WORK = "starting_work"
    LOSING_WORK = "losing_work"
    STARTING_BUSINESS = "starting_business"
    MARRYING = "marrying"
    ILLNESS = "illness"
    DISABILITY = "disability"
    RETIRING = "retiring"
    DYING = "dying"
    TRAVELLING = "travelling"
    DRIVING = "driving"


class Provider(NamedTuple):
    """Who offers a service, as registered."""

    identifier: str
    country: str  # two letters
    name: str  # as people know them

    @classmethod
    def from_fields(cls, provider: Fields) -> Self:
        """Read the wire form.

        Raises:
            Malformed: a member is missing or has the wrong shape.
        """
        country = provider.text("country")
        if not _COUNTRY.fullmatch(country):
            raise Malformed(provider.path("country"), "must be a country by two letters")
        name = provider.text("name", max_length=MAX_NAME)
        check_plain(name, provider.path("name"))
        return cls(provider.text("identifier", max_length=MAX_NAME), country, name)

    @property
    def organisation(self) -> Organisation:
        """Who it is, whatever it is called."""
        return Organisation(self.identifier, self.country)

    def to_dict(self) -> JsonObject:
        """The wire form."""
        return {**self.organisation.to_dict(), "name": self.name}


class Given(NamedTuple):
    """A credential that a service's outcome issues."""

    issuer: str  # credential issuer identifier
    configuration_id: str
    type: CredentialType

    @classmethod
    def from_fields(cls, given: Fields) -> Self:
        """Read the wire form.

        Raises:
            Malformed: a member is missing or has the wrong shape.
        """
        return cls(
            given.https_url("issuer"),
            given.text("credential_configuration_id", max_length=MAX_NAME),
            read_type(given),
        )

    def to_dict(self) -> JsonObject:
        """The wire form."""
        return {
            "issuer": self.issuer,
            "credential_configuration_id": self.configuration_id,
            **write_type(self.type),
        }


@dataclass(frozen=True, slots=True)
class Service:
    """What somebody offers to citizens."""

    id: str
    provider: Provider
    name: Wording
    summary: Wording
    start: str  # URL that begins it with a wallet
    registration: str  # id in the registrar's register; purpose, retention and legal basis come from there
    life_events: tuple[LifeEvent, ...] = ()
    needs: DcqlQuery | None = None
    asks: Form | None = None
    eligible: Rule | None = None  # None: everybody
    gives: tuple[Given, ...] = ()
    forward: str | None = None  # URL that accepts what the citizen forwards

    @classmethod
    def from_fields(cls, service: Fields) -> Self:
        """Read the wire form; unknown members are ignored.

        Raises:
            Malformed: a member is missing or has the wrong shape.
            TooLarge: a query or a rule is larger than we evaluate.
        """
        id_ = service.text("id")
        if not _ID.fullmatch(id_):
            raise Malformed(service.path("id"), f"must have 1 to {MAX_ID} letters, digits, and . _ ~ -")
        return cls(
            id=id_,
            provider=Provider.from_fields(service.object("provider")),
            name=read_wording(service, "name"),
            summary=read_wording(service, "summary"),
            start=service.https_url("start"),
            registration=service.text("registration", max_length=MAX_NAME),
            life_events=_read_life_events(service),
            needs=DcqlQuery.from_dict(service.required("needs"), service.path("needs")) if "needs" in service else None,
            asks=Form.from_fields(service.object("asks")) if "asks" in service else None,
            eligible=read_rule(service, "eligible") if "eligible" in service else None,
            gives=tuple([Given.from_fields(given) for given in service.optional_objects("gives", max_items=MAX_GIVEN)]),
            forward=service.optional_https_url("forward"),
        )

    def to_dict(self) -> JsonObject:
        """The wire form."""
        members: JsonObject = {
            "id": self.id,
            "provider": self.provider.to_dict(),
            "name": write_wording(self.name),
            "summary": write_wording(self.summary),
        }
        if self.life_events:
            members["life_events"] = [event.value for event in self.life_events]
        if self.needs is not None:
            members["needs"] = self.needs.to_dict()
        if self.asks is not None:
            members["asks"] = self.asks.to_dict()
        if self.eligible is not None:
            members["eligible"] = self.eligible.to_dict()
        if self.gives:
            members["gives"] = [given.to_dict() for given in self.gives]
        members["start"] = self.start
        if self.forward is not None:
            members["forward"] = self.forward
        members["registration"] = self.registration
        return members


def check_hosts(service: Service, hosts: Collection[str]) -> None:
    """Check that what a service has called is on hosts that its provider registered; for whoever publishes a catalogue.

    Raises:
        NotTrusted: it is on another.
    """
    for name, url in (("start", service.start), ("forward", service.forward)):
        if url is not None and urlsplit(url).hostname not in {host.lower() for host in hosts}:
            raise NotTrusted(f"service.{name}: is on a host that its provider did not register")


def check_provider(service: Service, speaker: Organisation) -> None:
    """Check that whoever speaks after a service was begun is its provider, by registered identifier and country.

    Raises:
        NotAuthentic: it is somebody else.
    """
    if service.provider.organisation != speaker:
        raise NotAuthentic("request: comes from another party than the service's provider")


def beyond_announced(service: Service, request: DcqlQuery) -> tuple[Uncovered, ...]:
    """What a request asks for that the catalogue did not announce; the citizen is warned of it."""
    announced = () if service.needs is None else service.needs.credentials
    return uncovered(
        request,
        [RegisteredCredential(one.format, one.meta, tuple([claim.path for claim in one.claims])) for one in announced],
    )


def _read_life_events(service: Fields) -> tuple[LifeEvent, ...]:
    events = service.optional_texts("life_events", max_items=len(LifeEvent))
    for i, event in enumerate(events):
        if event not in tuple(LifeEvent):
            raise Malformed(f"{service.path('life_events')}[{i}]", "is no life event that we know")
    if len(set(events)) != len(events):
        raise Malformed(service.path("life_events"), "has a life event twice")
    return tuple([LifeEvent(event) for event in events])
