"""How the tests of the issuer's endpoints call them, as a wallet does over HTTP."""

from protocol.oid4vci.offer import PRE_AUTHORIZED_CODE_GRANT
from tests.support.issuer import CLIENT_ID, IDENTIFIER, REDIRECT_URI

FORM = "application/x-www-form-urlencoded"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"  # RFC 7636 App. B


def token_form(offer, **changes):
    """A token request with an offer's code."""
    form = {"grant_type": PRE_AUTHORIZED_CODE_GRANT, "pre-authorized_code": offer.offer.pre_authorized_code, **changes}
    return {name: value for name, value in form.items() if value is not None}


def ask_token(http, wallet, form, *, dpop="good", **options):
    """Post to the token endpoint, with a good DPoP proof unless another one, or None, is given."""
    headers = {"dpop": wallet.token_dpop() if dpop == "good" else dpop} if dpop else {}
    return http.post("/token", data=form, headers=headers, **options)


def ask_credential(http, wallet, tokens, body=None, *, dpop="good", authorization=None, path="/credential", **options):
    """Post to the credential endpoint, or to another that takes an access token."""
    if body is None:
        body = {"credential_configuration_id": "member", "proofs": {"jwt": wallet.proofs([wallet.new_key()])}}
    url = f"{IDENTIFIER}{path}"
    headers = {"authorization": authorization or f"DPoP {tokens.access_token}"}
    if dpop is not None:
        headers["dpop"] = wallet.dpop(url, access_token=tokens.access_token) if dpop == "good" else dpop
    return http.post(path, json=body, headers=headers, **options)


def is_error(response, code, status=400):
    """Whether an answer is this error and nothing else: JSON, a code and a description (T131)."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"
    assert set(response.json()) == {"error", "error_description"}
    assert response.json()["error"] == code
    return True


def par_form(**changes):
    """An authorization request to push; a change to None leaves a field out."""
    form = {
        "response_type": "code",
        "client_id": CLIENT_ID,
        "redirect_uri": REDIRECT_URI,
        "scope": "member",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        "state": "s",
        **changes,
    }
    return {name: value for name, value in form.items() if value is not None}
