"""How the tests of HAIP's rules ask an issuer, over HTTP."""

from contextlib import contextmanager

from issuer.policy import IssuerPolicy
from protocol.oauth.client_attestation import HEADER, POP_HEADER
from tests.issuer.api.calls import par_form, token_form
from tests.issuer.service.test_attested_keys import member
from tests.support.issuer import TestWallet, make_issuer, small_types
from tests.support.pki import seeded_key
from tests.support.wallet_provider import CLIENT

KEY = seeded_key(41)
HAIP = IssuerPolicy(haip=True)


def issuer(provider, policy=HAIP):
    """An issuer under HAIP: `member` asks for attested keys, `badge` does not."""
    types = {**small_types(), "member": member()}
    desk = make_issuer(types=types, policy=policy, clock=provider.clock, outside=provider, anchors=provider.anchors)
    return desk.with_context(decrypters={KEY.public_key.thumbprint(): KEY})


@contextmanager
def without_haip(provider):
    """The same issuer without the switch, and a public client of it."""
    desk = issuer(provider, IssuerPolicy())
    with desk.browser() as client:
        yield desk, TestWallet(desk), client


def shown(wallet, **headers):
    """The headers by which a wallet shows who it is; None leaves one out."""
    said = wallet.headers()
    named = {HEADER: said.attestation[0], POP_HEADER: said.pop[0] if said.pop else None, **headers}
    return {name: value for name, value in named.items() if value is not None}


def push(http, wallet, headers=None, **changes):
    """Push a request as this wallet."""
    form = par_form(**{"client_id": CLIENT, **changes})
    return http.post("/par", data=form, headers=shown(wallet) if headers is None else headers)


def redeem(http, wallet, offer, headers=None, *, dpop=True, **changes):
    """Trade an offer's code for tokens as this wallet."""
    headers = shown(wallet) if headers is None else headers
    proof = {"dpop": wallet.token_dpop()} if dpop else {}
    return http.post("/token", data=token_form(offer, **changes), headers={**headers, **proof})


def metadata(http):
    return http.get("/.well-known/openid-credential-issuer").json()


def server(http):
    return http.get("/.well-known/oauth-authorization-server").json()


def log_in(desk, request_uri):
    """Anna logs in; the address that her wallet is answered at."""
    authorization = desk.issuer.authorization
    desk.run(authorization.visit(CLIENT, request_uri, "browser"))
    letter = desk.run(authorization.write_letter("anna", "clerk"))
    return desk.run(authorization.log_in(request_uri, "browser", letter))
