"""A scripted issuer: it answers requests by address, one answer after the other, and remembers what it was asked."""

from urllib.parse import parse_qsl

from protocol.encoding import encode_json, read_json
from protocol.errors import ProtocolError
from protocol.exchange import HttpResponse, run
from protocol.oauth.dpop import verify_dpop_proof
from protocol.oid4vci.client import DpopClient
from protocol.oid4vci.metadata import sign_metadata
from tests.protocol.oid4vci.samples import DPOP, ISSUER, METADATA, PKI, SERVER
from tests.support.pki import DAY, NOW, seeded

ISSUER_METADATA = f"{ISSUER}/.well-known/openid-credential-issuer"
SERVER_METADATA = f"{ISSUER}/.well-known/oauth-authorization-server"


def answer(value, status=200, *, media_type="application/json", **headers):
    """A response; header names may be written with underscores."""
    body = value if isinstance(value, bytes) else encode_json(value)
    named = tuple((name.replace("_", "-"), text) for name, text in headers.items())
    return HttpResponse(status, (("content-type", media_type), *named), body)


def refusal(code, status=400, **headers):
    return answer({"error": code, "error_description": "m4rker <script>"}, status, **headers)


class Peer:
    """Each address has a list of answers, the last of them for ever; an answer may be an error, or made by a function."""

    def __init__(self, **answers):
        self.answers = {
            ISSUER_METADATA: [answer(METADATA.to_dict())],
            SERVER_METADATA: [answer(SERVER.to_dict())],
        }
        self.answers.update({f"{ISSUER}/{name}": found for name, found in answers.items()})
        self.requests = []

    def perform(self, request):
        self.requests.append(request)
        answers = self.answers[request.url]
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(found, ProtocolError):
            raise found
        return found(request) if callable(found) else found

    def run(self, exchange):
        return run(exchange, self.perform)

    def asked(self, name):
        """The requests to one of the issuer's endpoints."""
        return [request for request in self.requests if request.url == f"{ISSUER}/{name}"]


def header(request, name):
    return next((value for key, value in request.headers if key == name), None)


def form(request):
    assert header(request, "content-type") == "application/x-www-form-urlencoded"
    return dict(parse_qsl(request.body.decode(), strict_parsing=True))


def body(request):
    assert header(request, "content-type") == "application/json"
    return read_json(request.body, "request")


def dpop(request, access_token=None):
    """The verified DPoP proof of a request."""
    proof = header(request, "dpop")
    assert header(request, "authorization") == (None if access_token is None else f"DPoP {access_token}")
    return verify_dpop_proof(proof, method=request.method, url=request.url, access_token=access_token, now=NOW)


def client():
    return DpopClient(DPOP, seeded(7), lambda: NOW)


def signed_metadata(metadata=METADATA, pki=PKI):
    text = sign_metadata(metadata, pki.signer, x5c=pki.x5c, issued_at=NOW, expires_at=NOW + DAY)
    return answer(text.encode(), media_type="application/jwt")
