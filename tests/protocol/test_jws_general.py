"""The general JSON form of a JWS: one payload, several signatures (RFC 7515 section 7.2.1)."""

import contextlib

import pytest
from hypothesis import given

from protocol.encoding import encode_json
from protocol.errors import Malformed, NotAuthentic, ProtocolError, Unsupported
from protocol.jws import (
    MAX_TOKEN,
    Jws,
    read_general_jws,
    sign_general_jws,
    verify_jws,
)
from tests.protocol.tokens import CLAIMS, KEY, OTHER_KEY, TYP
from tests.support.strategies import json_values

GENERAL = sign_general_jws(encode_json(CLAIMS), [({"typ": TYP, "kid": "1"}, KEY), ({"typ": TYP}, OTHER_KEY)])


def test_several_keys_sign_one_payload():
    first, second = read_general_jws(GENERAL, "token")
    for text, key in ((first, KEY), (second, OTHER_KEY)):
        jws = Jws.from_compact(text, "token")
        assert verify_jws(jws, key.public_key, typ=TYP, at="token").members == CLAIMS
    with pytest.raises(NotAuthentic):
        verify_jws(Jws.from_compact(first, "token"), OTHER_KEY.public_key, typ=TYP, at="token")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"payload": None}, Malformed),
        ({"payload": "a.b"}, Malformed),
        ({"payload": "a" * (MAX_TOKEN + 1)}, Malformed),
        ({"signatures": None}, Malformed),
        ({"signatures": []}, Malformed),
        ({"signatures": GENERAL["signatures"] * 5}, Malformed),
        ({"signatures": [{"protected": "a.b", "signature": "c2ln"}]}, Malformed),
        ({"signatures": [{"protected": "e30", "signature": ""}]}, Malformed),
        ({"signatures": [{**GENERAL["signatures"][0], "header": {}}]}, Unsupported),
        ({"signature": "c2ln"}, Malformed),
        ({"protected": "e30"}, Malformed),
        ({"header": {}}, Malformed),
    ],
)
def test_what_is_no_general_form_is_refused(changes, error):
    with pytest.raises(error):
        read_general_jws({**GENERAL, **changes}, "token")


@given(json_values)
def test_no_general_form_escapes_the_error_family(value):
    for changes in ({"payload": value}, {"signatures": value}, {"signatures": [value]}):
        with contextlib.suppress(ProtocolError):
            for text in read_general_jws({**GENERAL, **changes}, "token"):
                Jws.from_compact(text, "token")
