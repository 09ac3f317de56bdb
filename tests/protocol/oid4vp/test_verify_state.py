"""An answer of another state or shape belongs to no request of ours, and nothing is found out about it."""

import pytest

from protocol.errors import InvalidRequest
from protocol.exchange import run
from protocol.oid4vp.response import AuthorizationResponse
from protocol.oid4vp.verify import VerificationPolicy, verify_response
from tests.protocol.oid4vp.samples import STATE, Peer, asked
from tests.protocol.oid4vp.verifier_side import ANCHORS, VALID, shown, verify
from tests.support.pki import NOW


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        pytest.param(STATE, "another-state", id="T178 another state"),
        pytest.param(STATE, None, id="T178 no state"),
        pytest.param(STATE, STATE + "x", id="T178 a longer state"),
        pytest.param(None, "x", id="T178 a state where there was none"),
        pytest.param(STATE, "\ud800", id="T178 no text"),
        pytest.param(STATE, "\u00fc", id="T178 non-ASCII"),
    ],
)
def test_another_state_belongs_to_no_request(ours, theirs):
    response = AuthorizationResponse({"pid": (shown(),)}, theirs)
    exchange = verify_response(
        response, asked(state=ours), anchors=ANCHORS, policy=VerificationPolicy(), status_of=VALID, now=NOW
    )
    with pytest.raises(InvalidRequest, match="state"):
        run(exchange, Peer())


def test_where_there_is_no_state_none_is_needed():
    response = AuthorizationResponse({"pid": (shown(),)})
    exchange = verify_response(
        response, asked(state=None), anchors=ANCHORS, policy=VerificationPolicy(), status_of=VALID, now=NOW
    )
    assert run(exchange, Peer()).accepted


@pytest.mark.parametrize(
    "vp_token",
    [
        pytest.param({"other": shown()}, id="T176 an unknown id"),
        pytest.param({"pid": shown(), "other": shown()}, id="T176 an unknown id beside a known one"),
        pytest.param({"pid": [shown(), shown()]}, id="T176 more than one"),
    ],
)
def test_an_answer_of_another_shape_finds_nothing_out(vp_token):
    with pytest.raises(InvalidRequest, match="vp_token"):
        verify(vp_token)
