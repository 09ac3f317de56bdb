"""pymdoccbor, which agencies issue with: it reads and verifies what we issue and present, and we what it issues.

It goes by the clock on the wall, so certificates hold for decades here; and its digests are by SHA-256 alone.
"""

import datetime
from dataclasses import replace
from typing import Any

import cbor2
import pytest
from pymdoccbor.mdoc.issuer import MdocCborIssuer
from pymdoccbor.mdoc.issuersigned import IssuerSigned
from pymdoccbor.mdoc.verifier import MdocCbor

from protocol.cose_key import write_cose_key
from protocol.encoding import decode_base64url, encode_base64url
from protocol.errors import NotAuthentic
from protocol.mdoc.mso import MsoStatus
from protocol.mdoc.transcript import DcApiHandover
from tests.protocol.mdoc.samples import (
    CLAIMS,
    FIVE,
    HANDOVER,
    HOLDER,
    IACA,
    MDL,
    NATIONAL,
    PKI,
    SPACE,
    STATUS,
    desk,
    issued,
    presented,
    verify,
    verify_presentation,
)
from tests.support.pki import DAY, NOW
from tests.support.strategies import flip

LONG: dict[str, Any] = {"not_before": NOW - 9000 * DAY, "not_after": NOW + 9000 * DAY}
OFFICE = desk(**LONG, root=replace(IACA, **LONG))
DISCLOSED = {
    SPACE: {
        "family_name": "Mustermann",
        "birth_date": datetime.date(1984, 1, 17),
        "height": 170,
        "age_over_18": True,
    },
    NATIONAL: {"restrictions": ["01"]},
}


def read(data, *, root=OFFICE.root.x509):
    """What it makes of an answer, and whether it holds."""
    mdoc = MdocCbor()
    mdoc.loads(data)
    return mdoc.verify([root]), mdoc


@pytest.mark.parametrize(
    "handover", [HANDOVER, replace(HANDOVER, jwk_thumbprint=None), DcApiHandover("https://x", "n", None)]
)
def test_it_verifies_what_we_issue_and_present(handover):
    answer = presented(raw=issued(pki=OFFICE, decoys=3), handover=handover)
    holds, mdoc = read(decode_base64url(answer))
    (document,) = mdoc.documents
    assert holds
    assert (mdoc.status, document.doctype, mdoc.disclosure_map) == (0, MDL, DISCLOSED)
    assert document.hash_verification == {"valid": True, "total": len(FIVE), "verified": len(FIVE), "failed": []}


def test_it_reads_all_that_we_sign():
    signed = IssuerSigned(**cbor2.loads(decode_base64url(issued(pki=OFFICE))))
    assert signed.issuer_auth.verify_signature([OFFICE.root.x509])
    assert signed.issuer_auth.verify_element_hashes(signed.namespaces)["total"] == sum(map(len, CLAIMS.values()))
    mso = signed.issuer_auth.payload_as_dict
    assert (mso["docType"], mso["version"], mso["digestAlgorithm"]) == (MDL, "1.0", "SHA-256")
    assert mso["status"] == {"status_list": {"idx": STATUS.idx, "uri": STATUS.uri}}
    assert mso["validityInfo"]["validFrom"] == datetime.datetime.fromtimestamp(NOW - 50, datetime.UTC)
    assert mso["deviceKeyInfo"]["deviceKey"] == write_cose_key(HOLDER.public_key)


def test_both_refuse_an_altered_element():
    answer = decode_base64url(presented(raw=issued(pki=OFFICE)))
    altered = flip(answer, answer.index(b"Mustermann") * 8)
    holds, mdoc = read(altered)
    assert (holds, len(mdoc.documents_invalid)) == (False, 1)
    with pytest.raises(NotAuthentic):
        verify_presentation(encode_base64url(altered), anchors=OFFICE.anchors)


def test_both_refuse_another_authority():
    answer = decode_base64url(presented(raw=issued(pki=OFFICE)))
    assert read(answer, root=PKI.root.x509)[0] is False


@pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")
def test_we_verify_what_it_issues():
    key = OFFICE.signer.public_key.to_jwk()
    secret = OFFICE.leaf.private_key.private_numbers().private_value.to_bytes(32, "big")
    numbers = {name: decode_base64url(str(key[name])) for name in ("x", "y")}
    issuer = MdocCborIssuer(
        private_key={"KTY": "EC2", "CURVE": "P_256", "ALG": "ES256", "D": secret, "KID": b"1",
                     "X": numbers["x"], "Y": numbers["y"]},
        alg="ES256",
    )  # fmt: skip
    made = issuer.new(
        doctype=MDL,
        data={SPACE: {"family_name": "Mustermann", "birth_date": "1984-01-17", "age_over_18": True}},
        validity={"issuance_date": "2024-01-01", "expiry_date": "2049-01-01"},
        devicekeyinfo=write_cose_key(HOLDER.public_key),
        x509_chain=[OFFICE.leaf.x509],
        revocation={"status_list": {"idx": STATUS.idx, "uri": STATUS.uri}},
    )
    raw = encode_base64url(cbor2.dumps(made["documents"][0]["issuerSigned"]))
    now = int(datetime.datetime.now(datetime.UTC).timestamp())
    credential = verify(raw, anchors=OFFICE.anchors, now=now)
    assert credential.claims == {SPACE: {"family_name": "Mustermann", "birth_date": "1984-01-17", "age_over_18": True}}
    assert (credential.holder_key, credential.status) == (HOLDER.public_key, MsoStatus(STATUS).places)
