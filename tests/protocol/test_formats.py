"""The table of formats: one way to issue, take in, present and verify, whatever the format."""

import contextlib
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.errors import NotAuthentic, NotBound, NotForThisRequest, NotTrusted, ProtocolError, Unsupported
from protocol.exchange import run
from protocol.formats import FORMATS, Issuance, IssuerSigner, format_of
from protocol.sdjwt.issue import Frame
from protocol.sdjwt.token import SdJwt
from protocol.trust.anchors import TrustAnchors
from tests.protocol.sdjwt.samples import HOLDER, PKI, STRANGER, VCT, binding, expected, issued
from tests.support.pki import NOW, make_pki, seeded
from tests.support.strategies import flip

FORMAT = format_of("dc+sd-jwt")
ISSUANCE = Issuance(
    type=VCT,
    claims={"given_name": "Erika", "nationalities": ["DE", "FR"]},
    frame=Frame.of([("given_name",), ("nationalities", None)]),
    holder_key=HOLDER.public_key,
    issued_at=NOW - 10,
    expires_at=NOW + 1000,
    status={"status_list": {"idx": 7, "uri": "https://issuer.example/status/1"}},
)
SIGNER = IssuerSigner(PKI.signer, PKI.x5c)


def issue(**changes):
    return FORMAT.issue(replace(ISSUANCE, **changes), SIGNER, seeded(4))


def nobody(effect):
    raise AssertionError(f"nothing is fetched: {effect}")


def take_in(raw, anchors=PKI.anchors):
    return run(FORMAT.verify_issued(raw, anchors=anchors, now=NOW), nobody)


def receive(raw, request=..., anchors=PKI.anchors):
    asked = expected() if request is ... else request
    return run(FORMAT.verify_presented(raw, anchors=anchors, expected=asked, now=NOW), nobody)


def test_what_is_issued_is_taken_in_presented_and_verified():
    held = take_in(issue())
    assert (held.type, held.claims["given_name"], held.holder_key) == (VCT, "Erika", HOLDER.public_key)
    assert (held.issued_at, held.expires_at, held.status.idx) == (NOW - 10, NOW + 1000, 7)
    assert "iss" not in held.claims
    shown = receive(FORMAT.present(held.raw, [("nationalities", 1)], binding()))
    assert shown.claims["nationalities"] == ["FR"]
    assert "given_name" not in shown.claims
    assert shown.disclosed == (("nationalities", 0),)


def test_the_header_names_type_and_chain_and_nothing_else():
    header = SdJwt.from_text(issue()).jws.header
    assert dict(header.members) == {"alg": "ES256", "typ": "dc+sd-jwt", "x5c": list(PKI.x5c)}


def test_what_is_not_asked_is_not_written():
    claims = take_in(issue(holder_key=None, status=None)).claims
    assert claims.keys() == {"vct", "iat", "exp", "given_name", "nationalities"}


def test_decoys_are_passed_on():
    plain, hidden = (SdJwt.from_text(issue(decoys=count)).jws.peek_claims("x").array("_sd") for count in (0, 4))
    assert len(hidden) == len(plain) + 4


@pytest.mark.parametrize("name", ["vct", "iat", "exp", "cnf", "status"])
def test_a_register_cannot_overwrite_what_the_issuer_says(name):
    with pytest.raises(ValueError, match="must not say"):
        issue(claims={name: "x"}, frame=Frame(), holder_key=None, status=None)


def test_a_credential_that_carries_a_key_binding_is_not_taken_in():
    with pytest.raises(NotAuthentic):
        take_in(FORMAT.present(issue(), [], binding()))


def test_a_presentation_without_a_key_binding_is_refused_where_one_is_asked():  # T037
    loose = FORMAT.present(issue(), [], None)
    with pytest.raises(NotBound):
        receive(loose)
    assert receive(loose, None).type == VCT


def test_a_credential_without_a_key_cannot_be_bound():  # T039
    with pytest.raises(NotBound, match="not bound to a key"):
        receive(FORMAT.present(issue(holder_key=None), [], binding()))


def test_a_presentation_by_another_or_for_another_is_refused():  # T039, T040
    with pytest.raises(NotBound):
        receive(FORMAT.present(issue(), [], binding(signer=STRANGER)))
    with pytest.raises(NotForThisRequest):
        receive(FORMAT.present(issue(), [], binding(nonce="other")))


@pytest.mark.parametrize("anchors", [TrustAnchors(), make_pki().anchors], ids=["none", "other"])
def test_an_issuer_that_nobody_trusts_is_refused(anchors):
    with pytest.raises(NotTrusted):
        take_in(issue(), anchors)
    with pytest.raises(NotTrusted):
        receive(FORMAT.present(issue(), [], binding()), anchors=anchors)


# Candidates


def test_a_candidate_is_the_credential_as_a_query_sees_it():
    candidate = FORMAT.candidate("held-1", take_in(issue()))
    assert (candidate.id, candidate.format, candidate.type) == ("held-1", "dc+sd-jwt", VCT)
    assert candidate.claims["given_name"] == "Erika"
    assert candidate.holder_bound
    assert candidate.authority_key_ids
    assert candidate.type_ancestry == ()
    assert not FORMAT.candidate("held-1", take_in(issue(holder_key=None))).holder_bound


def test_further_types_count_where_the_issuer_may_issue_them():  # T186; SD-JWT VC §7.7
    raw = issued(aka_vcts=["urn:eudi:pid", "urn:eudi:mdl"])
    assert FORMAT.candidate("1", take_in(raw)).type_ancestry == ("urn:eudi:pid", "urn:eudi:mdl")
    entitled = replace(PKI, types=frozenset({VCT, "urn:eudi:pid"})).anchors
    assert FORMAT.candidate("1", take_in(raw, entitled)).type_ancestry == ("urn:eudi:pid",)
    only = replace(PKI, types=frozenset({VCT})).anchors
    assert FORMAT.candidate("1", take_in(raw, only)).type_ancestry == ()


# The table


def test_a_format_is_found_by_its_name():
    assert all(format_of(name) is found for name, found in FORMATS.items())


@pytest.mark.parametrize("name", ["", "vc+sd-jwt", "mso_mdoc", "jwt_vc_json", "ldp_vc", "DC+SD-JWT", "__class__"])
def test_another_format_is_refused(name):
    with pytest.raises(Unsupported):
        format_of(name)


@given(st.integers(0, 10**6))
@settings(max_examples=60)
def test_any_flipped_bit_of_a_bound_presentation_is_refused(bit):
    raw = FORMAT.present(issue(), [("given_name",), ("nationalities", 0)], binding())
    assert receive(raw)
    with pytest.raises(ProtocolError):
        receive(flip(raw.encode(), bit).decode("latin-1"))


@given(st.text(alphabet="eyJ~._-AQgw{}", max_size=60) | st.text(max_size=30))
@settings(max_examples=60)
def test_no_text_escapes_the_error_family(text):
    for read in (take_in, receive, lambda raw: receive(raw, None), lambda raw: FORMAT.present(raw, [], binding())):
        with contextlib.suppress(ProtocolError):
            read(text)
