"""The token endpoint: codes and refresh tokens are traded for access tokens (OID4VCI 1.0 §6, RFC 6749, RFC 9449)."""

from __future__ import annotations

from dataclasses import dataclass

from issuer.service.context import IssuerContext
from issuer.session import (
    CODE,
    PRE_AUTHORIZED_CODE,
    REFRESH_TOKEN,
    Issuing,
    Outcome,
    Session,
    Tokens,
    redeem_code,
    redeem_offer,
    renew,
)
from protocol.errors import InvalidDpopProof, InvalidGrant, InvalidRequest
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

    def redeem(self, request: TokenRequest, dpop: str | None) -> Exchange[TokenResponse]:
        """Trade a grant for tokens; `dpop` is the DPoP header.

        Raises:
            InvalidGrant: the code, transaction code, verifier or refresh token is not good.
            InvalidRequest: a transaction code is missing, or came unasked.
            InvalidDpopProof: the proof is missing or does not hold.
            UseDpopNonce: the proof needs a fresh nonce.
        """
        context = self.context
        lifetimes = context.policy.lifetimes
        dpop_key, spend = self._bound_key(dpop)
        now = context.now()
        access, refresh = context.new_secret(), context.new_secret()
        tokens = Tokens(
            access=SessionKey.of("", access).digest,
            access_expires_at=now + lifetimes.access_token,
            refresh=SessionKey.of("", refresh).digest if dpop_key else "",
            refresh_expires_at=now + lifetimes.refresh_token,
            dpop_key=dpop_key,
        )
        stage: Session = yield from self._advance(request, tokens, spend, now)
        if not isinstance(stage, Issuing):
            raise TypeError("tokens lead to issuing")
        return TokenResponse(
            access_token=access,
            token_type="DPoP" if dpop_key else "Bearer",  # noqa: S106 - a type, not a password
            expires_in=lifetimes.access_token,
            # RFC 9700 §2.2.2: a public client's refresh token must be bound to its key
            refresh_token=refresh if dpop_key else None,
            authorization_details=tuple(
                CredentialAuthorization(credential_configuration_id=name, credential_identifiers=(name,))
                for name in stage.configuration_ids
            )
            if stage.by_details
            else (),
        )

    def _bound_key(self, dpop: str | None) -> tuple[str, tuple[Spend, ...]]:
        if dpop is None:
            if self.context.policy.require_dpop:
                raise InvalidDpopProof("a DPoP proof is needed")
            return "", ()
        thumbprint, spend = self.context.verify_dpop(dpop, self.context.endpoints.token)
        return thumbprint, (spend,)

    def _advance(
        self, request: TokenRequest, tokens: Tokens, spend: tuple[Spend, ...], now: int
    ) -> Exchange[Session]:
        grant = request.grant
        if isinstance(grant, PreAuthorizedCodeGrant):
            key = SessionKey.of(PRE_AUTHORIZED_CODE, grant.pre_authorized_code)
            tx_code = self.context.keyed("tx_code", key.digest, grant.tx_code) if grant.tx_code else ""

            def redeem_the_offer(session: Session) -> Outcome:
                return redeem_offer(session, tokens, tx_code, spend=spend, now=now)

            return (yield from advance(key, redeem_the_offer, _NO_CODE))
        if isinstance(grant, AuthorizationCodeGrant):
            challenge = code_challenge(grant.code_verifier)
            client_id = request.client_id or ""
            redirect_uri = grant.redirect_uri or ""

            def redeem_the_code(session: Session) -> Outcome:
                return redeem_code(
                    session,
                    tokens,
                    client_id=client_id,
                    redirect_uri=redirect_uri,
                    challenge=challenge,
                    spend=spend,
                    now=now,
                )

            return (yield from advance(SessionKey.of(CODE, grant.code), redeem_the_code, _NO_CODE))
        if isinstance(grant, RefreshTokenGrant):
            key = SessionKey.of(REFRESH_TOKEN, grant.refresh_token)

            def renew_the_tokens(session: Session) -> Outcome:
                return renew(session, key.digest, tokens, client_id=request.client_id or "", spend=spend, now=now)

            return (yield from advance(key, renew_the_tokens, _NO_REFRESH_TOKEN))
        raise InvalidRequest("grant_type: is not known here")
