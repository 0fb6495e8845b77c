"""Logs without secrets, and errors to Sentry when SENTRY_DSN is set. Without it Sentry is not even imported."""

import functools
import logging
from importlib.metadata import version
from typing import Any

from etsy_pipeline.errors import NotConfigured
from etsy_pipeline.redaction import RedactingFilter, redacted_deeply
from etsy_pipeline.settings import Settings

PACKAGE = "etsy_pipeline"
CHATTY = ("httpx", "httpcore", "alembic")  # a line a call, with the whole address


@functools.cache
def watch_logs() -> None:
    """Take secrets out of what this package logs; quiet what logs every call."""
    logging.getLogger(PACKAGE).addFilter(RedactingFilter())
    for handler in logging.getLogger().handlers:
        handler.addFilter(RedactingFilter())
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)


def report_errors(settings: Settings, **tags: str) -> bool:
    """Report errors of this process to Sentry from now on, with these tags; whether that is switched on.

    Raises:
        NotConfigured: `sentry_missing`, `sentry_dsn_malformed`.
    """
    if settings.sentry_dsn is None:
        return False
    try:
        import sentry_sdk
        from sentry_sdk.utils import BadDsn
    except ImportError:
        raise NotConfigured(
            "SENTRY_DSN is set, but sentry-sdk is not installed.",
            code="sentry_missing",
            hint="pip install 'etsy_pipeline[sentry]', or unset SENTRY_DSN.",
        ) from None
    try:
        if not sentry_sdk.is_initialized():
            sentry_sdk.init(
                dsn=settings.sentry_dsn.get_secret_value(),
                release=f"{PACKAGE}@{version(PACKAGE)}",
                environment="sandbox" if settings.uses_sandbox else "production",
                send_default_pii=False,
                include_local_variables=False,  # they hold tokens
                max_request_body_size="never",
                before_send=_without_secrets,
                before_breadcrumb=_crumb_without_secrets,
                traces_sample_rate=0.0,
            )
    except BadDsn:
        raise NotConfigured(
            "SENTRY_DSN is not the address of a Sentry project.",
            code="sentry_dsn_malformed",
            hint="Copy it from the project's settings in Sentry.",
        ) from None
    for name, value in tags.items():
        sentry_sdk.set_tag(name, value)
    return True


def _without_secrets(event: Any, _hint: Any) -> Any:
    return redacted_deeply(event)


def _crumb_without_secrets(crumb: Any, _hint: Any) -> Any:
    return redacted_deeply(crumb)
