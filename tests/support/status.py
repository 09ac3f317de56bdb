"""Reads a status list that a desk publishes, as a verifier would."""

from protocol.status.bits import StatusList
from protocol.status.token import verify_status_list_token
from tests.support.issuer import Desk


def status_list_of(desk: Desk, list_id: str) -> StatusList:
    """The list as it is published now, its signature, address and times checked."""
    published = desk.run(desk.issuer.status_lists.publish(list_id))
    uri = desk.issuer.context.endpoints.status_list(list_id)
    key, now = desk.pki.public_key, desk.clock.now
    return verify_status_list_token(published.token, uri=uri, key=key, now=now, max_age=86_400).statuses
