"""Wiring: settings → store, keys, anchors, use cases → verifier → web application."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from fastapi import FastAPI
from starlette.types import Lifespan

from capabilities.cockpit.erase_list import EraseList
from capabilities.cockpit.web import COCKPIT
from capabilities.relay.web import relay_endpoints
from protocol.trust.anchors import Role, TrustAnchor, TrustAnchors
from protocol.trust.registration import Contact
from protocol.x509 import Certificate
from runtime import system
from runtime.anchors import AnchorFolder, read_certificate
from runtime.asgi import add_health, create_application
from runtime.database.engine import Database
from runtime.driver import Driver
from runtime.http import GuardedSender, Sender
from runtime.installation import open_keys
from runtime.lasting_list import LastingList
from runtime.logs import get_logger
from runtime.pages import Pages, serve_static
from runtime.registrations import OwnRegistration, RegistrationFolder, of_another_party
from runtime.routes import add_routes
from runtime.seal import Sealer
from runtime.settings import Environment
from runtime.sweep import repeating, sweeping
from runtime.trust_lists.renewing import Renewal, renewing
from verifier.api.cases import case_api
from verifier.api.counters import counter_api
from verifier.api.endpoints import protocol_endpoints
from verifier.api.partner import partner_api
from verifier.api.rights import rights_api
from verifier.api.starts import service_starts
from verifier.api.usage import usage_api
from verifier.config import VerifierSettings
from verifier.database.store import ERASED_RECEIPT, SqlVerifierStore
from verifier.installation import ANCHORS, ERASED, REGISTRATIONS, SECRET, SERVICES, SIGNING, STAGES
from verifier.once_only.description import ServiceDescription, read_services
from verifier.policy import Lifetimes
from verifier.registration import outside_registration
from verifier.represented import IN_OWN_NAME, own_name_question
from verifier.service import Verifier
from verifier.service.context import VerifierContext
from verifier.use_case import UseCase, read_use_cases
from verifier.web.cases import case_pages
from verifier.web.cockpit_page import cockpit_page
from verifier.web.counter_codes import counter_codes
from verifier.web.counters import counter_pages
from verifier.web.desk import desk_pages
from verifier.web.in_person import in_person_pages
from verifier.web.page_requests import page_requests
from verifier.web.pages import error_page, people_pages
from verifier.web.services import service_pages

NOTICE_SECONDS = 5.0  # between two looks at which notices of cases are due
SHIPPED_USE_CASES = Path(__file__).parent / "use_cases"


def open_store(settings: VerifierSettings) -> SqlVerifierStore:
    """The verifier's store, brought to this program's version."""
    erased = EraseList(LastingList(settings.erased or settings.data / ERASED, ERASED_RECEIPT))
    store = SqlVerifierStore(Database(settings.database, "verifier"), system.now, erased=erased)
    store.migrate()
    return store


def open_use_cases(settings: VerifierSettings) -> dict[str, UseCase]:
    """The use cases of this verifier, by id.

    Raises:
        ValueError: the settings name one that is not there.
    """
    found = {} if settings.own_use_cases_only else read_use_cases(SHIPPED_USE_CASES)
    if settings.use_cases_folder is not None:
        found.update(read_use_cases(settings.use_cases_folder))
    missing = [name for name in settings.use_cases if name not in found]
    if missing:
        raise ValueError(f"use_cases: there is no use case {missing[0]}")
    return {name: found[name] for name in settings.use_cases or found}


def open_services(settings: VerifierSettings) -> dict[str, ServiceDescription]:
    """The once-only services of this verifier, by id.

    Raises:
        Flaw: a file is wrong; the message names it and the place.
    """
    folder = settings.services_folder or settings.data / SERVICES
    if settings.services_folder is None and not folder.exists():
        return {}
    return read_services(folder)


def with_questions(use_cases: Mapping[str, UseCase], services: Mapping[str, ServiceDescription]) -> dict[str, UseCase]:
    """Everything that is asked: the use cases, and what the services need.

    Raises:
        ValueError: a service has the id of a use case, or one has that of a question of ours.
    """
    questions = {id_: service.use_case for id_, service in services.items()}
    both = sorted(set(use_cases) & set(services))
    if both:
        raise ValueError(f"services: {both[0]} is the id of a use case too")
    asked = {**use_cases, **{id_: use_case for id_, use_case in questions.items() if use_case is not None}}
    if IN_OWN_NAME in asked:
        raise ValueError(f"{IN_OWN_NAME} is the id of a question of ours")
    # Whoever is represented by others may ask what was done for them
    in_own_name = own_name_question(asked.values())
    return asked if in_own_name is None else {**asked, IN_OWN_NAME: in_own_name}


def open_registrations(settings: VerifierSettings) -> RegistrationFolder:
    """The registration certificates of this verifier.

    Raises:
        Malformed: a file is none; the message names it.
    """
    return RegistrationFolder(settings.registrations or settings.data / REGISTRATIONS)


def check_registrations(
    settings: VerifierSettings,
    use_cases: Mapping[str, UseCase],
    registrations: tuple[OwnRegistration, ...],
    leaf: Certificate,
    now: int,
) -> None:
    """Hold every use case against its registration, before any wallet does; elsewhere than in production the log warns.

    Raises:
        ValueError: in production one asks for more, and the message names the use case and what it asks beyond; or a
            registration is for somebody else than the access certificate.
    """
    for own in registrations:
        if of_another_party(own.says, leaf):
            problem = f"{own.file} is not for who stands in the access certificate; see `install-certificate`"
            if settings.env is Environment.PRODUCTION:
                raise ValueError(problem)
            get_logger().warning("registration of another party", problem=problem)
    shown = settings.show_registration
    outside = [
        found
        for use_case in use_cases.values()
        if (found := outside_registration(use_case, use_case.query, registrations, now=now, shown=shown)) is not None
    ]
    if outside and settings.env is Environment.PRODUCTION:
        what_to_do = (
            "have it registered: `hoheit verifier registration` writes the file, `hoheit verifier register` sends it"
        )
        raise ValueError(f"beyond the registration: {'; '.join(map(str, outside))}; {what_to_do}")
    for found in outside:
        get_logger().warning("beyond the registration", use_case=found.use_case, problem=found.problem)


def open_verifier(settings: VerifierSettings, store: SqlVerifierStore, folder: AnchorFolder | None = None) -> Verifier:
    """The verifier of a data folder, ready to serve. `folder`: the anchors, where somebody else renews their lists.

    Raises:
        ValueError: in production a use case asks for more than was registered, see `check_registrations`; or it shall ask
            by HAIP 1.0, and its certificates are not good for that.
    """
    keys = open_keys(settings.data, settings.key_token)
    folder = folder or open_folder(settings)
    services = open_services(settings)
    use_cases, registrations = with_questions(open_use_cases(settings), services), open_registrations(settings)
    signing = keys.signer(SIGNING)
    chain = [Certificate.from_x5c(text) for text in signing.x5c]
    leaf = chain[0]
    # HAIP 1.0 §5: neither the anchor nor a leaf that vouches for itself
    if settings.haip and any(certificate.self_issued for certificate in chain):
        raise ValueError("haip: the access certificates must not hold one that vouches for itself")
    check_registrations(settings, use_cases, registrations.current(), leaf, system.now())
    return Verifier.of(
        VerifierContext(
            identifier=settings.public_url,
            name=tuple(settings.name.items()),
            use_cases=use_cases,
            anchors=open_anchors(settings, folder),
            lists_age=folder.lists_age,
            store=store,
            signing=signing,
            sealer=Sealer(keys.secret(STAGES)),
            secret=keys.secret(SECRET),
            lifetimes=Lifetimes(),
            now=system.now,
            random_bytes=system.random_bytes,
            registrations=registrations.current,
            shown=settings.show_registration,
            refuse_unregistered=settings.env is Environment.PRODUCTION,
            haip=settings.haip,
            services=services,
            wallet_url=settings.wallet_url,
            cockpit=settings.cockpit,
            privacy_policy=settings.privacy_policy,
            dpo=Contact(email=settings.dpo) if settings.dpo else None,
        )
    )


def create_app(settings: VerifierSettings, *, sender: Sender | None = None) -> FastAPI:
    """The web application of a verifier. It holds connections from its start-up to its shutdown."""
    store = open_store(settings)
    if count := store.erase_again(now=system.now()):
        get_logger().warning("erased once more what an old copy of the database brought back", count=count)
    folder = open_folder(settings)
    renewal = Renewal(folder, system.now)
    verifier = open_verifier(settings, store, folder)
    driver = Driver(
        store,
        sender or GuardedSender(allow_local=settings.env.allows_local),
        loads_in_thread=not store.database.is_sqlite,
    )

    def sweep(limit: int) -> int:
        return store.sweep(now=verifier.context.now(), limit=limit)

    def check() -> None:
        store.database.check()
        renewal.check_tried()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        notices = repeating(driver, verifier.notices.deliver, name="notices of cases", every=NOTICE_SECONDS)
        appending = repeating(driver, verifier.usage.append, name="usage log")
        async with sweeping(driver, sweep), renewing(driver, renewal), appending, notices:
            yield
        driver.close()
        store.database.dispose()

    application = make_application(verifier, driver, lifespan)
    if settings.relay:
        path = urlsplit(settings.public_url).path
        add_routes(application, relay_endpoints(f"{path}/relay", store.relay, driver, system.now))
    add_health(application, driver, check, metrics_key=settings.metrics_key)
    return application


def make_application(verifier: Verifier, driver: Driver, lifespan: Lifespan[FastAPI]) -> FastAPI:
    """Everything that a verifier answers to: wallets, a partner's programs and people."""
    context = verifier.context
    pages = Pages(Path(__file__).parent, COCKPIT, public_url=context.identifier, secret=context.secret)
    application = create_application(
        title="Hoheit verifier",
        secure=context.identifier.startswith("https://"),
        lifespan=lifespan,
        endpoints=protocol_endpoints(verifier, driver),
        error_page=error_page(verifier, pages),
    )
    application.state.verifier = verifier
    application.state.driver = driver
    add_routes(
        application,
        partner_api(verifier, driver),
        usage_api(verifier, driver),
        people_pages(verifier, driver, pages),
        cockpit_page(verifier, pages),
        page_requests(verifier, driver, pages),
        in_person_pages(verifier, driver, pages),
        counter_pages(verifier, driver, pages),
        counter_codes(verifier, driver, pages),
        counter_api(verifier, driver),
        service_starts(verifier, driver),
        service_pages(verifier, driver, pages),
        case_pages(verifier, driver, pages),
        desk_pages(verifier, driver, pages),
        case_api(verifier, driver),
        rights_api(verifier, driver),
    )
    serve_static(application)
    return application


def open_folder(settings: VerifierSettings) -> AnchorFolder:
    """The folder of anchors of this verifier.

    Raises:
        Malformed: it is wrong now.
    """
    return AnchorFolder(settings.anchors or settings.data / ANCHORS, system.now)


def open_anchors(settings: VerifierSettings, folder: AnchorFolder | None = None) -> Callable[[], TrustAnchors]:
    """The anchors as they are at each moment.

    Raises:
        Malformed: the folder is wrong now. If it gets wrong later, the call raises Unavailable: the fault is ours.
    """
    folder = folder or open_folder(settings)
    if settings.extra_anchor is None:
        return folder.current
    certificate = read_certificate(settings.extra_anchor.read_bytes(), settings.extra_anchor.name)
    extra = TrustAnchor(certificate, Role.ISSUER, "extra anchor for tests")
    with_extra = TrustAnchors([*folder.current().anchors, extra], folder.current().identifiers)
    return lambda: with_extra
