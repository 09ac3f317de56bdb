"""The storage of status lists in their own words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from capabilities.status_publisher.records import StatusBlock, StatusListRecord


class StatusStore(Protocol):
    """Every method is one transaction, durable when it returns. All raise Unavailable when the store is away."""

    def reserve_indices(self, bits: int, count: int, *, fresh: StatusListRecord, now: int) -> StatusBlock:
        """Reserve indices of the newest list of that width that has room; `fresh` becomes that list if none has."""

    def status_list(self, list_id: str) -> StatusListRecord | None:
        """One status list."""

    def status_entries(self, list_id: str) -> Mapping[int, int]:
        """The entries of a list that are not 0 (valid): index → status value."""
