"""The token endpoint: codes and refresh tokens are traded for access tokens (OID4VCI 1.0 §6, RFC 6749, RFC 9449)."""

from __future__ import annotations

from dataclasses import dataclass

from issuer.service.context import IssuerContext
from issuer.session.login import CodeRedemption, redeem_code
from issuer.session.offers import redeem_offer
from issuer.session.stages import CODE, PRE_AUTHORIZED_CODE, REFRESH_TOKEN, Issuing, Outcome, Session, Tokens
from issuer.session.tokens import renew
from protocol.errors import InvalidDpopProof, InvalidGrant
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
            InvalidAuthorizationDetails: more is asked for than the grant covers.
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
            token_type="DPoP" if dpop_key else "Bearer",
            expires_in=lifetimes.access_token,
            # RFC 9700 §2.2.2: a public client's refresh token must be bound to its key
            refresh_token=refresh if dpop_key else None,
            # OID4VCI 1.0 §6.2: for those who asked with details, and for nobody else
            authorization_details=tuple(CredentialAuthorization(name, (name,)) for name in stage.by_details),
        )

    def _bound_key(self, dpop: str | None) -> tuple[str, tuple[Spend, ...]]:
        if dpop is None:
            if self.context.policy.require_dpop:
                raise InvalidDpopProof("a DPoP proof is needed")
            return "", ()
        thumbprint, spend = self.context.verify_dpop(dpop, self.context.endpoints.token)
        return thumbprint, (spend,)

    def _advance(self, request: TokenRequest, tokens: Tokens, spend: tuple[Spend, ...], now: int) -> Exchange[Session]:
        client_id = request.client_id or ""
        details = tuple(dict.fromkeys(detail.credential_configuration_id for detail in request.authorization_details))
        match request.grant:
            case PreAuthorizedCodeGrant(code, typed):
                key = SessionKey.of(PRE_AUTHORIZED_CODE, code)
                tx_code = self.context.keyed("tx_code", key.digest, typed) if typed else ""

                def redeem_the_offer(session: Session) -> Outcome:
                    return redeem_offer(
                        session, tokens, tx_code, client_id=client_id, details=details, spend=spend, now=now
                    )

                return (yield from advance(key, redeem_the_offer, _NO_CODE))
            case AuthorizationCodeGrant(code, verifier, redirect_uri):
                redemption = CodeRedemption(client_id, redirect_uri or "", code_challenge(verifier), details)

                def redeem_the_code(session: Session) -> Outcome:
                    return redeem_code(session, tokens, redemption, spend=spend, now=now)

                return (yield from advance(SessionKey.of(CODE, code), redeem_the_code, _NO_CODE))
            case RefreshTokenGrant(refresh_token):
                # The digest is what the conversation is found by, and what it compares
                key = SessionKey.of(REFRESH_TOKEN, refresh_token)

                def renew_the_tokens(session: Session) -> Outcome:
                    return renew(
                        session, key.digest, tokens, client_id=client_id, details=details, spend=spend, now=now
                    )

                return (yield from advance(key, renew_the_tokens, _NO_REFRESH_TOKEN))
