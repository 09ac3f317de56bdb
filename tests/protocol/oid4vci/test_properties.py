"""No input of any kind leaves the error family, and what is read is written and read again as the same."""

import contextlib
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.encoding import encode_json
from protocol.errors import ProtocolError
from protocol.exchange import HttpResponse, run
from protocol.oauth.authorization import AuthorizationRequest, AuthorizationResponse
from protocol.oauth.dpop import verify_dpop_proof
from protocol.oauth.metadata import AuthorizationServerMetadata
from protocol.oauth.par import PushedAuthorizationResponse
from protocol.oid4vci.credential import CredentialRequest, CredentialResponse, DeferredIssuance
from protocol.oid4vci.metadata import CredentialIssuerMetadata, verify_signed_metadata
from protocol.oid4vci.notification import NotificationRequest
from protocol.oid4vci.obtain import fetch_credentials, fetch_issuer, fetch_tokens
from protocol.oid4vci.offer import CredentialOffer, resolve_offer
from protocol.oid4vci.proof import verify_proof
from protocol.oid4vci.token import TokenRequest, TokenResponse
from tests.protocol.oid4vci.peer import client
from tests.protocol.oid4vci.samples import HOLDER, ISSUER, METADATA, OFFER, PKI, SERVER
from tests.protocol.oid4vci.test_obtain import CONTACT, REQUEST, TOKENS
from tests.support.cases import read_cases
from tests.support.pki import NOW

SAMPLES = [
    (CredentialOffer, [case["wire"] for case in read_cases("oid4vci/offer.json", "keep")]),
    (CredentialIssuerMetadata, [case["wire"] for case in read_cases("oid4vci/metadata.json", "keep")]),
    (CredentialRequest, [case["wire"] for case in read_cases("oid4vci/credential_request.json", "keep")]),
    (CredentialResponse, [case["wire"] for case in read_cases("oid4vci/credential_response.json", "keep")]),
    (NotificationRequest, [case["wire"] for case in read_cases("oid4vci/notification_request.json", "keep")]),
    (TokenResponse, [case["wire"] for case in read_cases("oid4vci/token_response.json", "keep")]),
    (AuthorizationServerMetadata, [SERVER.to_dict()]),
    (PushedAuthorizationResponse, [{"request_uri": "urn:x", "expires_in": 60}]),
    (DeferredIssuance, [{"transaction_id": "t", "interval": 5}]),
]
FORMS = [
    (TokenRequest, [case["form"] for case in read_cases("oid4vci/token_request.json", "keep")]),
    (AuthorizationRequest, [case["form"] for case in read_cases("oauth/authorization_request.json", "keep")]),
]
NAMES = [kind.__name__ for kind, _ in SAMPLES]
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(("", "https://a.example", "\ud800", "openid_credential", "\0"))
)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
)
texts = st.text(st.characters(codec=None, exclude_categories=()), max_size=40)


@st.composite
def damaged(draw, samples):
    """A good wire form with one of its parts replaced, left out or surrounded."""

    def damage(value):
        if draw(st.integers(0, 3)) == 0 or not isinstance(value, dict | list) or not value:
            return draw(anything)
        if isinstance(value, list):
            place = draw(st.integers(0, len(value) - 1))
            return [damage(item) if i == place else item for i, item in enumerate(value)]
        name = draw(st.sampled_from(sorted(value)))
        changed = {**value, name: damage(value[name])}
        if draw(st.booleans()):
            del changed[name]
        return changed

    return damage(draw(st.sampled_from(samples)))


@pytest.mark.parametrize(("kind", "samples"), SAMPLES, ids=NAMES)
@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_no_wire_form_leaves_the_error_family(kind, samples, data):
    """T016, T017, T113."""
    value = data.draw(damaged(samples) | anything)
    with contextlib.suppress(ProtocolError):
        read = kind.from_dict(value)
        if hasattr(read, "to_dict"):
            assert kind.from_dict(read.to_dict()) == read


@pytest.mark.parametrize(("kind", "samples"), FORMS, ids=[kind.__name__ for kind, _ in FORMS])
@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_no_form_leaves_the_error_family(kind, samples, data):
    form = dict(data.draw(st.sampled_from(samples)))
    form |= data.draw(st.dictionaries(st.sampled_from(sorted(form)) | texts, texts, max_size=4))
    with contextlib.suppress(ProtocolError):
        read = kind.from_form(form)
        assert kind.from_form(read.to_form()) == read


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from(("", "openid-credential-offer://?", "haip-vci://?credential_offer=", "https://w.example/?a=")),
    texts,
    st.sampled_from(("", "&credential_offer_uri=https://a.example/", "&credential_offer={}")),
    st.binary(max_size=40),
)
def test_no_link_leaves_the_error_family(start, middle, end, body):
    answer = HttpResponse(200, (("content-type", "application/json"),), body)
    for text in (middle, quote(middle, safe="", errors="surrogatepass")):
        with contextlib.suppress(ProtocolError):
            run(resolve_offer(f"{start}{text}{end}"), lambda _: answer)


@settings(max_examples=60, deadline=None)
@given(damaged(SAMPLES[0][1]) | anything)
def test_no_offer_by_value_leaves_the_error_family(value):
    with contextlib.suppress(ProtocolError, TypeError):  # what JSON cannot say, no link can carry
        link = f"openid-credential-offer://?credential_offer={quote(encode_json(value))}"
        with contextlib.suppress(ProtocolError):
            run(resolve_offer(link), lambda _: None)


@settings(max_examples=80, deadline=None)
@given(texts, st.sampled_from(("https://wallet.example/cb?", "", "//[", "http://127.0.0.1:1/?iss=https://a.example&")))
def test_no_redirect_leaves_the_error_family(text, start):
    for url in (f"{start}{text}", f"{start}code=c&state={text}&iss={ISSUER}"):
        with contextlib.suppress(ProtocolError):
            AuthorizationResponse.from_redirect(url, issuer=ISSUER, state="st4te")


@settings(max_examples=80, deadline=None)
@given(texts | st.tuples(texts, texts, texts).map(".".join))
def test_no_token_text_leaves_the_error_family(text):
    with pytest.raises(ProtocolError):
        verify_proof(text, audience=ISSUER, now=NOW)
    with pytest.raises(ProtocolError):
        verify_dpop_proof(text, method="POST", url=ISSUER, access_token="t", now=NOW)
    with pytest.raises(ProtocolError):
        verify_signed_metadata(text, identifier=ISSUER, anchors=PKI.anchors, now=NOW)


responses = st.builds(
    HttpResponse,
    st.sampled_from((200, 200, 200, 201, 202, 204, 302, 400, 401, 404, 500)),
    st.lists(st.tuples(st.sampled_from(("dpop-nonce", "www-authenticate", "x")), st.text(max_size=20)), max_size=2).map(
        lambda more: (("content-type", "application/json"), *more)
    ),
    st.binary(max_size=30)
    | st.sampled_from(
        (
            b'{"error":"use_dpop_nonce"}',
            b'{"error":"invalid_nonce"}',
            b'{"access_token":"t","token_type":"DPoP"}',
            b'{"c_nonce":"n"}',
            b'{"credentials":[{"credential":"c"}]}',
            b'{"transaction_id":"t","interval":1}',
            encode_json(METADATA.to_dict()),
            encode_json(SERVER.to_dict()),
        )
    ),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(responses, min_size=1, max_size=8), st.sampled_from(("issuer", "tokens", "credentials")))
def test_no_server_leaves_the_error_family_or_keeps_us_for_ever(scripted, name):
    exchanges = {
        "issuer": fetch_issuer(OFFER, PKI.anchors, now=NOW),
        "tokens": fetch_tokens(CONTACT, REQUEST, client()),
        "credentials": fetch_credentials(CONTACT, TOKENS, "pid", (HOLDER,), client()),
    }
    asked = []

    def perform(request):
        asked.append(request)
        return scripted[len(asked) % len(scripted)]

    with contextlib.suppress(ProtocolError):
        run(exchanges[name], perform)
    assert 1 <= len(asked) <= 12
