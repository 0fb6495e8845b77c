"""What a setting looks like in a form, made of its type: a line, a list of lines, a choice, a group, a row of records.

Texts go into a form and come out of it; what they mean is judged by the settings themselves (`listings/`), not here.
"""

import dataclasses
import json
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import AwareDatetime, BaseModel

Kind = Literal["flag", "choice", "choices", "number", "text", "long", "named", "lines", "json"]
Texts = Mapping[str, str]  # the form's fields by their names

YES, NO = "yes", "no"
KEY = "key"  # the field of a record that says of what it is
VALUE = "value"  # the field of a record that is nothing but a value


class _Unset:
    """Nothing was typed: the setting's default holds."""


UNSET = _Unset()


class UnreadableTextError(ValueError):
    """What was typed has not the form that is asked for; says which."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One field of a form."""

    kind: Kind
    options: Sequence[str] = ()
    is_optional: bool = False
    default: Any = None
    help: str = ""

    def text(self, value: Any) -> str:
        """A value as it stands in the field."""
        if value is None or value is UNSET:
            return ""
        if isinstance(value, bool):
            return YES if value else NO
        if self.kind in {"lines", "choices"}:
            return "\n".join(map(str, value))
        if self.kind == "json":
            return json.dumps(value, ensure_ascii=False, indent=1) if value else ""
        return str(value)

    def value(self, text: str) -> Any:
        """What was typed, as JSON.

        Raises:
            UnreadableTextError: it is no value of this kind.
        """
        text = text.strip()
        if self.kind in {"lines", "choices"}:
            return [line.strip() for line in text.splitlines() if line.strip()]
        if not text:
            return None if self.is_optional else UNSET
        if self.kind == "flag":
            return {YES: True, NO: False}.get(text, text)
        return _json(text) if self.kind == "json" else text


@dataclass(frozen=True, slots=True)
class Group:
    """Several fields that belong together; an optional one is there when something stands in it."""

    fields: Mapping[str, "Shape"]
    is_optional: bool = False
    help: str = ""
    default: Any = None


@dataclass(frozen=True, slots=True)
class Records:
    """Any number of groups, one more to be filled in; `is_keyed` ones have a name each.

    `is_pairs`: of each name there is nothing but a value, the only field of the group.
    """

    of: Group
    is_keyed: bool = False
    is_pairs: bool = False
    help: str = ""
    default: Any = field(default_factory=list)


Shape = Leaf | Group | Records


def shape_of(annotation: Any, *, default: Any = None, description: str = "") -> Shape:
    """The shape of a setting of this type."""
    plain, is_optional = _plain(annotation)
    told: dict[str, Any] = {"default": default, "help": description}
    if _is_model(plain):
        return Group(_fields(plain), is_optional, **told)
    origin, of = get_origin(plain), [item for item in get_args(plain) if item is not ...]
    if origin in {tuple, list} and of and _is_model(_plain(of[0])[0]):
        return Records(Group(_fields(_plain(of[0])[0])), **told)
    if origin is dict and _is_model(_plain(of[1])[0]):
        return Records(Group(_fields(_plain(of[1])[0])), is_keyed=True, **told)
    kind, options = _kind(plain)
    if origin is dict and kind != "json":
        return Records(Group({VALUE: Leaf(kind, options)}), is_keyed=True, is_pairs=True, **told)
    return Leaf(kind, options, is_optional, **told)


def shapes_of(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, Shape]]:
    """All settings of a model that are changed one by one, by their names with dots."""
    for name, shape in _fields(model).items():
        if isinstance(shape, Group) and not shape.is_optional:
            inner = model.model_fields[name].annotation
            yield from shapes_of(_plain(inner)[0], f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", shape


def leaves(shape: Shape, value: Any, name: str) -> Iterator[tuple[str, Leaf, str]]:
    """The fields of a shape: name in the form, the field, and the text in it."""
    if isinstance(shape, Leaf):
        yield name, shape, shape.text(value)
    elif isinstance(shape, Group):
        for inner, of in shape.fields.items():
            present = value.get(inner, of.default) if isinstance(value, Mapping) else UNSET
            if shape.is_optional and not isinstance(value, Mapping):
                present = UNSET
            yield from leaves(of, present, f"{name}.{inner}")
    else:
        for number, (key, item) in enumerate((*_records(shape, value), ("", None))):
            if shape.is_keyed:
                yield f"{name}.{number}.{KEY}", Leaf("text"), key
            yield from leaves(dataclasses.replace(shape.of, is_optional=item is None), item, f"{name}.{number}")


def value_of(shape: Shape, texts: Texts, name: str, problems: dict[str, str]) -> Any:
    """What was typed into the fields of a shape, as JSON; what is unreadable is put into `problems`."""
    if isinstance(shape, Leaf):
        try:
            return shape.value(texts.get(name, ""))
        except UnreadableTextError as problem:
            problems[name] = str(problem)
            return UNSET
    if isinstance(shape, Group):
        if not any(text.strip() for text in typed(texts, name).values()):
            return None if shape.is_optional else {}
        found = {inner: value_of(of, texts, f"{name}.{inner}", problems) for inner, of in shape.fields.items()}
        return {inner: value for inner, value in found.items() if not _is_nothing(value, shape.fields[inner])}
    rows = [f"{name}.{number}" for number in record_numbers(texts, name)]
    if not shape.is_keyed:
        return [value_of(shape.of, texts, row, problems) for row in rows]
    keyed = {}
    for row in rows:
        key = texts.get(f"{row}.{KEY}", "").strip()
        if not key:
            problems[f"{row}.{KEY}"] = "What is it for? Give a name or an id, or empty the other fields, too."
        if key in keyed:
            problems[f"{row}.{KEY}"] = f"There is another one for {key}."
        found = value_of(shape.of, texts, row, problems)
        if shape.is_pairs and VALUE not in found:
            problems[f"{row}.{VALUE}"] = "Its value is missing; empty the name, too, to take it out."
        keyed[key] = found.get(VALUE, "") if shape.is_pairs else found
    return keyed


def typed(texts: Texts, name: str) -> dict[str, str]:
    """The fields of a form that belong to a setting."""
    return {key: text for key, text in texts.items() if key == name or key.startswith(f"{name}.")}


def record_numbers(texts: Texts, name: str) -> Sequence[int]:
    """The records in which something stands."""
    filled = (
        key.removeprefix(f"{name}.").partition(".")[0] for key, text in typed(texts, name).items() if text.strip()
    )
    return sorted({int(number) for number in filled if number.isdecimal()})


def _records(shape: Records, value: Any) -> Sequence[tuple[str, Any]]:
    if value is None or value is UNSET:
        return []
    if shape.is_pairs:
        return [(key, {VALUE: item}) for key, item in value.items()]
    return list(value.items()) if shape.is_keyed else [("", item) for item in value]


def _is_nothing(value: Any, shape: Shape) -> bool:
    """Whether a field inside of a record is better left out: its default says the same."""
    return value is UNSET or value is None or (value in ([], {}) and shape.default in (None, (), [], {}))


def _fields(model: Any) -> dict[str, Shape]:
    if dataclasses.is_dataclass(model):
        hints = get_type_hints(model)
        return {
            item.name: shape_of(hints[item.name], default=_of_dataclass(item)) for item in dataclasses.fields(model)
        }
    return {
        name: shape_of(
            info.annotation,
            default=_as_json(info.get_default(call_default_factory=True)) if not info.is_required() else UNSET,
            description=info.description or "",
        )
        for name, info in model.model_fields.items()
    }


def _of_dataclass(item: dataclasses.Field[Any]) -> Any:
    return UNSET if item.default is dataclasses.MISSING else item.default


def _as_json(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, Decimal):
        return str(value)
    return list(value) if isinstance(value, tuple) else value


def _plain(annotation: Any) -> tuple[Any, bool]:
    """A type without what is only noted at it, and whether it may be nothing."""
    if get_origin(annotation) is Annotated:
        return _plain(get_args(annotation)[0])
    if get_origin(annotation) in {Union, types.UnionType}:
        of = [item for item in get_args(annotation) if item is not type(None)]
        is_optional = len(of) < len(get_args(annotation))
        if len(of) == 1:
            return _plain(of[0])[0], is_optional
        return Union[tuple(of)], is_optional  # noqa: UP007 - it is made of a list
    return annotation, False


def _is_model(plain: Any) -> bool:
    return isinstance(plain, type) and (issubclass(plain, BaseModel) or dataclasses.is_dataclass(plain))


def _kind(plain: Any) -> tuple[Kind, Sequence[str]]:
    origin, of = get_origin(plain), [_plain(item)[0] for item in get_args(plain) if item is not ...]
    if origin is Literal:
        return "choice", of
    if origin is dict:
        kind, options = _kind(of[1])
        return (kind, options) if kind in {"number", "text", "named", "choice"} else ("json", ())
    if origin in {tuple, list} and get_origin(of[0]) is Literal:
        return "choices", get_args(of[0])
    if plain is bool:
        return "flag", (YES, NO)
    return _free(plain, origin, of), ()


def _free(plain: Any, origin: Any, of: Sequence[Any]) -> Kind:
    """What is typed and not chosen."""
    if plain in {int, float, Decimal}:
        return "number"
    if origin is Union and set(of) == {int, str}:
        return "named"
    if origin in {tuple, list}:
        return "lines"
    return "text" if plain in {str, AwareDatetime} else "json"


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnreadableTextError(f"This is not JSON: {error}.") from None
