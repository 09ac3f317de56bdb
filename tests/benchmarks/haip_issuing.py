"""An issuance under HAIP 1.0 over HTTP: pushed request, login, token, nonce, credential, with each extra or without it.

The login is that of the test settings, which lets in whoever was invited: a redirect stands for the page and the person.
"""

import contextlib
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import orjson

from issuer.app import open_issuer, open_store
from issuer.config import IssuerSettings
from issuer.installation import ANCHORS, NewIssuer, set_up_issuer
from issuer.service.envelopes import request_encryption, response_encryption
from issuer.service.offers import GrantKind
from protocol.encoding import encode_base64url
from protocol.formats import IssuerSigner
from protocol.keys import P256Key
from protocol.oauth.authorization import AuthorizationRequest
from protocol.oauth.client_attestation import (
    HEADER,
    POP_HEADER,
    ClientAttestation,
    sign_attestation_pop,
    sign_client_attestation,
)
from protocol.oauth.dpop import sign_dpop_proof
from protocol.oid4vci.attested_proof import sign_attested_proof
from protocol.oid4vci.credential import CredentialRequest, CredentialResponse
from protocol.oid4vci.encryption import Envelope, RequestEncryption, ResponseEncryption
from protocol.oid4vci.key_attestation import KeyAttestation, sign_key_attestation
from protocol.oid4vci.proof import sign_proof
from protocol.oid4vci.token import AuthorizationCodeGrant, TokenRequest
from protocol.trust.anchors import Role
from runtime.anchors import write_anchor
from tests.benchmarks.client import FORM, Answer, Connection
from tests.benchmarks.extras import Extra, Extras, Raw, Stage, Subject
from tests.benchmarks.preparing import make_offers
from tests.benchmarks.serving import (
    CONNECTIONS,
    Kind,
    environment,
    serving,
    signing_party,
    write_type,
)
from tests.support.ports import free_port
from tests.support.wallet_provider import LEVEL

HOUR = 3600  # seconds
TYPE = "bench"
WALLET = "https://wallet.example"  # client_id
REDIRECT_URI = "http://127.0.0.1:7000/callback"
HOST = "agency.localhost"
# Whether a wallet still holds is looked up in a list that is fetched once, so it is left out here
ATTESTED = f'[key_attestation]\nkey_storage = ["{LEVEL}"]\nuser_authentication = ["{LEVEL}"]\nwatched = false\n\n'


@dataclass(frozen=True, slots=True)
class Invitation:
    """What one issuance begins with: an offer's state, the key that the credential is for, and who vouches for that."""

    issuer_state: str
    key: P256Key
    attestation: str | None


@dataclass(frozen=True, slots=True)
class Encryption:
    """What the issuer's metadata says of encryption."""

    request: RequestEncryption | None
    response: ResponseEncryption | None


@dataclass(slots=True)
class HaipWallet:
    """Just enough of a wallet: it signs what is bound to a nonce, everything else was made before."""

    issuer: str
    extras: Extras
    encryption: Encryption
    attestation: str
    instance: P256Key
    invitations: Iterator[Invitation]
    dpop_key: P256Key = field(default_factory=P256Key.fresh)
    nonce: str | None = None  # for DPoP, and the challenge for proofs of possession

    async def converse(self, connection: Connection) -> Callable[[], None]:
        """One issuance; the check decrypts the response, and looks for the credential."""
        invitation = next(self.invitations)
        if self.nonce is None:
            await self._post(connection, "/nonce", b"", {})
        verifier = encode_base64url(os.urandom(32))
        code = await self._log_in(connection, invitation, verifier)
        grant = AuthorizationCodeGrant(code, verifier, REDIRECT_URI)
        form = urlencode(TokenRequest(grant, WALLET).to_form()).encode()
        headers = {"content-type": FORM, **self._client(), **self._dpop("/token")}
        token = await self._post(connection, "/token", form, headers)
        access_token: str = orjson.loads(token.expect(200).body)["access_token"]
        nonce = await self._post(connection, "/nonce", b"", {})
        envelope = Envelope.of(self.encryption.request, self.encryption.response, os.urandom)
        proof = self._proof(invitation, orjson.loads(nonce.expect(200).body)["c_nonce"])
        request = CredentialRequest(TYPE, None, (proof,), envelope.wanted)
        media_type, body = envelope.seal(request.to_dict(), os.urandom)
        scheme = "DPoP" if Extra.DPOP in self.extras else "Bearer"
        headers = {"content-type": media_type, "authorization": f"{scheme} {access_token}"}
        headers |= self._dpop("/credential", access_token)
        answer = (await self._post(connection, "/credential", body, headers)).expect(200)

        def check() -> None:
            said = envelope.open(answer.headers["content-type"], answer.body, "response")
            if (said is not None) != (Extra.ENCRYPTION in self.extras):
                raise RuntimeError("the response is encrypted, or not, against what was asked")
            [_] = CredentialResponse.from_dict(orjson.loads(answer.body) if said is None else said).credentials

        return check

    async def _log_in(self, connection: Connection, invitation: Invitation, verifier: str) -> str:
        """The code of a pushed request."""
        challenge = encode_base64url(hashlib.sha256(verifier.encode()).digest())
        request = AuthorizationRequest(
            WALLET, REDIRECT_URI, challenge, state="s", scope=TYPE, issuer_state=invitation.issuer_state
        )
        form = urlencode(request.to_form()).encode()
        pushed = await self._post(connection, "/par", form, {"content-type": FORM, **self._client()})
        request_uri = orjson.loads(pushed.expect(201).body)["request_uri"]
        query = urlencode({"client_id": WALLET, "request_uri": request_uri})
        led = (await connection.get(f"/authorize?{query}")).expect(303)
        return parse_qs(urlsplit(led.headers["location"]).query)["code"][0]

    async def _post(self, connection: Connection, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        answer = await connection.post(path, body, headers)
        self.nonce = answer.headers.get("dpop-nonce", self.nonce)
        return answer

    def _client(self) -> dict[str, str]:
        if Extra.ATTESTATION not in self.extras:
            return {}
        pop = sign_attestation_pop(
            self.instance, audience=self.issuer, jti=_jti(), issued_at=int(time.time()), challenge=self.nonce
        )
        return {HEADER: self.attestation, POP_HEADER: pop}

    def _dpop(self, path: str, access_token: str | None = None) -> dict[str, str]:
        if Extra.DPOP not in self.extras:
            return {}
        proof = sign_dpop_proof(
            self.dpop_key,
            method="POST",
            url=self.issuer + path,
            jti=_jti(),
            issued_at=int(time.time()),
            access_token=access_token,
            nonce=self.nonce,
        )
        return {"dpop": proof}

    def _proof(self, invitation: Invitation, nonce: str) -> str:
        now = int(time.time())
        if invitation.attestation is None:
            return sign_proof(invitation.key, audience=self.issuer, nonce=nonce, issued_at=now)
        return sign_attested_proof(
            invitation.key, invitation.attestation, audience=self.issuer, nonce=nonce, issued_at=now
        )


@contextlib.contextmanager
def _set_up(data: Path, kind: Kind, extras: Extras, count: int) -> Iterator[Stage]:
    port = free_port()
    identifier = f"http://{HOST}:{port}"
    haip = extras == Extras(ISSUING.extras)
    write_type(data / "types", TYPE, ATTESTED if Extra.KEYS in extras else "")
    settings = {
        "HOHEIT_ISSUER_TYPES_FOLDER": str(data / "types"),
        "HOHEIT_ISSUER_AUTOMATIC_LOGIN": "true",
        "HOHEIT_ISSUER_REQUIRE_DPOP": str(Extra.DPOP in extras).lower(),
    }
    new = NewIssuer(data, identifier, (("de", "Amt"),), types=(TYPE,), database_url=kind.new_url(), haip=haip)
    set_up_issuer(new, now=int(time.time()), random_bytes=os.urandom)
    authority, provider = signing_party("wallet provider")
    write_anchor(data / ANCHORS, "provider.pem", authority.to_pem(), role=Role.WALLET_PROVIDER, name="Bench authority")
    with environment(settings):
        offers = make_offers(data, TYPE, GrantKind.AUTHORIZATION_CODE, count)
        encryption = _encryption(data) if Extra.ENCRYPTION in extras else Encryption(None, None)
    attested = Extra.KEYS in extras
    invitations = iter([_invite(offer.offer.issuer_state or "", provider, attested=attested) for offer in offers])
    wallets = [_wallet(identifier, extras, encryption, provider, invitations) for _ in range(CONNECTIONS)]
    with serving("issuer", data, port, settings) as server:
        yield Stage(HOST, port, server, wallets)


def _encryption(data: Path) -> Encryption:
    settings = IssuerSettings.read(data)
    store = open_store(settings)
    context = open_issuer(settings, store).context
    store.database.dispose()
    return Encryption(request_encryption(context), response_encryption(context))


def _invite(issuer_state: str, provider: IssuerSigner, *, attested: bool) -> Invitation:
    key, now = P256Key.fresh(), int(time.time())
    if not attested:
        return Invitation(issuer_state, key, None)
    says = KeyAttestation((key.public_key,), now, now + HOUR, key_storage=(LEVEL,), user_authentication=(LEVEL,))
    return Invitation(issuer_state, key, sign_key_attestation(says, provider.signer, provider.x5c))


def _wallet(
    issuer: str, extras: Extras, encryption: Encryption, provider: IssuerSigner, invitations: Iterator[Invitation]
) -> HaipWallet:
    instance, now = P256Key.fresh(), int(time.time())
    says = ClientAttestation(WALLET, instance.public_key, now + HOUR, issued_at=now)
    attestation = sign_client_attestation(says, provider.signer, provider.x5c)
    return HaipWallet(issuer, extras, encryption, attestation, instance, invitations)


def _jti() -> str:
    return encode_base64url(os.urandom(16))


# An attestation and its proof of possession at two endpoints; a proof at two; one more token to read; both ways encrypted
ISSUING = Subject(
    "HAIP issuance over HTTP",
    _set_up,
    Raw(verify=1, sign=1),
    {
        Extra.ATTESTATION: Raw(verify=4),
        Extra.DPOP: Raw(verify=2),
        Extra.KEYS: Raw(verify=1),
        Extra.ENCRYPTION: Raw(agree=2, generate=1),
    },
)
