"""A wallet provider to test an issuer with: it attests wallets and keys, and publishes whether they still hold.

provider = WalletProvider(desk.clock)
desk = make_issuer(outside=provider, anchors=provider.anchors)
wallet = AttestedWallet(desk, provider=provider)
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from issuer.service.clients import AttestationHeaders
from protocol.credential import StatusReference
from protocol.exchange import HttpRequest, HttpResponse
from protocol.keys import P256Key
from protocol.oauth.client_attestation import ClientAttestation, sign_attestation_pop, sign_client_attestation
from protocol.oid4vci.attested_proof import sign_attested_proof
from protocol.oid4vci.credential import CredentialRequest, CredentialResponse, ProofType
from protocol.oid4vci.key_attestation import KeyAttestation, sign_key_attestation
from protocol.oid4vci.token import TokenRequest, TokenResponse
from protocol.status.bits import StatusList
from protocol.status.reference import MaintainedStatus
from protocol.status.token import MEDIA_TYPE, sign_status_list_token
from protocol.trust.anchors import Role, TrustAnchors
from tests.support.issuer import Clock, TestWallet
from tests.support.pki import DAY, Pki, Template, make_pki, seeded_key

CLIENT = "https://wallet.example"  # client_id of every wallet of this provider
LIST = "https://provider.example/status/1"
WALLET_PLACE, KEYS_PLACE = 7, 8
KEPT = 400 * DAY  # seconds that a status is kept up
LEVEL = "iso_18045_moderate"

_numbers = itertools.count()


@dataclass(slots=True)
class WalletProvider:
    """Signs attestations, and answers for its status list as a web server would."""

    clock: Clock
    pki: Pki = field(
        default_factory=lambda: make_pki(Template(common_name="Wallet provider"), role=Role.WALLET_PROVIDER)
    )
    entries: dict[int, int] = field(default_factory=dict)  # of the status list, that are not valid
    signer: Pki | None = None  # of the status list; None: the provider itself
    reachable: bool = True
    fetched: list[str] = field(default_factory=list)

    def anchors(self) -> TrustAnchors:
        """A set that believes this provider."""
        return self.pki.anchors

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Serve a status list."""
        self.fetched.append(request.url)
        if not self.reachable:
            return HttpResponse(503, (), b"")
        pki = self.signer or self.pki
        token = sign_status_list_token(
            StatusList.from_entries(1024, 2, self.entries),
            uri=request.url,
            issued_at=self.clock.now,
            expires_at=self.clock.now + DAY,
            ttl=300,
            signer=pki.signer,
            x5c=pki.x5c,
        )
        return HttpResponse(200, (("content-type", MEDIA_TYPE),), token.encode())

    def status(self, place: int, uri: str = LIST) -> MaintainedStatus:
        """A status that is kept up."""
        return MaintainedStatus(StatusReference(uri, place), self.clock.now + KEPT)

    def attest(self, instance: P256Key, **changes: object) -> str:
        """A client attestation."""
        says = ClientAttestation(
            client_id=CLIENT,
            key=instance.public_key,
            expires_at=self.clock.now + 3600,
            issued_at=self.clock.now,
            client_status=self.status(WALLET_PLACE),
        )
        return sign_client_attestation(replace(says, **changes), self.pki.signer, self.pki.x5c)  # type: ignore[arg-type]  # the caller names what there is

    def attest_keys(self, keys: Sequence[P256Key], **changes: object) -> str:
        """A key attestation."""
        says = KeyAttestation(
            tuple(key.public_key for key in keys),
            self.clock.now,
            self.clock.now + 3600,
            key_storage=(LEVEL,),
            user_authentication=(LEVEL,),
            key_storage_status=self.status(KEYS_PLACE),
        )
        return sign_key_attestation(replace(says, **changes), self.pki.signer, self.pki.x5c)  # type: ignore[arg-type]  # the caller names what there is


@dataclass(slots=True)
class AttestedWallet(TestWallet):
    """A wallet that this provider vouches for."""

    __test__ = False

    provider: WalletProvider = field(default_factory=lambda: WalletProvider(Clock()))
    instance: P256Key = field(default_factory=lambda: seeded_key(6))
    attestation: str | None = None  # that it shows; None: a fresh one each time
    combined: bool = False  # its DPoP proofs, made with the instance's key, are the proof of possession

    def pop(self, **changes: str | int | None) -> str:
        """A proof of possession, with a challenge of the issuer unless another one, or None, is given."""
        members = {
            "audience": self.desk.issuer.context.identifier,
            "jti": f"pop-{next(_numbers)}",
            "issued_at": self.desk.clock.now,
            "challenge": self.desk.issuer.context.dpop_nonce(),
            **changes,
        }
        return sign_attestation_pop(self.instance, **members)  # type: ignore[arg-type]  # the caller names what there is

    def headers(self, attestation: str | None = None, pop: str | None = None) -> AttestationHeaders:
        """What goes with every request for tokens."""
        attestation = attestation or self.attestation or self.provider.attest(self.instance)
        return AttestationHeaders((attestation,), () if self.combined else (pop or self.pop(),))

    def issue_attested(
        self,
        tokens: TokenResponse,
        keys: Sequence[P256Key] = (),
        *,
        kind: ProofType = ProofType.JWT,
        attestation: str | None = None,
        configuration_id: str = "member",
    ) -> CredentialResponse:
        """Ask for credentials for attested keys."""
        keys = keys or [self.new_key()]
        nonce = self.desk.issuer.credentials.nonce()
        if kind is ProofType.ATTESTATION:
            proof = attestation or self.provider.attest_keys(keys, nonce=nonce)
        else:
            attestation = attestation or self.provider.attest_keys(keys)
            audience = self.desk.issuer.context.identifier
            proof = sign_attested_proof(
                keys[0], attestation, audience=audience, nonce=nonce, issued_at=self.desk.clock.now
            )
        request = CredentialRequest(configuration_id, None, (proof,), proof_type=kind)
        dpop = self.resource_dpop(tokens)
        return self.desk.run(self.desk.issuer.credentials.issue(request, f"DPoP {tokens.access_token}", dpop))

    def _tokens(self, request: TokenRequest) -> TokenResponse:
        return self.desk.run(self.desk.issuer.tokens.redeem(request, self.token_dpop(), self.headers()))
