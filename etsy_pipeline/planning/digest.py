"""The plan's digest: a fingerprint of everything that approving it would send, the same on every machine."""

import hashlib
from collections.abc import Iterable

import msgspec

MAPPER_VERSION = "2"  # raise it when the same product would be sent differently: plans made before become stale


def item_digest(
    product_id: str, action: str, etsy_listing_id: int | None, desired_json: str | None, fields: Iterable[str]
) -> str:
    """A fingerprint of what will be sent for one product: the listing, and which of its fields."""
    return _sha256([product_id, action, etsy_listing_id, desired_json, sorted(fields)])


def plan_digest(*, shop_id: int, shop_fingerprint: str, item_digests: Iterable[str]) -> str:
    """A fingerprint of a whole plan; the order of the items does not matter."""
    return _sha256([MAPPER_VERSION, shop_id, shop_fingerprint, sorted(item_digests)])


def settings_fingerprint(settings_json: str, amount_unit: str) -> str:
    """A fingerprint of the choices that shape every listing of a shop."""
    return _sha256([settings_json, amount_unit])


def _sha256(value: object) -> str:
    return hashlib.sha256(msgspec.json.encode(value)).hexdigest()
