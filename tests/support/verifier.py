"""A verifier to test with, on any store, with a clock that moves when it is told to; and a very small wallet."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

import httpx2
from fastapi import FastAPI

from protocol.credential import ClaimPath
from protocol.dcql.match import Candidate, match_query
from protocol.encoding import JsonObject, encode_json
from protocol.errors import NotFound, Unreachable
from protocol.exchange import Exchange, HttpRequest, HttpResponse
from protocol.formats import FORMATS, Issuance, IssuerSigner
from protocol.holder_binding import KeyBinding
from protocol.keys import P256Key
from protocol.oid4vp.answer import Delivery, RequestPolicy, fetch_request, send_answer, wallet_metadata
from protocol.oid4vp.client_id import Prefix
from protocol.oid4vp.dc_api import PageRequest, answer_data
from protocol.oid4vp.dc_api_object import VerifiedDcApiRequest, verify_page_request
from protocol.oid4vp.link import PlainRequest, read_link
from protocol.oid4vp.request import AuthorizationRequest, Question
from protocol.oid4vp.request_object import ExpectedRequest, verify_request_object
from protocol.oid4vp.response import AuthorizationResponse, ResponseAccepted
from protocol.sdjwt.issue import Frame
from protocol.sdjwt.present import PresentableSdJwt
from protocol.sdjwt.token import SdJwt
from protocol.trust.anchors import Role, TrustAnchors, TrustedIdentifier
from runtime.api_keys import api_key_digest, new_api_key
from runtime.conversation import Load, SessionKey
from runtime.database.engine import Database
from runtime.driver import Driver, drive
from runtime.http import InProcessSender, Sender
from runtime.seal import Sealer
from tests.support.migrated import migrate_quickly
from tests.support.pki import DAY, NOW, Pki, Template, make_pki, seeded, seeded_key
from verifier.app import make_application, with_questions
from verifier.database.store import SqlVerifierStore
from verifier.policy import Lifetimes
from verifier.service import Verifier
from verifier.service.context import VerifierContext
from verifier.service.requests import MadeRequest, RequestOrder
from verifier.service.results import Result
from verifier.session import REQUEST
from verifier.use_case import UseCase

HOST = "library.example"
IDENTIFIER = f"https://{HOST}"
PID = "urn:eudi:pid:1"
STATUS_URI = "https://agency.example/status/1"
CLAIMS: JsonObject = {"given_name": "Erika", "family_name": "Mustermann", "age_equal_or_over": {"18": True}}
DISCLOSABLE: tuple[ClaimPath, ...] = (
    ("given_name",),
    ("family_name",),
    ("age_equal_or_over",),
    ("age_equal_or_over", "18"),
)
QUERY: JsonObject = {
    "credentials": [
        {"id": "pid", "format": "dc+sd-jwt", "meta": {"vct_values": [PID]}, "claims": [{"path": ["family_name"]}]}
    ]
}
USE_CASE = """
id = "family-name"
[title]
en = "What is your name?"
de = "Wie heißen Sie?"
[purpose]
en = "We write it on your card."
de = "Wir schreiben ihn auf Ihre Karte."
[query]
credentials = [
  { id = "pid", format = "dc+sd-jwt", meta = { vct_values = ["urn:eudi:pid:1"] }, claims = [{ path = ["family_name"] }] },
]
"""

T = TypeVar("T")


@dataclass(slots=True)
class Clock:
    """The time, which moves when it is told to."""

    now: int = NOW

    def __call__(self) -> int:
        return self.now

    def forward(self, seconds: int) -> None:
        """Let time pass."""
        self.now += seconds


@dataclass(slots=True)
class Addresses:
    """A network of a few addresses, each with its answer; whatever else is called cannot be reached."""

    answers: dict[str, HttpResponse] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Answer one request."""
        self.calls.append(request.url)
        if request.url not in self.answers:
            raise Unreachable("nobody is there")
        return self.answers[request.url]


@dataclass(slots=True)
class Counter:
    """A verifier with its store, network, clock and web application, and the access certificate that it asks with."""

    verifier: Verifier
    store: SqlVerifierStore
    driver: Driver
    network: Addresses
    clock: Clock
    access: Pki
    api_key: str
    _app: FastAPI | None = None

    @property
    def app(self) -> FastAPI:
        """The web application, made when somebody wants it: most tests of services do not, and it takes longer than they do."""
        if self._app is None:
            self._app = make_application(self.verifier, self.driver, _lifespan)
        return self._app

    def run(self, exchange: Exchange[T]) -> T:
        """Drive an exchange of the verifier's, in this thread."""
        return drive(exchange, self.store, self.network)

    @property
    def owner(self) -> str:
        """Whom requests of the good key belong to."""
        return api_key_digest(self.api_key)

    def ask(self, **order: Any) -> MadeRequest:
        """Make a request by the service: the use case `family-name` for the good key, if `order` says nothing else."""
        order = {"use_case": "family-name", "query": None, "owner": self.owner, **order}
        return self.run(self.verifier.requests.make(RequestOrder(**order)))

    def receive(self, made: MadeRequest, form: Mapping[str, str]) -> ResponseAccepted:
        """Hand a wallet's answer to the service."""
        return self.run(self.verifier.answers.receive(reference_of(made), form))

    def result(self, made: MadeRequest, response_code: str = "") -> Result:
        """How a request of the good key stands."""
        return self.run(self.verifier.answers.result(made.id, self.owner, response_code))

    def stage(self, made: MadeRequest) -> object:
        """What the store holds of a request."""
        return self.store.load(Load(SessionKey.of(REQUEST, made.id), NotFound("no such request")))

    def http(self, method: str, path: str, **how: object) -> httpx2.Response:
        """Call the web application; `how` is httpx2's."""
        return asyncio.run(self.call(method, path, **how))

    async def call(self, method: str, path: str, **how: object) -> httpx2.Response:
        """The same within an event loop."""
        transport = httpx2.ASGITransport(app=self.app)
        async with httpx2.AsyncClient(transport=transport, base_url=IDENTIFIER) as client:
            return await client.request(method, path, **how)  # type: ignore[arg-type]  # handed on as it is

    def api(self, method: str, path: str, **how: object) -> httpx2.Response:
        """Call the API with a good key."""
        return self.http(method, path, headers={"authorization": f"Bearer {self.api_key}"}, **how)

    def new_api_key(self, name: str = "shop") -> str:
        """One more key of the API."""
        key, kept = new_api_key(name, now=self.clock.now, random_bytes=self.verifier.context.random_bytes)
        self.store.api_keys.put(kept)
        return key

    def publish_did(self) -> None:
        """Put the verifier's DID document where wallets look for it."""
        document = encode_json(self.verifier.context.did_document())
        headers = (("content-type", "application/json"),)
        self.network.answers[f"{IDENTIFIER}/.well-known/did.json"] = HttpResponse(200, headers, document)

    @property
    def wallet_anchors(self) -> TrustAnchors:
        """What a wallet has to believe to answer this verifier, by whatever prefix it asks."""
        context = self.verifier.context
        return TrustAnchors([self.access.anchor], [TrustedIdentifier(context.did, Role.VERIFIER, "City library")])

    def close(self) -> None:
        """Give back threads and connections."""
        self.driver.close()
        self.store.database.dispose()


@cache
def access_pki(identifier: str = IDENTIFIER) -> Pki:
    """The access certificate of a verifier."""
    leaf = Template(common_name="City library", dns_names=(urlsplit(identifier).hostname or "",), uris=(identifier,))
    return make_pki(leaf, role=Role.VERIFIER, key=seeded_key(5))


def make_verifier(
    database_url: str,
    anchors: TrustAnchors | Callable[[], TrustAnchors],
    *,
    use_cases: Sequence[str] = (USE_CASE,),
    lifetimes: Lifetimes | None = None,
    clock: Clock | None = None,
    network: Addresses | None = None,
    identifier: str = IDENTIFIER,
    wallet_url: str = "",
    seed: int = 7,
    access: Pki | None = None,
    **changes: Any,
) -> Counter:
    """A verifier of the host `library.example`; a second one with the same database and another seed is a second worker."""
    clock = clock or Clock()
    network = network or Addresses()
    store = SqlVerifierStore(Database(database_url, "verifier"), clock)
    migrate_quickly(store)
    # What all workers of one verifier share is the same; what they draw is not
    access = access or access_pki(identifier)
    shared = seeded(3)
    cases = [UseCase.from_toml(text, "use case") for text in use_cases]
    context = VerifierContext(
        identifier=identifier,
        name=(("de", "Stadtbücherei"), ("en", "City library")),
        use_cases=with_questions({case.id: case for case in cases}, changes.get("services", {})),
        anchors=anchors if callable(anchors) else lambda: anchors,
        store=store,
        signing=IssuerSigner(access.signer, access.x5c),
        sealer=Sealer(shared(32)),
        secret=shared(32),
        lifetimes=lifetimes or Lifetimes(),
        now=clock,
        random_bytes=seeded(seed),
        wallet_url=wallet_url,
    )
    context = replace(context, **changes)
    verifier = Verifier.of(context)
    driver = Driver(store, network)
    counter = Counter(verifier, store, driver, network, clock, access, "")
    counter.api_key = counter.new_api_key("library desk")
    return counter


@asynccontextmanager
async def _lifespan(_: FastAPI):
    yield


@dataclass(frozen=True, slots=True)
class Held:
    """A credential in the small wallet, with the key that it is bound to."""

    raw: str
    holder: P256Key

    @property
    def presentable(self) -> PresentableSdJwt:
        """Made ready to present parts of it."""
        return PresentableSdJwt.of(SdJwt.from_text(self.raw))


def issue_held(
    pki: Pki,
    claims: JsonObject = CLAIMS,
    *,
    vct: str = PID,
    holder: P256Key | None = None,
    disclosable: Sequence[ClaimPath] = DISCLOSABLE,
    status_index: int | None = None,
    expires_at: int = NOW + 30 * DAY,
    seed: int = 11,
) -> Held:
    """A credential as an issuer hands it to the wallet."""
    holder = holder or seeded_key(12)
    status: JsonObject | None = None
    if status_index is not None:
        status = {"status_list": {"idx": status_index, "uri": STATUS_URI}}
    issuance = Issuance(
        type=vct,
        claims=claims,
        frame=Frame.of(disclosable),
        holder_key=holder.public_key,
        issued_at=NOW - DAY,
        expires_at=expires_at,
        status=status,
    )
    raw = FORMATS["dc+sd-jwt"].issue(issuance, IssuerSigner(pki.signer, pki.x5c), seeded(seed))
    return Held(raw, holder)


def request_of(counter: Counter, made: MadeRequest) -> AuthorizationRequest:
    """What a wallet reads out of a request's link, through the verifier's service, verified as wallets do it."""
    link = read_link(made.uri)
    if isinstance(link, PlainRequest):
        return link.request
    text = counter.run(counter.verifier.requests.open(reference_of(made), None))
    expected = ExpectedRequest(link.client_id)
    verified = counter.run(verify_request_object(text, expected, anchors=counter.wallet_anchors, now=counter.clock.now))
    return verified.request


def reference_of(made: MadeRequest) -> str:
    """The secret part of a request's addresses."""
    return urlsplit(made.qr_svg).path.split("/")[2]


def present(request: Question, held: Held, *, now: int = NOW, query_id: str = "pid", **other: str) -> str:
    """A presentation of what one credential query asks for; `other` overrules parts of the key binding."""
    presentable = held.presentable
    vct = presentable.claims["vct"]
    candidate = Candidate("held", "dc+sd-jwt", str(vct), presentable.claims, (), holder_bound=True)
    [match] = match_query(request.dcql_query, [candidate]).matches[query_id]
    binding = KeyBinding(held.holder, other.get("audience", request.audience), other.get("nonce", request.nonce), now)
    return presentable.present(match.paths, binding)


def answer_form(
    request: AuthorizationRequest, vp_token: Mapping[str, Sequence[str]], *, seed: int = 13
) -> dict[str, str]:
    """The form that a wallet posts, clear or encrypted as the request wants it."""
    answer = AuthorizationResponse({name: tuple(texts) for name, texts in vp_token.items()}, request.state)
    encryption = request.choose_encryption()
    return (
        answer.to_form()
        if encryption is None
        else answer.to_encrypted_form(*encryption, P256Key.generate(seeded(seed)), seeded(seed))
    )


def answers(counter: Counter, made: MadeRequest, held: Held) -> dict[str, str]:
    """The form with which a good wallet answers a request."""
    request = request_of(counter, made)
    return answer_form(request, {"pid": [present(request, held, now=counter.clock.now)]})


def asked_on_page(counter: Counter, asked: JsonObject, *, origin: str = IDENTIFIER) -> VerifiedDcApiRequest:
    """What a wallet finds of one of the requests that a page of the verifier asks through the browser."""
    data = asked["data"]
    assert isinstance(data, dict)
    request = PageRequest(str(asked["protocol"]), data, origin)
    exchange = verify_page_request(
        request, anchors=counter.wallet_anchors, policy=RequestPolicy(), now=counter.clock.now
    )
    return counter.run(exchange)


def page_answer(question: VerifiedDcApiRequest, *presentations: str, query_id: str = "pid") -> JsonObject:
    """What a wallet hands to the browser."""
    token = {query_id: presentations}
    return answer_data(question.request, token, ephemeral=P256Key.fresh(), random_bytes=seeded(13))


def answer_link(link: str, held: Held, *, anchors: TrustAnchors, now: int, query_id: str = "pid") -> Exchange[Delivery]:
    """The whole of a wallet's work for one credential: fetch, verify, present, send."""
    prefixes = frozenset(Prefix)
    verified = yield from fetch_request(
        read_link(link),
        anchors=anchors,
        policy=RequestPolicy(prefixes=prefixes),
        wallet_nonce="fresh-nonce-of-the-wallet",
        metadata=wallet_metadata({"dc+sd-jwt": {}}, prefixes),
        now=now,
    )
    presentation = present(verified.request, held, now=now, query_id=query_id)
    return (
        yield from send_answer(
            verified, {query_id: (presentation,)}, ephemeral=P256Key.fresh(), random_bytes=seeded(13)
        )
    )


def wallet_drive(exchange: Exchange[T], apps: Mapping[str, FastAPI]) -> T:
    """Drive a wallet's exchange against web applications in this process, by host."""
    sender: Sender = InProcessSender(apps)
    return drive(exchange, None, sender)


def form_body(form: Mapping[str, str]) -> dict[str, object]:
    """A form as `Counter.http` posts it."""
    return {"content": urlencode(form), "headers": {"content-type": "application/x-www-form-urlencoded"}}


def run_together(work: Sequence[Callable[[], Awaitable[T]]]) -> list[T | BaseException]:
    """Await many things at the same time; an exception counts as a result."""

    async def together() -> list[T | BaseException]:
        return await asyncio.gather(*[begin() for begin in work], return_exceptions=True)

    return asyncio.run(together())
