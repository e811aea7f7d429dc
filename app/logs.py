"""JSON log lines that can hold no phone number: allowed keys only, and any long run of digits is masked."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import msgspec
import structlog

from app import clock

# Seven digits or more, however they are spaced or escaped: every phone number is, no status, count or size of ours is.
DIGIT_RUN = re.compile(r"(?:\d(?:[\s.\-/()]|%20|%2B)?){7,}")
MASK = "…"


_requests = logging.getLogger("app.requests")  # holds nothing but the level: asking it costs next to nothing


def configure(level: int = logging.INFO) -> None:
    """Send our own events and the libraries' warnings to standard error, one JSON object a line."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            structlog.processors.format_exc_info,
            masked,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    _requests.setLevel(level)
    logging.basicConfig(level=logging.WARNING, format="%(message)s", handlers=[_Handler()], force=True)


def masked(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Mask runs of digits in every value; the instant and the request's random id are ours and stay."""
    for key, value in event.items():
        if key not in {"at", "request_id"} and isinstance(value, str):
            event[key] = DIGIT_RUN.sub(MASK, value)
    return event


def request(route: str, method: str, status: int, milliseconds: float, request_id: str) -> None:
    """Write the line of one request.

    Every value is ours, so nothing needs masking; there is one such line for every message, so it takes the short way.
    """
    if not _requests.isEnabledFor(logging.INFO):
        return
    line = {
        "route": route,
        "method": method,
        "status": status,
        "milliseconds": milliseconds,
        "request_id": request_id,
        "event": "request",
        "level": "info",
        "at": clock.now(),
    }
    sys.stderr.write(msgspec.json.encode(line).decode() + "\n")


class _Handler(logging.Handler):
    """Turn a library's warning into one of our lines: its logger and its kind, never its arguments."""

    def emit(self, record: logging.LogRecord) -> None:
        kind = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        structlog.get_logger().warning("library_warning", logger=record.name, error=kind, message=str(record.msg)[:200])
