"""Tags, materials and styles as Etsy takes them (FACTS §5). What is left out or changed is told, one verdict a kind."""

import fnmatch
import functools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import regex

from etsy_pipeline.listings.characters import cleaned, plain, refused, visible
from etsy_pipeline.listings.rules import verdict
from etsy_pipeline.listings.text_settings import TextSettings, WhenTooLong, WhenTooMany, WhenUnfit
from etsy_pipeline.listings.title import shortened
from etsy_pipeline.listings.verdict import Verdict

TAGS, TAG_LENGTH = 13, 20
MATERIALS = 13
STYLES, STYLE_LENGTH = 2, 45

_NOT_IN_TAGS = regex.compile(r"[^\p{L}\p{Nd}\p{Zs}\-'™©®]")
_NOT_IN_MATERIALS = regex.compile(r"[^\p{L}\p{Nd}\p{Zs}]")  # styles likewise
_SHARE = re.compile(r"\d{1,3}(?:[.,]\d{1,3})?\s?%|%\s?\d{1,3}(?:[.,]\d{1,3})?")
_BETWEEN_MATERIALS = re.compile(r"(?<!\d),|,(?!\d{1,3}\s?%)")  # "62,5% wool" is one
_APOSTROPHES = regex.compile(r"[’‘]|(?<=\p{L})[`´](?=\p{L})")  # mother`s; not `tick`
_TIMES = regex.compile(r"(?<=\d) ?× ?(?=\d)")  # 50×70 cm
_SAYS_SOMETHING = regex.compile(r"[\p{L}\p{Nd}]")  # not: ---

Texts = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Kind:
    """Tags or materials: what Etsy takes, and what the shop does with the others."""

    one: str
    many: str
    pattern: "regex.Pattern[str]"
    most: int
    unfit: WhenUnfit
    too_many: WhenTooMany
    left_out: Texts
    longest: int | None = None
    too_long: WhenTooLong = "drop"
    priority: Texts = ()


def tags(values: Iterable[str], settings: TextSettings) -> tuple[Texts, list[Verdict]]:
    """Tags without repetitions (in any case), as the shop's settings have it."""
    cuts = settings.truncate_tags
    kind = _Kind(
        "tag", "tags", _NOT_IN_TAGS, TAGS, settings.tags_unfit, "first" if cuts else settings.tags_too_many,
        settings.tags_left_out, TAG_LENGTH, "cut" if cuts else settings.tags_too_long, settings.tag_priority,
    )  # fmt: skip
    kept, found = _taken([_APOSTROPHES.sub("'", plain(value)) for value in values], kind)
    dropped = [item.code for item in found if item.code in {"tags_too_long_dropped", "tags_unfit_dropped"}]
    return kept, [*found, verdict("tags_none_left")] if dropped and not kept else found


def materials(values: Iterable[str], settings: TextSettings) -> tuple[Texts, list[Verdict]]:
    """Materials likewise; saying one twice changes nothing, so it is not told."""
    kind = _Kind(
        "material", "materials", _NOT_IN_MATERIALS, MATERIALS, settings.materials_unfit, settings.materials_too_many,
        settings.materials_left_out,
    )  # fmt: skip
    return _taken(map(plain, values), kind)


def split_materials(text: str) -> list[str]:
    """The materials of a text with commas, of which some may stand in shares ("62,5% wool")."""
    return _BETWEEN_MATERIALS.split(text)


def styles(values: Iterable[str]) -> tuple[Texts, list[Verdict]]:
    """Styles without repetitions."""
    kept, _ = _unique(map(plain, values))
    found = [verdict("too_many_styles", count=len(kept), limit=STYLES)] if len(kept) > STYLES else []
    for style in kept:
        if len(style) > STYLE_LENGTH:
            found.append(verdict("style_too_long", style=style, length=len(style), limit=STYLE_LENGTH))
        if bad := refused(_NOT_IN_MATERIALS, style):
            found.append(verdict("style_forbidden_characters", style=style, characters=bad))
    return kept, found


def _taken(values: Iterable[str], kind: _Kind) -> tuple[Texts, list[Verdict]]:
    """The words that are sent, after each of the shop's choices in turn."""
    words, found = _wanted(filter(None, values), kind)
    words, told = _fitting(words, kind)
    found += told
    words, told = _short(words, kind)
    found += told
    kept, repeated = _unique(words)
    if repeated and kind.one == "tag":
        found.append(verdict("tag_repeated", tags=tuple(repeated)))
    kept, told = _few(kept, kind)
    return kept, found + told


def _wanted(words: Iterable[str], kind: _Kind) -> tuple[list[str], list[Verdict]]:
    if not kind.left_out:
        return list(words), []
    pattern = _any_of(kind.left_out)
    kept: list[str] = []
    left_out: list[str] = []
    for word in words:
        (left_out if pattern.match(word.casefold()) else kept).append(word)
    return kept, [verdict(f"{kind.many}_left_out", words=tuple(left_out))] if left_out else []


def _fitting(words: Sequence[str], kind: _Kind) -> tuple[list[str], list[Verdict]]:
    """Words of characters that Etsy takes; those that nobody sees are always taken out."""
    kept: list[str] = []
    changed: list[str] = []
    dropped: list[str] = []
    found: list[Verdict] = []
    for word in words:
        fit, unseen = visible(word)
        bad = refused(kind.pattern, fit)
        if bad and kind.unfit == "clean":
            fit = _TIMES.sub(lambda found: found[0].replace("×", "x"), fit)
            fit = cleaned(kind.pattern, _SHARE.sub(" ", fit) if kind.one == "material" else fit)
        elif bad and kind.unfit == "drop":
            fit = ""
        elif bad:
            found.append(verdict(f"{kind.one}_forbidden_characters", **{kind.one: word}, characters=bad))
        if not _SAYS_SOMETHING.search(fit):
            dropped.append(word)
        else:
            kept.append(fit)
            changed += [f"{word!r} as {fit!r}"] if unseen or fit != word else []
    found += [verdict(f"{kind.many}_cleaned", words=tuple(dict.fromkeys(changed)))] if changed else []
    found += [verdict(f"{kind.many}_unfit_dropped", words=tuple(dict.fromkeys(dropped)))] if dropped else []
    return kept, found


def _short(words: Sequence[str], kind: _Kind) -> tuple[list[str], list[Verdict]]:
    longest = kind.longest
    long = [word for word in words if longest is not None and len(word) > longest]
    if longest is None or not long:
        return list(words), []
    if kind.too_long == "refuse":
        found = [verdict(f"{kind.one}_too_long", **{kind.one: word}, length=len(word), limit=longest) for word in long]
        return list(words), found
    if kind.too_long == "drop":
        kept = [word for word in words if len(word) <= longest]
        return kept, [verdict(f"{kind.many}_too_long_dropped", words=tuple(dict.fromkeys(long)), limit=longest)]
    cut = {word: shortened(word, longest) for word in words}
    told = tuple(f"{word!r} as {cut[word]!r}" for word in dict.fromkeys(long))
    return [cut[word] for word in words], [verdict(f"{kind.one}_truncated", words=told, limit=longest)]


def _few(words: Texts, kind: _Kind) -> tuple[Texts, list[Verdict]]:
    if len(words) <= kind.most:
        return words, []
    if kind.too_many == "refuse":
        return words, [verdict(f"too_many_{kind.many}", count=len(words), limit=kind.most)]
    ranks = [_any_of((pattern,)) for pattern in kind.priority]

    def rank(word: str) -> int:
        return next((number for number, pattern in enumerate(ranks) if pattern.match(word.casefold())), len(ranks))

    chosen = set(sorted(words, key=rank)[: kind.most])
    dropped = tuple(word for word in words if word not in chosen)
    told = verdict(f"{kind.many}_dropped", count=len(words), limit=kind.most, dropped=dropped)
    return tuple(word for word in words if word in chosen), [told]


@functools.lru_cache(maxsize=200)
def _any_of(patterns: Texts) -> "re.Pattern[str]":
    """Patterns with * and ?, for words in small letters."""
    return re.compile("|".join(fnmatch.translate(pattern.casefold()) for pattern in patterns))


def _unique(values: Iterable[str]) -> tuple[Texts, Sequence[str]]:
    kept: dict[str, str] = {}
    repeated = []
    for value in filter(None, values):
        if value.casefold() in kept:
            repeated.append(value)
        else:
            kept[value.casefold()] = value
    return tuple(kept.values()), repeated
