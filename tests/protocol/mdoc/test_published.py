"""Documents and answers that others made: annex D of ISO/IEC 18013-5 and wallets of peers are read to the last byte."""

import datetime
from typing import Any

import pytest

from protocol.cbor import encode_cbor, read_cbor
from protocol.cose import read_x5chain, verify_sign1
from protocol.encoding import decode_base64url, encode_base64url, sha256
from protocol.errors import NotBound, NotTrusted
from protocol.keys import P256Key
from protocol.mdoc.device_response import DeviceResponse
from protocol.mdoc.device_signed import derive_mac_key, verify_device_signed
from protocol.mdoc.issuer_signed import IssuerSigned
from protocol.mdoc.mso import DIGESTS, MobileSecurityObject
from protocol.mdoc.transcript import OpenId4VpHandover
from protocol.mdoc.verify import verify_document, verify_issuer_signed, verify_presented_mdoc
from protocol.trust.anchors import Role, TrustAnchor, TrustAnchors
from protocol.x509 import Certificate
from tests.support.vectors import read_vector

PEERS = ["animo-animo-mdoc-05", "animo-bdr", "animo-france", "animo-google", "animo-ubique"]


def annex_d(name):
    return bytes.fromhex(read_vector("iso18013-5/annex-d/multipaz-testvectors.json")[name])


def transcript():
    found: Any = read_cbor(annex_d("session_transcript_bytes"), "transcript")
    return found.value


def issuer_signed(peer):
    case = read_vector(f"iso18013-5/peer-examples/{peer}.json")
    if "issuerSigned_hex" in case:
        return IssuerSigned.from_bytes(bytes.fromhex(case["issuerSigned_hex"]))
    return DeviceResponse.from_bytes(bytes.fromhex(case["deviceResponse_hex"])).documents[0].issuer_signed


def check_issuer(signed):
    """The signature by the certificate beside it, and the digest of every item."""
    (certificate, *_) = read_x5chain(signed.issuer_auth.header, "x5chain")
    mso = MobileSecurityObject.from_bytes(verify_sign1(signed.issuer_auth, certificate.public_key, at="issuerAuth"))
    digest = DIGESTS[mso.digest_algorithm]
    for name, items in signed.name_spaces.items():
        for item in items:
            assert digest(item.wrapped) == mso.value_digests[name][item.digest_id]
    return mso


def test_the_answer_of_annex_d_is_read_and_its_digests_and_mac_hold():
    reader_key = P256Key.from_scalar(annex_d("ephemeral_reader_key_d"))
    (document,) = DeviceResponse.from_bytes(annex_d("device_response")).documents
    mso = check_issuer(document.issuer_signed)
    (items,) = document.issuer_signed.name_spaces.values()
    assert [item.identifier for item in items] == [
        "family_name",
        "issue_date",
        "expiry_date",
        "document_number",
        "portrait",
        "driving_privileges",
    ]
    assert mso.device_key.point == annex_d("static_device_key_x") + annex_d("static_device_key_y")
    assert (document.doc_type, mso.doc_type) == ("org.iso.18013.5.1.mDL", "org.iso.18013.5.1.mDL")
    verify_device_signed(
        document.device_signed, document.doc_type, mso.device_key, transcript=transcript(), reader_key=reader_key
    )


def test_the_keys_of_the_mac_of_annex_d_are_derived_on_both_sides():
    derived = read_vector("iso18013-5/annex-d/derived-session-keys.json")["derived"]
    device_key = P256Key.from_scalar(annex_d("static_device_key_d"))
    reader_key = P256Key.from_scalar(annex_d("ephemeral_reader_key_d"))
    of_device = derive_mac_key(device_key, reader_key.public_key, transcript())
    of_reader = derive_mac_key(reader_key, device_key.public_key, transcript())
    assert of_device.hex() == of_reader.hex() == derived["emac_key_hex"]


@pytest.mark.parametrize("peer", PEERS)
def test_what_issuers_of_peers_signed_is_read_and_holds(peer):  # T061
    check_issuer(issuer_signed(peer))


@pytest.mark.parametrize("peer", PEERS)
def test_what_peers_encoded_differently_is_kept(peer):  # T061
    signed = issuer_signed(peer)
    again = IssuerSigned.from_bytes(signed.to_bytes())
    assert again == signed
    check_issuer(again)
    assert signed.issuer_auth.payload in signed.to_bytes()


@pytest.mark.parametrize("peer", [peer for peer in PEERS if peer != "animo-bdr"])
def test_answers_of_peers_are_read_and_written_again(peer):
    case = read_vector(f"iso18013-5/peer-examples/{peer}.json")
    response = DeviceResponse.from_bytes(bytes.fromhex(case["deviceResponse_hex"]))
    assert DeviceResponse.from_bytes(response.to_bytes()) == response
    assert response.to_bytes() == encode_cbor(read_cbor(response.to_bytes(), "response"))


def believing(certificate):
    """Anchors that believe a signer's certificate itself; those of its authorities were not published."""
    return TrustAnchors([TrustAnchor(certificate, Role.ISSUER, "Peer")])


def certificate_of(signed):
    return read_x5chain(signed.issuer_auth.header, "x5chain")[0]


def seconds(day):
    return int(datetime.datetime.fromisoformat(f"{day}T12:00:00+00:00").timestamp())


def test_the_answer_of_annex_d_is_verified():
    document = DeviceResponse.from_bytes(annex_d("device_response")).documents[0]
    reader_key = P256Key.from_scalar(annex_d("ephemeral_reader_key_d"))
    found = verify_document(
        document,
        "",
        anchors=believing(Certificate.from_der(annex_d("ds_cert"))),
        transcript=transcript(),
        now=seconds("2020-10-02"),
        reader_key=reader_key,
    )
    claims: Any = found.credential.claims["org.iso.18013.5.1"]
    assert claims["family_name"] == "Doe"
    assert claims["expiry_date"] == "2024-10-20"
    assert claims["driving_privileges"][0] == {
        "vehicle_category_code": "A",
        "issue_date": "2018-08-09",
        "expiry_date": "2024-10-20",
    }
    assert decode_base64url(claims["portrait"]) == annex_d("device_response_portrait_data")


def test_the_answer_of_a_peers_wallet_is_verified_and_answers_no_other_request():
    case = read_vector("iso18013-5/peer-examples/animo-animo-mdoc-05.json")
    raw = encode_base64url(bytes.fromhex(case["deviceResponse_hex"]))
    asked = case["test_parameters"]
    anchors = believing(certificate_of(issuer_signed("animo-animo-mdoc-05")))
    now = seconds(asked["validation_time"])
    found = verify_presented_mdoc(raw, anchors=anchors, handover=None, now=now)
    assert found.credential.claims == {"eu.europa.ec.eudi.pid.1": {"given_name": "Erika", "family_name": "Mustermann"}}
    # T059, T064: it was encrypted to a key that was not published
    handover = OpenId4VpHandover(asked["clientId"], asked["verifierGeneratedNonce"], None, asked["responseUri"])
    with pytest.raises(NotBound):
        verify_presented_mdoc(raw, anchors=anchors, handover=handover, now=now)


def test_the_signature_of_a_peers_device_holds():
    case = read_vector("iso18013-5/peer-examples/animo-ubique.json")
    (document,) = DeviceResponse.from_bytes(bytes.fromhex(case["deviceResponse_hex"])).documents
    asked = case["test_parameters"]
    nonce = asked["mdocGeneratedNonce"]
    # The handover of draft 18, which we do not speak
    hashes = [sha256(encode_cbor([asked[name], nonce])) for name in ("clientId", "responseUri")]
    answered = encode_cbor([None, None, [*hashes, asked["verifierGeneratedNonce"]]])
    mso = check_issuer(document.issuer_signed)
    verify_device_signed(document.device_signed, document.doc_type, mso.device_key, transcript=answered)
    with pytest.raises(NotBound):
        verify_device_signed(document.device_signed, document.doc_type, mso.device_key, transcript=answered + b"\0")


@pytest.mark.parametrize(
    ("peer", "day", "error"),
    [
        ("animo-animo-mdoc-05", "2026-01-12", None),
        ("animo-bdr", "2025-02-20", None),
        ("animo-france", "2021-09-25", None),
        ("animo-google", "2025-02-20", NotTrusted),  # a certificate that names itself as its issuer
        ("animo-ubique", "2025-02-01", NotTrusted),  # T056: a certificate that was not made to sign documents
    ],
)
def test_what_issuers_of_peers_signed_is_verified_where_their_certificates_keep_the_rules(peer, day, error):
    signed = issuer_signed(peer)
    anchors = believing(certificate_of(signed))
    if error is None:
        credential = verify_issuer_signed(signed, "", anchors=anchors, now=seconds(day))
        assert credential.claims
    else:
        with pytest.raises(error):
            verify_issuer_signed(signed, "", anchors=anchors, now=seconds(day))


def test_a_document_of_isomdl_is_read_and_written_again():
    data = bytes.fromhex(read_vector("iso18013-5/structures/isomdl-definitions.json")["issuer_signed"]["hex"])
    signed = IssuerSigned.from_bytes(data)
    assert IssuerSigned.from_bytes(signed.to_bytes()) == signed
