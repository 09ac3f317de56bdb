"""What each of these tests begins with."""

from tests.support.issuer_store import clock, store

__all__ = ["clock", "store"]
