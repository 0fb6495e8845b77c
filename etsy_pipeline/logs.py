"""What every log line has, whoever writes it and wherever it goes: no secret, and which sync and product it is about.

Nor has it anything that a terminal would obey instead of showing it.

A line is an event and its values: `logger.warning("etsy_call method=%s status=%s", …)`. This is done where records are
made, since a filter on a logger does not see the lines of its children, and one on a handler only those of that one.
"""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Literal

from etsy_pipeline.redaction import redacted
from etsy_pipeline.safe_text import visible, visible_json, visible_lines

PACKAGE = "etsy_pipeline"
CHATTY = ("httpx", "httpcore", "alembic")  # a line a call, with the whole address
LINE = "%(asctime)s %(levelname)s %(name)s %(message)s"

_VALUE = re.compile(r"(\w+)=%[a-z]")
_plain = logging.Formatter()
_subject: ContextVar[MappingProxyType[str, str]] = ContextVar("subject", default=MappingProxyType({}))


@contextmanager
def about(**subject: str) -> Iterator[None]:
    """Put these values on every line of the package that the block logs."""
    before = _subject.get()
    _subject.set(MappingProxyType(dict(before) | subject))
    try:
        yield
    finally:
        _subject.set(before)  # not by a token: a generator may be closed in another context


def watch() -> None:
    """From now on, take secrets out of every record of this process, and say what ours are about."""
    make = logging.getLogRecordFactory()
    if not isinstance(make, _Records):
        logging.setLogRecordFactory(_Records(make))
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)


def write(level: str | None, form: Literal["text", "json"]) -> None:
    """Write the package's lines to standard error, from this level on; once for a process."""
    logger = logging.getLogger(PACKAGE)
    if any(isinstance(handler, _Written) for handler in logger.handlers):
        return
    handler = _Written()
    handler.setFormatter(JsonLines() if form == "json" else logging.Formatter(LINE))
    logger.addHandler(handler)
    logger.setLevel(level or logging.INFO)
    logger.propagate = False  # or the handlers of the root would write each line again


class JsonLines(logging.Formatter):
    """A line as one JSON object: time, level, logger, event, and its values."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        facts: dict[str, Any] = getattr(record, "facts", None) or {"event": record.getMessage()}
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        if record.exc_info:
            line["exception"] = record.exc_text or redacted(_plain.formatException(record.exc_info))
        return visible_json(line | facts)


class _Written(logging.StreamHandler[Any]):
    """Our own handler, so that it is added once."""


class _Records:
    """Makes log records as before, and tidies them."""

    def __init__(self, make: Any) -> None:
        self._make = make

    def __call__(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        """A record that can be written anywhere."""
        record: logging.LogRecord = self._make(*args, **kwargs)
        with suppress(TypeError, ValueError):  # its values do not fit its text: logging tells of that itself
            _tidy(record)
        return record


def _tidy(record: logging.LogRecord) -> None:
    message = record.getMessage()
    clean = visible_lines(redacted(message))
    if str(record.name).partition(".")[0] == PACKAGE:  # logging itself makes records without a name
        subject = {name: value for name, value in _subject.get().items() if f"{name}=" not in message}
        record.__dict__["facts"] = _facts(record) | subject
        clean += "".join(f" {name}={visible(value)}" for name, value in subject.items())
    if clean != message:
        record.msg, record.args = clean, ()
    if record.exc_info:
        record.exc_text = visible_lines(redacted(_plain.formatException(record.exc_info)))


def _facts(record: logging.LogRecord) -> dict[str, Any]:
    """Event and values of a line that is written as such, else the whole text as the event."""
    text, values = str(record.msg), record.args if isinstance(record.args, tuple) else ()
    names = _VALUE.findall(text)
    if not values or len(names) != len(values):
        return {"event": redacted(record.getMessage())}
    facts = {
        name: redacted(value) if isinstance(value, str) else value for name, value in zip(names, values, strict=True)
    }
    return {"event": text.split(maxsplit=1)[0]} | facts
