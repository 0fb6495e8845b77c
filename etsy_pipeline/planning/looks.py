"""What a publication asks Etsy beside the calls that a plan counts item by item: looks, estimated from above. Pure.

A plan that told its items' calls alone would be too small for what it does. Not foreseen are repetitions, what a pause
asks again, what only the seller made (translations, and links of variations where stock alone changes), and orders that
came in by the hundred.
"""

import math
from collections.abc import Collection

from etsy_pipeline.linking.seen import STATES
from etsy_pipeline.planning.plan_item import CHANGING, PlanItem
from etsy_pipeline.planning.sending import is_stock_only, sent_fields, sent_parts

AT_ONCE = 100  # listings that are looked at together, and listings of a page (FACTS §10)
OF_SHOP = 2  # whose token it is, and the shop itself (`shop/identity.py`)
OF_MAPPING = 7  # categories, five kinds of profiles and policies, where the shop is (`providers/shop_reader.py`)
A_LOOK = 2  # up to a hundred listings, and their inventories (`etsy/client.py`, live_listings)
OPEN_SALES = 1 + A_LOOK  # a page of orders, and the listings that were sold once more (`publishing/rounds.py`)

OF_ATTRIBUTES = 1  # read back; of a listing that is there, looked at before as well
OF_FILES = 2  # the listing's type, and its files
OF_VIDEOS = 6  # those that are there, and up to five looks whether Etsy is done with ours
OF_TRANSLATION = 1  # of a listing that is there: a new text drops it, so that it is made anew (#324)


def of_item(item: PlanItem) -> int:
    """The looks at one listing alone, for what Etsy does not tell of a hundred at once (`publishing/extras.py`)."""
    if item.desired is None or item.action not in CHANGING:
        return 0
    parts, is_there = sent_parts(item), item.action == "update"
    may_be_linked = item.desired.inventory.properties and not is_stock_only(item)
    is_linked = is_there and bool(may_be_linked or item.desired.variation_images)
    translates = is_there and ("translations" in parts or sent_fields(item) & {"title", "description"})
    return (
        OF_ATTRIBUTES * (1 + is_there) * ("attributes" in parts)
        + OF_FILES * ("files" in parts)
        + OF_VIDEOS * ("videos" in parts)
        + OF_TRANSLATION * len(item.desired.translations if translates else ())
        + is_linked  # which pictures are linked, at the end (`publishing/variation_images.py`)
    )


def beside(
    *,
    create: int,
    update: int,
    deactivate: int,
    products: int,
    listings: int,
    categories: Collection[int],
    new_sections: int,
    reads_orders: bool,
) -> int:
    """The calls of a publication that are no single product's, if it goes on without a pause.

    It sends a hundred products at a time, in the plan's order, those of stock and price apart from others: each hundred
    is looked at before and after, a new listing only after.

    Args:
        create: products that are new.
        update: products that change.
        deactivate: products that are taken down.
        products: all of the plan; what is skipped stands among those that are taken down.
        listings: that the shop has: all of them are listed before the first create (`shop/newer.py`), by state.
        categories: of what is sent; each one's properties are read.
        new_sections: that have to be made; the shop's are read before.
        reads_orders: whether orders are read before pieces are put on sale.
    """
    if not create + update + deactivate:
        return 0
    taken_down = min(deactivate, math.ceil(products / AT_ONCE))
    known = min(taken_down + math.ceil(update / AT_ONCE) + 1, update + deactivate)
    hundreds = known + math.ceil(create / AT_ONCE)
    return (
        OF_SHOP
        + OF_MAPPING
        + len(categories)
        + A_LOOK * (known + hundreds)
        + (OPEN_SALES * hundreds if reads_orders else 0)
        + (len(STATES) + listings // AT_ONCE if create else 0)
        + (1 + new_sections if new_sections else 0)
    )
