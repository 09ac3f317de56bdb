"""What the citizen asks of a partner: made by the wallet, checked by whoever holds the data."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import (
    Conflict,
    Malformed,
    NotAuthentic,
    NotForThisRequest,
    NotValidNow,
    ProtocolError,
    Unsupported,
)
from protocol.fields import Fields
from protocol.keys import Ed25519Key
from protocol.sovereignty.rights import (
    HANDS_OUT,
    MAX_OWN_WORDS,
    TYP,
    Concerned,
    Right,
    RightsRequest,
    check_repeated,
    needs_present_again,
    order_rights,
    sign_rights_request,
    verify_rights_request,
)
from protocol.sovereignty.signing import MAX_AHEAD, hash_text, sign_with_cockpit_key
from tests.support.partners import COCKPIT, COCKPIT_KEY, ENC_KEY, OTHER_KEY, RECEIPT
from tests.support.pki import NOW
from tests.support.strategies import almost, flip

CLAIMS = {"pid": (("family_name",), ("address", "locality")), "card": ()}
CONCERNED = Concerned(COCKPIT, RECEIPT, COCKPIT_KEY.public_key.thumbprint(), CLAIMS)
ERASURE = RightsRequest(COCKPIT, RECEIPT, "request-0123456789abcdef", Right.ERASURE, NOW)
ACCESS = replace(ERASURE, right=Right.ACCESS, enc_key=ENC_KEY.public_key)
WHOLE = replace(ACCESS, claims={"pid": (("address", "locality"),), "card": ()}, text="Bitte alles, was Sie haben.")

names = st.text(st.characters(codec="ascii", exclude_characters="\x00"), min_size=1, max_size=8)
paths = st.lists(names | st.none() | st.integers(0, 99), min_size=1, max_size=4).map(tuple)
claims_by_query = st.dictionaries(names, st.lists(paths, max_size=4, unique=True).map(tuple), min_size=1, max_size=4)
ids = st.text("abcXYZ019-_", min_size=16, max_size=128)
requests = st.builds(
    RightsRequest,
    audience=st.just(COCKPIT),
    receipt=ids,
    jti=ids,
    right=st.sampled_from(Right),
    issued_at=st.integers(0, NOW),
    claims=st.none() | claims_by_query,
    text=st.none() | names,
    enc_key=st.just(ENC_KEY.public_key),
)


def verify(request=ERASURE, *, concerned=CONCERNED, key=COCKPIT_KEY, now=NOW):
    text = request if isinstance(request, str) else sign_rights_request(request, key)
    return verify_rights_request(text, concerned, now=now)


def forged(**changes):
    """A request with members that our own side does not make."""
    claims = {name: value for name, value in {**ACCESS.to_claims(), **changes}.items() if value is not ...}
    return sign_with_cockpit_key(TYP, claims, COCKPIT_KEY)


@given(requests)
def test_a_request_is_read_as_it_was_made(request):
    assert RightsRequest.from_fields(Fields(request.to_claims(), "request")) == request
    concerned = replace(CONCERNED, receipt=request.receipt, claims=request.claims or {})
    found = verify(request, concerned=concerned)
    assert (found.says, found.hash) == (request, hash_text(found.raw))


@pytest.mark.parametrize("right", sorted(Right))
def test_every_right_can_be_asked_for(right):
    assert verify(replace(ACCESS, right=right)).says.right is right


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        pytest.param(forged(aud="https://other.example/cockpit"), NotForThisRequest, id="another partner"),
        pytest.param(forged(aud=f"{COCKPIT}/"), NotForThisRequest, id="another address"),
        pytest.param(forged(receipt="receipt-of-somebody-else"), NotForThisRequest, id="erasure of another's data"),
        pytest.param(forged(iat=NOW + MAX_AHEAD + 1), NotValidNow, id="from the future"),
        pytest.param(forged(right="forget_me"), Unsupported, id="an unknown right"),
        pytest.param(forged(right=...), Malformed, id="no right"),
        pytest.param(forged(jti="short"), Malformed, id="a jti that can be guessed"),
        pytest.param(forged(jti="../../somewhere/else"), Malformed, id="a jti that is a path"),
        pytest.param(forged(enc_jwk=...), Malformed, id="values without a key to encrypt to"),
        pytest.param(forged(enc_jwk=COCKPIT_KEY.public_key.to_jwk()), Malformed, id="the signing key"),
        pytest.param(
            forged(enc_jwk=Ed25519Key.from_seed(bytes(32)).public_key.to_jwk()), Unsupported, id="another curve"
        ),
        pytest.param(forged(text="x" * (MAX_OWN_WORDS + 1)), Malformed, id="a novel"),
        pytest.param(forged(claims={"pid": [["birthdate"]]}), Malformed, id="a claim beyond the receipt"),
        pytest.param(forged(claims={"other": []}), Malformed, id="a query beyond the receipt"),
        pytest.param(forged(claims={"pid": [["family_name"], ["family_name"]]}), Malformed, id="a path twice"),
        pytest.param(forged(claims={"pid": "all"}), Malformed, id="no paths"),
        pytest.param(forged(claims={}), Malformed, id="about nothing"),
    ],
)
def test_a_request_about_anything_else_is_refused(text, flaw):
    with pytest.raises(flaw):
        verify(text)


def test_another_cockpit_key_asks_for_nothing():
    with pytest.raises(NotAuthentic, match="another key"):
        verify(key=OTHER_KEY)


def test_a_part_of_a_claim_is_in_the_receipt():
    concerned = replace(CONCERNED, claims={"pid": (("address",),)})
    assert verify(replace(ERASURE, claims={"pid": (("address", "locality"),)}), concerned=concerned)


def test_an_old_request_is_answered_again():
    assert verify(now=NOW + 90 * 86_400).says == ERASURE


def test_the_same_bytes_get_the_same_answer_and_other_bytes_none():
    first = sign_rights_request(ERASURE, COCKPIT_KEY)
    known = verify(first).hash
    check_repeated(verify(first).hash, known)
    with pytest.raises(Conflict):
        check_repeated(verify(replace(ERASURE, right=Right.OBJECTION)).hash, known)
    # Signed once more, it says the same in other bytes
    with pytest.raises(Conflict):
        check_repeated(verify(sign_rights_request(ERASURE, COCKPIT_KEY)).hash, known)


@pytest.mark.parametrize("right", sorted(HANDS_OUT))
def test_our_own_side_asks_for_values_only_encrypted_to_a_fresh_key(right):
    for key in (None, COCKPIT_KEY.public_key):
        with pytest.raises(ValueError, match="encrypted"):
            sign_rights_request(replace(ERASURE, right=right, enc_key=key), COCKPIT_KEY)


@given(almost(WHOLE.to_claims()))
def test_no_input_escapes_the_error_family(claims):
    try:
        request = RightsRequest.from_fields(Fields(claims, "request"))
    except ProtocolError:
        return
    assert RightsRequest.from_fields(Fields(request.to_claims(), "request")) == request


@given(st.integers(0, 20_000), st.sampled_from([0, 1, 2]))
def test_any_flipped_bit_is_refused(bit, part):
    parts = TEXT.split(".")
    parts[part] = flip(parts[part].encode(), bit).decode("latin-1")
    with pytest.raises(ProtocolError):
        verify(".".join(parts))


TEXT = sign_rights_request(WHOLE, COCKPIT_KEY)

KEY_ALONE = {Right.WITHDRAW_CONSENT, Right.OBJECTION, Right.RESTRICTION, Right.HUMAN_REVIEW, Right.ERASURE}


@pytest.mark.parametrize("right", sorted(Right))
def test_a_key_alone_suffices_where_no_value_leaves_or_changes(right):
    asked = needs_present_again(right, identifying=True, represented=False, open_case=False)
    assert asked is (right not in KEY_ALONE)


@pytest.mark.parametrize("right", sorted(Right))
def test_of_somebody_else_only_consent_is_withdrawn_by_a_key_alone(right):
    asked = needs_present_again(right, identifying=True, represented=True, open_case=False)
    assert asked is (right is not Right.WITHDRAW_CONSENT)


def test_erasure_of_what_an_open_case_needs_is_asked_for_twice():
    assert needs_present_again(Right.ERASURE, identifying=True, represented=False, open_case=True)
    assert not needs_present_again(Right.OBJECTION, identifying=True, represented=False, open_case=True)


@pytest.mark.parametrize("right", sorted(Right))
def test_where_nothing_identifies_anybody_the_key_is_all_there_is(right):
    assert not needs_present_again(right, identifying=False, represented=True, open_case=True)


@pytest.mark.parametrize(
    ("legal_basis", "first"),
    [
        ("consent", Right.WITHDRAW_CONSENT),
        ("contract", Right.PORTABILITY),
        ("legal_obligation", Right.ACCESS),
        ("public_task", Right.OBJECTION),
        ("legitimate_interest", Right.OBJECTION),
        ("vital_interest", Right.ACCESS),
        ("something else", Right.WITHDRAW_CONSENT),
    ],
)
def test_rights_that_fit_come_first_and_none_is_hidden(legal_basis, first):
    ordered = order_rights(legal_basis)
    assert ordered[0] is first
    assert sorted(ordered) == sorted(Right)
