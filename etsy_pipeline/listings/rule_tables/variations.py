"""Rules on variants, their options and their SKUs."""

from etsy_pipeline.listings.rule_tables.rule import MISSION, Rule

VARIATIONS: dict[str, Rule] = {
    "no_variants": Rule("error", "variants", "The product has no variant.", "Add at least one variant.", MISSION),
    "too_many_variations": Rule(
        "error", "variations", "The product varies by {count} options ({options}); at most {limit} are published.",
        "Merge options.", "FACTS §7",
    ),
    "third_variation_custom": Rule(
        "error", "variations",
        "The options {options} are none of the category's own properties; Etsy takes two such options, a third not.",
        "Merge two of them, or name one as Etsy does and use the values that Etsy lists for the category.", "FACTS §7",
    ),
    "variation_name_missing": Rule(
        "error", "variations", "An option of the product has no name.", "Name it in Medusa.", "FACTS §7",
    ),
    "variation_name_too_long": Rule(
        "warning", "variations", "The option {option!r} has {length} characters; Etsy may refuse more than {limit}.",
        "Shorten it in Medusa.", "own (reported of Etsy; not in FACTS)",
    ),
    "variation_values_too_many": Rule(
        "error", "variations", "The option {option!r} has {count} values; Etsy takes at most {limit}.",
        "Split the product.", "FACTS §7",
    ),
    "variation_value_forbidden": Rule(
        "error", "variations", "{value!r} has parentheses, which Etsy refuses in variations.",
        "Rename it.", "FACTS §7",
    ),
    "variation_value_repeated": Rule(
        "error", "variations", "The values {values} of the option {option!r} differ in capitals only.",
        "Give all variants the same spelling.", "FACTS §7 (duplicates; strict)",
    ),
    "variation_value_too_long": Rule(
        "warning", "variations",
        "The option value {value!r} has {length} characters; Etsy may refuse more than {limit}.",
        "Shorten it.", "own (limit not in FACTS)",
    ),
    "variation_value_missing": Rule(
        "error", "variations", "{variant} has no value for the option {option!r}.", "Complete the variant.", "FACTS §7",
    ),
    "variation_repeated": Rule(
        "error", "variations", "The combination {values} is there more than once.", "Remove a variant.", "FACTS §7",
    ),
    "variants_alike": Rule(
        "error", "variations", "The product has {count} variants, and no option tells them apart.",
        "Give them an option with a value each, or remove all but one.", "FACTS §7",
    ),
    "variation_left_out": Rule(
        "warning", "variations", "The option {option!r} has one value, {value!r}; with it Etsy would refuse the product, "
        "and it is left out.", "Nothing need be done; or remove the option in Medusa.", "FACTS §7",
    ),
    "too_many_offerings": Rule(
        "error", "variations", "The options make {count} combinations; Etsy takes at most {limit}{where}.",
        "Split the product.", "FACTS §7",
    ),
    "sku_repeated": Rule(
        "warning", "sku", "The SKU {sku!r} stands at more than one variant.", "Give each its own.", "own",
    ),
    "sku_too_long": Rule(
        "warning", "sku", "The SKU {sku!r} has {length} characters; Etsy may refuse more than {limit}.",
        "Shorten it.", "own (limit not in FACTS)",
    ),
    "sku_of_another_product": Rule(
        "warning", "sku", "The SKU {sku!r} stands at the product {other}, too.", "Give each its own.", "own",
    ),
}  # fmt: skip
