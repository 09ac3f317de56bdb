"""Documents of DIDs: where they stand, and with which keys they let somebody sign."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from multiformats import multibase

from protocol.did import (
    MAX_METHODS,
    MAX_MULTIBASE,
    DidDocument,
    did_key,
    did_web_url,
    resolve_did,
)
from protocol.encoding import encode_json
from protocol.errors import Malformed, NotAuthentic, ProtocolError, Unreachable, Unsupported
from protocol.exchange import HttpRequest, HttpResponse, run
from tests.support.keys import OTHER_P256, P256, P384
from tests.support.strategies import json_values

WEB = "did:web:issuer.example"
DOCUMENT_URL = "https://issuer.example/.well-known/did.json"


def resolve(did, web=None):
    """Resolve with a web that has nothing but what it is given."""

    def perform(effect):
        assert isinstance(effect, HttpRequest)
        assert effect.method == "GET"
        answer = (web or {}).get(effect.url)
        if answer is None:
            raise Unreachable("nobody answers")
        return answer if isinstance(answer, HttpResponse) else served(answer)

    return run(resolve_did(did), perform)


def served(value, *, status=200, media_type="application/did+json"):
    return HttpResponse(status, (("content-type", media_type),), encode_json(value))


def refused(error, did, web=None):
    with pytest.raises(ProtocolError) as refusal:
        resolve(did, web)
    assert type(refusal.value) is error
    return refusal.value.description


def method(key=P256, **members):
    found = {"id": "#1", "type": "JsonWebKey", "controller": WEB, "publicKeyJwk": key.to_jwk(), **members}
    return {name: value for name, value in found.items() if value is not ...}


def document(*methods, **members):
    return {"id": WEB, "verificationMethod": list(methods or (method(),)), "assertionMethod": ["#1"], **members}


def multikey(codec, data):
    return multibase.encode(codec + data, "base58btc")


P256_CODEC = b"\x80\x24"


# An address


@pytest.mark.parametrize(
    ("identifier", "url"),
    [
        ("issuer.example", "https://issuer.example/.well-known/did.json"),
        ("issuer.example:tenant:7", "https://issuer.example/tenant/7/did.json"),
        ("issuer.example%3A8443", "https://issuer.example:8443/.well-known/did.json"),
        ("issuer.example%3A8443:a", "https://issuer.example:8443/a/did.json"),
        ("localhost%3A8443", "https://localhost:8443/.well-known/did.json"),
        ("xn--mnchen-3ya.example", "https://xn--mnchen-3ya.example/.well-known/did.json"),
        ("issuer.example:m%C3%BCnchen", "https://issuer.example/m%C3%BCnchen/did.json"),
        ("issuer.example:a%40b", "https://issuer.example/a%40b/did.json"),
        ("issuer.example:...:.a", "https://issuer.example/.../.a/did.json"),
    ],
)
def test_a_did_web_says_where_its_document_stands(identifier, url):
    assert did_web_url(identifier) == url
    did = f"did:web:{identifier}"
    found = document(method(controller=did), id=did)
    assert resolve(did, {url: found}).key(f"{did}#1", "assertionMethod") == P256


@pytest.mark.parametrize(
    "identifier",
    [
        "",
        ":a",
        "Issuer.example",
        "issuer..example",
        ".example",
        "issuer.example.",
        "-a.example",
        "a-.example",
        "issuer_1.example",
        "127.0.0.1",  # T207
        "10.0.0.1%3A80",
        "2130706433",
        "0x7f.1",
        "a" * 64 + ".example",
        ".".join(["a" * 60] * 5),
        "%6Cocalhost",
        "issuer.example%2Fa",
        "user%40issuer.example",
        "issuer.example%3A",
        "issuer.example%3A0",
        "issuer.example%3A080",
        "issuer.example%3A65536",
        "issuer.example%3A80%3A80",
        "issuer.example%3a80",
        "issuer.example%3A8x",
        "issuer.example:",
        "issuer.example::a",
        "issuer.example:.",
        "issuer.example:..",
        "issuer.example:..:secret",
        "issuer.example:%2E%2E",
        "issuer.example:a%2Fb",
        "issuer.example:a%5Cb",
        "issuer.example:a%3Ab",
        "issuer.example:a%3Fb",
        "issuer.example:a%23b",
        "issuer.example:a%25b",
        "issuer.example:a%20b",
        "issuer.example:a%00",
        "issuer.example:a%0D%0Ab",  # T209
        "issuer.example:a%C2%85",
        "issuer.example:%61",
        "issuer.example:%7E",
        "issuer.example:%c3%bc",
        "issuer.example:%C3",
        "issuer.example:%FF",
        "issuer.example:%C0%AF",
        "issuer.example:%ED%A0%80",
        "issuer.example:%C3a%BC",
        "issuer.example:a%",
        "issuer.example:a%4",
        "issuer.example:a/b",
        "issuer.example/a",
        "issuer.example?a",
        "issuer.example#a",
        "issuer.example\n",
        "münchen.example",
    ],
)
def test_a_did_web_in_another_spelling_is_refused(identifier):
    with pytest.raises(Malformed):
        did_web_url(identifier)
    refused(Malformed, f"did:web:{identifier}")


def test_the_document_of_another_did_is_refused():
    for other in ("did:web:issuer.example:a", "did:web:evil.example", "did:web:ISSUER.example"):
        assert "another one" in refused(NotAuthentic, WEB, {DOCUMENT_URL: document(id=other)})


@pytest.mark.parametrize("status", [201, 204, 301, 302, 404, 410, 500])
def test_a_document_that_is_not_there_is_said(status):
    refused(Unreachable, WEB, {DOCUMENT_URL: served(document(), status=status)})
    refused(Unreachable, WEB)


def test_a_document_is_asked_for_as_json_and_must_come_as_json():  # T212
    asked = next(resolve_did(WEB))
    assert isinstance(asked, HttpRequest)
    assert asked.headers == (("accept", "application/did+json, application/json"),)
    for media_type in (
        "application/json",
        "application/did+json",
        "application/did+ld+json",
        "application/JSON; charset=utf-8",
    ):
        resolve(WEB, {DOCUMENT_URL: served(document(), media_type=media_type)})
    for media_type in ("text/html", "text/plain", ""):
        refused(Malformed, WEB, {DOCUMENT_URL: served(document(), media_type=media_type)})


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'"x"', b"{", b'{"id":1}', b"{}", b"\xef\xbb\xbf{}", b'{"id":"a","id":"b"}']
)
def test_a_document_that_is_no_object_with_an_id_is_refused(body):
    answer = HttpResponse(200, (("content-type", "application/json"),), body)
    refused(Malformed, WEB, {DOCUMENT_URL: answer})


# Documents


def test_a_key_serves_the_purposes_that_name_it_and_no_others():
    found = DidDocument.from_dict(document(authentication=[f"{WEB}#1"]), WEB)
    assert found.key("#1", "assertionMethod") == P256
    assert found.key(f"{WEB}#1", "authentication") == P256
    for purpose in ("keyAgreement", "capabilityInvocation", "capabilityDelegation"):
        with pytest.raises(NotAuthentic):
            found.key("#1", purpose)


def test_a_method_that_no_purpose_names_is_no_key():
    found = DidDocument.from_dict(document(assertionMethod=[]), WEB)
    with pytest.raises(NotAuthentic):
        found.key("#1", "assertionMethod")


def test_an_embedded_key_serves_its_own_purpose_alone():  # DID Core §5.3
    found = DidDocument.from_dict(
        document(authentication=[method(OTHER_P256, id="#2")], assertionMethod=["#1", "#2"], keyAgreement=["#2"]), WEB
    )
    assert found.key("#2", "authentication") == OTHER_P256
    for purpose in ("assertionMethod", "keyAgreement"):
        with pytest.raises(NotAuthentic):
            found.key("#2", purpose)


def test_each_purpose_may_embed_a_key_of_the_same_name():
    found = DidDocument.from_dict(
        document(authentication=[method(OTHER_P256, id="#2")], keyAgreement=[method(P384, id="#2")]), WEB
    )
    assert (found.key("#2", "authentication"), found.key("#2", "keyAgreement")) == (OTHER_P256, P384)


@pytest.mark.parametrize(
    "kid", ["", "#", "#2", "1", "did:web:evil.example#1", "did:web:issuer.example", "did:web:issuer.example?a#1", "#1 "]
)
def test_a_name_that_is_not_this_very_key_finds_nothing(kid):  # T006
    found = DidDocument.from_dict(document(), WEB)
    with pytest.raises(NotAuthentic):
        found.key(kid, "assertionMethod")


def test_a_key_of_another_did_is_never_found_under_ours():
    strange = "did:web:evil.example#1"
    found = DidDocument.from_dict(document(method(id=strange), assertionMethod=[strange, "#1"]), WEB)
    with pytest.raises(NotAuthentic):
        found.key("#1", "assertionMethod")


def test_a_key_that_another_did_controls_is_refused():
    found = DidDocument.from_dict(document(method(controller="did:web:evil.example")), WEB)
    with pytest.raises(Unsupported):
        found.key("#1", "assertionMethod")


def test_a_key_may_stand_in_multibase():
    encoded = did_key(P384).removeprefix("did:key:")
    found = DidDocument.from_dict(document(method(publicKeyJwk=..., publicKeyMultibase=encoded)), WEB)
    assert found.key("#1", "assertionMethod") == P384


@pytest.mark.parametrize(
    ("members", "error"),
    [
        ({"publicKeyMultibase": did_key(P256)[8:]}, Malformed),  # both
        ({"publicKeyJwk": ...}, Unsupported),
        ({"publicKeyJwk": ..., "publicKeyBase58": "abc"}, Unsupported),
        ({"publicKeyJwk": "x"}, Malformed),
        ({"publicKeyJwk": {**P256.to_jwk(), "d": "AA"}}, Malformed),  # T009
        ({"publicKeyJwk": {"kty": "RSA", "n": "AA", "e": "AQAB"}}, Unsupported),  # T019
        ({"publicKeyJwk": ..., "publicKeyMultibase": "z"}, Malformed),
        ({"publicKeyJwk": ..., "publicKeyMultibase": "mAAAA"}, Unsupported),
        ({"publicKeyJwk": ..., "publicKeyMultibase": "z" + "2" * MAX_MULTIBASE}, Malformed),
        ({"publicKeyJwk": ..., "publicKeyMultibase": 1}, Malformed),
        ({"controller": ...}, Malformed),
    ],
)
def test_a_key_of_another_shape_is_refused_when_it_is_asked_for(members, error):
    found = DidDocument.from_dict(
        document(method(**members), method(OTHER_P256, id="#2"), assertionMethod=["#1", "#2"]), WEB
    )
    assert found.key("#2", "assertionMethod") == OTHER_P256
    with pytest.raises(ProtocolError) as refusal:
        found.key("#1", "assertionMethod")
    assert type(refusal.value) is error


@pytest.mark.parametrize(
    ("changes", "at"),
    [
        ({"verificationMethod": {}}, "verificationMethod"),
        ({"verificationMethod": ["#1"]}, "verificationMethod[0]"),
        ({"verificationMethod": [{"type": "JsonWebKey"}]}, "verificationMethod[0].id"),
        ({"verificationMethod": [method(), method(OTHER_P256)]}, "verificationMethod[1].id"),
        ({"verificationMethod": [method(), method(OTHER_P256, id=f"{WEB}#1")]}, "verificationMethod[1].id"),
        ({"verificationMethod": [method(id=f"#{i}") for i in range(MAX_METHODS + 1)]}, "verificationMethod"),
        ({"assertionMethod": "#1"}, "assertionMethod"),
        ({"assertionMethod": [1]}, "assertionMethod[0]"),
        ({"assertionMethod": [method()]}, "assertionMethod[0].id"),
        ({"authentication": ["#1", {}]}, "authentication[1].id"),
        ({"authentication": [method(id="#2"), method(id="#2")]}, "authentication[1].id"),
        ({"authentication": ["#1"] * (MAX_METHODS + 1)}, "authentication"),
    ],
)
def test_a_document_of_another_shape_is_refused_by_name(changes, at):
    with pytest.raises(Malformed) as refusal:
        DidDocument.from_dict({**document(), **changes}, WEB)
    assert refusal.value.at == f"did document.{at}"


@given(
    json_values, st.sampled_from(["id", "verificationMethod", "assertionMethod", "publicKeyMultibase", "controller"])
)
@settings(max_examples=100)
def test_no_document_escapes_the_error_family(value, name):
    with contextlib.suppress(ProtocolError):
        DidDocument.from_dict(value, WEB)
    with contextlib.suppress(ProtocolError):
        changed = (
            document(method(**{name: value}))
            if name in ("publicKeyMultibase", "controller")
            else {**document(), name: value}
        )
        DidDocument.from_dict(changed, WEB).key("#1", "assertionMethod")
