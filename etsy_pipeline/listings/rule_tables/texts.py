"""Rules on what buyers read: title, description, tags, materials, styles, translations, questions, guarantee."""

from etsy_pipeline.listings.rule_tables.rule import MISSION, Rule

TEXTS: dict[str, Rule] = {
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
    "tags_none_left": Rule(
        "warning", "tags", "None of the product's tags can be sent: the listing has none.",
        "Give it tags of at most 20 characters, or choose with metadata etsy_tags.",
        "own (settings tags_too_long, tags_unfit)",
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
}  # fmt: skip
