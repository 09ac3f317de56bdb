"""Logs as JSON lines: structured, escaped, cut short, and without any member that could hold a secret (T249, T258)."""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import BinaryIO

import orjson
import structlog

STANDARD_ERROR = 2  # the file descriptor (POSIX)
_NUMBERS = frozenset((int, float, bool, type(None)))
MAX_TEXT = 500  # characters of one value
# Only these members are ever written. Claims, codes, tokens and keys have no name here, so they cannot be logged by accident.
ALLOWED = frozenset((
    "event", "level", "timestamp", "request_id", "method", "route", "status", "error", "place", "milliseconds", "address",
    "count", "version", "service", "reason",
))  # fmt: skip


def set_up_logs(*, service: str, level: int = logging.INFO) -> None:
    """Send log lines to standard error, one JSON object each."""
    structlog.configure(
        processors=[_Line(service)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.BytesLoggerFactory(_standard_error()),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers[:] = [_FromLibraries()]
    root.setLevel(logging.WARNING)


def _standard_error() -> BinaryIO:
    """The descriptor itself, without a buffer: a line is one write, so lines of several processes do not mix."""
    return open(STANDARD_ERROR, "wb", buffering=0, closefd=False)


def get_logger() -> structlog.typing.FilteringBoundLogger:
    """The program's logger."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger()
    return logger


class _FromLibraries(logging.Handler):
    """What libraries log through Python's own logging: that it happened and where, never their texts, which quote values."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line for a record."""
        error = record.exc_info[0] if record.exc_info else None
        get_logger().log(
            record.levelno,
            "library",
            place=f"{record.name}:{record.funcName}:{record.lineno}",
            error=error.__name__ if error is not None else None,
        )


class _Line:
    """Makes a line's bytes in one go: every request has a line, and a processor for each member costs more than it does."""

    def __init__(self, service: str) -> None:
        self._service = service

    def __call__(self, _: object, level: str, said: MutableMapping[str, object]) -> bytes:
        line = {
            name: value if type(value) in _NUMBERS else _printable(value)
            for name, value in said.items()
            if name in ALLOWED
        }
        line["service"] = self._service
        line["level"] = level
        line["timestamp"] = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        return orjson.dumps(line)


def _printable(value: object) -> object:
    """A value that no terminal and no reader of lines takes for a command (T249)."""
    if not isinstance(value, str):
        return value if isinstance(value, int | float | None) else type(value).__name__
    text = value[:MAX_TEXT]
    return text if text.isascii() and text.isprintable() else text.encode("unicode_escape").decode("ascii")
