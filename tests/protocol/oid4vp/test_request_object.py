"""Signed requests: a wallet believes who asks only after every check, and never because the request says so."""

import base64
import json
import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.encoding import decode_base64url, encode_base64url, encode_json
from protocol.errors import InvalidRequest, ProtocolError, Unreachable
from protocol.jwe import encrypt_jwe
from protocol.keys import P256Key
from protocol.oid4vp.request import SELF_ISSUED
from protocol.oid4vp.request_object import (
    Unauthenticated,
    UnusableRequest,
    VerifiedRequest,
    accept_plain_request,
    sign_request_object,
)
from protocol.trust.anchors import Role, TrustAnchors, TrustedIdentifier
from tests.protocol.oid4vp.samples import (
    ANCHORS,
    BY_DID,
    BY_WEB_DID,
    DID,
    DID_KEY,
    HASH,
    HOST,
    KID,
    METADATA,
    PKI,
    RESPONSE_URI,
    SAN_DNS,
    STRANGER,
    UNSIGNED,
    VERIFIER,
    WEB_DID,
    Peer,
    asked,
    asked_in_clear,
    claims_of,
    did_document,
    honest,
    served,
    signed,
    verified,
)
from tests.support.pki import DAY, INTERMEDIATE, LEAF, NOW, make_pki, quietly, seeded, self_signed

WEB_URL = f"https://{HOST}/.well-known/did.json"
WEB = Peer({WEB_URL: served(did_document())})


def refused(text, client_id=SAN_DNS, error=InvalidRequest, **options):
    with pytest.raises(ProtocolError) as refusal:
        verified(text, client_id, **options)
    assert type(refusal.value) is error
    return refusal.value.description


def by_did(request=None, *, kid=KID, signer=DID_KEY, **changes):
    return signed(request or asked(BY_DID), signer=signer, header={"x5c": ..., "kid": kid}, **changes)


# Whom we believe


@pytest.mark.parametrize("client_id", [SAN_DNS, HASH], ids=str)
def test_a_client_is_known_by_its_certificate(client_id):
    found = verified(honest(asked(client_id)), client_id)
    assert found.request == asked(client_id)
    assert (found.party.name, found.party.vouched_by, found.party.dns_names) == (
        "City library",
        "Test authority",
        (HOST,),
    )


@pytest.mark.parametrize(("client_id", "did"), [(BY_DID, DID), (BY_WEB_DID, WEB_DID)], ids=["jwk", "web"])
def test_a_client_is_known_by_its_did(client_id, did):
    found = verified(honest(asked(client_id)), client_id, peer=WEB)
    assert found.request == asked(client_id)
    assert (found.party.name, found.party.subject) == ("University", did)


def test_a_chain_with_an_intermediate_is_followed():
    pki = make_pki(replace(LEAF, dns_names=(HOST,)), intermediates=(INTERMEDIATE,), role=Role.VERIFIER)
    text = sign_request_object(asked(), pki.signer, x5c=pki.x5c, issued_at=NOW, expires_at=NOW + 1)
    assert verified(text, anchors=pki.anchors).party.name == "Issuing desk"


def test_the_same_request_can_be_recognised():
    """T175: fetched again, it is the same value; another one is another value."""
    first = verified(signed(iat=NOW), now=NOW)
    assert verified(signed(iat=NOW + 1), now=NOW + 1) == first
    assert verified(honest(asked(nonce="another-n0nce-0123456789"))) != first


def test_an_unsigned_request_is_asked_by_nobody_we_know():
    found = accept_plain_request(asked_in_clear(UNSIGNED))
    assert found == VerifiedRequest(asked_in_clear(UNSIGNED), Unauthenticated(HOST))
    with pytest.raises(InvalidRequest, match="signed"):  # T160
        accept_plain_request(asked_in_clear())


def test_the_signature_is_made_over_what_was_asked():
    text = honest()
    header, payload, _ = text.split(".")
    assert json.loads(decode_base64url(header)) == {
        "alg": "ES256",
        "typ": "oauth-authz-req+jwt",
        "x5c": list(PKI.x5c),
    }
    assert json.loads(decode_base64url(payload)) == claims_of()
    assert json.loads(decode_base64url(honest(asked(BY_DID)).split(".")[0]))["kid"] == KID


@pytest.mark.parametrize(
    ("client_id", "proof"),
    [
        pytest.param(UNSIGNED, {}, id="redirect_uri cannot sign"),
        pytest.param(UNSIGNED, {"x5c": PKI.x5c}, id="redirect_uri with a certificate"),
        pytest.param(HASH, {}, id="no certificate"),
        pytest.param(HASH, {"kid": KID}, id="kid instead of a certificate"),
        pytest.param(SAN_DNS, {"x5c": PKI.x5c, "kid": KID}, id="both"),
        pytest.param(BY_DID, {}, id="no kid"),
        pytest.param(BY_DID, {"x5c": PKI.x5c}, id="certificate instead of a kid"),
        pytest.param(BY_DID, {"x5c": PKI.x5c, "kid": KID}, id="both for a DID"),
    ],
)
def test_a_client_is_proven_in_its_own_way_only(client_id, proof):
    with pytest.raises(ValueError, match="not proven like that"):
        sign_request_object(asked(client_id), VERIFIER, issued_at=NOW, expires_at=NOW + 1, **proof)


def test_a_request_of_ours_that_would_not_be_safe_is_not_signed():
    """T191."""
    with pytest.raises(ValueError, match="128 bits"):
        honest(asked(nonce="n-0S6_WzA2Mj"))


# The token


def test_an_encrypted_request_is_refused():
    """T014: encrypted is not authenticated, and nothing was offered to encrypt to."""
    for content in (encode_json(claims_of()), honest().encode()):
        key = METADATA.encryption_keys[0].key
        text = encrypt_jwe(
            content, key, enc="A128GCM", kid="k1", ephemeral=P256Key.generate(seeded()), random_bytes=seeded()
        )
        assert "encrypted" in refused(text)


@pytest.mark.parametrize(
    "typ",
    [
        pytest.param(..., id="T159 no typ"),
        pytest.param("JWT", id="T159 typ JWT"),
        pytest.param("openid4vci-proof+jwt", id="T007 a key proof"),
        pytest.param("dc+sd-jwt", id="T007 a credential"),
        pytest.param("oauth-authz-req", id="T159 almost"),
    ],
)
def test_a_token_of_another_type_is_refused(typ):
    assert "type" in refused(signed(header={"typ": typ}))


def test_the_type_may_be_written_as_a_whole_media_type():
    assert verified(signed(header={"typ": "application/OAuth-Authz-Req+JWT"})).request == asked()


def tampered(header=None, payload=None, signature=None):
    parts = honest().split(".")
    return ".".join(
        part if change is None else encode_base64url(change)
        for part, change in zip(parts, (header, payload, signature), strict=True)
    )


def header_of(**changes):
    return encode_json({"alg": "ES256", "typ": "oauth-authz-req+jwt", "x5c": list(PKI.x5c), **changes})


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(signed(signer=STRANGER), id="T159 bad signature"),
        pytest.param(tampered(header=header_of(alg="none")), id="T001 alg none"),
        pytest.param(tampered(header=header_of(alg="none")).rpartition(".")[0] + ".", id="T001 alg none, unsigned"),
        pytest.param(honest().rpartition(".")[0] + ".", id="T001 no signature"),
        pytest.param(tampered(header=header_of(alg="HS256")), id="T002 HS256"),
        pytest.param(tampered(header=header_of(alg="ES384")), id="T008 another algorithm"),
        pytest.param(tampered(header=header_of(crit=["b64"], b64=False)), id="T003 T004 crit and b64"),
        pytest.param(tampered(payload=encode_json(claims_of(nonce="x" * 22))), id="T159 another payload"),
        pytest.param(tampered(payload=b"[]"), id="no object"),
        pytest.param(tampered(payload=b"\xff"), id="no JSON"),
        pytest.param(signed(header={"x5c": ..., "jwk": VERIFIER.public_key.to_jwk()}), id="T005 its own key"),
        pytest.param(signed(header={"x5c": ..., "jku": "https://verifier.example/jwks"}), id="T005 jku"),
        pytest.param(signed(header={"x5c": ..., "kid": "k1"}), id="T160 no certificate"),
        pytest.param(signed(header={"x5c": []}), id="T160 an empty chain"),
        pytest.param(signed(header={"x5c": ["AAAA"]}), id="no certificate in the chain"),
        pytest.param(signed(header={"x5c": PKI.x5c[0]}), id="the chain is a text"),
        pytest.param("", id="empty"),
        pytest.param("e30.e30", id="two parts"),
        pytest.param(json.dumps(claims_of()), id="T160 bare JSON"),
        pytest.param(honest() + "\n", id="T015 a newline behind"),
    ],
)
def test_a_token_that_does_not_hold_is_refused(text):
    refused(text)


def test_a_token_has_a_cap():
    """T018."""
    with pytest.raises(ProtocolError) as refusal:
        verified("a." * 70_000)
    assert refusal.value.status == 413


# The certificate


@pytest.mark.parametrize(
    ("pki", "role"),
    [
        pytest.param(make_pki(replace(LEAF, dns_names=(HOST,)), role=Role.VERIFIER), None, id="T160 untrusted"),
        pytest.param(make_pki(replace(LEAF, dns_names=(HOST,)), role=Role.ISSUER), Role.ISSUER, id="T089 another role"),
        pytest.param(
            make_pki(replace(LEAF, dns_names=(HOST,), not_after=NOW), role=Role.VERIFIER),
            Role.VERIFIER,
            id="T081 expired",
        ),
        pytest.param(
            make_pki(replace(LEAF, dns_names=(HOST,), not_before=NOW + DAY), role=Role.VERIFIER),
            Role.VERIFIER,
            id="T081 not yet valid",
        ),
        pytest.param(make_pki(LEAF, role=Role.VERIFIER), Role.VERIFIER, id="T085 without the name"),
    ],
)
def test_a_certificate_that_proves_nothing_is_refused(pki, role):
    text = sign_request_object(asked(), pki.signer, x5c=pki.x5c, issued_at=NOW, expires_at=NOW + 1)
    refused(text, anchors=TrustAnchors() if role is None else pki.anchors)


def test_a_self_signed_certificate_and_the_anchor_itself_are_refused():
    """T083."""
    alone = self_signed(replace(LEAF, dns_names=(HOST,)))
    x5c = (alone.certificate.to_x5c(),)
    refused(sign_request_object(asked(), alone.signer, x5c=x5c, issued_at=NOW, expires_at=NOW + 1))
    with_anchor = (*PKI.x5c, PKI.root.certificate.to_x5c())
    refused(sign_request_object(asked(), VERIFIER, x5c=with_anchor, issued_at=NOW, expires_at=NOW + 1))


def test_a_hash_of_another_certificate_is_refused():
    """T086: trusted and well signed, but not the client that the link named."""
    other = make_pki(replace(LEAF, dns_names=(HOST,)), role=Role.VERIFIER)
    anchors = TrustAnchors([PKI.anchor, other.anchor])
    text = sign_request_object(asked(HASH), other.signer, x5c=other.x5c, issued_at=NOW, expires_at=NOW + 1)
    refused(text, HASH, anchors=anchors)


def test_a_certificate_with_names_keeps_the_answer_there():
    """T163: for `x509_hash` too."""
    elsewhere = asked(HASH, response_uri="https://attacker.example/responses/1")
    refused(honest(elsewhere), HASH)
    nameless = make_pki(LEAF, role=Role.VERIFIER)
    client_id = HASH.of_certificate(nameless.leaf.der)
    request = asked(client_id, response_uri="https://elsewhere.example/1")
    text = sign_request_object(request, nameless.signer, x5c=nameless.x5c, issued_at=NOW, expires_at=NOW + 1)
    assert verified(text, client_id, anchors=nameless.anchors).request == request


# The DID


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(by_did(signer=STRANGER), id="T159 bad signature"),
        pytest.param(by_did(kid=...), id="no kid"),
        pytest.param(by_did(kid="#0"), id="a kid without its DID"),
        pytest.param(by_did(kid=f"{DID}#1"), id="T006 an unknown kid"),
        pytest.param(by_did(kid=DID), id="a kid without its key"),
        pytest.param(by_did(kid=f"{WEB_DID}#0"), id="T006 a kid of another DID"),
        pytest.param(by_did(kid=f"{DID}0#0"), id="a kid of a longer DID"),
        pytest.param(by_did(kid="../../etc/passwd"), id="T006 a path"),
        pytest.param(signed(asked(BY_DID)), id="a certificate instead"),
    ],
)
def test_a_did_is_proven_by_its_own_key_only(text):
    refused(text, BY_DID, peer=WEB)


def test_a_did_that_nobody_vouches_for_is_refused_before_it_is_resolved():
    peer = Peer({WEB_URL: served(did_document())})
    refused(honest(asked(BY_WEB_DID)), BY_WEB_DID, anchors=TrustAnchors(), peer=peer)
    issuer = TrustAnchors(identifiers=[TrustedIdentifier(WEB_DID, Role.ISSUER, "University")])
    refused(honest(asked(BY_WEB_DID)), BY_WEB_DID, anchors=issuer, peer=peer)
    assert peer.asked == []


@pytest.mark.parametrize(
    "document",
    [
        pytest.param({"id": "did:web:other.example"}, id="of another DID"),
        pytest.param({"authentication": []}, id="the key is not for this purpose"),
        pytest.param({"verificationMethod": []}, id="no key"),
        pytest.param({"verificationMethod": [{"id": 1}]}, id="broken"),
    ],
)
def test_a_did_document_that_does_not_name_the_key_is_refused(document):
    peer = Peer({WEB_URL: served(did_document(**document))})
    refused(honest(asked(BY_WEB_DID)), BY_WEB_DID, peer=peer)


def test_a_did_document_that_cannot_be_had_is_told_apart():
    refused(honest(asked(BY_WEB_DID)), BY_WEB_DID, error=Unreachable, peer=Peer())
    refused(honest(asked(BY_WEB_DID)), BY_WEB_DID, error=Unreachable, peer=Peer({WEB_URL: served({}, status=404)}))


# What was asked for


@pytest.mark.parametrize(
    "link_client",
    [
        pytest.param(HASH, id="T159 another prefix"),
        pytest.param(BY_DID, id="T159 a DID"),
        pytest.param(replace(SAN_DNS, identifier="other.example"), id="T159 another name"),
    ],
)
def test_a_client_other_than_in_the_link_is_refused(link_client):
    assert "client_id" in refused(honest(), link_client)


def test_a_request_without_client_is_refused():
    refused(signed(client_id=...))


def test_a_signature_for_a_client_that_cannot_sign_is_refused():
    """T160."""
    assert "cannot sign" in refused(signed(asked(UNSIGNED)), UNSIGNED)


@pytest.mark.parametrize("audience", [SELF_ISSUED, [SELF_ISSUED]], ids=["text", "list of one"])
def test_the_audience_is_any_wallet(audience):
    assert verified(signed(aud=audience)).request == asked()


@pytest.mark.parametrize(
    "audience", [..., None, "", "https://wallet.example", [], [SELF_ISSUED, "x"], [[SELF_ISSUED]], {}, 1], ids=str
)
def test_another_audience_is_refused(audience):
    refused(signed(aud=audience))


def test_an_audience_that_is_ours_is_accepted():
    assert verified(signed(aud="https://wallet.example"), audiences=("https://wallet.example",)).request == asked()


def test_the_nonce_of_the_wallet_has_to_come_back():
    """§5.10.2."""
    assert verified(signed(wallet_nonce="w-1"), wallet_nonce="w-1").request.wallet_nonce == "w-1"
    assert verified(honest(asked(wallet_nonce="w-1"))).request.wallet_nonce == "w-1"
    for text in (signed(wallet_nonce="w-2"), signed(wallet_nonce="w-\u00fc"), signed(wallet_nonce="w-11")):
        assert "wallet_nonce" in refused(text, wallet_nonce="w-1")
    refused(signed(), wallet_nonce="w-1")
    refused(signed(wallet_nonce=["w-1"]), wallet_nonce="w-1")


@pytest.mark.parametrize(
    ("times", "now"),
    [
        ({}, NOW),
        ({"exp": NOW + 1}, NOW),
        ({"iat": NOW + 60}, NOW),
        ({"nbf": NOW + 60}, NOW),
        ({"exp": ...}, NOW),
        ({"iat": ...}, NOW),
        ({"iat": ..., "exp": ...}, NOW),
        ({"exp": NOW + 1, "iat": NOW}, NOW),
    ],
    ids=str,
)
def test_a_request_inside_its_time_is_good(times, now):
    assert verified(signed(**times), now=now).request == asked()


@pytest.mark.parametrize(
    "times",
    [
        pytest.param({"exp": NOW, "iat": NOW - 300}, id="T159 expired"),
        pytest.param({"exp": NOW - 100, "iat": NOW - 300}, id="T159 long expired"),
        pytest.param({"exp": NOW, "iat": ...}, id="T159 expired, whenever it was made"),
        pytest.param({"exp": NOW, "iat": NOW}, id="expired when it was made"),
        pytest.param({"iat": NOW + 61}, id="from the future"),
        pytest.param({"nbf": NOW + 61}, id="not valid yet"),
        pytest.param({"iat": NOW + 10, "exp": NOW + 10}, id="over before it began"),
        pytest.param({"exp": "1900000000"}, id="T017 exp is a text"),
        pytest.param({"exp": True}, id="T017 exp is true"),
        pytest.param({"exp": None}, id="T017 exp is null"),
        pytest.param({"iat": -1}, id="T017 iat is negative"),
        pytest.param({"nbf": 10**18}, id="T017 nbf is beyond time"),
    ],
)
def test_a_request_outside_its_time_is_refused(times):
    refused(signed(**times))


# An honest verifier that asks in a way that cannot be answered may be told so


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"redirect_uri": RESPONSE_URI}, id="T162 both places"),
        pytest.param({"nonce": ...}, id="T161 no nonce"),
        pytest.param({"nonce": "n" * 1025}, id="T161 a long nonce"),
        pytest.param({"response_mode": "fragment"}, id="another response mode"),
        pytest.param({"scope": "x"}, id="scope"),
        pytest.param({"dcql_query": {"credentials": []}}, id="T197 no credentials"),
        pytest.param(
            {
                "dcql_query": {
                    "credentials": [
                        {"id": f"c{i}", "format": "x", "meta": {}, "claims": [{"path": ["a"]}] * 600} for i in range(2)
                    ]
                }
            },
            id="T198 too many claims",
        ),
        pytest.param({"client_metadata": []}, id="broken metadata"),
    ],
)
def test_a_known_client_that_asks_wrongly_may_be_told(changes):
    with pytest.raises(UnusableRequest) as refusal:
        verified(signed(**changes))
    assert (refusal.value.response_uri, refusal.value.state) == (RESPONSE_URI, asked().state)
    assert refusal.value.to_dict()["error"] == "invalid_request"


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"response_uri": "https://attacker.example/"}, id="T163 elsewhere"),
        pytest.param({"response_uri": "http://verifier.example/"}, id="T163 http"),
        pytest.param({"response_uri": ..., "redirect_uri": RESPONSE_URI}, id="nowhere"),
        pytest.param({"nonce": ..., "state": 1}, id="a broken state"),
        pytest.param({"nonce": ..., "state": "s" * 1025}, id="a long state"),
    ],
)
def test_nobody_is_told_where_the_place_is_not_sure(changes):
    refused(signed(**changes))


def test_nobody_is_told_at_a_place_beside_the_names_of_the_certificate():
    """T163: for `x509_hash` the place is checked against the certificate, also for an error."""
    refused(signed(asked(HASH), response_uri="https://attacker.example/", nonce=...), HASH)


# No luck


TEXTS = {"certificate": (honest(), SAN_DNS), "DID": (honest(asked(BY_DID)), BY_DID)}


@pytest.mark.parametrize("kind", TEXTS)
def test_any_flipped_bit_is_refused(kind):
    text, client_id = TEXTS[kind]
    header, payload, signature = text.split(".")
    chosen = random.Random(5)
    for i, part in enumerate((header, payload, signature)):
        raw = decode_base64url(part)
        for bit in chosen.sample(range(len(raw) * 8), 60):
            flipped = bytearray(raw)
            flipped[bit // 8] ^= 1 << bit % 8
            parts = [header, payload, signature]
            parts[i] = encode_base64url(bytes(flipped))
            refused(".".join(parts), client_id)


@settings(max_examples=60)
@given(st.data())
def test_any_other_character_is_refused(data):
    text = honest()
    at = data.draw(st.integers(0, len(text) - 1))
    character = data.draw(st.sampled_from("Aa0-_.=+/ \n~\u00e9").filter(lambda c: c != text[at]))
    # A certificate's serial number may become negative, of which the library warns
    with pytest.raises(ProtocolError), quietly():
        verified(text[:at] + character + text[at + 1 :])


SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
VALUES = st.recursive(SCALARS, lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(max_size=5), v, max_size=3))


@settings(max_examples=80)
@given(
    st.text(max_size=50),
    st.dictionaries(st.sampled_from([*claims_of(), "nbf", "redirect_uri", "wallet_nonce"]), VALUES, max_size=4),
    st.dictionaries(st.sampled_from(["alg", "typ", "x5c", "kid", "crit"]), VALUES, max_size=3),
)
def test_no_input_escapes_the_error_family(text, claims, header):
    plain = encode_base64url(json.dumps({"alg": "ES256", "typ": "oauth-authz-req+jwt", **header}).encode())
    payload = encode_base64url(json.dumps(claims_of(**claims)).encode())
    for candidate in (text, f"{plain}.{payload}.{encode_base64url(text.encode('utf-8', 'replace'))}", f"{text}.e30.AA"):
        with pytest.raises(ProtocolError):
            verified(candidate)
    try:
        found = verified(signed(**claims), wallet_nonce=None)
    except ProtocolError:
        return
    assert str(found.request.client_id) == str(SAN_DNS)


def test_refusals_repeat_nothing_of_the_request():
    """T259."""
    for changes in (
        {"aud": "marker"},
        {"nonce": "mark er"},
        {"client_id": "x509_san_dns:marker"},
        {"response_uri": "marker"},
    ):
        assert "mark" not in refused(signed(**changes), error=_kind(changes))


def _kind(changes):
    return UnusableRequest if "nonce" in changes else InvalidRequest


def test_the_padding_of_a_certificate_is_no_way_around():
    """T015."""
    loose = base64.b64encode(PKI.leaf.der).decode().rstrip("=")
    refused(signed(header={"x5c": [f"{loose}===="]}))
    assert ANCHORS.anchors == (PKI.anchor,)
