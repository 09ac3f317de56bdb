"""Wallets that do not give up: what a broken connection leaves open they send again, and they write down what they know."""

import base64
import json
import time
from dataclasses import dataclass, field
from random import Random
from urllib.parse import urlencode, urlsplit

from protocol.encoding import JsonObject, encode_base64url
from protocol.exchange import run
from protocol.keys import P256Key
from protocol.oauth.dpop import sign_dpop_proof
from protocol.oid4vci.notification import ACCEPTED, FAILURE
from protocol.oid4vci.offer import PRE_AUTHORIZED_CODE_GRANT
from protocol.oid4vci.proof import sign_proof
from protocol.oid4vp.link import RequestByReference, read_link
from protocol.oid4vp.request import AuthorizationRequest
from protocol.oid4vp.request_object import ExpectedRequest, verify_request_object
from protocol.oid4vp.response import ErrorResponse
from protocol.trust.anchors import TrustAnchors
from tests.support.processes import Call, ConnectionLostError, Reply, Service
from tests.support.verifier import Held, answer_form, present

FORM = ("content-type", "application/x-www-form-urlencoded")
JSON = ("content-type", "application/json")


class UnexpectedReplyError(AssertionError):
    """A service said what it must not say."""


@dataclass(frozen=True, slots=True)
class Settled:
    """A call whose outcome is known: it was done once, whether or not the answer that said so arrived."""

    reply: Reply
    lost: bool  # an earlier try broke
    answered: bool  # the answer arrived; if not, the same call sent again was refused as done before


def settle(service: Service, call: Call, random: Random, *, good: int, done_before: tuple[str, ...]) -> Settled:
    """Send a call, the very same again for as long as the connection breaks, until it is known to be done.

    `good` is the status of success, `done_before` the codes by which a single-use thing is refused the second time.

    Raises:
        UnexpectedReplyError: a first try was refused, or a repeated one for another reason.
    """
    lost = False
    while True:
        try:
            reply = service.call(call, random)
        except ConnectionLostError:
            lost = True
            continue
        if reply.status == good:
            return Settled(reply, lost, answered=True)
        if lost and 400 <= reply.status < 500 and reply.error in done_before:
            return Settled(reply, lost, answered=False)
        raise UnexpectedReplyError(f"{call.method} {call.path}, lost before: {lost}: {reply.status} {reply.body!r}")


@dataclass(slots=True)
class Batch:
    """One credential request, and what came of it."""

    holders: tuple[P256Key, ...]
    nonce: str
    settled: Settled
    credentials: tuple[str, ...]  # empty: the answer was lost


@dataclass(slots=True)
class Issuance:
    """What a wallet knows of one offer."""

    offer_id: str
    code: str
    key: P256Key  # of its DPoP proofs
    redeemed: Settled | None = None
    access_token: str = ""
    batches: list[Batch] = field(default_factory=list)
    notification_id: str = ""
    told: str = ""  # the event that the issuer was notified of
    notified: Settled | None = None


@dataclass(slots=True)
class Holder:
    """Takes up offers at an issuer."""

    service: Service
    api_key: str
    type_id: str
    subject: str
    random: Random
    dpop_nonce: str = ""

    def visit(self) -> Issuance:
        """From the offer to the notification; one in ten stops after each of the first two steps."""
        issuance = self.take_offer()
        if self.random.random() < 0.1:
            return issuance
        self.redeem(issuance)
        if not issuance.access_token or self.random.random() < 0.1:
            return issuance
        self.ask(issuance)
        while not issuance.batches[-1].credentials or self.random.random() < 0.2:
            self.ask(issuance)
        self.notify(issuance)
        return issuance

    def take_offer(self) -> Issuance:
        """Have an offer made. What a lost answer offered is never taken up."""
        body = {"credential_configuration_ids": [self.type_id], "subject": self.subject, "tx_code": False}
        call = Call("POST", "/api/offers", (JSON, bearer(self.api_key)), json.dumps(body).encode())
        made = settle(self.service, call, self.random, good=201, done_before=()).reply.json()
        code = made["offer"]["grants"][PRE_AUTHORIZED_CODE_GRANT]["pre-authorized_code"]
        return Issuance(made["id"], code, new_key(self.random))

    def token_call(self, issuance: Issuance) -> Call:
        """A token request with a fresh proof."""
        if not self.dpop_nonce:
            self.c_nonce()
        form = {"grant_type": PRE_AUTHORIZED_CODE_GRANT, "pre-authorized_code": issuance.code}
        return Call("POST", "/token", (FORM, self._dpop(issuance, "/token")), urlencode(form).encode())

    def redeem(self, issuance: Issuance) -> None:
        """Trade the code for a token; if the answer is lost there is none, and no second try."""
        call = self.token_call(issuance)
        issuance.redeemed = settle(self.service, call, self.random, good=200, done_before=("invalid_grant",))
        if issuance.redeemed.answered:
            issuance.access_token = issuance.redeemed.reply.json()["access_token"]

    def c_nonce(self) -> str:
        """A fresh nonce for key proofs, and on the way one for DPoP."""
        reply = settle(self.service, Call("POST", "/nonce"), self.random, good=200, done_before=()).reply
        self.dpop_nonce = reply.headers["dpop-nonce"]
        nonce: str = reply.json()["c_nonce"]
        return nonce

    def credential_call(self, issuance: Issuance, holders: tuple[P256Key, ...], nonce: str) -> Call:
        """A credential request for these keys with a fresh DPoP proof."""
        proofs = [
            sign_proof(holder, audience=self.service.identifier, nonce=nonce, issued_at=int(time.time()))
            for holder in holders
        ]
        body = json.dumps({"credential_configuration_id": self.type_id, "proofs": {"jwt": proofs}}).encode()
        return Call("POST", "/credential", (JSON, *self._with_token(issuance, "/credential")), body)

    def ask(self, issuance: Issuance) -> None:
        """Ask for a batch of one to three credentials, all with one nonce."""
        nonce = self.c_nonce()
        holders = tuple(new_key(self.random) for _ in range(self.random.randint(1, 3)))
        call = self.credential_call(issuance, holders, nonce)
        done_before = ("invalid_dpop_proof", "invalid_nonce")
        settled = settle(self.service, call, self.random, good=200, done_before=done_before)
        credentials: tuple[str, ...] = ()
        if settled.answered:
            answer = settled.reply.json()
            credentials = tuple(item["credential"] for item in answer["credentials"])
            issuance.notification_id = answer["notification_id"]
        issuance.batches.append(Batch(holders, nonce, settled, credentials))

    def notify(self, issuance: Issuance) -> None:
        """Tell the issuer that the last batch was kept, or that it could not be."""
        issuance.told = self.random.choice((ACCEPTED, ACCEPTED, ACCEPTED, FAILURE))
        body = json.dumps({"notification_id": issuance.notification_id, "event": issuance.told}).encode()
        call = Call("POST", "/notification", (JSON, *self._with_token(issuance, "/notification")), body)
        issuance.notified = settle(self.service, call, self.random, good=204, done_before=("invalid_dpop_proof",))

    def _with_token(self, issuance: Issuance, path: str) -> tuple[tuple[str, str], ...]:
        token = issuance.access_token
        return ("authorization", f"DPoP {token}"), self._dpop(issuance, path, token)

    def _dpop(self, issuance: Issuance, path: str, access_token: str | None = None) -> tuple[str, str]:
        proof = sign_dpop_proof(
            issuance.key,
            method="POST",
            url=self.service.identifier + path,
            jti=encode_base64url(self.random.randbytes(16)),
            issued_at=int(time.time()),
            access_token=access_token,
            nonce=self.dpop_nonce,
        )
        return "dpop", proof


@dataclass(slots=True)
class Presentation:
    """What a wallet knows of one request."""

    request_id: str
    answer: Call
    declines: bool
    settled: Settled | None = None


@dataclass(slots=True)
class Presenter:
    """Answers requests of a verifier."""

    service: Service
    api_key: str
    query: JsonObject
    held: Held
    anchors: TrustAnchors
    random: Random

    def visit(self) -> Presentation:
        """From the request to its answer; one in ten is left open."""
        presentation = self.take_request()
        if self.random.random() >= 0.1:
            self.answer(presentation)
        return presentation

    def take_request(self) -> Presentation:
        """Have a request made, fetch it, and prepare what to answer. What a lost answer asked is never answered."""
        body = json.dumps({"dcql_query": self.query}).encode()
        call = Call("POST", "/api/requests", (JSON, bearer(self.api_key)), body)
        made = settle(self.service, call, self.random, good=201, done_before=()).reply.json()
        fetch = Call("GET", urlsplit(made["request_uri"]).path)
        text = settle(self.service, fetch, self.random, good=200, done_before=()).reply.body.decode()
        request = self._verified(made["uri"], text)
        declines = self.random.random() < 0.15
        if declines:
            form = ErrorResponse("access_denied", state=request.state).to_form()
        else:
            presented = present(request, self.held, now=int(time.time()))
            form = answer_form(request, {"pid": [presented]}, seed=self.random.getrandbits(32))
        path = urlsplit(request.response_uri).path
        return Presentation(made["id"], Call("POST", path, (FORM,), urlencode(form).encode()), declines)

    def answer(self, presentation: Presentation) -> None:
        """Post the answer until it is known to have arrived."""
        presentation.settled = settle(
            self.service, presentation.answer, self.random, good=200, done_before=("invalid_request",)
        )

    def state(self, presentation: Presentation) -> JsonObject:
        """How the request stands, as the partner's program reads it."""
        call = Call("GET", f"/api/requests/{presentation.request_id}", (bearer(self.api_key),))
        state: JsonObject = settle(self.service, call, self.random, good=200, done_before=()).reply.json()
        return state

    def _verified(self, uri: str, text: str) -> AuthorizationRequest:
        link = read_link(uri)
        if not isinstance(link, RequestByReference):
            raise TypeError("requests are asked by reference here")
        exchange = verify_request_object(
            text, ExpectedRequest(link.client_id), anchors=self.anchors, now=int(time.time())
        )
        return run(exchange, _refuse).request


def bearer(key: str) -> tuple[str, str]:
    """The header of an API key."""
    return "authorization", f"Bearer {key}"


def new_key(random: Random) -> P256Key:
    """A key of nobody else's."""
    return P256Key.generate(random.randbytes)


def payload_of(credential: str) -> JsonObject:
    """What an SD-JWT says outside its disclosures, unverified."""
    part = credential.split("~", maxsplit=1)[0].split(".")[1]
    payload: JsonObject = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return payload


def _refuse(effect: object) -> object:
    raise TypeError(f"nothing is fetched here: {type(effect).__name__}")
