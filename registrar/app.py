"""Wiring: settings → store, keys → registrar → web application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from starlette.types import Lifespan

from capabilities.registration.party import Seat
from capabilities.status_publisher.policy import BLOCK_LIFETIME
from protocol.x509 import Certificate
from registrar.api.applicants import applicant_api
from registrar.api.endpoints import public_endpoints
from registrar.api.operators import operator_api
from registrar.api.services import service_api
from registrar.config import RegistrarSettings
from registrar.database.ended_list import EndedCertificates
from registrar.database.store import SqlRegistrarStore
from registrar.installation import ACCESS_AUTHORITY, ENDED, LISTS, REGISTRATIONS, SECRET
from registrar.records import Operator
from registrar.service import Registrar
from registrar.service.context import RegistrarContext
from registrar.web.application import application_pages
from registrar.web.applying import applying_pages
from registrar.web.offering import offering_pages
from registrar.web.operator import operator_pages
from registrar.web.public import public_pages
from registrar.web.services import service_pages
from registrar.web.site import Site
from registrar.witnessing import EVERY, witnessing
from runtime import system
from runtime.asgi import add_health, create_application
from runtime.database.engine import Database
from runtime.driver import Driver
from runtime.http import GuardedSender
from runtime.installation import AUTHORITY, open_keys
from runtime.live import LiveStreams
from runtime.logs import get_logger
from runtime.pages import Pages, serve_static
from runtime.routes import add_routes
from runtime.sweep import sweeping


def open_store(settings: RegistrarSettings) -> SqlRegistrarStore:
    """The registrar's store, brought to this program's version."""
    ended = EndedCertificates.at(settings.ended or settings.data / ENDED)
    store = SqlRegistrarStore(Database(settings.database, "registrar"), system.now, ended)
    store.migrate()
    return store


def operator_of(settings: RegistrarSettings) -> Operator:
    """Who keeps the register, as settings say."""
    seat = settings.seat
    return Operator(
        name=tuple(settings.name.items()),
        identifier=settings.identifier,
        country=settings.country,
        email=settings.email,
        phone=settings.phone,
        seat=Seat(seat.street, seat.locality, seat.postal_code),
    )


def open_registrar(settings: RegistrarSettings, store: SqlRegistrarStore) -> Registrar:
    """The registrar of a data folder, ready to serve."""
    keys = open_keys(settings.data, settings.key_token)
    return Registrar.of(
        RegistrarContext(
            url=settings.public_url,
            operator=operator_of(settings),
            store=store,
            access_authority=keys.authority(ACCESS_AUTHORITY),
            authority=Certificate.from_der(keys.authority(AUTHORITY).to_der()),
            registrations=keys.signer(REGISTRATIONS),
            lists=keys.signer(LISTS),
            secret=keys.secret(SECRET),
            now=system.now,
            random_bytes=system.random_bytes,
        )
    )


def create_app(settings: RegistrarSettings) -> FastAPI:
    """The web application of a registrar. It holds connections from its start-up to its shutdown."""
    store = open_store(settings)
    if count := store.end_again(now=system.now()):
        get_logger().warning("ended once more what had ended and the database did not know", count=count)
    registrar = open_registrar(settings, store)
    # A registrar calls nobody but the cockpits of its partners
    sender = GuardedSender(allow_local=settings.env.allows_local)
    driver = Driver(store, sender, loads_in_thread=not store.database.is_sqlite)

    def sweep(limit: int) -> int:
        now = registrar.context.now()
        return store.sweep(before=now - 2 * BLOCK_LIFETIME, now=now, limit=limit)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        worker = registrar.context.new_id()
        async with sweeping(driver, sweep), witnessing(driver, registrar.witness, worker, every=EVERY):
            yield
        driver.close()
        store.database.dispose()

    application = make_application(registrar, driver, lifespan)
    add_health(application, driver, store.database.check, metrics_key=settings.metrics_key)
    return application


@asynccontextmanager
async def nothing_runs(_: FastAPI) -> AsyncIterator[None]:
    """The life of an application that is called in the same process, and has nothing of its own to start or to end."""
    yield


def make_application(registrar: Registrar, driver: Driver, lifespan: Lifespan[FastAPI] = nothing_runs) -> FastAPI:
    """Everything that a registrar answers to: anybody, applicants and operators."""
    pages = Pages(Path(__file__).parent, public_url=registrar.context.url, secret=registrar.context.secret)
    site = Site(registrar, driver, pages, LiveStreams())
    application = create_application(
        title="Hoheit registrar",
        secure=registrar.context.url.startswith("https://"),
        lifespan=lifespan,
        endpoints=public_endpoints(registrar, driver),
        error_page=site.trouble,
    )
    application.state.registrar = registrar
    application.state.driver = driver
    add_routes(
        application,
        operator_api(registrar, driver),
        service_api(registrar, driver),
        applicant_api(registrar, driver),
        public_pages(site),
        applying_pages(site),
        application_pages(site),
        offering_pages(site),
        service_pages(site),
        operator_pages(site),
    )
    serve_static(application)
    return application
