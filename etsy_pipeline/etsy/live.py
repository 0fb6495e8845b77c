"""Etsy's answers about listings → what a plan compares: text unescaped, money as decimals (FACTS §0.9, §7, §10)."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from etsy_pipeline.etsy.requests import SHARED
from etsy_pipeline.listings.axes import CUSTOM_PROPERTY_IDS
from etsy_pipeline.listings.characters import unescaped
from etsy_pipeline.listings.eu_guarantee import FIELDS as GUARANTEE_FIELDS
from etsy_pipeline.listings.listing import Attribute, Inventory, Offering, Translation, VariationProperty
from etsy_pipeline.planning.link import GONE, LiveListing

Json = Mapping[str, Any]


def gone(listing_id: int) -> LiveListing:
    """A listing that Etsy no longer has."""
    return LiveListing(listing_id, GONE)


def live_listing(answer: Json, inventory: Inventory | None) -> LiveListing:
    """A listing as Etsy has it; fields that the answer leaves out stay unknown."""
    values = {name: value(answer) for name, (key, value) in _told().items() if key in answer}
    renews = answer.get("should_auto_renew")
    return LiveListing(
        int(answer["listing_id"]),
        str(answer["state"]),
        values,
        inventory,
        _image_ids(answer),
        ending_at=moment(answer.get("ending_timestamp")),
        state_at=moment(answer.get("state_timestamp")),
        should_auto_renew=None if renews is None else bool(renews),
        is_private=bool(answer.get("is_private")),
        translations=_translations(answer),
    )


def live_attribute(answer: Json) -> Attribute:
    """An attribute of a listing. A scale without a name is none: buyers do not see such a value (LISTING_EXTRAS §3)."""
    return Attribute(
        int(answer["property_id"]),
        plain_text(answer.get("property_name")),
        tuple(plain_text(value) for value in answer.get("values") or ()),
        tuple(int(number) for number in answer.get("value_ids") or ()),
        answer.get("scale_id") if answer.get("scale_name") else None,
    )


def moment(timestamp: Any) -> datetime | None:
    """A moment as Etsy tells it, in seconds since the epoch; None where it tells none."""
    return datetime.fromtimestamp(int(timestamp), UTC) if timestamp else None


def _translations(answer: Json) -> tuple[Translation, ...] | None:
    """Texts in other languages; whether the listing's own is among them is not known, so it is left out."""
    told = answer.get("translations")
    if told is None:
        return None
    own = str(answer.get("language") or "").partition("-")[0].lower()
    texts = ((str(language), item) for language, item in told.items() if item)
    found = (
        Translation(
            language,
            plain_text(item.get("title")),
            plain_text(item.get("description")),
            tuple(plain_text(tag) for tag in item.get("tags") or ()),
        )
        for language, item in texts
        if language.partition("-")[0].lower() != own
    )
    return tuple(sorted(found, key=lambda item: item.language))


def _image_ids(answer: Json) -> tuple[int, ...] | None:
    images = answer.get("images")
    if images is None:
        return None
    return tuple(int(image["listing_image_id"]) for image in sorted(images, key=lambda image: int(image["rank"])))


def live_inventory(answer: Json | None) -> Inventory | None:
    """An inventory as Etsy has it; None for a listing that has none."""
    products = [item for item in (answer or {}).get("products") or () if not item.get("is_deleted")]
    if not products:
        return None
    properties = tuple(
        VariationProperty(
            int(item["property_id"]),
            plain_text(item.get("property_name")),
            item.get("scale_id"),
            _value_ids(products, number),
        )
        for number, item in enumerate(products[0].get("property_values") or ())
    )
    return Inventory(tuple(_offering(item) for item in products), properties)


def _value_ids(products: Sequence[Json], number: int) -> dict[str, int]:
    """The ids of an axis's values; values of a custom property have none that could be sent back."""
    found: dict[str, int] = {}
    for product in products:
        told: Sequence[Json] = product.get("property_values") or []
        values = told[number] if number < len(told) else {}
        ids, texts = list(values.get("value_ids") or []), list(values.get("values") or [])
        if len(ids) == len(texts) == 1 and int(values["property_id"]) not in CUSTOM_PROPERTY_IDS:
            found[plain_text(texts[0])] = int(ids[0])
    return found


def money(value: Any) -> Decimal:
    """A money object (amount and divisor), or a plain number."""
    if isinstance(value, Mapping):
        return Decimal(str(value["amount"])) * (1 / Decimal(str(value["divisor"])))  # 10.50 keeps its cents
    return Decimal(str(value))


def _offering(product: Json) -> Offering:
    offering: Json = next((item for item in product.get("offerings") or () if not item.get("is_deleted")), {})
    return Offering(
        sku=plain_text(product.get("sku")),
        values=tuple(plain_text(", ".join(item.get("values") or ())) for item in product.get("property_values") or ()),
        price=money(offering.get("price", 0)),
        quantity=int(offering.get("quantity") or 0),
        is_enabled=bool(offering.get("is_enabled")),
    )


def plain_text(value: object) -> str:
    """A text of Etsy's, which comes HTML-escaped (FACTS §0.9); blank where there is none."""
    return unescaped(str(value)) if value is not None else ""


def _as_sent(key: str) -> Callable[[Json], object]:
    """How the value of a form's field is read that comes back as it was sent."""

    def value(answer: Json) -> object:
        found = answer[key]
        if isinstance(found, list):
            return tuple(plain_text(item) for item in found)
        return plain_text(found) if isinstance(found, str) else found

    return value


def _number(answer: Json, key: str) -> Decimal | None:
    value = answer.get(key)
    return Decimal(str(value)) if value else None  # zero is how Etsy says that there is none


def _weight(answer: Json) -> object:
    weight = _number(answer, "item_weight")
    return None if weight is None else (weight, answer.get("item_weight_unit"))


def _dimensions(answer: Json) -> object:
    lengths = tuple(_number(answer, f"item_{name}") for name in ("length", "width", "height"))
    return (*lengths, answer.get("item_dimensions_unit")) if any(lengths) else None


def _guarantee(answer: Json) -> object:
    return tuple(
        sorted((name, plain_text(answer[name])) for name in GUARANTEE_FIELDS if answer.get(name) not in {None, ""})
    )


def _told() -> dict[str, tuple[str, Callable[[Json], object]]]:
    """Field of a plan → (key that has to be in Etsy's answer, how its value is read)."""
    return {**{field.belongs_to: (key, _as_sent(key)) for key, field in SHARED.items()}, **_OTHERWISE}


# Fields that do not come back under the name and in the shape in which they are sent
_OTHERWISE: Mapping[str, tuple[str, Callable[[Json], object]]] = {
    "type": ("listing_type", _as_sent("listing_type")),
    "processing_profile": ("readiness_state_id", _as_sent("readiness_state_id")),
    "weight": ("item_weight", _weight),
    "dimensions": ("item_length", _dimensions),
    "eu_guarantee": (GUARANTEE_FIELDS[0], _guarantee),
}
