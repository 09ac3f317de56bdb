"""Our issuer, our verifier and our wallet: real services on ports of their own, joined by real connections."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx2

from capabilities.accounts.service import new_clerk_code
from hoheit.demo.places import PEOPLE
from issuer.app import SHIPPED_TYPES, known_types, open_issuer, serve_issuer
from issuer.app import open_store as open_issuer_store
from issuer.config import IssuerSettings
from issuer.database.register import SqlRegister
from issuer.installation import NewIssuer, set_up_issuer
from issuer.people import read_people
from issuer.service import Issuer
from protocol.encoding import JsonObject, JsonValue, read_json_object
from protocol.exchange import HttpRequest, HttpResponse
from protocol.fields import Fields
from protocol.trust.anchors import Role
from runtime import system
from runtime.anchors import write_anchor
from runtime.api_keys import new_api_key
from runtime.http import GuardedSender, Sender
from runtime.key_token import TokenAccess
from runtime.serve import Listen, running
from tests.support.ports import free_port
from verifier.app import SHIPPED_USE_CASES
from verifier.app import create_app as create_verifier
from verifier.app import open_store as open_verifier_store
from verifier.config import VerifierSettings
from verifier.installation import ANCHORS, NewVerifier, set_up_verifier
from wallet.app import create_wallet, open_wallet
from wallet.config import WalletSettings
from wallet.records import HeldCredential
from wallet.service.given import Shared
from wallet.service.opened import OpenWallet
from wallet.vault.passphrase import KeyDerivation

PASSPHRASE = "a passphrase for tests"
QUICK = KeyDerivation(2, 19 << 20)
CITIZEN = "erika"
CLERK = "Frau Beck"
CARD_DOCTYPE = "org.example.card.1"
TRUST_LIST = "the trust list of the tests"

# A status list is never kept, so the next answer after a revocation sees it
STRICT_USE_CASE = """\
id = "over-18-now"
max_status_age_seconds = 0

[title]
en = "Are you over 18?"

[purpose]
en = "We look up your card every time."

[query]
credentials = [
  { id = "pid", format = "dc+sd-jwt", meta = { vct_values = ["urn:eudi:pid:1"] }, claims = [
    { path = ["age_equal_or_over", "18"], values = [true] },
  ] },
]
"""

STRICT_MDOC_USE_CASE = f"""\
id = "card-now"
max_status_age_seconds = 0

[title]
en = "Are you over 18?"

[purpose]
en = "We look up your card every time."

[query]
credentials = [
  {{ id = "card", format = "mso_mdoc", meta = {{ doctype_value = "{CARD_DOCTYPE}" }}, claims = [
    {{ path = ["{CARD_DOCTYPE}", "age_over_18"], values = [true] }},
  ] }},
]
"""

NO_MORE: Mapping[str, str] = {}


@dataclass(slots=True)
class Clock:
    """The time of this machine, which can be put forward."""

    ahead: int = 0  # seconds

    def __call__(self) -> int:
        return system.now() + self.ahead


@dataclass(slots=True)
class Tap:
    """The wallet's real sender; what went through it can be read afterwards."""

    sender: GuardedSender
    seen: list[HttpRequest] = field(default_factory=list)

    async def send(self, request: HttpRequest) -> HttpResponse:
        self.seen.append(request)
        return await self.sender.send(request)

    def sent_to(self, path: str) -> list[HttpRequest]:
        """What was sent to addresses that end so."""
        return [request for request in self.seen if request.url.endswith(path)]


@dataclass(frozen=True, slots=True)
class Api:
    """The API of a service, used with a good key."""

    address: str
    client: httpx2.Client

    def post(self, path: str, **body: JsonValue) -> JsonObject:
        """Post and read the answer, which must be a success."""
        answer = self.client.post(self.address + path, json=body)
        answer.raise_for_status()
        return read_json_object(answer.content, "answer")

    def get(self, path: str, **query: str) -> httpx2.Response:
        """Get, whatever comes."""
        return self.client.get(self.address + path, params=query)


@dataclass(frozen=True, slots=True)
class Services:
    """The issuer and the verifier, up and reachable."""

    clock: Clock  # of the issuer, and of wallets; put forward only, since an issuer's time never runs back
    issuer: Api
    verifier: Api
    anchors: Path  # whom wallets trust
    clerk_code: str  # lets a clerk in at the issuer's desk


@dataclass(frozen=True, slots=True)
class Parties:
    """Everybody who takes part in a conversation."""

    clock: Clock
    issuer: Api
    verifier: Api
    wallet: OpenWallet
    tap: Tap

    def offer(
        self,
        *configuration_ids: str,
        grant: str = "pre-authorized_code",
        tx_code: bool = True,
        subject: str = CITIZEN,
    ) -> JsonObject:
        """An offer for the citizen, or for another person, by reference."""
        return self.issuer.post(
            "/api/offers",
            credential_configuration_ids=[*configuration_ids],
            subject=subject,
            grant=grant,
            tx_code=tx_code,
            by_reference=True,
        )

    def receive(self, *configuration_ids: str, subject: str = CITIZEN) -> tuple[HeldCredential, ...]:
        """The citizen, or another person, takes an offer with its transaction code, and keeps what comes."""
        receiving, run = self.wallet.wallet.receiving, self.wallet.run
        offer = Fields(self.offer(*configuration_ids, subject=subject), "offer")
        seen = run(receiving.look(offer.text("uri")))
        pending = run(receiving.take(seen, offer.text("tx_code")))
        return run(receiving.keep(run(receiving.fetch(pending, seen.contact))))

    def share(self, link: str) -> Shared:
        """The citizen agrees to what a link asks for."""
        presenting, run = self.wallet.wallet.presenting, self.wallet.run
        asked = run(presenting.look(link))
        return run(presenting.share(asked, asked.default_choice()))

    def verdict(self, request: JsonObject, response_code: str = "") -> JsonObject:
        """What the partner's program is told about a request."""
        answer = self.verifier.get(f"/api/requests/{request['id']}", response_code=response_code)
        answer.raise_for_status()
        return read_json_object(answer.content, "verdict")


@contextmanager
def serving(
    folder: Path,
    database_url: str,
    *,
    redirect_uris: tuple[str, ...] = (),
    use_cases: Mapping[str, str] = NO_MORE,
    token: TokenAccess | None = None,
    relay: bool = False,
    partner_sender: Sender | None = None,
) -> Iterator[Services]:
    """Set up an issuer and a verifier, and serve while the block lasts; HOHEIT_ENV must be test.

    `redirect_uris`: of wallets that log in and are served; `use_cases`: more of them, name of the file → its text;
    `token`: where keys live; `relay`: whether the verifier is one; `partner_sender`: the verifier's way to the network.
    """
    clock, anchors = Clock(), folder / "anchors"
    with (
        _issuer(folder, _own_database(database_url, "issuer"), clock, redirect_uris, token) as (issuer, clerk_code),
        _verifier(
            folder, _own_database(database_url, "verifier"), use_cases, token, relay=relay, sender=partner_sender
        ) as verifier,
    ):
        yield Services(clock, issuer, verifier, anchors, clerk_code)


@contextmanager
def with_new_wallet(services: Services, folder: Path) -> Iterator[Parties]:
    """Open an empty wallet that knows the services, while the block lasts."""
    tap = Tap(GuardedSender(allow_local=True))
    settings = WalletSettings(data=folder / "wallet", anchors=services.anchors, language="en")
    create_wallet(settings, PASSPHRASE, QUICK)
    with open_wallet(settings, PASSPHRASE, tap, now=services.clock) as wallet:
        yield Parties(services.clock, services.issuer, services.verifier, wallet, tap)


def _own_database(url: str, role: str) -> str:
    """Each role has its own file on SQLite; on PostgreSQL its own schema, which it makes by itself."""
    return url.replace("hoheit.db", f"{role}.db")


@contextmanager
def _issuer(
    folder: Path, database_url: str, clock: Clock, redirect_uris: tuple[str, ...], token: TokenAccess | None
) -> Iterator[tuple[Api, str]]:
    port, data = free_port(), folder / "issuer"
    address = f"http://localhost:{port}"
    acting = ("representation-parent", "representation-guardian", "representation-employee")
    issued = ("pid", "residence", "card", "mdl", "diploma", *acting)
    types = _card(folder / "types")
    new = NewIssuer(
        data,
        address,
        (("en", "City office"),),
        issued,
        types_folder=str(types),
        database_url=database_url,
        token=token,
    )
    authority = set_up_issuer(new, now=system.now(), random_bytes=system.random_bytes)
    for anchors in (folder / "verifier" / ANCHORS, folder / "anchors"):
        write_anchor(anchors, "issuer.pem", authority, role=Role.ISSUER, name=TRUST_LIST)
    settings = IssuerSettings.read(data).model_copy(update={"redirect_uris": redirect_uris})
    store = open_issuer_store(settings)
    SqlRegister(store.database).put(read_people(PEOPLE.read_bytes(), known_types(settings).values()))
    key, record = new_api_key("tests", now=system.now(), random_bytes=system.random_bytes)
    store.api_keys.put(record)
    clerk_code, code_record = new_clerk_code(CLERK, now=system.now(), random_bytes=system.random_bytes)
    store.clerk_codes.put(code_record)
    issuer = Issuer.of(replace(open_issuer(settings, store).context, now=clock))
    app = serve_issuer(issuer, store, GuardedSender(allow_local=True))
    with running(app, Listen(port=port)), _client(key) as client:
        yield Api(address, client), clerk_code


def _card(folder: Path) -> Path:
    """A folder with the identity card by another name, in both forms."""
    folder.mkdir()
    text = (SHIPPED_TYPES / "pid.toml").read_text(encoding="utf-8")
    text = text.replace('id = "pid"', 'id = "card"').replace("urn:eudi:pid:1", "urn:example:card:1")
    text = text.replace('doctype = "eu.europa.ec.eudi.pid.1"', f'doctype = "{CARD_DOCTYPE}"')
    (folder / "card.toml").write_text(text, encoding="utf-8")
    (folder / "pid.svg").write_bytes((SHIPPED_TYPES / "pid.svg").read_bytes())
    return folder


@contextmanager
def _verifier(
    folder: Path,
    database_url: str,
    use_cases: Mapping[str, str],
    token: TokenAccess | None,
    *,
    relay: bool,
    sender: Sender | None,
) -> Iterator[Api]:
    port, data = free_port(), folder / "verifier"
    address = f"http://localhost:{port}"
    new = NewVerifier(data, address, (("en", "Cinema"),), database_url=database_url, token=token)
    authority = set_up_verifier(new, now=system.now(), random_bytes=system.random_bytes)
    write_anchor(folder / "anchors", "verifier.pem", authority, role=Role.VERIFIER, name=TRUST_LIST)
    cases = folder / "use-cases"
    cases.mkdir()
    licence = (SHIPPED_USE_CASES / "driving-licence.toml").read_text(encoding="utf-8")
    lorry = licence.replace('id = "driving-licence"', 'id = "lorry"').replace('code = "B"', 'code = "C"')
    always = {"over-18-now.toml": STRICT_USE_CASE, "card-now.toml": STRICT_MDOC_USE_CASE, "lorry.toml": lorry}
    for name, text in {**always, **use_cases}.items():
        (cases / name).write_text(text)
    settings = VerifierSettings.read(data).model_copy(update={"use_cases_folder": cases, "relay": relay})
    store = open_verifier_store(settings)
    key, record = new_api_key("tests", now=system.now(), random_bytes=system.random_bytes)
    store.api_keys.put(record)
    store.database.dispose()
    with running(create_verifier(settings, sender=sender), Listen(port=port)), _client(key) as client:
        yield Api(address, client)


def _client(key: str) -> httpx2.Client:
    return httpx2.Client(headers={"authorization": f"Bearer {key}"}, trust_env=False, timeout=10)
