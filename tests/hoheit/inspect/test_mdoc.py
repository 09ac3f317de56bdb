"""Mobile documents, answers and requests are explained, and what is wrong in them is found."""

import contextlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hoheit.inspect.cbor import explain_cbor_text
from hoheit.inspect.recognise import explain
from hoheit.inspect.report import Report
from hoheit.inspect.surroundings import Surroundings
from protocol.cbor import encode_cbor
from protocol.credential import IdentifierReference
from protocol.encoding import decode_base64url, encode_base64url
from protocol.errors import ProtocolError, TooLarge
from protocol.mdoc.device_request import ItemsRequest, Signatory, write_device_request, write_whole_request
from protocol.mdoc.device_response import DeviceResponse
from protocol.mdoc.mso import KeyAuthorizations, MsoStatus
from protocol.mdoc.signer import DOCUMENT_SIGNER
from tests.hoheit.inspect.samples import status_list
from tests.protocol.mdoc.annex_d import TRANSCRIPT, annex_d
from tests.protocol.mdoc.samples import (
    MDL,
    PKI,
    SPACE,
    STATUS,
    altered,
    desk,
    encoded,
    issued,
    plain,
    plain_mso,
    presented,
    purposes,
    read_response,
    signed_over,
)
from tests.support.pki import DAY, NOW
from tests.support.strategies import flip

AROUND = Surroundings(NOW, PKI.anchors)
SIGNED_IN_TIME = "was signed while the certificate held"


def failed(report: Report) -> list[str]:
    """The questions that were answered with no, here and inside."""
    own = [finding.text.split(": no")[0] for finding in report.findings if finding.passed is False]
    return own + [text for part in report.inside for text in failed(part)]


def passed(report: Report) -> list[str]:
    own = [finding.text for finding in report.findings if finding.passed]
    return own + [text for part in report.inside for text in passed(part)]


def test_a_document_is_explained_with_what_it_hides():
    report = explain(issued(decoys=2), AROUND)
    assert report.kind == "Mobile document (mdoc)"
    elements = report.content["elements"][SPACE]
    assert (elements["family_name"], elements["birth_date"], elements["height"]) == ("Mustermann", "1984-01-17", 170)
    assert elements["portrait"].endswith("(404 characters)")
    (mso,) = report.inside
    assert (mso.content["document type"], mso.content["digests by"]) == (MDL, "SHA-256")
    assert mso.content["digests that stay hidden, decoys among them"] == 4
    assert mso.content["valid until"] == "2027-01-15 08:16:40 UTC"
    assert mso.content["whether it was taken back stands in"] == [{"status list": STATUS.uri, "index": STATUS.idx}]
    assert passed(report) == [
        "every element is one that the issuer signed: yes",
        "can be read: yes",
        "Document signer is trusted as issuer, by Test authority",
        "the certificate was made to sign documents: yes",
        "the signature holds: yes",
        "inside its times at 2027-01-15 08:00:00 UTC: yes",
        f"{SIGNED_IN_TIME}: yes",
        "valid at 2027-01-15 08:00:00 UTC: yes",
    ]
    assert report.sound


@pytest.mark.parametrize(
    "form", [lambda data: data.hex(), lambda data: data.hex().upper(), encode_base64url], ids=range(3)
)
def test_it_may_stand_in_hexadecimal(form):
    data = decode_base64url(issued())
    assert explain(form(data), AROUND).to_dict() == explain(issued(), AROUND).to_dict()


def test_what_the_device_may_say_and_where_the_status_stands_is_told():
    allowed = KeyAuthorizations(frozenset(("a",)), {"b": frozenset(("y", "x"))})
    by_identifier = IdentifierReference("https://issuer.example/identifiers", b"\x07")
    (mso,) = explain(issued(authorizations=allowed, status=MsoStatus(None, by_identifier)), AROUND).inside
    assert mso.content["the device may say itself"] == {"a": "everything", "b": ["x", "y"]}
    assert mso.content["whether it was taken back stands in"] == [
        {"identifier list": "https://issuer.example/identifiers", "identifier": "07"}
    ]


@pytest.mark.parametrize(
    ("raw", "question"),
    [
        (encoded(altered(plain(issued()), ["nameSpaces", SPACE], plain(issued(random=2))["nameSpaces"][SPACE])),
         "every element is one that the issuer signed"),
        (encoded(altered(plain(issued()), ["issuerAuth", 3], bytes(64))), "the signature holds"),
        (encoded(altered(plain(issued()), ["issuerAuth", 1], {})), "says by certificate who signed it"),
        (encoded(altered(plain(issued()), ["issuerAuth", 2], None)), "can be read"),
        (signed_over(altered(plain_mso(), ["version"], "2.0")), "can be read"),
        (issued(pki=desk(extensions=())), "the certificate was made to sign documents"),
        (issued(pki=desk(extensions=(purposes(DOCUMENT_SIGNER),), not_before=NOW - 10, not_after=NOW + 10)), None),
    ],
    ids=["elements", "signature", "no certificate", "no payload", "version", "purpose", "short certificate"],
)  # fmt: skip
def test_what_is_wrong_is_found(raw, question):
    report = explain(raw, Surroundings(NOW))
    assert [text for text in failed(report) if text != "the signature holds" or question == text] == (
        [question] if question else []
    )
    assert report.sound == (question is None)


def test_a_signature_from_before_the_certificate_is_found():
    early = signed_over(altered(plain_mso(), ["validityInfo", "signed"], plain_mso()["validityInfo"]["validFrom"]))
    assert failed(explain(early, AROUND)) == []
    old = desk(extensions=(purposes(DOCUMENT_SIGNER),), not_after=NOW - 60)
    report = explain(issued(pki=old), AROUND)
    assert SIGNED_IN_TIME not in failed(report)
    report = explain(signed_over(plain_mso(), pki=old, raw=issued(pki=desk(not_before=NOW - 10))), AROUND)
    assert SIGNED_IN_TIME in failed(report)


@pytest.mark.parametrize("now", [NOW - DAY, NOW + 2 * DAY])
def test_times_are_compared_with_the_given_instant(now):
    assert any(text.startswith("inside its times") for text in failed(explain(issued(), Surroundings(now))))


def test_another_authority_is_not_trusted():
    report = explain(issued(pki=desk()), AROUND)
    assert failed(report) == ["the certificate is trusted"]
    assert explain(issued(pki=desk()), Surroundings(NOW)).sound


def test_an_answer_is_explained_document_by_document():
    report = explain(presented(), AROUND)
    assert report.content == {"status": 0, "documents": 1}
    (document,) = report.inside
    assert document.content["says to be"] == MDL
    assert "given_name" not in document.content["elements"][SPACE]
    assert document.content["the holder's answer is proven by"] == "signature"
    assert passed(document)[:2] == [
        "every element is one that the issuer signed: yes",
        "is of the type that its issuer signed: yes",
    ]
    assert any("whether the holder's signature holds" in f.text for f in document.findings if f.passed is None)
    assert report.sound


def test_a_mac_is_told_from_a_signature():
    (document,) = explain(annex_d("device_response").hex(), Surroundings(1_610_000_000)).inside
    assert document.content["the holder's answer is proven by"] == "MAC, to one reader alone"
    assert failed(document) == []


def test_an_answer_that_is_not_what_its_issuer_signed_is_found():
    response = read_response(presented())
    (document,) = response.documents
    renamed = replace(response, documents=(replace(document, doc_type="other"),))
    assert failed(explain(renamed.to_bytes().hex(), AROUND)) == ["is of the type that its issuer signed"]


@pytest.mark.parametrize("allowed", [True, False])
def test_what_the_device_says_itself_is_told(allowed):
    authorizations = KeyAuthorizations(frozenset(("x",))) if allowed else KeyAuthorizations()
    raw = presented(raw=issued(authorizations=authorizations), elements={"x": {"transaction": b"\x01"}})
    report = explain(raw, AROUND)
    assert report.inside[0].content["elements of the device itself"] == {"x": {"transaction": "AQ"}}
    assert failed(report) == ([] if allowed else ["the issuer lets the device say these elements"])


def test_what_an_answer_lacks_is_told():
    response = read_response(presented())
    (document,) = response.documents
    lacking = replace(document, errors={SPACE: {"weight": 0}})
    report = explain(DeviceResponse((lacking,), ((MDL, 0),), 11).to_bytes().hex(), AROUND)
    assert report.content["documents that are not there, and why"] == {MDL: 0}
    assert report.inside[0].content["elements that are not there, and why"] == {SPACE: {"weight": 0}}
    assert failed(report) == ["is a full answer"]


# What a reader asks

LICENCE = ItemsRequest.of(MDL, {SPACE: {"family_name": False, "portrait": True}})


def test_a_request_is_explained():
    report = explain(annex_d("device_request").hex(), Surroundings(1_610_000_000))
    (document,) = report.inside
    assert document.content["document type"] == MDL
    asked = document.content["elements, and whether the reader keeps them"][SPACE]
    assert (asked["family_name"], asked["portrait"]) == (True, False)
    (signature,) = document.inside
    assert signature.inside[0].content["name for people"] == "reader"
    assert report.sound


def test_a_request_that_nobody_signed_says_so():
    data = write_device_request((LICENCE,), transcript=TRANSCRIPT, signer=None, chain=())
    report = explain(data.hex(), AROUND)
    assert [finding.text for finding in report.findings] == ["who asks: cannot be told, nobody signed it"]
    assert (report.inside[0].inside, report.anything_checked) == ([], False)


def test_a_signature_of_the_whole_is_explained():
    data = write_whole_request(
        (LICENCE,), transcript=TRANSCRIPT, signatories=(Signatory(PKI.signer, PKI.certificates),)
    )
    report = explain(data.hex(), AROUND)
    assert [part.kind for part in report.inside] == [
        "The reader's signature of all of the request",
        "Document that is asked for",
    ]
    assert report.findings == []


def test_a_registration_in_a_request_is_explained():
    items = ItemsRequest.of(MDL, {SPACE: {"family_name": False}}, {"euWrprc": status_list().encode(), "other": 1})
    data = write_device_request((items,), transcript=TRANSCRIPT, signer=None, chain=())
    (document,) = explain(data.hex(), AROUND).inside
    assert document.content["what else it says (requestInfo)"] == {"other": 1}
    assert [part.kind for part in document.inside] == ["Status list: which credentials still hold"]
    items = ItemsRequest.of(MDL, {SPACE: {"family_name": False}}, {"euWrprc": b"\x84\x40"})
    data = write_device_request((items,), transcript=TRANSCRIPT, signer=None, chain=())
    (document,) = explain(data.hex(), AROUND).inside
    assert document.content["registration certificate, in CBOR"] == "hEA"


# Everything else


def test_cbor_of_another_kind_is_said_to_be_unknown():
    assert not explain(encode_cbor([1]).hex(), AROUND).anything_checked
    assert not explain(encode_cbor({0: "1.0"}).hex(), AROUND).anything_checked
    report = explain(encode_cbor({"colour": "blue"}).hex(), AROUND)
    assert (report.content["value"], report.anything_checked) == ({"colour": "blue"}, False)
    big = explain(encode_cbor({"number": -(2**64)}).hex(), AROUND)
    assert big.content["value"] == "a value that cannot be shown here"


def test_the_size_has_a_cap():
    with pytest.raises(TooLarge):
        explain_cbor_text("a" * (2 << 20 | 1), AROUND)


@given(st.sampled_from([issued(), presented(), encode_base64url(annex_d("device_request"))]), st.integers())
def test_no_flipped_bit_escapes_the_error_family(raw, bit):
    with contextlib.suppress(ProtocolError):
        explain(encode_base64url(flip(decode_base64url(raw), bit)), AROUND)


@given(st.binary(max_size=60))
def test_no_bytes_escape_the_error_family(data):
    with contextlib.suppress(ProtocolError):
        explain(data.hex(), AROUND)
