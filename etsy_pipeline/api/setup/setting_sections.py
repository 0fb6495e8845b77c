"""Where each setting of a shop stands in the form, and what the fields of its records are called."""

from collections.abc import Mapping, Sequence

SECTIONS: Mapping[str, Sequence[str]] = {
    "Profiles and policies": ("shipping_profile", "processing_profile", "return_policy", "production_partners"),
    "Categories and sections": (
        "default_taxonomy_id", "taxonomy_by_category", "by_category", "shop_section", "section_by_category",
        "section_from", "make_sections", "attributes",
    ),
    "What is sold": ("selection", "stock_locations", "in_no_sales_channel", "deactivate_removed", "quantity"),
    "Price": ("price", "price_lists", "price_tax"),
    "Titles and descriptions": ("title", "description", "truncate_title", "translations", "alt_text_template"),
    "Tags and materials": ("tag", "extra_tags", "truncate_tags", "materials", "styles"),
    "About the things": (
        "who_made", "when_made", "is_", "type", "personalization", "eu_guarantee", "weight_unit", "dimensions_unit",
    ),
    "Pictures and variations": (
        "thumbnail_first", "broken_images", "image_check", "variation", "use_standard_properties",
    ),
    "Publishing": (
        "publish_as", "should_auto_renew", "renew", "schedule_enabled", "create_first", "changed_while_waiting",
        "same_refusal_limit",
    ),
    "Plans and approval": ("brakes", "approval", "early_confirm", "check_live", "scan"),
    "Listings that somebody else changes": ("ownership", "adopted", "on_conflict"),
}  # fmt: skip
"""Settings by the beginnings of their names; the longest one that fits decides. What none names is under OTHERS."""
OTHERS = "Others"
OF_GROUPS = "Medusa's category, type or collection"
WORDS_OF_PAIRS: Mapping[str, tuple[str, str]] = {
    "by_category": (OF_GROUPS, ""),
    "section_by_category": (OF_GROUPS, "Section of the shop"),
    "taxonomy_by_category": (OF_GROUPS, "Number of Etsy's category"),
    "variation_properties": ("Option in Medusa", "Number of Etsy's property"),
    "attributes.by_option": ("Option in Medusa", "Attribute on Etsy"),
    "attributes.by_metadata": ("Key of the metadata", "Attribute on Etsy"),
    "eu_guarantee": ("Etsy's field", "What stands in it"),
    "price_tax.rates": ("Country", "Percent"),
    "ownership": ("Field of a listing", "Whose it is"),
}
"""What the two fields of a record are called: what it is for, and its value."""
