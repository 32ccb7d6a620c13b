"""The log: stderr, as text or one JSON object a line, with the request's id and without secrets.

Never stdout, which belongs to the protocol on stdio.
"""

import json
import logging
import sys
import time
import traceback
from collections.abc import Callable

from airbyte_mcp_server.operating.redacting import Redactor
from airbyte_mcp_server.operating.request_ids import current_request, current_trace
from airbyte_mcp_server.settings.model import Settings

_TEXT = "%(asctime)s %(levelname)s %(name)s%(request_note)s: %(message)s"
_SPEAKER = "airbyte_mcp_server"


def log_to_stderr(settings: Settings) -> None:
    """Send everything that is logged in this process to stderr, as the settings say."""
    handler = logging.StreamHandler(sys.stderr)
    # A filter of the handler sees every record, whoever logs it, and before the handler's lock is taken.
    handler.addFilter(_Cleaning(Redactor(settings)))
    handler.setFormatter(_Json() if settings.log_format == "json" else _Text(_TEXT))
    logging.basicConfig(handlers=[handler], level=settings.log_level.upper())
    logging.captureWarnings(capture=True)


def speaker(settings: Settings, say: Callable[[str], None]) -> Callable[[str], None]:
    """What takes sentences for the operator: `say`, which in a JSON log is given events."""
    if settings.log_format == "text":
        return say
    return lambda sentence: say(_event(time.time(), "info", _SPEAKER, {"message": sentence}))


class _Cleaning(logging.Filter):
    """Gives each record its request's id and takes secrets out of all that it says."""

    def __init__(self, redact: Callable[[str], str]) -> None:
        super().__init__()
        self._redact = redact

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record in place, and let it through."""
        record.msg, record.args = self._redact(_message(record)), ()
        if record.exc_info:
            record.exc_text = self._redact("".join(traceback.format_exception(*record.exc_info)).rstrip())
            record.exc_info = None
        if record.stack_info:
            record.stack_info = self._redact(record.stack_info)
        request = current_request()
        record.request_id, record.trace_id = request, current_trace()
        record.request_note = f" [{request}]" if request else ""
        return True


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001 - whoever logs must never be stopped by what they log
        return f"{record.msg} (its arguments do not fit)"


class _Text(logging.Formatter):
    """A line for a person; what could end a line or steer a terminal is shown, not done."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the base class's name
        """The line without a traceback."""
        record.message = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in record.message)
        return super().formatMessage(record)


class _Json(logging.Formatter):
    """One object a line; line ends inside a message are escaped, so nobody can forge a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as the cleaning filter left it."""
        told = {
            "message": record.getMessage(),
            "request_id": getattr(record, "request_id", None),
            "trace_id": getattr(record, "trace_id", None),
            "exception": record.exc_text,
            "stack": record.stack_info,
        }
        return _event(record.created, record.levelname.lower(), record.name, told)


def _event(moment: float, level: str, logger: str, told: dict[str, str | None]) -> str:
    """A line of the JSON log."""
    at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment)) + f".{int(moment * 1_000) % 1_000:03d}Z"
    event = {"time": at, "level": level, "logger": logger} | {k: v for k, v in told.items() if v is not None}
    return json.dumps(event, ensure_ascii=False)
