"""The wallet's side: what it gets for a link, what it answers, and what a verifier hears of it."""

from urllib.parse import parse_qsl

from protocol.exchange import run
from protocol.keys import P256Key
from protocol.oid4vp.answer import MAX_ANSWER, RequestPolicy, fetch_request, send_answer, wallet_metadata
from protocol.oid4vp.client_id import Prefix
from protocol.oid4vp.link import RequestByReference, RequestUriMethod
from protocol.oid4vp.request_object import Unauthenticated, VerifiedRequest
from tests.protocol.oid4vp.samples import (
    ANCHORS,
    HOST,
    REQUEST_URI,
    RESPONSE_URI,
    SAN_DNS,
    Peer,
    request_object,
    served,
)
from tests.support.pki import NOW, seeded

WALLET_NONCE = "w-0S6_WzA2Mj"
WALLET = wallet_metadata({"dc+sd-jwt": {"sd-jwt_alg_values": ["ES256"]}}, list(Prefix))
POLICY = RequestPolicy()
LAX = RequestPolicy(prefixes=frozenset(Prefix))
BY_GET = RequestByReference(SAN_DNS, REQUEST_URI)
BY_POST = RequestByReference(SAN_DNS, REQUEST_URI, RequestUriMethod.POST)
THANKS = served({})
PRESENTED = {"pid": ("eyJ.e.s~",)}


def fetched(link, peer, *, policy=POLICY, anchors=ANCHORS):
    """What a wallet gets for a link."""
    exchange = fetch_request(link, anchors=anchors, policy=policy, wallet_nonce=WALLET_NONCE, metadata=WALLET, now=NOW)
    return run(exchange, peer)


def served_request(text, **more):
    """A verifier that serves this request object, and thanks for every answer."""
    return Peer({REQUEST_URI: request_object(text), RESPONSE_URI: THANKS, **more})


def form_of(request):
    """The form of a request that a wallet sent."""
    assert dict(request.headers)["content-type"] == "application/x-www-form-urlencoded"
    return dict(parse_qsl(request.body.decode("ascii"), strict_parsing=True, errors="strict"))


def told(peer):
    """The error that a verifier was told, if any."""
    posts = [request for request in peer.asked if request.url == RESPONSE_URI]
    if not posts:
        return None
    (post,) = posts
    return form_of(post)


def answered(request, vp_token=None, peer=None, seed=8):
    """What became of an answer, and the form that was posted."""
    peer = peer or Peer({RESPONSE_URI: THANKS})
    exchange = send_answer(
        VerifiedRequest(request, Unauthenticated(HOST)),
        vp_token or PRESENTED,
        ephemeral=P256Key.fresh(),
        random_bytes=seeded(seed),
    )
    delivery = run(exchange, peer)
    (sent,) = peer.asked
    assert (sent.method, sent.url, sent.max_bytes) == ("POST", RESPONSE_URI, MAX_ANSWER)
    return delivery, form_of(sent)
