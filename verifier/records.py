"""What the verifier keeps for longer than a conversation."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key of the API, kept as a digest; requests belong to the key that made them."""

    digest: str  # SHA-256 in hex
    name: str
    created_at: int  # epoch seconds


Record = ApiKey
