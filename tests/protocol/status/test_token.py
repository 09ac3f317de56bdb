"""Status list tokens: what is signed is read back, and every broken rule is refused."""

import os
import random

import pytest

from protocol.encoding import encode_base64url, encode_json, read_json_object
from protocol.errors import Malformed, NotAuthentic, NotValidNow, ProtocolError, TooLarge, Unsupported
from protocol.jws import MAX_TOKEN, Jws, sign_jws
from protocol.keys import Ed25519Key, P256Key
from protocol.status.bits import StatusList
from protocol.status.token import (
    CLOCK_SKEW,
    MAX_STATUS_TOKEN,
    MEDIA_TYPE,
    StatusListToken,
    peek_status_list_token,
    sign_status_list_token,
    verify_status_list_token,
)
from tests.support.vectors import read_vector

KEY = P256Key.generate(os.urandom)
URI = "https://issuer.example/status/1"
NOW = 1_800_000_000
MAX_AGE = 3600
STATUSES = StatusList.from_entries(64, 2, {3: 1, 5: 2})
CLAIMS = {"sub": URI, "iat": NOW - 10, "exp": NOW + 600, "ttl": 300, "status_list": STATUSES.to_dict()}
WRONG: dict[str, tuple[object, ...]] = {
    "sub": (..., None, 1, ""),
    "iat": (..., None, "1", True, -1),
    "exp": (None, "1", True, -1, 10**12),
    "ttl": (None, "300", True, [], {}),
    "status_list": (..., None, "eNrb", [], {}, {**STATUSES.to_dict(), "bits": 3}, {"bits": 2, "lst": "eNrb"}),
}


def signed(claims=None, *, header=None, key=KEY, **changes):
    members = {**(CLAIMS if claims is None else claims), **changes}
    return sign_jws(
        {"typ": "statuslist+jwt"} if header is None else header,
        encode_json({name: value for name, value in members.items() if value is not ...}),
        key,
    )


def verified(text, *, uri=URI, key=KEY.public_key, now=NOW, max_age=MAX_AGE):
    return verify_status_list_token(text, uri=uri, key=key, now=now, max_age=max_age)


def published(statuses=STATUSES, **changes):
    arguments = {"uri": URI, "issued_at": NOW, "expires_at": NOW + 600, "ttl": 300, "signer": KEY, "x5c": ("QUJD",)}
    return sign_status_list_token(statuses, **{**arguments, **changes})


def test_what_was_signed_is_read_back():
    assert verified(published()) == StatusListToken(URI, NOW, NOW + 600, 300, STATUSES)


def test_a_list_without_end_is_read_back():
    assert verified(published(expires_at=None, ttl=None)) == StatusListToken(URI, NOW, None, None, STATUSES)


def test_the_header_names_type_and_chain():
    header = peek_status_list_token(published(x5c=("QUJD", "REVG"))).header
    assert (header.typ, header.x5c, header.alg) == ("statuslist+jwt", ("QUJD", "REVG"), "ES256")
    assert "x5c" not in peek_status_list_token(published(x5c=())).header.members
    assert MEDIA_TYPE == "application/statuslist+jwt"


def test_the_claims_are_the_specifications():
    claims = read_json_object(peek_status_list_token(published()).payload, "claims")
    assert claims["status_list"] == STATUSES.to_dict()
    assert {name: value for name, value in claims.items() if name != "status_list"} == {
        "sub": URI,
        "iat": NOW,
        "exp": NOW + 600,
        "ttl": 300,
    }


def test_the_token_of_the_specification_is_read():
    vector = read_vector("token-status-list/status-list-token-jwt.json")
    jws = peek_status_list_token(vector["compact"])
    assert dict(jws.header.members) == vector["header"]
    assert read_json_object(jws.payload, "claims") == vector["payload"]
    # its key is not published, so its claims are signed again with ours
    payload = vector["payload"]
    token = verified(
        signed(payload, header=dict(vector["header"]) | {"alg": "ES256"}),
        uri=payload["sub"],
        now=payload["iat"] + 1,
    )
    assert (token.issued_at, token.expires_at, token.ttl) == (payload["iat"], payload["exp"], payload["ttl"])
    expected = read_vector("token-status-list/short-1-bit.json")["statuses"]
    assert [token.statuses.get(index) for index in range(token.statuses.size)] == expected


@pytest.mark.parametrize("name", ["1-bit", "2-bit", "4-bit", "8-bit"])
def test_the_long_lists_of_the_specification_travel_in_a_token(name):
    vector = read_vector(f"token-status-list/{name}.json")
    statuses = verified(signed(status_list=vector["json"])).statuses
    for index, status in vector["non_default_statuses"].items():
        assert statuses.get(int(index)) == status


def test_a_token_of_another_form_is_refused():  # T075
    cwt = bytes.fromhex(read_vector("token-status-list/status-list-token-cwt.json")["hex"])
    for text in (
        cwt.decode("latin-1"),
        encode_base64url(cwt),
        "",
        "a.b",
        "a.b.c.d",
        published() + ".",
        published()[:-87],
    ):
        with pytest.raises(ProtocolError):
            verified(text)


def test_every_flipped_bit_is_refused():
    text = published(StatusList.from_entries(8, 1, {0: 1}), ttl=None)
    assert verified(text)
    for position, character in enumerate(text):
        for bit in range(7):
            changed = text[:position] + chr(ord(character) ^ (1 << bit)) + text[position + 1 :]
            with pytest.raises(ProtocolError):
                verified(changed)


@pytest.mark.parametrize("typ", [None, "JWT", "statuslist+cwt", "jwt", "application/jwt", "statuslist+jwtx"])
def test_a_token_of_another_type_is_refused(typ):  # T069
    with pytest.raises(NotAuthentic):
        verified(signed(header={"typ": typ} if typ else {}))


def test_the_type_may_be_written_in_full():
    assert verified(signed(header={"typ": "application/statuslist+jwt"})).uri == URI


@pytest.mark.parametrize("alg", ["none", "HS256", "RS256"])
def test_an_algorithm_outside_our_list_is_refused(alg):  # T069
    _, payload, signature = published().split(".")
    header = encode_base64url(encode_json({"alg": alg, "typ": "statuslist+jwt"}))
    with pytest.raises(Unsupported):
        verified(f"{header}.{payload}.{signature}")


def test_a_signature_by_another_key_is_refused():  # T069
    for other in (P256Key.generate(os.urandom), Ed25519Key.generate(os.urandom)):
        with pytest.raises(NotAuthentic):
            verified(signed(key=other))


@pytest.mark.parametrize("sub", ["https://issuer.example/status/2", URI + "/", URI.upper()])
def test_the_list_of_another_address_is_refused(sub):  # T068
    with pytest.raises(NotAuthentic):
        verified(signed(sub=sub))


@pytest.mark.parametrize(
    ("member", "value"),
    [(member, value) for member, values in WRONG.items() for value in values],
)
def test_a_claim_of_the_wrong_shape_is_refused_by_name(member, value):
    with pytest.raises(Malformed) as refusal:
        verified(signed(**{member: value}))
    assert refusal.value.at.startswith(f"status list token.{member}")


def test_an_expired_token_is_refused():  # T070
    text = signed(iat=NOW - 700, exp=NOW)
    assert verified(text, now=NOW - 1)
    for now in (NOW, NOW + 1, NOW + 10**6):
        with pytest.raises(NotValidNow):
            verified(text, now=now)


def test_a_token_without_end_has_an_age_limit():  # T070
    text = signed(exp=...)
    assert verified(text, now=NOW - 10 + MAX_AGE)
    with pytest.raises(NotValidNow):
        verified(text, now=NOW - 10 + MAX_AGE + 1)


def test_a_token_that_says_its_end_may_be_older():
    assert verified(signed(iat=NOW - 10 * MAX_AGE))


def test_a_token_from_the_future_is_refused():  # T070
    assert verified(signed(iat=NOW + CLOCK_SKEW))
    for exp in (NOW + 600, ...):
        with pytest.raises(NotValidNow):
            verified(signed(iat=NOW + CLOCK_SKEW + 1, exp=exp))


@pytest.mark.parametrize(
    ("ttl", "read"), [(0, 0), (-1, 0), (-(9 * 10**18), 0), (1.9, 1), (-0.5, 0), (315_360_000, 315_360_000)]
)
def test_a_lifetime_is_never_negative(ttl, read):  # T076
    text = encode_json({name: value for name, value in CLAIMS.items() if name != "ttl"})
    payload = text[:-1] + f',"ttl":{ttl}}}'.encode()
    assert verified(sign_jws({"typ": "statuslist+jwt"}, payload, KEY)).ttl == read


def test_a_list_larger_than_other_tokens_may_be_is_read():
    statuses = StatusList(8, random.Random(5).randbytes(2**20))  # a million entries that do not compress
    text = published(statuses)
    assert len(text) > MAX_TOKEN
    assert verified(text).statuses == statuses


def test_a_token_over_the_cap_is_refused_unread():
    with pytest.raises(TooLarge):
        peek_status_list_token("." * (MAX_STATUS_TOKEN + 1))


def test_peeking_takes_apart_what_jws_would():
    text = published()
    assert peek_status_list_token(text) == Jws.from_compact(text, "status list token")


def test_a_claim_given_twice_is_refused():
    payload = encode_json(CLAIMS)[:-1] + b',"iat":1}'
    with pytest.raises(Malformed):
        verified(sign_jws({"typ": "statuslist+jwt"}, payload, KEY))
