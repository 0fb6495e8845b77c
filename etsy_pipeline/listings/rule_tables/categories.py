"""Rules on Etsy's category of a product, and the attributes that come with it."""

from etsy_pipeline.listings.rule_tables.rule import Rule

CATEGORIES: dict[str, Rule] = {
    "taxonomy_missing": Rule(
        "error", "taxonomy_id", "No Etsy category is known for the product.",
        "Set metadata etsy_taxonomy_id (of the product or its Medusa category), map its category, type or collection with "
        "by_category, or set default_taxonomy_id.", "spec: required",
    ),
    "groups_not_told": Rule(
        "error", "product", "Medusa did not tell {missing}, and the shop has rules by category, type and collection.",
        "Let the API key's role read product categories, types and collections, then sync again.",
        "own (by_category, taxonomy_by_category, section_by_category)",
    ),
    "taxonomy_malformed": Rule(
        "error", "taxonomy_id", "The Etsy category {value!r} is not the number of a category.",
        "Correct metadata etsy_taxonomy_id, of the product or of its Medusa category.", "spec",
    ),
    "taxonomy_unknown": Rule(
        "error", "taxonomy_id", "Etsy has no category {value}.", "Choose one from Etsy's list of them.", "FACTS §7",
    ),
    "taxonomy_property_required": Rule(
        "warning", "taxonomy_id", "The category {taxonomy_id} asks for {properties}, which nothing here sets.",
        "Vary by it, set it on Etsy after the listing is there, or choose another category.", "FACTS §6",
    ),
    "attributes_unreadable": Rule(
        "error", "attributes", "Which attributes the category {taxonomy_id} has could not be read from Etsy.",
        "Plan again later.", "own (else an update would take attributes away)",
    ),
    "attribute_unknown": Rule(
        "warning", "attributes", "The category has no attribute {attribute!r}; near it are: {nearest}.",
        "Correct metadata etsy_attributes, or the setting attributes.", "LISTING_EXTRAS §3",
    ),
    "attribute_value_unknown": Rule(
        "warning", "attributes", "Etsy lists no {attribute} {value!r}; near it are: {nearest}.",
        "Name one of Etsy's in metadata etsy_attributes, or in the setting attributes.", "LISTING_EXTRAS §3",
    ),
    "attribute_values_too_many": Rule(
        "warning", "attributes", "Of {attribute} Etsy takes at most {limit}; these are left out: {dropped}.",
        "Choose with metadata etsy_attributes.", "LISTING_EXTRAS §3 (max_values_allowed)",
    ),
    "attribute_value_unsendable": Rule(
        "warning", "attributes", "Etsy's own {attribute} {values} cannot be sent: it has a comma or parentheses.",
        "Set it in Etsy's Shop Manager.", "spec",
    ),
    "attribute_scale_missing": Rule(
        "warning", "attributes", "Of which scale is {attribute} {value!r}? There are: {scales}.",
        'Add its name to the value, as in "38 EU", in metadata etsy_attributes.', "LISTING_EXTRAS §3 (scales)",
    ),
    "attribute_free": Rule(
        "warning", "attributes", "Etsy lists no values for {attribute}; whether it takes any over its API is not known.",
        "Set it in Etsy's Shop Manager, or try with the setting attributes.free.", "LISTING_EXTRAS §3",
    ),
    "attribute_refused": Rule(
        "warning", "attributes", "Left out, for Etsy refuses it for now: {attributes} ({why}).",
        "Nothing need be done: it is tried again a day later. Or set it in Etsy's Shop Manager.", "LISTING_EXTRAS §3",
    ),
    "too_many_attributes": Rule(
        "warning", "attributes", "There are {count} attributes; {limit} are sent, without: {dropped}.",
        "Raise attributes.most in the shop's settings; each is a call.", "own (setting attributes.most)",
    ),
}  # fmt: skip
