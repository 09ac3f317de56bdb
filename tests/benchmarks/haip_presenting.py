"""A presentation under HAIP 1.0 over HTTP: a wallet fetches the signed request and posts its answer, which was made before."""

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlencode

from protocol.dcql.query import CredentialMeta
from protocol.exchange import run
from protocol.oid4vp.link import read_link
from protocol.oid4vp.request_object import ExpectedRequest, verify_request_object
from protocol.oid4vp.request_uri import RequestUriForm
from protocol.trust.anchors import Role, TrustAnchor, TrustAnchors
from protocol.trust.carried import Carried, carried_registration
from protocol.trust.registration import RegisteredCredential, sign_registration, verify_registration
from protocol.x509 import Certificate
from runtime.access_certificates import issue_access_certificate
from runtime.installation import open_keys
from tests.benchmarks.client import FORM, Connection
from tests.benchmarks.extras import Extra, Extras, Raw, Stage, Subject
from tests.benchmarks.preparing import PreparedAnswer, make_answers
from tests.benchmarks.samples import FIVE, VCT, nothing_is_fetched
from tests.benchmarks.serving import CONNECTIONS, Kind, serving, signing_party
from tests.protocol.trust.test_registration import LEAST
from tests.support.access import LIBRARY, TERMS
from tests.support.ports import free_port
from verifier.installation import REGISTRATIONS, SIGNING, NewVerifier, set_up_verifier
from verifier.service.requests import ResponseMode

MONTH = 30 * 86_400  # seconds
HOST = "library.localhost"
WALLET_NONCE = "w" * 43
_FETCH = urlencode(RequestUriForm(wallet_nonce=WALLET_NONCE).to_form()).encode()
_FORM = {"content-type": FORM}


@dataclass(frozen=True, slots=True)
class PresentingWallet:
    """Fetches requests and posts the answers that are ready."""

    answers: Iterator[PreparedAnswer]
    anchors: TrustAnchors
    extras: Extras

    async def converse(self, connection: Connection) -> Callable[[], None]:
        """One presentation; the check verifies the request and the registration certificate in it."""
        prepared = next(self.answers)
        request = (await connection.post(prepared.request_path, _FETCH, _FORM)).expect(200)
        (await connection.post(prepared.path, prepared.body, _FORM)).expect(200)

        def check() -> None:
            now = int(time.time())
            expected = ExpectedRequest(read_link(prepared.link).client_id, wallet_nonce=WALLET_NONCE)
            text = request.body.decode("ascii")
            verified = run(verify_request_object(text, expected, anchors=self.anchors, now=now), nothing_is_fetched)
            certificate = carried_registration(
                [Carried(info.format, info.data) for info in verified.request.verifier_info], "verifier_info"
            )
            if (certificate is not None) != (Extra.REGISTRATION in self.extras):
                raise RuntimeError("the request has a registration certificate, or none, against what was set up")
            if certificate is not None:
                verify_registration(certificate, anchors=self.anchors, now=now)

        return check


@contextlib.contextmanager
def _set_up(data: Path, kind: Kind, extras: Extras, count: int) -> Iterator[Stage]:
    port = free_port()
    haip = extras == Extras(PRESENTING.extras)
    new = NewVerifier(data, f"http://{HOST}:{port}", (("de", "Bücherei"),), database_url=kind.new_url(), haip=haip)
    set_up_verifier(new, now=int(time.time()), random_bytes=os.urandom)
    anchors = [_certify(data)]
    if Extra.REGISTRATION in extras:
        anchors.append(_register(data))
    mode: ResponseMode = "direct_post.jwt" if Extra.ENCRYPTION in extras else "direct_post"
    answers = iter(make_answers(data, count, response_mode=mode))
    wallets = [PresentingWallet(answers, TrustAnchors(anchors), extras) for _ in range(CONNECTIONS)]
    with serving("verifier", data, port) as server:
        yield Stage(HOST, port, server, wallets)


def _certify(data: Path) -> TrustAnchor:
    """Put an access certificate in the place of the verifier's own; the authority that issued it."""
    authority, _ = signing_party("registrar")
    keys = open_keys(data, None)
    holder = replace(LIBRARY, dns_names=(HOST,))
    key, now = keys.key(SIGNING).public_key, int(time.time())
    terms = replace(TERMS, days=20)
    certificate = issue_access_certificate(authority, key, holder, terms, now=now, random_bytes=os.urandom)
    keys.replace_chain(SIGNING, [certificate])
    return TrustAnchor(Certificate.from_der(authority.to_der()), Role.VERIFIER, "Bench access authority")


def _register(data: Path) -> TrustAnchor:
    """Give the verifier a registration certificate for what it asks; the authority of its registrar."""
    authority, registrar = signing_party("registrar")
    now = int(time.time())
    asks = RegisteredCredential("dc+sd-jwt", CredentialMeta((VCT,)), FIVE)
    says = replace(LEAST, issued_at=now, expires_at=now + MONTH, credentials=(asks,))
    folder = data / REGISTRATIONS
    folder.mkdir(exist_ok=True)
    (folder / "bench.jwt").write_text(sign_registration(says, registrar.signer, registrar.x5c))
    return TrustAnchor(Certificate.from_der(authority.to_der()), Role.REGISTRATION_PROVIDER, "Bench registrar")


# The request is signed once, and holds the registration certificate as it is
PRESENTING = Subject(
    "HAIP presentation over HTTP",
    _set_up,
    Raw(verify=2, sign=1),
    {Extra.ENCRYPTION: Raw(agree=1), Extra.REGISTRATION: Raw()},
)
