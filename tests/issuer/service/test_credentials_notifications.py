"""The notification endpoint: what the wallet says becomes of a batch, said by nobody else."""

import pytest

from issuer.records import CredentialState
from protocol.errors import InvalidNotificationId, InvalidToken
from tests.support.issuer import TestWallet
from tests.support.pki import seeded_key


@pytest.mark.parametrize(
    ("event", "state"),
    [("credential_accepted", "valid"), ("credential_failure", "revoked"), ("credential_deleted", "revoked")],
)
def test_a_notification_decides_what_becomes_of_a_batch(desk, wallet, tokens, event, state):
    """T135: repeats change nothing"""
    notification_id = wallet.issue(tokens).notification_id or ""
    wallet.notify(tokens, notification_id, event)
    for repeated in (event, "credential_failure" if event == "credential_accepted" else "credential_accepted"):
        wallet.notify(tokens, notification_id, repeated)
        assert [str(credential.state) for credential in desk.store.credentials_of("anna")] == [state]


def test_a_notification_belongs_to_the_wallet_that_got_its_id(desk, wallet, tokens):
    """T135"""
    notification_id = wallet.issue(tokens).notification_id or ""
    stranger = TestWallet(desk, seeded_key(99))
    others = stranger.redeem(desk.offer())
    for asker, asked in ((stranger, others), (wallet, tokens)):
        with pytest.raises(InvalidNotificationId):
            asker.notify(asked, "x", "credential_failure")
    with pytest.raises(InvalidNotificationId):
        stranger.notify(others, notification_id, "credential_failure")
    with pytest.raises(InvalidToken):
        stranger.notify(tokens, notification_id, "credential_failure")
    assert [credential.state for credential in desk.store.credentials_of("anna")] == [CredentialState.VALID]
