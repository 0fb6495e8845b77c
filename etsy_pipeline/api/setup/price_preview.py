"""What settings that are not saved yet would do to prices: products of the shop, judged with both."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from etsy_pipeline.api.setup.forecast import Look
from etsy_pipeline.listings.mapping import validate
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline.listings.verdict import ValidatedListing

MOST = 500  # products that are judged
SHOWN, TOLD = 8, 2


@dataclass(frozen=True, slots=True)
class PriceMove:
    """What a product costs on Etsy with the settings as they are, and with the new ones."""

    title: str
    before: str
    after: str
    told: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class PricePreview:
    """Of `looked_at` products, `changed` would cost something else; some of these are shown.

    `wanted` of them are for sale, with the settings as they are or with the new ones. They are those of the selection
    as it is saved; `selects_others`: the new settings have another one.
    """

    looked_at: int
    wanted: int
    changed: int
    moves: Sequence[PriceMove]
    selects_others: bool = False


def price_preview(look: Look, present: ShopSettings, wanted: ShopSettings) -> PricePreview | None:
    """Judge the products of a look at the catalogue with both settings; None while it is not over, or failed."""
    if look.forecast is None:
        return None
    shop, moves, changed, on_sale = look.forecast.judge.shop, list[PriceMove](), 0, 0
    products = look.products[:MOST]
    for product in products:
        before, after = validate(product, present, shop), validate(product, wanted, shop)
        on_sale += not (before.absent_because and after.absent_because)
        costs = _costs(before, shop.currency_code), _costs(after, shop.currency_code)
        if costs[0] == costs[1]:
            continue
        changed += 1
        known = {item.message for item in before.verdicts}
        told = [item.message for item in after.verdicts if item.field == "price" and item.message not in known]
        if len(moves) < SHOWN:
            moves.append(PriceMove(product.title or product.id, *costs, told[:TOLD]))
    return PricePreview(len(products), on_sale, changed, moves, present.selection != wanted.selection)


def _costs(listing: ValidatedListing, currency_code: str) -> str:
    """A price, or the lowest and the highest one."""
    found = listing.listing.inventory if listing.listing else listing.stock
    prices = sorted({item.price for item in found.offerings if item.has_variant}) if found else list[Decimal]()
    told = " to ".join(f"{price:,}" for price in ([prices[0], prices[-1]] if prices[1:] else prices))
    return f"{told} {currency_code}" if told else "not listed"
