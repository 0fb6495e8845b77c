"""Rules on what the shop chose: origin, profiles, policies, sections, production partners."""

from etsy_pipeline.listings.rule_tables.rule import Rule

SHOPS: dict[str, Rule] = {
    "who_made_invalid": Rule(
        "error", "who_made", "who_made is {value!r}; it must be i_did, someone_else or collective.",
        "Correct metadata etsy_who_made.", "spec",
    ),
    "when_made_invalid": Rule(
        "error", "when_made", "when_made is {value!r}, which Etsy does not know.",
        "Use made_to_order, or a range such as 2010_2019; in January, see the setting when_made_year.", "spec, FACTS §5",
    ),
    "shipping_profile_missing": Rule(
        "error", "shipping_profile", "No shipping profile is set for the product.",
        "Run `etsy-pipeline accounts configure ACCOUNT --choices`, then --set shipping_profile=….", "FACTS §5",
    ),
    "shipping_profile_unknown": Rule(
        "error", "shipping_profile", "The shop has no single shipping profile {wanted!r}; it has: {present}.",
        "Correct shipping_profile in the shop's settings, or metadata etsy_shipping_profile.", "FACTS §9",
    ),
    "processing_profile_missing": Rule(
        "error", "processing_profile", "No processing profile (readiness state) is set for the product.",
        "Run `etsy-pipeline accounts configure ACCOUNT --choices`, then --set processing_profile=….", "FACTS §0.6",
    ),
    "processing_profile_unknown": Rule(
        "error", "processing_profile", "The shop has no single processing profile {wanted!r}; it has: {present}.",
        "Correct processing_profile in the shop's settings, or metadata etsy_processing_profile.", "FACTS §9",
    ),
    "return_policy_missing": Rule(
        "warning", "return_policy", "No return policy is set for the product; Etsy needs one outside the EU to show it.",
        "Run `etsy-pipeline accounts configure ACCOUNT --choices`, then --set return_policy=….", "FACTS §5",
    ),
    "return_policy_required": Rule(
        "error", "return_policy", "No return policy is set for the product; Etsy needs one for shops in {country}.",
        "Run `etsy-pipeline accounts configure ACCOUNT --choices`, then --set return_policy=….", "FACTS §5",
    ),
    "return_policy_unknown": Rule(
        "error", "return_policy", "The shop has no single return policy {wanted!r}; it has: {present}.",
        "Correct return_policy in the shop's settings, or metadata etsy_return_policy.", "FACTS §9",
    ),
    "shop_section_unknown": Rule(
        "error", "shop_section", "The shop has no single section {wanted!r}; it has: {present}.",
        "Correct shop_section, section_by_category or by_category in the shop's settings, or metadata "
        "etsy_shop_section; or have it made (setting make_sections).",
        "FACTS §6 (a stale section fails the whole update)",
    ),
    "shop_section_new_not_permitted": Rule(
        "error", "shop_section", "The section {title!r} has to be made, and the shop is connected without shops_w.",
        "Add shops_w to ETSY_SCOPE and connect the shop again, or make the section in Etsy's Shop Manager.", "spec",
    ),
    "shop_section_too_long": Rule(
        "error", "shop_section", "The new section {title!r} has {length} characters; at most {limit} are sent.",
        "Give it a shorter name in section_by_category, or in metadata etsy_shop_section.",
        "LISTING_EXTRAS §6 (limit uncertain)",
    ),
    "shop_sections_full": Rule(
        "error", "shop_section", "The section {title!r} has to be made, and the shop has {count}; Etsy takes {limit}.",
        "Choose one that is there (section_by_category, metadata etsy_shop_section), or delete one on Etsy.",
        "LISTING_EXTRAS §6",
    ),
    "production_partner_unknown": Rule(
        "error", "production_partners", "The shop has no single production partner {wanted!r}; it has: {present}.",
        "Correct production_partners in the shop's settings. Partners are made in Etsy's Shop Manager.", "FACTS §5",
    ),
    "production_partners_missing": Rule(
        "error", "production_partners",
        "who_made is someone_else, which Etsy takes for new things only with production partners.",
        "Set production_partners in the shop's settings.", "FACTS §5",
    ),
}  # fmt: skip
