"""Tags and materials as Etsy takes them (FACTS §5)."""

from collections.abc import Iterable

import regex

from etsy_pipeline.listings.characters import one_line, refused
from etsy_pipeline.listings.rules import verdict
from etsy_pipeline.listings.verdict import Verdict

TAGS, TAG_LENGTH = 13, 20
MATERIALS = 13

_NOT_IN_TAGS = regex.compile(r"[^\p{L}\p{Nd}\p{Zs}\-'™©®]")
_NOT_IN_MATERIALS = regex.compile(r"[^\p{L}\p{Nd}\p{Zs}]")


def tags(values: Iterable[str]) -> tuple[tuple[str, ...], list[Verdict]]:
    """Tags without repetitions (in any case)."""
    kept, repeated = _unique(values)
    found = [verdict("tag_repeated", tag=tag) for tag in repeated]
    if len(kept) > TAGS:
        found.append(verdict("too_many_tags", count=len(kept), limit=TAGS))
    for tag in kept:
        if len(tag) > TAG_LENGTH:
            found.append(verdict("tag_too_long", tag=tag, length=len(tag), limit=TAG_LENGTH))
        if bad := refused(_NOT_IN_TAGS, tag):
            found.append(verdict("tag_forbidden_characters", tag=tag, characters=bad))
    return kept, found


def materials(values: Iterable[str]) -> tuple[tuple[str, ...], list[Verdict]]:
    """Materials without repetitions; saying one twice changes nothing, so it is not told."""
    kept, _ = _unique(values)
    found = [verdict("too_many_materials", count=len(kept), limit=MATERIALS)] if len(kept) > MATERIALS else []
    found += [
        verdict("material_forbidden_characters", material=material, characters=bad)
        for material in kept
        if (bad := refused(_NOT_IN_MATERIALS, material))
    ]
    return kept, found


def _unique(values: Iterable[str]) -> tuple[tuple[str, ...], list[str]]:
    kept: dict[str, str] = {}
    repeated = []
    for value in filter(None, map(one_line, values)):
        if value.casefold() in kept:
            repeated.append(value)
        else:
            kept[value.casefold()] = value
    return tuple(kept.values()), repeated
