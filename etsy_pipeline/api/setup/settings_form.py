"""A form with every setting of a shop, made of the settings' own schema: what it shows, and what was typed into it.

The form carries a mark of each setting as it was shown. So it is known which ones a person changed, and which ones
somebody else did meanwhile: those are told before anything is stored, and nothing that was typed is lost.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from pydantic import ValidationError

from etsy_pipeline.accounts.configure import Back, with_changes
from etsy_pipeline.api.setup.setting_problems import told_of
from etsy_pipeline.api.setup.setting_sections import OTHERS, SECTIONS, WORDS_OF_PAIRS
from etsy_pipeline.api.setup.shapes import (
    KEY,
    UNSET,
    VALUE,
    Leaf,
    Records,
    Shape,
    Texts,
    leaves,
    record_numbers,
    shapes_of,
    typed,
    value_of,
)
from etsy_pipeline.listings.shop_settings import ShopSettings

LONG = frozenset({"description_template"})


@dataclass(frozen=True, slots=True)
class FormField:
    """One field, as a page shows it."""

    name: str
    leaf: Leaf
    text: str
    label: str
    error: str = ""

    @property
    def id(self) -> str:
        """For labels; ids have no dots in style sheets."""
        return self.name.replace(".", "-")

    @property
    def chosen(self) -> Sequence[str]:
        """The lines of what is chosen, where that may be several."""
        return self.text.splitlines()


@dataclass(frozen=True, slots=True)
class FormSetting:
    """One setting: a field, or several that are changed together. `rows` are the fields of each record."""

    name: str
    shape: Shape
    rows: Sequence[Sequence[FormField]]
    error: str = ""
    meanwhile: bool = False
    is_changed: bool = False

    @property
    def is_records(self) -> bool:
        """Whether any number of records may stand in it."""
        return isinstance(self.shape, Records)

    @property
    def label(self) -> str:
        """Its name in words."""
        return words_of(self.name)

    def label_of(self, item: FormField) -> str:
        """What one field of it is called."""
        key, value = WORDS_OF_PAIRS.get(self.name, ("What for: id or name in Medusa", ""))
        last = item.name.rpartition(".")[2]
        is_pair = isinstance(self.shape, Records) and self.shape.is_pairs
        return key if last == KEY else value if is_pair and value else item.label

    @property
    def has_error(self) -> bool:
        """Whether something about it is wrong."""
        return bool(self.error) or any(item.error for row in self.rows for item in row)


@dataclass(frozen=True, slots=True)
class Form:
    """All that is shown: sections with their settings, and the marks that come back with the form."""

    sections: Mapping[str, Sequence[FormSetting]]
    base: str
    errors: Sequence[str] = ()


@dataclass(slots=True)
class Typed:
    """What came back: `changes` as `configure` takes them; `meanwhile` names settings that somebody else changed."""

    texts: Mapping[str, str]
    changes: dict[str, Any] = field(default_factory=dict)
    meanwhile: list[str] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)


@cache
def settings() -> Mapping[str, Shape]:
    """Every setting that is changed by itself, in the order of the schema."""
    return dict(shapes_of(ShopSettings))


def show(present: Mapping[str, Any], found: Typed | None = None, *, words: str = "") -> Form:
    """The form.

    Args:
        present: the settings as they are stored, defaults included, as JSON.
        found: what was typed and could not be stored; it stands in the form again.
        words: only settings in whose name or description all of these are.
    """
    wanted = {name: shape for name, shape in settings().items() if _has_words(name, shape, words)}
    sections: dict[str, list[FormSetting]] = {}
    for name, shape in wanted.items():
        sections.setdefault(section_of(name), []).append(_setting(name, shape, at(present, name), found))
    ordered = [title for title in (*SECTIONS, OTHERS) if title in sections]
    base = json.dumps(
        {name: _mark(shape, texts_of(shape, at(present, name), name), name) for name, shape in wanted.items()}
    )
    return Form({title: sections[title] for title in ordered}, base, found.errors if found else ())


def take(texts: Mapping[str, str], base: str, present: Mapping[str, Any], stored: Mapping[str, Any]) -> Typed:
    """What a person changed, and what somebody else changed since the form was shown.

    Args:
        texts: the form's fields.
        base: the marks that came with them.
        present: the settings as they are now, defaults included, as JSON.
        stored: those that were ever set.
    """
    found = Typed(texts)
    marks = _marks(base)
    for name, shape in settings().items():
        if name not in marks:
            continue
        now = texts_of(shape, at(present, name), name)
        wanted = value_of(shape, texts, name, found.problems)
        is_mine = _mark(shape, texts, name) != marks[name]
        is_theirs = _mark(shape, now, name) != marks[name]
        is_same = wanted == value_of(shape, now, name, {})
        if is_theirs and not is_same:
            found.meanwhile.append(name)
        if is_mine and not is_same:
            found.changes[name] = Back.TO_DEFAULT if wanted is UNSET else wanted
    if not found.problems:
        _judge(found, with_changes(stored, found.changes))
    return found


def texts_of(shape: Shape, value: Any, name: str) -> dict[str, str]:
    """The fields of a setting, filled in."""
    return {key: text for key, _, text in leaves(shape, value, name)}


def at(present: Mapping[str, Any], name: str) -> Any:
    """A setting's value by its name with dots."""
    found: Any = present
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def words_of(name: str) -> str:
    """A setting's name in words: of one inside of another, both."""
    parts = [part.replace("_", " ") for part in name.split(".") if not part.isdecimal()]
    text = ": ".join(parts[-2:])
    return text[:1].upper() + text[1:]


def section_of(name: str) -> str:
    """Under which heading a setting stands."""
    fitting = [(len(start), title) for title, starts in SECTIONS.items() for start in starts if name.startswith(start)]
    return max(fitting, default=(0, OTHERS))[1]


def _setting(name: str, shape: Shape, value: Any, found: Typed | None) -> FormSetting:
    present = texts_of(shape, value, name)
    is_typed = found is not None and name in found.changes | dict.fromkeys(_names_of(found.problems))
    texts = typed(found.texts, name) if found and is_typed else present
    problems = found.problems if found else {}
    rows = [
        [_field(key, leaf, text, problems) for key, leaf, text in row] for row in _rows(shape, texts, name)
    ]  # fmt: skip
    shown = {item.name for row in rows for item in row}
    is_theirs = found is not None and name in found.meanwhile
    return FormSetting(name, shape, rows, "" if name in shown else problems.get(name, ""), is_theirs, is_typed)


def _rows(shape: Shape, texts: Texts, name: str) -> Iterator[Sequence[tuple[str, Leaf, str]]]:
    if not isinstance(shape, Records):
        yield [(key, leaf, texts.get(key, "")) for key, leaf, _ in leaves(shape, UNSET, name)]
        return
    numbers = record_numbers(texts, name)
    for number in (*numbers, max(numbers, default=-1) + 1):
        row = f"{name}.{number}"
        key = [(f"{row}.{KEY}", Leaf("text"), texts.get(f"{row}.{KEY}", ""))] if shape.is_keyed else []
        yield [*key, *((key, leaf, texts.get(key, "")) for key, leaf, _ in leaves(shape.of, UNSET, row))]


def _field(key: str, leaf: Leaf, text: str, problems: Mapping[str, str]) -> FormField:
    kind = "long" if key.rpartition(".")[2] in LONG else leaf.kind
    shown = Leaf(kind, leaf.options, leaf.is_optional, leaf.default, leaf.help)
    return FormField(key, shown, text, words_of(key.rpartition(".")[2]), problems.get(key, ""))


def _names_of(problems: Mapping[str, str]) -> Iterator[str]:
    return (name for name in settings() for key in problems if key == name or key.startswith(f"{name}."))


def _judge(found: Typed, wanted: Mapping[str, Any]) -> None:
    """What the settings say of it, each at its field."""
    try:
        ShopSettings.model_validate(wanted)
    except ValidationError as error:
        for item in error.errors():
            told = told_of(item)
            place = _place(found, item["loc"])
            if place:
                found.problems.setdefault(place, told)
            else:
                where = ".".join(map(str, item["loc"]))
                found.errors.append(f"{where}: {told}" if where else told)


def _place(found: Typed, loc: Sequence[int | str]) -> str:
    """The field that a problem is about: as much of its place as is a field's name."""
    parts = [str(part) for part in loc]
    for name, shape in settings().items():
        if isinstance(shape, Records) and shape.is_keyed and ".".join(parts).startswith(f"{name}."):
            depth = name.count(".") + 1
            keys = {
                found.texts.get(f"{name}.{number}.{KEY}", "").strip(): number
                for number in record_numbers(found.texts, name)
            }
            parts = [
                *parts[:depth],
                *(str(keys.get(part, part)) for part in parts[depth : depth + 1]),
                *parts[depth + 1 :],
            ]
        if isinstance(shape, Records) and shape.is_pairs and ".".join(parts[:-1]) == name:
            parts = [*parts, VALUE]
    names = {*settings(), *found.texts}
    return next((key for end in range(len(parts), 0, -1) if (key := ".".join(parts[:end])) in names), "")


def _mark(shape: Shape, texts: Texts, name: str) -> str:
    problems: dict[str, str] = {}
    value = value_of(shape, texts, name, problems)
    text = json.dumps([None if value is UNSET else value, problems and typed(texts, name)], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _marks(base: str) -> Mapping[str, str]:
    try:
        found = json.loads(base)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _has_words(name: str, shape: Shape, words: str) -> bool:
    text = f"{name} {words_of(name)} {shape.help} {section_of(name)}".casefold()
    return all(word in text for word in words.casefold().split())
