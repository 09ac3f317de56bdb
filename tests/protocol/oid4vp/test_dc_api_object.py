"""Signed requests of pages: believed for who signed them, on the page that they were made for, and nowhere else."""

import base64
import json
from dataclasses import replace

import pytest

from protocol.dcql.query import DcqlQuery
from protocol.errors import InvalidTransactionData, VpFormatsNotSupported
from protocol.jws import Jws
from protocol.oid4vp.answer import RequestPolicy
from protocol.oid4vp.client_id import ClientId, Prefix
from protocol.oid4vp.dc_api_object import Signatory
from protocol.oid4vp.request import VerifierInfo
from protocol.oid4vp.request_object import Unauthenticated
from protocol.trust.anchors import TrustAnchors
from tests.protocol.oid4vp.page_side import (
    BY_CERTIFICATE,
    BY_IDENTIFIER,
    EACH,
    MULTISIGNED,
    ORIGIN,
    SIGNED,
    UNSIGNED,
    asked_by,
    header,
    multisigned_by_hand,
    page_asks,
    page_asks_in_clear,
    replaced,
    signed,
    signed_by_all,
    signed_by_hand,
    turned_away,
    unsigned,
)
from tests.protocol.oid4vp.samples import BY_DID, DID_KEY, HASH, KID, PKI, QUERY, SAN_DNS, STRANGER
from tests.support.pki import NOW, make_pki

EVIL = "https://evil.example"
INFO = VerifierInfo("registration_cert", "eyJ.e.s")
OTHER_INFO = VerifierInfo("registrar_dataset", {"purpose": []})


# Each way to ask


@pytest.mark.parametrize("protocol", EACH)
def test_a_page_asks_in_each_way_and_is_answered_for_its_origin(protocol):
    found = asked_by(protocol, EACH[protocol]())
    assert found.request == page_asks(client_id=None if protocol == UNSIGNED else HASH)
    assert found.request.audience == f"origin:{ORIGIN}"
    if protocol == UNSIGNED:
        assert (found.party, found.raw) == (Unauthenticated("verifier.example"), "")
    else:
        assert (found.party.name, found.party.vouched_by) == ("City library", "Test authority")
        assert Jws.from_compact(found.raw, "kept").payload


def test_a_signed_request_says_who_asks_and_for_which_pages():
    [(_, text)] = signed(origins=(ORIGIN, "https://www.verifier.example")).items()
    jws = Jws.from_compact(text, "request")
    claims = json.loads(jws.payload)
    assert jws.header.typ == "oauth-authz-req+jwt"
    assert claims["client_id"] == str(HASH)
    assert claims["expected_origins"] == [ORIGIN, "https://www.verifier.example"]
    assert not {"response_uri", "state", "redirect_uri", "wallet_nonce"} & set(claims)


def test_those_who_sign_together_say_who_they_are_in_their_headers_alone():
    """§A.3.2.2"""
    signatories = (replace(BY_CERTIFICATE, verifier_info=(INFO,)), replace(BY_IDENTIFIER, verifier_info=(OTHER_INFO,)))
    data = signed_by_all(signatories=signatories)
    payload = json.loads(base64.urlsafe_b64decode(data["request"]["payload"] + "=="))
    assert not {"client_id", "verifier_info"} & set(payload)
    for policy, client_id, info in (
        (RequestPolicy(), HASH, INFO),
        (RequestPolicy(prefixes=frozenset((Prefix.DECENTRALIZED_IDENTIFIER,))), BY_DID, OTHER_INFO),
    ):
        found = asked_by(MULTISIGNED, data, policy=policy)
        assert (found.request.client_id, found.request.verifier_info) == (client_id, (info,))


@pytest.mark.parametrize("protocol", ["", "openid4vp", "openid4vp-v2-signed", "org-iso-mdoc", "OPENID4VP-V1-SIGNED"])
def test_another_way_to_ask_is_refused(protocol):
    assert turned_away(protocol, signed()) == "protocol: is not known here"


@pytest.mark.parametrize(("protocol", "other"), [(SIGNED, MULTISIGNED), (MULTISIGNED, SIGNED), (SIGNED, UNSIGNED)])
def test_a_request_is_read_in_the_way_that_its_protocol_says(protocol, other):
    turned_away(protocol, EACH[other]())


# The origin


@pytest.mark.parametrize("protocol", [SIGNED, MULTISIGNED])
@pytest.mark.parametrize(
    "origins",
    [
        pytest.param((EVIL,), id="another page"),
        pytest.param((f"{ORIGIN}:8443",), id="another port"),
        pytest.param(("https://www.verifier.example",), id="a page below"),
    ],
)
def test_a_signed_request_that_another_page_replays_is_refused(protocol, origins):
    """T167"""
    sign = {SIGNED: signed, MULTISIGNED: signed_by_all}[protocol]
    data = sign(page_asks(origin=origins[0]), origins=origins)
    assert "does not name the page" in turned_away(protocol, data)
    assert asked_by(protocol, data, origin=origins[0]).request.origin == origins[0]


@pytest.mark.parametrize(
    "origins",
    [
        pytest.param(..., id="none"),
        pytest.param([], id="empty"),
        pytest.param(ORIGIN, id="a text"),
        pytest.param([f"{ORIGIN}/"], id="with a slash"),
        pytest.param([f"{ORIGIN}:443"], id="with the usual port"),
        pytest.param([ORIGIN.upper()], id="in capital letters"),
        pytest.param([f"origin:{ORIGIN}"], id="with a prefix"),
        pytest.param(["*"], id="any"),
        pytest.param([None], id="no text"),
    ],
)
def test_expected_origins_are_compared_as_they_are(origins):
    """T167"""
    turned_away(SIGNED, signed_by_hand(expected_origins=origins))
    turned_away(MULTISIGNED, multisigned_by_hand(header(), expected_origins=origins))


@pytest.mark.parametrize("protocol", EACH)
@pytest.mark.parametrize("origin", ["null", "", "http://verifier.example", "ftp://verifier.example"])
def test_a_page_that_nobody_could_know_is_refused(protocol, origin):
    """T167"""
    assert turned_away(protocol, EACH[protocol](), origin=origin).startswith("origin")


# Who asks


@pytest.mark.parametrize(
    "client_id",
    [
        pytest.param(..., id="none"),
        pytest.param(None, id="null"),
        pytest.param("", id="empty"),
        pytest.param("verifier.example", id="T160 no prefix"),
        pytest.param(f"origin:{ORIGIN}", id="T160 the reserved prefix"),
        pytest.param(f"redirect_uri:{ORIGIN}", id="T160 a client that cannot sign"),
        pytest.param("openid_federation:https://verifier.example", id="T160 unknown prefix"),
        pytest.param(str(BY_DID), id="another way to prove it"),
    ],
)
def test_a_signed_request_of_nobody_is_refused(client_id):
    turned_away(SIGNED, signed_by_hand(client_id=client_id))
    turned_away(MULTISIGNED, multisigned_by_hand(header(client_id=client_id)))


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(signed_by_hand(signer=STRANGER), id="another key"),
        pytest.param(signed_by_hand(header={"typ": "JWT"}), id="another type"),
        pytest.param(signed_by_hand(header={"typ": ...}), id="no type"),
        pytest.param(signed_by_hand(header={"x5c": ...}), id="no certificate"),
        pytest.param(signed_by_hand(header={"crit": ["b64"]}), id="an extension"),
        pytest.param(signed_by_hand(aud="https://wallet.example"), id="another audience"),
        pytest.param(signed_by_hand(aud=None), id="no audience that is one"),
        pytest.param(signed_by_hand(exp=NOW), id="over"),
        pytest.param(signed_by_hand(iat=NOW + 61, exp=NOW + 300), id="not begun"),
        pytest.param(signed_by_hand(nonce=...), id="T161 no nonce"),
        pytest.param({"request": 5}, id="no text"),
        pytest.param({}, id="nothing"),
        pytest.param({"request": "e.e.e.e.e"}, id="encrypted"),
        pytest.param({"request": "e" * (128 * 1024 + 1)}, id="too large"),
    ],
)
def test_a_signed_request_that_does_not_hold_is_refused(data):
    turned_away(SIGNED, data)


def test_an_audience_may_be_missing_or_in_a_list():
    for aud in (..., ["https://self-issued.me/v2"]):
        assert asked_by(SIGNED, signed_by_hand(aud=aud)).request.nonce == page_asks().nonce


def test_nobody_is_believed_without_an_anchor():
    for protocol in (SIGNED, MULTISIGNED):
        turned_away(protocol, EACH[protocol](), anchors=TrustAnchors())


def test_a_client_identifier_that_the_wallet_does_not_take_is_refused():
    data = signed(signatory=Signatory(SAN_DNS, PKI.signer, x5c=PKI.x5c))
    assert asked_by(SIGNED, data).request.client_id == SAN_DNS
    turned_away(SIGNED, data, policy=RequestPolicy.haip())
    data = signed_by_all(signatories=(Signatory(SAN_DNS, PKI.signer, x5c=PKI.x5c),))
    turned_away(MULTISIGNED, data, policy=RequestPolicy.haip())


def test_a_client_that_cannot_sign_is_refused_by_a_wallet_that_takes_every_prefix():
    """T160"""
    policy = RequestPolicy(prefixes=frozenset(Prefix))
    turned_away(SIGNED, signed_by_hand(client_id=f"redirect_uri:{ORIGIN}"), policy=policy)
    turned_away(MULTISIGNED, multisigned_by_hand(header(client_id=f"redirect_uri:{ORIGIN}")), policy=policy)


# Several who sign


def test_the_first_who_is_trusted_counts_and_the_others_may_be_of_other_worlds():
    stranger = make_pki()
    for other in (
        header(Signatory(ClientId.of_certificate(stranger.leaf.der), stranger.signer, x5c=stranger.x5c)),
        header(client_id="verifier_attestation:somebody"),
        header(crit=["x"]),
        (header()[0], STRANGER),
    ):
        found = asked_by(MULTISIGNED, multisigned_by_hand(other, header()))
        assert found.request.client_id == HASH
        turned_away(MULTISIGNED, multisigned_by_hand(other))


def test_no_type_is_needed_in_a_header_but_another_one_is_refused():
    assert asked_by(MULTISIGNED, multisigned_by_hand(header(typ=...))).request.client_id == HASH
    turned_away(MULTISIGNED, multisigned_by_hand(header(typ="JWT")))


@pytest.mark.parametrize("name", ["client_id", "verifier_info"])
def test_what_belongs_into_a_header_must_not_stand_in_the_payload(name):
    value = str(HASH) if name == "client_id" else [INFO.to_dict()]
    assert name in turned_away(MULTISIGNED, multisigned_by_hand(header(), **{name: value}))


def test_a_signature_of_one_world_does_not_carry_the_name_of_another():
    """The key of the DID signs, and says that it is the certificate."""
    said = {**BY_IDENTIFIER.header(), "x5c": list(PKI.x5c), "client_id": str(HASH)}
    turned_away(MULTISIGNED, multisigned_by_hand((said, DID_KEY)))
    turned_away(MULTISIGNED, multisigned_by_hand((said, DID_KEY)), policy=RequestPolicy.haip())


def test_a_payload_that_was_exchanged_is_refused():
    data, other = signed_by_all(), signed_by_all(page_asks(nonce="x" * 22))
    turned_away(MULTISIGNED, replaced(data, payload=other["request"]["payload"]))


@pytest.mark.parametrize(
    "changes",
    [
        {"payload": ...},
        {"payload": ""},
        {"payload": 5},
        {"payload": "a.b"},
        {"signatures": ...},
        {"signatures": []},
        {"signatures": {}},
        {"signatures": [5]},
        {"signatures": [{}]},
        {"signatures": [{"protected": "", "signature": "c2ln"}]},
        {"protected": "e30"},
        {"signature": "c2ln"},
        {"header": {"alg": "ES256"}},
    ],
    ids=str,
)
def test_what_is_no_general_serialization_is_refused(changes):
    turned_away(MULTISIGNED, replaced(signed_by_all(), **changes))


def test_a_header_that_nobody_signed_is_refused():
    data = signed_by_all()
    signatures = [{**one, "header": {"kid": "1"}} for one in data["request"]["signatures"]]
    assert "outside the signature" in turned_away(MULTISIGNED, replaced(data, signatures=signatures))


def test_more_signatures_than_anybody_needs_are_refused():
    data = signed_by_all()
    turned_away(MULTISIGNED, replaced(data, signatures=data["request"]["signatures"] * 5))


# What can be answered


@pytest.mark.parametrize("protocol", EACH)
def test_haip_takes_encrypted_answers_alone(protocol):
    """HAIP 1.0 §5.2"""
    policy = RequestPolicy.haip()
    assert asked_by(protocol, EACH[protocol](), policy=policy).request.response_mode == "dc_api.jwt"
    clear = EACH[protocol](page_asks_in_clear())
    assert asked_by(protocol, clear).request.choose_encryption() is None
    assert turned_away(protocol, clear, policy=policy) == "response_mode: must be dc_api.jwt"


@pytest.mark.parametrize("protocol", EACH)
def test_what_is_not_understood_is_refused_by_name(protocol):
    """T165, T166"""
    other = {"credentials": [{**QUERY["credentials"][0], "format": "ldp_vc", "meta": {"type_values": [["x"]]}}]}
    other["credentials"][0].pop("claims")
    turned_away(protocol, EACH[protocol](page_asks(dcql_query=DcqlQuery.from_dict(other))), VpFormatsNotSupported)
    item = base64.urlsafe_b64encode(json.dumps({"type": "payment", "credential_ids": ["pid"]}).encode()).decode()
    asks = page_asks(transaction_data=(item.rstrip("="),))
    turned_away(protocol, EACH[protocol](asks), InvalidTransactionData)


def test_a_request_that_no_page_of_ours_could_use_is_our_mistake():
    for make in (signed, signed_by_all):
        with pytest.raises(ValueError, match="page that asks"):
            make(origins=("https://www.verifier.example",))
        with pytest.raises(ValueError, match="whoever signs"):
            make(page_asks(client_id=HASH))
        with pytest.raises(ValueError, match="128 bits"):
            make(page_asks(nonce="short"))
    with pytest.raises(ValueError, match="somebody"):
        signed_by_all(signatories=())
    with pytest.raises(ValueError, match="proven"):
        signed(signatory=Signatory(HASH, PKI.signer, kid=KID))


def test_an_unsigned_request_needs_no_anchor():
    assert asked_by(UNSIGNED, unsigned(), anchors=TrustAnchors()).party == Unauthenticated("verifier.example")
