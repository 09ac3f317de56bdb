"""Receipts of documents: how an issuer announces its cockpit, how the key comes, and what both sides know."""

from hashlib import sha256

import pytest

from protocol.encoding import JsonObject, JsonValue, encode_base64url, encode_json
from protocol.errors import Malformed
from protocol.oid4vci.credential import CredentialRequest, CredentialResponse, hash_request
from protocol.oid4vci.metadata import CredentialIssuerMetadata
from protocol.sovereignty.findings import RECEIVED_WITHIN, Rule, find_no_received
from protocol.sovereignty.receipt_evidence import Evidence, evidence_of_issuance
from protocol.sovereignty.usage import Action, UsageEntry, Use
from tests.support.partners import COCKPIT, COCKPIT_KEY, both
from tests.support.pki import NOW

JWK = COCKPIT_KEY.public_key.to_jwk()
ASKED: JsonObject = {"credential_configuration_id": "card", "proofs": {"jwt": ["a.b.c"]}}
METADATA: JsonObject = {
    "credential_issuer": "https://agency.example",
    "credential_endpoint": "https://agency.example/credential",
    "credential_configurations_supported": {},
}
RECEIPT = "eyJhbGciOiJFUzI1NiJ9.e30.c2ln"


def digest(text):
    return encode_base64url(sha256(text.encode()).digest())


def test_each_copy_is_named_by_its_hash_and_each_claim_by_its_first_name():
    says = {"given_name": "Anna", "address": {"locality": "Köln"}, "points": [1, 2]}
    found = evidence_of_issuance("request", "card", ("one", "two"), says, depth=1)
    claims = (("address",), ("given_name",), ("points",))
    assert found == Evidence("request", {"card": (digest("one"), digest("two"))}, {"card": claims})


def test_in_an_mdoc_a_claim_is_namespace_and_element():
    says = {"org.iso.1": {"family_name": "Z", "age_over_18": True}, "org.test.1": {"points": {"deep": 1}}, "odd": 1}
    found = evidence_of_issuance("request", "card", ("one",), says, depth=2)
    assert found.claims == {
        "card": (("org.iso.1", "age_over_18"), ("org.iso.1", "family_name"), ("org.test.1", "points"))
    }


def test_a_document_that_says_nothing_has_no_claims():
    assert evidence_of_issuance("request", "card", ("one",), {}, depth=1).claims == {"card": ()}


def test_a_key_comes_in_the_credential_request_and_the_hash_is_of_all_that_was_sent():
    wire: JsonObject = {**ASKED, "cockpit_key": JWK}
    request = CredentialRequest.from_dict(wire)
    assert request.cockpit_key == COCKPIT_KEY.public_key
    assert request.to_dict() == wire
    assert request.hash == hash_request(wire)
    more: JsonObject = {**wire, "something": "new"}
    assert CredentialRequest.from_dict(more).hash == hash_request(more) != request.hash


@pytest.mark.parametrize(
    "key",
    [None, "text", {}, {**JWK, "crv": "P-384"}, {**JWK, "d": "c2VjcmV0"}, {**JWK, "x": "AA"}],
    ids=["null", "text", "empty", "curve", "private", "point"],
)
def test_a_malformed_key_is_none_and_the_request_counts_all_the_same(key):
    request = CredentialRequest.from_dict({**ASKED, "cockpit_key": key})
    assert (request.cockpit_key, request.hash) == (None, "")
    assert request.proofs == ("a.b.c",)


def test_a_request_without_one_spelling_has_no_key():
    with pytest.raises(Malformed):
        hash_request({**ASKED, "cockpit_key": JWK, "large": 1 << 60})
    request = CredentialRequest.from_dict({**ASKED, "cockpit_key": JWK, "large": 1 << 60})
    assert (request.cockpit_key, request.hash) == (None, "")


def test_without_a_key_nothing_is_hashed():
    assert CredentialRequest.from_dict(ASKED).hash == ""
    assert "cockpit_key" not in CredentialRequest.from_dict(ASKED).to_dict()


def test_a_receipt_travels_beside_the_credentials_and_what_is_none_is_ignored():
    response = CredentialResponse(("one",), "n", RECEIPT)
    assert response.to_dict() == {"credentials": [{"credential": "one"}], "notification_id": "n", "receipt": RECEIPT}
    assert CredentialResponse.from_dict(response.to_dict()) == response
    nothing: list[JsonValue] = [None, 7, "no token", "a.b", {}]
    for odd in nothing:
        assert CredentialResponse.from_dict({**response.to_dict(), "receipt": odd}).receipt is None
    assert "receipt" not in CredentialResponse(("one",)).to_dict()
    assert RECEIPT not in repr(response)


def test_an_issuer_announces_its_cockpit_in_its_metadata():
    read = CredentialIssuerMetadata.from_dict({**METADATA, "cockpit_endpoint": COCKPIT})
    assert read.cockpit_endpoint == COCKPIT
    assert read.to_dict()["cockpit_endpoint"] == COCKPIT
    assert "cockpit_endpoint" not in CredentialIssuerMetadata.from_dict(METADATA).to_dict()


@pytest.mark.parametrize("odd", [7, "http://agency.example/cockpit", f"{COCKPIT}?you=anna", f"{COCKPIT}/", ""])
def test_an_announcement_that_cannot_be_read_is_none(odd):
    assert CredentialIssuerMetadata.from_dict({**METADATA, "cockpit_endpoint": odd}).cockpit_endpoint is None


def test_an_issuers_log_begins_with_what_it_used():
    used = Use(NOW, Action.USED, {"card": (("given_name",),)}, "service", both("Grund", "Why"))
    entries = [UsageEntry("r", 0, used)]
    late = NOW + RECEIVED_WITHIN + 1
    assert find_no_received(entries, NOW, late, first=Action.USED) is None
    assert find_no_received(entries, NOW, late).rule is Rule.NO_RECEIVED
    assert find_no_received([], NOW, late, first=Action.USED).rule is Rule.NO_RECEIVED
    assert encode_json(entries[0].to_dict())
