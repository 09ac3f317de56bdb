"""An issuer to test with: small types, two people, a clock that can be moved, and a wallet's half of the conversation.

    desk = make_issuer(database_url)
    wallet = TestWallet(desk)
    made = desk.offer()
    tokens = wallet.redeem(made)
    credential = wallet.issue(tokens, "member").credentials[0]

Two desks on one database are two workers: they share keys and secrets, and draw different random bytes.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from fastapi import FastAPI
from starlette.testclient import TestClient

from capabilities.accounts.service import new_clerk_code
from issuer.app import serve_issuer
from issuer.credential_types import CredentialType, read_type
from issuer.database.ended_list import EndedList
from issuer.database.register import SqlRegister
from issuer.database.store import SqlIssuerStore
from issuer.policy import IssuerPolicy
from issuer.service import Issuer
from issuer.service.context import IssuerContext
from issuer.service.offers import GrantKind, MadeOffer, OfferOrder
from protocol.encoding import JsonObject
from protocol.errors import ProtocolError
from protocol.exchange import Exchange, HttpRequest, HttpResponse, run
from protocol.formats import IssuerSigner
from protocol.keys import P256Key
from protocol.oauth.dpop import sign_dpop_proof
from protocol.oid4vci.credential import CredentialRequest, CredentialResponse
from protocol.oid4vci.notification import NotificationRequest
from protocol.oid4vci.proof import sign_proof
from protocol.oid4vci.token import (
    AuthorizationCodeGrant,
    PreAuthorizedCodeGrant,
    RefreshTokenGrant,
    TokenRequest,
    TokenResponse,
)
from protocol.trust.anchors import TrustAnchors
from runtime.api_keys import new_api_key
from runtime.conversation import Advance, Begin, Load, Slow
from runtime.database.engine import Database
from runtime.http import NoSender
from tests.support.migrated import migrate_quickly
from tests.support.pki import NOW, Pki, make_pki, seeded, seeded_key

T = TypeVar("T")

IDENTIFIER = "https://agency.example"
REDIRECT_URI = "http://127.0.0.1:8765/callback"
CLIENT_ID = "wallet"
VERIFIER = "v" * 43  # a code verifier (RFC 7636 §4.1)
ACTOR = "clerk"
CLERK = "Frau Berg"  # who signs in at the desk

_TYPE = """
id = "{id}"
vct = "urn:test:{id}:1"
validity_days = 30
batch_size = {batch}
status = {status}
[name]
de = "{name}"
en = "{id}"
[[claims]]
path = ["given_name"]
type = "text"
label = {{ de = "Vorname", en = "First name" }}
mandatory = true
[[claims]]
path = ["points"]
type = "integer"
label = {{ de = "Punkte", en = "Points" }}
"""

PEOPLE: dict[str, JsonObject] = {"anna": {"given_name": "Anna", "points": 7}, "bodo": {"given_name": "Bodo"}}


def small_types() -> dict[str, CredentialType]:
    """`member` in batches of ten with status, `badge` in twos, `ticket` without status."""
    texts = {
        "member": _TYPE.format(id="member", name="Mitglied", batch=10, status="true"),
        "badge": _TYPE.format(id="badge", name="Abzeichen", batch=2, status="true"),
        "ticket": _TYPE.format(id="ticket", name="Karte", batch=10, status="false"),
    }
    return {name: read_type(text, name, Path())[0] for name, text in texts.items()}


@dataclass(slots=True)
class Clock:
    """A clock that stands still until it is moved."""

    now: int = NOW

    def __call__(self) -> int:
        """Epoch seconds."""
        return self.now

    def move(self, seconds: int) -> None:
        """Let time pass, or run back."""
        self.now += seconds


@dataclass(frozen=True, slots=True)
class Desk:
    """One worker of an issuer."""

    issuer: Issuer
    store: SqlIssuerStore
    register: SqlRegister
    clock: Clock
    pki: Pki
    outside: Callable[[HttpRequest], HttpResponse] | None = None  # answers whatever is sent; None: nothing is

    def run(self, exchange: Exchange[T]) -> T:
        """Drive a service's exchange in this thread."""
        return run(exchange, self._perform)

    def offer(
        self,
        *configuration_ids: str,
        subject: str = "anna",
        grant: GrantKind = GrantKind.PRE_AUTHORIZED_CODE,
        tx_code: bool = False,
        by_reference: bool = True,
    ) -> MadeOffer:
        """Make an offer, of `member` if nothing else is said."""
        order = OfferOrder(configuration_ids or ("member",), subject, grant, tx_code, by_reference, ACTOR)
        return self.run(self.issuer.offers.make(order))

    def sweep(self) -> int:
        """Sweep as the server does, now."""
        now = self.clock.now
        return self.store.sweep(before=now - 3600, now=now, limit=500)

    def api_key(self, name: str = ACTOR) -> str:
        """A fresh key of the administration API."""
        key, record = new_api_key(name, now=self.clock.now, random_bytes=self.issuer.context.random_bytes)
        self.store.api_keys.put(record)
        return key

    def clerk_code(self, name: str = CLERK) -> str:
        """A fresh code with which a clerk signs in at the desk."""
        code, record = new_clerk_code(name, now=self.clock.now, random_bytes=self.issuer.context.random_bytes)
        self.store.clerk_codes.put(record)
        return code

    def app(self) -> FastAPI:
        """The web application around this issuer; its store closes when the application's life ends."""
        sender = NoSender() if self.outside is None else _Outside(self.outside)
        return serve_issuer(self.issuer, self.store, sender)

    def browser(self) -> TestClient:
        """A client of the web application, which lives as long as its `with` block."""
        return TestClient(self.app(), base_url=IDENTIFIER, follow_redirects=False)

    def with_policy(self, **changes: object) -> "Desk":
        """The same desk with another policy."""
        policy = replace(self.issuer.context.policy, **changes)  # type: ignore[arg-type]  # the caller names what there is
        return self.with_context(policy=policy)

    def with_context(self, **changes: object) -> "Desk":
        """The same desk with another member of its context."""
        context = replace(self.issuer.context, **changes)  # type: ignore[arg-type]  # the caller names what there is
        return replace(self, issuer=Issuer.of(context))

    def _perform(self, effect: object) -> object:
        match effect:
            case Advance() | Begin():
                [outcome] = self.store.commit([effect])
                if isinstance(outcome, ProtocolError):
                    raise outcome
                return outcome
            case Load():
                return self.store.load(effect)
            case Slow():
                return effect.call()
            case HttpRequest() if self.outside is not None:
                return self.outside(effect)
        raise TypeError(f"an issuer asks for nothing else: {type(effect).__name__}")


@dataclass(frozen=True, slots=True)
class _Outside:
    """Sends to a function."""

    answer: Callable[[HttpRequest], HttpResponse]

    async def send(self, request: HttpRequest) -> HttpResponse:
        return self.answer(request)


_PKI = make_pki(key=seeded_key(77))
_workers = itertools.count(1)
_proofs = itertools.count()


def make_issuer(
    database_url: str = "sqlite:///:memory:",
    *,
    types: dict[str, CredentialType] | None = None,
    policy: IssuerPolicy | None = None,
    clock: Clock | None = None,
    identifier: str = IDENTIFIER,
    outside: Callable[[HttpRequest], HttpResponse] | None = None,
    anchors: Callable[[], TrustAnchors] = TrustAnchors,
    ended: EndedList | None = None,
) -> Desk:
    """A worker of an issuer on a database, which is migrated; with PEOPLE in its register."""
    clock = clock or Clock()
    store = SqlIssuerStore(Database(database_url, "issuer"), clock, ended=ended)
    migrate_quickly(store)
    register = SqlRegister(store.database)
    register.put(PEOPLE)
    context = IssuerContext(
        identifier=identifier,
        name=(("de", "Amt"), ("en", "Agency")),
        types=types if types is not None else small_types(),
        register=register,
        store=store,
        signing=IssuerSigner(_PKI.signer, _PKI.x5c),
        secret=bytes(range(32)),
        policy=policy or IssuerPolicy(),
        now=clock,
        random_bytes=seeded(next(_workers)),
        anchors=anchors,
    )
    return Desk(Issuer.of(context), store, register, clock, _PKI, outside)


@dataclass(slots=True)
class TestWallet:
    """A wallet's half: makes proofs with the protocol's own functions, and talks to the services of a desk."""

    __test__ = False  # no test, whatever its name says

    desk: Desk
    key: P256Key = field(default_factory=lambda: seeded_key(5))  # of its DPoP proofs
    client_id: str | None = None

    def dpop(
        self,
        url: str,
        *,
        access_token: str | None = None,
        nonce: str | None = "fresh",
        jti: str | None = None,
        issued_at: int | None = None,
        method: str = "POST",
    ) -> str:
        """A DPoP proof; with a nonce of the issuer unless another one, or None, is given."""
        return sign_dpop_proof(
            self.key,
            method=method,
            url=url,
            jti=jti or f"{self.key.public_key.thumbprint()}-{next(_proofs)}",
            issued_at=self.desk.clock.now if issued_at is None else issued_at,
            access_token=access_token,
            nonce=self.desk.issuer.context.dpop_nonce() if nonce == "fresh" else nonce,
        )

    def token_dpop(self) -> str:
        """A good proof for the token endpoint."""
        return self.dpop(self.desk.issuer.context.endpoints.token)

    def proofs(self, keys: Sequence[P256Key], *, nonce: str | None = "fresh", audience: str | None = None) -> list[str]:
        """One key proof for each key, all with one c_nonce."""
        if nonce == "fresh":
            nonce = self.desk.issuer.credentials.nonce()
        return [
            sign_proof(
                key,
                audience=audience or self.desk.issuer.context.identifier,
                nonce=nonce,
                issued_at=self.desk.clock.now,
                client_id=self.client_id,
            )
            for key in keys
        ]

    def redeem(self, offer: MadeOffer, *, tx_code: str | None = None) -> TokenResponse:
        """Trade an offer's code for tokens."""
        return self.redeem_code(offer.offer.pre_authorized_code or "", tx_code=tx_code)

    def redeem_code(self, code: str, *, tx_code: str | None = None) -> TokenResponse:
        """Trade a pre-authorized code for tokens."""
        return self._tokens(TokenRequest(PreAuthorizedCodeGrant(code, tx_code), self.client_id))

    def redeem_authorization_code(self, code: str, *, verifier: str = VERIFIER) -> TokenResponse:
        """Trade the code of a login for tokens."""
        grant = AuthorizationCodeGrant(code, verifier, REDIRECT_URI)
        return self._tokens(TokenRequest(grant, self.client_id or CLIENT_ID))

    def renew(self, tokens: TokenResponse) -> TokenResponse:
        """Trade a refresh token for the next tokens."""
        return self._tokens(TokenRequest(RefreshTokenGrant(tokens.refresh_token or ""), self.client_id))

    def issue(
        self,
        tokens: TokenResponse,
        configuration_id: str | None = "member",
        keys: Sequence[P256Key] = (),
        *,
        identifier: str | None = None,
        proofs: Sequence[str] | None = None,
        dpop: str | None = None,
    ) -> CredentialResponse:
        """Ask for credentials for these keys, or for one fresh key."""
        if proofs is None:
            proofs = self.proofs(keys or [self.new_key()])
        request = CredentialRequest(configuration_id, identifier, tuple(proofs))
        dpop = dpop or self.resource_dpop(tokens)
        issuer = self.desk.issuer
        return self.desk.run(issuer.credentials.issue(request, f"DPoP {tokens.access_token}", dpop))

    def notify(self, tokens: TokenResponse, notification_id: str, event: str) -> None:
        """Tell the issuer what became of a batch."""
        url = self.desk.issuer.context.endpoints.notification
        dpop = self.dpop(url, access_token=tokens.access_token)
        request = NotificationRequest(notification_id, event)
        self.desk.run(self.desk.issuer.credentials.notify(request, f"DPoP {tokens.access_token}", dpop))

    def resource_dpop(self, tokens: TokenResponse) -> str:
        """A good proof for the credential endpoint."""
        return self.dpop(self.desk.issuer.context.endpoints.credential, access_token=tokens.access_token)

    def new_key(self) -> P256Key:
        """A fresh key to bind a credential to."""
        return seeded_key(1000 + next(_keys))

    def _tokens(self, request: TokenRequest) -> TokenResponse:
        return self.desk.run(self.desk.issuer.tokens.redeem(request, self.token_dpop()))


_keys = itertools.count()
