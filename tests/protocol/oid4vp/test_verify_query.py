"""What the query says counts: holder binding unless it wants none, one presentation or several, and no claim more."""

import pytest

from protocol.oid4vp.verify import CheckName
from protocol.status.check import Status, StatusReport
from tests.protocol.oid4vp.verifier_side import (
    ASKED,
    CARD,
    CARD_CREDENTIAL,
    GOOD,
    MANY,
    PID,
    UNBOUND,
    lines,
    query,
    reason,
    refused,
    shown,
    verify,
)
from tests.protocol.sdjwt.samples import STRANGER, issued
from tests.support.pki import NOW

# Without holder binding


@pytest.mark.parametrize(
    "presentation",
    [
        pytest.param(shown(bound=False), id="no key binding"),
        pytest.param(shown(bound=False, credential=issued(cnf=...)), id="no key"),
        pytest.param(shown(), id="a key binding that nobody asked for"),
    ],
)
def test_holder_binding_is_asked_unless_the_query_says_otherwise(presentation):
    found = verify({"pid": presentation}, asked_query=query(UNBOUND))
    assert (found.accepted, lines(found)) == (True, "+..++++")
    assert reason(found, CheckName.HOLDER_BOUND) == reason(found, CheckName.THIS_REQUEST) == "was not asked"
    assert found.claims == {"pid": (GOOD,)}


@pytest.mark.parametrize("order", [("bound", "unbound"), ("unbound", "bound")], ids=str)
def test_binding_that_was_asked_of_one_credential_is_not_spared_by_another(order):
    by_name = {"bound": {**PID, "id": "bound"}, "unbound": {**UNBOUND, "id": "unbound"}}
    both = query(*[by_name[name] for name in order])
    loose = shown(bound=False)
    assert lines(verify({"bound": shown(), "unbound": loose}, asked_query=both)) == "+++++++"
    assert refused(verify({"bound": loose, "unbound": loose}, asked_query=both)) == "+-.+++."


# Several presentations


def test_several_presentations_are_verified_one_by_one():
    found = verify({"pid": [shown(), shown()]}, asked_query=query(MANY))
    assert (found.accepted, lines(found)) == (True, "+++++++")
    assert found.claims == {"pid": (GOOD, GOOD)}
    assert found.issuers == {"pid": ("Issuing desk", "Issuing desk")}


@pytest.mark.parametrize("first", [True, False], ids=["the first", "the last"])
@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        (shown(credential=issued(signer=STRANGER)), "-++++++"),
        (shown(bound=False), "+-+++++"),
        (shown(nonce="another-n0nce-0123456789"), "++-++++"),
        (shown(credential=issued(exp=NOW - 60)), "++++-++"),
    ],
    ids=["authentic", "bound", "request", "time"],
)
def test_one_bad_presentation_spoils_the_answer(bad, expected, first):
    presentations = [bad, shown()] if first else [shown(), bad]
    found = verify({"pid": presentations}, asked_query=query(MANY))
    assert refused(found) == expected[:-1] + "."
    assert found.issuers == {"pid": ("Issuing desk",)}


def test_the_first_reason_is_told():
    bad = [shown(issued_at=NOW - 301), shown(nonce="another-n0nce-0123456789")]
    found = verify({"pid": bad}, asked_query=query(MANY))
    assert "just now" in reason(found, CheckName.THIS_REQUEST)


def test_one_revoked_credential_spoils_the_answer():
    reports = iter([Status.VALID, Status.INVALID, Status.VALID])

    def status_of(credential):
        yield from ()
        return StatusReport(next(reports), None, NOW, NOW, "revoked")

    assert refused(verify({"pid": [shown()] * 3}, asked_query=query(MANY), status_of=status_of)) == "+++++-."


def test_several_holders_are_counted():
    """T187."""
    other = issued(cnf={"jwk": STRANGER.public_key.to_jwk()})
    two = [shown(), shown(credential=other, signer=STRANGER)]
    assert verify({"pid": two}, asked_query=query(MANY)).holders == 2
    assert verify({"pid": [shown(), shown()]}, asked_query=query(MANY)).holders == 1
    card = shown(("n",), credential=CARD_CREDENTIAL, signer=STRANGER)
    assert verify({"pid": shown(), "card": card}, asked_query=query(PID, CARD)).holders == 2
    unbound = shown(bound=False, credential=issued(cnf=...))
    assert verify({"pid": unbound}, asked_query=query(UNBOUND)).holders == 0


# More than was asked


def test_what_nobody_asked_is_dropped_and_flagged():
    """T189."""
    found = verify({"pid": shown(*ASKED, ("family_name",), ("nationalities", 0), ("age_equal_or_over", "18"))})
    assert found.accepted
    assert found.claims == {"pid": (GOOD,)}
    assert set(found.surplus["pid"]) == {("family_name",), ("nationalities", 0), ("age_equal_or_over", "18")}


def test_surplus_is_told_once_for_all_presentations_of_a_query():
    found = verify({"pid": [shown(*ASKED, ("family_name",))] * 2}, asked_query=query(MANY))
    assert found.surplus == {"pid": (("family_name",),)}


def test_a_query_without_claims_gets_none():
    """T169."""
    none = query({name: value for name, value in PID.items() if name != "claims"})
    found = verify({"pid": shown(("given_name",))}, asked_query=none)
    assert (found.accepted, found.claims, found.surplus) == (True, {"pid": ({},)}, {"pid": (("given_name",),)})
