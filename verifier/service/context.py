"""What a verifier works with: its identity, its use cases, its anchors, its keys and its rules."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import urlsplit

from protocol.encoding import JsonObject, encode_base64url
from protocol.errors import NotTrusted
from protocol.formats import IssuerSigner, vp_formats
from protocol.keys import RandomBytes
from protocol.oid4vp.client_id import ClientId, Prefix
from protocol.sovereignty.receipt_parties import Controller
from protocol.sovereignty.signing import Organisation
from protocol.trust.anchors import TrustAnchors
from protocol.trust.registration import Contact
from protocol.x509 import Certificate
from runtime.registrations import OwnRegistration
from runtime.seal import Sealer
from runtime.trust_lists.standing import ListsAge
from verifier.once_only.description import ServiceDescription
from verifier.policy import Lifetimes
from verifier.registration import Shown
from verifier.store import VerifierStore
from verifier.use_case import UseCase

VP_FORMATS = vp_formats(("ES256", "ES384", "ES512"), ("ES256",))
DID_CONTEXT = ("https://www.w3.org/ns/did/v1", "https://w3id.org/security/jwk/v1")


def no_lists() -> ListsAge | None:
    """No list of whom to trust is followed."""
    return None


@dataclass(frozen=True, slots=True)
class VerifierContext:
    """Everything the services of one verifier share."""

    identifier: str  # public URL, without a slash at the end
    name: tuple[tuple[str, str], ...]  # language → name
    use_cases: Mapping[str, UseCase]
    anchors: Callable[[], TrustAnchors]  # raises Unavailable when they cannot be read
    store: VerifierStore
    signing: IssuerSigner  # the access certificate and its key
    sealer: Sealer  # of what stages hold; its context names the request, so that nothing can be moved
    secret: bytes = field(repr=False)  # 32 bytes: addresses of requests hang on it
    lifetimes: Lifetimes
    now: Callable[[], int]  # epoch seconds
    random_bytes: RandomBytes
    lists_age: Callable[[], ListsAge | None] = no_lists  # of whom to trust; raises Unavailable like `anchors`
    registrations: Callable[[], tuple[OwnRegistration, ...]] = tuple  # empty: none are shown
    shown: Shown = Shown.CERTIFICATE  # by what a request says that we are registered
    refuse_unregistered: bool = False  # ask nothing that the registrations do not cover
    haip: bool = False  # ask as HAIP 1.0 wants it, and in no other way
    services: Mapping[str, ServiceDescription] = field(default_factory=dict)  # their questions are among `use_cases`
    wallet_url: str = ""  # of a wallet that runs in the browser, without a slash at the end; empty: none is offered
    cockpit: bool = True  # announce a cockpit, and give receipts
    privacy_policy: str = ""  # where no registration says it; empty: then no receipt is given
    dpo: Contact | None = None  # data protection officer

    def new_secret(self) -> str:
        """A fresh nonce, state or code: 256 bits, base64url."""
        return encode_base64url(self.random_bytes(32))

    def new_id(self) -> str:
        """A fresh public id: 128 bits, hex, which never looks like an option of a command."""
        return self.random_bytes(16).hex()

    def reference(self, request_id: str, renewals: int = 0) -> str:
        """The part of a request's addresses that only wallets get to know; nobody without our secret can make it.

        Each renewal has another one.
        """
        name = f"request\0{request_id}\0{renewals}" if renewals else f"request\0{request_id}"
        made = _keyed(self.secret).copy()
        made.update(name.encode())
        return encode_base64url(made.digest())

    def request_uri(self, reference: str) -> str:
        """Where a wallet fetches the request object."""
        return f"{self.identifier}/requests/{reference}"

    def response_uri(self, reference: str) -> str:
        """Where a wallet posts its answer."""
        return f"{self.identifier}/responses/{reference}"

    @property
    def origin(self) -> str:
        """The origin of our pages, as browsers write it (RFC 6454 §6.1)."""
        parts = urlsplit(self.identifier)
        netloc = parts.netloc.lower()
        usual = {"https": ":443", "http": ":80"}.get(parts.scheme, "")
        return f"{parts.scheme}://{netloc.removesuffix(usual) if usual else netloc}"

    def result_page(self) -> str:
        """Where a wallet on the same device leads back to; a response code is added."""
        return f"{self.identifier}/result"

    def number_page(self) -> str:
        """Where people find their number after they answered at a counter; a response code is added."""
        return f"{self.identifier}/number"

    def counter_code_uri(self, reference: str) -> str:
        """Where the code of a counter leads: a wallet that asks there gets a request of its own."""
        return f"{self.identifier}/quick/{reference}"

    def service_page(self, service: str) -> str:
        """Where people begin a service, and go on with it."""
        return f"{self.identifier}/services/{service}"

    def service_start(self, service: str) -> str:
        """Where a wallet gets a request of its own for a service; a browser is led to its page."""
        return service_start(self.identifier, service)

    def service_back(self, service: str) -> str:
        """Where a wallet leads back to; a response code is added."""
        return f"{self.service_page(service)}/back"

    def service_notes(self, service: str) -> str:
        """Where a wallet brings notes for the form of a service that needs no document."""
        return f"{self.service_page(service)}/notes"

    def service_noted(self, service: str) -> str:
        """Where its browser takes them up; a code is added."""
        return f"{self.service_page(service)}/noted"

    def case_page(self, case: str) -> str:
        """The address of a case for its citizen."""
        return f"{self.identifier}/cases/{self.case_secret(case)}"

    def case_secret(self, case: str) -> str:
        """The part of a case's address that only its citizen gets to know; nobody without our secret can make it."""
        return encode_base64url(hmac.digest(self.secret, f"case\0{case}".encode(), hashlib.sha256))

    def qr_svg(self, reference: str) -> str:
        """A request's QR code as a picture."""
        return f"{self.identifier}/requests/{reference}/qr.svg"

    @property
    def did(self) -> str:
        """This verifier as a did:web."""
        parts = urlsplit(self.identifier)
        path = parts.path.rstrip("/").replace("/", ":")
        return f"did:web:{parts.netloc.replace(':', '%3A')}{path}"

    @property
    def key_id(self) -> str:
        """The DID URL of the key that signs requests."""
        return f"{self.did}#{self.signing.signer.public_key.thumbprint()}"

    @property
    def cockpit_endpoint(self) -> str:
        """Where citizens reach us about what they gave."""
        return f"{self.identifier}/cockpit"

    @property
    def organisation(self) -> Organisation | None:
        """Who we are by our access certificate; None: it names no registered organisation."""
        return _organisation(self.signing.x5c[0])

    @property
    def controller(self) -> Controller | None:
        """Who answers for the data where no registration says it; None: nobody is known, or no privacy policy."""
        who = self.organisation
        if who is None or not self.privacy_policy:
            return None
        return Controller(self.name[0][1], who, self.privacy_policy, dpo=self.dpo)

    def client_id(self, prefix: Prefix, reference: str) -> ClientId:
        """How this verifier calls itself, by one of the prefixes."""
        match prefix:
            case Prefix.X509_HASH:
                return _client_of_certificate(self.signing.x5c[0])
            case Prefix.X509_SAN_DNS:
                return ClientId(prefix, urlsplit(self.identifier).hostname or "")
            case Prefix.DECENTRALIZED_IDENTIFIER:
                return ClientId(prefix, self.did)
            case _:
                return ClientId(prefix, self.response_uri(reference))

    def did_document(self) -> JsonObject:
        """The document behind our did:web."""
        method: JsonObject = {
            "id": self.key_id,
            "type": "JsonWebKey",
            "controller": self.did,
            "publicKeyJwk": self.signing.signer.public_key.to_jwk(),
        }
        return {
            "@context": list(DID_CONTEXT),
            "id": self.did,
            "verificationMethod": [method],
            "authentication": [self.key_id],
        }


@lru_cache(maxsize=8)
def _organisation(x5c: str) -> Organisation | None:
    try:
        return Organisation.from_certificate(Certificate.from_x5c(x5c), "access certificate")[0]
    except NotTrusted:
        return None


@lru_cache(maxsize=8)
def _client_of_certificate(x5c: str) -> ClientId:
    return ClientId.of_certificate(b64decode(x5c))


@lru_cache(maxsize=8)
def _keyed(secret: bytes) -> hmac.HMAC:
    """Cached: taking up the key costs more than what is made with it, and each answer makes two."""
    return hmac.new(secret, digestmod="sha256")


def webhook_secret(secret: bytes, service: str) -> str:
    """The secret that a service's webhook knows our notices by; `secret` is that of an installation's addresses."""
    return hmac.digest(secret, f"webhook\0{service}".encode(), hashlib.sha256).hex()


def service_start(identifier: str, service: str) -> str:
    """The address in the catalogue at which a service begins, of a verifier with this public URL."""
    return f"{identifier}/services/{service}/start"


def service_forward(identifier: str, service: str) -> str:
    """The address in the catalogue that takes what citizens forward to a service, of a verifier with this public URL."""
    return f"{identifier}/services/{service}/forward"
