"""Tags, materials and styles as Etsy takes them (FACTS §5)."""

from collections.abc import Iterable, Sequence

import regex

from etsy_pipeline.listings.characters import one_line, refused
from etsy_pipeline.listings.rules import verdict
from etsy_pipeline.listings.title import shortened
from etsy_pipeline.listings.verdict import Verdict

TAGS, TAG_LENGTH = 13, 20
MATERIALS = 13
STYLES, STYLE_LENGTH = 2, 45

_NOT_IN_TAGS = regex.compile(r"[^\p{L}\p{Nd}\p{Zs}\-'™©®]")
_NOT_IN_MATERIALS = regex.compile(r"[^\p{L}\p{Nd}\p{Zs}]")  # styles likewise

Texts = tuple[str, ...]


def tags(values: Iterable[str], *, truncate: bool = False) -> tuple[Texts, list[Verdict]]:
    """Tags without repetitions (in any case)."""
    kept, repeated = _unique(values)
    found = [verdict("tag_repeated", tag=tag) for tag in repeated]
    if truncate:
        kept, cut = _cut(kept)
        found += cut
    if len(kept) > TAGS:
        found.append(verdict("too_many_tags", count=len(kept), limit=TAGS))
    for tag in kept:
        if len(tag) > TAG_LENGTH:
            found.append(verdict("tag_too_long", tag=tag, length=len(tag), limit=TAG_LENGTH))
        if bad := refused(_NOT_IN_TAGS, tag):
            found.append(verdict("tag_forbidden_characters", tag=tag, characters=bad))
    return kept, found


def materials(values: Iterable[str]) -> tuple[Texts, list[Verdict]]:
    """Materials without repetitions; saying one twice changes nothing, so it is not told."""
    kept, _ = _unique(values)
    found = [verdict("too_many_materials", count=len(kept), limit=MATERIALS)] if len(kept) > MATERIALS else []
    found += [
        verdict("material_forbidden_characters", material=material, characters=bad)
        for material in kept
        if (bad := refused(_NOT_IN_MATERIALS, material))
    ]
    return kept, found


def styles(values: Iterable[str]) -> tuple[Texts, list[Verdict]]:
    """Styles without repetitions."""
    kept, _ = _unique(values)
    found = [verdict("too_many_styles", count=len(kept), limit=STYLES)] if len(kept) > STYLES else []
    for style in kept:
        if len(style) > STYLE_LENGTH:
            found.append(verdict("style_too_long", style=style, length=len(style), limit=STYLE_LENGTH))
        if bad := refused(_NOT_IN_MATERIALS, style):
            found.append(verdict("style_forbidden_characters", style=style, characters=bad))
    return kept, found


def _cut(values: Texts) -> tuple[Texts, list[Verdict]]:
    """Tags of at most 20 characters, and at most 13 of them; what was cut is told."""
    short = {tag: shortened(tag, TAG_LENGTH) for tag in values}
    found = [verdict("tag_truncated", tag=tag, kept=kept) for tag, kept in short.items() if tag != kept]
    kept, _ = _unique(short.values())
    if dropped := kept[TAGS:]:
        found.append(verdict("tags_dropped", dropped=", ".join(dropped), count=len(kept), limit=TAGS))
    return kept[:TAGS], found


def _unique(values: Iterable[str]) -> tuple[Texts, Sequence[str]]:
    kept: dict[str, str] = {}
    repeated = []
    for value in filter(None, map(one_line, values)):
        if value.casefold() in kept:
            repeated.append(value)
        else:
            kept[value.casefold()] = value
    return tuple(kept.values()), repeated
