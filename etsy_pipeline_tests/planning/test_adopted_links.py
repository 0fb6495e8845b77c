"""What a plan makes of a listing that was there before us: its seller's fields, and its variations as Etsy has them."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from etsy_pipeline.linking.variant_map import VariantOnEtsy
from etsy_pipeline.listings.listing import Inventory, Offering, VariationProperty
from etsy_pipeline.listings.plan_settings import FIELDS
from etsy_pipeline.planning.adopted_links import baseline, keeps_of, settings_of_link
from etsy_pipeline.planning.link import Link, LiveListing
from etsy_pipeline.planning.plan import plan_product, stock_only
from etsy_pipeline_tests.builders import a_product_with, a_shop, validated

FARBE = VariationProperty(514, "Farbe")
ON_ETSY = Inventory(
    tuple(Offering(f"OLD-{color}", (color,), Decimal(40), 2) for color in ("rot", "blau", "gold")),
    (FARBE,),
    sku_on_property=(514,),
)
LIVE = LiveListing(7, "active", {"title": "Her own title", "tags": ("hers",)}, ON_ETSY)
MAP = (VariantOnEtsy("variant_S_Red", "OLD-rot", ("rot",)), VariantOnEtsy("variant_S_Blue", "OLD-blau", ("blau",)))


def adopted(**changes: Any) -> Link:
    """A link of a listing whose axis is called otherwise, and that has a color which Medusa does not have."""
    published = baseline(LIVE, currency_code="USD", price=Decimal(40), quantity=2)
    keeps = tuple(name for name in FIELDS if name not in {"price", "quantity"})
    values: dict[str, Any] = {
        "product_id": "prod_1", "sync_status": "synced", "etsy_listing_id": 7, "listing_state": "active",
        "wanted_state": "active", "published": published, "origin": "adopted", "keeps": keeps, "variant_map": MAP,
    }  # fmt: skip
    return Link(**(values | changes))


def bowls(*colors: str) -> Any:
    return validated(a_product_with(("S",), colors or ("Red", "Blue")))


def test_only_what_is_medusas_differs_and_an_offering_that_it_does_not_have_stays() -> None:
    item = plan_product(bowls(), adopted(), LIVE, a_shop())
    assert [change.field for change in item.differences] == ["price", "quantity"]
    assert item.conflicts == ()
    assert item.desired is not None
    offerings = {part.values: (str(part.price), part.quantity, part.sku) for part in item.desired.inventory.offerings}
    assert offerings == {
        ("rot",): ("29.99", 10, "OLD-rot"),
        ("blau",): ("29.99", 10, "OLD-blau"),
        ("gold",): ("40", 2, "OLD-gold"),
    }
    assert item.desired.title == "Her own title"
    assert item.desired.inventory.properties == (FARBE,)


def test_an_offering_that_its_seller_disabled_is_sent_with_a_price() -> None:
    """Etsy tells none of it, and takes no 0."""
    *others, gold = ON_ETSY.offerings
    there = replace(ON_ETSY, offerings=(*others, replace(gold, price=Decimal(0), quantity=0, is_enabled=False)))
    item = plan_product(bowls(), adopted(), replace(LIVE, inventory=there), a_shop())
    assert item.desired is not None
    assert [(str(part.price), part.is_enabled) for part in item.desired.inventory.offerings][-1] == ("29.99", False)
    assert item.desired.inventory.price_on_property == ()


def test_a_variant_that_medusa_lost_is_sold_no_longer_and_that_is_a_brake() -> None:
    item = plan_product(bowls("Red"), adopted(), LIVE, a_shop())
    assert item.desired is not None
    assert [part.for_sale for part in item.desired.inventory.offerings] == [10, 0, 2]
    assert "variations_vanish" in [brake.code for brake in item.brakes]


def test_where_everything_is_kept_nothing_changes() -> None:
    assert plan_product(bowls(), adopted(keeps=tuple(FIELDS)), LIVE, a_shop()).action == "skip"


def test_what_is_sold_between_the_link_and_the_plan_is_not_put_back() -> None:
    left = tuple(replace(part, quantity=1) for part in ON_ETSY.offerings)
    shop = a_shop(quantity={"cap": 2})
    product = validated(a_product_with(("S",), ("Red", "Blue")), shop)
    item = plan_product(product, adopted(), replace(LIVE, inventory=replace(ON_ETSY, offerings=left)), shop)
    assert item.desired is not None
    assert [part.for_sale for part in item.desired.inventory.offerings] == [1, 1, 1]


def test_the_stock_lane_knows_the_same_listing() -> None:
    product, link, shop = bowls(), adopted(), a_shop()
    item = stock_only(plan_product(product, link, LIVE, shop), product, link, LIVE, shop, "while wf_1 is under way")
    assert [change.field for change in item.differences] == ["price", "quantity"]


def test_a_links_own_fields_count_before_the_shops() -> None:
    shop = a_shop(ownership={"tags": "create_only", "images": "owned"})
    found = settings_of_link(adopted(keeps=("images", "price")), shop).ownership
    assert found == {"tags": "create_only", "images": "seller", "price": "seller"}
    assert settings_of_link(None, shop) is shop


def test_which_fields_are_kept_is_the_accounts_choice_and_then_the_persons() -> None:
    assert keeps_of(a_shop()) == FIELDS
    ours = a_shop(adopted_keeps=("tags", "title"), adopted_price_and_stock=True)
    assert keeps_of(ours) == ("title", "tags")
    assert keeps_of(ours, keep=("price",), own=("tags",)) == ("title", "price")
