"""The types that are shipped, the people of the demo town, and what a credential says of one of them."""

import contextlib
from typing import Any

from issuer.app import SHIPPED_TYPES
from issuer.credential_types import CredentialType, read_types
from issuer.people import read_people
from protocol.encoding import JsonObject
from protocol.errors import CredentialRequestDenied
from tests.support.pki import NOW
from tests.support.tree import ROOT

TYPES = read_types(SHIPPED_TYPES)
PEOPLE = read_people((ROOT / "hoheit/demo/town/people.csv").read_bytes(), TYPES.values())


def claims_of(kind: CredentialType, record: JsonObject, *, now: int = NOW) -> dict[str, Any]:
    """The claims for one person, to be looked into."""
    return kind.claims_for(record, now=now)


def can_have(kind: CredentialType, record: JsonObject) -> bool:
    """Whether somebody has what a document needs."""
    with contextlib.suppress(CredentialRequestDenied):
        return bool(claims_of(kind, record))
    return False
