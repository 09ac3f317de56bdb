"""What has to be there before anything is measured: open offers, open requests, and the answers to them."""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from issuer.app import open_issuer
from issuer.app import open_store as open_issuer_store
from issuer.config import IssuerSettings
from issuer.database.register import SqlRegister
from issuer.service.offers import GrantKind, MadeOffer, OfferOrder
from protocol.encoding import JsonObject
from protocol.errors import NotFound
from protocol.exchange import Exchange
from protocol.formats import FORMATS
from protocol.holder_binding import KeyBinding
from protocol.keys import P256Key
from protocol.oid4vp.request import AuthorizationRequest
from protocol.oid4vp.response import AuthorizationResponse
from protocol.trust.anchors import Role
from runtime.anchors import write_anchor
from runtime.conversation import Load, SessionKey
from runtime.driver import drive
from tests.benchmarks.samples import CLAIMS, FIVE, VCT, issuance
from tests.benchmarks.serving import NOBODY, signing_party
from verifier.app import open_store as open_verifier_store
from verifier.app import open_verifier
from verifier.config import VerifierSettings
from verifier.installation import ANCHORS
from verifier.service.requests import RequestOrder, ResponseMode
from verifier.session import REQUEST, Requested
from verifier.use_case import read_question

PERSON = "bench"
QUERY: JsonObject = {
    "credentials": [
        {
            "id": "c",
            "format": "dc+sd-jwt",
            "meta": {"vct_values": [VCT]},
            "claims": [{"path": list(path)} for path in FIVE],
        }
    ]
}
_MISSING = NotFound("no such request")


def make_offers(data: Path, type_id: str, grant: GrantKind, count: int) -> list[MadeOffer]:
    """Open offers of an issuer."""
    settings = IssuerSettings.read(data)
    store = open_issuer_store(settings)
    SqlRegister(store.database).put({PERSON: CLAIMS})
    issuer = open_issuer(settings, store)
    order = OfferOrder((type_id,), PERSON, grant, tx_code=False, by_reference=True, actor="")

    def make_all() -> Exchange[list[MadeOffer]]:
        made = []
        for _ in range(count):
            made.append((yield from issuer.offers.make(order)))  # noqa: PERF401 - a comprehension cannot yield
        return made

    made = drive(make_all(), store, NOBODY)
    store.database.dispose()
    return made


@dataclass(frozen=True, slots=True)
class PreparedAnswer:
    """An open request of a verifier, and a wallet's answer to it."""

    link: str
    request_path: str  # where the request is fetched
    path: str  # where the answer goes
    body: bytes


def make_answers(data: Path, count: int, *, response_mode: ResponseMode) -> list[PreparedAnswer]:
    """Open requests of a verifier, which trusts the issuer from now on, and what a wallet answers to each."""
    authority, issuer = signing_party("issuer")
    write_anchor(data / ANCHORS, "issuer.pem", authority.to_pem(), role=Role.ISSUER, name="Bench authority")
    settings = VerifierSettings.read(data)
    store = open_verifier_store(settings)
    verifier = open_verifier(settings, store)
    holder = P256Key.generate(os.urandom)
    now = int(time.time())
    credential = FORMATS["dc+sd-jwt"].issue(issuance(holder, now=now, uri=""), issuer, os.urandom)
    query = read_question(QUERY, "dcql_query")
    answers = []
    for _ in range(count):
        order = RequestOrder(None, query, owner="", response_mode=response_mode)
        made = drive(verifier.requests.make(order), store, NOBODY)
        stage = store.load(Load(SessionKey.of(REQUEST, made.id), _MISSING))
        if not isinstance(stage, Requested):
            raise TypeError("a fresh request is open")
        request = verifier.requests.authorization_request(stage)
        body = urlencode(_answer(request, credential, holder, now)).encode()
        answers.append(
            PreparedAnswer(made.uri, urlsplit(made.request_uri).path, urlsplit(request.response_uri).path, body)
        )
    store.database.dispose()
    return answers


def _answer(request: AuthorizationRequest, credential: str, holder: P256Key, now: int) -> dict[str, str]:
    """The form, encrypted where the request wants that."""
    binding = KeyBinding(holder, str(request.client_id), request.nonce, now)
    answer = AuthorizationResponse({"c": (FORMATS["dc+sd-jwt"].present(credential, FIVE, binding),)}, request.state)
    encryption = request.choose_encryption()
    if encryption is None:
        return answer.to_form()
    return answer.to_encrypted_form(*encryption, P256Key.fresh(), os.urandom)
