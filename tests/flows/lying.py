"""How a partner lies: what it signed is taken apart, changed, and signed again with its own key, or somebody else's."""

from collections.abc import Callable
from typing import Any

from protocol.encoding import encode_json, read_json_object
from protocol.exchange import HttpRequest, HttpResponse
from protocol.jws import Jws
from protocol.sovereignty.receipt import TYP as RECEIPT
from protocol.sovereignty.signing import sign_as_organisation
from protocol.sovereignty.usage_report import TYP as REPORT
from tests.flows.land import Partner
from tests.flows.network import Lie

Change = Callable[[dict[str, Any]], None]


def lying_receipts(partner: Partner, change: Change, signer: Partner | None = None) -> Lie:
    """Change what every receipt of a partner says, wherever it is handed out."""

    def lie(request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if response.status != 200:
            return response
        if request.url.endswith("/receipt"):
            return _with_body(response, _signed_again(RECEIPT, response.body, change, signer or partner))
        if "/responses/" in request.url:
            members = read_json_object(response.body, "answer")
            told = str(members["receipt"]).encode()
            members["receipt"] = _signed_again(RECEIPT, told, change, signer or partner).decode()
            return _with_body(response, encode_json(members))
        return response

    return lie


def lying_reports(partner: Partner, change: Change, signer: Partner | None = None) -> Lie:
    """Change what every usage report of a partner says."""

    def lie(request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if response.status != 200 or not request.url.endswith("/usage"):
            return response
        return _with_body(response, _signed_again(REPORT, response.body, change, signer or partner))

    return lie


def answering(path: str, answer: Callable[[HttpResponse], HttpResponse]) -> Lie:
    """Answer something else at addresses that end so."""

    def lie(request: HttpRequest, response: HttpResponse) -> HttpResponse:
        return answer(response) if request.url.endswith(path) else response

    return lie


def claims_of(token: bytes) -> dict[str, Any]:
    """What a signed object says, without looking at who signed it."""
    return dict(Jws.from_compact(token.decode("ascii"), "object").peek_claims("object").members)


def _signed_again(typ: str, token: bytes, change: Change, signer: Partner) -> bytes:
    says = claims_of(token)
    change(says)
    keys = signer.keys
    return sign_as_organisation(typ, says, keys.signer, keys.x5c).encode("ascii")


def _with_body(response: HttpResponse, body: bytes) -> HttpResponse:
    headers = tuple([(name, value) for name, value in response.headers if name != "content-length"])
    return HttpResponse(response.status, headers, body)
