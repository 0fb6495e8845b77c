"""Whom connections to other servers trust: read once, as reading all authorities takes longer than a call."""

import os
import ssl
from functools import cache

import certifi


def trusted() -> ssl.SSLContext:
    """The authorities of SSL_CERT_FILE or SSL_CERT_DIR, else those that come with httpx; shared by all connections."""
    return _trusted(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@cache
def _trusted(file: str | None, folder: str | None) -> ssl.SSLContext:
    if file:
        return ssl.create_default_context(cafile=file)
    if folder:
        return ssl.create_default_context(capath=folder)
    return ssl.create_default_context(cafile=certifi.where())
