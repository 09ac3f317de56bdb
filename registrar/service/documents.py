"""The two documents that wallets follow: the catalogue of services, and the partners whose usage logs are witnessed.

Each is the same for everybody, down to the byte, so that fetching one tells nothing about whoever does.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple
from urllib.parse import urlsplit

from capabilities.registration.party import Party
from protocol.encoding import encode_base64url, encode_json, sha256
from protocol.exchange import Exchange
from protocol.sovereignty.catalogue import ServiceCatalogue, sign_catalogue
from protocol.sovereignty.partner_directory import (
    MAX_COCKPITS,
    PartnerDirectory,
    WitnessedPartner,
    sign_partner_directory,
)
from protocol.sovereignty.service import Given, Service
from protocol.sovereignty.signing import Organisation
from registrar.announcing import registered_type, service_of
from registrar.policy import MAX_ANNOUNCED
from registrar.records import Partner, Publication
from registrar.service.context import RegistrarContext, digest
from registrar.service.numbered import Draft, Numbered
from registrar.service.offerings import issuers_of
from registrar.store import ServiceFilter
from registrar.witnessed import witnessed_of
from runtime.conversation import slow
from runtime.logs import get_logger

CATALOGUE = "catalogue"
PARTNERS = "partners"
PAGE = 1000
MAX_DIRECTORY_BYTES = 11 << 20  # of the partners; with what wraps them, the document stays within its 16 MiB


class Document(NamedTuple):
    """A document as it is served."""

    number: int
    token: bytes
    packed: bytes  # with gzip
    etag: str  # by its content: the same for everybody who has it


@dataclass(frozen=True, slots=True)
class DocumentService:
    """Both documents as they stand at each moment."""

    context: RegistrarContext
    numbered: Numbered
    _served: dict[str, Document] = field(default_factory=dict)  # by name

    def catalogue(self) -> Exchange[Document]:
        """Every service that is announced by somebody who is registered now."""
        lifetime = self.context.lifetimes.catalogue
        return (
            yield from slow(lambda: self._served_as(self.numbered.current(CATALOGUE, lifetime, self._draft_catalogue)))
        )

    def partners(self) -> Exchange[Document]:
        """Every partner, with the heads that were witnessed."""
        lifetime, store = self.context.lifetimes.partner_directory, self.context.store

        def version() -> tuple[int, int]:
            return store.version(), store.witness.rounds_ended()

        return (
            yield from slow(
                lambda: self._served_as(self.numbered.current(PARTNERS, lifetime, self._draft_partners, version))
            )
        )

    def _served_as(self, publication: Publication) -> Document:
        known = self._served.get(publication.name)
        if known is None or known.number != publication.number:
            token = publication.content.encode("ascii")
            # Without a time of packing: what is packed twice is the same
            known = Document(
                publication.number, token, gzip.compress(token, mtime=0), f'"{encode_base64url(sha256(token))}"'
            )
            self._served[publication.name] = known
        return known

    def _draft_catalogue(self) -> Draft:
        context = self.context
        documents = self._announced()
        gives = any('"gives"' in document for document in documents)
        issuers = issuers_of(context) if gives else ()
        given = [" ".join((issuer.identifier, *issuer.hosts, *_types(issuer))) for issuer in issuers]

        def sign(number: int, issued_at: int, ends: int) -> str:
            services = tuple([_without_strangers(service_of(document), issuers) for document in documents])
            signing = context.registrations
            return sign_catalogue(ServiceCatalogue(number, issued_at, ends, services), signing.signer, signing.x5c)

        return Draft(digest("catalogue", *documents, "", *given, "", *context.registrations.x5c), sign)

    def _announced(self) -> list[str]:
        wanted = ServiceFilter(announced=True)
        found: list[str] = []
        after = ""
        while len(found) < MAX_ANNOUNCED:
            page = self.context.store.services.services(wanted, limit=PAGE, after=after)
            found += [line.offering.document for line in page]
            if len(page) < PAGE:
                break
            after = page[-1].offering.id
        return found[:MAX_ANNOUNCED]

    def _draft_partners(self) -> Draft:
        context = self.context
        partners = self._partners()

        def sign(number: int, issued_at: int, ends: int) -> str:
            signing = context.registrations
            return sign_partner_directory(
                PartnerDirectory(number, issued_at, ends, partners), signing.signer, signing.x5c
            )

        texts = [encode_json(partner.to_dict()).decode("utf-8") for partner in partners]
        return Draft(digest("partners", *texts, "", *context.registrations.x5c), sign)

    def _partners(self) -> tuple[WitnessedPartner, ...]:
        found: list[WitnessedPartner] = []
        left = MAX_DIRECTORY_BYTES
        after = ""
        while page := self.context.store.witness.partners(limit=PAGE, after=after):
            for witnessed in _by_partner(page):
                left -= len(encode_json(witnessed.to_dict()))
                if left < 0:
                    # Whoever has no room is without a witness; the others keep theirs
                    get_logger().warning("partner directory", reason="is full")
                    return tuple(found)
                found.append(witnessed)
            after = page[-1].identifier
        return tuple(found)


def _by_partner(page: tuple[Partner, ...]) -> Iterator[WitnessedPartner]:
    """Each partner with its cockpits; of more than a directory has room for, the last of those that it gave up are left out."""
    for identifier, cockpits in groupby(page, key=attrgetter("identifier")):
        own = list(cockpits)[:MAX_COCKPITS]
        yield WitnessedPartner(Organisation(identifier, own[0].country), tuple(map(witnessed_of, own)))


def _types(issuer: Party) -> list[str]:
    return [" ".join((provided.format, *provided.meta.types)) for provided in issuer.provides]


def _without_strangers(service: Service, issuers: tuple[Party, ...]) -> Service:
    """A service without what is given by somebody who is not registered for it any more."""

    def known(given: Given) -> bool:
        host = urlsplit(given.issuer).hostname
        return any(host in party.hosts and registered_type(given, party) for party in issuers)

    return replace(service, gives=tuple([given for given in service.gives if known(given)]))
