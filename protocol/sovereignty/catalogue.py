"""The catalogue of services: one signed document for everybody, so that fetching it tells nothing about anybody.

How it is written stands in docs/sovereignty/catalogue.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple, Self

from protocol.encoding import JsonObject, JsonValue
from protocol.errors import Flaw, Malformed
from protocol.fields import Fields
from protocol.keys import Signer
from protocol.sovereignty.published import sign_published, verify_published
from protocol.sovereignty.service import Service
from protocol.trust.anchors import TrustAnchors, TrustedParty

TYP = "service-catalogue+jwt"
MAX_SERVICES = 10_000

_AT = "service catalogue"


class Unreadable(NamedTuple):
    """An entry that is left out, and why; it costs nobody the others."""

    position: int
    problem: str


@dataclass(frozen=True, slots=True)
class ServiceCatalogue:
    """What a registrar publishes."""

    seq: int  # grows with every publication
    issued_at: int  # epoch seconds
    expires_at: int
    services: tuple[Service, ...]  # each id once
    unreadable: tuple[Unreadable, ...] = field(default=(), compare=False)

    @classmethod
    def from_fields(cls, claims: Fields) -> Self:
        """Read the claims. A service that cannot be read, or whose id stands there already, is left out.

        Raises:
            Malformed: what belongs to the whole is missing or has the wrong shape, or there are too many services.
        """
        services: dict[str, Service] = {}
        unreadable: list[Unreadable] = []
        entries = claims.possibly_empty_array("services", max_items=MAX_SERVICES)
        for i, entry in enumerate(entries):
            at = f"{claims.path('services')}[{i}]"
            try:
                service = Service.from_fields(Fields(entry, at))
                if service.id in services:
                    raise Malformed(f"{at}.id", "stands there twice")
            except Flaw as error:
                unreadable.append(Unreadable(i, error.description))
            else:
                services[service.id] = service
        return cls(
            seq=claims.integer("seq"),
            issued_at=claims.time("iat"),
            expires_at=claims.time("exp"),
            services=tuple(services.values()),
            unreadable=tuple(unreadable),
        )

    def to_claims(self) -> JsonObject:
        """The claims of the wire form."""
        return {
            "seq": self.seq,
            "iat": self.issued_at,
            "exp": self.expires_at,
            "services": list[JsonValue]([service.to_dict() for service in self.services]),
        }


@dataclass(frozen=True, slots=True)
class VerifiedCatalogue:
    """A catalogue in the word of a registrar whom we trust, inside its time and no older than what was known."""

    says: ServiceCatalogue
    publisher: TrustedParty
    raw: str


def sign_catalogue(catalogue: ServiceCatalogue, signer: Signer, x5c: tuple[str, ...]) -> str:
    """A catalogue as it is published; `x5c` is the registrar's chain without the anchor."""
    if len(catalogue.services) > MAX_SERVICES:
        raise ValueError(f"a catalogue has at most {MAX_SERVICES} services")
    return sign_published(TYP, catalogue.to_claims(), signer, x5c)


def verify_catalogue(text: str, *, anchors: TrustAnchors, now: int, known_seq: int | None) -> VerifiedCatalogue:
    """Check a catalogue. `known_seq` is the highest that was seen from this publisher, None for the first.

    Raises:
        NotTrusted: no registrar whom we trust vouches for it.
        NotAuthentic: another type, algorithm or signature.
        NotValidNow: expired, or from the future.
        RolledBack: it is older than one that was seen.
        Malformed, TooLarge, Unsupported: it cannot be read.
    """
    found = verify_published(text, TYP, _AT, anchors=anchors, now=now, known_seq=known_seq)
    return VerifiedCatalogue(ServiceCatalogue.from_fields(found.claims), found.publisher, text)
