from dataclasses import replace

import pytest

from protocol.errors import InvalidRequest, Unreachable
from protocol.oid4vci.encryption import ResponseEncryption
from protocol.oid4vci.obtain import fetch_issuer
from protocol.oid4vci.offer import CredentialOffer
from protocol.trust.anchors import TrustAnchors
from tests.protocol.oid4vci.peer import (
    ISSUER_METADATA,
    SERVER_METADATA,
    Peer,
    answer,
    header,
    refusal,
    signed_metadata,
)
from tests.protocol.oid4vci.samples import ISSUER, METADATA, OFFER, PID, PKI, SERVER
from tests.support.pki import NOW, make_pki

PRE_AUTHORIZED = "urn:ietf:params:oauth:grant-type:pre-authorized_code"
FIRST, SECOND, THIRD = "https://first.example", "https://second.example/tenant", "https://third.example"
WELL_KNOWN = {
    FIRST: "https://first.example/.well-known/oauth-authorization-server",
    SECOND: "https://second.example/.well-known/oauth-authorization-server/tenant",
    THIRD: "https://third.example/.well-known/oauth-authorization-server",
}


def find(peer, offer=OFFER, anchors=PKI.anchors, now=NOW):
    return peer.run(fetch_issuer(offer, anchors, now=now))


def with_metadata(response):
    peer = Peer()
    peer.answers[ISSUER_METADATA] = [response]
    return peer


def with_server(response):
    peer = Peer()
    peer.answers[SERVER_METADATA] = [response]
    return peer


def with_servers(**grant_types):
    """An issuer with several authorization servers, and which grants each of them takes."""
    names = {"first": FIRST, "second": SECOND, "third": THIRD}
    peer = with_metadata(
        answer(replace(METADATA, authorization_servers=tuple(names[name] for name in grant_types)).to_dict())
    )
    for name, grants in grant_types.items():
        issuer = names[name]
        server = replace(SERVER, issuer=issuer, grant_types_supported=grants)
        peer.answers[WELL_KNOWN[issuer]] = [answer(server.to_dict())]
    return peer


def test_an_issuer_is_its_own_server_and_says_what_it_offers():
    peer = Peer()
    contact = find(peer)
    assert (contact.issuer, contact.server, contact.party) == (METADATA, SERVER, None)
    assert [request.url for request in peer.requests] == [ISSUER_METADATA, SERVER_METADATA]
    assert {request.method for request in peer.requests} == {"GET"}
    assert header(peer.requests[0], "accept") == "application/jwt, application/json;q=0.9"


def test_signed_metadata_says_who_it_is():
    contact = find(with_metadata(signed_metadata()))
    assert contact.issuer == METADATA
    assert contact.party is not None
    assert contact.party.name == "Issuing desk"


def test_metadata_signed_by_a_stranger_is_refused_and_asked_for_unsigned():
    """OID4VCI 1.0 §12.2.3: then nobody vouches for it."""
    peer = with_metadata(signed_metadata(pki=make_pki()))
    peer.answers[ISSUER_METADATA].append(answer(METADATA.to_dict()))
    contact = find(peer)
    assert (contact.issuer, contact.party) == (METADATA, None)
    assert [header(request, "accept") for request in peer.requests[:2]] == [
        "application/jwt, application/json;q=0.9",
        "application/json",
    ]


def test_a_signature_of_a_stranger_is_not_taken_the_second_time_either():
    with pytest.raises(InvalidRequest):
        find(with_metadata(signed_metadata()), anchors=TrustAnchors())


@pytest.mark.parametrize(
    "response",
    [
        pytest.param(signed_metadata(replace(METADATA, credential_issuer="https://evil.example")), id="T148 another"),
        pytest.param(
            answer(signed_metadata().body[:-8] + b"AAAAAAAA", media_type="application/jwt"), id="bad signature"
        ),
        pytest.param(answer(signed_metadata().body, media_type="text/plain"), id="T212 another content type"),
        pytest.param(answer(METADATA.to_dict(), media_type="application/jwt"), id="JSON as JWT"),
        pytest.param(answer(b"\xff\xfe", media_type="application/jwt"), id="no text"),
        pytest.param(replace(signed_metadata(), status=404), id="not there"),
    ],
)
def test_signed_metadata_that_does_not_hold_is_refused_for_good(response):
    peer = with_metadata(response)
    peer.answers[ISSUER_METADATA].append(answer(METADATA.to_dict()))
    with pytest.raises(InvalidRequest):
        find(peer)
    assert len(peer.requests) == 1


def test_signed_metadata_outside_its_time_is_refused():
    with pytest.raises(InvalidRequest, match="outside its time"):
        find(with_metadata(signed_metadata()), now=NOW + 86_400)


@pytest.mark.parametrize(
    "response",
    [
        pytest.param(
            answer(replace(METADATA, credential_issuer="https://evil.example").to_dict()), id="T148 another issuer"
        ),
        pytest.param(answer(replace(METADATA, credential_issuer=ISSUER + "/").to_dict()), id="T148 a slash more"),
        pytest.param(answer(replace(METADATA, configurations={"other": PID}).to_dict()), id="not offered"),
        pytest.param(
            answer(replace(METADATA, response_encryption=ResponseEncryption(required=True)).to_dict()),
            id="encryption required",
        ),
        pytest.param(answer({}), id="empty"),
        pytest.param(answer(b"{"), id="T212 truncated"),
        pytest.param(answer(METADATA.to_dict(), media_type="text/html"), id="T212 HTML"),
        pytest.param(refusal("not_found", 404), id="not there"),
        pytest.param(answer(b"", 302, location="https://evil.example"), id="T208 redirect"),
    ],
)
def test_an_issuer_that_does_not_fit_its_offer_is_left(response):
    peer = with_metadata(response)
    with pytest.raises(InvalidRequest):
        find(peer)
    assert [request.url for request in peer.requests] == [ISSUER_METADATA]


@pytest.mark.parametrize(
    "response",
    [
        pytest.param(answer(replace(SERVER, issuer="https://evil.example").to_dict()), id="T148 another server"),
        pytest.param(answer(replace(SERVER, issuer=ISSUER + "/").to_dict()), id="T148 a slash more"),
        pytest.param(answer({}), id="empty"),
        pytest.param(answer(b"x"), id="T212 no JSON"),
        pytest.param(refusal("not_found", 404), id="not there"),
    ],
)
def test_a_server_that_is_not_the_one_asked_for_is_left(response):
    with pytest.raises(InvalidRequest):
        find(with_server(response))


@pytest.mark.parametrize("make", [with_metadata, with_server])
@pytest.mark.parametrize("response", [refusal("x", 500), refusal("x", 503), Unreachable("away")])
def test_whoever_is_out_of_order_can_be_tried_again(make, response):
    with pytest.raises(Unreachable):
        find(make(response))


@pytest.mark.parametrize(
    ("offer", "server"),
    [
        (OFFER, SECOND),
        (CredentialOffer(ISSUER, ("pid",), authorization_code=True), FIRST),
        (replace(OFFER, authorization_server=FIRST), FIRST),
        (replace(OFFER, authorization_server=SECOND), SECOND),
    ],
    ids=["by code", "by login", "named", "named too"],
)
def test_the_server_that_takes_the_grant_is_found(offer, server):
    """OID4VCI 1.0 §12.2.4."""
    peer = with_servers(first=("authorization_code",), second=(PRE_AUTHORIZED,), third=(PRE_AUTHORIZED,))
    assert find(peer, offer).server.issuer == server
    assert WELL_KNOWN[THIRD] not in [request.url for request in peer.requests]


def test_where_no_server_says_so_it_is_the_first():
    assert find(with_servers(first=("a",), second=("b",))).server.issuer == FIRST


def test_an_issuer_with_many_servers_does_not_keep_us_busy():
    servers = tuple(f"https://{number}.example" for number in range(16))
    peer = with_metadata(answer(replace(METADATA, authorization_servers=servers).to_dict()))
    for name in servers:
        server = replace(SERVER, issuer=name, grant_types_supported=("a",))
        peer.answers[f"{name}/.well-known/oauth-authorization-server"] = [answer(server.to_dict())]
    assert find(peer).server.issuer == servers[0]
    assert len(peer.requests) == 1 + 4


@pytest.mark.parametrize("servers", [(), (FIRST,)])
def test_a_server_that_is_not_the_issuer_s_is_never_asked(servers):
    """T148, OID4VCI 1.0 §12.2.4: the offer may point to one of the issuer's servers only."""
    peer = with_metadata(answer(replace(METADATA, authorization_servers=servers).to_dict()))
    with pytest.raises(InvalidRequest):
        find(peer, replace(OFFER, authorization_server="https://evil.example"))
    assert len(peer.requests) == 1
