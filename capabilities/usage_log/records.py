"""What is kept of a usage log; which receipt is whose, its cockpit keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from protocol.encoding import JsonObject, encode_json
from protocol.errors import TooLarge
from protocol.fields import Fields
from protocol.sovereignty.log_heads import LogHead
from protocol.sovereignty.merkle import MAX_SIZE
from protocol.sovereignty.usage import BLIND_SIZE, BlindedEntry, UsageEntry, Use
from protocol.sovereignty.usage_report import News

MAX_NEWS_ITEM = 6 * 1024  # bytes of one; a report has to have room for an entry beside it


@dataclass(frozen=True, slots=True)
class Used:
    """A use that is to be written, by whoever does it and in the same transaction. The first one of a receipt opens its log."""

    receipt: str  # its jti
    log_until: int  # epoch seconds: until then the log of this receipt answers, and is kept
    use: Use

    def __post_init__(self) -> None:
        """Refuse what its readers would refuse, before anything of a transaction is written.

        Raises:
            Malformed, TooLarge: it says too little or too much.
        """
        # No number is longer than the last one
        BlindedEntry.from_members(
            UsageEntry(self.receipt, MAX_SIZE, self.use).to_dict(), bytes(BLIND_SIZE), "usage entry"
        )


@dataclass(frozen=True, slots=True)
class Told:
    """News for the citizen: how a case came out. It goes when the log of its receipt goes."""

    receipt: str
    log_until: int  # as above
    news: News

    def __post_init__(self) -> None:
        """Refuse what its readers would refuse.

        Raises:
            Malformed, TooLarge: it says too little or too much.
        """
        members = self.news.to_dict()
        News.from_fields(Fields(members, "news"))
        if len(encode_json(members)) > MAX_NEWS_ITEM:
            raise TooLarge("news", f"is larger than {MAX_NEWS_ITEM} bytes")


Written = Used | Told


class ReceiptLog(NamedTuple):
    """What is known of a receipt."""

    since: str  # the first log that can have an entry of it
    log_until: int  # epoch seconds


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """An entry, and where it is in a tree."""

    n: int
    members: JsonObject
    blind: bytes  # 32 bytes
    log: str | None  # None: it is pending
    index: int


class LogState(NamedTuple):
    """A log as it stands."""

    head: LogHead
    appended_at: int  # epoch seconds: the full hour of its last block
