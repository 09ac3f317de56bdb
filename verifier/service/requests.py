"""Asking: a request is made, handed out as often as the wallet fetches it, and forgotten (OID4VP 1.0 §5)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, Never

from protocol.dcql.query import DcqlQuery
from protocol.encoding import JsonValue, decode_base64url, encode_base64url, encode_json
from protocol.errors import InvalidRequest, Malformed, raised_as
from protocol.exchange import Exchange
from protocol.fields import read_https_url
from protocol.jwe import ENCRYPTIONS
from protocol.keys import P256Key
from protocol.oid4vp.client_id import Prefix
from protocol.oid4vp.link import SCHEME, PlainRequest, RequestByReference, RequestUriMethod
from protocol.oid4vp.request import (
    DIRECT_POST_JWT,
    AuthorizationRequest,
    ClientMetadata,
    EncryptionKey,
    VerifierInfo,
)
from protocol.oid4vp.request_object import sign_request_object
from protocol.oid4vp.response import ResponseKey
from protocol.sovereignty.signing import hash_text
from protocol.trust.dataset import REGISTRAR_DATASET
from runtime.conversation import Change, Event, SessionKey, advance, begin, load, with_key
from verifier.again import purpose_of
from verifier.counter import REQUEST_SECONDS, UNSEEN_SECONDS
from verifier.keeping import forget, forget_in_browser
from verifier.policy import MAX_RENEWALS, MIN_KEEP, is_running_out, kept_for
from verifier.registration import outside_registration, registration_for, verifier_info
from verifier.service.brought import takes_answers
from verifier.service.context import VP_FORMATS, VerifierContext
from verifier.service.receipts import Receipts
from verifier.session import (
    AWAITED,
    REQUEST,
    REQUEST_URI,
    Asked,
    Awaited,
    Opened,
    Received,
    Requested,
    Session,
    Terms,
    no_request,
    open_request,
    read_query,
    renew,
)
from verifier.use_case import UseCase

ResponseMode = Literal["direct_post", "direct_post.jwt"]
MAX_QR = 2900  # bytes that fit into a QR code
BROWSER = "browser"


@dataclass(frozen=True, slots=True)
class RequestOrder:
    """What a program or a page asks for: either a use case or a query."""

    use_case: str | None
    query: DcqlQuery | None
    owner: str  # digest of the API key; empty: our own page
    response_mode: ResponseMode = "direct_post.jwt"
    prefix: Prefix = Prefix.X509_HASH
    same_device: bool = False
    browser: str = ""  # secret of the browser that began on our own page
    redirect_uri: str = ""  # a program's own page, where a wallet on the same device leads back to
    # On our page, of somebody who stands before it: an answer is not kept longer than it is looked at
    in_person: bool = False
    counter: str = ""  # id of the counter whose code was scanned
    number: int = 0  # by which its page tells people apart
    forwarded: bool = False  # to a service; a good answer is a case at once
    again: str = ""  # id of the request about rights for which somebody shows their data once more
    for_another: bool = False  # whoever answers acts for another: a proof that may be left out may not


@dataclass(frozen=True, slots=True)
class MadeRequest:
    """A request that waits for a wallet."""

    id: str
    uri: str  # the link for wallets
    request_uri: str  # empty: the link holds the request itself
    qr_svg: str
    expires_at: int  # epoch seconds


@dataclass(frozen=True, slots=True)
class Requests:
    """Making and handing out requests."""

    context: VerifierContext
    receipts: Receipts

    def make(self, order: RequestOrder, request_id: str = "") -> Exchange[MadeRequest]:
        """Make a request with a nonce, a state and a key of its own (T191, T192).

        Raises:
            InvalidRequest: not exactly one of use case and query, an unknown use case, a page to lead back to without
                `same_device` or that is no https address, a question too long for a link, another way than HAIP's where
                that is wanted, or a question beyond the registration where that is refused.
        """
        use_case, query = self._question(order)
        self._check_allowed(order, use_case, query)
        if order.redirect_uri:
            _check_redirect(order)
        request_id = request_id or self.context.new_id()
        reference = self.context.reference(request_id)
        stage = Requested(self._asked(request_id, order, use_case), self._terms(request_id, order, use_case, query))
        if len(link := self.link(stage)) > MAX_QR:
            raise InvalidRequest("dcql_query: is too long for a link; ask with a client_id_prefix that signs")
        asked = stage.asked
        change: Change[Session, Never] = Change(
            stage,
            keys=(SessionKey.of(REQUEST, request_id), SessionKey.of(REQUEST_URI, reference)),
            events=(Event("request made", request_id, actor=order.owner[:16], detail=asked.use_case),),
        )
        yield from begin(change, asked.expires_at + MIN_KEEP)
        return MadeRequest(
            id=request_id,
            uri=link,
            request_uri=self.context.request_uri(reference) if order.prefix is not Prefix.REDIRECT_URI else "",
            qr_svg=self.context.qr_svg(reference),
            expires_at=asked.expires_at,
        )

    def link(self, stage: Awaited, wallet: str = SCHEME) -> str:
        """The link for wallets: by reference, or plain where the client cannot sign. `wallet` is a scheme or an address."""
        reference = self._reference(stage)
        prefix = Prefix(stage.terms.client_id_prefix)
        if prefix is Prefix.REDIRECT_URI:
            return PlainRequest(self.authorization_request(stage)).to_link(wallet)
        client_id = self.context.client_id(prefix, reference)
        return RequestByReference(client_id, self.context.request_uri(reference), RequestUriMethod.POST).to_link(wallet)

    def web_link(self, stage: Awaited) -> str:
        """The same for the wallet that runs in the browser; empty if there is none."""
        return self.link(stage, f"{self.context.wallet_url}/authorize") if self.context.wallet_url else ""

    def qr_svg(self, stage: Awaited) -> str:
        """The QR code as a picture."""
        return self.context.qr_svg(self._reference(stage))

    def open(self, reference: str, wallet_nonce: str | None) -> Exchange[str]:
        """The signed request object for a wallet; with its nonce inside, if it sent one (T185).

        Raises:
            NotFound: unknown, answered, expired, or never to be fetched.
            Unavailable: the signing key is away; the request stays as it is.
        """
        context = self.context
        key = SessionKey.of(REQUEST_URI, reference)
        found = yield from load(key, no_request(), AWAITED)
        prefix = Prefix(found.terms.client_id_prefix)
        now = context.now()
        if prefix is Prefix.REDIRECT_URI or self._is_over(found, reference, now):
            raise no_request()
        signed = yield from self._signed(found, wallet_nonce, now)
        handed = hash_text(signed)
        stage = yield from advance(key, lambda session: open_request(session, handed, now=now), no_request())
        if not isinstance(stage, Opened | Received):
            raise TypeError("opening leads to an open request")
        if (stage.asked, stage.terms.nonce) != (found.asked, found.terms.nonce):
            # It was renewed in between; now that it is opened, it stays as it is
            return (yield from self.open(reference, wallet_nonce))
        return signed

    def _signed(self, stage: Awaited, wallet_nonce: str | None, now: int) -> Exchange[str]:
        context = self.context
        by_did = stage.terms.client_id_prefix == Prefix.DECENTRALIZED_IDENTIFIER
        return with_key(
            context.signing.signer,
            lambda: sign_request_object(
                self.authorization_request(stage, wallet_nonce),
                context.signing.signer,
                x5c=() if by_did else context.signing.x5c,
                kid=context.key_id if by_did else None,
                issued_at=now,
                expires_at=stage.asked.expires_at,
            ),
        )

    def link_of_reference(self, reference: str) -> Exchange[str]:
        """The link of an open request, for whoever holds its reference.

        Raises:
            NotFound: unknown, answered, or expired.
        """
        stage = yield from load(SessionKey.of(REQUEST_URI, reference), no_request(), AWAITED)
        now = self.context.now()
        if now >= stage.asked.expires_at or self._is_over(stage, reference, now):
            raise no_request()
        return self.link(stage)

    def renewed(self, stage: Requested) -> Exchange[Session]:
        """The request as it is after this look: with a fresh code if nobody opened it and its code is running out.

        Every look of the browser that began does this, be it for a page or for a stream of events: so a page without
        JavaScript has a fresh code too, no page has to ask for one at the right moment, and two tabs draw the same. An
        abandoned page cannot make us do more and more: a renewal is a step of the one session, which makes no second one,
        and there are `MAX_RENEWALS` of them in all. Then somebody has to press a button, which asks anew. Once a wallet has
        opened a request, it is never changed under its feet.
        """
        context = self.context
        asked, old = stage.asked, stage.terms
        now = context.now()
        if old.renewals >= MAX_RENEWALS or not is_running_out(asked.expires_at, context.lifetimes, now=now):
            return stage
        terms = replace(
            old,
            renewals=old.renewals + 1,
            nonce=context.new_secret(),
            state=context.new_secret(),
            encryption_key=self._new_key(asked.id) if old.encryption_key else "",
        )
        fresh = SessionKey.of(REQUEST_URI, context.reference(asked.id, terms.renewals))
        *former, _ = self.references(stage)
        expires_at = now + context.lifetimes.request
        return (
            yield from advance(
                SessionKey.of(REQUEST, asked.id),
                lambda session: renew(
                    session,
                    terms,
                    expires_at=expires_at,
                    keep_until=expires_at + MIN_KEEP,
                    reference=fresh,
                    drop=tuple(former),
                    now=now,
                ),
                no_request(),
            )
        )

    def forget(self, request_id: str, owner: str) -> Exchange[None]:
        """Erase a request and what was answered (T261).

        Raises:
            NotFound: unknown, or somebody else's (T184).
        """
        key = SessionKey.of(REQUEST, request_id)
        now = self.context.now()
        yield from advance(key, lambda s: forget(s, owner, references=self.references(s), now=now), no_request())

    def forget_in_browser(self, request_id: str, browser: str) -> Exchange[None]:
        """The same for the browser that began on our page, and no other.

        Raises:
            NotFound: unknown, over, or begun in another browser (T237).
        """
        key = SessionKey.of(REQUEST, request_id)
        digest, now = SessionKey.of(BROWSER, browser).digest, self.context.now()
        yield from advance(
            key, lambda s: forget_in_browser(s, digest, references=self.references(s), now=now), no_request()
        )

    def references(self, session: object) -> tuple[SessionKey, ...]:
        """What wallets find an open request by: its code's reference, and the one of the code before."""
        if not isinstance(session, Requested | Opened | Received):
            return ()
        renewals = session.terms.renewals
        found = [self.context.reference(session.asked.id, n) for n in range(max(0, renewals - 1), renewals + 1)]
        return tuple(SessionKey.of(REQUEST_URI, reference) for reference in found)

    def authorization_request(self, stage: Awaited, wallet_nonce: str | None = None) -> AuthorizationRequest:
        """The request as it travels, the same every time but for the wallet's nonce."""
        endpoint = self.receipts.endpoint(stage)
        metadata = ClientMetadata(vp_formats=VP_FORMATS, cockpit_endpoint=endpoint)
        if stage.terms.encryption_key:
            key = EncryptionKey(key_id(stage.terms), self.decryption_key(stage).public_key)
            metadata = ClientMetadata((key,), ENCRYPTIONS, VP_FORMATS, endpoint, takes_answers(self.context, stage))
        return replace(
            self.expected_request(stage, metadata),
            wallet_nonce=wallet_nonce,
            verifier_info=self.verifier_info(stage),
        )

    def verifier_info(self, stage: Awaited) -> tuple[VerifierInfo, ...]:
        """What we registered for, or else what the data is for; a link that holds the whole request has no room for it."""
        context = self.context
        if stage.terms.client_id_prefix == Prefix.REDIRECT_URI:
            return ()
        use_case = context.use_cases.get(stage.asked.use_case)
        query = read_query(stage.terms.dcql_query)
        own = registration_for(use_case, query, context.registrations(), now=context.now(), shown=context.shown)
        if own is not None:
            return verifier_info(own, use_case, context.shown)
        texts: list[JsonValue] = [{"lang": lang, "value": value} for lang, value in purpose_of(stage.asked, use_case)]
        if not texts:
            return ()
        return (VerifierInfo(REGISTRAR_DATASET, {"purpose": texts}),)

    def expected_request(self, stage: Awaited, metadata: ClientMetadata) -> AuthorizationRequest:
        """The request as far as an answer is held against it; `metadata` says which key that was encrypted to."""
        reference = self._reference(stage)
        terms = stage.terms
        return AuthorizationRequest(
            client_id=self.context.client_id(Prefix(terms.client_id_prefix), reference),
            response_uri=self.context.response_uri(reference),
            response_mode=terms.response_mode,
            nonce=terms.nonce,
            dcql_query=read_query(terms.dcql_query),
            client_metadata=metadata,
            state=terms.state,
        )

    def decryption_key(self, stage: Awaited) -> P256Key:
        """The private key of one request."""
        sealed = decode_base64url(stage.terms.encryption_key)
        return P256Key.from_scalar(self.context.sealer.open(sealed, f"key {stage.asked.id}"))

    def _check_allowed(self, order: RequestOrder, use_case: UseCase | None, query: DcqlQuery) -> None:
        context = self.context
        if context.haip:
            # HAIP 1.0 §5, §5.1: signed by the key of a certificate, and answered encrypted
            if order.prefix is not Prefix.X509_HASH:
                raise InvalidRequest(f"client_id_prefix: must be {Prefix.X509_HASH}")
            if order.response_mode != DIRECT_POST_JWT:
                raise InvalidRequest(f"response_mode: must be {DIRECT_POST_JWT}")
        if context.refuse_unregistered:
            registrations, now = context.registrations(), context.now()
            outside = outside_registration(use_case, query, registrations, now=now, shown=context.shown)
            if outside is not None:
                raise InvalidRequest(f"dcql_query: is beyond the registration: {outside}")

    def _question(self, order: RequestOrder) -> tuple[UseCase | None, DcqlQuery]:
        if order.use_case is not None and order.query is None:
            use_case = self.context.use_cases.get(order.use_case)
            if use_case is None:
                raise InvalidRequest("use_case: there is none of this name")
            return use_case, use_case.query_for_another if order.for_another else use_case.query
        if order.query is None or order.use_case is not None or order.for_another:
            raise InvalidRequest("either use_case or dcql_query is needed, and for_another goes with the first")
        return None, order.query

    def _asked(self, request_id: str, order: RequestOrder, use_case: UseCase | None) -> Asked:
        now, keep = self.context.now(), use_case.keep if use_case else 0
        return Asked(
            id=request_id,
            owner=order.owner,
            use_case=use_case.id if use_case else "",
            browser=SessionKey.of(BROWSER, order.browser).digest if order.browser else "",
            same_device=order.same_device,
            redirect_uri=order.redirect_uri,
            created_at=now,
            expires_at=now + (REQUEST_SECONDS if order.counter else self.context.lifetimes.request),
            keep=UNSEEN_SECONDS if order.counter else kept_for(keep, in_person=order.in_person),
            counter=order.counter,
            number=order.number,
            forwarded=order.forwarded,
            again=order.again,
        )

    def _terms(self, request_id: str, order: RequestOrder, use_case: UseCase | None, query: DcqlQuery) -> Terms:
        context = self.context
        return Terms(
            dcql_query=encode_json(query.to_dict()).decode("utf-8"),
            nonce=context.new_secret(),
            state=context.new_secret(),
            response_mode=order.response_mode,
            client_id_prefix=str(order.prefix),
            encryption_key=self._new_key(request_id) if order.response_mode == DIRECT_POST_JWT else "",
            # As they are now: what is asked under one rule is not judged under another
            accepted_issuers=tuple(sorted(use_case.accepted_issuers)) if use_case else (),
            max_status_age=use_case.max_status_age if use_case else context.lifetimes.status_age,
            offline_status_age=use_case.offline_status_age if use_case else 0,
        )

    def _new_key(self, request_id: str) -> str:
        """A fresh private key for answers, sealed."""
        scalar = P256Key.generate(self.context.random_bytes).to_scalar()
        return encode_base64url(self.context.sealer.seal(scalar, f"key {request_id}"))

    def _reference(self, stage: Awaited) -> str:
        return self.context.reference(stage.asked.id, stage.terms.renewals)

    def _is_over(self, stage: Awaited, reference: str, now: int) -> bool:
        """Whether a reference is that of a former code whose own time is over (T196)."""
        return now >= stage.terms.former_until and reference != self._reference(stage)


def key_id(terms: Terms) -> str:
    """The name of a request's encryption key; it says nothing."""
    return SessionKey.of("encryption key", terms.state).digest[:32]


def encrypted_to(key: ResponseKey | None) -> ClientMetadata:
    """What a request says of the key that its answer was encrypted to; None: it came in clear."""
    return ClientMetadata() if key is None else ClientMetadata((EncryptionKey(key.kid, key.decrypter.public_key),))


def _check_redirect(order: RequestOrder) -> None:
    with raised_as(InvalidRequest):
        read_https_url(order.redirect_uri, "redirect_uri")
        if not order.same_device:
            raise Malformed("redirect_uri", "needs same_device")
