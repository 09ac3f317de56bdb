"""A wallet's life at its provider, step by step."""

import pytest

from protocol.wallet_unit.errors import EnrolmentRequired
from runtime.conversation import SessionKey, Spend
from tests.support.pki import NOW
from wallet.provider.policy import ProviderPolicy
from wallet.provider.session import ENROLMENT, Active, Invited, Revoked, accept

CODE = SessionKey.of(ENROLMENT, "code")
SPEND = Spend(SessionKey.of("challenge", "c"), NOW + 60, EnrolmentRequired("spent"))


def accepted(stage, now=NOW):
    return accept(stage, "unit", "1", CODE, policy=ProviderPolicy(), now=now, spend=SPEND)


def test_a_code_leads_to_its_wallet_no_longer():
    change = accepted(Invited("order", NOW + 1))
    assert change.drop == (CODE,)
    assert change.spend[0] == SPEND


@pytest.mark.parametrize(
    ("stage", "now"),
    [
        (Invited("order", NOW), NOW),
        (Active("another", "order", "1", NOW - 9, NOW + 9, 0, 0), NOW),
        (Revoked("another", NOW - 9), NOW),
    ],
    ids=["too late", "somebody's", "blocked"],
)
def test_a_code_that_is_over_or_was_used_registers_nobody(stage, now):
    """Whatever a store would find by it."""
    with pytest.raises(EnrolmentRequired):
        accepted(stage, now)
