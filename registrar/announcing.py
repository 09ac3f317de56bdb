"""Whether a service may stand in the catalogue: what can be checked without a person, in the registrar's own words.

A check that fails is a `Problem`; pages and programs say it in a sentence. An operator decides about what passes them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from typing import NamedTuple
from urllib.parse import urlsplit

from capabilities.registration.party import Party
from capabilities.registration.uses import Use
from protocol.dcql.query import DcqlQuery
from protocol.encoding import JsonValue, encode_json, read_json_object
from protocol.errors import Flaw, NotAuthentic, NotTrusted
from protocol.fields import Fields
from protocol.sovereignty.rules import Combination, Rule
from protocol.sovereignty.service import Given, Service, check_hosts, check_provider
from protocol.sovereignty.signing import Organisation
from protocol.sovereignty.wording import Wording
from protocol.trust.coverage import Uncovered, uncovered
from registrar.records import Offering
from registrar.sheet import path_text

LANGUAGES = ("de", "en")  # that every text has to be in
MAX_ENTRY = 64 * 1024  # bytes of one entry as JSON
MAX_OFFERINGS = 100  # services of one party

_AT = "service"


class ProblemKind(StrEnum):
    """Why a service may not stand in the catalogue."""

    UNREADABLE = "unreadable"
    TOO_LARGE = "too_large"
    TWICE = "twice"
    TOO_MANY = "too_many"
    PROVIDER = "provider"
    PROVIDER_NAME = "provider_name"
    HOST = "host"
    REGISTRATION = "registration"
    NEEDS = "needs"
    LANGUAGES = "languages"
    ISSUER = "issuer"
    TYPE = "type"


class Problem(NamedTuple):
    """What is wrong with one service."""

    service: str  # id, or where it stands in the file if it has none
    kind: ProblemKind
    detail: str = ""

    @property
    def sentence(self) -> str:
        """As programs and the command line say it."""
        return f"{self.service}: {_SENTENCES[self.kind].format(self.detail)}"


_SENTENCES = {
    ProblemKind.UNREADABLE: "cannot be read: {}",
    ProblemKind.TOO_LARGE: f"is larger than {MAX_ENTRY} bytes",
    ProblemKind.TWICE: "stands in the file twice",
    ProblemKind.TOO_MANY: f"a party has at most {MAX_OFFERINGS} services",
    ProblemKind.PROVIDER: "names another provider than you are registered as; write your official number and your country",
    ProblemKind.PROVIDER_NAME: "calls its provider otherwise than you are registered; write {}",
    ProblemKind.HOST: "begins on a host that you did not register: {}",
    ProblemKind.REGISTRATION: "belongs to a registered purpose that does not exist: {}",
    ProblemKind.NEEDS: "needs data that its registered purpose does not ask for: {}",
    ProblemKind.LANGUAGES: "has a text that is not both in German and in English: {}",
    ProblemKind.ISSUER: "gives a document whose issuer is not registered here: {}",
    ProblemKind.TYPE: "gives a document that its issuer did not register: {}",
}


def reason_of(offering: Offering) -> str:
    """Why a service was refused, or is out, as programs read it; empty: nothing to say."""
    if not offering.problem:
        return offering.reason
    return Problem(offering.id, ProblemKind(offering.problem), offering.reason).sentence


def service_of(document: str) -> Service:
    """The entry that a stage holds as JSON."""
    return Service.from_fields(Fields(read_json_object(document.encode("utf-8"), _AT), _AT))


def service_document(service: Service) -> str:
    """An entry as a stage holds it."""
    return encode_json(service.to_dict()).decode("utf-8")


def read_entries(entries: Iterable[JsonValue]) -> tuple[tuple[Service, ...], tuple[Problem, ...]]:
    """The services of a file, and what is wrong with those that cannot be read."""
    services: dict[str, Service] = {}
    problems: list[Problem] = []
    for i, entry in enumerate(entries):
        at = f"services[{i}]"
        try:
            service = Service.from_fields(Fields(entry, at))
        except Flaw as error:
            problems.append(Problem(at, ProblemKind.UNREADABLE, error.description))
            continue
        if service.id in services:
            problems.append(Problem(service.id, ProblemKind.TWICE))
        elif len(service_document(service).encode("utf-8")) > MAX_ENTRY:
            problems.append(Problem(service.id, ProblemKind.TOO_LARGE))
        services[service.id] = service
    return tuple(services.values()), tuple(problems)


def uncovered_by(service: Service, party: Party) -> tuple[Problem, ...]:
    """Where a service says more than its provider is registered for."""
    return tuple(_against_registration(service, party))


def check_entry(service: Service, party: Party, issuers: Callable[[], Iterable[Party]]) -> tuple[Problem, ...]:
    """Everything that is wrong with a service of a party; `issuers`: everybody who is registered as issuing, if it matters."""
    return (*_against_registration(service, party), *_languages(service), *_gives(service, issuers))


def _against_registration(service: Service, party: Party) -> Iterator[Problem]:
    try:
        check_provider(service, Organisation(party.identifier, party.country))
    except NotAuthentic:
        yield Problem(service.id, ProblemKind.PROVIDER)
    if service.provider.name not in (party.trade_name, party.name):
        yield Problem(service.id, ProblemKind.PROVIDER_NAME, party.trade_name)
    try:
        check_hosts(service, party.hosts)
    except NotTrusted:
        named = {urlsplit(url).hostname or "" for url in (service.start, service.forward) if url is not None}
        yield Problem(service.id, ProblemKind.HOST, ", ".join(sorted(named.difference(party.hosts))))
    use = next((use for use in party.uses if use.id == service.registration), None)
    if use is None:
        # Who asks for nothing has no purpose registered, and is registered all the same
        if service.needs is not None or service.registration != party.identifier:
            yield Problem(service.id, ProblemKind.REGISTRATION, service.registration[:100])
    elif service.needs is not None:
        yield from _needs(service.id, service.needs, use)


def _needs(service: str, needs: DcqlQuery, use: Use) -> Iterator[Problem]:
    beyond = uncovered(needs, use.credentials)
    if beyond:
        yield Problem(service, ProblemKind.NEEDS, ", ".join(dict.fromkeys(map(_told, beyond)))[:300])


def _told(found: Uncovered) -> str:
    return found.query_id if found.path is None else f"{found.query_id} › {path_text(found.path)}"


def _languages(service: Service) -> Iterator[Problem]:
    for at, texts in _texts(service):
        if texts and not {text.language.partition("-")[0].lower() for text in texts}.issuperset(LANGUAGES):
            yield Problem(service.id, ProblemKind.LANGUAGES, at)
            return


def _texts(service: Service) -> Iterator[tuple[str, Wording]]:
    yield "name", service.name
    yield "summary", service.summary
    for field in service.asks.fields if service.asks is not None else ():
        yield f"asks.{field.name}.title", field.title
        yield f"asks.{field.name}.description", field.description
        for choice in field.choices:
            yield f"asks.{field.name}.oneOf", choice.title
    if service.eligible is not None:
        yield from _reasons(service.eligible)


def _reasons(rule: Rule) -> Iterator[tuple[str, Wording]]:
    yield "eligible.because", rule.because
    for inner in rule.rules if isinstance(rule, Combination) else ():
        yield from _reasons(inner)


def _gives(service: Service, issuers: Callable[[], Iterable[Party]]) -> Iterator[Problem]:
    known = tuple(issuers()) if service.gives else ()
    for given in service.gives:
        of_address = [party for party in known if urlsplit(given.issuer).hostname in party.hosts]
        if not of_address:
            yield Problem(service.id, ProblemKind.ISSUER, given.issuer[:200])
        elif not any(registered_type(given, party) for party in of_address):
            yield Problem(service.id, ProblemKind.TYPE, given.type.name[:200])


def registered_type(given: Given, party: Party) -> bool:
    """Whether a party registered that it issues a kind of document."""
    return any(
        given.type.name in (*provided.meta.vct_values, provided.meta.doctype_value)
        and provided.format == given.type.format
        for provided in party.provides
    )
