"""For what keeps products off Etsy: what the whole shop lacks, and the setting that would help. Pure.

A setting that helps changes no product that is valid already: it only says what is done with what Etsy would refuse.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple


class Remedy(NamedTuple):
    """A setting that helps, in the words of a button; `value` is the one that does, as it is typed, if there is one."""

    setting: str
    does: str
    value: str | None = None


OF_THE_SHOP: Mapping[str, str] = {
    "shipping_profile_missing": "a shipping profile",
    "processing_profile_missing": "a processing profile",
    "return_policy_required": "a return policy",
    "shop_not_scanned": "a look through the shop",
    "listing_may_exist": "a decision: they may be on Etsy already",
}
"""Rule → what products wait for that are in order themselves; it is told once, for all of them."""

REMEDIES: Mapping[str, Remedy] = {
    "shipping_profile_missing": Remedy("shipping_profile", "Choose the shipping profile"),
    "shipping_profile_unknown": Remedy("shipping_profile", "Choose the shipping profile"),
    "processing_profile_missing": Remedy("processing_profile", "Choose the processing profile"),
    "processing_profile_unknown": Remedy("processing_profile", "Choose the processing profile"),
    "return_policy_required": Remedy("return_policy", "Choose the return policy"),
    "return_policy_unknown": Remedy("return_policy", "Choose the return policy"),
    "taxonomy_missing": Remedy("default_taxonomy_id", "Choose a category for products that name none"),
    "title_too_long": Remedy("truncate_title", "Cut long titles at a word", "true"),
    "title_forbidden_characters": Remedy("title_unfit", "Take out what Etsy refuses in titles", "clean"),
    "title_repeated_symbol": Remedy("title_unfit", "Take out what Etsy refuses in titles", "clean"),
    "too_many_tags": Remedy("tags_too_many", "Send the first 13 tags", "first"),
    "tag_too_long": Remedy("tags_too_long", "Leave out tags that are too long", "drop"),
    "tag_forbidden_characters": Remedy("tags_unfit", "Take out what Etsy refuses in tags", "clean"),
    "too_many_materials": Remedy("materials_too_many", "Send the first 13 materials", "first"),
    "material_forbidden_characters": Remedy("materials_unfit", "Take out what Etsy refuses in materials", "clean"),
    "price_too_precise": Remedy("price.rounding", "Round prices to the currency's decimals", "nearest"),
}
"""Rule → the setting with which the products that it speaks of can be listed."""

STEPS: Mapping[str, Literal["profiles", "categories"]] = {
    "shipping_profile": "profiles",
    "processing_profile": "profiles",
    "return_policy": "profiles",
    "default_taxonomy_id": "categories",
}
"""Settings without a value that helps: the step of set-up in which the shop's owner chooses one."""
