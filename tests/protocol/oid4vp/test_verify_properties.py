"""No answer with anything changed is ever accepted, and none escapes the error family."""

import contextlib
import random
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.errors import ProtocolError
from protocol.exchange import run
from protocol.oid4vp.response import AuthorizationResponse
from protocol.oid4vp.verify import VerificationPolicy, verify_response
from tests.protocol.oid4vp.samples import NONCE, SAN_DNS, STATE, Peer, asked
from tests.protocol.oid4vp.verifier_side import ANCHORS, CARD, MANY, UNBOUND, VALID, query, refused, shown, verify
from tests.protocol.sdjwt.samples import issued
from tests.support.pki import NOW

PRESENTED = shown()


def test_no_flipped_bit_is_ever_accepted():
    chosen = random.Random(7)
    for _ in range(150):
        at = chosen.randrange(len(PRESENTED))
        flipped = chr(ord(PRESENTED[at]) ^ 1 << chosen.randrange(7))
        found = verify({"pid": PRESENTED[:at] + flipped + PRESENTED[at + 1 :]})
        assert "-" in refused(found)


PARTS = PRESENTED.split("~")


@settings(max_examples=100)
@given(st.lists(st.sampled_from([*PARTS, *issued().split("~"), "", "e30.e30.AA"]), max_size=6), st.sampled_from("~.: "))
def test_no_other_arrangement_is_ever_accepted(parts, between):
    text = between.join(parts)
    if text != PRESENTED:
        assert "-" in refused(verify({"pid": text}))


@settings(max_examples=100)
@given(st.data())
def test_nothing_is_accepted_for_another_request(data):
    name = data.draw(st.sampled_from(["nonce", "client_id", "now"]))
    other = {
        "nonce": st.text("abc-._~", min_size=1).filter(lambda text: text != NONCE),
        "client_id": st.text("abc.", min_size=1).map(lambda text: replace(SAN_DNS, identifier=text)),
        "now": st.integers(0, 2**33).filter(lambda now: not NOW - 60 <= now <= NOW + 300),
    }[name]
    with contextlib.suppress(ProtocolError):
        value = data.draw(other)
        request = asked(nonce=value) if name == "nonce" else asked(client_id=value) if name == "client_id" else asked()
        exchange = verify_response(
            AuthorizationResponse({"pid": (PRESENTED,)}, STATE),
            request,
            anchors=ANCHORS,
            policy=VerificationPolicy(),
            status_of=VALID,
            now=value if name == "now" else NOW,
        )
        refused(run(exchange, Peer()))


PRESENTATIONS = st.lists(
    st.text(max_size=20) | st.sampled_from([PRESENTED, issued()]) | st.dictionaries(st.text(max_size=3), st.none()),
    max_size=3,
)


@settings(max_examples=100)
@given(
    st.dictionaries(st.sampled_from(["pid", "card", "other"]), PRESENTATIONS),
    st.none() | st.text(max_size=5) | st.just(STATE),
    st.sampled_from([query(), query(MANY, CARD), query(UNBOUND)]),
)
def test_no_answer_escapes_the_error_family(vp_token, state, asked_query):
    answer = AuthorizationResponse({id_: tuple(items) for id_, items in vp_token.items()}, state)
    exchange = verify_response(
        answer,
        asked(dcql_query=asked_query),
        anchors=ANCHORS,
        policy=VerificationPolicy(),
        status_of=VALID,
        now=NOW,
    )
    with contextlib.suppress(ProtocolError):
        found = run(exchange, Peer())
        texts = [item for items in vp_token.values() for item in items]
        assert not found.accepted or PRESENTED in texts or asked_query == query(UNBOUND)
