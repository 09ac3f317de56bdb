"""What an issuer works with: its identity, its types, its register, its keys and its rules."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from capabilities.status_publisher.service import StatusPublisher
from issuer.credential_types import CredentialType
from issuer.policy import IssuerPolicy
from issuer.register import Register
from issuer.renewal import DIGEST_BYTES, Digest, LeafPath, said
from issuer.store import IssuerStore
from protocol.encoding import JsonObject, JsonValue, encode_base64url
from protocol.errors import CredentialRequestDenied, Flaw, InvalidDpopProof, NotTrusted, Unavailable, UseDpopNonce
from protocol.formats import IssuerSigner, format_of
from protocol.keys import Decrypter, RandomBytes
from protocol.oauth.dpop import MAX_AGE, MAX_AHEAD, VerifiedDpop, verify_dpop_proof
from protocol.oid4vci.nonce import make_nonce, read_nonce
from protocol.sovereignty.receipt_parties import Controller
from protocol.sovereignty.signing import Organisation
from protocol.trust.anchors import TrustAnchors
from protocol.trust.registration import Contact
from protocol.x509 import Certificate
from runtime.certificates import Authority
from runtime.conversation import SessionKey, Spend
from runtime.crl import RevokedCertificate
from runtime.registrations import OwnRegistration

DPOP_WINDOW = MAX_AGE + MAX_AHEAD  # seconds that a DPoP proof can be replayed in


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the issuer is reached; every address is made from the configured identifier, never from a request."""

    identifier: str

    @property
    def token(self) -> str:
        """Token endpoint."""
        return f"{self.identifier}/token"

    @property
    def nonce(self) -> str:
        """Nonce endpoint."""
        return f"{self.identifier}/nonce"

    @property
    def credential(self) -> str:
        """Credential endpoint."""
        return f"{self.identifier}/credential"

    @property
    def notification(self) -> str:
        """Notification endpoint."""
        return f"{self.identifier}/notification"

    @property
    def pushed_authorization_request(self) -> str:
        """Pushed authorization request endpoint."""
        return f"{self.identifier}/par"

    @property
    def authorization(self) -> str:
        """Authorization endpoint."""
        return f"{self.identifier}/authorize"

    @property
    def cockpit(self) -> str:
        """Where citizens reach us about their documents and what is done with the register."""
        return f"{self.identifier}/cockpit"

    @property
    def challenge(self) -> str:
        """Challenge endpoint."""
        return f"{self.identifier}/challenge"

    def offer(self, reference: str) -> str:
        """An offer by reference."""
        return f"{self.identifier}/offers/{reference}"

    def status_list(self, list_id: str) -> str:
        """A status list."""
        return f"{self.identifier}/status/{list_id}"

    def offer_page(self, reference: str) -> str:
        """The page that shows an offer's QR code."""
        return f"{self.identifier}/offers/{reference}/page"

    def offer_qr(self, reference: str) -> str:
        """An offer's QR code as a picture."""
        return f"{self.identifier}/offers/{reference}/qr.svg"


@dataclass(frozen=True, slots=True)
class ShownKey:
    """The key of a DPoP proof that held, with its jti to be spent."""

    thumbprint: str
    spend: Spend
    proof: VerifiedDpop


@dataclass(slots=True)
class LatestNonce:
    """A nonce that everybody is given who asks in the same second."""

    made: tuple[int, str] = (-1, "")  # when (epoch seconds), and the nonce


@dataclass(frozen=True, slots=True)
class IssuerContext:
    """Everything the services of one issuer share."""

    identifier: str  # credential issuer identifier; also the authorization server's issuer
    name: tuple[tuple[str, str], ...]  # language → name
    types: Mapping[str, CredentialType]
    register: Register
    store: IssuerStore
    signing: IssuerSigner
    secret: bytes = field(repr=False)  # 32 bytes: nonces, transaction codes and codes by reference hang on it
    policy: IssuerPolicy
    now: Callable[[], int]  # epoch seconds
    random_bytes: RandomBytes
    fixed_tx_code: str = ""  # test settings only
    automatic_login: bool = False  # test settings only
    anchors: Callable[[], TrustAnchors] = TrustAnchors  # of wallet providers, as they are at each moment
    decrypters: Mapping[str, Decrypter] = field(default_factory=dict, repr=False)  # kid → key of encrypted requests
    access: IssuerSigner | None = None  # who we are in a registrar's word; None: nobody gave us an access certificate
    registrations: tuple[OwnRegistration, ...] = ()  # what we are registered for
    authority: Authority | None = field(
        default=None, repr=False
    )  # that vouches for the signing key; None: not kept here
    revoked: Callable[[], tuple[RevokedCertificate, ...]] = tuple  # signers that the authority stands for no more
    cockpit: bool = True  # announce a cockpit, and give receipts
    privacy_policy: str = ""  # where no registration says it; empty: then no receipt is given
    dpo: Contact | None = None  # data protection officer
    registrar_url: str = ""  # whose list of services says where recipients of mandates are; empty: none are taken
    latest: LatestNonce = field(default_factory=LatestNonce, repr=False)  # for the DPoP-Nonce header

    @property
    def endpoints(self) -> Endpoints:
        """The addresses."""
        return Endpoints(self.identifier)

    @property
    def publisher(self) -> StatusPublisher:
        """What status lists are made with."""
        return StatusPublisher(
            self.store.status_lists,
            self.signing,
            self.endpoints.status_list,
            self.now,
            self.random_bytes,
            self.policy.status,
        )

    @property
    def batch_size(self) -> int:
        """How many key proofs one request may have, as it is announced; a type may give fewer credentials."""
        return max((credential_type.batch_size for credential_type in self.types.values()), default=1)

    @property
    def identity(self) -> IssuerSigner:
        """What metadata is signed with: by an access certificate, where there is one (ETSI TS 119 472-3 §4.2.2)."""
        return self.access or self.signing

    @property
    def language(self) -> str:
        """The agency's own, in which its log names who did what."""
        return self.name[0][0]

    @property
    def organisation(self) -> Organisation | None:
        """Who we are by our access certificate; None: there is none, or it names no registered organisation."""
        return None if self.access is None else _organisation(self.access.x5c[0])

    @property
    def controller(self) -> Controller | None:
        """Who answers for the register where no registration says it; None: nobody is known, or no privacy policy."""
        who = self.organisation
        if who is None or not self.privacy_policy:
            return None
        return Controller(self.name[0][1], who, self.privacy_policy, dpo=self.dpo)

    def document(self, kind: CredentialType, record: Mapping[str, JsonValue], *, now: int) -> JsonObject:
        """What a document says of one person, as its format holds it.

        Raises:
            CredentialRequestDenied: the register lacks something or has it otherwise, or nobody would believe this from us; the
                message names it, and never repeats a value.
        """
        return self.written(kind, kind.claims_for(record, now=now))

    def written(self, kind: CredentialType, claims: JsonObject) -> JsonObject:
        """The same for claims that were drawn before; see `document`."""
        written = kind.written(claims)
        try:
            format_of(kind.format).check_claims(written, self.signing)
        except NotTrusted as error:
            raise CredentialRequestDenied(error.description) from error
        return written

    def signing_until(self, now: int) -> int:
        """Until when (epoch seconds) what is signed now can be verified: the end of the signing certificate.

        Raises:
            Unavailable: the certificate has expired or is not valid yet; nothing must be signed (T146).
        """
        return until(self.signing, now)

    def new_secret(self) -> str:
        """A fresh code or token: 256 bits, base64url."""
        return encode_base64url(self.random_bytes(32))

    def new_id(self) -> str:
        """A fresh public id: 128 bits, hex, which never looks like an option of a command."""
        return self.random_bytes(16).hex()

    def keyed(self, purpose: str, *parts: str) -> str:
        """A digest that nobody without the issuer's secret can make or guess, base64url."""
        text = "\0".join((purpose, *parts)).encode()
        return encode_base64url(hmac.new(self.secret, text, hashlib.sha256).digest())

    def said(
        self, kind: CredentialType, claims: JsonObject, batch: str, like: Mapping[LeafPath, str] | None = None
    ) -> dict[LeafPath, str]:
        """What is remembered of what a batch says: digests that nobody can compare with those of another batch.

        `like`: the digests that they will be compared with, which an older program may have made in its own way.
        """
        if like and any(len(digest) != 2 * DIGEST_BYTES for digest in like.values()):
            return said(claims, kind.places, self._older_digest(batch))
        key = hmac.new(self.secret, f"said\0{batch}".encode(), hashlib.sha256).digest()

        def digest(name: bytes, value: bytes) -> str:
            # BLAKE2 takes its key with the data: less than half of what an HMAC costs, and there is one for each claim
            return hashlib.blake2b(name + b"\0" + value, key=key, digest_size=DIGEST_BYTES).hexdigest()

        return said(claims, kind.places, digest)

    def _older_digest(self, batch: str) -> Digest:
        """As older programs made them: an HMAC of each claim, cut to 22 characters of base64url."""

        def digest(name: bytes, value: bytes) -> str:
            return self.keyed("said", f'["{batch}",{name[1:].decode()}', value.decode())[:22]

        return digest

    def new_nonce(self, purpose: str, lifetime: int) -> str:
        """A nonce that needs no storing until it is spent."""
        return make_nonce(self.secret, f"{purpose} {self.identifier}", self.random_bytes(16), self.now() + lifetime)

    def dpop_nonce(self) -> str:
        """The nonce that goes into the DPoP-Nonce header: one for each second, since it only shows when a proof was made.

        It is never spent (RFC 9449 §8); what lets a proof be used once is its own jti. It is the challenge of client
        attestations too: a DPoP proof may stand for both (the attestation draft's §5.2).
        """
        now = self.now()
        second, nonce = self.latest.made
        if second != now:
            nonce = self.new_nonce("dpop", self.policy.lifetimes.dpop_nonce)
            self.latest.made = (now, nonce)
        return nonce

    def read_nonce(self, purpose: str, nonce: str) -> int:
        """Until when (epoch seconds) a nonce of ours is good.

        Raises:
            Flaw: not ours, or expired.
        """
        return read_nonce(self.secret, f"{purpose} {self.identifier}", nonce, now=self.now())

    def verify_dpop(self, proof: str, url: str, *, access_token: str | None = None) -> ShownKey:
        """The key that a DPoP proof was made with (RFC 9449 §4.3, §8).

        Raises:
            InvalidDpopProof: the proof does not hold.
            UseDpopNonce: it carries no nonce of ours that is still good.
        """
        now = self.now()
        verified = verify_dpop_proof(proof, method="POST", url=url, access_token=access_token, now=now)
        try:
            if verified.nonce is None:
                raise UseDpopNonce("a nonce is needed", self.dpop_nonce())
            self.read_nonce("dpop", verified.nonce)
        except Flaw as error:
            raise UseDpopNonce("a fresh nonce is needed", self.dpop_nonce()) from error
        thumbprint = verified.key.thumbprint()
        jti = SessionKey.of("dpop jti", f"{thumbprint} {verified.jti}")
        spend = Spend(jti, now + DPOP_WINDOW, InvalidDpopProof("this proof was used before"))
        return ShownKey(thumbprint, spend, verified)


def until(signing: IssuerSigner, now: int) -> int:
    """Until when (epoch seconds) the certificate of one of our keys is good; see `IssuerContext.signing_until`."""
    leaf = _certificate(signing.x5c[0])
    if not leaf.not_before <= now < leaf.not_after:
        raise Unavailable("the signing key is outside its time; nothing was consumed")
    return leaf.not_after


@lru_cache(maxsize=8)
def _organisation(x5c: str) -> Organisation | None:
    try:
        return Organisation.from_certificate(_certificate(x5c), "access certificate")[0]
    except NotTrusted:
        return None


@lru_cache(maxsize=16)
def _certificate(x5c: str) -> Certificate:
    """Our own certificate: parsed once, not for each signature."""
    return Certificate.from_x5c(x5c, "signing certificate")
