"""Anything that a shop can type: products, settings and shops for property-based tests."""

import itertools
from decimal import Decimal

from hypothesis import strategies as st

from etsy_pipeline.catalogue.price_lists import ListPrice
from etsy_pipeline.catalogue.product import Option, Product, Variant
from etsy_pipeline.listings.shop import Choice, Kind, TaxonomyProperty, TaxonomyValue
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline_tests.builders import a_shop

CHOICES: dict[Kind, tuple[Choice, ...]] = {
    "shipping_profile": (Choice(11, "Standard"),),
    "return_policy": (Choice(12, "30 days"),),
    "processing_profile": (Choice(13, "Ready"),),
}
REQUIRED = {891: (TaxonomyProperty(7, "Capacity", is_required=True),)}

ANYTHING = st.text(max_size=40) | st.sampled_from(["\x00", "\u202e", "é", "<b>", "&amp;", "()", "%%", "\ud800"])
METADATA = st.dictionaries(
    st.sampled_from([
        "etsy_title", "etsy_description", "etsy_tags", "etsy_styles", "etsy_taxonomy_id", "who_made", "when_made",
        "materials", "is_supply", "etsy_type", "etsy_publish_as", "etsy_shipping_profile", "etsy_shop_section",
        "etsy_production_partners", "etsy_personalization", "etsy_item_weight", "etsy_item_length", "etsy_is_taxable",
        "etsy_should_auto_renew", "etsy_ecgt_garan_years", "etsy_ecgt_garan_brand",
    ]),
    st.none() | st.booleans() | st.integers() | st.floats() | ANYTHING | st.lists(st.none() | ANYTHING, max_size=3)
    | st.dictionaries(ANYTHING, st.integers(), max_size=2),
)  # fmt: skip
AMOUNTS = st.decimals(allow_nan=False, allow_infinity=False) | st.just(Decimal("1E+30")) | st.just(Decimal(-1))
LIST_PRICES = st.builds(
    ListPrice,
    price_list=ANYTHING,
    type=st.sampled_from(["override", "sale"]),
    currency_code=st.sampled_from(["USD", "EUR"]),
    amount=AMOUNTS,
)
VARIANTS = st.builds(
    Variant,
    id=ANYTHING,
    title=ANYTHING,
    sku=st.none() | ANYTHING,
    options=st.dictionaries(st.sampled_from(["Size", "Color", "X"]), ANYTHING, max_size=3),
    prices=st.dictionaries(st.sampled_from(["USD", "EUR", "ZZZ"]), AMOUNTS, max_size=3),
    list_prices=st.lists(LIST_PRICES, max_size=3).map(tuple),
    available=st.none() | st.integers(-5, 10_000),
    allow_backorder=st.booleans(),
)
PRODUCTS = st.builds(
    Product,
    id=ANYTHING,
    title=ANYTHING,
    description=st.none() | ANYTHING,
    status=st.sampled_from(["published", "draft", "gone"]),
    metadata=METADATA,
    material=st.none() | ANYTHING,
    weight=st.none() | AMOUNTS,
    image_urls=st.lists(ANYTHING, max_size=3).map(tuple),
    tags=st.lists(ANYTHING, max_size=3).map(tuple),
    options=st.lists(
        st.builds(
            Option, title=st.sampled_from(["Size", "Color", "X"]), values=st.lists(ANYTHING, max_size=3).map(tuple)
        ),
        max_size=3,
    ).map(tuple),
    variants=st.lists(VARIANTS, max_size=4).map(tuple),
    prices_with_tax=st.sampled_from([None, (), ("EUR",), ("USD",)]),
    prices_not_told=st.sampled_from([(), ("price-lists",), ("price-preferences",)]),
)


SIZES = TaxonomyProperty(100, "Size", (TaxonomyValue(1, "S"), TaxonomyValue(2, "M", 5)), supports_variations=True)
SHOPS = st.fixed_dictionaries(
    {},
    optional={
        "choices": st.sampled_from([None, CHOICES]),
        "taxonomy_ids": st.sampled_from([None, frozenset({891})]),
        "properties": st.just({891: (SIZES, *REQUIRED[891])}),
        "currency_code": st.sampled_from(["USD", "EUR", "JPY", "ZZZ", ""]),
        "amount_unit": st.sampled_from(["minor", "major"]),
        "country": st.sampled_from(["", "US", "DE"]),
    },
)
SETTINGS = st.sampled_from([
    a_shop(),
    ShopSettings(),
    a_shop(truncate_title=True, truncate_tags=True, title_template="{title} | {material} | {category}",
           description_template="{description}\n\n{options} {handle}", alt_text_template="{title} {number}/{count}"),
    a_shop(default_taxonomy_id=891, type="download", price={"markup_percent": 1000, "floor": 1, "ceiling": 2}),
    a_shop(default_taxonomy_id=891, price={"convert": {"from_currency": "EUR", "rate": 1_000_000, "always": True}},
           price_lists={"sale": True}, price_tax={"etsy_price": "without_tax", "rates": {"EU": 100}}),
    a_shop(default_taxonomy_id=891, variation_properties={"X": 100, "Size": 0}, extra_tags=["a", "\u202e"]),
])  # fmt: skip


GOOD_TEXT = st.text(st.characters(categories=["L", "Nd"], include_characters=" -,'|™"), min_size=1, max_size=40)
GOOD_WORD = st.text(st.characters(categories=["L", "Nd"]), min_size=1, max_size=20)
GOOD_METADATA = st.fixed_dictionaries(
    {"etsy_taxonomy_id": st.just(891)},
    optional={
        "etsy_styles": st.lists(GOOD_WORD, max_size=2),
        "etsy_materials": st.lists(GOOD_WORD, max_size=13),
        "etsy_item_weight": st.decimals(Decimal("0.01"), 9999, places=2).map(str),
        "etsy_item_width": st.integers(1, 999),
        "etsy_is_taxable": st.booleans(),
        "etsy_should_auto_renew": st.booleans(),
        "etsy_is_customizable": st.booleans(),
        "etsy_shop_section": st.integers(1, 99),
        "etsy_ecgt_after_sales_service_info": GOOD_TEXT,
        "etsy_personalization": st.fixed_dictionaries(
            {"question_text": GOOD_TEXT, "required": st.just(value=False)},
            optional={"max_allowed_characters": st.integers(1, 200), "instructions": GOOD_TEXT},
        ),
        "who_made": st.sampled_from(["i_did", "collective"]),
        "when_made": st.sampled_from(["made_to_order", "2020_2025", "1990s", "before_2007"]),
    },
)


@st.composite
def listable_products(draw: st.DrawFn) -> Product:
    """Products that mostly can be listed: odd, but nothing that Etsy forbids."""
    names = draw(st.lists(st.sampled_from(["Size", "Color", "Glaze", "Größe"]), max_size=2, unique=True))
    values = [draw(st.lists(GOOD_WORD, min_size=1, max_size=3, unique_by=str.casefold)) for _ in names]
    cells = draw(st.permutations(list(itertools.product(*values))))
    sold = cells[: draw(st.integers(1, len(cells)))]
    variants = [
        Variant(
            id=f"v{number}",
            sku=draw(st.none() | GOOD_WORD),
            options=dict(zip(names, cell, strict=True)),
            prices={"USD": draw(st.decimals(Decimal("0.20"), 50_000, places=2))},
            available=draw(st.none() | st.integers(0, 2000)),
        )
        for number, cell in enumerate(sold)
    ]
    return Product(
        id="prod_1",
        title=draw(GOOD_TEXT),
        description=draw(st.none() | st.text(max_size=200)),
        status="published",
        metadata=draw(GOOD_METADATA),
        tags=draw(st.lists(GOOD_WORD, max_size=13).map(tuple)),
        weight=draw(st.none() | st.decimals(0, 9999, places=1)),
        image_urls=draw(st.lists(st.sampled_from(["http://a/1.jpg", "http://a/2.jpg"]), unique=True).map(tuple)),
        options=tuple(Option(title=name, values=tuple(found)) for name, found in zip(names, values, strict=True)),
        variants=tuple(variants),
    )
