"""The table of rules: every finding a product can get, with its words. A verdict is always made from a row of it.

FACTS is docs/etsy-facts.md. Where it calls something uncertain, the strict reading is the rule.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple

from etsy_pipeline.listings.rates import RATES_OF
from etsy_pipeline.listings.verdict import Severity, Verdict


class Rule(NamedTuple):
    """One row. `message` is filled in with `str.format`; it names the value and the limit."""

    severity: Severity
    field: str
    message: str
    hint: str
    source: str


MISSION = "the project's brief"
LONGEST_SHOWN = 200  # characters of a value in a message: enough to recognise it
MOST_SHOWN = 50  # of several values

RULES: dict[str, Rule] = {
    "title_missing": Rule("error", "title", "The title is empty.", "Give the product a title.", "spec: required"),
    "title_too_long": Rule(
        "error", "title", "The title has {length} characters; Etsy takes at most {limit}.",
        "Shorten it, set metadata etsy_title, or have it cut at a word (setting truncate_title).", MISSION,
    ),
    "title_truncated": Rule(
        "warning", "title", "The title has {length} characters; {limit} are sent, without {cut!r}.",
        "Shorten it in Medusa, or set metadata etsy_title.", "own (setting truncate_title)",
    ),
    "title_forbidden_characters": Rule(
        "error", "title", "The title has characters that Etsy refuses: {characters}.",
        "Remove them, set metadata etsy_title, or have them taken out (setting title_unfit=clean).", "FACTS §5",
    ),
    "title_repeated_symbol": Rule(
        "error", "title", "The title has {symbol} {count} times; Etsy takes it once.",
        "Replace the others with words, set metadata etsy_title, or have them taken out (setting title_unfit=clean).",
        "FACTS §5",
    ),
    "title_cleaned": Rule(
        "warning", "title", "The title {given!r} has characters that Etsy refuses; {sent!r} is sent.",
        "Correct it in Medusa, or set metadata etsy_title.", "own (setting title_unfit)",
    ),
    "title_capitals": Rule(
        "warning", "title", "{count} words of the title are all capitals ({words}); Etsy may refuse more than {limit}.",
        "Write them small, or set metadata etsy_title.", "own (reported of Etsy; not in FACTS)",
    ),
    "title_first_character": Rule(
        "warning", "title", "The title begins with {character}; Etsy may refuse what is no letter or digit there.",
        "Begin with a word, or set metadata etsy_title.", "own (reported of Etsy; not in FACTS)",
    ),
    "invisible_characters": Rule(
        "warning", "text", "The {where} has characters that cannot be seen ({characters}); it is sent without them.",
        "Nothing need be done; they come with copied text.", "own",
    ),
    "title_contains_html": Rule(
        "warning", "title", "The title has HTML in it: {text}.", "Remove the tags, or set metadata etsy_title.", "own",
    ),
    "description_missing": Rule(
        "warning", "description", "There is no description; the title stands in for it.",
        "Write a description.", MISSION,
    ),
    "description_too_long": Rule(
        "error", "description", "The description has {length} characters; at most {limit} are sent.",
        "Shorten it, or set metadata etsy_description.", "own (no limit found, FACTS §16)",
    ),
    "description_addresses": Rule(
        "warning", "description", "The description names addresses outside Etsy: {addresses}.",
        "Look whether Etsy's rules allow them there.", "own (Etsy's rules on selling elsewhere)",
    ),
    "too_many_tags": Rule(
        "error", "tags", "There are {count} tags; Etsy takes at most {limit}.",
        "Remove some, choose with metadata etsy_tags, or have 13 of them sent (setting tags_too_many=first).", MISSION,
    ),
    "tags_dropped": Rule(
        "warning", "tags", "There are {count} tags; {limit} are sent, without: {dropped}.",
        "Put the best first, name them in the setting tag_priority, or choose with metadata etsy_tags.",
        "own (setting tags_too_many)",
    ),
    "tag_too_long": Rule(
        "error", "tags", "The tag {tag!r} has {length} characters; Etsy takes at most {limit}.",
        "Shorten it, choose with metadata etsy_tags, or have it left out (setting tags_too_long=drop).", "FACTS §5",
    ),
    "tags_too_long_dropped": Rule(
        "warning", "tags", "Tags of more than {limit} characters are left out: {words}.",
        "Shorten them, choose with metadata etsy_tags, or have them cut (setting tags_too_long=cut).",
        "own (setting tags_too_long)",
    ),
    "tag_truncated": Rule(
        "warning", "tags", "Tags of more than {limit} characters are cut: {words}.",
        "Shorten them, or choose with metadata etsy_tags.", "own (settings tags_too_long, truncate_tags)",
    ),
    "tag_forbidden_characters": Rule(
        "error", "tags", "The tag {tag!r} has characters that Etsy refuses: {characters}.",
        "Remove them, choose with metadata etsy_tags, or have them taken out (setting tags_unfit=clean).", "FACTS §5",
    ),
    "tags_cleaned": Rule(
        "warning", "tags", "Tags with characters that Etsy refuses are sent without these: {words}.",
        "Correct them, choose with metadata etsy_tags, or leave them out (settings tags_left_out, tags_unfit=drop).",
        "own (setting tags_unfit)",
    ),
    "tags_unfit_dropped": Rule(
        "warning", "tags", "Tags that Etsy would refuse are left out: {words}.",
        "Correct them, or choose with metadata etsy_tags.", "own (setting tags_unfit)",
    ),
    "tags_left_out": Rule(
        "warning", "tags", "Tags that the shop's settings leave out: {words}.",
        "Nothing need be done; or change the setting tags_left_out.", "own (setting tags_left_out)",
    ),
    "tag_repeated": Rule(
        "warning", "tags", "Tags that are there more than once are sent once: {tags}.", "Remove one of each.", "own",
    ),
    "too_many_materials": Rule(
        "error", "materials", "There are {count} materials; at most {limit} are sent.",
        "Choose with metadata etsy_materials, or have 13 of them sent (setting materials_too_many=first).",
        "FACTS §5 (count uncertain: strict)",
    ),
    "materials_dropped": Rule(
        "warning", "materials", "There are {count} materials; {limit} are sent, without: {dropped}.",
        "Put the main ones first, or choose with metadata etsy_materials.", "own (setting materials_too_many)",
    ),
    "material_forbidden_characters": Rule(
        "error", "materials", "The material {material!r} has characters that Etsy refuses: {characters}.",
        "Use letters, digits and spaces only, or have the others taken out (setting materials_unfit=clean).", "FACTS §5",
    ),
    "materials_cleaned": Rule(
        "warning", "materials", "Materials with characters that Etsy refuses are sent without these: {words}.",
        "Correct them, or choose with metadata etsy_materials.", "own (setting materials_unfit)",
    ),
    "materials_unfit_dropped": Rule(
        "warning", "materials", "Materials that Etsy would refuse are left out: {words}.",
        "Correct them, or choose with metadata etsy_materials.", "own (setting materials_unfit)",
    ),
    "materials_left_out": Rule(
        "warning", "materials", "Materials that the shop's settings leave out: {words}.",
        "Nothing need be done; or change the setting materials_left_out.", "own (setting materials_left_out)",
    ),
    "too_many_styles": Rule(
        "error", "styles", "There are {count} styles; Etsy takes at most {limit}.",
        "Choose with metadata etsy_styles.", "FACTS §5",
    ),
    "style_too_long": Rule(
        "error", "styles", "The style {style!r} has {length} characters; Etsy takes at most {limit}.",
        "Shorten it.", "FACTS §5",
    ),
    "style_forbidden_characters": Rule(
        "error", "styles", "The style {style!r} has characters that Etsy refuses: {characters}.",
        "Use letters, digits and spaces only.", "FACTS §5",
    ),
    "taxonomy_missing": Rule(
        "error", "taxonomy_id", "No Etsy category is known for the product.",
        "Set metadata etsy_taxonomy_id, map its Medusa category, or set default_taxonomy_id.", "spec: required",
    ),
    "taxonomy_malformed": Rule(
        "error", "taxonomy_id", "The Etsy category {value!r} is not the number of a category.",
        "Correct metadata etsy_taxonomy_id.", "spec",
    ),
    "taxonomy_unknown": Rule(
        "error", "taxonomy_id", "Etsy has no category {value}.", "Choose one from Etsy's list of them.", "FACTS §7",
    ),
    "taxonomy_property_required": Rule(
        "warning", "taxonomy_id", "The category {taxonomy_id} asks for {properties}, which nothing here sets.",
        "Vary by it, set it on Etsy after the listing is there, or choose another category.", "FACTS §6",
    ),
    "no_variants": Rule("error", "variants", "The product has no variant.", "Add at least one variant.", MISSION),
    "price_currency_missing": Rule(
        "error", "price", "{variant} has no price in {currency}, the shop's currency (it has: {present}).",
        "Add a price in that currency in Medusa.", "FACTS §9",
    ),
    "price_not_positive": Rule(
        "error", "price", "{variant} costs {price}; a price must be above zero.", "Correct the price.", MISSION,
    ),
    "price_out_of_range": Rule(
        "error", "price", "{variant} costs {price} {currency}; between {lowest} and {highest} are taken.",
        "Correct the price or the shop's price rule.",
        "FACTS §5 (bounds uncertain: those commonly quoted, in US dollars; in other currencies ten times as wide)",
    ),
    "price_near_bound": Rule(
        "warning", "price",
        "{variant} costs {price} {currency}; Etsy may refuse less than about {lowest} and more than about {highest}.",
        "Correct the price, or set price.floor or price.ceiling in the shop's settings.",
        f"FACTS §5 (0.20 and 50,000 US dollars, at rough rates of {RATES_OF})",
    ),
    "price_raised_to_floor": Rule(
        "warning", "price", "{variant} would cost {price}; the shop's floor of {floor} is sent.",
        "Correct the price, or price.floor in the shop's settings.", "own (setting price.floor)",
    ),
    "price_lowered_to_ceiling": Rule(
        "warning", "price", "{variant} would cost {price}; the shop's ceiling of {ceiling} is sent.",
        "Correct the price, or price.ceiling in the shop's settings.", "own (setting price.ceiling)",
    ),
    "price_too_precise": Rule(
        "error", "price", "{variant} costs {price}, which {currency} cannot say.",
        "Set price.rounding to nearest, or correct the price.", "ISO 4217",
    ),
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
    "handle_repeated": Rule(
        "warning", "handle", "The product {other} has the same handle, {handle!r}.",
        "Look whether both are the same product.", "own",
    ),
    "who_made_invalid": Rule(
        "error", "who_made", "who_made is {value!r}; it must be i_did, someone_else or collective.",
        "Correct metadata etsy_who_made.", "spec",
    ),
    "when_made_invalid": Rule(
        "error", "when_made", "when_made is {value!r}, which Etsy does not know.",
        "Use made_to_order, or a range such as 2010_2019; in January, see the setting when_made_year.", "spec, FACTS §5",
    ),
    "metadata_unusable": Rule(
        "warning", "metadata", "Metadata {key} is {value!r} where {wanted} is expected; it is not used.",
        "Correct or remove it in Medusa.", "own",
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
        "Correct shop_section or section_by_category in the shop's settings, or metadata etsy_shop_section.",
        "FACTS §6 (a stale section fails the whole update)",
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
    "image_address_unusable": Rule(
        "warning", "images", "The picture {url!r} has no http or https address; it is left out.",
        "Upload the picture again in Medusa.", "own",
    ),
    "no_images": Rule(
        "warning", "images", "There is no picture: the listing stays a draft.", "Add one in Medusa.", "FACTS §6",
    ),
    "too_many_images": Rule(
        "warning", "images", "There are {count} pictures; the first {limit} are sent.", "Put the best first.", "FACTS §8",
    ),
    "alt_text_shortened": Rule(
        "warning", "images", "The text of a picture has {length} characters; Etsy takes at most {limit}, cut at a word.",
        "Shorten alt_text_template in the shop's settings.", "FACTS §8",
    ),
    "gift_card": Rule(
        "error", "product", "The product is a gift card of the Medusa shop; it cannot be redeemed on Etsy.",
        "Leave it out of the shop's selection.", "own",
    ),
    "download_files_missing": Rule(
        "warning", "type", "A download's files cannot be sent by this project: the listing stays a draft.",
        "Add the files in Etsy's Shop Manager, then publish it there.", "FACTS §6",
    ),
    "download_with_variations": Rule(
        "error", "type", "The product is a download with {count} variants; Etsy takes one.",
        "Make it one product a variant, or physical.", "FACTS §6",
    ),
    "personalization_invalid": Rule(
        "error", "personalization", "The question {question!r} cannot be asked: {problem}.",
        "Correct personalization in the shop's settings, or metadata etsy_personalization.", "spec",
    ),
    "too_many_questions": Rule(
        "error", "personalization", "There are {count} questions; Etsy takes at most {limit}.", "Remove some.", "FACTS §5",
    ),
    "eu_guarantee_too_long": Rule(
        "error", "eu_guarantee", "{name} has {length} characters; Etsy takes at most {limit}.", "Shorten it.", "spec",
    ),
    "eu_guarantee_years": Rule(
        "error", "eu_guarantee", "ecgt_garan_years is {years!r}; whole years from {fewest} to {most} are taken.",
        "Correct it, or leave the guarantee out.", "spec",
    ),
    "eu_guarantee_incomplete": Rule(
        "error", "eu_guarantee", "The EU guarantee lacks {missing}; Etsy takes brand, model, details and years together.",
        "Complete it, or leave it out.", "spec",
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


def verdict(code: str, **values: object) -> Verdict:
    """The finding of a rule, with the values that its message names."""
    rule = RULES[code]
    return Verdict(code, rule.severity, rule.field, rule.message.format(**_shown(values)), rule.hint)


def gathered(found: Iterable[Verdict], most: int) -> list[Verdict]:
    """The first few findings of each rule, the last of them saying how many more there are."""
    by_code: dict[str, list[Verdict]] = {}
    for item in found:
        by_code.setdefault(item.code, []).append(item)
    kept = []
    for items in by_code.values():
        *first, last = items[:most]
        more = len(items) - most
        kept += [*first, replace(last, message=f"{last.message} ({more} more likewise)") if more > 0 else last]
    return kept


def _shown(values: Mapping[str, object]) -> dict[str, object]:
    """Values as a message can show them: on one line, not too long, without what a database refuses."""
    return {name: _short(value) for name, value in values.items()}


def _short(value: object) -> object:
    if isinstance(value, tuple):
        more = f" and {len(value) - MOST_SHOWN} more" if len(value) > MOST_SHOWN else ""
        return ", ".join(str(_short(item)) for item in value[:MOST_SHOWN]) + more
    try:
        text = str(value)
    except ValueError:  # Python writes no whole numbers of more than 4300 digits
        return "a very long number"
    if isinstance(value, int | Decimal) and len(text) <= LONGEST_SHOWN:
        return value
    visible = "".join(item if item.isprintable() else "\N{REPLACEMENT CHARACTER}" for item in text[: LONGEST_SHOWN + 1])
    return visible if len(visible) <= LONGEST_SHOWN else visible[:LONGEST_SHOWN] + "…"
