"""Who asks: a wallet believes a certificate or a DID that somebody vouches for, and never the request itself."""

import base64
from dataclasses import replace

import pytest

from protocol.errors import Unreachable
from protocol.oid4vp.request_object import sign_request_object
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
    PKI,
    SAN_DNS,
    STRANGER,
    UNSIGNED,
    VERIFIER,
    WEB_DID,
    Peer,
    asked,
    did_document,
    honest,
    refused,
    served,
    signed,
    verified,
)
from tests.support.pki import DAY, INTERMEDIATE, LEAF, NOW, make_pki, self_signed


@pytest.mark.parametrize("client_id", [SAN_DNS, HASH], ids=str)
def test_a_client_is_known_by_its_certificate(client_id):
    found = verified(honest(asked(client_id)), client_id)
    assert found.request == asked(client_id)
    assert (found.party.name, found.party.vouched_by, found.party.dns_names) == (
        "City library",
        "Test authority",
        (HOST,),
    )


def test_a_chain_with_an_intermediate_is_followed():
    pki = make_pki(replace(LEAF, dns_names=(HOST,)), intermediates=(INTERMEDIATE,), role=Role.VERIFIER)
    text = sign_request_object(asked(), pki.signer, x5c=pki.x5c, issued_at=NOW, expires_at=NOW + 1)
    assert verified(text, anchors=pki.anchors).party.name == "Issuing desk"


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


def test_the_padding_of_a_certificate_is_no_way_around():
    """T015."""
    loose = base64.b64encode(PKI.leaf.der).decode().rstrip("=")
    refused(signed(header={"x5c": [f"{loose}===="]}))
    assert ANCHORS.anchors == (PKI.anchor,)


# The DID


WEB_URL = f"https://{HOST}/.well-known/did.json"
WEB = Peer({WEB_URL: served(did_document())})


def by_did(request=None, *, kid=KID, signer=DID_KEY, **changes):
    return signed(request or asked(BY_DID), signer=signer, header={"x5c": ..., "kid": kid}, **changes)


@pytest.mark.parametrize(("client_id", "did"), [(BY_DID, DID), (BY_WEB_DID, WEB_DID)], ids=["jwk", "web"])
def test_a_client_is_known_by_its_did(client_id, did):
    found = verified(honest(asked(client_id)), client_id, peer=WEB)
    assert found.request == asked(client_id)
    assert (found.party.name, found.party.subject) == ("University", did)


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
