"""Titles, descriptions and tags in other languages, from a product's metadata (LISTING_EXTRAS §5).

A translation is optional: one that Etsy would refuse is left out and told, and keeps no product off Etsy.
"""

import re
from collections.abc import Iterable
from dataclasses import replace

from etsy_pipeline.listings.characters import unescaped, visible_lines
from etsy_pipeline.listings.description import description, plain_text
from etsy_pipeline.listings.listing import Translation
from etsy_pipeline.listings.metadata import Metadata
from etsy_pipeline.listings.rules import verdict
from etsy_pipeline.listings.tags import tags
from etsy_pipeline.listings.text_settings import TextSettings
from etsy_pipeline.listings.title import title
from etsy_pipeline.listings.verdict import Verdict

LANGUAGES = ("de", "en", "es", "fr", "it", "ja", "nl", "pl", "pt")  # those that Etsy's document names
_KEY = re.compile(r"etsy_(?:title|description|tags)_([A-Za-z]{2}(?:[-_][A-Za-z]{2,4})?)")  # de; not DE, nor pt-br


def names_translations(metadata: Iterable[str]) -> bool:
    """Whether a product's metadata, by their keys, have texts in other languages."""
    return any(_KEY.fullmatch(key) for key in metadata if key.startswith("etsy_"))


def translations(
    metadata: Metadata, keys: Iterable[str], settings: TextSettings, primary: str
) -> tuple[tuple[Translation, ...], list[Verdict]]:
    """The translations of a product, in the order of their languages.

    Args:
        metadata: the product's: etsy_title_de, etsy_description_de, etsy_tags_de.
        keys: of the metadata.
        settings: the shop's, for characters and lengths.
        primary: the shop's own language, two letters; empty where it is not known.
    """
    kept: list[Translation] = []
    found: list[Verdict] = []
    for language in sorted({match[1] for key in keys if (match := _KEY.fullmatch(key))}):
        made, told = _translation(metadata, language, settings, primary)
        kept += [made] if made else []
        found += [replace(item, field=f"translations.{language}") for item in told]
    return tuple(kept), found


def _translation(
    metadata: Metadata, language: str, settings: TextSettings, primary: str
) -> tuple[Translation | None, list[Verdict]]:
    keys = {name: f"etsy_{name}_{language}" for name in ("title", "description", "tags")}
    if not metadata.has(set(keys.values())):
        return None, []
    if language not in LANGUAGES:
        return None, [verdict("translation_language_unknown", language=language, known=LANGUAGES)]
    if language == primary:
        return None, [verdict("translation_primary_language", language=language)]
    texts = {name: metadata.text(keys[name]) for name in ("title", "description")}
    if missing := tuple(keys[name] for name, text in texts.items() if not text):
        return None, [verdict("translation_incomplete", language=language, missing=missing)]
    name, found = title(unescaped(texts["title"] or ""), settings)
    body, _ = visible_lines(plain_text(texts["description"] or ""))
    text, told = description(body.strip(), name)
    words, of_tags = tags(metadata.texts(keys["tags"]), settings)
    found = [*found, *told, *of_tags]
    if wrong := [item.message for item in found if item.severity == "error"]:
        return None, [verdict("translation_unfit", language=language, problems=" ".join(wrong))]
    translation = Translation(language, name, text, words)
    return translation, [replace(item, message=f"In {language}: {item.message}") for item in found]
