"""Documents and answers that others made: annex D of ISO/IEC 18013-5 and wallets of peers are read to the last byte."""

from typing import Any

import pytest

from protocol.cbor import encode_cbor, read_cbor
from protocol.cose import read_x5chain, verify_sign1
from protocol.keys import P256Key
from protocol.mdoc.device_response import DeviceResponse
from protocol.mdoc.device_signed import derive_mac_key, verify_device_signed
from protocol.mdoc.issuer_signed import IssuerSigned
from protocol.mdoc.mso import DIGESTS, MobileSecurityObject
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
            assert digest(item.digest_input()) == mso.value_digests[name][item.digest_id]
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


def test_a_document_of_isomdl_is_read_and_written_again():
    data = bytes.fromhex(read_vector("iso18013-5/structures/isomdl-definitions.json")["issuer_signed"]["hex"])
    signed = IssuerSigned.from_bytes(data)
    assert IssuerSigned.from_bytes(signed.to_bytes()) == signed
