from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.encoding import JsonObject
from protocol.errors import Flaw, NotAuthentic, NotTrusted, NotValidNow, ProtocolError, TooLarge, Unsupported
from protocol.fields import Fields
from protocol.jws import sign_jws
from protocol.keys import Ed25519Key
from protocol.sovereignty.signing import (
    MAX_AHEAD,
    MAX_OBJECT,
    Organisation,
    hash_text,
    sign_as_organisation,
    sign_with_cockpit_key,
    verify_cockpit_object,
    verify_organisation_object,
)
from protocol.trust.anchors import Role, TrustAnchors
from tests.support.keys import P384
from tests.support.partners import (
    AGENCY,
    BANK,
    COCKPIT_KEY,
    OTHER_KEY,
    known_partners,
    partner,
    partner_anchors,
    subject_of,
)
from tests.support.pki import DAY, NOW, make_pki
from tests.support.strategies import flip

PKI = known_partners()[AGENCY]
CLAIMS: JsonObject = {"iat": NOW, "state": "done"}


def signed(claims=CLAIMS, pki=PKI, typ="x+jwt"):
    return sign_as_organisation(typ, claims, pki.signer, pki.x5c)


def verify(text, *, signers=(AGENCY,), anchors=None, now=NOW):
    anchors = partner_anchors() if anchors is None else anchors
    return verify_organisation_object(text, typ="x+jwt", signers=signers, anchors=anchors, now=now, at="object")


def test_an_organisation_is_known_by_identifier_and_country():
    text = signed()
    found = verify(text)
    assert (found.claims.members, found.issued_at, found.signer) == (CLAIMS, NOW, AGENCY)
    assert (found.party.chain, found.raw) == (PKI.certificates, text)


def test_another_certificate_of_the_same_organisation_signs_as_well():
    renewed = partner(AGENCY, 6200)
    anchors = TrustAnchors([PKI.anchor, renewed.anchor])
    assert verify(signed(pki=renewed), anchors=anchors).signer == AGENCY


def test_a_certificate_counts_at_the_time_of_signing():
    late = NOW + 400 * DAY
    assert verify(signed(), now=late).signer == AGENCY
    with pytest.raises(NotValidNow):
        verify(signed({**CLAIMS, "iat": late}), now=late)


@pytest.mark.parametrize(
    ("make", "flaw"),
    [
        pytest.param(lambda: signed(pki=known_partners()[BANK]), NotTrusted, id="another organisation"),
        pytest.param(lambda: signed(pki=partner(AGENCY, 6201)), NotTrusted, id="a stranger of that name"),
        pytest.param(lambda: sign_jws({"typ": "x+jwt"}, b'{"iat":1}', PKI.signer), NotTrusted, id="no certificate"),
        pytest.param(lambda: signed(typ="y+jwt"), NotAuthentic, id="another type"),
        pytest.param(lambda: sign_as_organisation("x+jwt", CLAIMS, OTHER_KEY, PKI.x5c), NotAuthentic, id="another key"),
        pytest.param(lambda: signed({"state": "done"}), Flaw, id="no time"),
        pytest.param(lambda: signed({**CLAIMS, "iat": NOW + MAX_AHEAD + 1}), NotValidNow, id="from the future"),
        pytest.param(lambda: signed({**CLAIMS, "x": "x" * MAX_OBJECT}), TooLarge, id="too large"),
    ],
)
def test_what_no_organisation_of_these_signed_is_refused(make, flaw):
    with pytest.raises(flaw):
        verify(make())


def test_the_country_counts():
    elsewhere = partner(Organisation(AGENCY.identifier, "FR"), 6202)
    with pytest.raises(NotTrusted, match="somebody else"):
        verify(signed(pki=elsewhere), anchors=TrustAnchors([elsewhere.anchor]))


@pytest.mark.parametrize("changes", [{"country": None}, {"identifier": None}])
def test_a_certificate_that_names_no_organisation_is_refused(changes):
    nobody = make_pki(replace(subject_of(AGENCY), **changes), role=Role.VERIFIER)
    with pytest.raises(NotTrusted, match="does not name"):
        verify(signed(pki=nobody), anchors=TrustAnchors([nobody.anchor]))


def test_other_algorithms_are_neither_made_nor_read():
    class Signer:
        public_key = P384

        def sign(self, data):
            return bytes(96)

    with pytest.raises(ValueError, match="ES256"):
        sign_as_organisation("x+jwt", CLAIMS, Signer(), PKI.x5c)
    with pytest.raises(ValueError, match="ES256"):
        sign_with_cockpit_key("x+jwt", CLAIMS, Signer())
    with pytest.raises(NotAuthentic, match="algorithm"):
        verify(sign_jws({"typ": "x+jwt", "x5c": [*PKI.x5c]}, b'{"iat":1}', Signer()))


def test_the_type_is_looked_at_before_anything_else():
    with pytest.raises(NotAuthentic, match="type"):
        verify(sign_jws({"typ": "y+jwt", "x5c": ["!"]}, b"!", PKI.signer))
    with pytest.raises(NotAuthentic, match="type"):
        verify_cockpit_object(sign_jws({"typ": "y+jwt"}, b"!", COCKPIT_KEY), typ="x+jwt", now=NOW, at="object")


def test_a_clock_may_be_a_little_ahead():
    assert verify(signed({**CLAIMS, "iat": NOW + MAX_AHEAD})).issued_at == NOW + MAX_AHEAD


def test_the_citizens_side_is_a_key():
    text = sign_with_cockpit_key("x+jwt", CLAIMS, COCKPIT_KEY)
    found = verify_cockpit_object(text, typ="x+jwt", now=NOW, at="object")
    assert (found.key, found.claims.members, found.issued_at) == (COCKPIT_KEY.public_key, CLAIMS, NOW)
    assert found.raw == text


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        pytest.param(sign_with_cockpit_key("y+jwt", CLAIMS, COCKPIT_KEY), NotAuthentic, id="another type"),
        pytest.param(
            sign_jws({"typ": "x+jwt", "jwk": OTHER_KEY.public_key.to_jwk()}, b'{"iat":1}', COCKPIT_KEY),
            NotAuthentic,
            id="another key",
        ),
        pytest.param(
            sign_with_cockpit_key("x+jwt", CLAIMS, Ed25519Key.from_seed(bytes(32))), Unsupported, id="another curve"
        ),
        pytest.param(
            sign_with_cockpit_key("x+jwt", {"iat": NOW + MAX_AHEAD + 1}, COCKPIT_KEY), NotValidNow, id="future"
        ),
        pytest.param(
            sign_with_cockpit_key("x+jwt", {**CLAIMS, "x": "x" * MAX_OBJECT}, COCKPIT_KEY), TooLarge, id="too large"
        ),
        pytest.param(sign_jws({"typ": "x+jwt"}, b'{"iat":1}', COCKPIT_KEY), Flaw, id="no key"),
    ],
)
def test_what_no_cockpit_key_signed_is_refused(text, flaw):
    with pytest.raises(flaw):
        verify_cockpit_object(text, typ="x+jwt", now=NOW, at="object")


@given(st.integers(0, 10_000), st.sampled_from([0, 1, 2]))
def test_any_flipped_bit_is_refused(bit, part):
    parts = signed().split(".")
    parts[part] = flip(parts[part].encode(), bit).decode("latin-1")
    with pytest.raises(ProtocolError):
        verify(".".join(parts))


def test_a_hash_is_base64url_without_padding():
    assert hash_text("") == "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"


def test_organisations_keep_their_wire_form():
    assert Organisation.from_fields(Fields(AGENCY.to_dict(), "o")) == AGENCY
    assert replace(AGENCY, country="FR") != AGENCY
