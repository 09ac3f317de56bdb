"""An agency that wants to know whether a wallet is genuine and how it keeps its keys, as HAIP 1.0 has it."""

from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from protocol.encoding import read_json
from protocol.errors import ProtocolError, UseFreshAttestation
from protocol.exchange import HttpRequest
from protocol.oauth.client_attestation import (
    METHOD,
    VerifiedClientAttestation,
    check_dpop_is_pop,
    verify_attestation_pop,
    verify_client_attestation,
)
from protocol.oauth.dpop import verify_dpop_proof
from protocol.oid4vci.attested_proof import (
    AttestationRules,
    AttestedKeys,
    verify_attestation_proof,
    verify_attested_proof,
)
from protocol.oid4vci.credential import CredentialRequest, CredentialResponse, ProofType
from protocol.oid4vci.key_attestation import KeyRequirements
from protocol.oid4vci.metadata import CredentialConfiguration
from protocol.trust.anchors import TrustAnchors
from tests.support.pki import NOW
from tests.support.provider import PROVIDER, Office
from tests.wallet.counterpart_agency import PID, Agency, answer
from tests.wallet.counterparts import World

ATTESTED = replace(PID, attestation_algorithms=("ES256",), key_attestations_required=KeyRequirements())


@dataclass
class VettingAgency(Agency):
    """Refuses whoever is not attested; what it believed is in `wallets` and `keys`."""

    configurations: dict[str, CredentialConfiguration] = field(default_factory=lambda: {"pid": ATTESTED})
    providers: TrustAnchors = field(default_factory=TrustAnchors)
    methods: tuple[str, ...] = (METHOD,)
    wallets: list[VerifiedClientAttestation] = field(default_factory=list)
    keys: list[AttestedKeys] = field(default_factory=list)
    nonces: int = 0
    wants_fresh: int = 0  # times that an attestation is not fresh enough

    @property
    def server(self):
        """Authorization server metadata."""
        return replace(
            super().server,
            token_endpoint_auth_methods_supported=self.methods,
            dpop_signing_alg_values_supported=("ES256",),
            authorization_response_iss_parameter_supported=True,
            pre_authorized_grant_anonymous_access_supported=False,
        )

    def respond(self, request):
        """Answer one request."""
        path = urlsplit(request.url).path
        if path in ("/par", "/token") and path not in self.refuse:
            try:
                self.wallets.append(self._vet(request))
                if self.wants_fresh:
                    self.wants_fresh -= 1
                    self.wallets.pop()
                    raise UseFreshAttestation("a newer one is wanted")
            except ProtocolError as error:
                self.seen.append(request)
                return answer(error.to_dict(), error.status)
        if path == "/nonce":
            self.nonces += 1
            self.seen.append(request)
            return answer({"c_nonce": f"nonce-{self.nonces}"})
        return super().respond(request)

    def _vet(self, request: HttpRequest) -> VerifiedClientAttestation:
        headers = dict(request.headers)
        attestation = headers.get("oauth-client-attestation", "")
        verified = verify_client_attestation(attestation, anchors=self.providers, now=NOW)
        pop = headers.get("oauth-client-attestation-pop")
        if pop is not None:
            verify_attestation_pop(pop, verified.says, audience=self.identifier, now=NOW)
        else:
            proof = verify_dpop_proof(headers["dpop"], method="POST", url=request.url, access_token=None, now=NOW)
            check_dpop_is_pop(verified.says, proof)
        return verified

    def _credential(self, request):
        asked = CredentialRequest.from_dict(read_json(request.body, "request"))
        rules = AttestationRules(self.providers, KeyRequirements())
        (text,) = asked.proofs
        if asked.proof_type is ProofType.ATTESTATION:
            proven = verify_attestation_proof(text, rules, now=NOW)
        else:
            proven = verify_attested_proof(text, rules, audience=self.identifier, now=NOW)
        assert proven.nonce == f"nonce-{self.nonces}"
        self.keys.append(proven)
        issued = [self.issue(key, seed=20 + number) for number, key in enumerate(proven.keys)]
        return answer(CredentialResponse(tuple(self.spoil(issued)), "notification-1").to_dict())


@dataclass
class VettedWorld(World):
    """A wallet between its provider and an agency that wants to know about both it and its keys."""

    agency: VettingAgency = field(default_factory=VettingAgency)


def vetted_world(vault, office: Office, *, haip=False, provider_url=PROVIDER, device=None, **changes) -> VettedWorld:
    """Such a world around an open vault; `changes` are the agency's, `device` keeps the wallet's keys."""
    agency = VettingAgency(providers=office.pki.anchors, **changes)
    return VettedWorld(vault, agency, more={PROVIDER: office}, provider_url=provider_url, haip=haip, keys=device)
