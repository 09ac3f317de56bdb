"""Sets up a land, as its founders would: folders, keys, registrations, and who trusts whom."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from capabilities.registration.uses import Use
from hoheit.demo.places import PEOPLE
from hoheit.registering import LocalRegister, Signboard, open_register
from issuer.app import known_types, open_issuer, serve_issuer
from issuer.app import open_store as open_issuer_store
from issuer.config import IssuerSettings
from issuer.database.register import SqlRegister
from issuer.installation import NewIssuer, set_up_issuer
from issuer.people import read_people
from issuer.service import Issuer
from protocol.encoding import JsonObject
from protocol.sovereignty.service import Service
from registrar.app import make_application as make_registrar_application
from registrar.app import nothing_runs, open_registrar
from registrar.app import open_store as open_registrar_store
from registrar.config import RegistrarSettings
from registrar.installation import LISTS_FILE, NewRegistrar, set_up_registrar
from registrar.service import Registrar
from runtime import system
from runtime.anchors import AnchorFolder, write_list_of_lists
from runtime.asgi import add_health
from runtime.driver import Driver
from runtime.trust_lists.renewing import Renewal
from tests.flows.land import AGENCY, BANK, LIBRARY, REGISTER, Land, Partner
from tests.flows.network import Network
from tests.flows.parties import Clock
from verifier.app import make_application as make_verifier_application
from verifier.app import open_store as open_verifier_store
from verifier.app import open_verifier
from verifier.config import VerifierSettings
from verifier.database.store import SqlVerifierStore
from verifier.installation import ANCHORS, NewVerifier, set_up_verifier
from verifier.service import Verifier

People = Callable[[dict[str, JsonObject]], dict[str, JsonObject]]

METRICS_KEY = "a key for the metrics of the tests"
ASK_NAME = """\
id = "name"
legal_basis = "contract"
retention = "P30D"

[title]
en = "What is your name?"

[purpose]
en = "We write it on your card."

[query]
credentials = [
  { id = "pid", format = "dc+sd-jwt", meta = { vct_values = ["urn:eudi:pid:1"] }, claims = [
    { path = ["given_name"] },
    { path = ["family_name"] },
  ] },
]
"""


@contextmanager
def land(
    folder: Path,
    *,
    use_cases: Sequence[str] = (ASK_NAME,),
    services: Callable[[str], dict[str, str]] = lambda _: {},
    announced: Callable[[VerifierSettings], Sequence[Service]] = lambda _: (),
    narrowed: Callable[[Use], Use] = lambda use: use,
    people: People = lambda known: known,
    clock: Clock | None = None,
) -> Iterator[Land]:
    """Set everybody up; HOHEIT_ENV must be test. `services`: of a partner, name of the file → its text.

    `people`: what the agency's register has, out of the people of the demo.
    """
    clock, network, now, random_bytes = clock or Clock(), Network(), system.now(), system.random_bytes
    data = {name: folder / name for name in ("register", "agency", "library", "bank")}
    set_up_registrar(
        NewRegistrar(
            data["register"], REGISTER, (("en", "Register"),), "NTRDE-HRA 99", "post@register.example", "+49 30 99",
            ("Lindenweg 9", "Lindenau", "01234"),
        ),
        now=now, random_bytes=random_bytes,
    )  # fmt: skip
    set_up_issuer(
        NewIssuer(data["agency"], AGENCY, (("en", "City office"),), ("pid", "residence")),
        now=now,
        random_bytes=random_bytes,
    )
    own = folder / "use-cases"
    own.mkdir()
    for number, text in enumerate(use_cases):
        (own / f"{number}.toml").write_text(text)
    for address, name in ((LIBRARY, "library"), (BANK, "bank")):
        set_up_verifier(
            NewVerifier(
                data[name], address, (("en", name.capitalize()),), use_cases_folder=str(own), own_use_cases_only=True
            ),
            now=now,
            random_bytes=random_bytes,
        )
        for file, text in services(name).items():
            (data[name] / "services").mkdir(exist_ok=True)
            (data[name] / "services" / file).write_text(text)
    for name in ("agency", "library", "bank"):
        lists = (data["register"] / LISTS_FILE).read_bytes()
        write_list_of_lists(data[name] / ANCHORS, f"{REGISTER}/lists/registrars", lists)
    with open_register(RegistrarSettings.read(data["register"])) as office:
        _register(office, data, narrowed, announced)
    made = _open(folder, data, clock, network, people)
    try:
        yield made
    finally:
        for partner in made.partners.values():
            partner.close()
        for driver, store in (
            (made.issuer_driver, made.issuer_store),
            (made.registrar_driver, made.registrar_store),
        ):
            driver.close()
            store.database.dispose()


def _register(
    office: LocalRegister,
    data: dict[str, Path],
    narrowed: Callable[[Use], Use],
    announced: Callable[[VerifierSettings], Sequence[Service]],
) -> None:
    office.take_in_issuer(
        IssuerSettings.read(data["agency"]),
        Signboard("NTRDE-HRA 1", "post@agency.example", public_body=True),
        ("PID_Provider", "PUB_EAA_Provider"),
    )
    for number, name in enumerate(("library", "bank")):
        settings = VerifierSettings.read(data[name])
        office.take_in_verifier(
            settings, Signboard(f"NTRDE-HRB {number + 1}", f"post@{name}.example"), narrowed=narrowed
        )
        office.announce(settings, announced(settings))


def _open(folder: Path, data: dict[str, Path], clock: Clock, network: Network, people: People) -> Land:
    registrar_settings = RegistrarSettings.read(data["register"])
    registrar_store = open_registrar_store(registrar_settings)
    registrar = Registrar.of(replace(open_registrar(registrar_settings, registrar_store).context, now=clock))
    registrar_driver = Driver(registrar_store, network.of("register"))
    application = make_registrar_application(registrar, registrar_driver)
    add_health(application, registrar_driver, registrar_store.database.check, metrics_key=METRICS_KEY)
    network.hosts[urlsplit(REGISTER).netloc] = application

    settings = IssuerSettings.read(data["agency"]).model_copy(update={"registrar_url": REGISTER})
    issuer_store = open_issuer_store(settings)
    known = read_people(PEOPLE.read_bytes(), known_types(settings).values())
    SqlRegister(issuer_store.database).put(people(known))
    folder_of_issuer = AnchorFolder(settings.data / ANCHORS, clock)
    issuer = Issuer.of(replace(open_issuer(settings, issuer_store, folder_of_issuer).context, now=clock))
    agency = serve_issuer(issuer, issuer_store, network.of("agency"), metrics_key=METRICS_KEY)
    network.hosts[urlsplit(AGENCY).netloc] = agency
    asyncio.run(agency.state.driver.run(Renewal(folder_of_issuer, clock).when_due()))
    made = Land(
        folder, clock, network, registrar, registrar_store, registrar_driver, issuer, issuer_store,
        agency.state.driver, {},
    )  # fmt: skip
    for address, name in ((LIBRARY, "library"), (BANK, "bank")):
        made.partners[address] = open_partner(made, VerifierSettings.read(data[name]))
        network.hosts[urlsplit(address).netloc] = made.partners[address].application
    return made


def open_partner(land: Land, settings: VerifierSettings) -> Partner:
    """The verifier of a data folder, served."""
    store = SqlVerifierStore(open_verifier_store(settings).database, land.clock)
    folder = AnchorFolder(settings.data / ANCHORS, land.clock)
    driver = Driver(store, land.network.of(settings.data.name))
    asyncio.run(driver.run(Renewal(folder, land.clock).when_due()))
    context = replace(open_verifier(settings, store, folder).context, now=land.clock)
    verifier = Verifier.of(context)
    application = make_verifier_application(verifier, driver, nothing_runs)
    add_health(application, driver, store.database.check, metrics_key=METRICS_KEY)
    return Partner(land, settings, store, verifier, driver, application)
