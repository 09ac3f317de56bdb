"""Signed and encrypted tokens: which kind, what they say, and whether the signature holds with a key that is at hand."""

from __future__ import annotations

from collections.abc import Callable

from hoheit.inspect.certificates import explain_chain
from hoheit.inspect.report import Report
from hoheit.inspect.surroundings import Surroundings, moment, times
from protocol.did import resolve_did
from protocol.encoding import JsonValue, read_json_object
from protocol.errors import NotValidNow, ProtocolError, Unsupported
from protocol.exchange import run
from protocol.fields import Fields
from protocol.jwe import Jwe
from protocol.jws import Jws, verify_signature
from protocol.keys import PublicKey
from protocol.oid4vp.client_id import ClientId
from protocol.oid4vp.request import AuthorizationRequest
from protocol.status.bits import StatusList
from protocol.status.token import peek_status_list_token
from protocol.x509 import read_x5c

KINDS = {
    "dc+sd-jwt": ("Issuer-signed part of a credential", "SD-JWT VC"),
    "vc+sd-jwt": ("Issuer-signed part of a credential, by an older draft", "SD-JWT VC"),
    "kb+jwt": ("Key binding: the holder's signature over a presentation", "RFC 9901 §4.3"),
    "openid4vci-proof+jwt": ("Key proof: a wallet shows that it has a key", "OpenID4VCI 1.0 App. F"),
    "openidvci-issuer-metadata+jwt": ("Signed metadata of an issuer", "OpenID4VCI 1.0 §12.2.3"),
    "dpop+jwt": ("DPoP proof: a request comes from the owner of a token", "RFC 9449"),
    "oauth-authz-req+jwt": ("Request object: what a verifier asks", "OpenID4VP 1.0 §5"),
    "statuslist+jwt": ("Status list: which credentials still hold", "Token Status List §5.1"),
    "at+jwt": ("Access token", "RFC 9068"),
    "key-attestation+jwt": ("Key attestation: where a wallet keeps its keys", "OpenID4VCI 1.0 App. D"),
    "oauth-client-attestation+jwt": ("Wallet attestation", "OAuth attestation-based client authentication"),
    "oauth-client-attestation-pop+jwt": (
        "Proof of a wallet attestation",
        "OAuth attestation-based client authentication",
    ),
    "verifier-attestation+jwt": ("Verifier attestation", "OpenID4VP 1.0 §12"),
    "rc-wrp+jwt": ("Registration certificate of a partner", "ETSI TS 119 475"),
}


def explain_jws(text: str, around: Surroundings) -> Report:
    """A signed token in compact form.

    Raises:
        ProtocolError: it cannot be taken apart.
    """
    jws = peek_status_list_token(text)  # has the largest cap of all tokens, and checks the same
    typ = (jws.header.typ or "").lower().removeprefix("application/")
    kind, specification = KINDS.get(typ, ("Signed token of a kind that is not known here", "RFC 7515"))
    report = Report(kind, specification)
    report.content["header"] = dict(jws.header.members)
    claims = Fields(read_json_object(jws.payload, "payload", max_bytes=len(jws.payload)), "payload")
    report.content["claims"] = shortened(dict(claims.members))
    report.content.update(times(claims))
    if jws.header.typ is None:
        report.note(False, "says what kind of token it is (typ): no")
    _check_times(report, claims, around)
    key = _find_key(jws, around, report)
    if key is not None:
        report.check("the signature holds", lambda: verify_signature(jws, key, "token"))
    special = _SPECIAL.get(typ)
    if special is not None:
        special(report, jws, claims)
    return report


def explain_jwe(text: str, around: Surroundings) -> Report:
    """An encrypted token: its header is all that can be read without the key.

    Raises:
        ProtocolError: it cannot be taken apart.
    """
    del around  # nothing in its header is a time
    jwe = Jwe.from_compact(text)
    report = Report("Encrypted token: only its recipient can read it", "RFC 7516")
    report.content = {
        "encryption": f"ECDH-ES, {jwe.enc}",
        "recipient's key (kid)": jwe.kid,
        "ephemeral key": jwe.epk.to_jwk(),
        "size of the content": len(jwe.sealed) - 16,
    }
    report.note(None, "who encrypted it, and what is inside: cannot be told without the key")
    return report


def _check_times(report: Report, claims: Fields, around: Surroundings) -> None:
    def check() -> None:
        begins = claims.optional_time("nbf") or claims.optional_time("iat") or 0
        ends = claims.optional_time("exp")
        if begins > around.now + 60:
            raise NotValidNow("not yet")
        if ends is not None and around.now >= ends:
            raise NotValidNow("no longer")

    if any(name in claims.members for name in ("iat", "nbf", "exp")):
        report.check(f"inside its times at {moment(around.now)}", check)


def _find_key(jws: Jws, around: Surroundings, report: Report) -> PublicKey | None:
    """The key that the token brings or names; that it is the right one is what trust says, not this."""
    header = jws.header
    try:
        if header.x5c:
            leaf = explain_chain(header.x5c, around, report)
            return leaf.public_key if leaf is not None else None
        if "jwk" in header.members:
            return PublicKey.from_jwk(header.members["jwk"], "header.jwk")
        if header.kid is not None and header.kid.startswith(("did:key:", "did:jwk:")):
            document = run(resolve_did(header.kid.partition("#")[0]), _stay_offline)
            return document.key(header.kid, "assertionMethod")
    except ProtocolError as error:
        report.note(False, f"its key can be read: no. {error.description}")
        return None
    report.note(None, "whether the signature holds: the key is not in the token, and nothing is fetched here")
    return None


def _stay_offline(effect: object) -> object:
    raise Unsupported(f"this would need the network ({type(effect).__name__})")


def _request_object(report: Report, jws: Jws, claims: Fields) -> None:
    """What a verifier asks, and whether its name belongs to its certificate."""
    request: list[AuthorizationRequest] = []
    if report.check(
        "is a request that can be answered", lambda: request.append(AuthorizationRequest.from_dict(claims.members))
    ):
        report.content["asks for"] = request[0].dcql_query.to_dict()
        report.content["answer goes to"] = request[0].response_uri
    if jws.header.x5c and report.inside:
        leaf = read_x5c(jws.header.x5c)[0]
        report.check(
            "the client identifier belongs to the certificate",
            lambda: ClientId.from_text(claims.members.get("client_id")).check_certificate(leaf),
        )


def _status_list(report: Report, jws: Jws, claims: Fields) -> None:
    """How many entries a list has, and how many of which kind."""
    del jws
    lists: list[StatusList] = []
    if not report.check(
        "the list can be read", lambda: lists.append(StatusList.from_dict(claims.required("status_list")))
    ):
        return
    statuses = lists[0]
    counts: dict[str, JsonValue] = {}
    for value in range(1 << statuses.bits):
        counts[str(value)] = _count(statuses, value)
    report.content["entries"] = statuses.size
    report.content["bits of one entry"] = statuses.bits
    report.content["entries by status (0 valid, 1 revoked, 2 suspended)"] = {k: v for k, v in counts.items() if v}


def _count(statuses: StatusList, value: int) -> int:
    """By bytes, so that a list of many millions is counted in a moment."""
    per_byte, mask = 8 // statuses.bits, (1 << statuses.bits) - 1
    total = 0
    for byte, times_found in enumerate(_histogram(statuses.packed)):
        if times_found:
            total += times_found * sum((byte >> (i * statuses.bits)) & mask == value for i in range(per_byte))
    return total


def _histogram(data: bytes) -> list[int]:
    return [data.count(byte) for byte in range(256)]


def shortened(item: JsonValue) -> JsonValue:
    """A value without what only machines read at length."""
    if isinstance(item, str) and len(item) > 400:
        return f"{item[:60]}… ({len(item)} characters)"
    if isinstance(item, dict):
        return {name: shortened(inner) for name, inner in item.items()}
    if isinstance(item, list):
        return [shortened(inner) for inner in item]
    return item


_SPECIAL: dict[str, Callable[[Report, Jws, Fields], None]] = {
    "oauth-authz-req+jwt": _request_object,
    "statuslist+jwt": _status_list,
}
