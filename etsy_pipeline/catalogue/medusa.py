"""The Medusa v2 Admin API: pages of products, in a stable order, one page in memory at a time.

How the server behaves is in docs/medusa-facts.md: pages of 50 are fastest, and unknown fields are ignored in silence.
Measured on 2.21.2: a price's `rules` are empty unless attribute and value of its `price_rules` are asked for.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import httpx
import stamina

from etsy_pipeline.catalogue.product import MalformedProduct, Product, parse_product
from etsy_pipeline.catalogue.selection import Selection
from etsy_pipeline.catalogue.stock_places import FIELDS as PLACE_FIELDS
from etsy_pipeline.catalogue.stock_places import OWN_CHANNELS, SoldFrom, StockPlaces, stock_places, unreadable
from etsy_pipeline.errors import BadRequest, NeedsPerson, NotConfigured, Unavailable

PAGE_SIZE = 50
MOST_LOCATIONS = 1000  # stock locations, in one answer
IDS_AT_ONCE = 50  # asked for in one address
ATTEMPTS = 3
MOST_DELETED = 20  # products, or a tenth of all, that may go while they are read; more is a catalogue that collapses
TOLD = ("title", "description", "metadata", "material", "thumbnail", "tags", "categories", "options")
STEPS_BACK = 20  # pages that may be read again because products were deleted meanwhile
TIMEOUT = httpx.Timeout(60.0, connect=10.0)  # seconds; a page of 50 takes about half a second

FIELDS = ",".join(
    (
        "id", "title", "description", "status", "handle", "updated_at", "metadata", "material", "thumbnail",
        "weight", "length", "width", "height", "is_giftcard",
        "images.url", "images.rank", "tags.value", "categories.id", "categories.name", "sales_channels.id",
        "options.title", "options.values.value",
        "variants.id", "variants.title", "variants.sku", "variants.variant_rank", "variants.weight",
        "variants.ean", "variants.upc", "variants.barcode",
        "variants.manage_inventory", "variants.allow_backorder",
        "variants.options.value", "variants.options.option.title",
        "variants.prices.amount", "variants.prices.currency_code",
        "variants.prices.min_quantity", "variants.prices.max_quantity",
        "variants.prices.price_rules.attribute", "variants.prices.price_rules.value",
        "variants.inventory_items.required_quantity",
        "variants.inventory_items.inventory.location_levels.stocked_quantity",
        "variants.inventory_items.inventory.location_levels.reserved_quantity",
        "variants.inventory_items.inventory.location_levels.location_id",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CataloguePage:
    """Some products.

    `malformed` are those that cannot be understood. `missing` are ids that were asked for and that Medusa does not have
    (on a last page of their own). `total` is how many products were asked for, as far as is known.
    """

    products: tuple[Product, ...]
    malformed: tuple[MalformedProduct, ...] = ()
    missing: tuple[str, ...] = ()
    total: int = 0


class MedusaCatalogue:
    """The products of one Medusa server.

    Args:
        base_url: the server's address.
        api_key: a secret API key; sent as the user name of Basic authentication.
        client: an httpx client to use instead of one's own.
        page_size: products a page.
        first_wait_seconds: pause before the first repetition of a failed read.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        client: httpx.Client | None = None,
        page_size: int = PAGE_SIZE,
        first_wait_seconds: float = 0.5,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._auth = httpx.BasicAuth(api_key, "")
        self._client = client or httpx.Client(timeout=TIMEOUT)
        self._page_size = page_size
        self._first_wait_seconds = first_wait_seconds

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def pages(self, selection: Selection, sold_from: SoldFrom = OWN_CHANNELS) -> Iterator[CataloguePage]:
        """All products of a selection, page by page, each product once.

        Args:
            selection: which products.
            sold_from: whose stock counts; without it that of a product's own sales channels.

        Raises:
            NeedsPerson: `medusa_unauthorized`, `stock_locations_unreadable`.
            NotConfigured: `not_a_medusa`, `stock_location_unknown`, `no_location_sells`.
            BadRequest: `medusa_refused`.
            Unavailable: `medusa_unreachable`, `medusa_error`, `catalogue_incomplete`.
        """
        seen: set[str] = set()
        places = self._places(sold_from)
        if not selection.product_ids:
            yield from self._pages(selection, (), seen, places)
            return
        ids = list(dict.fromkeys(selection.product_ids))
        for start in range(0, len(ids), IDS_AT_ONCE):
            for page in self._pages(selection, ids[start : start + IDS_AT_ONCE], seen, places):
                yield replace(page, total=len(ids))
        if missing := tuple(item for item in ids if item not in seen):
            yield CataloguePage((), missing=missing, total=len(ids))

    def _places(self, sold_from: SoldFrom) -> StockPlaces:
        answer = self._get([("fields", PLACE_FIELDS), ("limit", str(MOST_LOCATIONS))], "stock-locations")
        if answer["count"] > len(answer["stock_locations"]):
            raise unreadable(f"Medusa gives {len(answer['stock_locations'])} of {answer['count']} stock locations.")
        return stock_places(answer["stock_locations"], sold_from)

    def _pages(
        self, selection: Selection, ids: Sequence[str], seen: set[str], places: StockPlaces
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
                    raise _incomplete(total, received)
                position = max(0, position - self._page_size)
                continue
            page = self._parsed(rows, total, seen, places)
            received += len(page.products) + len(page.malformed)
            yield page
            position += len(rows) - overlap
            if position >= total or len(rows) <= overlap:
                break
        if received < total or most - received > max(MOST_DELETED, most // 10):
            raise _incomplete(most, received)

    def _parsed(self, rows: Sequence[Any], total: int, seen: set[str], places: StockPlaces) -> CataloguePage:
        products, malformed = [], []
        for row in rows:
            product_id = _id(row)
            if product_id and product_id in seen:
                continue
            seen.add(product_id)
            try:
                _require_told(row)
                products.append(parse_product(row, base_url=self.base_url, places=places))
            except MalformedProduct as problem:
                malformed.append(problem)
        return CataloguePage(tuple(products), tuple(malformed), total=total)

    def _get(self, query: Sequence[tuple[str, str]], what: str = "products") -> dict[str, Any]:
        retry = stamina.retry_context(
            on=Unavailable,
            attempts=ATTEMPTS,
            timeout=None,
            wait_initial=self._first_wait_seconds,
            wait_max=10.0,
            wait_jitter=self._first_wait_seconds,
        )
        for attempt in retry:
            with attempt:
                return self._get_once(query, what)
        raise AssertionError("unreachable: the retry loop returns or raises")

    def _get_once(self, query: Sequence[tuple[str, str]], what: str) -> dict[str, Any]:
        url = f"{self.base_url}/admin/{what}"
        try:
            response = self._client.get(url, params=list(query), auth=self._auth)
        except (httpx.UnsupportedProtocol, httpx.InvalidURL):
            raise self._not_a_medusa("is no http or https address") from None
        except httpx.HTTPError as error:
            raise Unavailable(
                f"Medusa at {self.base_url} cannot be reached ({type(error).__name__}).",
                code="medusa_unreachable",
                hint="Check that the server runs and that MEDUSA_URL is right.",
            ) from None
        if response.status_code == httpx.codes.FORBIDDEN and what == "stock-locations":
            raise unreadable(f"Medusa at {self.base_url} does not show its stock locations (403).")
        if response.status_code in {401, 403}:
            raise NeedsPerson(
                f"Medusa at {self.base_url} does not accept the API key ({response.status_code}).",
                code="medusa_unauthorized",
                hint="Set MEDUSA_API_KEY to a secret API key (Medusa admin → Settings → Secret API Keys).",
            )
        if response.status_code >= httpx.codes.INTERNAL_SERVER_ERROR or response.status_code == 429:  # noqa: PLR2004
            raise Unavailable(
                f"Medusa at {self.base_url} answered {response.status_code}.",
                code="medusa_error",
                hint="Look at Medusa's own log, then sync again.",
            )
        return self._answer(response, what.replace("-", "_"))

    def _answer(self, response: httpx.Response, what: str) -> dict[str, Any]:
        try:
            answer = json.loads(response.content, parse_float=Decimal)
        except (ValueError, RecursionError):
            raise self._not_a_medusa(f"answered {response.status_code} without JSON") from None
        if not isinstance(answer, dict):
            raise self._not_a_medusa(f"answered {response.status_code} without an object")
        if response.is_client_error and isinstance(answer.get("type"), str) and isinstance(answer.get("message"), str):
            raise BadRequest(
                f"Medusa at {self.base_url} refused the selection ({response.status_code}): {answer['message'][:300]}",
                code="medusa_refused",
                hint="Correct the shop's selection of products.",
            )
        if not isinstance(answer.get(what), list) or not isinstance(answer.get("count"), int):
            raise self._not_a_medusa(f"answered {response.status_code} without {what}")
        return answer

    def _not_a_medusa(self, problem: str) -> NotConfigured:
        return NotConfigured(
            f"{self.base_url} {problem}: this is not the Admin API of a Medusa v2 server.",
            code="not_a_medusa",
            hint="Set MEDUSA_URL to the address of the server, without /admin or /app.",
        )


def _id(row: Any) -> str:
    return str(row.get("id") or "") if isinstance(row, dict) else ""


def _require_told(row: Any) -> None:
    """A field that was asked for and did not come is not an empty one: it would empty a listing."""
    if isinstance(row, dict) and (absent := [name for name in TOLD if name not in row]):
        problem = f"Medusa left out {', '.join(absent)}, perhaps because the API key's role does not show it"
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
        "status[]": selection.statuses,
    }
    query = [(name, value) for name, values in filters.items() for value in values]
    return [*query, ("fields", FIELDS), ("order", "id"), ("limit", str(limit)), ("offset", str(offset))]
