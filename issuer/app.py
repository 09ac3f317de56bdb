"""Wiring: settings → store, keys, register → issuer → web application."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import cache, partial
from pathlib import Path

from fastapi import FastAPI

from capabilities.cockpit.erase_list import EraseList
from capabilities.cockpit.web import COCKPIT
from capabilities.status_publisher.policy import BLOCK_LIFETIME
from issuer.api.administration import administration
from issuer.api.endpoints import protocol_endpoints
from issuer.config import IssuerSettings
from issuer.credential_types import CredentialType, read_types
from issuer.database.ended_list import EndedList
from issuer.database.erased import ERASED_FORM
from issuer.database.register import SqlRegister
from issuer.database.store import SqlIssuerStore
from issuer.installation import ACCESS, ANCHORS, ENCRYPTION, ENDED, ERASED, REGISTRATIONS, SECRET, SIGNING
from issuer.policy import IssuerPolicy
from issuer.register import HttpRegister, Register
from issuer.revoked import read_revoked
from issuer.service import Issuer
from issuer.service.context import IssuerContext
from issuer.service.haip import check_ready
from issuer.service.uses import Uses
from issuer.usage import ENDED_BEFORE, By, name_of
from issuer.web.cockpit_page import cockpit_page
from issuer.web.desk import desk_pages
from issuer.web.pages import people_pages
from issuer.web.site import Site
from protocol.errors import NotTrusted
from protocol.formats import format_of
from protocol.keys import Decrypter
from protocol.trust.entitlement import is_entitled
from protocol.trust.registration import Contact
from protocol.x509 import Certificate
from runtime import system
from runtime.anchors import AnchorFolder
from runtime.asgi import add_health, create_application
from runtime.database.engine import Database
from runtime.driver import Driver
from runtime.http import GuardedSender, Sender
from runtime.installation import AUTHORITY, open_keys
from runtime.keyfolder import KeyFolder
from runtime.lasting_list import LastingList
from runtime.live import LiveStreams
from runtime.logs import get_logger
from runtime.pages import Pages, serve_static
from runtime.registrations import read_registrations
from runtime.routes import add_routes
from runtime.settings import Environment
from runtime.sweep import repeating, sweeping
from runtime.trust_lists.renewing import Renewal, renewing

SHIPPED_TYPES = Path(__file__).parent / "types"


def open_store(settings: IssuerSettings) -> SqlIssuerStore:
    """The issuer's store, brought to this program's version."""
    erased = EraseList(LastingList(settings.erased or settings.data / ERASED, ERASED_FORM))
    ended = EndedList.at(settings.ended or settings.data / ENDED)
    store = SqlIssuerStore(Database(settings.database, "issuer"), system.now, erased=erased, ended=ended)
    store.migrate()
    return store


@cache
def _shipped_types() -> Mapping[str, CredentialType]:
    """Read once: they do not change while a program runs, and where many issuers run in one, each asks."""
    return read_types(SHIPPED_TYPES)


def known_types(settings: IssuerSettings) -> dict[str, CredentialType]:
    """The credential types that are shipped, and those of the operator's own folder, which win, by id.

    An own type takes the place of a shipped one with all its forms: what it has in one form alone is issued in no other.

    Raises:
        Malformed: a file is wrong.
    """
    found = dict(_shipped_types())
    if settings.types_folder is not None:
        own = read_types(settings.types_folder)
        families = {kind.family for kind in own.values()}
        found = {name: kind for name, kind in found.items() if kind.family not in families} | own
    return found


def open_types(settings: IssuerSettings) -> dict[str, CredentialType]:
    """The credential types that this issuer issues, by id: a type stands for all its forms, the id of a form for that form.

    Raises:
        ValueError: the settings name one that is not there.
    """
    found = known_types(settings)
    if not settings.types:
        return found
    chosen: dict[str, CredentialType] = {}
    for name in settings.types:
        forms = {id_: kind for id_, kind in found.items() if name in (kind.family, id_)}
        if not forms:
            raise ValueError(f"types: there is no credential type {name}")
        chosen |= forms
    return chosen


def open_issuer(settings: IssuerSettings, store: SqlIssuerStore, folder: AnchorFolder | None = None) -> Issuer:
    """The issuer of a data folder, ready to serve. `folder`: the anchors, where somebody else renews their lists.

    Raises:
        ValueError: it shall work by HAIP 1.0, and something is missing for that; in production a type is not registered; or
            the signing certificate was not made for the format of a type.
        Malformed: the folder of trusted wallet providers is wrong, or a registration certificate is none.
    """
    keys = open_keys(settings.data, settings.key_token)
    context = IssuerContext(
        identifier=settings.public_url,
        name=tuple(settings.name.items()),
        types=open_types(settings),
        register=open_register(settings, store),
        store=store,
        signing=keys.signer(SIGNING),
        secret=keys.secret(SECRET),
        policy=IssuerPolicy(
            require_dpop=settings.require_dpop, haip=settings.haip, redirect_uris=settings.redirect_uris
        ),
        now=system.now,
        random_bytes=system.random_bytes,
        fixed_tx_code=settings.fixed_tx_code,
        automatic_login=settings.automatic_login,
        anchors=(folder or open_folder(settings)).current,
        decrypters=_decrypters(keys),
        access=keys.signer(ACCESS) if keys.has_certificate(ACCESS) else None,
        registrations=read_registrations(settings.registrations or settings.data / REGISTRATIONS),
        authority=keys.authority(AUTHORITY) if keys.has_key(AUTHORITY) else None,
        revoked=partial(read_revoked, settings.data),
        cockpit=settings.cockpit,
        privacy_policy=settings.privacy_policy,
        dpo=Contact(email=settings.dpo) if settings.dpo else None,
        registrar_url=settings.registrar_url,
    )
    check_signer(context)
    check_registrations(settings, context)
    if settings.haip:
        check_ready(context)
    return Issuer.of(context)


def open_folder(settings: IssuerSettings) -> AnchorFolder:
    """The folder of anchors of this issuer: whom it believes that wallets are genuine.

    Raises:
        Malformed: it is wrong now.
    """
    return AnchorFolder(settings.anchors or settings.data / ANCHORS, system.now)


def check_signer(context: IssuerContext) -> None:
    """Check that what is signed here can be believed in each format.

    Raises:
        ValueError: the signing certificate was not made for one of them.
    """
    for kind in context.types.values():
        try:
            format_of(kind.format).check_signer(context.signing)
        except NotTrusted as error:
            raise ValueError(
                f"{kind.id} cannot be issued, because the {error.description}; `hoheit issuer certify` makes one that is"
            ) from error


def check_registrations(settings: IssuerSettings, context: IssuerContext) -> None:
    """Hold every type against what is registered, before any wallet does; elsewhere than in production the log warns.

    An issuer that shows no registration has nothing to hold its types against.

    Raises:
        ValueError: in production one is not registered, or the registrations are of somebody else; the message says which.
    """
    own = context.registrations
    problems = [
        f"{kind.id} is not registered to be issued"
        for kind in context.types.values()
        if own and not any(is_entitled(one.says, kind.format, kind.type) for one in own)
    ]
    leaf = Certificate.from_x5c(context.identity.x5c[0])
    problems += [f"{one.file} is of another party" for one in own if one.says.identifier not in leaf.identifiers]
    if problems and settings.env is Environment.PRODUCTION:
        raise ValueError(f"beyond the registration: {'; '.join(problems)}")
    for problem in problems:
        get_logger().warning("beyond the registration", problem=problem)


def _decrypters(keys: KeyFolder) -> dict[str, Decrypter]:
    """The key that requests are encrypted to, by the name that it has in metadata; none in an older installation."""
    if not keys.has_key(ENCRYPTION):
        return {}
    key = keys.key(ENCRYPTION)
    return {key.public_key.thumbprint(): key}


def create_app(settings: IssuerSettings, *, sender: Sender | None = None) -> FastAPI:
    """The web application of an issuer. It holds connections from its start-up to its shutdown."""
    store = open_store(settings)
    guarded = sender or GuardedSender(allow_local=settings.env.allows_local)
    folder = open_folder(settings)
    issuer = open_issuer(settings, store, folder)
    uses, kinds = Uses(issuer.context), issuer.context.types.values()
    families = {kind.id: kind.family for kind in kinds}
    if count := store.end_again(now=system.now(), families=families, what=uses.decided(ENDED_BEFORE)):
        get_logger().warning("ended once more what had ended and the database did not know", count=count)
    if count := store.rights.erase_again(by=name_of(By.SERVICE, issuer.context.language), now=system.now()):
        get_logger().warning("erased once more what an old copy of the database brought back", count=count)
    renewal = Renewal(folder, system.now)
    return serve_issuer(
        issuer, store, guarded, renewal, metrics_key=settings.metrics_key, wallet_url=settings.wallet_url
    )


def serve_issuer(
    issuer: Issuer,
    store: SqlIssuerStore,
    sender: Sender,
    renewal: Renewal | None = None,
    *,
    metrics_key: str = "",
    wallet_url: str = "",
) -> FastAPI:
    """The web application around an issuer; at its shutdown it closes the store. `renewal`: of the lists that it follows."""
    driver = Driver(store, sender, loads_in_thread=not store.database.is_sqlite)

    def sweep(limit: int) -> int:
        now = issuer.context.now()
        return store.sweep(before=now - 2 * BLOCK_LIFETIME, now=now, limit=limit)

    def check() -> None:
        store.database.check()
        if renewal is not None:
            renewal.check_tried()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(sweeping(driver, sweep))
            await stack.enter_async_context(repeating(driver, issuer.watch.look, name="wallet check"))
            await stack.enter_async_context(repeating(driver, issuer.changes.look, name="register changes"))
            await stack.enter_async_context(repeating(driver, issuer.usage.append, name="usage log"))
            await stack.enter_async_context(repeating(driver, issuer.mandates.deliver, name="mandates"))
            if renewal is not None:
                await stack.enter_async_context(renewing(driver, renewal))
            yield
        driver.close()
        store.database.dispose()

    identifier = issuer.context.identifier
    pages = Pages(Path(__file__).parent, COCKPIT, public_url=identifier, secret=issuer.context.secret)
    site = Site(issuer, driver, pages, LiveStreams(), wallet_url)
    application = create_application(
        title="Hoheit issuer",
        secure=identifier.startswith("https://"),
        lifespan=lifespan,
        endpoints=protocol_endpoints(issuer, driver),
        error_page=site.trouble,
    )
    application.state.issuer = issuer
    application.state.driver = driver
    add_routes(
        application,
        administration(issuer, driver),
        people_pages(site),
        cockpit_page(site),
        desk_pages(site),
    )
    serve_static(application)
    add_health(application, driver, check, metrics_key=metrics_key)
    return application


def open_register(settings: IssuerSettings, store: SqlIssuerStore) -> Register:
    """The register that an issuer draws from. A database of its own is brought to this program's version, as the store is.

    Raises:
        ValueError: that is needed, and this user may not change it.
        DatabaseTooNewError: it is of a newer version.
        Unavailable: it is away.
    """
    if settings.register_kind == "http":
        return HttpRegister(settings.register_url, settings.register_key)
    if settings.register_url:
        register = SqlRegister(Database(settings.register_url, "issuer"))
        register.migrate()
        return register
    return SqlRegister(store.database)
