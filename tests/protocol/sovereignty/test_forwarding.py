"""A mandate to a source: given by whoever showed the data, for a recipient that is registered for it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.dcql.query import CredentialMeta, DcqlQuery
from protocol.encoding import JsonObject
from protocol.errors import Malformed, NotAuthentic, NotForThisRequest, NotTrusted, NotValidNow, ProtocolError
from protocol.fields import Fields
from protocol.sovereignty.forwarding import (
    MAX_USES,
    TYP,
    ForwardingMandate,
    Presented,
    Recipient,
    check_mandate,
    check_recipient,
    check_request,
    sign_mandate,
    verify_mandate,
)
from protocol.sovereignty.recipient_terms import Change, RecipientTerms
from protocol.sovereignty.signing import MAX_AHEAD, MAX_IDENTIFIER, hash_text, sign_with_cockpit_key
from protocol.trust.anchors import Role
from protocol.trust.registration import Intermediary, RegisteredCredential
from tests.protocol.trust.test_registration import LEAST
from tests.support.partners import AGENCY, BANK, COCKPIT_KEY, OTHER_KEY, TOWN, both, known_partners, partner_anchors
from tests.support.pki import DAY, NOW
from tests.support.strategies import almost, flip

ADDRESS = "urn:town:address:1"
PURPOSE = both("Kontoführung", "Keeping your account")
MANDATE = ForwardingMandate(
    jti="mandate-0123456789abcdef",
    source=TOWN,
    recipient=Recipient(BANK, "account"),
    type=ADDRESS,
    claims=(("address", "locality"), ("address", "street")),
    purpose=PURPOSE,
    recipient_key=OTHER_KEY.public_key.thumbprint(),
    issued_at=NOW,
    expires_at=NOW + 365 * DAY,
    max_uses=3,
)
REGISTERED = RegisteredCredential("dc+sd-jwt", CredentialMeta((ADDRESS,)), (("address",), ("since",)))
BANK_REGISTRATION = replace(
    LEAST, identifier=BANK.identifier, country=BANK.country, credentials=(REGISTERED,), purpose=PURPOSE
)
PRESENTED = Presented(TOWN, COCKPIT_KEY.public_key.thumbprint(), ADDRESS, (("address",), ("since",)))


def given_mandate(mandate=MANDATE, key=OTHER_KEY, now=NOW):
    return verify_mandate(sign_mandate(mandate, key), now=now)


def forged(**changes):
    claims = {name: value for name, value in {**MANDATE.to_claims(), **changes}.items() if value is not ...}
    return sign_with_cockpit_key(TYP, claims, OTHER_KEY)


def test_a_mandate_is_read_as_it_was_made():
    text = sign_mandate(MANDATE, OTHER_KEY)
    found = verify_mandate(text, now=NOW)
    assert (found.says, found.hash, found.raw) == (MANDATE, hash_text(text), text)


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        pytest.param(forged(exp=NOW + 366 * DAY), Malformed, id="longer than a year"),
        pytest.param(forged(exp=NOW), Malformed, id="for no time"),
        pytest.param(forged(exp=...), Malformed, id="for ever"),
        pytest.param(forged(max_uses=0), Malformed, id="for no use"),
        pytest.param(forged(max_uses=MAX_USES + 1), Malformed, id="for more uses than anybody needs"),
        pytest.param(forged(max_uses=...), Malformed, id="as often as one likes"),
        pytest.param(forged(claims=[]), Malformed, id="for nothing"),
        pytest.param(forged(claims=[["nationalities", 0]]), Malformed, id="an index"),
        pytest.param(
            forged(recipient_key=COCKPIT_KEY.public_key.thumbprint()), Malformed, id="a key that signed nothing"
        ),
        pytest.param(forged(recipient_key="abcd"), Malformed, id="no thumbprint"),
        pytest.param(forged(recipient=BANK.to_dict()), Malformed, id="no service"),
        pytest.param(forged(purpose=...), Malformed, id="no purpose"),
        pytest.param(forged(jti="1"), Malformed, id="a jti that can be guessed"),
        pytest.param(forged(iat=NOW + MAX_AHEAD + 1), NotValidNow, id="from the future"),
        pytest.param(sign_with_cockpit_key("x+jwt", MANDATE.to_claims(), OTHER_KEY), NotAuthentic, id="another type"),
    ],
)
def test_a_mandate_that_is_wrong_by_itself_is_refused(text, flaw):
    with pytest.raises(flaw):
        verify_mandate(text, now=NOW)


def test_a_mandate_ends_with_its_time():
    text = sign_mandate(MANDATE, OTHER_KEY)
    assert verify_mandate(text, now=MANDATE.expires_at - 1).says == MANDATE
    with pytest.raises(NotValidNow, match="expired"):
        verify_mandate(text, now=MANDATE.expires_at)


def test_our_own_side_signs_by_the_key_that_the_recipient_gets_to_know():
    with pytest.raises(ValueError, match="by which its recipient is reached"):
        given_mandate(key=COCKPIT_KEY)


def test_a_source_takes_a_mandate_of_whoever_showed_the_data():
    terms = check_mandate(given_mandate(), COCKPIT_KEY.public_key, PRESENTED, BANK_REGISTRATION)
    assert terms == RecipientTerms(BANK, (("address",), ("since",)), PURPOSE)


@pytest.mark.parametrize(
    ("change", "flaw"),
    [
        pytest.param({"key": OTHER_KEY.public_key.thumbprint()}, NotAuthentic, id="a key of somebody else"),
        pytest.param({"source": AGENCY}, NotForThisRequest, id="another source"),
        pytest.param({"type": "urn:other:1"}, NotForThisRequest, id="another credential"),
        pytest.param({"claims": (("since",),)}, NotForThisRequest, id="claims that were not shown"),
    ],
)
def test_a_mandate_over_anything_else_is_refused(change, flaw):
    with pytest.raises(flaw):
        check_mandate(given_mandate(), COCKPIT_KEY.public_key, PRESENTED._replace(**change), BANK_REGISTRATION)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"identifier": AGENCY.identifier}, id="another organisation"),
        pytest.param({"country": "FR"}, id="another country"),
        pytest.param({"credentials": ()}, id="not registered for it"),
        pytest.param({"credentials": (replace(REGISTERED, claims=(("address", "street"),)),)}, id="for a part of it"),
        pytest.param({"credentials": (replace(REGISTERED, meta=CredentialMeta(("x",))),)}, id="for another type"),
        pytest.param({"purpose": both("Werbung", "Advertising")}, id="for another purpose"),
    ],
)
def test_a_recipient_that_is_not_registered_for_it_gets_nothing(change):
    with pytest.raises(NotTrusted):
        check_recipient(MANDATE, replace(BANK_REGISTRATION, **change))


def asking(*paths, kind=ADDRESS, more=()):
    query: JsonObject = {"id": "q", "format": "dc+sd-jwt", "meta": {"vct_values": [kind]}}
    if paths:
        query["claims"] = [{"path": [*path]} for path in paths]
    return DcqlQuery.from_dict({"credentials": [query, *more]})


STREET, PLACE = ("address", "street"), ("address", "locality")


def signed_by(organisation):
    pki = known_partners()[organisation]
    return partner_anchors().chain(pki.certificates, role=Role.VERIFIER, now=NOW, at="request")


def test_a_recipient_gets_what_it_asks_for_within_the_mandate():
    assert check_request(MANDATE, asking(STREET), signed_by(BANK), BANK_REGISTRATION) == (STREET,)
    assert check_request(MANDATE, asking(STREET, PLACE), signed_by(BANK), BANK_REGISTRATION) == (STREET, PLACE)


@pytest.mark.parametrize(
    ("query", "flaw"),
    [
        pytest.param(asking(STREET, ("birthdate",)), NotTrusted, id="a partner that over-asks"),
        pytest.param(asking(STREET, ("since",)), NotForThisRequest, id="registered, and not in the mandate"),
        pytest.param(asking(("address",)), NotForThisRequest, id="more of a claim"),
        pytest.param(asking(("address", "street", 0)), NotForThisRequest, id="an index"),
        pytest.param(asking(), NotForThisRequest, id="no claims"),
        pytest.param(asking(STREET, kind="urn:other:1"), NotTrusted, id="another credential"),
        pytest.param(
            asking(STREET, more=[{**asking(PLACE).to_dict()["credentials"][0], "id": "r"}]),
            NotForThisRequest,
            id="two credentials",
        ),
    ],
)
def test_a_recipient_that_asks_for_more_gets_nothing(query, flaw):
    with pytest.raises(flaw):
        check_request(MANDATE, query, signed_by(BANK), BANK_REGISTRATION)


def test_a_registered_type_beside_the_mandates_is_another_one():
    both_types = replace(BANK_REGISTRATION, credentials=(replace(REGISTERED, meta=CredentialMeta((ADDRESS, "x"))),))
    with pytest.raises(NotForThisRequest, match="another credential"):
        check_request(MANDATE, asking(STREET, kind="x"), signed_by(BANK), both_types)


def test_a_request_of_somebody_else_gets_nothing():
    with pytest.raises(NotAuthentic):
        check_request(MANDATE, asking(STREET), signed_by(AGENCY), BANK_REGISTRATION)
    other = replace(BANK_REGISTRATION, identifier=AGENCY.identifier, country=AGENCY.country)
    with pytest.raises(NotTrusted, match="another recipient"):
        check_request(MANDATE, asking(STREET), signed_by(AGENCY), other)


TERMS = RecipientTerms.from_registration(BANK_REGISTRATION, ADDRESS, ["Auskunftei"])


@pytest.mark.parametrize(
    ("registration", "recipients", "changes"),
    [
        ({}, ["Auskunftei"], ()),
        ({"name": "Bank AG", "privacy_policy": "https://bank.example/new"}, ["Auskunftei"], ()),
        ({"purpose": PURPOSE[::-1]}, ["Auskunftei"], ()),
        ({"credentials": (replace(REGISTERED, claims=(("since",), ("address",))),)}, ["Auskunftei"], ()),
        ({"credentials": (replace(REGISTERED, claims=(("address",),)),)}, ["Auskunftei"], (Change.CLAIMS,)),
        ({"purpose": both("Werbung", "Advertising")}, ["Auskunftei"], (Change.PURPOSE,)),
        ({}, [], (Change.RECIPIENTS,)),
        ({"intermediary": Intermediary("LEIXG-9")}, ["Auskunftei"], (Change.RECIPIENTS,)),
        ({"identifier": "LEIXG-9"}, ["Auskunftei"], (Change.ORGANISATION,)),
        ({"country": "FR", "purpose": ()}, ["Auskunftei"], (Change.ORGANISATION, Change.PURPOSE)),
    ],
)
def test_what_a_recipient_changed_is_named_and_a_new_name_is_no_change(registration, recipients, changes):
    now = RecipientTerms.from_registration(replace(BANK_REGISTRATION, **registration), ADDRESS, recipients)
    assert TERMS.changes(now) == changes
    assert RecipientTerms.from_fields(Fields(now.to_dict(), "terms")) == now


def test_kept_terms_have_a_cap():
    longest = "x" * MAX_IDENTIFIER
    assert RecipientTerms.from_fields(Fields({**TERMS.to_dict(), "recipients": [longest]}, "terms")).recipients == (
        longest,
    )
    with pytest.raises(Malformed, match="recipients"):
        RecipientTerms.from_fields(Fields({**TERMS.to_dict(), "recipients": [longest + "x"]}, "terms"))


@given(almost(TERMS.to_dict()))
def test_kept_terms_are_read_strictly(kept):
    try:
        terms = RecipientTerms.from_fields(Fields(kept, "terms"))
    except ProtocolError:
        return
    assert RecipientTerms.from_fields(Fields(terms.to_dict(), "terms")) == terms


@given(almost(MANDATE.to_claims()))
def test_no_input_escapes_the_error_family(claims):
    try:
        mandate = ForwardingMandate.from_fields(Fields(claims, "mandate"))
    except ProtocolError:
        return
    assert ForwardingMandate.from_fields(Fields(mandate.to_claims(), "mandate")) == mandate


TEXT = sign_mandate(MANDATE, OTHER_KEY)


@given(st.integers(0, 20_000), st.sampled_from([0, 1, 2]))
def test_any_flipped_bit_is_refused(bit, part):
    parts = TEXT.split(".")
    parts[part] = flip(parts[part].encode(), bit).decode("latin-1")
    with pytest.raises(ProtocolError):
        verify_mandate(".".join(parts), now=NOW)
