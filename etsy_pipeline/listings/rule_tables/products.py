"""Rules on a product as a whole."""

from etsy_pipeline.listings.rule_tables.rule import Rule

PRODUCTS: dict[str, Rule] = {
    "handle_repeated": Rule(
        "warning", "handle", "The product {other} has the same handle, {handle!r}.",
        "Look whether both are the same product.", "own",
    ),
    "metadata_unusable": Rule(
        "warning", "metadata", "Metadata {key} is {value!r} where {wanted} is expected; it is not used.",
        "Correct or remove it in Medusa.", "own",
    ),
    "gift_card": Rule(
        "error", "product", "The product is a gift card of the Medusa shop; it cannot be redeemed on Etsy.",
        "Leave it out of the shop's selection.", "own",
    ),
    "listing_may_exist": Rule(
        "error", "listing", "It may be on Etsy already: {listing} ({kind}: {why}).",
        "Run `etsy-pipeline links candidates ACCOUNT`, then attach it, ignore the listing, or create it anyway.", "own",
    ),
    "shop_not_scanned": Rule(
        "error", "listing", "Whether the shop has a listing of it already is not known: {scan}.",
        "Run `etsy-pipeline shop scan ACCOUNT`, then plan again.", "own (setting scan_max_age_hours)",
    ),
}  # fmt: skip
