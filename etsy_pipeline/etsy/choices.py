"""What sellers choose from, as Etsy tells it: a shop's profiles and policies, and the properties of categories."""

from collections.abc import Callable, Mapping
from html import unescape
from typing import Any

from etsy_pipeline.listings.shop import Choice, Kind, TaxonomyProperty, TaxonomyValue


def taxonomy_property(item: dict[str, Any]) -> TaxonomyProperty:
    """A standard property of a category, and the values that Etsy lists for it (FACTS §7)."""
    values = [
        TaxonomyValue(int(value["value_id"]), unescape(str(value.get("name", ""))), value.get("scale_id"))
        for value in item.get("possible_values") or ()
        if value.get("value_id") is not None
    ]
    return TaxonomyProperty(
        property_id=int(item["property_id"]),
        name=unescape(str(item.get("display_name") or item.get("name", ""))),
        values=tuple(values),
        supports_variations=bool(item.get("supports_variations")),
        is_required=bool(item.get("is_required")),
        supports_attributes=bool(item.get("supports_attributes")),
        max_values=item.get("max_values_allowed") if item.get("is_multivalued") else 1,
        scales=tuple(
            Choice(int(scale["scale_id"]), unescape(str(scale.get("display_name", ""))))
            for scale in item.get("scales") or ()
        ),
    )


def _named(key: str) -> Callable[[dict[str, Any]], str]:
    return lambda item: unescape(str(item.get(key) or ""))


def _policy_name(item: dict[str, Any]) -> str:
    accepts = [word for word in ("returns", "exchanges") if item.get(f"accepts_{word}")]
    days = item.get("return_deadline")
    return f"accepts {' and '.join(accepts)}, {days} days" if accepts else "no returns or exchanges"


def _readiness_name(item: dict[str, Any]) -> str:
    state = str(item.get("readiness_state", "")).replace("_", " ")
    return f"{state}, {unescape(str(item.get('processing_days_display_label', '')))}"


# Kind of choice → (path below the shop, key of the id, its name)
CHOICES: Mapping[Kind, tuple[str, str, Callable[[dict[str, Any]], str]]] = {
    "shipping_profile": ("shipping-profiles", "shipping_profile_id", _named("title")),
    "return_policy": ("policies/return", "return_policy_id", _policy_name),
    "processing_profile": ("readiness-state-definitions", "readiness_state_id", _readiness_name),
    "shop_section": ("sections", "shop_section_id", _named("title")),
    "production_partner": ("production-partners", "production_partner_id", _named("partner_name")),
}
