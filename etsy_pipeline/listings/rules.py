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
    "title_trimmed": Rule(
        "warning", "title", "The title {given!r} begins or ends with what only separates; {sent!r} is sent.",
        "Correct it in Medusa, or set metadata etsy_title.", "own",
    ),
    "title_capitals": Rule(
        "warning", "title", "{count} words of the title are all capitals ({words}); Etsy may refuse more than {limit}.",
        "Write them small, set metadata etsy_title, or have it done: title_unfit=clean.", "own (reported of Etsy; not in FACTS)",
    ),
    "title_first_character": Rule(
        "warning", "title", "The title begins with {character}; Etsy may refuse what is no letter or digit there.",
        "Begin with a word, set metadata etsy_title, or have it done: title_unfit=clean.", "own (reported of Etsy; not in FACTS)",
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
    "no_variants": Rule("error", "variants", "The product has no variant.", "Add at least one variant.", MISSION),
    "price_currency_missing": Rule(
        "error", "price", "{variant} has no price in {currency}, the shop's currency (it has: {present}).",
        "Add a price in that currency in Medusa, or have another one converted (setting price.convert).", "FACTS §9",
    ),
    "price_of_list": Rule(
        "warning", "price",
        "{variant} costs {listed} {currency} by the price list {list!r} ({type}); its plain price is {plain}.",
        "Nothing need be done; to send the plain price, set price_lists.override (or sale) to false.",
        "docs/medusa-facts.md §13",
    ),
    "price_list_left_out": Rule(
        "warning", "price",
        "By the price list {list!r} ({type}) {variant} costs {listed} {currency} in Medusa's shop; {price} is used.",
        "Nothing need be done; to send what the list says, set price_lists.sale (or override) to true.",
        "docs/medusa-facts.md §13",
    ),
    "price_lists_not_shown": Rule(
        "error", "price", "Medusa does not show its price lists: what customers pay is not known.",
        "Let the API key's role read price lists; or set price_lists.override and price_lists.sale to false.", "own",
    ),
    "price_converted": Rule(
        "warning", "price", "{variant} costs {price} {source}; at the shop's rate of {rate} that is {converted} {currency}.",
        "Look now and then whether price.convert.rate is still right.", "own (setting price.convert)",
    ),
    "price_without_tax": Rule(
        "error", "price",
        "{variant} costs {price} {currency} without tax, as Medusa says; in {country} prices are shown with it.",
        "Set price_tax.etsy_price=with_tax and price_tax.rates (EU=19, say); or as_medusa, which sends the amount as it "
        "is. Where the amounts are with tax, say so in Medusa (Settings → Store → Currencies).",
        "own (a net price is never sent unasked)",
    ),
    "price_tax_not_checked": Rule(
        "warning", "price",
        "{variant} has a price without tax; whether that can be sent was not checked, as Etsy did not say where the shop "
        "is. It is asked again before anything is published.",
        "Set price_tax.etsy_price, or plan again later.", "own (a net price is never sent unasked)",
    ),
    "price_tax_added": Rule(
        "warning", "price", "{variant} costs {price} {currency} without tax; with {rate} % it is {sent}.",
        "Nothing need be done; the rate is the setting price_tax.rates.", "own (setting price_tax)",
    ),
    "price_tax_taken_off": Rule(
        "warning", "price", "{variant} costs {price} {currency} with {rate} % tax; without it is {sent}.",
        "Nothing need be done; the rate is the setting price_tax.rates.", "own (setting price_tax)",
    ),
    "price_tax_rate_missing": Rule(
        "error", "price", "The price is to be sent {wanted}, and no rate of tax is set for {country}.",
        "Set price_tax.rates for the country, or for EU; or price_tax.etsy_price=as_medusa.", "own (setting price_tax)",
    ),
    "price_tax_unknown": Rule(
        "error", "price", "The price is to be sent {wanted}; Medusa does not say whether its prices are.",
        "Let the API key's role read price preferences; or set price_tax.etsy_price=as_medusa.",
        "own (setting price_tax)",
    ),
    "price_tax_not_shown": Rule(
        "warning", "price",
        "Medusa does not say whether its prices are with tax, as they are shown in {country}; they are sent as they are.",
        "Let the API key's role read price preferences; or set price_tax.etsy_price=as_medusa.", "own",
    ),
    "price_not_positive": Rule(
        "error", "price", "{variant} costs {price}; a price must be above zero.", "Correct the price.", MISSION,
    ),
    "price_out_of_range": Rule(
        "error", "price", "{variant} costs {price} {currency}; between {lowest} and {highest} are taken.",
        "Correct the price, or set price.floor or price.ceiling in the shop's settings.",
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
    "variation_images_unused": Rule(
        "warning", "variation_images", "Medusa has pictures of single values of {option}; none is linked on Etsy.",
        "Set variation_images.source to medusa to link them, or to none to leave it so.", "LISTING_EXTRAS §1",
    ),
    "variation_images_ambiguous": Rule(
        "warning", "variation_images",
        "The pictures of variants fit {options} equally well, and Etsy links one of them: none is linked.",
        "Name the option in variation_images.option.", "LISTING_EXTRAS §1 (one property)",
    ),
    "variation_images_option": Rule(
        "warning", "variation_images", "No value of {option} has a picture of its own: none is linked.",
        "Assign pictures in Medusa to all variants of a value, or correct variation_images.option.",
        "LISTING_EXTRAS §1 (one picture for a value)",
    ),
    "variation_images_left_out": Rule(
        "warning", "variation_images", "The pictures of {values} are not among the first 20, and are not linked.",
        "Put them further to the front, or remove others.", "LISTING_EXTRAS §1 (20 pictures in all)",
    ),
    "alt_text_shortened": Rule(
        "warning", "images", "The text of a picture has {length} characters; Etsy takes at most {limit}, cut at a word.",
        "Shorten alt_text_template in the shop's settings.", "FACTS §8",
    ),
    "gift_card": Rule(
        "error", "product", "The product is a gift card of the Medusa shop; it cannot be redeemed on Etsy.",
        "Leave it out of the shop's selection.", "own",
    ),
    "translation_language_unknown": Rule(
        "warning", "translations", "Etsy has no translations into {language!r}; it has: {known}.",
        "Correct the key of the metadata: etsy_title_de and the like.", "spec, LISTING_EXTRAS §5",
    ),
    "translation_primary_language": Rule(
        "warning", "translations", "{language} is the shop's own language, which is no translation; it is left out.",
        "Use etsy_title, etsy_description and etsy_tags for it.", "LISTING_EXTRAS §5 (#132)",
    ),
    "translation_incomplete": Rule(
        "warning", "translations", "The translation into {language} lacks {missing}; it is left out.",
        "Give it both a title and a description.", "spec: both required",
    ),
    "translation_unfit": Rule(
        "warning", "translations", "The translation into {language} is left out: {problems}",
        "Correct it in the product's metadata.", "as title, description and tags",
    ),
    "too_many_videos": Rule(
        "warning", "videos", "There are {count} videos; the first {limit} are sent.", "Put the best first.",
        "LISTING_EXTRAS §2",
    ),
    "video_unusable": Rule(
        "warning", "videos", "The video {url!r} is left out: it needs an http or https address that ends with {suffixes}.",
        "Correct metadata etsy_video.", "LISTING_EXTRAS §2 (kinds uncertain)",
    ),
    "videos_unreadable": Rule(
        "warning", "videos", "Metadata {key} is no address, nor a list of them; no video is sent.",
        "Correct it in Medusa.", "own",
    ),
    "too_many_files": Rule(
        "error", "files", "There are {count} files; Etsy takes at most {limit}.", "Pack some of them together.",
        "LISTING_EXTRAS §4 (Etsy's help)",
    ),
    "file_unusable": Rule(
        "error", "files", "File {number} has no name, or no http or https address.",
        "Correct metadata etsy_files: an address, or a list of addresses or of {url, name}.", "own",
    ),
    "file_name_repeated": Rule(
        "error", "files", "Several files are called {name!r}; a lost upload could not be found again.",
        "Give each its own name in metadata etsy_files.", "own",
    ),
    "files_of_no_download": Rule(
        "warning", "files", "Metadata etsy_files is not used: the product is no download, and a file would make it one.",
        "Set metadata etsy_type to download, or remove etsy_files.", "LISTING_EXTRAS §4",
    ),
    "download_files_missing": Rule(
        "warning", "type", "No files are known of the download: the listing stays a draft.",
        "Name them in metadata etsy_files; or add them in Etsy's Shop Manager, then publish it there.", "FACTS §6",
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
