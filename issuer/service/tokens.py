"""The token endpoint: codes and refresh tokens are traded for access tokens (OID4VCI 1.0 §6, RFC 6749, RFC 9449)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from issuer.service.clients import NO_HEADERS, AttestationHeaders, Client, ClientService
from issuer.service.context import IssuerContext, ShownKey
from issuer.session.login import CodeRedemption, redeem_code
from issuer.session.offers import redeem_offer
from issuer.session.stages import (
    CODE,
    PRE_AUTHORIZED_CODE,
    REFRESH_TOKEN,
    Granted,
    Issuing,
    Offered,
    Outcome,
    Session,
    Tokens,
)
from issuer.session.tokens import renew
from protocol.errors import InvalidAuthorizationDetails, InvalidDpopProof, InvalidGrant
from protocol.exchange import Exchange
from protocol.oauth.pkce import code_challenge
from protocol.oid4vci.token import (
    AuthorizationCodeGrant,
    CredentialAuthorization,
    PreAuthorizedCodeGrant,
    RefreshTokenGrant,
    TokenRequest,
    TokenResponse,
)
from runtime.conversation import SessionKey, Spend, advance

_NO_CODE = InvalidGrant("this code is not good, or no longer")
_NO_REFRESH_TOKEN = InvalidGrant("this refresh token is not good, or no longer")


@dataclass(frozen=True, slots=True)
class TokenService:
    """The token endpoint."""

    context: IssuerContext
    clients: ClientService

    def redeem(
        self, request: TokenRequest, dpop: str | None, attested: AttestationHeaders = NO_HEADERS
    ) -> Exchange[TokenResponse]:
        """Trade a grant for tokens; `dpop` is the DPoP header, `attested` those by which a wallet says who it is.

        Raises:
            InvalidGrant: the code, transaction code, verifier or refresh token is not good.
            InvalidRequest: a transaction code is missing, or came unasked.
            InvalidAuthorizationDetails: more is asked for than the grant covers.
            ClientNotAuthenticated, UseFreshAttestation, UseAttestationChallenge: who asks; see `ClientService`.
            InvalidDpopProof: the proof is missing or does not hold.
            UseDpopNonce: the proof needs a fresh nonce.
        """
        context = self.context
        lifetimes = context.policy.lifetimes
        if context.policy.haip and request.authorization_details:
            raise InvalidAuthorizationDetails("authorization_details: are not used here; ask by scope")
        shown = self._shown(dpop)
        client = yield from self.clients.authenticate(attested, request.client_id, shown)
        dpop_key = shown.thumbprint if shown is not None else ""
        spend = client.spend if shown is None else (*client.spend, shown.spend)
        now = context.now()
        access, refresh = context.new_secret(), self._refresh_token(request)
        tokens = Tokens(
            access=SessionKey.of("", access).digest,
            access_expires_at=now + lifetimes.access_token,
            refresh=SessionKey.of("", refresh).digest if dpop_key else "",
            refresh_expires_at=now,
            dpop_key=dpop_key,
        )
        stage: Session = yield from self._advance(request, tokens, client, spend, now)
        if not isinstance(stage, Issuing):
            raise TypeError("tokens lead to issuing")
        return TokenResponse(
            access_token=access,
            token_type="DPoP" if dpop_key else "Bearer",
            expires_in=lifetimes.access_token,
            # RFC 9700 §2.2.2: a public client's refresh token must be bound to its key
            refresh_token=refresh if dpop_key else None,
            # OID4VCI 1.0 §6.2: for those who asked with details, and for nobody else
            authorization_details=tuple(CredentialAuthorization(name, (name,)) for name in stage.by_details),
        )

    def _refresh_token(self, request: TokenRequest) -> str:
        """The refresh token of an answer: a fresh one, but for whoever authenticates the one that they have.

        HAIP 1.0 §4, FAPI 2.0 §5.3.2.1: no rotation, so that a wallet whose answer got lost is not locked out.
        """
        if self.context.policy.haip and isinstance(request.grant, RefreshTokenGrant):
            return request.grant.refresh_token
        return self.context.new_secret()

    def _ending(self, tokens: Tokens, configuration_ids: Sequence[str], now: int) -> Tokens:
        """Tokens that end with what can be renewed for longest; each document's own end is looked at when it is issued."""
        types = self.context.types
        ends = [types[name].renewal.renewable_until(now) for name in configuration_ids if name in types]
        return replace(tokens, refresh_expires_at=max(ends, default=now))

    def _shown(self, dpop: str | None) -> ShownKey | None:
        if dpop is not None:
            return self.context.verify_dpop(dpop, self.context.endpoints.token)
        if self.context.policy.dpop_is_needed:
            raise InvalidDpopProof("a DPoP proof is needed")
        return None

    def _advance(
        self, request: TokenRequest, tokens: Tokens, client: Client, spend: tuple[Spend, ...], now: int
    ) -> Exchange[Session]:
        client_id, wallet = client.client_id or "", client.wallet
        details = tuple(dict.fromkeys(detail.credential_configuration_id for detail in request.authorization_details))
        match request.grant:
            case PreAuthorizedCodeGrant(code, typed):
                key = SessionKey.of(PRE_AUTHORIZED_CODE, code)
                tx_code = self.context.keyed("tx_code", key.digest, typed) if typed else ""

                def redeem_the_offer(session: Session) -> Outcome:
                    offered = session.configuration_ids if isinstance(session, Offered) else ()
                    return redeem_offer(
                        session,
                        self._ending(tokens, details or offered, now),
                        tx_code,
                        client_id=client_id,
                        details=details,
                        spend=spend,
                        now=now,
                        wallet=wallet,
                    )

                return (yield from advance(key, redeem_the_offer, _NO_CODE))
            case AuthorizationCodeGrant(code, verifier, redirect_uri):
                redemption = CodeRedemption(client_id, redirect_uri or "", code_challenge(verifier), details, wallet)

                def redeem_the_code(session: Session) -> Outcome:
                    granted = session.request.configuration_ids if isinstance(session, Granted) else ()
                    ending = self._ending(tokens, details or granted, now)
                    return redeem_code(session, ending, redemption, spend=spend, now=now)

                return (yield from advance(SessionKey.of(CODE, code), redeem_the_code, _NO_CODE))
            case RefreshTokenGrant(refresh_token):
                # The digest is what the conversation is found by, and what it compares
                key = SessionKey.of(REFRESH_TOKEN, refresh_token)

                def renew_the_tokens(session: Session) -> Outcome:
                    return renew(
                        session,
                        key.digest,
                        tokens,
                        client_id=client_id,
                        details=details,
                        spend=spend,
                        now=now,
                        wallet=wallet,
                    )

                return (yield from advance(key, renew_the_tokens, _NO_REFRESH_TOKEN))
