"""The table of formats: one way to issue, take in, present and verify, whatever the format."""

import contextlib
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.encoding import JsonObject
from protocol.errors import NotAuthentic, NotBound, NotForThisRequest, NotTrusted, ProtocolError, Unsupported
from protocol.exchange import run
from protocol.formats import FORMATS, Issuance, IssuerSigner, format_of, vp_formats
from protocol.holder_binding import ExpectedBinding, KeyBinding
from protocol.mdoc.transcript import OpenId4VpHandover
from protocol.mdoc.values import Scalar
from protocol.sdjwt.issue import Frame
from protocol.sdjwt.token import SdJwt
from protocol.trust.anchors import TrustAnchors
from tests.protocol.mdoc import samples as mdoc_samples
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
    assert (held.issued_at, held.expires_at, held.status[0].idx) == (NOW - 10, NOW + 1000, 7)
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


@pytest.mark.parametrize("name", ["", "vc+sd-jwt", "mdoc", "jwt_vc_json", "ldp_vc", "DC+SD-JWT", "__class__"])
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


def test_documents_are_signed_with_a_certificate_that_was_made_for_it():
    """T056."""
    FORMAT.check_signer(SIGNER)
    mdoc = format_of("mso_mdoc")
    with pytest.raises(NotTrusted, match="was not made for this"):
        mdoc.check_signer(SIGNER)
    mdoc.check_signer(MDOC_SIGNER)


MDOC_SIGNER = IssuerSigner(mdoc_samples.PKI.signer, mdoc_samples.PKI.x5c)
MDOC_ISSUANCE = Issuance(
    type=mdoc_samples.MDL,
    claims={mdoc_samples.SPACE: {"family_name": "Mustermann", "birth_date": "1984-01-17", "age_over_18": True}},
    frame=Frame(),
    holder_key=HOLDER.public_key,
    issued_at=NOW - 10,
    expires_at=NOW + 1000,
    status={"status_list": {"idx": 7, "uri": "https://issuer.example/status/1"}},
    kinds={
        mdoc_samples.SPACE: {"family_name": Scalar.TEXT, "birth_date": Scalar.FULL_DATE, "age_over_18": Scalar.BOOL}
    },
)
MDOC = format_of("mso_mdoc")
HANDOVER = OpenId4VpHandover("x509_hash:abc", "nonce", None, "https://verifier.example/responses/1")
AGE = (mdoc_samples.SPACE, "age_over_18")


def issue_mdoc(**changes):
    return MDOC.issue(replace(MDOC_ISSUANCE, **changes), MDOC_SIGNER, seeded(4))


def take_in_mdoc(raw):
    return run(MDOC.verify_issued(raw, anchors=mdoc_samples.PKI.anchors, now=NOW), nobody)


def receive_mdoc(raw, request):
    return run(MDOC.verify_presented(raw, anchors=mdoc_samples.PKI.anchors, expected=request, now=NOW), nobody)


def bound(**changes):
    return KeyBinding(
        **{"signer": HOLDER, "audience": "x", "nonce": "nonce", "issued_at": NOW, "handover": HANDOVER, **changes}
    )


def wanted(**changes):
    return ExpectedBinding(**{"audience": "x", "nonce": "nonce", "now": NOW, "handover": lambda: HANDOVER, **changes})


def test_an_mdoc_goes_the_same_way():
    held = take_in_mdoc(issue_mdoc())
    assert (held.format, held.type, held.holder_key) == ("mso_mdoc", mdoc_samples.MDL, HOLDER.public_key)
    assert held.claims == MDOC_ISSUANCE.claims
    assert (held.expires_at, held.status[0].idx) == (NOW + 1000, 7)
    shown = receive_mdoc(MDOC.present(held.raw, [AGE], bound()), wanted())
    assert (shown.claims, shown.disclosed) == ({mdoc_samples.SPACE: {"age_over_18": True}}, (AGE,))
    candidate = MDOC.candidate("1", shown)
    assert (candidate.format, candidate.type, candidate.holder_bound) == ("mso_mdoc", mdoc_samples.MDL, True)


def test_an_mdoc_cut_down_is_still_what_was_issued():
    """What a wallet shows before anybody is answered (T169)."""
    assert take_in_mdoc(MDOC.present(issue_mdoc(), [AGE], None)).claims == {mdoc_samples.SPACE: {"age_over_18": True}}


def test_an_mdoc_is_for_one_request():
    """T059, T064."""
    shown = MDOC.present(issue_mdoc(), [AGE], bound())
    for other in (replace(HANDOVER, nonce="other"), replace(HANDOVER, jwk_thumbprint=bytes(32))):
        with pytest.raises(NotBound):
            receive_mdoc(shown, wanted(handover=lambda other=other: other))


def test_an_mdoc_authorises_no_transaction():
    """T190."""
    shown = MDOC.present(issue_mdoc(), [AGE], bound())
    with pytest.raises(NotForThisRequest):
        receive_mdoc(shown, wanted(transaction_data_hashes=("abc",)))


def test_an_mdoc_is_bound_to_a_key_and_shown_for_a_handover():
    """T038: an empty expectation never passes."""
    with pytest.raises(ValueError, match="bound to a key"):
        issue_mdoc(holder_key=None)
    shown = MDOC.present(issue_mdoc(), [AGE], bound())
    with pytest.raises(ValueError, match="for a handover"):
        receive_mdoc(shown, wanted(handover=None))
    with pytest.raises(ValueError, match="for a handover"):
        MDOC.present(issue_mdoc(), [AGE], bound(handover=None))
    with pytest.raises(ValueError, match="stand in a namespace"):
        issue_mdoc(claims={mdoc_samples.SPACE: "x"})


def test_without_asking_for_the_holder_an_mdoc_comes_signed_all_the_same():
    assert MDOC.always_bound
    assert not FORMAT.always_bound
    assert receive_mdoc(MDOC.present(issue_mdoc(), [AGE], bound()), None).holder_key == HOLDER.public_key


def test_each_format_says_what_it_takes():
    assert vp_formats(("ES256", "ES384"), ("ES256",)) == {
        "dc+sd-jwt": {"sd-jwt_alg_values": ["ES256", "ES384"], "kb-jwt_alg_values": ["ES256"]},
        "mso_mdoc": {"issuerauth_alg_values": [-7, -9, -35, -51], "deviceauth_alg_values": [-7, -9]},
    }


def test_what_is_said_of_somebody_has_the_same_names_in_each_format():
    plain: JsonObject = {"vct": "x", "family_name": "Muster", "birthdate": "1990-01-01"}
    assert format_of("dc+sd-jwt").namespaces(plain) == ({"family_name": "Muster", "birthdate": "1990-01-01"},)
    spaces: JsonObject = {"a": {"birth_date": "1990-01-01"}, "b": {"vct": "y"}, "c": "no namespace"}
    first, second = format_of("mso_mdoc").namespaces(spaces)
    assert first == {"birth_date": "1990-01-01", "birthdate": "1990-01-01"}
    assert second == {"vct": "y"}
    # What is called by both names keeps what it says by each
    both: JsonObject = {"birth_date": "1990-01-01", "birthdate": "1991-01-01"}
    assert format_of("mso_mdoc").namespaces({"a": both}) == (both,)
