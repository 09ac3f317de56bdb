"""Signed requests of pages: by one key, or the same by several who each vouch for it in their own world (OID4VP 1.0 §A.3.2).

A signature says who asks; that it was meant for this page, `expected_origins` says. Both are checked before the request is
read, and the audience of the answer is the origin all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from protocol.encoding import JsonObject, encode_json
from protocol.errors import InvalidRequest, Malformed, NotAuthentic, ProtocolError, Unsupported, raised_as
from protocol.exchange import Exchange
from protocol.fields import Fields
from protocol.jws import MAX_TOKEN, Jws, check_typ, read_general_jws, sign_general_jws, sign_jws
from protocol.keys import Signer
from protocol.oid4vp.answer import RequestPolicy, check_answerable
from protocol.oid4vp.client_id import ClientId
from protocol.oid4vp.dc_api import (
    DcApiRequest,
    Exchanged,
    PageRequest,
    check_origin,
    read_verifier_info,
    write_verifier_info,
)
from protocol.oid4vp.request import SELF_ISSUED, VerifierInfo
from protocol.oid4vp.request_object import TYP, Unauthenticated, check_times, proof_header, verify_client
from protocol.trust.anchors import TrustAnchors, TrustedParty

MAX_ORIGINS = 64

_AT = "request object"


@dataclass(frozen=True, slots=True)
class Signatory:
    """One way in which a verifier proves who it is, with what is said about it in that world."""

    client_id: ClientId
    signer: Signer
    x5c: tuple[str, ...] = ()  # base64 DER, leaf first, without the anchor; empty: proven by a DID
    kid: str | None = None  # the DID URL of the key; None: proven by certificates
    verifier_info: tuple[VerifierInfo, ...] = ()

    def header(self) -> JsonObject:
        """The header of its signature; what does not fit its client identifier is a ValueError."""
        return proof_header(self.client_id, self.x5c, self.kid)


@dataclass(frozen=True, slots=True)
class VerifiedDcApiRequest:
    """A page's request that holds together, and who asks. Whether it is answered is the user's and policy's decision."""

    request: DcApiRequest
    party: TrustedParty | Unauthenticated
    # As it was signed, for whoever has to prove what was asked; empty: nobody signed it
    raw: str = field(default="", compare=False, repr=False)
    # The whole of what several signed, as it came, which receipts name by its hash; None: one alone signed, or nobody
    whole: JsonObject | None = field(default=None, compare=False, repr=False)


def sign_page_request(
    request: DcApiRequest, signatory: Signatory, *, origins: Sequence[str], issued_at: int, expires_at: int
) -> JsonObject:
    """The `data` of a request that one key signs (§A.3.2.1), for pages of these origins and no others."""
    claims: JsonObject = {
        **_claims(request, origins, issued_at, expires_at),
        "client_id": str(signatory.client_id),
        **write_verifier_info(signatory.verifier_info),
    }
    return {"request": sign_jws(signatory.header(), encode_json(claims), signatory.signer)}


def sign_page_request_by_all(
    request: DcApiRequest,
    signatories: Sequence[Signatory],
    *,
    origins: Sequence[str],
    issued_at: int,
    expires_at: int,
) -> JsonObject:
    """The `data` of a request that several keys sign (§A.3.2.2): who each of them is stands in its own header alone."""
    headers = [
        (
            {**one.header(), "client_id": str(one.client_id), **write_verifier_info(one.verifier_info)},
            one.signer,
        )
        for one in signatories
    ]
    if not headers:
        raise ValueError("somebody has to sign")
    payload = encode_json(_claims(request, origins, issued_at, expires_at))
    return {"request": sign_general_jws(payload, headers)}


def verify_page_request(
    asked: PageRequest, *, anchors: TrustAnchors, policy: RequestPolicy, now: int
) -> Exchange[VerifiedDcApiRequest]:
    """Verify what a page asked, and find out who asks.

    Nobody is told but the user, unless the user says so: an error that came by itself would tell the page that there is a
    wallet whose documents fit (§15.9.2).

    Raises:
        InvalidRequest: the request is not to be answered.
        VpFormatsNotSupported: it asks for formats that this wallet does not have.
        InvalidTransactionData: it asks to authorise something that we do not understand (T166).
        Unreachable: a DID document could not be had.
    """
    check_origin(asked.origin)
    match asked.protocol:
        case Exchanged.UNSIGNED:
            with raised_as(InvalidRequest):
                request = DcApiRequest.from_unsigned(asked.data, asked.origin)
            verified = VerifiedDcApiRequest(request, Unauthenticated(urlsplit(asked.origin).hostname or ""))
        case Exchanged.SIGNED:
            verified = yield from _verify_signed(asked, anchors, policy, now)
        case Exchanged.MULTISIGNED:
            verified = yield from _verify_multisigned(asked, anchors, policy, now)
        case _:
            raise InvalidRequest("protocol: is not known here")
    check_answerable(verified.request, policy, policy.dc_api_modes)
    return verified


def _verify_signed(
    asked: PageRequest, anchors: TrustAnchors, policy: RequestPolicy, now: int
) -> Exchange[VerifiedDcApiRequest]:
    with raised_as(InvalidRequest):
        text = Fields(asked.data, "data").text("request", max_length=MAX_TOKEN)
        jws = Jws.from_compact(text, _AT)
        check_typ(jws.header, TYP, _AT)
        claims = jws.peek_claims(_AT)
        client_id = _client_id(claims, policy)
    party = yield from verify_client(jws, client_id, anchors=anchors, now=now)
    with raised_as(InvalidRequest):
        _check_claims(claims, asked.origin, now)
        request = DcApiRequest.from_signed(claims, asked.origin, client_id, read_verifier_info(claims))
    return VerifiedDcApiRequest(request, party, text)


def _verify_multisigned(
    asked: PageRequest, anchors: TrustAnchors, policy: RequestPolicy, now: int
) -> Exchange[VerifiedDcApiRequest]:
    """The first signature that holds, of somebody who is trusted here, says who asks; others may be for other worlds."""
    with raised_as(InvalidRequest):
        whole = Fields(asked.data, "data").object("request")
        tokens = read_general_jws(whole.members, _AT)
    refusals: list[ProtocolError] = []
    for token in tokens:
        try:
            jws, client_id = _read_signature(token, policy)
            party = yield from verify_client(jws, client_id, anchors=anchors, now=now)
        except ProtocolError as error:
            refusals.append(error)
            continue
        with raised_as(InvalidRequest):
            claims = jws.peek_claims(_AT)
            # §A.3.2.2: what differs between those who sign stands in their headers, and only there
            for name in ("client_id", "verifier_info"):
                if name in claims.members:
                    raise Malformed(claims.path(name), "must stand in the header of a signature")
            _check_claims(claims, asked.origin, now)
            infos = read_verifier_info(_header(jws))
            request = DcApiRequest.from_signed(claims, asked.origin, client_id, infos)
        return VerifiedDcApiRequest(request, party, token, dict(whole.members))
    raise refusals[0]


def _read_signature(token: str, policy: RequestPolicy) -> tuple[Jws, ClientId]:
    with raised_as(InvalidRequest):
        jws = Jws.from_compact(token, _AT)
        # The published examples have no type here; the client identifier in the header is what says what is signed
        if jws.header.typ is not None:
            check_typ(jws.header, TYP, _AT)
        return jws, _client_id(_header(jws), policy)


def _header(jws: Jws) -> Fields:
    return Fields(dict(jws.header.members), f"{_AT} header")


def _client_id(members: Fields, policy: RequestPolicy) -> ClientId:
    """Who a signature says that it is; `origin:` is nobody's to claim, and unknown like every other prefix (T160)."""
    client_id = ClientId.from_text(members.required("client_id"), members.path("client_id"))
    if client_id.prefix not in policy.prefixes:
        raise Unsupported(f"{members.path('client_id')}: this client identifier prefix is not accepted")
    return client_id


def _claims(request: DcApiRequest, origins: Sequence[str], issued_at: int, expires_at: int) -> JsonObject:
    """What everybody signs alike; a request that no page of ours could use is our mistake and a ValueError."""
    request.check_sendable()
    for origin in origins:
        check_origin(origin)
    if request.origin not in origins:
        raise ValueError("a request is for the page that asks")
    if request.client_id is not None or request.verifier_info:
        raise ValueError("who asks, and what is said about them, comes from whoever signs")
    return {
        **request.to_dict(),
        "expected_origins": list(origins),
        "aud": SELF_ISSUED,
        "iat": issued_at,
        "exp": expires_at,
    }


def _check_claims(claims: Fields, origin: str, now: int) -> None:
    """Check that a signed request was meant for this page, for wallets that nobody knew in advance, and for now (T167)."""
    # §A.2: compared as they are; whatever is done to them first is a way around
    if origin not in claims.texts("expected_origins", max_items=MAX_ORIGINS):
        raise NotAuthentic(f"{claims.path('expected_origins')}: does not name the page that asks")
    # §5.8; the published examples for pages have none
    if claims.members.get("aud", SELF_ISSUED) not in (SELF_ISSUED, [SELF_ISSUED]):
        raise NotAuthentic(f"{_AT}: is meant for another audience")
    check_times(claims, now)
