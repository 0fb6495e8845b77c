"""Switching on what watches a process: its logs, and errors to Sentry when SENTRY_DSN is set.

Without a DSN Sentry is not even imported.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import version
from typing import Any
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from etsy_pipeline import logs
from etsy_pipeline.errors import NotConfigured, PipelineError
from etsy_pipeline.redaction import redacted_deeply, remember
from etsy_pipeline.settings import Settings

FLUSH_SECONDS = 2.0
# These log what `report` sends with its exception, once.
SPEAK_FOR_THEMSELVES = ("dagster", "etsy_pipeline.api.answers")
_reported: dict[tuple[str, ...], float] = {}  # what went wrong where → when it was last sent


def watch_logs(settings: Settings) -> None:
    """Take the settings' secrets, and what looks like one, out of every log line; write lines where that is asked."""
    remember(_secrets(settings))
    logs.watch()
    if settings.etsy_pipeline_log_level or settings.etsy_pipeline_log_format == "json":
        logs.write(settings.etsy_pipeline_log_level, settings.etsy_pipeline_log_format)


def report_errors(settings: Settings) -> bool:
    """Report errors of this process to Sentry from now on; whether that is switched on.

    Raises:
        NotConfigured: `sentry_missing`, `sentry_dsn_malformed`.
    """
    if settings.sentry_dsn is None:
        return False
    try:
        import sentry_sdk
        from sentry_sdk.integrations.logging import ignore_logger
        from sentry_sdk.utils import BadDsn
    except ImportError:
        raise NotConfigured(
            "SENTRY_DSN is set, but sentry-sdk is not installed.",
            code="sentry_missing",
            hint="pip install 'etsy_pipeline[sentry]', or unset SENTRY_DSN.",
        ) from None
    remember(_secrets(settings))
    if sentry_sdk.is_initialized():
        return True
    try:
        sentry_sdk.init(
            dsn=settings.sentry_dsn.get_secret_value(),
            release=f"{logs.PACKAGE}@{version(logs.PACKAGE)}",
            environment="sandbox" if settings.uses_sandbox else settings.sentry_environment,
            include_local_variables=False,  # they hold tokens
            auto_enabling_integrations=False,  # they would tell of queries, headers and the database's parameters
            max_request_body_size="never",
            before_send=_without_secrets,
            before_breadcrumb=_without_secrets,
            trace_propagation_targets=[],  # Etsy and Medusa are not told of it
        )
    except BadDsn:
        raise NotConfigured(
            "SENTRY_DSN is not the address of a Sentry project.",
            code="sentry_dsn_malformed",
            hint="Copy it from the project's settings in Sentry.",
        ) from None
    for name in SPEAK_FOR_THEMSELVES:
        ignore_logger(name)
    return True


def report(error: Exception, **tags: str | None) -> None:
    """Send an error that nobody expected, with these tags, where that is switched on.

    It is sent before this returns: Dagster's processes end without asking whether something waits to be sent.
    """
    if "sentry_sdk" not in sys.modules:
        return
    import sentry_sdk

    with sentry_sdk.new_scope() as scope:
        scope.set_tags({name: value for name, value in tags.items() if value})
        sentry_sdk.capture_exception(error)
    sentry_sdk.flush(FLUSH_SECONDS)


def report_unexpected(error: Exception, *, at_most_every: float = 0.0, **tags: str | None) -> None:
    """The same from wherever an error ends up: a command, a sensor, a request. Never in the way of the error itself.

    Args:
        error: what nobody expected; an error of `errors.py` is told to the person, and not sent.
        at_most_every: seconds in which the same kind of error with the same tags is sent once.
        tags: where it happened.
    """
    if isinstance(error, PipelineError):
        return
    kind = (type(error).__name__, *(str(value) for value in tags.values()))
    now = time.monotonic()
    if at_most_every and now - _reported.get(kind, -at_most_every) < at_most_every:
        return
    with suppress(PipelineError):
        if report_errors(Settings.load()):
            _reported[kind] = now
            report(error, **tags)


def _secrets(settings: Settings) -> Iterator[str]:
    for value in (getattr(settings, name) for name in type(settings).model_fields):
        if isinstance(value, SecretStr):
            for part in value.get_secret_value().split(","):
                yield part.strip()
                password = _password(part)
                yield from (password, unquote(password))
    yield _password(settings.database_url)


def _password(address: str) -> str:
    try:
        return urlsplit(address).password or ""
    except ValueError:
        return ""


def _without_secrets(event: Any, _hint: Any) -> Any:
    return redacted_deeply(event)
