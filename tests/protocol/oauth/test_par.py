import pytest

from protocol.errors import Malformed
from protocol.oauth.par import PushedAuthorizationResponse

WIRE = {"request_uri": "urn:ietf:params:oauth:request_uri:6esc_11ACC5bwc014ltc14eY22c", "expires_in": 60}


def test_an_answer_is_written_as_it_was_read():
    assert PushedAuthorizationResponse.from_dict(WIRE).to_dict() == WIRE


def test_unknown_members_are_ignored():
    """T141."""
    assert PushedAuthorizationResponse.from_dict({**WIRE, "x": {}}) == PushedAuthorizationResponse.from_dict(WIRE)


@pytest.mark.parametrize(
    ("change", "at"),
    [
        ({"request_uri": None}, "request_uri"),
        ({"request_uri": ""}, "request_uri"),
        ({"request_uri": 1}, "request_uri"),
        ({"request_uri": "x" * 1025}, "request_uri"),
        ({"expires_in": None}, "expires_in"),
        ({"expires_in": 0}, "expires_in"),
        ({"expires_in": -1}, "expires_in"),
        ({"expires_in": 60.5}, "expires_in"),
        ({"expires_in": "60"}, "expires_in"),
        ({"expires_in": True}, "expires_in"),
    ],
)
def test_a_broken_answer_is_refused_by_name(change, at):
    with pytest.raises(Malformed) as refusal:
        PushedAuthorizationResponse.from_dict({**WIRE, **change})
    assert refusal.value.at == f"pushed_authorization_response.{at}"
