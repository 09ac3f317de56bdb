import pytest

from protocol.errors import InvalidNotificationRequest
from protocol.oid4vci.notification import ACCEPTED, NotificationRequest
from tests.support.cases import cases


@cases("oid4vci/notification_request.json", "refuse")
def test_a_broken_notification_is_refused_with_its_code(case):
    """T135."""
    with pytest.raises(InvalidNotificationRequest) as refusal:
        NotificationRequest.from_dict(case["wire"])
    assert refusal.value.to_dict()["error"] == "invalid_notification_request"
    assert refusal.value.description.startswith(f"{case['at']}: ")


@cases("oid4vci/notification_request.json", "keep")
def test_a_notification_is_written_as_it_was_read(case):
    request = NotificationRequest.from_dict(case["wire"])
    assert request.to_dict() == case["wire"]


@pytest.mark.parametrize("description", ["Could not store the Credential. Out of storage.", "x" * 1_000_000, 7, None])
def test_a_description_is_not_read(description):
    """T135, T141: however long it is, it is kept nowhere."""
    wire = {"notification_id": "3fwe98js", "event": ACCEPTED, "event_description": description, "x": {}}
    assert NotificationRequest.from_dict(wire) == NotificationRequest("3fwe98js", ACCEPTED)
