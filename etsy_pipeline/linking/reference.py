"""The reference that a new draft carries in its description until it is complete: how a lost create is found. Pure."""

import hashlib
import re

PREFIX = "ref:etsy_pipeline/"
LENGTH = 20
_REFERENCE = re.compile(rf"{re.escape(PREFIX)}[0-9a-f]{{{LENGTH}}}")


def reference_of(account_id: str, product_id: str) -> str:
    """The reference of a product in a shop; another account or product has another one."""
    digest = hashlib.sha256(f"{account_id}/{product_id}".encode()).hexdigest()
    return f"{PREFIX}{digest[:LENGTH]}"


def reference_in(text: str) -> str:
    """The first reference in a text, ours or of another installation; blank where there is none."""
    found = _REFERENCE.search(text)
    return found.group() if found else ""
