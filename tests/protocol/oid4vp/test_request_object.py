"""Signed requests: what is asked for, of whom, and when; and who is told if it cannot be answered."""

import json
from dataclasses import replace

import pytest

from protocol.encoding import decode_base64url
from protocol.errors import InvalidRequest
from protocol.oid4vp.request import SELF_ISSUED
from protocol.oid4vp.request_object import Unauthenticated, UnusableRequest, VerifiedRequest, accept_plain_request
from tests.protocol.oid4vp.samples import (
    BY_DID,
    HASH,
    HOST,
    KID,
    PKI,
    RESPONSE_URI,
    SAN_DNS,
    UNSIGNED,
    asked,
    asked_in_clear,
    claims_of,
    honest,
    refused,
    signed,
    verified,
)
from tests.support.pki import NOW


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


def test_a_request_of_ours_that_would_not_be_safe_is_not_signed():
    """T191."""
    with pytest.raises(ValueError, match="128 bits"):
        honest(asked(nonce="n-0S6_WzA2Mj"))


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
