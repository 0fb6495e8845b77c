"""The properties of a category: what a listing can vary by, and what else is said of it. All of them are invented.

The recorded tree of categories has no properties, so every category here has the same few, and two categories a
required one. They serve to try out standard properties beside the custom ones (513, 514); they say nothing about what
Etsy has in a category. The three kinds are Etsy's (3VAR): listed values (Primary color), scales with listed values
(Size), scales with values of one's own (Width).
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

COLORS = ("Beige", "Black", "Blue", "Brown", "Gold", "Gray", "Green", "Pink", "Red", "White", "Yellow")
MATERIALS = ("Brass", "Ceramic", "Cotton", "Glass", "Linen", "Silver", "Stoneware", "Wood")
LETTERS = ("XS", "S", "M", "L", "XL", "XXL")
NUMBERS = tuple(str(number) for number in range(32, 48, 2))
CRAFT_SUPPLIES = 562  # "Craft type" was required there in 2021 (issue 281 of etsy/open-api)
ADULT_TEES = 482  # Clothing, Gender-neutral Adult Clothing, Tops & Tees, T-shirts


class Scale(NamedTuple):
    """A scale of a property, and the values that are listed for it."""

    scale_id: int
    name: str
    values: tuple[str, ...] = ()


class Listed(NamedTuple):
    """A value that Etsy lists for a property, with its id and the scale it belongs to."""

    value_id: int
    name: str
    scale_id: int | None


class Property(NamedTuple):
    """A property. One that is required exists only in the categories that require it.

    `most` is how many values a listing takes of it. One that is deprecated is still told, and refused (D1378).
    """

    property_id: int
    name: str
    values: tuple[str, ...] = ()
    may_vary: bool = True
    scales: tuple[Scale, ...] = ()
    required_in: frozenset[int] = frozenset()
    most: int | None = 1
    is_deprecated: bool = False

    @property
    def listed(self) -> list[Listed]:
        """All values that Etsy lists, whatever their scale."""
        names: list[tuple[str, int | None]] = [(value, None) for value in self.values]
        names += [(value, scale.scale_id) for scale in self.scales for value in scale.values]
        first = self.property_id % 10_000 * 100 + 1
        return [Listed(first + place, *item) for place, item in enumerate(names)]

    def value_id(self, value: str, scale_id: int | None) -> int | None:
        """The id of a listed value; None for a value of one's own, or of another scale."""
        return next((item.value_id for item in self.listed if item[1:] == (value, scale_id)), None)

    def scale_name(self, scale_id: int | None) -> str | None:
        """What a scale is called."""
        return next((scale.name for scale in self.scales if scale.scale_id == scale_id), None)

    def is_of(self, taxonomy_id: int) -> bool:
        """Whether a category has the property."""
        return not self.required_in or taxonomy_id in self.required_in


PROPERTIES = (
    Property(200, "Primary color", COLORS),
    Property(52047899002, "Secondary color", COLORS),
    # 19 is US/Canada by Etsy's document
    Property(100, "Size", scales=(Scale(19, "US/Canada", LETTERS), Scale(20, "EU", NUMBERS))),
    Property(47626759898, "Width", scales=(Scale(5, "Inches"), Scale(6, "Centimeters"))),
    Property(148789511893, "Material", MATERIALS, most=3),
    Property(46803063641, "Occasion", ("Anniversary", "Birthday", "Graduation", "Wedding"), may_vary=False),
    Property(
        46803063651, "Craft type", ("Beading", "Knitting", "Sewing"), may_vary=False,
        required_in=frozenset({CRAFT_SUPPLIES}),
    ),
    Property(46803063671, "Recipient", ("Children", "Pets"), may_vary=False, is_deprecated=True),
    Property(46803063661, "Sleeve length", ("Long sleeve", "Short sleeve"), required_in=frozenset({ADULT_TEES})),
)  # fmt: skip


def by_id(property_id: int) -> Property | None:
    """A property of any category."""
    return next((item for item in PROPERTIES if item.property_id == property_id), None)


def of_category(taxonomy_id: int) -> Iterator[Property]:
    """The properties of a category."""
    return (item for item in PROPERTIES if item.is_of(taxonomy_id))


def required_in(taxonomy_id: int) -> frozenset[int]:
    """Which properties a category requires."""
    return frozenset(item.property_id for item in of_category(taxonomy_id) if taxonomy_id in item.required_in)


def view(item: Property) -> dict[str, Any]:
    """A TaxonomyNodeProperty as Etsy gives it."""
    scales = [{"scale_id": scale.scale_id, "display_name": scale.name, "description": ""} for scale in item.scales]
    return {
        "property_id": item.property_id, "name": item.name, "display_name": item.name, "scales": scales,
        "is_required": bool(item.required_in), "supports_attributes": True, "supports_variations": item.may_vary,
        "is_multivalued": item.most != 1, "max_values_allowed": item.most if item.most != 1 else None,
        "selected_values": [],
        "possible_values": [value._asdict() | {"equal_to": []} for value in item.listed],
    }  # fmt: skip
