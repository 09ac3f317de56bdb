"""Registration certificates in CBOR say what those in JSON say, and are refused for the same reasons."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.cbor import CWT, SIGN1, Tagged, encode_cbor, read_cbor
from protocol.cose import ALG, KID, TYP, X5CHAIN, sign1, sign1_message, write_x5chain
from protocol.cwt import write_claims
from protocol.encoding import encode_base64url
from protocol.errors import Flaw, Malformed, NotAuthentic, NotTrusted, NotValidNow, ProtocolError, TooLarge, Unsupported
from protocol.jws import MAX_TOKEN
from protocol.trust.anchors import Role, TrustAnchors
from protocol.trust.registration import (
    CLOCK_SKEW,
    LONGEST,
    TYP_CWT,
    peek_registration,
    sign_registration,
    sign_registration_cwt,
    verify_registration,
)
from tests.protocol.trust.test_registration import CLAIMS, FULL, LEAST, PROVIDER
from tests.support.pki import INTERMEDIATE, NOW, make_pki, seeded_key

DEEP = make_pki(intermediates=(INTERMEDIATE,), role=Role.REGISTRATION_PROVIDER)
HEADER = {TYP: TYP_CWT, X5CHAIN: write_x5chain(PROVIDER.certificates)}
BOTH = (
    sign_registration(FULL, PROVIDER.signer, PROVIDER.x5c),
    sign_registration_cwt(FULL, PROVIDER.signer, PROVIDER.x5c),
)


def signed(*, signer=PROVIDER.signer, header=(), **changes):
    """A certificate as an honest registrar makes it, but for some changes; `...` leaves a member out."""
    head = {label: value for label, value in {**HEADER, **dict(header)}.items() if value is not ...}
    claims = {name: value for name, value in {**CLAIMS, **changes}.items() if value is not ...}
    return sign1_message(write_claims(claims), signer, protected=head)


def verify(certificate, *, anchors=PROVIDER.anchors, now=NOW):
    return verify_registration(certificate, anchors=anchors, now=now)


@pytest.mark.parametrize("registration", [LEAST, FULL])
@pytest.mark.parametrize("pki", [PROVIDER, DEEP])
def test_what_a_registrar_signs_is_what_is_read(registration, pki):
    verified = verify(sign_registration_cwt(registration, pki.signer, pki.x5c), anchors=pki.anchors)
    assert verified.says == registration
    assert verified.provider.chain == pki.certificates


def test_both_forms_say_the_same():
    text, data = BOTH
    assert verify(text) == verify(data)


@pytest.mark.parametrize("certificate", BOTH)
def test_a_certificate_is_known_by_what_it_is(certificate):
    """As a request carries it: by itself, as bytes, or as the base64url of them."""
    data = certificate.encode() if isinstance(certificate, str) else certificate
    for form in (certificate, data, encode_base64url(data)):
        assert verify(form).says == FULL


@pytest.mark.parametrize("certificate", BOTH)
def test_what_a_certificate_says_may_be_read_before_it_is_verified(certificate):
    assert peek_registration(certificate) == FULL
    with pytest.raises(NotAuthentic):
        peek_registration(signed(header={TYP: "rc-wrp+jwt"}))


def test_a_tagged_token_is_a_certificate_too():
    array = read_cbor(BOTH[1], "certificate").value
    for value in (array, Tagged(CWT, Tagged(SIGN1, array))):
        assert verify(encode_cbor(value)).says == FULL


@pytest.mark.parametrize(
    ("data", "flaw"),
    [
        *[
            pytest.param(signed(**{name: ...}), Malformed, id=f"no {name}")
            for name in ("name", "sub", "country", "registry_uri", "entitlements", "privacy_policy", "iat", "status")
        ],
        pytest.param(signed(exp=NOW), NotValidNow, id="T170 expired"),
        pytest.param(signed(exp=NOW + LONGEST + 1), NotValidNow, id="T170 good for longer than twelve months"),
        pytest.param(signed(exp=None), Malformed, id="T017 end that is null"),
        pytest.param(signed(iat=NOW + CLOCK_SKEW + 1), NotValidNow, id="from the future"),
        pytest.param(signed(status={}), Unsupported, id="status of another kind"),
        pytest.param(signed(act={"sub": "VATDE-111111111"}), Malformed, id="T170 another actor than intermediary"),
        pytest.param(signed(header={TYP: "rc-wrp+jwt"}), NotAuthentic, id="T007 another type"),
        pytest.param(signed(header={TYP: ...}), NotAuthentic, id="no type"),
        pytest.param(signed(header={X5CHAIN: ...}), NotTrusted, id="T027 no certificate"),
        pytest.param(signed(header={ALG: -35}), NotAuthentic, id="T026 another algorithm"),
        pytest.param(signed(signer=seeded_key(9)), NotAuthentic, id="signed by another key"),
        pytest.param(
            signed(header={X5CHAIN: write_x5chain(make_pki().certificates)}), NotTrusted, id="unknown registrar"
        ),
        pytest.param(
            signed(header={X5CHAIN: [PROVIDER.leaf.der, PROVIDER.root.der]}), NotTrusted, id="T027 anchor sent along"
        ),
    ],
)
def test_a_certificate_that_does_not_hold_is_refused(data, flaw):
    with pytest.raises(flaw):
        verify(data)


def test_who_vouches_for_verifiers_does_not_register_them():  # T089
    access = make_pki(role=Role.VERIFIER)
    data = sign_registration_cwt(LEAST, access.signer, access.x5c)
    for anchors in (access.anchors, TrustAnchors()):
        with pytest.raises(NotTrusted):
            verify(data, anchors=anchors)


def test_a_certificate_that_is_not_protected_is_the_same():
    """RFC 9360 §2 lets the chain stand in either header; the signature is by its key."""
    protected = {TYP: TYP_CWT}
    chain = {X5CHAIN: write_x5chain(PROVIDER.certificates), KID: b"1"}
    made = sign1(write_claims(FULL.to_claims()), PROVIDER.signer, protected=protected, unprotected=chain)
    assert verify(encode_cbor(made)).says == FULL


@pytest.mark.parametrize(
    "form", ["", b"", "é", "e30", "eyJ", b"ey\xff", b"eyJ.x.y", "a.b.c", "AAAA=", "0oQ", b"\xd2\x84"]
)
def test_what_is_neither_is_refused(form):
    with pytest.raises(Flaw):
        verify(form)


def test_both_forms_have_a_cap():  # T018
    for form in ("A" * (MAX_TOKEN * 4 // 3 + 8), b"\xd2" * (MAX_TOKEN + 1), b"ey" * MAX_TOKEN):
        with pytest.raises(TooLarge):
            verify(form)


@given(st.integers(0, len(BOTH[1]) - 1), st.integers(1, 255))
def test_no_changed_byte_is_believed(place, change):
    data = BOTH[1]
    changed = data[:place] + bytes((data[place] ^ change,)) + data[place + 1 :]
    with contextlib.suppress(ProtocolError):
        assert verify(changed) == verify(data)
