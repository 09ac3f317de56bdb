"""What everybody may fetch: the register (EUDI TS5 §3.2), lists, revoked certificates, status lists."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from fastapi import Request, Response

from capabilities.status_publisher.api import add_status_lists, knows
from protocol.credential import ClaimPath
from protocol.dcql.path import read_path
from protocol.dcql.query import MAX_TYPES
from protocol.encoding import read_json
from protocol.errors import InvalidRequest, Malformed
from protocol.fields import Fields
from protocol.trust.list_signature import MEDIA_TYPE as TRUSTED_LIST
from protocol.trust.registrar_api import MEDIA_TYPE as ANSWER
from registrar.policy import UseQuestion
from registrar.service import Registrar
from registrar.service.answers import RegisterQuestion
from registrar.service.documents import CATALOGUE, PARTNERS, Document
from runtime.driver import Driver
from runtime.endpoints import Endpoints

CRL = "application/pkix-crl"  # RFC 2585 §4.2
CERTIFICATE = "application/pkix-cert"  # RFC 2585 §4.1
DOCUMENT = "application/jwt"
MAX_PARAMETER = 2048  # characters
USUAL_PAGE = 20  # parties
AGE = "public, max-age=60"

_FIND = frozenset((
    "identifier", "legalname", "tradename", "policy", "entitlement", "providesattestation", "usesintermediary",
    "isintermediary", "intendeduseidentifier", "credentialformat", "credentialmeta", "claimpath", "limit", "cursor",
))  # fmt: skip
_CHECK = frozenset((
    "rpidentifier", "intendeduseidentifier", "credentialformat", "credentialmeta", "claimpath", "policyurl",
))  # fmt: skip
# §3.2.2 has these names in its text, the API description of annex A.2 the short ones
_LONG = {
    "intendeduseclaimpath": "claimpath",
    "intendedusecredentialmeta": "credentialmeta",
    "intendedusecredentialformat": "credentialformat",
}


def public_endpoints(registrar: Registrar, driver: Driver) -> Endpoints:
    """Everything that anybody may fetch."""
    path = urlsplit(registrar.context.url).path
    endpoints = Endpoints()
    _add_register(endpoints, registrar, driver, path)
    _add_publications(endpoints, registrar, driver, path)
    _add_documents(endpoints, registrar, driver, path)
    add_status_lists(endpoints, registrar.status_lists, driver, path)
    return endpoints


def _add_register(endpoints: Endpoints, registrar: Registrar, driver: Driver, path: str) -> None:
    @endpoints.get(f"{path}/wrp")
    async def find(request: Request) -> Response:
        asked = _parameters(request, _FIND)
        question = RegisterQuestion(
            identifier=asked.get("identifier"),
            legal_name=asked.get("legalname"),
            trade_name=asked.get("tradename"),
            policy=asked.get("policy"),
            entitlement=asked.get("entitlement"),
            provides=asked.get("providesattestation"),
            intermediary=asked.get("usesintermediary"),
            is_intermediary=_boolean(asked, "isintermediary"),
            use=_use_question(asked),
        )
        limit = _limit(asked)
        answer = await driver.run(registrar.register.find(question, limit=limit, cursor=asked.get("cursor", "")))
        return _signed(answer)

    @endpoints.get(f"{path}/wrp/check-intended-use")
    async def check(request: Request) -> Response:
        asked = _parameters(request, _CHECK)
        if "rpidentifier" not in asked:
            raise InvalidRequest("rpidentifier is missing")
        question = _use_question(asked) or UseQuestion()
        return _signed(await driver.run(registrar.register.check(asked["rpidentifier"], question)))

    @endpoints.get(f"{path}/wrp/{{identifier}}")
    async def one(request: Request) -> Response:
        return _signed(await driver.run(registrar.register.one(request.path_params["identifier"])))


def _add_publications(endpoints: Endpoints, registrar: Registrar, driver: Driver, path: str) -> None:
    authority = registrar.context.access_authority.to_der()

    @endpoints.get(f"{path}/lists/{{name}}")
    async def trusted_list(request: Request) -> Response:
        text = await driver.run(registrar.publications.trusted_list(request.path_params["name"]))
        return Response(text, media_type=TRUSTED_LIST, headers={"cache-control": AGE})

    @endpoints.get(f"{path}/access.crl")
    async def revocation_list(_: Request) -> Response:
        der = await driver.run(registrar.publications.revocation_list())
        return Response(der, media_type=CRL, headers={"cache-control": AGE})

    @endpoints.get(f"{path}/access.cer")
    async def access_authority(_: Request) -> Response:
        return Response(authority, media_type=CERTIFICATE, headers={"cache-control": AGE})


def _add_documents(endpoints: Endpoints, registrar: Registrar, driver: Driver, path: str) -> None:
    documents = registrar.documents

    @endpoints.get(f"{path}/{CATALOGUE}")
    async def catalogue(request: Request) -> Response:
        return _document(request, await driver.run(documents.catalogue()))

    @endpoints.get(f"{path}/{PARTNERS}")
    async def partners(request: Request) -> Response:
        return _document(request, await driver.run(documents.partners()))


def _document(request: Request, document: Document) -> Response:
    """The same bytes for everybody, packed for whoever can unpack them."""
    # Packed and not, it is the same document to whoever compares weakly (RFC 9110 §8.8.1)
    headers = {"etag": f"W/{document.etag}", "cache-control": AGE, "vary": "accept-encoding"}
    if knows(request, document.etag):
        return Response(status_code=304, headers=headers)
    if _takes_gzip(request):
        return Response(document.packed, media_type=DOCUMENT, headers={**headers, "content-encoding": "gzip"})
    return Response(document.token, media_type=DOCUMENT, headers=headers)


def _takes_gzip(request: Request) -> bool:
    """Whether a client asks for gzip by name (RFC 9110 §12.5.3)."""
    for asked in request.headers.get("accept-encoding", "").split(","):
        coding, _, weight = asked.strip().partition(";")
        if coding.strip().lower() == "gzip":
            return weight.replace(" ", "").lower() not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def _signed(answer: str) -> Response:
    return Response(answer, media_type=ANSWER, headers={"cache-control": AGE})


def _parameters(request: Request, known: frozenset[str]) -> Mapping[str, str]:
    """Each parameter once; one that we do not know would make a question mean less than its asker thinks."""
    found: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        short = _LONG.get(name.lower(), name.lower())
        if short not in known:
            raise InvalidRequest("a parameter is not known here")
        if short in found:
            raise InvalidRequest(f"{short} is there twice")
        if not 0 < len(value) <= MAX_PARAMETER:
            raise InvalidRequest(f"{short} must have 1 to {MAX_PARAMETER} characters")
        found[short] = value
    return found


def _limit(asked: Mapping[str, str]) -> int:
    text = asked.get("limit", str(USUAL_PAGE))
    if not (text.isascii() and text.isdecimal() and len(text) <= 6 and int(text) > 0):
        raise InvalidRequest("limit must be a number from 1")
    return int(text)


def _boolean(asked: Mapping[str, str], name: str) -> bool | None:
    text = asked.get(name)
    if text not in (None, "true", "false"):
        raise InvalidRequest(f"{name} must be true or false")
    return None if text is None else text == "true"


def _use_question(asked: Mapping[str, str]) -> UseQuestion | None:
    """What is asked about uses; None: nothing."""
    meta, path = asked.get("credentialmeta"), asked.get("claimpath")
    question = UseQuestion(
        use=asked.get("intendeduseidentifier"),
        format=asked.get("credentialformat"),
        types=() if meta is None else _types(meta),
        path=None if path is None else _path(path),
        policy=asked.get("policyurl"),
    )
    return None if question == UseQuestion() else question


def _types(text: str) -> tuple[str, ...]:
    """The types of a `meta` object as JSON, or one type as it is called."""
    if not text.startswith("{"):
        return (text,)
    meta = Fields(read_json(text.encode("utf-8"), "credentialmeta"), "credentialmeta")
    doctype = meta.optional_text("doctype_value")
    types = (*meta.optional_texts("vct_values", max_items=MAX_TYPES), *((doctype,) if doctype else ()))
    if not types:
        raise Malformed("credentialmeta", "must name a type by vct_values or doctype_value")
    return types


def _path(text: str) -> ClaimPath:
    """A claims path as JSON, or one name alone."""
    path = read_json(text.encode("utf-8"), "claimpath") if text.startswith("[") else [text]
    return read_path(Fields({"path": path}, "claimpath"))
