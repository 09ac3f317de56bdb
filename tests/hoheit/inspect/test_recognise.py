"""Everything that travels is recognised, explained, and checked as far as that is possible offline."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hoheit.inspect.recognise import explain
from hoheit.inspect.report import Report
from hoheit.inspect.surroundings import Surroundings
from protocol.did import did_key
from protocol.encoding import encode_json
from protocol.errors import Malformed, ProtocolError
from protocol.jwe import encrypt_jwe
from protocol.keys import P256Key
from protocol.oid4vp.link import read_link
from tests.hoheit.inspect.samples import HOLDER, OFFER, PKI, credential, presentation, status_list
from tests.support.pki import DAY, NOW, seeded
from tests.support.vectors import read_vector, vector_files

AROUND = Surroundings(NOW, PKI.anchors)


def findings(report: Report) -> list[str]:
    """Every line with a no, here and inside."""
    own = [finding.text for finding in report.findings if finding.passed is False]
    return own + [text for part in report.inside for text in findings(part)]


def test_a_credential_is_explained_with_what_it_hides():
    report = explain(credential(), AROUND)
    assert report.kind == "Credential (SD-JWT)"
    assert report.content["claims, as they are disclosed"]["name"] == "Erika"
    left_out = report.content["can be left out"]
    assert isinstance(left_out, list)
    assert set(left_out) == {"name", "town"}
    assert findings(report) == []
    assert "trusted as issuer" in str(report.to_dict())


def test_a_presentation_shows_only_what_was_disclosed():
    report = explain(presentation(), AROUND)
    assert "Erika" not in str(report.to_dict())
    assert report.content["digests that stay hidden, decoys among them"] == 1
    assert [f.text for f in report.findings if f.passed] == [
        "every disclosure belongs to the credential: yes",
        "the holder's key signed the key binding: yes",
        "the key binding covers exactly these disclosures: yes",
    ]
    assert report.sound


def test_a_disclosure_that_was_taken_away_breaks_the_key_binding():
    parts = presentation().split("~")
    report = explain("~".join([parts[0], parts[-1]]), AROUND)
    assert findings(report) == [
        "the key binding covers exactly these disclosures: no. it was made for another selection"
    ]


def test_a_foreign_disclosure_is_found():
    parts = credential().split("~")
    report = explain("~".join([parts[0], "WyJzYWx0IiwgIngiLCAxXQ", ""]), AROUND)
    assert [text.split(":")[0] for text in findings(report)] == ["every disclosure belongs to the credential"]


def test_a_broken_signature_is_found():
    head, payload, signature = status_list().split(".")
    report = explain(f"{head}.{payload}.{'A' * len(signature)}", AROUND)
    assert [text.split(":")[0] for text in findings(report)] == ["the signature holds"]


@pytest.mark.parametrize("now", [NOW - DAY, NOW + 2 * DAY])
def test_times_are_compared_with_the_given_instant(now):
    report = explain(status_list(), Surroundings(now))
    assert any(text.startswith("inside its times") for text in findings(report))


def test_a_status_list_is_counted():
    report = explain(status_list(), AROUND)
    assert report.content["entries"] == 1000
    assert report.content["entries by status (0 valid, 1 revoked, 2 suspended)"] == {"0": 996, "1": 3, "2": 1}


def test_without_anchors_trust_is_left_open():
    report = explain(status_list(), Surroundings(NOW))
    assert report.sound
    assert any(finding.passed is None and "--anchors" in finding.text for finding in report.findings)


def test_an_offer_in_a_link_is_read():
    report = explain(OFFER, AROUND)
    assert report.inside[0].kind == "Credential offer"
    assert report.sound


def test_an_offer_that_lacks_something_names_it():
    report = explain(
        "openid-credential-offer://?credential_offer=%7B%22credential_issuer%22%3A%22https%3A%2F%2Fx.de%22%7D", AROUND
    )
    assert "credential_configuration_ids: is missing" in findings(report)[0]


def test_a_request_by_reference_is_not_fetched():
    link = "openid4vp://?client_id=x509_san_dns%3Alibrary.example&request_uri=https%3A%2F%2Flibrary.example%2Fr%2F1"
    report = explain(link, AROUND)
    assert report.content["the request is fetched from"] == read_link(link).request_uri
    assert report.sound
    assert not report.anything_checked


def test_an_encrypted_token_says_who_can_read_it():
    token = encrypt_jwe(
        b"secret",
        HOLDER.public_key,
        enc="A128GCM",
        kid="7",
        ephemeral=P256Key.generate(seeded(1)),
        random_bytes=seeded(1),
    )
    report = explain(token, AROUND)
    assert report.content["recipient's key (kid)"] == "7"
    assert report.content["size of the content"] == 6


def test_a_certificate_is_read_from_pem():
    report = explain(PKI.leaf.pem.decode(), AROUND)
    assert report.inside[0].content["subject"] == "CN=Issuing desk"
    assert findings(explain(PKI.leaf.pem.decode(), Surroundings(NOW + 1000 * DAY))) != []


def test_a_did_is_read():
    assert explain(did_key(HOLDER.public_key), AROUND).sound
    assert not explain("did:key:z111", AROUND).sound
    assert not explain("did:web:uni.example", AROUND).anything_checked


@pytest.mark.parametrize(
    ("members", "kind"),
    [
        ({"credentials": [{"id": "a", "format": "dc+sd-jwt", "meta": {}}]}, "DCQL query"),
        ({"access_token": "x", "token_type": "DPoP"}, "Token response"),
        ({"error": "invalid_grant"}, "Error answer"),
        (HOLDER.public_key.to_jwk(), "Public key (JWK)"),
        ({"vp_token": {"a": ["b"]}}, "Answer to a verifier"),
    ],
)
def test_messages_are_known_by_their_members(members, kind):
    report = explain(encode_json(members).decode(), AROUND)
    assert report.kind == kind
    assert report.sound


def test_unknown_json_is_said_to_be_unknown():
    report = explain('{"colour": "blue"}', AROUND)
    assert not report.anything_checked


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "hello world",
        "a.b",
        "....",
        "-----BEGIN NOTHING-----",
        "{",
        "https://example.org/",
        "mdoc:",
        "mdoc:aaaa",
    ],
)
def test_what_is_nothing_is_refused(text):
    with pytest.raises(ProtocolError):
        explain(text, AROUND)


@pytest.mark.parametrize("file", vector_files("sd-jwt/rfc9901/*-presentation-*.json"))
def test_published_presentations_hold_together(file):
    vector = read_vector(str(file))
    assert findings(explain(vector["compact"], Surroundings(1_750_000_000))) == []


@given(st.text(max_size=300))
def test_no_input_escapes_the_error_family(text):
    with contextlib.suppress(ProtocolError):
        explain(text, AROUND)


@given(st.data())
def test_no_altered_token_escapes_the_error_family(data):
    token = presentation()
    at = data.draw(st.integers(0, len(token) - 1))
    altered = token[:at] + data.draw(st.sampled_from("A~._z0-")) + token[at + 1 :]
    with contextlib.suppress(ProtocolError):
        report = explain(altered, AROUND)
        assert altered == token or not report.sound


def test_a_picture_is_no_text():
    with pytest.raises(Malformed):
        explain("\x89PNG", AROUND)
