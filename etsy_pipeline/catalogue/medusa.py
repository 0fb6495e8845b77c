"""The Medusa v2 Admin API: pages of products, in a stable order, one page in memory at a time.

How the server behaves is in docs/medusa-facts.md: pages of 50 are fastest, and unknown fields are ignored in silence.
Measured on 2.21.2: a price's `rules` are empty unless attribute and value of its `price_rules` are asked for.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import httpx

from etsy_pipeline.catalogue import category_tree
from etsy_pipeline.catalogue.admin_api import AdminApi
from etsy_pipeline.catalogue.category_tree import CategoryTree
from etsy_pipeline.catalogue.patience import Patience
from etsy_pipeline.catalogue.price_lists import CustomerPrices, customer_prices
from etsy_pipeline.catalogue.product import Group, MalformedProduct, Product, parse_product
from etsy_pipeline.catalogue.selection import Selection
from etsy_pipeline.catalogue.stock_places import FIELDS as PLACE_FIELDS
from etsy_pipeline.catalogue.stock_places import OWN_CHANNELS, SoldFrom, StockPlaces, stock_places, unreadable
from etsy_pipeline.catalogue.told import absent
from etsy_pipeline.errors import PipelineError, Unavailable

PAGE_SIZE = 50
MOST_LOCATIONS = 1000  # stock locations, in one answer
IDS_AT_ONCE = 50  # asked for in one address
MOST_DELETED = 20  # products, or a tenth of all, that may go while they are read; more is a catalogue that collapses
STEPS_BACK = 20  # pages that may be read again because products were deleted meanwhile

FIELDS = ",".join(
    (
        "id", "title", "description", "status", "handle", "updated_at", "metadata", "material", "thumbnail",
        "weight", "length", "width", "height", "is_giftcard",
        "images.url", "images.rank", "tags.id", "tags.value", "sales_channels.id",
        "categories.id", "categories.name", "categories.metadata", "categories.parent_category_id",
        "type.id", "type.value", "type.metadata", "collection.id", "collection.title", "collection.metadata",
        "options.title", "options.values.value", "options.values.rank",
        "variants.id", "variants.title", "variants.sku", "variants.variant_rank", "variants.weight",
        "variants.ean", "variants.upc", "variants.barcode",
        "variants.images.url", "variants.thumbnail", "variants.metadata",
        "variants.manage_inventory", "variants.allow_backorder",
        "variants.options.value", "variants.options.option.title",
        "variants.prices.amount", "variants.prices.currency_code",
        "variants.prices.min_quantity", "variants.prices.max_quantity",
        "variants.prices.price_rules.attribute", "variants.prices.price_rules.value",
        "variants.inventory_items.inventory_item_id", "variants.inventory_items.required_quantity",
        "variants.inventory_items.inventory.location_levels.stocked_quantity",
        "variants.inventory_items.inventory.location_levels.reserved_quantity",
        "variants.inventory_items.inventory.location_levels.location_id",
    )
)  # fmt: skip

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CataloguePage:
    """Some products.

    `malformed` are those that cannot be understood. `missing` are ids that were asked for and that Medusa does not have
    (on a last page of their own). `total` is how many products were asked for, as far as is known; `stock_from` says in
    words whose stock counts.
    """

    products: tuple[Product, ...]
    malformed: tuple[MalformedProduct, ...] = ()
    missing: tuple[str, ...] = ()
    total: int = 0
    stock_from: str = ""


@dataclass(frozen=True, slots=True)
class _Beside:
    """What is read beside products, and once: where stock is sold from, and what customers pay."""

    places: StockPlaces
    prices: CustomerPrices | None


class MedusaCatalogue:
    """The products of one Medusa server.

    Args:
        base_url: the server's address.
        api_key: a secret API key; sent as the user name of Basic authentication.
        client: an httpx client to use instead of one's own.
        page_size: products a page.
        patience: for how long a Medusa that cannot answer is waited for.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        client: httpx.Client | None = None,
        page_size: int = PAGE_SIZE,
        patience: Patience | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._api = AdminApi(base_url, api_key, patience or Patience(), client)
        self._page_size = page_size
        self._tree: CategoryTree | None = None

    def close(self) -> None:
        """Close the connections."""
        self._api.close()

    def pages(
        self, selection: Selection, sold_from: SoldFrom = OWN_CHANNELS, prices_at: datetime | None = None
    ) -> Iterator[CataloguePage]:
        """All products of a selection, page by page, each product once.

        Args:
            selection: which products.
            sold_from: whose stock counts; without it that of a product's own sales channels.
            prices_at: the moment at which price lists hold; None: neither they nor what is said of tax are read.

        Raises:
            NeedsPerson: `medusa_unauthorized`, `stock_locations_unreadable`, `price_lists_unreadable`.
            NotConfigured: `not_a_medusa`, `medusa_moved`, `stock_location_unknown`, `no_location_sells`.
            BadRequest: `medusa_refused`.
            Unavailable: `medusa_unreachable`, `medusa_error`, `medusa_maintenance`, `medusa_answer_broken`,
                `catalogue_incomplete`.
        """
        seen: set[str] = set()
        if selection.category_ids:
            below = self._categories().with_those_below(selection.category_ids)
            selection = selection.model_copy(update={"category_ids": below})
        beside = _Beside(self._places(sold_from), self._prices(prices_at))
        if not selection.product_ids:
            yield from self._pages(selection, (), seen, beside)
            return
        ids = list(dict.fromkeys(selection.product_ids))
        for start in range(0, len(ids), IDS_AT_ONCE):
            for page in self._pages(selection, ids[start : start + IDS_AT_ONCE], seen, beside):
                yield replace(page, total=len(ids))
        if missing := tuple(item for item in ids if item not in seen):
            yield CataloguePage((), missing=missing, total=len(ids))

    def listed(self, what: str, fields: str, most: int) -> tuple[list[Any], int]:
        """Rows of one of the Admin API's lists ("sales-channels"), as they are, and how many there are in all.

        Raises:
            PipelineError: what a question to Medusa raises.
        """
        answer = self._get([("fields", fields), ("limit", str(most)), ("offset", "0")], what)
        return answer[what.replace("-", "_")], answer["count"]

    def _places(self, sold_from: SoldFrom) -> StockPlaces:
        answer = self._get([("fields", PLACE_FIELDS), ("limit", str(MOST_LOCATIONS))], "stock-locations")
        if answer["count"] > len(answer["stock_locations"]):
            raise unreadable(f"Medusa gives {len(answer['stock_locations'])} of {answer['count']} stock locations.")
        return stock_places(answer["stock_locations"], sold_from)

    def _prices(self, at: datetime | None) -> CustomerPrices | None:
        return None if at is None else customer_prices(lambda what, query: self._get(query, what), at)

    def _pages(
        self, selection: Selection, ids: Sequence[str], seen: set[str], beside: "_Beside"
    ) -> Iterator[CataloguePage]:
        """Pages that overlap by one product.

        Medusa pages by offset, so a product that is deleted meanwhile moves one we have not read yet to a page that we
        have. A page that does not begin with a known product tells so; then we step back until one does.
        """
        position, received, steps_back, most = 0, 0, 0, 0
        while True:
            overlap = 1 if position else 0
            answer = self._get(_query(selection, ids, self._page_size + overlap, position - overlap))
            rows, total = answer["products"], answer["count"]
            most = max(most, total)
            if total == 0 < most:
                raise _incomplete(most, received)
            if overlap and not (rows and _id(rows[0]) in seen):
                steps_back += 1
                if steps_back > STEPS_BACK:
                    raise _incomplete(most, received)
                position = max(0, position - self._page_size)
                continue
            page = self._parsed(rows, total, seen, beside)
            received += len(page.products) + len(page.malformed)
            yield page
            position += len(rows) - overlap
            if position >= total or len(rows) <= overlap:
                break
        if received < total or most - received > max(MOST_DELETED, most // 10):
            raise _incomplete(most, received)

    def _parsed(self, rows: Sequence[Any], total: int, seen: set[str], beside: "_Beside") -> CataloguePage:
        products, malformed = [], []
        for row in rows:
            product_id = _id(row)
            if product_id and product_id in seen:
                continue
            seen.add(product_id)
            try:
                _require_told(row)
                products.append(
                    parse_product(
                        row,
                        base_url=self.base_url,
                        places=beside.places,
                        parents_of=self._parents,
                        prices=beside.prices,
                    )
                )
            except MalformedProduct as problem:
                malformed.append(problem)
        return CataloguePage(tuple(products), tuple(malformed), total=total, stock_from=beside.places.words)

    def _get(self, query: Sequence[tuple[str, str]], what: str = "products") -> dict[str, Any]:
        return self._api.get(what, query)

    def _parents(self, category_id: str) -> Sequence[Group] | None:
        """The categories above one; what Medusa does not show is told with the product, where it matters."""
        try:
            return self._categories().parents(category_id)
        except Unavailable:
            raise
        except PipelineError as error:
            logger.warning("categories_not_read: %s", error.message)
            self._tree = CategoryTree({}, {})
            return None

    def _categories(self) -> CategoryTree:
        """All categories, read once."""
        if self._tree is None:
            rows: list[Any] = []
            while True:
                page = [("limit", str(category_tree.PAGE_SIZE)), ("offset", str(len(rows))), ("order", "id")]
                answer = self._get([("fields", category_tree.FIELDS), *page], "product-categories")
                rows += answer["product_categories"]
                if len(rows) >= answer["count"] or not answer["product_categories"]:
                    break
            self._tree = category_tree.category_tree(rows)
        return self._tree


def _id(row: Any) -> str:
    return str(row.get("id") or "") if isinstance(row, dict) else ""


def _require_told(row: Any) -> None:
    """A field that was asked for and did not come is not an empty one: it would empty a listing."""
    if isinstance(row, dict) and (missing := absent(row)):
        problem = f"Medusa left out {', '.join(missing)}, perhaps because the API key's role does not show it"
        raise MalformedProduct(_id(row), problem)


def _incomplete(total: int, received: int) -> Unavailable:
    return Unavailable(
        f"Medusa counted {total} products but gave {received}.",
        code="catalogue_incomplete",
        hint="The catalogue changed while it was read; sync again.",
    )


def _query(selection: Selection, ids: Sequence[str], limit: int, offset: int) -> list[tuple[str, str]]:
    filters = {
        "id[]": ids,
        "tag_id[]": selection.tag_ids,
        "collection_id[]": selection.collection_ids,
        "sales_channel_id[]": selection.sales_channel_ids,
        "category_id[]": selection.category_ids,
        "type_id[]": selection.type_ids,
        "status[]": selection.statuses,
    }
    query = [(name, value) for name, values in filters.items() for value in values]
    return [*query, ("fields", FIELDS), ("order", "id"), ("limit", str(limit)), ("offset", str(offset))]
