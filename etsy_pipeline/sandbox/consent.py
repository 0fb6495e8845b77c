"""Plays the seller's browser: opens the consent page and presses a button."""

import re
import ssl

import httpx

TIMEOUT_SECONDS = 10
NO_AUTHORITIES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Trusts nobody: the sandbox speaks plain HTTP, and reading the machine's certificates takes longer than a consent."""


def grant(authorize_url: str, shop: int = 1, *, deny: bool = False) -> str:
    """Press "Grant access" (or "Deny") as the owner of the n-th sample shop; where Etsy redirects to, not followed.

    Raises:
        RuntimeError: when the page shows an error instead; with its text.
    """
    with httpx.Client(timeout=TIMEOUT_SECONDS, verify=NO_AUTHORITIES) as browser:
        page = browser.get(authorize_url)
        if page.is_redirect:
            return page.headers["location"]
        users = re.findall(r"name=user_id value=(\d+)", page.text)
        if page.status_code != httpx.codes.OK or len(users) < shop:
            text = re.sub(r"<style>.*?</style>|<[^>]+>", " ", page.text)
            raise RuntimeError(f"The consent page says: {' '.join(text.split())}")
        answer = {"user_id": users[shop - 1], "answer": "deny" if deny else "grant"}
        return browser.post(authorize_url, data=answer).headers["location"]
