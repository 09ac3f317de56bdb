"""Receiving by login: the user's browser goes to the issuer and comes back with a code (OID4VCI 1.0 §3.4, RFC 8252)."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from protocol.errors import InvalidRequest, ProtocolError
from protocol.exchange import Exchange
from protocol.oauth.authorization import AuthorizationResponse
from protocol.oauth.pkce import new_code_verifier
from protocol.oid4vci.obtain import push_request, request_credentials
from protocol.oid4vci.token import AuthorizationCodeGrant
from wallet.policy.showing import plain
from wallet.records import PendingIssuance
from wallet.service.context import WalletContext
from wallet.service.issuance import OfferSeen
from wallet.service.receiving import Receiving
from wallet.service.vouching import IssuerClient, Vouching


class LoginEnded(InvalidRequest):
    """The issuer says that the login ended without a code; `reason` is its error code, such as `access_denied`."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the login ended without success: {reason}")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class BegunLogin:
    """A login that waits for the browser to come back."""

    url: str  # to be opened in the user's browser
    redirect_uri: str
    state: str = field(repr=False)
    code_verifier: str = field(repr=False)
    client: IssuerClient = field(repr=False)  # the code is good for this one only


@dataclass(frozen=True, slots=True)
class Login:
    """The authorization code flow, with pushed request, PKCE, `iss` and `state`."""

    context: WalletContext
    receiving: Receiving
    vouching: Vouching

    def begin(self, seen: OfferSeen, redirect_uri: str) -> Exchange[BegunLogin]:
        """The user wants it: push the request; the address for the browser comes back.

        Raises:
            InvalidRequest: the issuer offers no login that is safe enough, or refused.
            NotVouched: it wants an attested wallet, and nobody attests this one; nothing was sent to it.
            Unreachable: the issuer, or whoever vouches for us, cannot be reached.
        """
        context = self.context
        state, verifier = context.new_secret(), new_code_verifier(context.random_bytes)
        try:
            client = yield from self.vouching.client_for(seen.contact)
            request = request_credentials(
                seen.contact,
                self.receiving.receivable(seen.offer, seen.contact),
                client_id=client.client_id,
                redirect_uri=redirect_uri,
                code_verifier=verifier,
                state=state,
                issuer_state=seen.offer.issuer_state,
            )
            url = yield from push_request(seen.contact, request, client.attested)
            if urlsplit(url).scheme != "https" and not context.allow_local:
                raise InvalidRequest("the issuer's login page is on this machine, which is not opened")
        except ProtocolError as error:
            yield from self._note_failure(seen, error)
            raise
        return BegunLogin(url, redirect_uri, state, verifier, client)

    def finish(self, seen: OfferSeen, begun: BegunLogin, returned: str) -> Exchange[PendingIssuance]:
        """The browser came back to this address: check that it comes from this login, and get tokens (T149).

        Raises:
            LoginEnded: it ended without a code, as when the user cancelled there; nothing was sent.
            InvalidRequest: it does not come from this login; nothing was sent.
            IssuerRefused: the issuer said no to the code.
            Unreachable: the issuer cannot be reached.
        """
        try:
            answer = AuthorizationResponse.from_redirect(returned, issuer=seen.contact.server.issuer, state=begun.state)
            if answer.code is None:
                raise LoginEnded(plain(answer.error or "", 64))
        except ProtocolError as error:
            yield from self._note_failure(seen, error)
            raise
        grant = AuthorizationCodeGrant(answer.code, begun.code_verifier, begun.redirect_uri)
        return (yield from self.receiving.redeem(seen, grant, begun.client))

    def _note_failure(self, seen: OfferSeen, error: ProtocolError) -> Exchange[None]:
        note = self.context.entry("failed", seen.consent.issuer, plain(error.description))
        yield from self.context.save(note=note)
