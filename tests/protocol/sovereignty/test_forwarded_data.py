"""What a source forwards: to this recipient, for this request, within the mandate, and each use once."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.dcql.query import CredentialMeta
from protocol.encoding import JsonObject
from protocol.errors import (
    Malformed,
    NotAuthentic,
    NotForThisRequest,
    NotTrusted,
    NotValidNow,
    ProtocolError,
    RolledBack,
)
from protocol.fields import Fields
from protocol.jwe import Jwe, encrypt_jwe
from protocol.jws import sign_jws
from protocol.sovereignty.forwarded_data import (
    TYP,
    Expected,
    ForwardedData,
    LastUse,
    open_forwarded_data,
    seal_forwarded_data,
    verify_forwarded_data,
)
from protocol.sovereignty.forwarding import Recipient, sign_mandate
from protocol.sovereignty.selected_data import hash_value
from protocol.sovereignty.signing import sign_as_organisation
from protocol.trust.registration import RegisteredCredential
from tests.protocol.sovereignty.test_forwarding import ADDRESS, MANDATE, PLACE, STREET, forged
from tests.protocol.trust.test_registration import LEAST
from tests.support.partners import (
    AGENCY,
    BANK,
    COCKPIT_KEY,
    ENC_KEY,
    OTHER_KEY,
    TOWN,
    known_partners,
    partner_anchors,
)
from tests.support.pki import DAY, NOW, seeded, seeded_key
from tests.support.strategies import almost, flip

GIVEN = sign_mandate(MANDATE, OTHER_KEY)
DATA: JsonObject = {"address": {"street": "Ring 1", "locality": "Köln"}}
FORWARDED = ForwardedData(GIVEN, 1, "nonce-of-the-bank", DATA, NOW + DAY)
EXPECTED = Expected(Recipient(BANK, "account"), "nonce-of-the-bank", (STREET, PLACE))
PROVIDED = RegisteredCredential("dc+sd-jwt", CredentialMeta((ADDRESS,)))
TOWN_REGISTRATION = replace(LEAST, identifier=TOWN.identifier, country=TOWN.country, provides=(PROVIDED,))


def seal(forwarded=FORWARDED, *, organisation=TOWN, key=ENC_KEY):
    pki = known_partners()[organisation]
    return seal_forwarded_data(
        forwarded,
        pki.signer,
        pki.x5c,
        recipient=key.public_key,
        kid="bank-1",
        enc="A128GCM",
        ephemeral=seeded_key(71),
        random_bytes=seeded(72),
    )


def wrap(token, *, cty: str | None = "JWT"):
    """A JWE that our own side does not make."""
    content = token if isinstance(token, bytes) else token.encode()
    return encrypt_jwe(
        content,
        ENC_KEY.public_key,
        enc="A256GCM",
        kid=None,
        ephemeral=seeded_key(71),
        random_bytes=seeded(72),
        extra=None if cty is None else {"cty": cty},
    )


def tampered(typ=TYP, **changes):
    pki = known_partners()[TOWN]
    claims = {name: value for name, value in {**FORWARDED.to_claims(), **changes}.items() if value is not ...}
    return wrap(sign_as_organisation(typ, claims, pki.signer, pki.x5c))


def receive(text, *, expected=EXPECTED, source=TOWN_REGISTRATION, last=None, now=NOW + DAY, key=ENC_KEY):
    opened = open_forwarded_data(text, key, now=now)
    return verify_forwarded_data(opened, expected, source, last=last, anchors=partner_anchors(), now=now)


def test_forwarded_data_arrives():
    text = seal()
    found = receive(text)
    assert (found.says, found.mandate.says, found.signed.signer) == (FORWARDED, MANDATE, TOWN)
    assert (found.last, found.repeated) == (LastUse(1, hash_value(DATA)), False)
    jwe = Jwe.from_compact(text)
    assert (jwe.cty, jwe.kid, jwe.enc) == ("JWT", "bank-1", "A128GCM")


def test_the_source_may_bring_its_registration():
    text = seal(replace(FORWARDED, registration="a.b.c"))
    assert open_forwarded_data(text, ENC_KEY, now=NOW + DAY).registration == "a.b.c"
    assert receive(text).says.registration == "a.b.c"
    assert open_forwarded_data(seal(), ENC_KEY, now=NOW + DAY).registration is None


def test_less_than_the_mandate_is_forwarded_where_less_is_asked_for():
    data: JsonObject = {"address": {"street": "Ring 1"}}
    assert receive(seal(replace(FORWARDED, data=data)), expected=EXPECTED._replace(claims=(STREET,))).says.data == data


@pytest.mark.parametrize(
    ("make", "flaw"),
    [
        pytest.param(lambda: seal(key=OTHER_KEY), NotAuthentic, id="to another key"),
        pytest.param(lambda: seal(organisation=AGENCY), NotTrusted, id="signed by another source"),
        pytest.param(lambda: seal(organisation=BANK), NotTrusted, id="signed by the recipient"),
        pytest.param(lambda: tampered("x+jwt"), NotAuthentic, id="another type"),
        pytest.param(lambda: wrap(b"{}"), Malformed, id="not signed"),
        pytest.param(lambda: wrap(b"\xff"), Malformed, id="no token"),
        pytest.param(lambda: wrap("x", cty="json"), NotAuthentic, id="other content"),
        pytest.param(lambda: wrap("x", cty=None), NotAuthentic, id="content of no type"),
        pytest.param(lambda: wrap(sign_jws({"typ": "x+jwt"}, b"!", COCKPIT_KEY)), NotAuthentic, id="type first"),
        pytest.param(lambda: tampered(nonce="another"), NotForThisRequest, id="another nonce"),
        pytest.param(lambda: tampered(data={}), Malformed, id="no data"),
        pytest.param(lambda: tampered(data={"address": DATA["address"], "x": 1}), Malformed, id="more data"),
        pytest.param(lambda: tampered(data={"address": {"x": 1}}), Malformed, id="other data"),
        pytest.param(lambda: tampered(n=0), Malformed, id="no use"),
        pytest.param(lambda: tampered(n=4), RolledBack, id="a mandate past its count"),
        pytest.param(lambda: tampered(mandate="x"), Malformed, id="no mandate"),
        pytest.param(lambda: tampered(mandate=flipped(GIVEN)), NotAuthentic, id="an altered mandate"),
        pytest.param(lambda: tampered(registration=7), Malformed, id="a registration that is no text"),
        pytest.param(lambda: tampered(iat=...), Malformed, id="no time"),
    ],
)
def test_anything_else_is_refused(make, flaw):
    with pytest.raises(flaw):
        receive(make())


def flipped(token):
    """The token with a signature of the right length that does not hold."""
    head, payload, signature = token.split(".")
    return f"{head}.{payload}.{signature[:10]}{'A' if signature[10] != 'A' else 'B'}{signature[11:]}"


def test_data_for_somebody_else_is_refused():
    for recipient in (Recipient(AGENCY, "account"), Recipient(BANK, "loans")):
        with pytest.raises(NotForThisRequest, match="another recipient"):
            receive(seal(), expected=EXPECTED._replace(recipient=recipient))


def test_more_than_was_asked_for_is_refused():
    with pytest.raises(Malformed, match="more than"):
        receive(seal(), expected=EXPECTED._replace(claims=(STREET,)))


def test_more_than_the_mandate_is_refused_although_it_was_asked_for():
    claims = {**DATA, "since": "2027"}
    with pytest.raises(Malformed, match="more than"):
        receive(tampered(data=claims), expected=EXPECTED._replace(claims=(("address",), ("since",))))


def test_an_expired_mandate_brings_nothing():
    late = MANDATE.expires_at
    with pytest.raises(NotValidNow, match="expired"):
        receive(seal(replace(FORWARDED, issued_at=late - 5)), now=late)


@pytest.mark.parametrize(
    "change",
    [
        {"identifier": AGENCY.identifier},
        {"country": "FR"},
        {"provides": ()},
        {"provides": (replace(PROVIDED, meta=CredentialMeta(("x",))),)},
    ],
)
def test_a_source_that_does_not_issue_such_data_is_refused(change):
    with pytest.raises(NotTrusted):
        receive(seal(), source=replace(TOWN_REGISTRATION, **change))


def test_each_use_counts_once_and_only_its_repetition_comes_again():
    first = receive(seal()).last
    again = receive(seal(replace(FORWARDED, issued_at=NOW + 2)), last=first)
    assert (again.repeated, again.last) == (True, first)
    other: JsonObject = {"address": {"street": "Markt 2"}}
    with pytest.raises(RolledBack):
        receive(seal(replace(FORWARDED, data=other)), last=first)
    third = receive(seal(replace(FORWARDED, n=3, data=other)), last=first)
    assert (third.repeated, third.last.n) == (False, 3)
    with pytest.raises(RolledBack):
        receive(seal(replace(FORWARDED, n=2)), last=third.last)


def test_data_that_is_too_large_is_not_sealed():
    with pytest.raises(ValueError, match="too large"):
        seal(replace(FORWARDED, data={"address": {"street": "x" * 400_000}}))


def test_a_mandate_that_is_wrong_by_itself_is_refused():
    with pytest.raises(Malformed, match="one path"):
        receive(tampered(mandate=forged(claims=[])))


@given(almost(FORWARDED.to_claims()))
def test_no_input_escapes_the_error_family(claims):
    try:
        forwarded = ForwardedData.from_fields(Fields(claims, "forwarded"))
    except ProtocolError:
        return
    assert ForwardedData.from_fields(Fields(forwarded.to_claims(), "forwarded")) == forwarded


SEALED = seal()


@given(st.integers(0, 50_000), st.sampled_from([0, 2, 3, 4]))
def test_any_flipped_bit_is_refused(bit, part):
    parts = SEALED.split(".")
    parts[part] = flip(parts[part].encode(), bit).decode("latin-1")
    with pytest.raises(ProtocolError):
        receive(".".join(parts))
