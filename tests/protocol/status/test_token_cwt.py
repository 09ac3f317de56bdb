"""Status list tokens as CWT: the same rules as for JWT, and the specification's own token."""

import random
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.cbor import CWT, Tagged, encode_cbor, read_cbor
from protocol.cose import Sign1, sign1_message
from protocol.errors import Malformed, NotAuthentic, NotValidNow, ProtocolError, TooLarge, Unsupported
from protocol.jws import MAX_TOKEN
from protocol.status.bits import StatusList
from protocol.status.token import (
    CLOCK_SKEW,
    MAX_STATUS_TOKEN,
    StatusListToken,
    peek_status_list_cwt,
    sign_status_list_cwt,
    verify_status_list_cwt,
)
from tests.support.pki import make_pki, seeded_key
from tests.support.strategies import flip
from tests.support.vectors import read_vector

PKI = make_pki()
URI = "https://issuer.example/status/1"
NOW, MAX_AGE = 1_800_000_000, 3600
STATUSES = StatusList.from_entries(64, 2, {3: 1, 5: 2})
TYP: dict[int, Any] = {16: "application/statuslist+cwt"}
CLAIMS: dict[Any, Any] = {2: URI, 6: NOW - 10, 4: NOW + 600, 65534: 300, 65533: {"bits": 2, "lst": STATUSES.compress()}}
PUBLISHED = sign_status_list_cwt(
    STATUSES, uri=URI, issued_at=NOW, expires_at=NOW + 600, ttl=300, signer=PKI.signer, chain=PKI.certificates
)
BROKEN_TEXTS: tuple[Any, ...] = (..., None, 1, b"x", "")
BROKEN_TIMES: tuple[Any, ...] = (..., None, "1", True, -1, b"1")
BROKEN_WIDTHS: tuple[Any, ...] = (None, 3, True, "2", 2.0)
BROKEN_LIFETIMES: tuple[Any, ...] = (None, "1", True, b"1", [])
BROKEN_LISTS: tuple[Any, ...] = (..., None, [], b"x", {}, {"bits": 2})
BROKEN_STREAMS: tuple[Any, ...] = (None, "eNrb", b"", b"x", STATUSES.compress()[:-1])
WRONG: list[tuple[int, Any, str]] = [
    *((2, value, "sub") for value in BROKEN_TEXTS),
    *((6, value, "iat") for value in BROKEN_TIMES),
    *((4, value, "exp") for value in BROKEN_TIMES[1:]),
    *((65534, value, "ttl") for value in BROKEN_LIFETIMES),
    *((65533, value, "status_list") for value in BROKEN_LISTS),
    *((65533, {"bits": bits, "lst": STATUSES.compress()}, "status_list") for bits in BROKEN_WIDTHS),
    *((65533, {"bits": 2, "lst": lst}, "status_list") for lst in BROKEN_STREAMS),
]


def signed(changes, *, protected=TYP, key=PKI.signer):
    claims = {name: value for name, value in {**CLAIMS, **changes}.items() if value is not ...}
    return sign1_message(encode_cbor(claims), key, protected=protected)


def verified(data, *, uri=URI, key=PKI.public_key, now=NOW, max_age=MAX_AGE):
    return verify_status_list_cwt(data, uri=uri, key=key, now=now, max_age=max_age)


def test_what_was_signed_is_read_back():
    assert verified(PUBLISHED) == StatusListToken(URI, NOW, NOW + 600, 300, STATUSES)
    assert peek_status_list_cwt(PUBLISHED).header.x5chain == tuple(found.der for found in PKI.certificates)


def test_a_list_without_end_is_read_back():
    data = sign_status_list_cwt(
        STATUSES, uri=URI, issued_at=NOW, expires_at=None, ttl=None, signer=PKI.signer, chain=()
    )
    assert verified(data) == StatusListToken(URI, NOW, None, None, STATUSES)
    assert peek_status_list_cwt(data).header.x5chain == ()


def test_the_token_of_the_specification_is_read_and_written():
    data = bytes.fromhex(read_vector("token-status-list/status-list-token-cwt.json")["hex"])
    message = peek_status_list_cwt(data)
    claims: Any = read_cbor(message.attached("x"), "x")
    # Its key is not published, so its claims are signed again with ours
    again = sign1_message(message.attached("x"), PKI.signer, protected=TYP)
    token = verified(again, uri=claims[2], now=claims[6])
    statuses = read_vector("token-status-list/short-1-bit.json")["statuses"]
    assert [token.statuses.get(i) for i in range(16)] == statuses[:16]
    assert (token.uri, token.issued_at, token.expires_at) == (
        "https://example.com/statuslists/1",
        1686920170,
        2291720170,
    )
    assert token.ttl == claims[65534]
    ours = sign_status_list_cwt(
        token.statuses,
        uri=token.uri,
        issued_at=token.issued_at,
        expires_at=token.expires_at,
        ttl=token.ttl,
        signer=PKI.signer,
        chain=(),
    )
    written: Any = read_cbor(Sign1.from_bytes(ours, "x").attached("x"), "x")
    assert Sign1.from_bytes(ours, "x").protected == message.protected
    assert {k: v for k, v in written.items() if k != 65533} == {k: v for k, v in claims.items() if k != 65533}
    assert written[65533].keys() == claims[65533].keys()


@pytest.mark.parametrize("name", ["1-bit", "2-bit", "4-bit", "8-bit"])
def test_the_long_lists_of_the_specification_travel_in_a_token(name):
    vector = read_vector(f"token-status-list/{name}.json")
    (encoded,) = (value for value in vector.values() if isinstance(value, str) and value.startswith("a2"))
    statuses = verified(signed({65533: read_cbor(bytes.fromhex(encoded), "x")})).statuses
    for index, status in vector["non_default_statuses"].items():
        assert statuses.get(int(index)) == status


def test_the_tag_of_a_cwt_may_be_there():
    assert verified(encode_cbor(Tagged(CWT, read_cbor(PUBLISHED, "x")))) == verified(PUBLISHED)


@given(st.integers())
def test_any_flipped_bit_is_refused(bit):
    with pytest.raises(ProtocolError):
        verified(flip(PUBLISHED, bit))


@pytest.mark.parametrize("typ", [None, "statuslist+jwt", "application/identifierlist+cwt", "cwt", 16])
def test_a_token_of_another_type_is_refused(typ):  # T069
    with pytest.raises(NotAuthentic):
        verified(signed({}, protected={16: typ} if typ else {}))


def test_the_type_may_be_short():
    assert verified(signed({}, protected={16: "statuslist+cwt"})).uri == URI


def test_a_signature_by_another_key_is_refused():  # T069
    with pytest.raises(NotAuthentic):
        verified(signed({}, key=seeded_key(9)))


def test_an_algorithm_outside_our_list_is_refused():
    value: Any = read_cbor(PUBLISHED, "x")
    value.value[0] = encode_cbor({1: -257, 16: "application/statuslist+cwt"})
    with pytest.raises(Unsupported):
        verified(encode_cbor(value))


@pytest.mark.parametrize("sub", ["https://issuer.example/status/2", URI + "/"])
def test_the_list_of_another_address_is_refused(sub):  # T068
    with pytest.raises(NotAuthentic):
        verified(signed({2: sub}))


@pytest.mark.parametrize(("label", "value", "at"), WRONG)
def test_a_claim_of_the_wrong_shape_is_refused_by_name(label, value, at):
    with pytest.raises(Malformed) as refusal:
        verified(signed({label: value}))
    assert refusal.value.at.startswith(f"status list token.{at}")


def test_times_hold_as_for_a_jwt():  # T070
    assert verified(signed({}), now=NOW + 599)
    assert verified(signed({4: ...}), now=NOW - 10 + MAX_AGE)
    assert verified(signed({6: NOW + CLOCK_SKEW}))
    for data, now in (
        (signed({}), NOW + 600),
        (signed({4: ...}), NOW - 9 + MAX_AGE),
        (signed({6: NOW + CLOCK_SKEW + 1}), NOW),
    ):
        with pytest.raises(NotValidNow):
            verified(data, now=now)


@pytest.mark.parametrize(("ttl", "read"), [(0, 0), (-1, 0), (1.9, 1), (315_360_000, 315_360_000)])
def test_a_lifetime_is_never_negative(ttl, read):  # T076
    assert verified(signed({65534: ttl})).ttl == read


def test_a_list_larger_than_other_tokens_may_be_is_read():
    statuses = StatusList(8, random.Random(5).randbytes(2**20))
    data = sign_status_list_cwt(
        statuses, uri=URI, issued_at=NOW, expires_at=None, ttl=None, signer=PKI.signer, chain=()
    )
    assert len(data) > MAX_TOKEN
    assert verified(data).statuses == statuses


def test_a_token_over_the_cap_is_refused_unread():
    with pytest.raises(TooLarge):
        peek_status_list_cwt(bytes(MAX_STATUS_TOKEN + 1))


def test_a_bomb_is_not_inflated():  # T066
    bomb = StatusList(8, bytes(16 * 1024 * 1024)).compress()
    assert verified(signed({65533: {"bits": 8, "lst": bomb}})).statuses.size == 16 * 1024 * 1024

    with pytest.raises(TooLarge):
        verified(signed({65533: {"bits": 8, "lst": zlib.compress(bytes(16 * 1024 * 1024 + 1))}}))


@given(st.binary(max_size=100))
def test_no_bytes_escape_the_error_family(data):
    with pytest.raises(ProtocolError):
        verified(data)
