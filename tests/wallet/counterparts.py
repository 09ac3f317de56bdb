"""A partner who answers by hand, and a wallet between it and the agency that runs without a network."""

from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import parse_qsl, urlsplit

from protocol.dcql.query import DcqlQuery
from protocol.encoding import JsonObject, encode_json, read_json_object
from protocol.errors import Unreachable
from protocol.exchange import HttpRequest, HttpResponse, run
from protocol.keys import P256Key
from protocol.oid4vci.metadata import (
    CredentialConfiguration,
    Display,
)
from protocol.oid4vp.answer import RequestPolicy
from protocol.oid4vp.client_id import ClientId, Prefix
from protocol.oid4vp.link import RequestByReference, RequestUriMethod
from protocol.oid4vp.request import DIRECT_POST, AuthorizationRequest
from protocol.oid4vp.request_object import MEDIA_TYPE, sign_request_object
from protocol.trust.anchors import Role, TrustAnchors
from runtime.conversation import Slow
from tests.support.pki import NOW, Pki, Template, make_pki, seeded
from tests.wallet.counterpart_agency import AGENCY, CLAIMS, DESCRIPTIONS, VCT, Agency, Reply, answer
from wallet.keys import DeviceKeys, SealedKeys
from wallet.records import Copy, HeldCredential
from wallet.service import Wallet
from wallet.service.context import WalletContext
from wallet.vault.passphrase import KeyDerivation
from wallet.vault.vault import Vault

PASSPHRASE = "correct horse battery"
QUICK = KeyDerivation(2, 19 << 20)  # as weak as is allowed: tests open many vaults
PARTNER = "https://library.example"


class Host(Protocol):
    """Somebody who answers requests."""

    def respond(self, request: HttpRequest) -> HttpResponse:
        """Answer one request."""


def dcql(*paths, query_id="pid", vct=VCT, **changes):
    """A query for some claims of one credential."""
    claims = {"claims": [{"path": list(path)} for path in paths]} if paths else {}
    return {"id": query_id, "format": "dc+sd-jwt", "meta": {"vct_values": [vct]}, **claims, **changes}


@dataclass
class Partner:
    """A verifier that asks one thing; `answers` holds the forms that it was posted."""

    pki: Pki = field(
        default_factory=lambda: make_pki(
            Template(common_name="City library", dns_names=("library.example",)),
            key=P256Key.generate(seeded(6)),
            role=Role.VERIFIER,
        )
    )
    query: JsonObject = field(default_factory=lambda: {"credentials": [dcql(("given_name",))]})
    reply: Reply = field(default_factory=lambda: answer({}))
    changes: dict[str, object] = field(default_factory=dict)  # of the request
    answers: list[dict[str, str]] = field(default_factory=list)
    seen: list[HttpRequest] = field(default_factory=list)
    signed_at: int = NOW

    @property
    def client_id(self):
        """Who it is."""
        return ClientId.of_certificate(self.pki.leaf.der)

    def link(self):
        """The link of its request."""
        return RequestByReference(self.client_id, f"{PARTNER}/request", RequestUriMethod.POST).to_link()

    def request(self, wallet_nonce=None):
        """What it asks."""
        members = {
            "client_id": self.client_id,
            "response_uri": f"{PARTNER}/response",
            "response_mode": DIRECT_POST,
            "nonce": "nonce-of-at-least-22-characters",
            "dcql_query": DcqlQuery.from_dict(self.query),
            "state": "state-of-at-least-22-characters",
            "wallet_nonce": wallet_nonce,
        }
        return AuthorizationRequest(**{**members, **self.changes})

    def respond(self, request):
        """Answer one request."""
        self.seen.append(request)
        form = dict(parse_qsl(request.body.decode()))
        if urlsplit(request.url).path == "/request":
            text = sign_request_object(
                self.request(form.get("wallet_nonce")),
                self.pki.signer,
                x5c=self.pki.x5c,
                issued_at=self.signed_at - 1,
                expires_at=self.signed_at + 300,
            )
            return answer(text, media_type=MEDIA_TYPE)
        self.answers.append(form)
        if isinstance(self.reply, HttpResponse):
            return self.reply
        raise self.reply

    def presented(self, query_id="pid"):
        """The presentations of its last answer."""
        return read_json_object(self.answers[-1]["vp_token"].encode(), "vp_token")[query_id]


@dataclass
class World:
    """A wallet with an agency and a partner, and a clock that stands still."""

    vault: Vault | None  # None: whoever is tested brings a wallet of their own
    agency: Agency = field(default_factory=Agency)
    partner: Partner = field(default_factory=Partner)
    language: str = "en"
    now: int = NOW
    trusted: bool = True
    prefixes: frozenset[Prefix] = RequestPolicy().prefixes
    more: dict[str, Host] = field(default_factory=dict)  # host → who answers there
    seed: int = 40
    provider_url: str = ""
    haip: bool = False
    keys: DeviceKeys | None = None  # None: in its records

    def __post_init__(self):
        self.random_bytes = seeded(self.seed)
        if self.vault is not None:
            self.wallet = Wallet.of(
                WalletContext(
                    store=self.vault,
                    keys=self.keys or SealedKeys(self.random_bytes),
                    anchors=self.anchors,
                    registers=self.registers,
                    now=lambda: self.now,
                    random_bytes=self.random_bytes,
                    client_id="test-wallet",
                    request_policy=RequestPolicy(prefixes=self.prefixes),
                    language=self.language,
                    haip=self.haip,
                    provider_url=self.provider_url,
                    version="1.0",
                )
            )

    def anchors(self):
        """Whom the wallet trusts."""
        return TrustAnchors([self.agency.pki.anchor, self.partner.pki.anchor] if self.trusted else [])

    def registers(self):
        """Which registers the wallet's lists have."""
        return ()

    def perform(self, effect):
        """Carry out what the wallet wants."""
        if isinstance(effect, Slow):
            return effect.call()
        assert isinstance(effect, HttpRequest)
        return self.send_now(effect)

    def send_now(self, request):
        """Bring a request to whom it is for."""
        people: dict[str, Host] = {AGENCY: self.agency, PARTNER: self.partner, **self.more}
        parts = urlsplit(request.url)
        who = people.get(f"{parts.scheme}://{parts.netloc}")
        if who is None:
            raise Unreachable("no such host")
        return who.respond(request)

    async def send(self, request):
        """The same as a `Sender`."""
        return self.send_now(request)

    def run(self, exchange):
        """Drive the wallet."""
        return run(exchange, self.perform)

    def receive(self, link=None, tx_code=None):
        """Everything from an offer to a kept credential, with a yes to all."""
        receiving = self.wallet.receiving
        seen = self.run(receiving.look(link or self.agency.offer()))
        pending = self.run(receiving.take(seen, tx_code))
        arrived = self.run(receiving.fetch(pending, seen.contact))
        return self.run(receiving.keep(arrived))

    def present(self):
        """Everything from a link to an answer, with the least that answers."""
        presenting = self.wallet.presenting
        seen = self.run(presenting.look(self.partner.link()))
        return self.run(presenting.share(seen, seen.default_choice()))

    def actions(self):
        """What the log says, shortly."""
        return [(entry.action, entry.outcome) for entry in self.vault.log()]


def held(record_id="one", *, name="Personal ID", copies=2, used=0, **changes):
    """A record as a wallet keeps it, whose copies nobody looks into."""
    configuration = CredentialConfiguration("dc+sd-jwt", VCT, display=(Display(name),), claims=DESCRIPTIONS)
    members = {
        "id": record_id,
        "format": "dc+sd-jwt",
        "type": VCT,
        "configuration_id": "pid",
        "credential_issuer": AGENCY,
        "issuer_name": "City of Köln",
        "vouched_by": "Test authority",
        "configuration": encode_json(configuration.to_dict()).decode(),
        "claims": encode_json(CLAIMS).decode(),
        "received_at": NOW,
        "expires_at": 0,
        "notification_id": "",
        "can_be_taken_back": False,
        "copies": tuple(Copy(f"raw-{record_id}-{i}", "11" * 32, NOW if i < used else 0) for i in range(copies)),
    }
    return HeldCredential(**{**members, **changes})


UNSIGNED = frozenset((Prefix.REDIRECT_URI,))
