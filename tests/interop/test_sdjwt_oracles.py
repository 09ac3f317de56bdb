"""Two libraries that are not ours verify the credentials that we issue and present, and we verify theirs.

They read the system's clock, so this is the one place where tests do too.
"""

import json
import os
import time
from dataclasses import replace
from typing import Any

import pytest
from jwcrypto.common import JWException
from jwcrypto.jwk import JWK
from openvc.errors import OpenvcError
from openvc.keys import P256SigningKey
from openvc.openid4vp import verify_vp_token
from openvc.proof.sd_jwt import SdJwtVcProofSuite
from openvc.status.token_status_list import check_token_status, encode_status_list, new_status_list, set_status
from openvc.verify import verify_credential
from sd_jwt.common import SDObj
from sd_jwt.holder import SDJWTHolder
from sd_jwt.issuer import SDJWTIssuer
from sd_jwt.verifier import SDJWTVerifier

from protocol.encoding import JsonObject, decode_base64url, encode_base64url
from protocol.errors import Flaw, NotAuthentic, NotForThisRequest, NotTrusted
from protocol.exchange import run
from protocol.formats import format_of
from protocol.holder_binding import ExpectedBinding, KeyBinding
from protocol.keys import P256Key
from protocol.sdjwt.issue import Frame, issue_sd_jwt
from protocol.status.bits import StatusList
from protocol.status.token import sign_status_list_token
from tests.support.pki import AUTHORITY, DAY, INTERMEDIATE, LEAF, make_pki

NOW = int(time.time())  # when these tests were read, which in a long run is well before they are run
ISSUER = "https://agency.example"
VCT = "urn:eudi:pid:1"
AUDIENCE = "x509_san_dns:library.example"
NONCE = "n-0S6_WzA2Mj"
PKI = make_pki(
    replace(LEAF, uris=(ISSUER,), not_before=NOW - DAY),
    root=replace(AUTHORITY, not_before=NOW - DAY),
    intermediates=(replace(INTERMEDIATE, not_before=NOW - DAY),),
)
OTHER_PKI = make_pki(replace(LEAF, not_before=NOW - DAY), root=replace(AUTHORITY, not_before=NOW - DAY))
HOLDER = P256Key.generate(os.urandom)
STRANGER = P256Key.generate(os.urandom)
FORMAT = format_of("dc+sd-jwt")

CLAIMS: JsonObject = {
    "given_name": "Erika",
    "family_name": "Mustermann",
    "address": {"locality": "Köln", "country": "DE"},
    "nationalities": ["DE", "FR"],
    "degrees": [{"name": "BSc", "year": 2019}],
    "age_equal_or_over": {"18": True, "65": False},
}
FRAME = Frame.of(
    [
        ("given_name",),
        ("family_name",),
        ("address",),
        ("address", "locality"),
        ("address", "country"),
        ("nationalities", None),
        ("degrees",),
        ("degrees", None),
        ("degrees", None, "year"),
        ("age_equal_or_over", "18"),
        ("age_equal_or_over", "65"),
    ]
)
VISIBLE: JsonObject = {
    "iss": ISSUER,
    "vct": VCT,
    "iat": NOW - 60,
    "exp": NOW + DAY,
    "cnf": {"jwk": HOLDER.public_key.to_jwk()},
}
SELECTIONS = [
    pytest.param([], {"age_equal_or_over": {}, "nationalities": []}, id="nothing"),
    pytest.param(
        [("given_name",)], {"given_name": "Erika", "age_equal_or_over": {}, "nationalities": []}, id="a claim"
    ),
    pytest.param(
        [("address", "locality"), ("nationalities", 1), ("age_equal_or_over", "18")],
        {"address": {"locality": "Köln"}, "nationalities": ["FR"], "age_equal_or_over": {"18": True}},
        id="members and elements",
    ),
    pytest.param([(name,) for name in CLAIMS], CLAIMS, id="everything"),
]


def clock():
    """The other libraries look at the system's clock, so here we do too."""
    return int(time.time())


def public_jwk(key: P256Key) -> dict[str, Any]:
    """A key as their libraries take it."""
    return dict(key.public_key.to_jwk())


def private_jwk(key: P256Key) -> dict[str, Any]:
    return {**public_jwk(key), "d": encode_base64url(key.to_scalar())}


def ours(**changes):
    """A credential as our issuer makes it, with decoys."""
    return issue_sd_jwt(
        {**VISIBLE, **CLAIMS, **changes},
        FRAME,
        header={"typ": "dc+sd-jwt", "x5c": list(PKI.x5c)},
        signer=PKI.signer,
        random_bytes=os.urandom,
        decoys=2,
    )


def presented_by_us(credential, paths, *, nonce=NONCE, signer=HOLDER):
    return FORMAT.present(credential, paths, KeyBinding(signer, AUDIENCE, nonce, clock()))


def verified_by_us(presentation, *, nonce=NONCE, audience=AUDIENCE):
    expected = ExpectedBinding(audience, nonce, clock())
    return run(
        FORMAT.verify_presented(presentation, anchors=PKI.anchors, expected=expected, now=clock()),
        lambda request: pytest.fail(f"nothing needs fetching: {request}"),
    )


def values(claims):
    """Without what every credential has."""
    return {name: value for name, value in claims.items() if name not in {*VISIBLE, "_sd_alg", "status", "kid"}}


def opened_by_openvc(presentation, *, audience=AUDIENCE, nonce=NONCE):
    verified = SdJwtVcProofSuite().verify(
        presentation,
        public_key_jwk=public_jwk(PKI.signer),
        audience=audience,
        nonce=nonce,
        require_key_binding=True,
        expected_vct=VCT,
    )
    assert (verified.issuer, verified.vct, verified.key_bound) == (ISSUER, VCT, True)
    return verified.claims


def opened_by_sd_jwt(presentation, *, audience=AUDIENCE, nonce=NONCE):
    key = JWK(**public_jwk(PKI.signer))
    return SDJWTVerifier(presentation, lambda *_: key, audience, nonce).get_verified_payload()


@pytest.mark.parametrize(("paths", "expected"), SELECTIONS)
@pytest.mark.parametrize("open_presentation", [opened_by_openvc, opened_by_sd_jwt])
def test_they_verify_what_we_issue_and_present(open_presentation, paths, expected):
    presentation = presented_by_us(ours(), paths)
    claims = open_presentation(presentation)
    assert values(claims) == expected
    assert values(verified_by_us(presentation).claims) == expected
    assert claims["cnf"] == VISIBLE["cnf"]


def test_openvc_follows_our_certificates_to_the_anchor():
    result = verify_credential(ours(), x5c_trust_anchors=[PKI.root.x509])
    assert (result.issuer, values(result.claims)) == (ISSUER, CLAIMS)
    with pytest.raises(OpenvcError):
        verify_credential(ours(), x5c_trust_anchors=[OTHER_PKI.root.x509])


@pytest.mark.parametrize(("value", "revoked", "suspended"), [(0, False, False), (1, True, False), (2, False, True)])
def test_openvc_reads_our_status_list(value, revoked, suspended):
    uri = f"{ISSUER}/status/1"
    token = sign_status_list_token(
        StatusList.from_entries(64, 2, {41: value}),
        signer=PKI.signer,
        x5c=PKI.x5c,
        uri=uri,
        issued_at=NOW,
        expires_at=NOW + DAY,
        ttl=300,
    )
    claims = {"status": {"status_list": {"idx": 41, "uri": uri}}}
    found = check_token_status(claims, resolve_status_list_token=lambda _: payload(token))
    assert found is not None
    assert (found.status, found.revoked, found.suspended) == (value, revoked, suspended)


def test_we_read_openvc_s_status_list():
    data = new_status_list(64, bits=2)
    set_status(data, 41, 2, bits=2)
    read = StatusList.from_dict({"bits": 2, "lst": encode_status_list(bytes(data))})
    assert [read.get(index) for index in (40, 41, 42)] == [0, 2, 0]


def altered(presentation):
    """One disclosure with another value, its digest left as it was."""
    parts = presentation.split("~")
    *first, _ = json.loads(decode_base64url(parts[1]))
    parts[1] = encode_base64url(json.dumps([*first, "Max"]).encode())
    return "~".join(parts)


def half(presentation):
    """One disclosure less than was bound."""
    first, _, *rest = presentation.split("~")
    return "~".join((first, *rest))


PRESENTED = presented_by_us(ours(), [("given_name",), ("family_name",)])
BAD = [
    pytest.param(altered(PRESENTED), id="T044 altered"),
    pytest.param(half(PRESENTED), id="T044 shortened"),
    pytest.param(PRESENTED.rpartition("~")[0] + "~", id="T037 without key binding"),
    pytest.param(presented_by_us(ours(), [], signer=STRANGER), id="T039 bound by a stranger"),
    pytest.param(presented_by_us(ours(), [], nonce="other"), id="T040 of another request"),
    pytest.param(ours() + PRESENTED.rpartition("~")[2], id="T044 key binding of another credential"),
]


@pytest.mark.parametrize("presentation", BAD)
def test_all_of_us_refuse_the_same(presentation):
    with pytest.raises(OpenvcError):
        opened_by_openvc(presentation)
    with pytest.raises((ValueError, JWException)):
        opened_by_sd_jwt(presentation)
    with pytest.raises(Flaw):
        verified_by_us(presentation)


def test_all_of_us_refuse_another_audience():
    """T041."""
    with pytest.raises(OpenvcError):
        opened_by_openvc(PRESENTED, audience="x509_san_dns:other.example")
    with pytest.raises(ValueError, match="audience"):
        opened_by_sd_jwt(PRESENTED, audience="x509_san_dns:other.example")
    with pytest.raises(NotForThisRequest):
        verified_by_us(PRESENTED, audience="x509_san_dns:other.example")


def theirs_by_openvc():
    """A credential that openvc issues; only its top-level claims can be disclosed one by one."""
    return SdJwtVcProofSuite().issue(
        {"iss": ISSUER, "iat": NOW - 60, **CLAIMS},
        signing_key=P256SigningKey.from_jwk(private_jwk(PKI.signer), "1"),
        disclosable=tuple(CLAIMS),
        holder_jwk=public_jwk(HOLDER),
        vct=VCT,
        expires_in_s=DAY,
        decoys=3,
        x5c=PKI.x5c,
    )


def theirs_by_sd_jwt():
    """A credential that sd-jwt issues, with disclosures inside disclosures and decoys at every level."""
    claims = {
        **{name: value for name, value in VISIBLE.items() if name != "cnf"},
        SDObj("given_name"): "Erika",
        SDObj("family_name"): "Mustermann",
        SDObj("address"): {SDObj("locality"): "Köln", "country": "DE"},
        "nationalities": [SDObj("DE"), SDObj("FR")],
        SDObj("degrees"): [SDObj({"name": "BSc", SDObj("year"): 2019})],
        "age_equal_or_over": {SDObj("18"): True, SDObj("65"): False},
    }
    return SDJWTIssuer(
        claims,
        JWK(**private_jwk(PKI.signer)),
        JWK(**public_jwk(HOLDER)),
        add_decoy_claims=True,
        extra_header_parameters={"typ": "dc+sd-jwt", "x5c": list(PKI.x5c)},
    ).sd_jwt_issuance


@pytest.mark.parametrize("issue", [theirs_by_openvc, theirs_by_sd_jwt])
def test_we_take_what_they_issue(issue):
    raw = issue()
    verified = run(
        FORMAT.verify_issued(raw, anchors=PKI.anchors, now=clock()), lambda _: pytest.fail("nothing to fetch")
    )
    assert values(verified.claims) == CLAIMS
    assert (verified.type, verified.holder_key, verified.issuer.name) == (VCT, HOLDER.public_key, "Issuing desk")
    with pytest.raises(NotTrusted):
        run(
            FORMAT.verify_issued(raw, anchors=OTHER_PKI.anchors, now=clock()), lambda _: pytest.fail("nothing to fetch")
        )


@pytest.mark.parametrize("issue", [theirs_by_openvc, theirs_by_sd_jwt])
@pytest.mark.parametrize("open_presentation", [opened_by_openvc, opened_by_sd_jwt])
def test_we_present_what_they_issue_and_they_verify_it(issue, open_presentation):
    presentation = presented_by_us(issue(), [("given_name",), ("address", "locality")])
    claims = values(open_presentation(presentation))
    assert values(verified_by_us(presentation).claims) == claims
    assert claims["given_name"] == "Erika"
    assert claims["address"]["locality"] == "Köln"
    assert not {"family_name", "degrees"} & set(claims)


def presented_by_openvc(raw):
    suite = SdJwtVcProofSuite()
    key = P256SigningKey.from_jwk(private_jwk(HOLDER), "1")
    return suite.create_presentation(raw, holder_key=key, audience=AUDIENCE, nonce=NONCE)


def presented_by_sd_jwt(raw):
    holder = SDJWTHolder(raw)
    disclosed = {**dict.fromkeys(CLAIMS, True), "address": {"locality": True, "country": True}}
    disclosed |= {"nationalities": [True, True], "degrees": [{"year": True}]}
    disclosed["age_equal_or_over"] = {"18": True, "65": True}
    holder.create_presentation(disclosed, NONCE, AUDIENCE, JWK(**private_jwk(HOLDER)))
    return holder.sd_jwt_presentation


@pytest.mark.parametrize("issue", [ours, theirs_by_openvc, theirs_by_sd_jwt])
@pytest.mark.parametrize("present", [presented_by_openvc, presented_by_sd_jwt])
def test_we_verify_what_they_present(issue, present):
    presentation = present(issue())
    assert values(verified_by_us(presentation).claims) == CLAIMS
    with pytest.raises(NotForThisRequest):
        verified_by_us(presentation, nonce="other")
    with pytest.raises(NotAuthentic):
        verified_by_us(altered(presentation))


def test_openvc_takes_our_answer_to_a_query():
    """The whole of a `vp_token`, with its query, its audience and its certificates."""
    query = {
        "credentials": [
            {
                "id": "pid",
                "format": "dc+sd-jwt",
                "meta": {"vct_values": [VCT]},
                "claims": [{"path": ["given_name"]}, {"path": ["address", "locality"]}],
            }
        ]
    }
    presentation = presented_by_us(ours(), [("given_name",), ("address", "locality")])
    verified = verify_vp_token(
        {"pid": [presentation]},
        dcql_query=query,
        nonce=NONCE,
        client_id=AUDIENCE,
        x5c_trust_anchors=[PKI.root.x509],
        require_holder_binding=True,
    )
    (answer,) = verified.for_query("pid")
    assert answer.query_id == "pid"
    with pytest.raises(OpenvcError):
        verify_vp_token(
            {"pid": [presentation]},
            dcql_query=query,
            nonce="other",
            client_id=AUDIENCE,
            x5c_trust_anchors=[PKI.root.x509],
            require_holder_binding=True,
        )


def payload(token):
    return json.loads(decode_base64url(token.split(".")[1]))
